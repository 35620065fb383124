from __future__ import annotations

import threading
from datetime import timedelta

import bcrypt
import pytest
from sqlalchemy import select

from perfdash.domain.access import OPERATOR, Principal, Role, UserRole
from perfdash.domain.errors import AccessDenied, PerfdashError, UsageError
from perfdash.store import audit, schema
from perfdash.store.auth import invitations, passwords, sessions, user_rows, users
from perfdash.store.auth import login as auth_login
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase
from tests.store.builders import NOON, given_client

pytestmark = pytest.mark.any_dialect

PASSWORD = "correct horse"
QUICK = 4
IDLE = timedelta(hours=2)


def given_user(store: Store, username: str = "ann", role: UserRole = "analyst", **rest: object) -> user_rows.User:
    return users.add_user(store, OPERATOR, username, PASSWORD, role, NOON, rounds=QUICK, **rest)  # type: ignore[arg-type]


def signs_in(store: Store, name: str, password: str = PASSWORD, *, demo: bool = False) -> int | None:
    login = auth_login.login_of(store, name, demo=demo)
    if login.user_id is None:
        return None
    matches = bcrypt.checkpw(passwords.prehash(password).encode(), login.password_hash.encode())
    return login.user_id if matches else None


def test_a_new_user_is_listed_with_what_was_granted(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    made = given_user(store, "Ann@Example.com ", "client", clients=("bolt", "acme", "bolt"), money=False, name=" Ann ")
    assert users.list_users(store, OPERATOR) == (made,)
    assert (made.username, made.name, made.role, made.clients) == ("ann@example.com", "Ann", "client", ("acme", "bolt"))
    assert (made.money, made.active, made.demo, made.created_at) == (False, True, False, NOON)


def test_the_principal_holds_exactly_the_grants(store: Store) -> None:
    given_client(store, "acme")
    user = given_user(store, clients=("acme",), money=False)
    expected = Principal("ann", "analyst", frozenset({"acme"}), money=False, user_id=user.user_id)
    assert auth_login.principal_of(store, user.user_id) == expected


def test_a_user_without_grants_sees_nothing_and_an_admin_everything(store: Store) -> None:
    given_client(store, "acme")
    nobody = auth_login.principal_of(store, given_user(store).user_id)
    admin = auth_login.principal_of(store, given_user(store, "root", "admin").user_id)
    assert nobody is not None
    assert admin is not None
    assert (nobody.may_see("acme"), admin.may_see("acme")) == (False, True)


def test_granting_revoking_role_and_money_count_at_once(store: Store) -> None:
    given_client(store, "acme")
    user = given_user(store)
    users.grant(store, OPERATOR, "ANN", "acme", NOON)
    users.grant(store, OPERATOR, "ann", "acme", NOON)
    users.set_role(store, OPERATOR, "ann", "client", NOON)
    users.set_money(store, OPERATOR, "ann", False, NOON)
    principal = auth_login.principal_of(store, user.user_id)
    assert principal == Principal("ann", "client", frozenset({"acme"}), money=False, user_id=user.user_id)
    users.revoke(store, OPERATOR, "ann", "acme", NOON)
    principal = auth_login.principal_of(store, user.user_id)
    assert principal is not None
    assert principal.clients == frozenset()


def test_there_is_no_principal_for_the_unknown_and_the_deactivated(store: Store) -> None:
    user = given_user(store)
    users.set_active(store, OPERATOR, "ann", False, NOON)
    assert auth_login.principal_of(store, user.user_id) is None
    assert auth_login.principal_of(store, 999) is None
    users.set_active(store, OPERATOR, "ann", True, NOON)
    assert auth_login.principal_of(store, user.user_id) is not None


def test_only_the_right_password_of_an_active_user_signs_in(store: Store) -> None:
    user = given_user(store)
    assert signs_in(store, " ANN") == user.user_id
    assert signs_in(store, "ann", "correct horsf") is None
    assert signs_in(store, "bob") is None
    users.set_active(store, OPERATOR, "ann", False, NOON)
    assert signs_in(store, "ann") is None


@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("a passphrase " * 8 + "x", "a passphrase " * 8 + "y"),
        ("pässwörd" * 20, "pässwörd" * 19 + "passwörd"),
        ("パスワード12345", "パスワード12346"),
    ],
)
def test_every_character_of_a_long_or_foreign_password_counts(store: Store, password: str, other: str) -> None:
    user = users.add_user(store, OPERATOR, "ann", password, "analyst", NOON, rounds=QUICK)
    assert signs_in(store, "ann", password) == user.user_id
    assert signs_in(store, "ann", other) is None


