from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.errors import AccessDenied
from perfdash.domain.security import Security
from perfdash.store import audit, schema
from perfdash.store.auth import invitations, login, session_rows, sessions, user_rows, users
from perfdash.store.engine import Store
from perfdash.store.maintenance import check as store_check
from perfdash.store.opening import open_store
from tests.store.builders import NOON

SECOND = timedelta(seconds=1)
LIFETIME, IDLE = Security().lifetime, timedelta(hours=24)


@pytest.fixture
def user(store: Store) -> user_rows.User:
    return users.add_user(store, OPERATOR, "ann", "correct horse", "analyst", NOON, rounds=4)


def redeemed(store: Store, session: session_rows.Session) -> str:
    found = sessions.redeem(store, sessions.ticket(store, session.session_id, NOON), NOON)
    assert found is not None
    return found.token


def test_a_session_lives_until_it_expires(store: Store, user: user_rows.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    assert session.expires_at == NOON + timedelta(hours=12)
    assert sessions.by_id(store, session.session_id, NOON + LIFETIME - SECOND, idle=IDLE, touch=False) == session
    assert sessions.by_id(store, session.session_id, NOON + LIFETIME, idle=IDLE) is None


def test_a_ticket_is_worth_one_token_that_leads_to_its_session(store: Store, user: user_rows.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    found = sessions.redeem(store, ticket, NOON)
    assert found is not None
    assert found.expires_at == session.expires_at
    assert sessions.by_token(store, found.token, NOON, idle=IDLE) == session
    assert sessions.redeem(store, ticket, NOON) is None


def test_a_ticket_is_good_for_a_minute(store: Store, user: user_rows.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    late = sessions.ticket(store, session.session_id, NOON)
    assert sessions.redeem(store, late, NOON + timedelta(seconds=60)) is None
    early = sessions.ticket(store, session.session_id, NOON)
    assert sessions.redeem(store, early, NOON + timedelta(seconds=59)) is not None


def test_going_back_to_a_backup_lets_nobody_in_who_was_let_out_since(tmp_path: Path) -> None:
    live, copy = tmp_path / "store.db", tmp_path / "copy.db"
    store = open_store(f"sqlite:///{live}")
    user = users.add_user(store, OPERATOR, "ann", "correct horse", "analyst", NOON, rounds=4)
    session = sessions.begin(store, user.user_id, NOON)
    token, ticket = redeemed(store, session), sessions.ticket(store, session.session_id, NOON)
    invitation = invitations.make(store, OPERATOR, "ann", "reset", NOON)
    store_check.backup(store, OPERATOR, copy)
    users.set_password(store, OPERATOR, "ann", "another horse", NOON, rounds=4)
    store.close()
    store_check.restore(live, copy, OPERATOR, NOON)
    store = open_store(f"sqlite:///{live}")
    assert sessions.by_token(store, token, NOON, idle=IDLE) is None
    assert sessions.redeem(store, ticket, NOON) is None
    assert invitations.find(store, invitation, NOON) is None
    store.close()


def test_a_ticket_of_an_ended_session_is_worth_nothing(store: Store, user: user_rows.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    sessions.end(store, session.session_id, NOON)
    assert sessions.redeem(store, ticket, NOON) is None


@pytest.mark.parametrize("made_up", ["", "x", "a" * 5000, "\ud800"])
def test_made_up_tickets_and_tokens_lead_nowhere(store: Store, user: user_rows.User, made_up: str) -> None:
    sessions.begin(store, user.user_id, NOON)
    assert sessions.redeem(store, made_up, NOON) is None
    assert sessions.by_token(store, made_up, NOON, idle=IDLE) is None


def test_a_session_without_a_cookie_is_found_by_no_token(store: Store, user: user_rows.User) -> None:
    sessions.begin(store, user.user_id, NOON)
    assert sessions.by_token(store, "", NOON, idle=IDLE) is None


def test_ending_a_session_kills_its_cookie_everywhere_and_no_other(store: Store, user: user_rows.User) -> None:
    first, second = sessions.begin(store, user.user_id, NOON), sessions.begin(store, user.user_id, NOON)
    one, other = redeemed(store, first), redeemed(store, second)
    sessions.end(store, first.session_id, NOON)
    sessions.end(store, first.session_id, NOON)
    assert sessions.by_token(store, one, NOON, idle=IDLE) is None
    assert sessions.by_id(store, first.session_id, NOON, idle=IDLE) is None
    assert sessions.by_token(store, other, NOON, idle=IDLE) == second


def test_of_many_redeeming_one_ticket_at_once_one_gets_the_cookie(store: Store, user: user_rows.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    answers: list[sessions.Redeemed | None] = []
    threads = [threading.Thread(target=lambda: answers.append(sessions.redeem(store, ticket, NOON))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == 6
    assert sum(answer is not None for answer in answers) == 1


def test_neither_token_nor_ticket_is_in_the_store(store: Store, user: user_rows.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    found = sessions.redeem(store, ticket, NOON)
    assert found is not None
    with store.reading() as connection:
        kept = [*connection.execute(select(schema.sessions)), *connection.execute(select(schema.tickets))]
    assert found.token not in str(kept)
    assert ticket not in str(kept)


def test_a_sign_in_sweeps_spent_tickets_and_what_ended_a_month_ago(store: Store, user: user_rows.User) -> None:
    old = sessions.begin(store, user.user_id, NOON)
    sessions.ticket(store, old.session_id, NOON)
    sessions.begin(store, user.user_id, NOON + LIFETIME + session_rows.KEPT_FOR - SECOND)
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.sessions)) == 2
        assert connection.scalar(select(func.count()).select_from(schema.tickets)) == 0
    sessions.begin(store, user.user_id, NOON + LIFETIME + session_rows.KEPT_FOR)
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.sessions)) == 2


def test_when_a_session_was_last_seen_is_kept_to_five_minutes(store: Store, user: user_rows.User) -> None:
    session = sessions.begin(store, user.user_id, NOON)

    def seen_after(**passed: int) -> object:
        sessions.by_id(store, session.session_id, NOON + timedelta(**passed), idle=IDLE)
        with store.reading() as connection:
            return connection.scalar(select(schema.sessions.c.last_seen))

    assert seen_after(minutes=4) == NOON
    assert seen_after(minutes=6) == NOON + timedelta(minutes=6)


# --- idle


def test_a_session_dies_when_nobody_does_anything_for_the_idle_time(store: Store, user: user_rows.User) -> None:
    idle = timedelta(hours=2)
    session = sessions.begin(store, user.user_id, NOON)
    almost, late = NOON + idle - SECOND, NOON + idle
    assert sessions.by_id(store, session.session_id, almost, idle=idle, touch=False) == session
    assert sessions.alive(store, [session.session_id], almost, idle) == {session.session_id}
    assert sessions.by_id(store, session.session_id, late, idle=idle) is None
    assert sessions.alive(store, [session.session_id], late, idle) == frozenset()
    assert sessions.of_user(store, user.user_id, late, idle=idle) == ()


def test_looks_that_are_nobodys_deed_keep_no_session_alive(store: Store, user: user_rows.User) -> None:
    idle = timedelta(hours=2)
    looked, used = sessions.begin(store, user.user_id, NOON), sessions.begin(store, user.user_id, NOON)
    for minute in range(1, 180):
        now = NOON + timedelta(minutes=minute)
        sessions.by_id(store, looked.session_id, now, idle=idle, touch=False)
        sessions.alive(store, [looked.session_id], now, idle)
        sessions.by_id(store, used.session_id, now, idle=idle)
    assert sessions.alive(store, [looked.session_id, used.session_id], now, idle) == {used.session_id}


@pytest.mark.parametrize("minutes", [5, 20, 120, 1000])
def test_who_does_something_more_often_than_the_idle_time_is_never_thrown_out(
    store: Store, user: user_rows.User, minutes: int
) -> None:
    idle = timedelta(minutes=minutes)
    session = sessions.begin(store, user.user_id, NOON, security=Security(lifetime=timedelta(days=9)))
    now = NOON
    for _ in range(6):
        now += idle * 0.89  # kept to a tenth of the idle time
        assert sessions.by_id(store, session.session_id, now, idle=idle) is not None


# --- ending, listing, links


def test_ending_says_in_the_audit_who_ended_whose_and_why(store: Store, user: user_rows.User) -> None:
    boss = users.add_user(store, OPERATOR, "boss", "correct horse", "admin", NOON, rounds=4)
    by_admin = Principal("boss", "admin", user_id=boss.user_id)
    own, other, last = (sessions.begin(store, user.user_id, NOON) for _ in range(3))
    sessions.end(store, own.session_id, NOON)
    sessions.end(store, own.session_id, NOON)
    sessions.end(store, other.session_id, NOON, "by an admin", principal=by_admin)
    assert sessions.end_all(store, user.user_id, NOON, "everywhere", but=last.session_id) == 0
    assert sessions.end_all(store, user.user_id, NOON, "everywhere") == 1
    told = [(e.actor, e.subject, e.detail) for e in audit.entries(store, OPERATOR) if e.action == "sign out"]
    assert told == [("ann", "ann", "everywhere"), ("boss", "ann", "by an admin"), ("ann", "ann", "signed out")]


def test_nobody_but_admins_ends_or_lists_the_sessions_of_others(store: Store, user: user_rows.User) -> None:
    bob = users.add_user(store, OPERATOR, "bob", "correct horse", "analyst", NOON, rounds=4)
    who = Principal("bob", "analyst", user_id=bob.user_id)
    hers, his = sessions.begin(store, user.user_id, NOON), sessions.begin(store, bob.user_id, NOON)
    for attempt in (
        lambda: sessions.end(store, hers.session_id, NOON, principal=who),
        lambda: sessions.end(store, "made up", NOON, principal=who),
        lambda: sessions.end_all(store, user.user_id, NOON, "x", principal=who),
        lambda: sessions.live_sessions(store, who, NOON),
    ):
        with pytest.raises(AccessDenied):
            attempt()
    sessions.end(store, his.session_id, NOON, principal=who)
    found = sessions.live_sessions(store, OPERATOR, NOON)
    assert [(one.session, one.username) for one in found] == [(hers, "ann")]


def test_a_session_by_a_link_ends_with_the_link_and_names_nobody(store: Store) -> None:
    session, token = sessions.begin_link(store, "link-1", NOON, NOON + timedelta(hours=1), Security())
    assert (session.user_id, session.kind, session.link_id) == (None, "link", "link-1")
    assert session.expires_at == NOON + timedelta(hours=1)
    assert sessions.by_token(store, token, NOON, idle=IDLE) == session
    assert [(one.session, one.username) for one in sessions.live_sessions(store, OPERATOR, NOON)] == [(session, "")]
    with store.writing() as connection:
        assert session_rows.end_of_link(connection, "link-1", NOON) == 1
    assert sessions.by_token(store, token, NOON, idle=IDLE) is None
    later, _ = sessions.begin_link(store, "link-1", NOON, NOON + timedelta(days=9), Security())
    assert later.expires_at == NOON + LIFETIME


def test_no_session_opens_for_who_was_changed_since_the_password_was_checked(
    store: Store, user: user_rows.User
) -> None:
    checked = login.login_of(store, "ann", demo=False).password_hash
    users.set_password(store, OPERATOR, "ann", "another horse", NOON, rounds=4)
    with pytest.raises(AccessDenied):
        sessions.begin(store, user.user_id, NOON, checked=checked)
    users.set_active(store, OPERATOR, "ann", False, NOON)
    with pytest.raises(AccessDenied):
        sessions.begin(store, user.user_id, NOON)
