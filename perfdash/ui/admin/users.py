"""The list of users: who may see what, how each stands, and which one is being looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import streamlit as st

from perfdash.domain.access import ABOUT, USER_ROLES, Principal, UserRole, roles_that_may
from perfdash.presentation import formatting
from perfdash.presentation.escaping import escape_markdown
from perfdash.store.auth import invitations, login, sessions, users
from perfdash.store.auth.invitations import LIFETIME, Purpose
from perfdash.store.auth.login import Presence
from perfdash.store.auth.user_rows import User
from perfdash.store.auth.users import Access
from perfdash.store.query import catalog
from perfdash.ui.admin.actions import absolute_address, run_as_admin
from perfdash.ui.components import tables as component_tables
from perfdash.ui.components.tables import Shown, draw
from perfdash.ui.runtime import context

KEY = "admin_users"
_WHICH = "admin_users_which"
WHICH: dict[str, UserRole | None] = {"All": None} | {f"{role.capitalize()}s": role for role in USER_ROLES}
_SEE_ALL = formatting.enumerate_names([f"{role}s" for role in roles_that_may("every client")])


def list_users(principal: Principal) -> tuple[tuple[User, ...], Presence]:
    """All users by name, and how they stand."""
    store = context.store()
    return users.list_users(store, principal), login.presence(store, principal, context.now())


def client_slugs(principal: Principal) -> list[str]:
    """What can be granted."""
    return [client.slug for client in catalog.clients(context.store(), principal)]


def narrowed(found: Sequence[User]) -> tuple[User, ...]:
    """Those with the role that is asked for; offered once there are enough to look for one."""
    if len(found) <= component_tables.ROWS_AT_ONCE // 2:
        return tuple(found)
    count = {label: sum(role in (None, user.role) for user in found) for label, role in WHICH.items()}
    chosen = st.segmented_control(
        "Which users",
        list(WHICH),
        default="All",
        required=True,
        key=_WHICH,
        label_visibility="collapsed",
        format_func=lambda label: f"{label} ({count[label]})",
    )
    role = WHICH.get(chosen or "All")
    return tuple(user for user in found if role in (None, user.role))


def table(found: Sequence[User], known: Presence) -> None:
    """One line per user; `chosen` tells which one was clicked on."""
    columns = (
        Shown("username", "User", "text", lambda user: user.username, pinned=True),
        Shown("state", "State", "text", known.state, "whether a sign-in is possible"),
        Shown("role", "Role", "text", lambda user: user.role),
        Shown("clients", "Clients", "list", _clients, f"granted clients; {_SEE_ALL} see every one"),
        Shown("money", "Money", "text", lambda user: "yes" if user.money else "no", "sees costs, revenue and budgets"),
        Shown("seen", "Last seen", "moment", lambda user: known.last_seen.get(user.user_id), "in the last 30 days"),
        Shown("name", "Name", "text", lambda user: user.name, "the person, as an admin wrote it"),
        Shown("email", "E-mail", "text", lambda user: user.email, "by which single sign-on knows the user"),
    )
    draw(found, columns, alt="Users by name", key=KEY, choose=lambda user: user.user_id)


def chosen(found: Sequence[User]) -> User | None:
    """The user that was clicked on, as the store knows him now."""
    number: int | None = component_tables.chosen(KEY)
    return next((user for user in found if user.user_id == number), None)


def _clients(user: User) -> tuple[str, ...]:
    return ("every client",) if user.sees_all else user.clients


_LINK = "_admin_link"


def make(principal: Principal, username: str, purpose: Purpose) -> str:
    """Make a link and keep it for this page until it is put away; a sentence about it."""
    token = invitations.make(context.store(), principal, username, purpose, context.now())
    st.session_state[_LINK] = (principal.user_id, username, purpose, token)
    return f"There is a new link for {username}; earlier ones are void."


def button(user: User, *, disabled: bool, help_text: str) -> None:
    """A link for the user to choose a password: an invitation for who has none yet, or else a reset."""
    purpose: Purpose = "reset" if user.has_password else "invite"
    st.button(
        "Password reset link" if user.has_password else "Invitation link",
        icon=":material/link:",
        key=f"admin_link_{user.user_id}",
        disabled=disabled,
        help=help_text,
        on_click=lambda: run_as_admin(lambda who: make(who, user.username, purpose)),
    )


def show_invitation(principal: Principal) -> None:
    """The link that was just made, with a button to copy it; nobody can ask for it again."""
    user_id, username, purpose, token = st.session_state.get(_LINK, (None, "", "invite", ""))
    if not token or user_id != principal.user_id:
        return
    with st.container(border=True):
        what = "Invitation" if purpose == "invite" else "Password reset"
        st.markdown(f":material/key: **{what} for {escape_markdown(username)}**")
        st.code(absolute_address(invitations.link_path(token)), language=None, wrap_lines=True)
        st.caption(
            f"Copy it now: it is shown this once. Whoever has it chooses the password, "
            f"so send it to {escape_markdown(username)} "
            f"alone. It works once, within {_days(LIFETIME[purpose])}."
        )
        st.button("Put away", on_click=lambda: st.session_state.pop(_LINK, None), key="admin_link_done")


def _days(span: timedelta) -> str:
    hours = span // timedelta(hours=1)
    return formatting.plural(hours // 24, "day") if hours > 24 else formatting.plural(hours, "hour")


_TURN = "_admin_add_turn"
_ROLE_HELP = " ".join(f"**{role}**: {about}." for role, about in ABOUT.items())
_CLIENTS_HELP = f"Which clients this user sees. {_SEE_ALL.capitalize()} see every client whatever stands here."
_MONEY_HELP = "Off: costs, revenue, budgets and what is computed from them exist nowhere for this user."
_EMAIL_HELP = "What a single sign-on provider must have verified. Each address belongs to one user."
_YOURSELF = "You cannot do this to your own account. Ask another admin."
_DEMO = "The demo's own users stay as they are; add a user of your own to try this."


def add(slugs: Sequence[str]) -> None:
    """The form for a new user, who then chooses a password by a link."""
    turn = st.session_state.setdefault(_TURN, 0)
    invites = context.settings().security.passwords
    with st.form(f"admin_add_{turn}"):
        st.markdown("**Add a user**")
        st.text_input("User name", key=_key("username", turn), max_chars=100, placeholder="ada", autocomplete="off")
        st.text_input("Name", key=_key("name", turn), max_chars=200, placeholder="Ada Lovelace", autocomplete="off")
        st.text_input(
            "E-mail",
            key=_key("email", turn),
            max_chars=254,
            placeholder="ada@example.com",
            help=_EMAIL_HELP,
            autocomplete="off",
        )
        _access(Access("client"), slugs, f"add_{turn}", disabled=False, own=False)
        st.form_submit_button(
            "Add and make a link" if invites else "Add",
            type="primary",
            icon=":material/person_add:",
            key=f"admin_add_button_{turn}",
            on_click=_add,
            args=(turn,),
        )


def change(principal: Principal, user: User, slugs: Sequence[str]) -> None:
    """Everything that can be changed about `user`."""
    own, fixed = user.user_id == principal.user_id, user.demo
    with st.container(border=True):
        st.markdown(
            f"**{escape_markdown(user.username, 100)}**" + (f" · {escape_markdown(user.name)}" if user.name else "")
        )
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
            "Save access",
            type="primary",
            key=f"admin_access_button_{state}",
            disabled=disabled,
            on_click=_save_access,
            args=(user, was, state),
            help="Ends the user's sessions when anything changed.",
        )


def _access(was: Access, slugs: Sequence[str], state: str, *, disabled: bool, own: bool) -> None:
    st.segmented_control(
        "Role",
        USER_ROLES,
        default=was.role,
        required=True,
        key=_key("role", state),
        disabled=disabled or own,
        help=_YOURSELF if own else _ROLE_HELP,
    )
    st.multiselect(
        "Clients",
        slugs,
        default=list(was.clients),
        key=_key("clients", state),
        disabled=disabled,
        placeholder="No client yet",
        help=_CLIENTS_HELP,
    )
    st.toggle("Sees amounts of money", was.money, key=_key("money", state), disabled=disabled, help=_MONEY_HELP)


def _email_form(user: User, *, disabled: bool) -> None:
    state = f"{user.user_id}_{hash(user.email) & 0xFFFFFF:x}"
    with st.form(f"admin_email_{state}", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "E-mail",
            user.email or "",
            key=_key("email", state),
            max_chars=254,
            disabled=disabled,
            width="stretch",
            help=_EMAIL_HELP,
            autocomplete="off",
        )
        st.form_submit_button(
            "Save", key=f"admin_email_button_{state}", disabled=disabled, on_click=_save_email, args=(user, state)
        )


def _ways_in(user: User, *, fixed: bool, own: bool) -> None:
    why = _DEMO if fixed else _YOURSELF if own else ""
    if context.settings().security.passwords and user.active:
        button(user, disabled=fixed, help_text=_DEMO if fixed else "A one-time link to choose a password.")
    st.button(
        "Sign out everywhere",
        icon=":material/logout:",
        key=f"admin_out_{user.user_id}",
        disabled=own,
        help=_YOURSELF if own else "Ends every session of this user at once.",
        on_click=_sign_out,
        args=(user,),
    )
    label = "Deactivate" if user.active else "Activate"
    st.button(
        label,
        icon=":material/person_off:" if user.active else ":material/person:",
        disabled=bool(why),
        key=f"admin_active_{user.user_id}",
        on_click=_set_active,
        args=(user,),
        help=why or ("Lets the user in no more and ends every session." if user.active else "Lets the user in again."),
    )


def _add(turn: int) -> None:
    state = st.session_state

    def deed(principal: Principal) -> str:
        wanted = _wanted(f"add_{turn}")
        made = users.add_user(
            context.store(),
            principal,
            str(_value("username", turn)),
            None,
            wanted.role,
            context.now(),
            clients=wanted.clients,
            money=wanted.money,
            name=str(_value("name", turn)),
            email=str(_value("email", turn)) or None,
        )
        state[_TURN] = turn + 1
        if context.settings().security.passwords:
            make(principal, made.username, "invite")
        sees = "every client" if made.sees_all else formatting.enumerate_names(made.clients) or "no client yet"
        return f"{made.username} was added as {made.role} and sees {sees}."

    run_as_admin(deed)


def _save_access(user: User, was: Access, state: str) -> None:
    def deed(principal: Principal) -> str:
        done = users.set_access(context.store(), principal, user.username, was, _wanted(state), context.now())
        return f"{user.username}: {', '.join(done)}. All sessions ended." if done else "There was nothing to change."

    run_as_admin(deed)


def _save_email(user: User, state: str) -> None:
    def deed(principal: Principal) -> str:
        wanted = str(_value("email", state)) or None
        users.set_email(context.store(), principal, user.username, wanted, context.now())
        return f"The e-mail address of {user.username} was {'saved' if wanted else 'removed'}."

    run_as_admin(deed)


def _sign_out(user: User) -> None:
    def deed(principal: Principal) -> str:
        ended = sessions.end_all(context.store(), user.user_id, context.now(), "by an admin", principal=principal)
        return f"{formatting.plural(ended, 'session')} of {user.username} ended."

    run_as_admin(deed)


def _set_active(user: User) -> None:
    def deed(principal: Principal) -> str:
        users.set_active(context.store(), principal, user.username, not user.active, context.now())
        return f"{user.username} was {'deactivated' if user.active else 'activated'}."

    run_as_admin(deed)


def _wanted(state: str) -> Access:
    return Access(_value("role", state), tuple(_value("clients", state)), bool(_value("money", state)))


def _key(field: str, state: object) -> str:
    return f"admin_{field}_{state}"


def _value(field: str, state: object) -> Any:
    return st.session_state[_key(field, state)]
