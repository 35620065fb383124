"""Definitions: the page, and the tooltips that say the same."""

from __future__ import annotations

import json

import pytest

from perfdash.presentation import glossary
from perfdash.ui.components.tables import Shown, explanation
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, HEALTH, OVERVIEW, PAGES, YESTERDAY, fact, said, shown, tile
from tests.store.builders import given_campaign
from tests.ui.conftest import given_user, opened, signed_out

DEFINITIONS = f"{PAGES}/performance/definitions.py"


def cards(app) -> list[str]:
    """The labels of the definitions shown."""
    return [header.value.split(" :gray-badge")[0] for header in app.header]


def test_every_entry_is_there_without_any_data(acme):
    app = shown(DEFINITIONS)
    assert sorted(cards(app)) == sorted(entry.label for entry in glossary.ENTRIES.values())
    assert [group.label.split(" · ")[0] for group in app.expander if " · " in group.label] == list(glossary.SECTIONS)
    assert "`cost / impressions × 1000`" in said(app)


def test_the_worked_case_is_25_and_not_20(acme):
    text = said(shown(DEFINITIONS))
    assert "| **together** | 1,000 | 40,000 | 25.00 |" in text
    assert "The average of the two CPMs, 20.00, is the CPM of nothing." in text


def test_a_search_leaves_what_speaks_of_it(acme):
    app = shown(DEFINITIONS)
    app.text_input[0].set_value("settlement window").run()
    assert cards(app) == ["Settlement window", "Open", "Final", "Unverified"]
    assert "4 definitions with “settlement window”." in said(app)


def test_a_link_can_search_and_a_section_narrows_it(acme):
    app = shown(DEFINITIONS, find="roas")
    assert app.text_input[0].value == "roas"
    assert {"ROAS", "ROI", "Revenue", "Reported ROI"} <= set(cards(app))
    section = next(group for group in app.button_group if "Measures" in group.options)
    section.set_value("Measures").run()
    assert cards(app) == ["Revenue"]


@pytest.mark.parametrize(
    ("word", "found"), [("TKP", "CPM"), ("umsatz", "Revenue"), ("cout par clic", "CPC"), ("Alcance", "Reach")]
)
def test_a_word_of_another_language_finds_the_number_first(acme, word, found):
    assert cards(shown(DEFINITIONS, find=word))[0] == found


def test_groups_are_folded_up_until_something_is_sought_in_them(acme):
    assert not any(group.proto.expanded for group in shown(DEFINITIONS).expander)
    assert all(group.proto.expanded for group in shown(DEFINITIONS, find="cpm").expander)


def test_every_definition_can_be_linked_to(acme):
    anchors = [header.proto.anchor for header in shown(DEFINITIONS).header]
    assert len(set(anchors)) == len(glossary.ENTRIES)
    assert "cpm" in anchors


def test_what_is_not_found_is_said_as_plain_text(acme):
    app = shown(DEFINITIONS)
    app.text_input[0].set_value("[x](https://evil.example)").run()
    assert not cards(app)
    assert "Nothing speaks of" in said(app)
    assert "](http" not in app.info[0].value


def test_who_may_not_see_money_reads_which_numbers_that_means(acme):
    given_user(acme, "desk", "client", "acme", money=False)
    marked = {card.value.split(" :")[0] for card in shown(DEFINITIONS, "desk").header if "gray-badge" in card.value}
    assert {"CPM", "Cost", "Budget", "ROI"} <= marked
    assert not marked & {"CTR", "Impressions", "Final", "Correction"}
    assert not [card for card in shown(DEFINITIONS).header if "gray-badge" in card.value]


def test_a_signed_out_reader_sees_only_the_form(acme):
    assert signed_out(opened({"find": "cpm"}))


@pytest.mark.parametrize("page", [OVERVIEW, CAMPAIGNS, CAMPAIGN, HEALTH])
def test_every_number_in_every_table_has_a_tooltip_and_it_is_the_glossarys(acme, page):
    given_campaign(acme, "spring", name="Spring", budget=9_000_000)
    fact(
        acme,
        campaign_id="spring",
        day=YESTERDAY,
        revenue=12_000_000,
        reach=90,
        views=80,
        engagements=7,
        conversions=2_000_000,
    )
    app = shown(page, campaign="spring", account="1", owner="acme")
    if page == CAMPAIGN:
        for key, value in {"campaign": "spring", "account": "1", "owner": "acme"}.items():
            app.query_params[key] = value
        app.run()
    assert app.dataframe
    for table in app.dataframe:
        config = json.loads(table.proto.columns)
        for name in table.value.columns:
            kind = config[name]["type_config"]["type"] if config[name].get("type_config") else ""
            if kind in ("number", "progress"):
                assert config[name].get("help"), name
            if glossary.hint(name):
                assert config[name]["help"] == glossary.hint(name)


def test_every_tile_begins_with_what_the_glossary_says(acme):
    fact(acme, revenue=12_000_000)
    app = shown()
    for label, name in (
        ("Cost (EUR)", "cost"),
        ("Impressions", "impressions"),
        ("CPM (EUR)", "cpm"),
        ("CTR", "ctr"),
        ("ROAS (EUR)", "roas"),
    ):
        assert tile(app, label).help.startswith(glossary.hint(name))


def test_a_column_without_an_entry_says_its_own_words():
    assert explanation(Shown("odd", "Odd", "count", lambda row: row, "how odd it is")) == "how odd it is"
    assert explanation(Shown("odd", "Odd", "text", lambda row: row)) == ""
