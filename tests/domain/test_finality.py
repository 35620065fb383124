from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from perfdash.domain.accounts import Days
from perfdash.domain.as_of import END_OF_TIME, day_start, first_moment_after, last_day, last_moment, parse
from perfdash.domain.errors import UsageError
from perfdash.domain.finality import finality, moving, settles_at, spans, weakest_on

DAY = date(2026, 3, 10)
BERLIN = "Europe/Berlin"
SETTLED = datetime(2026, 3, 17, 23, tzinfo=UTC)  # the 18th, 00:00 in Berlin: the day's end and seven days
JUST_BEFORE = SETTLED - timedelta(microseconds=1)


def test_a_day_is_open_until_its_end_and_the_whole_window_have_passed() -> None:
    assert settles_at(DAY, BERLIN, 7) == SETTLED
    assert finality(DAY, BERLIN, 7, [JUST_BEFORE], JUST_BEFORE) == "open"
    assert finality(DAY, BERLIN, 7, [], SETTLED) == "unverified"


def test_a_day_is_final_once_a_fetch_ended_at_or_after_its_window() -> None:
    later = SETTLED + timedelta(days=3)
    assert finality(DAY, BERLIN, 7, [JUST_BEFORE], later) == "unverified"
    assert finality(DAY, BERLIN, 7, [SETTLED, JUST_BEFORE], later) == "final"


def test_without_a_known_window_nothing_is_ever_more_than_provisional() -> None:
    assert finality(DAY, BERLIN, None, [SETTLED], SETTLED + timedelta(days=900)) == "provisional"


def test_a_window_of_no_days_ends_with_the_day() -> None:
    assert settles_at(DAY, "America/New_York", 0) == datetime(2026, 3, 11, 4, tzinfo=UTC)


def test_days_of_23_and_25_hours_end_at_local_midnight() -> None:
    spring, autumn = date(2026, 3, 29), date(2026, 10, 25)
    for day, hours in ((spring, 23), (autumn, 25)):
        start, end = (day_start(d, BERLIN).astimezone(UTC) for d in (day, day + timedelta(days=1)))
        assert end - start == timedelta(hours=hours)


def test_a_midnight_that_summer_time_skips_is_the_moment_of_the_change() -> None:
    # Lebanon, 29 March 2026: 00:00 does not exist, the clocks go from 23:59 to 01:00.
    assert day_start(date(2026, 3, 29), "Asia/Beirut").astimezone(UTC) == datetime(2026, 3, 28, 22, tzinfo=UTC)


def test_a_bare_date_reaches_to_the_end_of_the_day_and_a_moment_includes_itself() -> None:
    assert first_moment_after(DAY, BERLIN) == datetime(2026, 3, 10, 23, tzinfo=UTC)
    assert first_moment_after(SETTLED, BERLIN) == SETTLED + timedelta(microseconds=1)
    assert (
        first_moment_after(date.max, BERLIN)
        == first_moment_after(datetime.max.replace(tzinfo=UTC), BERLIN)
        == END_OF_TIME
    )


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(UsageError, match="time zone"):
        first_moment_after(datetime(2026, 3, 10), BERLIN)  # noqa: DTZ001


def test_a_moment_before_all_calendars_includes_nothing_rather_than_everything() -> None:
    first = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))
    assert first_moment_after(first, BERLIN) < datetime(2, 1, 1, tzinfo=UTC)


def test_the_finality_of_days_reads_as_ranges_and_the_weakest_account_decides() -> None:
    days = [DAY + timedelta(days=n) for n in range(4)]
    settled = spans(zip(days, ("final", "final", "final", "open"), strict=True))
    behind = spans(zip(days, ("final", "unverified", "unverified", "open"), strict=True))
    assert settled == ((Days(days[0], days[2]), "final"), (Days(days[3], days[3]), "open"))
    assert moving([settled, behind]) == {days[1]: "unverified", days[2]: "unverified", days[3]: "open"}
    assert [weakest_on(day, [settled, behind]) for day in days] == ["final", "unverified", "unverified", "open"]
    assert weakest_on(DAY - timedelta(days=1), [settled]) is None


def test_days_that_do_not_touch_are_no_range() -> None:
    assert len(spans([(DAY, "final"), (DAY + timedelta(days=2), "final")])) == 2


def test_a_moment_is_read_as_it_is_written() -> None:
    assert parse("2026-03-10") == DAY
    assert parse("2026-03-10T12:00+01:00") == datetime(2026, 3, 10, 11, tzinfo=UTC)
    for text in ("", "now", "2026-03-32", "2026-03-10T12:00"):
        with pytest.raises(UsageError):
            parse(text)


def test_then_is_the_last_moment_that_is_included_and_never_in_the_future() -> None:
    noon = datetime(2026, 3, 12, 12, tzinfo=UTC)
    assert last_moment(None, BERLIN, noon) == last_moment(date(2026, 3, 12), BERLIN, noon) == noon
    assert last_moment(DAY, BERLIN, noon) == datetime(2026, 3, 10, 22, 59, 59, 999_999, tzinfo=UTC)
    assert last_moment(SETTLED - timedelta(days=9), BERLIN, noon) == SETTLED - timedelta(days=9)


def test_today_at_a_past_day_is_that_day_and_at_a_moment_that_moments_day() -> None:
    noon = datetime(2026, 3, 12, 12, tzinfo=UTC)
    assert last_day(DAY, BERLIN, noon) == DAY
    assert last_day(datetime(2026, 3, 9, 23, 30, tzinfo=UTC), BERLIN, noon) == DAY
    assert last_day(None, BERLIN, noon) == last_day(date(2026, 3, 12), BERLIN, noon) == date(2026, 3, 12)
