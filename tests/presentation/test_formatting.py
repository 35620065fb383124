"""How numbers, days and moments read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from perfdash.domain.accounts import Days
from perfdash.presentation import formatting

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_undefined_is_a_dash_and_never_zero():
    for shown in (
        formatting.number(None),
        formatting.compact(None),
        formatting.money(None, "EUR"),
        formatting.micros(None, "EUR"),
        formatting.compact_money(None, "EUR"),
        formatting.unit_price(None, "EUR"),
        formatting.percent(None),
        formatting.times(None),
        formatting.change(None),
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
    assert formatting.micros(micros, currency) == shown


def test_halves_go_to_the_even_neighbour_as_in_exports():
    assert formatting.money(Fraction(5, 1000), "EUR") == "0.00\u00a0EUR"
    assert formatting.money(Fraction(15, 1000), "EUR") == "0.02\u00a0EUR"


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
    assert formatting.compact(value) == shown


def test_a_small_unit_price_does_not_read_as_nothing():
    assert formatting.unit_price(Fraction(4, 1000), "EUR") == "0.0040\u00a0EUR"
    assert formatting.unit_price(Fraction(45, 100), "JPY") == "0.45\u00a0JPY"
    assert formatting.unit_price(25, "EUR") == "25.00\u00a0EUR"


def test_changes_carry_their_direction():
    assert formatting.change(Fraction(1, 8)) == "▲ 12.5%"
    assert formatting.change(Fraction(-3, 100)) == "▼ 3.0%"
    assert formatting.change(Fraction(1, 100_000)) == "no change"


def test_days_name_month_and_year_once():
    assert formatting.days(Days(date(2026, 11, 14), date(2026, 11, 14))) == "14 Nov 2026"
    assert formatting.days(Days(date(2026, 11, 1), date(2026, 11, 14))) == "1–14 Nov 2026"
    assert formatting.days(Days(date(2026, 10, 20), date(2026, 11, 14))) == "20 Oct – 14 Nov 2026"
    assert formatting.days(Days(date(2025, 12, 20), date(2026, 1, 14))) == "20 Dec 2025 – 14 Jan 2026"


def test_a_moment_is_told_on_the_clock_of_its_zone():
    assert formatting.moment(datetime(2026, 11, 22, 7, 3, tzinfo=UTC), NOW, "Europe/Berlin") == "08:03"
    assert formatting.moment(datetime(2026, 11, 21, 22, 59, tzinfo=UTC), NOW, "Europe/Berlin") == "yesterday 23:59"
    assert formatting.moment(datetime(2026, 11, 21, 23, 59, tzinfo=UTC), NOW, "Europe/Berlin") == "00:59"
    assert formatting.moment(datetime(2025, 11, 14, 7, 3, tzinfo=UTC), NOW, "UTC") == "14 Nov 2025 07:03"
    assert formatting.moment(None, NOW, "UTC") == "never"


def test_how_long_ago_uses_the_largest_unit():
    assert formatting.ago(timedelta(seconds=20)) == "just now"
    assert formatting.ago(timedelta(minutes=1)) == "1 minute ago"
    assert formatting.ago(timedelta(hours=30)) == "1 day ago"


def test_long_lists_are_counted_and_single_things_are_singular():
    assert formatting.enumerate_names([]) == ""
    assert formatting.enumerate_names(["A"]) == "A"
    assert formatting.enumerate_names(["A", "B", "C"]) == "A, B and C"
    assert formatting.enumerate_names(list("ABCDEF"), most=3) == "A, B, C and 3 more"
    assert (formatting.plural(1, "row"), formatting.plural(1200, "row"), formatting.plural(2, "day")) == (
        "1 row",
        "1,200 rows",
        "2 days",
    )
