"""Rows of APIs other than ours, read by a mapping: each conversion, with rows as TikTok and Meta send them."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from perfdash.domain.accounts import Account, Days
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.facts import Batch, FactKey
from perfdash.domain.measures import FactValues
from perfdash.ingest import json_reader, rows
from perfdash.ingest.field_paths import look_up, plain_keys
from tests.ingest.mapping_kit import mapping_from, mapping_of_preset

ACCOUNT = Account("acme", "ads", "17", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 3, 1), date(2026, 3, 7))
BASE = {
    "campaign": "id",
    "platform": {"constant": "TikTok"},
    "day": "day",
    "impressions": "shown",
    "clicks": "clicks",
    "cost": "spend",
}
ROW = {"id": "c1", "day": "2026-03-01", "shown": 1000, "clicks": 10, "spend": "12.50"}


def read(given: list[Any], fields: dict[str, Any] | str, account: Account = ACCOUNT, **records: Any) -> Batch:
    """Through JSON, as rows really come; `fields` go over BASE, or name a preset."""
    if isinstance(fields, str):
        mapping = mapping_of_preset(fields)
    else:
        mapping = mapping_from(BASE | fields, {"path": "data"} | records)
    return rows.read_rows(json_reader.loads(json.dumps(given).encode()), mapping, account, DAYS)


def values(fields: dict[str, Any], account: Account = ACCOUNT, **row: Any) -> FactValues:
    batch = read([ROW | row], fields, account)
    assert batch.quarantined == ()
    (found,) = batch.facts.values()
    return found


def key(fields: dict[str, Any], **row: Any) -> FactKey:
    batch = read([ROW | row], fields)
    assert batch.quarantined == ()
    (found,) = batch.facts
    return found


def reason(fields: dict[str, Any], records: dict[str, Any] | None = None, **row: Any) -> str:
    batch = read([ROW | row], fields, **(records or {}))
    (refused,) = batch.quarantined
    assert batch.facts == {}
    return refused.reason


# As the large platforms send it


def tiktok(**metrics: Any) -> dict[str, Any]:
    said = {
        "campaign_name": "Spring",
        "impressions": "10000",
        "clicks": "90",
        "spend": "100.05",
        "cpm": "10.01",
        "reach": "900",
        "conversion": "3",
        "video_play_actions": 512,
    }
    dimensions = {"campaign_id": "1720001", "stat_time_day": "2026-03-02 00:00:00"}
    return {"dimensions": dimensions, "metrics": said | metrics}


def test_a_row_of_tiktok_becomes_a_fact() -> None:
    batch = read([tiktok()], "tiktok_business")
    assert batch.facts == {
        FactKey(date(2026, 3, 2), "1720001", "TikTok"): FactValues(
            10_000,
            90,
            100_050_000,
            reach=900,
            views=512,
            conversions=3_000_000,
            reported_cpm=Decimal("10.01"),
            currency="EUR",
        )
    }
    assert batch.campaigns["1720001"].name == "Spring"


def test_a_dash_and_null_of_tiktok_are_not_reported_and_never_zero() -> None:
    batch = read([tiktok(reach="-", conversion=None, video_play_actions="-", cpm="-")], "tiktok_business")
    (found,) = batch.facts.values()
    assert (found.reach, found.conversions, found.views, found.reported_cpm) == (None, None, None, None)


def test_a_dash_for_what_must_be_there_is_missing_and_the_reason_uses_their_name_for_it() -> None:
    batch = read([tiktok(spend="-"), tiktok(clicks="-1")], "tiktok_business")
    assert [refused.reason for refused in batch.quarantined] == [
        "metrics.spend is missing",
        "metrics.clicks is negative",
    ]
    assert {refused.key for refused in batch.quarantined} == {FactKey(date(2026, 3, 2), "1720001", "TikTok")}


def test_a_row_of_tiktok_at_another_hour_is_no_day() -> None:
    row = tiktok()
    row["dimensions"]["stat_time_day"] = "2026-03-02 01:00:00"
    (refused,) = read([row], "tiktok_business").quarantined
    assert refused.reason == "dimensions.stat_time_day is not a day written YYYY-MM-DD 00:00:00 or YYYY-MM-DD"
    assert refused.key is None


def meta(*without: str, **row: Any) -> dict[str, Any]:
    said = {
        "campaign_id": "2385",
        "campaign_name": "Spring",
        "publisher_platform": "audience_network",
        "date_start": "2026-03-02",
        "date_stop": "2026-03-02",
        "account_currency": "EUR",
        "impressions": "3000",
        "clicks": "7",
        "spend": "14.35",
        "cpm": "4.783333",
        "reach": "2800",
        "actions": [
            {"action_type": "link_click", "value": "7"},
            {"action_type": "purchase", "value": "2", "7d_click": "1"},
            {"action_type": "omni_purchase", "value": "2"},
            {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "2"},
        ],
        "action_values": [
            {"action_type": "purchase", "value": "99.90"},
            {"action_type": "omni_purchase", "value": "99.90"},
        ],
    }
    return {name: value for name, value in (said | row).items() if name not in without}


def test_a_row_of_meta_becomes_a_fact_with_one_kind_of_purchase() -> None:
    (item,) = read([meta()], "meta_insights").facts.items()
    assert item == (
        FactKey(date(2026, 3, 2), "2385", "Audience Network"),
        FactValues(
            3000,
            7,
            14_350_000,
            reach=2800,
            conversions=2_000_000,
            revenue=99_900_000,
            reported_cpm=Decimal("4.783333"),
            currency="EUR",
        ),
    )


def test_what_meta_leaves_out_is_zero_where_it_can_be_nothing_else() -> None:
    row = meta("impressions", "clicks", "spend", "reach", "actions", "action_values", "cpm")
    (found,) = read([row], "meta_insights").facts.values()
    assert found[:8] == (0, 0, 0, None, None, None, None, None)


def test_a_list_without_the_picked_type_is_zero() -> None:
    (found,) = read([meta(actions=[{"action_type": "link_click", "value": "7"}])], "meta_insights").facts.values()
    assert found.conversions == 0


def lost(given: list[Any]) -> dict[str, int]:
    """Which optional fields could not be read of one row, whose fact has no conversions then, not even zero."""
    batch = read(given, "meta_insights")
    (found,) = batch.facts.values()
    assert found.conversions is None and found.cost and batch.totals is not None
    return dict(batch.totals.unread)


def test_a_purchase_that_is_there_twice_with_different_values_is_not_read_and_never_added_up() -> None:
    twice = [{"action_type": "purchase", "value": "2"}, {"action_type": "purchase", "value": "3"}]
    assert lost([meta(actions=twice)]) == {"actions[purchase]": 1}
    same = [twice[0], twice[0]]
    (found,) = read([meta(actions=same)], "meta_insights").facts.values()
    assert found.conversions == 2_000_000


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), ("1", 1), ("2", None)])
def test_values_that_only_seem_the_same_are_there_twice(one: Any, other: Any) -> None:
    twice = [{"action_type": "purchase", "value": one}, {"action_type": "purchase", "value": other}]
    assert lost([meta(actions=twice)]) == {"actions[purchase]": 1}


@pytest.mark.parametrize("actions", ["purchase", 5, {"action_type": "purchase"}, True])
def test_what_should_be_a_list_and_is_not_is_not_read(actions: Any) -> None:
    assert lost([meta(actions=actions)]) == {"actions[purchase]": 1}


def test_junk_in_the_list_is_overlooked_and_a_number_may_be_the_type() -> None:
    field = {"path": "stats", "by": "kind", "pick": "7", "value": "amount.n"}
    found = values({"views": field}, stats=[None, 3, "x", [], {"kind": 8}, {"kind": 7, "amount": {"n": "5"}}])
    assert found.views == 5


# Numbers


@pytest.mark.parametrize(
    ("scale", "sent", "micros"),
    [
        ("units", "12.5", 12_500_000),
        ("cents", 1250, 12_500_000),
        ("cents", "1,250.0", 12_500_000),
        ("cents", 1250.5, 12_505_000),
        ("micros", 12_500_000, 12_500_000),
        ("micros", "12500000", 12_500_000),
        ("micros", 2**63 - 1, 2**63 - 1),
        ("percent", "1250", 12_500_000),
    ],
)
def test_money_comes_in_units_cents_micros_or_percent(scale: str, sent: Any, micros: int) -> None:
    assert values({"cost": {"path": "spend", "scale": scale}}, spend=sent).cost == micros


def test_money_keeps_its_range_whatever_its_scale() -> None:
    assert reason({"cost": {"path": "spend", "scale": "micros"}}, spend=2**63) == "spend is too large"
    assert reason({"cost": {"path": "spend", "scale": "cents"}}, spend=10**15) == "spend is too large"
    assert values({"cost": {"path": "spend", "scale": "cents"}}, spend=-1).cost == -10_000


def test_parts_of_a_micro_are_rounded_half_even_and_flagged_by_our_name() -> None:
    found = values({"cost": {"path": "spend", "scale": "micros"}}, spend=2.5)
    assert (found.cost, found.flags) == (2, ("cost_rounded",))


def test_percent_of_a_ratio_is_exact() -> None:
    field = {"path": "roas_percent", "scale": "percent"}
    assert str(values({"roi": field}, roas_percent="12.345678901234567891").reported_roi) == "0.12345678901234567891"
    assert values({"roi": field}, roas_percent=150).reported_roi == Decimal("1.5")


def test_a_count_in_thousandths_of_nothing_is_whole_or_refused() -> None:
    field = {"path": "shown", "scale": "cents"}
    assert values({"impressions": field}, shown=100_000).impressions == 1000
    assert reason({"impressions": field}, shown=150) == "shown is not a whole number"


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1.234,50", 1_234_500_000),
        ("1234,5", 1_234_500_000),
        ("12", 12_000_000),
        ("1.234", 1_234_000_000),
        ("0,5", 500_000),
    ],
)
def test_a_decimal_comma_is_read_where_it_is_configured(text: str, micros: int) -> None:
    batch = read([ROW | {"spend": text}], {}, decimal_comma=True)
    assert [found.cost for found in batch.facts.values()] == [micros]


@pytest.mark.parametrize("text", ["12.5", "1,234.50", "1.23", "1.2345", "1.234.5,0", "1.234E+3"])
def test_with_a_decimal_comma_nothing_else_is_guessed(text: str) -> None:
    assert reason({}, {"decimal_comma": True}, spend=text) == "spend is not a number of a known format"


def test_missing_is_zero_only_where_it_is_configured() -> None:
    zero = {"path": "clicks", "zero_when_missing": True}
    assert values({"clicks": zero}, clicks=None).clicks == 0
    batch = read([{name: value for name, value in ROW.items() if name != "clicks"}], {"clicks": zero})
    assert [found.clicks for found in batch.facts.values()] == [0]
    assert reason({}, clicks=None) == "clicks is missing"
    assert values({"clicks": zero}, clicks="").clicks == values({"clicks": zero}, clicks="--").clicks == 0
    assert reason({"clicks": zero}, clicks="<10") == reason({"clicks": zero}, clicks="N/A") == "clicks is missing"


def test_the_configured_texts_mean_not_reported_in_every_field() -> None:
    fields = {"creator": "creator", "views": "views", "campaign_name": "name", "currency": "money"}
    row = ROW | {"creator": "-", "views": "", "name": "n/a", "money": "-"}
    batch = read([row], fields, missing=["-", "", "n/a"])
    (item,) = batch.facts.items()
    assert (item[0].creator, item[1].views, item[1].currency) == ("", None, "EUR")
    assert batch.campaigns["c1"].name is None
    assert reason({}, {"missing": ["-"]}, id="-") == "id is missing"


# Days, words, constants


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("%d.%m.%Y", "02.03.2026"),
        ("%Y%m%d", "20260302"),
        ("%m/%d/%y", "03/02/26"),
        ("%Y-%m-%dT00:00:00Z", "2026-03-02T00:00:00Z"),
    ],
)
def test_days_are_read_in_the_format_that_is_configured(written: str, text: str) -> None:
    assert key({"day": {"path": "day", "format": written}}, day=text).day == date(2026, 3, 2)


@pytest.mark.parametrize(
    "text",
    ["02.03.26", "02. 03.2026", "31.02.2026", "00.03.2026", "02/03/2026", "2026-03-02", "02x03x2026", "2.03.02026"],
)
def test_days_in_any_other_format_are_refused(text: str) -> None:
    assert reason({"day": {"path": "day", "format": "%d.%m.%Y"}}, day=text) == "day is not a day written DD.MM.YYYY"


def test_a_platforms_other_names_are_mapped_in_any_case_and_unmapped_ones_stay() -> None:
    field = {"path": "network", "map": {" FB ": "Facebook", "own": "Our Net"}}
    assert key({"platform": field}, network=" fb").platform == "Facebook"
    assert key({"platform": field}, network="OWN").platform == "Our Net"
    assert key({"platform": field}, network="tik tok").platform == "TikTok"
    assert values({"platform": field}, network="elsewhere").flags == ("unknown_platform",)


def test_a_status_is_mapped_too() -> None:
    batch = read([ROW | {"state": "ENABLE"}], {"status": {"path": "state", "map": {"enable": "active"}}})
    assert batch.campaigns["c1"].status == "active"
    batch = read([ROW | {"state": "PAUSED"}], {"status": {"path": "state", "map": {"enable": "active"}}})
    assert batch.campaigns["c1"].status == "PAUSED"


def test_constants_stand_in_every_row() -> None:
    batch = read([ROW], {"campaign": {"constant": "all"}, "currency": {"constant": "EUR"}})
    assert [found.campaign for found in batch.facts] == ["all"]
    assert reason({"currency": {"constant": "USD"}}) == "currency is not the account's EUR"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": 1.5}, "id is of a type that it cannot have"),
        ({"day": True}, "day is of a type that it cannot have"),
        ({"day": 20261301}, "day is not a day of a known spelling: write its format"),
        ({"shown": [1]}, "shown is of a type that it cannot have"),
        ({"clicks": True}, "clicks is of a type that it cannot have"),
        ({"spend": {"amount": 1}}, "spend is of a type that it cannot have"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_by_their_name(row: dict[str, Any], said: str) -> None:
    assert reason({}, **row) == said


def test_a_refused_row_is_kept_by_their_names_without_the_creators() -> None:
    fields = {
        "creator": "who.id",
        "creator_name": "who.name",
        "conversions": {"path": "acts", "by": "t", "pick": "buy"},
    }
    row = ROW | {"who": {"id": 5, "name": "Jane Doe"}, "acts": [{"t": "buy", "value": "3"}], "clicks": -1, "more": "x"}
    (refused,) = read([row], fields).quarantined
    assert json.loads(refused.payload) == {
        "id": "c1",
        "day": "2026-03-01",
        "who.id": 5,
        "shown": 1000,
        "clicks": -1,
        "spend": "12.50",
        "acts[buy]": "3",
    }


def test_a_payload_is_bounded_even_where_the_paths_are_long() -> None:
    names = ("reach", "views", "engagements", "conversions", "revenue", "cpm", "roi", "budget")
    fields = {name: f'"{name}{"x" * 400}"' for name in names}
    row = ROW | {path.strip('"'): "9" * 500 for path in fields.values()} | {"spend": "x"}
    (refused,) = read([row], fields).quarantined
    assert len(refused.payload) <= 2000 and isinstance(json.loads(refused.payload), dict)
    assert len(refused.reason) <= 300


# Paths


@pytest.mark.parametrize(
    ("path", "record", "found"),
    [
        ("a", {"a": 1}, 1),
        ("a", {}, None),
        ("a", None, None),
        ("a", [1], None),
        ("a.b", {"a": {"b": 2}}, 2),
        ("a.b", {"a": 5}, None),
        ("a.b", {"a": None}, None),
        ("a.b", {"a.b": 3, "a": {"b": 2}}, 3),
        ('"Cost (EUR)"', {"Cost (EUR)": "4"}, "4"),
        ('a."b c"', {"a": {"b c": 5}}, 5),
        ("a[0].b", {"a": [{"b": 6}]}, 6),
        ("a[?k=='x'].v | [0]", {"a": [{"k": "x", "v": 7}]}, 7),
        ("sum(a)", {"a": [Decimal("0.1"), 2]}, Decimal("2.1")),
        ("sum(a)", {"a": "x"}, None),
        ("length(a)", {"a": 5}, None),
        ("to_number(a)", {"a": "1.10"}, Decimal("1.10")),
        ("to_number(a)", {"a": "7"}, 7),
        ("to_number(a)", {"a": "NaN"}, None),
        ("to_number(a)", {"a": "x"}, None),
        ("max_by(a, &n).n", {"a": [{"n": Decimal("1.5")}, {"n": Decimal("2.5")}]}, Decimal("2.5")),
        ("nothing_like_it(a)", {"a": 1}, None),
        ("contains(a, b)", {"a": "x", "b": 5}, None),
    ],
)
def test_a_path_finds_what_stands_there_or_nothing(path: str, record: Any, found: Any) -> None:
    assert look_up(path)(record) == found
    assert type(look_up(path)(record)) is type(found)


def test_only_plain_paths_are_read_without_the_interpreter() -> None:
    assert plain_keys("a.b.c") == ("a", "b", "c")
    assert plain_keys('"a b".c') == ("a b", "c")
    assert plain_keys("a[0]") is plain_keys("a || b") is plain_keys("@") is plain_keys("a.*") is None


def test_a_row_of_a_flat_file_is_read_by_the_same_mapping() -> None:
    flat = {
        "dimensions.campaign_id": "1",
        "dimensions.stat_time_day": "2026-03-02 00:00:00",
        "metrics.impressions": "10",
        "metrics.clicks": "1",
        "metrics.spend": "0.5",
        "metrics.reach": "-",
    }
    batch = read([flat, tiktok()], "tiktok_business")
    assert [(found.campaign, said.cost) for found, said in batch.facts.items()] == [
        ("1", 500_000),
        ("1720001", 100_050_000),
    ]


def test_no_rows_are_an_empty_batch() -> None:
    assert read([], {}) == Batch({}, {}, {}, totals=ControlTotals())
