"""What if: the same delivery at another price, beside what it really cost. Nothing of it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import streamlit as st

from perfdash.domain.campaigns import CampaignRow
from perfdash.domain.facts import MICRO
from perfdash.domain.groups import Group
from perfdash.domain.metrics import METRICS, Sums, ratio
from perfdash.domain.what_if import SHOWN, Terms, cost_under, factor, split, under
from perfdash.presentation import formatting, glossary
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.components.kpis import NARROWEST_TILE
from perfdash.ui.components.tables import MOST_ROWS, Shown, draw

MOST_MONEY = 1e9
_FORMULA = "new cost = (cost, or the other total) × (1 + fee / 100) + fixed fee"


def what_if(groups: Sequence[Group], campaigns: Sequence[CampaignRow]) -> None:
    """The inputs, the totals as they are and at this price, and each campaign; for one currency at a time."""
    currencies = tuple(sorted({group.currency for group in groups}))
    currency = currencies[0]
    if len(currencies) > 1:
        chosen = st.segmented_control(
            "Currency",
            currencies,
            default=currency,
            required=True,
            key="what_if_currency",
            help="A fee is an amount in one currency, so each is asked by itself.",
        )
        currency = chosen or currency
    sums = sum((group.sums for group in groups if group.currency == currency), Sums())
    terms = _terms(currency)
    times = factor(terms, sums.cost or 0)
    _tiles(sums, times, currency, cost_under(terms, sums.cost or 0))
    st.caption(
        f"{_FORMULA}, split in proportion to cost. So CPM and CPC move by the same factor, "
        f"× {formatting.digits(times, 'price')}; "
        "ROAS = revenue / new cost. Corrections count here. Nothing of it is stored, and no other number changes."
    )
    rows = [row for row in campaigns if row.currency == currency and row.sums.rows]
    _by_campaign(sorted(rows, key=lambda row: (-(row.sums.cost or 0), row.name)), terms, times, currency)


def _terms(currency: str) -> Terms:
    step = 100.0
    with st.grid(3, min_column_width=220):
        percent = st.number_input(
            "Fee in % of cost",
            min_value=-100.0,
            max_value=1000.0,
            value=None,
            step=1.0,
            format="%g",
            key="what_if_percent",
            placeholder="None",
            help="Added to cost; below 0 is a discount.",
        )
        fixed = st.number_input(
            f"Fixed fee for these days ({currency})",
            min_value=0.0,
            max_value=MOST_MONEY,
            value=None,
            step=step,
            format="%g",
            key=f"what_if_fixed_{currency}",
            placeholder="None",
            help="Added once, on top of the percentage.",
        )
        total = st.number_input(
            f"Another cost in total ({currency})",
            min_value=0.0,
            max_value=MOST_MONEY,
            value=None,
            step=step,
            format="%g",
            key=f"what_if_total_{currency}",
            placeholder="As it is",
            help="Takes the place of the cost in view, before any fee.",
        )
    return Terms(_exact(percent), _micros(fixed) or 0, _micros(total))


def _exact(value: float | None) -> Fraction:
    return Fraction(Decimal(repr(value))) if value else Fraction(0)


def _micros(value: float | None) -> int | None:
    return None if value is None else round(_exact(value) * MICRO)


def _tiles(sums: Sums, times: Fraction, currency: str, cost: Fraction) -> None:
    with st.grid(1 + len(SHOWN), min_column_width=NARROWEST_TILE, gap="small"):
        before = formatting.digits(Fraction(sums.cost or 0, MICRO), "money", currency, "short")
        whole = escape_markdown(formatting.figure(cost / MICRO, "money", currency))
        st.metric(
            f"Cost ({currency})",
            formatting.digits(cost / MICRO, "money", currency, "short"),
            f"as it is {before}",
            delta_color="off",
            delta_arrow="off",
            border=True,
            help=f"{whole}.",
        )
        for name in SHOWN:
            label = f"{METRICS[name].label} ({currency})" if METRICS[name].unit == "money" else METRICS[name].label
            as_it_is, priced = ratio(name, sums), under(name, sums, times)
            st.metric(
                label,
                _read(name, priced, currency),
                f"as it is {_read(name, as_it_is, currency)}",
                delta_color="off",
                delta_arrow="off",
                border=True,
                help=f"At this price; {METRICS[name].label} as it is stands below it.",
            )


def _read(name: str, value: Fraction | None, currency: str) -> str:
    return formatting.digits(value, formatting.unit_of(name), currency)


@dataclass(frozen=True, slots=True)
class _Priced:
    """A campaign as it is and at this price. `cost` in micros."""

    name: str
    sums: Sums
    cost: int
    times: Fraction


def _by_campaign(rows: Sequence[CampaignRow], terms: Terms, times: Fraction, currency: str) -> None:
    costs = [row.sums.cost or 0 for row in rows]
    parts = split(cost_under(terms, sum(costs)), costs)
    found = [_Priced(row.name, row.sums, part, times) for row, part in zip(rows, parts, strict=True)]
    columns = [
        Shown("name", "Campaign", "text", lambda row: row.name, pinned=True),
        Shown("cost_now", "Cost as it is", "money", lambda row: row.sums.cost, glossary.hint("cost")),
        Shown(
            "cost_priced",
            "Cost at this price",
            "money",
            lambda row: row.cost,
            "its part of the new total, to the micro",
        ),
    ]
    for name in SHOWN:
        columns += _pair(name)
    draw(found[:MOST_ROWS], columns, alt="Campaigns at this price", key="what_if_campaigns", currency=currency)


def _pair(name: str) -> tuple[Shown, Shown]:
    metric = METRICS[name]
    kind = "price" if metric.unit == "money" else "times" if name == "roas" else "percent"
    return (
        Shown(f"{name}_now", f"{metric.label} as it is", kind, lambda row: ratio(name, row.sums)),  # type: ignore[arg-type]
        Shown(f"{name}_priced", f"{metric.label} at this price", kind, lambda row: under(name, row.sums, row.times)),  # type: ignore[arg-type]
    )