def test_two_ways_of_typing_an_accent_are_one_password(store: Store) -> None:
    user = users.add_user(store, OPERATOR, "ann", "caf\u00e9 noir", "analyst", NOON, rounds=QUICK)
    assert signs_in(store, "ann", "cafe\u0301 noir") == user.user_id


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "\ufdfa" * 2])
def test_a_password_that_is_too_short_or_long_is_refused(store: Store, password: str) -> None:
    with pytest.raises(UsageError, match="8 to 1024 characters"):
        users.add_user(store, OPERATOR, "ann", password, "analyst", NOON, rounds=QUICK)
    given_user(store)
    with pytest.raises(UsageError, match="8 to 1024 characters"):
        users.set_password(store, OPERATOR, "ann", password, NOON, rounds=QUICK)
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
        users.grant(store, OPERATOR, "bob", "acme", NOON)
    with pytest.raises(UsageError, match="no client 'nobody'"):
        users.grant(store, OPERATOR, "ann", "nobody", NOON)
    assert [user.username for user in users.list_users(store, OPERATOR)] == ["ann"]


def test_a_new_password_or_a_deactivation_ends_every_session_of_that_user_only(store: Store) -> None:
    ann, bob = given_user(store, "ann"), given_user(store, "bob")
    hers, his = sessions.begin(store, ann.user_id, NOON), sessions.begin(store, bob.user_id, NOON)
    users.set_password(store, OPERATOR, "ann", "another horse", NOON, rounds=QUICK)
    assert sessions.by_id(store, hers.session_id, NOON, idle=IDLE) is None
    assert sessions.by_id(store, his.session_id, NOON, idle=IDLE) == his
    assert signs_in(store, "ann") is None
    assert signs_in(store, "ann", "another horse") == ann.user_id
    users.set_active(store, OPERATOR, "bob", False, NOON)
    users.set_active(store, OPERATOR, "bob", True, NOON)
    assert sessions.by_id(store, his.session_id, NOON, idle=IDLE) is None


def test_a_demo_user_signs_in_nowhere_but_in_the_demo(store: Store) -> None:
    user = given_user(store, "admin", "admin", demo=True)
    assert signs_in(store, "admin", demo=True) == user.user_id
    assert signs_in(store, "admin") is None
    assert auth_login.principal_of(store, user.user_id) is None
    assert auth_login.principal_of(store, user.user_id, demo=True) is not None
    assert (auth_login.any_user(store, demo=True), auth_login.any_user(store, demo=False)) == (True, False)


def test_an_unknown_name_costs_the_same_hashing_as_a_known_one(store: Store) -> None:
    users.add_user(store, OPERATOR, "ann", PASSWORD, "analyst", NOON)
    known, unknown = (auth_login.login_of(store, name, demo=False).password_hash for name in ("ann", "bob"))
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
        thread.join(120)
    assert sum(isinstance(answer, user_rows.User) for answer in answers) == 1
    assert len(users.list_users(store, OPERATOR)) == 1


