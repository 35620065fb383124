"""How the columns of a file are read: the recognised export, another one, or columns that somebody names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import streamlit as st

from perfdash.config.presets import EXPORTS
from perfdash.config.source_models import NumbersWritten
from perfdash.domain.accounts import platform_spelling
from perfdash.domain.imports import AS_SOURCE, ImportPreview, OwnMapping
from perfdash.domain.measures import MEASURES
from perfdash.ui.imports import draft as drafts
from perfdash.ui.imports.draft import ImportDraft

_BY_ITSELF, _OWN = "", "own"
_NOT_THERE = ""
_FIRST = {
    "day": "Day",
    "campaign": "Campaign: its id, or its name",
    "platform": "Platform",
    "impressions": "Impressions",
    "clicks": "Clicks",
    "cost": "Cost",
}
_MORE = {
    "campaign_name": "Campaign's name",
    "creator": "Creator",
    "account": "Account",
    "currency": "Currency",
    **{one.name: one.label for one in MEASURES if not one.always},
}
_DAYS = {
    "": "As they are, where they can be read in one way only",
    "%Y-%m-%d": "2026-11-30",
    "%d/%m/%Y": "30/11/2026",
    "%m/%d/%Y": "11/30/2026",
    "%d.%m.%Y": "30.11.2026",
    "%d-%m-%Y": "30-11-2026",
    "%Y%m%d": "20261130",
    "%d/%m/%y": "30/11/26",
    "%m/%d/%y": "11/30/26",
}


def title(mapping: str) -> str:
    """A mapping as people call it: "meta_export" is "Meta export"."""
    if mapping == AS_SOURCE:
        return "as this account's own source"
    word = mapping.removesuffix("_export").replace("_", " ")
    spelled, known = platform_spelling(word)
    return f"{spelled if known else word.title()} export"


def show(draft: ImportDraft, found: ImportPreview) -> None:
    """The form, open while the file cannot be read; a press reads the file again."""
    with st.expander("How it is read", icon=":material/tune:", expanded=not found.readable and bool(found.columns)):
        key = draft.key
        ways = {_BY_ITSELF: "Recognise it by its columns", AS_SOURCE: "As this account's own source says"}
        ways |= {name: title(name) for name in EXPORTS}
        if found.columns:
            ways[_OWN] = "I say which column is what"
        usual = _OWN if draft.own is not None or (not found.readable and found.columns) else draft.mapping
        way = st.selectbox(
            "Read it", list(ways), index=list(ways).index(usual), format_func=ways.__getitem__, key=f"way_{key}"
        )
        with st.form(f"mapping_{key}", border=False, enter_to_submit=False):
            own = _own(draft, found) if way == _OWN else None
            exported_at = _exported_at(draft)
            if st.form_submit_button("Read it again", icon=":material/refresh:"):
                drafts.read_again(draft, "" if way == _OWN else way, own, exported_at)
                st.rerun()


def _own(draft: ImportDraft, found: ImportPreview) -> OwnMapping:
    """The columns, the found ones filled in."""
    columns = [_NOT_THERE, *found.columns]
    chosen: dict[str, str] = {}
    left, right = st.columns(2, gap="medium")
    with left:
        for name, label in _FIRST.items():
            chosen[name] = _column(draft, found, columns, name, label)
        platform = st.text_input(
            "Platform of all rows, where no column has it",
            draft.own.platform if draft.own else "",
            max_chars=60,
            placeholder="TikTok",
            key=f"platform_{draft.key}",
        )
    with right:
        for name, label in _MORE.items():
            chosen[name] = _column(draft, found, columns, name, label)
    styles = ("", *get_args(NumbersWritten))
    with left:
        numbers = st.selectbox(
            "Numbers are written",
            styles,
            index=styles.index(draft.own.numbers if draft.own else ""),
            format_func=lambda style: style or "As they are, where they can be read in one way only",
            key=f"numbers_{draft.key}",
        )
        days = st.selectbox(
            "Days are written",
            list(_DAYS),
            index=list(_DAYS).index(draft.own.days if draft.own else ""),
            format_func=_DAYS.__getitem__,
            key=f"days_{draft.key}",
        )
    with right:
        finer = st.multiselect(
            "Rows are finer by",
            found.columns,
            [one for one in (draft.own.finer if draft.own else found.finer) if one in found.columns],
            key=f"finer_{draft.key}",
            help="Columns such as ad, ad set, country or hour: rows that differ in them alone are added up.",
            placeholder="Nothing: one row for each campaign, platform and day",
        )
    named = {name: column for name, column in chosen.items() if column}
    return OwnMapping(named, (platform or "").strip(), numbers, days, tuple(finer))


def _column(draft: ImportDraft, found: ImportPreview, columns: list[str], name: str, label: str) -> str:
    used = (draft.own.columns if draft.own else found.used).get(name, _NOT_THERE)
    return st.selectbox(
        label,
        columns,
        index=columns.index(used) if used in columns else 0,
        format_func=lambda column: column or "– not in this file –",
        key=f"column_{name}_{draft.key}",
    )


def _exported_at(draft: ImportDraft) -> datetime | None:
    """A file counts as what was known when it was exported: numbers that were fetched later are not replaced by it."""
    found = st.datetime_input(
        "Exported at (UTC)",
        (draft.exported_at or draft.upload.at).astimezone(UTC).replace(tzinfo=None, second=0, microsecond=0),
        key=f"exported_{draft.key}",
        help="When the numbers in it were true; your browser says when the file was written. Numbers that were fetched "
        "later are not replaced by older ones.",
        width=280,
    )
    asked = found.replace(tzinfo=UTC)
    before = draft.exported_at or draft.upload.at
    return before if asked == before.replace(second=0, microsecond=0) else asked
