"""Deleting one client everywhere, leaving one audit line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from perfdash.access import Principal
from perfdash.store.audit import OF_CLIENTS, OF_GRANTS, note
from perfdash.store.engine import Store
from perfdash.store.schema import audit, links, metadata, sessions
from perfdash.store.session_rows import end_where


def purge_client(store: Store, principal: Principal, client: str, now: datetime) -> int:
    """Delete every row of `client` from every table, in one transaction; the number of rows. Operators and admins."""
    principal.require_may("purge")
    rows = 0
    with store.writing() as connection:
        of_client = select(links.c.link_id).where(links.c.client_id == client)
        end_where(connection, sessions.c.link_id.in_(of_client), now, "client purged")
        for table in reversed(metadata.sorted_tables):
            if "client_id" in table.c:
                rows += connection.execute(delete(table).where(table.c.client_id == client)).rowcount
        # They quote its campaigns, values and links: the one line below is what stays of a client. A user may bear the
        # same name, so the action tells what a line is about.
        told = audit.c.action.in_(OF_CLIENTS) & (audit.c.subject == client)
        told |= audit.c.action.in_(OF_GRANTS) & (audit.c.detail == client)
        rows += connection.execute(delete(audit).where(told)).rowcount
        note(connection, principal.name, "clients purge", client, f"{rows} rows", now)
    return rows
