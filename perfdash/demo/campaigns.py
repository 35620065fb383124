"""The campaigns of a demo account: flights, budgets, pauses and creators.

Everything hangs on absolute days, never on today: each slot cuts the calendar into cycles and runs one campaign in
each. So the past stays as it was when today moves on, and a year from now there are as many campaigns as there are now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from perfdash.demo.accounts import PLATFORMS, Profile, profile_of
from perfdash.domain.measures import BY_NAME

_MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15
"""Odd, so that consecutive days land far apart before they are mixed."""


def mix(value: int) -> int:
    """64 well mixed bits of `value` (the finalizer of splitmix64)."""
    value = (value * STEP) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def seeded(*parts: object) -> int:
    """64 bits that name `parts`, the same on every machine and Python (unlike hash())."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


class Draws:
    """A short series of draws for things that are made once, such as a campaign."""

    def __init__(self, *parts: object) -> None:
        self._state = seeded(*parts)

    def below(self, limit: int) -> int:
        """An integer from 0 to limit - 1."""
        self._state = mix(self._state + 1)
        return self._state % limit

    def between(self, low: float, high: float) -> float:
        """A number from `low` to `high`."""
        return low + (high - low) * self.below(1 << 16) / (1 << 16)

    def chance(self, percent: int) -> bool:
        """True in `percent` of 100 draws."""
        return self.below(100) < percent


CYCLE = 150
_THEMES = (
    "Launch",
    "Always On",
    "Creator Wave",
    "Retargeting",
    "Awareness Burst",
    "UGC Remix",
    "Giveaway",
    "Bestsellers",
)
_HASTE = 1.6
"""How much faster a campaign in a hurry spends: too fast in the quietest month too."""
_SEASONS = ("Winter", "Spring", "Summer", "Fall")


@dataclass(frozen=True, slots=True)
class Placement:
    """One line of a campaign's report: a platform, and a creator or nobody in particular."""

    platform: str
    creator: str
    """'' when the line is nobody's."""
    handle: str
    since: int
    """First day (ordinal)."""
    share: float
    """Share of the campaign's spend."""
    cpm: float
    """Typical CPM in units of the currency."""
    noise: int
    line_noise: int
    """The same for all creators of one campaign and platform."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign. Days are ordinals and inclusive; budgets in whole units of the currency."""

    number: str
    name: str
    start: int
    end: int
    budget: int
    raised_budget: int
    raised_on: int
    """From this day on the budget is `raised_budget`; after `end` when it never is."""
    paused: tuple[int, int]
    """First and last paused day; (0, -1) when never paused."""
    daily: float
    """Typical spend of a day, in units of the currency."""
    return_on_spend: float | None
    """Typical revenue / cost; None when it reports no revenue."""
    reports_leads: bool
    reports_reach: bool
    placements: tuple[Placement, ...]

    def budget_on(self, today: int) -> int:
        """The budget as known on `today`."""
        return self.raised_budget if today >= self.raised_on else self.budget


