"""What the charts are fed with: stretches of a line that can still move, and marks of corrected days."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from perfdash.domain.accounts import Days
from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums
from perfdash.ui.components.day_charts import ChartPoint, DayChart, Drawing, _days, _stacked, _stretches

FIRST = date(2026, 3, 1)


def line(dashed: str) -> list[ChartPoint]:
    """One point a day; x is one that can still move."""
    return [ChartPoint(FIRST + timedelta(days=n), "TikTok", Fraction(n), mark == "x") for n, mark in enumerate(dashed)]


def stretches(dashed: str) -> list[tuple[bool, str]]:
    """(dashed, the days it reaches over), in order."""
    found: dict[int, tuple[bool, str]] = {}
    for point in _stretches(line(dashed)):
        found[point.part] = (point.dashed, found.get(point.part, (False, ""))[1] + str(point.value))
    return list(found.values())


def test_a_line_that_cannot_move_is_one_stretch() -> None:
    assert stretches("---") == [(False, "012")]


def test_a_dashed_stretch_begins_at_the_last_final_day_so_that_the_line_is_not_torn() -> None:
    assert stretches("--xx") == [(False, "01"), (True, "123")]


def test_a_dashed_stretch_in_the_middle_reaches_to_both_neighbours_and_the_solid_ones_stay_apart() -> None:
    assert stretches("-xx--") == [(False, "0"), (True, "0123"), (False, "34")]


def drawing(**more: object) -> Drawing:
    """Two days of two platforms; the second day can still move, and TikTok's second cost was set by a person."""
    groups = tuple(
        Group(
            "EUR",
            Sums(rows=2, cost=cost * 1_000_000, impressions=1_000, corrected=corrected, corrected_cost=corrected),
            platform=platform,
            day=FIRST + timedelta(days=n),
        )
        for n, platform, cost, corrected in (
            (0, "Instagram", 1, 0),
            (0, "TikTok", 2, 0),
            (1, "Instagram", 4, 0),
            (1, "TikTok", -3, 2),
        )
    )
    days = Days(FIRST, FIRST + timedelta(days=1))
    return Drawing(groups, days, ("Instagram", "TikTok"), {days.end: "open"}, **more)  # type: ignore[arg-type]


def of(what: str, chart: DayChart) -> list[dict[str, object]]:
    return [row for row in _days(chart) if row["what"] == what]


def test_a_corrected_day_is_marked_once_whatever_the_platforms_and_only_where_the_correction_counts() -> None:
    marks = [(row["mark"], row["corrected"]) for row in of("day", DayChart("cpm", "EUR", drawing()))]
    assert marks == [("", "no row"), ("✎", "cost of 2 rows")]
    assert {row["mark"] for row in of("day", DayChart("impressions", "", drawing()))} == {""}


def test_a_day_tells_the_total_and_each_platform() -> None:
    first, second = of("day", DayChart("cost", "EUR", drawing()))
    assert (first["total"], first["value"], first["finality"]) == ("3.00\u00a0EUR", 3.0, "final")
    assert first["parts"] == "Instagram 1.00\u00a0EUR, TikTok 2.00\u00a0EUR"
    assert second["finality"] == "open"


def test_a_days_ratio_is_of_the_days_sums() -> None:
    first, _ = of("day", DayChart("cpm", "EUR", drawing()))
    assert first["value"] == 1.5


def test_days_on_end_that_may_change_are_one_ground() -> None:
    (ground,) = of("still", DayChart("cost", "EUR", drawing()))
    assert ground["end"] == ground["start"] + 86_400_000  # type: ignore[operator]


def test_what_was_and_what_was_known_then_stand_beside_their_day() -> None:
    then, was = {FIRST: Sums(rows=1, cost=2_500_000)}, {FIRST: Sums(rows=1, cost=9_000_000)}
    first, second = of("day", DayChart("cost", "EUR", drawing(reported=then, before=was)))
    assert (first["reported"], first["then"], first["before"], first["was"]) == (
        2.5,
        "2.50\u00a0EUR",
        9.0,
        "9.00\u00a0EUR",
    )
    assert (second["reported"], second["then"]) == (None, "–")


def test_a_platforms_bar_stands_on_those_before_it_and_a_credit_hangs_below_zero() -> None:
    chart = DayChart("cost", "EUR", drawing())
    stacked = _stacked([point for point in chart.points if point.value is not None], chart.drawing.days)
    assert [(row["platform"], row["low"], row["high"]) for row in stacked] == [
        ("Instagram", 0.0, 1.0),
        ("Instagram", 0.0, 4.0),
        ("TikTok", 1.0, 3.0),
        ("TikTok", 0.0, -3.0),
    ]
