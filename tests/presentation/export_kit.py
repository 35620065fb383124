"""Groups and campaigns as plain values, for the tests of what leaves the product."""

from __future__ import annotations

from datetime import UTC, date, datetime

from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.groups import Group
from perfdash.domain.metrics import Sums
from perfdash.presentation.columns import Origin

ORIGINS = {("acme", 1): Origin("agency/acme-eu", datetime(2026, 3, 10, 8, 3, tzinfo=UTC), date(2026, 3, 2))}


def sums(impressions: int | None = 40_000, clicks: int | None = 900, cost: int | None = 1_000_000_000, **more) -> Sums:
    return Sums(rows=more.pop("rows", 2), impressions=impressions, clicks=clicks, cost=cost, **more)


def group(**more) -> Group:
    return Group(more.pop("currency", "EUR"), more.pop("sums", sums()), **more)


def campaign(campaign: str = "spring", **more) -> CampaignRow:
    known = {
        "client": "acme",
        "account": 1,
        "campaign": campaign,
        "name": "Spring launch",
        "status": "active",
        "budget": 2_000_000_000,
        "flight_start": date(2026, 2, 1),
        "flight_end": date(2026, 3, 31),
        "flight_cost": 2_500_000_000,
        "currency": "EUR",
        "platforms": ("Instagram", "TikTok"),
        "sums": sums(),
    }
    return CampaignRow(**known | more)
