"""A commit reaches the open pages that show its client within moments, and of all others not one byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from perfdash.domain.access import OPERATOR
from perfdash.store import schema
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.tabs import Tab
from tests.store.builders import given_client, given_facts, given_revisions, opened

PEOPLE = {"ann": "acme", "ben": "berry"}
SECONDS = 3.0


@pytest.fixture
def scene(tmp_path: Path, migrated_url: str) -> Iterator[tuple[AppServer, Store, dict[str, str]]]:
    """An app, its store as another process has it open, and a cookie of each person."""
    now = datetime.now(UTC)
    with opened(migrated_url) as store:
        for name, client in PEOPLE.items():
            given_client(store, client, zone="UTC")
            days = [now.date() - timedelta(days=n) for n in range(1, 41)]
            given_facts(store, *({"client_id": client, "day": day} for day in days))
            given_revisions(store, client, now)
            users.add_user(store, OPERATOR, name, None, "client", now, clients=(client,))
        cookies = {}
        for user in users.list_users(store, OPERATOR):
            begun = sessions.begin(store, user.user_id, now)
            redeemed = sessions.redeem(store, sessions.ticket(store, begun.session_id, now), now)
            assert redeemed is not None
            cookies[user.username] = redeemed.token
        root = copy_project(tmp_path / "project")
        with serving(root, tmp_path, {"PERFDASH_DATABASE_URL": migrated_url, "PERFDASH_WATCH": "0"}) as server:
            yield server, store, cookies


def commit(store: Store, client: str) -> None:
    f, c = schema.facts.c, schema.clients.c
    with store.writing() as connection:
        this = update(schema.facts).where(f.client_id == client)
        connection.execute(this.values(impressions=f.impressions + 1, from_rev=2))
        connection.execute(update(schema.clients).where(c.client_id == client).values(revision=2))


@pytest.mark.any_dialect
def test_a_commit_of_another_process_reaches_the_pages_of_its_client_only(
    scene: tuple[AppServer, Store, dict[str, str]],
) -> None:
    server, store, cookies = scene

    async def story() -> tuple[int, int]:
        async with Tab(server.url, cookies["ann"]) as anns, Tab(server.url, cookies["ben"]) as bens:
            for tab in (anns, bens):
                await tab.whole.wait()
            await asyncio.sleep(SECONDS)
            before = bens.messages
            anns.changed.clear()
            await asyncio.to_thread(commit, store, "acme")
            async with asyncio.timeout(60):
                await anns.changed.wait()
            await asyncio.sleep(SECONDS)
            return before, bens.messages

    before, after = asyncio.run(story())
    assert after == before, "ben's page was told of acme's commit"
