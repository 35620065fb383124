"""Forgetting a person. Personal data stands in `users` and `creators`; what else names a user is rewritten here.

What a person did stays, under a number: who looks at an old correction still sees that one person made both of them.
Each ends with the files being written anew: a row that was deleted can be read in them until then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, insert, select, update

from perfdash.domain.access import Principal
from perfdash.domain.errors import UsageError
from perfdash.domain.saved_views import SavedView
from perfdash.store.audit import OF_CLIENTS, OF_GRANTS, OF_USERS, write_line
from perfdash.store.auth.session_rows import end_of_user, end_where
from perfdash.store.auth.user_rows import for_change, forget_failures, require_admin
from perfdash.store.engine import Store
from perfdash.store.maintenance.traces import wipe
from perfdash.store.schema import (
    ERASED_NAME,
    accounts,
    audit,
    corrections,
    creators,
    grants,
    invitations,
    links,
    metadata,
    quarantine,
    receipts,
    revisions,
    runs,
    saved_views,
    sessions,
    users,
)
from perfdash.store.scope import in_scope

BLANKED = "(erased with a creator's name)"


@dataclass(frozen=True, slots=True)
class Erased:
    """Whether a creator had a name, and how many refused rows quoted it: they lost what the source had sent."""

    had_name: bool
    quoting: int


def erase_user(store: Store, principal: Principal, username: str, now: datetime) -> str:
    """Erase a user's name, address and password everywhere; what he is called from now on (`erased-7`).

    In one transaction with the end of his sessions and one audit line. There is no way back but adding a new user.
    """
    with store.writing() as connection:
        row = for_change(connection, principal, username, shuts_out=True)
        if row.erased_at is not None:
            raise UsageError(f"{row.username!r} was erased already.")
        erased = f"erased-{row.user_id}"
        end_of_user(connection, row.user_id, now, "erased")
        forget_failures(connection, row.username)
        connection.execute(update(sessions).where(sessions.c.user_id == row.user_id).values(token_hash=None))
        for table in (invitations, grants, saved_views):
            connection.execute(delete(table).where(table.c.user_id == row.user_id))
        blank = {"name": "", "email": None, "password_hash": "", "active": False, "erased_at": now}
        connection.execute(update(users).where(users.c.user_id == row.user_id).values(username=erased, **blank))
        for table, column, which in _named_in():
            these = (column == row.username) if which is None else (column == row.username) & which
            connection.execute(update(table).where(these).values({column.name: erased}))
        write_line(
            connection, principal.name if principal.name != row.username else erased, "users erase", erased, "", now
        )
    wipe(store)
    return erased


def erase_creator(store: Store, principal: Principal, client: str, account: int, creator: str, now: datetime) -> Erased:
    """Forget a creator's name for good: a later answer of the source does not bring it back. The ids stay.

    `account` is the account's number at the client. AccessDenied for everyone but operators and admins, UsageError for
    an unknown account.
    """
    require_admin(principal)
    of_account = accounts.c.client_id == client, accounts.c.account_id == account
    key = creators.c.client_id == client, creators.c.account_id == account, creators.c.creator_id == creator
    with store.writing() as connection:
        if connection.execute(select(accounts.c.account_id).where(*of_account)).first() is None:
            raise UsageError(f"The client {client!r} has no account number {account}.")
        name = connection.execute(select(creators.c.name).where(*key)).scalar_one_or_none()
        connection.execute(delete(creators).where(*key))
        values = {"client_id": client, "account_id": account, "creator_id": creator, "name": ERASED_NAME}
        connection.execute(insert(creators).values(**values))
        quoting = _blank_quotes(connection, principal, client, name) if name else 0
        write_line(connection, principal.name, "creators erase", client, f"account {account}, creator {creator}", now)
    wipe(store)
    return Erased(bool(name), quoting)


def _blank_quotes(connection: Connection, principal: Principal, client: str, name: str) -> int:
    """Refused rows as the source sent them may quote the name, as text or as JSON writes it."""
    q = quarantine.c
    written = {name, json.dumps(name)[1:-1], json.dumps(name, ensure_ascii=False)[1:-1]}
    rows = connection.execute(
        select(q.run_id, q.ordinal, q.payload).where(q.client_id == client, in_scope(principal, q.client_id))
    ).all()
    found = [row for row in rows if any(form in row.payload for form in written)]
    for row in found:
        this = (q.client_id == client) & (q.run_id == row.run_id) & (q.ordinal == row.ordinal)
        connection.execute(update(quarantine).where(this).values(payload=BLANKED))
    return len(found)


def _named_in() -> tuple[tuple[Table, Column[Any], ColumnElement[bool] | None], ...]:
    """Every column that holds the name of who did something, and in which rows it does."""
    return (
        (revisions, revisions.c.author, None),
        (runs, runs.c.author, None),
        (receipts, receipts.c.author, None),
        (corrections, corrections.c.author, None),
        (corrections, corrections.c.ended_by, None),
        (links, links.c.author, None),
        (links, links.c.revoked_by, None),
        (audit, audit.c.actor, None),
        (audit, audit.c.subject, audit.c.action.in_(OF_USERS)),
    )


def purge_client(store: Store, principal: Principal, client: str, now: datetime) -> int:
    """Delete every row of `client` from every table, in one transaction; the number of rows. Operators and admins."""
    principal.require_may("purge")
    rows = 0
    with store.writing() as connection:
        of_client = select(links.c.link_id).where(links.c.client_id == client)
        end_where(connection, sessions.c.link_id.in_(of_client), now, "client purged")
        # The checksum of a file that held its rows could still confirm what somebody guesses of them.
        shared = select(receipts.c.receipt_id).where(receipts.c.client_id == client)
        connection.execute(update(receipts).where(receipts.c.receipt_id.in_(shared)).values(sha256=""))
        for table in reversed(metadata.sorted_tables):
            if "client_id" in table.c:
                rows += connection.execute(delete(table).where(table.c.client_id == client)).rowcount
        rows += _forget_views(connection, client)
        # They quote its campaigns, values and links: the one line below is what stays of a client. A user may bear the
        # same name, so the action tells what a line is about.
        told = audit.c.action.in_(OF_CLIENTS) & (audit.c.subject == client)
        told |= audit.c.action.in_(OF_GRANTS) & (audit.c.detail == client)
        rows += connection.execute(delete(audit).where(told)).rowcount
        write_line(connection, principal.name, "clients purge", client, f"{rows} rows", now)
    wipe(store)
    return rows


def _forget_views(connection: Connection, client: str) -> int:
    """Saved views whose address names the client; the number of them."""
    v = saved_views.c
    near = select(v.user_id, v.name, v.page, v.query, v.saved_at).where(v.query.contains(client, autoescape=True))
    found = [row for row in connection.execute(near) if SavedView(*row[1:]).names(client)]
    for row in found:
        connection.execute(delete(saved_views).where(v.user_id == row.user_id, v.name == row.name))
    return len(found)
