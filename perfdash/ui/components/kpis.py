"""The parts that pages are made of: headline tiles, and the lines that say what is in view and how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from perfdash.domain import metrics
from perfdash.domain.metrics import METRICS, rounded
from perfdash.presentation import formatting
from perfdash.presentation.kpis import MONEY, Figure
from perfdash.ui.components.charts import CORRECTED

MOST_IN_A_ROW = 6
NARROWEST_TILE = 150
_COLORS = {"higher": "normal", "lower": "inverse", "neutral": "off"}


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
    # The unit stands in the label: beside the number it would be cut off on a narrow tile.
    label = f"{figure.label} ({figure.currency})" if figure.currency and figure.name in MONEY else figure.label
    if figure.corrected:
        label += f" {CORRECTED}"
    delta = _delta(figure)
    moved = delta[0] in "+-"
    st.metric(
        label,
        tile_text(figure),
        delta,
        delta_color=_COLORS[figure.better] if moved and figure.notable else "off",  # type: ignore[arg-type]
        delta_arrow="auto" if moved else "off",
        help=tile_help(figure),
        border=True,
        height="stretch",
    )


def tile_text(figure: Figure) -> str:
    """What a tile shows."""
    if figure.kind == "count":
        return formatting.number(figure.value) if (figure.value or 0) < 100_000 else formatting.compact(figure.value)
    if figure.kind == "percent":
        return formatting.percent(figure.value)
    if figure.kind == "times":
        return formatting.times(figure.value)
    amount = formatting.unit_price if figure.name in METRICS else formatting.compact_money
    return amount(figure.value, figure.currency).removesuffix(f"{formatting.GAP}{figure.currency}")


def _delta(figure: Figure) -> str:
    """Streamlit reads the direction off an ASCII minus."""
    if figure.change is None:
        return formatting.UNDEFINED
    unit = " pts" if figure.in_points else "%"
    told = f"{float(round(figure.change * 100, 1)):+.1f}"
    return (told[1:] if told in ("+0.0", "-0.0") else told) + unit


def tile_help(figure: Figure) -> str:
    """What it means, its exact value, what it leaves out, the two values of its change, or why none is shown."""
    lines = [figure.definition]
    if figure.value is None:
        lines.append("Undefined for what is in view.")
    else:
        places = 0 if figure.kind == "count" else 6 if figure.kind == "money" else 8
        unit = figure.currency if figure.kind == "money" else ""
        lines.append(f"Exactly {metrics.text(rounded(figure.value, places))} {unit}".rstrip() + ".")
    if figure.note:
        lines.append(f"{figure.note[0].upper()}{figure.note[1:]}.")
    if figure.between:
        was, is_ = (tile_text(replace(figure, value=side)) for side in figure.between)
        lines.append(f"Changed from {was} to {is_}.")
    if figure.corrected:
        lines.append(f"{corrections(figure.corrected)}.")
    if figure.why:
        lines.append(f"No change is shown: {figure.why}.")
    return "  \n".join(lines)


def corrections(rows: int) -> str:
    """2 rows here were corrected by your team"""
    return f"{formatting.plural(rows, 'row')} here {'was' if rows == 1 else 'were'} corrected by your team"
