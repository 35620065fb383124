"""The rows that every contestant loads, and what must stand in a database afterwards. Standard library only.

One account's 100 days on two platforms, 100 campaigns with ten creators each, ordered by day as reports are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

ROWS, PAGE = 200_000, 1_000
CAMPAIGNS, CREATORS = 100, 10
PLATFORMS = ("TikTok", "Instagram")
FIRST = date(2025, 11, 21)
DAYS = ROWS // (len(PLATFORMS) * CAMPAIGNS * CREATORS)
LAST = FIRST + timedelta(days=DAYS - 1)


def rows() -> Iterator[dict[str, object]]:
    """All rows, in the order of the answer; made by a formula, so that every process knows the same."""
    for day in range(DAYS):
        label = (FIRST + timedelta(days=day)).isoformat()
        for campaign in range(CAMPAIGNS):
            for creator in range(CREATORS):
                for platform in PLATFORMS:
                    seed = (day * 7919 + campaign * 104_729 + creator * 1299 + len(platform) * 31) % 100_003
                    yield _row(label, campaign, creator, platform, seed)


def _row(label: str, campaign: int, creator: int, platform: str, seed: int) -> dict[str, object]:
    impressions = 2_000 + seed % 61_000
    cost, revenue = 500 + seed % 44_987, 700 + seed * 3 % 90_001  # cents
    return {
        "campaignId": str(120_210_000_000_000_000 + campaign * 7_777_777),
        "campaignName": f"Spring sale {campaign:03}",
        "creatorId": str(6_800_000_000_000_000_000 + (campaign * CREATORS + creator) * 12_345_678_901),
        "creatorName": f"Creator {campaign:03} {creator}",
        "platform": platform,
        "date": label,
        "impressions": impressions,
        "clicks": impressions // 90,
        "cost": cost / 100,
        "cpm": round(cost * 10 / impressions, 2),
        "roi": round((revenue - cost) / cost, 2),
        "revenue": revenue / 100,
        "reach": impressions * 7 // 10,
        "views": impressions * 8 // 10,
        "engagements": impressions // 40,
    }


def pages() -> list[bytes]:
    """The answer as performance_v1 sends it, encoded once."""
    found: list[bytes] = []
    page: list[dict[str, object]] = []
    for row in rows():
        page.append(row)
        if len(page) == PAGE:
            info = {"page": len(found) + 1, "page_size": PAGE, "total_number": ROWS, "total_page": ROWS // PAGE}
            found.append(json.dumps({"data": page, "page_info": info}, separators=(",", ":")).encode())
            page = []
    return found


def expected() -> tuple[int, int, int, int]:
    """(rows, impressions, cost in cents, revenue in cents) of the whole answer."""
    everything = list(rows())
    return (
        len(everything),
        sum(int(str(row["impressions"])) for row in everything),
        sum(round(float(str(row["cost"])) * 100) for row in everything),
        sum(round(float(str(row["revenue"])) * 100) for row in everything),
    )


def verify(found: tuple[object, ...]) -> None:
    """Ends the process with a sentence unless `found` is what `expected` says."""
    if tuple(found) != expected():
        raise SystemExit(f"the table holds (rows, impressions, cost, revenue) {found}, not {expected()}")
