from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from perfdash.store import schema, sessions, users
from perfdash.store.engine import Store
from tests.store.builders import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def user(store: Store) -> users.User:
    return users.add_user(store, "ann", "correct horse", "analyst", NOON, rounds=4)


def redeemed(store: Store, session: sessions.Session) -> str:
    found = sessions.redeem(store, sessions.ticket(store, session.session_id, NOON), NOON)
    assert found is not None
    return found.token


def test_a_session_lives_until_it_expires(store: Store, user: users.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    assert session.expires_at == NOON + timedelta(hours=12)
    assert sessions.by_id(store, session.session_id, NOON + sessions.LIFETIME - SECOND) == session
    assert sessions.by_id(store, session.session_id, NOON + sessions.LIFETIME) is None


def test_a_ticket_is_worth_one_token_that_leads_to_its_session(store: Store, user: users.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    found = sessions.redeem(store, ticket, NOON)
    assert found is not None
    assert found.expires_at == session.expires_at
    assert sessions.by_token(store, found.token, NOON) == session
    assert sessions.redeem(store, ticket, NOON) is None


def test_a_ticket_is_good_for_a_minute(store: Store, user: users.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    late = sessions.ticket(store, session.session_id, NOON)
    assert sessions.redeem(store, late, NOON + timedelta(seconds=60)) is None
    early = sessions.ticket(store, session.session_id, NOON)
    assert sessions.redeem(store, early, NOON + timedelta(seconds=59)) is not None


def test_a_ticket_of_an_ended_session_is_worth_nothing(store: Store, user: users.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    sessions.end(store, session.session_id, NOON)
    assert sessions.redeem(store, ticket, NOON) is None


@pytest.mark.parametrize("made_up", ["", "x", "a" * 5000, "\ud800"])
def test_made_up_tickets_and_tokens_lead_nowhere(store: Store, user: users.User, made_up: str) -> None:
    sessions.begin(store, user.user_id, NOON)
    assert sessions.redeem(store, made_up, NOON) is None
    assert sessions.by_token(store, made_up, NOON) is None


def test_a_session_without_a_cookie_is_found_by_no_token(store: Store, user: users.User) -> None:
    sessions.begin(store, user.user_id, NOON)
    assert sessions.by_token(store, "", NOON) is None


def test_ending_a_session_kills_its_cookie_everywhere_and_no_other(store: Store, user: users.User) -> None:
    first, second = sessions.begin(store, user.user_id, NOON), sessions.begin(store, user.user_id, NOON)
    one, other = redeemed(store, first), redeemed(store, second)
    sessions.end(store, first.session_id, NOON)
    sessions.end(store, first.session_id, NOON)
    assert sessions.by_token(store, one, NOON) is None
    assert sessions.by_id(store, first.session_id, NOON) is None
    assert sessions.by_token(store, other, NOON) == second


def test_of_many_redeeming_one_ticket_at_once_one_gets_the_cookie(store: Store, user: users.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    answers: list[sessions.Redeemed | None] = []
    threads = [threading.Thread(target=lambda: answers.append(sessions.redeem(store, ticket, NOON))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 6
    assert sum(answer is not None for answer in answers) == 1


def test_neither_token_nor_ticket_is_in_the_store(store: Store, user: users.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    found = sessions.redeem(store, ticket, NOON)
    assert found is not None
    with store.reading() as connection:
        kept = [*connection.execute(select(schema.sessions)), *connection.execute(select(schema.tickets))]
    assert found.token not in str(kept)
    assert ticket not in str(kept)


def test_a_sign_in_sweeps_spent_tickets_and_what_ended_a_month_ago(store: Store, user: users.User) -> None:
    old = sessions.begin(store, user.user_id, NOON)
    sessions.ticket(store, old.session_id, NOON)
    sessions.begin(store, user.user_id, NOON + sessions.LIFETIME + sessions.KEPT_FOR - SECOND)
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.sessions)) == 2
        assert connection.scalar(select(func.count()).select_from(schema.tickets)) == 0
    sessions.begin(store, user.user_id, NOON + sessions.LIFETIME + sessions.KEPT_FOR)
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.sessions)) == 2


def test_when_a_session_was_last_seen_is_kept_to_five_minutes(store: Store, user: users.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)

    def seen_after(**passed: int) -> object:
        sessions.by_id(store, session.session_id, NOON + timedelta(**passed))
        with store.reading() as connection:
            return connection.scalar(select(schema.sessions.c.last_seen))

    assert seen_after(minutes=4) == NOON
    assert seen_after(minutes=6) == NOON + timedelta(minutes=6)
