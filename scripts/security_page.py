"""SECURITY.md: the table of who may do what is written from `access.PERMISSIONS`; docs/administration.md's roles too.

python -m scripts.security_page      writes the tables anew; a test fails while they are old
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from perfdash.domain.access import ABOUT, Capability, Role, allows

ROOT = Path(__file__).resolve().parents[1]
COLUMNS: tuple[Role, ...] = ("link", *ABOUT, "operator")
HEAD = ("", "stranger", "client link", *ABOUT, "operator (command line)")
Where = Literal["app", "command line", "both"]


@dataclass(frozen=True, slots=True)
class Right:
    """A row of the table. `where` it can be done: elsewhere it is not there to be allowed or refused.

    `of_clients`: it is about clients' data, of those in scope. `more`: what a cell says instead where it is allowed.
    """

    what: str
    capability: Capability
    where: Where = "both"
    of_clients: bool = True
    more: Mapping[Role, str] = field(default_factory=dict)


RIGHTS = (
    Right(
        "Sees the numbers of",
        "read",
        more={
            "link": "one client, the link's days, platforms and moment",
            "operator": "every client, or those of `--as USER`",
        },
    ),
    Right("Chooses dates, platforms, CPM limit, as-of", "account", of_clients=False),
    Right("Downloads CSV (each leaves a receipt)", "read", more={"link": "what the link shows"}),
    Right("Reads corrections", "account", more={"client": "granted clients, without authors"}),
    Right("Sees who did what, how a source is asked, and logs of runs", "authors"),
    Right("Corrects and reverts", "correct", "app"),
    Right("Imports files and takes them back (with the money grant)", "import"),
    Right("What changed, What we reported, Checks, Sync health", "account"),
    Right("Refreshes a source", "account"),
    Right("Makes and revokes client links, reads their view log", "share", "app"),
    Right("Own password, own sessions, sign out everywhere", "account", of_clients=False),
    Right("Users, grants", "users", of_clients=False),
    Right("Other people's sessions", "sessions", of_clients=False),
    Right("Reads the audit", "audit", of_clients=False),
    Right("Erases people", "users", "command line", of_clients=False),
    Right("Changes the own role, the last admin, the demo's users", "any user", "command line", of_clients=False),
    Right("Purges clients", "purge", "command line", of_clients=False),
    Right("Backs up, checks and moves the store", "maintain", "command line", of_clients=False),
)
MONEY = (
    "Cost, revenue, budgets and what is computed from them",
    "no",
    "if the link has money",
    *("if granted" for _ in ABOUT),
    "yes",
)
"""No role decides this: it is granted user by user, and link by link."""


def permissions() -> str:
    """Who may do what, as a Markdown table."""
    rows: list[tuple[str, ...]] = [
        ("The sign-in form, its static files, `/healthz`, `/readyz`", *("yes" for _ in HEAD[1:-1]), "")
    ]
    rows += [(right.what, "no", *(_cell(right, role) for role in COLUMNS)) for right in RIGHTS]
    rows.append(MONEY)
    return _table(HEAD, rows)


def _cell(right: Right, role: Role) -> str:
    by_command = role == COLUMNS[-1]
    if by_command and right.where == "app":
        return ""
    if not allows(role, right.capability) or (right.where == "command line" and not by_command):
        return "no"
    if role in right.more:
        return right.more[role]
    if not right.of_clients:
        return "yes"
    return "every client" if allows(role, "every client") else "granted clients"


def roles() -> str:
    """The roles of users, as a Markdown table."""
    return _table(("role", "may"), [(role, about) for role, about in ABOUT.items()])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |") for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]]) + "\n"


TABLES: dict[Path, Callable[[], str]] = {
    ROOT / "SECURITY.md": permissions,
    ROOT / "docs" / "administration.md": roles,
}
_BETWEEN = re.compile(r"(<!-- permissions -->\n).*?(<!-- end -->)", re.DOTALL)


def written(page: str, table: str) -> str:
    """`page` with the table between the two comments as it is now."""
    return _BETWEEN.sub(lambda found: f"{found[1]}{table}{found[2]}", page)


if __name__ == "__main__":
    for path, table in TABLES.items():
        path.write_text(written(path.read_text(encoding="utf-8"), table()), encoding="utf-8")
