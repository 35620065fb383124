"""Stores filled row by row, without sources and runs in between, so that a test says exactly what the ledger holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, update

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.filters import Filters
from perfdash.domain.secret import digest
from perfdash.domain.share_links import Shared, to_text
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from perfdash.store.query import catalog
from perfdash.store.schema import (
    campaigns,
    clients,
    correction_ranges,
    corrections,
    creators,
    fact_history,
    facts,
    link_views,
    links,
    overlays,
    quarantine,
    refusals,
    revisions,
    runs,
    users,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ADMIN = Principal("admin", "admin")
MEASURES = ("impressions", "clicks", "cost", "reach", "views", "engagements", "conversions", "revenue")


def reader(*names: str, money: bool = True) -> Principal:
    """A client's user who was granted exactly `names`."""
    return Principal("reader", "client", frozenset(names), money=money)


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """The store at `url`, closed at the end."""
    store = open_store(url)
    try:
        yield store
    finally:
        store.close()


def given_client(
    store: Store, slug: str, *, currency: str = "EUR", zone: str = "Europe/Berlin", accounts: int = 1, **account: Any
) -> None:
    """A client with accounts 1, 2, ... in its currency and zone, beside those the store has."""
    known = catalog.clients(store, ADMIN)
    bound = catalog.accounts(store, ADMIN)
    new = [Account(slug, "agency", f"{slug}-{n}", currency, zone, **account) for n in range(1, accounts + 1)]
    catalog.register(store, [*known, Client(slug, slug.title(), currency, zone)], [*bound, *new], NOON)


def given_facts(store: Store, *rows: dict[str, Any], revision: int = 1) -> None:
    """Current facts; what a row does not say is 1,000 impressions, 10 clicks, cost 5 on 2026-03-01 of client acme."""
    _insert(store, facts, [_fact(row, revision) for row in rows])


def given_history(store: Store, *rows: dict[str, Any]) -> None:
    """Closed versions; each row says `from_rev` and `to_rev`."""
    _insert(store, fact_history, [_fact(row, 1) | {"vanished": row.get("vanished", False)} for row in rows])


def _fact(row: dict[str, Any], revision: int) -> dict[str, Any]:
    base = dict.fromkeys(MEASURES) | {
        "client_id": "acme",
        "account_id": 1,
        "campaign_id": "spring",
        "creator_id": "",
        "platform": "TikTok",
        "day": date(2026, 3, 1),
        "from_rev": revision,
        "currency": "EUR",
        "impressions": 1_000,
        "clicks": 10,
        "cost": 5_000_000,
        "flags": "",
    }
    return base | row


def given_revisions(store: Store, client: str, *moments: datetime) -> None:
    """Revisions 1, 2, ... of `client` at these moments."""
    rows = [
        {"client_id": client, "revision": n, "kind": "run", "author": "operator", "at": at}
        for n, at in enumerate(moments, 1)
    ]
    _insert(store, revisions, rows)
    with store.writing() as connection:
        connection.execute(update(clients).where(clients.c.client_id == client).values(revision=len(rows)))


def given_campaign(store: Store, campaign: str, *, client: str = "acme", **attributes: Any) -> None:
    """A version of a campaign's attributes; current unless `to_rev` is named."""
    row = {"client_id": client, "account_id": 1, "campaign_id": campaign, "from_rev": 1, "to_rev": None} | attributes
    _insert(store, campaigns, [row])


def given_creator(store: Store, creator: str, name: str, *, client: str = "acme") -> None:
    """A creator's display name."""
    _insert(store, creators, [{"client_id": client, "account_id": 1, "creator_id": creator, "name": name}])