WAYS_OUT = {
    "password": lambda s: users.set_password(s, OPERATOR, "ann", "another horse", NOON, rounds=QUICK),
    "role": lambda s: users.set_role(s, OPERATOR, "ann", "client", NOON),
    "money": lambda s: users.set_money(s, OPERATOR, "ann", False, NOON),
    "grants": lambda s: users.grant(s, OPERATOR, "ann", "bolt", NOON),
    "grants, too": lambda s: users.revoke(s, OPERATOR, "ann", "acme", NOON),
    "e-mail": lambda s: users.set_email(s, OPERATOR, "ann", "ann@example.com", NOON),
    "deactivated": lambda s: users.set_active(s, OPERATOR, "ann", False, NOON),
    "erased": lambda s: erase.erase_user(s, OPERATOR, "ann", NOON),
}


@pytest.mark.parametrize("why", WAYS_OUT)
def test_every_change_ends_all_sessions_of_that_user_only_and_says_why_and_who(store: Store, why: str) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    ann, bob = given_user(store, clients=("acme",)), given_user(store, "bob")
    hers = [sessions.begin(store, ann.user_id, NOON) for _ in range(2)]
    his = sessions.begin(store, bob.user_id, NOON)
    lines = len(audit.entries(store, OPERATOR))
    WAYS_OUT[why](store)
    assert sessions.alive(store, [one.session_id for one in (*hers, his)], NOON, IDLE) == {his.session_id}
    with store.reading() as connection:
        of_ann = schema.sessions.c.session_id.in_([one.session_id for one in hers])
        ended = set(connection.execute(select(schema.sessions.c.ended_as).where(of_ann)).scalars())
    assert ended == {why.removesuffix(", too")}
    entries = audit.entries(store, OPERATOR)
    assert len(entries) == lines + 1
    assert entries[0].actor == "operator"


def test_what_changes_nothing_ends_no_session_and_leaves_no_line(store: Store) -> None:
    given_client(store, "acme")
    ann = given_user(store, clients=("acme",))
    session = sessions.begin(store, ann.user_id, NOON)
    lines = audit.entries(store, OPERATOR)
    users.grant(store, OPERATOR, "ann", "acme", NOON)
    users.revoke(store, OPERATOR, "ann", "bolt", NOON)
    users.set_role(store, OPERATOR, "ann", "analyst", NOON)
    users.set_money(store, OPERATOR, "ann", True, NOON)
    users.set_active(store, OPERATOR, "ann", True, NOON)
    users.set_email(store, OPERATOR, "ann", None, NOON)
    assert audit.entries(store, OPERATOR) == lines
    assert sessions.by_id(store, session.session_id, NOON, idle=IDLE) == session


@pytest.mark.parametrize("role", ["analyst", "client", "link"])
def test_nobody_but_admins_and_operators_changes_anybody(store: Store, role: Role) -> None:
    given_client(store, "acme")
    ann = given_user(store)
    who = Principal("ann", role, frozenset({"acme"}), user_id=ann.user_id)
    for attempt in (
        lambda: users.add_user(store, who, "eve", PASSWORD, "admin", NOON, rounds=QUICK),
        lambda: users.set_role(store, who, "ann", "admin", NOON),
        lambda: users.grant(store, who, "ann", "acme", NOON),
        lambda: users.revoke(store, who, "ann", "acme", NOON),
        lambda: users.set_money(store, who, "ann", True, NOON),
        lambda: users.set_email(store, who, "ann", "a@example.com", NOON),
        lambda: users.set_active(store, who, "ann", False, NOON),
        lambda: users.set_password(store, who, "ann", "another horse", NOON, rounds=QUICK),
        lambda: users.list_users(store, who),
        lambda: erase.erase_user(store, who, "ann", NOON),
        lambda: invitations.make(store, who, "ann", "reset", NOON),
    ):
        with pytest.raises(AccessDenied):
            attempt()
    assert users.list_users(store, OPERATOR) == (ann,)


def as_principal(user: user_rows.User) -> Principal:
    return Principal(user.username, user.role, user_id=user.user_id)


