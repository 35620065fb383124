"""CSV of every table: built when it is asked for, by who may still ask, and written down as a receipt."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from perfdash import exports
from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied
from perfdash.domain.question import Question, View, as_of_text
from perfdash.presentation import tables
from perfdash.presentation.tables import Table
from perfdash.store import receipts
from perfdash.store.query import overview
from perfdash.ui.auth import session
from perfdash.ui.runtime import context
from perfdash.ui.share_links import visitor as link_visitor


def csv(question: Question, view: View, *, key: str, label: str = "CSV") -> None:
    """A button that downloads `view`: the same rows as `query VIEW --format csv`, or those of one campaign."""
    still, note = _still(question.principal), link_visitor.record_download(question.principal, view)

    def build() -> str:
        store = context.store()
        found = exports.answer(store, question.asked_by(still()), view, context.now())
        exports.write_receipt(store, found, context.now, once=True)
        note()
        return tables.to_csv(found.table)

    days, as_of = question.filters.days, as_of_text(question.as_of)
    at = f"-as-of-{as_of}".replace(":", "") if question.as_of else ""
    _button(label, build, f"perfdash-{view}-{days.start}-{days.end}{at}", key)


def listing(question: Question, name: str, build: Callable[[Question], Table], *, key: str) -> None:
    """A button that downloads another table, such as runs; `build` makes it for who asks, at the click."""
    still = _still(question.principal)

    def download() -> str:
        asking, store = question.asked_by(still()), context.store()
        found = build(asking)
        of_now = asking.at(None)  # a list is no state of the numbers, so no moment is named
        column = found.names.index("client")
        parts = [
            receipts.Exported(client, sum(row[column] == client for row in found.rows), (), revision)
            for client, revision in overview.revisions_at(store, of_now)
        ]
        receipts.write(
            store,
            asking.principal,
            view=name,
            filters=of_now.line(),
            parts=parts,
            sha256=tables.sha256(found),
            now=context.now(),
            once=True,
        )
        return tables.to_csv(found)

    _button("CSV", download, f"perfdash-{name}", key)


def built(principal: Principal, build: Callable[[Principal], str], *, name: str, label: str, key: str) -> None:
    """A button that downloads what `build` makes, and writes down, for who asks at the click."""
    still = _still(principal)
    _button(label, lambda: build(still()), name, key)


def _button(label: str, build: Callable[[], str], name: str, key: str) -> None:
    # Two files of equal length and similar content would share an address without something random in their names.
    salt = st.session_state.setdefault("_download_salt", secrets.token_hex(6))
    st.download_button(
        label,
        build,
        f"{name}-{salt}.csv",
        "text/csv",
        key=key,
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
        help="All rows, with exact numbers. The download is written down: who, when, what.",
    )


def _still(principal: Principal) -> Callable[[], Principal]:
    """Who asks, as the store knows them at the click: the page may be old, its session ended, its grants others.

    Streamlit runs a download for any connection that names it, so none may outlive the session it was offered in.
    """
    again = session.current_at_click()

    def asking() -> Principal:
        found = again()
        if (found.user_id, found.lock) != (principal.user_id, principal.lock):
            raise AccessDenied("You are no longer signed in; sign in again.")
        return replace(found, money=found.money and principal.money)

    return asking


def heading(text: str, buttons: Sequence[Callable[[], object]] = ()) -> None:
    """A section's title with what can be done with it at its right."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.header(text)
        for button in buttons:
            button()
