"""Tables of figures: which columns there are, how they read, and which row was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import pyarrow as pa
import streamlit as st

from perfdash.domain import currencies
from perfdash.domain.facts import MICRO
from perfdash.domain.measures import BY_NAME, Unit
from perfdash.domain.metrics import METRICS, PACING, quotient, ratio
from perfdash.presentation import formatting, glossary
from perfdash.ui.runtime import browser

MOST_ROWS = 1_000
"""More are not sent: every row goes to the browser on each rerun. The download holds all of them."""
ROWS_AT_ONCE = 20
TALLEST = 750
"""Pixels of a taller table, which scrolls: twenty rows and the edge of the next, as a sign that there is one."""
Kind = Literal[
    "text", "list", "count", "decimal", "money", "price", "percent", "times", "share", "day", "moment", "instant"
]
"""`instant` is a moment to the second with its year; `moment` is for the recent past."""
_TYPES: dict[Kind, Any] = {
    "text": pa.string(),
    "list": pa.list_(pa.string()),
    "count": pa.int64(),
    "day": pa.date32(),
    "moment": pa.timestamp("s", tz="UTC"),
    "instant": pa.timestamp("s", tz="UTC"),
}
_MEASURES: dict[Unit, Kind] = {"count": "count", "money": "money", "millionths": "decimal"}
Value = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One column: how its value is got from a row, and how it reads. Without a `help`, the glossary's for its name."""

    name: str
    label: str
    kind: Kind
    value: Value
    help: str = ""
    pinned: bool = False
    width: Literal["small", "medium", "large"] | int | None = None


def kind_of(name: str) -> Kind:
    """How a column of this measure reads; what is no measure reads like a count."""
    return _MEASURES[BY_NAME[name].unit] if name in BY_NAME else "count"


def measure(name: str) -> Shown:
    """A column of Sums: a count, money in micros, or a number in millionths."""
    return Shown(name, BY_NAME[name].label, kind_of(name), lambda row: getattr(row.sums, name))


def metric(name: str) -> Shown:
    found = METRICS[name]
    kind: Kind = "price" if found.unit == "money" else "times" if found.times else "percent"
    return Shown(name, found.label, kind, lambda row: ratio(name, row.sums))


def explanation(column: Shown) -> str:
    """The tooltip of a column's header; '' for what needs none, such as a name."""
    return column.help or glossary.hint(column.name)


def money_of(row: Any, name: str) -> Fraction | None:
    """Micros as currency units."""
    value: int | None = getattr(row, name)
    return None if value is None else Fraction(value, MICRO)


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
) -> None:
    """Show `rows`. With `choose`, a click on a row notes what `choose` makes of it, for `chosen`.

    Columns without any value are not shown. `currency` is the one all amounts are in; '' when there are several.
    """
    kept = [column for column in columns if column.pinned or any(_filled(column.value(row)) for row in rows)]
    data = pa.table({column.name: pa.array([_plain(column, row) for row in rows], _type(column)) for column in kept})
    config = {column.name: _config(column, data[column.name].to_pylist(), currency) for column in kept}
    common: dict[str, Any] = {
        "column_config": config,
        "hide_index": True,
        "placeholder": formatting.UNDEFINED,
        "alt": alt,
        "key": key,
        "height": "content" if len(rows) <= ROWS_AT_ONCE else TALLEST,
    }
    if choose is None:
        st.dataframe(data, **common)
        return
    # A selection is a row number of the table that was clicked on: kept beside it, since the next one may differ.
    st.session_state[f"{key}_rows"] = [choose(row) for row in rows]
    st.dataframe(data, **common, on_select=lambda: _note(key), selection_mode="single-row")


def _note(key: str) -> None:
    of_rows = st.session_state.get(f"{key}_rows", [])
    st.session_state[f"{key}_chosen"] = _row(st.session_state[key].selection.rows, of_rows)


def _row(selected: object, of_rows: Sequence[Any]) -> Any:
    """The row that was clicked on; None for what no click sends: a browser may send any JSON in its place."""
    match selected:
        case [int(number), *_] if not isinstance(number, bool) and 0 <= number < len(of_rows):
            return of_rows[number]
    return None


def chosen(key: str) -> Any:
    """What the last click on table `key` chose; None when nothing is chosen. Call it before drawing the table."""
    return st.session_state.get(f"{key}_chosen")


def _filled(value: Any) -> bool:
    return value is not None and value != "" and value != ()


def _type(column: Shown) -> Any:
    return _TYPES.get(column.kind, pa.float64())


def _plain(column: Shown, row: Any) -> Any:
    value = column.value(row)
    if value is None or column.kind in _TYPES:
        return list(value) if isinstance(value, tuple) else value
    if (column.kind == "money" and isinstance(value, int)) or column.kind == "decimal":
        value = Fraction(value, MICRO)
    return float(value * 100 if column.kind in ("percent", "share") else value)


def _places(values: Sequence[float | None], currency: str) -> int:
    """Decimals of a column of prices: two more where all are below one, or 0.004 would read 0.00."""
    usual = max(currencies.decimals(currency), 1) if currency else 2
    return usual if any(value is not None and abs(value) >= 1 for value in values) else usual + 2


def _config(column: Shown, values: Sequence[Any], currency: str) -> Any:
    c = st.column_config
    told = explanation(column) or None
    common: dict[str, Any] = {"help": told, "pinned": column.pinned or None, "width": column.width}
    label = f"{column.label} ({currency})" if currency and column.kind in ("money", "price") else column.label
    places = currencies.decimals(currency) if currency else 2
    numbers = {
        "count": "%,d",
        "decimal": "%,.2f",
        "money": f"%,.{places}f",
        "percent": "%,.2f%%",
        "times": "%,.2f×",
    }
    if column.kind == "price":
        return c.NumberColumn(label, format=f"%,.{_places(values, currency)}f", **common)
    if column.kind in numbers:
        return c.NumberColumn(label, format=numbers[column.kind], **common)
    if column.kind == "share":
        return c.ProgressColumn(label, format="%.1f%%", min_value=0, max_value=100, **common)
    if column.kind == "day":
        return c.DateColumn(label, format="D MMM YYYY", **common)
    if column.kind in ("moment", "instant"):
        shape = "D MMM, HH:mm" if column.kind == "moment" else "D MMM YYYY, HH:mm:ss"
        return c.DatetimeColumn(label, format=shape, timezone=browser.zone(), **common)
    return c.ListColumn(label, **common) if column.kind == "list" else c.TextColumn(label, **common)
