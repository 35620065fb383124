"""The tables of campaigns, platforms and creators, and the way from a row to its campaign's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.campaigns import CampaignRef, CampaignRow
from perfdash.domain.groups import Group
from perfdash.domain.measures import BY_NAME, OPTIONAL
from perfdash.domain.metrics import METRICS
from perfdash.domain.pacing import Delivery
from perfdash.presentation import formatting, glossary
from perfdash.presentation.columns import Names, Origins
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.campaigns import pace
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, budget_share, client_column, draw, measure, metric, money_of
from perfdash.ui.runtime import navigation

Deliveries = Sequence[Delivery]
_SPENT = glossary.hint("budget_pacing")
_FLIGHT = glossary.hint("flight")
COUNTS = (measure("impressions"), measure("clicks"), metric("ctr"))
PAID = (metric("cpm"), metric("cpc"), metric("roas"), metric("roi"))
COST = measure("cost")


def _with_metrics(name: str) -> tuple[Shown, ...]:
    """An optional measure and what is made of it: rates, then prices."""
    elsewhere = {column.name for column in (*COUNTS, *PAID)}
    made = [one for one in METRICS.values() if name in one.optional and one.name not in elsewhere]
    return measure(name), *(metric(one.name) for one in sorted(made, key=lambda one: one.unit == "money"))


_OPTIONAL = sorted(OPTIONAL, key=lambda name: not BY_NAME[name].additive)
REST = tuple(column for name in _OPTIONAL for column in _with_metrics(name))
"""Every measure that not all sources report, those that add up first."""
CORRECTED = Shown("corrected", "Corrected rows", "count", lambda row: row.sums.corrected or None)
"""Marks the rows that count corrected values; not shown where none does."""


_BUDGET = (
    Shown("flight_cost", "Cost of flight", "money", lambda row: money_of(row, "flight_cost")),
    Shown("budget", "Budget", "money", lambda row: money_of(row, "budget")),
    Shown("used", "Budget spent", "percent", budget_share, _SPENT),
    Shown("budget_left", "Budget left", "money", lambda row: _left(row)),
)
_ABOUT = (
    Shown("platforms", "Platforms", "list", lambda row: row.platforms),
    Shown("status", "Status", "text", lambda row: row.status),
    Shown("flight_start", "Flight start", "day", lambda row: row.flight_start, _FLIGHT),
    Shown("flight_end", "Flight end", "day", lambda row: row.flight_end, _FLIGHT),
)
_ID = Shown("campaign", "Campaign id", "text", lambda row: row.campaign)


def _left(row: Any) -> int | None:
    """What of a campaign's budget its flight has left, in micros; below 0 it is over."""
    return None if row.budget is None or row.flight_cost is None else row.budget - row.flight_cost


def brief_table(
    rows: Sequence[CampaignRow], deliveries: Deliveries, principal: Principal, currency: str, *, key: str
) -> None:
    """The overview's campaigns: what they cost, and whether they are on pace."""
    named, (index, state, *_) = _named(principal), pace.columns(deliveries)
    paid = (*named, COST, index, state, _ABOUT[3], *_BUDGET, *COUNTS, *PAID)
    _campaigns(rows, paid if principal.money else (*named, *COUNTS, state, *_ABOUT[:4]), currency, key)


def full_table(
    rows: Sequence[CampaignRow],
    deliveries: Deliveries,
    origins: Origins,
    principal: Principal,
    currency: str,
    *,
    key: str,
) -> None:
    """Every measure and ratio of each campaign, its pace, and up to which day its numbers are final."""
    final_to = Shown("final_to", "Final to", "day", lambda row: _final_to(origins, row))
    named, (index, state, *planned) = _named(principal), pace.columns(deliveries)
    of_pace = (index, state, _ABOUT[3], *planned, *_BUDGET)
    columns = (*named, COST, *of_pace, *COUNTS, *PAID, *REST, *_ABOUT[:3], _ID, final_to)
    without = (*named, state, *COUNTS, *REST, *_ABOUT, _ID, final_to)
    _campaigns(rows, columns if principal.money else _without_money(without), currency, key)


def _named(principal: Principal) -> tuple[Shown, ...]:
    """The campaign, whose name opens it, and whose it is."""
    name = Shown("name", "Campaign", "text", lambda row: row.name, pinned=True, link=address_of)
    return name, *client_column(principal), CORRECTED


