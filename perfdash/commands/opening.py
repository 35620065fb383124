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
from perfdash import settings as configuration
from perfdash.demo.roster import DEMO
from perfdash.demo.users import add_demo_users
from perfdash.errors import UsageError
from perfdash.settings import Settings
from perfdash.store import catalog
from perfdash.store.engine import Store, open_store

Subparsers = argparse._SubParsersAction  # noqa: SLF001  argparse has no public name for it


@dataclass(frozen=True, slots=True)
class Installation:
    """A command's settings and open store."""

    settings: Settings
    store: Store


def now() -> datetime:
    return datetime.now(UTC)


def loaded() -> Settings:
    """The settings of this project's folder and environment."""
    return configuration.load(ROOT, os.environ, DEMO)


@contextmanager
def opened() -> Iterator[Installation]:
    """Settings and store, its clients and accounts as configured; closed at the end."""
    settings = loaded()
    store = open_store(settings.database_url)
    try:
        if settings.demo or settings.config_path:  # without a file nothing was said about accounts
            catalog.register(store, settings.clients, settings.accounts, now())
        if settings.demo:
            add_demo_users(store, now(), demo=settings.demo)
        yield Installation(settings, store)
    finally:
        store.close()


def say(line: str) -> None:
    """Progress goes to standard error, so that standard output stays data."""
    print(line, file=sys.stderr, flush=True)


def require_known(wanted: list[str], known: tuple[str, ...], what: str) -> None:
    """UsageError that names the unknown one and what there is."""
    for one in wanted:
        if one not in known:
            there = ", ".join(sorted(known)) or "none is configured"
            raise UsageError(f"There is no {what} {one!r}; known: {there}.")
