"""Periods side by side: the days in view, and those that they may be held against."""

from __future__ import annotations

from collections.abc import Iterator

from perfdash.domain.comparison import LABELS, Kind
from perfdash.domain.metrics import Sums
from perfdash.domain.periods import Period, compared
from perfdash.domain.question import Question
from perfdash.domain.side_by_side import ComparedSide
from perfdash.presentation import formatting
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.runtime import cache

KINDS: tuple[Kind, ...] = ("before", "weekday", "last_year")


def periods(asked: Selection) -> tuple[ComparedSide, ...]:
    """The complete days in view last, after the ones before; what does not exist is left out."""
    question, period = asked.question, asked.period
    if period.current is None:
        return (_side(question, "These days"),)
    now = _side(question.over(period.current, period.current_ranges), f"These days, {formatting.days(period.current)}")
    return (*_earlier(question, period), now)


def _earlier(question: Question, period: Period) -> Iterator[ComparedSide]:
    for kind in KINDS:
        other = compared(period, kind)
        if other.previous is not None:
            label = f"{LABELS[kind]}, {formatting.days(other.previous)}"
            yield _side(question.over(other.previous, other.previous_ranges), label)


def _side(question: Question, label: str) -> ComparedSide:
    groups = cache.groups(question)
    whole = Sums()
    for group in groups:
        whole += group.sums
    found = {group.currency for group in groups}
    return ComparedSide(label, whole, found.pop() if len(found) == 1 and question.principal.money else "")
