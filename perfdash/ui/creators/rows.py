"""A row for each creator over all campaigns in view, in one currency; what has no creator stands apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from perfdash.domain.groups import Group
from perfdash.domain.metrics import PER_1000_VIEWS, Sums, quotient, ratio
from perfdash.domain.question import Question
from perfdash.presentation.columns import Names
from perfdash.ui.runtime import cache


@dataclass(frozen=True, slots=True)
class CreatorRef:
    """One creator: client slug, account number, the source's creator id."""

    client: str
    account: int
    creator: str


@dataclass(frozen=True, slots=True)
class CreatorRow:
    """One creator's sums over its campaigns. `share`: its part of all cost in view, of all impressions without money.

    `currency` is '' for who may not see money: counts add up over currencies.
    """

    ref: CreatorRef
    name: str
    currency: str
    sums: Sums
    share: Fraction | None
    campaigns: int

    @property
    def per_1000_views(self) -> Fraction | None:
        return quotient(PER_1000_VIEWS, self.sums)


Key = Callable[[CreatorRow], Fraction | int | None]
CHEAPEST, PER_ENGAGEMENT, COSTLIEST, MOST_VIEWS, MOST_ENGAGEMENTS = (
    "Cheapest per 1,000 views",
    "Cheapest per engagement",
    "Highest cost",
    "Most views",
    "Most engagements",
)
_ORDERS: Mapping[str, tuple[Key, bool]] = {
    CHEAPEST: (lambda row: row.per_1000_views, False),
    PER_ENGAGEMENT: (lambda row: ratio("cpe", row.sums), False),
    COSTLIEST: (lambda row: row.sums.cost, True),
    MOST_VIEWS: (lambda row: row.sums.views, True),
    MOST_ENGAGEMENTS: (lambda row: row.sums.engagements, True),
}


def orders(*, money: bool) -> tuple[str, ...]:
    """By what the reader may put creators in order; the first is how they stand at first."""
    return tuple(_ORDERS) if money else (MOST_VIEWS, MOST_ENGAGEMENTS)


def in_order(rows: Iterable[CreatorRow], order: str) -> tuple[CreatorRow, ...]:
    """What is undefined comes last, whatever the order."""
    key, descending = _ORDERS[order]

    def place(row: CreatorRow) -> tuple[bool, Fraction | int, str, str]:
        value = key(row)
        size = 0 if value is None else -value if descending else value
        return value is None, size, row.name.casefold(), row.ref.creator

    return tuple(sorted(rows, key=place))


def creator_rows(question: Question, names: Names) -> tuple[tuple[CreatorRow, ...], CreatorRow | None]:
    """The creators in view, and what has none: None where every row names one."""
    groups = cache.groups(question, ("client", "account", "creator", "campaign"))
    sums: dict[tuple[CreatorRef, str], Sums] = {}
    campaigns: dict[tuple[CreatorRef, str], set[tuple[str, int, str]]] = {}
    for group in groups:
        key = _ref(group), group.currency if question.principal.money else ""
        sums[key] = sums.get(key, Sums()) + group.sums
        campaigns.setdefault(key, set()).add((group.client, group.account, group.campaign))
    rows = [
        CreatorRow(ref, _name(ref, names), currency, found, None, len(campaigns[ref, currency]))
        for (ref, currency), found in sums.items()
    ]
    return _shared(rows, money=question.principal.money)


def _ref(group: Group) -> CreatorRef:
    """What has no creator is one row, whatever its client."""
    return CreatorRef(group.client, group.account, group.creator) if group.creator else CreatorRef("", 0, "")


def _name(ref: CreatorRef, names: Names) -> str:
    return names.get((ref.client, ref.account, ref.creator), ref.creator)


def _shared(rows: list[CreatorRow], *, money: bool) -> tuple[tuple[CreatorRow, ...], CreatorRow | None]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[row.currency] = totals.get(row.currency, 0) + _size(row, money=money)
    told = [
        replace(row, share=Fraction(_size(row, money=money), whole) if (whole := totals[row.currency]) else None)
        for row in rows
    ]
    without = [row for row in told if not row.ref.creator]
    # Several currencies do not add up: then none is told of what has no creator.
    return tuple(row for row in told if row.ref.creator), without[0] if len(without) == 1 else None


def _size(row: CreatorRow, *, money: bool) -> int:
    return (row.sums.cost if money else row.sums.impressions) or 0


def refs_of(ref: CreatorRef) -> dict[str, str]:
    """The creator's part of a URL. Not `client`: that name is the filter's."""
    return {"creator": ref.creator, "account": str(ref.account), "owner": ref.client}


def creator_in_url(query: Mapping[str, str]) -> CreatorRef | None:
    """The creator that the URL names; None when it names none."""
    creator, account, owner = (query.get(name, "") for name in ("creator", "account", "owner"))
    number = int(account) if account.isascii() and account.isdecimal() and len(account) < 10 else 0
    return CreatorRef(owner, number, creator) if creator and owner and number else None


def of_creator(groups: Iterable[Group], ref: CreatorRef) -> tuple[Group, ...]:
    """Those of `groups` (by client, account and creator, and more) that are of one creator."""
    return tuple(group for group in groups if group.creator and _ref(group) == ref)
