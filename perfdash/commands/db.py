"""`db`: upgrade, check, back up, restore and move the database."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from perfdash.commands.context import Subparsers, load_settings, now, print_progress
from perfdash.domain.access import OPERATOR
from perfdash.domain.errors import StoreError, UsageError
from perfdash.store import migrations
from perfdash.store.auth import users
from perfdash.store.engine import Store, sqlite_path
from perfdash.store.maintenance import bundle, traces
from perfdash.store.maintenance import check as store_check
from perfdash.store.opening import open_store

_ABOUT = "Look after the database: upgrade, check, backup, restore, export, import."
_ACTIONS = {
    "upgrade": "bring the schema up to date (opening the app does it too)",
    "check": "is the file sound and does the ledger keep its promises?",
    "backup": "a consistent copy of a SQLite database, also while it is in use",
    "compact": "write the file anew without what was deleted; erase and purge do it by themselves",
    "restore": "put a backup in the database's place; what was there is kept beside it",
    "export": "everything as one portable file, from SQLite or PostgreSQL",
    "import": "fill an empty database from such a file",
}


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("db", help=_ABOUT, description=_ABOUT)
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, help_text in _ACTIONS.items():
        action = actions.add_parser(name, help=help_text, description=help_text)
        if name in ("backup", "restore"):
            action.add_argument("file", type=Path, metavar="FILE")
        if name in ("export", "import"):
            action.add_argument("file", type=Path, metavar="BUNDLE")


def run(args: argparse.Namespace) -> int:
    """Carry out one action; 1 when a check finds a problem."""
    settings = load_settings()
    if args.action == "restore":
        return _restore(settings.database_url, args.file)
    store = open_store(settings.database_url, migrate=args.action != "check")
    try:
        return _act(store, args)
    finally:
        store.close()


def _act(store: Store, args: argparse.Namespace) -> int:
    match args.action:
        case "upgrade":
            print(f"{store.label}: schema {migrations.head()}")
        case "check":
            return _check(store)
        case "backup":
            store_check.backup(store, OPERATOR, args.file)
            traces.note_copy(store, OPERATOR, args.file, now())
            print_progress(f"Copied {store.label} to {args.file}.")
        case "compact":
            traces.wipe(store)
            print_progress(f"Wrote {store.label} anew.")
        case "export":
            _told(bundle.export_bundle(store, OPERATOR, args.file), f"exported from {store.label} to {args.file}")
            traces.note_copy(store, OPERATOR, args.file, now())
        case "import":
            _told(bundle.import_bundle(store, OPERATOR, args.file), f"imported from {args.file} into {store.label}")
            _say_who_sees_all(store)
    return 0


def _check(store: Store) -> int:
    findings = store_check.check(store, OPERATOR)
    for finding in findings:
        print(f"problem  {finding.check}: {finding.problem}" if finding.problem else f"ok       {finding.check}")
    return 1 if any(finding.problem for finding in findings) else 0


def _restore(url: str, source: Path) -> int:
    path = sqlite_path(url)
    if path is None:
        raise UsageError("Only a SQLite database is restored from a file; use pg_restore, or `db import`.")
    kept = store_check.restore(path, source, OPERATOR, now())
    print_progress(f"Restored {path} from {source}." + (f" The former one is {kept}." if kept else ""))
    _say_who_came_back(url)
    return 0


def _say_who_came_back(url: str) -> None:
    try:
        with closing(open_store(url, migrate=False)) as store:
            found = traces.came_back(store, OPERATOR)
    except StoreError:
        print_progress("Who comes back with it, though erased or purged, cannot be told: the former one is broken.")
        return
    for who in found:
        print_progress(f"Came back, though erased or purged: {who}.")
    if found:
        print_progress("Erase or purge them again.")


def _say_who_sees_all(store: Store) -> None:
    """A bundle's checksums do not say who wrote it; who handed it in knows whom to expect."""
    names = [user.username for user in users.list_users(store, OPERATOR) if user.sees_all and user.active]
    if names:
        print_progress(f"From now on these users see every client: {', '.join(names)}.")


def _told(counts: dict[str, int], what: str) -> None:
    print_progress(f"{sum(counts.values())} rows {what}.")
