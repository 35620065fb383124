"""The headline of a question: its totals, and the totals of the period before where a change may be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

from perfdash import words
from perfdash.access import Principal
from perfdash.accounts import Days
from perfdash.filters import Filters
from perfdash.metrics import Sums
from perfdash.store import health
from perfdash.store.queries import CampaignRef, CampaignRow
from perfdash.summary import ALL_OF_ONE, COUNTS, MONEY, Figure, Total, figures, overall, totals
from perfdash.ui import cache, wiring
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
    """What is in view. `before` and `current` are None when no change is shown; `why` then says why."""

    now: Side
    campaigns: tuple[CampaignRow, ...]
    current: Side | None
    before: Side | None
    why: str

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies in view."""
        return tuple(total.currency for total in self.now.by_currency)

    @property
    def is_empty(self) -> bool:
        """True when no fact is in view."""
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
    """Ask for the days in view and, where every day of it was fetched, for the period before."""
    campaigns = _with_facts(principal, asked.filters, only)
    now = _side(principal, asked.filters, campaigns, only)
    period, filters = asked.period, _in_one_currency(asked.filters, now)
    if period.current is None or period.previous is None:
        return Headline(now, campaigns, None, None, period.reason)
    names = filters.clients if only is None else (only.client,)
    why = _not_comparable(principal, names, period.current, period.previous)
    if why:
        return Headline(now, campaigns, None, None, why)
    current = now if period.current == filters.days else _over(principal, filters, period.current, only)
    return Headline(now, campaigns, current, _over(principal, filters, period.previous, only), "")


def _in_one_currency(filters: Filters, now: Side) -> Filters:
    """A CPM limit speaks of the one currency in view; the period before may have had more."""
    if filters.max_cpm is None or len(now.by_currency) != 1:
        return filters
    return replace(filters, currency=now.by_currency[0].currency)


def _not_comparable(principal: Principal, clients: tuple[str, ...], current: Days, previous: Days) -> str:
    for name, days in (("these days", current), ("the period before", previous)):
        gaps = health.gaps(wiring.store(), principal, clients, days)
        lacking = {day for gap in gaps for day in gap.days.each()}
        if lacking:
            return f"{words.plural(len(lacking), 'day')} of {name} ({words.days(days)}) were never fetched"
    return ""


def _over(principal: Principal, filters: Filters, days: Days, only: CampaignRef | None) -> Side:
    moved = filters.over(days)
    return _side(principal, moved, _with_facts(principal, moved, only), only)


def _with_facts(principal: Principal, filters: Filters, only: CampaignRef | None) -> tuple[CampaignRow, ...]:
    return tuple(row for row in cache.campaigns(principal, filters, only) if row.sums.rows)


def _side(principal: Principal, filters: Filters, campaigns: tuple[CampaignRow, ...], only: CampaignRef | None) -> Side:
    found = totals(cache.groups(principal, filters, (), only), campaigns)
    return Side(found, overall(found, campaigns))
