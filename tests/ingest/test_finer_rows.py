"""Rows that are finer than a fact: added up exactly where the source says by what they are finer, or the run fails."""

from __future__ import annotations

import json
import random
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Account, Days
from perfdash.domain.control_totals import stored_sums
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch, FactKey, Sheet
from perfdash.domain.measures import ADDITIVE
from perfdash.ingest import json_reader, merge_pages, rows
from perfdash.ingest.grain import SPOILED
from perfdash.ingest.mapping import FieldMapping
from tests.conftest import examples
from tests.ingest.mapping_kit import mapping_from, mapping_of_preset

ACCOUNT = Account("acme", "ads", "17", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 3, 1), date(2026, 3, 7))
FIELDS: dict[str, Any] = {
    "campaign": "campaign",
    "day": "date",
    "platform": "network",
    "creator": "creator",
    "creator_name": "alias",
    "impressions": "impressions",
    "clicks": "clicks",
    "cost": "cost",
    "reach": "reach",
    "views": "views",
    "revenue": "revenue",
    "cpm": "cpm",
}
FINER = {"finer": ["ad.group", "hour"]}
KEY = FactKey(date(2026, 3, 1), "c1", "TikTok")


def row(**values: Any) -> dict[str, Any]:
    return {
        "date": "2026-03-01",
        "campaign": "c1",
        "network": "TikTok",
        "ad": {"group": "g1"},
        "hour": 9,
        "impressions": 100,
        "clicks": 1,
        "cost": 5,
    } | values


def mapping(**records: Any) -> FieldMapping:
    return mapping_from(FIELDS, records)


def page(given_rows: list[Any], recipe: FieldMapping) -> Batch:
    return rows.read_rows(json_reader.loads(json.dumps(given_rows).encode()), recipe, ACCOUNT, DAYS)


def read(*given_rows: Any, **records: Any) -> Batch:
    return merge_pages.merge([page(list(given_rows), mapping(**records))])


def refusal(*given_rows: Any, **records: Any) -> str:
    with pytest.raises(BadAnswer) as failure:
        read(*given_rows, **records)
    return str(failure.value)


# What is written when nothing says by what rows are finer


def test_the_failure_shows_both_rows_and_names_the_column_in_which_they_differ_as_the_setting_to_write() -> None:
    said = refusal(row(campaign="c2"), row(), row(ad={"group": "g2"}))
    assert said.startswith("Rows 2 and 3 are both about campaign c1 on TikTok, 2026-03-01: {")
    assert said.count('"campaign": "c1"') == 2
    assert 'They differ in ad.group: if rows are finer than that, write records.finer = ["ad.group"]' in said


