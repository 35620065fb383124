"""The charts, authored once as Vega-Lite without data: pages show them as `st.vega_lite_chart(table, spec)`.

The fields of every table are fixed names of ours; what comes from outside is only ever a value. `day` is drawn on a UTC
scale, or browsers west of Greenwich would show the label of the day before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

import altair as alt

from perfdash.accounts import Days

COVERAGE = ("Final", "Open", "Not confirmed", "Settlement unknown", "Never fetched")
"""What the coverage strip says of a day, best first."""
_COVERAGE_COLORS = ("#2b8a6e", "#7cc4ad", "#d9b44a", "#9aa5b1", "#c2553f")
HEIGHT = 260
_STACK_ROW = 22


@lru_cache(maxsize=64)
def bars_by_day(title: str, unit: str, platforms: tuple[str, ...], days: Days, money: bool) -> dict[str, Any]:
    """Stacked bars. Table: day (date), platform, value (number), shown (how `value` reads)."""
    chart = _base().mark_bar(binSpacing=1).encode(
        x=_day_axis(days, band=True),
        y=_value_axis(_titled(title, unit), money).stack("zero"),
        color=_platform_color(platforms),
        order=alt.Order("platform:N"),
        tooltip=_tooltips(title),
    )  # fmt: skip
    return _spec(chart.properties(height=HEIGHT))


@lru_cache(maxsize=64)
def lines_by_day(title: str, unit: str, platforms: tuple[str, ...], days: Days, money: bool) -> dict[str, Any]:
    """One line per platform, broken where `value` is null. Table: day (date), platform, value, shown."""
    # A day between two undefined ones is a point: a line alone would not show it.
    chart = _base().mark_line(point=alt.OverlayMarkDef(size=18), strokeWidth=2, interpolate="monotone").encode(
        x=_day_axis(days, band=False),
        y=_value_axis(_titled(title, unit), money).scale(zero=False, nice=True),
        color=_platform_color(platforms),
        tooltip=_tooltips(title),
    )  # fmt: skip
    return _spec(chart.properties(height=HEIGHT))


@lru_cache(maxsize=64)
def coverage(days: Days, accounts: int) -> dict[str, Any]:
    """A strip of days per account. Table: day (date), account (its label), state (one of COVERAGE), shown."""
    chart = _base().mark_rect(stroke="transparent", strokeWidth=0.5).encode(
        x=_day_axis(days, band=True),
        y=alt.Y("account:N", title=None, axis=alt.Axis(labelLimit=0, ticks=False, domain=False, labelPadding=6)),
        color=alt.Color(
            "state:N",
            title=None,
            scale=alt.Scale(domain=list(COVERAGE), range=list(_COVERAGE_COLORS)),
            legend=_legend(COVERAGE),
        ),
        tooltip=[
            alt.Tooltip("account:N", title="Account"),
            alt.Tooltip("day:T", title="Day", format="%a %-d %b %Y", timeUnit="utcyearmonthdate"),
            alt.Tooltip("shown:N", title="State"),
        ],
    )  # fmt: skip
    return _spec(chart.properties(height=max(2, accounts) * _STACK_ROW))


def _base() -> alt.Chart:
    return alt.Chart(alt.NamedData(name="table"))


def _spec(chart: alt.Chart) -> dict[str, Any]:
    """The chart's own part: Streamlit brings data and theme, and sends a spec with data in it several times slower."""
    whole: dict[str, Any] = chart.to_dict()
    return {key: part for key, part in whole.items() if key not in ("data", "datasets", "config", "$schema")}


def _titled(title: str, unit: str) -> str:
    return f"{title}, {unit}" if unit else title


def _day_axis(days: Days, *, band: bool) -> alt.X:
    """All days in view, reported or not: a gap is information. Bars need the unit of time to know their width."""
    last = days.end + timedelta(days=1) if band else days.end
    domain = [alt.DateTime(year=d.year, month=d.month, date=d.day, utc=True) for d in (days.start, last)]
    axis = alt.Axis(
        format="%-d %b", labelOverlap="greedy", labelFlush=False, tickCount=min(len(days), 8), grid=False, labelLimit=0
    )
    x = alt.X("day:T", title=None, axis=axis, scale=alt.Scale(type="utc", domain=domain, nice=False))
    return x.timeUnit("utcyearmonthdate") if band else x


def _value_axis(title: str, money: bool) -> alt.Y:
    """Short numbers (12k) with the unit in the title; `labelLimit` 0 cuts none."""
    axis = alt.Axis(format="~s", tickCount=5, labelLimit=0, titleLimit=HEIGHT - 20)
    return alt.Y("value:Q", title=title, axis=axis if not money else axis.copy())


def _platform_color(platforms: tuple[str, ...]) -> alt.Color:
    """Each platform keeps its colour whatever is filtered: the scale names all of them, the legend too."""
    return alt.Color("platform:N", title=None, scale=alt.Scale(domain=list(platforms)), legend=_legend(platforms))


def _legend(values: Sequence[str]) -> alt.Legend:
    return alt.Legend(
        orient="bottom", direction="horizontal", labelLimit=0, columns=3, symbolType="square", values=list(values)
    )


def _tooltips(title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("day:T", title="Day", format="%a %-d %b %Y", timeUnit="utcyearmonthdate"),
        alt.Tooltip("platform:N", title="Platform"),
        alt.Tooltip("shown:N", title=title),
    ]
