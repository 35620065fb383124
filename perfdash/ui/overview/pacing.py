"""How far each campaign is through its budget and its flight, the farthest from its plan first."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import pyarrow as pa
import streamlit as st

from perfdash.domain.pacing import Delivery, Pace
from perfdash.domain.question import Question
from perfdash.presentation import bullets, formatting
from perfdash.presentation import pacing as words
from perfdash.presentation.bullets import FARTHEST, FIELDS
from perfdash.ui.restatements.base import Base
from perfdash.ui.runtime import browser, cache, navigation

MOST = 6
_NUMBERS = ("spent", "elapsed", "whole", "reach")
_SCHEMA = pa.schema(
    [
        *((name, pa.float64()) for name in _NUMBERS),
        *((name, pa.string()) for name in FIELDS if name not in _NUMBERS),
    ]
)
Paced = tuple[Delivery, Pace]


def paced(deliveries: Sequence[Delivery], currency: str) -> list[Paced]:
    """Those of one currency that have a pace, the farthest from their plan first."""
    found = [(one, one.pace) for one in deliveries if one.currency == currency]
    known = [(one, pace) for one, pace in found if pace is not None]
    return sorted(known, key=lambda pair: (-_off(pair[1]), pair[0].name))


def reported(question: Question, base: Base | None, currency: str) -> list[Paced]:
    """The same as known at the earlier moment; nothing without one."""
    if base is None or not question.principal.money:
        return []
    return paced(cache.deliveries(question.at(base.at)), currency)


def _off(pace: Pace) -> Fraction:
    """By how much of the budget spending and time differ."""
    return abs(pace.share_spent - pace.share_elapsed)


def pacing(found: Sequence[Paced], *, key: str) -> None:
    """Bullets of the first `MOST`, and how many more there are."""
    with st.container(border=True, height="stretch"):
        st.markdown("**Pacing** :gray[bar: budget spent, tick: time elapsed]")
        running = [pair for pair in found if pair[1].is_running]
        if not running:
            st.caption("No campaign in flight has a budget here.")
            return
        shown = running[:MOST]
        rows = [_row(delivery, pace) for delivery, pace in shown]
        data = pa.table([pa.array([row[f.name] for row in rows], f.type) for f in _SCHEMA], schema=_SCHEMA)
        names = tuple(str(row["name"]) for row in rows)
        farthest = max(1.0, *(float(str(row["spent"])) for row in rows))
        st.vega_lite_chart(
            data,
            bullets.bullets(names, min(FARTHEST, farthest), browser.theme()),
            key=key,
            alt="Budget spent and time elapsed, by campaign",
        )
        if len(running) > len(shown):
            more = formatting.plural(len(running) - len(shown), "more campaign")
            navigation.link(navigation.CAMPAIGNS, f"{more}, nearer to plan")


def said(one: Delivery, pace: Pace) -> str:
    """A row in words, for who does not see the bars."""
    spent, elapsed = _percent(pace.share_spent), _percent(pace.share_elapsed)
    return f"{one.name}: {spent} of the budget spent, {elapsed} of the time over, {words.WORDS[pace.band]}"


def _row(delivery: Delivery, pace: Pace) -> dict[str, float | str]:
    def amount(micros: Fraction | int | None) -> str:
        return words.amount(micros, delivery.currency)

    return bullets.reach(float(pace.share_spent), float(pace.share_elapsed)) | {
        "name": bullets.wrapped(delivery.name),
        "said": said(delivery, pace),
        "band": pace.band,
        "words": f"{_percent(pace.share_spent)} · {pace.band}",
        "of_budget": f"{amount(pace.spent)} of {amount(pace.budget)}",
        "planned": amount(pace.planned),
        "forecast": amount(pace.forecast),
        "daily": f"{amount(pace.daily_to_land)} a day" if pace.daily_to_land is not None else formatting.UNDEFINED,
    }


def _percent(share: Fraction) -> str:
    return f"{round(share * 100)}%"
