"""Every ratio on every page and in every export is the ratio of sums: over random ledgers, against plain Python.

The ledgers have several currencies, measures that some rows do not report, and corrections.
"""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest

from perfdash import exports
from perfdash.domain import question
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.presentation import formatting, json_documents, tables
from perfdash.ui.campaigns import tables as campaign_tables
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, OVERVIEW, VIEW, fetched, shown, texts
from tests.store.builders import ADMIN, NOON, given_client, given_facts, given_overlay
from tests.ui.conftest import given_user

MICRO = 1_000_000
Row = dict[str, Any]
SIDES = {
    "cpm": ("cost", "impressions", Fraction(1000, MICRO)),
    "cpc": ("cost", "clicks", Fraction(1, MICRO)),
    "ctr": ("clicks", "impressions", Fraction(1)),
    "cpv": ("cost", "views", Fraction(1, MICRO)),
    "cpe": ("cost", "engagements", Fraction(1, MICRO)),
    "cpa": ("cost", "conversions", Fraction(1)),
    "engagement_rate": ("engagements", "impressions", Fraction(1)),
    "roas": ("revenue", "cost", Fraction(1)),
    "roi": ("revenue", "cost", Fraction(1)),
}
PER_CENT = ("ctr", "engagement_rate", "roi")
LABELS = {"CPM": "cpm", "CPC": "cpc", "CTR": "ctr", "ROAS": "roas", "ROI": "roi"}


def expected(name: str, rows: Iterable[Row]) -> Fraction | None:
    """The ratio of sums over the rows that report both sides."""
    top, bottom, unit = SIDES[name]
    both = [row for row in rows if row[top] is not None and row[bottom] is not None]
    below = sum(row[bottom] for row in both)
    if not below:
        return None
    return Fraction(sum(row[top] for row in both), below) * unit - (name == "roi")


@dataclass
class World:
    """A random ledger, as the rows that count: corrected values stand in them."""

    store: Any
    rows: list[Row]

    def of(self, **like: Any) -> list[Row]:
        return [row for row in self.rows if all(row[name] == value for name, value in like.items())]


@pytest.fixture(params=range(4))
def world(request, store, source) -> World:
    """Three clients, two of them in EUR, three campaigns each, on two platforms, by creator or not."""
    dice = random.Random(request.param)
    rows: list[Row] = []
    for client, currency in (("acme", "EUR"), ("bolt", "EUR"), ("hoshi", "JPY")):
        given_client(store, client, currency=currency, zone="UTC", settlement_days=3, history_days=400)
        fetched(store, client)
        rows += _rows(dice, client, currency)
    given_facts(store, *({name: value for name, value in row.items() if name != "set"} for row in rows))
    for row in rows:
        if row.pop("set"):
            instead = {name: dice.randrange(1, 9_999_999) for name in dice.sample(("impressions", "clicks", "cost"), 2)}
            key = {name: row[name] for name in ("client_id", "campaign_id", "platform", "day", "creator_id")}
            given_overlay(store, **key, **instead)
            row |= instead
    given_user(store, "boss", "admin")
    return World(store, rows)


def _rows(dice: random.Random, client: str, currency: str) -> Iterator[Row]:
    for campaign in ("spring", "summer", "dark"):
        for platform in ("TikTok", "Instagram"):
            for creator in dice.choice((("",), ("c-1", "c-2"))):
                for n in dice.sample(range(len(VIEW)), 4):
                    lit = campaign != "dark" or dice.random() < 0.3
                    yield {
                        "client_id": client,
                        "currency": currency,
                        "campaign_id": campaign,
                        "platform": platform,
                        "creator_id": creator,
                        "day": VIEW.start + timedelta(days=n),
                        "set": dice.random() < 0.2,
                        "cost": dice.choice((0, dice.randrange(10**9))),
                        "impressions": dice.randrange(1, 10**6) if lit else 0,
                        "clicks": dice.randrange(10**4) if lit else 0,
                    } | {
                        name: dice.choice((None, 0, dice.randrange(1, 10**7)))
                        for name in ("views", "engagements", "conversions", "revenue")
                    }


def check(seen: dict[str, Any], rows: list[Row], read: Callable[[str, Any], Fraction | None]) -> None:
    """Each ratio of `seen` is that of `rows`."""
    assert rows
    for name in SIDES:
        if name in seen:
            value, right = read(name, seen[name]), expected(name, rows)
            assert (value is None) == (right is None), (name, value, right)
            assert right is None or abs(value - right) <= abs(right) * Fraction(1, 10**9), (name, value, right)


def cell(name: str, value: Any) -> Fraction | None:
    """A cell of a table on screen: a float, in per cent where it reads so."""
    if value is None or value != value:
        return None
    return Fraction(float(value)) / (100 if name in PER_CENT else 1)


