"""Campaigns in view: their sums, their attributes as known at the moment asked about, and their whole-flight cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Integer, Row, String, Table, column, select, values

from perfdash.access import Principal
from perfdash.asof import AsOf
from perfdash.filters import Filters
from perfdash.metrics import Sums
from perfdash.payload import MICRO
from perfdash.store.catalog import accounts_in_view
from perfdash.store.engine import Store
from perfdash.store.groups import Group, grouped
from perfdash.store.schema import campaigns
from perfdash.store.sums import parts
from perfdash.store.versions import attribute_versions, fact_versions
from perfdash.store.view import CampaignRef, View, view

AT_ONCE = 2_000
"""Campaigns per statement: five parameters each, and SQLite takes 32,766."""

Key = tuple[str, int, str]
Attributes = Mapping[Key, Row[Any]]


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """One campaign in one currency. Money in micros; flight days inclusive; None is not known or not to be seen.

    `flight_cost` is its cost over all days of its flight (of its life, where no flight is known), whatever the filters.
    `budget` is in the account's currency, so a row in another currency has none. `platforms` are those in view.
    """

    client: str
    account: int
    campaign: str
    name: str
    status: str | None
    budget: int | None
    flight_start: date | None
    flight_end: date | None
    flight_cost: int | None
    currency: str
    platforms: tuple[str, ...]
    sums: Sums


def campaign_rows(
    store: Store, principal: Principal, filters: Filters, as_of: AsOf | None = None
) -> tuple[CampaignRow, ...]:
    """The campaigns with facts in view, one row per currency, by client, account, campaign and currency."""
    with store.reading() as connection:
        return _rows(connection, view(connection, principal, filters, as_of), ())


def campaign_row(
    store: Store,
    principal: Principal,
    client: str,
    account: int,
    campaign: str,
    filters: Filters,
    as_of: AsOf | None = None,
) -> tuple[CampaignRow, ...]:
    """One campaign: a row per currency in view, or one without facts when none is; () when there is no such campaign.

    `filters.clients` does not matter here. A campaign that the principal may not see reads like one that is not there.
    """
    only = CampaignRef(client, account, campaign)
    with store.reading() as connection:
        return _rows(connection, view(connection, principal, filters, as_of, only), _empty(connection, principal, only))


def _empty(connection: Connection, principal: Principal, only: CampaignRef) -> tuple[Group, ...]:
    return tuple(
        Group(a.currency, Sums(), client=only.client, account=only.account, campaign=only.campaign)
        for a in accounts_in_view(connection, principal, (only.client,), inactive=True)
        if a.number == only.account
    )


def _rows(connection: Connection, bound: View, otherwise: tuple[Group, ...]) -> tuple[CampaignRow, ...]:
    found = grouped(connection, bound, ("client", "account", "campaign", "platform"))
    named = _attributes(connection, bound)
    if not found:
        found = tuple(g for g in otherwise if (g.client, g.account, g.campaign) in named)
    merged: dict[tuple[str, int, str, str], CampaignRow] = {}
    for group in found:
        key = (group.client, group.account, group.campaign, group.currency)
        if key in merged:
            merged[key] = _with_platform(merged[key], group)
        else:
            merged[key] = _row(group, named.get(key[:3]))
    rows = [merged[key] for key in sorted(merged)]
    return _with_money(connection, bound, rows, named) if bound.principal.money else tuple(rows)


def _row(group: Group, known: Row[Any] | None) -> CampaignRow:
    return CampaignRow(
        client=group.client,
        account=group.account,
        campaign=group.campaign,
        name=(known.name if known else None) or group.campaign,
        status=known.status if known else None,
        budget=None,
        flight_start=known.flight_start if known else None,
        flight_end=known.flight_end if known else None,
        flight_cost=None,
        currency=group.currency,
        platforms=(group.platform,) if group.platform else (),
        sums=group.sums,
    )


def _with_platform(row: CampaignRow, group: Group) -> CampaignRow:
    return replace(row, platforms=(*row.platforms, group.platform), sums=row.sums + group.sums)


def _attributes(connection: Connection, bound: View) -> Attributes:
    # Money is read only for those who may see it, here as everywhere.
    names = ("name", "status", "flight_start", "flight_end", *(("budget",) if bound.principal.money else ()))
    statement = attribute_versions(bound.principal, bound.clients, bound.cut, names)
    if bound.only is not None:
        statement = statement.where(campaigns.c.campaign_id == bound.only.campaign)
    return {(row.client_id, row.account_id, row.campaign_id): row for row in connection.execute(statement)}


def _with_money(
    connection: Connection, bound: View, rows: Sequence[CampaignRow], named: Attributes
) -> tuple[CampaignRow, ...]:
    costs = _flight_costs(connection, bound, rows)
    in_view = sorted({row.client for row in rows})
    currencies = {
        (a.client, a.number): a.currency
        for a in accounts_in_view(connection, bound.principal, in_view, inactive=True)
    }  # fmt: skip
    paid = []
    for row in rows:
        known = named.get((row.client, row.account, row.campaign))
        in_currency = currencies.get((row.client, row.account)) == row.currency
        budget = known.budget if known and in_currency else None
        cost = costs.get((row.client, row.account, row.campaign, row.currency), 0)
        paid.append(replace(row, budget=budget, flight_cost=cost))
    return tuple(paid)


def _flight_costs(
    connection: Connection, bound: View, rows: Sequence[CampaignRow]
) -> dict[tuple[str, int, str, str], int]:
    costs: dict[tuple[str, int, str, str], int] = {}
    for start in range(0, len(rows), AT_ONCE):
        costs |= _flight_costs_of(connection, bound, rows[start : start + AT_ONCE])
    return costs


def _flight_costs_of(
    connection: Connection, bound: View, rows: Sequence[CampaignRow]
) -> dict[tuple[str, int, str, str], int]:
    flights = _flights(rows)

    def in_flight(table: Table) -> Iterable[ColumnElement[bool]]:
        # The index (client, account, campaign, day) leads to just these days of just these campaigns.
        for name in ("client_id", "account_id", "campaign_id"):
            yield table.c[name] == flights.c[name]
        yield table.c.day.between(flights.c.first, flights.c.last)

    columns = ("client_id", "account_id", "campaign_id", "currency")
    clients = sorted({row.client for row in rows})
    versions = fact_versions(bound.principal, clients, bound.cut, (*columns, "cost"), in_flight)
    keys = [versions.c[name] for name in columns]
    statement = select(*keys, *parts(versions.c.cost)).group_by(*keys)
    return {tuple(row[:4]): row[4] * MICRO + row[5] for row in connection.execute(statement)}


def _flights(rows: Sequence[CampaignRow]) -> Any:
    named = sorted(
        {
            (r.client, r.account, r.campaign, r.flight_start or date.min, r.flight_end or date.max)
            for r in rows
        }
    )  # fmt: skip
    columns = (
        column("client_id", String), column("account_id", Integer), column("campaign_id", String),
        column("first", Date), column("last", Date),
    )  # fmt: skip
    return values(*columns, name="flight").data(named).cte("flights")
