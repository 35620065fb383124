"""What user rows mean, and who may change them: the parts that several changes of the store share."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, delete, insert, select, update

from perfdash.domain import emails
from perfdash.domain.access import REFUSALS, USER_ROLES, Principal, UserRole, allows, roles_that_may
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.store import schema
from perfdash.store.audit import write_line
from perfdash.store.auth.keyed import keyed
from perfdash.store.auth.session_rows import end_of_user
from perfdash.store.engine import Store
from perfdash.store.scope import in_scope

RESERVED = frozenset({"operator", "unknown"})
"""Names that the audit and the runs give to others than users."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
ERASED = re.compile(r"erased-[0-9]+")


@dataclass(frozen=True, slots=True)
class User:
    """One account as an operator sees it; `clients` are the granted slugs, sorted. The password's hash is not in it."""

    user_id: int
    username: str
    name: str
    role: UserRole
    clients: tuple[str, ...]
    money: bool
    active: bool
    demo: bool
    created_at: datetime
    email: str | None = None
    has_password: bool = True

    @property
    def sees_all(self) -> bool:
        """True when every client is in scope whatever was granted."""
        return allows(self.role, "every client")


def canonical(username: str) -> str:
    """The one spelling of a user name: NFKC, lower case, without surrounding blanks."""
    return unicodedata.normalize("NFKC", username).strip().lower()


def is_name(canonical_name: str) -> bool:
    """True for what a user can be called; a database may even refuse to be asked for anything else."""
    return _NAME.fullmatch(canonical_name) is not None


def usable_name(username: str) -> str:
    """The canonical name of a new user, or UsageError."""
    username = canonical(username)
    if not is_name(username):
        raise UsageError(
            f"The user name {username!r} cannot be used; expected 1 to 100 of a-z, 0-9, '.', '_', '@', '+' and '-', "
            "starting with a letter or digit."
        )
    if username in RESERVED or ERASED.fullmatch(username):
        raise UsageError(f"The user name {username!r} is reserved; choose another.")
    return username


def usable_email(email: str | None) -> str | None:
    """The one spelling of an address, None for none; UsageError for what is none."""
    if not (email or "").strip():
        return None
    address = emails.spelled(email or "")
    if address is None:
        raise UsageError("That is no e-mail address; expected one such as ada@example.com.")
    return address


def usable_role(role: str) -> UserRole:
    """The role, or UsageError that names those there are."""
    for known_role in USER_ROLES:
        if known_role == role:
            return known_role
    raise UsageError(f"There is no role {role!r}; expected one of {', '.join(USER_ROLES)}.")


def row_of(connection: Connection, username: str) -> Row[Any] | None:
    """The user's row, held against other writers until the transaction ends."""
    statement = select(schema.users).where(schema.users.c.username == canonical(username))
    return connection.execute(statement.with_for_update()).first() if is_name(canonical(username)) else None


def known(connection: Connection, username: str) -> Row[Any]:
    """`row_of`, or UsageError."""
    row = row_of(connection, username)
    if row is None:
        raise UsageError(f"There is no user {username!r}; `python -m perfdash users list` shows them.")
    return row


def user_of(connection: Connection, row: Row[Any]) -> User:
    """A row of `users` as a value."""
    return User(
        row.user_id,
        row.username,
        row.name,
        cast(UserRole, row.role),
        granted(connection, row.user_id),
        row.money,
        row.active,
        row.demo,
        row.created_at,
        row.email,
        bool(row.password_hash),
    )


def granted(connection: Connection, user_id: int) -> tuple[str, ...]:
    """The slugs that a user was granted, sorted."""
    grants = schema.grants.c
    statement = select(grants.client_id).where(grants.user_id == user_id).order_by(grants.client_id)
    return tuple(connection.execute(statement).scalars())


def grant_row(connection: Connection, user_id: int, client: str) -> bool:
    """Add a grant; False when it was there. UsageError for an unknown client."""
    clients, grants = schema.clients.c, schema.grants.c
    if connection.execute(select(clients.client_id).where(clients.client_id == client)).first() is None:
        raise UsageError(f"There is no client {client!r}; `python -m perfdash clients list` shows them.")
    there = select(grants.user_id).where(grants.client_id == client, grants.user_id == user_id)
    if connection.execute(there).first() is not None:
        return False
    connection.execute(insert(schema.grants).values(client_id=client, user_id=user_id))
    return True


def names_near(store: Store, principal: Principal) -> tuple[str, ...]:
    """The clients that `principal` knows of: words that anybody would try as a password here.

    Only those: a password that is refused must not tell a client's user who else is a client.
    """
    clients = schema.clients.c.client_id
    with store.reading() as connection:
        return tuple(connection.execute(select(clients).where(in_scope(principal, clients))).scalars())


def replace_password(
    connection: Connection, row: Row[Any], password_hash: str, actor: str, now: datetime, *, but: str | None = None
) -> None:
    """A new hash inside a change: sessions end, and links that would set another one are void."""
    users = schema.users
    connection.execute(update(users).where(users.c.user_id == row.user_id).values(password_hash=password_hash))
    void_invitations(connection, row.user_id, now)
    forget_failures(connection, row.username)
    end_of_user(connection, row.user_id, now, "password", but=but)
    write_line(connection, actor, "users password", row.username, "", now)


def forget_failures(connection: Connection, username: str) -> None:
    """Guesses at an earlier password say nothing of the one that holds from now on."""
    of_account = schema.guesses.c.account_key == keyed(connection, "account", canonical(username))
    connection.execute(delete(schema.guesses).where(of_account))


def void_invitations(connection: Connection, user_id: int, now: datetime) -> None:
    """No link that was made for the user so far sets a password any more."""
    t = schema.invitations.c
    waiting = (t.user_id == user_id) & t.used_at.is_(None)
    connection.execute(update(schema.invitations).where(waiting).values(used_at=now))


def require_admin(principal: Principal) -> None:
    """AccessDenied for everyone but operators and admins."""
    principal.require_may("users")


def for_change(connection: Connection, principal: Principal, username: str, *, shuts_out: bool = False) -> Row[Any]:
    """The row of the user whom `principal` is about to change; AccessDenied or UsageError when that may not be.

    `shuts_out`: the change takes the user's way in, or the role. In the app nobody does that to himself, nor to the
    last admin: two admins who do it to each other at once wait here, and the second one is no admin any more.
    """
    require_admin(principal)
    unbound = principal.may("any user")
    admins = () if unbound else _admins(connection)
    if principal.user_id is not None and principal.user_id not in admins:
        raise AccessDenied(REFUSALS["users"])
    row = known(connection, username)
    if unbound:
        return row
    if row.demo:
        raise UsageError("The demo's own users stay as they are; add a user of your own to try this.")
    if shuts_out and row.user_id == principal.user_id:
        raise UsageError("You cannot take this from yourself; ask another admin.")
    if shuts_out and set(admins) == {row.user_id}:
        raise UsageError(f"{row.username!r} is the last admin here; make another one first.")
    return row


def _admins(connection: Connection) -> tuple[int, ...]:
    users = schema.users.c
    statement = select(users.user_id).where(users.role.in_(roles_that_may("users")), users.active.is_(True))
    return tuple(connection.execute(statement.order_by(users.user_id).with_for_update()).scalars())
