from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta

import pytest

from perfdash.demo import accounts
from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.demo.data import ReportRow, rows
from perfdash.domain.errors import UsageError

TODAY = date(2026, 11, 22)
FIRST = TODAY - timedelta(days=accounts.HISTORY_DAYS)
ACCOUNTS = [account.external_id for account in DEMO_ACCOUNTS]


@pytest.fixture(scope="module")
def history() -> dict[str, list[ReportRow]]:
    return {account: rows(account, FIRST, TODAY, TODAY) for account in ACCOUNTS}


def of_client(history: dict[str, list[ReportRow]], slug: str) -> list[ReportRow]:
    return [row for account in DEMO_ACCOUNTS if account.client == slug for row in history[account.external_id]]


def key(row: ReportRow) -> tuple:
    return row["date"], row["campaignId"], row["platform"], row.get("creatorId", "")


def test_the_same_seed_and_day_give_the_same_rows_and_another_seed_others(history):
    assert rows("nordlicht-de", FIRST, TODAY, TODAY) == history["nordlicht-de"]
    assert rows("nordlicht-de", FIRST, TODAY, TODAY, seed=8) != history["nordlicht-de"]


def test_known_numbers_stay_what_they_are(history):
    """Stored ledgers, screenshots and documents rest on them: a change of the generator should be a decision."""
    cost = {account: round(sum(row["cost"] for row in found), 2) for account, found in history.items()}
    print({account: len(found) for account, found in history.items()}, cost)
    assert (len(history["hoshi-jp"]), cost["hoshi-jp"]) == (4418, 25379388)


def test_a_part_of_the_days_is_that_part_of_the_whole(history):
    start, end = TODAY - timedelta(days=40), TODAY - timedelta(days=12)
    part = [row for row in history["solvane-us"] if str(start) <= row["date"] <= str(end)]
    assert rows("solvane-us", start, end, TODAY) == part


def test_retention_ends_the_past_and_today_ends_the_future(history):
    assert rows("kestrel-us", date(1, 1, 1), date(9999, 12, 31), TODAY) == history["kestrel-us"]
    assert {row["date"] for row in history["kestrel-us"]} == {str(FIRST + timedelta(days=n)) for n in range(181)}
    assert rows("kestrel-us", date(2020, 1, 1), FIRST - timedelta(days=1), TODAY) == []


@pytest.mark.parametrize("today", [date(2024, 3, 1), TODAY, date(2027, 11, 22), date(2031, 7, 9)])
def test_every_client_has_10_to_20_campaigns_on_both_platforms_whenever_it_is_asked(today):
    for client in DEMO_CLIENTS:
        found = [
            row
            for account in DEMO_ACCOUNTS
            if account.client == client.slug
            for row in rows(account.external_id, today - timedelta(days=180), today, today)
        ]
        names = {row["campaignId"]: row["campaignName"] for row in found}
        assert 10 <= len(names) <= 20
        assert len(set(names.values())) == len(names)
        assert {row["platform"] for row in found} == {"TikTok", "Instagram"}
        assert 15 <= len(found) / 181 <= 40


def test_history_stays_the_same_as_today_moves_on_but_for_restatements():
    before, after = date(2026, 6, 1), date(2026, 9, 1)
    day = date(2026, 4, 20)
    old = {key(row): row for row in rows("tidewater-us", day, day + timedelta(days=9), before)}
    new = {key(row): row for row in rows("tidewater-us", day, day + timedelta(days=9), after)}
    assert len(old.keys() & new.keys()) > 150
    assert len(old.keys() ^ new.keys()) < 6
    assert {k: old[k]["cost"] for k in old.keys() & new.keys()} == {k: new[k]["cost"] for k in old.keys() & new.keys()}


def test_currencies_are_the_accounts_and_yen_are_whole(history):
    for account in DEMO_ACCOUNTS:
        assert {row["currency"] for row in history[account.external_id]} == {account.currency}
        assert account.settlement_days == 7
        assert account.history_days == 180
        assert account.time_zone == next(c.time_zone for c in DEMO_CLIENTS if c.slug == account.client)
    assert sorted(client.currency for client in DEMO_CLIENTS) == ["EUR", "GBP", "JPY", "USD", "USD", "USD"]
    for row in history["hoshi-jp"]:
        assert type(row["cost"]) is int
        assert type(row.get("revenue", 0)) is int
    assert all(abs(round(row["cost"] * 100) - row["cost"] * 100) < 1e-6 for row in history["nordlicht-de"])


def test_one_client_reports_no_revenue_and_the_others_for_some_campaigns(history):
    for client in DEMO_CLIENTS:
        reporting = {row["campaignId"] for row in of_client(history, client.slug) if "revenue" in row}
        everyone = {row["campaignId"] for row in of_client(history, client.slug)}
        assert (not reporting) if client.slug == "kestrel" else (reporting and reporting < everyone)
    assert all(row["roi"] is None for row in history["kestrel-us"])
    assert any(row.get("conversions", 0) % 1 for row in history["kestrel-us"])


