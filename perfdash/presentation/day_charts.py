"""A measure per day: stacked bars or straight lines, over what may still change, beside what was known then.

One table feeds all layers; `what` says which layer a row is for. Every place is a number of ours, so that bars keep
their width and the stack its order whatever a theme or a browser makes of dates.

- `part`, a platform's day: `low` and `high` (bars) or `value` (lines), `dashed` and `part` (stretches drawn alike);
- `day`: `value` (the total), `before`, `reported`, and in words `total`, `parts`, `was`, `then`, `finality`,
  `corrected`; `mark` is ✎ or empty, `spike` names what stands out or is empty;
- `still`, days on end that may still change: `start` to `end`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

import altair as alt

from perfdash.domain.accounts import Days
from perfdash.presentation.charts import at, legend, spec_of

NUMBERS = ("start", "noon", "end", "left", "right", "low", "high", "value", "before", "reported")
TEXTS = (
    "what",
    "platform",
    "dashed",
    "part",
    "total",
    "parts",
    "was",
    "then",
    "finality",
    "corrected",
    "mark",
    "spike",
)
"""The fields of the table: numbers and words."""
SELECTED = "day"
"""The name of the selection: the day that was clicked on, by its `start`."""
HEIGHT = 268
_INK = {"light": "#1c2630", "dark": "#e4e9ee"}
_GREY = "#7c8794"
"""At least 3 : 1 on both themes' grounds."""
_GROUND = "#d9b44a"
_MARK = "#b7791f"
_FEWEST_SLOTS = 7
"""One day alone is drawn as wide as a day of a week, not as a slab."""
_MOST_TICKS = 7
_MANY = 60
"""From so many days on, bars touch and lines have no points."""
_DAY_MS = 86_400_000.0
Layer = Any
"""A chart of Altair, whose methods are typed by their own generated classes."""
_SHORT = "abs(datum.value) < 1 ? format(datum.value, '~g') : format(datum.value, '~s')"
_PERCENT = "format(datum.value, '.2~%')"


@dataclass(frozen=True, slots=True)
class Look:
    """How a chart by day looks. `before` and `reported` name what the two thin lines show, '' where there is none.

    `from_zero` False: all values are near to each other, and the axis begins near them. `chosen`: a click on a day is
    told. `theme` is that of the page, for the ink of the total.
    """

    title: str
    platforms: tuple[str, ...]
    days: Days
    form: Literal["bars", "lines"] = "bars"
    percent: bool = False
    from_zero: bool = True
    before: str = ""
    reported: str = ""
    marked: bool = False
    spiked: bool = False
    chosen: bool = False
    theme: Literal["light", "dark"] = "light"


@lru_cache(maxsize=128)
def by_day(look: Look) -> dict[str, Any]:
    """The chart as Vega-Lite, without data."""
    layers = [_ground(look)]
    layers += [_bars(look)] if look.form == "bars" else [*_lines(look)]
    if look.before:
        layers.append(_thin(look, "before", "linear", [2, 2]))
    if look.reported:
        layers.append(_thin(look, "reported", "step" if look.form == "bars" else "linear", [1, 0]))
    if look.marked:
        layers.append(_words(look, "mark", alt.value(0), size=14, color=_MARK, baseline="bottom"))
    if look.spiked:
        layers.append(_words(look, "spike", alt.Y("value:Q"), size=11, color=_INK[look.theme], baseline="bottom"))
    layers.append(_whole_days(look))
    return {"layer": [spec_of(layer) for layer in layers], "height": HEIGHT}


def slot(day: date, days: Days) -> dict[str, float]:
    """Where a day stands: its `start`, `noon` and `end`, and the `left` and `right` edge of its bar."""
    start = at(day)
    gap = 0.0 if len(days) > _MANY else 0.08 * _DAY_MS
    return {
        "start": start,
        "noon": start + _DAY_MS / 2,
        "end": start + _DAY_MS,
        "left": start + gap,
        "right": start + _DAY_MS - gap,
    }


def far_apart(values: list[float]) -> bool:
    """True where an axis from zero leaves the values apart: they differ by more than a seventh."""
    return not values or min(values) <= 0.85 * max(values)


def _only(what: str) -> Layer:
    return alt.Chart(alt.NamedData(name="table")).transform_filter(f"datum.what === '{what}'")


