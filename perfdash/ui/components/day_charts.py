"""The charts by day on a page: the table that their spec is fed with, and a word when there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import groupby

import pyarrow as pa
import streamlit as st

from perfdash.domain.accounts import Days, contiguous
from perfdash.domain.finality import Finality
from perfdash.domain.groups import Group
from perfdash.domain.measures import CORRECTABLE
from perfdash.domain.metrics import Sums, made_of_money
from perfdash.presentation import day_charts, formatting, glossary, kpis
from perfdash.presentation.day_charts import Look
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import kpis as tile_texts
from perfdash.ui.components.charts import CORRECTED, corrected_rows
from perfdash.ui.runtime import browser

Moving = Mapping[date, Finality]
"""The days that are not final, and what they are."""
_SCHEMA = pa.schema(
    [
        *((name, pa.float64()) for name in day_charts.NUMBERS),
        *((name, pa.string()) for name in day_charts.TEXTS),
    ]
)
Row = dict[str, float | str | None]
_SAYS = {
    "open": "inside the settlement window",
    "unverified": "not fetched again since the settlement window passed",
    "provisional": "of a source whose settlement window is unknown",
}
_MOST_RANGES = 3


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the charts of a page draw: groups by day and platform, the days and platforms in view, what may move.

    `before` is the period compared with and `reported` what was known then, both by the day in view that they stand
    beside; the names say in words which these are. `spike`: a day that stands out, and why.
    """

    groups: tuple[Group, ...]
    days: Days
    platforms: tuple[str, ...]
    moving: Moving
    before: Mapping[date, Sums] = field(default_factory=dict)
    before_name: str = ""
    reported: Mapping[date, Sums] = field(default_factory=dict)
    reported_name: str = ""
    spike: tuple[date, str] | None = None

    @property
    def by_day(self) -> dict[date, Sums]:
        """The platforms of each day together."""
        found: dict[date, Sums] = {}
        for group in self.groups:
            if group.day:
                found[group.day] = found.get(group.day, Sums()) + group.sums
        return found


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A platform's day and its value. `dashed` is drawn as not final, in the stretch `part`."""

    day: date
    platform: str
    value: Fraction | None
    dashed: bool = False
    part: int = 0


@dataclass(frozen=True, slots=True)
class DayChart:
    """One measure or metric of a drawing, by its name; `currency` is that of amounts."""

    name: str
    currency: str
    drawing: Drawing

    @property
    def label(self) -> str:
        return glossary.entry_of(self.name).label

    @property
    def title(self) -> str:
        """Cost (EUR); CTR."""
        return f"{self.label} ({self.currency})" if self.currency and made_of_money(self.name) else self.label

    def value(self, sums: Sums | None) -> Fraction | None:
        """Amounts in currency units."""
        return None if sums is None else kpis.value(self.name, kpis.Total(self.currency, sums))

    def text(self, sums: Sums | None) -> str:
        return formatting.figure(self.value(sums), formatting.unit_of(self.name), self.currency)

    @property
    def points(self) -> list[ChartPoint]:
        """Each platform's days, also those without a value."""
        known = {(group.platform, group.day): group.sums for group in self.drawing.groups}
        return [
            ChartPoint(day, platform, self.value(known.get((platform, day))), day in self.drawing.moving)
            for platform in self.platforms
            for day in self.drawing.days.each()
        ]

    @property
    def platforms(self) -> tuple[str, ...]:
        """All known platforms, in their order: each keeps its colour, and so do new ones behind them."""
        drawing = self.drawing
        return (*drawing.platforms, *sorted({g.platform for g in drawing.groups} - set(drawing.platforms)))


def bars(chart: DayChart, *, key: str, chosen: Callable[[date], None] | None = None) -> None:
    """A measure per day, stacked by platform; `chosen` is called back with the day that was clicked on."""
    parts = [point for point in chart.points if point.value is not None]
    rows = [*_stacked(parts, chart.drawing.days), *_days(chart)]
    _draw(chart, "bars", rows, parts, key, chosen)


def lines(chart: DayChart, *, key: str, chosen: Callable[[date], None] | None = None) -> None:
    """A ratio per day, one line per platform and one for all, broken where it is undefined."""
    points = chart.points
    drawn = [point for _, some in groupby(points, key=lambda one: one.platform) for point in _stretches(list(some))]
    rows = [*(_part(point, chart.drawing.days) | {"value": _number(point.value)} for point in drawn), *_days(chart)]
    _draw(chart, "lines", rows, [point for point in points if point.value is not None], key, chosen)


def key_line(drawing: Drawing) -> None:
    """What shading, lines and the pencil mean, where there are any."""
    seen, why = set(drawing.by_day), dict[str, set[date]]()
    for day in seen.intersection(drawing.moving):
        why.setdefault(drawing.moving[day], set()).add(day)
    ranges = [f"{_ranges(days)} ({_SAYS[state]})" for state, days in sorted(why.items())]
    said = [f"Shaded: can still change, {'; '.join(ranges)}"] if ranges else []
    if drawing.before:
        said.append(f"dotted: {drawing.before_name[:1].lower()}{drawing.before_name[1:]}")
    if drawing.reported:
        said.append(f"outline: {drawing.reported_name[:1].lower()}{drawing.reported_name[1:]}")
    whole = sum((group.sums for group in drawing.groups), Sums())
    fields = [field for name in CORRECTABLE for field in whole.corrections_of(name)]
    if fields:
        said.append(f"{CORRECTED} {tile_texts.corrections(fields)}")
    if said:
        st.caption(escape_markdown(" · ".join(said), 600))