@dataclass
class Runs:
    """Runs of one client, numbered as the ledger numbers them."""

    store: Store
    client: str = "acme"
    count: int = field(default=0)

    def add(self, first: date, last: date, *, at: datetime = NOON, state: str = "committed", **more: Any) -> int:
        """A run whose fetch ended and which finished at `at` (neither while it is running); returns its number."""
        self.count += 1
        ended = None if state == "running" else at
        row = {
            "client_id": self.client,
            "run_id": self.count,
            "account_id": 1,
            "state": state,
            "trigger": "cli",
            "author": "operator",
            "day_from": first,
            "day_to": last,
            "platforms": "",
            "message": "",
            "log": "",
            "started_at": at - timedelta(minutes=1),
            "fetch_began": ended,
            "fetch_ended": ended,
            "finished_at": ended,
        }
        _insert(self.store, runs, [row | more])
        with self.store.writing() as connection:
            connection.execute(update(clients).where(clients.c.client_id == self.client).values(last_run=self.count))
        return self.count


def given_quarantined(store: Store, run: int, *, client: str = "acme") -> None:
    """One refused row of `run`."""
    row = {
        "client_id": client,
        "run_id": run,
        "ordinal": 0,
        "account_id": 1,
        "reason": "clicks: -1 is negative",
        "row_key": "2026-03-01 spring TikTok",
        "payload": '{"clicks": -1, "cost": 5}',
    }
    _insert(store, quarantine, [row])


def given_refusal(store: Store, run: int, *, client: str = "acme", **more: Any) -> None:
    """What `run` refused, added up: three rows of cost 7 on 2026-03-01, of one the cost could not be read."""
    row = {
        "client_id": client,
        "run_id": run,
        "ordinal": 0,
        "account_id": 1,
        "day": date(2026, 3, 1),
        "platform": "TikTok",
        "reason": "cost 12.50 is not a number",
        "rows": 3,
        "cost": 7_000_000,
        "without_cost": 1,
    }
    _insert(store, refusals, [row | more])


def _insert(store: Store, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        with store.writing() as connection:
            connection.execute(insert(table), rows)


def given_correction(store: Store, *, batch: str = "b", **row: Any) -> None:
    """An active correction of a fact's cost, number 1, in a range of two days from the fact's on."""
    fact = {"client_id": "acme", "account_id": 1, "campaign_id": "spring", "platform": "TikTok", "creator_id": ""}
    made = fact | {"day": date(2026, 3, 1)} | row
    set_ = {
        "correction_id": 1,
        "slot": "cost",
        "field": "cost",
        "value": 1,
        "currency": "EUR",
        "raw_impressions": 1,
        "raw_clicks": 1,
        "raw_cost": 2,
        "before": 2,
        "reason": "why",
        "author": "ann",
        "batch_id": batch,
        "from_rev": 1,
    }
    _insert(store, corrections, [made | set_])
    around = {name: made[name] for name in ("client_id", "account_id", "campaign_id", "platform")}
    days = {"day_from": made["day"], "day_to": made["day"] + timedelta(days=1)}
    _insert(store, correction_ranges, [around | days | {"batch_id": batch, "slot": "cost"}])


def given_overlay(store: Store, **row: Any) -> None:
    """What counts instead of a fact's reported values, now: a corrected `impressions`, `clicks` or `cost`."""
    fact = {"client_id": "acme", "account_id": 1, "campaign_id": "spring", "platform": "TikTok", "creator_id": ""}
    _insert(store, overlays, [fact | {"day": date(2026, 3, 1), "from_rev": 1} | row])


MAKER = "maker"


def given_maker(store: Store, name: str = MAKER, role: str = "admin", **more: Any) -> None:
    """A user who makes links and cannot sign in."""
    user = {"username": name, "name": "", "password_hash": "", "role": role, "money": True, "active": True}
    _insert(store, users, [user | {"demo": False, "created_at": NOON - timedelta(days=30)} | more])


def given_link(store: Store, link: str, **more: Any) -> None:
    """A link of `given_maker`'s to all of acme in 2026 that was opened once; its token is `link` itself."""
    row = {
        "client_id": "acme",
        "link_id": link,
        "token_hash": digest(link),
        "label": f"acme {link}",
        "as_of": None,
        "question": to_text(Shared(Filters(Days(date(2026, 1, 1), date(2026, 12, 31))))),
        "money": True,
        "author": MAKER,
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=30),
    }
    _insert(store, links, [row | more])
    view = {"client_id": "acme", "link_id": link, "session_id": "s", "at": NOON, "what": "Opened"}
    _insert(store, link_views, [view])
