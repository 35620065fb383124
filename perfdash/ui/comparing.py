"""What the change is measured against: the control in the sidebar, and both sides with each day at the same age."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import streamlit as st

from perfdash import comparison
from perfdash.access import Principal
from perfdash.accounts import Days, today_in
from perfdash.comparison import KINDS, LABELS, Age, Kind
from perfdash.filters import Filters
from perfdash.store import queries, same_age
from perfdash.store.queries import CampaignRef
from perfdash.store.same_age import Aged
from perfdash.ui import cache, link, viewer, wiring

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
        state["compare"] = link.DEFAULT_KIND
    kind: Kind | None = st.selectbox(
        "Compare with", KINDS, index=None, format_func=LABELS.__getitem__, key="compare", bind="query-params",
        filter_mode=None, help=_HELP,
    )  # fmt: skip
    return kind or link.DEFAULT_KIND


def not_known(
    principal: Principal, clients: tuple[str, ...], sides: tuple[tuple[str, Days], ...], age: Age, when: str
) -> str:
    """Why days cannot be compared at the same age; empty when they can."""
    for name, days in sides:
        found = same_age.unknown(wiring.store(), principal, clients, days, age)
        lacking = {day for one in found for day in one.days}
        begins = [one.begins for one in found if one.begins is not None]
        if lacking:
            since = today_in(viewer.zone(), max(begins)) if len(begins) == len(found) else None
            return comparison.not_known_then(name, days, lacking, when, since)
    return ""


def aged(principal: Principal, filters: Filters, age: Age, only: CampaignRef | None) -> Aged:
    """`same_age.aged`. Asked anew every minute, since each day is seen at the same time on the clock."""
    seen, store = age.seen, wiring.store()
    minute = seen.replace(second=0, microsecond=0) if isinstance(seen, datetime) else seen
    version = (store.label, queries.stamp(store, principal))
    return _aged(cache.scope(principal), filters, only, age.youngest, minute, version, age)


@st.cache_data(ttl="5m", max_entries=cache.ENTRIES, show_spinner=False)
def _aged(
    principal: Principal,
    filters: Filters,
    only: CampaignRef | None,
    youngest: date,  # noqa: ARG001
    minute: date,  # noqa: ARG001
    version: Any,  # noqa: ARG001
    _age: Age,
) -> Aged:
    return same_age.aged(wiring.store(), principal, filters, _age, only)
