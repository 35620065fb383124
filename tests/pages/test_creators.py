"""Creators over all campaigns: cheapest per 1,000 views first, those without views last, erased names gone."""

from __future__ import annotations

import pytest

from perfdash.domain.access import OPERATOR
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase
from tests.pages.conftest import NOON, PAGES, fact, fetched, said, shown
from tests.store.builders import given_campaign, given_client, given_creator
from tests.ui.conftest import given_user

CREATORS = f"{PAGES}/performance/creators.py"
MICRO = 1_000_000
ADA = {"creator": "c-ada", "account": "1", "owner": "acme"}


@pytest.fixture
def studio(acme: Store) -> Store:
    """Ada in two campaigns at 10 per 1,000 views, Bo in one at 4, Cy without views, and a row without a creator."""
    for creator, name in (("c-ada", "@ada"), ("c-bo", "@bo"), ("c-cy", "@cy")):
        given_creator(acme, creator, name)
    given_campaign(acme, "spring", name="Spring")
    fact(acme, creator_id="c-ada", cost=30 * MICRO, views=4_000, engagements=10)
    fact(acme, creator_id="c-ada", cost=10 * MICRO, views=0, campaign_id="autumn")
    fact(acme, creator_id="c-bo", cost=8 * MICRO, views=2_000, engagements=400)
    fact(acme, creator_id="c-cy", cost=2 * MICRO)
    fact(acme, cost=50 * MICRO, views=10)
    return acme


def test_creators_add_up_over_campaigns_the_cheapest_per_1000_views_first(studio: Store) -> None:
    table = shown(CREATORS).dataframe[0].value
    assert [name.split("&")[0] for name in table["creator_name"]] == [
        "./creators?name=@bo",
        "./creators?name=@ada",
        "./creators?name=@cy",
    ]
    assert list(table["cost_per_1000_views"])[:2] == [4.0, 10.0]
    assert list(table["cost"]) == [8.0, 40.0, 2.0]
    assert list(table["creator_campaigns"]) == [1, 2, 1]
    assert list(table["share"]) == [8.0, 40.0, 2.0], "of all cost in view, that without a creator too"


def test_another_order_is_one_click_and_stands_in_the_link(studio: Store) -> None:
    app = shown(CREATORS, creator_order="Highest cost")
    assert list(app.dataframe[0].value["cost"]) == [40.0, 8.0, 2.0]


def test_what_has_no_creator_stands_apart(studio: Store) -> None:
    app = shown(CREATORS)
    assert "Without a creator: 50.00 EUR (50.00% of all), in 1 campaign" in said(app)
    assert 50.0 not in list(app.dataframe[0].value["cost"])


def test_a_creators_own_page_tells_its_campaigns_platforms_and_days(studio: Store) -> None:
    app = shown(CREATORS, **ADA)
    assert "@ada" in "".join(one.value for one in app.header).replace("\u2060", "")
    assert "40.00 EUR for 4,000 views, 10.00 EUR per 1,000 views, in 2 campaigns" in said(app)
    campaigns, platforms, days = (table.value for table in app.dataframe)
    assert list(campaigns["cost"]) == [30.0, 10.0]
    assert "name=Spring" in campaigns["name"][0]
    assert list(platforms["platform"]) == ["TikTok"]
    assert list(days["cost"]) == [40.0]


@pytest.mark.parametrize("owner", ["acme", "globex", "nobody"])
def test_a_creator_that_is_not_in_view_reads_like_one_that_is_not_there(studio: Store, owner: str) -> None:
    given_client(studio, "globex")
    fetched(studio, "globex")
    fact(studio, client_id="globex", creator_id="c-eve")
    given_user(studio, "ann", "analyst", "acme")
    app = shown(CREATORS, "ann", creator="c-eve", account="1", owner=owner)
    assert "There is no such creator in view." in said(app)
    assert not app.dataframe


def test_one_currency_is_shown_at_a_time(studio: Store) -> None:
    fact(studio, creator_id="c-bo", cost=MICRO, views=10, currency="USD", platform="X")
    euros = shown(CREATORS).dataframe[0].value
    dollars = shown(CREATORS, shown="USD").dataframe[0].value
    assert len(euros) == 3
    assert list(dollars["cost"]) == [1.0]


def test_who_may_not_see_money_gets_no_amount_and_no_order_made_of_it(studio: Store) -> None:
    given_user(studio, "desk", "client", "acme", money=False)
    app = shown(CREATORS, "desk", creator_order="Highest cost")
    table = app.dataframe[0].value
    assert list(table["views"].dropna()) == [4_000, 2_000]
    assert not {"cost", "cpe", "cost_per_1000_views"} & set(table.columns)
    assert "EUR" not in said(app)


def test_a_creator_whose_name_was_erased_is_named_nowhere(studio: Store) -> None:
    erase.erase_creator(studio, OPERATOR, "acme", 1, "c-ada", NOON)
    for query in ({}, ADA):
        app = shown(CREATORS, **query)
        assert "@ada" not in said(app)
        assert "@ada" not in "".join(table.value.to_csv() for table in app.dataframe)
