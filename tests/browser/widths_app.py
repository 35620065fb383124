"""A page that draws one table twice, as pages do and with room to spare; the address says which: ?currency=JPY&at=3.

The row `at` holds the largest value of every column among small ones, and the one after it a negative one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction
from functools import partial
from typing import Any

import streamlit as st

from perfdash.ui.components import tables
from perfdash.ui.components.tables import Shown, draw

ROWS = 5
GENEROUS = 480
_DIGITS = 987_654_321_987
_NAME = "Röstfrisch Abo – Awareness Burst Summer 26"


@dataclass(frozen=True)
class Row:
    """What every column of a row is made of: a number of units, and texts."""

    size: int
    name: str = "Abo"
    currency: str = ""

    def of(self, over: int) -> Fraction:
        """The number, small enough for its unit."""
        return Fraction(self.size, over)


def _columns() -> list[Shown]:
    return [
        Shown("name", "Campaign", "text", lambda row: row.name, pinned=True, link=lambda row: f"./campaign?{row.name}"),
        Shown("count", "Impressions", "count", lambda row: row.size),
        Shown("money", "Cost", "money", lambda row: row.of(1)),
        Shown("price", "CPM", "price", lambda row: row.of(7)),
        Shown("small", "CPV", "price", lambda row: row.of(10**14)),
        Shown("signed", "Difference", "money", lambda row: row.of(1), signed=True),
        Shown("percent", "CTR", "percent", lambda row: row.of(10**6)),
        Shown("times", "ROAS", "times", lambda row: row.of(3)),
        Shown("parts", "Conversions", "millionths", lambda row: row.of(8)),
        Shown("change", "Change", "change", lambda row: row.of(10**7)),
        Shown("points", "Points", "points", lambda row: row.of(10**7)),
        Shown("figure", "Then", "figure", lambda row: f"{row.size:,} of {row.name}"),
        Shown("text", "Client", "text", lambda row: row.name),
        Shown("day", "Day", "day", lambda row: date(2026, 9, 30) if row.size > 10**6 else date(2026, 1, 1)),
        Shown("moment", "Fetched", "moment", lambda row: datetime(2025, 9, 30, 23, row.size % 60, tzinfo=UTC)),
    ]


def _dataframe(original: Any, generous: bool, data: Any, *, column_config: dict[str, Any], **more: Any) -> Any:
    """Streamlit's own, exactly as wide as its columns, which would else be stretched over the page."""
    if generous:
        column_config = {name: {**column, "width": GENEROUS} for name, column in column_config.items()}
    width = sum(column["width"] for column in column_config.values()) + 2
    st.session_state.setdefault("_widths", []).append([column["width"] for column in column_config.values()])
    return original(data, column_config=column_config, width=width, **more)


def _page() -> None:
    st.set_page_config(layout="wide")
    currency, at = st.query_params.get("currency", "EUR"), int(st.query_params.get("at", "0"))
    rows = [Row(3 + n, currency=currency) for n in range(ROWS)]
    rows[at] = Row(_DIGITS, _NAME, currency)
    rows[(at + 1) % ROWS] = Row(-_DIGITS, "売上キャンペーン WWW", currency)
    st.session_state["_widths"] = []
    original = st.dataframe
    for generous in (False, True):
        tables.st.dataframe = partial(_dataframe, original, generous)  # type: ignore[attr-defined]
        try:
            draw(rows, _columns(), alt="Drawn", key=f"table_{generous}", currency=currency)
        finally:
            tables.st.dataframe = original  # type: ignore[attr-defined]
    st.code(json.dumps(st.session_state["_widths"]), language=None)
    st.caption("drawn")


_page()
