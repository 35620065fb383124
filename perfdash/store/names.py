"""What campaigns are called: the names of now, for lists that speak of many moments."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from perfdash.access import Principal
from perfdash.store.engine import Store
from perfdash.store.schema import campaigns
from perfdash.store.scope import narrowed


def campaign_names(
    store: Store, principal: Principal, clients: Collection[str] = ()
) -> dict[tuple[str, int, str], str]:
    """(client, account number, campaign id) -> its current name, of the campaigns that have one."""
    principal.require_account()
    t = campaigns.c
    statement = select(t.client_id, t.account_id, t.campaign_id, t.name).where(
        narrowed(principal, t.client_id, clients), t.to_rev.is_(None), t.name.is_not(None)
    )
    with store.reading() as connection:
        return {(row[0], row[1], row[2]): row[3] for row in connection.execute(statement)}
