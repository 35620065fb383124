"""A few rows field by field: what came and what it is understood as, short, without secrets and names of people."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from perfdash.config.source import Source
from perfdash.domain.secret import Secret
from perfdash.sources.check.trial import LONGEST_SHOWN, RowRead, sample_rows
from tests.sources.loopback import ACCOUNT, DAYS
from tests.sources.routed import FIELDS, custom, entry

ALL = FIELDS | {
    "creator": "person",
    "creator_name": "alias",
    "campaign_name": "name",
    "status": "status",
    "budget": "budget",
    "flight_start": "begins",
    "flight_end": "ends",
    "cpm": "cpm",
    "roi": "roi",
    "revenue": "earned",
    "conversions": "sales",
    "views": "views",
    "currency": "coin",
}


def read(row: object, fields: dict[str, Any] | None = None, key: str = "k3y-of-a-source", **tables: Any) -> RowRead:
    source = custom("https://api.example.com", {"type": "none"}, fields=fields or ALL, **tables)
    (found,) = sample_rows(Source(source.name, source.config, Secret("KEY", key)), ACCOUNT, DAYS, [row])
    return found


def values(found: RowRead) -> dict[str, tuple[str, str | None]]:
    return {one.field: (one.came, one.read) for one in found.values}


def test_every_field_shows_what_came_and_what_it_means() -> None:
    row = entry(
        1,
        person="p1",
        alias="Ada Lovelace",
        name="Spring \u00e9",
        status="ACTIVE",
        budget=100,
        begins="2026-02-01",
        ends="2026-04-01",
        cpm=Decimal("12.50"),
        roi="1.5",
        earned=-3,
        sales="2.25",
        coin="EUR",
    )
    found = read(row)
    assert values(found) == {
        "campaign": ('"c1"', "c1"),
        "day": ('"2026-03-01"', "2026-03-01"),
        "platform": ('"TikTok"', "TikTok"),
        "creator": ('"p1"', "p1"),
        "impressions": ("1001", "1001"),
        "clicks": ("10", "10"),
        "cost": ('"12.50"', "12.5 EUR"),
        "currency": ('"EUR"', "EUR"),
        "cpm": ("12.50", "12.50"),
        "views": ("absent", "not reported"),
        "conversions": ('"2.25"', "2.25"),
        "revenue": ("-3", "-3 EUR"),
        "roi": ('"1.5"', "1.5"),
        "campaign_name": ('"Spring \u00e9"', "Spring \u00e9"),
        "status": ('"ACTIVE"', "ACTIVE"),
        "budget": ("100", "100 EUR"),
        "flight_start": ('"2026-02-01"', "2026-02-01"),
        "flight_end": ('"2026-04-01"', "2026-04-01"),
        "creator_name": ("present", "present"),
    }
    assert (found.refused, found.values[0].place) == ("", "id")


def test_what_did_not_come_is_absent_and_not_reported() -> None:
    found = values(read(entry(1)))
    assert {name for name, seen in found.items() if seen == ("absent", "not reported")} == (
        ALL.keys() - FIELDS.keys() - {"currency"}
    )
    assert found["currency"] == ("absent", "EUR")


def test_large_amounts_are_written_out() -> None:
    assert values(read(entry(1, spent=1_000_000, sales=0)))["cost"][1] == "1000000 EUR"
    assert values(read(entry(1, spent=0, sales=20_000)))["conversions"][1] == "20000"


@pytest.mark.parametrize(
    ("came", "shown"),
    [
        ({"a": 1}, "an object"),
        ([1], "a list"),
        (True, "true"),
        ("a\x1bb\n", '"ab"'),
        (Decimal("1.10"), "1.10"),
        ("\u20ac", '"\u20ac"'),
        ("\u202e\u00e9", '"\u00e9"'),
        (None, "absent"),
    ],
)
def test_odd_values_are_shown_plainly(came: object, shown: str) -> None:
    assert values(read(entry(1, status=came)))["status"][0] == shown


def test_what_cannot_be_picked_from_is_named_by_its_kind() -> None:
    twice = [{"k": "x", "value": 1}, {"k": "x", "value": 2}]
    fields = ALL | {"views": {"path": "views", "by": "k", "pick": "x"}}
    found = read(entry(1, views=twice), fields)
    assert values(found)["views"] == ("a list", None)
    assert not found.refused, "only what a fact must have refuses a row"


@pytest.mark.parametrize("length", [LONGEST_SHOWN - 3, LONGEST_SHOWN - 2, LONGEST_SHOWN - 1, 200])
def test_a_long_value_is_cut(length: int) -> None:
    came, understood = values(read(entry(1, name="n" * length)))["campaign_name"]
    whole = '"' + "n" * length + '"'
    assert came == (whole if len(whole) <= LONGEST_SHOWN else whole[: LONGEST_SHOWN - 1] + "\u2026")
    assert understood is not None and len(understood) <= LONGEST_SHOWN
    assert (understood == "n" * length) is (length <= LONGEST_SHOWN)


def test_a_row_that_is_refused_says_why_and_what_came() -> None:
    found = read(entry(1, spent="much"))
    assert found.refused == "spent is not a number of a known format"
    assert (found.flags, values(found)["cost"]) == ((), ('"much"', None))


def test_a_row_that_is_odd_is_flagged() -> None:
    assert read(entry(1, clicked=5000)).flags == ("clicks_over_impressions",)
    assert read(entry(1)).flags == ()


def test_what_is_no_object_has_no_values() -> None:
    found = read("text")
    assert found.refused
    assert {seen for seen, _ in values(found).values()} == {"absent"}


def test_an_echoed_key_is_masked_before_it_is_cut() -> None:
    found = values(read(entry(1, name="n" * 50 + " k3y-of-a-source")))["campaign_name"]
    assert found[0].startswith('"nnn') and "k3y" not in str(found)
    assert values(read(entry(1, name="k3y-of-a-source")))["campaign_name"] == ('"***"', "***")
    assert "k3y" not in str(read({"id": "k3y-of-a-source"}))
