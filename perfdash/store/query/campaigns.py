"""Campaigns in view: their sums, their attributes as known at the moment asked about, and their whole-flight cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, Select, Table, and_, case, cast, func, select

from perfdash.domain.access import Principal
from perfdash.domain.campaigns import CampaignRef, CampaignRow, whole_budget
from perfdash.domain.facts import MICRO
from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query.catalog import accounts_in_view
from perfdash.store.query.facts import FactsView, grouped, split_sums, view
from perfdash.store.query.versions import attribute_versions, fact_versions
from perfdash.store.schema import campaigns
from perfdash.store.scope import narrowed, of_campaign

KEY = ("client_id", "account_id", "campaign_id")
Key = tuple[str, int, str]
Attributes = Mapping[Key, Row[Any]]


def campaign_rows(store: Store, question: Question) -> tuple[CampaignRow, ...]:
    """The campaigns with facts in view, one row per currency, by client, account, campaign and currency.

    With `question.only`, that campaign also without facts in view: it then has one row without any. () when there is no
    such campaign; one that the principal may not see reads like one that is not there. So does, for a client link, one
    without facts in view: what its limit or its days leave out is not to be known by name either.
    """
    with store.reading() as connection:
        return _rows(connection, view(connection, question), _empty(connection, question.principal, question.only))


def _empty(connection: Connection, principal: Principal, only: CampaignRef | None) -> tuple[Group, ...]:
    if only is None or principal.by_link:
        return ()
    return tuple(
        Group(a.currency, Sums(), client=only.client, account=only.account, campaign=only.campaign)
        for a in accounts_in_view(connection, principal, (only.client,), inactive=True)
        if a.number == only.account
    )


def _rows(connection: Connection, bound: FactsView, otherwise: tuple[Group, ...]) -> tuple[CampaignRow, ...]:
    found = grouped(connection, bound, ("client", "account", "campaign", "platform"))
    named = _attributes(connection, bound)
    if not found:
        found = tuple(g for g in otherwise if (g.client, g.account, g.campaign) in named)
    rows = _merged(found, named)
    if not bound.principal.money:
        return rows
    costs = None if bound.principal.lock else _flight_costs(connection, bound, rows)
    return _with_money(connection, bound, rows, named, costs)


def described(connection: Connection, bound: FactsView, groups: Sequence[Group]) -> tuple[CampaignRow, ...]:
    """The campaigns of `groups`, with their attributes as `bound` sees them, but without their whole-flight cost."""
    named = _attributes(connection, bound)
    rows = _merged(groups, named)
    return _with_money(connection, bound, rows, named, None) if bound.principal.money else rows


def _merged(groups: Sequence[Group], named: Attributes) -> tuple[CampaignRow, ...]:
    merged: dict[tuple[str, int, str, str], CampaignRow] = {}
    for group in groups:
        key = (group.client, group.account, group.campaign, group.currency)
        if key in merged:
            merged[key] = _with_platform(merged[key], group)
        else:
            merged[key] = _row(group, named.get(key[:3]))
    return tuple(merged[key] for key in sorted(merged))


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


def _attributes(connection: Connection, bound: FactsView) -> Attributes:
    # Money is read only for those who may see it, here as everywhere.
    names = (
        "name",
        "status",
        "flight_start",
        "flight_end",
        *(("budget", "budget_kind") if bound.principal.money else ()),
    )
    statement = attribute_versions(bound.principal, bound.question.clients, bound.cut, names)
    if bound.question.only is not None:
        statement = statement.where(campaigns.c.campaign_id == bound.question.only.campaign)
    return {(row.client_id, row.account_id, row.campaign_id): row for row in connection.execute(statement)}


def _with_money(
    connection: Connection,
    bound: FactsView,
    rows: Sequence[CampaignRow],
    named: Attributes,
    costs: Mapping[tuple[str, int, str, str], int] | None,
) -> tuple[CampaignRow, ...]:
    in_view = sorted({row.client for row in rows})
    currencies = {
        (a.client, a.number): a.currency for a in accounts_in_view(connection, bound.principal, in_view, inactive=True)
    }
    paid = []
    for row in rows:
        known = named.get((row.client, row.account, row.campaign))
        in_currency = currencies.get((row.client, row.account)) == row.currency
        budget = _whole_budget(known) if known and in_currency else None
        cost = None if costs is None else costs.get((row.client, row.account, row.campaign, row.currency), 0)
        paid.append(replace(row, budget=budget, flight_cost=cost))
    return tuple(paid)


def _whole_budget(known: Row[Any]) -> int | None:
    return whole_budget(known.budget, known.budget_kind, known.flight_start, known.flight_end)


def _flight_costs(
    connection: Connection, bound: FactsView, rows: Sequence[CampaignRow]
) -> dict[tuple[str, int, str, str], int]:
    costs: dict[tuple[str, int, str, str], int] = {}
    for currency in sorted({row.currency for row in rows}):
        same = [row for row in rows if row.currency == currency]
        for client, account, campaign, millions, rest in connection.execute(_flights(bound, same, currency)):
            costs[client, account, campaign, currency] = millions * MICRO + rest
    return costs


def _flights(bound: FactsView, rows: Sequence[CampaignRow], currency: str) -> Select[Any]:
    """Per campaign of the clients of `rows`: its cost in one currency on the days of its flight, in two parts."""
    first, last = min(r.flight_start or date.min for r in rows), max(r.flight_end or date.max for r in rows)
    clients = sorted({row.client for row in rows})

    def narrow(table: Table) -> Iterable[ColumnElement[bool]]:
        yield table.c.day.between(first, last)
        yield table.c.currency == currency
        yield from of_campaign(bound.question.only, table)

    versions = fact_versions(
        bound.principal, clients, bound.cut, ("client_id", "day", *KEY[1:], "cost"), narrow, effective=bound.effective
    )
    # First by day, in the order of the key of facts, so that SQLite adds up as it reads and sorts nothing.
    by_day = [versions.c[name] for name in ("client_id", "day", *KEY[1:])]
    millions, rest = split_sums(versions.c.cost)
    days = select(*by_day, millions.label("millions"), rest.label("rest")).group_by(*by_day).subquery("days")
    flights = attribute_versions(bound.principal, clients, bound.cut, ("flight_start", "flight_end")).subquery(
        "flights"
    )
    begun = flights.c.flight_start.is_(None) | (days.c.day >= flights.c.flight_start)
    ended = flights.c.flight_end.is_not(None) & (days.c.day > flights.c.flight_end)
    whole = (func.sum(case((begun & ~ended, part), else_=0)) for part in (days.c.millions, days.c.rest))
    keys = [days.c[name] for name in KEY]
    same = and_(*(days.c[name] == flights.c[name] for name in KEY))
    return (
        select(*keys, *(cast(part, BigInteger) for part in whole))
        .select_from(days.outerjoin(flights, same))
        .group_by(*keys)
    )


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
