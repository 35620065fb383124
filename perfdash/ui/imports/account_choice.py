"""For which account a file is: among those that its importer may see."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.query import catalog
from perfdash.ui.runtime import context

_KEY = "import_account"


def choose(principal: Principal) -> Account | None:
    """The chosen account; None while there is a choice to make. Says so when there is nothing to choose from."""
    accounts = {(one.client, one.number): one for one in catalog.accounts(context.store(), principal)}
    if not accounts:
        st.info(
            "No account is configured for your clients. Whoever runs this server adds it to perfdash.toml, also for a "
            "platform whose numbers come from files alone.",
            icon=":material/link_off:",
            title="Nothing to import into",
        )
        return None
    names = {client.slug: client.name for client in catalog.clients(context.store(), principal)}
    chosen = st.selectbox(
        "Whose numbers are these?",
        list(accounts),
        index=0 if len(accounts) == 1 else None,
        format_func=lambda key: _label(accounts[key], names),
        placeholder="Choose the client and account",
        key=_KEY,
        width=520,
    )
    return accounts.get(chosen) if chosen is not None else None


def _label(account: Account, names: dict[str, str]) -> str:
    return f"{names.get(account.client, account.client)} · {account.label} · {account.currency}"


def about(account: Account) -> None:
    """What the rows of the file are held against."""
    st.caption(
        f"Amounts are in {escape_markdown(account.currency)}, days are those of {escape_markdown(account.time_zone)}. "
        "Rows replace what is known of the same campaign, platform and day; the earlier numbers stay in the history."
    )