def address_of(row: CampaignRow) -> str:
    """Where the campaign's own page lies."""
    return navigation.address(navigation.CAMPAIGN, link_of(row.ref), row.name)


def _final_to(origins: Origins, row: CampaignRow) -> date | None:
    known = origins.get((row.client, row.account))
    return known.final_to if known else None


def _without_money(columns: Sequence[Shown]) -> tuple[Shown, ...]:
    return tuple(column for column in columns if column.kind not in ("money", "price"))


def _campaigns(rows: Sequence[CampaignRow], columns: Sequence[Shown], currency: str, key: str) -> None:
    """Those of one currency; of all, '', for who may not see money."""
    ordered = sorted(rows, key=lambda row: (-(row.sums.cost or 0), -(row.sums.impressions or 0), row.name))
    draw(ordered[: component_tables.MOST_ROWS], columns, alt="Campaigns in view", key=key, currency=currency)
    if len(ordered) > component_tables.MOST_ROWS:
        by = "cost" if rows[0].sums.cost is not None else "impressions"
        st.caption(
            f"The first {component_tables.MOST_ROWS:,} of {len(ordered):,} campaigns by {by}; "
            f"the CSV holds all of them."
        )


def back_link() -> None:
    """The way back to all campaigns; the filters stay."""
    navigation.link(navigation.CAMPAIGNS, "All campaigns", icon="arrow_back")


def link_of(ref: CampaignRef) -> dict[str, str]:
    """The campaign's part of a URL. Not `client`: that name is the filter's."""
    return {"campaign": ref.campaign, "account": str(ref.account), "owner": ref.client}


def campaign_in_url(query: Mapping[str, str]) -> CampaignRef | None:
    """The campaign that the URL names; None when it names none."""
    campaign, account, owner = (query.get(name, "") for name in ("campaign", "account", "owner"))
    number = int(account) if account.isascii() and account.isdecimal() and len(account) < 10 else 0
    return CampaignRef(owner, number, campaign) if campaign and owner and number else None


@dataclass(frozen=True, slots=True)
class _Shared:
    """A platform's group and its part of all cost, or of all impressions for who may not see money."""

    group: Group
    share: Fraction | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.group, name)


def platforms(groups: Sequence[Group], currency: str, *, money: bool, key: str) -> None:
    """One row per platform, with its share; of one currency where money is shown."""
    side = "cost" if money else "impressions"
    whole = sum(getattr(group.sums, side) or 0 for group in groups)
    rows = [_Shared(group, _share(getattr(group.sums, side), whole)) for group in groups]
    columns: Sequence[Shown] = (
        Shown("platform", "Platform", "text", lambda row: row.platform, pinned=True),
        CORRECTED,
        *((COST,) if money else ()),
        Shown("share", f"Share of {side}", "share", lambda row: row.share),
        *COUNTS,
        *(PAID if money else ()),
    )
    draw(rows, columns, alt="Platforms in view", key=key, currency=currency)


def _share(part: int | None, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole and part is not None else None


def creators(groups: Sequence[Group], names: Names, currency: str, *, money: bool, key: str) -> None:
    """One row per creator, by name."""

    def name(row: Group) -> str:
        return names.get((row.client, row.account, row.creator), row.creator) or "(no creator)"

    columns: Sequence[Shown] = (
        Shown("creator", "Creator", "text", name, pinned=True),
        CORRECTED,
        *((COST,) if money else ()),
        *COUNTS,
        *(PAID if money else ()),
        *(REST if money else _without_money(REST)),
    )
    ordered = sorted(groups, key=lambda row: (-(row.sums.cost or 0), -(row.sums.impressions or 0)))
    draw(ordered[: component_tables.MOST_ROWS], columns, alt="Creators of this campaign", key=key, currency=currency)


def flight_line(row: CampaignRow, client: str) -> None:
    """Whose it is, where it runs, from when to when."""
    parts = [client, row.status or "", formatting.enumerate_names(row.platforms), _flight(row), row.campaign]
    st.caption(" · ".join(escape_markdown(part, 120) for part in parts if part))


def _flight(row: CampaignRow) -> str:
    if row.flight_start and row.flight_end and row.flight_start <= row.flight_end:
        return f"flight {formatting.days(Days(row.flight_start, row.flight_end))}"
    if row.flight_start:
        return f"from {formatting.day(row.flight_start)}"
    return f"until {formatting.day(row.flight_end)}" if row.flight_end else ""
