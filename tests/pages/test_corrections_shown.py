"""A corrected value is marked wherever it counts, and one switch shows what the sources reported."""

from __future__ import annotations

import csv
import io
import json

import pytest

from perfdash.cli import main
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.facts import FactKey
from perfdash.store import receipts
from perfdash.store.corrections import write as correction_write
from perfdash.ui import downloads
from perfdash.ui.campaigns import tables as campaign_tables
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, OVERVIEW, YESTERDAY, fact, said, shown, texts, tile, tiles
from tests.store.builders import ADMIN, NOON, given_revisions
from tests.ui.conftest import given_user

SPRING = campaign_tables.link_of(CampaignRef("acme", 1, "spring"))


@pytest.fixture
def corrected(acme):
    """Two campaigns of 5.00 yesterday; the cost of one is set to 20.00."""
    given_revisions(acme, "acme", NOON.replace(hour=8))
    fact(acme)
    fact(acme, campaign_id="other")
    target = Target("acme", 1, FactKey(YESTERDAY, "spring", "TikTok", ""))
    correction_write.correct(
        acme, ADMIN, [WantedValue(target, "cost", 20_000_000)], "the fee was missing", lambda: NOON
    )
    return acme


@pytest.fixture
def saved(monkeypatch):
    """The downloads of a page: key -> what builds the file."""
    found = {}
    monkeypatch.setattr(downloads, "_button", lambda _label, build, _name, key: found.__setitem__(key, build))
    return found


def test_a_tile_that_counts_a_correction_is_marked_and_says_how_many(corrected):
    app = shown()
    assert tiles(app)["Cost (EUR) ✎"] == "25.00"
    assert "Cost of 1 row was corrected by your team." in tile(app, "Cost (EUR) ✎").help
    assert "✎ Cost of 1 row was corrected by your team" in said(app)


def test_a_corrected_cost_marks_what_is_made_of_cost_and_nothing_else(corrected):
    marked = {label.partition(" ")[0] for label in tiles(shown()) if "✎" in label}
    assert marked == {"Cost", "CPM", "ROAS"}


def test_a_table_marks_the_rows_that_count_one(corrected):
    drawn = shown(CAMPAIGNS).dataframe[0]
    assert [row["name"] for row in texts(drawn)] == ["spring", "other"]
    table = drawn.value
    assert [None if value != value else value for value in table["corrected"]] == [1, None]
    assert list(shown(CAMPAIGN, **SPRING).dataframe[0].value["corrected"]) == [1]


def test_the_switch_shows_what_the_source_reported_without_a_mark(corrected):
    app = shown(values="raw")
    assert tiles(app)["Cost (EUR)"] == "10.00"
    assert "✎" not in said(app)
    app.button_group(key="values").set_value("counted").run()
    assert tiles(app)["Cost (EUR) ✎"] == "25.00"


def test_before_it_was_made_a_correction_does_not_count(corrected):
    app = shown(as_of="2026-03-10T09:00Z")
    assert tiles(app)["Cost (EUR)"] == "10.00"


@pytest.mark.parametrize("page", [OVERVIEW, CAMPAIGNS])
def test_where_nothing_is_corrected_there_is_neither_switch_nor_mark(acme, page):
    fact(acme)
    app = shown(page)
    assert "values" not in [group.key for group in app.button_group]
    assert not any("corrected" in table.value.columns for table in app.dataframe)
    assert "✎" not in said(app) + "".join(tiles(app))


def test_a_nonsense_value_is_named(corrected):
    app = shown(values="cooked")
    assert "Not applied: values “cooked”." in said(app)
    assert tiles(app)["Cost (EUR) ✎"] == "25.00"


def test_a_download_counts_the_corrected_rows_and_its_receipt_says_which_values_it_holds(corrected, saved):
    for values, cost, rows in (("counted", "25.000000", "1"), ("raw", "10.000000", "0")):
        shown(values=values)
        (row,) = csv.DictReader(io.StringIO(saved["overview_platforms_csv"]()))
        assert (row["cost (currency units)"], row["corrected rows"]) == (cost, rows)
    written = [json.loads(receipt.filters)["values"] for receipt in receipts.list_receipts(corrected, ADMIN)]
    assert sorted(written) == ["effective", "raw"]


def test_the_command_line_shows_either(corrected, capsys):
    asked = ["query", "overview", "--from", str(YESTERDAY), "--to", str(YESTERDAY), "--format", "json"]
    for more, values, cost in (([], "effective", "25.000000"), (["--raw"], "raw", "10.000000")):
        assert main([*asked, *more]) == 0
        whole = json.loads(capsys.readouterr().out)
        assert (whole["perfdash"]["filters"]["values"], whole["rows"][0]["cost"]) == (values, cost)


@pytest.mark.parametrize(("role", "whose"), [("analyst", "your team"), ("client", "your agency")])
def test_a_client_reads_that_the_agency_corrected_and_not_their_own_team(corrected, role, whose):
    given_user(corrected, "reader", role, "acme")
    assert f"corrected by {whose}" in said(shown(name="reader"))
