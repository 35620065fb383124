"""How numbers, days and moments read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from perfdash import words
from perfdash.accounts import Days

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_undefined_is_a_dash_and_never_zero():
    for shown in (
        words.number(None),
        words.compact(None),
        words.money(None, "EUR"),
        words.micros(None, "EUR"),
        words.compact_money(None, "EUR"),
        words.unit_price(None, "EUR"),
        words.percent(None),
        words.times(None),
        words.change(None),
    ):
        assert shown == "–"


@pytest.mark.parametrize(
    ("micros", "currency", "shown"),
    [
        (1_234_500_000, "EUR", "1,234.50\u00a0EUR"),
        (1_234_500_000, "JPY", "1,234\u00a0JPY"),
        (1_234_567_890, "KWD", "1,234.568\u00a0KWD"),
        (0, "USD", "0.00\u00a0USD"),
        (-1_500_000, "EUR", "−1.50\u00a0EUR"),
    ],
)
def test_an_amount_keeps_the_decimals_of_its_currency(micros, currency, shown):
    assert words.micros(micros, currency) == shown


def test_halves_go_to_the_even_neighbour_as_in_exports():
    assert words.money(Fraction(5, 1000), "EUR") == "0.00\u00a0EUR"
    assert words.money(Fraction(15, 1000), "EUR") == "0.02\u00a0EUR"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (950, "950"),
        (1_000, "1.00k"),
        (12_345, "12.3k"),
        (123_456, "123k"),
        (1_204_000, "1.20M"),
        (9 * 10**13, "90.0T"),
    ],
)
def test_a_compact_number_keeps_three_digits(value, shown):
    assert words.compact(value) == shown


def test_a_small_unit_price_does_not_read_as_nothing():
    assert words.unit_price(Fraction(4, 1000), "EUR") == "0.0040\u00a0EUR"
    assert words.unit_price(Fraction(45, 100), "JPY") == "0.45\u00a0JPY"
    assert words.unit_price(25, "EUR") == "25.00\u00a0EUR"


def test_changes_carry_their_direction():
    assert words.change(Fraction(1, 8)) == "▲ 12.5%"
    assert words.change(Fraction(-3, 100)) == "▼ 3.0%"
    assert words.change(Fraction(1, 100_000)) == "no change"


def test_days_name_month_and_year_once():
    assert words.days(Days(date(2026, 11, 14), date(2026, 11, 14))) == "14 Nov 2026"
    assert words.days(Days(date(2026, 11, 1), date(2026, 11, 14))) == "1–14 Nov 2026"
    assert words.days(Days(date(2026, 10, 20), date(2026, 11, 14))) == "20 Oct – 14 Nov 2026"
    assert words.days(Days(date(2025, 12, 20), date(2026, 1, 14))) == "20 Dec 2025 – 14 Jan 2026"


def test_a_moment_is_told_on_the_clock_of_its_zone():
    assert words.moment(datetime(2026, 11, 22, 7, 3, tzinfo=UTC), NOW, "Europe/Berlin") == "08:03"
    assert words.moment(datetime(2026, 11, 21, 22, 59, tzinfo=UTC), NOW, "Europe/Berlin") == "yesterday 23:59"
    assert words.moment(datetime(2026, 11, 21, 23, 59, tzinfo=UTC), NOW, "Europe/Berlin") == "00:59"
    assert words.moment(datetime(2025, 11, 14, 7, 3, tzinfo=UTC), NOW, "UTC") == "14 Nov 2025 07:03"
    assert words.moment(None, NOW, "UTC") == "never"


def test_how_long_ago_uses_the_largest_unit():
    assert words.ago(timedelta(seconds=20)) == "just now"
    assert words.ago(timedelta(minutes=1)) == "1 minute ago"
    assert words.ago(timedelta(hours=30)) == "1 day ago"


def test_long_lists_are_counted_and_single_things_are_singular():
    assert words.listed([]) == ""
    assert words.listed(["A"]) == "A"
    assert words.listed(["A", "B", "C"]) == "A, B and C"
    assert words.listed(list("ABCDEF"), most=3) == "A, B, C and 3 more"
    assert (words.plural(1, "row"), words.plural(1200, "row"), words.plural(2, "day")) == (
        "1 row",
        "1,200 rows",
        "2 days",
    )
