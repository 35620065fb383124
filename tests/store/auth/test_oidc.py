"""A provider's identity opens one session of the active user who owns its address, and no other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from perfdash.domain.access import OPERATOR
from perfdash.domain.oidc import FRESH, SKEW, Identity, RefusedIdentity
from perfdash.domain.security import Security
from perfdash.store import audit, schema
from perfdash.store.auth import oidc as identities
from perfdash.store.auth import sessions, users
from perfdash.store.auth.oidc import KEPT
from perfdash.store.auth.session_rows import Session
from perfdash.store.engine import Store
from tests.store.builders import NOON

pytestmark = pytest.mark.any_dialect

SECURITY = Security()


def given_user(store: Store, name: str = "ada", email: str | None = "ada@example.com", **values: object) -> int:
    """A user with that address, whatever else is set."""
    user = users.add_user(store, OPERATOR, name, "correct horse", "analyst", NOON, rounds=4)
    with store.writing() as connection:
        connection.execute(
            update(schema.users).where(schema.users.c.user_id == user.user_id).values(email=email, **values)
        )
    return user.user_id


def identity(mark: str = "m1", email: str = "ada@example.com") -> Identity:
    return Identity("clerk", email, mark)


def why(found: Session | RefusedIdentity) -> str:
    return found.why if isinstance(found, RefusedIdentity) else "let in"


def lines(store: Store) -> list[tuple[str, str, str, str]]:
    """The audit about signing in, oldest first."""
    found = [line for line in audit.entries(store, OPERATOR) if line.action.startswith("sign in")]
    return [(line.actor, line.action, line.subject, line.detail) for line in reversed(found)]


def test_it_opens_an_ordinary_session_and_says_so(store: Store) -> None:
    user_id = given_user(store)
    session = identities.begin(store, identity(), NOON, SECURITY)
    assert isinstance(session, Session)
    assert (session.user_id, session.kind, session.expires_at) == (user_id, "oidc", NOON + SECURITY.lifetime)
    assert sessions.by_id(store, session.session_id, NOON, idle=SECURITY.idle) == session
    assert lines(store) == [("ada", "sign in", "ada", "oidc: clerk")]


def test_it_is_spent_from_then_on(store: Store) -> None:
    given_user(store)
    first = identities.begin(store, identity(), NOON, SECURITY)
    assert isinstance(first, Session)
    sessions.end(store, first.session_id, NOON)
    assert why(identities.begin(store, identity(), NOON + timedelta(minutes=4), SECURITY)) == "over"
    assert why(identities.begin(store, identity("m2"), NOON, SECURITY)) == "let in"


def test_of_many_who_come_with_one_identity_at_once_one_gets_in(store: Store) -> None:
    given_user(store)
    with ThreadPoolExecutor(8) as pool:
        found = [*pool.map(lambda _: why(identities.begin(store, identity(), NOON, SECURITY)), range(16))]
    assert sorted(found) == ["let in", *["over"] * 15]
    assert len(lines(store)) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [({}, "let in"), ({"active": False}, "deactivated"), ({"demo": True}, "unknown"), ({"erased_at": NOON}, "unknown")],
)
def test_only_active_users_of_this_installation_get_in(store: Store, values: dict[str, object], expected: str) -> None:
    given_user(store, **values)
    assert why(identities.begin(store, identity(), NOON, SECURITY)) == expected


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@example.com", "ada@example.com ", "", "%", "' or 1=1 --"])
def test_an_address_that_no_user_has_opens_nothing(store: Store, email: str) -> None:
    given_user(store)
    given_user(store, "bob", None)
    assert why(identities.begin(store, identity(email=email), NOON, SECURITY)) == "unknown"


def test_a_refusal_leaves_one_line_without_the_address_however_often_it_comes(store: Store) -> None:
    given_user(store, active=False)
    for _ in range(3):
        identities.begin(store, identity(), NOON, SECURITY)
        identities.begin(store, identity("m2", "stranger@example.com"), NOON, SECURITY)
        identities.note_refused(store, RefusedIdentity("unverified", "clerk", "x@example.com", "m3"), NOON)
    assert lines(store) == [
        ("ada", "sign in failed", "ada", "oidc: clerk, deactivated"),
        ("", "sign in failed", "", "oidc: clerk, unknown"),
        ("", "sign in failed", "", "oidc: clerk, unverified"),
    ]
    assert "@" not in repr(audit.entries(store, OPERATOR))


def test_an_identity_that_was_refused_opens_nothing_later(store: Store) -> None:
    assert why(identities.begin(store, identity(), NOON, SECURITY)) == "unknown"
    given_user(store)
    assert why(identities.begin(store, identity(), NOON, SECURITY)) == "over"


def test_spent_identities_are_forgotten_once_they_are_too_old_to_be_used(store: Store) -> None:
    assert KEPT > FRESH + SKEW
    given_user(store)
    identities.begin(store, identity(), NOON, SECURITY)
    identities.begin(store, identity("m2"), NOON + KEPT + timedelta(seconds=1), SECURITY)
    with store.reading() as connection:
        kept = connection.execute(select(schema.spent_identities.c.identity_hash)).scalars().all()
    assert kept == ["m2"]


def test_when_the_session_cannot_be_written_the_identity_is_not_spent(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_user(store)

    def broken(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(identities, "write_line", broken)
        identities.begin(store, identity(), NOON, SECURITY)
    assert why(identities.begin(store, identity(), NOON, SECURITY)) == "let in"
