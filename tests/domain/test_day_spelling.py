"""Texts as days: every spelling with one reading, the order that a column shows, moments in the account's zone."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from perfdash.domain.day_spelling import DayReading, day_style, reader_of
from perfdash.domain.numbers import RefusedValue

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
FIRST = date(2026, 11, 1)


def read(*column: object, reading: DayReading | None = None) -> list[date | str]:
    """Each value of a column, or why it is refused."""
    one = reader_of(column, "day", DayReading() if reading is None else reading)
    found: list[date | str] = []
    for value in column:
        try:
            found.append(one(value))
        except RefusedValue as refusal:
            found.append(str(refusal))
    return found


def formats(*written: str) -> DayReading:
    return DayReading(tuple(map(day_style, written)))


UNAMBIGUOUS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y/%-m/%-d",
    "%Y%m%d",
    "%b %d, %Y",
    "%B %-d, %Y",
    "%b %-d %Y",
    "%d %b %Y",
    "%-d %B %Y",
    "%d-%b-%Y",
    "%-d-%b-%y",
    "%d-%b-%y",
    "%d%b%Y",
    "%Y-%b-%d",
    "%a, %b %d, %Y",
    "%A, %B %-d, %Y",
    "%d. %B %Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%b %d, %Y %I:%M %p",
    "%a %b %d %Y %H:%M:%S",
)


@pytest.mark.parametrize("written", UNAMBIGUOUS)
def test_without_a_format_every_spelling_with_one_reading_is_read(written: str) -> None:
    rng = random.Random(written)
    moments = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(3_000_000_000)) for _ in range(200)]
    assert read(*(moment.strftime(written) for moment in moments)) == [moment.date() for moment in moments]


@pytest.mark.parametrize("written", [*UNAMBIGUOUS, "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%y", "%-m/%-d/%Y", "%m-%d-%Y %H:%M"])
def test_a_format_reads_what_it_writes(written: str) -> None:
    rng = random.Random(written)
    moments = [datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=rng.randrange(3_000_000_000)) for _ in range(200)]
    texts = [moment.strftime(written) for moment in moments]
    assert read(*texts, reading=formats("%Y nothing %m %d", written)) == [moment.date() for moment in moments]


def test_zeros_in_front_may_be_missing_where_no_digits_touch() -> None:
    assert read("1/5/2026", "01/05/2026", " 1/05/2026", reading=formats("%m/%d/%Y")) == [date(2026, 1, 5)] * 3
    assert read("2026111", reading=formats("%Y%m%d")) == ["day is not a day written YYYYMMDD"]
    assert read("1.2.26", "2026-02-01", reading=formats("%d.%m.%y", "%Y-%m-%d")) == [date(2026, 2, 1)] * 2


@pytest.mark.parametrize("sign", ["/", ".", "-", " "])
@pytest.mark.parametrize("order", ["%d{0}%m{0}%Y", "%m{0}%d{0}%Y", "%-d{0}%-m{0}%Y", "%-m{0}%-d{0}%Y"])
def test_a_column_decides_the_order_of_day_and_month(sign: str, order: str) -> None:
    days = [FIRST + timedelta(days=n) for n in range(20)]
    assert read(*(day.strftime(order.format(sign)) for day in days)) == days


def test_while_a_column_decides_nothing_its_days_are_refused_for_one_reason() -> None:
    reason = 'day: 11/1/2026 may be 11 January 2026 or 1 November 2026: write its format, "%d/%m/%Y" or "%m/%d/%Y"'
    assert read("11/1/2026", "11/2/2026", "5/5/2026") == [reason, reason, date(2026, 5, 5)]


def test_a_column_with_both_orders_is_refused() -> None:
    reason = "day: days are written in two ways here (13/1/2026 and 1/13/2026): write its format"
    assert read("13/1/2026", "1/13/2026", "2026-01-13") == [reason, reason, date(2026, 1, 13)]


def test_four_spellings_in_one_column() -> None:
    assert read("2026-11-01", "11/1/2026", "Nov 1, 2026", "1-Nov-26", "11/13/2026") == [
        *[FIRST] * 4,
        date(2026, 11, 13),
    ]


def test_a_moment_has_the_day_of_the_accounts_zone_and_a_label_keeps_its_own() -> None:
    texts = ("2026-11-01T23:30:00Z", "2026-11-01T23:30:00+00:00", "2026-11-01 23:30:00 UTC", "2026-11-01T18:30:00-0500")
    assert read(*texts, reading=DayReading(home=BERLIN)) == [date(2026, 11, 2)] * 4
    assert read("2026-11-01T23:30:00", "2026-11-01", reading=DayReading(home=BERLIN)) == [FIRST] * 2
    in_utc = DayReading(zone=UTC, home=NEW_YORK)
    assert read("2026-11-01 03:30", "2026-11-01 05:30", "2026-11-01", reading=in_utc) == [
        date(2026, 10, 31),
        FIRST,
        FIRST,
    ]
    with_offset = DayReading((day_style("%d.%m.%Y %H:%M %z"),), home=BERLIN)
    assert read("1.11.2026 23:30 +0000", reading=with_offset) == [date(2026, 11, 2)]


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")])
def test_moments_of_every_hour_of_a_year_have_the_day_of_the_zone(zone: ZoneInfo) -> None:
    reading = DayReading(home=zone)
    moments = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(24 * 365)]
    days = [moment.astimezone(zone).date() for moment in moments]
    assert read(*(moment.isoformat() for moment in moments), reading=reading) == days
    assert read(*(moment.astimezone(zone).isoformat() for moment in moments), reading=reading) == days
    seconds = [int(moment.timestamp()) for moment in moments]
    for epochs in (
        seconds,
        list(map(str, seconds)),
        [n * 1000 for n in seconds],
        [Decimal(n) + Decimal("0.5") for n in seconds],
    ):
        assert read(*epochs, reading=reading) == days
    labels = [moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S") for moment in moments]
    assert read(*labels, reading=reading) == days


def test_serial_days_are_read_only_in_files_and_only_where_all_are() -> None:
    in_file = DayReading(serials=True)
    assert read("46327", 46328, "46329.75", Decimal("46330.5"), None, reading=in_file) == [
        *(FIRST + timedelta(days=n) for n in range(4)),
        "day is missing",
    ]
    refused = "day is not a day of a known spelling: write its format"
    assert read("46327") == [refused]
    assert read("46327", "2026-11-02", reading=in_file) == [refused, date(2026, 11, 2)]
    assert read("19999", reading=in_file) == [refused]


@pytest.mark.parametrize(
    "value",
    [
        *("2026-W44-7", "2026-305", "11/2026", "Nov 2026", "Nov-26", "2026-02-30", "31/31/2026", "2026-11-01 25:00"),
        *("soon", "2026-11-01 10:00 CET", "2026110113", "13 Nov", "1 Octember 2026", "12345", "\uff12026-11-01"),
        *(12, 0, -5, 10**15 * 9),
    ],
)
def test_what_has_no_reading_is_refused(value: object) -> None:
    assert read(value) == ["day is not a day of a known spelling: write its format"]


@pytest.mark.parametrize("value", [True, 1.5, [], {}, b"2026-11-01"])
def test_a_day_is_text_or_a_number(value: object) -> None:
    assert read(value) == ["day is of a type that it cannot have"]


@pytest.mark.parametrize("seed", range(10))
def test_nothing_that_comes_is_more_than_a_day_or_a_refusal(seed: int) -> None:
    rng = random.Random(seed)
    alphabet = "0123456789-/. :TZ+NovJanpmAM,"
    column = ["".join(rng.choices(alphabet, k=rng.randrange(0, 22))) for _ in range(2_000)]
    column += [f"{rng.randrange(40)}{sign}{rng.randrange(40)}{sign}{rng.randrange(3000)}" for sign in "/-. " * 50]
    for reading in (DayReading(home=BERLIN), DayReading(zone=UTC, home=NEW_YORK), DayReading(serials=True)):
        assert all(isinstance(found, date) or found.startswith("day") for found in read(*column, reading=reading))
