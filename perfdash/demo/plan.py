"""The campaigns of a demo account: flights, budgets, pauses and creators.

Everything hangs on absolute days, never on today: each slot cuts the calendar into cycles and runs one campaign in
each. So the past stays as it was when today moves on, and a year from now there are as many campaigns as there are now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from perfdash.demo.noise import Draws, seeded
from perfdash.demo.roster import PLATFORMS, Profile, profile_of

CYCLE = 150
_THEMES = (
    "Launch", "Always On", "Creator Wave", "Retargeting", "Awareness Burst", "UGC Remix", "Giveaway", "Bestsellers",
)  # fmt: skip
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
    length = 18 + draws.below(16) if draws.chance(8) else 84 + draws.below(46)
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
        paused=_pause(draws, start, length),
        daily=budget * draws.between(0.84, 1.08) / length,
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
