"""Six figures of one currency: short and exact, how they changed, how they went, and what was reported of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from perfdash.domain.pacing import Pace, together
from perfdash.presentation import formatting, kpis
from perfdash.presentation.escaping import escape_markdown
from perfdash.presentation.kpis import Figure, Total
from perfdash.presentation.pacing import OFF_PACE
from perfdash.ui.campaigns.headline import Headline
from perfdash.ui.components import kpis as tile_texts
from perfdash.ui.overview.pacing import Paced
from perfdash.ui.overview.snapshot import Snapshot, total

SIX = ("cost", "impressions", "cpm", "ctr", "roas")
"""Beside the pace, which has no sums of its own."""
WITHOUT_MONEY = ("impressions", "clicks", "ctr", "views", "engagement_rate", "campaigns")
NARROWEST = 118


@dataclass(frozen=True, slots=True)
class _Tile:
    """One tile. `lines` stand under its number, `spark` are its values by day."""

    name: str
    label: str
    face: str
    lines: tuple[str, ...]
    spark: tuple[float, ...]
    help: str
    delta: Mapping[str, Any]


def tiles(found: Headline, shot: Snapshot, paced: Sequence[Paced], then: Sequence[Paced]) -> None:
    """One row. Without money the pace, which is made of it, is none of them. `then`: `paced` as reported."""
    money = shot.question.principal.money
    row = [_tile(figure, shot) for figure in _figures(found, shot)]
    if money:
        row.append(_pace_tile([pace for _, pace in paced], [pace for _, pace in then]))
    with st.grid(len(row), min_column_width=NARROWEST, wrap=False, gap="small", key="tiles"):
        for tile in row:
            _draw(tile)


def _figures(found: Headline, shot: Snapshot) -> list[Figure]:
    sides = (found.now, found.before, found.current)
    if shot.question.principal.money:
        now, before, current = (side.of(shot.currency) if side else None for side in sides)
        return kpis.figures(SIX, now or Total(shot.currency, total(())), before, current, found.why)
    now, before, current = (side.together if side else None for side in sides)
    return kpis.figures(WITHOUT_MONEY, now or Total("", total(())), before, current, found.why)


def _tile(figure: Figure, shot: Snapshot) -> _Tile:
    exact = formatting.figure(figure.value, figure.unit, figure.currency)
    face = tile_texts.tile_text(figure)
    shortened = face != formatting.digits(figure.value, figure.unit, figure.currency)
    lines = [exact if shortened else "", *_reported(figure, shot), _note(figure)]
    return _Tile(
        figure.name,
        tile_texts.label(figure),
        face,
        tuple(line for line in lines if line),
        _spark(figure.name, shot),
        tile_texts.tile_help(figure),
        tile_texts.delta(figure),
    )


def _note(figure: Figure) -> str:
    """A figure that does not speak of all says so where it stands, not only to who hovers: for 88.2% of the cost."""
    told = figure.note.partition(",")[0].removeprefix("covers ")
    return escape_markdown(f"for {told}") if told else ""


def _reported(figure: Figure, shot: Snapshot) -> tuple[str, ...]:
    """Of the days that were complete at the earlier moment: what was known then, and what is known now."""
    now = shot.comparable
    if now is None or figure.name == "campaigns":
        return ()
    sides = (kpis.value(figure.name, Total(figure.currency, side)) for side in (total(shot.then.values()), now))
    was, is_ = (formatting.digits(side, figure.unit, figure.currency) for side in sides)
    return f"reported {was}", f"now {is_}"


def _spark(name: str, shot: Snapshot) -> tuple[float, ...]:
    if name == "campaigns" or len(shot.days) < 2:
        return ()
    values = (kpis.value(name, Total(shot.currency, sums)) for _, sums in sorted(shot.by_whole_day.items()))
    return tuple(float(value) for value in values if value is not None)


def _pace_tile(paces: Sequence[Pace], then: Sequence[Pace]) -> _Tile:
    """All budgets of the currency together: what was spent of what was planned by now, and how many are off pace."""
    found, earlier = together(paces), together(then)
    bands = Counter(pace.band for pace in found.running)
    off = [f"{bands[band]} {band}" for band in OFF_PACE if bands[band]]
    now, was = (formatting.figure(some.index, "percent") for some in (found, earlier))
    lines = [", ".join(off) or ("all on pace" if found.running else "no budget in flight")]
    lines += [f"reported {was}"] if earlier.running else []
    return _Tile(
        "pace",
        "Pace",
        now,
        tuple(line for line in lines if line),
        (),
        "What was spent of what the budgets planned by the last complete day, over all campaigns whose flight goes on.",
        {},
    )


def _draw(tile: _Tile) -> None:
    chart: dict[str, Any] = {"chart_data": tile.spark, "chart_type": "area"} if len(tile.spark) > 1 else {}
    with st.container(border=True, height="stretch", gap="xsmall", key=f"tile_{tile.name}"):
        st.metric(tile.label, tile.face, help=tile.help, **tile.delta, **chart)
        st.caption("  \n".join(tile.lines))


def about(shot: Snapshot) -> str:
    """What "reported" means in the tiles; '' where nothing can be reported."""
    if shot.base is None:
        return ""
    if shot.compared_days is None:
        return f"None of these days was complete on {shot.base.name}, so none was reported then"
    return f"Reported: {formatting.days(shot.compared_days)} as known on {shot.base.name}; now: the same days"
