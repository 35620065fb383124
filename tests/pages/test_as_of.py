"""As of a moment: every page, download and receipt tells what was known then, and one click leads back to now."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event

from perfdash import exports
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.presentation import tables
from perfdash.store import receipts
from perfdash.store.query import overview
from perfdash.ui import downloads
from perfdash.ui.campaigns import tables as campaign_tables
from tests.pages.conftest import BEFORE, CAMPAIGN, CAMPAIGNS, HEALTH, OVERVIEW, fact, said, shown, texts, tile, tiles
from tests.store.builders import NOON, Runs, given_campaign, given_client, given_facts, given_history, given_revisions
from tests.ui.conftest import given_user, press

BOSS = Principal("boss", "admin")
FIRST = datetime(2026, 3, 4, 8, tzinfo=UTC)
SECOND = datetime(2026, 3, 8, 8, tzinfo=UTC)
DAY = date(2026, 3, 3)
THEN = "2026-03-05"
VIEW_THEN = Days(date(2026, 2, 2), DAY)
"""Up to the last day that was fetched after its end by then."""
SPRING = campaign_tables.link_of(CampaignRef("acme", 1, "spring"))


@pytest.fixture
def restated(store, source):
    """A day first reported at 5.00, restated to 9.00 on the 8th together with its campaign's name and budget."""
    given_client(store, "acme", settlement_days=3, history_days=400)
    given_revisions(store, "acme", FIRST, SECOND)
    runs = Runs(store)
    runs.add(BEFORE.start, DAY, at=FIRST)
    runs.add(BEFORE.start, NOON.date(), at=SECOND)
    given_history(store, {"day": DAY, "from_rev": 1, "to_rev": 2, "cost": 5_000_000})
    given_facts(store, {"day": DAY, "cost": 9_000_000}, revision=2)
    given_campaign(store, "spring", name="Spring", budget=10_000_000, from_rev=1, to_rev=2)
    given_campaign(store, "spring", name="Spring, renamed", budget=90_000_000, from_rev=2)
    given_user(store, "boss", "admin")
    return store


@pytest.fixture
def saved(monkeypatch):
    """The downloads of a page: key -> what builds the file."""
    found = {}
    monkeypatch.setattr(downloads, "_button", lambda _label, build, _name, key: found.__setitem__(key, build))
    return found


def names(app) -> str:
    """The titles and the campaigns' names in tables."""
    tables = [texts(table) for table in app.dataframe if "name" in table.value.columns]
    return "\n".join([*(title.value for title in app.title), *(row["name"] for rows in tables for row in rows)])


@pytest.mark.parametrize("page", [OVERVIEW, CAMPAIGNS, CAMPAIGN])
def test_every_page_tells_what_was_known_then_under_the_names_of_then(restated, page):
    link = SPRING if page == CAMPAIGN else {}
    then, now = shown(page, as_of=THEN, **link), shown(page, **link)
    for app, cost, name in ((then, 5.0, "Spring"), (now, 9.0, "Spring, renamed")):
        costs = {value for table in app.dataframe for value in table.value["cost"]}
        assert costs == {cost}
        assert name in names(app).replace("\\", "").splitlines()
    assert "As of the end of Thu 5 Mar 2026: what was known then. 1 sync with changes since." in said(then).replace(
        "**", ""
    )
    assert "2 Feb – 3 Mar 2026" in said(then)
    assert "As of" not in said(now)


@pytest.mark.parametrize("moment", [THEN, "2026-03-04T08:00Z", "2026-03-08T08:59:59+01:00", "2026-03-09"])
def test_the_headline_equals_the_query_at_that_moment(restated, moment):
    app = shown(as_of=moment)
    asked = app.session_state["_selection"].question.asked_by(BOSS)
    (group,) = overview.breakdown(restated, asked)
    assert tiles(app)["Cost (EUR)"] == f"{group.sums.cost / 1_000_000:.2f}"
    assert (tiles(app)["Cost (EUR)"] == "9.00") == (moment == "2026-03-09")


def test_the_budget_of_a_campaign_is_that_of_then(restated):
    assert "Spent 5.00 EUR of a budget of 10.00 EUR." in said(shown(CAMPAIGN, as_of=THEN, **SPRING))


def test_one_click_leads_back_to_now(restated):
    app = press(shown(as_of=THEN), "Back to now")
    assert tiles(app)["Cost (EUR)"] == "9.00"
    assert "As of" not in said(app)
    assert app.text_input(key="as_of").value == ""


def test_reset_leads_back_to_now_too(restated):
    app = press(shown(as_of=THEN), "Reset filters")
    assert app.session_state["_selection"].question.as_of is None


def test_days_are_counted_back_from_the_last_that_was_complete_then(restated):
    def in_view(as_of: str) -> Days:
        return shown(as_of=as_of, range="Last 7 days").session_state["_selection"].question.filters.days

    assert in_view(THEN) == in_view(f"{THEN}T12:00Z") == Days(date(2026, 2, 25), DAY)
    assert in_view("2026-03-08T09:00Z") == Days(date(2026, 3, 1), date(2026, 3, 7))
    assert in_view("2026-03-08") == Days(date(2026, 3, 1), date(2026, 3, 7))  # the 8th itself is half known


def test_a_day_of_the_calendar_and_its_shortcuts_are_moments_in_the_address(restated):
    app = shown()
    app.date_input(key="as_of_day").set_value(date(2026, 3, 5)).run()
    assert app.session_state["_selection"].question.as_of == date(2026, 3, 5)
    assert app.session_state["as_of"] == THEN
    press(app, "Last Monday")
    assert app.session_state["_selection"].question.as_of == date(2026, 3, 9)
    press(app, "Now")
    assert app.session_state["_selection"].question.as_of is None
    assert "My last report" not in [button.label for button in app.button]


