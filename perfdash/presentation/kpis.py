"""The headline figures of a question: totals per currency, and each figure with its change and its explanation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.facts import MICRO
from perfdash.domain.groups import Group
from perfdash.domain.measures import IN_MILLIONTHS, NOT_ADDITIVE
from perfdash.domain.metrics import ADDED, METRICS, Sums, change, made_of_money, ratio, revenue_coverage
from perfdash.presentation import glossary
from perfdash.presentation.formatting import Unit, unit_of

Better = Literal["higher", "lower", "neutral"]


@dataclass(frozen=True, slots=True)
class Total:
    """Everything in view in one currency. `budget` (micros) adds the campaigns that have one; None when none has."""

    currency: str
    sums: Sums
    campaigns: int = 0
    budget: int | None = None
    without_budget: int = 0


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline: `value` in currency units, as a count or a fraction, exact; None is undefined.

    `change` is relative to what is compared with, or of a percentage the difference (0.012 are 1.2 points); where it is
    None, `why` says why as a short phrase. `between` are the two values it is the change of: before and current, which
    may differ from `value`. `corrected` names the measures behind it that a person has set, and how many rows of each.
    """

    name: str
    label: str
    unit: Unit
    value: Fraction | None
    currency: str = ""
    change: Fraction | None = None
    why: str = ""
    better: Better = "neutral"
    definition: str = ""
    note: str = ""
    between: tuple[Fraction, Fraction] | None = None
    corrected: tuple[tuple[str, int], ...] = ()

    @property
    def notable(self) -> bool:
        """True for a change of at least 2 % of what it was before: less has no colour."""
        if self.between is None:
            return False
        was, is_ = self.between
        return abs(is_ - was) >= abs(was) * NOTABLE


NOTABLE = Fraction(2, 100)
_FIGURES: dict[str, Better] = {
    "cost": "neutral",
    "impressions": "higher",
    "clicks": "higher",
    "ctr": "higher",
    "cpm": "lower",
    "cpc": "lower",
    "roas": "higher",
    "roi": "higher",
    "views": "higher",
    "engagement_rate": "higher",
    "campaigns": "neutral",
    "budget": "neutral",
}
_NO_CHANGE = {
    "budget": "it adds the whole budgets of whatever ran",
    "campaigns": "how many ran says nothing about how they did",
}
ALL_OF_ONE = ("cost", "impressions", "clicks", "ctr", "cpm", "cpc", "roas", "roi", "campaigns", "budget")
COUNTS = ("impressions", "clicks", "ctr", "campaigns")
MONEY = ("cost", "cpm", "cpc", "roas", "roi", "budget")


_NOT_OVERALL: dict[str, Any] = dict.fromkeys((*(name for name in ADDED if made_of_money(name)), *NOT_ADDITIVE))


def totals(groups: Iterable[Group], campaigns: Iterable[CampaignRow]) -> tuple[Total, ...]:
    """One Total per currency, by currency. Campaigns count where their own rows are."""
    found: dict[str, Total] = {}
    for group in groups:
        total = found.get(group.currency, Total(group.currency, Sums()))
        found[group.currency] = replace(total, sums=total.sums + group.sums)
    for campaign in campaigns:
        total = found.get(campaign.currency, Total(campaign.currency, Sums()))
        has = campaign.budget is not None
        found[campaign.currency] = replace(
            total,
            campaigns=total.campaigns + 1,
            budget=(total.budget or 0) + (campaign.budget or 0) if has else total.budget,
            without_budget=total.without_budget + (not has),
        )
    return tuple(found[currency] for currency in sorted(found))


def overall(found: Sequence[Total], campaigns: Iterable[CampaignRow]) -> Total:
    """Counts over all currencies; everything that is money, or made of it, is gone: currencies do not add up."""
    different = {(campaign.client, campaign.account, campaign.campaign) for campaign in campaigns}
    together = Sums()
    for total in found:
        together += replace(total.sums, **_NOT_OVERALL)
    return Total("", together, len(different))


def figures(names: Sequence[str], now: Total, before: Total | None, current: Total | None, why: str) -> list[Figure]:
    """The named figures of `now`, each with its change from `before` to `current`.

    `current` is `now` cut to complete days, usually the same. Either None: no change is shown, and `why` is the reason.
    """
    return [_figure(name, now, before, current, why) for name in names]


def _figure(name: str, now: Total, before: Total | None, current: Total | None, why: str) -> Figure:
    told = glossary.entry_of(name)
    is_, was = (value(name, side) if side else None for side in (current, before))
    changed, reason = (None, why) if current is None or before is None else _change(name, is_, was, before)
    return Figure(
        name,
        told.label,
        "money" if name == "budget" else unit_of(name),
        value(name, now),
        now.currency,
        changed,
        reason,
        _FIGURES[name],
        told.help,
        _note(name, now),
        None if changed is None or is_ is None or was is None else (was, is_),
        corrected=now.sums.corrections_of(name),
    )


def _change(name: str, is_: Fraction | None, was: Fraction | None, before: Total) -> tuple[Fraction | None, str]:
    """The change, and why there is none."""
    if name in _NO_CHANGE:
        return None, _NO_CHANGE[name]
    if not before.sums.rows:
        return None, "nothing was reported in the period before"
    if is_ is None or was is None:
        return None, f"it {'is undefined now' if is_ is None else 'was undefined in the period before'}"
    if unit_of(name) == "percent":
        return is_ - was, ""
    if not was:
        return None, "it was 0 in the period before"
    if is_ * was < 0:
        return None, "it went across zero"
    return change(is_, was), ""


def value(name: str, total: Total) -> Fraction | None:
    """The exact value of a figure: money in currency units."""
    if name in METRICS:
        return ratio(name, total.sums)
    if name == "campaigns":
        return Fraction(total.campaigns)
    if name == "budget":
        return None if total.budget is None else Fraction(total.budget, MICRO)
    measure: int | None = getattr(total.sums, name)
    if measure is None:
        return None
    return Fraction(measure, MICRO if name in IN_MILLIONTHS else 1)


def _note(name: str, total: Total) -> str:
    """What the figure leaves out, if anything."""
    if name in ("roas", "roi"):
        covered = revenue_coverage(total.sums)
        if covered is not None and covered < 1:
            share = Fraction(int(covered * 1000), 10)  # rounded down: 99.99 % is not all
            return f"covers {float(share):g}% of the cost, the rest reports no revenue"
    if name == "budget" and total.without_budget:
        return f"{total.without_budget} of {total.campaigns} campaigns report no budget"
    return ""
