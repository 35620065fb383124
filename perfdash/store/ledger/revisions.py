"""Taking a client's next revision, inside the transaction that it names."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, insert, select, update

from perfdash.domain.as_of import TICK
from perfdash.domain.errors import UsageError
from perfdash.store.schema import clients, revisions

Kind = Literal["run", "correction", "revert"]


def locked_if_there(connection: Connection, client: str) -> int | None:
    """The client's last revision, its row locked: what serialises writers on PostgreSQL. None without such a client."""
    last: int | None = connection.scalar(
        select(clients.c.revision).where(clients.c.client_id == client).with_for_update()
    )
    return last


def locked(connection: Connection, client: str) -> int:
    """`locked_if_there`, or UsageError."""
    last = locked_if_there(connection, client)
    if last is None:
        raise UsageError(f"There is no client {client!r} here.")
    return last


def open_revision(
    connection: Connection,
    client: str,
    revision: int,
    *,
    kind: Kind,
    author: str,
    now: datetime,
    run: int | None = None,
) -> datetime:
    """Write down that `revision` of a locked client begins; returns its instant.

    Later than every earlier one of the client, even if the clock stood still or went back.
    """
    last = connection.execute(select(func.max(revisions.c.at)).where(revisions.c.client_id == client)).scalar()
    at = now if last is None or now > last else last + TICK
    connection.execute(update(clients).where(clients.c.client_id == client).values(revision=revision))
    connection.execute(
        insert(revisions).values(client_id=client, revision=revision, kind=kind, author=author[:100], at=at, run_id=run)
    )
    return at
