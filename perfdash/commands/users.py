"""`users`: who may sign in, with which role, for which clients."""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from perfdash.commands.opening import Subparsers, now, opened, say
from perfdash.errors import UsageError
from perfdash.store import users
from perfdash.store.engine import Store

PASSWORD_VARIABLE = "PERFDASH_NEW_PASSWORD"  # noqa: S105  the variable's name, not a password
_ABOUT = "Add, list and change the people who may sign in."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `users` and its actions."""
    parser = subparsers.add_parser("users", help=_ABOUT, description=_ABOUT)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="everyone, with role and clients")
    add = actions.add_parser("add", help=f"a new user; the password is asked for, or taken from {PASSWORD_VARIABLE}")
    add.add_argument("username")
    add.add_argument("--role", choices=users.ROLES, default="client", help="default %(default)s")
    add.add_argument("--client", action="append", default=[], metavar="C", help="may see this client (repeatable)")
    add.add_argument("--name", default="", help="the person's name")
    add.add_argument("--without-money", action="store_true", help="never sees cost, revenue, budgets or their ratios")
    for action, help_text in (
        ("password", "a new password; ends every session of the user"),
        ("deactivate", "lets the user in no more; ends every session"),
        ("activate", "lets a deactivated user in again"),
    ):
        actions.add_parser(action, help=help_text).add_argument("username")
    for action, help_text in (("grant", "lets a user see a client"), ("revoke", "takes a client away from a user")):
        granting = actions.add_parser(action, help=help_text)
        granting.add_argument("username")
        granting.add_argument("client")
    role = actions.add_parser("role", help="changes a user's role")
    role.add_argument("username")
    role.add_argument("role", choices=users.ROLES)
    money = actions.add_parser("money", help="lets a user see amounts of money, or not")
    money.add_argument("username")
    money.add_argument("see", choices=("yes", "no"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry out one action; 0, or a UsageError."""
    with opened() as desk:
        if args.action == "list":
            for user in users.list_users(desk.store):
                print(_line(user))
        elif args.action == "add":
            _add(desk.store, args)
        else:
            _change(desk.store, args)
    return 0


def _add(store: Store, args: argparse.Namespace) -> None:
    made = users.add_user(
        store, args.username, _password(), args.role, now(),
        clients=args.client, money=not args.without_money, name=args.name,
    )  # fmt: skip
    say(f"Added {made.username}.")
    if made.role != "admin" and not made.clients:
        say("This user sees no client yet: `python -m perfdash users grant NAME CLIENT`.")


def _change(store: Store, args: argparse.Namespace) -> None:
    match args.action:
        case "password":
            users.set_password(store, args.username, _password(), now())
        case "deactivate" | "activate":
            users.set_active(store, args.username, args.action == "activate", now())
        case "grant":
            users.grant(store, args.username, args.client)
        case "revoke":
            users.revoke(store, args.username, args.client)
        case "role":
            users.set_role(store, args.username, args.role)
        case "money":
            users.set_money(store, args.username, args.see == "yes")


def _line(user: users.User) -> str:
    clients = "every client" if user.role == "admin" else ", ".join(user.clients) or "no client"
    notes = [*([] if user.money else ["without money"]), *([] if user.active else ["deactivated"])]
    return f"{user.username:<24} {user.role:<8} {clients}" + "".join(f"  ({note})" for note in notes)


def _password() -> str:
    """From the environment for scripts, else asked for twice; never an argument, which other users can read."""
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if not sys.stdin.isatty():
        raise UsageError(f"There is no terminal to ask for the password; set {PASSWORD_VARIABLE}.")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("Again: "):
        raise UsageError("The two passwords differ; nothing was changed.")
    return first
