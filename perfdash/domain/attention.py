"""What needs a look: campaigns off pace, numbers that changed late or are missing, and a ratio under another's name.

Each notice says how much of the money it is about is at stake, as a share, so that those of different currencies can be
put in one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal, get_args

from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.pacing import SILENT_DAYS, Delivery, Pace
from perfdash.domain.refusals import MissingRows

NoticeKind = Literal["stalled", "slow", "fast", "over", "restated_late", "refused_rows", "roi_is_roas", "ends_soon"]
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)
SOON = timedelta(days=7)
MOST = 6
"""A list that is longer is not read."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at. `severity`: the share of a budget, or of the cost in view, that is at stake.

    What a kind does not speak of is empty: `delivery` and `pace` are of campaigns; `amount` (micros of `currency`) is
    by how much cost was restated, or what the refused rows cost; `rows` and `days` are those concerned. Without money
    `pace` and `amount` are None.
    """

    kind: NoticeKind
    severity: Fraction
    client: str
    campaign: CampaignRef | None = None
    delivery: Delivery | None = None
    pace: Pace | None = None
    currency: str = ""
    amount: int | None = None
    rows: int = 0
    days: tuple[date, ...] = ()


def of_deliveries(deliveries: Iterable[Delivery]) -> Iterator[Notice]:
    """At most one of each campaign that runs, or is over its budget and ended this week.

    In its first days a campaign is neither slow nor fast: one day's cost says nothing of thirty.
    """
    for one in deliveries:
        pace = one.pace
        kind = _kind(one, pace)
        if kind is not None:
            severity = pace.at_stake if pace else _unseen(one)
            yield Notice(kind, severity, one.ref.client, one.ref, one, pace, one.currency)


def _kind(one: Delivery, pace: Pace | None) -> NoticeKind | None:
    if one.complete_to is None or one.complete_to - one.flight.end >= SOON:
        return None
    if pace is not None and pace.band == "over":
        return "over"
    if one.is_silent and (pace is None or pace.band == "stalled"):
        return "stalled"
    if pace is not None and pace.elapsed >= SILENT_DAYS and pace.band in ("slow", "fast"):
        return "slow" if pace.band == "slow" else "fast"
    days_left = (one.flight.end - one.complete_to).days
    return "ends_soon" if 0 < days_left <= SOON.days and one.flight.start <= one.complete_to else None


def _unseen(one: Delivery) -> Fraction:
    """Without money: what is left of the flight of a silent campaign stands for what is left of its budget."""
    if not one.is_silent or one.complete_to is None:
        return Fraction(0)
    return Fraction((one.flight.end - one.complete_to).days, len(one.flight))


@dataclass(frozen=True, slots=True)
class LateChange:
    """By how much the cost of some days of a client was changed after these were final, in one currency (micros).

    `moved` adds up the sizes, `difference` the differences: a rise and a fall of the same size are no change, yet two.
    """

    client: str
    currency: str
    moved: int
    difference: int
    rows: int
    days: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class MisnamedRoi:
    """Rows of a client whose source sends ROAS under the name ROI, in one currency."""

    client: str
    currency: str
    rows: int


Costs = dict[tuple[str, str], int]
"""(client, currency) -> its cost in view, in micros."""


def of_late_changes(changes: Iterable[LateChange], costs: Costs) -> Iterator[Notice]:
    """The share of the client's cost in view that was moved."""
    for one in changes:
        if one.rows:
            severity = _share(one.moved, costs.get((one.client, one.currency), 0))
            yield Notice(
                "restated_late",
                severity,
                one.client,
                currency=one.currency,
                amount=one.difference,
                rows=one.rows,
                days=one.days,
            )


def of_missing(missing: Iterable[MissingRows], costs: Costs) -> Iterator[Notice]:
    """One of each client and currency: what the refused rows cost, as far as that could be read, against its cost."""
    found: dict[tuple[str, str], list[MissingRows]] = {}
    for one in missing:
        found.setdefault((one.client, one.currency), []).append(one)
    for (client, currency), some in sorted(found.items()):
        known = [one.cost for one in some if one.cost is not None]
        amount = sum(known) if known else None
        yield Notice(
            "refused_rows",
            _share(abs(amount or 0), costs.get((client, currency), 0)),
            client,
            currency=currency,
            amount=amount,
            rows=sum(one.rows for one in some),
            days=tuple(sorted({day for one in some for day in one.days})),
        )


def of_misnamed(found: Iterable[MisnamedRoi]) -> Iterator[Notice]:
    """No money is at stake, since the reported ratio is never counted: but whoever reads it at the source is misled."""
    for one in found:
        if one.rows:
            yield Notice("roi_is_roas", Fraction(0), one.client, currency=one.currency, rows=one.rows)


def _share(part: int, whole: int) -> Fraction:
    return Fraction(part, whole) if whole > 0 else Fraction(0)


def in_order(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """Worst first; of equals in the order of the kinds, then by client and campaign."""
    return tuple(sorted(notices, key=_order))


def _order(one: Notice) -> tuple[Fraction, int, str, str]:
    return -one.severity, NOTICE_KINDS.index(one.kind), one.client, one.campaign.campaign if one.campaign else ""


def worst(notices: Sequence[Notice], most: int = MOST) -> tuple[Notice, ...]:
    """The few to show, worst first: the worst of each kind, so that none hides behind another, then the rest."""
    ordered = in_order(notices)
    first = {one.kind: one for one in reversed(ordered)}
    chosen = in_order(first.values())[:most]
    rest = [one for one in ordered if one not in chosen]
    return in_order([*chosen, *rest[: most - len(chosen)]])


def last_monday(today: date) -> date:
    """The Monday of the last weekly report, which is over for a whole day at least: on a Tuesday that of a week ago."""
    day = today - timedelta(days=2)
    return day - timedelta(days=day.weekday())
