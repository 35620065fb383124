"""What really happened on a campaign's day, once everything is counted: weekdays, ramps, seasons, prices.

Only + - * / on floats, so that every machine computes the same digits.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from perfdash.demo.noise import mix
from perfdash.demo.plan import Campaign, Placement
from perfdash.demo.roster import Profile
from perfdash.domain.measures import BY_NAME

_CPM_BY_MONTH = (0.80, 0.84, 0.90, 0.95, 0.99, 0.97, 0.94, 0.96, 1.02, 1.10, 1.28, 1.22)
_VOLUME_BY_MONTH = (0.86, 0.90, 0.96, 1.0, 1.03, 1.02, 0.95, 0.94, 1.0, 1.06, 1.26, 1.18)
_WEEKDAY = (0.94, 0.97, 1.0, 1.04, 1.07)
_CTR = {"TikTok": 0.0094, "Instagram": 0.0071}
_RAMP = (0.34, 0.52, 0.71, 0.90, 1.08, 1.18, 1.16, 1.10, 1.05, 1.02)


class Delivery(NamedTuple):
    """One line of one day. Money in minor units of the currency, conversions in hundredths; None is not reported."""

    impressions: int
    clicks: int
    cost: int
    reach: int | None
    views: int | None
    engagements: int | None
    conversions: int | None
    revenue: int | None


COUNTS = tuple(name for name in Delivery._fields if BY_NAME[name].unit == "count")


class DayConditions(NamedTuple):
    """What all campaigns share on one day."""

    label: str
    weekday: int
    cpm: float
    volume: float


@lru_cache(maxsize=2048)
def day_of(ordinal: int) -> DayConditions:
    """The shared conditions of a day; the months' levels flow into each other, from mid-month to mid-month."""
    day = date.fromordinal(ordinal)
    position = (day.day - 15) / 31
    here, other = day.month - 1, (day.month - 1 + (1 if position >= 0 else -1)) % 12
    weight = position if position >= 0 else -position
    return DayConditions(
        day.isoformat(),
        day.weekday(),
        _CPM_BY_MONTH[here] * (1 - weight) + _CPM_BY_MONTH[other] * weight,
        _VOLUME_BY_MONTH[here] * (1 - weight) + _VOLUME_BY_MONTH[other] * weight,
    )


def delivered(profile: Profile, campaign: Campaign, placement: Placement, ordinal: int) -> Delivery | None:
    """The final numbers of one line on one day; None when nothing ran (not begun, paused, over)."""
    age = ordinal - placement.since
    if age < 0 or ordinal > campaign.end or campaign.paused[0] <= ordinal <= campaign.paused[1]:
        return None
    bits = mix(placement.noise + ordinal)
    spend = _spend(profile, campaign, placement, ordinal, age) * (0.74 + (bits & 0xFFFF) / 126_000)
    if (placement.creator and age == 0) or bits >> 56 == 0:
        # The creator's fee is billed before the post is live; now and then a bill comes on a day without delivery.
        return _billed_only(profile, campaign, spend)
    cpm = placement.cpm * day_of(ordinal).cpm * (0.86 + (bits >> 16 & 0xFFFF) / 234_000)
    impressions = int(spend / cpm * 1000)
    cost = int(spend * profile.minor + 0.5)
    if not impressions or not cost:
        return None
    return _counted(profile, campaign, placement, bits, impressions, cost)


def _spend(profile: Profile, campaign: Campaign, placement: Placement, ordinal: int, age: int) -> float:
    """Expected spend in units of the currency."""
    day = day_of(ordinal)
    weekday = _WEEKDAY[day.weekday] if day.weekday < 5 else profile.weekend * (1.03 if day.weekday == 5 else 0.97)
    spend = campaign.daily * placement.share * day.volume * weekday
    if age < len(_RAMP):
        spend *= _RAMP[age]
    elif placement.creator:
        # A creator's post fades; a fresh one every third week lifts it again.
        spend *= 1.15 - (age % 21) * 0.016
    if ordinal >= campaign.raised_on:
        spend *= 1.4
    return spend * 0.6 if ordinal + 3 > campaign.end else spend


def _billed_only(profile: Profile, campaign: Campaign, spend: float) -> Delivery:
    revenue = 0 if campaign.return_on_spend is not None else None
    return Delivery(0, 0, max(profile.minor, int(spend * profile.minor)), None, None, None, None, revenue)


def _counted(
    profile: Profile, campaign: Campaign, placement: Placement, bits: int, impressions: int, cost: int
) -> Delivery:
    third, fourth = (bits >> 32 & 0xFFF) / 4096, (bits >> 44 & 0xFFF) / 4096
    tiktok = placement.platform == "TikTok"
    clicks = int(impressions * _CTR[placement.platform] * (0.66 + 0.68 * third))
    # Platforms withhold reach for small audiences.
    reach = int(impressions * (0.58 + 0.24 * fourth)) if campaign.reports_reach and impressions >= 1000 else None
    views = int(impressions * (0.52 + 0.3 * third)) if tiktok or placement.creator else None
    engagements = int(impressions * (0.021 + 0.034 * fourth)) if placement.creator or not tiktok else None
    conversions = revenue = None
    if campaign.return_on_spend is not None:
        revenue = int(cost * campaign.return_on_spend * (0.55 + 0.9 * fourth))
        conversions = int(revenue / (profile.order_value * profile.minor) + third) * 100
    elif campaign.reports_leads:
        conversions = int(clicks * (2.2 + 3.1 * fourth))
    return Delivery(impressions, clicks, cost, reach, views, engagements, conversions, revenue)
