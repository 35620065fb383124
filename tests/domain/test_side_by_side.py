"""Sides beside each other: amounts only in one currency, and a difference only where it says something."""

from __future__ import annotations

from fractions import Fraction

from perfdash.domain.facts import MICRO
from perfdash.domain.metrics import Sums
from perfdash.domain.side_by_side import ComparedLine, ComparedSide, common_currency, compared, not_reported


def side(label: str = "a", currency: str = "EUR", **sums: int) -> ComparedSide:
    usual = {"rows": 1, "impressions": 1_000, "clicks": 10, "cost": 5 * MICRO}
    return ComparedSide(label, Sums(**(usual | sums)), currency)


def line(name: str, *sides: ComparedSide) -> ComparedLine:
    return next(one for one in compared(sides) if one.name == name)


def test_the_difference_is_that_of_the_last_side_to_the_first() -> None:
    found = line("cost", side(), side(cost=9 * MICRO), side(cost=6 * MICRO))
    assert found.values == (5, 9, 6)
    assert found.change == Fraction(1, 5)


def test_a_percentage_differs_in_points_and_a_multiple_relatively() -> None:
    one, other = side(clicks=10), side(clicks=15)
    assert line("ctr", one, other).change == Fraction(5, 1000)
    one, other = (side(revenue=n * MICRO, cost_of_revenue=5 * MICRO) for n in (5, 10))
    assert line("roas", one, other).change == 1
    assert line("roi", one, other).change == 1, "from 0% to 100%, in points"


def test_no_difference_is_told_against_nothing_or_across_zero() -> None:
    one, other = (side(revenue=n * MICRO, cost_of_revenue=MICRO) for n in (-5, 10))
    assert line("revenue", one, other).change is None
    assert line("cost", side(cost=0), side()).change is None
    assert line("views", side(), side(views=3)).change is None


def test_amounts_stand_only_where_all_sides_share_a_currency() -> None:
    sides = (side(), side(currency="USD"))
    assert common_currency(sides) == ""
    assert [one.name for one in compared(sides)] == ["impressions", "clicks", "ctr"]
    assert "cpm" in [one.name for one in compared((side(), side()))]


def test_without_money_no_line_is_made_of_it_even_where_a_sum_holds_some() -> None:
    names = {one.name for one in compared((side(currency=""), side(currency="")))}
    assert names == {"impressions", "clicks", "ctr"}


def test_cost_per_1000_views_counts_the_cost_of_rows_that_report_views_alone() -> None:
    one = side(cost=100 * MICRO, cost_of_views=20 * MICRO, views=4_000)
    assert line("cost_per_1000_views", one, one).values == (5, 5)


def test_what_no_side_reports_is_named_and_has_no_line() -> None:
    assert not_reported((side(), side(views=1))) == ("Engagements", "Conversions")
    assert "engagements" not in {one.name for one in compared((side(), side(views=1)))}
