"""Tables of figures: which columns there are, how they read, and which row was chosen or opened.

Cells hold numbers, so that a column sorts by size, and show the text that the formatter gives the same number in every
other place. Streamlit takes such texts from a pandas Styler only (see `streamlit_internals.with_texts`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Literal

import pyarrow as pa
import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.facts import MICRO
from perfdash.domain.measures import BY_NAME
from perfdash.domain.metrics import METRICS, PACING, quotient, ratio
from perfdash.presentation import formatting, glossary
from perfdash.presentation.formatting import Unit, unit_of
from perfdash.ui.components import cards, column_width
from perfdash.ui.runtime import browser, cache
from perfdash.ui.runtime.streamlit_internals import with_texts

MOST_ROWS = 1_000
"""More are not sent: every row goes to the browser on each rerun. The download holds all of them."""
ROWS_AT_ONCE = 20
TALLEST = 750
"""Pixels of a taller table, which scrolls: twenty rows and the edge of the next, as a sign that there is one."""
Kind = Literal[Unit, "figure", "change", "points", "share", "text", "list", "trend", "day", "moment", "instant"]
"""A unit is a number; `figure` is one that is said already, in its row's unit. `change` is a relative one, `points`
that of a percentage. `share` is a percentage with a bar, `trend` a row of numbers as small bars. `instant` is
a moment to the second."""
_TYPES: dict[Kind, Any] = {
    "text": pa.string(),
    "figure": pa.string(),
    "list": pa.list_(pa.string()),
    "trend": pa.list_(pa.float64()),
    "count": pa.int64(),
    "day": pa.date32(),
    "moment": pa.timestamp("s", tz="UTC"),
    "instant": pa.timestamp("s", tz="UTC"),
}
_DRAWN = ("list", "trend")
"""What Streamlit draws from the value itself, without a text."""
_TREND_WIDTH = 110
_AMOUNTS: dict[Kind, Unit] = {"money": "money", "price": "price"}
_IN_PER_CENT = ("percent", "share", "change", "points")
Value = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One column: how its value is got from a row, and how it reads. Without a `help`, the glossary's for its name.

    An integer of the kind "money" is in micros, and one of "millionths" in millionths. `link` makes the text a link:
    row -> an address of ours, relative to the page (see `navigation.address`). `signed` says the + of a difference too.
    """

    name: str
    label: str
    kind: Kind
    value: Value
    help: str = ""
    pinned: bool = False
    link: Callable[[Any], str] | None = None
    signed: bool = False


def measure(name: str) -> Shown:
    """A column of Sums: a count, money in micros, or a number in millionths."""
    return Shown(name, BY_NAME[name].label, unit_of(name), lambda row: getattr(row.sums, name))


def metric(name: str) -> Shown:
    return Shown(name, METRICS[name].label, unit_of(name), lambda row: ratio(name, row.sums))


def client_column(principal: Principal, of: Callable[[Any], str] = lambda row: row.client) -> tuple[Shown, ...]:
    """Whose a row is, by name; nothing for who sees a single client, and for who came by a link."""
    names = cache.client_names(principal)
    if len(names) < 2 or principal.lock is not None:
        return ()
    return (Shown("client", "Client", "text", lambda row: names.get(of(row), of(row))),)


def explanation(column: Shown) -> str:
    """The tooltip of a column's header; '' for what needs none, such as a name."""
    return column.help or glossary.hint(column.name)


def money_of(row: Any, name: str) -> Fraction | None:
    """Micros as currency units."""
    value: int | None = getattr(row, name)
    return None if value is None else Fraction(value, MICRO)


def in_units(trend: Sequence[int]) -> tuple[float, ...]:
    """Micros by day as currency units: the number under the pointer is read off them."""
    return tuple(value / MICRO for value in trend)


def budget_share(row: Any) -> Fraction | None:
    """The share of a campaign's budget that its whole flight has cost."""
    return quotient(PACING, row)


def draw(
    rows: Sequence[Any],
    columns: Sequence[Shown],
    *,
    alt: str,
    key: str,
    currency: str = "",
    choose: Callable[[Any], Any] | None = None,
    most_cards: int = cards.MOST_CARDS,
) -> None:
    """Show `rows`. With `choose`, a click into a row, or an arrow key, notes what `choose` makes of it, for `chosen`.

    `most_cards` stand on a phone in the place of the table. Columns without any value are not shown. `currency` is the
    one that all amounts are in, and stands in their headers; '' where each row has its own, which its amounts then
    name.
    """
    kept = [column for column in columns if column.pinned or any(_filled(column.value(row)) for row in rows)]
    values = {column.name: [_exact(column, row) for row in rows] for column in kept}
    texts = {column.name: _texts(column, rows, values[column.name], currency) for column in kept}
    data = pa.table(
        {column.name: pa.array(_cells(column, rows, values[column.name]), _type(column)) for column in kept}
    )
    config = {column.name: _config(column, texts[column.name], values[column.name], currency) for column in kept}
    common: dict[str, Any] = {
        "column_config": config,
        "hide_index": True,
        "placeholder": formatting.UNDEFINED,
        "alt": alt,
        "key": key,
        "height": "content" if len(rows) <= ROWS_AT_ONCE else TALLEST,
    }
    shown = with_texts(data, {name: column for name, column in texts.items() if column is not None})
    if choose is None:
        carded = _as_cards(rows, kept, texts, currency, key, most_cards)
        with st.container(key=f"wide_{key}") if carded else nullcontext():
            st.dataframe(shown, **common)
        return
    # A selection is a row number of the table that was clicked on: kept beside it, since the next one may differ.
    st.session_state[f"{key}_rows"] = [choose(row) for row in rows]
    st.dataframe(shown, **common, on_select=lambda: _note(key), selection_mode="single-cell")


