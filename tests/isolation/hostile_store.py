"""A client of whom everything that is text comes from somebody hostile: names, ids, messages, reasons, file names.

Everything is recent at `now`, fully fetched, restated once and corrected once, so that no page of it is empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import insert

from perfdash import exports
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account, Client, Days
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.question import VIEWS, Question
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.query import catalog
from perfdash.store.schema import quarantine
from tests.store.builders import (
    ADMIN,
    NOON,
    Runs,
    given_campaign,
    given_creator,
    given_facts,
    given_history,
    given_revisions,
)

PLATFORM, STATUS = 60, 40
"""What the ledger keeps at most of a platform's name and of a status."""
MICRO = 1_000_000


@dataclass(frozen=True)
class Hostile:
    """A client called `slug`, whose every word is one of `texts`; its first account is called as usual."""

    slug: str
    name: str
    texts: Sequence[str]
    source: str = "agency"

    @property
    def accounts(self) -> list[Account]:
        """The account that has the numbers, and one for each text, called so, which fails."""
        ids = [f"{self.slug}-eu", *self.texts]
        return [Account(self.slug, self.source, one, "EUR", "UTC", settlement_days=3, history_days=60) for one in ids]


def registered(store: Store, clients: Sequence[Hostile], now: datetime = NOON) -> None:
    """The clients and their accounts, beside nothing else."""
    told = [Client(one.slug, one.name, "EUR", "UTC") for one in clients]
    catalog.register(store, told, [account for one in clients for account in one.accounts], now - timedelta(days=70))


def filled(store: Store, one: Hostile, now: datetime = NOON) -> None:
    """Facts, their history, runs, refused rows, corrections and receipts of a registered client."""
    given_revisions(store, one.slug, now - timedelta(days=10), now - timedelta(hours=3))
    _numbers(store, one, now)
    _runs(store, one, now)
    _corrections(store, one, now)
    for view in VIEWS:
        filters = Filters(Days(now.date() - timedelta(days=20), now.date()), (one.slug,))
        found = exports.answer(store, Question(ADMIN, filters), view, now)
        exports.write_receipt(store, found, lambda: now - timedelta(minutes=30))


def _numbers(store: Store, one: Hostile, now: datetime) -> None:
    facts = []
    for n, text in enumerate(one.texts):
        fact = {"client_id": one.slug, "account_id": 1, "day": _day(n, now)} | _key(text)
        facts.append(
            fact
            | {
                "impressions": 1_000 + n,
                "clicks": 10,
                "cost": (500 + n) * MICRO,
                "revenue": -(n + 1) * MICRO,
                "reported_cpm": "7.5",
                "reported_roi": "-0.5",
            }
        )
        given_campaign(
            store,
            text,
            client=one.slug,
            name=text,
            status=text[:STATUS],
            budget=900 * MICRO,
            flight_start=now.date() - timedelta(days=15),
            flight_end=now.date() + timedelta(days=15),
        )
        given_creator(store, text, text, client=one.slug)
    given_facts(store, *facts, revision=2)
    given_history(store, *({**fact, "from_rev": 1, "to_rev": 2, "cost": 1_900 * MICRO} for fact in facts))


def _key(text: str) -> dict[str, str]:
    return {"campaign_id": text, "creator_id": text, "platform": text[:PLATFORM]}


def _day(n: int, now: datetime) -> date:
    return now.date() - timedelta(days=1 + n % 5)


def _runs(store: Store, one: Hostile, now: datetime) -> None:
    runs, first = Runs(store, one.slug), now.date() - timedelta(days=65)
    for number in range(1, len(one.texts) + 2):
        runs.add(first, now.date(), at=now - timedelta(hours=3), account_id=number, quarantined=len(one.texts))
    for number, text in enumerate(one.texts, 2):
        runs.add(
            now.date(),
            now.date(),
            at=now - timedelta(minutes=2),
            account_id=number,
            state="failed",
            message=f"{text}.csv: {text}",
            log=text,
            author=text,
            trigger="file",
        )
    rows = [
        {
            "client_id": one.slug,
            "run_id": 1,
            "ordinal": n,
            "account_id": 1,
            "reason": text,
            "row_key": text,
            "payload": text,
        }
        for n, text in enumerate(one.texts)
    ]
    with store.writing() as connection:
        connection.execute(insert(quarantine), rows)


def _corrections(store: Store, one: Hostile, now: datetime) -> None:
    for n, text in enumerate(one.texts):
        key = FactKey(_day(n, now), text, text[:PLATFORM], text)
        who = Principal(text, "analyst", frozenset({one.slug}), user_id=5)
        moment = now - timedelta(hours=2) + timedelta(seconds=n)
        correction_write.correct(
            store, who, [WantedValue(Target(one.slug, 1, key), "clicks", 11)], because(text), partial(_at, moment)
        )


def because(text: str) -> str:
    """A reason made of `text`."""
    return f"{text[:400]} because"


def _at(moment: datetime) -> datetime:
    return moment
