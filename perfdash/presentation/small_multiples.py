"""Small bars by day, many beside each other: all on one scale, so that their heights may be compared."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from perfdash.domain.accounts import Days
from perfdash.presentation.charts import at

HEIGHT = 90
_COLOR = "#0f766e"
_DAY_MS = 86_400_000.0


@lru_cache(maxsize=64)
def bars(title: str, days: Days, top: float) -> dict[str, Any]:
    """Table: start and end (from `at`) of each day, value (number), shown (how it reads), told (the day in words).

    `top` is the largest value of all the charts that stand together.
    """
    span = [at(days.start), at(days.end) + _DAY_MS]
    hidden = {"axis": None, "title": None}
    return {
        "height": HEIGHT,
        "mark": {"type": "bar", "color": _COLOR, "binSpacing": 0.5},
        "encoding": {
            "x": {"field": "start", "type": "quantitative", "scale": {"domain": span, "nice": False}, **hidden},
            "x2": {"field": "end"},
            "y": {
                "field": "value",
                "type": "quantitative",
                "scale": {"domain": [0, top or 1.0], "nice": False},
                **hidden,
            },
            "y2": {"datum": 0},
            "tooltip": [
                {"field": "told", "type": "nominal", "title": "Day"},
                {"field": "shown", "type": "nominal", "title": title},
            ],
        },
    }
