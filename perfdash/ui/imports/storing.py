"""Storing what was looked at, or not; and what came of it."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.imports import ImportPreview, ImportResult
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.ui.auth import session
from perfdash.ui.imports import draft as drafts
from perfdash.ui.imports import past_imports, preview_tables
from perfdash.ui.imports.draft import ImportDraft
from perfdash.ui.runtime import navigation


def looked_at(draft: ImportDraft) -> ImportPreview:
    """What the file would bring; while it is read, the page says so."""
    if draft.found is not None:
        return draft.found
    with st.spinner(f"Reading {escape_markdown(draft.name)} …", show_time=True):
        return drafts.look(draft)


def buttons(draft: ImportDraft, found: ImportPreview) -> None:
    """Store, or discard; and the mapping to keep."""
    with st.container(horizontal=True, vertical_alignment="center"):
        hopeless = preview_tables.too_many_refused(found, draft.account)
        if found.readable and st.button(
            "Store these rows", type="primary", icon=":material/save:", key=f"store_{draft.key}", disabled=hopeless
        ):
            with st.spinner("Storing …", show_time=True):
                drafts.store(draft, session.require(navigation.IMPORTS))
            st.rerun()
        st.button(
            "Discard", icon=":material/delete:", key=f"discard_{draft.key}", on_click=drafts.discard, args=(draft,)
        )
        if found.toml:
            st.download_button(
                "Mapping as TOML",
                found.toml,
                "mapping.toml",
                "application/toml",
                key=f"toml_{draft.key}",
                on_click="ignore",
                icon=":material/download:",
                type="tertiary",
                help="How this file is read, for the next one: sync --file REPORT --mapping mapping.toml",
            )


def outcome(principal: Principal, draft: ImportDraft, result: ImportResult) -> None:
    """How storing ended, the receipt, and the way back or on."""
    if not result.stored:
        st.error(escape_markdown(result.message, 600), icon=":material/error:", title="Nothing was stored")
        if result.refused:
            preview_tables.refused(result.refused, sum(one.rows for one in result.refused), draft.account.currency)
        with st.container(horizontal=True):
            st.button(
                "Look at it again", icon=":material/undo:", on_click=drafts.try_again, args=(draft,), key="look_again"
            )
            st.button("Discard", icon=":material/delete:", on_click=drafts.discard, args=(draft,), key="discard_failed")
        return
    parts = [
        f"{getattr(result.counts, name):,} {name}"
        for name in ("new", "restated", "reappeared", "unchanged", "vanished")
        if getattr(result.counts, name)
    ]
    line = f"{formatting.plural(result.counts.fetched, 'row')} read: {', '.join(parts) or 'nothing changed'}."
    if result.counts.quarantined:
        refused = formatting.plural(result.counts.quarantined, "row was", "rows were")
        st.warning(f"{line} {refused} refused.", icon=":material/warning:", title="Stored, with rows missing")
    else:
        st.success(line, icon=":material/check_circle:", title="Stored")
    found = next(
        (one for one in past_imports.so_far(principal) if (one.client, one.run) == (draft.account.client, result.run)),
        None,
    )
    if found is not None:
        past_imports.receipt(found, "new")
    with st.container(horizontal=True, vertical_alignment="center"):
        if found is not None:
            past_imports.take_back_button(found, "new")
        st.button("Import another file", icon=":material/add:", on_click=drafts.forget, key="import_another")
        past_imports.health_link()
