"""Since when changes are told: one control and one key in the URL (`since`), also an export by its receipt.

A day means its end, as everywhere: what was known then is what now is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from perfdash.store.query import overview
from perfdash.store.receipts import ExportReceipt, Receipt
from perfdash.ui.restatements.base import last_report
from perfdash.ui.runtime import browser, cache, context

KEY = "since"
Preset = Literal["report", "monday", "yesterday", "week", "month", "sync", "date", "receipt"]
PRESETS: tuple[Preset, ...] = get_args(Preset)
_LABELS: dict[Preset, str] = {
    "report": "My last report",
    "monday": "Last Monday",
    "yesterday": "Yesterday",
    "week": "A week ago",
    "month": "Start of the month",
    "sync": "The last sync",
    "date": "A date",
    "receipt": "An export",
}
_DAYS: tuple[Preset, ...] = ("monday", "yesterday", "week", "month")
_RECEIPT = "receipt:"
_EXPORTS = 200
EARLIEST = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Since:
    """The moment after which changes are told, and how it reads: `told` in a sentence, `short` over a column.

    `known` is the moment whose fetches say which days were complete. `clients`: those of the export; () is all in view.
    """

    at: AsOf
    told: str
    short: str
    known: AsOf
    clients: tuple[str, ...] = ()


def default(question: Question) -> Since:
    """What the control stands at by itself: the viewer's own last export, or else the end of last Monday."""
    report = last_report(question)
    return _of_day("monday", _today(question)) if report is None else of_export(report)


def of_export(found: ExportReceipt) -> Since:
    """The state that an export held."""
    first = found.parts[0]
    clients = tuple(part.client for part in found.parts)
    what, when = escape_markdown(first.view), browser.clock(first.at)
    return Since(found.at_revisions, f"the export of {what}, {when}", f"Sent {when}", found.shown_at, clients)


def control(question: Question) -> Since | None:
    """Draw the control; None, with a word on the page, while what is asked for cannot be used."""
    today = _today(question)
    report = last_report(question)
    presets = tuple(preset for preset in PRESETS if preset != "report" or report is not None)
    preset, value, ignored = _linked(today)
    preset = preset if preset in presets else presets[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault("since_preset", preset)
        if st.session_state["since_preset"] not in presets:
            st.session_state["since_preset"] = presets[0]
        chosen: Preset = st.selectbox(
            "Changes since",
            presets,
            format_func=lambda one: _label(one, today, report),
            key="since_preset",
            on_change=_write,
            width=440,
            filter_mode=None,
            help="A day means its end: what was known then is compared with now. “As of” means the same moment.",
        )
        found = _chosen(chosen, question, value, today, report)
    if ignored and chosen == preset:
        st.warning(f"Not applied: {escape_markdown(ignored, 200)}.", icon=":material/filter_alt_off:")
    return found


def _chosen(chosen: Preset, question: Question, value: str, today: date, report: ExportReceipt | None) -> Since | None:
    if chosen == "date":
        return _date(value, today)
    if chosen == "receipt":
        return _export(question.principal, value)
    if chosen == "report" and report is not None:
        return of_export(report)
    return _sync(question) if chosen == "sync" else _of_day(chosen, today)


def _label(preset: Preset, today: date, report: ExportReceipt | None) -> str:
    """Last Monday: the end of Mon 30 Nov 2026."""
    if preset in _DAYS:
        return f"{_LABELS[preset]}: the end of {formatting.weekday(_day(preset, today))}"
    if preset == "report" and report is not None:
        return f"{_LABELS[preset]}: {report.parts[0].view}, {browser.clock(report.parts[0].at)}"
    return _LABELS[preset]


def _today(question: Question) -> date:
    named = question.clients
    zones = {c.time_zone for c in cache.clients(question.principal) if not named or c.slug in named}
    now = browser.now()
    return min((as_of_rules.last_day(question.as_of, zone, now) for zone in zones), default=now.date())


def _linked(today: date) -> tuple[Preset, str, str]:
    """What the URL asks for: a preset, a day or an export; the default for all else, and what was asked in vain."""
    text = st.query_params.get(KEY, "")
    for preset in PRESETS:
        if text == preset:
            return preset, "", ""
    if text.startswith(_RECEIPT):
        return "receipt", text.removeprefix(_RECEIPT), ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return PRESETS[0], "", f"since “{text}”" if text else ""
    if not EARLIEST <= day < today:
        return PRESETS[0], "", f"since “{text}”" + (", which is not over yet" if day >= today else "")
    return "date", str(day), ""


def _write() -> None:
    """Into the URL. A date and an export stand there once they are chosen."""
    st.query_params[KEY] = st.session_state["since_preset"]


def _day(preset: Preset, today: date) -> date:
    """The day whose end is meant; the start of the month is the end of the day before it."""
    if preset == "monday":
        return as_of_rules.last_monday(today)
    back = {"yesterday": 1, "week": 7, "month": today.day}
    return today - timedelta(days=back[preset])


def _of_day(preset: Preset, today: date) -> Since:
    return _from(_day(preset, today))


def _from(day: date) -> Since:
    return Since(day, f"the end of {formatting.weekday(day)}", f"End of {day:%a} {day.day} {day:%b}", day)


def _sync(question: Question) -> Since:
    """Before the last revision of each client in view."""
    last = overview.last_revised(context.store(), question)
    before = tuple((client, revision - 1) for client, revision, _ in last)
    known = min((at for *_, at in last), default=browser.now()) - as_of_rules.TICK
    return Since(AtRevisions(before, known), "the time before the last sync that changed anything", "Before", known)


def _date(value: str, today: date) -> Since | None:
    latest = today - timedelta(days=1)
    first = date.fromisoformat(value) if value else today - timedelta(days=7)
    if "since_day" not in st.session_state:
        st.session_state["since_day"] = min(max(first, EARLIEST), latest)
    day = st.date_input(
        "The end of",
        key="since_day",
        min_value=EARLIEST,
        max_value=latest,
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
    return of_export(receipts.receipt_of(context.store(), principal, _pick(known, value)))


def _pick(known: Mapping[str, Receipt], value: str) -> str:
    if st.session_state.get("since_export") not in known:
        st.session_state["since_export"] = value or next(iter(known))
    chosen: str = st.selectbox(
        "Export",
        list(known),
        format_func=lambda one: export_label(known[one]),
        key="since_export",
        on_change=_write_export,
        width=360,
    )
    return chosen


def export_label(one: Receipt) -> str:
    """22 Nov 10:04, campaigns, 3fa90c. A list of options reads no Markdown."""
    return f"{browser.clock(one.at)}, {one.view}, {one.receipt[:6]}"


def _write_export() -> None:
    st.query_params[KEY] = _RECEIPT + st.session_state["since_export"]
