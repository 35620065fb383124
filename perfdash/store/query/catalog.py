"""The clients and accounts the store knows: taken over from the configuration at each start, read by everyone else."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text, update

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Client
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.query.versions import cutoffs, with_facts
from perfdash.store.scope import in_scope, narrowed
from perfdash.store.types import platforms_of

REGISTER_LOCK = 723_114_002
"""Any number of our own: the app and its sync process start at once, and PostgreSQL lets both write."""


def clients(store: Store, principal: Principal) -> tuple[Client, ...]:
    """Every client in scope, by slug."""
    t = schema.clients.c
    statement = (
        select(t.client_id, t.name, t.currency, t.time_zone)
        .where(in_scope(principal, t.client_id))
        .order_by(t.client_id)
    )
    with store.reading() as connection:
        return tuple(Client(*row) for row in connection.execute(statement))


def accounts(
    store: Store, principal: Principal, clients: Collection[str] = (), *, inactive: bool = False
) -> tuple[Account, ...]:
    """The accounts in scope, by client and number; with `inactive` also those that are no longer configured."""
    with store.reading() as connection:
        return accounts_in_view(connection, principal, clients, inactive=inactive)


def accounts_in_view(
    connection: Connection, principal: Principal, clients: Collection[str] = (), *, inactive: bool = False
) -> tuple[Account, ...]:
    """`accounts` inside a read that is already open."""
    t = schema.accounts.c
    statement = select(schema.accounts).where(narrowed(principal, t.client_id, clients))
    if not inactive:
        statement = statement.where(t.active)
    if principal.lock is not None:
        cut = cutoffs(connection, principal, clients, None)
        statement = statement.where(with_facts(principal, clients, cut, t.client_id, t.account_id))
    return tuple(account_of(row) for row in connection.execute(statement.order_by(t.client_id, t.account_id)))


def account_of(row: Any) -> Account:
    """A row that carries all columns of `accounts` as a value."""
    return Account(
        client=row.client_id,
        source=row.source,
        external_id=row.external_id,
        currency=row.currency,
        time_zone=row.time_zone,
        settlement_days=row.settlement_days,
        history_days=row.history_days,
        platforms=platforms_of(row.platforms),
        number=row.account_id,
        retention_days=row.retention_days,
        refuse_at_most=row.refuse_at_most,
        files_only=row.files_only,
    )


def register(store: Store, clients: Iterable[Client], accounts: Iterable[Account], now: datetime) -> None:
    """Make the store's clients and accounts those of the configuration; writes nothing when they are already.

    Accounts get the next number of their client (1, 2, ...) and keep it for good. An account that is no longer
    configured becomes inactive: its numbers stay, it is not synced and not missed.
    """
    wanted = tuple(clients), tuple(accounts)
    with store.reading() as connection:
        if not _changes(connection, *wanted):
            return
    with store.writing() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": REGISTER_LOCK})
        for statement in _changes(connection, *wanted, now=now):
            connection.execute(statement)


def _changes(
    connection: Connection, wanted: tuple[Client, ...], bindings: tuple[Account, ...], now: datetime | None = None
) -> list[Any]:
    """The statements that bring the catalog up to date; read again under the write lock, so that two starts agree."""
    return [*_client_changes(connection, wanted, now), *_account_changes(connection, bindings)]


def _client_changes(connection: Connection, wanted: tuple[Client, ...], now: datetime | None) -> list[Any]:
    t = schema.clients
    known = {row.client_id: row for row in connection.execute(select(t))}
    changes: list[Any] = []
    for client in wanted:
        row = known.get(client.slug)
        content = {"name": client.name, "currency": client.currency, "time_zone": client.time_zone}
        if row is None:
            changes.append(insert(t).values(client_id=client.slug, created_at=now, **content))
        elif any(getattr(row, name) != wish for name, wish in content.items()):
            changes.append(update(t).where(t.c.client_id == client.slug).values(**content))
    return changes


def _account_changes(connection: Connection, wanted: tuple[Account, ...]) -> list[Any]:
    t = schema.accounts
    known = {
        (row.client_id, row.source, row.external_id): row
        for row in connection.execute(select(t).order_by(t.c.client_id, t.c.account_id))
    }
    last = {row.client_id: row.account_id for row in known.values()}
    changes: list[Any] = []
    for account in wanted:
        row = known.pop((account.client, account.source, account.external_id), None)
        content = _content(account)
        if row is None:
            last[account.client] = last.get(account.client, 0) + 1
            key = {"client_id": account.client, "account_id": last[account.client]}
            changes.append(insert(t).values(**key, source=account.source, external_id=account.external_id, **content))
        elif any(getattr(row, name) != wish for name, wish in content.items()):
            changes.append(_at(row).values(**content))
    changes += [_at(row).values(active=False) for row in known.values() if row.active]
    return changes


def _content(account: Account) -> dict[str, Any]:
    return {
        "currency": account.currency,
        "time_zone": account.time_zone,
        "settlement_days": account.settlement_days,
        "history_days": account.history_days,
        "platforms": ",".join(account.platforms),
        "retention_days": account.retention_days,
        "refuse_at_most": account.refuse_at_most,
        "files_only": account.files_only,
        "active": True,
    }


def _at(row: Any) -> Any:
    t = schema.accounts
    return update(t).where(t.c.client_id == row.client_id, t.c.account_id == row.account_id)
