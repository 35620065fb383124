"""Receipts of exports: who took out what, when, from which revisions, with which totals."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import insert, literal, select

from perfdash.access import Principal
from perfdash.errors import AccessDenied, UsageError
from perfdash.store.engine import Store
from perfdash.store.schema import clients, receipts
from perfdash.store.scope import in_scope, narrowed

Totals = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """What one export holds of one client: rows, exact totals as (column, decimal text), and the revision it shows.

    `revision` is that of the stamp under which the data was read; None takes the client's last one.
    """

    client: str
    rows: int
    totals: Totals = ()
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One client's part of an export. `sha256` is of the canonical rows of the whole file. `at` is aware UTC.

    `totals` are () for a principal without money.
    """

    receipt: str
    client: str
    at: datetime
    author: str
    view: str
    filters: str
    revision: int
    rows: int
    sha256: str
    totals: Totals


def new_receipt() -> str:
    """A random id of 32 characters."""
    return uuid4().hex


def write(
    store: Store,
    principal: Principal,
    *,
    view: str,
    filters: str,
    parts: Sequence[Exported],
    sha256: str,
    now: datetime,
    new_id: Callable[[], str] = new_receipt,
) -> str:
    """Store one row per client in view, also for those without rows; returns the receipt's id.

    Raises AccessDenied, writing nothing, when a part is about a client that the principal may not see.
    """
    principal.require(*(part.client for part in parts))
    if not parts:
        raise UsageError("There is nothing to export: no client is in view.")
    receipt = new_id()
    names = [part.client for part in parts]
    with store.writing() as connection:
        revisions = select(clients.c.client_id, clients.c.revision)
        known = revisions.where(narrowed(principal, clients.c.client_id, names))
        last = dict(connection.execute(known).all())
        for name in names:
            if name not in last:
                raise AccessDenied(f"There is no client {name!r} here.")
        common = {"receipt_id": receipt, "at": now, "author": principal.name, "view": view, "filters": filters}
        rows = [
            common
            | {
                "client_id": part.client,
                "revision": last[part.client] if part.revision is None else part.revision,
                "totals": json.dumps(part.totals, ensure_ascii=False),
                "rows": part.rows,
                "sha256": sha256,
            }
            for part in parts
        ]
        connection.execute(insert(receipts), rows)
    return receipt


def list(store: Store, principal: Principal, limit: int = 100) -> tuple[Receipt, ...]:
    """The newest receipts in scope, newest first, at most `limit` clients' parts."""
    r = receipts.c
    totals = r.totals if principal.money else literal("[]")
    statement = (
        select(r.receipt_id, r.client_id, r.at, r.author, r.view, r.filters, r.revision, r.rows, r.sha256, totals)
        .where(in_scope(principal, r.client_id))
        .order_by(r.at.desc(), r.receipt_id, r.client_id)
        .limit(limit)
    )
    with store.reading() as connection:
        found = connection.execute(statement)
        return tuple(Receipt(*row[:9], tuple((name, total) for name, total in json.loads(row[9]))) for row in found)
