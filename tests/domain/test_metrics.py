"""A ratio is made of sums, over the rows that report both sides, and is undefined rather than 0."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.metrics import METRICS, Sums, change, exact, ratio, revenue_coverage, rounded

MICRO = 1_000_000


def test_the_worked_case_is_25_and_not_20() -> None:
    one = Sums(1, impressions=10_000, clicks=0, cost=100 * MICRO)
    two = Sums(1, impressions=30_000, clicks=0, cost=900 * MICRO)
    assert exact("cpm", one + two) == Decimal("25.000000")
    assert (ratio("cpm", one), ratio("cpm", two)) == (10, 30)


def test_a_credit_lowers_every_sum_and_its_ratios_are_exact() -> None:
    paid = Sums(1, impressions=1_000, clicks=10, cost=50 * MICRO)
    credit = Sums(1, impressions=0, clicks=0, cost=-62_500_000)
    assert exact("cpm", paid + credit) == Decimal("-12.500000")
    assert exact("cpc", paid + credit) == Decimal("-1.250000")
    assert ratio("cpm", credit) is None
    assert change(-12, 50) == Fraction(-62, 50)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cpm", "5.000000"),
        ("cpc", "0.500000"),
        ("ctr", "0.01000000"),
        ("cpv", "0.012500"),
        ("cpe", "0.125000"),
        ("cpa", "2.000000"),
        ("engagement_rate", "0.04000000"),
        ("roas", "3.00000000"),
        ("roi", "2.00000000"),
        ("frequency", "2.00000000"),
    ],
)
def test_each_metric_by_hand(name: str, expected: str) -> None:
    sums = Sums(
        1,
        impressions=10_000,
        clicks=100,
        cost=50 * MICRO,
        views=4_000,
        engagements=400,
        conversions=25 * MICRO,
        revenue=150 * MICRO,
        cost_of_views=50 * MICRO,
        cost_of_engagements=50 * MICRO,
        cost_of_conversions=50 * MICRO,
        cost_of_revenue=50 * MICRO,
        impressions_of_engagements=10_000,
        reach=5_000,
    )
    assert str(exact(name, sums)) == expected


@pytest.mark.parametrize("name", METRICS)
def test_a_denominator_of_zero_or_nothing_reported_is_undefined(name: str) -> None:
    assert exact(name, Sums()) is None
    nothing = {METRICS[name].numerator: 5, METRICS[name].denominator: 0}
    assert exact(name, Sums(1, **nothing)) is None


def test_roas_speaks_only_of_the_cost_whose_rows_report_revenue() -> None:
    reports = Sums(1, impressions=1, clicks=0, cost=100, revenue=300, cost_of_revenue=100)
    silent = Sums(1, impressions=1, clicks=0, cost=300)
    both = reports + silent
    assert ratio("roas", both) == 3
    assert revenue_coverage(both) == Fraction(1, 4)


def test_reach_is_never_added() -> None:
    one = Sums(1, impressions=10, clicks=0, cost=0, reach=5)
    assert (one + one).reach is None
    assert (one + Sums()).reach == 5


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**12)), min_size=1), st.integers(1, 5))
def test_the_ratio_of_any_grouping_is_the_ratio_of_sums(rows: list[tuple[int, int]], groups: int) -> None:
    parts = [Sums() for _ in range(groups)]
    for n, (impressions, cost) in enumerate(rows):
        parts[n % groups] += Sums(1, impressions=impressions, clicks=0, cost=cost)
    whole = sum(parts, start=Sums())
    seen = sum(r[0] for r in rows)
    assert ratio("cpm", whole) == (Fraction(sum(r[1] for r in rows), seen) / 1000 if seen else None)


def test_rounding_is_half_even_and_keeps_its_places() -> None:
    assert [str(rounded(Fraction(n, 2) / 10**6, 6)) for n in (1, 3, 5)] == ["0.000000", "0.000002", "0.000002"]
    assert str(rounded(Fraction(1), 6)) == "1.000000"


def test_a_change_against_nothing_is_undefined() -> None:
    assert change(5, 0) is None
    assert change(None, 5) is None
    assert change(Fraction(6), Fraction(4)) == Fraction(1, 2)
    assert change(Fraction(-1), Fraction(-2)) == Fraction(1, 2), "a smaller loss is a gain"


def test_what_depends_on_money_says_so() -> None:
    free = {name for name, metric in METRICS.items() if not metric.needs_money}
    assert free == {"ctr", "engagement_rate", "frequency"}
