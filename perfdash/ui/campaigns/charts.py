"""The two charts over time, of one currency: amounts in different ones share no axis."""

from __future__ import annotations

import streamlit as st

from perfdash.domain import finality
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.question import Question
from perfdash.presentation.columns import Origins
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import day_charts
from perfdash.ui.components.day_charts import DayChart, Drawing, Moving
from perfdash.ui.runtime import cache


def daily_charts(
    question: Question,
    currency: str,
    origins: Origins,
    *,
    key: str,
) -> None:
    """Cost and CPM per day and platform, all in one `currency`; impressions and CTR for who may not see money."""
    groups = cache.groups(question, ("day", "platform"))
    platforms = cache.filter_options(question)[0]
    drawing = Drawing(groups, question.filters.days, platforms, _moving(origins, question.only))
    whole, ratio = ("cost", "cpm") if question.principal.money else ("impressions", "ctr")
    left, right = st.columns(2)
    with left, st.container(border=True, height="stretch"):
        chart = DayChart(whole, currency, drawing)
        st.markdown(f"**{escape_markdown(chart.title)}**")
        day_charts.bars(chart, key=f"{key}_{whole}")
    with right, st.container(border=True, height="stretch"):
        chart = DayChart(ratio, currency, drawing)
        st.markdown(f"**{escape_markdown(chart.title)}**")
        day_charts.lines(chart, key=f"{key}_{ratio}")
    day_charts.key_line(drawing)


def _moving(origins: Origins, only: CampaignRef | None) -> Moving:
    """The days in view that are not final for all accounts in view."""
    return finality.moving(
        origin.finality
        for (client, account), origin in origins.items()
        if only is None or (client, account) == (only.client, only.account)
    )
