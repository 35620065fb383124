"""Overview: headline figures, changes, currencies, and what is said when there is nothing."""

from __future__ import annotations

from datetime import timedelta

from perfdash.domain.errors import SourceUnreachable
from tests.pages.conftest import BEFORE, VIEW, YESTERDAY, fact, fetched, said, shown, texts, tile, tiles
from tests.store.builders import NOON, Runs, given_campaign, given_client
from tests.ui.conftest import given_user


def test_the_worked_case_has_a_cpm_of_25_and_says_so_exactly(acme):
    fact(acme, campaign_id="a", impressions=10_000, cost=100_000_000)
    fact(acme, campaign_id="b", impressions=30_000, cost=900_000_000)
    app = shown()
    assert tiles(app)["CPM (EUR)"] == "25.00"
    assert "25.00\u00a0EUR." in tile(app, "CPM (EUR)").help
    assert "cost / impressions × 1000" in tile(app, "CPM (EUR)").help
    assert tiles(app)["Cost (EUR)"] == "1,000.00"
    assert "1,000.00\u00a0EUR." in tile(app, "Cost (EUR)").help


def test_ten_figures_stand_at_the_top(acme):
    fact(acme, revenue=12_000_000)
    assert list(tiles(shown())) == [
        "Cost (EUR)",
        "Impressions",
        "Clicks",
        "CTR",
        "CPM (EUR)",
        "CPC (EUR)",
        "ROAS (EUR)",
        "ROI (EUR)",
        "Campaigns",
        "Budget (EUR)",
    ]


def test_a_change_is_shown_against_the_days_before(acme):
    fact(acme, cost=15_000_000)
    fact(acme, cost=10_000_000, day=BEFORE.end)
    app = shown()
    assert tile(app, "Cost (EUR)").delta == "+50.0%"
    assert "change against 9 Jan – 7 Feb 2026" in said(app)


def test_no_change_is_shown_when_days_before_were_never_fetched(store, source):
    given_client(store, "acme", settlement_days=3, history_days=400)
    fetched(store, "acme", BEFORE.start + timedelta(days=2))
    given_user(store, "boss", "admin")
    fact(store)
    app = shown()
    reason = "2 days of the period before (9 Jan – 7 Feb 2026) were never fetched"
    assert tile(app, "Cost (EUR)").delta == "–"
    assert reason in tile(app, "Cost (EUR)").help
    assert reason in said(app)


def test_the_undefined_is_a_dash(acme):
    fact(acme, impressions=0, clicks=0)
    app = shown()
    assert (tiles(app)["CPM (EUR)"], tiles(app)["CTR"], tiles(app)["ROAS (EUR)"]) == ("–", "–", "–")


def test_roas_says_when_it_does_not_speak_of_all_cost(acme):
    fact(acme, campaign_id="a", cost=6_000_000, revenue=12_000_000)
    fact(acme, campaign_id="b", cost=2_000_000)
    app = shown()
    assert tiles(app)["ROAS (EUR)"] == "2.00×"
    assert "Covers 75% of the cost" in tile(app, "ROAS (EUR)").help


def test_several_currencies_keep_their_money_apart_and_share_their_counts(acme):
    given_client(acme, "hoshi", currency="JPY", zone="Asia/Tokyo", history_days=400)
    fetched(acme, "hoshi")
    fact(acme, cost=5_000_000, clicks=10)
    fact(acme, client_id="hoshi", currency="JPY", cost=700_000_000, clicks=30)
    found = tiles(shown())
    assert (found["Cost (EUR)"], found["Cost (JPY)"]) == ("5.00", "700")
    assert (found["Impressions"], found["Clicks"], found["CTR"]) == ("2,000", "40", "2.00%")


def test_who_may_not_see_money_sees_none_of_it(acme):
    given_user(acme, "desk", "client", "acme", money=False)
    given_campaign(acme, "spring", name="Spring", budget=9_000_000)
    fact(acme, revenue=12_000_000)
    app = shown(name="desk")
    assert list(tiles(app)) == ["Impressions", "Clicks", "CTR", "Campaigns"]
    columns = {column for table in app.dataframe for column in table.value.columns}
    assert not columns & {"cost", "cpm", "cpc", "roas", "roi", "budget", "flight_cost", "used", "revenue"}
    assert "EUR" not in said(app)