def test_my_last_report_leads_to_what_was_known_when_it_was_made(restated, saved):
    shown(CAMPAIGNS, as_of=THEN)
    saved["campaigns_csv"]()
    app = press(shown(), "My last report")
    assert app.session_state["_selection"].question.as_of == date(2026, 3, 5)  # it was an export of that past
    assert tiles(app)["Cost (EUR)"] == "5.00"


def test_all_days_are_those_known_then(restated):
    fact(restated, day=date(2026, 1, 2), from_rev=2)
    assert shown(as_of=THEN, range="All days").session_state["_selection"].question.filters.days.start == DAY
    assert shown(range="All days").session_state["_selection"].question.filters.days.start == date(2026, 1, 2)


def test_both_sides_of_a_change_are_those_of_then(restated):
    day = date(2026, 1, 20)
    given_history(restated, {"day": day, "from_rev": 1, "to_rev": 2, "cost": 4_000_000})
    given_facts(restated, {"day": day, "cost": 1_000_000}, revision=2)
    asked = {"dates": ["2026-02-07", "2026-03-03"], "range": "Custom"}
    assert tile(shown(as_of=THEN, **asked), "Cost (EUR)").delta == "+25.0%"
    assert tile(shown(**asked), "Cost (EUR)").delta == "+800.0%"


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("garbage", "as_of “garbage”"),
        ("2026-02-30", "as_of “2026-02-30”"),
        ("1999-12-31", "as_of “1999-12-31”"),
        ("2027-01-01", "as_of “2027-01-01”, which is not over yet"),
        ("2026-03-10", "as_of “2026-03-10”, which is not over yet"),
        ("2026-03-10T12:01Z", "as_of “2026-03-10T12:01Z”, which is not over yet"),
        ("2026-03-01T12:00", "as_of “2026-03-01T12:00”, which lacks its offset from UTC"),
    ],
)
def test_what_is_no_past_moment_is_named_and_now_is_shown(restated, text, phrase):
    app = shown(as_of=text)
    assert f"Not applied: {phrase}." in said(app)
    assert tiles(app)["Cost (EUR)"] == "9.00"
    app.text_input(key="as_of").set_value(THEN).run()
    assert "Not applied" not in said(app)
    assert tiles(app)["Cost (EUR)"] == "5.00"


@pytest.mark.parametrize("page", [OVERVIEW, CAMPAIGNS, CAMPAIGN])
def test_before_the_first_sync_the_page_says_when_the_ledger_begins(restated, page):
    app = shown(page, as_of="2026-03-01", **(SPRING if page == CAMPAIGN else {}))
    assert "At this moment nothing was known yet; the ledger of acme begins on 4 Mar 2026." in said(app)
    assert not app.dataframe


def test_days_missing_from_a_past_are_not_fetched(store, source):
    given_client(store, "acme", settlement_days=3, history_days=400)
    given_revisions(store, "acme", FIRST)
    Runs(store).add(date(2026, 3, 1), DAY, at=FIRST)
    given_user(store, "boss", "admin")
    fact(store, day=DAY)
    app = shown(as_of=THEN)
    assert source.asked == []
    assert "Sync now" not in [button.label for button in app.button]
    shown()
    assert source.asked != []


def test_what_was_final_then_is_told_as_of_then(restated):
    line = said(shown(as_of=THEN))
    assert "final to 28 Feb 2026" in line
    assert "Shaded: can still change, 3 Mar 2026 (inside the settlement window)" in line
    assert "can still change" not in said(shown())
    for moment, day in ((THEN, date(2026, 2, 28)), ("2026-03-09", date(2026, 3, 4))):
        (last,) = shown(CAMPAIGNS, as_of=moment).dataframe[0].value["final_to"]
        assert str(last)[:10] == str(day)


def test_a_download_and_its_receipt_are_of_then(restated, saved):
    shown(CAMPAIGNS, as_of=THEN)
    text = saved["campaigns_daily_csv"]()
    found = exports.answer(restated, Question(BOSS, Filters(VIEW_THEN), date(2026, 3, 5)), "campaign_days", NOON)
    assert text == tables.to_csv(found.table)
    assert "5.000000" in text
    (receipt,) = receipts.list_receipts(restated, BOSS)
    assert receipt.revision == 1
    assert json.loads(receipt.filters) | {"as_of": THEN, "values": "effective"} == json.loads(receipt.filters)


def test_who_may_see_one_client_is_told_of_its_changes_only(restated):
    given_client(restated, "globex")
    given_revisions(restated, "globex", FIRST, SECOND, NOON)
    given_user(restated, "ann", "client", "acme")
    assert "1 sync with changes since" in said(shown(OVERVIEW, "ann", as_of=THEN))
    assert "3 syncs with changes since" in said(shown(as_of=THEN))


def test_sync_health_says_that_it_shows_now(restated):
    assert "As of the end of Thu 5 Mar 2026: this page always shows now." in said(shown(HEALTH, as_of=THEN)).replace(
        "**", ""
    )


def test_now_reads_nothing_of_the_past(restated):
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    app = shown()
    event.listen(restated.engine, "before_cursor_execute", note)
    for page in (CAMPAIGNS, OVERVIEW):
        app.switch_page(page).run()
    now = [statement for statement in asked if "fact_history" in statement or "cutoffs" in statement]
    asked.clear()
    app.text_input(key="as_of").set_value(THEN).run()
    event.remove(restated.engine, "before_cursor_execute", note)
    assert now == []
    assert any("fact_history" in statement for statement in asked)
