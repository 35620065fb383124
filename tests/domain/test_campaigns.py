"""A budget of a day is no budget of a flight."""

from __future__ import annotations

from datetime import date

from perfdash.domain.campaigns import whole_budget

FIRST, TENTH = date(2026, 11, 1), date(2026, 11, 10)


def test_a_budget_of_the_whole_flight_stays_as_it_is() -> None:
    assert whole_budget(100, None, None, None) == 100


def test_a_daily_budget_counts_for_each_day_of_the_flight() -> None:
    assert whole_budget(100, "daily", FIRST, TENTH) == 1_000
    assert whole_budget(100, "daily", FIRST, FIRST) == 100


def test_a_daily_budget_of_an_unknown_or_impossible_flight_is_no_budget() -> None:
    assert whole_budget(100, "daily", None, TENTH) is None
    assert whole_budget(100, "daily", FIRST, None) is None
    assert whole_budget(100, "daily", TENTH, FIRST) is None
