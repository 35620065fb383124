"""What the change is measured against: the control in the sidebar, and both sides with each day at the same age."""

from __future__ import annotations

from datetime import date, datetime

import streamlit as st

from perfdash.domain.accounts import Days, today_in
from perfdash.domain.filters import KINDS, LABELS, Age, Kind
from perfdash.domain.question import Question
from perfdash.presentation import comparison as comparison_story
from perfdash.store.query import same_age
from perfdash.store.query.same_age import Aged
from perfdash.ui.filters import url as filter_url
from perfdash.ui.runtime import browser, cache, context

_HELP = """
- **Days before**: the equally long run just before; for this month, the same days of last month.
- **Same weekdays**: the latest equally long run before that begins on the same weekday.
- **Last year**: the same days, one year earlier.
- **Same age**: the days before, but each day of both sides as it was known equally long after it. Platforms change past
  days, so young numbers against settled ones look worse, or better, than they are.
"""


def chosen() -> Kind:
    """What the reader wants the change measured against."""
    state = st.session_state
    if state.get("compare") not in KINDS:
        state["compare"] = filter_url.DEFAULT_KIND
    kind: Kind | None = st.selectbox(
        "Compare with",
        KINDS,
        index=None,
        format_func=LABELS.__getitem__,
        key="compare",
        bind="query-params",
        filter_mode=None,
        help=_HELP,
    )
    return kind or filter_url.DEFAULT_KIND


def not_known(question: Question, sides: tuple[tuple[str, Days], ...], age: Age, when: str) -> str:
    """Why days cannot be compared at the same age; empty when they can."""
    for name, days in sides:
        unknown = same_age.unknown(context.store(), question.over(days), age)
        lacking = {day for account in unknown for day in account.days}
        begins = [account.begins for account in unknown if account.begins is not None]
        if lacking:
            since = today_in(browser.zone(), max(begins)) if len(begins) == len(unknown) else None
            return comparison_story.not_known_then(name, days, lacking, when, since)
    return ""


def _by_minute(age: Age) -> tuple[date, date]:
    """Asked anew every minute, since each day is seen at the same time on the clock."""
    seen = age.seen
    return age.youngest, seen.replace(second=0, microsecond=0) if isinstance(seen, datetime) else seen


@cache.shared(cache.revisions_of_now, ttl="5m", keys={Age: _by_minute})
def aged(question: Question, age: Age) -> Aged:
    return same_age.aged(context.store(), question, age)
