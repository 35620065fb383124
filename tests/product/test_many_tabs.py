"""Many tabs opened at once: every one of them is drawn to its end, whatever else they ask while they are drawn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perfdash.domain.access import OPERATOR
from perfdash.store.auth import sessions, users
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.socket_client import Visitor
from tests.fixtures.tabs import Tab, stays_whole
from tests.product.installation import PASSWORD
from tests.store.builders import given_client, given_facts, opened

AT_ONCE = 20


@pytest.fixture
def scene(tmp_path: Path, migrated_url: str) -> Iterator[tuple[AppServer, str]]:
    """An app with some numbers of 40 days, and the cookie of somebody who may see them."""
    now = datetime.now(UTC)
    with opened(migrated_url) as store:
        given_client(store, "acme")
        days = [now.date() - timedelta(days=n) for n in range(1, 41)]
        given_facts(
            store,
            *({"client_id": "acme", "day": day, "campaign_id": f"c{n}"} for day in days for n in range(6)),
        )
        users.add_user(store, OPERATOR, "ann", PASSWORD, "analyst", now, clients=("acme",), rounds=4)
        (user,) = users.list_users(store, OPERATOR)
        ticket = sessions.ticket(store, sessions.begin(store, user.user_id, now).session_id, now)
        redeemed = sessions.redeem(store, ticket, now)
        assert redeemed is not None
    root = copy_project(tmp_path / "project")
    with serving(root, tmp_path, {"PERFDASH_DATABASE_URL": migrated_url, "PERFDASH_WATCH": "0"}) as server:
        yield server, redeemed.token


@pytest.fixture
def fragment(scene: tuple[AppServer, str]) -> str:
    """Of the fragments that stand on every page the one that hands out cookies: it speaks up while pages are drawn."""
    with Visitor(scene[0].url) as visitor:
        of_form = set(visitor.run().fragments)
        visitor.sign_in("ann", PASSWORD)
        return max(visitor.fragments - of_form)


@pytest.mark.any_dialect
def test_every_tab_is_drawn_to_its_end(scene: tuple[AppServer, str], fragment: str, full: bool) -> None:
    server, cookie = scene
    many = 300 if full else 100

    async def one(gate: asyncio.Semaphore | None = None) -> tuple[bool, Counter[str], int]:
        async with gate or asyncio.Semaphore(), Tab(server.url, cookie, fragment=fragment) as tab:
            return await stays_whole(tab, 1.5), tab.drawn, tab.fragment_runs

    async def all_of_them() -> tuple[Counter[str], list[tuple[bool, Counter[str], int]]]:
        await one()  # which asks the source once for all
        _, alone, runs = await one()
        assert runs > 0, "no fragment ran, so nothing is tried"
        gate = asyncio.Semaphore(AT_ONCE)
        return alone, await asyncio.gather(*(one(gate) for _ in range(many)))

    alone, tabs = asyncio.run(all_of_them())
    assert alone["metric"] > 0
    assert alone["dataframe"] > 0
    cut = [number for number, (whole, drawn, _) in enumerate(tabs) if not whole or drawn != alone]
    assert cut == [], f"{len(cut)} of {many} tabs lack their end"
