"""What one answer of a source says, after validation: facts, attributes, and what was refused.

Money is in integer micros of the account's currency, conversions in integer millionths, days are labels in the
account's time zone and never shifted. `None` is "not reported" and never 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple

from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.measures import FactValues

MICRO = 1_000_000
BudgetKind = Literal["daily"]


class FactKey(NamedTuple):
    """What names one fact inside one account: campaign x creator ('' when none) x platform x day.

    A tuple, as FactValues is: an answer has hundreds of thousands, and they are hashed and compared all the time.
    """

    day: date
    campaign: str
    platform: str
    creator: str = ""


@dataclass(frozen=True, slots=True)
class CampaignAttributes:
    """What the source says of a campaign besides its numbers. `budget` in micros; flight days inclusive."""

    campaign: str
    name: str | None = None
    budget: int | None = None
    flight_start: date | None = None
    flight_end: date | None = None
    status: str | None = None
    budget_kind: BudgetKind | None = None
    """None: the budget is for the whole flight, or nobody says what it is for."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """One refused row. `key` is None when it could not be read, which forbids vanishing in the run."""

    reason: str
    key: FactKey | None
    payload: str
    """The row as JSON text, without personal data, at most 2,000 characters."""
    day: date | None = None
    """Its day, where that much could be read."""
    platform: str = ""
    cost: int | None = None
    """What it cost, in micros; None when that could not be read."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A whole validated answer for one account and one range of days (all slices and pages)."""

    facts: Mapping[FactKey, FactValues]
    campaigns: dict[str, CampaignAttributes]
    creators: dict[str, str]
    """Creator id -> display name; personal data, stored only in the creators table."""
    quarantined: tuple[Quarantined, ...] = ()
    duplicates: int = 0
    fetched: int = 0
    """Rows received: len(facts) + added + len(quarantined) + duplicates + left_out."""
    added: int = 0
    """Rows that were added to another row of the same fact (`records.finer`)."""
    left_out: int = 0
    """Rows that are not about one fact: totals, and what `records.where` leaves out."""
    totals: ControlTotals | None = None
    """None only where a batch did not come from an answer; `stored` is filled in by who applies it."""
    newest: Mapping[str, date] = field(default_factory=dict)
    """Campaign -> the latest day of which the answer says something about it."""
    older: Mapping[str, Mapping[str, date]] = field(default_factory=dict)
    """Campaign -> an attribute of it -> the day that says it, where that is an earlier one than `newest`."""
    parts: Mapping[BareKey, tuple[FinerRow, ...]] = field(default_factory=dict)
    """Of a page whose rows are finer than facts: the rows of each, refused ones too. Empty once pages are merged."""


@dataclass(frozen=True, slots=True)
class FileOrigin:
    """The file that an answer was read from; of several their names, and the checksum of their checksums."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """A batch and how it was obtained. Times are aware UTC."""

    batch: Batch
    began: datetime
    ended: datetime
    requests: int = 0
    retries: int = 0
    log: tuple[str, ...] = field(default=())
    """One line per request, without secrets."""
    file: FileOrigin | None = None
    """None for an answer of the source itself."""


BareKey = tuple[date, str, str, str]
"""What a FactKey holds; equal to it, and found by it."""
Stored = tuple[Any, ...]
"""Currency, the measures, both reported ratios as text or None, the flags as one text: the order of schema.VALUES."""


class FinerRow(NamedTuple):
    """One row of a fact: what tells it apart from the fact's other rows (`records.finer`), and what it says."""

    finer: tuple[str, ...]
    values: Stored | None
    """None: it was refused."""


_as_key: partial[FactKey] = partial(tuple.__new__, FactKey)


class Sheet(Mapping[FactKey, FactValues]):
    """Facts by key, like the dict that holds the same. `rows` is for whoever has many to go through."""

    __slots__ = ("rows",)

    def __init__(self, rows: Mapping[BareKey, Stored]) -> None:
        self.rows = rows

    @classmethod
    def of(cls, facts: Mapping[FactKey, FactValues]) -> Sheet:
        return facts if isinstance(facts, cls) else cls({key: to_stored(values) for key, values in facts.items()})

    @classmethod
    def joined(cls, many: Iterable[Mapping[FactKey, FactValues]]) -> Sheet:
        """All in one; of those with the same key the last."""
        rows: dict[BareKey, Stored] = {}
        for facts in many:
            rows.update(cls.of(facts).rows)
        return cls(rows)

    def __getitem__(self, key: FactKey) -> FactValues:
        return to_named(self.rows[key])

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[FactKey]:
        return map(_as_key, self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return repr(dict(self))


def to_stored(values: FactValues) -> Stored:
    *measures, cpm, roi, currency, flags = values
    return currency, *measures, plain_decimal(cpm), plain_decimal(roi), ",".join(flags)


def to_named(values: Stored) -> FactValues:
    """The opposite of `to_stored`."""
    currency, *measures, cpm, roi, flags = values
    told = tuple(flags.split(",")) if flags else ()
    return FactValues._make((*measures, _exact(cpm), _exact(roi), currency, told))


def same_values(one: Stored, other: Stored) -> bool:
    """True when both say the same, although one may write 2.5 where the other writes 2.50."""
    return one == other or to_named(one) == to_named(other)


def plain_decimal(number: Decimal | None) -> str | None:
    """All digits: 1E+2 and 100 are the same number and one text."""
    return None if number is None else format(number, "f")


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
