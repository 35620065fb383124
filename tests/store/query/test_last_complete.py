"""The last complete day of a client, and that everything in view obeys each client's own days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from perfdash.domain.accounts import Days
from perfdash.domain.as_of import AsOf
from perfdash.domain.comparison import Age
from perfdash.domain.filters import Filters, joined
from perfdash.domain.question import Question, of_every_day
from perfdash.exports import origins
from perfdash.store.engine import Store
from perfdash.store.query import campaigns as campaign_query
from perfdash.store.query import catalog, coverage, overview, refused, same_age
from perfdash.store.restatements import read as restatement_read
from tests.store.builders import (
    ADMIN,
    NOON,
    Runs,
    given_client,
    given_facts,
    given_history,
    given_refusal,
    given_revisions,
    reader,
)

DAY = timedelta(days=1)
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 10)
"""LAST is NOON's day."""


def last(store: Store, now: datetime = NOON, as_of: AsOf | None = None, *clients: str) -> dict[str, date]:
    return coverage.last_complete(store, of_every_day(ADMIN, clients, as_of), now)


def test_a_day_is_complete_once_a_fetch_of_it_ended_after_the_day_in_the_accounts_zone(store: Store) -> None:
    given_client(store, "acme")  # Berlin
    runs = Runs(store)
    runs.add(FIRST, LAST, at=datetime(2026, 3, 9, 22, 59, tzinfo=UTC))  # a minute before midnight
    assert last(store) == {"acme": date(2026, 3, 8)}
    runs.add(FIRST, LAST, at=datetime(2026, 3, 9, 23, 0, tzinfo=UTC))
    assert last(store) == {"acme": date(2026, 3, 9)}


def test_only_committed_runs_over_the_day_and_all_platforms_make_it_complete(store: Store) -> None:
    given_client(store, "acme")
    runs = Runs(store)
    runs.add(FIRST, date(2026, 3, 4))
    for state in ("failed", "suspicious", "aborted", "running"):
        runs.add(FIRST, LAST, state=state)
    runs.add(FIRST, LAST, platforms="TikTok")
    assert last(store) == {"acme": date(2026, 3, 4)}
    runs.add(date(2026, 3, 7), date(2026, 3, 7), state="incomplete")
    assert last(store) == {"acme": date(2026, 3, 7)}


def test_it_is_at_most_yesterday_in_the_clients_zone_whatever_the_accounts(store: Store) -> None:
    given_client(store, "far", zone="Pacific/Auckland")
    account = catalog.accounts(store, ADMIN)[0]
    (client,) = catalog.clients(store, ADMIN)
    home = [type(client)(client.slug, client.name, client.currency, "America/Los_Angeles")]
    catalog.register(store, home, [account], NOON)
    now = datetime(2026, 3, 10, 13, tzinfo=UTC)  # the 11th in Auckland, the 10th at 6 in Los Angeles
    Runs(store, "far").add(FIRST, date(2026, 3, 11), at=now)
    assert last(store, now) == {"far": date(2026, 3, 9)}


def test_as_of_a_moment_it_is_what_was_complete_then(store: Store) -> None:
    given_client(store, "acme")
    runs = Runs(store)
    for n in range(8):
        runs.add(FIRST, date(2026, 3, 3) + n * DAY, at=datetime(2026, 3, 3 + n, 6, tzinfo=UTC))
    assert last(store) == {"acme": date(2026, 3, 9)}
    assert last(store, as_of=date(2026, 3, 6)) == {"acme": date(2026, 3, 5)}  # the 6th itself was half known
    assert last(store, as_of=datetime(2026, 3, 6, 5, tzinfo=UTC)) == {"acme": date(2026, 3, 4)}
    assert last(store, as_of=date(2026, 3, 1)) == {}


def test_of_several_accounts_the_slowest_decides_but_none_that_lags_more_than_three_days(store: Store) -> None:
    given_client(store, "acme", accounts=3)
    runs = Runs(store)
    runs.add(FIRST, LAST)
    runs.add(FIRST, date(2026, 3, 6), account_id=2)
    runs.add(FIRST, date(2026, 3, 5), account_id=3)
    assert last(store) == {"acme": date(2026, 3, 6)}
    gaps = coverage.gaps(store, Question(ADMIN, Filters(Days(FIRST, date(2026, 3, 6)))))
    assert [(gap.account.number, str(gap.days)) for gap in gaps] == [(3, "2026-03-06")]


