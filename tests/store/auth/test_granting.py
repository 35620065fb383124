"""Changing what a user may do in one go, and how users stand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from perfdash.domain.access import OPERATOR, Principal, UserRole
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.store import audit
from perfdash.store.auth import invitations, login, sessions, user_rows, users
from perfdash.store.auth.users import Access
from perfdash.store.engine import Store
from tests.store.builders import NOON, given_client

pytestmark = pytest.mark.any_dialect

WAS = Access("analyst", ("acme",), True)
IDLE = timedelta(hours=2)


def given_user(store: Store, name: str, role: UserRole = "analyst", **more) -> user_rows.User:
    return users.add_user(store, OPERATOR, name, "seven lamps burning", role, NOON, rounds=4, **more)


def user(store: Store, name: str) -> user_rows.User:
    return next(found for found in users.list_users(store, OPERATOR) if found.username == name)


def lines(store: Store) -> list[tuple[str, str, str, str]]:
    return [(e.actor, e.action, e.subject, e.detail) for e in audit.entries(store, OPERATOR)]


@pytest.fixture
def boss(store: Store) -> Principal:
    """An admin; ann is an analyst of acme beside him."""
    for client in ("acme", "bolt"):
        given_client(store, client)
    found = given_user(store, "boss", "admin")
    given_user(store, "ann", clients=("acme",))
    return Principal("boss", "admin", user_id=found.user_id)


def test_every_difference_has_its_line_and_ends_the_sessions(store: Store, boss: Principal) -> None:
    session = sessions.begin(store, user(store, "ann").user_id, NOON)
    before = len(lines(store))
    done = users.set_access(store, boss, "Ann ", WAS, Access("client", ("bolt",), False), NOON)
    assert done == ("role analyst to client", "money without money", "grant bolt", "revoke acme")
    ann = user(store, "ann")
    assert (ann.role, ann.clients, ann.money) == ("client", ("bolt",), False)
    assert lines(store)[: len(lines(store)) - before] == [
        ("boss", "revoke", "ann", "acme"),
        ("boss", "grant", "ann", "bolt"),
        ("boss", "users money", "ann", "without money"),
        ("boss", "users role", "ann", "analyst to client"),
    ]
    assert sessions.by_id(store, session.session_id, NOON, idle=IDLE) is None


def test_what_is_so_already_leaves_no_line_and_no_session_ends(store: Store, boss: Principal) -> None:
    session = sessions.begin(store, user(store, "ann").user_id, NOON)
    before = lines(store)
    assert users.set_access(store, boss, "ann", WAS, WAS, NOON) == ()
    users.grant(store, OPERATOR, "ann", "bolt", NOON - timedelta(minutes=1))
    session = sessions.begin(store, user(store, "ann").user_id, NOON)
    assert users.set_access(store, boss, "ann", WAS, Access("analyst", ("acme", "bolt"), True), NOON) == ()
    assert len(lines(store)) == len(before) + 2
    assert sessions.by_id(store, session.session_id, NOON, idle=IDLE)


def test_what_another_admin_changed_meanwhile_stays_unless_it_was_touched(store: Store, boss: Principal) -> None:
    users.grant(store, OPERATOR, "ann", "bolt", NOON)
    users.set_money(store, OPERATOR, "ann", False, NOON)
    users.set_access(store, boss, "ann", WAS, Access("client", ("acme",), True), NOON)
    ann = user(store, "ann")
    assert (ann.role, ann.clients, ann.money) == ("client", ("acme", "bolt"), False)


@pytest.mark.parametrize(
    ("access", "says"),
    [
        (Access("client", ("acme", "nobody")), "There is no client 'nobody'"),
        (Access("king"), "There is no role 'king'"),
    ],  # type: ignore[arg-type]
)
def test_a_change_that_cannot_be_made_changes_nothing_at_all(
    store: Store, boss: Principal, access: Access, says: str
) -> None:
    before = lines(store)
    with pytest.raises(UsageError, match=says):
        users.set_access(store, boss, "ann", WAS, access, NOON)
    assert (user(store, "ann").role, user(store, "ann").clients) == ("analyst", ("acme",))
    assert lines(store) == before


def test_an_admin_keeps_his_own_role_and_one_who_is_none_any_more_changes_nothing(
    store: Store, boss: Principal
) -> None:
    was = Access("admin")
    with pytest.raises(UsageError, match="from yourself"):
        users.set_access(store, boss, "boss", was, Access("client"), NOON)
    with pytest.raises(UsageError, match="from yourself"):  # a page may lie about what it saw
        users.set_access(store, boss, "boss", Access("analyst"), Access("client"), NOON)
    users.set_access(store, boss, "boss", was, Access("admin", ("acme",)), NOON)
    assert user(store, "boss").role == "admin"
    users.set_role(store, OPERATOR, "boss", "client", NOON)
    with pytest.raises(AccessDenied):
        users.set_access(store, boss, "ann", WAS, Access("admin"), NOON)


def test_how_users_stand(store: Store, boss: Principal) -> None:
    for name in ("invited", "late", "sso"):
        users.add_user(store, OPERATOR, name, None, "client", NOON)
    invitations.make(store, boss, "invited", "invite", NOON)
    invitations.make(store, boss, "late", "invite", NOON - timedelta(days=8))
    users.set_active(store, boss, "ann", False, NOON)
    sessions.begin(store, user(store, "boss").user_id, NOON - timedelta(days=1))
    sessions.begin(store, user(store, "boss").user_id, NOON)
    known = login.presence(store, boss, NOON)
    assert {one.username: known.state(one) for one in users.list_users(store, OPERATOR)} == {
        "ann": "deactivated",
        "boss": "active",
        "invited": "invited",
        "late": "no password",
        "sso": "no password",
    }
    assert known.last_seen == {user(store, "boss").user_id: NOON}
