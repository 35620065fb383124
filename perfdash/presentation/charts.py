"""The charts, authored once as Vega-Lite without data: pages show them as `st.vega_lite_chart(table, spec)`.

The fields of every table are fixed names of ours; what comes from outside is only ever a value. `day` is sent as
a number (`at`) and drawn on a UTC scale: a date would become the browser's local midnight, and its label another day's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import altair as alt

from perfdash.domain.accounts import Days

COVERAGE = ("Final", "Open", "Unverified", "Provisional", "Never fetched")
"""What the coverage strip says of a day, best first."""
_COVERAGE_COLORS = ("#2b8a6e", "#7cc4ad", "#d9b44a", "#9aa5b1", "#c2553f")
HEIGHT = 280
_EPOCH = date(1970, 1, 1)
_STACK_ROW = 24
_AROUND = 165
"""What axis and legend take of a chart's height."""
_MOST_TICKS = 8
_SHORT = "abs(datum.value) < 1 ? format(datum.value, '~g') : format(datum.value, '~s')"
"""12k and 0.5, where a format alone would say 0.8k and 500m."""
_DAY_TIP = alt.Tooltip("day:T", title="Day", format="%a %-d %b %Y", timeUnit="utcyearmonthdate")

_CORRECTED_TIP = alt.Tooltip("corrected:N", title="Corrected")
_IS_FINAL = "datum.dashed === 'no'"


@lru_cache(maxsize=64)
def bars_by_day(title: str, platforms: tuple[str, ...], days: Days) -> dict[str, Any]:
    """Stacked bars, pale with a dashed outline on days that are not final.

    Table: day (from `at`), platform, value (number), shown (how `value` reads), finality and corrected (in words),
    dashed (yes or no).
    """
    chart = (
        _base()
        .mark_bar(binSpacing=1)
        .encode(
            x=_day_axis(days),
            y=_value_axis(_SHORT).stack("zero"),
            color=_platform_color(platforms),
            stroke=alt.Stroke("platform:N", scale=alt.Scale(domain=list(platforms)), legend=None),
            strokeDash=alt.condition(_IS_FINAL, alt.value([1, 0]), alt.value([3, 2])),
            strokeWidth=alt.condition(_IS_FINAL, alt.value(0), alt.value(1)),
            fillOpacity=alt.condition(_IS_FINAL, alt.value(1), alt.value(0.35)),
            order=alt.Order("platform:N"),
            tooltip=_tooltips(title),
        )
    )
    return spec_of(chart.properties(height=HEIGHT))


@lru_cache(maxsize=64)
def coverage(days: Days, accounts: int) -> dict[str, Any]:
    """A strip of days per account. Table: day, account (its label), state (one of COVERAGE), shown."""
    names = alt.Axis(
        labelLimit=0, labelOverlap=False, labelPadding=6, labelBound=False, labelFlush=False, ticks=False, domain=False
    )
    chart = (
        _base()
        .mark_rect(stroke="transparent", strokeWidth=1.5)
        .encode(
            x=_day_axis(days),
            y=alt.Y("account:N", title=None, axis=names),
            color=alt.Color(
                "state:N",
                title=None,
                scale=alt.Scale(domain=list(COVERAGE), range=list(_COVERAGE_COLORS)),
                legend=legend(COVERAGE),
            ),
            tooltip=[_DAY_TIP, alt.Tooltip("account:N", title="Account"), alt.Tooltip("shown:N", title="State")],
        )
    )
    return spec_of(chart.properties(height=max(2, accounts) * _STACK_ROW + _AROUND))


def _base() -> alt.Chart:
    return alt.Chart(alt.NamedData(name="table"))


def spec_of(chart: alt.Chart) -> dict[str, Any]:
    """The chart's own part: Streamlit brings data and theme, and sends a spec with data in it several times slower."""
    whole: dict[str, Any] = chart.to_dict()
    return {key: part for key, part in whole.items() if key not in ("data", "datasets", "config", "$schema")}


def _day_axis(days: Days) -> alt.X:
    """All days in view, reported or not: a gap is information. Bars need the unit of time to know their width.

    Ticks are given as days, evenly spaced back from the last one; a bar's stands at noon, which is its middle.
    """
    step = -(-len(days) // _MOST_TICKS)
    ticks = [_moment(day, hours=12) for day in days.each()[::-1][::step]]
    axis = alt.Axis(
        format="%-d %b", values=ticks, labelOverlap="parity", labelFlush=20, grid=False, labelLimit=0, ticks=True
    )
    domain = [_moment(days.start), _moment(days.end + timedelta(days=1))]
    x = alt.X("day:T", title=None, axis=axis, scale=alt.Scale(type="utc", domain=domain, nice=False))
    return x.timeUnit("utcyearmonthdate")


def at(day: date) -> float:
    """A day label as the number that charts take: milliseconds of its midnight in UTC."""
    return (day - _EPOCH).days * 86_400_000.0


def _moment(day: date, hours: int = 0) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day, hours=hours, utc=True)


def _value_axis(label: str) -> alt.Y:
    """Short numbers; the unit stands in the title above the chart, where it costs no width."""
    return alt.Y("value:Q", title=None, axis=alt.Axis(labelExpr=label, tickCount=5, labelLimit=0))


def _platform_color(platforms: tuple[str, ...]) -> alt.Color:
    """Each platform keeps its colour whatever is filtered: the scale names all of them, the legend too."""
    return alt.Color("platform:N", title=None, scale=alt.Scale(domain=list(platforms)), legend=legend(platforms))


def legend(values: Sequence[str]) -> alt.Legend:
    """Under the chart, two columns, no name cut."""
    return alt.Legend(
        orient="bottom",
        direction="horizontal",
        labelLimit=0,
        columns=2,
        symbolType="square",
        symbolSize=70,
        values=list(values),
        offset=8,
        padding=0,
        rowPadding=4,
    )


def _tooltips(title: str) -> list[alt.Tooltip]:
    of_value = alt.Tooltip("shown:N", title=title)
    state = alt.Tooltip("finality:N", title="Finality")
    return [_DAY_TIP, alt.Tooltip("platform:N", title="Platform"), of_value, state, _CORRECTED_TIP]
