"""Meta's Graph API insights as they behave on the wire: cursors that outlive the last page, next addresses that carry
the token, zeros left out, one purchase under several action types, errors under 400 and 500."""

from __future__ import annotations

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from tests.sources.loopback import KEY, Answer, Asked, said

VERSION = "/v24.0"
ACCOUNT_ID = "10150000000000001"
REPORT = "6023920149050"
PURCHASES = ("purchase", "omni_purchase", "offsite_conversion.fb_pixel_purchase")
"""The types under which one purchase appears."""


def actions(purchases: int | str, other: int = 40) -> list[dict[str, str]]:
    """An `actions` array: purchases three times, under every type, between other actions."""
    found = [{"action_type": name, "value": str(purchases), "7d_click": str(purchases)} for name in PURCHASES]
    return [
        {"action_type": "link_click", "value": str(other)},
        *found,
        {"action_type": "page_engagement", "value": "9"},
    ]


def insight(
    campaign: str = "238500000000001", day: str = "2026-03-01", platform: str = "facebook", **values: Any
) -> dict[str, Any]:
    """A row. Metrics that are zero are not there: a value of None leaves its field out."""
    row = {
        "campaign_id": campaign,
        "campaign_name": "Spring",
        "account_currency": "EUR",
        "impressions": "1000",
        "clicks": "10",
        "spend": "14.35",
        "cpm": "14.35",
        "reach": "800",
        "actions": actions(3),
        "action_values": actions("59.97"),
        "date_start": day,
        "date_stop": day,
        "publisher_platform": platform,
    } | values
    return {name: value for name, value in row.items() if value is not None}


@dataclass
class MetaApi:
    """The handler of a Routed server. `url` must be set once that is known, as next addresses are whole.

    `instead` are answers given before it does its work again; an answer of more than `most_rows` rows (days x limit)
    is too much. `report_states` are those of a report that is ordered by POST, one for each look.
    `gaps` are offsets before which an empty page with a next one comes. `usage` headers go with answers.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    instead: deque[Answer] = field(default_factory=deque)
    most_rows: int = 10**9
    gaps: set[int] = field(default_factory=set)
    usage: dict[str, str] = field(default_factory=dict)
    report_states: deque[str] = field(default_factory=deque)
    reported: dict[str, str] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Answer:
        if self.instead:
            return self.instead.popleft()
        query = asked.query
        if asked.headers.get("authorization") != f"Bearer {KEY}" and query.get("access_token") != KEY:
            return refused(190, 401, "Error validating access token: the session has expired", "OAuthException")
        if self.report_states and asked.path.startswith(f"{VERSION}/{REPORT}"):
            return self._report(asked)
        if asked.path != f"{VERSION}/act_{ACCOUNT_ID}/insights":
            return refused(100, 400, "Unsupported get request.", error_subcode=33)
        asked_range = json.loads(query["time_range"])
        if asked.method == "POST":
            self.reported = asked_range
            return said({"report_run_id": REPORT})
        limit = int(query.get("limit", 25))
        if _days(asked_range) * limit > self.most_rows:
            return too_much()
        return self._page(query, asked_range, limit, asked.path)

    def _report(self, asked: Asked) -> Answer:
        if asked.path.endswith("/insights"):
            return self._page(asked.query, self.reported, int(asked.query.get("limit", 25)), asked.path)
        state = self.report_states[0] if len(self.report_states) == 1 else self.report_states.popleft()
        return said({"id": REPORT, "async_status": state, "async_percent_completion": 50})

    def _page(self, query: dict[str, str], asked: dict[str, str], limit: int, path: str) -> bytes:
        wanted = [row for row in self.rows if asked["since"] <= row["date_start"] <= asked["until"]]
        begin, is_gap = _place(query.get("after"))
        if begin in self.gaps and not is_gap:
            shown, end, after = [], begin, _cursor(begin, gap=True)
        else:
            shown, end = wanted[begin : begin + limit], begin + limit
            after = _cursor(end)
        body: dict[str, Any] = {"data": shown}
        if wanted:
            body["paging"] = {"cursors": {"before": _cursor(begin), "after": after}}
            if end < len(wanted):
                following = {**query, "access_token": KEY, "after": after}
                body["paging"]["next"] = f"{self.url}{path}?{urlencode(following)}"
        return said(body, **self.usage)


def refused(
    code: int, status: int = 400, message: str = "It did not work.", type: str = "OAuthException", **more: Any
) -> bytes:
    """An error as the Graph API writes it."""
    return said({"error": {"message": message, "type": type, "code": code, "fbtrace_id": "AbCdEf"} | more}, status)


def too_much() -> bytes:
    """What the Graph API says to a question that is too large, under 500 like a fault of its own."""
    text = "Please reduce the amount of data you're asking for, then retry your request"
    return refused(1, 500, text, "OAuthException")


def _cursor(place: int, gap: bool = False) -> str:
    return base64.b64encode(f"{place}{'gap' if gap else ''}".encode()).decode()


def _place(cursor: str | None) -> tuple[int, bool]:
    text = base64.b64decode(cursor).decode() if cursor else "0"
    return int(text.removesuffix("gap")), text.endswith("gap")


def _days(asked: dict[str, str]) -> int:
    return (date.fromisoformat(asked["until"]) - date.fromisoformat(asked["since"])).days + 1
