"""The headline of a question: its totals, and the totals of the period before where a change may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from perfdash.domain import finality
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.comparison import NAMES, Age, Kind
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.presentation import comparison as comparison_story
from perfdash.presentation import formatting
from perfdash.presentation.kpis import ALL_OF_ONE, COUNTS, MONEY, Figure, Total, figures, overall, totals
from perfdash.presentation.moments import told
from perfdash.ui.filters import compare
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import browser, cache, context


@dataclass(frozen=True, slots=True)
class Side:
    """Totals of one range of days, per currency and over all, and the campaigns that they are made of."""

    by_currency: tuple[Total, ...]
    together: Total
    campaigns: tuple[CampaignRow, ...] = ()

    def of(self, currency: str) -> Total:
        """The totals in `currency`; empty ones where it does not occur."""
        return next((total for total in self.by_currency if total.currency == currency), Total(currency, Sums()))


@dataclass(frozen=True, slots=True)
class Headline:
    """What is in view. `before` and `current` are None when no change is shown; `why` then says why.

    `against` says what is compared with what, exactly, where a change is shown; `fairness` whether both sides are seen
    at the same age, and why; `warns` that they are not although it matters. `earlier` is the question that `before`
    answers, where it answers one.
    """

    now: Side
    campaigns: tuple[CampaignRow, ...]
    current: Side | None
    before: Side | None
    why: str
    against: str = ""
    fairness: str = ""
    warns: bool = False
    earlier: Question | None = None

    @property
    def currencies(self) -> tuple[str, ...]:
        return tuple(total.currency for total in self.now.by_currency)

    def campaigns_in(self, currency: str) -> tuple[CampaignRow, ...]:
        """Those of one currency; '' stands for all."""
        return tuple(row for row in self.campaigns if currency in ("", row.currency))

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


@dataclass(frozen=True, slots=True)
class _Compared:
    """The two questions whose answers are compared, and how the other days are called."""

    current: Question
    previous: Question
    name: str

    @property
    def named(self) -> tuple[tuple[str, Question], tuple[str, Question]]:
        return ("these days", self.current), (self.name, self.previous)


def headline(asked: Selection) -> Headline:
    """Ask for the days in view and, where every day of both is known, for what they are compared with."""
    question, period = asked.question, asked.period
    campaigns = _with_facts(question)
    now = _side(question, campaigns)
    alone = Headline(now, campaigns, None, None, period.reason)
    if period.current is None or period.previous is None:
        return alone
    one = _in_one_currency(question, now)
    sides = _Compared(
        one.over(period.current, period.current_ranges),
        one.over(period.previous, period.previous_ranges),
        NAMES[period.kind],
    )
    if why := _not_comparable(sides):
        return replace(alone, why=why)
    if period.kind == "same_age":
        return _of_same_age(alone, sides, _young(sides.current))
    if period.kind == "fair":
        return _fair(alone, sides)
    return _plain(alone, sides, period.kind)


def _fair(alone: Headline, sides: _Compared) -> Headline:
    """The days before as they were known when they were as old as those in view, where some of these can still change
    and the ledger goes back so far; else as they are now.
    """
    young = _young(sides.current)
    then = compare.as_old(sides.current, sides.previous) if young else None
    why = compare.why_not(then, sides.current.principal) if young else ""
    if then is None or why:
        return _plain(replace(alone, fairness=comparison_story.plain(young, why), warns=bool(young)), sides, "fair")
    moment = told(then.at, browser.zone())
    fairness = comparison_story.as_old(young, moment)
    return _plain(replace(alone, fairness=fairness), replace(sides, previous=then.question), "fair", moment)


def _plain(alone: Headline, sides: _Compared, kind: Kind, moment: str = "") -> Headline:
    return replace(
        alone,
        current=_whole(sides.current),
        before=_whole(sides.previous),
        against=_against(kind, sides, moment),
        earlier=sides.previous,
    )


def _whole(question: Question) -> Side:
    return _side(question, _with_facts(question))


def _against(kind: Kind, sides: _Compared, when: str = "") -> str:
    names = cache.client_names(sides.current.principal)
    return comparison_story.describe(kind, sides.current.filters, sides.previous.filters, when, names)


def _young(question: Question) -> list[date]:
    """The days that can still change for any account in view."""
    only = question.only
    return list(
        finality.moving(
            origin.finality
            for (client, account), origin in cache.origins(question).items()
            if only is None or (client, account) == (only.client, only.account)
        )
    )


def _of_same_age(alone: Headline, sides: _Compared, young: Sequence[date]) -> Headline:
    """`alone` with the change between what was known of both sides at the same age; or with why there is none."""
    if sides.current.principal.lock is not None:
        return replace(alone, why="a client link shows one moment")
    ages = _ages(sides.current)
    when = _when(sides.current, ages)
    for clients, age in ages:
        if why := compare.not_known([(name, _among(side, clients)) for name, side in sides.named], age, when):
            return replace(alone, why=why)
    return replace(
        alone,
        current=_aged(sides.current, ages),
        before=_aged(sides.previous, ages),
        why="",
        against=_against("same_age", sides, when),
        fairness=comparison_story.at_same_age(young, when),
    )


Ages = tuple[tuple[tuple[str, ...], Age], ...]
"""Clients, and how old their days are when they are seen: as old as the youngest of their own."""


def _ages(question: Question) -> Ages:
    filters, seen = question.filters, _moment(question.as_of)
    if not filters.ranges:
        return ((filters.clients, Age(filters.days.end, seen)),)
    alike: dict[date, list[str]] = {}
    for client, days in filters.ranges:
        alike.setdefault(days.end, []).append(client)
    return tuple((tuple(alike[end]), Age(end, seen)) for end in sorted(alike))


def _when(question: Question, ages: Ages) -> str:
    """On day 1; or on day 1 and on day 2, where clients reach as far as different days."""
    zones = {c.slug: c.time_zone for c in cache.clients(question.principal)}
    named = question.clients or tuple(zones)
    each = {age.when({zones[slug] for slug in clients or named if slug in zones}) for clients, age in ages}
    return formatting.enumerate_names(sorted(each))


def _among(question: Question, clients: tuple[str, ...]) -> Question:
    return replace(question, filters=question.filters.among(clients))


def _aged(question: Question, ages: Ages) -> Side:
    known = [compare.aged(_among(question, clients), age) for clients, age in ages]
    campaigns = [row for one in known for row in one.campaigns]
    found = totals([group for one in known for group in one.groups], campaigns)
    return Side(found, overall(found, campaigns), tuple(campaigns))


def _moment(as_of: AsOf | None) -> datetime | date:
    if isinstance(as_of, AtRevisions):
        return as_of.at
    return context.now() if as_of is None else as_of


def _in_one_currency(question: Question, now: Side) -> Question:
    """A CPM limit speaks of the one currency in view; the period before may have had more."""
    if question.filters.max_cpm is None or len(now.by_currency) != 1:
        return question
    return question.filtered(currency=now.by_currency[0].currency)


def _not_comparable(sides: _Compared) -> str:
    for name, side in sides.named:
        gaps = cache.never_fetched(side)
        lacking = {day for gap in gaps for day in gap.days.each()}
        if lacking:
            return comparison_story.never_fetched(name, side.filters.days, lacking)
    return ""


def _with_facts(question: Question) -> tuple[CampaignRow, ...]:
    return tuple(row for row in cache.campaigns(question) if row.sums.rows)


def _side(question: Question, campaigns: tuple[CampaignRow, ...]) -> Side:
    found = totals(cache.groups(question), campaigns)
    return Side(found, overall(found, campaigns), tuple(campaigns))
