"""Since when changes are told: one control and one key in the URL (`since`), also an export by its receipt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

import streamlit as st

from perfdash.domain import as_of as as_of_rules
from perfdash.domain.access import Principal
from perfdash.domain.as_of import AsOf, AtRevisions
from perfdash.domain.errors import UsageError
from perfdash.domain.question import Question
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store import receipts
from perfdash.store.query import catalog, overview
from perfdash.ui.runtime import browser, context

KEY = "since"
Preset = Literal["sync", "yesterday", "monday", "week", "month", "date", "receipt"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
_LABELS: dict[Preset, str] = {
    "sync": "The last sync",
    "yesterday": "Yesterday",
    "monday": "Last Monday",
    "week": "A week ago",
    "month": "Start of the month",
    "date": "A date",
    "receipt": "An export",
}
_DEFAULT: Preset = "week"
_RECEIPT = "receipt:"
_EXPORTS = 200


@dataclass(frozen=True, slots=True)
class Since:
    """The moment after which changes are told, and how it reads. `clients`: those of the export; () is all in view."""

    at: AsOf
    told: str
    clients: tuple[str, ...] = ()


def control(question: Question) -> Since | None:
    """Draw the control; None, with a word on the page, while what is asked for cannot be used."""
    today = _today(question)
    preset, value = _linked()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault("since_preset", preset)
        chosen: Preset = st.selectbox(
            "Changes since",
            PRESETS,
            format_func=_LABELS.__getitem__,
            key="since_preset",
            on_change=_write,
            width=220,
            filter_mode=None,
        )
        if chosen == "date":
            return _date(value, today)
        if chosen == "receipt":
            return _export(question.principal, value)
    if chosen == "sync":
        at = overview.revisions_at(context.store(), question)
        before = tuple((client, revision - 1) for client, revision in at if revision)
        return Since(AtRevisions(before), "before the last sync that changed anything")
    return _from(_day(chosen, today))


def _today(question: Question) -> date:
    named, store = question.clients, context.store()
    zones = {c.time_zone for c in catalog.clients(store, question.principal) if not named or c.slug in named}
    now = browser.now()
    return min((as_of_rules.today_at(question.as_of, zone, now) for zone in zones), default=now.date())


def _linked() -> tuple[Preset, str]:
    """What the URL asks for: a preset, a day, or an export; the default for all else."""
    text = st.query_params.get(KEY, "")
    for preset in PRESETS:
        if text == preset:
            return preset, ""
    if text.startswith(_RECEIPT):
        return "receipt", text.removeprefix(_RECEIPT)
    try:
        return "date", str(date.fromisoformat(text))
    except ValueError:
        return _DEFAULT, ""


def _write() -> None:
    """Into the URL. A date and an export stand there once they are chosen."""
    st.query_params[KEY] = st.session_state["since_preset"]


def _day(preset: Preset, today: date) -> date:
    back = {"yesterday": 1, "week": 7, "monday": today.weekday() or 7}
    return today.replace(day=1) if preset == "month" else today - timedelta(days=back[preset])


def _from(day: date) -> Since:
    """The changes of `day` itself count: what was known before it began is what they are compared with."""
    return Since(day - timedelta(days=1), formatting.day(day))


def _date(value: str, today: date) -> Since | None:
    first = date.fromisoformat(value) if value else today - timedelta(days=7)
    if "since_day" not in st.session_state:
        st.session_state["since_day"] = min(max(first, date(2000, 1, 1)), today)
    day = st.date_input(
        "First day of changes",
        key="since_day",
        min_value=date(2000, 1, 1),
        max_value=today,
        format="YYYY-MM-DD",
        on_change=_write_day,
        width=180,
    )
    return _from(day) if isinstance(day, date) else None


def _write_day() -> None:
    if day := st.session_state.get("since_day"):
        st.query_params[KEY] = str(day)


def _export(principal: Principal, value: str) -> Since | None:
    known = {one.receipt: one for one in receipts.list_receipts(context.store(), principal, _EXPORTS)}
    if not known and not value:
        st.caption("Nothing was exported yet.")
        return None
    if value and value not in known:  # older than what is offered, or none of ours: the store says which
        try:
            known[value] = receipts.receipt_of(context.store(), principal, value).parts[0]
        except UsageError:
            st.warning("There is no such export here. Choose another moment.", icon=":material/search_off:")
            return None
    if st.session_state.get("since_export") not in known:
        st.session_state["since_export"] = value or next(iter(known))
    receipt = st.selectbox(
        "Export",
        list(known),
        format_func=lambda one: export_label(known[one]),
        key="since_export",
        on_change=_write_export,
        width=360,
    )
    found = receipts.receipt_of(context.store(), principal, receipt)
    clients = tuple(part.client for part in found.parts)
    return Since(found.at_revisions, f"the export of {browser.clock(found.parts[0].at)}", clients)


def export_label(one: receipts.Receipt) -> str:
    """22 Nov 10:04, campaigns, by ann."""
    return escape_markdown(f"{browser.clock(one.at)}, {one.view}, {one.receipt[:6]}")


def _write_export() -> None:
    st.query_params[KEY] = _RECEIPT + st.session_state["since_export"]
