"""What receipts look like: the list of exports, the totals sent and now, and the days between them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import streamlit as st

from perfdash import sent, words
from perfdash.access import Principal
from perfdash.domain.question import filters_of
from perfdash.errors import UsageError
from perfdash.sent import ChangedDay, SentFigure
from perfdash.store.receipts import Receipt
from perfdash.ui import tables
from perfdash.ui.tables import Shown, draw


def exports(parts: Sequence[Receipt], principal: Principal, *, key: str) -> str | None:
    """One line per export, newest first; returns the id of the one that was clicked on."""
    by_id: dict[str, list[Receipt]] = {}
    for part in parts:
        by_id.setdefault(part.receipt, []).append(part)
    columns = [
        Shown("at", "Exported", "moment", lambda row: row[0].at, pinned=True),
        Shown("view", "What", "text", lambda row: row[0].view),
        Shown("clients", "Clients", "list", lambda row: tuple(part.client for part in row)),
        Shown("days", "Days", "text", _days),
        Shown("rows", "Rows", "count", lambda row: sum(part.rows for part in row), "rows of these clients"),
        Shown("receipt", "Receipt", "text", lambda row: row[0].receipt, "what --since receipt:ID takes"),
        Shown("sha256", "SHA-256 of its rows", "text", lambda row: row[0].sha256),
    ]
    if principal.of_agency:  # who of the agency exported is the agency's business
        columns.insert(2, Shown("author", "By", "text", lambda row: row[0].author))
    rows = list(by_id.values())[: tables.MOST_ROWS]
    draw(rows, columns, alt="Exports, newest first", key=key, choose=lambda row: row[0].receipt)
    chosen: str | None = tables.chosen(key)
    return chosen


def _days(row: list[Receipt]) -> str:
    try:
        return words.days(filters_of(row[0].filters, ()).days)
    except UsageError:
        return words.UNDEFINED


def figures(found: Sequence[SentFigure]) -> None:
    """A tile per total: what it is now, and what was sent."""
    with st.grid(min(4, max(1, len(found))), min_column_width=170, gap="small"):
        for one in found:
            unit = f" ({one.currency})" if one.name in sent.MONEY else ""
            st.metric(
                f"{sent.LABELS[one.name]} now{unit}", _shown(one, one.now), _delta(one), delta_color="off", border=True,
                delta_arrow=_arrow(one), height="stretch",  # type: ignore[arg-type]
                help=f"Sent {_shown(one, one.sent)}, now {_shown(one, one.now)}.",
            )  # fmt: skip


def _shown(one: SentFigure, value: Fraction | None) -> str:
    """A CPM with two decimals more: its movements are small."""
    places = 0 if one.name not in sent.MONEY else words.decimals(one.currency) + (2 if one.name == "cpm" else 0)
    return words.number(value, places)


def _delta(one: SentFigure) -> str:
    return f"sent {_shown(one, one.sent)}" if one.moved else "as it was sent"


def _arrow(one: SentFigure) -> str:
    if not one.moved or one.sent is None or one.now is None:
        return "off"
    return "down" if one.now < one.sent else "up"


def days(found: Sequence[ChangedDay], measure: str, *, limited: bool, key: str) -> None:
    """The days whose total differs, or that were restated and are what they were."""
    kind: tables.Kind = "money" if measure == "cost" else "count"
    names = {day.currency for day in found}
    currency = next(iter(names)) if len(names) == 1 else ""
    rest = "rows that were first reported later, or were corrected" + (", or moved across the limit" if limited else "")
    columns = (
        Shown("day", "Day", "day", lambda row: row.day, pinned=True),
        *((Shown("currency", "Currency", "text", lambda row: row.currency),) if len(names) > 1 else ()),
        Shown("sent", "Sent", kind, lambda row: row.sent), Shown("now", "Now", kind, lambda row: row.now),
        Shown("difference", "Difference", kind, lambda row: row.difference),
        Shown("restated", "Restated", kind, lambda row: row.restated, "the part that restatements explain"),
        Shown("rest", "Other", kind, lambda row: row.rest, rest),
        Shown("changes", "Changes", "count", lambda row: row.changes, "changes of rows since the export"),
        Shown("late", "After final", "count", lambda row: row.late, "of them after the day was final"),
    )  # fmt: skip
    draw(found[: tables.MOST_ROWS], columns, alt="Days that differ from what was sent", key=key, currency=currency)
