"""The sides beside each other: a row for each measure, a column for each side, and the difference last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from perfdash.domain.side_by_side import ComparedLine, ComparedSide, common_currency, compared, in_points, not_reported
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import cards
from perfdash.ui.components.tables import Shown, draw


def side_by_side(sides: Sequence[ComparedSide]) -> None:
    """The table, on a phone a card for each measure, and what is left out."""
    currency = common_currency(sides)
    _say_currencies(sides, currency)
    about = "of the last to the first; pts are points of a percentage"
    columns = (
        *(Shown(f"side_{n}", side.label, "figure", _value(n, currency)) for n, side in enumerate(sides)),
        Shown("difference", "Difference", "figure", _difference, about),
    )
    lines = compared(sides)
    with st.container(key="wide_compared"):
        measure = Shown("measure", "Measure", "text", lambda line: line.label, pinned=True)
        draw(lines, (measure, *columns), alt="Measures side by side", key="compared")
    each = [(line.label, "", [(column.label, column.value(line)) for column in columns]) for line in lines]
    cards.draw(each, len(each), key="compared")
    lacking = not_reported(sides)
    if lacking:
        st.caption(f"Reported by none of them: {formatting.enumerate_names([one.lower() for one in lacking], 9)}.")
    if any(value is None for line in lines for value in line.values):
        st.caption(f"{formatting.UNDEFINED} is undefined: nothing in view reports it, or its denominator is 0.")


def _value(n: int, currency: str) -> Callable[[Any], str]:
    def shown(line: ComparedLine) -> str:
        unit = formatting.unit_of(line.name) if line.name != "cost_per_1000_views" else "price"
        return formatting.figure(line.values[n], unit, currency)

    return shown


def _difference(line: ComparedLine) -> str:
    return formatting.change(line.change, "percent" if in_points(line.name) else "count")


def _say_currencies(sides: Sequence[ComparedSide], common: str) -> None:
    """Why amounts are missing, where they are."""
    found = sorted({side.currency for side in sides if side.currency})
    if not common and len(found) > 1:
        named = formatting.enumerate_names(found)
        st.caption(escape_markdown(f"Without amounts: these are in {named}, which cannot be compared.", 200))
