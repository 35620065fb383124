"""What nearly every command starts with: settings from the project's folder, and the store they name."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from perfdash import ROOT
from perfdash.config import settings as configuration
from perfdash.config.settings import Settings
from perfdash.demo.accounts import DEMO
from perfdash.demo.users import add_demo_users
from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.as_of import AsOf, parse
from perfdash.domain.errors import UsageError
from perfdash.domain.question import of_every_day
from perfdash.store.auth import login, user_rows, users
from perfdash.store.engine import Store
from perfdash.store.maintenance import traces
from perfdash.store.opening import open_store
from perfdash.store.query import catalog, overview

Subparsers = argparse._SubParsersAction  # noqa: SLF001  argparse has no public name for it


@dataclass(frozen=True, slots=True)
class Installation:
    """A command's settings and open store."""

    settings: Settings
    store: Store


def now() -> datetime:
    return datetime.now(UTC)


def load_settings() -> Settings:
    """The settings of this project's folder and environment."""
    return configuration.load(ROOT, os.environ, DEMO)


@contextmanager
def opened_context() -> Iterator[Installation]:
    """Settings and store, its clients and accounts as configured; closed at the end."""
    settings = load_settings()
    store = open_store(settings.database_url)
    try:
        if settings.demo or settings.config_path:  # without a file nothing was said about accounts
            catalog.register(store, settings.clients, settings.accounts, now())
        if settings.demo:
            add_demo_users(store, now(), demo=settings.demo)
        yield Installation(settings, store)
    finally:
        store.close()


def print_progress(line: str) -> None:
    """Progress goes to standard error, so that standard output stays data."""
    print(line, file=sys.stderr, flush=True)


def print_copies(store: Store) -> None:
    """Where what was just erased may still be read."""
    for path in traces.copies(store, OPERATOR):
        print_progress(f"Made before, so it still holds it: {path}.")
    others = "other backups, and on PostgreSQL its own log and the bytes of dead rows (VACUUM FULL writes tables anew)"
    print_progress(f"Not reached: {others}. After restoring an older backup, erase again.")


def require_known(wanted: list[str], known: tuple[str, ...], what: str) -> None:
    """UsageError that names the unknown one and what there is."""
    for one in wanted:
        if one not in known:
            there = ", ".join(sorted(known)) or "none is configured"
            raise UsageError(f"There is no {what} {one!r}; known: {there}.")


def principal_named(store: Store, username: str | None, demo: bool) -> Principal:
    """The active user `username`; the operator without one."""
    if username is None:
        return OPERATOR
    for user in users.list_users(store, OPERATOR):
        if user.username == user_rows.canonical(username):
            principal = login.principal_of(store, user.user_id, demo=demo)
            if principal is not None:
                return principal
    raise UsageError(f"There is no active user {username!r}; `python -m perfdash users list` shows them.")


def platforms_named(store: Store, principal: Principal, wanted: list[str], as_of: AsOf | None) -> tuple[str, ...]:
    """Names as they are stored, whatever case they were typed in."""
    known = {name.casefold(): name for name in overview.platforms(store, of_every_day(principal, (), as_of))}
    for name in wanted:
        if name.casefold() not in known:
            raise UsageError(
                f"There is no platform {name!r}; known: {', '.join(sorted(known.values())) or 'none yet'}."
            )
    return tuple(sorted({known[name.casefold()] for name in wanted}))


def parse_moment(text: str, option: str = "--as-of") -> AsOf:
    """A day or a moment, as it was typed for `option`."""
    try:
        return parse(text)
    except UsageError as error:
        raise UsageError(f"{option} {error}") from None
