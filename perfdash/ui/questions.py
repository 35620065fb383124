"""The headline of a question: its totals, and the totals of the period before where a change may be shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from perfdash import comparison
from perfdash.access import Principal
from perfdash.accounts import Days
from perfdash.asof import AsOf, AtRevisions
from perfdash.comparison import NAMES, Age
from perfdash.filters import Filters
from perfdash.metrics import Sums
from perfdash.store import catalog, health
from perfdash.store.queries import CampaignRef, CampaignRow
from perfdash.summary import ALL_OF_ONE, COUNTS, MONEY, Figure, Total, figures, overall, totals
from perfdash.ui import cache, comparing, wiring
from perfdash.ui.filters import Selection


@dataclass(frozen=True, slots=True)
class Side:
    """Totals of one range of days, per currency and over all."""

    by_currency: tuple[Total, ...]
    together: Total

    def of(self, currency: str) -> Total:
        """The totals in `currency`; empty ones where it does not occur."""
        return next((total for total in self.by_currency if total.currency == currency), Total(currency, Sums()))


@dataclass(frozen=True, slots=True)
class Headline:
    """What is in view. `before` and `current` are None when no change is shown; `why` then says why.

    `against` says what is compared with what, exactly, where a change is shown.
    """

    now: Side
    campaigns: tuple[CampaignRow, ...]
    current: Side | None
    before: Side | None
    why: str
    against: str = ""

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(total.currency for total in self.now.by_currency)

    @property
    def is_empty(self) -> bool:
        return not self.now.together.sums.rows

    def counts(self) -> list[Figure]:
        """The figures that add up over currencies."""
        before = self.before.together if self.before else None
        current = self.current.together if self.current else None
        return figures(COUNTS, self.now.together, before, current, self.why)

    def of(self, currency: str, *, everything: bool) -> list[Figure]:
        """The figures of one currency: those of money, or `everything` when it is the only one."""
        before = self.before.of(currency) if self.before else None
        current = self.current.of(currency) if self.current else None
        return figures(ALL_OF_ONE if everything else MONEY, self.now.of(currency), before, current, self.why)


def headline(principal: Principal, asked: Selection, only: CampaignRef | None = None) -> Headline:
    """Ask for the days in view and, where every day of both is known, for what they are compared with."""
    campaigns = _with_facts(principal, asked.filters, only, asked.as_of)
    now = _side(principal, asked.filters, campaigns, only, asked.as_of)
    period, filters = asked.period, _in_one_currency(asked.filters, now)
    if period.current is None or period.previous is None:
        return Headline(now, campaigns, None, None, period.reason)
    names = filters.clients if only is None else (only.client,)
    sides = (("these days", period.current), (NAMES[period.kind], period.previous))
    why = _not_comparable(principal, names, sides, asked.as_of)
    if why:
        return Headline(now, campaigns, None, None, why)
    if period.kind == "same_age":
        age = Age(period.current.end, _moment(asked.as_of))
        return _of_same_age(principal, Headline(now, campaigns, None, None, ""), (filters, names, only), sides, age)
    same = period.current == filters.days
    current = now if same else _over(principal, filters.over(period.current), only, asked.as_of)
    before = _over(principal, filters.over(period.previous), only, asked.as_of)
    against = comparison.said(period.kind, period.current, period.previous)
    return Headline(now, campaigns, current, before, "", against)


def _of_same_age(
    principal: Principal,
    found: Headline,
    question: tuple[Filters, tuple[str, ...], CampaignRef | None],
    sides: tuple[tuple[str, Days], tuple[str, Days]],
    age: Age,
) -> Headline:
    """`found` with the change between what was known of both sides at the same age."""
    filters, names, only = question
    zones = {c.time_zone for c in catalog.clients(wiring.store(), principal) if not names or c.slug in names}
    when = age.when(zones)
    why = comparing.not_known(principal, names, sides, age, when)
    if why:
        return replace(found, why=why)
    (_, current), (_, previous) = sides
    return replace(
        found,
        current=_aged(principal, filters.over(current), age, only),
        before=_aged(principal, filters.over(previous), age, only),
        against=comparison.said("same_age", current, previous, when),
    )


def _aged(principal: Principal, filters: Filters, age: Age, only: CampaignRef | None) -> Side:
    known = comparing.aged(principal, filters, age, only)
    found = totals(known.groups, known.campaigns)
    return Side(found, overall(found, known.campaigns))


def _moment(as_of: AsOf | None) -> datetime | date:
    if isinstance(as_of, AtRevisions):
        return as_of.at
    return wiring.now() if as_of is None else as_of


def _in_one_currency(filters: Filters, now: Side) -> Filters:
    """A CPM limit speaks of the one currency in view; the period before may have had more."""
    if filters.max_cpm is None or len(now.by_currency) != 1:
        return filters
    return replace(filters, currency=now.by_currency[0].currency)


def _not_comparable(
    principal: Principal, clients: tuple[str, ...], sides: Iterable[tuple[str, Days]], as_of: AsOf | None
) -> str:
    for name, days in sides:
        gaps = health.gaps(wiring.store(), principal, clients, days, as_of)
        lacking = {day for gap in gaps for day in gap.days.each()}
        if lacking:
            return comparison.never_fetched(name, days, lacking)
    return ""


def _over(principal: Principal, filters: Filters, only: CampaignRef | None, as_of: AsOf | None) -> Side:
    return _side(principal, filters, _with_facts(principal, filters, only, as_of), only, as_of)


def _with_facts(
    principal: Principal, filters: Filters, only: CampaignRef | None, as_of: AsOf | None
) -> tuple[CampaignRow, ...]:
    return tuple(row for row in cache.campaigns(principal, filters, only, as_of) if row.sums.rows)


def _side(
    principal: Principal,
    filters: Filters,
    campaigns: tuple[CampaignRow, ...],
    only: CampaignRef | None,
    as_of: AsOf | None,
) -> Side:
    found = totals(cache.groups(principal, filters, (), only, as_of), campaigns)
    return Side(found, overall(found, campaigns))
