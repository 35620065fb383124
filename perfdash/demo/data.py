"""What the demo's API says: rows as they stand in `performance_v1`, from (seed, today) alone.

Retention is that of a real API: the first day available is today - 180; older days and days to come give no rows.
"""

from __future__ import annotations

from datetime import date

from perfdash.demo.delivery import COUNTS, Delivery, day_of, delivered
from perfdash.demo.plan import Campaign, Placement, campaigns
from perfdash.demo.restate import told
from perfdash.demo.roster import (
    DEMO_ACCOUNTS,
    DEMO_CLIENTS,
    DEMO_KEY,
    HISTORY_DAYS,
    PLATFORMS,
    Profile,
    account_of,
    profile_of,
)
from perfdash.domain.measures import BY_NAME

__all__ = [
    "DEFAULT_SEED",
    "DEMO_ACCOUNTS",
    "DEMO_CLIENTS",
    "DEMO_KEY",
    "HISTORY_DAYS",
    "PLATFORMS",
    "ReportRow",
    "account_of",
    "rows",
]

DEFAULT_SEED = 26
_COUNTS = tuple((name, BY_NAME[name].sent_as) for name in COUNTS if not BY_NAME[name].always)
ReportRow = dict[str, str | int | float | None]
"""One JSON object. Money in units of the currency (whole yen), days as YYYY-MM-DD, no key for what is not reported."""


def rows(account: str, start: date, end: date, today: date, seed: int = DEFAULT_SEED) -> list[ReportRow]:
    """What the API says on `today` of the inclusive days `start` to `end` of the account with this external id.

    Sorted by day, campaign, platform and creator. UsageError for an unknown account.
    """
    profile, currency = profile_of(account), account_of(account).currency
    now = today.toordinal()
    first, last = max(start.toordinal(), now - HISTORY_DAYS), min(end.toordinal(), now)
    found: list[tuple[int, str, str, str, ReportRow]] = []
    for campaign in campaigns(profile, seed, first, last) if first <= last else ():
        for line in campaign.placements:
            head = _head(campaign, line, now, currency)
            for ordinal in range(max(first, line.since), min(last, campaign.end) + 1):
                final = delivered(profile, campaign, line, ordinal)
                said = told(line, ordinal, now - ordinal, final) if final else None
                if said:
                    row = _row(head, profile, day_of(ordinal).label, said)
                    found.append((ordinal, campaign.number, line.platform, line.creator, row))
    found.sort(key=lambda item: item[:4])
    return [item[4] for item in found]


def _head(campaign: Campaign, line: Placement, now: int, currency: str) -> ReportRow:
    head: ReportRow = {
        "campaignId": campaign.number,
        "campaignName": campaign.name,
        "platform": line.platform,
        "date": "",
        "budget": campaign.budget_on(now),
        "startDate": date.fromordinal(campaign.start).isoformat(),
        "endDate": date.fromordinal(campaign.end).isoformat(),
        "currency": currency,
    }
    if line.creator:
        head |= {"creatorId": line.creator, "creatorName": line.handle}
    return head


def _row(head: ReportRow, profile: Profile, label: str, said: Delivery) -> ReportRow:
    minor, cost, revenue = profile.minor, said.cost, said.revenue
    row = head.copy()
    row["date"] = label
    row["impressions"] = said.impressions
    row["clicks"] = said.clicks
    row["cost"] = cost / minor if minor > 1 else cost
    row["cpm"] = round(cost * 1000 / (said.impressions * minor), 2) if said.impressions else None
    row["roi"] = None
    for name, key in _COUNTS:
        if (count := getattr(said, name)) is not None:
            row[key] = count
    if said.conversions is not None:
        row["conversions"] = said.conversions // 100 if profile.sells else said.conversions / 100
    if revenue is not None:
        row["revenue"] = revenue / minor if minor > 1 else revenue
        if cost:
            row["roi"] = round(revenue / cost - (0 if profile.roi_is_roas else 1), 2)
    return row
