"""What open pages cost that show the present: idle, and from a commit to the screen; beside pages that ask each second.

`python -m tests.bench.live [TABS]`, a part of `make bench`. A yardstick is the same app whose pages ask by themselves,
each with a fragment of its own, as Streamlit offers it.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlalchemy import insert, update

from perfdash.domain.access import OPERATOR
from perfdash.store import schema
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.tabs import Tab
from tests.store.builders import given_client, given_facts, given_revisions, opened

IDLE_TABS, IDLE_SECONDS = 100, 20.0
OF_ONE_SCOPE, COMMITS = 20, 5
MOST_IDLE, MOST_SECONDS = 0.03, 1.0
"""Of a core for all idle pages together, and from a commit to the first number that changed, of 95 in 100 pages."""
POLLING = """
import asyncio

import streamlit as st

from perfdash.ui import live
from perfdash.ui.auth import session
from perfdash.ui.server import following


@st.fragment(run_every="1s")
def look(at, page, drawn):
    if st.session_state.get("seen") != drawn:
        st.session_state["seen"] = drawn
    elif session.current(touch=False) != at.principal or live.stamp(at.principal, page) != at:
        st.rerun()


def follow(at, question, page):
    st.session_state["drawn"] = st.session_state.get("drawn", 0) + 1
    look(at, page, st.session_state["drawn"])


async def nothing():
    await asyncio.Event().wait()


live.follow, following.watch = follow, nothing
"""


@dataclass(frozen=True)
class Cost:
    """`idle`: part of a core. `seconds`: from each commit to each page."""

    idle: float
    seconds: list[float]

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]

    def __str__(self) -> str:
        return (
            f"{self.idle:.1%} of a core, {statistics.median(self.seconds):.2f} s in the median and {self.p95:.2f} s p95"
        )


def main(tabs: int = IDLE_TABS) -> int:
    """0 when both bounds hold."""
    found = {}
    for name, appended in (("pages that follow", ""), ("pages that ask", POLLING)):
        with tempfile.TemporaryDirectory(prefix="perfdash-live-") as folder, _app(Path(folder), appended) as scene:
            found[name] = asyncio.run(_measured(*scene, tabs))
        print(f"{name}: {tabs} idle {found[name]} from a commit to {OF_ONE_SCOPE} of one scope")
    follow, ask = found.values()
    print(f"ratio: idle {follow.idle / ask.idle:.3f}, to the screen {follow.p95 / ask.p95:.2f}")
    return 0 if follow.idle <= MOST_IDLE and follow.p95 <= MOST_SECONDS else 1


@contextmanager
def _app(folder: Path, appended: str) -> Iterator[tuple[AppServer, Store, str]]:
    root, url = copy_project(folder / "project"), f"sqlite:///{folder / 'store.db'}"
    with (root / "app.py").open("a", encoding="utf-8") as app:
        app.write(appended)
    with opened(url) as store:
        cookie = _filled(store)
        with serving(root, folder, {"PERFDASH_DATABASE_URL": url, "PERFDASH_WATCH": "0"}) as server:
            yield server, store, cookie


def _filled(store: Store) -> str:
    """A client with 60 days of 40 campaigns, and the cookie of who may see it."""
    now = datetime.now(UTC)
    given_client(store, "acme", zone="UTC")
    days = [now.date() - timedelta(days=n) for n in range(1, 61)]
    given_facts(store, *({"client_id": "acme", "day": day, "campaign_id": f"c{n}"} for day in days for n in range(40)))
    given_revisions(store, "acme", now)
    users.add_user(store, OPERATOR, "ann", None, "analyst", now, clients=("acme",))
    (user,) = users.list_users(store, OPERATOR)
    begun = sessions.begin(store, user.user_id, now)
    redeemed = sessions.redeem(store, sessions.ticket(store, begun.session_id, now), now)
    assert redeemed is not None
    return redeemed.token


def _commit(store: Store, revision: int) -> None:
    """What a run that restates a week does to the tables that pages read."""
    now = datetime.now(UTC)
    f, week = schema.facts.c, now.date() - timedelta(days=8)
    with store.writing() as connection:
        changed = update(schema.facts).where(f.client_id == "acme", f.day >= week)
        connection.execute(changed.values(impressions=f.impressions + 1, from_rev=revision))
        row = {"client_id": "acme", "revision": revision, "kind": "run", "author": "operator", "at": now}
        connection.execute(insert(schema.revisions).values(**row))
        connection.execute(update(schema.clients).values(revision=revision))


async def _measured(server: AppServer, store: Store, cookie: str, tabs: int) -> Cost:
    async with AsyncExitStack() as stack:
        pages = []
        for _ in range(tabs):
            pages.append(await stack.enter_async_context(Tab(server.url, cookie)))
            await pages[-1].whole.wait()
        idle = await _idle(server)
        for page in pages[OF_ONE_SCOPE:]:
            await page.leave()
        seconds = [
            one for revision in range(2, COMMITS + 2) for one in await _followed(pages[:OF_ONE_SCOPE], store, revision)
        ]
    return Cost(idle, seconds)


async def _idle(server: AppServer) -> float:
    process = psutil.Process(server.process.pid)
    await asyncio.sleep(3)
    before, began = process.cpu_times(), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / (time.monotonic() - began)


async def _followed(pages: list[Tab], store: Store, revision: int) -> list[float]:
    """Seconds from a commit of this process to each page; the pages come to rest before and after."""
    await asyncio.sleep(3)
    for page in pages:
        await page.whole.wait()
        page.changed.clear()
    await asyncio.to_thread(_commit, store, revision)
    committed = time.time()
    async with asyncio.timeout(60):
        for page in pages:
            await page.changed.wait()
    return [page.changed_at - committed for page in pages]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else IDLE_TABS))
