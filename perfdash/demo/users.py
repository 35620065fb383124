"""The demo's sign-ins. Everybody may know them, so they exist in the demo's store only and sign in nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from perfdash.domain.access import OPERATOR, UserRole
from perfdash.domain.errors import UsageError
from perfdash.store.auth import users
from perfdash.store.engine import Store

CHEAP = 4
"""bcrypt rounds: hashing slowly would protect nothing that is printed on the sign-in page."""


@dataclass(frozen=True, slots=True)
class DemoUser:
    """One sign-in that the demo shows, and what it is there to show."""

    username: str
    password: str
    role: UserRole
    clients: tuple[str, ...]
    money: bool
    shows: str


DEMO_USERS: tuple[DemoUser, ...] = (
    DemoUser("admin", "demo-admin", "admin", (), True, "Sees every client"),
    DemoUser("analyst", "demo-analyst", "analyst", ("nordlicht", "solvane"), True, "Two clients, EUR and USD"),
    DemoUser("client", "demo-client", "client", ("hoshi",), True, "One client, in JPY"),
    DemoUser("creator-desk", "demo-creators", "client", ("solvane",), False, "One client, without money"),
)


def add_demo_users(store: Store, now: datetime, *, demo: bool) -> None:
    """Add the demo's users where they are missing; refused for any store but the demo's."""
    if not demo:
        raise UsageError("The demo's users can only be added to the demo's own database.")
    there = {user.username for user in users.list_users(store, OPERATOR)}
    for one in DEMO_USERS:
        if one.username not in there:
            users.add_user(
                store,
                OPERATOR,
                one.username,
                one.password,
                one.role,
                now,
                clients=one.clients,
                money=one.money,
                demo=True,
                rounds=CHEAP,
            )