def _as_cards(
    rows: Sequence[Any],
    columns: Sequence[Shown],
    texts: Mapping[str, Sequence[str] | None],
    currency: str,
    key: str,
    most: int,
) -> bool:
    """Where rows have a page of their own, show them as cards too: True when that was done."""
    linked = next((one for one in columns if one.link is not None), None)
    names = texts[linked.name] if linked is not None else None
    if linked is None or linked.link is None or names is None:
        return False
    figures = [(_label(one, currency), found) for one in columns if (found := texts[one.name]) and one.link is None]
    shown = rows[:most]
    drawn = [(names[n], linked.link(row), [(label, of[n]) for label, of in figures]) for n, row in enumerate(shown)]
    cards.draw(drawn, len(rows), key=key)
    return True


def _label(column: Shown, currency: str) -> str:
    return f"{column.label} ({currency})" if currency and column.kind in _AMOUNTS else column.label


def _note(key: str) -> None:
    of_rows = st.session_state.get(f"{key}_rows", [])
    st.session_state[f"{key}_chosen"] = _row(st.session_state[key].selection.cells, of_rows)


def _row(selected: object, of_rows: Sequence[Any]) -> Any:
    """The row of the cell that was clicked on; None for what no click sends: a browser may send any JSON instead."""
    match selected:
        case [[int(number), _], *_] if not isinstance(number, bool) and 0 <= number < len(of_rows):
            return of_rows[number]
    return None


def chosen(key: str) -> Any:
    """What the last click on table `key` chose; None when nothing is chosen. Call it before drawing the table."""
    return st.session_state.get(f"{key}_chosen")


def _filled(value: Any) -> bool:
    return value is not None and value != "" and value != ()


def _type(column: Shown) -> Any:
    return _TYPES.get(column.kind, pa.float64())


def _exact(column: Shown, row: Any) -> Any:
    """The value of a cell as the formatter takes it."""
    value = column.value(row)
    if isinstance(value, int) and column.kind in ("money", "millionths"):
        return Fraction(value, MICRO)
    return value


def _cells(column: Shown, rows: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """What a column sorts by: floats for what is exact, which is enough for an order; addresses for links."""
    if column.link is not None:
        return [column.link(row) for row in rows]
    if column.kind in _TYPES:
        return [list(value) if isinstance(value, tuple) else value for value in values]
    scale = 100 if column.kind in _IN_PER_CENT else 1
    return [None if value is None else float(value * scale) for value in values]


def _texts(column: Shown, rows: Sequence[Any], values: Sequence[Any], currency: str) -> list[str] | None:
    """How each cell reads; None where Streamlit draws it from the value, as a bar or as bubbles."""
    if column.kind in _DRAWN:
        return None
    if column.kind in _AMOUNTS and not currency:
        each = (getattr(row, "currency", "") for row in rows)
        unit = _AMOUNTS[column.kind]
        found = [formatting.figure(value, unit, own) for value, own in zip(values, each, strict=True)]
    else:
        found = [_text(column.kind, value, currency) for value in values]
    if not column.signed:
        return found
    return [f"+{text}" if value is not None and value > 0 else text for value, text in zip(values, found, strict=True)]


def _text(kind: Kind, value: Any, currency: str) -> str:
    if value is None:
        return formatting.UNDEFINED
    match kind:
        case "text" | "figure":
            return str(value)
        case "day":
            return formatting.day(value)
        case "moment" | "instant":
            return _moment(value, seconds=kind == "instant")
        case "share":
            return formatting.digits(value, "percent")
        case "change" | "points":
            return formatting.change(value, "percent" if kind == "points" else "count")
        case "count" | "money" | "price" | "percent" | "times" | "millionths":
            return formatting.digits(value, kind, currency)
    raise AssertionError(kind)


def _moment(at: datetime, *, seconds: bool) -> str:
    return formatting.instant(at, browser.zone(), seconds=seconds)


def _config(column: Shown, texts: Sequence[str] | None, values: Sequence[Any], currency: str) -> Any:
    c = st.column_config
    label = _label(column, currency)
    lists = [value or () for value in values] if column.kind == "list" else []
    width = column_width.needed(texts, label) if texts is not None else column_width.of_lists(lists, label)
    common: dict[str, Any] = {
        "help": explanation(column) or None,
        "pinned": column.pinned or None,
        "width": width,
    }
    if column.link is not None:
        return c.LinkColumn(label, **common)
    # None of these has a format: it would take the place of the texts. A bar has no text of its own.
    match column.kind:
        case "text":
            return c.TextColumn(label, **common)
        case "figure":
            return c.TextColumn(label, alignment="right", **common)
        case "list":
            return c.ListColumn(label, **common)
        case "trend":
            return c.BarChartColumn(label, y_min=0, **common | {"width": max(width, _TREND_WIDTH)})
        case "share":
            return c.ProgressColumn(label, format="%.2f%%", min_value=0, max_value=100, **common)
        case "day":
            return c.DateColumn(label, **common)
        case "moment" | "instant":
            return c.DatetimeColumn(label, timezone=browser.zone(), **common)
    return c.NumberColumn(label, **common)
