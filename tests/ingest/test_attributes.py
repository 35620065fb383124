"""What an answer says of campaigns: of each attribute what its latest day says, in whatever order rows come."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Batch
from perfdash.ingest import merge_pages, rows
from perfdash.ingest.mapping import FieldMapping
from tests.conftest import examples
from tests.ingest.mapping_kit import mapping_from, mapping_of_preset

ACCOUNT = Account("acme", "agency", "acme-eu", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 3, 1), date(2026, 3, 9))
MAPPING = mapping_of_preset("performance_v1")


def row(day: int = 1, campaign: str = "c1", **values: Any) -> dict[str, Any]:
    return {
        "campaignId": campaign,
        "platform": "TikTok",
        "date": f"2026-03-0{day}",
        "impressions": 100,
        "clicks": 1,
        "cost": 5,
    } | values


def read(given_rows: list[dict[str, Any]], mapping: FieldMapping = MAPPING) -> Batch:
    return rows.read_rows(given_rows, mapping, ACCOUNT, DAYS)


def test_the_name_of_the_latest_day_stays_whatever_the_order_of_the_rows() -> None:
    new, old = row(2, campaignName="New"), row(1, campaignName="Old")
    for given_rows in ([new, old], [old, new]):
        batch = read(given_rows)
        assert (batch.campaigns["c1"].name, batch.newest) == ("New", {"c1": date(2026, 3, 2)})
    pages = [read([new]), read([old])]
    for some in (pages, pages[::-1]):
        assert merge_pages.window(some).campaigns["c1"].name == "New"
        assert merge_pages.in_turn(some).campaigns["c1"].name == "New"


def test_an_attribute_that_the_latest_day_does_not_report_is_that_of_the_latest_day_that_does() -> None:
    first = read([row(5, status="on"), row(2, campaignName="A", status="off")])
    second = read([row(3, campaignName="B", platform="X")])
    for some in ([first, second], [second, first]):
        found = merge_pages.window(some)
        assert (found.campaigns["c1"].name, found.campaigns["c1"].status) == ("B", "on")
        assert (found.newest["c1"], found.older) == (date(2026, 3, 5), {"c1": {"name": date(2026, 3, 3)}})


def test_what_a_refused_row_says_does_not_count() -> None:
    batch = read([row(1, campaignName="A"), row(2, campaignName="B", cost="x")])
    assert (batch.campaigns["c1"].name, batch.newest["c1"]) == ("A", date(2026, 3, 1))


VALUES: dict[str, list[Any]] = {
    "campaignName": [None, "A", "B", "C"],
    "status": [None, "on", "off"],
    "budget": [None, 1, 2],
    "endDate": [None, "2026-04-01", "2026-05-01"],
}
OURS = {"campaignName": "name", "status": "status", "budget": "budget", "endDate": "flight_end"}


def oracle(given_rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Row by row: of each attribute the value of the latest day, of equal days that of the later row."""
    best: dict[str, dict[str, tuple[str, Any]]] = {}
    for one in given_rows:
        of = best.setdefault(one["campaignId"], {})
        for name in VALUES:
            value = one.get(name)
            if value is not None and (name not in of or one["date"] >= of[name][0]):
                of[name] = (one["date"], value)
    return {campaign: {name: said[1] for name, said in of.items()} for campaign, of in best.items()}


def reported(batch: Batch) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for campaign, said in batch.campaigns.items():
        values = {name: getattr(said, ours) for name, ours in OURS.items()}
        values["budget"] = values["budget"] and values["budget"] // 10**6
        values["endDate"] = values["endDate"] and str(values["endDate"])
        found[campaign] = {name: value for name, value in values.items() if value is not None}
    return found


@examples(300)
@given(st.integers(0, 2**32), st.integers(1, 9))
def test_attributes_are_those_of_the_latest_day_over_rows_and_pages(seed: int, size: int) -> None:
    rng = random.Random(seed)
    names = rng.sample(sorted(VALUES), rng.randrange(1, 5))
    given_rows = [
        row(
            day,
            f"c{campaign}",
            platform=platform,
            **{name: rng.choice(VALUES[name]) for name in names if rng.random() < 0.9},
        )
        for campaign in range(rng.randrange(1, 4))
        for platform in rng.sample(["TikTok", "X"], rng.randrange(1, 3))
        for day in rng.sample(range(1, 8), rng.randrange(1, 7))
    ]
    order = rng.randrange(4)
    given_rows.sort(key=lambda one: one["date"], reverse=order == 1) if order < 2 else rng.shuffle(given_rows)
    expected = oracle(given_rows)
    newest = {
        campaign: max(date.fromisoformat(one["date"]) for one in given_rows if one["campaignId"] == campaign)
        for campaign in expected
    }
    pages = [read(given_rows[at : at + size]) for at in range(0, len(given_rows), size)]
    for found in (read(given_rows), merge_pages.window(pages)):
        assert reported(found) == expected
        assert found.newest == newest
    assert merge_pages.window(pages).older == read(given_rows).older


