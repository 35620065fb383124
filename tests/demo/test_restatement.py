"""What the API says of a day depends on the day it is asked."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest

from perfdash.demo.accounts import DEMO_ACCOUNTS
from perfdash.demo.data import ReportRow, rows

TODAY = date(2026, 11, 22)
ASKS = [TODAY - timedelta(days=30 - n) for n in range(31)]
Key = tuple[str, str, str, str]


def key(row: ReportRow) -> Key:
    return str(row["date"]), str(row["campaignId"]), str(row["platform"]), str(row.get("creatorId", ""))


@pytest.fixture(scope="module")
def told() -> dict[str, list[dict[Key, ReportRow]]]:
    """For each account, the days of the last 60 as told on each of the last 31 days."""
    start = TODAY - timedelta(days=60)
    return {
        account.external_id: [{key(row): row for row in rows(account.external_id, start, day, day)} for day in ASKS]
        for account in DEMO_ACCOUNTS
    }


def pairs(told):
    """(day of the later question, what was told the day before, what was told then) for all accounts."""
    for answers in told.values():
        yield from zip(ASKS[1:], answers, answers[1:], strict=False)


def age(where: Key, asked: date) -> int:
    return (asked - date.fromisoformat(where[0])).days


def test_numbers_only_grow_while_a_day_settles(told):
    grown = 0
    for asked, before, after in pairs(told):
        for where in before.keys() & after.keys():
            if age(where, asked) <= 7:
                for name in (
                    "impressions",
                    "clicks",
                    "cost",
                    "reach",
                    "views",
                    "engagements",
                    "conversions",
                    "revenue",
                ):
                    assert after[where].get(name, 0) >= before[where].get(name, 0)
                grown += after[where]["cost"] > before[where]["cost"]
    assert grown > 5000


def test_a_day_is_settled_after_seven_days_but_for_late_restatements(told):
    ages = [
        age(where, asked)
        for asked, before, after in pairs(told)
        for where in before.keys() & after.keys()
        if age(where, asked) > 7 and before[where]["cost"] != after[where]["cost"]
    ]
    assert len(ages) >= 10
    assert min(ages) >= 12
    assert max(ages) <= 20


def test_rows_vanish_and_some_of_them_come_back(told):
    vanished = returned = 0
    for answers in told.values():
        gone: set[Key] = set()
        for before, after in pairwise(answers):
            vanished += len(before.keys() - after.keys())
            gone |= before.keys() - after.keys()
            returned += len(gone & after.keys())
            gone -= after.keys()
    assert vanished >= 15
    assert 5 <= returned < vanished


def test_no_daily_answer_loses_so_much_that_it_would_be_suspicious(told):
    for _, before, after in pairs(told):
        assert len(before.keys() - after.keys()) < 5


def test_some_budgets_are_raised_in_flight(told):
    raised = 0
    for answers in told.values():
        first = {row["campaignId"]: row["budget"] for row in answers[0].values()}
        last = {row["campaignId"]: row["budget"] for row in answers[-1].values()}
        raised += sum(last.get(campaign, budget) > budget for campaign, budget in first.items())
    assert raised >= 2


def test_asked_twice_on_the_same_day_it_says_the_same(told):
    assert {key(r): r for r in rows("solvane-us", TODAY - timedelta(days=60), TODAY, TODAY)} == told["solvane-us"][-1]
