"""What needs a look under the filters in view: of every kind, worst first, in scope, and each with a way on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from perfdash.domain.access import Lock, Principal
from perfdash.domain.attention import Notice
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.ui import attention
from perfdash.ui.runtime import navigation
from tests.pages.conftest import NOON, VIEW, YESTERDAY, fact, fetched
from tests.store.builders import (
    ADMIN,
    Runs,
    given_campaign,
    given_client,
    given_facts,
    given_history,
    given_refusal,
    given_revisions,
    reader,
)

MICRO = 1_000_000
ALL = Question(ADMIN, Filters(VIEW))
FLIGHT = {"flight_start": YESTERDAY - timedelta(days=9), "flight_end": YESTERDAY + timedelta(days=10)}


def told(principal: Principal = ADMIN, **filters: object) -> list[Notice]:
    return list(attention.notices(Question(principal, Filters(VIEW, **filters))))  # type: ignore[arg-type]


@pytest.fixture
def off_pace(acme: Store) -> Store:
    """A campaign that stopped five days ago with 90% of its budget left, and one that is a fifth too fast."""
    for name in ("spring", "autumn"):
        given_campaign(acme, name, name=name.title(), budget=100 * MICRO, **FLIGHT)
    fact(acme, cost=10 * MICRO, day=YESTERDAY - timedelta(days=5))
    for n in range(10):
        fact(acme, campaign_id="autumn", cost=6 * MICRO, day=YESTERDAY - timedelta(days=n))
    return acme


def test_campaigns_off_pace_are_told_worst_first_and_lead_to_their_pages(off_pace: Store) -> None:
    stalled, fast = told()
    assert [(one.kind, one.client) for one in (stalled, fast)] == [("stalled", "acme"), ("fast", "acme")]
    assert stalled.severity > fast.severity
    page, query = attention.destination(stalled, ALL)
    assert page is navigation.CAMPAIGN
    assert query == {"campaign": "spring", "account": "1", "owner": "acme"}


def test_refused_rows_lead_to_sync_health_of_their_client(acme: Store) -> None:
    fact(acme, cost=93 * MICRO)
    run = Runs(acme, "acme", 1).add(VIEW.start, NOON.date(), at=NOON - timedelta(minutes=1), state="incomplete")
    given_refusal(acme, run, day=YESTERDAY)
    (one,) = told()
    assert (one.kind, one.rows, one.amount, one.days) == ("refused_rows", 3, 7 * MICRO, (YESTERDAY,))
    assert attention.destination(one, ALL) == (navigation.SYNC_HEALTH, {"client": "acme"})


def test_a_change_of_final_days_since_last_monday_leads_to_what_changed(acme: Store) -> None:
    day = NOON.date() - timedelta(days=10)
    given_revisions(acme, "acme", NOON - timedelta(days=9), NOON - timedelta(hours=1))
    Runs(acme, "acme", 1).add(day, day, at=NOON - timedelta(days=2))
    given_history(acme, {"day": day, "cost": 10 * MICRO, "from_rev": 1, "to_rev": 2})
    given_facts(acme, {"day": day, "cost": 8 * MICRO}, revision=2)
    (one,) = told()
    assert (one.kind, one.amount, one.days) == ("restated_late", -2 * MICRO, (day,))
    assert one.severity > 0
    assert attention.destination(one, ALL) == (navigation.RESTATEMENTS, {"client": "acme", "since": "2026-03-02"})


def test_roas_that_is_sent_as_roi_leads_to_the_checks(acme: Store) -> None:
    fact(acme, cost=100 * MICRO, revenue=250 * MICRO, reported_roi="2.5")
    fact(acme, cost=100 * MICRO, revenue=250 * MICRO, reported_roi="1.5", campaign_id="right")
    (one,) = told()
    assert (one.kind, one.rows) == ("roi_is_roas", 1)
    assert attention.destination(one, ALL) == (navigation.CHECKS, {"client": "acme"})


def test_without_money_only_what_needs_none_is_told(off_pace: Store) -> None:
    fact(off_pace, cost=MICRO, revenue=2 * MICRO, reported_roi="2", campaign_id="other")
    (one,) = told(reader("acme", money=False))
    assert (one.kind, one.pace, one.amount) == ("stalled", None, None)
    assert one.delivery is not None
    assert (one.delivery.spent, one.delivery.budget) == (None, None)


def test_nothing_is_told_of_other_clients_nor_to_a_visitor(off_pace: Store) -> None:
    given_client(off_pace, "globex")
    fetched(off_pace, "globex")
    assert told(reader("globex")) == []
    assert told(clients=("globex",)) == []
    assert told(Principal("x", "link", frozenset({"acme"}), lock=Lock(VIEW))) == []