def test_a_campaign_over_its_budget_shows_by_how_much(acme):
    given_campaign(acme, "spring", name="Spring launch", budget=10_000_000)
    fact(acme, cost=12_500_000)
    table = shown().dataframe[1]
    (row,) = texts(table)
    assert (row["name"], row["used"], row["budget_left"]) == ("Spring launch", "125.00%", "−2.50")
    assert list(table.value["used"]) == [125.0]


def test_the_page_says_how_fresh_and_how_final_its_data_is(acme):
    fact(acme)
    line = said(shown())
    assert "data fetched today 11:55 UTC" in line
    assert "final to 6 Mar 2026" in line


def test_old_data_offers_a_sync(store, source):
    given_client(store, "acme", settlement_days=3, history_days=400)
    Runs(store).add(BEFORE.start, NOON.date(), at=NOON - timedelta(hours=7))
    given_user(store, "boss", "admin")
    fact(store)
    app = shown()
    assert "older than 6 hours" in said(app)
    assert "Sync now" in [button.label for button in app.button]


def test_a_cpm_limit_names_what_it_left_out(acme):
    fact(acme, cost=5_000_000)
    fact(acme, campaign_id="dark", impressions=0, clicks=0, cost=12_300_000)
    app = shown(max_cpm="6")
    line = "CPM limit, applied to each row, leaves out 1 row without impressions, 12.30 EUR of 17.30 EUR."
    assert line in said(app)
    assert tiles(app)["Cost (EUR)"] == "5.00"


def test_a_limit_that_leaves_nothing_says_so(acme):
    fact(acme, cost=5_000_000)
    app = shown(max_cpm="1")
    assert "has a CPM of at most 1.00 EUR" in said(app)
    assert not app.metric


def test_an_empty_range_names_the_nearest_data(acme):
    fact(acme, day=BEFORE.start)
    fact(acme, day=BEFORE.end, platform="Instagram")
    assert "The nearest data is from 9 Jan – 7 Feb 2026." in said(shown())
    assert "on Instagram. The nearest data is from 7 Feb 2026." in said(shown(platform="Instagram"))


def test_an_empty_store_says_what_to_do(acme):
    assert "No data is stored yet" in said(shown())


def test_days_never_fetched_are_fetched_just_those_and_only_once(store, source):
    given_client(store, "acme", history_days=400)
    Runs(store).add(VIEW.start - timedelta(days=3), YESTERDAY - timedelta(days=3), at=NOON - timedelta(minutes=5))
    given_user(store, "boss", "admin")
    app = shown()
    assert [(client, days.start, days.end) for client, days in source.asked] == [
        ("acme", YESTERDAY - timedelta(days=2), YESTERDAY)
    ]
    app.run()
    assert len(source.asked) == 1


def test_a_failing_source_is_one_calm_line_and_is_left_alone(store, source):
    given_client(store, "acme", history_days=400)
    Runs(store).add(VIEW.start - timedelta(days=3), YESTERDAY - timedelta(days=3), at=NOON - timedelta(hours=1))
    given_user(store, "boss", "admin")
    fact(store, day=VIEW.start)
    source.answer = SourceUnreachable("The source did not answer within 20 s.")
    app = shown()
    assert tiles(app)["Cost (EUR)"] == "5.00"
    (line,) = [w.value.replace("\\", "").replace("\u2060", "") for w in app.warning]
    assert line.startswith(
        "acme, agency/acme-1: The source did not answer within 20 s. Stored numbers stay as they are"
    )
    assert "it last worked today 11:00 UTC" in line
    app.run()
    assert len(app.warning) == 1
    assert len(source.asked) == 1


def test_a_name_from_outside_is_shown_as_text(acme):
    given_campaign(acme, "spring", name="![x](https://evil.example/x.png)")
    fact(acme)
    app = shown()
    assert not [part for part in [*app.markdown, *app.caption] if "](http" in part.value]


def test_an_account_without_a_client_is_told_so(acme):
    given_user(acme, "new", "client")
    app = shown(name="new")
    assert "no client is part of it yet" in said(app)
    assert "sync it first" not in said(app)
