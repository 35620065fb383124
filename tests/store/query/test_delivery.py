"""How far a campaign is through its flight, on SQLite and PostgreSQL: complete days only, in scope, as of a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import event

from perfdash.domain.access import Lock, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.facts import MICRO
from perfdash.domain.filters import Filters
from perfdash.domain.pacing import Delivery
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query.delivery import deliveries
from tests.store.builders import (
    ADMIN,
    Runs,
    given_campaign,
    given_client,
    given_facts,
    given_history,
    given_revisions,
    reader,
)

MARCH = Filters(Days(date(2026, 3, 1), date(2026, 3, 31)))
FLIGHT = {"flight_start": date(2026, 3, 1), "flight_end": date(2026, 3, 10)}
SEEN = datetime(2026, 3, 7, 3, tzinfo=UTC)
"""Early on 7 March: the 6th is the last complete day."""


def of_march(day: int) -> date:
    return date(2026, 3, day)


def given_flight(store: Store, client: str = "acme", *, currency: str = "EUR", **campaign: Any) -> None:
    """A client whose campaign runs from 1 to 10 March, fetched early on the 7th."""
    given_client(store, client, currency=currency)
    given_campaign(store, "spring", client=client, **({"name": "Spring", "budget": 100 * MICRO} | FLIGHT | campaign))
    Runs(store, client).add(of_march(1), of_march(7), at=SEEN)


def only_one(store: Store, principal: Principal = ADMIN, **more: Any) -> Delivery:
    (one,) = deliveries(store, Question(principal, MARCH, **more), SEEN)
    return one


def test_what_counts_is_the_flight_up_to_the_last_complete_day(store: Store) -> None:
    given_flight(store, flight_start=of_march(2))
    given_facts(store, *({"day": of_march(n), "cost": n * MICRO} for n in range(1, 8)))
    one = only_one(store)
    assert one.complete_to == of_march(6)
    assert one.spent == (2 + 3 + 4 + 5 + 6) * MICRO, "neither the day before the flight nor the one that is running"
    assert one.last7 == one.spent
    assert one.last_delivery == of_march(7), "a running day that delivers is delivery"
    assert (one.name, one.currency, one.budget, one.flight) == ("Spring", "EUR", 100 * MICRO, Days(*_flight(2, 10)))


def _flight(first: int, last: int) -> tuple[date, date]:
    return of_march(first), of_march(last)


def test_the_last_seven_days_end_with_the_last_complete_one(store: Store) -> None:
    given_client(store, "acme")
    given_campaign(store, "spring", flight_start=date(2026, 2, 1), flight_end=of_march(31), budget=MICRO)
    Runs(store).add(date(2026, 2, 1), of_march(7), at=SEEN)
    days = Days(date(2026, 2, 20), of_march(6)).each()
    given_facts(store, *({"day": day, "cost": MICRO} for day in days))
    one = only_one(store)
    assert (one.spent, one.last7) == (15 * MICRO, 7 * MICRO)


def test_a_day_budget_is_planned_for_every_day_of_the_flight(store: Store) -> None:
    given_flight(store, budget=5 * MICRO, budget_kind="daily")
    assert only_one(store).budget == 50 * MICRO


def test_a_campaign_without_any_fact_has_spent_nothing_and_never_delivered(store: Store) -> None:
    given_flight(store)
    one = only_one(store)
    assert (one.spent, one.last7, one.last_delivery) == (0, 0, None)
    assert one.pace is not None
    assert one.pace.band == "stalled"


def test_rows_without_impressions_and_cost_are_no_delivery(store: Store) -> None:
    given_flight(store)
    given_facts(
        store,
        {"day": of_march(2)},
        {"day": of_march(3), "impressions": 0, "cost": 1},
        {"day": of_march(5), "impressions": 0, "cost": 0},
        {"day": of_march(6), "impressions": 0, "cost": -MICRO},
    )
    assert only_one(store).last_delivery == of_march(3)


def test_what_is_in_another_currency_is_delivery_but_no_part_of_what_was_spent(store: Store) -> None:
    given_flight(store)
    given_facts(store, {"day": of_march(1), "cost": MICRO}, {"day": of_march(2), "cost": MICRO, "currency": "USD"})
    one = only_one(store)
    assert (one.spent, one.last_delivery) == (MICRO, of_march(2))


def test_only_the_flights_of_interest_are_told(store: Store) -> None:
    given_flight(store)
    given_campaign(store, "long-ago", flight_start=date(2025, 1, 1), flight_end=date(2025, 2, 1), budget=1)
    given_campaign(store, "open-ended", flight_start=of_march(1), budget=1)
    assert [one.ref.campaign for one in deliveries(store, Question(ADMIN, MARCH), SEEN)] == ["spring"]
    later = Filters(Days(of_march(20), of_march(31)))
    assert [one.ref.campaign for one in deliveries(store, Question(ADMIN, later), SEEN)] == ["spring"], "it runs"
    all_days = Filters(Days(date(2025, 1, 1), of_march(31)))
    assert len(deliveries(store, Question(ADMIN, all_days), SEEN)) == 2
    about = Question(ADMIN, MARCH, only=CampaignRef("acme", 1, "long-ago"))
    assert [one.ref.campaign for one in deliveries(store, about, SEEN)] == ["long-ago"]


def test_platforms_and_a_cpm_limit_do_not_narrow_what_a_budget_is_for(store: Store) -> None:
    given_flight(store)
    given_facts(store, {"day": of_march(1), "cost": MICRO}, {"day": of_march(1), "cost": MICRO, "platform": "X"})
    narrow = Question(ADMIN, Filters(MARCH.days, platforms=("X",), max_cpm=0))
    assert deliveries(store, narrow, SEEN)[0].spent == 2 * MICRO


def test_the_currency_in_view_chooses_the_campaigns(store: Store) -> None:
    given_flight(store)
    given_flight(store, "globex", currency="USD")
    found = deliveries(store, Question(ADMIN, Filters(MARCH.days, currency="USD")), SEEN)
    assert [(one.ref.client, one.currency) for one in found] == [("globex", "USD")]


def test_nobody_is_told_of_a_client_that_was_not_granted(store: Store) -> None:
    for name in ("acme", "globex"):
        given_flight(store, name)
        given_facts(store, {"client_id": name, "cost": MICRO if name == "acme" else 9 * MICRO})
    found = deliveries(store, Question(reader("acme"), MARCH), SEEN)
    assert [(one.ref.client, one.spent) for one in found] == [("acme", MICRO)]
    asked = Filters(MARCH.days, clients=("globex",))
    assert deliveries(store, Question(reader("acme"), asked), SEEN) == ()
    assert deliveries(store, Question(reader(), MARCH), SEEN) == ()


def test_the_other_world_changes_nothing_of_what_a_client_is_told(store: Store) -> None:
    given_flight(store)
    given_facts(store, {"cost": MICRO})
    alone = deliveries(store, Question(reader("acme"), MARCH), SEEN)
    given_flight(store, "globex")
    Runs(store, "globex", 1).add(of_march(1), of_march(9), at=SEEN + timedelta(days=2))
    given_facts(store, {"client_id": "globex", "day": of_march(8)})
    assert deliveries(store, Question(reader("acme"), MARCH), SEEN) == alone
    assert deliveries(store, Question(reader("acme", "globex"), MARCH), SEEN)[:1] == alone


def test_who_came_by_a_link_is_told_of_no_flight(store: Store) -> None:
    given_flight(store)
    lock = Lock(MARCH.days)
    assert deliveries(store, Question(Principal("x", "link", frozenset({"acme"}), lock=lock), MARCH), SEEN) == ()


def test_without_money_no_column_of_money_is_read(store: Store) -> None:
    given_flight(store)
    given_facts(store, {"day": of_march(2)}, {"day": of_march(4), "impressions": 0, "cost": MICRO})
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    one = only_one(store, reader("acme", money=False))
    event.remove(store.engine, "before_cursor_execute", note)
    assert (one.budget, one.spent, one.last7, one.pace) == (None, None, None, None)
    assert one.last_delivery == of_march(2), "not even that it cost something later"
    assert one.is_silent
    assert not [statement for statement in seen if "cost" in statement or "budget" in statement]


def test_as_of_a_past_moment_nothing_is_known_of_what_came_later(store: Store) -> None:
    given_client(store, "acme")
    given_campaign(store, "spring", budget=100 * MICRO, to_rev=2, name="Spring", **FLIGHT)
    given_campaign(store, "spring", budget=200 * MICRO, from_rev=2, name="Summer", **FLIGHT)
    runs = Runs(store)
    runs.add(of_march(1), of_march(4), at=datetime(2026, 3, 4, 12, tzinfo=UTC))
    runs.add(of_march(1), of_march(7), at=SEEN)
    given_revisions(store, "acme", datetime(2026, 3, 4, 12, tzinfo=UTC), SEEN)
    given_history(store, {"day": of_march(2), "cost": MICRO, "from_rev": 1, "to_rev": 2})
    given_facts(store, {"day": of_march(2), "cost": 3 * MICRO}, {"day": of_march(5), "cost": MICRO}, revision=2)
    then, now = only_one(store, as_of=of_march(5)), only_one(store)
    assert (then.name, then.budget, then.spent, then.complete_to) == ("Spring", 100 * MICRO, MICRO, of_march(3))
    assert then.last_delivery == of_march(2)
    assert (now.name, now.budget, now.spent, now.complete_to) == ("Summer", 200 * MICRO, 4 * MICRO, of_march(6))
