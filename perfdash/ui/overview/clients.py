"""A card for each client, for those who see several: its cost in its own currency, its change, its pace."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import streamlit as st

from perfdash.domain.accounts import Client
from perfdash.domain.facts import MICRO
from perfdash.domain.metrics import Sums, change, ratio
from perfdash.domain.pacing import Delivery, Together, together
from perfdash.domain.question import Question
from perfdash.domain.restatements import ADDED
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import downloads
from perfdash.ui.campaigns.headline import Headline, Side
from perfdash.ui.clients.rows import clients_in_view
from perfdash.ui.components import cards
from perfdash.ui.components.tables import in_units
from perfdash.ui.overview.snapshot import Snapshot, added, total
from perfdash.ui.runtime import cache, navigation

MOST = 8
_IN_A_ROW, _NARROWEST = 6, 155
_COST = ADDED.index("cost")


@dataclass(frozen=True, slots=True)
class ClientCard:
    """One client in one currency ('' without money). `change` is that of its cost, of its impressions without money.

    `trend` is the same by day; `pace` that of its running campaigns; `restated` in micros.
    """

    client: Client
    currency: str
    sums: Sums
    change: Fraction | None
    trend: tuple[int, ...]
    pace: Together
    restated: int


def clients(question: Question, found: Headline, shot: Snapshot, deliveries: Sequence[Delivery]) -> None:
    """The clients with most campaigns off pace first; nothing where a single one is in view."""
    seen = {group.client for group in shot.everything}
    in_view = [client for client in clients_in_view(question) if client.slug in seen]
    if len(in_view) < 2:
        return
    downloads.heading("Clients", [lambda: navigation.link(navigation.CLIENTS, "All clients", icon="arrow_forward")])
    complete = cache.last_complete(question)
    made = client_cards(in_view, found, shot, deliveries)[:MOST]
    rows = -(-len(made) // _IN_A_ROW)
    with st.grid(-(-len(made) // rows), min_column_width=_NARROWEST, gap="small", key="client_cards"):
        for card in made:
            day = complete.get(card.client.slug)
            _draw(card, f"complete to {formatting.day(day)}" if day else "")


def client_cards(
    in_view: Iterable[Client], found: Headline, shot: Snapshot, deliveries: Sequence[Delivery]
) -> list[ClientCard]:
    """Those with most campaigns off pace first."""
    money = shot.question.principal.money
    made = []
    for client in in_view:
        groups = [group for group in shot.everything if group.client == client.slug]
        for currency in sorted({group.currency for group in groups}) if money else [""]:
            mine = [group for group in groups if currency in ("", group.currency)]
            sides = (_of(side, client.slug, currency) for side in (found.current, found.before))
            by_day = added(mine, lambda group: group.day)
            days = shot.question.filters.days_of(client.slug).each()
            paces = (one.pace for one in deliveries if one.ref.client == client.slug and one.currency == currency)
            moved = (one for one in shot.moved if one.client == client.slug and one.currency == currency)
            made.append(
                ClientCard(
                    client,
                    currency,
                    total(group.sums for group in mine),
                    change(*sides),
                    tuple(_size(by_day.get(day, Sums()), money=money) or 0 for day in days),
                    together(paces),
                    sum(one.differences[_COST] or 0 for one in moved) if money else 0,
                )
            )
    return sorted(made, key=lambda card: (-card.pace.off_pace, card.client.name, card.currency))


def _of(side: Side | None, client: str, currency: str) -> int | None:
    rows = [row for row in side.campaigns if row.client == client and currency in ("", row.currency)] if side else []
    return _size(total(row.sums for row in rows), money=bool(currency)) if rows else None


def _size(sums: Sums, *, money: bool) -> int | None:
    return sums.cost if money else sums.impressions


def _draw(card: ClientCard, complete: str) -> None:
    """A change of cost is neither good nor bad, so it is grey."""
    name = "cost" if card.currency else "impressions"
    size = _size(card.sums, money=bool(card.currency))
    value = None if size is None else Fraction(size, MICRO if card.currency else 1)
    said = formatting.change(card.change)
    arrow = "up" if said.startswith("+") else "down" if said.startswith(formatting.MINUS) else "off"
    unit = formatting.unit_of(name)
    with st.container(border=True, height="stretch", gap="xsmall", key=f"card_{card.client.slug}_{card.currency}"):
        # Streamlit's own link to the page that one is on keeps the filters as they are.
        st.html(cards.title(card.client.name, navigation.address(navigation.OVERVIEW, {"client": card.client.slug})))
        st.metric(
            f"Cost ({card.currency})" if card.currency else "Impressions",
            formatting.digits(value, unit, card.currency, "short"),
            said,
            delta_color="off",
            delta_arrow=arrow,  # type: ignore[arg-type]
            chart_data=in_units(card.trend) if card.currency else card.trend,
            chart_type="area",
        )
        lines = [formatting.figure(value, unit, card.currency), *_lines(card), complete]
        st.caption("  \n".join(escape_markdown(line, 120) for line in lines if line))


def _lines(card: ClientCard) -> list[str]:
    lines = []
    running, off = len(card.pace.running), card.pace.off_pace
    if running:
        state = f"{off} of {running} off pace" if off else f"all {running} on pace"
        lines.append(f"pace {formatting.figure(card.pace.index, 'percent')}, {state}")
    if card.currency and (roas := ratio("roas", card.sums)) is not None:
        lines.append(f"ROAS {formatting.figure(roas, 'times')}")
    if card.restated:
        lines.append(f"restated {formatting.signed(Fraction(card.restated, MICRO), 'money', card.currency)}")
    return lines