def _ranges(days: set[date]) -> str:
    return formatting.enumerate_names([formatting.days(span) for span in contiguous(days)], _MOST_RANGES)


def _draw(
    chart: DayChart,
    form: str,
    rows: Sequence[Row],
    points: Sequence[ChartPoint],
    key: str,
    chosen: Callable[[date], None] | None,
) -> None:
    drawing = chart.drawing
    if not points:
        st.caption(f"{chart.label} is not known of any of these days.")
        return
    unit = formatting.unit_of(chart.name)
    numbers = [float(point.value) for point in points if point.value is not None]
    look = Look(
        chart.label,
        chart.platforms,
        drawing.days,
        form="bars" if form == "bars" else "lines",
        percent=unit == "percent",
        from_zero=form == "bars" or day_charts.far_apart(numbers),
        before=drawing.before_name if drawing.before else "",
        reported=drawing.reported_name if drawing.reported else "",
        marked=any(row.get("mark") for row in rows),
        spiked=any(row.get("spike") for row in rows),
        chosen=chosen is not None and len(drawing.days) > 1,
        theme=browser.theme(),
    )
    data = pa.table([pa.array([row.get(one.name) for row in rows], one.type) for one in _SCHEMA], schema=_SCHEMA)
    told = f"{chart.title} per day and platform, {formatting.days(drawing.days)}"
    if not look.chosen or chosen is None:
        st.vega_lite_chart(data, day_charts.by_day(look), key=key, alt=told)
        return
    st.vega_lite_chart(
        data,
        day_charts.by_day(look),
        key=key,
        alt=f"{told}; a click on a day shows that day alone",
        on_select=lambda: _tell(key, drawing.days, chosen),
    )


def _tell(key: str, days: Days, chosen: Callable[[date], None]) -> None:
    selection = getattr(st.session_state.get(key), "selection", None)
    day = day_charts.chosen_day(getattr(selection, day_charts.SELECTED, None), days)
    if day is not None:
        chosen(day)


def _days(chart: DayChart) -> Iterator[Row]:
    """A row for each day in view, and one for each run of days that may still change."""
    drawing = chart.drawing
    by_day = drawing.by_day
    several = len({group.platform for group in drawing.groups}) > 1
    for span in contiguous({day for day in drawing.days.each() if day in drawing.moving}):
        yield {
            "what": "still",
            "start": day_charts.slot(span.start, drawing.days)["start"],
            "end": day_charts.slot(span.end, drawing.days)["end"],
        }
    for day in drawing.days.each():
        sums = by_day.get(day)
        corrected = corrected_rows(sums.corrections_of(chart.name)) if sums else ""
        platforms = [g for g in drawing.groups if g.day == day] if several else []
        yield {
            **day_charts.slot(day, drawing.days),
            "what": "day",
            "value": _number(chart.value(sums)),
            "before": _number(chart.value(drawing.before.get(day))),
            "reported": _number(chart.value(drawing.reported.get(day))),
            "total": chart.text(sums),
            "parts": ", ".join(f"{g.platform} {chart.text(g.sums)}" for g in platforms),
            "was": chart.text(drawing.before.get(day)),
            "then": chart.text(drawing.reported.get(day)),
            "finality": drawing.moving.get(day, "final"),
            "corrected": corrected or "no row",
            "mark": CORRECTED if corrected else "",
            "spike": drawing.spike[1] if drawing.spike and drawing.spike[0] == day else "",
        }


def _part(point: ChartPoint, days: Days) -> Row:
    return {
        **day_charts.slot(point.day, days),
        "what": "part",
        "platform": point.platform,
        "dashed": "yes" if point.dashed else "no",
        "part": f"{point.platform} {point.part}",
    }


def _stacked(points: Sequence[ChartPoint], days: Days) -> Iterator[Row]:
    """Each platform's bar on those before it; credits hang below zero."""
    tops: dict[tuple[date, bool], float] = {}
    for point in points:
        size = _number(point.value) or 0.0
        low = tops.get((point.day, size < 0), 0.0)
        tops[point.day, size < 0] = low + size
        yield _part(point, days) | {"low": low, "high": low + size}


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _stretches(points: Sequence[ChartPoint]) -> Iterator[ChartPoint]:
    """One platform's days, in stretches that are drawn alike. A dashed one reaches to its neighbours on both sides."""
    first = 0
    for part, (dashed, found) in enumerate(groupby(points, key=lambda point: point.dashed)):
        stretch = list(found)
        end = first + len(stretch)
        reached = [*points[max(first - 1, 0) : first], *stretch, *points[end : end + 1]] if dashed else stretch
        yield from (replace(point, dashed=dashed, part=part) for point in reached)
        first = end
