"""How numbers, days and moments read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Days
from perfdash.presentation import formatting

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


UNITS = get_args(formatting.Unit)
PLACES = get_args(formatting.Place)
VALUES = st.fractions(min_value=-(10**12), max_value=10**12, max_denominator=10**9)


def read_back(text: str) -> Fraction:
    """The number that a text says."""
    plain = text.replace("\u2212", "-").replace(",", "").rstrip("%×")
    scale = {"k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}.get(plain[-1], 1)
    return Fraction(plain.rstrip("kMBT")) * scale / (100 if text.endswith("%") else 1)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("place", PLACES)
def test_undefined_is_a_dash_and_never_zero(unit, place):
    assert formatting.figure(None, unit, "EUR", place) == "–"
    assert formatting.change(None, unit) == formatting.signed(None, unit) == formatting.micros(None, "EUR") == "–"


@pytest.mark.parametrize(
    ("value", "unit", "currency", "shown"),
    [
        ("1234.5", "money", "EUR", "1,234.50\u00a0EUR"),
        ("28931.66", "money", "EUR", "28,931.66\u00a0EUR"),
        ("3042322", "money", "JPY", "3,042,322\u00a0JPY"),
        ("1234.56789", "money", "KWD", "1,234.568\u00a0KWD"),
        ("0", "money", "USD", "0.00\u00a0USD"),
        ("-1.5", "money", "EUR", "\u22121.50\u00a0EUR"),
        ("0.0079124", "price", "EUR", "0.007912\u00a0EUR"),
        ("-0.3617", "price", "EUR", "\u22120.3617\u00a0EUR"),
        ("8.1856", "price", "EUR", "8.19\u00a0EUR"),
        ("0.99996", "price", "EUR", "1.00\u00a0EUR"),
        ("1262.4", "price", "JPY", "1,262\u00a0JPY"),
        ("190.24", "price", "JPY", "190\u00a0JPY"),
        ("1.36", "price", "JPY", "1.36\u00a0JPY"),
        ("9.996", "price", "JPY", "10.0\u00a0JPY"),
        ("0", "price", "JPY", "0\u00a0JPY"),
        ("0.96808927", "percent", "", "96.81%"),
        ("-0.0876", "percent", "", "\u22128.76%"),
        ("0.00001234", "percent", "", "0.001234%"),
        ("1.76", "times", "", "1.76×"),
        ("267000", "count", "", "267,000"),
        ("1191", "millionths", "", "1,191"),
        ("202.60", "millionths", "", "202.6"),
        ("0.333333", "millionths", "", "0.33"),
    ],
)
def test_a_number_has_the_decimals_of_its_unit_and_currency(value, unit, currency, shown):
    assert formatting.figure(Fraction(value), unit, currency) == shown
    assert formatting.digits(Fraction(value), unit, currency) == shown.partition("\u00a0")[0]


def test_halves_go_to_the_even_neighbour_as_in_exports():
    assert formatting.digits(Fraction(10_005, 1000), "money", "EUR") == "10.00"
    assert formatting.digits(Fraction(10_015, 1000), "money", "EUR") == "10.02"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (12_345, "12.3k"),
        (25_119, "25.1k"),
        (267_000, "267k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (-28_931, "\u221228.9k"),
        (1_204_000, "1.20M"),
        (9 * 10**13, "90.0T"),
    ],
)
def test_a_short_number_keeps_three_digits_whatever_it_counts(value, shown):
    assert formatting.figure(value, "count", place="short") == shown
    if abs(value) >= 10_000:
        assert formatting.figure(value, "money", "EUR", "short") == f"{shown}\u00a0EUR"


@given(VALUES, st.sampled_from(UNITS), st.sampled_from(["EUR", "JPY", "KWD", "VND", ""]))
def test_a_text_is_its_value_to_half_of_its_last_digit(value, unit, currency):
    text = formatting.digits(value, unit, currency)
    decimals = len(text.rstrip("%×").partition(".")[2])
    step = Fraction(1, 10**decimals) / (100 if unit == "percent" else 1)
    if unit == "millionths":
        step = max(step, Fraction(1, 100)) if abs(value) >= Fraction(1, 100) else step * 10**4
    assert abs(read_back(text) - value) <= step / 2


@given(VALUES, st.sampled_from(sorted(set(UNITS) - {"count"})), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_something_never_reads_as_nothing_and_what_is_nothing_has_no_sign(value, unit, currency):
    for place in PLACES:
        text = formatting.digits(value, unit, currency, place)
        assert bool(value) == bool(text.strip("0.,%×\u2212"))
        assert text.startswith("\u2212") == (value < 0)
        assert "-" not in text


@given(VALUES, VALUES, st.sampled_from(UNITS), st.sampled_from(PLACES))
def test_a_larger_number_never_reads_as_a_smaller_one(one, other, unit, place):
    small, large = sorted((one, other))
    assert read_back(formatting.digits(small, unit, "EUR", place)) <= read_back(
        formatting.digits(large, unit, "EUR", place)
    )


@given(
    st.fractions(min_value=Fraction(1, 10**6), max_value=10**6, max_denominator=10**9), st.sampled_from(["EUR", "JPY"])
)
def test_a_price_keeps_three_digits_and_below_one_four(value, currency):
    text = formatting.digits(value, "price", currency)
    matter = text.replace(",", "").replace(".", "").lstrip("0")
    assert len(matter) >= (4 if read_back(text) < 1 else 3)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        ("0.125", "money", "+12.5%"),
        ("-0.1", "times", "\u221210.0%"),
        ("-1.99", "percent", "\u2212199.0 pts"),
        ("0.012", "percent", "+1.2 pts"),
        ("-0.0004", "percent", "\u22120.04 pts"),
        ("0.00001", "count", "+0.001%"),
        ("-0.00025", "count", "\u22120.02%"),
        ("0.0003", "money", "+0.03%"),
        ("0.000001", "percent", "+0.0001 pts"),
        ("0", "count", "0.0%"),
        ("0", "percent", "0.00 pts"),
        ("123.456", "count", "+12,345.6%"),
    ],
)
def test_a_change_has_its_sign_and_that_of_a_percentage_is_in_points(value, unit, shown):
    assert formatting.change(Fraction(value), unit) == shown


def test_a_difference_also_says_that_it_is_a_rise():
    assert formatting.signed(Fraction("575.81"), "money", "EUR") == "+575.81\u00a0EUR"
    assert formatting.signed(-3, "count") == "\u22123"
    assert formatting.signed(0, "count") == "0"


def test_sums_to_check_by_hand_have_all_their_digits():
    assert formatting.exactly(Fraction("55.234"), "EUR") == "55.234"
    assert formatting.exactly(Fraction("58650"), "EUR") == "58,650.00"
    assert formatting.exactly(Fraction("58650")) == "58,650"


def test_every_measure_and_metric_has_its_unit():
    told = {name: formatting.unit_of(name) for name in ("cost", "clicks", "conversions", "cpm", "ctr", "roas", "roi")}
    assert list(told.values()) == ["money", "count", "millionths", "price", "percent", "times", "percent"]


def test_days_name_month_and_year_once():
    assert formatting.days(Days(date(2026, 11, 14), date(2026, 11, 14))) == "14 Nov 2026"
    assert formatting.days(Days(date(2026, 11, 1), date(2026, 11, 14))) == "1–14 Nov 2026"
    assert formatting.days(Days(date(2026, 10, 20), date(2026, 11, 14))) == "20 Oct – 14 Nov 2026"
    assert formatting.days(Days(date(2025, 12, 20), date(2026, 1, 14))) == "20 Dec 2025 – 14 Jan 2026"


def test_a_moment_is_told_on_the_clock_of_its_zone():
    assert formatting.moment(datetime(2026, 11, 22, 7, 3, tzinfo=UTC), NOW, "Europe/Berlin") == "today 08:03 CET"
    assert formatting.moment(datetime(2026, 11, 21, 22, 59, tzinfo=UTC), NOW, "Europe/Berlin") == "yesterday 23:59 CET"
    assert formatting.moment(datetime(2026, 11, 21, 23, 59, tzinfo=UTC), NOW, "Europe/Berlin") == "today 00:59 CET"
    assert formatting.moment(datetime(2025, 11, 14, 7, 3, tzinfo=UTC), NOW, "UTC") == "14 Nov 2025, 07:03 UTC"
    assert (
        formatting.moment(datetime(2025, 11, 14, 7, 3, tzinfo=UTC), NOW, "Asia/Saigon") == "14 Nov 2025, 14:03 UTC+07"
    )
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
