"""Periods side by side: the days in view, and those that they may be held against."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from perfdash.domain.accounts import Days
from perfdash.domain.comparison import LABELS, Kind
from perfdash.domain.filters import Ranges
from perfdash.domain.metrics import Sums
from perfdash.domain.periods import Period, compared
from perfdash.domain.question import Question
from perfdash.domain.side_by_side import ComparedSide
from perfdash.presentation import periods as period_story
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import cache

NOW = "These days"
KINDS: tuple[Kind, ...] = ("before", "weekday", "last_year")


def periods(asked: Selection) -> tuple[ComparedSide, ...]:
    """The complete days in view last, after the ones before; what was never fetched whole is left out."""
    question, period = asked.question, asked.period
    if period.current is None:
        return (_side(question, NOW),)
    earlier = tuple(
        _side(question.over(days, ranges), LABELS[kind])
        for kind, days, ranges in _earlier(period)
        if not cache.never_fetched(question.over(days, ranges))
    )
    return (*earlier, _side(question.over(period.current, period.current_ranges), NOW))


def days_line(asked: Selection, labels: Collection[str], names: Mapping[str, str]) -> str:
    """Which days stand under each of `labels`: Days before: 2–31 Oct 2026 · These days: 1–30 Nov 2026."""
    period = asked.period
    each = [(LABELS[kind], days, ranges) for kind, days, ranges in _earlier(period)]
    each.append((NOW, period.current or period.days, period.current_ranges))
    said = (f"{label}: {period_story.told(days, ranges, names)}" for label, days, ranges in each if label in labels)
    return " · ".join(said)


def _earlier(period: Period) -> Iterator[tuple[Kind, Days, Ranges]]:
    for kind in KINDS:
        other = compared(period, kind)
        if other.previous is not None:
            yield kind, other.previous, other.previous_ranges


def _side(question: Question, label: str) -> ComparedSide:
    groups = cache.groups(question)
    whole = Sums()
    for group in groups:
        whole += group.sums
    found = {group.currency for group in groups}
    return ComparedSide(label, whole, found.pop() if len(found) == 1 and question.principal.money else "")
