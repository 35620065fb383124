"""Around every page: the filters that it obeys and no other, and a tab that says what it shows."""

from __future__ import annotations

import pytest

from perfdash.store.engine import Store
from perfdash.ui.runtime import navigation
from perfdash.ui.runtime.navigation import EVERY_FILTER
from tests.pages.conftest import HEALTH, OVERVIEW, PAGES, fact, shown

DEFINITIONS = f"{PAGES}/performance/definitions.py"


def hidden(page: str, **query: str) -> set[str]:
    """The filters that this page takes out of sight; all of them where it hides the whole sidebar."""
    found = shown(page, **query)
    rules = [one.proto.body for one in found.get("html") if "display: none }" in one.proto.body]
    if any(".st-key-filters" in rule for rule in rules):
        return set(EVERY_FILTER)
    return {name for name in EVERY_FILTER if any(f".st-key-filter_{name}" in rule for rule in rules)}


def test_a_page_shows_the_filters_that_it_obeys(acme: Store) -> None:
    fact(acme)
    assert hidden(OVERVIEW) == set()
    assert hidden(HEALTH) == set(EVERY_FILTER - {"client"})
    assert hidden(DEFINITIONS) == set(EVERY_FILTER)


def test_what_a_page_does_not_show_stays_asked(acme: Store) -> None:
    fact(acme)
    app = shown(HEALTH, platform="TikTok")
    assert app.query_params["platform"] == "TikTok"


@pytest.mark.parametrize(
    ("clients", "title"),
    [
        ((), "Campaigns - perfdash"),
        (("Hoshi  Tea House",), "Campaigns - Hoshi Tea House - perfdash"),
        (("A", "B", "C", "D"), "Campaigns - A, B and 2 more - perfdash"),
    ],
)
def test_a_tab_says_the_page_and_whose_numbers_it_shows(clients: tuple[str, ...], title: str) -> None:
    assert navigation.title("Campaigns", clients) == title


@pytest.mark.parametrize("page", navigation.PAGES, ids=lambda page: page.title)
def test_a_page_obeys_only_filters_that_there_are(page: navigation.PageRecord) -> None:
    assert page.obeys <= EVERY_FILTER
