"""What a change is measured against: the other days, the moments of one age, and how both are said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Days
from perfdash.domain.comparison import KINDS, LABELS, NAMES, Age, Kind
from perfdash.domain.filters import Filters
from perfdash.domain.periods import Period, Preset, compared
from perfdash.domain.periods import resolve as resolve_of_clients
from perfdash.presentation import comparison as comparison_story
from perfdash.presentation import periods

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "America/Santiago", "Australia/Lord_Howe", "UTC")
dates = st.dates(date(2001, 1, 1), date(2040, 12, 31))
ranges = st.builds(lambda first, more: Days(first, first + timedelta(days=more)), dates, st.integers(0, 400))
moments = st.integers(10**9, 2_240_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def d(text: str) -> date:
    return date.fromisoformat(text)


def days(first: str, last: str) -> Days:
    return Days(d(first), d(last))


def resolve(preset: Preset, today: date, custom: Days | None = None, first_day: date | None = None) -> Period:
    """Of one client, of which all days before `today` are complete."""
    return resolve_of_clients(preset, {}, {"acme": today}, custom, first_day)


def told(kind: Kind, current: Days, previous: Days, when: str = "") -> str:
    return comparison_story.describe(kind, Filters(current), Filters(previous), when)


def other(kind: Kind, first: str, last: str) -> Days | str:
    """What a custom range is compared with."""
    period = compared(resolve("custom", d("2040-01-01"), days(first, last)), kind)
    return period.previous or period.reason


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-19", "2026-11-25", ("2026-11-12", "2026-11-18")),  # a week: the one before
        ("2026-11-12", "2026-11-25", ("2026-10-29", "2026-11-11")),
        ("2026-11-21", "2026-11-21", ("2026-11-14", "2026-11-14")),  # a Saturday with a Saturday
        ("2026-10-23", "2026-11-21", ("2026-09-18", "2026-10-17")),  # 30 days: shifted by five weeks
        ("2026-08-24", "2026-11-21", ("2026-05-25", "2026-08-22")),  # 90 days: by thirteen
    ],
)
def test_weekdays_are_aligned_by_whole_weeks(first: str, last: str, expected: tuple[str, str]) -> None:
    assert other("weekday", first, last) == days(*expected)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-19", "2026-11-25", ("2025-11-19", "2025-11-25")),
        ("2024-02-29", "2024-02-29", ("2023-02-28", "2023-02-28")),
        ("2024-02-01", "2024-02-29", ("2023-02-01", "2023-02-28")),
        ("2025-02-20", "2025-03-05", ("2024-02-20", "2024-03-05")),  # a day longer: with the 29th
        ("2025-12-20", "2026-01-05", ("2024-12-20", "2025-01-05")),
        ("2025-01-01", "2025-12-31", ("2024-01-01", "2024-12-31")),
    ],
)
def test_last_year_are_the_same_days_of_the_calendar(first: str, last: str, expected: tuple[str, str]) -> None:
    assert other("last_year", first, last) == days(*expected)


@pytest.mark.parametrize(
    ("preset", "today", "expected"),
    [
        ("this_month", "2026-11-22", ("2025-11-01", "2025-11-21")),
        ("this_month", "2024-03-01", None),
        ("last_month", "2024-03-15", ("2023-02-01", "2023-02-28")),
        ("last_7", "2024-03-01", ("2023-02-23", "2023-02-28")),
    ],
)
def test_presets_are_compared_with_last_year_too(preset: Preset, today: str, expected: tuple[str, str] | None) -> None:
    period = compared(resolve(preset, d(today)), "last_year")
    assert period.previous == (days(*expected) if expected else None)
    assert bool(period.reason) is (expected is None)


def test_more_than_a_year_has_no_last_year_beside_it() -> None:
    assert other("last_year", "2024-06-01", "2025-06-01") == (
        "more than a year is in view, so last year's days are part of it"
    )
    assert other("last_year", "2024-06-02", "2025-06-01") == days("2023-06-02", "2024-06-01")


@pytest.mark.parametrize("preset", ["last_7", "last_30", "this_month", "last_month"])
def test_same_age_looks_at_the_plain_days(preset: Preset) -> None:
    plain = resolve(preset, d("2026-11-22"))
    aged = compared(plain, "same_age")
    assert (aged.days, aged.current, aged.previous) == (plain.days, plain.current, plain.previous)
    assert (plain.kind, aged.kind) == ("before", "same_age")


@pytest.mark.parametrize("kind", KINDS)
def test_without_complete_days_no_kind_has_another_side(kind: Kind) -> None:
    for period in (resolve("all", d("2026-11-22"), first_day=d("2026-05-01")), resolve("this_month", d("2026-11-01"))):
        found = compared(period, kind)
        assert (found.current, found.previous) == (None, None)
        assert found.reason == ("" if kind == "none" else period.reason)


def test_none_switches_the_comparison_off_without_a_complaint() -> None:
    found = compared(resolve("last_30", d("2026-11-22")), "none")
    assert (found.current, found.previous, found.reason) == (None, None, "")


@given(ranges, st.sampled_from([kind for kind in KINDS if kind != "none"]))
def test_the_other_days_lie_wholly_before(current: Days, kind: Kind) -> None:
    period = compared(resolve("custom", d("2050-01-01"), current), kind)
    if period.previous is None:
        assert kind == "last_year"
        assert len(current) > 365
        return
    assert period.previous.end < current.start
    assert abs(len(period.previous) - len(current)) <= (1 if kind == "last_year" else 0)
    if kind == "weekday":
        assert period.previous.start.weekday() == current.start.weekday()
        assert period.previous.end + timedelta(days=7) >= current.start  # none later would fit


@pytest.mark.parametrize(
    ("now", "day", "until"),
    [
        # The youngest day is 27 March. Noon in Berlin before and after summer time began on 29 March 2026.
        ("2026-03-28T11:00+00:00", "2026-03-27", "2026-03-28T11:00:00.000001+00:00"),
        ("2026-03-28T11:00+00:00", "2026-03-20", "2026-03-21T11:00:00.000001+00:00"),
        ("2026-03-30T10:00+00:00", "2026-03-27", "2026-03-30T10:00:00.000001+00:00"),
        ("2026-03-30T10:00+00:00", "2026-03-20", "2026-03-23T11:00:00.000001+00:00"),
        # Half past two is skipped on the 29th: what would have been on the old clock.
        ("2026-03-30T00:30+00:00", "2026-03-26", "2026-03-29T01:30:00.000001+00:00"),
    ],
)
def test_a_day_is_seen_at_the_same_time_on_the_clock_through_summer_time(now: str, day: str, until: str) -> None:
    age = Age(d("2026-03-27"), datetime.fromisoformat(now))
    assert age.until(d(day), "Europe/Berlin") == datetime.fromisoformat(until)


def test_the_hour_that_comes_twice_stays_the_one_it_is() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 in Berlin, for the second time
    assert Age(d("2026-10-24"), second).until(d("2026-10-24"), "Europe/Berlin") == second + timedelta(microseconds=1)


def test_as_of_a_date_means_its_end_for_each_client() -> None:
    age = Age(d("2026-11-21"), d("2026-11-24"))
    assert age.until(d("2026-11-21"), "Europe/Berlin") == datetime(2026, 11, 24, 23, tzinfo=UTC)
    assert age.until(d("2026-11-14"), "America/New_York") == datetime(2026, 11, 18, 5, tzinfo=UTC)
    assert age.when(["Europe/Berlin", "America/New_York"]) == "on day 3"


def test_the_youngest_day_is_seen_on_day_one_and_a_settled_range_later() -> None:
    now = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    assert Age(d("2026-11-25"), now).when(["UTC"]) == "on day 1"
    assert Age(d("2026-11-25"), now).when(["Asia/Tokyo", "UTC"]) == "on day 1"
    assert Age(d("2026-10-31"), now).when(["UTC"]) == "on day 26"
    assert Age(d("2026-11-26"), d("2026-11-26")).when([]) == "when each day ended"


@given(moments, st.integers(1, 60), st.integers(0, 800), st.sampled_from(ZONES))
def test_every_day_is_seen_as_old_as_the_youngest_and_none_after_it(
    now: datetime, days_ago: int, back: int, zone: str
) -> None:
    youngest = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=days_ago)
    age, day = Age(youngest, now), youngest - timedelta(days=back)
    until = age.until(day, zone)
    assert age.until(youngest, zone) == now + timedelta(microseconds=1)
    assert until <= now + timedelta(microseconds=1)
    clocks = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in (until, now)]
    drift = abs((clocks[1] - clocks[0]) - timedelta(days=back))
    assert drift <= timedelta(hours=1, microseconds=1)  # only where the clock skips that hour is it another time
    assert age.until(day - timedelta(days=1), zone) < until


def test_what_is_compared_is_said_exactly() -> None:
    week, before, year = (
        days("2026-11-19", "2026-11-25"),
        days("2026-11-12", "2026-11-18"),
        days("2025-11-19", "2025-11-25"),
    )
    assert told("before", week, before) == "change against 12–18 Nov 2026"
    assert told("weekday", week, before) == "change against 12–18 Nov 2026, the same weekdays"
    assert told("last_year", week, year) == "change against 19–25 Nov 2025, the same days last year"
    assert told("same_age", week, before, "on day 1") == ("change against 12–18 Nov 2026, both as known on day 1")
    february = told("last_year", days("2024-02-01", "2024-02-29"), days("2023-02-01", "2023-02-28"))
    assert february == "change against 1–28 Feb 2023, the same days last year (29 days against 28)"


def test_clients_with_other_days_are_named_beside_those_that_most_have() -> None:
    hull = days("2026-10-31", "2026-11-30")
    month, earlier = days("2026-11-01", "2026-11-30"), days("2026-10-31", "2026-11-29")
    ranges = (("acme", month), ("bolt", month), ("hoshi", earlier))
    assert periods.told(hull, ranges, {"hoshi": "Hoshi Tea House"}) == (
        "1–30 Nov 2026; Hoshi Tea House 31 Oct – 29 Nov 2026"
    )
    assert periods.told(month, (), {}) == "1–30 Nov 2026"


def test_a_line_says_whether_both_sides_have_the_same_age_and_why() -> None:
    young = [d("2026-11-24"), d("2026-11-25")]
    assert comparison_story.at_same_age(young, "on day 1") == (
        "Compared at the same age, each day as known on day 1: 24–25 Nov 2026 can still change"
    )
    assert comparison_story.plain((), "") == "Compared as they are: every day in view is final"
    assert comparison_story.plain(young, "the ledger begins on 1 Nov 2026") == (
        "Compared as they are, although 24–25 Nov 2026 can still change: the ledger begins on 1 Nov 2026"
    )


def test_reasons_name_the_days_and_where_the_ledger_begins() -> None:
    span, lacking = days("2026-11-12", "2026-11-18"), [d("2026-11-12"), d("2026-11-13")]
    assert comparison_story.not_known_then("the period before", span, lacking, "on day 1", d("2026-11-15")) == (
        "2 days of the period before (12–18 Nov 2026) were not known yet on day 1: the ledger begins on 15 Nov 2026"
    )
    assert comparison_story.not_known_then("these days", span, lacking[:1], "on day 1", None).endswith(
        "1 day of these days (12–18 Nov 2026) was not known yet on day 1: they were first fetched later"
    )


def test_every_kind_has_a_label_and_a_name() -> None:
    assert set(LABELS) == set(NAMES) == set(KINDS)
    assert len(set(LABELS.values())) == len(KINDS)
