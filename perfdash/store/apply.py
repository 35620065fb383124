"""Writing a plan: close the old versions, then write the new ones, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, update

from perfdash.accounts import Account
from perfdash.changes import Plan
from perfdash.payload import CampaignAttributes, FactKey, FactValues
from perfdash.store.leases import of
from perfdash.store.schema import FACT_KEY, VALUES, campaigns, creators, fact_history, facts


def apply_plan(connection: Connection, account: Account, plan: Plan, revision: int) -> None:
    """Close the old versions, then write the new ones."""
    gone = set(plan.vanished)
    closed = [
        _row(account, key, old.values) | {"from_rev": old.from_rev, "to_rev": revision, "vanished": key in gone}
        for key, old in plan.closed.items()
    ]
    many(connection, insert(fact_history), closed)
    at_key = and_(*(facts.c[name] == bindparam(f"k_{name}") for name in FACT_KEY))
    many(connection, delete(facts).where(at_key), [_key(account, key, "k_") for key in plan.vanished])
    changed = update(facts).where(at_key).values({n: bindparam(n) for n in ("from_rev", *VALUES)})
    many(
        connection,
        changed,
        [_key(account, k, "k_") | _reported(v) | {"from_rev": revision} for k, v in plan.restated.items()],
    )
    appeared = [*plan.new.items(), *plan.reappeared.items()]
    many(connection, insert(facts), [_row(account, k, v) | {"from_rev": revision} for k, v in appeared])
    _apply_campaigns(connection, account, plan.campaigns, revision)


def many(connection: Connection, statement: Any, rows: list[dict[str, Any]]) -> None:
    """Execute `statement` once per row, in one batch; nothing to write is nothing to do."""
    if rows:
        connection.execute(statement, rows)


def _key(account: Account, key: FactKey, prefix: str = "") -> dict[str, Any]:
    parts = (account.client, key.day, account.number, key.campaign, key.creator, key.platform)
    return {prefix + name: part for name, part in zip(FACT_KEY, parts, strict=True)}


def _reported(values: FactValues) -> dict[str, Any]:
    row = {name: getattr(values, name) for name in VALUES}
    for name in ("reported_cpm", "reported_roi"):
        row[name] = None if row[name] is None else format(row[name], "f")
    row["flags"] = ",".join(values.flags)
    return row


def _row(account: Account, key: FactKey, values: FactValues) -> dict[str, Any]:
    return _key(account, key) | _reported(values)


def _apply_campaigns(
    connection: Connection, account: Account, changed: tuple[CampaignAttributes, ...], revision: int
) -> None:
    if not changed:
        return
    current = and_(*of(campaigns, account), campaigns.c.campaign_id == bindparam("named"), campaigns.c.to_rev.is_(None))
    many(connection, update(campaigns).where(current).values(to_rev=revision), [{"named": c.campaign} for c in changed])
    rows = [
        {
            "client_id": account.client, "account_id": account.number, "campaign_id": c.campaign, "from_rev": revision,
            "name": c.name, "budget": c.budget, "flight_start": c.flight_start, "flight_end": c.flight_end,
            "status": c.status,
        }
        for c in changed
    ]  # fmt: skip
    many(connection, insert(campaigns), rows)


def store_creators(connection: Connection, account: Account, names: Mapping[str, str]) -> None:
    """Names are personal data and not versioned: the last one wins, and one DELETE forgets a person."""
    if not names:
        return
    gone = and_(*of(creators, account), creators.c.creator_id == bindparam("named"))
    many(connection, delete(creators).where(gone), [{"named": creator} for creator in names])
    rows = [
        {"client_id": account.client, "account_id": account.number, "creator_id": k, "name": n}
        for k, n in names.items()
    ]
    many(connection, insert(creators), rows)
