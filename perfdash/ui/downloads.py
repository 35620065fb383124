"""CSV of every table: built when it is asked for, by who may still ask, and written down as a receipt."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from perfdash import answers, export
from perfdash.access import Principal
from perfdash.document import as_of_text, question
from perfdash.errors import AccessDenied
from perfdash.export import Table, View
from perfdash.filters import Filters
from perfdash.store import queries, receipts
from perfdash.store.queries import CampaignRef
from perfdash.ui import link_view, session, wiring
from perfdash.ui.filters import Selection


def csv(
    principal: Principal,
    view: View,
    asked: Selection,
    *,
    key: str,
    only: CampaignRef | None = None,
    label: str = "CSV",
) -> None:
    """A button that downloads `view`: the same rows as `query VIEW --format csv`, or those of one campaign."""

    still, filters, as_of, note = _still(principal), asked.filters, asked.as_of, link_view.taking(principal, view)

    def build() -> str:
        asking, store = still(), wiring.store()
        found = answers.answer(store, asking, view, filters, wiring.now(), as_of, only)
        answers.write_receipt(store, asking, found, wiring.now)
        note()
        return export.to_csv(found.table)

    at = f"-as-of-{as_of_text(as_of)}".replace(":", "") if as_of else ""
    _button(label, build, f"perfdash-{view}-{filters.days.start}-{filters.days.end}{at}", key)


def listing(
    principal: Principal, filters: Filters, name: str, build: Callable[[Principal], Table], *, key: str
) -> None:
    """A button that downloads another table, such as runs; `build` makes it for who asks, at the click."""

    still = _still(principal)

    def download() -> str:
        asking = still()
        found = build(asking)
        store = wiring.store()
        at = [pair for pair in queries.stamp(store, asking) if not filters.clients or pair[0] in filters.clients]
        column = found.names.index("client")
        parts = [
            receipts.Exported(client, sum(row[column] == client for row in found.rows), (), revision)
            for client, revision in at
        ]
        receipts.write(
            store, asking, view=name, filters=question(filters), parts=parts, sha256=export.sha256(found),
            now=wiring.now(),
        )  # fmt: skip
        return export.to_csv(found)

    _button("CSV", download, f"perfdash-{name}", key)


def built(principal: Principal, build: Callable[[Principal], str], *, name: str, label: str, key: str) -> None:
    """A button that downloads what `build` makes, and writes down, for who asks at the click."""
    still = _still(principal)
    _button(label, lambda: build(still()), name, key)


def _button(label: str, build: Callable[[], str], name: str, key: str) -> None:
    # Two files of equal length and similar content would share an address without something random in their names.
    salt = st.session_state.setdefault("_download_salt", secrets.token_hex(6))
    st.download_button(
        label, build, f"{name}-{salt}.csv", "text/csv", key=key, on_click="ignore", icon=":material/download:",
        type="tertiary", help="All rows, with exact numbers. The download is written down: who, when, what.",
    )  # fmt: skip


def _still(principal: Principal) -> Callable[[], Principal]:
    """Who asks, as the store knows them at the click: the page may be old, its session ended, its grants others.

    Streamlit runs a download for any connection that names it, so none may outlive the session it was offered in.
    """
    again = session.again()

    def asking() -> Principal:
        found = again()
        if (found.user_id, found.lock) != (principal.user_id, principal.lock):
            raise AccessDenied("You are no longer signed in; sign in again.")
        return replace(found, money=found.money and principal.money)

    return asking


def heading(text: str, buttons: Sequence[Callable[[], None]] = ()) -> None:
    """A section's title with what can be done with it at its right."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(text)
        for button in buttons:
            button()
