"""Who is asking, what they were granted, and the one table of what each role may do.

A new role is a name in `UserRole` with a line in `PERMISSIONS` and in `ABOUT`; no other file compares role names.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from perfdash.domain.accounts import Days
from perfdash.domain.errors import AccessDenied
from perfdash.domain.filters import Grain

UserRole = Literal["admin", "analyst", "client"]
Role = UserRole | Literal["operator", "link"]
"""`operator` is the command line, `link` a visitor who came through a client link; the others are users."""
USER_ROLES: tuple[UserRole, ...] = get_args(UserRole)

Capability = Literal[
    "read",  # the pages that a client link can show
    "account",  # all other pages and questions about the clients in scope; syncing them
    "authors",  # who did what, and how a source is asked
    "every client",  # whatever was granted
    "correct",
    "import",  # store the rows of a file, and take an import back
    "share",  # make, revoke and follow client links
    "users",  # add and change users, invite them, grant them clients
    "sessions",  # see who is signed in, and end it
    "audit",
    "any user",  # also change oneself, the last admin and the demo's users
    "purge",  # delete a client
    "maintain",  # back up, check and move the whole store
]
_NUMBERS: frozenset[Capability] = frozenset({"read", "account"})
_AGENCY: frozenset[Capability] = frozenset({"authors", "correct", "import", "share"})
_WHOLE: frozenset[Capability] = frozenset({"every client", "users", "sessions", "audit", "purge", "maintain"})
PERMISSIONS: dict[Role, frozenset[Capability]] = {
    "link": frozenset({"read"}),
    "client": _NUMBERS,
    "analyst": _NUMBERS | _AGENCY,
    "admin": _NUMBERS | _AGENCY | _WHOLE,
    "operator": _NUMBERS | _AGENCY | _WHOLE | frozenset({"any user"}),
}
"""What each role may; of clients always those in scope. Amounts of money are granted apart, user by user."""
ABOUT: dict[UserRole, str] = {
    "client": "reads granted clients, exports and refreshes them",
    "analyst": "also imports files of them, corrects them and shares them by client links",
    "admin": "all of that for every client, and users, sessions and the audit",
}
"""What a role is for, as an admin who chooses one reads it; from the least to the most."""
REFUSALS: dict[Capability, str] = {
    "read": "Your role may not read this.",
    "account": "A client link shows the numbers that it was made for; this is not among them.",
    "authors": "Who did what, and how a source is asked, is the agency's.",
    "every client": "Only an admin may see every client.",
    "correct": "Corrections are made by analysts and admins; you can see them, but not make them.",
    "import": "Files are imported by analysts and admins.",
    "share": "Client links are made by analysts and admins.",
    "users": "Only an admin may see or change who signs in.",
    "sessions": "Only an admin may see or end the sessions of others.",
    "audit": "Only an admin may read the audit.",
    "any user": "Only an operator may change this user.",
    "purge": "Only an admin may delete a client.",
    "maintain": "Only an operator may look after a store or move it.",
}


def allows(role: Role, capability: Capability) -> bool:
    """True when the table gives `role` this; a role that is not in it may nothing."""
    return capability in PERMISSIONS.get(role, frozenset())


def roles_that_may(capability: Capability) -> tuple[UserRole, ...]:
    """The roles of users that the table gives this: for conditions on rows of users."""
    return tuple(role for role in USER_ROLES if allows(role, capability))


@dataclass(frozen=True, slots=True)
class Lock:
    """What a client link fixes, beside its one client: nothing outside can be asked for, whatever a page or URL says.

    `days` are the days that may be read. `platforms` and `currency` narrow further; empty is all of them. `as_of` pins
    the moment whose state is shown; None follows the present. `before` are days that may be read too, because `days`
    are compared with them. `max_cpm` (micros of `currency`) and `cpm_grain` are as in a question.
    """

    days: Days
    platforms: tuple[str, ...] = ()
    currency: str | None = None
    as_of: datetime | None = None
    before: Days | None = None
    max_cpm: int | None = None
    cpm_grain: Grain = "row"

    @property
    def spans(self) -> tuple[Days, ...]:
        """All days that may be read: one range, or two."""
        return (self.days,) if self.before is None else (self.before, self.days)

    def holds(self, day: date) -> bool:
        return any(span.start <= day <= span.end for span in self.spans)


@dataclass(frozen=True, slots=True)
class Principal:
    """One immutable answer to "who is asking": built from the store on every rerun.

    `clients` are the granted client slugs. Operators (the command line) and admins see every client whatever
    `clients` holds; everyone else sees exactly `clients`, so an empty set is nothing at all. A visitor who came
    through a client link has the role `link`, no `user_id`, and a `lock`; no other role has one.
    """

    name: str
    role: Role
    clients: frozenset[str] = frozenset()
    money: bool = True
    user_id: int | None = None
    lock: Lock | None = None

    def may(self, capability: Capability) -> bool:
        """True when the role has it, of the clients in scope. With a lock, whatever the role, only what a link has."""
        return allows("link" if self.lock is not None else self.role, capability)

    def require_may(self, capability: Capability) -> None:
        """Raise AccessDenied, with the sentence that says who may, unless `may`."""
        if not self.may(capability):
            raise AccessDenied(REFUSALS[capability])

    @property
    def by_link(self) -> bool:
        """True for visitors who came through a client link. Without a lock they see nothing at all."""
        return self.role == "link" or self.lock is not None

    @property
    def sees_all(self) -> bool:
        """True when every client is in scope."""
        return self.may("every client")

    @property
    def of_agency(self) -> bool:
        """True for the agency's own people: who did what, and how a source is asked, is shown to them alone."""
        return self.may("authors")

    def may_see(self, client: str) -> bool:
        """True when `client` (a slug) is in this principal's scope."""
        return self.sees_all or client in self.clients

    def require(self, *clients: str) -> None:
        """Raise AccessDenied unless every client is in scope; the text is that of an unknown client."""
        for client in clients:
            if not self.may_see(client):
                raise AccessDenied(f"There is no client {client!r} here.")

    @property
    def may_import(self) -> bool:
        """True for who may import files: by role, and with the amounts that are to be held against the file's own."""
        return self.may("import") and self.money

    def require_may_import(self) -> None:
        """Raise AccessDenied unless `may_import`."""
        self.require_may("import")
        if not self.money:
            raise AccessDenied("Who imports a file checks its amounts of money, which are not part of your access.")

    def require_account(self) -> None:
        """Raise AccessDenied for visitors who came through a client link: it shows its own numbers and no more."""
        self.require_may("account")


OPERATOR = Principal(name="operator", role="operator")
