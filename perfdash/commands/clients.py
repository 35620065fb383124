"""`clients`: who the clients are, and removing one for good."""

from __future__ import annotations

import argparse

from perfdash.commands.context import Subparsers, now, opened_context, print_copies, print_progress, require_known
from perfdash.domain.access import OPERATOR
from perfdash.domain.errors import UsageError
from perfdash.store.maintenance import erase
from perfdash.store.query import catalog

_ABOUT = "List the clients, or delete one everywhere."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("clients", help=_ABOUT, description=_ABOUT)
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every client with currency, time zone and accounts")
    gone = actions.add_parser("purge", help="delete a client with all its numbers; only an audit line stays")
    gone.add_argument("client")
    gone.add_argument("--yes", action="store_true", help="really; there is no way back but a backup")


def run(args: argparse.Namespace) -> int:
    with opened_context() as installation:
        known = catalog.clients(installation.store, OPERATOR)
        if args.action == "list":
            accounts = catalog.accounts(installation.store, OPERATOR)
            for client in known:
                labels = ", ".join(a.label for a in accounts if a.client == client.slug) or "no account"
                print(f"{client.slug:<24} {client.currency}  {client.time_zone:<22} {client.name}  [{labels}]")
            return 0
        require_known([args.client], tuple(c.slug for c in known), "client")
        if args.client in {c.slug for c in installation.settings.clients}:
            raise UsageError(f"{args.client!r} is configured; remove [clients.{args.client}] and its accounts first.")
        if not args.yes:
            raise UsageError(f"This deletes every number of {args.client!r} for good; add --yes to do it.")
        rows = erase.purge_client(installation.store, OPERATOR, args.client, now())
        print_progress(f"Deleted {rows} rows of {args.client}.")
        print_copies(installation.store)
    return 0