def test_an_admin_takes_nothing_from_himself_nor_from_the_last_other_admin(store: Store) -> None:
    boss = as_principal(given_user(store, "boss", "admin"))
    for attempt in (
        lambda who: users.set_role(store, who, "boss", "client", NOON),
        lambda who: users.set_active(store, who, "boss", False, NOON),
        lambda who: erase.erase_user(store, who, "boss", NOON),
    ):
        with pytest.raises(UsageError, match="yourself"):
            attempt(boss)
        with pytest.raises(UsageError, match="last admin"):
            attempt(Principal("elsewhere", "admin"))
    assert auth_login.principal_of(store, boss.user_id or 0) == boss


def test_an_admin_who_is_none_any_more_changes_nothing_with_a_page_that_is_still_open(store: Store) -> None:
    boss, other = as_principal(given_user(store, "boss", "admin")), given_user(store, "other", "admin")
    users.set_role(store, OPERATOR, "boss", "analyst", NOON)
    with pytest.raises(AccessDenied):
        users.set_role(store, boss, "other", "client", NOON)
    assert auth_login.principal_of(store, other.user_id) == as_principal(other)


def test_of_two_admins_who_demote_each_other_at_once_one_stays(store: Store) -> None:
    one, two = (as_principal(given_user(store, name, "admin")) for name in ("one", "two"))
    said: list[type[Exception] | None] = []

    def demote(who: Principal, whom: str) -> None:
        try:
            users.set_role(store, who, whom, "analyst", NOON)
            said.append(None)
        except PerfdashError as error:
            said.append(type(error))

    threads = [threading.Thread(target=demote, args=pair) for pair in ((one, "two"), (two, "one"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(said, key=str) == [AccessDenied, None]
    assert [user.role for user in users.list_users(store, OPERATOR)].count("admin") == 1


def test_the_demo_s_own_users_are_changed_by_nobody_in_the_app(store: Store) -> None:
    boss = as_principal(given_user(store, "boss", "admin", demo=True))
    user = given_user(store, "client", "client", demo=True)
    for attempt in (
        lambda: users.set_money(store, boss, "client", False, NOON),
        lambda: users.set_active(store, boss, "client", False, NOON),
        lambda: users.set_own_password(store, boss, "another horse", NOON, but="", rounds=QUICK),
        lambda: invitations.make(store, boss, "client", "reset", NOON),
    ):
        with pytest.raises(UsageError, match="stay as they are"):
            attempt()
    assert user in users.list_users(store, OPERATOR)


def test_a_user_without_a_password_signs_in_with_none_at_all(store: Store) -> None:
    user = users.add_user(store, OPERATOR, "ann", None, "analyst", NOON, email=" Ann@Example.COM ")
    assert (user.has_password, user.email) == (False, "ann@example.com")
    for password in ("", PASSWORD, "\0"):
        assert signs_in(store, "ann", password) is None


@pytest.mark.parametrize(
    "email", ["ann", "ann@", "@example.com", "a b@example.com", "ann@example", "a@b@c.de", "x" * 250 + "@a.de"]
)
def test_what_is_no_address_is_refused(store: Store, email: str) -> None:
    with pytest.raises(UsageError, match="no e-mail address"):
        given_user(store, email=email)


def test_an_address_belongs_to_one_user(store: Store) -> None:
    given_user(store, "ann", email="team@example.com")
    given_user(store, "bob")
    with pytest.raises(UsageError, match="Another user has"):
        given_user(store, "eve", email="TEAM@example.com")
    with pytest.raises(UsageError, match="Another user has"):
        users.set_email(store, OPERATOR, "bob", "team@example.com", NOON)


@pytest.mark.parametrize("name", ["operator", "Unknown", "erased-7"])
def test_names_that_the_audit_gives_to_others_are_taken(store: Store, name: str) -> None:
    with pytest.raises(UsageError, match="reserved"):
        given_user(store, name)
