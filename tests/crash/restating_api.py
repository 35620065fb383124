"""A fast `performance_v1` source for crash tests: what it says depends on the account and on a round set by the test.

From one round to the next about a quarter of the rows is restated, some vanish, some come back, and some are new.
"""

from __future__ import annotations

import json
import threading
import zlib
from datetime import date, timedelta
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

KEY = "crash-test-key"
FIRST_DAY = date(2025, 3, 1)
PAGE = 2_500
CREATORS, PLATFORMS = 3, ("TikTok", "Instagram")
REQUESTABLE = ("acme-eu", "acme-uk", "globex-us")
CLIENTS = """
[clients.acme]
name = "Acme"
currency = "EUR"
time_zone = "Europe/Berlin"
[clients.globex]
name = "Globex"
currency = "USD"
time_zone = "America/New_York"
"""


class RestatingApi:
    """The running source. `round` is which of its stories it tells; `size` is (campaigns, days) of each account."""

    def __init__(self, campaigns: int, days: int) -> None:
        self.size = (campaigns, days)
        self.round = 0
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = _Server(("127.0.0.1", 0), handler)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def last_day(self) -> date:
        """The last day it has rows of."""
        return FIRST_DAY + timedelta(days=self.size[1] - 1)

    def rows(self) -> int:
        """How many rows it has now, of all accounts together."""
        return sum(len(_rows(account, self.round, *self.size)) for account in REQUESTABLE)

    def configuration(self) -> str:
        """A perfdash.toml with all its accounts: one client has two, the other one."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        source = f'[sources.agency]\ntype = "performance_v1"\nbase_url = "{url}"\nkey = {{ env = "CRASH_KEY" }}\n'
        bound = (("acme", "acme-eu"), ("acme", "acme-uk"), ("globex", "globex-us"))
        accounts = (f'[[sources.agency.accounts]]\nclient = "{c}"\naccount = "{a}"\n' for c, a in bound)
        return CLIENTS + source + "".join(accounts)


@lru_cache(maxsize=12)
def _rows(account: str, round_: int, campaigns: int, days: int) -> list[dict[str, Any]]:
    found = []
    for campaign in range(campaigns):
        for day in range(days):
            for creator in range(CREATORS):
                for platform in PLATFORMS:
                    mixed = zlib.crc32(f"{account}/{campaign}/{day}/{creator}/{platform}".encode())
                    if _is_reported(mixed, round_):
                        found.append(_row(campaign, day, creator, platform, mixed, round_))
    return found


def _is_reported(mixed: int, round_: int) -> bool:
    away = (mixed // 7 + round_) % 17 == 0
    not_yet = mixed % 11 == 0 and round_ < mixed // 11 % 4
    return not (away or not_yet)


def _row(campaign: int, day: int, creator: int, platform: str, mixed: int, round_: int) -> dict[str, Any]:
    told = (round_ + mixed % 4) // 4  # how often this row was restated: each is in one round of four
    impressions = 1_000 + mixed % 50_000 + 113 * told
    return {
        "campaignId": f"c{campaign:03}",
        "campaignName": f"Campaign {campaign}, told {round_ // (1 + campaign % 5)}",
        "creatorId": f"k{creator}",
        "creatorName": f"Creator {creator}",
        "platform": platform,
        "date": (FIRST_DAY + timedelta(days=day)).isoformat(),
        "impressions": impressions,
        "clicks": impressions // (20 + mixed % 30),
        "cost": (impressions * (300 + mixed % 900) // 100 + told) / 1000,
        "revenue": None if mixed % 3 else mixed % 10_000,
        "budget": 10_000 + 100 * round_,
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked was killed; that is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    api: RestatingApi
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if self.headers.get("Authorization") != f"Bearer {KEY}" or query.get("client_id") not in REQUESTABLE:
            self._say(401, {"detail": "no"})
            return
        rows = [
            row
            for row in _rows(query["client_id"], self.api.round, *self.api.size)
            if query["start_date"] <= row["date"] <= query["end_date"]
        ]
        page = int(query.get("page", 1))
        info = {"page": page, "page_size": PAGE, "total_number": len(rows), "total_page": max(1, -(-len(rows) // PAGE))}
        self._say(200, {"data": rows[(page - 1) * PAGE : page * PAGE], "page_info": info})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
