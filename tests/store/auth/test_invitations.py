"""Links for choosing a password, and the code for the first admin: good once, for a while, and nowhere in the store."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

import bcrypt
import pytest
from sqlalchemy import select

from perfdash.domain.access import OPERATOR
from perfdash.domain.errors import AccessDenied, PerfdashError, UsageError
from perfdash.store import audit, schema
from perfdash.store.auth import invitations, passwords, sessions, user_rows, users
from perfdash.store.auth import login as auth_login
from perfdash.store.engine import Store
from tests.store.builders import NOON, given_client

pytestmark = pytest.mark.any_dialect

SECOND, QUICK = timedelta(seconds=1), 4
PASSWORD = "correct horse"


@pytest.fixture
def ann(store: Store) -> user_rows.User:
    return users.add_user(store, OPERATOR, "ann", None, "analyst", NOON)


def may_sign_in(store: Store, name: str, password: str) -> bool:
    login = auth_login.login_of(store, name, demo=False)
    return bcrypt.checkpw(passwords.prehash(password).encode(), login.password_hash.encode())


@pytest.mark.parametrize("purpose", ["invite", "reset"])
def test_a_link_sets_a_password_once_and_opening_it_uses_nothing_up(
    store: Store, ann: user_rows.User, purpose: invitations.Purpose
) -> None:
    session = sessions.begin(store, ann.user_id, NOON)
    token = invitations.make(store, OPERATOR, "ANN", purpose, NOON)
    for _ in range(3):
        found = invitations.find(store, token, NOON)
        assert found == invitations.Invitation("ann", purpose, NOON + invitations.LIFETIME[purpose])
    assert invitations.accept(store, token, PASSWORD, NOON, rounds=QUICK) == "ann"
    assert may_sign_in(store, "ann", PASSWORD)
    assert sessions.alive(store, [session.session_id], NOON, timedelta(hours=1)) == frozenset()
    assert invitations.find(store, token, NOON) is None
    with pytest.raises(AccessDenied, match="used, is too old, or was replaced"):
        invitations.accept(store, token, "another horse", NOON, rounds=QUICK)
    told = [(e.actor, e.action, e.subject) for e in audit.entries(store, OPERATOR)]
    assert told[:2] == [("ann", "users password", "ann"), ("operator", f"users {purpose}", "ann")]


def test_a_bad_choice_leaves_the_link_as_it_was(store: Store, ann: user_rows.User) -> None:
    given_client(store, "acme")
    users.grant(store, OPERATOR, "ann", "acme", NOON)
    token = invitations.make(store, OPERATOR, "ann", "invite", NOON)
    for password in ("short", "password1", "acme2026!", "ann12345"):
        with pytest.raises(UsageError):
            invitations.accept(store, token, password, NOON, rounds=QUICK)
    assert invitations.find(store, token, NOON) is not None


def test_a_refused_password_tells_nobody_who_else_is_a_client(store: Store, ann: user_rows.User) -> None:
    given_client(store, "hidden-client")
    token = invitations.make(store, OPERATOR, "ann", "invite", NOON)
    invitations.accept(store, token, "hidden-client1", NOON, rounds=QUICK)
    principal = auth_login.principal_of(store, ann.user_id)
    assert principal is not None
    users.set_own_password(store, principal, "1hidden-client", NOON, but="", rounds=QUICK)


def test_a_link_has_its_time(store: Store, ann: user_rows.User) -> None:
    for purpose, lifetime in invitations.LIFETIME.items():
        token = invitations.make(store, OPERATOR, "ann", purpose, NOON)
        assert invitations.find(store, token, NOON + lifetime - SECOND) is not None
        assert invitations.find(store, token, NOON + lifetime) is None
        with pytest.raises(AccessDenied):
            invitations.accept(store, token, PASSWORD, NOON + lifetime, rounds=QUICK)


ENDS = {
    "a newer link": lambda s: invitations.make(s, OPERATOR, "ann", "reset", NOON),
    "a new password": lambda s: users.set_password(s, OPERATOR, "ann", "another horse", NOON, rounds=QUICK),
    "a deactivation": lambda s: users.set_active(s, OPERATOR, "ann", False, NOON),
}


@pytest.mark.parametrize("what", ENDS)
def test_what_voids_a_link(store: Store, ann: user_rows.User, what: str) -> None:
    token = invitations.make(store, OPERATOR, "ann", "reset", NOON)
    ENDS[what](store)
    assert invitations.find(store, token, NOON) is None
    with pytest.raises(AccessDenied):
        invitations.accept(store, token, PASSWORD, NOON, rounds=QUICK)


def test_a_link_from_before_a_deactivation_stays_void_after_it(store: Store, ann: user_rows.User) -> None:
    token = invitations.make(store, OPERATOR, "ann", "reset", NOON)
    for active in (False, True):
        users.set_active(store, OPERATOR, "ann", active, NOON)
    assert invitations.find(store, token, NOON) is None


def test_who_was_thrown_out_while_choosing_a_password_does_not_have_the_last_word(
    store: Store, ann: user_rows.User
) -> None:
    principal, session = auth_login.principal_of(store, ann.user_id), sessions.begin(store, ann.user_id, NOON)
    assert principal is not None
    users.set_password(store, OPERATOR, "ann", PASSWORD, NOON, rounds=QUICK)
    with pytest.raises(AccessDenied, match="no longer signed in"):
        users.set_own_password(store, principal, "another horse", NOON, but=session.session_id, rounds=QUICK)
    assert may_sign_in(store, "ann", PASSWORD)


def test_nobody_deactivated_or_unknown_is_invited(store: Store, ann: user_rows.User) -> None:
    users.set_active(store, OPERATOR, "ann", False, NOON)
    for name, sentence in (("ann", "activate the account first"), ("bob", "no user 'bob'")):
        with pytest.raises(UsageError, match=sentence):
            invitations.make(store, OPERATOR, name, "invite", NOON)


def test_a_demo_user_s_link_is_worth_nothing_outside_the_demo(store: Store) -> None:
    users.add_user(store, OPERATOR, "demo", PASSWORD, "admin", NOON, demo=True, rounds=QUICK)
    token = invitations.make(store, OPERATOR, "demo", "reset", NOON)
    assert invitations.find(store, token, NOON) is None
    assert invitations.find(store, token, NOON, demo=True) is not None


@pytest.mark.parametrize("made_up", ["", "x", "a" * 5000, "\ud800", "\x00"])
def test_made_up_links_lead_nowhere(store: Store, ann: user_rows.User, made_up: str) -> None:
    invitations.make(store, OPERATOR, "ann", "reset", NOON)
    assert invitations.find(store, made_up, NOON) is None
    with pytest.raises(AccessDenied):
        invitations.accept(store, made_up, PASSWORD, NOON, rounds=QUICK)


def test_of_many_who_use_one_link_at_once_one_sets_the_password(store: Store, ann: user_rows.User) -> None:
    token = invitations.make(store, OPERATOR, "ann", "invite", NOON)
    done: list[str] = []

    def accept(password: str) -> None:
        try:
            invitations.accept(store, token, password, NOON, rounds=QUICK)
            done.append(password)
        except PerfdashError:
            pass

    threads = [threading.Thread(target=accept, args=(f"{number} correct horses",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(done) == 1
    assert may_sign_in(store, "ann", done[0])


def test_no_token_and_no_code_is_in_the_store(store: Store) -> None:
    line = invitations.announce(store, NOON)
    assert line is not None
    users.add_user(store, OPERATOR, "ann", None, "analyst", NOON)
    token = invitations.make(store, OPERATOR, "ann", "invite", NOON)
    with store.reading() as connection:
        kept = str([connection.execute(select(table)).all() for table in schema.metadata.sorted_tables])
    assert token not in kept
    assert code_in(line) not in kept
    assert code_in(line).replace("-", "") not in kept


# --- the first admin


def code_in(line: str) -> str:
    return line.split("first admin: ")[1].split(" ")[0]


def test_the_code_makes_one_admin_who_then_signs_in(store: Store) -> None:
    line = invitations.announce(store, NOON)
    assert line is not None
    assert invitations.is_awaited(store, NOON)
    typed = f" {code_in(line).lower().replace('-', ' ')} "
    assert invitations.redeem(store, typed, "Ada", PASSWORD, NOON, rounds=QUICK) == "ada"
    assert may_sign_in(store, "ada", PASSWORD)
    (user,) = users.list_users(store, OPERATOR)
    assert user.role == "admin"
    assert not invitations.is_awaited(store, NOON)
    with pytest.raises(AccessDenied, match="account here already"):
        invitations.redeem(store, code_in(line), "eve", PASSWORD, NOON, rounds=QUICK)
    assert invitations.announce(store, NOON) is None


def test_a_wrong_old_or_replaced_code_and_bad_choices_make_nobody(store: Store) -> None:
    with pytest.raises(AccessDenied):
        invitations.redeem(store, "", "ada", PASSWORD, NOON, rounds=QUICK)
    older, line = invitations.announce(store, NOON), invitations.announce(store, NOON)
    assert older is not None
    assert line is not None
    for code, at in (
        ("", NOON),
        ("AAAA-AAAA", NOON),
        (code_in(older), NOON),
        (code_in(line), NOON + invitations.FIRST_CODE_LIFETIME),
    ):
        with pytest.raises(AccessDenied, match="not the one in the server's log"):
            invitations.redeem(store, code, "ada", PASSWORD, at, rounds=QUICK)
    for name, password in (("a b", PASSWORD), ("ada", "short"), ("operator", PASSWORD)):
        with pytest.raises(UsageError):
            invitations.redeem(store, code_in(line), name, password, NOON, rounds=QUICK)
    assert users.list_users(store, OPERATOR) == ()
    assert invitations.is_awaited(store, NOON)
    assert not invitations.is_awaited(store, NOON + invitations.FIRST_CODE_LIFETIME)


def test_any_user_at_all_makes_the_code_worthless(store: Store) -> None:
    line = invitations.announce(store, NOON)
    assert line is not None
    users.add_user(store, OPERATOR, "ann", None, "client", NOON)
    users.set_active(store, OPERATOR, "ann", False, NOON)
    assert not invitations.is_awaited(store, NOON)
    with pytest.raises(AccessDenied):
        invitations.redeem(store, code_in(line), "ada", PASSWORD, NOON, rounds=QUICK)


def test_of_two_who_use_the_code_at_once_one_becomes_admin(store: Store) -> None:
    line = invitations.announce(store, NOON)
    assert line is not None

    def redeem(name: str) -> None:
        with suppress(PerfdashError):
            invitations.redeem(store, code_in(line), name, PASSWORD, NOON, rounds=QUICK)

    threads = [threading.Thread(target=redeem, args=(f"admin{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(users.list_users(store, OPERATOR)) == 1
