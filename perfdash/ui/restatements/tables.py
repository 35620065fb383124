"""What restatements look like: the sentence that sums them up, a bar per day, and tables of then, now, difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pyarrow as pa
import streamlit as st

from perfdash.domain.accounts import Days
from perfdash.domain.facts import MICRO
from perfdash.domain.metrics import Sums
from perfdash.domain.restatements import (
    ADDED,
    LABELS,
    RESTATED_FIELDS,
    Event,
    Moved,
    Movement,
    RestatedField,
    by_key,
    exact_value,
)
from perfdash.domain.settlement import FEWEST_DAYS, Curve
from perfdash.presentation import charts, formatting
from perfdash.presentation.columns import Names
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Kind, Shown, draw
from perfdash.ui.runtime import browser

TIMINGS = {
    "running": "while the day ran",
    "before": "before final",
    "after": "after final",
    "provisional": "no window known",
}
_BARS = ("Before final", "After final")  # short enough for a telephone
_SCHEMA = pa.schema([("day", pa.float64()), ("platform", pa.string()), ("value", pa.float64()), ("shown", pa.string())])


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One line of a table: what it is about, then, now, and what lies between. Values as integers of their unit."""

    name: str
    day: date | None
    currency: str
    then: int | None
    now: int | None
    difference: int | None
    changes: int
    late: int
    at: datetime | None = None
    platform: str = ""
    change: str = ""
    timing: str = ""

    @property
    def share(self) -> Fraction | None:
        """The difference as a part of what was told then."""
        return Fraction(self.difference, abs(self.then)) if self.then and self.difference is not None else None


def amount(field: RestatedField, value: int | None, currency: str) -> str:
    """A value with its unit; a difference keeps its sign."""
    found = exact_value(field, value)
    return formatting.figure(found if not isinstance(found, str) else None, formatting.unit_of(field), currency)


def signed_text(field: RestatedField, value: int | None, currency: str) -> str:
    """A difference with its sign, also when it is one up."""
    return ("+" if (value or 0) > 0 else "") + amount(field, value, currency)


def sentence(field: RestatedField, one: Movement, now: Sums | None) -> str:
    """Cost moved by −12.40 EUR (−0.8%) on 14 days, 3 of them after they were final."""
    moved = one.difference(field) or 0
    then = (getattr(now, field) or 0) - moved if now else -moved
    share = f" ({formatting.change(Fraction(moved, then))})" if then else ""
    late = f", {len(one.late_days)} of them after they were final" if one.late_days else ""
    what = f"moved by {signed_text(field, moved, one.currency)}{share}" if moved else "did not move in sum"
    return f"{LABELS[field]} {what} on {formatting.plural(len(one.days), 'changed day')}{late}."


def sentences(field: RestatedField, in_view: Sequence[tuple[Movement, Sums | None]]) -> None:
    """The headline, a line per currency."""
    for one, sums in in_view:
        if len(in_view) == 1:
            st.subheader(sentence(field, one, sums))
        else:
            st.markdown(f"**{sentence(field, one, sums)}**")
        st.caption(_counted(one))


def _counted(one: Movement) -> str:
    """1,204 changes of rows, 3 vanished, 2 reappeared; the last one 22 Nov 06:03."""
    parts = [formatting.plural(one.events, "change of a row", "changes of rows")]
    parts += [f"{one.vanished:,} vanished"] if one.vanished else []
    parts += [f"{one.reappeared:,} reappeared"] if one.reappeared else []
    parts += [f"{one.late:,} after the day was final"] if one.late else []
    return f"{', '.join(parts)}; the last one {browser.clock(one.last_at)}."