def drawn(table: Any, like: Callable[[Row], dict[str, Any]], world: World, currency: str) -> int:
    """Check each row of a table on screen against the rows that `like` names; how many there were.

    `like` gets what the row says; each ratio is checked twice, as what it sorts by and as it reads.
    """
    found = list(zip(table.value.to_dict("records"), texts(table), strict=True))
    for record, read in found:
        rows = world.of(currency=currency, **like(read))
        check(record, rows, cell)
        for name in SIDES:
            if name in read:
                assert read[name] == reads(name, rows, currency)
    return len(found)


def reads(name: str, rows: Iterable[Row], currency: str, place: formatting.Place = "full") -> str:
    return formatting.digits(expected(name, rows), formatting.unit_of(name), currency, place)


@pytest.mark.parametrize(("currency", "campaigns"), [("EUR", 6), ("JPY", 3)])
def test_tiles_campaigns_and_charts_of_the_overview(world, currency, campaigns):
    app = shown(OVERVIEW, shown=currency)
    for metric in list(app.metric)[:6]:
        name, _, unit = metric.label.removesuffix(" ✎").partition(" (")
        assert unit.rstrip(")") in ("", currency)
        if name in LABELS:
            assert metric.value == reads(LABELS[name], world.of(currency=currency), currency, "short")
    (only, *_) = (row["client_id"] for row in world.of(currency=currency))
    assert drawn(app.dataframe[0], lambda read: named_campaign({"client": only} | read), world, currency) == campaigns
    assert_drawn_by_day(app, world, currency)


def assert_drawn_by_day(app: Any, world: World, currency: str) -> None:
    """The lines of platforms, and what is told of each whole day, are ratios of the sums behind them."""
    _, lines = app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")
    points = pa.ipc.open_stream(lines.proto.data.data).read_all().to_pylist()
    known = {(row["day"], row["platform"]) for row in world.of(currency=currency)}
    days = {(day - NOON.date().replace(1970, 1, 1)).days * 86_400_000.0: day for day, _ in known}
    seen = 0
    for point in points:
        day = days.get(point["start"])
        if point["what"] == "part" and (day, point["platform"]) in known:
            rows = world.of(day=day, platform=point["platform"], currency=currency)
            check({"cpm": point["value"]}, rows, lambda _name, v: None if v is None else Fraction(v))
            seen += 1
        if point["what"] == "day" and day:
            whole = world.of(day=day, currency=currency)
            check({"cpm": point["value"]}, whole, lambda _name, v: None if v is None else Fraction(v))
            assert point["total"].partition("\u00a0")[0] == reads("cpm", whole, currency)
    assert seen >= len(known)


def named_campaign(read: Row) -> dict[str, Any]:
    return {"client_id": read["client"].lower(), "campaign_id": read["name"]}


@pytest.mark.parametrize(("currency", "campaigns"), [("EUR", 6), ("JPY", 3)])
def test_all_columns_of_campaigns(world, currency, campaigns):
    table = shown(CAMPAIGNS, shown=currency).dataframe[0]
    assert drawn(table, named_campaign, world, currency) == campaigns


def test_platforms_and_creators_of_a_campaign(world):
    app = shown(CAMPAIGN, **campaign_tables.link_of(CampaignRef("acme", 1, "spring")))
    one = {"client_id": "acme", "campaign_id": "spring"}
    assert drawn(app.dataframe[0], lambda r: one | {"platform": r["platform"]}, world, "EUR") == 2
    named = {"(no creator)": ""}
    assert drawn(app.dataframe[1], lambda r: one | {"creator_id": named.get(r["creator"], r["creator"])}, world, "EUR")


_KEYS = {"client": "client_id", "campaign": "campaign_id", "creator": "creator_id", "platform": "platform"}


@pytest.mark.parametrize("view", question.VIEWS)
def test_every_export(world, view):
    found = exports.answer(world.store, Question(ADMIN, Filters(VIEW)), view, NOON)
    places = {name: 6 if name.startswith("cp") else 8 for name in SIDES}

    def like(record: Row) -> dict[str, Any]:
        named = {_KEYS[name]: record[name] for name in _KEYS if name in record}
        days = {row["day"] for row in world.rows if str(row["day"]) == record.get("day")}
        return named | {"currency": record["currency"]} | ({"day": days.pop()} if days else {})

    def exact(record: Row) -> None:
        for name in SIDES:
            right, value = expected(name, world.of(**like(record))), record[name]
            assert (value in (None, "")) == (right is None)
            assert right is None or abs(Fraction(value) - right) * 2 * 10 ** places[name] <= 1

    records = json.loads(json_documents.dumps(exports.as_document(found)))["rows"]
    lines = list(csv.DictReader(io.StringIO(tables.to_csv(found.table))))
    by_header = {column.header: column.name for column in found.table.columns}
    assert len(records) == len(lines) > 0
    for record, line in zip(records, lines, strict=True):
        exact(record)
        exact({by_header[header]: value for header, value in line.items()})
    for row in exports.as_document(found)["totals"]:
        for name in SIDES:
            right = expected(name, world.of(currency=row["currency"]))
            assert (row[name] is None) == (right is None)
            assert right is None or abs(Fraction(row[name]) - right) * 2 * 10 ** places[name] <= 1