def test_what_one_client_calls_roi_is_revenue_over_cost(history):
    def distance(account: str, minus: int) -> float:
        found = [row for row in history[account] if row["roi"] is not None]
        return max(abs(row["roi"] - (row["revenue"] / row["cost"] - minus)) for row in found)

    assert distance("tidewater-us", 0) < 0.006
    assert distance("solvane-us", 1) < 0.006


def test_reported_cpm_is_rounded_and_missing_without_impressions(history):
    for row in of_client(history, "pennyroyal") + of_client(history, "hoshi"):
        if row["impressions"]:
            assert row["cpm"] == pytest.approx(row["cost"] / row["impressions"] * 1000, abs=0.006)
        else:
            assert row["cpm"] is None


def test_some_days_have_cost_and_no_impressions(history):
    for client in DEMO_CLIENTS:
        bare = [row for row in of_client(history, client.slug) if not row["impressions"]]
        assert 5 < len(bare) < 150
        assert all(row["cost"] > 0 and row["clicks"] == 0 for row in bare)


def test_some_campaigns_pause_for_days_and_go_on(history):
    paused = 0
    for found in history.values():
        days = defaultdict(set)
        for row in found:
            days[row["campaignId"]].add(date.fromisoformat(row["date"]))
        paused += sum((max(ran) - min(ran)).days + 1 - len(ran) >= 4 for ran in days.values())
    assert 5 <= paused <= 60


def test_no_total_row_stands_beside_creator_rows_and_no_key_comes_twice(history):
    for found in history.values():
        assert len({key(row) for row in found}) == len(found)
        with_creator = {key(row)[:3] for row in found if "creatorId" in row}
        assert with_creator.isdisjoint(key(row)[:3] for row in found if "creatorId" not in row)
        assert 0.4 < sum("creatorId" in row for row in found) / len(found) < 0.95


def test_optional_fields_are_there_for_some_rows_only(history):
    everything = [row for found in history.values() for row in found]
    for name in ("reach", "views", "engagements", "conversions", "revenue", "creatorName"):
        assert 0.1 < sum(name in row for row in everything) / len(everything) < 0.97, name
    assert all(None not in {v for n, v in row.items() if n not in ("cpm", "roi")} for row in everything)
    assert all(row["clicks"] <= row["impressions"] for row in everything)
    assert all(row.get("reach", 0) <= row["impressions"] for row in everything)


def test_rows_lie_in_their_flight_and_attributes_agree_in_one_answer(history):
    for found in history.values():
        attributes = defaultdict(set)
        for row in found:
            assert row["startDate"] <= row["date"] <= row["endDate"]
            attributes[row["campaignId"]].add((row["campaignName"], row["budget"], row["startDate"], row["endDate"]))
            assert re.fullmatch(r"@[\w.]+", row.get("creatorName", "@x"))
        assert all(len(said) == 1 for said in attributes.values())


def test_weekends_ramps_platforms_and_seasons_show():
    year = [row for n in (0, 180) for row in rows("nordlicht-de", *days(n), TODAY - timedelta(days=n))]
    assert cpm(r for r in year if r["platform"] == "Instagram") > 1.15 * cpm(
        r for r in year if r["platform"] == "TikTok"
    )
    assert cpm(r for r in year if r["date"][5:7] == "11") > 1.1 * cpm(r for r in year if r["date"][5:7] in ("01", "02"))
    b2b = rows("kestrel-us", FIRST, TODAY - timedelta(days=8), TODAY)
    weekend = [r["cost"] for r in b2b if date.fromisoformat(r["date"]).weekday() >= 5]
    weekday = [r["cost"] for r in b2b if date.fromisoformat(r["date"]).weekday() < 5]
    assert sum(weekend) / len(weekend) < 0.8 * sum(weekday) / len(weekday)
    day_in_flight = defaultdict(list)
    for r in (r for r in b2b if "creatorId" not in r and r["impressions"]):
        day_in_flight[(date.fromisoformat(r["date"]) - date.fromisoformat(r["startDate"])).days].append(r["cost"])
    assert mean(day_in_flight[0] + day_in_flight[1]) < 0.8 * mean(day_in_flight[20] + day_in_flight[21])


def days(ago: int) -> tuple[date, date]:
    return TODAY - timedelta(days=180 + ago), TODAY - timedelta(days=8 + ago)


def cpm(found) -> float:
    listed = list(found)
    return sum(row["cost"] for row in listed) / sum(row["impressions"] for row in listed) * 1000


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def test_an_unknown_account_is_refused_with_the_names_of_the_known():
    with pytest.raises(UsageError, match=r"no account 'acme'.*hoshi-jp"):
        rows("acme", TODAY, TODAY, TODAY)
