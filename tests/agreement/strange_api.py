"""A `performance_v1` source with manners of its own, for when no foreign one is at hand. Standard library only.

Amounts and counts of one client come as text with thousands separators, platforms in any case, pages are short whatever
is asked, rows in no order, some days cost without being seen, and every twelfth request is told to come back later.
One client's rows are by ad, with credits, day budgets, new names from some day on and what cannot be read; when time
has passed, it has forgotten old days, and what could be read before cannot be read now.
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
ACCOUNTS = {"lumen": 7, "fjord": 4, "sakura": 3, "dormant": 0, "quay": 4}
"""Its accounts, and how many campaigns each has; currencies are the test's business."""
PAGE, PAGE_BY_AD, BUSY_EVERY = 40, 150, 12
KEPT = 19
"""It answers for so many past days once time has passed."""
CASES = (str.title, str.lower, str.upper)


class StrangeApi:
    """Runs while the block does."""

    def __init__(self) -> None:
        self._handler = type("Handler", (_Handler,), {"requests": count(1)})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def let_time_pass(self) -> None:
        """From now on it answers as it does later."""
        self._handler.passed = True

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


def _by_ad(rows: list[dict[str, Any]], passed: bool) -> list[dict[str, Any]]:
    """Of each row one to three ads, some of them credits; some cells hold what is no number, and a few spoil a row."""
    spoiled = sorted(rows, key=lambda row: (row["cost"], row["campaignId"], row["date"]))[:2][passed]
    found = []
    for row in rows:
        drawn = _digits(row["campaignId"], row["platform"].lower(), row["date"], "ads")
        campaign, age = int(row["campaignId"][-1]), (date.today() - date.fromisoformat(row["date"])).days
        about = {"campaignName": f"Quay {campaign}, {'autumn' if age > 11 else 'winter'}"}
        about |= {"budgetType": "DAILY" if campaign < 3 else "LIFETIME"} if campaign else {}
        if campaign in (1, 3) and age > 3:  # the younger rows do not say it
            flight = {"startDate": date.today() - timedelta(days=25), "endDate": date.today() + timedelta(days=20)}
            about |= {name: str(day) for name, day in flight.items()}
        for ad in range(1 + drawn % 3):
            part: dict[str, Any] = {"adId": f"ad {ad}", "impressions": row["impressions"] // (ad + 1), "reach": 90 + ad}
            part |= {"clicks": 3 * ad, "cost": -row["cost"] / 4 if (drawn >> ad) % 9 == 0 else row["cost"], "cpm": 1}
            part |= {"views": ((drawn >> ad) % 50, None, "n/a", "many", -1)[(drawn >> ad) % 5], "conversions": 0.25}
            if row is spoiled and ad == 0:
                part["clicks"] = "about three"
            found += [row | about | part] * (2 if drawn % 11 == 0 else 1)
    # What comes twice stands on the first page; of the others parts of one row may be on several.
    return sorted(found, key=lambda row: (found.count(row) == 1, _digits(row["campaignId"], row["date"], row["adId"])))


class _Handler(BaseHTTPRequestHandler):
    requests: count[int]
    passed = False

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
        first, last = (date.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        if self.passed:
            first = max(first, date.today() - timedelta(days=KEPT))
        rows = _rows(query["client_id"], first, last)
        if query["client_id"] == "quay":
            rows = _by_ad(rows, self.passed)
        page, size = int(query.get("page", 1)), PAGE_BY_AD if query["client_id"] == "quay" else PAGE
        info = {"page": page, "page_size": size, "total_number": len(rows), "total_page": max(1, -(-len(rows) // size))}
        return HTTPStatus.OK, {"data": rows[(page - 1) * size : page * size], "page_info": info}
