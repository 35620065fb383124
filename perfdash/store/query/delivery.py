"""How far each campaign is through its flight: what it cost up to its client's last complete day, and when it ran last.

Of a question its clients, campaign, currency and moment count, and whether corrections do. Its days only say which
flights are of interest: a budget is for a whole flight, on all platforms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    Label,
    Row,
    String,
    Subquery,
    Table,
    and_,
    case,
    cast,
    column,
    func,
    or_,
    select,
    values,
)

from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef, whole_budget
from perfdash.domain.facts import MICRO
from perfdash.domain.pacing import RECENT_DAYS, Delivery
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.store.query.catalog import accounts_in_view
from perfdash.store.query.coverage import last_complete
from perfdash.store.query.facts import FactsView, split_sums, view
from perfdash.store.query.versions import attribute_versions, fact_versions
from perfdash.store.schema import accounts, campaigns
from perfdash.store.scope import of_campaign

KEY = ("client_id", "account_id", "campaign_id")
Key = tuple[str, int, str]
Complete = Mapping[str, date]
"""Client -> its last complete day."""


def deliveries(store: Store, question: Question, now: datetime) -> tuple[Delivery, ...]:
    """One per campaign with a flight that was not over when the days in view began, or `RECENT_DAYS` before the last
    complete day, and the one asked about; by client, account and campaign, in the account's currency. () for who came
    by a client link: most of a flight lies outside of its days. Without money no column of money is read.
    """
    if question.principal.lock is not None:
        return ()
    complete = last_complete(store, question, now)
    with store.reading() as connection:
        bound = view(connection, question.filtered(max_cpm=None, platforms=()))
        flights = _flights(connection, bound, complete)
        if not flights:
            return ()
        spent = _spent(connection, bound, flights, complete)
        currencies = _currencies(connection, bound)
    money, wanted = question.principal.money, question.filters.currency
    found = []
    for row in sorted(flights, key=_key):
        currency = currencies[row.client_id, row.account_id]
        if wanted in (None, currency):
            found.append(_delivery(row, currency, spent.get(_key(row)), complete.get(row.client_id), money=money))
    return tuple(found)


def _key(row: Any) -> Key:
    return row.client_id, row.account_id, row.campaign_id


def _currencies(connection: Connection, bound: FactsView) -> dict[tuple[str, int], str]:
    known = accounts_in_view(connection, bound.principal, bound.question.clients, inactive=True)
    return {(account.client, account.number): account.currency for account in known}


def _flights(connection: Connection, bound: FactsView, complete: Complete) -> Sequence[Row[Any]]:
    """The campaigns whose flights are of interest, with what is known of them."""
    money = ("budget", "budget_kind") if bound.principal.money else ()
    c, names = campaigns.c, ("name", "status", "flight_start", "flight_end", *money)
    statement = attribute_versions(bound.principal, bound.question.clients, bound.cut, names).where(
        c.flight_start <= c.flight_end, c.flight_end >= _since(bound, complete)
    )
    if (only := bound.question.only) is not None:
        statement = statement.where(c.account_id == only.account, c.campaign_id == only.campaign)
    return connection.execute(statement).all()


def _since(bound: FactsView, complete: Complete) -> date:
    """Flights that ended before it are told by no page but the campaign's own."""
    if bound.question.only is not None:
        return date.min
    first = bound.filters.days.start
    recent = (day - timedelta(days=RECENT_DAYS - 1) for day in complete.values())
    return min([first, *recent])


