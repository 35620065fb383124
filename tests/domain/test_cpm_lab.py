"""Reported against recomputed: every cause that is planted is found, and none is found where there is none."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.cpm_lab import Beside, ExplainedRatio, ReportedFact, cause_of, compare, findings
from perfdash.domain.metrics import rounded

DAY = date(2026, 3, 1)
CLEAN = 20_000


def row(cpm: object = None, roi: object = None, **more: object) -> ReportedFact:
    """50 EUR for 4,001 impressions that reached 2,713 people and earned 120 EUR: CPM 12.496876, ROI 1.4."""
    values = {
        "client": "acme",
        "day": DAY,
        "account": 1,
        "campaign": "spring",
        "platform": "TikTok",
        "creator": "",
        "currency": "EUR",
        "cost": 50_000_000,
        "impressions": 4_001,
        "reach": 2_713,
        "revenue": 120_000_000,
    } | more
    return ReportedFact(
        **values,
        cpm=None if cpm is None else Decimal(str(cpm)),
        roi=None if roi is None else Decimal(str(roi)),
    )


def name_of(measure: str, found: ReportedFact, beside: list[ReportedFact] | None = None) -> str:
    cause = cause_of(measure, found, Beside(beside or [found]))
    assert cause is not None
    return cause.name


def cents(value: Fraction, places: int = 2) -> Decimal:
    return rounded(value, places)


# --- one row


@pytest.mark.parametrize("reported", ["12.5", "12.50", "12.49", "12.4969", "12.496875781", "12", "13"])
def test_a_cpm_rounded_or_cut_off_at_its_own_last_decimal_agrees(reported):
    assert name_of("cpm", row(reported)) == "agrees"


@pytest.mark.parametrize(
    ("reported", "cause"),
    [
        ("12.00", "rounding"),  # whole units, though it shows cents
        ("12496.88", "x1000"),
        ("0.01249688", "x1000"),
        ("1249.69", "x100"),
        ("0.124969", "x100"),
        ("18.43", "per_reach"),
        ("15.70", "unexplained"),
        ("-12.50", "unexplained"),
        ("0.00", "unexplained"),
    ],
)
def test_a_cpm_that_disagrees_has_the_one_cause_that_fits(reported, cause):
    assert name_of("cpm", row(reported)) == cause


@pytest.mark.parametrize(
    ("reported", "cause"),
    [
        ("1.40", "agrees"),
        ("2.40", "roas"),
        ("140.00", "percent"),
        ("240.00", "roas_percent"),
        ("1.00", "rounding"),
        ("7.77", "unexplained"),
        ("0", "unexplained"),
    ],
)
def test_a_roi_that_disagrees_has_the_one_cause_that_fits(reported, cause):
    assert name_of("roi", row(roi=reported)) == cause


def test_a_roas_written_as_a_whole_number_is_not_taken_for_a_roi_one_unit_off():
    assert name_of("roi", row(roi="3", revenue=150_000_000)) == "roas"
    assert name_of("roi", row(roi="2", revenue=150_000_000)) == "agrees"


def test_where_two_causes_fit_it_is_ambiguous_and_both_are_named():
    reach_is_a_tenth_of_a_thousandth = row("12500.00", cost=50_000_000, impressions=4_000, reach=4)
    found = cause_of("cpm", reach_is_a_tenth_of_a_thousandth)
    assert (found.name, found.fits) == ("ambiguous", ("x1000", "per_reach"))


def test_where_everybody_was_reached_once_per_reach_is_the_same_number_and_agrees():
    assert name_of("cpm", row("12.50", reach=4_001)) == "agrees"


def test_a_cpm_of_a_cost_that_was_rounded_only_when_it_was_sent_is_rounding():
    # 0.014 for 3 impressions is 4.67; the cost is sent as 0.01, which gives 3.33.
    assert name_of("cpm", row("4.67", cost=10_000, impressions=3, reach=None)) == "rounding"
    assert name_of("cpm", row("5.67", cost=10_000, impressions=3, reach=None)) == "unexplained"
    # In yen the cost has no decimals to lose but those after the point.
    assert name_of("cpm", row("140", cost=1_000_000, impressions=10, reach=None, currency="JPY")) == "rounding"
    # A cost with more decimals than the currency was not rounded to them.
    assert name_of("cpm", row("4.67", cost=10_001, impressions=3, reach=None)) == "unexplained"


def test_a_roi_of_amounts_that_were_rounded_only_when_they_were_sent_is_rounding():
    assert name_of("roi", row(roi="1.20", cost=20_000, revenue=40_000)) == "rounding"
    assert name_of("roi", row(roi="-2.90", cost=20_000, revenue=-40_000)) == "rounding"
    assert name_of("roi", row(roi="8.20", cost=20_000, revenue=40_000)) == "unexplained"


def test_nothing_is_reported_nothing_is_found():
    assert cause_of("cpm", row()) is None
    assert cause_of("roi", row()) is None


def test_what_cannot_be_recomputed_is_neither_right_nor_wrong():
    assert name_of("roi", row(roi="1.40", revenue=None)) == "incomparable"
    assert name_of("cpm", row("0", impressions=0)) == "agrees"
    assert name_of("cpm", row("3.10", impressions=0)) == "unexplained"
    assert name_of("roi", row(roi="0.0", cost=0)) == "agrees"
    assert name_of("roi", row(roi="5", cost=0)) == "unexplained"


def test_a_cost_of_nothing_is_no_reason_to_see_a_unit():
    assert name_of("cpm", row("0.00", cost=0)) == "agrees"
    assert name_of("cpm", row("7.00", cost=0)) == "unexplained"


def test_a_float_with_all_its_digits_agrees_however_it_was_divided():
    for cost, impressions in ((10_000_000, 3), (123_450_000, 99_991), (1_000_000, 7)):
        reported = repr(cost / 1e6 / impressions * 1000)
        assert name_of("cpm", row(reported, cost=cost, impressions=impressions)) == "agrees"
        assert name_of("cpm", row(repr(float(reported) / 1000), cost=cost, impressions=impressions)) == "x1000"
        assert name_of("roi", row(roi=repr(7e6 / cost - 1), cost=cost, revenue=7_000_000)) == "agrees"
        assert name_of("roi", row(roi=repr(7e6 / cost), cost=cost, revenue=7_000_000)) == "roas"


# --- rows beside each other


def creators(mean: str) -> list[ReportedFact]:
    """CPM 25 and 2 on one day: 13.50 is their mean, 4.0909 the CPM of both together."""
    two = {"ann": (10_000_000, 400), "bob": (8_000_000, 4_000)}
    return [row(mean, creator=c, cost=cost, impressions=n, reach=None) for c, (cost, n) in two.items()]


def test_rows_that_carry_the_mean_of_their_campaigns_day_are_found():
    day = creators("13.50")
    assert [name_of("cpm", one, day) for one in day] == ["mean", "mean"]
    assert [name_of("cpm", one, [one]) for one in day] == ["unexplained", "unexplained"]


def test_a_mean_of_rounded_cpms_is_a_mean_too():
    thirds = [
        row("4.16", creator=c, cost=cost * 10**6, impressions=3_000, reach=None) for c, cost in (("a", 10), ("b", 15))
    ]
    assert {name_of("cpm", one, thirds) for one in thirds} == {"mean"}  # 4.1667, of 3.33 and 5.00


def test_a_total_row_that_carries_the_mean_of_its_parts_is_found():
    parts = [
        row("25.00", cost=100_000_000, impressions=4_000),
        row("2.00", platform="YouTube", cost=40_000_000, impressions=20_000),
    ]
    total = row("13.50", platform="All", cost=140_000_000, impressions=24_000, reach=None)  # rightly 5.83
    assert name_of("cpm", total, [*parts, total]) == "mean"
    not_their_sum = total._replace(cost=141_000_000)
    assert name_of("cpm", not_their_sum, [*parts, not_their_sum]) == "unexplained"


def test_a_roi_of_0_where_nothing_was_earned_is_a_roas():
    assert name_of("roi", row(roi="0.00", revenue=0)) == "roas"
    assert name_of("roi", row(roi="-1.00", revenue=0)) == "agrees"


def test_the_mean_of_rois_is_found():
    day = [
        row(roi="2.00", creator=c, cost=cost, revenue=90_000_000) for c, cost in (("a", 18_000_000), ("b", 90_000_000))
    ]
    assert [name_of("roi", one, day) for one in day] == ["mean", "mean"]  # 4 and 0


# --- twenty thousand


def clean(count: int = CLEAN, seed: int = 7) -> list[ReportedFact]:
    """Rows of campaigns' days with several creators and platforms, whose CPM and ROI were computed and then rounded."""
    dice, made = random.Random(seed), []
    how = (ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_DOWN)
    while len(made) < count:
        campaign, day = f"c{len(made) // 300}", DAY + timedelta(len(made) % 60)
        for platform in ("TikTok", "Instagram"):
            for creator in ("", "ann", "bob")[: dice.randint(1, 3)]:
                impressions = dice.choice((1, 3, 17, dice.randint(1, 500), dice.randint(1_000, 3_000_000)))
                cost = dice.choice((0, 10_000, dice.randint(1, 200_000) * 10_000, dice.randint(1, 10**9)))
                reach = dice.choice((None, impressions, max(1, impressions * 7 // 10)))
                revenue = dice.choice((None, 0, -10_000, dice.randint(0, 600_000) * 10_000))
                cpm = Decimal(cost) / Decimal(impressions * 1000)
                roi = None if revenue is None or not cost else (Decimal(revenue) - cost) / cost
                mode = dice.choice(how)
                said_cpm = cpm.quantize(Decimal("0.01"), mode)
                said_roi = None if roi is None else roi.quantize(Decimal("0.01"), mode)
                if dice.random() < 0.5:  # as JSON numbers: without the zeros at their end
                    said_cpm = Decimal(repr(float(said_cpm)))
                made.append(
                    row(
                        said_cpm,
                        said_roi,
                        day=day,
                        campaign=campaign,
                        platform=platform,
                        creator=creator,
                        cost=cost,
                        impressions=impressions,
                        reach=reach,
                        revenue=revenue,
                    )
                )
    return sorted(made[:count], key=lambda one: one[:6])


def test_on_twenty_thousand_clean_rows_no_cause_is_found():
    found = Counter((finding.measure, finding.cause.name) for finding in findings(clean()))
    print(dict(found))
    assert found["cpm", "agrees"] == CLEAN
    assert set(found) == {("cpm", "agrees"), ("roi", "agrees")}


PLANTED = {
    "x1000": lambda one: one._replace(cpm=cents(Fraction(one.cost, one.impressions), 6) / 10**6),
    "x100": lambda one: one._replace(cpm=cents(Fraction(one.cost, 10 * one.impressions))),
    "per_reach": lambda one: one._replace(cpm=cents(Fraction(one.cost, 1000 * one.reach))),
    "rounding": lambda one: one._replace(cpm=Decimal(f"{cents(Fraction(one.cost, 1000 * one.impressions), 0)}.00")),
    "roas": lambda one: one._replace(roi=cents(Fraction(one.revenue, one.cost))),
    "percent": lambda one: one._replace(roi=cents(Fraction(100 * (one.revenue - one.cost), one.cost))),
    "roas_percent": lambda one: one._replace(roi=cents(Fraction(100 * one.revenue, one.cost))),
    "unexplained": lambda one: one._replace(cpm=cents(Fraction(one.cost * 17, 13_000 * one.impressions))),
}


@pytest.mark.parametrize("cause", PLANTED)
def test_each_cause_that_is_planted_in_good_data_is_found_and_no_other(cause):
    dice, rows = random.Random(cause), []
    for n in range(500):
        impressions = dice.randint(5_000, 900_000)
        one = row(
            campaign=f"c{n}",
            cost=impressions * dice.randint(25, 300) // 100 * 10_000,
            impressions=impressions,
            reach=impressions * 6 // 10,
            revenue=dice.randint(100, 200_000) * 10_000,
        )
        rows.append(PLANTED[cause](one))
    found = Counter(finding.cause.name for finding in findings(rows))
    print(cause, dict(found))
    assert set(found) <= {cause, "agrees", "ambiguous"}
    assert found[cause] >= 440
    assert found["ambiguous"] <= 5


# --- in sum


def test_the_sums_show_the_ratio_of_sums_what_is_reported_weighted_and_the_mean():
    rows = [
        row("10.00", cost=100_000_000, impressions=10_000),
        row("30.00", campaign="b", cost=900_000_000, impressions=30_000),
    ]
    (found,) = compare(findings(rows))
    (whole,) = found.wholes
    assert (whole.recomputed, whole.reported, whole.mean) == (25, 25, 20)


def test_what_the_causes_do_to_the_total_adds_up_to_its_difference_exactly():
    rows = [
        one._replace(cpm=(one.cpm or Decimal(0)) * dice, reach=None)
        for dice, one in zip([1, 1, 1000, 3] * 500, clean(2_000), strict=True)
    ]
    found = compare(findings(rows))[0]
    (whole,) = found.wholes
    assert sum(share.moves for share in found.shares) == whole.reported - whole.recomputed
    assert sum(share.rows for share in found.shares) == found.rows == 2_000
    assert sum(share.cost for share in found.shares) == sum(one.cost for one in rows)


def test_currencies_are_told_apart():
    rows = [row("12.50"), row("12.50", campaign="b", currency="USD")]
    (found,) = compare(findings(rows))
    assert [(whole.currency, whole.rows) for whole in found.wholes] == [("EUR", 1), ("USD", 1)]


def test_the_worst_are_those_furthest_apart_then_the_costliest_and_no_more_than_asked():
    rows = [row("12496.88", campaign="a"), row("18.43", campaign="b"), row("12.50", campaign="c")]
    rows += [row("18.43", campaign="d", cost=50_010_000)]
    found = compare(findings(rows), most=2)[0]
    assert [finding.row.campaign for finding in found.worst] == ["a", "b"]
    assert found.disagreeing == 3


def test_rows_without_revenue_do_not_count_in_the_sums_of_roi():
    rows = [row(roi="1.40"), row(roi="9.00", campaign="b", revenue=None)]
    (found,) = compare(findings(rows))
    assert found.wholes[0].rows == 1
    assert found.disagreeing == 0
    assert compare(findings(rows[1:]))[0].wholes == ()


def test_no_row_no_comparison():
    assert compare([]) == ()
    assert compare(findings([row()])) == ()


@given(
    st.integers(0, 10**15),
    st.integers(0, 10**12),
    st.one_of(st.none(), st.integers(0, 10**12)),
    st.one_of(st.none(), st.integers(-(10**15), 10**15)),
    st.decimals(-(10**11), 10**11, places=4),
    st.decimals(-(10**11), 10**11, places=18),
)
def test_whatever_is_reported_gets_one_name_and_the_difference_is_exact(cost, impressions, reach, revenue, cpm, roi):
    one = row(cpm, roi, cost=cost, impressions=impressions, reach=reach, revenue=revenue)
    for finding in findings([one]):
        assert isinstance(finding, ExplainedRatio)
        assert 0 <= finding.cause.apart <= 2
        assert (finding.cause.name == "ambiguous") == (len(finding.cause.fits) > 1)
        if finding.cause.recomputed is not None:
            assert finding.cause.recomputed + finding.cause.difference == Fraction(finding.cause.reported)
    assert compare(findings([one]))
