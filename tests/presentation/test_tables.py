"""What leaves the product: exact, explained, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date

import pytest

from perfdash.domain import question
from perfdash.domain.accounts import Days
from perfdash.domain.metrics import Sums
from perfdash.presentation import columns, tables
from tests.presentation.export_kit import ORIGINS, campaign, group, sums


def read(table: tables.Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(tables.to_csv(table), newline="")))


def daily(*groups, money: bool = True) -> tables.Table:
    return tables.table("daily", groups, with_money=money, origins=ORIGINS)


A_DAY = group(client="acme", day=date(2026, 3, 1), platform="TikTok")


def test_numbers_are_raw_and_exact_and_headers_name_their_units():
    (row,) = read(daily(A_DAY))
    assert row["cost (currency units)"] == "1000.000000"
    assert row["currency"] == "EUR"
    assert row["impressions"] == "40000"
    assert row["cpm (currency units per 1000 impressions)"] == "25.000000"
    assert row["ctr (fraction)"] == "0.02250000"
    assert row["day (account's time zone)"] == "2026-03-01"


def test_a_row_says_where_it_comes_from_when_it_was_fetched_and_what_is_final():
    (row,) = read(daily(A_DAY))
    assert row["source"] == "agency/acme-eu"
    assert row["fetched at (UTC)"] == "2026-03-10T08:03:00Z"
    assert row["final to (day)"] == "2026-03-02"


def test_the_undefined_is_empty_and_never_zero():
    (row,) = read(daily(replace(A_DAY, sums=sums(impressions=0, clicks=0))))
    assert row["cpm (currency units per 1000 impressions)"] == ""
    assert row["ctr (fraction)"] == ""
    assert row["revenue (currency units)"] == ""
    assert row["impressions"] == "0"


def test_the_smallest_amounts_are_written_without_an_exponent():
    (row,) = read(daily(replace(A_DAY, sums=sums(impressions=10**9, clicks=1, cost=1))))
    assert row["cost (currency units)"] == "0.000001"
    assert row["ctr (fraction)"] == "0.00000000"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_is_defused(start):
    (row,) = read(tables.table("campaigns", [campaign(name=f"{start}SUM(A1)")], with_money=True))
    assert row["campaign"] == f"'{start}SUM(A1)"


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\ufeff", "\u200b"])
def test_blanks_do_not_hide_a_formula_nor_does_full_width(blank):
    names = [f"{blank}=SUM(A1)", f"{blank}\uff1dSUM(A1)"]
    rows = read(tables.table("campaigns", [campaign(name=name) for name in names], with_money=True))
    assert [row["campaign"] for row in rows] == [f"'{name}" for name in names]


@pytest.mark.parametrize("end", [";", "; ", "\n", "\t"])
def test_a_formula_behind_what_other_countries_take_for_the_end_of_a_cell_is_defused(end):
    (row,) = read(tables.table("campaigns", [campaign(name=f"Spring{end}=SUM(A1)")], with_money=True))
    assert row["campaign"] == f"Spring{end[0]}'{end[1:]}=SUM(A1)"


@pytest.mark.parametrize("name", ["a-b", "1 + 1 = 2", "a, -b", "a;b", "me@home"])
def test_names_without_a_formula_stay_as_they_are(name):
    (row,) = read(tables.table("campaigns", [campaign(name=name)], with_money=True))
    assert row["campaign"] == name


def test_negative_numbers_stay_numbers():
    lossy = sums(revenue=500_000_000, cost_of_revenue=1_000_000_000)
    (row,) = read(daily(replace(A_DAY, sums=lossy)))
    assert row["roi (fraction)"] == "-0.50000000"


def test_commas_quotes_and_line_breaks_survive():
    name = 'A, "B"\nC'
    (row,) = read(tables.table("campaigns", [campaign(name=name)], with_money=True))
    assert row["campaign"] == name


def test_without_money_no_column_holds_it_or_is_made_of_it():
    for view in question.VIEWS:
        headers = " ".join(column.header for column in columns.columns_of(view, with_money=False))
        assert not any(
            word in headers for word in ("cost", "cpm", "cpc", "cpv", "cpe", "cpa", "roas", "roi", "budget", "revenue")
        )
        assert "ctr" in headers


def test_a_campaign_carries_its_whole_budget_and_flight():
    (row,) = read(tables.table("campaigns", [campaign()], with_money=True, origins=ORIGINS))
    assert row["whole budget (currency units)"] == "2000.000000"
    assert row["cost of whole flight (currency units)"] == "2500.000000"
    assert (row["flight start"], row["flight end"]) == ("2026-02-01", "2026-03-31")
    assert row["platforms"] == "Instagram, TikTok"
    assert row["account"] == "agency/acme-eu"


def test_creators_have_names_and_facts_without_one_a_row_too():
    rows = [group(client="acme", account=1, campaign="spring", creator=c) for c in ("", "c-1")]
    named = tables.table(
        "creators",
        rows,
        with_money=True,
        origins=ORIGINS,
        creators={("acme", 1, "c-1"): "Ada"},
        campaigns={("acme", 1, "spring"): "Spring launch"},
    )
    assert [(row["creator id"], row["creator"], row["campaign"]) for row in read(named)] == [
        ("", "", "Spring launch"),
        ("c-1", "Ada", "Spring launch"),
    ]


def test_a_row_over_several_accounts_is_as_fresh_as_the_oldest():
    earlier = replace(ORIGINS["acme", 1], source="other/x", fetched_at=None)
    (row,) = read(
        tables.table("overview", [group(platform="TikTok")], with_money=True, origins=ORIGINS | {("b", 1): earlier})
    )
    assert row["fetched at (UTC)"] == ""
    assert row["source"] == "agency/acme-eu, other/x"


def test_the_checksum_is_of_the_numbers_and_not_of_when_they_were_fetched():
    later = {("acme", 1): replace(ORIGINS["acme", 1], fetched_at=None)}
    again = tables.table("daily", [A_DAY], with_money=True, origins=later)
    other = daily(replace(A_DAY, sums=sums(cost=1_000_000_001)))
    assert tables.sha256(daily(A_DAY)) == tables.sha256(again)
    assert tables.sha256(daily(A_DAY)) != tables.sha256(other)


def test_columns_do_not_depend_on_the_rows():
    assert (
        tables.to_csv(daily()).splitlines() == tables.to_csv(daily(replace(A_DAY, sums=Sums(rows=1)))).splitlines()[:1]
    )


def test_each_day_says_how_final_it_is_and_each_row_how_much_of_it_was_corrected():
    behind = (Days(A_DAY.day, A_DAY.day), "unverified")
    origins = {
        (A_DAY.client, 1): replace(ORIGINS["acme", 1], finality=((Days(A_DAY.day, A_DAY.day), "final"),)),
        (A_DAY.client, 2): replace(ORIGINS["acme", 1], finality=(behind,)),
    }
    row = replace(A_DAY, sums=sums(corrected=2))
    (found,) = read(tables.table("daily", [row], with_money=True, origins=origins))
    assert (found["finality of the day"], found["corrected rows"]) == ("unverified", "2")
    assert [column.name for column in columns.columns_of("daily", with_money=False)][-4:] == [
        "final_to",
        "corrected",
        "finality",
        "missing_rows",
    ]
    assert "finality" not in [column.name for column in columns.columns_of("overview", with_money=True)]
