"""TikTok's Business API v1.3 as its report endpoint behaves on the wire: every failure under 200, numbers as text,
ten rows a page unless more are asked for, thirty days at most."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.sources.loopback import KEY, Answer, Asked, said

PATH = "/open_api/v1.3/report/integrated/get/"
ADVERTISER = "7041234567890123456"
COUNTS = ("impressions", "clicks", "spend", "cpm", "ctr", "cpc", "reach", "conversion")
"""These come as text; counts of engagement come as numbers."""


def reported(campaign: str = "1701234567890001", day: str = "2026-03-01", **metrics: Any) -> dict[str, Any]:
    """A row of the report, with other metrics."""
    usual = {
        "campaign_name": "Spring",
        "impressions": "1000",
        "clicks": "10",
        "spend": "12.50",
        "cpm": "12.500",
        "ctr": "1.00",
        "cpc": "1.25",
        "reach": "800",
        "conversion": "3",
        "video_play_actions": 700,
    }
    return {
        "dimensions": {"campaign_id": campaign, "stat_time_day": f"{day} 00:00:00"},
        "metrics": usual | metrics,
    }


def every_day(first: date, count: int, campaigns: int = 1) -> list[dict[str, Any]]:
    """A row for each of `count` days and each campaign."""
    days = [(first + timedelta(days=n)).isoformat() for n in range(count)]
    return [reported(f"17000000000000{n:05}", day) for day in days for n in range(campaigns)]


@dataclass
class TikTokApi:
    """The handler of a Routed server.

    `instead` are answers given before it does its work again; `most_days` and `most_rows` are what it takes to be too
    much at once (40067), `cap` the page size that it silently does not go beyond, `throttled` cuts its answers short.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    instead: deque[Answer] = field(default_factory=deque)
    most_days: int = 30
    most_rows: int = 10**9
    cap: int = 1000
    throttled: bool = False

    def __call__(self, asked: Asked) -> Answer:
        if self.instead:
            return self.instead.popleft()
        problem = self._problem(asked)
        return failed(*problem) if problem else self._report(asked.query)

    def _problem(self, asked: Asked) -> tuple[int, str] | None:
        query = asked.query
        if asked.path != PATH:
            return 40002, "No such path"
        if asked.headers.get("access-token", "") != KEY:
            return 40105, "Access token is incorrect or has been revoked."
        if query.get("advertiser_id") != ADVERTISER:
            return 40001, "No permission to operate advertiser"
        if not all(_is_list(query.get(name, "")) for name in ("dimensions", "metrics")):
            return 40002, "dimensions: Not a valid list"
        size, days = int(query.get("page_size", 10)), _days(query)
        if size > 1000:
            return 40002, "page_size: Must be less than or equal to 1000"
        if days > 30:
            return 40002, "The max time span is 30 days when the dimension contains stat_time_day"
        if days > self.most_days or (days == 1 and size > self.most_rows):
            return 40067, "The data volume is too large, please narrow the time range"
        return None

    def _report(self, query: dict[str, str]) -> bytes:
        wanted = [
            row
            for row in self.rows
            if query["start_date"] <= row["dimensions"]["stat_time_day"][:10] <= query["end_date"]
        ]
        page, size = int(query.get("page", 1)), min(self.cap, int(query.get("page_size", 10)))
        pages = -(-len(wanted) // size)
        info = {"page": page, "page_size": size, "total_number": len(wanted), "total_page": pages}
        data = {"list": wanted[(page - 1) * size : page * size], "page_info": info}
        headers = {"X_Tt_Ads_Throttle": "1"} if self.throttled else {}
        return said({"code": 0, "message": "OK", "request_id": "20260310-r1", "data": data}, **headers)


def failed(code: int, message: str = "It did not work.", **headers: str) -> bytes:
    """A failure: it too comes with status 200."""
    return said({"code": code, "message": message, "request_id": "20260310-r2", "data": {}}, **headers)


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _days(query: dict[str, str]) -> int:
    return (date.fromisoformat(query["end_date"]) - date.fromisoformat(query["start_date"])).days + 1
