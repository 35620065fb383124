"""The imports so far: what each brought, its receipt, and taking it back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.errors import PerfdashError
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.ledger import take_back
from perfdash.store.query import imports
from perfdash.store.query.imports import ImportedFile
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components.tables import Shown, chosen, draw
from perfdash.ui.imports import preview_tables
from perfdash.ui.runtime import browser, context, navigation

SHOWN = 50
STATES = {
    "running": "In progress",
    "committed": "Stored",
    "incomplete": "Stored, rows refused",
    "reverted": "Taken back",
    "failed": "Failed",
    "suspicious": "Not believed",
    "aborted": "Broken off",
}
_VISIBLE = ("committed", "incomplete")


def so_far(principal: Principal) -> tuple[ImportedFile, ...]:
    """The newest imports of the clients that may be seen."""
    return imports.imported_files(context.store(), principal, limit=SHOWN)


def table(found: Sequence[ImportedFile], key: str) -> ImportedFile | None:
    """All of them; the chosen one."""
    columns = (
        Shown("state", "State", "text", lambda one: STATES.get(one.state, one.state), pinned=True),
        Shown("file", "File", "text", lambda one: one.file or "–"),
        Shown("client", "Client", "text", lambda one: one.client),
        Shown("label", "Account", "text", lambda one: one.label),
        Shown("at", "When", "moment", lambda one: one.at),
        Shown("author", "By", "text", lambda one: one.author),
        Shown("days", "Days", "text", lambda one: formatting.days(one.days)),
        Shown("fetched", "Rows", "count", lambda one: one.fetched),
        Shown("quarantined", "Refused", "count", lambda one: one.refused or None),
        Shown("message", "What happened", "text", lambda one: one.message or None),
        Shown("run", "Run", "count", lambda one: one.run),
    )
    draw(found, columns, alt="Imports so far, newest first", key=key, choose=lambda one: (one.client, one.run))
    wanted = chosen(key)
    return next((one for one in found if (one.client, one.run) == wanted), None)


def receipt(one: ImportedFile, key: str) -> None:
    """What was imported, word by word and sum by sum."""
    with st.container(border=True):
        whose = f"{escape_markdown(one.client)}, {escape_markdown(one.label)}"
        state = STATES.get(one.state, one.state).lower()
        st.markdown(f":material/receipt_long: **Run {one.run}** of {whose}: {state}")
        origin = "the command line" if one.trigger == "file" else "this page"
        lines = [
            escape_markdown(one.file or "a file", 200),
            f"{formatting.days(one.days)}, {formatting.plural(one.fetched, 'row')} read, {one.stored:,} stored",
            f"by {escape_markdown(one.author)} from {origin}, {browser.clock(one.at)}",
        ]
        st.markdown("  \n".join(lines))
        if one.message:
            st.markdown(escape_markdown(one.message, 500))
        if one.sha256:
            st.code(one.sha256, language=None, wrap_lines=True)
            st.caption("SHA-256 of the file: who has it can show that it is this one.")
        preview_tables.totals(one.totals, one.currency, f"totals_{key}")


def take_back_button(one: ImportedFile, key: str) -> None:
    """Taking it back, after one more question. What was known before counts again; nothing is deleted."""
    if one.state not in _VISIBLE:
        return
    with st.popover("Take it back", icon=":material/undo:"):
        st.markdown(
            f"The {formatting.plural(one.stored, 'row')} of run {one.run} stop counting, and what was known before "
            "counts again. Nothing is deleted: the history keeps both."
        )
        st.button(
            "Yes, take it back",
            type="primary",
            key=f"take_back_{key}",
            on_click=_take_back,
            args=(one.client, one.run),
        )


def _take_back(client: str, run: int) -> None:
    """In the name of who presses the button, as far as he may at this moment."""
    principal = session.current()
    if principal is None:
        return
    try:
        principal.require_may_import()
        take_back.take_back(context.store(), principal, client, run, context.now)
        messages.done("import", f"Run {run} was taken back.", icon="undo")
    except PerfdashError as error:
        messages.failed("import", error)


def health_link() -> None:
    """The way to the run in Sync health."""
    navigation.link(navigation.SYNC_HEALTH, "See the run in Sync health")
