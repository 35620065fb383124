"""Cost by day, and beside it a measure of choice: what was before, what was reported then, and what stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

import streamlit as st

from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef, CampaignRow
from perfdash.domain.groups import Group
from perfdash.domain.measures import ADDITIVE
from perfdash.domain.metrics import Sums, made_of_money
from perfdash.presentation import formatting, glossary, kpis
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import day_charts
from perfdash.ui.components.day_charts import DayChart, Drawing
from perfdash.ui.filters import sidebar
from perfdash.ui.overview import spike
from perfdash.ui.overview.snapshot import Snapshot, added, total
from perfdash.ui.runtime import cache

MEASURES = ("cpm", "ctr", "cpc", "roas", *(name for name in ADDITIVE if name != "cost"))
KEY = "measure"


def by_day(shot: Snapshot, campaigns: Iterable[CampaignRow]) -> None:
    """Cost (impressions for who may not see money) in bars, and a measure of choice in lines."""
    first = "cost" if shot.question.principal.money else "impressions"
    left, right = st.columns([7, 5])
    drawing = _drawing(shot)
    chosen = None if shot.question.principal.lock else sidebar.show_day
    with left, st.container(border=True, height="stretch"):
        chart = DayChart(first, shot.currency, drawing)
        st.markdown(f"**{escape_markdown(chart.title)} per day**")
        day_charts.bars(chart, key="cost_by_day", chosen=chosen)
        day_charts.key_line(drawing)
        if shot.partly:
            days = formatting.enumerate_names([formatting.day(day) for day in shot.partly], 3)
            st.caption(f"Not drawn: {days}, in view of some clients only.")
    with right, st.container(border=True, height="stretch"):
        name = _measure(shot)
        marked = _with_spike(drawing, shot, name, {row.ref: row.name for row in campaigns})
        day_charts.lines(DayChart(name, shot.currency, marked), key=f"{name}_by_day", chosen=chosen)
        if len(drawing.platforms) > 1:
            st.caption("The thick line is all platforms together.")


def _drawing(shot: Snapshot) -> Drawing:
    partly = shot.partly
    whole = (group for group in shot.groups if group.day not in partly)
    groups = added(whole, lambda group: (group.day, group.platform) if group.day else None)
    platforms = cache.filter_options(shot.question)[0]
    return Drawing(
        tuple(Group(shot.currency, sums, platform=name, day=day) for (day, name), sums in sorted(groups.items())),
        shot.days,
        platforms,
        shot.moving,
        before={day: sums for day, sums in shot.before.items() if day not in partly},
        before_name=f"Before ({formatting.days(shot.before_days)})" if shot.before_days else "",
        reported=shot.reported_by_day,
        reported_name=f"Reported {shot.base.name}" if shot.base else "",
    )


def _measure(shot: Snapshot) -> str:
    """The measure of choice, in the URL; those that nothing in view reports are not offered."""
    money = shot.question.principal.money
    whole = total(shot.by_day.values())
    offered = [
        name
        for name in MEASURES
        if (money or not made_of_money(name)) and kpis.value(name, kpis.Total(shot.currency, whole)) is not None
    ] or ["impressions"]
    labels = {glossary.entry_of(name).label: name for name in offered}
    state = st.session_state
    if state.get(KEY) not in labels:
        state[KEY] = next(iter(labels))
    label = st.selectbox(
        "Measure by day", list(labels), key=KEY, bind="query-params", label_visibility="collapsed", filter_mode=None
    )
    return labels.get(label or "", offered[0])


def _with_spike(drawing: Drawing, shot: Snapshot, name: str, names: Mapping[CampaignRef, str]) -> Drawing:
    """The drawing with the day that stands out most, if one does, and the campaign that made it."""

    def value(sums: Sums) -> Fraction | None:
        return kpis.value(name, kpis.Total(shot.currency, sums))

    day = spike.day_of({day: value(sums) for day, sums in drawing.by_day.items()})
    if day is None:
        return drawing
    groups = cache.groups(shot.question.over(Days(day, day)), ("client", "account", "campaign"))
    made = spike.made_by(groups, value)
    told = names.get(CampaignRef(made.client, made.account, made.campaign), made.campaign) if made else ""
    return replace(drawing, spike=(day, told))