def day_bars(field: RestatedField, moved: Sequence[Moved], currency: str, days: Days, *, key: str) -> None:
    """Now minus then per day, by whether the change came before or after the day was final."""
    found = by_key(
        (one for one in moved if one.currency == currency), lambda one: (one.day, _BARS[one.timing == "after"])
    )
    points = [
        (charts.at(day), bar, float(Fraction(value, _unit(field))), signed_text(field, value, currency))
        for ((day, bar), _), one in sorted(found.items())
        if (value := one.difference(field))
    ]
    title = f"{LABELS[field]} now minus then{f' ({currency})' if formatting.unit_of(field) == 'money' else ''}"
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{escape_markdown(title)}**")
        if not points:
            st.caption(f"{LABELS[field]} is, in sum, on every day what it was then.")
            return
        columns = zip(*points, strict=True)
        data = pa.table([pa.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA)
        spec = charts.bars_by_day("Now minus then", _BARS, days)
        st.vega_lite_chart(data, spec, key=key, alt=f"{title} per day")


def _unit(field: RestatedField) -> int:
    return 1 if formatting.unit_of(field) == "count" else MICRO


def by_measure(one: Movement, now: Sums | None, fields: Sequence[RestatedField], *, key: str) -> None:
    """A table per kind of unit would be three: each value is told with its own unit instead."""
    rows = [
        (
            LABELS[f],
            *(amount(f, v, one.currency) for v in _then_now(one, now, f)),
            signed_text(f, one.difference(f), one.currency),
            one.count(f),
        )
        for f in fields
        if f in ADDED and one.count(f)
    ]
    counted = [
        (LABELS[f], formatting.UNDEFINED, formatting.UNDEFINED, formatting.UNDEFINED, one.count(f))
        for f in fields
        if f not in ADDED and one.count(f)
    ]
    columns = [
        Shown("measure", "Measure", "text", lambda row: row[0], pinned=True),
        Shown("then", "Then", "text", lambda row: row[1]),
        Shown("now", "Now", "text", lambda row: row[2]),
        Shown("difference", "Difference", "text", lambda row: row[3]),
        Shown("changes", "Changes", "count", lambda row: row[4], "rows in which it changed, each time counted"),
    ]
    draw(rows + counted, columns, alt="What changed, by measure", key=key)


def _then_now(one: Movement, now: Sums | None, field: RestatedField) -> tuple[int | None, int | None]:
    value: int | None = getattr(now, field) if now else None
    moved = one.difference(field)
    return (value if moved is None else (value or 0) - moved), value


def lines(
    field: RestatedField, found: Mapping[tuple[Any, str], Movement], now: Mapping[tuple[Any, str], Sums], names: Any
) -> list[ChangeLine]:
    """One line per key of `found`, with the whole of it then and now; `names(key)` gives (name, day)."""
    made = []
    for (key, currency), one in found.items():
        if not one.count(field):
            continue
        then, value = _then_now(one, now.get((key, currency)), field)
        name, day = names(key)
        made.append(
            ChangeLine(
                name, day, currency, then, value or 0, one.difference(field), one.count(field), len(one.late_days)
            )
        )
    return made


_NAME = Shown("name", "Campaign", "text", lambda row: row.name, pinned=True)
_DAY = Shown("day", "Day", "day", lambda row: row.day, pinned=True)
_LATE = Shown("late", "Final days", "count", lambda row: row.late, "days that changed after they were final")
_CHANGES = Shown("changes", "Changes", "count", lambda row: row.changes, "rows in which it changed, each time counted")


def table(field: RestatedField, rows: Sequence[ChangeLine], *, days: bool, key: str) -> None:
    """Lines by day, newest first, or by campaign, the largest movement first."""
    kind, currency = formatting.unit_of(field), _one_currency(rows)
    order = (lambda row: -row.day.toordinal()) if days else (lambda row: -abs(row.difference or 0))
    columns = (_DAY if days else _NAME, *_sides(kind, currency), _CHANGES, _LATE)
    shown = sorted(rows, key=order)
    draw(shown[: component_tables.MOST_ROWS], columns, alt=f"{LABELS[field]} then and now", key=key, currency=currency)


def _sides(kind: Kind, currency: str) -> tuple[Shown, ...]:
    found = (
        Shown("then", "Then", kind, lambda row: row.then),
        Shown("now", "Now", kind, lambda row: row.now),
        Shown("difference", "Difference", kind, lambda row: row.difference, signed=True),
        Shown("share", "Change", "change", lambda row: row.share),
    )
    return found if currency else (Shown("currency", "Currency", "text", lambda row: row.currency), *found)


def _one_currency(rows: Sequence[ChangeLine]) -> str:
    found = {row.currency for row in rows}
    return found.pop() or "" if len(found) == 1 else ""


def changes(field: RestatedField, events: Sequence[Event], names: Names, *, key: str) -> None:
    """The list: one line per change, newest first."""
    rows = [_line(field, event, names) for event in events]
    currency = _one_currency(rows)
    columns = (
        Shown("at", "Changed", "moment", lambda row: row.at, pinned=True),
        Shown("day", "Day", "day", lambda row: row.day),
        Shown("name", "Campaign", "text", lambda row: row.name),
        Shown("platform", "Platform", "text", lambda row: row.platform),
        *_sides(formatting.unit_of(field), currency),
        Shown("change", "What", "text", lambda row: row.change),
        Shown("timing", "When", "text", lambda row: row.timing, "before or after the day was final"),
    )
    draw(rows, columns, alt="Every change", key=key, currency=currency)


def _line(field: RestatedField, event: Event, names: Names) -> ChangeLine:
    n = RESTATED_FIELDS.index(field)
    then, now = event.then[n], event.now[n]
    name = names.get((event.client, event.account, event.campaign), event.campaign)
    values = [value if isinstance(value, int) else None for value in (then, now)]
    moved = (values[1] or 0) - (values[0] or 0)
    return ChangeLine(
        name,
        event.day,
        event.currency,
        values[0],
        values[1],
        moved,
        1,
        event.timing == "after",
        event.at,
        event.platform,
        event.kind,
        TIMINGS[event.timing],
    )


_TOLD = 2


def draw_settlement(curves: Sequence[Curve] | None, *, money: bool) -> None:
    """Movement after the end of a day, and after each day from then on."""
    what = "cost" if money else "impressions"
    st.subheader("How your days settle")
    if curves is None:
        st.caption("Choose some clients: this is computed for a few at a time.")
        return
    told = [curve for curve in curves if curve.enough]
    if not told:
        st.caption(
            f"Too few days to tell: it takes {FEWEST_DAYS} final days that were fetched as they settled. A few weeks "
            "of daily syncs will do."
        )
        return
    st.markdown("  \n".join(_sentence(curve) for curve in told))
    last = max(len(curve.points) for curve in told)
    columns = [
        Shown("platform", "Platform", "text", _name, pinned=True),
        Shown(
            "days",
            "Days",
            "count",
            lambda row: row.days,
            "final days of the last two months that were fetched as they settled",
        ),
        *(_column(after) for after in range(last)),
    ]
    draw(curves, columns, alt=f"How far {what} was from its last value, by days after the day's end", key="settling")
    few = [_name(curve) for curve in curves if not curve.enough]
    if few:
        st.caption(f"Too few days to tell for {escape_markdown(formatting.enumerate_names(few))}.")
    st.caption(
        f"How far the {what} known then was from the {what} known last: the differences of the days, added without "
        "their signs, as a part of the whole. Only days that a fetch had just covered count."
    )


def _name(curve: Curve) -> str:
    return f"{curve.platform}, {curve.currency}" if curve.currency else curve.platform


def _column(after: int) -> Shown:
    label = "At day's end" if after == 0 else f"+{after} d"
    return Shown(
        f"after_{after}",
        label,
        "percent",
        lambda row: row.points[after].moved if after < len(row.points) else None,
        f"still to move {formatting.plural(after, 'day')} after the day's end",
    )


def _sentence(curve: Curve) -> str:
    """Your TikTok days move 3.1% after day 1, 0.4% after day 4."""
    points = [point for point in curve.points if point.moved is not None and point.after > 0] or list(curve.points)
    first, later = points[0], points[len(points) // 2]
    chosen = [first] if later is first else [first, later]
    told = ", ".join(f"{formatting.figure(point.moved, 'percent')} after day {point.after}" for point in chosen[:_TOLD])
    return f"Your {escape_markdown(_name(curve))} days move {told}."
