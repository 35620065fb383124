"""One creator: its numbers, its campaigns, its platforms and its days, under the filters in view."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from perfdash.domain.campaigns import CampaignRef
from perfdash.domain.groups import Dimension, Group
from perfdash.domain.metrics import PER_1000_VIEWS, quotient
from perfdash.domain.question import Question
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.campaigns import tables as campaign_tables
from perfdash.ui.campaigns.tables import COST
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw, measure, metric
from perfdash.ui.creators.rows import CreatorRow, of_creator
from perfdash.ui.creators.trends import multiples
from perfdash.ui.runtime import cache, navigation

_COUNTS = (
    measure("views"),
    measure("engagements"),
    metric("engagement_rate"),
    measure("impressions"),
    measure("clicks"),
)
_PER_1000 = Shown(
    "cost_per_1000_views", "Cost per 1,000 views", "price", lambda group: quotient(PER_1000_VIEWS, group.sums)
)
_PAID = (COST, _PER_1000, metric("cpe"))
_OF_CREATOR: tuple[Dimension, ...] = ("client", "account", "creator")


def draw_creator(question: Question, row: CreatorRow, client: str) -> None:
    """`row` is the creator's own; `client` is the name of its client."""
    st.header(escape_markdown(row.name, 200))
    st.caption(escape_markdown(f"{client} · {_line(row, money=question.principal.money)}", 400))
    own = question.filtered(clients=(row.ref.client,))
    multiples(own, [row])
    names = {one.ref: one.name for one in cache.campaigns(own)}
    st.header("Campaigns")
    _table(own, row, "campaign", _campaign(names))
    st.header("Platforms")
    _table(own, row, "platform", Shown("platform", "Platform", "text", lambda group: group.platform, pinned=True))
    st.header("Days")
    _table(own, row, "day", Shown("day", "Day", "day", lambda group: group.day, pinned=True))


def _line(row: CreatorRow, *, money: bool) -> str:
    """What it came to: 1,200.00 EUR for 64,100 views, 18.72 EUR per 1,000 views, in 3 campaigns."""
    views = f"{formatting.figure(row.sums.views, 'count')} views"
    campaigns = f"in {formatting.plural(row.campaigns, 'campaign')}"
    if not money:
        return f"{views}, {campaigns}"
    cost = formatting.micros(row.sums.cost, row.currency)
    price = formatting.figure(row.per_1000_views, "price", row.currency)
    return f"{cost} for {views}, {price} per 1,000 views, {campaigns}"


def _campaign(names: Mapping[CampaignRef, str]) -> Shown:
    def ref(group: Group) -> CampaignRef:
        return CampaignRef(group.client, group.account, group.campaign)

    return Shown(
        "name",
        "Campaign",
        "text",
        lambda group: names.get(ref(group), group.campaign),
        pinned=True,
        link=lambda group: navigation.address(
            navigation.CAMPAIGN, campaign_tables.link_of(ref(group)), names.get(ref(group), group.campaign)
        ),
    )


def _table(question: Question, row: CreatorRow, by: Dimension, first: Shown) -> None:
    """The creator's part of each `by`; the days in their order, all else by what it cost or showed."""
    money = question.principal.money
    groups = of_creator(cache.groups(question, (*_OF_CREATOR, by)), row.ref)
    groups = tuple(group for group in groups if row.currency in ("", group.currency))
    if by != "day":
        groups = tuple(sorted(groups, key=lambda group: (-(group.sums.cost or 0), -(group.sums.impressions or 0))))
    draw(
        groups[: component_tables.MOST_ROWS],
        (first, *_PAID, *_COUNTS) if money else (first, *_COUNTS),
        alt=f"{first.label}s of this creator",
        key=f"creator_by_{by}",
        currency=row.currency,
    )
