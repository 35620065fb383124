"""Pacing is time: what was spent against what was planned for the days that are over."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Days
from perfdash.domain.facts import MICRO
from perfdash.domain.pacing import Band, Pace, is_silent, pace

START = date(2026, 11, 1)
TEN_DAYS = Days(START, date(2026, 11, 10))


def day(number: int) -> date:
    """The day of November; 0 is 31 October."""
    return START + timedelta(days=number - 1)


def found(
    budget: int = 100, spent: int = 57, last7: int | None = None, last: int | None = 6, complete: int | None = 6
) -> Pace:
    """The pace in a flight of 1 to 10 November, amounts in currency units."""
    one = pace(
        budget * MICRO,
        TEN_DAYS,
        spent * MICRO,
        (spent if last7 is None else last7) * MICRO,
        None if last is None else day(last),
        None if complete is None else day(complete),
    )
    assert one is not None
    return one


def test_the_worked_case_57_of_60_planned_after_6_of_10_days_is_95_percent() -> None:
    one = found()
    assert one.planned == 60 * MICRO
    assert one.index == Fraction(95, 100)
    assert one.band == "on pace"
    assert (one.share_spent, one.share_elapsed) == (Fraction(57, 100), Fraction(6, 10))
    assert one.forecast == 95 * MICRO, "9.5 a day for four more days"
    assert one.daily_to_land == Fraction(43 * MICRO, 4)


@pytest.mark.parametrize(
    ("spent", "band"),
    [(53, "slow"), (54, "on pace"), (60, "on pace"), (66, "on pace"), (67, "fast"), (100, "fast"), (101, "over")],
)
def test_the_bands_include_their_edges_and_over_is_above_the_whole_budget(spent: int, band: Band) -> None:
    assert found(spent=spent).band == band


@pytest.mark.parametrize(
    ("last", "complete", "band"),
    [
        (3, 6, "stalled"),
        (4, 6, "on pace"),
        (None, 6, "stalled"),
        (None, 2, "fast"),
        (None, 3, "stalled"),
        (7, 6, "on pace"),
        (6, 10, "ended"),
    ],
)
def test_three_complete_days_of_the_flight_without_delivery_are_a_stall(
    last: int | None, complete: int, band: Band
) -> None:
    assert found(last=last, complete=complete, spent=57 if complete == 6 else 30).band == band


def test_a_stalled_campaign_names_the_last_day_on_which_it_delivered() -> None:
    assert found(last=2).stalled_since == day(2)
    assert found(last=6).stalled_since is None


def test_what_spent_its_whole_budget_and_stopped_is_not_stalled() -> None:
    assert found(spent=100, last=2).band == "fast"


def test_before_the_first_day_is_over_nothing_is_planned_and_no_index_is_told() -> None:
    for complete in (0, None):
        one = found(spent=0, complete=complete, last=None)
        assert (one.band, one.planned, one.index, one.forecast) == ("not started", 0, None, 0)
        assert one.daily_to_land == 10 * MICRO


def test_after_the_end_the_forecast_is_what_was_spent_and_no_day_is_left_to_land_it() -> None:
    one = found(spent=90, complete=15, last=10)
    assert (one.band, one.forecast, one.daily_to_land) == ("ended", 90 * MICRO, None)
    assert found(spent=107, complete=15, last=10).band == "over"


def test_the_rate_is_that_of_the_last_seven_days_and_of_fewer_in_a_young_flight() -> None:
    assert found(spent=80, last7=70, complete=8, last=8).forecast == 100 * MICRO
    assert found(spent=30, last7=30, complete=3, last=3).forecast == 100 * MICRO


def test_without_a_budget_or_a_flight_there_is_no_pace() -> None:
    assert pace(None, TEN_DAYS, 1, 1, None, day(6)) is None
    assert pace(0, TEN_DAYS, 1, 1, None, day(6)) is None
    assert pace(100, None, 1, 1, None, day(6)) is None
    assert pace(100, TEN_DAYS, 1, 1, None, day(6), active_days=()) is None


def test_only_active_days_are_planned_for_where_the_flight_says_so() -> None:
    weekdays = [one for one in TEN_DAYS.each() if one.weekday() < 5]  # 1 November 2026 is a Sunday
    one = pace(70 * MICRO, TEN_DAYS, 50 * MICRO, 50 * MICRO, day(6), day(6), weekdays)
    assert one is not None
    assert (one.elapsed, one.length, one.planned) == (5, 7, 50 * MICRO)
    assert (one.index, one.forecast) == (1, 70 * MICRO)
    assert not is_silent(TEN_DAYS, day(6), day(9), weekdays), "9 November is the first weekday after the 6th"


amounts = st.integers(-(10**12), 10**15)
flights = st.tuples(st.integers(0, 400), st.integers(0, 400)).map(lambda pair: Days(day(pair[0]), day(sum(pair))))
days_or_none = st.none() | st.integers(-30, 900).map(day)


@given(st.integers(1, 10**15), flights, amounts, amounts, days_or_none, days_or_none)
def test_a_pace_adds_up(
    budget: int, flight: Days, spent: int, last7: int, last: date | None, complete: date | None
) -> None:
    one = pace(budget, flight, spent, last7, last, complete)
    assert one is not None
    assert 0 <= one.elapsed <= one.length == len(flight)
    assert one.planned == budget * one.share_elapsed
    assert (one.index is None) == (one.elapsed == 0)
    if one.index is not None:
        assert one.index * one.planned == spent
    if one.daily_to_land is not None and spent <= budget:
        assert spent + one.daily_to_land * (one.length - one.elapsed) == budget
    if one.elapsed == one.length:
        assert one.forecast == spent
    assert (one.band == "over") == (spent > budget)
    assert one.at_stake >= 0


@given(st.integers(1, 10**15), flights, st.integers(0, 10**15), st.integers(1, 1000), days_or_none)
def test_a_pace_does_not_depend_on_the_currency_that_money_is_counted_in(
    budget: int, flight: Days, spent: int, rate: int, complete: date | None
) -> None:
    one = pace(budget, flight, spent, spent, complete, complete)
    other = pace(budget * rate, flight, spent * rate, spent * rate, complete, complete)
    assert one is not None
    assert other is not None
    assert (one.index, one.band, one.at_stake) == (other.index, other.band, other.at_stake)
    assert one.forecast * rate == other.forecast
