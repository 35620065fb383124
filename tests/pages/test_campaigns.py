"""Campaigns and the page of one: every measure, an address of its own, and nobody else's campaign."""

from __future__ import annotations

import csv
import io
from urllib.parse import parse_qsl, urlsplit

import pytest

from perfdash import exports
from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.errors import AccessDenied
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.presentation import tables
from perfdash.store import receipts
from perfdash.store.auth import sessions
from perfdash.ui import downloads
from perfdash.ui.campaigns import tables as campaign_tables
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, VIEW, fact, fetched, said, shown, texts, tiles
from tests.store.builders import NOON, given_campaign, given_client, given_creator
from tests.ui.conftest import given_user

SPRING = {"campaign": "spring", "account": "1", "owner": "acme"}


@pytest.fixture
def saved(monkeypatch):
    """The downloads of a page: key -> what builds the file."""
    found = {}
    monkeypatch.setattr(downloads, "_button", lambda _label, build, _name, key: found.__setitem__(key, build))
    return found


def test_the_table_holds_measures_and_ratios_the_costliest_first(acme):
    fact(acme, campaign_id="small", cost=1_000_000)
    fact(acme, campaign_id="large", cost=9_000_000, views=300)
    table = shown(CAMPAIGNS).dataframe[0].value
    assert list(table["campaign"]) == ["large", "small"]
    assert list(table["cpm"]) == [9.0, 1.0]
    assert list(table["ctr"]) == [1.0, 1.0]
    assert table["cpv"][0] == 0.03


def test_a_column_that_nobody_reports_is_not_shown(acme):
    fact(acme)
    assert "views" not in shown(CAMPAIGNS).dataframe[0].value.columns


def test_a_campaigns_name_is_the_link_to_its_page_with_the_filters_in_view(acme):
    given_campaign(acme, "spring", name="Röst & Brüh – Spring #1")
    fact(acme, cost=9_000_000)
    table = shown(CAMPAIGNS, platform="TikTok").dataframe[0]
    assert texts(table)[0]["name"] == "Röst & Brüh – Spring #1"
    (address,) = table.value["name"]
    assert address.startswith("./campaign?name=Röst %26 Brüh – Spring %231&")
    query = dict(parse_qsl(urlsplit(address).query))
    assert campaign_tables.campaign_in_url(query) == CampaignRef("acme", 1, "spring")
    assert query["platform"] == "TikTok"


def test_a_table_of_one_client_has_no_column_of_equal_names(acme):
    fact(acme)
    assert "client" not in shown(CAMPAIGNS).dataframe[0].value.columns
    given_client(acme, "globex")
    fetched(acme, "globex")
    fact(acme, client_id="globex", cost=1)
    assert [row["client"] for row in texts(shown(CAMPAIGNS).dataframe[0])] == ["Acme", "Globex"]


def test_a_campaign_has_an_address_of_its_own():
    ref = CampaignRef("acme", 1, "spring/&=")
    assert campaign_tables.campaign_in_url(campaign_tables.link_of(ref)) == ref


@pytest.mark.parametrize("account", ["", "x", "-1", "²", "1" * 20])
def test_a_nonsense_address_names_no_campaign(account):
    assert campaign_tables.campaign_in_url({"campaign": "spring", "owner": "acme", "account": account}) is None


def test_the_page_of_a_campaign_tells_of_flight_budget_platforms_and_creators(acme):
    given_campaign(
        acme, "spring", name="Spring *launch*", budget=10_000_000, flight_start=VIEW.start, flight_end=VIEW.end
    )
    given_creator(acme, "c-1", "Ada")
    fact(acme, cost=12_500_000, creator_id="c-1")
    fact(acme, cost=900_000_000, campaign_id="other")
    app = shown(CAMPAIGN, **SPRING)
    assert app.title[0].value.replace("\\", "") == "Spring *launch*"
    assert "flight 8 Feb – 9 Mar 2026" in said(app)
    assert "Spent 12.50 EUR of 10.00 EUR planned to date (125.00%); the flight is over" in said(app)
    assert "125.00% of a budget of 10.00 EUR is spent; 30 of 30 days are over, to 9 Mar 2026 (the mark)" in said(app)
    assert tiles(app)["Cost (EUR)"] == "12.50"
    assert list(app.dataframe[0].value["platform"]) == ["TikTok"]
    assert list(app.dataframe[1].value["creator"]) == ["Ada"]


def test_somebody_elses_campaign_reads_like_one_that_is_not_there(acme):
    given_client(acme, "globex")
    fetched(acme, "globex")
    given_user(acme, "ann", "client", "globex")
    given_campaign(acme, "spring", name="Spring launch")
    fact(acme)
    theirs = shown(CAMPAIGN, "ann", **SPRING)
    nowhere = shown(CAMPAIGN, "ann", **SPRING | {"campaign": "no-such"})
    assert said(theirs) == said(nowhere)
    assert "There is no such campaign here" in said(theirs)
    assert not theirs.dataframe
    assert not theirs.metric


def test_a_campaign_without_data_in_view_names_its_own_nearest_days(acme):
    given_campaign(acme, "spring", name="Spring launch")
    fact(acme, day=VIEW.start.replace(month=1, day=20))
    fact(acme, campaign_id="other")
    assert "The nearest data is from 20 Jan 2026." in said(shown(CAMPAIGN, **SPRING))


def test_a_download_equals_the_query_and_leaves_a_receipt(acme, saved):
    fact(acme, cost=12_345_678)
    fact(acme, campaign_id="=cmd", cost=1)
    shown(CAMPAIGNS)
    text = saved["campaigns_csv"]()
    found = exports.answer(acme, Question(Principal("boss", "admin"), Filters(VIEW)), "campaigns", NOON)
    assert text == tables.to_csv(found.table)
    (receipt,) = receipts.list_receipts(acme, Principal("boss", "admin"))
    assert (receipt.author, receipt.view, receipt.rows) == ("boss", "campaigns", 2)
    assert receipt.sha256 == tables.sha256(found.table)


def test_a_download_asks_again_who_may_see_it(acme, saved):
    given_user(acme, "ann", "client", "acme")
    fact(acme)
    shown(CAMPAIGNS, "ann")
    from perfdash.store.auth import users

    users.set_active(acme, OPERATOR, "ann", False, NOON)
    with pytest.raises(Exception, match="no longer signed in"):
        saved["campaigns_csv"]()
    assert receipts.list_receipts(acme, Principal("boss", "admin")) == ()


def test_a_download_ends_with_the_session_of_its_page(acme, saved):
    fact(acme)
    app = shown(CAMPAIGNS)
    offered = saved["campaigns_csv"]
    sessions.end(acme, app.session_state["_session"], NOON)
    with pytest.raises(AccessDenied, match="no longer signed in"):
        offered()
    assert receipts.list_receipts(acme, Principal("boss", "admin")) == ()


def test_a_campaigns_creators_download_holds_only_its_own(acme, saved):
    given_creator(acme, "c-1", "Ada")
    fact(acme, creator_id="c-1")
    fact(acme, creator_id="c-2", campaign_id="other")
    shown(CAMPAIGN, **SPRING)
    rows = list(csv.DictReader(io.StringIO(saved["campaign_creators_csv"]())))
    assert [(row["campaign id"], row["creator"]) for row in rows] == [("spring", "Ada")]


def test_without_money_no_download_holds_it(acme, saved):
    given_user(acme, "desk", "client", "acme", money=False)
    fact(acme)
    shown(CAMPAIGNS, "desk")
    assert "cost" not in saved["campaigns_csv"]().splitlines()[0]
