"""A loopback server that decides on each answer by the request, and sources of any kind to ask it with.

`Routed` speaks HTTP/1.1 over real sockets and keeps connections open; `asking` runs the whole client against it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

from perfdash.config.auth_models import OAuth2Auth
from perfdash.config.models import SourceConfig
from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Batch, Fetched
from perfdash.domain.secret import Secret
from perfdash.sources.client import fetch
from tests.sources.loopback import ACCOUNT, DAYS, KEY, Answer, Asked, Hours, Loopback

KEY_NAME = "ANY_API_KEY"
CLIENT_ID, REFRESH_TOKEN = "client-id-from-the-environment", "r3fresh-that/nobody+may=see"
LIMITS = {"connect_seconds": 2, "read_seconds": 5, "total_seconds": 60, "attempts": 3}
Handler = Callable[[Asked], Answer]


class Routed(Loopback):
    """Answers each request with what `handler` says; `targets` are the addresses as they stood on the wire."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(b"")
        self._handler = handler
        self._turn = threading.Lock()
        self.targets: list[str] = []

    def _next(self, head: str) -> Answer:
        with self._turn:
            super()._next(head)
            self.targets.append(head.split(" ", 2)[1])
            return self._handler(self.asked[-1])

    def windows(self, start: str = "start_date", end: str = "end_date") -> list[tuple[str, str]]:
        """The first and last day of each request, in their order."""
        return [(asked.query[start], asked.query[end]) for asked in self.asked]


def configured(
    kind: str, url: str | None = None, key: str = KEY, limits: dict[str, Any] | None = None, **tables: Any
) -> Source:
    """A source of the type `kind` at `url`, its tables as a perfdash.toml would have them."""
    said: dict[str, Any] = {"type": kind, "key": {"env": KEY_NAME}, "limits": LIMITS | (limits or {}), **tables}
    if url is not None:
        said["base_url"] = url
    config = SourceConfig.model_validate(said)
    if not isinstance(config.auth, OAuth2Auth):
        return Source("agency", config, Secret(KEY_NAME, key))
    client = Secret("CLIENT", config.auth.client_id.value or CLIENT_ID)
    return Source("agency", config, Secret(KEY_NAME, key), client, Secret("REFRESH", REFRESH_TOKEN))


def asking(
    source: Source, account: Account = ACCOUNT, days: Days = DAYS, hours: Hours | None = None, **outside: Any
) -> Fetched:
    """What the client makes of `source`; sleeping takes no time."""
    hours = hours or Hours()
    return fetch(
        source,
        account,
        days,
        clock=hours.clock,
        sleep=hours.sleep,
        rng=random.Random(1),
        monotonic=hours.monotonic,
        **outside,
    )


FIELDS = {
    "campaign": "id",
    "platform": "network",
    "day": "day",
    "impressions": "shown",
    "clicks": "clicked",
    "cost": "spent",
}
"""Where the fields of `entry` stand."""


def entry(number: int = 0, **values: Any) -> dict[str, Any]:
    """A good row of an API of one's own, with changes."""
    return {
        "id": f"c{number}",
        "network": "TikTok",
        "day": "2026-03-01",
        "shown": 1000 + number,
        "clicked": 10,
        "spent": "12.50",
    } | values


def custom(url: str, paging: dict[str, Any], params: dict[str, str] | None = None, **tables: Any) -> Source:
    """A source of type `custom` whose rows are `entry`s under "items"."""
    asked = {"from": "{start}", "to": "{end}", "account": "{account}"} | (params or {})
    usual: dict[str, Any] = {
        "request": {"path": "/report", "params": asked},
        "records": {"path": "items"},
        "fields": FIELDS,
        "paging": paging,
    }
    return configured("custom", url, **(usual | tables))


def reasons(batch: Batch) -> list[str]:
    """Why rows are in quarantine."""
    return [row.reason for row in batch.quarantined]
