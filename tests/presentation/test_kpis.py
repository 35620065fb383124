"""Headline figures: ratios of sums, changes with a reason, currencies apart."""

from __future__ import annotations

from fractions import Fraction

from perfdash.domain.metrics import Sums
from perfdash.presentation.kpis import ALL_OF_ONE, COUNTS, Total, figures, overall, totals
from tests.presentation.export_kit import campaign, group, sums


def named(found):
    return {figure.name: figure for figure in found}


def headline(now: Total, before: Total | None = None, why: str = "") -> dict:
    return named(figures(ALL_OF_ONE, now, before, now if before else None, why))


def test_cpm_is_the_ratio_of_the_sums_and_not_the_mean_of_ratios():
    parts = [group(sums=sums(10_000, 1, 100_000_000)), group(sums=sums(30_000, 1, 900_000_000))]
    (total,) = totals(parts, [])
    assert headline(total)["cpm"].value == 25


def test_a_change_is_relative_to_the_period_before():
    now, before = Total("EUR", sums(cost=1_500_000)), Total("EUR", sums(cost=1_000_000))
    assert headline(now, before)["cost"].change == Fraction(1, 2)
    assert headline(now, before)["cost"].better == "neutral"
    assert headline(now, before)["cpm"].better == "lower"


def test_no_change_is_shown_without_a_reason_beside_it():
    figure = headline(Total("EUR", sums()), None, "2 days were never fetched")["cost"]
    assert (figure.change, figure.why) == (None, "2 days were never fetched")
    undefined = headline(Total("EUR", sums()), Total("EUR", sums(cost=0)))["cost"]
    assert (undefined.change, undefined.why) == (None, "it was 0 in the period before")


def test_the_change_of_a_percentage_is_in_points_also_across_zero():
    now, before = (Total("EUR", sums(cost=100, revenue=revenue, cost_of_revenue=100)) for revenue in (90, 110))
    roi = headline(now, before)["roi"]
    assert (roi.change, roi.between) == (Fraction(-20, 100), (Fraction(10, 100), Fraction(-10, 100)))
    assert headline(now, before)["roas"].change == Fraction(-2, 11)


def test_there_is_no_change_across_zero_of_sums_of_budgets_or_against_nothing():
    credit = headline(Total("EUR", sums(cost=-5)), Total("EUR", sums(cost=5)))["cost"]
    assert (credit.change, credit.why) == (None, "it went across zero")
    some = Total("EUR", sums(), campaigns=4, budget=10)
    found = headline(some, some)
    assert found["budget"].change is found["campaigns"].change is None
    assert "whole budgets" in found["budget"].why
    empty = headline(Total("EUR", sums()), Total("EUR", Sums()))["cost"]
    assert (empty.change, empty.why) == (None, "nothing was reported in the period before")


def test_less_than_two_per_cent_is_not_notable():
    before = Total("EUR", sums(cost=100_000))
    notable = [headline(Total("EUR", sums(cost=cost)), before)["cpc"].notable for cost in (98_001, 98_000, 101_900)]
    assert notable == [False, True, False]


def test_a_change_says_by_which_two_numbers_it_came_also_where_they_are_not_the_value():
    now, before, aged = (Total("EUR", sums(cost=cost)) for cost in (130, 100, 110))
    (cost,) = figures(["cost"], now, before, aged, "")
    assert (cost.value, cost.between) == (Fraction(130, 10**6), (Fraction(100, 10**6), Fraction(110, 10**6)))


def test_roas_says_how_much_of_the_cost_it_speaks_of():
    half = sums(cost=1000, revenue=1500, cost_of_revenue=500)
    found = headline(Total("EUR", half))
    assert found["roas"].value == 3
    assert found["roas"].note == "covers 50% of the cost, the rest reports no revenue"
    nearly = sums(cost=10**6, revenue=1, cost_of_revenue=10**6 - 1)
    assert headline(Total("EUR", nearly))["roas"].note.startswith("covers 99.9% ")
    assert headline(Total("EUR", sums(revenue=1, cost_of_revenue=10**9)))["roas"].note == ""


def test_currencies_stay_apart_and_only_counts_go_together():
    groups = [group(), group(currency="JPY", sums=sums(10_000, 100, 5_000_000))]
    rows = [campaign(), campaign("x", currency="JPY"), campaign("x", currency="EUR", budget=None)]
    found = totals(groups, rows)
    assert [total.currency for total in found] == ["EUR", "JPY"]
    together = overall(found, rows)
    assert (together.sums.impressions, together.sums.clicks, together.sums.cost) == (50_000, 1_000, None)
    assert named(figures(COUNTS, together, None, None, ""))["ctr"].value == Fraction(1, 50)
    assert together.campaigns == 2


def test_a_budget_adds_whole_budgets_and_says_how_many_are_missing():
    (total,) = totals([group()], [campaign(), campaign("b", budget=None)])
    figure = headline(total)["budget"]
    assert figure.value == 2000
    assert figure.note == "1 of 2 campaigns report no budget"
    (without,) = totals([group()], [campaign(budget=None)])
    assert headline(without)["budget"].value is None
