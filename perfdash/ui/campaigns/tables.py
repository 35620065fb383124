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
from perfdash.domain.as_of import AsOf, today_at
from perfdash.domain.campaigns import CampaignRef, CampaignRow
from perfdash.domain.groups import Group
from perfdash.domain.measures import BY_NAME, OPTIONAL
from perfdash.domain.metrics import METRICS
from perfdash.presentation import formatting, glossary
from perfdash.presentation.columns import Names, Origins
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, budget_share, client_column, draw, measure, metric, money_of
from perfdash.ui.runtime import context, navigation

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
    Shown("used", "Budget spent", "share", budget_share, _SPENT),
    Shown("over", "Pacing", "text", lambda row: pacing(row), _SPENT),
    Shown("flight_cost", "Cost of flight", "money", lambda row: money_of(row, "flight_cost")),
    Shown("budget", "Budget", "money", lambda row: money_of(row, "budget")),
)
_ABOUT = (
    Shown("platforms", "Platforms", "list", lambda row: row.platforms),
    Shown("status", "Status", "text", lambda row: row.status),
    Shown("flight_start", "Flight start", "day", lambda row: row.flight_start, _FLIGHT),
    Shown("flight_end", "Flight end", "day", lambda row: row.flight_end, _FLIGHT),
    Shown("campaign", "Campaign id", "text", lambda row: row.campaign),
)


def pacing(row: Any) -> str | None:
    """In a word: over budget, by how much; otherwise what is left."""
    share = budget_share(row)
    if share is None:
        return None
    return (
        f"▲ {formatting.figure(share - 1, 'percent')} over"
        if share > 1
        else f"{formatting.figure(1 - share, 'percent')} left"
    )


def brief_table(rows: Sequence[CampaignRow], principal: Principal, currency: str, *, key: str) -> None:
    """The overview's campaigns: what they cost against their whole budgets."""
    named = _named(principal)
    columns = (*named, COST, *_BUDGET, *COUNTS, *PAID) if principal.money else (*named, *COUNTS, *_ABOUT[:4])
    _campaigns(rows, columns, currency, key)


def full_table(rows: Sequence[CampaignRow], origins: Origins, principal: Principal, currency: str, *, key: str) -> None:
    """Every measure and ratio of each campaign, and up to which day its numbers are final."""
    final_to = Shown("final_to", "Final to", "day", lambda row: _final_to(origins, row))
    named = _named(principal)
    columns = (*named, COST, *COUNTS, *PAID, *REST, *_BUDGET, *_ABOUT, final_to)
    without = (*named, *COUNTS, *REST, *_ABOUT, final_to)
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


def budget_bar(row: CampaignRow, stored_from: date | None, as_of: AsOf | None = None) -> None:
    """Cost of the whole flight against the budget; `stored_from` is the client's first stored day."""
    share = budget_share(row)
    if share is None or row.flight_cost is None:
        st.caption("The source reports no budget for this campaign.")
        return
    spent, budget = formatting.micros(row.flight_cost, row.currency), formatting.micros(row.budget, row.currency)
    over = f" · :red[**{escape_markdown(formatting.figure(share - 1, 'percent'))} over budget**]" if share > 1 else ""
    today = today_at(as_of, "UTC", context.now())
    spent_of = f"Spent {escape_markdown(spent)} of {escape_markdown(budget)}"
    text = f"{spent_of} ({escape_markdown(formatting.figure(share, 'percent'))}){_elapsed(row, today)}{over}"
    st.progress(min(1.0, float(share)), text=text)
    if stored_from and row.flight_start and row.flight_start < stored_from:
        st.caption(f"Earlier days than {formatting.day(stored_from)} were never fetched, so their cost is not in this.")


def _elapsed(row: CampaignRow, today: date) -> str:
    """How much of the flight is over, by whole days in UTC: a hint beside the bar, not a figure."""
    if not row.flight_start or not row.flight_end or row.flight_start > row.flight_end:
        return ""
    whole = (row.flight_end - row.flight_start).days + 1
    passed = min(max((today - row.flight_start).days, 0), whole)
    return f" · {escape_markdown(formatting.figure(Fraction(passed, whole), 'percent'))} of the flight is over"
