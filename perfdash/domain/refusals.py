"""Refused rows, added up by day, platform and reason: what is missing from the numbers, how much, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from perfdash.domain.facts import Quarantined

MOST = 2_000
"""Groups kept of one run; what is over them is merged, so that its rows and cost are still counted."""
OTHER = "other reasons"
LONGEST_REASON = 300
_MOST_MICROS = 2**63 - 1
_DIGITS = re.compile(r"[0-9]+")
_TWO_READINGS = re.compile(r": \S+ may be \S+ or \S+: (?=write records\.numbers)")
_NO_AMOUNT = re.compile(
    r"(write records\.numbers = .*|.* may be .*: write its format, .*|\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b)"
)
"""Settings to write, and days: their digits are nobody's money."""
_ASIDE = re.compile(r" \([0-9.]+% of the known cost\)|, [0-9.]+% of the cost(?=\))")
_SHARE = re.compile(r"[0-9.]+% of the (?:known )?cost")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows refused for one reason. `day` None and `platform` '' could not be read. Costs in micros, as far as known."""

    day: date | None
    platform: str
    reason: str
    rows: int
    cost: int
    without_cost: int = 0
    """Rows of which the cost could not be read: it is not in `cost`."""

    def __add__(self, other: Refusal) -> Refusal:
        cost = max(-_MOST_MICROS, min(_MOST_MICROS, self.cost + other.cost))
        return replace(
            self, rows=self.rows + other.rows, cost=cost, without_cost=self.without_cost + other.without_cost
        )


def summed(rows: Iterable[Quarantined], most: int = MOST) -> tuple[Refusal, ...]:
    """The refused rows by day, platform and reason, most rows first; beyond `most` groups those of few rows merge."""
    groups = _merged(_refusal(row) for row in rows)
    if len(groups) <= most:
        return groups
    head, rest = groups[: most // 2], groups[most // 2 :]
    of_days = _merged(replace(one, platform="", reason=OTHER) for one in rest)
    if len(of_days) > most - len(head):
        of_days = _merged(replace(one, day=None) for one in of_days)
    return head + of_days


def _refusal(row: Quarantined) -> Refusal:
    day = row.day or (row.key.day if row.key else None)
    platform = row.platform or (row.key.platform if row.key else "")
    return Refusal(day, platform[:60], row.reason[:LONGEST_REASON], 1, row.cost or 0, int(row.cost is None))


def _merged(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    found: dict[tuple[date | None, str, str], Refusal] = {}
    for one in refusals:
        key = (one.day, one.platform, one.reason)
        found[key] = found[key] + one if key in found else one
    return tuple(sorted(found.values(), key=lambda one: (-one.rows, one.day or date.min, one.platform, one.reason)))


def by_reason(refusals: Iterable[Refusal]) -> tuple[tuple[str, int], ...]:
    """(reason, rows), most rows first."""
    rows: dict[str, int] = {}
    for one in refusals:
        rows[one.reason] = rows.get(one.reason, 0) + one.rows
    return tuple(sorted(rows.items(), key=lambda pair: (-pair[1], pair[0])))


def without_amounts(reason: str) -> str:
    """`reason` for those who do not see money: it may quote what stood in the row."""
    parts = _NO_AMOUNT.split(_TWO_READINGS.sub(" may be read in two ways: ", reason))
    return "".join(part if at % 2 else _DIGITS.sub("#", part) for at, part in enumerate(parts))


def without_shares(message: str) -> str:
    """What a run says, for those who do not see money: without the share of the cost that is missing or was refused."""
    return _SHARE.sub("part of the known cost", _ASIDE.sub("", message))


@dataclass(frozen=True, slots=True)
class MissingRows:
    """What the newest run of some days in view refused: rows that are missing from the numbers of these days."""

    client: str
    account: int
    run: int
    currency: str
    by_day: tuple[tuple[date | None, int], ...]
    """(day, rows), by day; None first: the day of these could not be read, and may be any that the run covers."""
    days: tuple[date, ...]
    """The days in view that the rows may be of."""
    cost: int | None
    """In micros, as far as known; None without money."""
    without_cost: int
    reasons: tuple[tuple[str, int], ...]
    """(reason, rows), most rows first."""

    @property
    def rows(self) -> int:
        return sum(rows for _, rows in self.by_day)


Missing = tuple[MissingRows, ...]
"""By client and run."""
