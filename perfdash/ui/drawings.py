"""Charts on a page: the table that a spec from `charts` is fed with, and a word when there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from fractions import Fraction

import pyarrow as pa
import streamlit as st

from perfdash import charts, words
from perfdash.accounts import Days
from perfdash.metrics import ratio
from perfdash.store.queries import Group
from perfdash.ui.plain import plain

Point = tuple[date, str, Fraction | None, str]
"""Day, platform, value, and how the value reads."""
_SCHEMA = pa.schema([("day", pa.float64()), ("platform", pa.string()), ("value", pa.float64()), ("shown", pa.string())])
_COVERAGE = pa.schema([("day", pa.float64()), ("account", pa.string()), ("state", pa.string()), ("shown", pa.string())])


def bars(
    title: str, unit: str, groups: Sequence[Group], measure: str, days: Days, platforms: tuple[str, ...], *, key: str
) -> None:
    """A measure per day, stacked by platform; `unit` is a currency for cost, else ''."""
    money = measure == "cost"
    points = []
    for group in groups:
        value: int | None = getattr(group.sums, measure)
        if group.day is not None and value is not None:
            shown = words.micros(value, unit) if money else words.number(value)
            points.append((group.day, group.platform, Fraction(value, 1_000_000) if money else Fraction(value), shown))
    spec = charts.bars_by_day(title, _present(points, platforms), days)
    _draw(_with_unit(title, unit), spec, points, key, f"No {title.lower()} in these days.")


def lines(
    title: str, unit: str, groups: Sequence[Group], metric: str, days: Days, platforms: tuple[str, ...], *, key: str
) -> None:
    """A ratio per day, one line per platform, broken where it is undefined."""
    read: Callable[[Fraction | None], str] = (
        (lambda value: words.unit_price(value, unit)) if unit else lambda value: words.percent(value)
    )
    known = {(group.day, group.platform): ratio(metric, group.sums) for group in groups}
    present = _present([(day, platform, value, "") for (day, platform), value in known.items() if day], platforms)
    points = [
        (day, platform, known.get((day, platform)), read(known.get((day, platform))))
        for platform in present
        for day in days.each()
    ]
    spec = charts.lines_by_day(title, present, days, percent=not unit)
    drawn = points if any(value is not None for _, _, value, _ in points) else []
    _draw(_with_unit(title, unit), spec, drawn, key, f"{title} is undefined on all of these days.")


def _with_unit(title: str, unit: str) -> str:
    return f"{title} ({unit})" if unit else title


def _present(points: Sequence[Point], platforms: tuple[str, ...]) -> tuple[str, ...]:
    """All known platforms, in their order: each keeps its colour, and so do new ones behind them."""
    return (*platforms, *sorted({platform for _, platform, _, _ in points} - set(platforms)))


def _draw(title: str, spec: dict[str, object], points: Sequence[Point], key: str, otherwise: str) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{plain(title)}**")
        if not points:
            st.caption(otherwise)
            return
        columns = zip(*((charts.at(d), p, None if v is None else float(v), s) for d, p, v, s in points), strict=True)
        data = pa.table([pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)
        st.vega_lite_chart(data, spec, key=key, alt=f"{title} per day and platform")


def coverage(rows: Sequence[tuple[date, str, str, str]], days: Days, *, key: str) -> None:
    """A strip of days per account; rows are (day, account, state, how it reads)."""
    dated = [(charts.at(day), *rest) for day, *rest in rows]
    accounts = len({account for _, account, _, _ in rows})
    data = pa.table(
        [pa.array(c, f.type) for c, f in zip(zip(*dated, strict=True), _COVERAGE, strict=True)], schema=_COVERAGE
    )
    st.vega_lite_chart(data, charts.coverage(days, accounts), key=key, alt="Which days of each account were fetched")
