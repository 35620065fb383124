from __future__ import annotations

import threading
from datetime import timedelta

import bcrypt
import pytest
from sqlalchemy import select

from perfdash.access import Principal
from perfdash.errors import UsageError
from perfdash.store import passwords, schema, sessions, users
from perfdash.store.engine import Store
from tests.store.builders import NOON, given_client

PASSWORD = "correct horse"
QUICK = 4


def given_user(store: Store, username: str = "ann", role: users.UserRole = "analyst", **rest: object) -> users.User:
    return users.add_user(store, username, PASSWORD, role, NOON, rounds=QUICK, **rest)  # type: ignore[arg-type]


def signs_in(store: Store, name: str, password: str = PASSWORD, *, demo: bool = False) -> int | None:
    login = users.login_of(store, name, demo=demo)
    matches = bcrypt.checkpw(passwords.prehash(password).encode(), login.password_hash.encode())
    return login.user_id if matches else None


def test_a_new_user_is_listed_with_what_was_granted(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    made = given_user(store, "Ann@Example.com ", "client", clients=("bolt", "acme", "bolt"), money=False, name=" Ann ")
    assert users.list_users(store) == (made,)
    assert (made.username, made.name, made.role, made.clients) == ("ann@example.com", "Ann", "client", ("acme", "bolt"))
    assert (made.money, made.active, made.demo, made.created_at) == (False, True, False, NOON)


def test_the_principal_holds_exactly_the_grants(store: Store) -> None:
    given_client(store, "acme")
    user = given_user(store, clients=("acme",), money=False)
    expected = Principal("ann", "analyst", frozenset({"acme"}), money=False, user_id=user.user_id)
    assert users.principal_of(store, user.user_id) == expected


def test_a_user_without_grants_sees_nothing_and_an_admin_everything(store: Store) -> None:
    given_client(store, "acme")
    nobody = users.principal_of(store, given_user(store).user_id)
    admin = users.principal_of(store, given_user(store, "root", "admin").user_id)
    assert nobody is not None
    assert admin is not None
    assert (nobody.may_see("acme"), admin.may_see("acme")) == (False, True)


def test_granting_revoking_role_and_money_count_at_once(store: Store) -> None:
    given_client(store, "acme")
    user = given_user(store)
    users.grant(store, "ANN", "acme")
    users.grant(store, "ann", "acme")
    users.set_role(store, "ann", "client")
    users.set_money(store, "ann", False)
    principal = users.principal_of(store, user.user_id)
    assert principal == Principal("ann", "client", frozenset({"acme"}), money=False, user_id=user.user_id)
    users.revoke(store, "ann", "acme")
    principal = users.principal_of(store, user.user_id)
    assert principal is not None
    assert principal.clients == frozenset()


def test_there_is_no_principal_for_the_unknown_and_the_deactivated(store: Store) -> None:
    user = given_user(store)
    users.set_active(store, "ann", False, NOON)
    assert users.principal_of(store, user.user_id) is None
    assert users.principal_of(store, 999) is None
    users.set_active(store, "ann", True, NOON)
    assert users.principal_of(store, user.user_id) is not None


def test_only_the_right_password_of_an_active_user_signs_in(store: Store) -> None:
    user = given_user(store)
    assert signs_in(store, " ANN") == user.user_id
    assert signs_in(store, "ann", "correct horsf") is None
    assert signs_in(store, "bob") is None
    users.set_active(store, "ann", False, NOON)
    assert signs_in(store, "ann") is None


@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("x" * 100, "x" * 99 + "y"),
        ("pässwörd" * 20, "pässwörd" * 19 + "passwörd"),
        ("パスワード12345", "パスワード12346"),
    ],
)
def test_every_character_of_a_long_or_foreign_password_counts(store: Store, password: str, other: str) -> None:
    user = users.add_user(store, "ann", password, "analyst", NOON, rounds=QUICK)
    assert signs_in(store, "ann", password) == user.user_id
    assert signs_in(store, "ann", other) is None


