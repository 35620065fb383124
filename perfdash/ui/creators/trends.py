"""How the creators at the top of the order ran, day by day: small bars beside each other, all on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pyarrow as pa
import streamlit as st

from perfdash.domain.accounts import Days
from perfdash.domain.facts import MICRO
from perfdash.domain.question import Question
from perfdash.presentation import formatting, small_multiples
from perfdash.presentation.charts import at
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.creators.rows import CreatorRef, CreatorRow
from perfdash.ui.runtime import cache

MOST = 6
NARROWEST = 220
Daily = Mapping[tuple[CreatorRef, date], int]


def multiples(question: Question, rows: Sequence[CreatorRow]) -> None:
    """Cost per day of the first rows; views per day for who may not see money."""
    money = question.principal.money
    measure, title = ("cost", "Cost") if money else ("views", "Views")
    daily = _daily(question, measure)
    shown = [row for row in rows[:MOST] if any(ref == row.ref for ref, _ in daily)]
    if not shown:
        return
    unit = f" ({shown[0].currency})" if money else ""
    st.header(f"{title} per day{unit}")
    top = max(value for (ref, _), value in daily.items() if any(ref == row.ref for row in shown))
    with st.grid(min(len(shown), 3), min_column_width=NARROWEST, gap="small"):
        for row in shown:
            with st.container(border=True):
                if len(shown) > 1:
                    st.markdown(f"**{escape_markdown(row.name, 80)}**")
                values = {day: value for (ref, day), value in daily.items() if ref == row.ref}
                _draw(row, values, title, top, question.filters.days, money=money)
    if len(shown) > 1:
        st.caption("All on one scale.")


def _daily(question: Question, measure: str) -> Daily:
    found: dict[tuple[CreatorRef, date], int] = {}
    for group in cache.groups(question, ("client", "account", "creator", "day")):
        if group.creator and group.day and (value := getattr(group.sums, measure)) is not None:
            key = (CreatorRef(group.client, group.account, group.creator), group.day)
            found[key] = found.get(key, 0) + value
    return found


def _draw(row: CreatorRow, values: Mapping[date, int], title: str, top: int, days: Days, *, money: bool) -> None:
    scale = MICRO if money else 1
    each = sorted(values)
    data = pa.table(
        {
            "start": pa.array([at(day) for day in each], pa.float64()),
            "end": pa.array([at(day + timedelta(days=1)) for day in each], pa.float64()),
            "value": pa.array([values[day] / scale for day in each], pa.float64()),
            "told": pa.array([formatting.day(day) for day in each], pa.string()),
            "shown": pa.array([_read(values[day], row.currency, money=money) for day in each], pa.string()),
        }
    )
    spec = small_multiples.bars(title, days, top / scale)
    key = f"creator_{row.ref.client}_{row.ref.account}_{row.ref.creator}"
    st.vega_lite_chart(data, spec, key=key, alt=f"{title} per day of {row.name}")


def _read(value: int, currency: str, *, money: bool) -> str:
    return formatting.micros(value, currency) if money else formatting.figure(value, "count")
