"""Three clients that share every id and every name, so that only the client tells their rows apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.control_totals import ControlTotals, MeasureTotals
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.share_links import Shared, to_text
from perfdash.store import receipts
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.receipts import Exported
from perfdash.store.schema import link_views, links, metadata
from tests.store.builders import (
    ADMIN,
    MAKER,
    NOON,
    Runs,
    given_campaign,
    given_client,
    given_correction,
    given_creator,
    given_facts,
    given_history,
    given_maker,
    given_overlay,
    given_quarantined,
    given_refusal,
    given_revisions,
)

CLIENTS = ("acme", "bolt", "cove")
CAMPAIGN, CREATOR, PLATFORM, RECEIPT = "acme-spring", "acme-ann", "acme-tv", "r0"
"""The same for all three clients."""
DAY = date(2026, 3, 1)
MARK = {"acme": 7_310_000_000, "bolt": 8_420_000_000, "cove": 9_641_000_000}
"""What every number of a client begins with; none is the mean or the sum of others, which a client may well see."""


def fill(store: Store, *names: str) -> None:
    """Everything that a client can have, for each of `names`; the same in every store that holds it."""
    for name in names:
        given_client(store, name, settlement_days=3)
    for name in names:
        _client(store, name)
    _shared_receipt(store, names)
    if names:
        given_maker(store)
    for name in names:
        _link(store, name)


def link_of(client: object) -> str:
    """The id of a client's link: ids of links are random, so no two clients share one."""
    return f"{client}-link"


def _link(store: Store, client: str) -> None:
    """A link to the client's dear rows, that was opened once."""
    limited = Filters(Days(date(2026, 1, 1), date(2026, 12, 31)), currency="EUR", max_cpm=MARK[client])
    row = {
        "client_id": client,
        "link_id": link_of(client),
        "token_hash": f"hash of {client}",
        "label": f"Board of {client}",
        "as_of": None,
        "question": to_text(Shared(limited)),
        "money": True,
        "author": MAKER,
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=30),
    }
    view = {"client_id": client, "link_id": link_of(client), "session_id": f"s {client}", "at": NOON, "what": "Opened"}
    with store.writing() as connection:
        connection.execute(insert(links).values(**row))
        connection.execute(insert(link_views).values(**view))


def _client(store: Store, client: str) -> None:
    mark = MARK[client]
    named = {"client_id": client, "campaign_id": CAMPAIGN, "creator_id": CREATOR, "platform": PLATFORM}
    given_revisions(store, client, NOON - timedelta(hours=1), NOON)
    said = {"reported_cpm": "5.00", "impressions": mark + 1, "clicks": mark + 2, "cost": mark + 3, "views": mark + 4}
    said |= {"revenue": 2 * (mark + 3), "reported_roi": "2"}
    given_facts(store, named | said, named | said | {"impressions": 0, "day": DAY + timedelta(1)})
    given_history(store, named | {"from_rev": 0, "to_rev": 1, "impressions": mark + 5, "cost": mark + 6})
    given_overlay(store, **named, cost=mark + 7)
    given_correction(store, **named)
    flight = {"flight_start": DAY, "flight_end": DAY + timedelta(30)}
    given_campaign(store, CAMPAIGN, client=client, name=f"Spring of {client}", budget=mark + 8, **flight)
    given_creator(store, CREATOR, f"Ann of {client}", client=client)
    control = ControlTotals({"cost": MeasureTotals(mark + 2, mark, 2), "clicks": MeasureTotals(5, 5)}, {client: 1})
    run = Runs(store, client).add(
        DAY,
        DAY + timedelta(1),
        state="incomplete",
        message=f"{client} was fetched",
        trigger="file",
        log=f"GET /{client}",
        control=control.as_json(),
        content_sha256="the same rows for all",
    )
    given_quarantined(store, run, client=client)
    given_refusal(store, run, client=client, platform=PLATFORM, reason=f"cost of {client} is {mark}", cost=mark)
    if client == "cove":
        return  # only its cost was ever corrected
    row = Target(client, 1, FactKey(DAY + timedelta(1), CAMPAIGN, PLATFORM, CREATOR))
    correction_write.correct(store, ADMIN, [WantedValue(row, "clicks", mark + 9)], f"told by {client}", lambda: NOON)


def _shared_receipt(store: Store, names: Sequence[str]) -> None:
    """One export over all clients there are, under the same id everywhere; its question names all three clients."""
    asked = '{"clients": ["acme", "bolt", "cove"], "from": "2026-03-01", "to": "2026-03-02", "max_cpm": "7310"}'
    parts = [Exported(name, 1, (("cost (EUR)", str(MARK[name])),), 1) for name in names]
    checksum = "0" if len(names) == len(CLIENTS) else ""  # of a file of all clients, part of it tells nobody
    if parts:
        receipts.write(
            store, ADMIN, view="overview", filters=asked, parts=parts, sha256=checksum, now=NOON, new_id=lambda: RECEIPT
        )


def fingerprint(store: Store, *names: str) -> list[tuple[Any, ...]]:
    """Every row of every table that belongs to one of `names`."""
    found: list[tuple[Any, ...]] = []
    with store.reading() as connection:
        for table in metadata.sorted_tables:
            if "client_id" in table.c and names:
                rows = connection.execute(select(table).where(table.c.client_id.in_(names)))
                found += sorted((table.name, *map(repr, row)) for row in rows)
    return found


def readers() -> dict[str, Principal]:
    """Who asks: of each role, with one client, with two, with none, and with grants that no client has."""
    odd = frozenset({"%", "*", "ACME", "acm", "acme ", "' OR '1'='1"})
    return {
        "client of acme": Principal("c", "client", frozenset({"acme"})),
        "client of bolt": Principal("c", "client", frozenset({"bolt"})),
        "client of bolt without money": Principal("c", "client", frozenset({"bolt"}), money=False),
        "analyst of bolt": Principal("n", "analyst", frozenset({"bolt"})),
        "analyst of acme and cove": Principal("n", "analyst", frozenset({"acme", "cove"})),
        "client of nothing": Principal("c", "client"),
        "analyst of nothing": Principal("n", "analyst"),
        "client of odd grants": Principal("c", "client", odd),
        "analyst of odd grants": Principal("n", "analyst", odd),
        "admin": ADMIN,
    }
