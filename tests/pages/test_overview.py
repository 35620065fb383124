"""Overview: headline figures, changes, currencies, and what is said when there is nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.errors import SourceUnreachable
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.presentation import charts
from perfdash.store import receipts
from perfdash.store.receipts import Exported
from perfdash.ui.runtime import cache
from tests.pages.conftest import BEFORE, VIEW, YESTERDAY, fact, fetched, said, shown, texts, tile, tiles
from tests.store.builders import (
    ADMIN,
    NOON,
    Runs,
    given_campaign,
    given_client,
    given_facts,
    given_history,
    given_revisions,
)
from tests.ui.conftest import given_user


def headings(app):
    return [heading.value for heading in (*app.header, *app.subheader)]


def test_the_worked_case_has_a_cpm_of_25_and_says_so_exactly(acme):
    fact(acme, campaign_id="a", impressions=10_000, cost=100_000_000)
    fact(acme, campaign_id="b", impressions=30_000, cost=900_000_000)
    app = shown()
    assert tiles(app)["CPM (EUR)"] == "25.00"
    assert "25.00\u00a0EUR." in tile(app, "CPM (EUR)").help
    assert "cost / impressions × 1000" in tile(app, "CPM (EUR)").help
    assert tiles(app)["Cost (EUR)"] == "1,000.00"
    assert "1,000.00\u00a0EUR." in tile(app, "Cost (EUR)").help


def test_six_figures_of_one_currency_stand_at_the_top(acme):
    fact(acme, revenue=12_000_000)
    assert list(tiles(shown())) == ["Cost (EUR)", "Impressions", "CPM (EUR)", "CTR", "ROAS (EUR)", "Pace"]


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


def test_tiles_show_the_currency_that_is_chosen_and_no_other(acme):
    given_client(acme, "hoshi", currency="JPY", zone="Asia/Tokyo", history_days=400)
    fetched(acme, "hoshi")
    fact(acme, cost=5_000_000, clicks=10)
    fact(acme, client_id="hoshi", currency="JPY", cost=700_000_000, clicks=30)
    for currency, cost, ctr in (("EUR", "5.00", "1.00%"), ("JPY", "700", "3.00%")):
        first_six = list(shown(shown=currency).metric)[:6]
        assert [first_six[0].label, first_six[0].value] == [f"Cost ({currency})", cost]
        assert first_six[3].value == ctr
        assert not [metric for metric in first_six if metric.label.endswith(")") and currency not in metric.label]


def test_who_sees_several_clients_has_a_card_for_each_in_its_own_currency(acme):
    given_client(acme, "hoshi", currency="JPY", zone="Asia/Tokyo", history_days=400)
    fetched(acme, "hoshi")
    fact(acme, cost=5_000_000)
    fact(acme, client_id="hoshi", currency="JPY", cost=700_000_000)
    app = shown()
    assert "Clients" in headings(app)
    assert [(one.label, one.value) for one in app.metric][6:] == [("Cost (EUR)", "5.00"), ("Cost (JPY)", "700")]
    assert "Clients" not in headings(shown(client="acme"))


def test_who_may_not_see_money_sees_none_of_it(acme):
    given_user(acme, "desk", "client", "acme", money=False)
    given_campaign(acme, "spring", name="Spring", budget=9_000_000)
    fact(acme, revenue=12_000_000)
    app = shown(name="desk")
    assert list(tiles(app)) == ["Impressions", "Clicks", "CTR", "Views", "Engagement rate", "Campaigns"]
    columns = {column for table in app.dataframe for column in table.value.columns}
    assert not columns & {"cost", "cpm", "cpc", "roas", "roi", "budget", "flight_cost", "used", "revenue"}
    assert "EUR" not in said(app)


def drawn(app: Any, alt: str) -> list[dict[str, Any]]:
    """The rows that the chart with this name is fed with."""
    for chart in app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart"):
        if chart.proto.alt.startswith(alt):
            return pa.ipc.open_stream(chart.proto.data.data).read_all().to_pylist()
    return []


def test_a_campaign_over_its_budget_is_seen_beyond_it_and_told_in_words(acme):
    flight = {"flight_start": VIEW.start, "flight_end": VIEW.end + timedelta(days=30)}
    given_campaign(acme, "spring", name="Spring launch", budget=10_000_000, **flight)
    fact(acme, cost=12_500_000)
    (row,) = drawn(shown(), "Budget spent")
    assert (row["name"], row["spent"], row["words"]) == ("Spring launch", 1.25, "125% · over")
    assert row["said"] == "Spring launch: 125% of the budget spent, 50% of the time over, over budget"
    assert row["of_budget"] == "12.50\u00a0EUR of 10.00\u00a0EUR"


def test_the_pace_is_that_of_campaigns_in_flight_and_of_none_that_has_ended(acme):
    days = timedelta(days=30)
    given_campaign(acme, "spring", budget=10_000_000, flight_start=VIEW.start, flight_end=VIEW.end + days)
    given_campaign(acme, "old", budget=90_000_000, flight_start=VIEW.start - days, flight_end=VIEW.start)
    fact(acme, cost=5_000_000)
    fact(acme, campaign_id="old", day=VIEW.start, cost=1_000_000)
    assert tiles(shown())["Pace"] == "100.00%"


def test_what_needs_a_look_is_a_line_with_one_link_and_nothing_is_said_calmly(acme):
    fact(acme)
    assert "Nothing needs a look" in said(shown())
    flight = {"flight_start": VIEW.start, "flight_end": VIEW.end + timedelta(days=30)}
    given_campaign(acme, "spring", name="Spring launch", budget=900_000_000, **flight)
    st.cache_data.clear()
    cache.kept.clear()
    app = shown()
    assert "Nothing needs a look" not in said(app)
    assert [link for link in links(app) if "Too slow" in link and "**Spring launch**" in link]


def links(app: Any) -> list[str]:
    return [link.proto.label for link in app.get("page_link")]


@pytest.fixture
def restated(acme):
    """A day of 10.00, complete on Monday 2 March, that was restated to 8.00 an hour ago; a younger one beside it."""
    known = Runs(acme, "acme")
    known.count = 1
    known.add(BEFORE.start, date(2026, 3, 2), at=datetime(2026, 3, 2, 20, tzinfo=UTC))
    given_revisions(acme, "acme", NOON - timedelta(days=20), NOON - timedelta(hours=1))
    given_history(acme, {"day": date(2026, 2, 27), "from_rev": 1, "to_rev": 2, "cost": 10_000_000})
    given_facts(acme, {"day": date(2026, 2, 27), "cost": 8_000_000}, revision=2)
    fact(acme, day=YESTERDAY, cost=70_000_000)
    return acme


def strip(app: Any) -> str:
    """The sentence of the memory strip."""
    found = [one.value for one in app.markdown if one.value.startswith((":material/history:", ":material/verified:"))]
    return found[0].replace("\u00a0", " ").replace("**", "").partition(": ")[2] if found else ""


def test_the_strip_says_what_became_of_the_days_that_were_complete_last_monday(restated):
    app = shown()
    assert strip(app) == "Since Mon 2 Mar: cost 10.00 → 8.00 EUR (−20.0%), 1 day restated."
    assert "See what changed" in links(app)
    assert "Reported: 8 Feb – 1 Mar 2026 as known on Mon 2 Mar; now: the same days" in said(app)
    assert "reported 10.00  \nnow 8.00" in [one.value for one in app.caption][tile_place(app)]


def tile_place(app: Any) -> int:
    return next(n for n, one in enumerate(app.caption) if "reported 10.00" in one.value)


def test_the_strip_speaks_of_the_viewers_own_last_report_and_of_no_younger_one(restated):
    for author, at in (("boss", NOON - timedelta(days=4)), ("boss", NOON - timedelta(hours=2)), ("ann", NOON)):
        receipts.write(
            restated,
            Principal(author, "admin"),
            view="campaigns",
            filters=Question(ADMIN, Filters(VIEW)).line(),
            parts=[Exported("acme", 1, (), 1)],
            sha256="",
            now=at,
        )
    app = shown()
    assert strip(app).startswith("Since your report of Fri 6 Mar (campaigns.csv): cost 10.00 → 8.00 EUR (−20.0%)")
    assert {"See what changed", "Rebuild that file"} <= set(links(app))


def test_the_strip_says_with_pride_that_nothing_has_changed(acme):
    known = Runs(acme, "acme")
    known.count = 1
    known.add(BEFORE.start, date(2026, 3, 2), at=datetime(2026, 3, 2, 20, tzinfo=UTC))
    given_revisions(acme, "acme", NOON - timedelta(days=20))
    fact(acme, day=date(2026, 2, 27))
    app = shown()
    assert strip(app) == "Nothing has changed since Mon 2 Mar: cost is still 5.00 EUR."
    assert "See what changed" not in links(app)


def test_a_young_ledger_says_when_memory_begins(acme):
    given_revisions(acme, "acme", NOON - timedelta(days=1))
    fact(acme)
    assert strip(shown()).startswith("Memory begins on 9 Mar 2026")


def test_the_outline_is_what_was_reported_and_ends_where_the_report_did(restated):
    fact(restated, day=date(2026, 3, 1), cost=1_000_000)
    rows = [row for row in drawn(shown(), "Cost") if row["what"] == "day"]
    reported = {row["start"]: row["reported"] for row in rows if row["reported"] is not None}
    assert sum(reported.values()) == 11.0
    assert max(reported) == charts.at(date(2026, 3, 1))


def test_what_still_fills_is_no_restatement_of_what_was_reported(restated):
    given_history(restated, {"day": date(2026, 3, 4), "from_rev": 1, "to_rev": 2, "cost": 1_000_000})
    given_facts(restated, {"day": date(2026, 3, 4), "cost": 90_000_000}, revision=2)
    app = shown()
    assert strip(app) == "Since Mon 2 Mar: cost 10.00 → 8.00 EUR (−20.0%), 1 day restated."
    (row,) = texts(app.dataframe[0])
    assert row["restated"] == "−2.00"


def test_roas_says_on_its_tile_of_how_much_of_the_cost_it_speaks(acme):
    fact(acme, campaign_id="a", cost=6_000_000, revenue=12_000_000)
    fact(acme, campaign_id="b", cost=2_000_000)
    assert "for 75% of the cost" in said(shown())


def test_as_of_moves_the_strip_too(restated):
    app = shown(as_of="2026-03-05")
    assert strip(app) == "Nothing has changed since Mon 2 Mar: cost is still 10.00 EUR."


def test_without_money_no_piece_of_the_page_names_an_amount(restated):
    given_user(restated, "desk", "client", "acme", money=False)
    flight = {"flight_start": VIEW.start, "flight_end": VIEW.end}
    given_campaign(restated, "spring", name="Spring", budget=9_000_000, **flight)
    app = shown(name="desk")
    told = said(app) + " ".join(links(app)) + str([drawn(app, alt) for alt in ("Impressions", "CTR", "Budget")])
    assert "EUR" not in told
    assert not drawn(app, "Budget")
    assert "impressions" in strip(app)


def test_platforms_stand_side_by_side_with_how_far_they_are_apart(acme):
    fact(acme, cost=6_000_000, impressions=1_000, clicks=10)
    fact(acme, cost=4_000_000, impressions=1_000, clicks=5, platform="Instagram")
    table = next(one.value for one in shown().markdown if one.value.startswith("|"))
    lines = [line.strip("| ").split(" | ") for line in table.replace("\\", "").splitlines()]
    assert lines[0][-3:] == ["TikTok", "Instagram", "Difference"]
    assert ["Cost (EUR)", "6.00", "4.00", "−33.3%"] in lines
    assert ["CTR", "1.00%", "0.50%", "−0.50 pts"] in lines


def test_a_click_on_a_day_shows_that_day_alone(acme):
    fact(acme)
    fact(acme, day=VIEW.start, cost=3_000_000)
    app = shown()
    sidebar_state(app, VIEW.start)
    app.run()
    assert tiles(app)["Cost (EUR)"] == "3.00"


def sidebar_state(app: Any, day: date) -> None:
    """What `show_day` sets: a chart's own click cannot be made in this harness."""
    app.session_state["range"], app.session_state["dates"] = "custom", (day, day)


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