def _spent(connection: Connection, bound: FactsView, flights: Sequence[Row[Any]], complete: Complete) -> dict[Key, Any]:
    """By campaign with any fact in its flight: the last day with delivery, and with money both costs, in parts."""
    days = _by_day(bound, flights)
    of = attribute_versions(
        bound.principal, bound.question.clients, bound.cut, ("flight_start", "flight_end")
    ).subquery("flights")
    ends = _ends(complete)
    same = and_(*(days.c[name] == of.c[name] for name in KEY))
    account = and_(*(accounts.c[name] == days.c[name] for name in KEY[:2]))
    keys = [days.c[name] for name in KEY]
    statement = (
        select(
            *keys,
            func.max(case((days.c.delivered == 1, days.c.day))).label("last_delivery"),
            *(_costs(days, ends) if bound.principal.money else ()),
        )
        .select_from(days.join(of, same).join(accounts, account).outerjoin(ends, ends.c.client_id == days.c.client_id))
        .where(days.c.day.between(of.c.flight_start, of.c.flight_end))
        .group_by(*keys)
    )
    return {_key(row): row for row in connection.execute(statement)}


def _costs(days: Subquery, ends: CTE) -> Iterator[Label[Any]]:
    """The cost up to the last complete day and that of the last of these, each as its millions and the rest.

    In the account's currency, as its budgets are.
    """
    complete = and_(days.c.currency == accounts.c.currency, days.c.day <= ends.c.complete_to)
    recent = and_(complete, days.c.day >= ends.c.recent_from)
    for name, counts in (("spent", complete), ("last7", recent)):
        for part in ("millions", "rest"):
            added = func.sum(case((counts, days.c[part]), else_=0))
            yield cast(added, BigInteger).label(f"{name}_{part}")


def _by_day(bound: FactsView, flights: Sequence[Row[Any]]) -> Subquery:
    """Cost and delivery of each campaign's day and currency, over the days of all these flights."""
    first, last = min(row.flight_start for row in flights), max(row.flight_end for row in flights)
    money = bound.principal.money

    def narrow(table: Table) -> Iterable[ColumnElement[bool]]:
        yield table.c.day.between(first, last)
        yield from of_campaign(bound.question.only, table)

    read = ("client_id", "day", *KEY[1:], "currency", "impressions", *(("cost",) if money else ()))
    names = sorted({row.client_id for row in flights})
    versions = fact_versions(bound.principal, names, bound.cut, read, narrow, effective=bound.effective)
    c = versions.c
    delivers = or_(c.impressions > 0, c.cost > 0) if money else c.impressions > 0
    # First by day, in the order of the key of facts, so that SQLite adds up as it reads and sorts nothing.
    keys = [c[name] for name in ("client_id", "day", *KEY[1:], "currency")]
    costs = zip(("millions", "rest"), split_sums(c.cost), strict=True) if money else ()
    added = (part.label(name) for name, part in costs)
    delivered = func.max(case((delivers, 1), else_=0)).label("delivered")
    return select(*keys, delivered, *added).group_by(*keys).subquery("days")


def _ends(complete: Complete) -> CTE:
    """(client_id, complete_to, recent_from) of the clients that have a complete day."""
    rows = [(client, day, day - timedelta(days=RECENT_DAYS - 1)) for client, day in sorted(complete.items())]
    names = (column("client_id", String), column("complete_to", Date), column("recent_from", Date))
    return values(*names, name="complete").data(rows or [("", date.min, date.min)]).cte("complete_days")


def _delivery(row: Row[Any], currency: str, spent: Any, complete_to: date | None, *, money: bool) -> Delivery:
    """`spent` None: without any fact in its flight a campaign has spent nothing."""
    return Delivery(
        ref=CampaignRef(row.client_id, row.account_id, row.campaign_id),
        name=row.name or row.campaign_id,
        status=row.status,
        currency=currency,
        budget=whole_budget(row.budget, row.budget_kind, row.flight_start, row.flight_end) if money else None,
        flight=Days(row.flight_start, row.flight_end),
        spent=_whole(spent, "spent") if money else None,
        last7=_whole(spent, "last7") if money else None,
        last_delivery=spent.last_delivery if spent else None,
        complete_to=complete_to,
    )


def _whole(spent: Any, name: str) -> int:
    if spent is None:
        return 0
    millions, rest = (getattr(spent, f"{name}_{part}") or 0 for part in ("millions", "rest"))
    return int(millions) * MICRO + int(rest)
