"""Charts on a page: the table that a spec from `charts` is fed with, and a word when there is nothing to draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import groupby

import pyarrow as pa
import streamlit as st

from perfdash.domain.accounts import Days
from perfdash.domain.facts import MICRO
from perfdash.domain.finality import Finality
from perfdash.domain.groups import Group
from perfdash.domain.metrics import ratio, spoken
from perfdash.presentation import charts, formatting
from perfdash.presentation.escaping import escape_markdown

Moving = Mapping[date, Finality]
"""The days that are not final, and what they are."""
CORRECTED = "✎"
"""Stands beside every number that counts a corrected value."""
_TEXTS = ("platform", "shown", "finality", "corrected", "mark", "dashed", "part")
_SCHEMA = pa.schema([("day", pa.float64()), ("value", pa.float64()), *((name, pa.string()) for name in _TEXTS)])
_COVERAGE = pa.schema([("day", pa.float64()), ("account", pa.string()), ("state", pa.string()), ("shown", pa.string())])


def corrected_rows(of: Sequence[tuple[str, int]]) -> str:
    """cost of 2 rows and clicks of 1 row; '' for none."""
    return formatting.enumerate_names([f"{spoken(name)} of {formatting.plural(rows, 'row')}" for name, rows in of])


@dataclass(frozen=True, slots=True)
class Drawing:
    """What both charts of a page draw: groups by day and platform, the days and platforms in view, what may move."""

    groups: tuple[Group, ...]
    days: Days
    platforms: tuple[str, ...]
    moving: Moving

    def corrected(self, name: str) -> dict[tuple[date, str], str]:
        """What of the measures behind `name` a person has set, on each day and platform where there is any."""
        found = ((g.day, g.platform, corrected_rows(g.sums.corrections_of(name))) for g in self.groups)
        return {(day, platform): told for day, platform, told in found if day and told}


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A platform's day: its value, and how that reads. `dashed` is drawn as not final, in the stretch `part`."""

    day: date
    platform: str
    value: Fraction | None
    shown: str
    dashed: bool = False
    part: int = 0


def bars(title: str, unit: str, drawing: Drawing, measure: str, *, key: str) -> None:
    """A measure per day, stacked by platform; `unit` is a currency for cost, else ''."""
    money = measure == "cost"
    points = []
    for group in drawing.groups:
        value: int | None = getattr(group.sums, measure)
        if group.day is not None and value is not None:
            exact = Fraction(value, MICRO) if money else Fraction(value)
            shown = formatting.figure(exact, formatting.unit_of(measure), unit)
            points.append(ChartPoint(group.day, group.platform, exact, shown, group.day in drawing.moving))
    corrected = drawing.corrected(measure)
    spec = charts.bars_by_day(title, _present(points, drawing.platforms), drawing.days, marked=bool(corrected))
    rows = list(_rows(points, drawing.moving, corrected))
    _draw(_with_unit(title, unit), spec, rows, key, f"No {title.lower()} in these days.")


def lines(title: str, unit: str, drawing: Drawing, metric: str, *, key: str) -> None:
    """A ratio per day, one line per platform, broken where it is undefined."""

    def read(value: Fraction | None) -> str:
        return formatting.figure(value, formatting.unit_of(metric), unit)

    known = {(group.day, group.platform): ratio(metric, group.sums) for group in drawing.groups}
    seen = [ChartPoint(day, platform, value, "") for (day, platform), value in known.items() if day]
    present = _present(seen, drawing.platforms)
    points: list[ChartPoint] = []
    for platform in present:
        values = [(day, known.get((day, platform))) for day in drawing.days.each()]
        points += _stretches([ChartPoint(day, platform, v, read(v), day in drawing.moving) for day, v in values])
    corrected = drawing.corrected(metric)
    spec = charts.lines_by_day(title, present, drawing.days, percent=not unit, marked=bool(corrected))
    drawn = points if any(point.value is not None for point in points) else []
    rows = list(_rows(drawn, drawing.moving, corrected))
    _draw(_with_unit(title, unit), spec, rows, key, f"{title} is undefined on all of these days.")


def _stretches(points: Sequence[ChartPoint]) -> Iterator[ChartPoint]:
    """One platform's days, in stretches that are drawn alike. A dashed one reaches to its neighbours on both sides."""
    first = 0
    for part, (dashed, found) in enumerate(groupby(points, key=lambda point: point.dashed)):
        stretch = list(found)
        end = first + len(stretch)
        reached = [*points[max(first - 1, 0) : first], *stretch, *points[end : end + 1]] if dashed else stretch
        yield from (replace(point, dashed=dashed, part=part) for point in reached)
        first = end


def _with_unit(title: str, unit: str) -> str:
    return f"{title} ({unit})" if unit else title


def _present(points: Sequence[ChartPoint], platforms: tuple[str, ...]) -> tuple[str, ...]:
    """All known platforms, in their order: each keeps its colour, and so do new ones behind them."""
    return (*platforms, *sorted({point.platform for point in points} - set(platforms)))


def _draw(title: str, spec: dict[str, object], rows: Sequence[Mapping[str, object]], key: str, otherwise: str) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{escape_markdown(title)}**")
        if not rows:
            st.caption(otherwise)
            return
        columns = [pa.array([row[field.name] for row in rows], field.type) for field in _SCHEMA]
        data = pa.table(columns, schema=_SCHEMA)
        st.vega_lite_chart(data, spec, key=key, alt=f"{title} per day and platform")


def _rows(
    points: Sequence[ChartPoint], moving: Moving, corrected: Mapping[tuple[date, str], str]
) -> Iterator[dict[str, object]]:
    to_mark = {day for day, _ in corrected}
    for point in points:
        yield {
            "day": charts.at(point.day),
            "value": None if point.value is None else float(point.value),
            "platform": point.platform,
            "shown": point.shown,
            "finality": moving.get(point.day, "final"),
            "corrected": corrected.get((point.day, point.platform), "no row"),
            "mark": CORRECTED if point.day in to_mark else "",
            "dashed": "yes" if point.dashed else "no",
            "part": str(point.part),
        }
        to_mark.discard(point.day)


def coverage(rows: Sequence[tuple[date, str, str, str]], days: Days, *, key: str) -> None:
    """A strip of days per account; rows are (day, account, state, how it reads)."""
    dated = [(charts.at(day), *rest) for day, *rest in rows]
    accounts = len({account for _, account, _, _ in rows})
    data = pa.table(
        [pa.array(c, f.type) for c, f in zip(zip(*dated, strict=True), _COVERAGE, strict=True)], schema=_COVERAGE
    )
    st.vega_lite_chart(data, charts.coverage(days, accounts), key=key, alt="Which days of each account were fetched")
