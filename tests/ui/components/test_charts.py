"""What the charts are fed with: stretches of a line that can still move, and marks of corrected days."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from perfdash.domain.accounts import Days
from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums
from perfdash.ui.components.charts import ChartPoint, Drawing, _rows, _stretches

FIRST = date(2026, 3, 1)


def line(dashed: str) -> list[ChartPoint]:
    """One point a day; x is one that can still move."""
    return [
        ChartPoint(FIRST + timedelta(days=n), "TikTok", Fraction(n), str(n), mark == "x")
        for n, mark in enumerate(dashed)
    ]


def stretches(dashed: str) -> list[tuple[bool, str]]:
    """(dashed, the days it reaches over), in order."""
    found: dict[int, tuple[bool, str]] = {}
    for point in _stretches(line(dashed)):
        found[point.part] = (point.dashed, found.get(point.part, (False, ""))[1] + point.shown)
    return list(found.values())


def test_a_line_that_cannot_move_is_one_stretch() -> None:
    assert stretches("---") == [(False, "012")]


def test_a_dashed_stretch_begins_at_the_last_final_day_so_that_the_line_is_not_torn() -> None:
    assert stretches("--xx") == [(False, "01"), (True, "123")]


def test_a_dashed_stretch_in_the_middle_reaches_to_both_neighbours_and_the_solid_ones_stay_apart() -> None:
    assert stretches("-xx--") == [(False, "0"), (True, "0123"), (False, "34")]


def test_a_corrected_day_is_marked_once_whatever_the_platforms() -> None:
    groups = tuple(
        Group("EUR", Sums(rows=2, cost=1, corrected=corrected, corrected_cost=corrected), platform=platform, day=FIRST)
        for platform, corrected in (("Instagram", 0), ("TikTok", 2))
    )
    drawing = Drawing(groups, Days(FIRST, FIRST), ("Instagram", "TikTok"), {FIRST: "open"})
    points = [ChartPoint(FIRST, platform, Fraction(1), "1") for platform in ("Instagram", "TikTok")]
    rows = list(_rows(points, drawing.moving, drawing.corrected("cpm")))
    assert [row["mark"] for row in rows] == ["✎", ""]
    assert [row["corrected"] for row in rows] == ["no row", "cost of 2 rows"]
    assert {row["finality"] for row in rows} == {"open"}
    assert drawing.corrected("impressions") == {}
