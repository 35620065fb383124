"""Who comes by an invitation or a reset link chooses a password. Opening the link, or reloading, uses nothing up."""

from __future__ import annotations

import streamlit as st

from perfdash.domain.errors import AccessDenied, PerfdashError
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.auth import invitations, passwords
from perfdash.store.auth.invitations import PARAMETER, WORTHLESS, Invitation
from perfdash.ui.runtime import context

_TOKEN, _SAID, _WHO = "_invitation", "_invitation_said", "_invited"
_NEW, _AGAIN = "_new_password", "_new_again"
ADVICE = (
    f"At least {passwords.SHORTEST_PASSWORD} characters, and none of the passwords that everybody uses. "
    "A few words that have nothing to do with each other make a good one."
)


def take_token() -> bool:
    """Take a link's token out of the URL, before anything is drawn; True while somebody is choosing a password."""
    token = st.query_params.get(PARAMETER)
    if token is not None:
        del st.query_params[PARAMETER]
        st.session_state[_TOKEN] = token
    return _TOKEN in st.session_state


def show_form() -> None:
    """The form, or one sentence for a link that is worth nothing."""
    token = st.session_state[_TOKEN]
    found = invitations.find(context.store(), token, context.now(), demo=context.settings().demo)
    with st.container(horizontal_alignment="center"), st.container(width=460):
        st.title("Choose a password", anchor=False)
        if found is None:
            st.warning(WORTHLESS, icon=":material/link_off:")
            st.button("Go to the sign-in", on_click=_forget, width="stretch")
            return
        st.caption(
            f"{'Welcome to Perfdash.' if found.purpose == 'invite' else 'For your account in Perfdash.'} {ADVICE}"
        )
        _form(token, found)
        st.button("Not now", on_click=_forget, type="tertiary")


def notice() -> str:
    """On the sign-in page, once: the user name of who has just chosen a password; '' for everybody else."""
    if st.session_state.pop(_SAID, False):
        st.success("Your password is set, and every earlier sign-in has ended. Now sign in.", icon=":material/check:")
    return str(st.session_state.get(_WHO, ""))


def new_password(key: str) -> tuple[str, str]:
    """The two fields for a new password; a password manager offers one for them."""
    first = st.text_input(
        "New password",
        type="password",
        max_chars=passwords.LONGEST_PASSWORD,
        autocomplete="new-password",
        key=f"{key}{_NEW}",
    )
    again = st.text_input(
        "The same again",
        type="password",
        max_chars=passwords.LONGEST_PASSWORD,
        autocomplete="new-password",
        key=f"{key}{_AGAIN}",
    )
    return first, again


def forget_new_password(key: str) -> None:
    """The page's state lives on; a password need not."""
    for name in (_NEW, _AGAIN):
        st.session_state.pop(f"{key}{name}", None)


def passwords_differ(first: str, again: str) -> bool:
    """True, and said, when a new password was not typed twice the same way."""
    if first != again:
        st.error("The two passwords differ; type them again.", icon=":material/error:")
    return first != again


def _form(token: str, found: Invitation) -> None:
    with st.form("choose_password", enter_to_submit=True):
        st.text_input("User name", value=found.username, disabled=True, autocomplete="username")
        first, again = new_password("invited")
        pressed = st.form_submit_button("Set the password", type="primary", width="stretch")
    if not pressed or passwords_differ(first, again):
        return
    try:
        username = invitations.accept(context.store(), token, first, context.now(), demo=context.settings().demo)
    except AccessDenied:
        st.rerun()  # it was used, or replaced, since the form was drawn: `show` says so
    except PerfdashError as error:
        st.error(escape_markdown(str(error), 300), icon=":material/error:")
        return
    forget_new_password("invited")
    _forget()
    st.session_state[_SAID], st.session_state[_WHO] = True, username
    st.rerun()


def _forget() -> None:
    st.session_state.pop(_TOKEN, None)
