"""A `performance_v1` source with manners of its own, for when no foreign one is at hand. Standard library only.

Amounts and counts of one client come as text with thousands separators, platforms in any case, pages are short whatever
is asked, rows in no order, some days cost without being seen, and every twelfth request is told to come back later.
"""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import date, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

KEY = "agency-secret-1"
ACCOUNTS = {"lumen": 7, "fjord": 4, "sakura": 3, "dormant": 0}
"""Its accounts, and how many campaigns each has; currencies are the test's business."""
PAGE, BUSY_EVERY = 40, 12
CASES = (str.title, str.lower, str.upper)


class StrangeApi:
    """Runs while the block does."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"requests": count(1)}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


def _digits(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256("|".join(map(str, parts)).encode()).digest()[:6], "big")


def _rows(account: str, first: date, last: date) -> list[dict[str, Any]]:
    days = [first + timedelta(days=n) for n in range((min(last, date.today()) - first).days + 1)]
    found = [
        _row(account, campaign, platform, day)
        for day in days
        for campaign in range(ACCOUNTS[account])
        for platform in ("tiktok", "instagram")
        if _digits(account, campaign, platform, day) % 8
    ]
    return sorted(found, key=lambda row: _digits(row["campaignId"], row["platform"], row["date"]))


def _row(account: str, campaign: int, platform: str, day: date) -> dict[str, Any]:
    drawn = _digits(account, campaign, platform, day, "values")
    settled = min((date.today() - day).days, 5)
    impressions = 0 if drawn % 29 == 0 else (1_500 + drawn % 88_000) * (90 + 2 * settled) // 100
    whole_units = account == "sakura"
    cost: float = 4_000 + drawn % 90_000 if whole_units else (700 + drawn % 75_000) / 100
    row: dict[str, Any] = {
        "campaignId": f"{account}-{campaign}",
        "campaignName": f"{account.upper()}, wave {campaign}",
        "platform": CASES[drawn % 3](platform),
        "date": day.isoformat(),
        "impressions": impressions,
        "clicks": impressions // (30 + drawn % 70),
        "cost": cost,
        "roi": drawn % 300 / 100,
        "cpm": round(cost * 1000 / impressions, 2) if impressions else None,
        "budget": 4_000 + 250 * campaign,
    }
    if account == "lumen":
        row |= {"impressions": f"{impressions:,}", "cost": f"{cost:,.2f}"}
    return row


class _Handler(BaseHTTPRequestHandler):
    requests: count[int]

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        status, body = self._answer()
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(content)

    def _answer(self) -> tuple[HTTPStatus, dict[str, Any]]:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return HTTPStatus.UNAUTHORIZED, {"error": "who are you?"}
        if next(self.requests) % BUSY_EVERY == 0:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "later"}
        if set(query) - {"start_date", "end_date", "client_id", "platforms", "page", "page_size"}:
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": "what is that?"}
        if query.get("client_id") not in ACCOUNTS:
            return HTTPStatus.NOT_FOUND, {"error": "nobody by that name"}
        rows = _rows(query["client_id"], *(date.fromisoformat(query[name]) for name in ("start_date", "end_date")))
        page = int(query.get("page", 1))
        pages = max(1, -(-len(rows) // PAGE))
        info = {"page": page, "page_size": PAGE, "total_number": len(rows), "total_page": pages}
        return HTTPStatus.OK, {"data": rows[(page - 1) * PAGE : page * PAGE], "page_info": info}