def test_an_account_that_is_no_longer_configured_holds_nobody_back(store: Store) -> None:
    given_client(store, "acme", accounts=2)
    runs = Runs(store)
    runs.add(FIRST, LAST)
    runs.add(FIRST, date(2026, 3, 7), account_id=2)
    catalog.register(store, catalog.clients(store, ADMIN), catalog.accounts(store, ADMIN)[:1], NOON)
    assert last(store) == {"acme": date(2026, 3, 9)}


def test_long_ago_is_found_too_and_a_client_without_a_complete_day_is_absent(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    Runs(store).add(date(2025, 1, 1), date(2025, 1, 31))
    assert last(store) == {"acme": date(2025, 1, 31)}
    assert last(store, NOON, None, "bolt") == {}


def test_it_does_not_depend_on_who_asks_or_on_the_other_filters(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    Runs(store).add(FIRST, LAST)
    Runs(store, "bolt").add(FIRST, date(2026, 3, 7))
    asked = Question(reader("acme"), Filters(Days(FIRST, FIRST), platforms=("TikTok",), currency="USD"))
    assert coverage.last_complete(store, asked, NOON) == {"acme": date(2026, 3, 9)}
    assert last(store) == {"acme": date(2026, 3, 9), "bolt": date(2026, 3, 7)}


def given_two_clients(store: Store) -> Filters:
    """Clients of ten days each, of which nine days of the one and the nine before the last of the other are in view."""
    given_client(store, "acme")
    given_client(store, "bolt")
    for client in ("acme", "bolt"):
        given_revisions(store, client, NOON - 2 * DAY, NOON - DAY)
        given_facts(
            store, *({"client_id": client, "day": FIRST + n * DAY, "from_rev": 2} for n in range(10)), revision=2
        )
        old = [{"client_id": client, "day": FIRST + n * DAY, "from_rev": 1, "to_rev": 2, "cost": 1} for n in range(10)]
        given_history(store, *old)
        runs = Runs(store, client)
        given_refusal(store, runs.add(FIRST, LAST), client=client, day=LAST)
    days, ranges = joined({"acme": Days(date(2026, 3, 2), LAST), "bolt": Days(FIRST, date(2026, 3, 9))})
    return Filters(days, ranges=ranges)


def test_every_answer_is_about_each_clients_own_days(store: Store) -> None:
    question = Question(ADMIN, given_two_clients(store))
    days = {
        client: {g.day for g in overview.breakdown(store, question, ("client", "day")) if g.client == client}
        for client in ("acme", "bolt")
    }
    assert days == {client: set(question.filters.days_of(client).each()) for client in days}
    assert [row.sums.rows for row in campaign_query.campaign_rows(store, question)] == [9, 9]
    covered = {(c.account.client, c.day) for c in coverage.coverage(store, question)}
    assert covered == {(client, day) for client, some in days.items() for day in some}
    assert {one.client for one in refused.missing(store, question)} == {"acme"}
    assert coverage.gaps(store, question) == ()
    moved = restatement_read.movement(store, question, NOON - 2 * DAY, while_open=True)
    assert {(one.client, one.day) for one in moved} == covered
    known = {client: origin.finality[0][0] for (client, _), origin in origins(store, question, NOON).items()}
    assert known == dict(question.filters.ranges)
    aged = same_age.aged(store, question, Age(LAST, NOON))
    assert sum(group.sums.rows for group in aged.groups) <= 18
    assert {u.account.client: (u.days[0], u.days[-1]) for u in same_age.unknown(store, question, Age(LAST, NOON))} == {
        "acme": (date(2026, 3, 2), date(2026, 3, 9)),
        "bolt": (FIRST, date(2026, 3, 9)),
    }


def test_a_client_alone_has_the_numbers_that_it_has_among_others(store: Store) -> None:
    filters = given_two_clients(store)
    every = overview.breakdown(store, Question(ADMIN, filters), ("client", "day"))
    for client in ("acme", "bolt"):
        alone = overview.breakdown(store, Question(reader(client), filters.among((client,))), ("client", "day"))
        assert alone == tuple(group for group in every if group.client == client)
