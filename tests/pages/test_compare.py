"""Compare: two to four side by side, the difference last, the choice in the link."""

from __future__ import annotations

from typing import Any

import pytest

from perfdash.store.engine import Store
from tests.pages.conftest import BEFORE, PAGES, fact, fetched, said, shown
from tests.store.builders import given_campaign, given_client, given_creator
from tests.ui.conftest import given_user

COMPARE = f"{PAGES}/performance/compare.py"
MICRO = 1_000_000


@pytest.fixture
def two(acme: Store) -> Store:
    """Spring (10 on TikTok), autumn (15 on X) and winter (1), all of acme."""
    for name, cost, platform in (("spring", 10, "TikTok"), ("autumn", 15, "X"), ("winter", 1, "X")):
        given_campaign(acme, name, name=name.title())
        fact(acme, campaign_id=name, cost=cost * MICRO, platform=platform)
    return acme


def rows(**query: Any) -> dict[str, list[str]]:
    """Measure -> what stands in each column."""
    table = shown(COMPARE, **query).dataframe[0].value
    return {row[0]: [str(cell).replace("\u00a0", " ") for cell in row[1:]] for row in table.itertuples(index=False)}


def choices(name: str = "boss", **query: Any) -> list[str]:
    """What can be put side by side."""
    app = shown(COMPARE, name, **query)
    return list(next(widget for widget in app.multiselect if widget.key == "side").options)


def test_two_campaigns_stand_side_by_side_the_difference_last(two: Store) -> None:
    found = rows(side=["Spring", "Autumn"])
    assert found["Cost"] == ["10.00 EUR", "15.00 EUR", "+50.0%"]
    assert found["CPM"] == ["10.00 EUR", "15.00 EUR", "+50.0%"]
    assert found["CTR"] == ["1.00%", "1.00%", "0.00 pts"]


def test_without_a_choice_the_two_largest_are_compared_and_an_unknown_one_is_none(two: Store) -> None:
    assert rows()["Cost"][:2] == ["15.00 EUR", "10.00 EUR"]
    assert rows(side=["Summer"])["Cost"][:2] == ["15.00 EUR", "10.00 EUR"]


def test_the_two_that_are_compared_first_share_a_currency_where_two_do(two: Store) -> None:
    fact(two, campaign_id="abroad", currency="USD", cost=MICRO, impressions=2_000)
    fact(two, campaign_id="spring", cost=MICRO, impressions=9_000, platform="Z")
    assert rows()["Cost"][:2] == ["11.00 EUR", "15.00 EUR"]


def test_one_alone_asks_for_another(two: Store) -> None:
    app = shown(COMPARE, side="Spring")
    assert "Choose another one" in said(app)
    assert not app.dataframe


def test_platforms_creators_and_periods_are_compared_alike(two: Store) -> None:
    given_creator(two, "c-bo", "@bo")
    for creator, cost in (("c-bo", 2), ("c-cy", 3)):
        fact(two, creator_id=creator, campaign_id="summer", cost=cost * MICRO, platform="Z")
    fact(two, cost=4 * MICRO, day=BEFORE.end)
    assert rows(compare_by="Platforms", side=["TikTok", "X"])["Cost"][:2] == ["10.00 EUR", "16.00 EUR"]
    assert rows(compare_by="Creators", side=["@bo", "c-cy"])["Cost"] == ["2.00 EUR", "3.00 EUR", "+50.0%"]
    assert rows(compare_by="Periods")["Cost"][:2] == ["4.00 EUR", "31.00 EUR"]
    assert "Days before: 9 Jan – 7 Feb 2026 · These days: 8 Feb – 9 Mar 2026" in said(
        shown(COMPARE, compare_by="Periods")
    )


def test_a_period_with_days_that_were_never_fetched_cannot_be_chosen(two: Store) -> None:
    assert choices(compare_by="Periods") == ["Days before", "These days"]


def test_clients_in_two_currencies_are_compared_without_amounts(two: Store) -> None:
    given_client(two, "hoshi", currency="JPY")
    fetched(two, "hoshi")
    fact(two, client_id="hoshi", currency="JPY", cost=9_000 * MICRO)
    app = shown(COMPARE, compare_by="Clients")
    assert "Without amounts: these are in EUR and JPY" in said(app)
    assert "Cost" not in list(app.dataframe[0].value["measure"])
    assert "Impressions" in list(app.dataframe[0].value["measure"])


def test_who_may_not_see_money_compares_counts(two: Store) -> None:
    given_user(two, "desk", "client", "acme", money=False)
    app = shown(COMPARE, "desk")
    assert list(app.dataframe[0].value["measure"]) == ["Impressions", "Clicks", "CTR"]
    assert "EUR" not in said(app)


def test_nothing_of_another_client_can_be_put_beside_ones_own(two: Store) -> None:
    given_client(two, "globex")
    fetched(two, "globex")
    given_campaign(two, "secret", client="globex", name="Secret")
    fact(two, client_id="globex", campaign_id="secret", cost=99 * MICRO)
    given_user(two, "ann", "analyst", "acme")
    app = shown(COMPARE, "ann", side=["Secret", "Spring"])
    assert "Secret" not in said(app)
    assert choices("ann") == ["Autumn", "Spring", "Winter"]
