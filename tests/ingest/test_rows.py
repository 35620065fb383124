"""Rows of an answer: each line of "what perfdash decides", and nothing that arrives can crash it or be miscounted."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain import accounts
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch, CampaignAttributes, FactKey, Sheet
from perfdash.ingest import json_reader, merge_pages, rows
from perfdash.ingest.columnar_rows import ColumnarRows
from tests.conftest import examples
from tests.ingest.mapping_kit import mapping_of_preset

ACCOUNT = Account("acme", "agency", "acme-eu", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 3, 1), date(2026, 3, 7))
MAPPING = mapping_of_preset("performance_v1")
KEY = FactKey(date(2026, 3, 1), "c1", "TikTok")


def row(*without: str, **values: Any) -> dict[str, Any]:
    good = {
        "campaignId": "c1",
        "platform": "TikTok",
        "date": "2026-03-01",
        "impressions": 1000,
        "clicks": 10,
        "cost": 12.5,
        "cpm": 12.5,
        "roi": 1.5,
    }
    return {name: value for name, value in (good | values).items() if name not in without}


def read(*given: Any, account: Account = ACCOUNT) -> Batch:
    """Through JSON, as rows really come."""
    body = json_reader.loads(json.dumps(given).encode())
    return merge_pages.merge([rows.read_rows(body, MAPPING, account, DAYS)])


def unread(batch: Batch) -> dict[str, int]:
    assert batch.totals is not None
    return dict(batch.totals.unread)


def flags_of(**values: Any) -> tuple[str, ...]:
    (found,) = read(row(**values)).facts.values()
    return found.flags


def reason_of(*without: str, **values: Any) -> str:
    batch = read(row(*without, **values))
    assert batch.facts == {}
    (refused,) = batch.quarantined
    return refused.reason


def test_a_row_becomes_a_fact_in_integer_micros() -> None:
    (item,) = read(
        row(
            creatorId="k7",
            reach=900,
            views=800,
            engagements=70,
            conversions=1.5,
            revenue="1,234.5",
            currency="eur",
        )
    ).facts.items()
    key, values = item
    assert key == KEY._replace(creator="k7")
    assert (values.impressions, values.clicks, values.cost) == (1000, 10, 12_500_000)
    assert (values.reach, values.views, values.engagements) == (900, 800, 70)
    assert (values.conversions, values.revenue) == (1_500_000, 1_234_500_000)
    assert (values.reported_cpm, values.reported_roi) == (Decimal("12.5"), Decimal("1.5"))
    assert (values.currency, values.flags) == ("EUR", ())


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1234", 1_234),
        ("1,234", 1_234),
        ("1,234,567", 1_234_567),
        ("0", 0),
        (" 12 ", 12),
        ("1234.00", 1_234),
        ("007", 7),
        ("1e3", 1_000),
        ("+5", 5),
        ("5.", 5),
        ("1'234", 1_234),
        ("1 234", 1_234),
    ],
)
def test_numbers_as_text_are_read(text: str, micros: int) -> None:
    (values,) = read(row("cpm", impressions=text, clicks=0, cost=text)).facts.values()
    assert (values.impressions, values.cost) == (micros, micros * 1_000_000)


@pytest.mark.parametrize(
    "text",
    ["1,,234", "1.234,5,6", "12,34,56", "1_000", "٣", "0x1F", "inf", "12 apples", "1-2", "--5", "(5", "1" * 100, "5%"],
)
def test_other_formats_of_numbers_are_refused(text: str) -> None:
    assert reason_of(cost=text) == "cost is not a number of a known format"


@pytest.mark.parametrize("field", ["impressions", "clicks", "cost"])
def test_the_three_measures_that_must_be_there(field: str) -> None:
    assert reason_of(field) == f"{field} is missing"
    assert reason_of(**{field: None}) == f"{field} is missing"
    assert reason_of(**{field: "N/A"}) == reason_of(**{field: "--"}) == f"{field} is missing"
    assert reason_of(**{field: True}) == f"{field} is of a type that it cannot have"
    assert reason_of(**{field: [1]}) == f"{field} is of a type that it cannot have"
    assert reason_of(**{field: 2**63}) == f"{field} is too large"
    assert reason_of(**{field: 1e300}) == f"{field} is too large"


def test_counts_are_not_negative_and_a_cost_below_zero_is_a_credit() -> None:
    assert reason_of(impressions=-1) == "impressions is negative"
    assert reason_of(clicks="-1,000.0") == "clicks is negative"
    assert read(row("cpm", cost=-12.5)).facts[KEY].cost == -12_500_000


def test_counts_are_whole() -> None:
    assert reason_of(impressions=1000.5) == "impressions is not a whole number"
    assert read(row(impressions=1000.0)).facts[KEY].impressions == 1000


@pytest.mark.parametrize("field", ["reach", "views", "engagements", "conversions", "revenue", "cpm", "roi", "budget"])
def test_an_optional_field_that_cannot_be_read_costs_its_row_nothing_and_is_counted(field: str) -> None:
    whole = read(row(field), row(field, campaignId="c2", reach=5))
    for wrong in ("seven", True, [1], {"n": 1}, 10**40):
        found = read(row(**{field: wrong}), row(field, campaignId="c2", reach=5))
        assert found.facts == whole.facts or field == "reach"
        assert found.facts[KEY] == whole.facts[KEY]
        assert (found.quarantined, unread(found)) == ((), {field: 1})
    assert unread(read(row(field))) == unread(read(row(**{field: None}))) == {}


def test_what_is_not_reported_is_none_and_never_zero() -> None:
    values = read(row("cpm", "roi")).facts[KEY]
    assert (values.reported_cpm, values.reported_roi, values.revenue, values.reach) == (None, None, None, None)


def test_of_what_may_be_missing_only_revenue_and_roi_may_be_negative() -> None:
    values = read(row(revenue=-20, roi=-0.5)).facts[KEY]
    assert (values.revenue, values.reported_roi) == (-20_000_000, Decimal("-0.5"))
    for field in ("reach", "views", "engagements", "conversions", "budget"):
        assert unread(read(row(**{field: -1}))) == {field: 1}


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        ("tiktok", "TikTok"),
        ("TIK TOK", "TikTok"),
        (" Tik  Tok ", "TikTok"),
        ("instagram", "Instagram"),
        ("You Tube", "YouTube"),
        ("x", "X"),
        ("linkedin", "LinkedIn"),
    ],
)
def test_known_platforms_have_one_spelling(sent: str, known: str) -> None:
    assert [key.platform for key in read(row(platform=sent)).facts] == [known]
    assert flags_of(platform=sent) == ()


def test_an_unknown_platform_is_kept_as_it_came_and_flagged() -> None:
    batch = read(row(platform=" MyNet "), row(platform="mynet"), row(platform="tik-tok"))
    assert sorted(key.platform for key in batch.facts) == ["MyNet", "mynet", "tik-tok"]
    assert {values.flags for values in batch.facts.values()} == {("unknown_platform",)}
    (long,) = read(row(platform="y" * 500)).facts
    assert len(long.platform) == accounts.MAX_LENGTH


@pytest.mark.parametrize("platform", [None, "", "  ", "\x00"])
def test_a_row_without_a_platform_has_no_key(platform: str | None) -> None:
    (refused,) = read(row(platform=platform)).quarantined
    assert (refused.reason, refused.key) == ("platform is missing", None)


def test_more_clicks_than_impressions_are_flagged() -> None:
    assert flags_of(clicks=1001) == ("clicks_over_impressions",)
    assert flags_of(clicks=1000) == ()
    beside = read(row(clicks=1000), row(campaignId="c2", clicks=1001))
    assert [values.flags for values in beside.facts.values()] == [(), ("clicks_over_impressions",)]


@pytest.mark.parametrize(
    ("impressions", "cost", "cpm", "disagrees"),
    [
        (3000, "14.05", "4.68", False),
        (3000, "14.05", "4.69", False),  # rounded up: within one unit of the last place
        (3000, "14.05", "4.70", True),
        (3000, "14.05", "4.67", True),
        (3000, "14.05", "4.683333333333333", False),
        (3000, "14.05", "4.683334", False),
        (3000, "14.05", "4.683343", True),
        (3000, "14.05", "5", False),
        (3000, "14.05", "4", False),
        (3000, "14.05", "3", True),
        (3000, "14.05", "-4.68", True),
        (0, "14.05", "0", False),
        (0, "14.05", "4.68", True),
        (1000, "12.5", "0.0125", True),  # cost per impression under the wrong name
    ],
)
def test_a_reported_cpm_is_compared_at_its_own_decimals(impressions: int, cost: str, cpm: str, disagrees: bool) -> None:
    said = flags_of(impressions=impressions, clicks=0, cost=cost, cpm=cpm)
    assert said == (("cpm_disagrees",) if disagrees else ())


@pytest.mark.parametrize(
    ("cost", "micros"), [("0.0000005", 0), ("0.0000015", 2), ("0.00000251", 3), ("0.30000000000000004", 300_000)]
)
def test_cost_beyond_six_decimals_is_rounded_half_even_and_flagged(cost: str, micros: int) -> None:
    values = read(row("cpm", cost=cost)).facts[KEY]
    assert (values.cost, values.flags) == (micros, ("cost_rounded",))


@pytest.mark.parametrize(
    "text", ["2026-W10-1", "2026-060", "03.2026", "1 Ventose 2026", "2026-02-30", "٢٠٢٦-٠٣-٠١", "soon"]
)
def test_what_is_no_day_is_refused(text: str) -> None:
    assert reason_of(date=text) == "date is not a day of a known spelling: write its format"


def test_a_row_without_a_day_has_no_key() -> None:
    assert read(row("date")).quarantined[0].key is None
    assert read(row(date=[20260301])).quarantined[0].reason == "date is of a type that it cannot have"
    assert read(row(date="")).quarantined[0].reason == "date is missing"


@pytest.mark.parametrize("day", ["2026-02-28", "2026-03-08"])
def test_a_day_that_was_not_asked_for_is_quarantined_with_its_key(day: str) -> None:
    (refused,) = read(row(date=day)).quarantined
    assert refused.key == KEY._replace(day=date.fromisoformat(day))
    assert refused.reason == f"day {day} was not asked for (asked: 2026-03-01 to 2026-03-07)"


def test_a_platform_that_was_not_asked_for_is_quarantined() -> None:
    asked = replace(ACCOUNT, platforms=("TikTok", "MyNet"))
    batch = read(row(), row(platform="Instagram"), row(platform="mynet"), account=asked)
    assert sorted(key.platform for key in batch.facts) == ["MyNet", "TikTok"]
    assert [refused.reason for refused in batch.quarantined] == ["platform was not asked for"]


def test_the_currency_must_be_the_accounts_if_it_is_given() -> None:
    assert reason_of(currency="USD") == "currency is not the account's EUR"
    assert read(row(currency=None)).facts[KEY].currency == "EUR"


def test_two_rows_of_one_key_fail_the_run_whether_they_say_the_same_or_not() -> None:
    with pytest.raises(BadAnswer, match="Rows 1 and 2 are both about campaign c1 on TikTok, 2026-03-01, and alike in"):
        read(row(), row(platform="tiktok"), row(cost=12.50))
    with pytest.raises(BadAnswer, match=r"Rows 1 and 3 are both .* nothing that could tell them apart"):
        read(row(), row(campaignId="c2"), row(clicks=11))
    with pytest.raises(BadAnswer, match="Rows 1 and 2 are both about"):
        read(row(), row(cost="x"))
    assert [refused.reason for refused in read(row(cost="x"), row(cost="x")).quarantined] == [
        "cost is not a number of a known format"
    ] * 2


@pytest.mark.parametrize(("sent", "kept"), [("c1", "c1"), (" c1 ", "c1"), (17, "17"), (0, "0"), ("ü", "ü")])
def test_a_campaigns_id_is_text_or_a_whole_number(sent: Any, kept: str) -> None:
    assert [key.campaign for key in read(row(campaignId=sent)).facts] == [kept]


@pytest.mark.parametrize(
    "sent", [None, "", "  ", True, 1.5, [], {}, "x" * 201, 10**250, "a\x00b", "a\nb", "\ud800", "‮c1"]
)
def test_other_ids_leave_the_row_without_a_key(sent: Any) -> None:
    (refused,) = read(row(campaignId=sent)).quarantined
    assert refused.key is None
    assert refused.reason.startswith("campaignId ")


def test_no_creator_is_the_empty_text() -> None:
    batch = read(row(), row(date="2026-03-02", creatorId=None), row(date="2026-03-03", creatorId=" "))
    assert {key.creator for key in batch.facts} == {""}


def test_a_total_row_beside_creator_rows_fails_the_run() -> None:
    with pytest.raises(BadAnswer, match="both in total and by creator"):
        read(row(), row(creatorId="k1", clicks=3))
    with pytest.raises(BadAnswer, match="both in total and by creator"):
        read(row(clicks=-1), row(creatorId="k1"))
    assert (
        len(read(row(), row(platform="Instagram", creatorId="k1"), row(date="2026-03-02", creatorId="k1")).facts) == 3
    )


def test_attributes_are_the_last_that_were_reported() -> None:
    batch = read(
        row(campaignName="Old", budget="5,000.00", startDate="2026-01-01", endDate="2026-12-31", status="active"),
        row(date="2026-03-02", campaignName="New", budget=None),
        row(date="2026-03-03"),
    )
    (said,) = batch.campaigns.values()
    assert (said.campaign, said.name, said.budget, said.status) == ("c1", "New", 5_000_000_000, "active")
    assert (said.flight_start, said.flight_end) == (date(2026, 1, 1), date(2026, 12, 31))


def test_attributes_that_cannot_be_read_are_not_reported_and_counted() -> None:
    batch = read(row(startDate="soon", campaignName=["x"], budget="much", status={}, creatorId="k", creatorName=[1]))
    assert len(batch.facts) == 1 and batch.creators == {}
    assert batch.campaigns == {"c1": CampaignAttributes("c1")}
    assert unread(batch) == dict.fromkeys(("startDate", "campaignName", "budget", "status", "creatorName"), 1)
    assert unread(read(row(creatorName=[1]))) == {}, "a name without a creator is not judged"


def test_names_lose_control_characters_and_excess() -> None:
    name = "A\x00B\tC\u202e\ud83d" + "z" * 400
    batch = read(row(campaignName=name, creatorId="k1", creatorName="\x1b[31mJane"))
    assert batch.campaigns["c1"].name == ("AB C" + "z" * 400)[:300]
    assert batch.creators == {"k1": "[31mJane"}


def test_a_name_without_a_creator_is_not_kept() -> None:
    assert read(row(creatorName="Jane")).creators == {}


def test_a_quarantined_row_is_kept_without_personal_data() -> None:
    (refused,) = read(
        row(creatorId="k1", creatorName="Jane Doe", creatorEmail="jane@example.com", clicks=-1, campaignName="Spring")
    ).quarantined
    assert refused.key == KEY._replace(creator="k1")
    assert "ane" not in refused.payload.lower().replace("spring", "")
    kept = json.loads(refused.payload)
    assert (kept["creatorId"], kept["clicks"], kept["campaignName"]) == ("k1", -1, "Spring")


def test_a_quarantined_payload_is_bounded_json() -> None:
    (refused,) = read(dict.fromkeys(row(), '"\\' * 5000) | {"status": "ü" * 9000, "budget": [[[1]]]}).quarantined
    assert len(refused.payload) <= 2000
    assert json.loads(refused.payload)["budget"] == "a list"


@pytest.mark.parametrize("odd", [None, 5, "row", [], [1], True, 1.5])
def test_a_row_that_is_no_object_is_quarantined(odd: Any) -> None:
    batch = read(odd, row())
    assert batch.quarantined[0].reason == "the row is not an object"
    assert (len(batch.facts), batch.fetched) == (1, 2)


def test_exact_decimals_survive() -> None:
    numbers = '"impressions": 1, "clicks": 0, "cost": 0.1, "roi": 1.10000000000000000001, "cpm": 1e2'
    body = f'[{{"campaignId": 1, "platform": "X", "date": "2026-03-01", {numbers}}}]'.encode()
    batch = rows.read_rows(json_reader.loads(body), MAPPING, ACCOUNT, DAYS)
    (values,) = batch.facts.values()
    assert str(values.reported_roi) == "1.10000000000000000001"
    assert str(values.reported_cpm) == "100"


@pytest.mark.parametrize("roi", ["1e-40", "0." + "1" * 60, "1e-999999999"])
def test_ratios_with_absurd_decimals_are_not_kept(roi: str) -> None:
    body = json.dumps([row(roi="ROI")]).replace('"ROI"', roi)
    found = rows.read_rows(json_reader.loads(body.encode()), MAPPING, ACCOUNT, DAYS)
    assert found.facts[KEY].reported_roi is None and unread(found) == {"roi": 1}


# Whatever comes

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["1,234", "-1", "2026-03-02", "TikTok", "1e400", "\ud800", 10**30, -(10**30), 1e-300]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
FIELDS = [
    *row(),
    "creatorId",
    "creatorName",
    "campaignName",
    "budget",
    "startDate",
    "currency",
    "revenue",
    "reach",
    "?",
]
ALMOST = st.builds(
    lambda base, changes, gone: {k: v for k, v in (base | changes).items() if k not in gone},
    st.builds(lambda n, d: row(campaignId=f"c{n}", date=f"2026-03-0{d}"), st.integers(1, 2), st.integers(1, 9)),
    st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=3),
    st.sets(st.sampled_from(FIELDS), max_size=2),
)


def read_or_none(given_rows: list[Any]) -> Batch | None:
    """None for rows of one key, or of one that reads as a total: they fail the run."""
    try:
        return rows.read_rows(json_reader.loads(json.dumps(given_rows).encode()), MAPPING, ACCOUNT, DAYS)
    except BadAnswer:
        return None


@examples(400)
@given(st.lists(ALMOST | ODD, max_size=12))
def test_anything_is_counted_exactly_once_and_nothing_crashes(given_rows: list[Any]) -> None:
    batch = read_or_none(given_rows)
    if batch is None:
        return
    assert batch.fetched == len(given_rows) == len(batch.facts) + len(batch.quarantined)
    assert (batch.duplicates, batch.added, batch.left_out) == (0, 0, 0)
    refused = Counter(row.key for row in batch.quarantined)
    for key in batch.facts:
        assert key.day in DAYS
        assert key not in refused
        assert key.campaign.encode()
    assert all(len(row.payload) <= 2000 and json.loads(row.payload) is not None for row in batch.quarantined)
    assert all(row.payload.encode() for row in batch.quarantined)
    assert batch.totals is not None
    batch.totals.closed(Sheet.of(batch.facts).rows.values())


@given(st.lists(ALMOST, max_size=10), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_the_facts(given_rows: list[Any], rng: Any) -> None:
    shuffled = list(given_rows)
    rng.shuffle(shuffled)
    one, other = read_or_none(given_rows), read_or_none(shuffled)
    if one is None or other is None:
        assert one is other
        return
    assert one.facts == other.facts
    assert Counter(r.reason for r in one.quarantined) == Counter(r.reason for r in other.quarantined)
    assert one.totals == other.totals


@given(st.lists(st.integers(0, 40), unique=True, max_size=20), st.integers(1, 7))
def test_the_size_of_pages_does_not_change_the_answer(numbers: list[int], size: int) -> None:
    whole = [row(campaignId=f"c{n}", clicks=n) for n in numbers] + [row(campaignId="bad", cost=-1)]
    pages = [rows.read_rows(whole[at : at + size], MAPPING, ACCOUNT, DAYS) for at in range(0, len(whole), size)]
    joined, once = merge_pages.merge(pages), rows.read_rows(whole, MAPPING, ACCOUNT, DAYS)
    assert joined == once


@pytest.mark.parametrize(("one", "other"), [(10, 11), (10, -1), (-1, 10), (-1, -1)])
def test_a_key_on_two_pages_fails_the_run_whether_its_rows_are_good_or_refused(one: int, other: int) -> None:
    pages = [
        rows.read_rows([row("cpm", "roi", clicks=clicks, cost=1)], MAPPING, ACCOUNT, DAYS) for clicks in (one, other)
    ]
    with pytest.raises(BadAnswer, match="is on page 1 and on page 2"):
        merge_pages.merge(pages)


def test_rows_are_read_alike_whether_all_have_the_same_names_in_one_order_or_not() -> None:
    many = [row(campaignId=f"c{n}", impressions=1000 + n, reach=n, clicks=n % 7) for n in range(2_500)]
    turned = [dict(reversed(one.items())) if n % 2 else one for n, one in enumerate(many)]
    fewer = [{name: value for name, value in one.items() if n != 7 or name != "reach"} for n, one in enumerate(many)]
    renamed = [dict(one) for one in many]
    renamed[2_400]["views"] = renamed[2_400].pop("reach")
    read_alone = {key: values for one in many for key, values in read(one).facts.items()}
    assert read(*many).facts == read_alone
    assert read(*turned).facts == read_alone
    for changed, place, values in ((fewer, 7, {"reach": None}), (renamed, 2_400, {"reach": None, "views": 2_400})):
        key = KEY._replace(campaign=f"c{place}")
        assert read(*changed).facts == read_alone | {key: read_alone[key]._replace(**values)}


ODD_VALUES = [None, -1, "x", "1,234", True, [], {}, Decimal("1.5"), Decimal("0.0000001"), 10**20, "2026-03-02", ""]


@examples(200)
@given(st.lists(st.dictionaries(st.sampled_from(sorted(row())), st.sampled_from(ODD_VALUES), max_size=2), min_size=1))
def test_rows_that_came_as_columns_are_read_as_rows_that_came_as_objects(changes: list[dict[str, Any]]) -> None:
    objects = [
        {name: Decimal(str(v)) if type(v) is float else v for name, v in (row(campaignId=f"c{n}") | one).items()}
        for n, one in enumerate(changes)
    ]
    names = tuple(objects[0])
    # Numbers with a point stand there as they were written.
    came = [{name: str(v).encode() if type(v) is Decimal else v for name, v in one.items()} for one in objects]
    columns = ColumnarRows(names, [[one[name] for one in came] for name in names])
    try:
        expected = rows.read_rows(objects, MAPPING, ACCOUNT, DAYS)
    except BadAnswer as error:
        with pytest.raises(BadAnswer, match=re.escape(str(error))):
            rows.read_rows(columns, MAPPING, ACCOUNT, DAYS)
        return
    assert rows.read_rows(columns, MAPPING, ACCOUNT, DAYS) == expected
