"""Import: what does a file say that somebody exported, and is that right? Then it counts like an answer of a source."""

from __future__ import annotations

import streamlit as st

from perfdash.presentation.escaping import escape_markdown
from perfdash.ui import downloads
from perfdash.ui.auth import session
from perfdash.ui.components import messages
from perfdash.ui.components.messages import errors_shown
from perfdash.ui.filters import sidebar
from perfdash.ui.imports import account_choice, drop_zone, mapping_form, past_imports, preview_tables, storing
from perfdash.ui.imports import draft as drafts
from perfdash.ui.runtime import navigation

principal = session.require(navigation.IMPORTS)
sidebar.current(principal)

st.title("Import")
st.caption(
    "For exports from an ads manager, and for history that an API no longer answers. You see what a file would bring "
    "before anything is stored, and can take it back afterwards."
)
with errors_shown():
    principal.require_may_import()
    messages.show("import")
    account = account_choice.choose(principal)
    if account is not None:
        account_choice.about(account)
        draft = drafts.current(account)
        if draft is None or draft.result is None:
            arrived = drop_zone.drop_zone("drop_zone", seen=draft is not None)
            if arrived is not None and drafts.begin(account, arrived):
                st.rerun()  # with the file in hand, also the place where it was dropped says so
        if draft is not None and draft.result is not None:
            storing.outcome(principal, draft, draft.result)
        elif draft is not None:
            found = storing.looked_at(draft)
            downloads.heading(escape_markdown(draft.name, 120))
            preview_tables.recognised(found)
            if found.problem:
                st.error(escape_markdown(found.problem, 600), icon=":material/error:", title="This cannot be read yet")
            mapping_form.show(draft, found)
            if found.readable:
                preview_tables.question(found, account)
                preview_tables.totals(found.totals, account.currency, f"totals_{draft.key}")
                preview_tables.doubts(found, account)
                st.markdown("**The first rows as they would be stored**")
                preview_tables.sample(found, account, f"sample_{draft.key}")
            storing.buttons(draft, found)

    imported = past_imports.so_far(principal)
    downloads.heading("Imports so far")
    if not imported:
        st.caption(":material/upload_file: No file was imported yet.")
        st.stop()
    chosen = past_imports.table(imported, "imports")
    if chosen is None:
        st.caption("Choose an import to see its receipt, or to take it back.")
        st.stop()
    past_imports.receipt(chosen, "chosen")
    past_imports.take_back_button(chosen, "chosen")
