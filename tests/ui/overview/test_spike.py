"""The day that stands out, and what made it."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums, ratio
from perfdash.ui.overview.spike import day_of, made_by

FIRST = date(2026, 3, 1)


def days(*values: float | None) -> dict[date, Fraction | None]:
    return {FIRST + timedelta(days=n): None if v is None else Fraction(v) for n, v in enumerate(values)}


def group(campaign: str, cost: int, impressions: int) -> Group:
    return Group("EUR", Sums(rows=1, cost=cost * 1_000_000, impressions=impressions), campaign=campaign)


def test_the_highest_day_stands_out_from_one_and_a_half_times_the_usual_on():
    assert day_of(days(2, 2, 2, 3, 2, 2, 2)) == FIRST + timedelta(days=3)
    assert day_of(days(2, 2, 2, 2.9, 2, 2, 2)) is None


def test_few_known_days_say_nothing_of_what_is_usual():
    assert day_of(days(2, 2, 9, None, None, None, None)) is None


def test_a_high_price_is_made_by_the_campaign_without_which_it_would_be_lowest():
    groups = [group("large", 500, 100_000), group("dear", 90, 1_000)]
    made = made_by(groups, lambda sums: ratio("cpm", sums))
    assert made is not None
    assert made.campaign == "dear"


def test_a_high_cost_is_made_by_the_costliest_campaign():
    made = made_by([group("a", 5, 1), group("b", 7, 1)], lambda sums: Fraction(sums.cost or 0))
    assert made is not None
    assert made.campaign == "b"
