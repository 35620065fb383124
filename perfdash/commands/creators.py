"""`creators`: whose names are kept, and forgetting one for good."""

from __future__ import annotations

import argparse

from perfdash.commands.context import Subparsers, now, opened_context, print_copies, print_progress, require_known
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account
from perfdash.domain.errors import UsageError
from perfdash.presentation.formatting import plural
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase
from perfdash.store.query import catalog, overview

_ABOUT = "List the creators that a client's numbers name, or erase a creator's name."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("creators", help=_ABOUT, description=_ABOUT)
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="account, id and name of each creator that has a name")
    listing.add_argument("client")
    listing.add_argument("--name", default="", metavar="TEXT", help="only names that hold this text")
    erase = actions.add_parser("erase", help="forget a creator's name for good; the id and its numbers stay")
    erase.add_argument("client")
    erase.add_argument("account", help="the account's id at the source")
    erase.add_argument("creator", metavar="CREATOR_ID")
    erase.add_argument("--yes", action="store_true", help="really; the next sync does not bring the name back")


def run(args: argparse.Namespace) -> int:
    """Carry out one action; 0, or a UsageError."""
    with opened_context() as installation:
        require_known([args.client], tuple(c.slug for c in catalog.clients(installation.store, OPERATOR)), "client")
        if args.action == "list":
            _list(installation.store, args)
        else:
            _erase(installation.store, args)
    return 0


def _list(store: Store, args: argparse.Namespace) -> None:
    external = {account.number: account.external_id for account in _accounts(store, args.client)}
    for (_, account, creator), name in sorted(overview.creator_names(store, OPERATOR, (args.client,)).items()):
        if args.name.casefold() in name.casefold():
            print(f"{external[account]:<24} {creator:<24} {name}")


def _erase(store: Store, args: argparse.Namespace) -> None:
    known = _accounts(store, args.client)
    require_known([args.account], tuple(account.external_id for account in known), "account")
    if not args.yes:
        raise UsageError(f"This forgets the name of {args.creator!r} for good; add --yes to do it.")
    for account in known:  # two sources may know an account by the same id
        if account.external_id == args.account:
            erased = erase.erase_creator(store, OPERATOR, args.client, account.number, args.creator, now())
            what = "Erased the name" if erased.had_name else "There was no name, and none will be kept,"
            rows = plural(erased.quoting, "refused row")
            print_progress(
                f"{what} of {args.creator} in {account.source}; {rows} that quoted it lost what the source had sent."
            )
    print_copies(store)


def _accounts(store: Store, client: str) -> tuple[Account, ...]:
    """Also those that are no longer configured."""
    return catalog.accounts(store, OPERATOR, (client,), inactive=True)
