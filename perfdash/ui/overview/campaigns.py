"""The campaigns of one client: what each cost, how that changed, its pace, and what was restated since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.campaigns import CampaignRef, CampaignRow
from perfdash.domain.metrics import METRICS, Sums, change, ratio
from perfdash.domain.pacing import Pace
from perfdash.domain.restatements import ADDED, Moved
from perfdash.presentation import formatting, pacing
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import downloads
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.campaigns.headline import Headline, Side
from perfdash.ui.components.tables import MOST_ROWS, Shown, client_column, draw, in_units, measure, metric
from perfdash.ui.filters.sidebar import Selection
from perfdash.ui.overview.snapshot import Snapshot, total
from perfdash.ui.runtime import cache, navigation

_COST = ADDED.index("cost")
_MOST_CARDS = 10
"""On a phone; the page of the campaigns has more."""


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """One campaign. `change` is that of cost (of impressions without money), `trend` the same by day.

    `restated`: by how much its cost was changed since the moment the page reads now against (micros); None: not at all.
    """

    row: CampaignRow
    change: Fraction | None
    trend: tuple[int, ...]
    pace: Pace | None
    restated: int | None

    @property
    def sums(self) -> Sums:
        return self.row.sums

    @property
    def ref(self) -> CampaignRef:
        return self.row.ref

    @property
    def currency(self) -> str:
        return self.row.currency


def campaign_lines(
    found: Headline, shot: Snapshot, paces: Mapping[CampaignRef, Pace], restated: Mapping[CampaignRef, int]
) -> tuple[CampaignLine, ...]:
    """Of the currency that the page shows, by cost (impressions without money), the highest first."""
    name = "cost" if shot.question.principal.money else "impressions"
    now, before = (_by_campaign(side, shot.currency) for side in (found.current, found.before))
    trends = _trends(shot, name)

    def changed(row: CampaignRow) -> Fraction | None:
        if shot.before_days is None or (row.flight_start and row.flight_start > shot.before_days.start):
            return None
        sides = (now.get(row.ref), before.get(row.ref))
        return change(*(None if side is None else getattr(side, name) for side in sides))

    lines = [
        CampaignLine(row, changed(row), trends.get(row.ref, ()), paces.get(row.ref), restated.get(row.ref))
        for row in found.campaigns
        if not shot.currency or row.currency == shot.currency
    ]
    return tuple(sorted(lines, key=lambda line: (-(getattr(line.sums, name) or 0), line.row.name)))


def _by_campaign(side: Side | None, currency: str) -> dict[CampaignRef, Sums]:
    found: dict[CampaignRef, Sums] = {}
    for row in side.campaigns if side else ():
        if not currency or row.currency == currency:
            found[row.ref] = found.get(row.ref, Sums()) + row.sums
    return found


def _trends(shot: Snapshot, name: str) -> dict[CampaignRef, tuple[int, ...]]:
    """A day on which a campaign has no row is 0: it did not run."""
    values: dict[CampaignRef, dict[date, int]] = {}
    for group in cache.groups(shot.question, ("client", "account", "campaign", "day")):
        if group.day:
            days = values.setdefault(CampaignRef(group.client, group.account, group.campaign), {})
            days[group.day] = days.get(group.day, 0) + (getattr(group.sums, name) or 0)
    return {ref: tuple(days.get(day, 0) for day in shot.days.each()) for ref, days in values.items()}


def restated(moved: Sequence[Moved], currency: str) -> dict[CampaignRef, int]:
    """By how much the cost of each campaign was changed (micros); those whose cost was not are absent."""
    found: dict[CampaignRef, int] = {}
    for one in moved:
        if one.currency == currency and one.differences[_COST]:
            ref = CampaignRef(one.client, one.account, one.campaign)
            found[ref] = found.get(ref, 0) + (one.differences[_COST] or 0)
    return found


def campaigns(asked: Selection, found: Headline, shot: Snapshot, paces: Mapping[CampaignRef, Pace]) -> None:
    """One row per campaign; all of them together stand above it, where no sorting moves them. The CSV holds all."""
    question = asked.question
    downloads.heading(
        "Campaigns",
        [
            lambda: navigation.link(navigation.CAMPAIGNS, "All campaigns", icon="arrow_forward"),
            lambda: downloads.csv(question, "campaigns", key="overview_campaigns_csv"),
        ],
    )
    lines = campaign_lines(found, shot, paces, restated(shot.moved, shot.currency))
    st.caption(escape_markdown(_together(lines, shot.currency), 300))
    draw(
        lines[:MOST_ROWS],
        _columns(shot, _whose(lines, question.principal)),
        alt="Campaigns in view",
        key="overview_campaigns",
        currency=shot.currency,
        most_cards=_MOST_CARDS,
    )


def _together(lines: Sequence[CampaignLine], currency: str) -> str:
    whole = total(line.sums for line in lines)
    parts = [formatting.plural(len(lines), "campaign")]
    if currency:
        parts.append(f"together {formatting.micros(whole.cost, currency)}")
        parts += [
            f"{METRICS[name].label} {formatting.figure(value, formatting.unit_of(name), currency)}"
            for name in ("cpm", "roas")
            if (value := ratio(name, whole)) is not None
        ]
    else:
        parts.append(f"together {formatting.plural(whole.impressions or 0, 'impression')}")
    return " · ".join(parts)


_NAME = Shown(
    "name",
    "Campaign",
    "text",
    lambda line: line.row.name,
    pinned=True,
    link=lambda line: navigation.address(navigation.CAMPAIGN, campaign_tables.link_of(line.ref), line.row.name),
)
_ABOUT_CHANGE = "against the days that the page names; – for what began after these did"
_CHANGE = Shown(
    "change",
    "Change",
    "change",
    lambda line: line.change,
    _ABOUT_CHANGE,
)
_ENDS = Shown("flight_end", "Ends", "day", lambda line: line.row.flight_end)


def _whose(lines: Sequence[CampaignLine], principal: Principal) -> tuple[Shown, ...]:
    """Whose a campaign is, where several clients have some."""
    several = len({line.ref.client for line in lines}) > 1
    return client_column(principal, lambda line: line.ref.client) if several else ()


def _columns(shot: Snapshot, whose: tuple[Shown, ...]) -> tuple[Shown, ...]:
    if not shot.question.principal.money:
        return (
            _NAME,
            *whose,
            measure("impressions"),
            _CHANGE,
            Shown("trend", "Per day", "trend", lambda line: line.trend, "each day in view"),
            measure("clicks"),
            metric("ctr"),
            Shown("status", "Status", "text", lambda line: line.row.status),
        )
    since = f"by how much its cost was changed since {shot.base.name}" if shot.base else ""
    return (
        _NAME,
        *whose,
        measure("cost"),
        _CHANGE,
        Shown("trend", "Per day", "trend", lambda line: in_units(line.trend), "each day in view"),
        Shown(
            "pace", "Pace", "percent", lambda line: line.pace.index if line.pace else None, "spent / planned to date"
        ),
        Shown("band", "State", "text", lambda line: pacing.WORDS[line.pace.band] if line.pace else None),
        metric("roas"),
        Shown("restated", "Restated", "money", lambda line: line.restated, since, signed=True),
        *(() if whose else (_ENDS,)),
    )
