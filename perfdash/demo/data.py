"""What the demo's API says: rows as they stand in `performance_v1`, from (seed, today) alone.

Retention is that of a real API: the first day available is today - 180; older days and days to come give no rows.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from perfdash.demo.accounts import HISTORY_DAYS, SETTLEMENT_DAYS, Profile, account_of, profile_of
from perfdash.demo.campaigns import COUNTS, STEP, Campaign, Delivered, Placement, campaigns, day_of, final_numbers, mix
from perfdash.domain.measures import BY_NAME

# Thousandths of the final value by age. Integers, so that growing shares can never give shrinking numbers.
_DELIVERY = (
    (430, 868, 931, 958, 975, 987, 995),
    (470, 902, 948, 969, 981, 990, 997),
    (390, 835, 912, 949, 970, 984, 994),
    (450, 914, 962, 983, 991, 996, 999),
)
_COST = (
    (440, 874, 934, 960, 976, 987, 995),
    (455, 890, 945, 968, 980, 990, 997),
    (405, 851, 920, 952, 972, 985, 994),
    (450, 905, 957, 981, 990, 996, 999),
)
_REVENUE = (170, 560, 710, 800, 870, 930, 972)
_LATE = (912, 934, 951, 968, 1036, 1049, 1072, 1094)
_FIRST_LATE, _LATE_SPREAD, _FIRST_REMOVAL = 12, 9, 3


def reported_at(line: Placement, ordinal: int, age: int, final: Delivered) -> Delivered | None:
    """What is said of `final` at `age` (days, >= 0); None while the row is not reported."""
    if age < SETTLEMENT_DAYS:
        curve = line.noise + ordinal & 3
        said = _scaled(final, _DELIVERY[curve][age], _COST[curve][age], _REVENUE[age])
    else:
        said = final
    if age >= _FIRST_REMOVAL and is_removed(line, ordinal, age):
        return None
    if age >= _FIRST_LATE:
        share = late_share(line, ordinal, age)
        if share != 1000:
            return _scaled(said, share, share, share)
    return said


def is_removed(line: Placement, ordinal: int, age: int) -> bool:
    """True while the row is out as suspected fraud."""
    bits = mix(line.noise + ordinal + STEP)
    if bits & 1023 >= 10:
        return False
    gone = _FIRST_REMOVAL + (bits >> 10 & 7)
    back = gone + 4 + (bits >> 14 & 7)
    return age >= gone and not (bits >> 13 & 1 and age >= back)


def late_share(line: Placement, ordinal: int, age: int) -> int:
    """Thousandths of the settled value after a late restatement; 1000 before it and where there is none."""
    bits = mix(line.line_noise + ordinal)
    if bits & 255 >= 3 or age < _FIRST_LATE + (bits >> 8) % _LATE_SPREAD:
        return 1000
    return _LATE[bits >> 32 & 7]


def _scaled(row: Delivered, delivery: int, cost: int, revenue: int) -> Delivered:
    counts: dict[str, Any] = {
        name: None if count is None else count * delivery // 1000 for name in COUNTS for count in [getattr(row, name)]
    }
    return row._replace(
        **counts,
        cost=row.cost * cost // 1000,
        # Whole conversions stay whole: hundredths only where the source counts in hundredths.
        conversions=None if row.conversions is None else _conversions(row.conversions, revenue),
        revenue=None if row.revenue is None else row.revenue * revenue // 1000,
    )


def _conversions(hundredths: int, share: int) -> int:
    if hundredths % 100:
        return hundredths * share // 1000
    return hundredths // 100 * share // 1000 * 100


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
                final = final_numbers(profile, campaign, line, ordinal)
                said = reported_at(line, ordinal, now - ordinal, final) if final else None
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


def _row(head: ReportRow, profile: Profile, label: str, said: Delivered) -> ReportRow:
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
