"""Who is asking, and what they were granted. The only notion of permission in perfdash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from perfdash.accounts import Days
from perfdash.errors import AccessDenied
from perfdash.filters import Grain

Role = Literal["operator", "admin", "analyst", "client", "link"]


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
    `clients` holds; everyone else sees exactly `clients`, so an empty set is nothing at all. Who came by a client link
    has the role `link`, no `user_id`, and a `lock`; no other role has one.
    """

    name: str
    role: Role
    clients: frozenset[str] = frozenset()
    money: bool = True
    user_id: int | None = None
    lock: Lock | None = None

    @property
    def sees_all(self) -> bool:
        return self.role in ("operator", "admin")

    @property
    def of_agency(self) -> bool:
        """True for the agency's own people: who did what, and how a source is asked, is told to them alone."""
        return self.role in ("operator", "admin", "analyst")

    def may_see(self, client: str) -> bool:
        """True when `client` (a slug) is in this principal's scope."""
        return self.sees_all or client in self.clients

    def require(self, *clients: str) -> None:
        """Raise AccessDenied unless every client is in scope; the text is that of an unknown client."""
        for client in clients:
            if not self.may_see(client):
                raise AccessDenied(f"There is no client {client!r} here.")

    def require_account(self) -> None:
        """Raise AccessDenied for who came by a client link: it shows the numbers it was made for and no more."""
        if self.role == "link" or self.lock is not None:
            raise AccessDenied("A client link shows the numbers that it was made for; this is not among them.")


OPERATOR = Principal(name="operator", role="operator")
