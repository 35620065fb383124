"""The list of users: who may see what, how each stands, and which one is being looked at."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from perfdash.access import USER_ROLES, Principal, UserRole
from perfdash.store import catalog, presence, users
from perfdash.store.presence import Presence
from perfdash.store.users import User
from perfdash.ui import tables, wiring
from perfdash.ui.tables import Shown, draw

KEY = "admin_users"
_WHICH = "admin_users_which"
WHICH: dict[str, UserRole | None] = {"All": None} | {f"{role.capitalize()}s": role for role in USER_ROLES}


def everyone(principal: Principal) -> tuple[tuple[User, ...], Presence]:
    """All users by name, and how they stand."""
    store = wiring.store()
    return users.list_users(store, principal), presence.presence(store, principal, wiring.now())


def client_slugs(principal: Principal) -> list[str]:
    """What can be granted."""
    return [client.slug for client in catalog.clients(wiring.store(), principal)]


def narrowed(found: Sequence[User]) -> tuple[User, ...]:
    """Those with the role that is asked for; offered once there are enough to look for one."""
    if len(found) <= tables.ROWS_AT_ONCE // 2:
        return tuple(found)
    count = {label: sum(role in (None, user.role) for user in found) for label, role in WHICH.items()}
    chosen = st.segmented_control(
        "Which users", list(WHICH), default="All", required=True, key=_WHICH, label_visibility="collapsed",
        format_func=lambda label: f"{label} ({count[label]})",
    )  # fmt: skip
    role = WHICH.get(chosen or "All")
    return tuple(user for user in found if role in (None, user.role))


def table(found: Sequence[User], known: Presence) -> None:
    """One line per user; `chosen` tells which one was clicked on."""
    columns = (
        Shown("username", "User", "text", lambda user: user.username, pinned=True, width=130),
        Shown("state", "State", "text", known.state, "whether a sign-in is possible", width=95),
        Shown("role", "Role", "text", lambda user: user.role),
        Shown("clients", "Clients", "list", _clients, "granted clients; admins see every one"),
        Shown("money", "Money", "text", lambda user: "yes" if user.money else "no", "sees costs, revenue and budgets"),
        Shown("seen", "Last seen", "moment", lambda user: known.last_seen.get(user.user_id), "in the last 30 days"),
        Shown("name", "Name", "text", lambda user: user.name, "the person, as an admin wrote it"),
        Shown("email", "E-mail", "text", lambda user: user.email, "by which single sign-on knows the user"),
    )
    draw(found, columns, alt="Users by name", key=KEY, choose=lambda user: user.user_id)


def chosen(found: Sequence[User]) -> User | None:
    """The user that was clicked on, as the store knows him now."""
    number: int | None = tables.chosen(KEY)
    return next((user for user in found if user.user_id == number), None)


def _clients(user: User) -> tuple[str, ...]:
    return ("every client",) if user.sees_all else user.clients
