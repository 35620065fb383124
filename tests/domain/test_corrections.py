"""The rules of corrections by themselves: what counts, how a range is shared out, and what may be typed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Days
from perfdash.domain.corrections import (
    FIELDS,
    MOST_AT_ONCE,
    CorrectableFact,
    Correction,
    Overlay,
    Range,
    Raw,
    Set,
    Target,
    WantedValue,
    cost_at,
    cpm_of,
    current,
    effect,
    effective,
    factor_of,
    field_of,
    overlay,
    reason_of,
    require_usable,
    scaled,
    split,
    total_of,
    value_of,
    with_value,
)
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import FactKey
from perfdash.presentation.corrections import CorrectionBatch, decisions
from tests.store.builders import NOON

DAY = date(2026, 3, 1)
RAW = Raw(1000, 10, 5_000_000)
COSTS = st.lists(st.integers(0, 10**15), min_size=1, max_size=60).filter(any)


def target(n: int = 0, platform: str = "TikTok") -> Target:
    return Target("acme", 1, FactKey(DAY + timedelta(days=n), "c", platform))


def raws(costs: list[int]) -> dict[Target, Raw]:
    return {target(n): Raw(n, n, cost) for n, cost in enumerate(costs)}


def test_what_is_not_set_counts_as_reported() -> None:
    assert overlay(RAW, {}) == Overlay()
    assert effective(RAW, {}) == RAW
    assert effective(RAW, {"clicks": 0}) == Raw(1000, 0, 5_000_000)


def test_a_cpm_sets_the_cost_of_the_impressions_that_count() -> None:
    assert effective(RAW, {"cpm": 2_000_000}).cost == 2_000_000
    assert effective(RAW, {"cpm": 2_000_000, "impressions": 500}).cost == 1_000_000
    assert effective(Raw(0, 0, 7), {"cpm": 2_000_000}).cost == 0


@pytest.mark.parametrize(
    ("cpm", "impressions", "cost"), [(1, 500, 0), (3, 500, 2), (5, 500, 2), (7, 500, 4), (1, 501, 1)]
)
def test_halves_go_to_the_even_side(cpm: int, impressions: int, cost: int) -> None:
    assert cost_at(cpm, impressions) == cost


def test_what_counts_as_cpm_is_exact_and_undefined_without_impressions() -> None:
    assert current(Raw(3, 0, 1), {}, "cpm") == 333
    assert current(Raw(0, 0, 1), {}, "cpm") is None
    assert current(Raw(10**15 - 1, 0, 10**15), {}, "cpm") == 1000  # floats would be wrong from 2^53 on
    assert current(RAW, {"cost": 1}, "cost") == 1


def test_a_cost_and_a_cpm_exclude_each_other() -> None:
    assert with_value({"cpm": 5, "clicks": 1}, "cost", 7) == {"clicks": 1, "cost": 7}
    assert with_value({"cost": 5}, "cpm", 7) == {"cpm": 7}
    assert with_value({"cost": 5}, "impressions", 7) == {"cost": 5, "impressions": 7}


@given(COSTS, st.integers(0, 10**15))
def test_a_total_is_split_in_proportion_and_to_the_micro(costs: list[int], total: int) -> None:
    wanted = split(raws(costs), total)
    assert sum(one.value for one in wanted) == total
    whole = sum(costs)
    for one in wanted:
        exact = Fraction(total * raws(costs)[one.target].cost, whole)
        assert abs(one.value - exact) < 1
    assert [one.target for one in wanted] == sorted(raws(costs), key=lambda t: t.key)


def test_the_largest_remainders_get_what_is_left_and_then_the_first() -> None:
    assert [one.value for one in split(raws([1, 1, 1]), 2)] == [1, 1, 0]
    assert [one.value for one in split(raws([1, 2, 2]), 4)] == [1, 2, 1]  # 0.8, 1.6, 1.6


@given(COSTS, st.decimals(0, 1000, places=4))
def test_a_factor_is_applied_row_by_row_half_even(costs: list[int], factor: Decimal) -> None:
    for one, cost in zip(scaled(raws(costs), "cost", factor), costs, strict=True):
        assert one.value == round(Fraction(factor) * cost)


@pytest.mark.parametrize("factor", ["-0.1", "1000.1", "NaN", "Infinity", "-Infinity", "sNaN"])
def test_no_factor(factor: str) -> None:
    with pytest.raises(UsageError, match="from 0 to 1,000"):
        scaled(raws([1]), "cost", Decimal(factor))


def test_what_cannot_be_shared_out_is_refused() -> None:
    with pytest.raises(UsageError, match="is not above 0"):
        split(raws([0, 0]), 5)
    with pytest.raises(UsageError, match="negative"):
        split(raws([1]), -5)
    with pytest.raises(UsageError, match="CPM follows"):
        scaled(raws([1]), "cpm", Decimal(1))
    with pytest.raises(UsageError, match="5,001 rows"):
        split(raws([1] * (MOST_AT_ONCE + 1)), 5)


def test_impossible_values_are_refused_also_when_a_factor_makes_them() -> None:
    with pytest.raises(UsageError, match="smaller factor"):
        require_usable(scaled(raws([2**62]), "cost", Decimal(2)))
    with pytest.raises(UsageError, match="given two values"):
        require_usable([WantedValue(target(), "clicks", 1), WantedValue(target(), "clicks", 2)])
    with pytest.raises(UsageError, match="cannot be corrected"):
        field_of("reach")


TYPED = [
    ("cost", "1,234.50", 1_234_500_000),
    ("cost", " 7 ", 7_000_000),
    ("cpm", "0.000001", 1),
    ("clicks", "1,234", 1234),
    ("cost", "1000000000", 10**15),
    ("impressions", "0", 0),
    ("clicks", "5.0", 5),
    ("cost", "131,50", 131_500_000),
    ("cost", "1.234,50", 1_234_500_000),
    ("cost", "1.234,500", 1_234_500_000),
    ("cpm", "0,0075", 7_500),
]


@pytest.mark.parametrize(("field", "text", "value"), TYPED)
def test_what_is_typed_is_read_exactly(field: str, text: str, value: int) -> None:
    assert value_of(field_of(field), text) == value


NO_NUMBERS = (
    "",
    " ",
    "-1",
    "+1",
    "1e3",
    "NaN",
    "inf",
    "0x10",
    "1_000",
    "12,34,5",
    "1.23,5",
    "1,234,50",
    ",5",
    "١٢",
    "１２",
    "²",
    "1 000",
    "1\u00a0000",
    "1000000000.1",
    "9" * 400,
    "$5",
    "=1",
    "1\n2",
    "\u202e5",
)


@pytest.mark.parametrize("text", [*NO_NUMBERS, "0.0000001"])
@pytest.mark.parametrize("field", FIELDS)
def test_what_has_no_reading_or_two_is_refused(field: str, text: str) -> None:
    with pytest.raises(UsageError, match="written like"):
        value_of(field_of(field), text)


@pytest.mark.parametrize("text", [*NO_NUMBERS, "%", "90%%"])
def test_what_is_no_factor_is_refused(text: str) -> None:
    if text in ("-1", "1000000000.1"):  # numbers all the same: `scaled` refuses them
        assert not 0 <= factor_of(text) <= 1000
        return
    with pytest.raises(UsageError, match="A factor is"):
        factor_of(text)


def test_factors_and_totals() -> None:
    assert factor_of("90%") == factor_of(" 0.90 ") == Decimal("0.9")
    assert factor_of("12.5 %") == Decimal("0.125")
    assert total_of("120") == 120_000_000


def test_a_reason_says_something_in_one_line() -> None:
    assert reason_of("  invoice\n4711\u202e ") == "invoice 4711"
    for text in ("", "??? !!!", "x" * 501, "\u200b\u200b\u200b"):
        with pytest.raises(UsageError, match="reason"):
            reason_of(text)


def test_a_range_holds_its_campaigns_rows_only() -> None:
    week = Range("acme", 1, "c", Days(DAY, DAY + timedelta(days=6)))
    assert week.holds(target()) and not week.holds(target(7))
    assert not week.holds(Target("bolt", 1, target().key))
    assert not week.holds(Target("acme", 2, target().key))
    assert not week.holds(Target("acme", 1, FactKey(DAY, "d", "TikTok")))
    assert not Range("acme", 1, "c", week.days, ("Instagram",)).holds(target())


def line(n: int, cost: int, *active: Set) -> CorrectableFact:
    return CorrectableFact(target(n), Raw(1000, 10, cost), "EUR", 1, active)


def test_the_effect_is_what_counts_before_and_after() -> None:
    lines = [line(0, 100), line(1, 50, Set(7, "cost", 60), Set(8, "impressions", 500)), line(2, 9)]
    found = effect(lines, [WantedValue(target(0), "cost", 90), WantedValue(target(1), "cpm", 40)])
    assert (found.rows, found.before, found.after) == (2, Raw(1500, 20, 160), Raw(1500, 20, 110))
    assert cpm_of(found.after) == Fraction(110, 1_500_000)
    with pytest.raises(UsageError, match="others meanwhile"):
        effect(lines, [WantedValue(target(5), "cost", 90)])


def test_an_amount_in_another_currency_counts_nothing() -> None:
    idle = CorrectableFact(target(), RAW, "USD", 1, (Set(1, "cost", 7), Set(2, "clicks", 3)), ("cost",))
    assert idle.counted == Raw(1000, 3, 5_000_000)
    assert idle.seen.corrections == (1, 2)


def correction(number: int = 1, **more: object) -> Correction:
    base = {
        "client": "acme",
        "number": number,
        "account": 1,
        "key": target(number).key,
        "field": "cost",
        "value": 4_000_000,
        "before": 5_000_000,
        "raw_then": RAW,
        "raw_now": RAW,
        "currency": "EUR",
        "reason": "why",
        "author": "ann",
        "made_at": NOON,
        "batch": None,
        "ended_at": None,
        "ended_as": "",
        "ended_by": "",
        "ended_reason": "",
        "currency_now": "EUR",
    }
    return Correction(**base | more)  # type: ignore[arg-type]


def test_what_was_corrected_together_is_one_decision() -> None:
    batch = [correction(n, batch="b") for n in (3, 2)]
    found = decisions([correction(4), *batch, correction(1)], {("acme", "b"): 2})
    assert [[part.number for part in one.parts] for one in found] == [[4], [2, 3], [1]]
    assert [one.arrived for one in found] == [0, 2, 0]
    assert (found[1].before, found[1].value) == ("10.00\u00a0EUR", "8.00\u00a0EUR")
    assert str(found[1].days) == "2026-03-03 to 2026-03-04"


def test_a_decision_says_how_it_stands() -> None:
    ended = {"ended_at": NOON, "ended_as": "reverted"}
    assert CorrectionBatch((correction(),)).state == "active"
    assert CorrectionBatch((correction(1), correction(2, **ended))).state == "1 of 2 active"
    assert CorrectionBatch((correction(1, **ended), correction(2, **ended | {"ended_as": "superseded"}))).state == (
        "reverted and superseded"
    )


def test_warnings_are_about_what_is_active() -> None:
    restated, gone = {"raw_now": RAW._replace(cost=5_100_000)}, {"raw_now": None}
    said = "the platform restated this underneath: 5.00\u00a0EUR → 5.10\u00a0EUR"
    assert CorrectionBatch((correction(**restated),)).warnings == (said,)
    assert CorrectionBatch((correction(**gone),)).warnings == ("counts nothing: the source no longer reports this row",)
    assert CorrectionBatch((correction(currency_now="USD"),)).warnings == (
        "counts nothing: the source now reports USD, not EUR",
    )
    assert CorrectionBatch((correction(**restated | {"ended_at": NOON}),), 3).warnings == ()
    both = CorrectionBatch((correction(1, **restated), correction(2, **gone), correction(3)), 1)
    assert both.warnings == (
        "1 row restated underneath",
        "1 row no longer reported by the source: there it counts nothing",
        "1 row arrived since this range was corrected",
    )
    more = correction(field="cpm", raw_now=RAW._replace(impressions=2000))
    assert CorrectionBatch((more,)).warnings == ("the platform restated this underneath: 1,000 → 2,000",)
    undefined = correction(field="cpm", before=None, raw_then=RAW._replace(impressions=0))
    assert (CorrectionBatch((undefined,)).before, CorrectionBatch((undefined,)).raw_then) == ("–", "–")
