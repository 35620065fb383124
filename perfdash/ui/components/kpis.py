"""The parts that pages are made of: headline tiles, and the lines that say what is in view and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from perfdash.presentation import formatting
from perfdash.presentation.kpis import MONEY, Figure
from perfdash.ui.components.charts import CORRECTED, corrected_rows
from perfdash.ui.runtime import reader

MOST_IN_A_ROW = 6
NARROWEST_TILE = 150
_COLORS = {("higher", True): "green", ("higher", False): "red", ("lower", True): "red", ("lower", False): "green"}


def tiles(figures: Sequence[Figure]) -> None:
    """One tile per figure: short on its face, exact in its help. Ten stand in two rows, as do eight."""
    with st.grid(
        len(figures) if len(figures) <= MOST_IN_A_ROW else -(-len(figures) // 2),
        min_column_width=NARROWEST_TILE,
        gap="small",
    ):
        for figure in figures:
            _tile(figure)


def _tile(figure: Figure) -> None:
    st.metric(label(figure), tile_text(figure), help=tile_help(figure), border=True, height="stretch", **delta(figure))


def label(figure: Figure) -> str:
    """Its unit stands in it: beside the number it would be cut off on a narrow tile."""
    named = f"{figure.label} ({figure.currency})" if figure.currency and figure.name in MONEY else figure.label
    return f"{named} {CORRECTED}" if figure.corrected else named


def delta(figure: Figure) -> dict[str, Any]:
    """The change, its arrow and its colour, as `st.metric` takes them; a small change is grey."""
    said = formatting.change(figure.change, figure.unit)
    moved = figure.change is not None and said[0] in f"+{formatting.MINUS}"
    color = _COLORS.get((figure.better, said[0] == "+"), "off") if moved and figure.notable else "off"
    arrow = "off" if not moved else "up" if said[0] == "+" else "down"
    return {"delta": said, "delta_color": color, "delta_arrow": arrow}


def tile_text(figure: Figure) -> str:
    """What a tile shows: short, without the currency that stands in its label."""
    return formatting.digits(figure.value, figure.unit, figure.currency, "short")


def tile_help(figure: Figure) -> str:
    """What it means, all of it, what it leaves out, the two values of its change, or why none is shown."""
    lines = [figure.definition]
    if figure.value is None:
        lines.append("Undefined for what is in view.")
    else:
        lines.append(f"{formatting.figure(figure.value, figure.unit, figure.currency)}.")
    if figure.note:
        lines.append(f"{figure.note[0].upper()}{figure.note[1:]}.")
    if figure.between:
        was, is_ = (formatting.figure(side, figure.unit, figure.currency) for side in figure.between)
        lines.append(f"Changed from {was} to {is_}.")
    if figure.corrected:
        lines.append(f"{corrections(figure.corrected)}.")
    if figure.why:
        lines.append(f"No change is shown: {figure.why}.")
    return "  \n".join(lines)


def corrections(of: Sequence[tuple[str, int]]) -> str:
    """Cost of 2 rows and clicks of 1 row were corrected by your team."""
    told = corrected_rows(of)
    verb = "was" if [name for name, _ in of] == ["cost"] else "were"
    return f"{told[0].upper()}{told[1:]} {verb} corrected by {reader.team()}"
