"""`demo-history`: fills the demo's ledger; the app's host runs it when the demo is started without `serve`."""

from __future__ import annotations

import argparse
import time
from datetime import datetime

from perfdash.commands.context import Subparsers, load_settings, now, print_progress
from perfdash.config.settings import Settings
from perfdash.demo import history, process
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import Fetched
from perfdash.store.opening import open_store
from perfdash.store.query import catalog
from perfdash.sync.fetch import fetch_at

_ABOUT = "Replay thirty daily syncs into the demo's database (done once, by itself)."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("demo-history", help=_ABOUT, description=_ABOUT)
    parser.set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """0 once the history is whole."""
    fill(load_settings())
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
        print_progress(f"Filling the demo: {history.DAYS} daily syncs of {len(settings.accounts)} accounts, once.")
        with process.start() as api:

            def fetch(account: Account, days: Days, then: datetime) -> Fetched:
                today = today_in(account.time_zone, then)
                return fetch_at(settings, account, days, lambda: then, {"X-Demo-Today": today.isoformat()}, api.url)

            history.replay(store, fetch, now, lambda state: print_progress(f"  day {state.done} of {history.DAYS}"))
        print_progress(f"Demo history ready after {time.monotonic() - began:.0f} s.")
    finally:
        store.close()