def campaigns(profile: Profile, seed: int, first: int, last: int) -> list[Campaign]:
    """The campaigns whose flight touches the days `first` to `last` (ordinals), oldest cycle first in each slot."""
    found = []
    for slot in range(profile.slots):
        offset = _offset(profile, slot)
        for cycle in range((first - offset) // CYCLE, (last - offset) // CYCLE + 1):
            campaign = _campaign(profile.account, seed, slot, cycle)
            if campaign.start <= last and campaign.end >= first:
                found.append(campaign)
    return found


def _offset(profile: Profile, slot: int) -> int:
    """Slots start one after another, so that launches spread over the year."""
    return slot * CYCLE // profile.slots


@lru_cache(maxsize=1024)
def _campaign(account: str, seed: int, slot: int, cycle: int) -> Campaign:
    profile = profile_of(account)
    draws = Draws(seed, account, slot, cycle)
    start = _offset(profile, slot) + cycle * CYCLE + draws.below(16)
    short = draws.chance(8) and slot not in (*profile.stops, *profile.hurries)
    length = 18 + draws.below(16) if short else 84 + draws.below(46)
    end = start + length - 1
    budget = profile.budget_step * (12 + draws.below(60)) * length // 90 // profile.budget_step * profile.budget_step
    budget = max(budget, 4 * profile.budget_step)
    raised_on = start + length * (30 + draws.below(30)) // 100 if draws.chance(34) else end + 1
    step = profile.budget_step // 10
    raised = budget * 5 // 4 // step * step if raised_on <= end else budget
    return Campaign(
        number=f"{profile.prefix}-{cycle * 10 + slot}",
        name=_name(profile, date.fromordinal(start), slot, cycle),
        start=start,
        end=end,
        budget=budget,
        raised_budget=raised,
        raised_on=raised_on,
        paused=(start + length * 30 // 100, end) if slot in profile.stops else _pause(draws, start, length),
        daily=budget * draws.between(0.84, 1.08) * (_HASTE if slot in profile.hurries else 1) / length,
        return_on_spend=draws.between(0.7, 3.6) if profile.sells and draws.chance(72) else None,
        reports_leads=not profile.sells and draws.chance(80),
        reports_reach=draws.chance(80),
        placements=_placements(profile, draws, seed, slot, cycle, start, length),
    )


def _name(profile: Profile, start: date, slot: int, cycle: int) -> str:
    # Slot and cycle walk through products and themes at odds, so that no two campaigns of one season share a name.
    product = profile.products[(slot + cycle * profile.slots) % len(profile.products)]
    return f"{product} – {_THEMES[(3 * slot + 5 * cycle) % len(_THEMES)]} {_SEASONS[start.month % 12 // 3]} {start:%y}"


def _pause(draws: Draws, start: int, length: int) -> tuple[int, int]:
    """Days without delivery: most campaigns have none, some a week, a few are stopped for good before their end."""
    begin = start + length * (35 + draws.below(40)) // 100
    if draws.chance(32):
        return begin, begin + 3 + draws.below(9)
    if draws.chance(10):
        return begin, start + length
    return 0, -1


def _placements(
    profile: Profile, draws: Draws, seed: int, slot: int, cycle: int, start: int, length: int
) -> tuple[Placement, ...]:
    platforms = PLATFORMS if draws.chance(88) else (PLATFORMS[draws.below(2)],)
    # Three campaigns in five have creators; spread evenly over slots, so that no day is nearly empty or crowded.
    with_creators = 2 * (slot + cycle) % 5 < 3
    first, stride = draws.below(len(profile.creators)), 1 + draws.below(len(profile.creators) - 1)
    price = draws.between(0.72, 1.45)
    lines: list[tuple[str, int | None]] = []
    for platform in platforms:
        # A platform of a campaign is reported either by creator or as one line, never both: that would count twice.
        if with_creators and not (len(platforms) == 2 and draws.chance(18)):
            lines += [(platform, (first + n * stride) % len(profile.creators)) for n in range(3 + draws.below(3))]
        else:
            lines.append((platform, None))
    weights = [draws.between(0.5, 1.5) * (1.0 if creator is not None else 2.2) for _, creator in lines]
    return tuple(
        Placement(
            platform=platform,
            creator="" if creator is None else f"{profile.prefix.lower()}-cr-{creator + 1:02}",
            handle="" if creator is None else profile.creators[creator],
            since=start if creator is None else start + draws.below(max(1, length // 6)),
            share=weight / sum(weights),
            cpm=profile.cpm[PLATFORMS.index(platform)] * price * draws.between(0.8, 1.25),
            noise=seeded(seed, profile.account, slot, cycle, platform, creator),
            line_noise=seeded(seed, profile.account, slot, cycle, platform, "line"),
        )
        for (platform, creator), weight in zip(lines, weights, strict=True)
    )


_CPM_BY_MONTH = (0.80, 0.84, 0.90, 0.95, 0.99, 0.97, 0.94, 0.96, 1.02, 1.10, 1.28, 1.22)
_VOLUME_BY_MONTH = (0.86, 0.90, 0.96, 1.0, 1.03, 1.02, 0.95, 0.94, 1.0, 1.06, 1.26, 1.18)
_WEEKDAY = (0.94, 0.97, 1.0, 1.04, 1.07)
_CTR = {"TikTok": 0.0094, "Instagram": 0.0071}
_RAMP = (0.34, 0.52, 0.71, 0.90, 1.08, 1.18, 1.16, 1.10, 1.05, 1.02)


class Delivered(NamedTuple):
    """One line of one day. Money in minor units of the currency, conversions in hundredths; None is not reported."""

    impressions: int
    clicks: int
    cost: int
    reach: int | None
    views: int | None
    engagements: int | None
    conversions: int | None
    revenue: int | None


COUNTS = tuple(name for name in Delivered._fields if BY_NAME[name].unit == "count")


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


def final_numbers(profile: Profile, campaign: Campaign, placement: Placement, ordinal: int) -> Delivered | None:
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


def _billed_only(profile: Profile, campaign: Campaign, spend: float) -> Delivered:
    revenue = 0 if campaign.return_on_spend is not None else None
    return Delivered(0, 0, max(profile.minor, int(spend * profile.minor)), None, None, None, None, revenue)


def _counted(
    profile: Profile, campaign: Campaign, placement: Placement, bits: int, impressions: int, cost: int
) -> Delivered:
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
    return Delivered(impressions, clicks, cost, reach, views, engagements, conversions, revenue)
