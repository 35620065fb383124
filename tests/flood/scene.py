"""An app with a year of numbers, somebody who looks at them, and three who want to stop that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import psutil

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.domain.security import Security
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from perfdash.store.share_links import links
from perfdash.ui.auth import cookie
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.tabs import Tab
from tests.flood.attack import Attack, What
from tests.product.installation import PASSWORD
from tests.store.builders import given_client, given_facts, given_revisions, opened

Who = Literal["stranger", "client", "link"]


@dataclass
class Scene:
    """`ann` is the cookie of an analyst, who must not notice anything; `client` that of a client's user."""

    server: AppServer
    store: Store
    ann: str
    client: str
    link: str
    link_id: str

    def attack(self, who: Who, what: What, **more: float) -> Attack:
        url = f"{self.server.url}/link/{self.link}" if who == "link" else self.server.url
        if who == "stranger" or (who == "link" and what == "openings"):
            return Attack(what, url, **more)  # type: ignore[arg-type]
        if who == "client":
            return Attack(what, url, cookie.NAME, self.client, **more)  # type: ignore[arg-type]
        return Attack(what, url, cookie.LINK, self._visit(), **more)  # type: ignore[arg-type]

    def _visit(self) -> str:
        now = datetime.now(UTC)
        return sessions.begin_link(self.store, self.link_id, now, now + timedelta(hours=2), Security())[1]

    def look(self) -> float:
        """Seconds until a page of Ann's, opened anew, is drawn to its end."""

        async def drawn() -> float:
            began = time.monotonic()
            async with Tab(self.server.url, self.ann) as tab, asyncio.timeout(120):
                await tab.whole.wait()
                assert tab.drawn["metric"] > 0
            return time.monotonic() - began

        return asyncio.run(drawn())

    @property
    def memory(self) -> int:
        """Bytes of the server's own process."""
        found: int = psutil.Process(self.server.process.pid).memory_info().rss
        return found


@contextmanager
def scene(folder: Path, campaigns: int = 20) -> Iterator[Scene]:
    """One client, 90 days; no source, so that nothing is fetched."""
    root, url, now = copy_project(folder / "project"), f"sqlite:///{folder / 'store.db'}", datetime.now(UTC)
    with opened(url) as store:
        given_client(store, "acme", zone="UTC")
        days = [now.date() - timedelta(days=n) for n in range(1, 91)]
        given_facts(
            store,
            *({"client_id": "acme", "day": day, "campaign_id": f"c{n}"} for day in days for n in range(campaigns)),
        )
        given_revisions(store, "acme", now)
        ann, client = _cookie(store, "ann", "analyst"), _cookie(store, "carl", "client")
        question = Question(
            Principal("ann", "analyst", frozenset({"acme"})), Filters(Days(days[-1], days[0]), ("acme",))
        )
        made, token = links.make(
            store,
            question,
            "acme",
            "board",
            money=True,
            expires_at=now + timedelta(days=2),
            clock=lambda: datetime.now(UTC),
        )
        with serving(root, folder, {"PERFDASH_DATABASE_URL": url, "PERFDASH_WATCH": "0"}) as server:
            yield Scene(server, store, ann, client, token, made.link_id)


def _cookie(store: Store, name: str, role: Literal["analyst", "client"]) -> str:
    now = datetime.now(UTC)
    users.add_user(store, OPERATOR, name, PASSWORD, role, now - timedelta(minutes=1), clients=("acme",), rounds=4)
    user = next(one for one in users.list_users(store, OPERATOR) if one.username == name)
    begun = sessions.begin(store, user.user_id, now)
    redeemed = sessions.redeem(store, sessions.ticket(store, begun.session_id, now), now)
    assert redeemed is not None
    return redeemed.token
