"""Totals among the rows: found by their names in many languages and by their sums; ordinary tables are left alone."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import Batch, FactKey
from perfdash.ingest import merge_pages, rows
from perfdash.ingest.totals import first_total, reads_as_total, refuse_sums
from tests.conftest import examples
from tests.ingest.mapping_kit import mapping_from, mapping_of_preset

ACCOUNT = Account("acme", "agency", "acme-eu", "EUR", "Europe/Berlin")
DAYS = Days(date(2026, 3, 1), date(2026, 3, 7))
MAPPING = mapping_of_preset("performance_v1")
TOTALS = [
    *(
        "Total",
        "TOTALS",
        "total:",
        "Grand Total",
        "grand-total",
        "sub_total",
        "Subtotal",
        "Sum",
        "Overall",
        "all",
        "All:",
    ),
    *(
        "Total (25)",
        "Total: 25 campaigns",
        "Total 25",
        "Total: Account",
        "Total: Campaigns",
        "Campaign total",
        "(Total)",
    ),
    *("*Total*", "- Total -", "'Total'", "Total results", "Results from 25 campaigns", "Total for 2026", "Page total"),
    *("Gesamt", "Gesamtsumme", "Gesamtsumme:", "Summe", "Insgesamt", "Ergebnis", "Ergebnisse", "Zwischensumme"),
    *(
        "Somme",
        "Total général",
        "Total general",
        "Totale",
        "Totaal",
        "Suma",
        "Итого",
        "ИТОГО:",
        "Всего",
        "合計",
        "总计",
    ),
    *(
        "  total  ",
        "Total\xa0general",
        "Ergebnisse von 25 Kampagnen",
        "Razem",
        "Toplam",
        "Total 25",
        "Yhteensä",
        "합계",
    ),
]
NO_TOTALS = [
    *(
        "TotalEnergies",
        "Totally new",
        "Summer",
        "All Stars",
        "All 4 One",
        "Sum41",
        "Overall quality push",
        "c1",
        "",
        "0",
    ),
    *(
        "Gesamtkunstwerk",
        "Alle Jahre wieder",
        "Results driven",
        "Retargeting total EU",
        "Total-Energies spring",
        "x" * 500,
    ),
    *("Total War launch", "Somme-Leuze", "Totalwar (25)", "120207000000000001", "Suma Foods", "Ergebnisoffen"),
]


def row(campaign: str = "c1", **values: Any) -> dict[str, Any]:
    return {
        "campaignId": campaign,
        "platform": "TikTok",
        "date": "2026-03-01",
        "impressions": 100,
        "clicks": 1,
        "cost": 5,
    } | values


def read(*given_rows: dict[str, Any], **records: Any) -> Batch:
    return merge_pages.merge(
        [rows.read_rows(given_rows, mapping_of_preset("performance_v1", **records), ACCOUNT, DAYS)]
    )


@pytest.mark.parametrize("text", TOTALS)
def test_what_tables_call_a_total_fails_the_run_as_a_campaign_and_as_a_platform(text: str) -> None:
    assert reads_as_total(text) and first_total([*NO_TOTALS, text]) == text
    for bad in (row(text, clicks=7), row(platform=text, clicks=7), row(text.upper(), cost="x")):
        with pytest.raises(BadAnswer, match="Row 2 looks like a total"):
            read(row("c2"), bad)


@pytest.mark.parametrize("text", NO_TOTALS)
def test_what_only_begins_like_one_does_not(text: str) -> None:
    assert not reads_as_total(text)


def test_no_text_of_any_kind_is_taken_for_a_total_by_the_whole_of_texts_and_not_by_itself() -> None:
    @examples(300)
    @given(st.lists(st.sampled_from([*TOTALS, *NO_TOTALS]) | st.text(max_size=12), max_size=8))
    def check(texts: list[str]) -> None:
        assert first_total(texts) == next((text for text in texts if reads_as_total(text)), None)

    check()


def test_the_failure_says_what_to_write_and_then_the_rows_are_read() -> None:
    given_rows = [row(), row("c2"), row("Total", impressions=200, clicks=2, cost=10)]
    with pytest.raises(BadAnswer) as failure:
        read(*given_rows)
    condition = str(failure.value).split("records.where = ")[1].strip('".')
    assert condition == "campaignId != 'Total'"
    batch = read(*given_rows, where=condition)
    assert (len(batch.facts), batch.left_out, batch.fetched) == (2, 1, 3)
    assert batch.totals is not None
    of = batch.totals.measures["cost"]
    assert (of.read, of.left_out) == (20_000_000, 10_000_000)


def test_a_row_that_is_left_out_is_judged_in_nothing() -> None:
    bad = {"campaignId": None, "date": "soon", "cost": "much", "impressions": 7, "budget": "x", "level": "account"}
    batch = read(row(level="campaign"), bad, bad, where="level == 'campaign'")
    assert (len(batch.facts), batch.left_out, batch.quarantined) == (1, 2, ())
    assert batch.totals is not None and dict(batch.totals.unread) == {}
    assert batch.totals.measures["impressions"].left_out == 14
    assert batch.totals.measures["cost"].left_out == 0


def test_what_is_no_row_at_all_is_refused_and_not_left_out() -> None:
    batch = rows.read_rows([5, row()], mapping_of_preset("performance_v1", where="cost"), ACCOUNT, DAYS)
    assert [refused.reason for refused in batch.quarantined] == ["the row is not an object"]
    assert read(row(cost=0), where="cost").left_out == 0, "in JMESPath 0 holds"
    assert read(row(note=""), row("c2"), where="note").left_out == 2


def test_a_campaign_that_the_configuration_names_is_no_total() -> None:
    fields = {"campaign": {"constant": "all"}, "day": "date", "platform": {"constant": "All"}}
    recipe = mapping_from(fields | {name: name for name in ("impressions", "clicks", "cost")})
    assert len(rows.read_rows([row()], recipe, ACCOUNT, DAYS).facts) == 1


# The end of a file

FILE = mapping_from(
    {"campaign": "campaign", "day": "day", "platform": {"constant": "TikTok"}}
    | {name: name for name in ("impressions", "clicks", "cost")},
    from_file=True,
)


def line(**values: Any) -> dict[str, Any]:
    good = {"day": "2026-03-01", "campaign": "c1", "impressions": "100", "clicks": "1", "cost": "5.25"}
    return good | values


@pytest.mark.parametrize(
    "footer",
    [
        {"day": "Total", "campaign": None, "cost": "10.50"},
        {"day": None, "campaign": "Grand total", "cost": "10.50"},
        {"day": "", "campaign": "", "cost": "10.50"},
        {"day": None, "campaign": None, "impressions": None, "clicks": None, "cost": None},
        {"day": "Gesamtsumme:", "campaign": "--", "cost": "10.50"},
        {"day": "n/a", "campaign": "x", "impressions": "Total: 2 rows", "cost": "10.50"},
    ],
)
def test_totals_and_remarks_at_the_end_of_a_file_are_left_out_when_they_are_about_no_day(
    footer: dict[str, Any],
) -> None:
    given_rows = [line(), line(campaign="c2"), line(**footer), line(**footer)]
    batch = rows.read_rows(given_rows, FILE, ACCOUNT, DAYS)
    assert (len(batch.facts), batch.left_out, batch.quarantined, batch.fetched) == (2, 2, (), 4)
    assert batch.totals is not None
    assert batch.totals.measures["cost"].left_out == (21_000_000 if footer["cost"] else 0)


def test_only_the_end_of_a_file_ends_with_them() -> None:
    between = rows.read_rows([line(), line(day=None, campaign=None), line(campaign="c2")], FILE, ACCOUNT, DAYS)
    assert (len(between.facts), between.left_out, len(between.quarantined)) == (2, 0, 1)
    bad = rows.read_rows([line(), line(day="soon", campaign="c2")], FILE, ACCOUNT, DAYS)
    assert (bad.left_out, len(bad.quarantined)) == (0, 1), "a real row whose day cannot be read is not a remark"
    with pytest.raises(BadAnswer, match="looks like a total"):
        rows.read_rows([line(), line(campaign="Total")], FILE, ACCOUNT, DAYS)


def test_of_a_file_rows_of_days_that_were_not_asked_for_are_left_out() -> None:
    batch = rows.read_rows([line(), line(day="2026-04-01")], FILE, ACCOUNT, DAYS)
    assert (len(batch.facts), batch.left_out, batch.quarantined) == (1, 1, ())


# By their sums

Key = tuple[date, str, str, str]


def facts(cells: dict[tuple[int, str, str], tuple[int, int, int]]) -> dict[Key, tuple[Any, ...]]:
    return {
        FactKey(date(2026, 3, day), campaign, platform): ("EUR", *three, *[None] * 7, "")
        for (day, campaign, platform), three in cells.items()
    }


def alarms(found: dict[Key, tuple[Any, ...]]) -> str:
    try:
        refuse_sums(found, {key[1] for key in found})
    except BadAnswer as error:
        return str(error)
    return ""


def oracle(found: dict[Key, tuple[Any, ...]]) -> set[str]:
    """Every campaign and platform that is the sum of the others wherever at least two others are, slowly."""
    guilty: set[str] = set()
    for member, group in ((1, 2), (2, 1)):
        for name in {key[member] for key in found}:
            whole: dict[tuple[Any, ...], dict[str, list[int]]] = defaultdict(dict)
            for key, values in found.items():
                sums = whole[key[0], key[group]].setdefault(key[member], [0, 0, 0])
                for at in range(3):
                    sums[at] += values[1 + at]
            evidence = []
            for of in whole.values():
                others = [sums for other, sums in of.items() if other != name and any(sums)]
                if name in of and len(others) >= 2:
                    evidence.append((of[name], [sum(column) for column in zip(*others, strict=True)]))
            if any(mine[2] > 0 for mine, _ in evidence) and all(mine == theirs for mine, theirs in evidence):
                guilty.add(name)
    return guilty


Cells = dict[tuple[int, str, str], tuple[int, int, int]]


def ordinary(rng: random.Random, most: int = 50, few: bool = False) -> Cells:
    """A table of campaigns with flights of their own, zeros and values that repeat."""
    span = 4 if few else 5000
    cells: Cells = {}
    for number in range(rng.randrange(3, most + 1)):
        first = rng.randrange(1, 8)
        for day in range(first, rng.randrange(first, 8) + 1):
            for platform in rng.sample(["TikTok", "Instagram", "X"], rng.randrange(1, 4)):
                three = (rng.randrange(span), rng.randrange(min(span, 60)), rng.randrange(span))
                cells[day, f"c{number}", platform] = three if rng.random() < 0.9 else (0, 0, 0)
    return cells


def with_campaign_total(cells: Cells) -> Cells:
    whole: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, _, platform), three in cells.items():
        whole[day, platform] = [a + b for a, b in zip(whole[day, platform], three, strict=True)]
    return cells | {(day, "9000", platform): tuple(sums) for (day, platform), sums in whole.items()}  # type: ignore[dict-item]


def with_platform_total(cells: Cells) -> Cells:
    whole: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, campaign, _), three in cells.items():
        whole[day, campaign] = [a + b for a, b in zip(whole[day, campaign], three, strict=True)]
    return cells | {(day, campaign, "net"): tuple(sums) for (day, campaign), sums in whole.items()}  # type: ignore[dict-item]


SEEDS = st.integers(0, 2**32)


@examples(200)
@given(SEEDS, st.booleans(), st.sampled_from(["none", "campaign", "platform"]))
def test_an_alarm_is_given_exactly_where_something_is_the_sum_of_its_siblings(seed: int, few: bool, kind: str) -> None:
    rng = random.Random(seed)
    cells = ordinary(rng, 6 if few else 50, few)
    cells = (
        with_campaign_total(cells)
        if kind == "campaign"
        else with_platform_total(cells)
        if kind == "platform"
        else cells
    )
    shuffled = list(facts(cells).items())
    rng.shuffle(shuffled)
    found = dict(shuffled)
    said, guilty = alarms(found), oracle(found)
    assert bool(said) == bool(guilty), (said, guilty)
    if said:
        assert any(f" {name} looks like a total" in said for name in guilty)


@examples(100)
@given(SEEDS)
def test_an_ordinary_table_gives_no_alarm_and_one_off_in_a_single_place_is_no_total(seed: int) -> None:
    rng = random.Random(seed)
    cells = ordinary(rng)
    assert oracle(facts(cells)) == set() and alarms(facts(cells)) == ""
    total = with_campaign_total(cells)
    places = [
        place
        for place in total
        if place[1] == "9000" and sum(any(three) for other, three in cells.items() if other[::2] == place[::2]) >= 2
    ]
    if places:
        at = rng.choice(places)
        three = list(total[at])
        three[rng.randrange(3)] += 1
        assert alarms(facts(total | {at: tuple(three)})) == ""  # type: ignore[dict-item]


def test_a_total_is_found_over_pages_and_windows_and_over_creators() -> None:
    first = [row("c1"), row("c2", cost=7)]
    second = [row("9000", impressions=200, clicks=2, cost=12), row("c1", date="2026-03-02")]
    pages = [rows.read_rows(some, MAPPING, ACCOUNT, DAYS) for some in (first, second)]
    with pytest.raises(BadAnswer, match=r"Campaign 9000 looks like a total: on TikTok, 2026-03-01, .* 2 campaigns"):
        merge_pages.merge(pages)
    by_creator = [row("c1", creatorId="a"), row("c1", creatorId="b"), row("c2", cost=7)]
    total = row("9000", impressions=300, clicks=3, cost=17)
    with pytest.raises(BadAnswer, match="Campaign 9000"):
        read(*by_creator, total)
    windows = [
        rows.read_rows([row("c1"), row("c2"), row("c3", impressions=200, clicks=2, cost=10)], MAPPING, ACCOUNT, DAYS),
        rows.read_rows([row(f"c{n}", date="2026-03-02") for n in range(1, 4)], MAPPING, ACCOUNT, DAYS),
    ]
    assert len(merge_pages.in_turn(windows).facts) == 6, "that it is one on a single day is chance"


def test_money_stands_in_no_alarm() -> None:
    with pytest.raises(BadAnswer) as failure:
        read(row("c1", cost=31), row("c2", cost=46), row("9000", impressions=200, clicks=2, cost=77))
    assert not {"31", "46", "77"} & set(str(failure.value).replace(".", " ").split())
