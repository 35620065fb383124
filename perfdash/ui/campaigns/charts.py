"""The two charts over time, of one currency: amounts in different ones share no axis."""

from __future__ import annotations

from datetime import date

import streamlit as st

from perfdash.domain import finality
from perfdash.domain.accounts import contiguous
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.measures import CORRECTABLE
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.presentation import formatting
from perfdash.presentation.columns import Origins
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import charts, kpis
from perfdash.ui.components.charts import Drawing
from perfdash.ui.runtime import cache

_MOST_RANGES = 3
_SAYS = {
    "open": "still inside the settlement window",
    "unverified": "not fetched again since the settlement window passed",
    "provisional": "of a source whose settlement window is unknown",
}


def daily_charts(
    question: Question,
    currency: str,
    origins: Origins,
    *,
    key: str,
) -> None:
    """Cost and CPM per day and platform, all in one `currency`; impressions and CTR for who may not see money.

    What may still move is pale.
    """
    principal = question.principal
    groups = cache.groups(question, ("day", "platform"))
    moving = _moving(origins, question.only)
    drawing = Drawing(groups, question.filters.days, cache.filter_options(question)[0], moving)
    left, right = st.columns(2)
    with left:
        if principal.money:
            charts.bars("Cost", currency, drawing, "cost", key=f"{key}_cost")
        else:
            charts.bars("Impressions", "", drawing, "impressions", key=f"{key}_impressions")
    with right:
        if principal.money:
            charts.lines("CPM", currency, drawing, "cpm", key=f"{key}_cpm")
        else:
            charts.lines("CTR", "", drawing, "ctr", key=f"{key}_ctr")
    _legend(drawing)


def _moving(origins: Origins, only: CampaignRef | None) -> charts.Moving:
    """The days in view that are not final for all accounts in view."""
    return finality.moving(
        origin.finality
        for (client, account), origin in origins.items()
        if only is None or (client, account) == (only.client, only.account)
    )


def _legend(drawing: Drawing) -> None:
    """What pale and dashed mean, on which days, and why; and what the pencil means."""
    shown = {group.day for group in drawing.groups}
    why: dict[str, set[date]] = {}
    for day, state in drawing.moving.items():
        if day in shown:
            why.setdefault(state, set()).add(day)
    lines = [f"{_ranges(days)} ({_SAYS[state]})" for state, days in why.items()]
    if lines:
        st.caption(
            f":material/line_style: Pale bars and dashed lines can still change: "
            f"{escape_markdown('; '.join(lines), 400)}."
        )
    corrected = sum((group.sums for group in drawing.groups), Sums())
    fields = [field for name in CORRECTABLE for field in corrected.corrections_of(name)]
    if fields:
        st.caption(f"{charts.CORRECTED} {kpis.corrections(fields)}.")


def _ranges(days: set[date]) -> str:
    return formatting.enumerate_names([formatting.days(span) for span in contiguous(days)], _MOST_RANGES)
