"""What is left of the forgotten: bytes in the database's files, copies made before, and who comes back with one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from perfdash.domain.access import Principal
from perfdash.domain.errors import StoreError
from perfdash.store import audit, schema
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from perfdash.store.schema import ERASED_NAME, clients, creators, users

PURGED = "clients purge"
COPIED = "db copy"
SET_ASIDE = ".before-restore-"
"""In the name of a store that a restored one has replaced."""


def wipe(store: Store) -> None:
    """Take what was deleted out of the database's files too; StoreError when they could not be written anew."""
    again = "It is deleted, but its bytes are still in the database's files: run `python -m perfdash db compact`"
    try:
        done = store.rewrite()
    except StoreError as error:
        raise StoreError(f"{again} once this is mended: {error}") from error
    if not done:
        raise StoreError(f"{again} when nobody is reading a long answer.")


def note_copy(store: Store, principal: Principal, path: Path, now: datetime) -> None:
    """Write into the audit where a backup or bundle lies: it holds what is erased later."""
    principal.require_may("maintain")
    with store.writing() as connection:
        audit.write_line(connection, principal.name, COPIED, "database", str(path.resolve()), now)


def copies(store: Store, principal: Principal) -> tuple[Path, ...]:
    """The backups, bundles and replaced stores that perfdash made and that are still where it put them."""
    asked = audit.AuditFilter(actions=(COPIED,))
    made = {Path(line.detail) for line in audit.entries(store, principal, asked=asked)}
    if store.dialect == "sqlite":
        made |= set(_set_aside(Path(store.label)))
    return tuple(sorted(path for path in made if path.is_file()))


def _set_aside(path: Path) -> Iterator[Path]:
    found = path.parent.glob(f"{path.name}{SET_ASIDE}*")
    return (kept for kept in found if not kept.name.endswith(("-wal", "-shm")))


def came_back(store: Store, principal: Principal) -> tuple[str, ...]:
    """Who was erased or purged in a store that this one has replaced, and is in this one: "user ann", "client acme".

    StoreError when a replaced store cannot be read: it is damaged, or of another version.
    """
    principal.require_may("maintain")
    found: set[str] = set()
    for kept in sorted(_set_aside(Path(store.label))):
        with closing(open_store(f"sqlite:///{kept}", migrate=False)) as former:
            found |= {*_users(former, store), *_creators(former, store), *_clients(former, store)}
    return tuple(sorted(found))


def _users(former: Store, store: Store) -> Iterator[str]:
    number, u = (users.c.user_id, users.c.created_at), users.c
    with former.reading() as connection:
        erased = {tuple(row) for row in connection.execute(select(*number).where(u.erased_at.is_not(None)))}
    with store.reading() as connection:
        for user_id, created_at, name in connection.execute(select(*number, u.username).where(u.erased_at.is_(None))):
            if (user_id, created_at) in erased:
                yield f"user {name}"


def _creators(former: Store, store: Store) -> Iterator[str]:
    key = (creators.c.client_id, creators.c.account_id, creators.c.creator_id)
    with former.reading() as connection:
        erased = {tuple(row) for row in connection.execute(select(*key).where(creators.c.name == ERASED_NAME))}
    with store.reading() as connection:
        named = select(*key, creators.c.name).where(creators.c.name != ERASED_NAME)
        for *of, name in connection.execute(named):
            if tuple(of) in erased:
                yield f"creator {name} ({of[2]}) of client {of[0]}"


def _clients(former: Store, store: Store) -> Iterator[str]:
    there = select(clients.c.client_id)
    with former.reading() as connection:
        purged = set(connection.scalars(select(schema.audit.c.subject).where(schema.audit.c.action == PURGED)))
        purged -= set(connection.scalars(there))
    with store.reading() as connection:
        yield from (f"client {name}" for name in sorted(purged & set(connection.scalars(there))))