def test_two_ways_of_typing_an_accent_are_one_password(store: Store) -> None:
    user = users.add_user(store, "ann", "caf\u00e9 noir", "analyst", NOON, rounds=QUICK)
    assert signs_in(store, "ann", "cafe\u0301 noir") == user.user_id


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_that_is_too_short_or_long_is_refused(store: Store, password: str) -> None:
    with pytest.raises(UsageError, match="8 to 1024 characters"):
        users.add_user(store, "ann", password, "analyst", NOON, rounds=QUICK)
    given_user(store)
    with pytest.raises(UsageError, match="8 to 1024 characters"):
        users.set_password(store, "ann", password, NOON, rounds=QUICK)
    assert signs_in(store, "ann") is not None


@pytest.mark.parametrize("name", ["", " ", "a b", "-ann", "ann'--", "änn", "a" * 101, "ann\n"[:3] + "\x00"])
def test_an_unusable_name_is_refused(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        given_user(store, name)
    assert signs_in(store, name) is None


def test_mistakes_are_named_and_change_nothing(store: Store) -> None:
    given_user(store)
    with pytest.raises(UsageError, match="already a user 'ann'"):
        given_user(store, "ANN")
    with pytest.raises(UsageError, match="no client 'nobody'"):
        given_user(store, "bob", clients=("nobody",))
    with pytest.raises(UsageError, match="no role 'operator'"):
        given_user(store, "bob", "operator")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no user 'bob'"):
        users.grant(store, "bob", "acme")
    with pytest.raises(UsageError, match="no client 'nobody'"):
        users.grant(store, "ann", "nobody")
    assert [user.username for user in users.list_users(store)] == ["ann"]


def test_a_new_password_or_a_deactivation_ends_every_session_of_that_user_only(store: Store) -> None:
    ann, bob = given_user(store, "ann"), given_user(store, "bob")
    hers, his = sessions.begin(store, ann.user_id, NOON), sessions.begin(store, bob.user_id, NOON)
    users.set_password(store, "ann", "another horse", NOON, rounds=QUICK)
    assert sessions.by_id(store, hers.session_id, NOON) is None
    assert sessions.by_id(store, his.session_id, NOON) == his
    assert signs_in(store, "ann") is None
    assert signs_in(store, "ann", "another horse") == ann.user_id
    users.set_active(store, "bob", False, NOON)
    users.set_active(store, "bob", True, NOON)
    assert sessions.by_id(store, his.session_id, NOON) is None


def test_a_demo_user_signs_in_nowhere_but_in_the_demo(store: Store) -> None:
    user = given_user(store, "admin", "admin", demo=True)
    assert signs_in(store, "admin", demo=True) == user.user_id
    assert signs_in(store, "admin") is None
    assert users.principal_of(store, user.user_id) is None
    assert users.principal_of(store, user.user_id, demo=True) is not None
    assert (users.any_user(store, demo=True), users.any_user(store, demo=False)) == (True, False)


def test_an_unknown_name_costs_the_same_hashing_as_a_known_one(store: Store) -> None:
    users.add_user(store, "ann", PASSWORD, "analyst", NOON)
    known, unknown = (users.login_of(store, name, demo=False).password_hash for name in ("ann", "bob"))
    assert known[:7] == unknown[:7] == "$2b$12$"
    assert len(known) == len(unknown) == 60


def test_passwords_are_nowhere_in_the_store(store: Store) -> None:
    given_user(store)
    with store.reading() as connection:
        row = connection.execute(select(schema.users)).one()
    assert PASSWORD not in str(row)
    assert passwords.prehash(PASSWORD) not in str(row)


def test_of_two_users_added_at_once_under_one_name_one_is_refused(store: Store) -> None:
    answers: list[object] = []

    def add() -> None:
        try:
            answers.append(given_user(store))
        except UsageError as error:
            answers.append(error)
        except Exception as error:  # noqa: BLE001  the database's own refusal is as good
            answers.append(error)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(isinstance(answer, users.User) for answer in answers) == 1
    assert len(users.list_users(store)) == 1


def test_a_session_of_a_changed_user_meets_the_new_principal(store: Store) -> None:
    given_client(store, "acme")
    user = given_user(store, clients=("acme",))
    session = sessions.begin(store, user.user_id, NOON)
    users.revoke(store, "ann", "acme")
    found = sessions.by_id(store, session.session_id, NOON + timedelta(hours=1))
    assert found is not None
    principal = users.principal_of(store, found.user_id)
    assert principal is not None
    assert principal.clients == frozenset()
