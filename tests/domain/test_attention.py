"""What needs a look: worst first by the money at stake, in one order for all currencies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from perfdash.domain import attention
from perfdash.domain.accounts import Days
from perfdash.domain.attention import LateChange, MisnamedRoi, Notice, NoticeKind
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.facts import MICRO
from perfdash.domain.pacing import Delivery
from perfdash.domain.refusals import MissingRows

START = date(2026, 11, 1)


def delivery(paid: int = 50, **more: Any) -> Delivery:
    """A campaign of 100 over 20 days of which 10 are over: 50 is on pace."""
    last = START + timedelta(days=9)
    usual = Delivery(
        ref=CampaignRef("acme", 1, "spring"),
        name="Spring",
        status=None,
        currency="EUR",
        budget=100 * MICRO,
        flight=Days(START, START + timedelta(days=19)),
        spent=paid * MICRO,
        last7=paid * MICRO * 7 // 10,
        last_delivery=last,
        complete_to=last,
    )
    return replace(usual, **more)


def kinds(*deliveries: Delivery) -> list[NoticeKind]:
    return [one.kind for one in attention.of_deliveries(deliveries)]


def test_a_campaign_on_pace_needs_no_look() -> None:
    assert kinds(delivery(50)) == []


@pytest.mark.parametrize(("spent", "kind"), [(20, "slow"), (70, "fast"), (101, "over")])
def test_a_campaign_off_pace_is_told_by_its_band(spent: int, kind: NoticeKind) -> None:
    assert kinds(delivery(spent)) == [kind]


def test_a_stalled_campaign_has_the_unspent_share_of_its_budget_at_stake() -> None:
    silent = delivery(57, last7=0, last_delivery=START + timedelta(days=5))
    (one,) = attention.of_deliveries([silent])
    assert (one.kind, one.severity) == ("stalled", Fraction(43, 100))


def test_in_its_first_days_a_campaign_is_neither_slow_nor_fast() -> None:
    young = {"complete_to": START + timedelta(days=1), "last_delivery": START + timedelta(days=1)}
    assert kinds(delivery(1, last7=MICRO, **young)) == []
    assert kinds(delivery(101, last7=MICRO, **young)) == ["over"]


def test_a_flight_that_ends_this_week_is_told_once_and_only_where_nothing_worse_is() -> None:
    late = {"complete_to": START + timedelta(days=14), "last_delivery": START + timedelta(days=14)}
    assert kinds(delivery(75, last7=35 * MICRO, **late)) == ["ends_soon"]
    assert kinds(delivery(20, **late)) == ["slow"]


def test_what_is_over_was_told_while_it_ran_but_a_budget_overspent_this_week_still_is() -> None:
    ended = START + timedelta(days=19)
    assert kinds(delivery(90, complete_to=ended)) == []
    assert kinds(delivery(120, complete_to=ended + timedelta(days=6))) == ["over"]
    assert kinds(delivery(120, complete_to=ended + timedelta(days=7))) == []


def test_without_money_stalls_and_ends_are_told_and_nothing_of_pace() -> None:
    hidden: dict[str, Any] = {"budget": None, "spent": None, "last7": None}
    assert kinds(delivery(**hidden)) == []
    (one,) = attention.of_deliveries([delivery(**hidden, last_delivery=START)])
    assert (one.kind, one.pace, one.severity) == ("stalled", None, Fraction(1, 2))
    assert kinds(delivery(**hidden, complete_to=START + timedelta(days=15))) == ["stalled"]
    recent = {"complete_to": START + timedelta(days=15), "last_delivery": START + timedelta(days=15)}
    assert kinds(delivery(**hidden, **recent)) == ["ends_soon"]


def test_the_order_does_not_depend_on_the_currency_money_is_counted_in() -> None:
    yen = {"currency": "JPY", "budget": 100 * 160 * MICRO}
    slow, slower = delivery(40), delivery(20)
    dear = replace(slow, **yen, spent=40 * 160 * MICRO, last7=28 * 160 * MICRO, ref=CampaignRef("hoshi", 1, "a"))
    ordered = attention.in_order(attention.of_deliveries([dear, slow, slower]))
    assert [one.client for one in ordered] == ["acme", "acme", "hoshi"]
    assert ordered[0].severity > ordered[1].severity == ordered[2].severity


def missing(client: str, rows: int, cost: int | None) -> MissingRows:
    return MissingRows(client, 1, 1, "EUR", ((START, rows),), (START,), cost, 0, (("why", rows),))


def test_refused_rows_of_a_client_are_one_notice_and_weigh_by_its_cost() -> None:
    costs = {("acme", "EUR"): 100}
    one, other = attention.of_missing([missing("acme", 2, 5), missing("acme", 1, 15), missing("zeta", 9, None)], costs)
    assert (one.client, one.rows, one.amount, one.severity) == ("acme", 3, 20, Fraction(1, 5))
    assert (other.client, other.amount, other.severity) == ("zeta", None, 0)


def test_a_late_rise_and_a_fall_of_the_same_size_are_no_difference_but_still_at_stake() -> None:
    change = LateChange("acme", "EUR", moved=20, difference=0, rows=2, days=(START,))
    (one,) = attention.of_late_changes([change], {("acme", "EUR"): 100})
    assert (one.severity, one.amount, one.rows) == (Fraction(1, 5), 0, 2)


def test_roas_under_the_name_roi_puts_no_money_at_stake() -> None:
    (one,) = attention.of_misnamed([MisnamedRoi("acme", "EUR", 673), MisnamedRoi("zeta", "EUR", 0)])
    assert (one.kind, one.rows, one.severity) == ("roi_is_roas", 673, 0)


def notice(kind: NoticeKind, severity: int, client: str = "acme") -> Notice:
    return Notice(kind, Fraction(severity, 100), client)


def test_the_few_that_are_shown_are_the_worst_and_no_kind_hides_behind_many_of_another() -> None:
    many = [notice("slow", 90 - n, f"c{n}") for n in range(8)]
    late, roi = notice("restated_late", 3), notice("roi_is_roas", 0)
    shown = attention.worst([roi, *many, late], most=6)
    assert shown == (*many[:4], late, roi)
    assert attention.worst(many[:2], most=6) == tuple(many[:2])
    assert attention.worst([]) == ()


@pytest.mark.parametrize(("day", "monday"), [(30, 23), (29, 23), (25, 23), (24, 16), (23, 16)])
def test_the_last_report_was_on_a_monday_that_is_over_for_a_day_at_least(day: int, monday: int) -> None:
    assert attention.last_monday(date(2026, 11, day)) == date(2026, 11, monday)