def _x(look: Look, field: str) -> alt.X:
    """All days in view, reported or not: a gap is information. Ticks stand at noon, evenly back from the last day."""
    spare = max(0, _FEWEST_SLOTS - len(look.days))
    first = at(look.days.start) - spare / 2 * _DAY_MS
    last = at(look.days.end) + (1 + spare / 2) * _DAY_MS
    step = -(-len(look.days) // _MOST_TICKS)
    # Backwards, so that the last day keeps its label where not all of them fit.
    ticks = [at(day) + _DAY_MS / 2 for day in look.days.each()[::-1][::step]]
    axis = alt.Axis(
        values=ticks,
        labelExpr="utcFormat(datum.value, '%-d %b')",
        labelOverlap="parity",
        labelFlush=False,
        labelBound=False,
        labelLimit=0,
        grid=False,
        ticks=True,
    )
    return alt.X(f"{field}:Q", title=None, axis=axis, scale=alt.Scale(domain=[first, last], nice=False, zero=False))


def _y(look: Look, field: str) -> alt.Y:
    """Short numbers; the unit stands in the title above the chart, where it costs no width."""
    axis = alt.Axis(labelExpr=_PERCENT if look.percent else _SHORT, tickCount=5, labelLimit=0)
    return alt.Y(f"{field}:Q", title=None, axis=axis, scale=alt.Scale(zero=look.from_zero, nice=True))


def _color(look: Look) -> alt.Color:
    """Each platform keeps its colour whatever is filtered: the scale names all of them, the legend too."""
    return alt.Color(
        "platform:N", title=None, scale=alt.Scale(domain=list(look.platforms)), legend=legend(look.platforms)
    )


def _ground(look: Look) -> Layer:
    """Days that may still change stand on a tinted ground: one shape however many they are, at any width."""
    return (
        _only("still")
        .mark_rect(color=_GROUND, opacity=0.16)
        .encode(x=_x(look, "start"), x2="end:Q", y=alt.value(0), y2=alt.value("height"))
    )


def _bars(look: Look) -> Layer:
    return (
        _only("part")
        .mark_bar()
        .encode(
            x=_x(look, "left"),
            x2="right:Q",
            y=_y(look, "low"),
            y2="high:Q",
            color=_color(look),
            fillOpacity=alt.condition("datum.dashed === 'no'", alt.value(1), alt.value(0.55)),
        )
    )


def _lines(look: Look) -> list[Layer]:
    """Platforms pale, the total in ink; straight, since nothing is known between two days."""
    pale = (
        _only("part")
        .mark_line(strokeWidth=1.75, opacity=0.75, point=_point(look, 14))
        .encode(
            x=_x(look, "noon"),
            y=_y(look, "value"),
            color=_color(look),
            detail="part:N",
            strokeDash=_dash(),
        )
    )
    if len(look.platforms) < 2:
        return [pale]
    ink = _INK[look.theme]
    point = alt.OverlayMarkDef(size=_point(look, 20).size, color=ink)
    total = (
        _only("day").mark_line(strokeWidth=2.25, color=ink, point=point).encode(x=_x(look, "noon"), y=_y(look, "value"))
    )
    return [pale, total]


def _dash() -> alt.StrokeDash:
    return alt.StrokeDash("dashed:N", scale=alt.Scale(domain=["no", "yes"], range=[[1, 0], [4, 3]]), legend=None)


def _point(look: Look, size: int) -> alt.OverlayMarkDef:
    """A day between two undefined ones is a point: a line alone would not show it."""
    return alt.OverlayMarkDef(size=size if len(look.days) <= _MANY else 4)


def _thin(look: Look, field: str, shape: Literal["linear", "step"], dash: list[int]) -> Layer:
    """The period before, or the outline of what was known then."""
    color = _GREY if field == "before" else _INK[look.theme]
    return (
        _only("day")
        .mark_line(strokeWidth=1.25, color=color, interpolate=shape, strokeDash=dash)
        .encode(x=_x(look, "noon"), y=_y(look, field))
    )


def _words(look: Look, field: str, y: alt.Y | Any, *, size: int, color: str, baseline: Any) -> Layer:
    return (
        _only("day")
        .transform_filter(f"datum.{field} !== ''")
        .mark_text(baseline=baseline, fontSize=size, color=color, dy=-6 if field == "spike" else 0)
        .encode(x=_x(look, "noon"), y=y, text=f"{field}:N")
    )


def _whole_days(look: Look) -> Layer:
    """Over everything, unseen: wherever the pointer stands on a day, that day is told, and clicked on."""
    told = [
        ("total", look.title),
        ("parts", "Platforms"),
        ("then", look.reported),
        ("was", look.before),
        ("finality", "Finality"),
        ("corrected", "Corrected"),
    ]
    day = alt.Tooltip("day:N", title="Day")
    chart = (
        _only("day")
        .transform_calculate(day="utcFormat(datum.start, '%a %-d %b %Y')")
        .mark_rect(opacity=0, cursor="pointer" if look.chosen else "default")
        .encode(
            x=_x(look, "start"),
            x2="end:Q",
            y=alt.value(0),
            y2=alt.value("height"),
            tooltip=[day, *(alt.Tooltip(f"{field}:N", title=title) for field, title in told if title)],
            description=alt.Description("total:N"),
        )
    )
    if not look.chosen:
        return chart
    clicked: alt.Chart = chart.add_params(alt.selection_point(name=SELECTED, fields=["start"], on="click", clear=False))
    return clicked


def chosen_day(selection: Any, days: Days) -> date | None:
    """The day of `days` that a browser's selection names; None for all else: it may send any JSON."""
    match selection:
        case [{"start": int() | float() as start}, *_] if not isinstance(start, bool):
            return next((day for day in days.each() if at(day) == start), None)
    return None
