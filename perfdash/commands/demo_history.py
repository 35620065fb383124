"""`demo-history`: fills the demo's ledger; the app's host runs it when the demo is started without `serve`."""

from __future__ import annotations

import argparse
import time
from datetime import datetime

from perfdash.accounts import Account, Days, today_in
from perfdash.commands.opening import Subparsers, loaded, now, say
from perfdash.demo import history, process
from perfdash.errors import UsageError
from perfdash.fetching import fetch_at
from perfdash.payload import Fetched
from perfdash.settings import Settings
from perfdash.store import catalog
from perfdash.store.engine import open_store

_ABOUT = "Replay thirty daily syncs into the demo's database (done once, by itself)."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("demo-history", help=_ABOUT, description=_ABOUT)
    parser.set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """0 once the history is whole."""
    fill(loaded())
    return 0


def fill(settings: Settings) -> None:
    """Replay what is missing, with a line per day; returns at once when it was done before."""
    if not settings.demo:
        raise UsageError("The demo's history belongs to the demo; a database or configuration of your own is set.")
    store = open_store(settings.database_url)
    try:
        catalog.register(store, settings.clients, settings.accounts, now())
        if history.progress(store, now()).complete:
            return
        began = time.monotonic()
        say(f"Filling the demo: {history.DAYS} daily syncs of {len(settings.accounts)} accounts, once.")
        with process.start() as api:

            def fetch(account: Account, days: Days, then: datetime) -> Fetched:
                today = today_in(account.time_zone, then)
                return fetch_at(settings, account, days, lambda: then, {"X-Demo-Today": today.isoformat()}, api.url)

            history.replay(store, fetch, now, lambda state: say(f"  day {state.done} of {history.DAYS}"))
        say(f"Demo history ready after {time.monotonic() - began:.0f} s.")
    finally:
        store.close()