@examples(100)
@given(st.integers(0, 2**32))
def test_the_order_of_windows_does_not_matter(seed: int) -> None:
    rng = random.Random(seed)
    given_rows = [
        row(day, campaignName=rng.choice([None, "A", "B"]), budget=rng.choice([None, 1, 2])) for day in range(1, 9)
    ]
    windows = [read(given_rows[:3]), read(given_rows[3:5]), read(given_rows[5:])]
    rng.shuffle(windows)
    assert reported(merge_pages.in_turn(windows)) == oracle(given_rows)


# Budgets of a day

BASE: dict[str, Any] = {
    "campaign": "campaignId",
    "platform": "platform",
    "day": "date",
    "impressions": "impressions",
    "clicks": "clicks",
    "cost": "cost",
}


def kind(budget: str, fields: dict[str, Any] | None = None, **values: Any) -> tuple[str | None, dict[str, int]]:
    """The kind of the campaign's budget, which stands in the column `budget`, and what could not be read."""
    batch = read([row(**{budget: 100}, **values)], mapping_from(BASE | {"budget": f'"{budget}"'} | (fields or {})))
    (said,) = batch.campaigns.values()
    assert said.budget == 100_000_000 and batch.totals is not None
    return said.budget_kind, dict(batch.totals.unread)


@pytest.mark.parametrize("word", ["DAILY", "daily", "Day", "per day", "BUDGET_MODE_DAY", "Daily budget", "täglich"])
@pytest.mark.parametrize(
    ("budget", "beside"),
    [
        ("budget", "budget_type"),
        ("Budget", "Budget type"),
        ("budget", "budgetMode"),
        ("campaign_budget", "campaign_budget_type"),
        ("Campaign budget", "Budget kind"),
        ("budget", "budget_kind"),
    ],
)
def test_a_budget_of_a_day_is_known_by_the_column_beside_it(budget: str, beside: str, word: str) -> None:
    assert kind(budget, **{beside: word}) == ("daily", {})
    for whole in ("lifetime", "LIFETIME", "total", "campaign", "Campaign total", "BUDGET_MODE_TOTAL", None, ""):
        assert kind(budget, **{beside: whole}) == (None, {})
    assert kind(budget, **{beside: "weekly"})[1] == {f'"{beside}"' if " " in beside else beside: 1}


def test_a_field_may_say_it_and_a_name_may_and_otherwise_nothing_does() -> None:
    field = {"budget_kind": {"path": "b.k", "map": {"D": "daily"}}}
    assert kind("budget", field, b={"k": "d"}, budget_type="lifetime") == ("daily", {})
    assert kind("daily_budget")[0] == kind("Tagesbudget")[0] == kind("DAILY_BUDGET")[0] == "daily"
    assert kind("lifetime_budget")[0] is kind("budget", type="daily")[0] is kind("budget")[0] is None


def test_the_kind_goes_with_the_budget_it_stands_beside() -> None:
    recipe = mapping_from(BASE | {"budget": "budget"})
    daily, whole = {"budget": 10, "budget_type": "daily"}, {"budget": 300, "budget_type": "lifetime"}
    for first, second, expected in ((daily, whole, (300, None)), (whole, daily, (10, "daily"))):
        one, two, three = row(1, **first), row(2, **second), row(3, budget_type="daily")
        pages = [read([two, three], recipe), read([one], recipe)]
        for batch in (read([three, one, two], recipe), merge_pages.window(pages), merge_pages.window(pages[::-1])):
            said = batch.campaigns["c1"]
            assert ((said.budget or 0) // 10**6, said.budget_kind) == expected


def test_days_far_apart_are_no_trouble() -> None:
    many = [row(1 + n % 9, f"c{n // 9}", campaignName=f"n{n}") for n in range(900)]
    batch = read(many)
    assert {said.name for said in batch.campaigns.values()} == {f"n{n}" for n in range(8, 900, 9)}
    assert set(batch.newest.values()) == {DAYS.start + timedelta(8)}
