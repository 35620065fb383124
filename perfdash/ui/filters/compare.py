"""What the change is measured against: the control in the sidebar, and both sides with each day at the same age."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import streamlit as st

from perfdash.domain.accounts import today_in
from perfdash.domain.comparison import DEFAULT_KIND, KINDS, LABELS, Age, Kind
from perfdash.domain.question import Question
from perfdash.presentation import comparison as comparison_story
from perfdash.store.query import same_age
from perfdash.store.query.same_age import Aged, Unknown
from perfdash.ui.runtime import browser, cache, context

_HELP = """
- **Fair**: the days before; while days in view can still change, each day of both sides as it was known equally long
  after it, if the ledger goes back so far.
- **Days before**: the equally long run just before; for this month, the same days of last month.
- **Same weekdays**: the latest equally long run before that begins on the same weekday.
- **Last year**: the same days, one year earlier.
- **Same age**: the days before, but each day of both sides as it was known equally long after it. Platforms change past
  days, so young numbers against settled ones look worse, or better, than they are.
- **None**: no change is shown.
"""


def chosen() -> Kind:
    """What the reader wants the change measured against."""
    state = st.session_state
    if state.get("compare") not in KINDS:
        state["compare"] = DEFAULT_KIND
    with st.container(key="filter_compare"):
        kind: Kind = st.selectbox(
            "Compare with",
            KINDS,
            index=KINDS.index(DEFAULT_KIND),
            format_func=LABELS.__getitem__,
            key="compare",
            bind="query-params",
            filter_mode=None,
            help=_HELP,
        )
    return kind


def not_known(sides: Sequence[tuple[str, Question]], age: Age, when: str) -> str:
    """Why the days of these questions cannot be compared at the same age; empty when they can."""
    for name, side in sides:
        lacking = unknown(side, age)
        days = {day for account in lacking for day in account.days}
        begins = [account.begins for account in lacking if account.begins is not None]
        if days:
            since = today_in(browser.zone(), max(begins)) if len(begins) == len(lacking) else None
            return comparison_story.not_known_then(name, side.filters.days, days, when, since)
    return ""


def _by_minute(age: Age) -> tuple[date, date]:
    """Asked anew every minute, since each day is seen at the same time on the clock."""
    seen = age.seen
    return age.youngest, seen.replace(second=0, microsecond=0) if isinstance(seen, datetime) else seen


@cache.shared(cache.runs, ttl="5m", keys={Age: _by_minute})
def unknown(question: Question, age: Age) -> tuple[Unknown, ...]:
    return same_age.unknown(context.store(), question, age)


@cache.shared(cache.revisions_of_now, ttl="5m", keys={Age: _by_minute})
def aged(question: Question, age: Age) -> Aged:
    return same_age.aged(context.store(), question, age)
