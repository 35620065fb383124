"""The headline of a question: its totals, and the totals of the period before where a change may be shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.filters import NAMES, Age
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.presentation import comparison as comparison_story
from perfdash.presentation.kpis import ALL_OF_ONE, COUNTS, MONEY, Figure, Total, figures, overall, totals
from perfdash.store.query import catalog, coverage
from perfdash.ui.filters import compare
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import cache, context


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


def headline(asked: Selection) -> Headline:
    """Ask for the days in view and, where every day of both is known, for what they are compared with."""
    question, period = asked.question, asked.period
    campaigns = _with_facts(question)
    now = _side(question, campaigns)
    if period.current is None or period.previous is None:
        return Headline(now, campaigns, None, None, period.reason)
    sides = (("these days", period.current), (NAMES[period.kind], period.previous))
    why = _not_comparable(question, sides)
    if why:
        return Headline(now, campaigns, None, None, why)
    compared = _in_one_currency(question, now)
    if period.kind == "same_age":
        age = Age(period.current.end, _moment(question.as_of))
        return _of_same_age(Headline(now, campaigns, None, None, ""), compared, sides, age)
    same = period.current == question.filters.days
    current = now if same else _over(compared, period.current)
    before = _over(compared, period.previous)
    against = comparison_story.describe(period.kind, period.current, period.previous)
    return Headline(now, campaigns, current, before, "", against)


def _of_same_age(
    found: Headline, question: Question, sides: tuple[tuple[str, Days], tuple[str, Days]], age: Age
) -> Headline:
    """`found` with the change between what was known of both sides at the same age."""
    names = question.clients
    zones = {c.time_zone for c in catalog.clients(context.store(), question.principal) if not names or c.slug in names}
    when = age.when(zones)
    why = compare.not_known(question, sides, age, when)
    if why:
        return replace(found, why=why)
    (_, current), (_, previous) = sides
    return replace(
        found,
        current=_aged(question.over(current), age),
        before=_aged(question.over(previous), age),
        against=comparison_story.describe("same_age", current, previous, when),
    )


def _aged(question: Question, age: Age) -> Side:
    known = compare.aged(question, age)
    found = totals(known.groups, known.campaigns)
    return Side(found, overall(found, known.campaigns))


def _moment(as_of: AsOf | None) -> datetime | date:
    if isinstance(as_of, AtRevisions):
        return as_of.at
    return context.now() if as_of is None else as_of


def _in_one_currency(question: Question, now: Side) -> Question:
    """A CPM limit speaks of the one currency in view; the period before may have had more."""
    if question.filters.max_cpm is None or len(now.by_currency) != 1:
        return question
    return question.filtered(currency=now.by_currency[0].currency)


def _not_comparable(question: Question, sides: Iterable[tuple[str, Days]]) -> str:
    for name, days in sides:
        gaps = coverage.gaps(context.store(), question.over(days))
        lacking = {day for gap in gaps for day in gap.days.each()}
        if lacking:
            return comparison_story.never_fetched(name, days, lacking)
    return ""


def _over(question: Question, days: Days) -> Side:
    moved = question.over(days)
    return _side(moved, _with_facts(moved))


def _with_facts(question: Question) -> tuple[CampaignRow, ...]:
    return tuple(row for row in cache.campaigns(question) if row.sums.rows)


def _side(question: Question, campaigns: tuple[CampaignRow, ...]) -> Side:
    found = totals(cache.groups(question), campaigns)
    return Side(found, overall(found, campaigns))
