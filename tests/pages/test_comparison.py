"""The change against other days: the control, its link, what the captions say, and the numbers at the same age."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.store.engine import Store
from perfdash.ui.campaigns.tables import link_of
from perfdash.ui.filters.sidebar import Selection
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, fact, fetched, said, shown, tile
from tests.store.builders import NOON, Runs, given_client, given_facts, given_history, given_revisions
from tests.ui.conftest import given_user, press

MILLION = 1_000_000
WEEK = Days(date(2026, 3, 3), date(2026, 3, 9))
BEFORE = Days(date(2026, 2, 24), date(2026, 3, 2))
MORNING = NOON - timedelta(hours=4)
SYNCS = 20


def shown_with(kind: str, **query: str) -> AppTest:
    return shown(range="Last 7 days", compare=kind, **query)


def selection(app: AppTest) -> Selection:
    found = app.session_state["_selection"]
    assert isinstance(found, Selection)
    return found


@pytest.fixture
def restated(acme: Store) -> Store:
    """acme, synced every morning: every day costs 10 on day 1, and from day 3 on, 11."""
    given_revisions(acme, "acme", *(MORNING - timedelta(days=SYNCS - n) for n in range(1, SYNCS + 1)))
    runs = Runs(acme, count=1)
    for n in range(1, SYNCS + 1):
        at = MORNING - timedelta(days=SYNCS - n)
        runs.add(at.date() - timedelta(days=3), at.date(), at=at)
    for day in [*BEFORE.each(), *WEEK.each()]:
        first, later = revision_after(day, 1), revision_after(day, 3)
        if later > SYNCS:
            given_facts(acme, {"day": day, "cost": 10 * MILLION, "from_rev": first})
        else:
            given_history(acme, {"day": day, "cost": 10 * MILLION, "from_rev": first, "to_rev": later})
            given_facts(acme, {"day": day, "cost": 11 * MILLION, "from_rev": later})
    return acme


def revision_after(day: date, days: int) -> int:
    return SYNCS - (MORNING.date() - day).days + days


def test_the_same_age_takes_exactly_the_restated_amounts_out_of_the_change(restated):
    plain, aged = shown_with("Days before"), shown_with("Same age")
    assert tile(plain, "Cost (EUR)").value == tile(aged, "Cost (EUR)").value == "75.00"
    assert tile(plain, "Cost (EUR)").delta == "\u22122.6%"  # 75 against 77: the younger side has not grown yet
    assert tile(aged, "Cost (EUR)").delta == "0.0%"  # 70 against 70
    assert "Changed from 77.00\u00a0EUR to 75.00\u00a0EUR." in tile(plain, "Cost (EUR)").help
    assert "Changed from 70.00\u00a0EUR to 70.00\u00a0EUR." in tile(aged, "Cost (EUR)").help


def test_the_caption_says_what_is_compared(restated):
    assert "change against 24 Feb – 2 Mar 2026 ·" in said(shown_with("Days before"))
    assert "change against 24 Feb – 2 Mar 2026, the same weekdays ·" in said(shown_with("Same weekdays"))
    assert "change against 24 Feb – 2 Mar 2026, both as known on day 1 ·" in said(shown_with("Same age"))


def test_last_year_is_compared_when_it_was_fetched_and_refused_when_not(restated):
    refused = shown_with("Last year")
    reason = "7 days of the same days last year (3–9 Mar 2025) were never fetched"
    assert reason in said(refused)
    assert reason in tile(refused, "Cost (EUR)").help
    Runs(restated, count=SYNCS + 1).add(date(2025, 3, 1), date(2025, 3, 31), at=MORNING)
    fact(restated, day=date(2025, 3, 3), cost=60 * MILLION)
    app = shown_with("Last year")
    assert "change against 3–9 Mar 2025, the same days last year" in said(app)
    assert tile(app, "Cost (EUR)").delta == "+25.0%"


def test_choosing_another_kind_changes_caption_and_numbers(restated):
    app = shown(range="Last 7 days")
    assert app.selectbox(key="compare").value == "fair"
    app.selectbox(key="compare").set_value("same_age").run()
    assert not app.exception
    assert "as known on day 1" in said(app)
    assert tile(app, "Cost (EUR)").delta == "0.0%"
    assert selection(app).period.kind == "same_age"


def test_a_range_that_ended_days_ago_is_seen_on_a_later_day(restated):
    app = shown(range="Custom", dates=["2026-03-01", "2026-03-07"], compare="Same age")
    assert "as known on day 3" in said(app)
    assert (
        "Changed from 77.00\u00a0EUR to 77.00\u00a0EUR." not in tile(app, "Cost (EUR)").help
    )  # 22 and 23 Feb hold nothing
    assert "to 77.00\u00a0EUR." in tile(app, "Cost (EUR)").help


def test_where_the_ledger_begins_later_no_change_is_shown_and_it_says_when(acme):
    fact(acme)
    app = shown_with("Same age")
    reason = "6 days of these days (3–9 Mar 2026) were not known yet on day 1: the ledger begins on 10 Mar 2026"
    assert reason in said(app)
    assert tile(app, "Cost (EUR)").delta == "–"
    assert reason in tile(app, "Cost (EUR)").help


def test_all_days_have_nothing_to_be_compared_with_whatever_is_chosen(restated):
    app = shown(range="All days", compare="Same age")
    assert "no change shown: all days are in view" in said(app)


def test_the_page_of_a_campaign_compares_that_one_at_the_same_age(restated):
    fact(restated, campaign_id="other", cost=900 * MILLION, from_rev=SYNCS)
    app = shown(CAMPAIGN, range="Last 7 days", compare="Same age", **link_of(CampaignRef("acme", 1, "spring")))
    assert "Changed from 70.00\u00a0EUR to 70.00\u00a0EUR." in tile(app, "Cost (EUR)").help
    assert "as known on day 1" in said(app)


def test_one_client_whose_past_is_not_known_is_enough_to_refuse(restated):
    given_client(restated, "hoshi", currency="JPY", zone="Asia/Tokyo", history_days=400)
    fetched(restated, "hoshi")
    assert "6 days of these days (3–9 Mar 2026) were not known yet on day 1" in said(shown_with("Same age"))
    assert "as known on day 1" in said(shown_with("Same age", client="acme"))


def test_several_currencies_are_each_compared_at_the_same_age(restated):
    fact(restated, campaign_id="abroad", currency="USD", cost=30 * MILLION, from_rev=SYNCS)
    fact(restated, campaign_id="abroad", currency="USD", cost=20 * MILLION, from_rev=SYNCS - 7, day=BEFORE.end)
    for currency, change in (("EUR", "0.0%"), ("USD", "+50.0%")):
        assert tile(shown_with("Same age", shown=currency), f"Cost ({currency})").delta == change


def test_reset_goes_back_to_a_fair_comparison(restated):
    app = press(shown_with("Same age"), "Reset filters")
    assert selection(app).period.kind == "fair"


def test_a_link_that_names_no_kind_is_said_and_means_a_fair_comparison(restated):
    app = shown_with("Unfair")
    assert "compare “Unfair”" in said(app)
    assert selection(app).period.kind == "fair"


def test_by_default_young_days_are_compared_at_the_same_age_with_the_numbers_that_were_known_then(restated):
    app = shown(range="Last 7 days")
    moment = "Tue 3 Mar 2026, 12:00 (UTC)"
    assert (
        f"Compared at the same age: 7–9 Mar 2026 can still change, so the days before are taken as they were known at "
        f"{moment}, when they were as old."
    ) in said(app)
    assert f"change against 24 Feb – 2 Mar 2026, as known at {moment} ·" in said(app)
    assert tile(app, "Cost (EUR)").delta == "0.0%"
    assert "Changed from 75.00\u00a0EUR to 75.00\u00a0EUR." in tile(app, "Cost (EUR)").help, "the tile's own number"


def test_by_default_settled_days_are_compared_as_they_are(restated):
    app = shown(range="Custom", dates=["2026-03-03", "2026-03-05"])
    assert "Compared as they are: every day in view is final." in said(app)
    assert "change against 28 Feb – 2 Mar 2026 ·" in said(app)


def test_where_the_past_is_not_known_the_default_is_plain_and_says_why(acme):
    fact(acme)
    fact(acme, day=date(2026, 2, 7))
    app = shown()
    line = said(app)
    assert "Compared as they are, although 7–9 Mar 2026 can still change:" in line
    assert "30 days of the period before (9 Jan – 7 Feb 2026) were not known yet at Sun 8 Feb 2026, 12:00 (UTC)" in line
    assert tile(app, "Cost (EUR)").delta == "0.0%"


def test_a_comparison_can_be_switched_off(restated):
    app = shown_with("None")
    assert "change" not in said(app).split("data fetched")[0]
    assert tile(app, "Cost (EUR)").delta == "–"


def test_the_campaigns_page_promises_no_change(restated):
    assert "change against" not in said(shown(CAMPAIGNS, compare="Days before"))


def test_who_may_see_no_money_compares_counts_at_the_same_age(restated):
    given_user(restated, "desk", "client", "acme", money=False)
    app = shown(name="desk", range="Last 7 days", compare="Same age")
    assert tile(app, "Impressions").delta == "0.0%"
    assert "EUR" not in said(app)
