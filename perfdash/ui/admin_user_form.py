"""Adding a user, and changing one: access, e-mail address, links, and the way in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from perfdash import words
from perfdash.access import ABOUT, USER_ROLES, Principal
from perfdash.store import granting, sessions, users
from perfdash.store.granting import Access
from perfdash.store.users import User
from perfdash.ui import admin_links, wiring
from perfdash.ui.admin_deeds import carry_out
from perfdash.ui.plain import plain

_TURN = "_admin_add_turn"
_ROLE_HELP = " ".join(f"**{role}**: {about}." for role, about in ABOUT.items())
_CLIENTS_HELP = "Which clients this user sees. Admins see every client whatever stands here."
_MONEY_HELP = "Off: costs, revenue, budgets and what is computed from them exist nowhere for this user."
_EMAIL_HELP = "What a single sign-on provider must have verified. Each address belongs to one user."
_YOURSELF = "You cannot do this to your own account. Ask another admin."
_DEMO = "The demo's own users stay as they are; add a user of your own to try this."


def add(slugs: Sequence[str]) -> None:
    """The form for a new user, who then chooses a password by a link."""
    turn = st.session_state.setdefault(_TURN, 0)
    invites = wiring.settings().security.passwords
    with st.form(f"admin_add_{turn}"):
        st.markdown("**Add a user**")
        st.text_input("User name", key=_key("username", turn), max_chars=100, placeholder="ada", autocomplete="off")
        st.text_input("Name", key=_key("name", turn), max_chars=200, placeholder="Ada Lovelace", autocomplete="off")
        st.text_input(
            "E-mail", key=_key("email", turn), max_chars=254, placeholder="ada@example.com", help=_EMAIL_HELP,
            autocomplete="off",
        )  # fmt: skip
        _access(Access("client"), slugs, f"add_{turn}", disabled=False, own=False)
        st.form_submit_button(
            "Add and make a link" if invites else "Add", type="primary", icon=":material/person_add:",
            key=f"admin_add_button_{turn}", on_click=_add, args=(turn,),
        )  # fmt: skip


def change(principal: Principal, user: User, slugs: Sequence[str]) -> None:
    """Everything that can be changed about `user`."""
    own, fixed = user.user_id == principal.user_id, user.demo
    with st.container(border=True):
        st.markdown(f"**{plain(user.username, 100)}**" + (f" · {plain(user.name)}" if user.name else ""))
        if fixed:
            st.caption(_DEMO)
        _access_form(user, slugs, disabled=fixed, own=own)
        _email_form(user, disabled=fixed)
        with st.container(horizontal=True):
            _ways_in(user, fixed=fixed, own=own)


def _access_form(user: User, slugs: Sequence[str], *, disabled: bool, own: bool) -> None:
    was = Access(user.role, user.clients, user.money)
    # Built anew when another admin changes the user meanwhile, so that nobody saves what stood there before.
    state = f"{user.user_id}_{hash(was) & 0xFFFFFF:x}"
    with st.form(f"admin_access_{state}", border=False):
        _access(was, sorted({*slugs, *user.clients}), state, disabled=disabled, own=own)
        st.form_submit_button(
            "Save access", type="primary", key=f"admin_access_button_{state}", disabled=disabled,
            on_click=_save_access, args=(user, was, state), help="Ends the user's sessions when anything changed.",
        )  # fmt: skip


def _access(was: Access, slugs: Sequence[str], state: str, *, disabled: bool, own: bool) -> None:
    st.segmented_control(
        "Role", USER_ROLES, default=was.role, required=True, key=_key("role", state), disabled=disabled or own,
        help=_YOURSELF if own else _ROLE_HELP,
    )  # fmt: skip
    st.multiselect(
        "Clients", slugs, default=list(was.clients), key=_key("clients", state), disabled=disabled,
        placeholder="No client yet", help=_CLIENTS_HELP,
    )  # fmt: skip
    st.toggle("Sees amounts of money", was.money, key=_key("money", state), disabled=disabled, help=_MONEY_HELP)


def _email_form(user: User, *, disabled: bool) -> None:
    state = f"{user.user_id}_{hash(user.email) & 0xFFFFFF:x}"
    with st.form(f"admin_email_{state}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "E-mail", user.email or "", key=_key("email", state), max_chars=254, disabled=disabled, width="stretch",
            help=_EMAIL_HELP, autocomplete="off",
        )  # fmt: skip
        st.form_submit_button(
            "Save", key=f"admin_email_button_{state}", disabled=disabled, on_click=_save_email, args=(user, state)
        )


def _ways_in(user: User, *, fixed: bool, own: bool) -> None:
    why = _DEMO if fixed else _YOURSELF if own else ""
    if wiring.settings().security.passwords and user.active:
        admin_links.button(user, disabled=fixed, help_text=_DEMO if fixed else "A one-time link to choose a password.")
    st.button(
        "Sign out everywhere", icon=":material/logout:", key=f"admin_out_{user.user_id}", disabled=own,
        help=_YOURSELF if own else "Ends every session of this user at once.", on_click=_sign_out, args=(user,),
    )  # fmt: skip
    label = "Deactivate" if user.active else "Activate"
    st.button(
        label, icon=":material/person_off:" if user.active else ":material/person:", disabled=bool(why),
        key=f"admin_active_{user.user_id}", on_click=_set_active, args=(user,),
        help=why or ("Lets the user in no more and ends every session." if user.active else "Lets the user in again."),
    )  # fmt: skip


def _add(turn: int) -> None:
    state = st.session_state

    def deed(principal: Principal) -> str:
        wanted = _wanted(f"add_{turn}")
        made = users.add_user(
            wiring.store(), principal, str(_value("username", turn)), None, wanted.role, wiring.now(),
            clients=wanted.clients, money=wanted.money, name=str(_value("name", turn)),
            email=str(_value("email", turn)) or None,
        )  # fmt: skip
        state[_TURN] = turn + 1
        if wiring.settings().security.passwords:
            admin_links.make(principal, made.username, "invite")
        sees = "every client" if made.sees_all else words.listed(made.clients) or "no client yet"
        return f"{made.username} was added as {made.role} and sees {sees}."

    carry_out(deed)


def _save_access(user: User, was: Access, state: str) -> None:
    def deed(principal: Principal) -> str:
        done = granting.set_access(wiring.store(), principal, user.username, was, _wanted(state), wiring.now())
        return f"{user.username}: {', '.join(done)}. All sessions ended." if done else "There was nothing to change."

    carry_out(deed)


def _save_email(user: User, state: str) -> None:
    def deed(principal: Principal) -> str:
        wanted = str(_value("email", state)) or None
        users.set_email(wiring.store(), principal, user.username, wanted, wiring.now())
        return f"The e-mail address of {user.username} was {'saved' if wanted else 'removed'}."

    carry_out(deed)


def _sign_out(user: User) -> None:
    def deed(principal: Principal) -> str:
        ended = sessions.end_all(wiring.store(), user.user_id, wiring.now(), "by an admin", principal=principal)
        return f"{words.plural(ended, 'session')} of {user.username} ended."

    carry_out(deed)


def _set_active(user: User) -> None:
    def deed(principal: Principal) -> str:
        users.set_active(wiring.store(), principal, user.username, not user.active, wiring.now())
        return f"{user.username} was {'deactivated' if user.active else 'activated'}."

    carry_out(deed)


def _wanted(state: str) -> Access:
    return Access(_value("role", state), tuple(_value("clients", state)), bool(_value("money", state)))


def _key(field: str, state: object) -> str:
    return f"admin_{field}_{state}"


def _value(field: str, state: object) -> Any:
    return st.session_state[_key(field, state)]
