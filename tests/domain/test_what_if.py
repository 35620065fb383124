"""What if: exact, in proportion to cost, and nothing where there is nothing to split by."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.errors import UsageError
from perfdash.domain.metrics import Sums, ratio
from perfdash.domain.what_if import Terms, cost_under, factor, split, under

SUMS = Sums(
    rows=2, impressions=40_000, clicks=500, cost=1_000_000_000, revenue=1_500_000_000, cost_of_revenue=800_000_000
)


def test_without_other_terms_nothing_changes():
    assert factor(Terms(), 1_000) == 1
    assert all(under(name, SUMS, Fraction(1)) == ratio(name, SUMS) for name in ("cpm", "cpc", "roas", "roi"))


def test_another_total_then_the_percentage_then_the_fixed_fee():
    terms = Terms(Fraction(15), fixed=50_000_000, total=2_000_000_000)
    assert cost_under(terms, 1_000_000_000) == 2_350_000_000
    times = factor(terms, 1_000_000_000)
    assert under("cpm", SUMS, times) == Fraction(2_350 * 1000, 40_000)
    assert under("cpc", SUMS, times) == Fraction(2_350, 500)
    assert under("roas", SUMS, times) == Fraction(1_500_000_000, 800_000_000) / Fraction("2.35")
    assert under("roi", SUMS, times) == under("roas", SUMS, times) - 1


def test_a_cost_of_nothing_has_no_roas():
    assert under("roas", SUMS, Fraction(0)) is None
    assert under("roi", SUMS, Fraction(0)) is None
    assert under("cpm", SUMS, Fraction(0)) == 0


def test_what_is_undefined_stays_undefined():
    assert under("cpm", Sums(rows=1, impressions=0, cost=5), Fraction(2)) is None
    assert under("roi", Sums(rows=1, impressions=1, cost=5), Fraction(2)) is None


@pytest.mark.parametrize("terms", [Terms(fixed=1), Terms(total=1)])
def test_without_cost_a_fee_or_total_cannot_be_split(terms):
    with pytest.raises(UsageError, match="nothing to split"):
        cost_under(terms, 0)
    assert factor(Terms(Fraction(15)), 0) == 1


@given(st.lists(st.integers(0, 10**15), max_size=30), st.integers(0, 10**16))
def test_the_parts_of_a_split_add_up_and_none_is_off_by_a_micro(costs, total):
    parts = split(Fraction(total), costs)
    whole = sum(costs)
    assert sum(parts) == (total if whole else 0)
    if whole:
        assert all(abs(part - Fraction(total * cost, whole)) < 1 for part, cost in zip(parts, costs, strict=True))