def test_of_several_columns_the_fewest_are_named_and_together_they_tell_every_row_apart() -> None:
    many = [row(ad={"group": f"g{n // 2}"}, hour=n % 2, clicks=n) for n in range(4)]
    assert 'records.finer = ["ad.group", "hour"]' in refusal(*many)
    assert 'records.finer = ["hour"]' in refusal(*(row(hour=n, clicks=n) for n in range(4)))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Ad group", """records.finer = ['"Ad group"']"""),
        ("ad.group", """records.finer = ['"ad.group"']"""),
        ("Anzeigengruppe", 'records.finer = ["Anzeigengruppe"]'),
        ("größe", """records.finer = ['"größe"']"""),
    ],
)
def test_what_is_to_be_written_is_valid_and_then_reads_the_rows(name: str, written: str) -> None:
    many = [row(**{name: "a"}), row(**{name: "b"})]
    assert written in refusal(*many)
    expression = written.split("'")[1] if "'" in written else written.split('"')[1]
    assert read(*many, finer=[expression]).facts[KEY].cost == 10_000_000


def test_neither_a_measure_nor_a_persons_name_is_proposed_or_shown() -> None:
    said = refusal(row(clicks=1, creator="k", alias="Ada"), row(clicks=2, creator="k", alias="Lovelace"))
    assert "Ada" not in said and "Lovelace" not in said
    assert "They differ in nothing that could tell them apart" in said
    assert "records.finer = " not in said


def test_an_unmapped_measure_is_proposed_only_when_nothing_else_tells_the_rows_apart() -> None:
    said = refusal(row(cpc=0.5, ad={"group": "g1"}), row(cpc=0.25, ad={"group": "g2"}))
    assert 'records.finer = ["ad.group"]' in said


def test_hours_in_the_column_of_the_day_are_told_apart_by_it() -> None:
    fields = FIELDS | {"day": {"path": "hour", "map": {}}, "campaign": "campaign"}
    recipe = mapping_from(fields)
    given_rows = [row(hour="2026-03-01", minute="09:00"), row(hour="2026-03-01", minute="10:00")]
    with pytest.raises(BadAnswer, match=r'records.finer = \["minute"\]'):
        page(given_rows, recipe)


def test_rows_that_are_wholly_alike_say_so_and_what_to_do() -> None:
    for again in (row(), row(network="tiktok"), row(cost=5.0), row(campaign=" c1 ")):
        said = refusal(row(), again)
        assert "Rows 1 and 2 are both about campaign c1 on TikTok, 2026-03-01, and alike in every column" in said
        assert "name in records.finer what tells the rows of this source apart" in said


def test_a_row_that_cannot_be_read_is_like_no_other() -> None:
    for cost in ("x", False, None):
        assert "They differ in nothing that could tell them apart" in refusal(row(cost=0), row(cost=cost))


# With records.finer


def test_rows_are_added_together_and_what_does_not_add_up_is_not_reported() -> None:
    first = row(reach=90, views=5, cpm=50, revenue=-1.5)
    second = row(hour=10, reach=80, cpm=50, revenue=4, clicks=200)
    batch = read(first, second, row(date="2026-03-02", reach=7, cpm=50), **FINER)
    found = batch.facts[KEY]
    assert (found.impressions, found.clicks, found.cost, found.views) == (200, 201, 10_000_000, 5)
    assert (found.revenue, found.reach, found.reported_cpm) == (2_500_000, None, None)
    assert found.flags == ("clicks_over_impressions",)
    alone = batch.facts[KEY._replace(day=date(2026, 3, 2))]
    assert (alone.reach, alone.reported_cpm) == (7, 50)
    assert (batch.fetched, batch.added, batch.duplicates, len(batch.facts)) == (3, 1, 0, 2)


def test_a_row_that_is_another_once_more_counts_once() -> None:
    batch = read(row(), row(), row(cost=5.0), row(hour="9"), row(hour=10), **FINER)
    assert (batch.facts[KEY].cost, batch.duplicates, batch.added) == (10_000_000, 3, 1)
    assert batch.totals is not None
    assert batch.totals.measures["cost"].duplicate == 15_000_000


def test_rows_of_the_same_finer_values_that_are_not_alike_fail_and_further_columns_are_named() -> None:
    said = refusal(row(device="a"), row(hour=10), row(device="b", clicks=2), **FINER)
    assert said.startswith(
        "Rows 1 and 3 are both about campaign c1 on TikTok, 2026-03-01, and of one ad.group and hour"
    )
    assert 'write records.finer = ["ad.group", "hour", "device"]' in said
    assert "nothing that could tell them apart" in refusal(row(), row(clicks=2), **FINER)


def test_a_refused_row_takes_its_whole_fact_along_on_its_page_and_on_others() -> None:
    good, bad = row(), row(hour=10, cost="x")
    whole = read(good, bad, row(campaign="c2"), **FINER)
    pages = [page([good, row(campaign="c2")], mapping(**FINER)), page([bad], mapping(**FINER))]
    for batch in (whole, merge_pages.merge(pages), merge_pages.merge(pages[::-1])):
        assert list(batch.facts) == [KEY._replace(campaign="c2")]
        assert sorted(refused.reason for refused in batch.quarantined)[0] == SPOILED
        assert [refused.key for refused in batch.quarantined] == [KEY, KEY]
        assert sorted(str(refused.cost) for refused in batch.quarantined) == ["5000000", "None"]
        assert batch.totals is not None
        of = batch.totals.measures["cost"]
        assert (of.read, of.refused) == (10_000_000, 5_000_000)


def test_the_same_finer_row_on_two_pages_means_that_the_pages_shifted() -> None:
    recipe = mapping(**FINER)
    with pytest.raises(BadAnswer, match=r"is on page 1 and on page 3: the pages changed"):
        merge_pages.merge([page([row()], recipe), page([row(hour=10)], recipe), page([row(clicks=2)], recipe)])


def test_a_sum_beyond_what_can_be_stored_is_no_number() -> None:
    most = row(impressions=10**15)
    many = [row(hour=n, impressions=10**15) for n in range(9_300)]
    assert read(most, row(hour=10, impressions=10**15), **FINER).facts[KEY].impressions == 2 * 10**15
    assert "add up to more impressions than can be stored" in refusal(*many, **FINER)


# Against an oracle


@dataclass(frozen=True)
class Oracle:
    """What may be stored of rows with an own number each in `ad.group` and `hour`, by plain dicts."""

    facts: dict[FactKey, dict[str, int | None]]
    refused: int
    duplicates: int
    added: int

    @classmethod
    def of(cls, given_rows: list[dict[str, Any]]) -> Oracle:
        of: dict[FactKey, list[dict[str, Any]]] = defaultdict(list)
        for one in given_rows:
            of[FactKey(date.fromisoformat(one["date"]), one["campaign"], one["network"], one["creator"])].append(one)
        facts: dict[FactKey, dict[str, int | None]] = {}
        refused = duplicates = added = 0
        for key, all_ in of.items():
            if any(one["cost"] == "?" for one in all_):
                refused += len(all_)
                continue
            once = list({json.dumps(one, sort_keys=True): one for one in all_}.values())
            duplicates += len(all_) - len(once)
            added += len(once) - 1
            facts[key] = {
                name: sum(said) if (said := [one[name] for one in once if one.get(name) is not None]) else None
                for name in ("impressions", "clicks", "cost", "views", "revenue")
            } | {"reach": once[0].get("reach") if len(once) == 1 else None}
        return cls(facts, refused, duplicates, added)


SEEDS = st.integers(0, 2**32)


def table(rng: random.Random) -> list[dict[str, Any]]:
    """Rows of few facts and many ads; some come twice, some cannot be read, some report less than others."""
    found: list[dict[str, Any]] = []
    share = rng.choice([0, 0, 0.05])
    for number in range(rng.randrange(1, 30)):
        one = row(
            date=f"2026-03-0{rng.randrange(1, 3)}",
            campaign=f"c{rng.randrange(3)}",
            network=rng.choice(["TikTok", "Instagram"]),
            creator=rng.choice(["k1", "k2"]),
            ad={"group": f"g{number}"},
            impressions=rng.randrange(5000),
            clicks=rng.randrange(50),
            cost="?" if rng.random() < share else rng.randrange(-20, 400),
        )
        for name in ("reach", "views", "revenue"):
            if rng.random() < 0.5:
                one[name] = rng.choice([None, rng.randrange(300)])
        found += [one] * rng.choice([1, 1, 1, 1, 2, 3])
    rng.shuffle(found)
    return found


def in_units(batch: Batch, key: FactKey) -> dict[str, int | None]:
    values = batch.facts[key]
    million = {
        name: value if value is None else value // 10**6
        for name in ("cost", "revenue")
        for value in [getattr(values, name)]
    }
    return {name: getattr(values, name) for name in ("impressions", "clicks", "views", "reach")} | million


@examples(200)
@given(SEEDS)
def test_generated_rows_are_added_up_as_plain_sums_and_nothing_goes_missing(seed: int) -> None:
    rng = random.Random(seed)
    given_rows = [one if one["cost"] == "?" or one["cost"] >= 0 else one | {"cost": -one["cost"]} for one in table(rng)]
    expected = Oracle.of(given_rows)
    batch = page(given_rows, mapping(**FINER))
    assert {key: in_units(batch, key) for key in batch.facts} == expected.facts
    assert (len(batch.quarantined), batch.duplicates, batch.added) == (
        expected.refused,
        expected.duplicates,
        expected.added,
    )
    check_closed(batch, given_rows)


@examples(200)
@given(SEEDS, st.integers(1, 12))
def test_the_cut_of_pages_does_not_change_what_finer_rows_add_up_to(seed: int, size: int) -> None:
    rng = random.Random(seed)
    given_rows = [one | {"cost": abs(one["cost"]) if one["cost"] != "?" else "?"} for one in table(rng)]
    given_rows = list({json.dumps(one, sort_keys=True): one for one in given_rows}.values())
    recipe = mapping(**FINER)
    pages = [page(given_rows[at : at + size], recipe) for at in range(0, len(given_rows), size)]
    once, joined = merge_pages.window([page(given_rows, recipe)]), merge_pages.window(pages)
    assert joined.facts == once.facts
    assert (joined.fetched, joined.added, joined.duplicates) == (once.fetched, once.added, once.duplicates)
    assert sorted((row.reason, row.key, row.cost or -1) for row in joined.quarantined if row.key) == sorted(
        (row.reason, row.key, row.cost or -1) for row in once.quarantined if row.key
    )
    assert joined.totals == once.totals and not joined.parts
    check_closed(joined, given_rows)


def check_closed(batch: Batch, given_rows: list[dict[str, Any]]) -> None:
    """Of rows and of measures: what came is what went somewhere, summed up here from the rows themselves."""
    assert batch.fetched == len(given_rows)
    assert batch.fetched == (
        len(batch.facts) + batch.added + len(batch.quarantined) + batch.duplicates + batch.left_out
    )
    assert batch.totals is not None
    stored = Sheet.of(batch.facts).rows.values()
    closed = batch.totals.closed(stored)
    sums = stored_sums(stored, ADDITIVE)
    for name, unit in (("impressions", 1), ("clicks", 1), ("cost", 10**6), ("views", 1), ("revenue", 10**6)):
        came = sum(unit * one[name] for one in given_rows if isinstance(one.get(name), int))
        if name in closed.measures:
            assert (closed.measures[name].read, closed.measures[name].stored) == (came, sums[name])
        else:
            assert came == 0


@examples(150)
@given(SEEDS)
def test_what_the_failure_says_to_write_always_makes_the_rows_readable(seed: int) -> None:
    """Rows told apart by one, two or three columns among others that say nothing."""
    rng = random.Random(seed)
    names = rng.sample(["ad_id", "device", "country", "Placement name", "age"], rng.randrange(1, 4))
    seen: set[tuple[str, ...]] = set()
    given_rows = []
    for _ in range(rng.randrange(2, 12)):
        values = tuple(str(rng.randrange(3)) for _ in names)
        if values not in seen:
            seen.add(values)
            given_rows.append(row(kind="x", clicks=rng.randrange(3), **dict(zip(names, values, strict=True))))
    if len(given_rows) < 2:
        return
    said = refusal(*given_rows)
    written = said.split("records.finer = ")[1].split("; nothing was stored")[0]
    finer = tomllib.loads(f"finer = {written}")["finer"]
    batch = read(*given_rows, finer=finer)
    assert (batch.facts[KEY].impressions, batch.duplicates) == (100 * len(given_rows), 0)


def test_the_sentence_about_two_rows_says_nothing_of_money() -> None:
    """Whoever may see a run reads its sentence, with or without the right to see amounts."""
    row = {"campaignId": "c1", "platform": "TikTok", "date": "2026-03-01", "impressions": 1000, "clicks": 10}
    money = {"cost": 7481.25, "revenue": 9377.5, "cpm": 7481.25, "roi": 1.253, "budget": 55123}
    with pytest.raises(BadAnswer) as failure:
        rows.read_rows(
            [row | money, row | money | {"ad": "b", "cost": 6611}], mapping_of_preset("performance_v1"), ACCOUNT, DAYS
        )
    said = str(failure.value)
    assert '"impressions": 1000' in said
    assert not [amount for amount in ("7481", "6611", "9377", "1.253", "55123") if amount in said]
