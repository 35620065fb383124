"""One-time links for users: made, shown once, and gone; the store keeps only a hash."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from perfdash import words
from perfdash.access import Principal
from perfdash.store import invitations
from perfdash.store.invitations import LIFETIME, Purpose
from perfdash.store.users import User
from perfdash.ui import wiring
from perfdash.ui.admin_deeds import carry_out, whole_address
from perfdash.ui.plain import plain

_LINK = "_admin_link"


def make(principal: Principal, username: str, purpose: Purpose) -> str:
    """Make a link and keep it for this page until it is put away; a sentence about it."""
    token = invitations.make(wiring.store(), principal, username, purpose, wiring.now())
    st.session_state[_LINK] = (principal.user_id, username, purpose, token)
    return f"There is a new link for {username}; earlier ones are void."


def button(user: User, *, disabled: bool, help_text: str) -> None:
    """A link for the user to choose a password: an invitation for who has none yet, or else a reset."""
    purpose: Purpose = "reset" if user.has_password else "invite"
    st.button(
        "Password reset link" if user.has_password else "Invitation link", icon=":material/link:",
        key=f"admin_link_{user.user_id}", disabled=disabled, help=help_text,
        on_click=lambda: carry_out(lambda who: make(who, user.username, purpose)),
    )  # fmt: skip


def show(principal: Principal) -> None:
    """The link that was just made, with a button to copy it; nobody can ask for it again."""
    user_id, username, purpose, token = st.session_state.get(_LINK, (None, "", "invite", ""))
    if not token or user_id != principal.user_id:
        return
    with st.container(border=True):
        what = "Invitation" if purpose == "invite" else "Password reset"
        st.markdown(f":material/key: **{what} for {plain(username)}**")
        st.code(whole_address(invitations.path(token)), language=None, wrap_lines=True)
        st.caption(
            f"Copy it now: it is shown this once. Whoever has it chooses the password, so send it to {plain(username)} "
            f"alone. It works once, within {_days(LIFETIME[purpose])}."
        )
        st.button("Put away", on_click=lambda: st.session_state.pop(_LINK, None), key="admin_link_done")


def _days(span: timedelta) -> str:
    hours = span // timedelta(hours=1)
    return words.plural(hours // 24, "day") if hours > 24 else words.plural(hours, "hour")
