"""Pacing as bullets: a bar for what is spent, a tick for the time that is over, and the band in words beside them.

Table, one row per campaign in the order drawn: `name` (in lines of `NAME_LINE` characters), `said` in words, `spent`
and `elapsed` as fractions, `band`, `words` beside the bar, and in words `of_budget`, `planned`, `forecast`, `daily` for
the tooltip.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import altair as alt

from perfdash.presentation.charts import spec_of

FIELDS = ("name", "said", "spent", "elapsed", "band", "words", "of_budget", "planned", "forecast", "daily")
FARTHEST = 1.5
"""Where the bar of what overspends most ends; its words tell the rest."""
_ROW = 38
_NAME_LINE, _NAME_LINES = 24, 2
_ROOM_FOR_WORDS = 0.75
"""In budgets: of the longest words, also in a narrow chart."""
_COLORS = {
    "stalled": "#b3403a",
    "over": "#b3403a",
    "slow": "#c46f1d",
    "fast": "#c46f1d",
    "on pace": "#2b8a6e",
    "ended": "#8a94a0",
    "not started": "#8a94a0",
}
"""At least 3 : 1 on both themes' grounds."""
_INK = {"light": "#1c2630", "dark": "#e4e9ee"}
_LABEL = 11


@lru_cache(maxsize=32)
def bullets(names: tuple[str, ...], farthest: float, theme: Literal["light", "dark"]) -> dict[str, Any]:
    """The chart as Vega-Lite, without data: `names` from top to bottom, as `wrapped` makes them; bars to `farthest`."""
    base = alt.Chart(alt.NamedData(name="table"))
    y = alt.Y(
        "name:N",
        title=None,
        sort=list(names),
        axis=alt.Axis(
            labelExpr="split(datum.label, '\\n')",
            labelLimit=0,
            labelFontSize=_LABEL,
            labelColor=_INK[theme],
            labelOverlap=False,
            ticks=False,
            domain=False,
        ),
    )
    layers = [
        base.mark_bar(height=12, color="#8a94a0", opacity=0.18).encode(y=y, x=_x("whole", farthest), tooltip=_tips()),
        base.mark_bar(height=8).encode(
            y=y,
            x=_x("spent", farthest),
            color=alt.Color("band:N", legend=None, scale=alt.Scale(domain=list(_COLORS), range=list(_COLORS.values()))),
            tooltip=_tips(),
            description=alt.Description("said:N"),
        ),
        base.mark_tick(thickness=2.5, size=20, color=_INK[theme]).encode(
            y=y, x=_x("elapsed", farthest), tooltip=_tips()
        ),
        base.mark_text(align="left", dx=8, fontSize=_LABEL, color=_INK[theme]).encode(
            y=y, x=_x("reach", farthest), text="words:N", tooltip=_tips()
        ),
    ]
    return {"layer": [spec_of(layer) for layer in layers], "height": max(2, len(names)) * _ROW}


def reach(spent: float, elapsed: float) -> dict[str, float]:
    """Where a row's marks stand: the `whole` budget, what is `spent`, the time `elapsed`, and the end of all three."""
    drawn = min(max(spent, 0.0), FARTHEST)
    return {"whole": 1.0, "spent": drawn, "elapsed": elapsed, "reach": max(1.0, drawn)}


def wrapped(name: str) -> str:
    """A name in at most two lines; its end is kept, which tells seasons and years apart."""
    lines = textwrap.wrap(" ".join(name.split()), _NAME_LINE) or [name]
    if len(lines) <= _NAME_LINES:
        return "\n".join(lines)
    return f"{lines[0]}\n…{' '.join(lines[1:])[-_NAME_LINE + 1 :]}"


def _x(field: str, farthest: float) -> alt.X:
    axis = alt.Axis(values=[0, 0.5, 1], format=".0%", grid=True, labelLimit=0, domain=False, ticks=False)
    scale = alt.Scale(domain=[0, farthest + _ROOM_FOR_WORDS], nice=False)
    return alt.X(f"{field}:Q", title=None, axis=axis, scale=scale)


def _tips() -> Sequence[alt.Tooltip]:
    told = {
        "name": "Campaign",
        "words": "Pace",
        "of_budget": "Spent",
        "planned": "Planned to date",
        "forecast": "At this pace",
        "daily": "To land on budget",
    }
    return [alt.Tooltip(f"{field}:N", title=title) for field, title in told.items()]
