"""`import-worker`: read one uploaded file, or store it, in a process of its own with little time and memory.

The Import page starts it and never reads a file itself: a file from outside may be made to crash or to starve whoever
opens it. The order comes on standard input, the answer goes to standard output, both as JSON. To look at a file it is
started without the installation's environment, so that it knows neither the database nor a key.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import suppress
from dataclasses import replace

import msgspec

from perfdash.commands.context import Installation, Subparsers, now, opened_context
from perfdash.domain.access import Principal
from perfdash.domain.accounts import Account
from perfdash.domain.errors import AccessDenied, PerfdashError
from perfdash.domain.imports import ImportOrder, ImportPreview, ImportResult
from perfdash.domain.refusals import MOST
from perfdash.store import audit
from perfdash.store.auth import login
from perfdash.store.query import catalog
from perfdash.sync import import_preview
from perfdash.sync.import_file import Saved
from perfdash.sync.pool import sync_all
from perfdash.sync.run import Order, RunResult, SyncContext

LARGEST_ORDER = 2**20
MEMORY = 2 * 2**30
"""Bytes of address space; Python with all its libraries takes about a third of that before it reads anything."""
READING_SECONDS, STORING_SECONDS = 60, 600
TOO_LARGE = "This file needs more memory to read than a file may have here. Split it by days and import the parts."

_ABOUT = "Read or store one uploaded file; the Import page starts this itself, with the order on standard input."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("import-worker", help=_ABOUT, description=_ABOUT)
    parser.set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """0 whenever there is an answer, also one that says what is wrong with the file."""
    order = msgspec.json.decode(sys.stdin.buffer.read(LARGEST_ORDER), type=ImportOrder)
    reading = order.user_id is None
    limit(READING_SECONDS if reading else STORING_SECONDS, MEMORY)
    try:
        answer: ImportPreview | ImportResult = import_preview.preview(order, now()) if reading else _stored(order)
    except MemoryError:
        answer = ImportPreview(TOO_LARGE) if reading else ImportResult("failed", TOO_LARGE)
    sys.stdout.buffer.write(msgspec.json.encode(answer))
    return 0


def limit(seconds: int, memory: int) -> None:
    """From here on the system ends this process when it takes more; where the system knows no such limits, nothing."""
    with suppress(ImportError, AttributeError):  # not on every system
        signal.alarm(seconds)
        import resource

        for what, most in (
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_CORE, 0),
        ):
            with suppress(ValueError, OSError):
                resource.setrlimit(what, (most, most))


def _stored(order: ImportOrder) -> ImportResult:
    try:
        with opened_context() as installation:
            return store_file(installation, order)
    except PerfdashError as error:
        return ImportResult("failed", str(error))


def store_file(installation: Installation, order: ImportOrder) -> ImportResult:
    """One run by the rules of `sync --file`, in the name of who ordered it, as far as he may right now."""
    principal = _importer(installation, order.user_id)
    account = _account(installation, principal, order.account)
    saved = import_preview.saved(replace(order, account=account), now())
    kept = installation.settings.security.audit_kept
    about = f"{saved.name}, {saved.file.sha256}"

    def note(what: str) -> None:
        audit.record(installation.store, principal, "import", [account.client], what, now(), kept=kept)

    note(f"begun: {about}")
    context = SyncContext(installation.store, lambda _account, _days: saved.fetched(installation.store))
    how = Order(principal, "import", accept_vanished=order.accept_vanished, closes="named")
    result = sync_all(context, how, [(account, saved.days)])[0]
    installation.store.checkpoint()
    note(f"run {result.run} {result.state}: {about}")
    return _told(result, saved)


def _importer(installation: Installation, user_id: int | None) -> Principal:
    found = None
    if user_id is not None:
        found = login.principal_of(installation.store, user_id, demo=installation.settings.demo)
    if found is None:
        raise AccessDenied("You are no longer signed in; sign in again.")
    found.require_may_import()
    return found


def _account(installation: Installation, principal: Principal, wanted: Account) -> Account:
    """The account as it is configured now, among those that this user may see."""
    principal.require(wanted.client)
    for account in catalog.accounts(installation.store, principal, (wanted.client,)):
        if (account.source, account.external_id) == (wanted.source, wanted.external_id):
            return account
    raise AccessDenied("There is no such account here any more.")


def _told(result: RunResult, saved: Saved) -> ImportResult:
    return ImportResult(
        result.state,
        result.message,
        result.run,
        result.revision,
        result.counts,
        saved.days.start,
        saved.days.end,
        result.totals,
        result.refused[:MOST],
    )
