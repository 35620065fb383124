"""What the ledger holds of one account before a run: the left side of `changes.decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from perfdash.accounts import Account, Days
from perfdash.changes import Version
from perfdash.payload import CampaignAttributes, FactKey, FactValues
from perfdash.store.engine import Store
from perfdash.store.leases import of
from perfdash.store.schema import VALUES, campaigns, creators, fact_history, facts


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds for one account's days and platforms: the left side of `changes.decide`."""

    current: Mapping[FactKey, Version]
    gone: frozenset[FactKey]
    attributes: Mapping[str, CampaignAttributes]
    creators: Mapping[str, str]


def known(store: Store, account: Account, days: Days) -> Known:
    """Everything current and everything vanished in the account's `days` and asked platforms."""
    with store.reading() as connection:
        return Known(
            current=_current(connection, account, days),
            gone=_gone(connection, account, days),
            attributes=_attributes(connection, account),
            creators=dict(
                connection.execute(
                    select(creators.c.creator_id, creators.c.name).where(*of(creators, account))
                ).all()
            ),
        )  # fmt: skip


def _asked(table: Any, account: Account, days: Days) -> list[Any]:
    conditions = [*of(table, account), table.c.day.between(days.start, days.end)]
    if account.platforms:
        conditions.append(table.c.platform.in_(account.platforms))
    return conditions


def _current(connection: Connection, account: Account, days: Days) -> dict[FactKey, Version]:
    columns = [facts.c[name] for name in ("day", "campaign_id", "platform", "creator_id", "from_rev", *VALUES)]
    found = {}
    for row in connection.execute(select(*columns).where(*_asked(facts, account, days))):
        found[FactKey(*row[:4])] = Version(_values(row[5:]), row[4])
    return found


def _values(row: Any) -> FactValues:
    # In the order of VALUES; positional, because a weekly sweep builds one of these for every fact it compares.
    currency, impressions, clicks, cost, reach, views, engagements, conversions, revenue, cpm, roi, flags = row
    return FactValues(
        impressions,
        clicks,
        cost,
        reach,
        views,
        engagements,
        conversions,
        revenue,
        None if cpm is None else Decimal(cpm),
        None if roi is None else Decimal(roi),
        currency,
        tuple(flags.split(",")) if flags else (),
    )


def _gone(connection: Connection, account: Account, days: Days) -> frozenset[FactKey]:
    t = fact_history.c
    rows = connection.execute(
        select(t.day, t.campaign_id, t.platform, t.creator_id)
        .where(*_asked(fact_history, account, days), t.vanished)
        .distinct()
    )
    return frozenset(FactKey(*row) for row in rows)


def _attributes(connection: Connection, account: Account) -> dict[str, CampaignAttributes]:
    c = campaigns.c
    rows = connection.execute(
        select(c.campaign_id, c.name, c.budget, c.flight_start, c.flight_end, c.status).where(
            *of(campaigns, account), c.to_rev.is_(None)
        )
    )
    return {row[0]: CampaignAttributes(*row) for row in rows}
