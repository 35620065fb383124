"""Signing in through a provider, with st.login: its buttons on the form, and what becomes of who comes back from it.

A provider only says who somebody is. Whether that person gets in is decided here, once, by a user of our own store;
from then on there is a session like any other, and what Streamlit still says of the identity counts for nothing.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Literal

import streamlit as st

from perfdash.domain import oidc
from perfdash.domain.oidc import Identity, OidcSettings, Provider, RefusedIdentity
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.auth import oidc as identities
from perfdash.ui.auth import session
from perfdash.ui.auth.oidc_callback import CANCELLED, FAILED, OUTCOME
from perfdash.ui.runtime import context, streamlit_internals
from perfdash.ui.runtime.streamlit_internals import StreamlitAuthError

_log = logging.getLogger(__name__)
_REFUSED = "_refused"
_LONGEST_ADDRESS = 254


def settings() -> OidcSettings:
    """The providers of this installation. What is wrong with them is also in the log, once."""
    found = oidc.parse_settings(streamlit_internals.auth_secrets())
    for problem in found.problems:
        _log_once(problem)
    return found


def finish_sign_in() -> None:
    """For who has just come from a provider: the session begins and the page runs anew, or the form says why not.

    Only on a page that is nobody's yet. What the page came with counts once: after a sign-out here it opens nothing.
    """
    if session.has_left() or _REFUSED in st.session_state:
        return
    claims = st.user.to_dict()
    provider = settings().provider(claims.get("provider"))
    if provider is None or claims.get("is_logged_in") is not True:
        return
    store, now = context.store(), context.now()
    found = oidc.verified_identity(claims, provider, now)
    if isinstance(found, Identity):
        opened = identities.begin(store, found, now, context.settings().security)
        if not isinstance(opened, RefusedIdentity):
            session.enter(opened)
            st.rerun()
        found = opened
    else:
        identities.note_refused(store, found, now)
    session.leave()  # the browser drops the identity too: it is worth nothing any more
    st.session_state[_REFUSED] = found


def notice() -> None:
    """Why somebody who comes from a provider sees the form again; nothing for everybody else."""
    refused = st.session_state.get(_REFUSED)
    outcome = st.context.cookies.get(OUTCOME)
    if isinstance(refused, RefusedIdentity):
        st.warning(_sentence(refused), icon=":material/person_off:")
    elif session.has_left():
        return
    elif outcome == CANCELLED:
        st.info("The sign-in was cancelled. Nothing has changed.", icon=":material/undo:")
    elif outcome == FAILED:
        st.warning(
            "That sign-in did not come to an end here: it took too long, or its answer came twice. Sign in again.",
            icon=":material/history_toggle_off:",
        )


def buttons() -> None:
    """One button for each provider; below them what keeps one from working, for whoever runs this server."""
    found = settings()
    for number, provider in enumerate(found.providers):
        label = f"Continue with {escape_markdown(provider.title)}"
        only_way = number == 0 and not context.settings().security.passwords
        kind: Literal["primary", "secondary"] = "primary" if only_way else "secondary"
        if st.button(label, key=f"provider-{provider.name}", icon=":material/login:", width="stretch", type=kind):
            _go(provider)
    if found.problems:
        listed = "\n".join(f"- {escape_markdown(problem, 400)}" for problem in found.problems)
        st.warning(f"Signing in through a provider is not set up right:\n{listed}", icon=":material/build:")


def is_offered() -> bool:
    """True when there is anything for `buttons` to show."""
    found = settings()
    return bool(found.providers or found.problems)


def _go(provider: Provider) -> None:
    try:
        st.login(provider.name)
    except StreamlitAuthError as error:
        _log.error("The sign-in through %s cannot begin: %s", provider.name, error)
        st.error(
            f"{escape_markdown(provider.title)} cannot be asked: whoever runs this server finds the reason in its log.",
            icon=":material/build:",
        )


def _sentence(refused: RefusedIdentity) -> str:
    provider = settings().provider(refused.provider)
    title = escape_markdown(provider.title) if provider else "The provider"
    address = escape_markdown(refused.email, _LONGEST_ADDRESS)
    match refused.why:
        case "over":
            return "That sign-in is over: each one opens a single session, within minutes. Sign in again."
        case "unclear":
            return f"{title} did not say which e-mail address is yours. Ask your administrator."
        case "unverified":
            return f"{title} has not verified that {address} is yours. Verify the address there, then sign in again."
        case "unknown":
            return f"{title} knows you, but nobody here has the address {address}. Ask your administrator."
        case "deactivated":
            return f"The account of {address} is deactivated. Ask your administrator."


@lru_cache(maxsize=100)
def _log_once(problem: str) -> None:
    _log.error("%s", problem)
