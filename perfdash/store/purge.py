"""Deleting one client everywhere, leaving one audit line."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete

from perfdash.access import Principal
from perfdash.errors import AccessDenied
from perfdash.store.audit import note
from perfdash.store.engine import Store
from perfdash.store.schema import audit, metadata


def purge_client(store: Store, principal: Principal, client: str, now: datetime) -> int:
    """Delete every row of `client` from every table, in one transaction; the number of rows. Operators and admins."""
    if not principal.sees_all:
        raise AccessDenied("Only an admin may delete a client.")
    rows = 0
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if "client_id" in table.c:
                rows += connection.execute(delete(table).where(table.c.client_id == client)).rowcount
        # Lines about its corrections quote its campaigns and values: the one line below is what stays of a client.
        told = audit.c.action.in_(("correct", "revert")) & (audit.c.subject == client)
        rows += connection.execute(delete(audit).where(told)).rowcount
        note(connection, principal.name, "clients purge", client, f"{rows} rows", now)
    return rows
