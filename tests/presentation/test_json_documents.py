"""The JSON of `query`, against its published schema."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import jsonschema
import pytest

from perfdash.domain import question
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question, filters_record
from perfdash.presentation import json_documents, tables
from perfdash.presentation.kpis import totals
from tests.fixtures.command_line import ROOT
from tests.presentation.export_kit import ORIGINS, campaign, group, sums

SCHEMA = json.loads((ROOT / "docs" / "query.schema.json").read_text(encoding="utf-8"))
FILTERS = Filters(Days(date(2026, 3, 1), date(2026, 3, 7)), ("acme",), max_cpm=12_500_000)
ROWS = {
    "overview": [group(platform="TikTok")],
    "campaigns": [campaign(), campaign("bare", status=None, budget=None, flight_start=None, flight_end=None)],
    "creators": [group(client="acme", account=1, campaign="spring", creator="")],
    "daily": [group(client="acme", day=date(2026, 3, 1), platform="TikTok", sums=sums(0, 0))],
    "campaign_days": [
        group(client="acme", account=1, campaign="spring", day=date(2026, 3, 1), platform="TikTok", sums=sums(0, 0))
    ],
}


def answer(view: question.View, *, money: bool = True, as_of=None) -> dict:
    table = tables.table(view, ROWS[view], with_money=money, origins=ORIGINS)
    found = totals([group()], [campaign()])
    whole = json_documents.answer_document(
        table,
        Question(Principal("ann", "admin", money=money), FILTERS, as_of),
        revisions=[("acme", 7)],
        totals=found,
        left_out=[("EUR", 12_300_000, 3)],
    )
    return json.loads(json_documents.dumps(whole))


@pytest.mark.parametrize("view", question.VIEWS)
@pytest.mark.parametrize("money", [True, False])
@pytest.mark.parametrize("as_of", [None, date(2026, 3, 9), datetime(2026, 3, 9, 12, tzinfo=UTC)])
def test_every_view_keeps_the_published_schema(view, money, as_of):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(answer(view, money=money, as_of=as_of), SCHEMA)


@pytest.mark.parametrize("view", question.VIEWS)
def test_the_schema_names_every_key_of_a_row(view):
    named = set(SCHEMA["$defs"]["row"]["properties"]) | set(SCHEMA["$defs"]["figures"]["properties"])
    assert {key for row in answer(view)["rows"] for key in row} <= named


def test_exact_decimals_are_strings_and_counts_are_numbers():
    (row,) = answer("overview")["rows"]
    assert (row["impressions"], row["cost"], row["cpm"], row["ctr"]) == (
        40_000,
        "1000.000000",
        "25.000000",
        "0.02250000",
    )
    assert row["roas"] is None


def test_totals_stand_per_currency_and_what_a_limit_left_out_is_named():
    whole = answer("campaigns")
    (total,) = whole["totals"]
    assert (total["currency"], total["cost"], total["campaigns"], total["budget"]) == (
        "EUR",
        "1000.000000",
        1,
        "2000.000000",
    )
    assert whole["left_out"] == [{"currency": "EUR", "cost": "12.300000", "rows": 3}]
    assert whole["perfdash"]["filters"]["max_cpm"] == "12.500000"
    assert whole["perfdash"]["revisions"] == {"acme": 7}


def test_without_money_no_key_speaks_of_it():
    whole = answer("campaigns", money=False)
    keys = set(whole["rows"][0]) | set(whole["totals"][0])
    assert not keys & {"cost", "revenue", "budget", "flight_cost", "cpm", "cpc", "roas", "roi", "revenue_coverage"}


def test_an_answer_says_whether_corrections_count():
    asked = (FILTERS, replace(FILTERS, raw=True))
    assert [filters_record(filters)["values"] for filters in asked] == ["effective", "raw"]
    assert SCHEMA["properties"]["perfdash"]["properties"]["filters"]["properties"]["values"]["enum"] == [
        "effective",
        "raw",
    ]
