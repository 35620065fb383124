"""Refused rows are told wherever their days are shown, as long as no newer run has covered these days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from perfdash.domain.access import Lock, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.domain.refusals import Missing
from perfdash.presentation import missing_rows
from perfdash.store.engine import Store
from perfdash.store.query import refused
from tests.store.builders import ADMIN, NOON, Runs, given_client, given_facts, given_refusal, given_revisions, reader

DAY = date(2026, 3, 1)
MARCH = Days(DAY, DAY + timedelta(8))
HOUR = timedelta(hours=1)


@pytest.fixture
def runs(store: Store) -> Runs:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_revisions(store, "acme", NOON)
    given_facts(store, {}, {"day": DAY + timedelta(1)})
    return Runs(store)


def asked(store: Store, principal: Principal = ADMIN, days: Days = MARCH, **more: object) -> Missing:
    as_of = more.pop("as_of", None)
    only = more.pop("only", None)
    return refused.missing(store, Question(principal, Filters(days, **more), as_of, only))  # type: ignore[arg-type]


def test_an_incomplete_run_is_told_until_a_newer_one_covers_its_days(store: Store, runs: Runs) -> None:
    first = runs.add(DAY, DAY + timedelta(3), at=NOON - 3 * HOUR, state="incomplete")
    given_refusal(store, first)
    given_refusal(store, first, ordinal=1, day=DAY + timedelta(2), rows=2, reason="clicks is missing")
    (found,) = asked(store)
    assert (found.client, found.run, found.rows, found.cost, found.without_cost) == ("acme", first, 5, 14_000_000, 2)
    assert found.days == (DAY, DAY + timedelta(2))
    assert missing_rows.line((found,)).startswith("5 rows (cost 14.00\u00a0EUR) of 2 days in view were refused")
    runs.add(DAY, DAY, at=NOON - 2 * HOUR)
    assert [one.days for one in asked(store)] == [(DAY + timedelta(2),)], "the first day is whole again"
    runs.add(DAY, DAY + timedelta(8), at=NOON - HOUR, state="failed")
    assert len(asked(store)) == 1, "a failed run covers nothing"
    runs.add(DAY + timedelta(2), DAY + timedelta(8), at=NOON)
    assert asked(store) == ()
    assert [one.rows for one in asked(store, as_of=NOON - 2.5 * HOUR)] == [5], "as it was then"


def test_rows_without_a_day_may_be_of_any_day_of_the_run(store: Store, runs: Runs) -> None:
    run = runs.add(DAY, DAY + timedelta(3), state="incomplete")
    given_refusal(store, run, day=None, platform="")
    (found,) = asked(store, days=Days(DAY + timedelta(2), DAY + timedelta(7)))
    assert (found.rows, found.days) == (3, (DAY + timedelta(2), DAY + timedelta(3)))
    assert asked(store, days=Days(DAY + timedelta(4), DAY + timedelta(7))) == ()


def test_filters_narrow_what_is_missing(store: Store, runs: Runs) -> None:
    given_refusal(store, runs.add(DAY, DAY, state="incomplete"))
    assert asked(store, platforms=("TikTok",)) and not asked(store, platforms=("Instagram",))
    assert asked(store, currency="EUR") and not asked(store, currency="USD")
    assert asked(store, clients=("acme",)) and not asked(store, clients=("bolt",))
    assert asked(store, only=CampaignRef("acme", 1, "spring")) and not asked(store, only=CampaignRef("bolt", 1, "x"))


def test_without_money_there_is_no_amount_and_no_number_of_a_row(store: Store, runs: Runs) -> None:
    given_refusal(store, runs.add(DAY, DAY, state="incomplete"))
    (found,) = asked(store, reader("acme", money=False))
    assert found.cost is None and found.reasons == (("cost #.# is not a number", 3),)
    assert "cost 7" not in missing_rows.line((found,))
    (record,) = missing_rows.records((found,), with_money=False)
    assert not {"cost", "currency", "rows_without_cost"} & record.keys()
    assert asked(store, reader("bolt")) == asked(store, reader()) == ()


def test_a_client_link_tells_of_its_own_days_and_platforms_only(store: Store, runs: Runs) -> None:
    run = runs.add(DAY, DAY + timedelta(3), state="incomplete")
    given_refusal(store, run)
    given_refusal(store, run, ordinal=1, day=DAY + timedelta(3))
    given_refusal(store, run, ordinal=2, platform="Instagram")
    given_refusal(store, run, ordinal=3, day=None)
    lock = Lock(Days(DAY, DAY + timedelta(1)), ("TikTok",))
    visitor = replace(reader("acme"), role="link", lock=lock)
    (found,) = asked(store, visitor)
    assert (found.rows, found.days) == (6, (DAY, DAY + timedelta(1)))
    assert found.cost == 7_000_000, "an amount of an unknown day could be of one that the link does not show"
