"""`users`: who may sign in, with which role, for which clients."""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from perfdash.commands.context import Subparsers, now, opened_context, print_copies, print_progress
from perfdash.domain.access import OPERATOR, USER_ROLES
from perfdash.domain.errors import UsageError
from perfdash.presentation.formatting import plural
from perfdash.store.auth import invitations, sessions, user_rows, users
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase

PASSWORD_VARIABLE = "PERFDASH_NEW_PASSWORD"  # noqa: S105  the variable's name, not a password
_ABOUT = "Add, invite, list, change and erase the people who may sign in."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("users", help=_ABOUT, description=_ABOUT)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="everyone, with role and clients")
    add = actions.add_parser("add", help=f"a new user; the password is asked for, or taken from {PASSWORD_VARIABLE}")
    _about_new(add, default="client")
    add.add_argument("--without-password", action="store_true", help="comes by OpenID Connect, or is invited later")
    _about_new(actions.add_parser("invite", help="prints a link, good once and for 7 days, by which a user comes in"))
    for action, help_text in (
        ("reset", "prints a link, good once and for 24 hours, to choose a new password with"),
        ("password", "a new password; ends every session of the user"),
        ("deactivate", "lets the user in no more; ends every session"),
        ("activate", "lets a deactivated user in again"),
        ("sign-out", "ends every session of the user"),
    ):
        actions.add_parser(action, help=help_text).add_argument("username")
    for action, help_text in (("grant", "lets a user see a client"), ("revoke", "takes a client away from a user")):
        granting = actions.add_parser(action, help=help_text)
        granting.add_argument("username")
        granting.add_argument("client")
    role = actions.add_parser("role", help="changes a user's role")
    role.add_argument("username")
    role.add_argument("role", choices=USER_ROLES)
    money = actions.add_parser("money", help="lets a user see amounts of money, or not")
    money.add_argument("username")
    money.add_argument("see", choices=("yes", "no"))
    email = actions.add_parser("email", help="sets the address by which OpenID Connect knows a user; '' removes it")
    email.add_argument("username")
    email.add_argument("email")
    erase = actions.add_parser("erase", help="erases a user's name, address and password; what the user did stays")
    erase.add_argument("username")
    erase.add_argument("--yes", action="store_true", help="really; there is no way back")
    parser.set_defaults(run=run)


def _about_new(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """What a new user is; without a default the user may be there already."""
    parser.add_argument("username")
    kept = "default %(default)s" if default else "of a new user: default client"
    parser.add_argument("--role", choices=USER_ROLES, default=default, help=kept)
    parser.add_argument("--client", action="append", default=[], metavar="C", help="may see this client (repeatable)")
    parser.add_argument("--name", default="", help="the person's name")
    parser.add_argument("--email", help="the address by which OpenID Connect knows the person")
    parser.add_argument("--without-money", action="store_true", help="never sees cost, revenue, budgets, their ratios")


def run(args: argparse.Namespace) -> int:
    """Carry out one action; 0, or a UsageError."""
    with opened_context() as installation:
        match args.action:
            case "list":
                for user in users.list_users(installation.store, OPERATOR):
                    print(_line(user))
            case "add":
                _add(installation.store, args, None if args.without_password else _password())
            case "invite":
                _invite(installation.store, args)
            case "reset":
                print(
                    invitations.link_path(invitations.make(installation.store, OPERATOR, args.username, "reset", now()))
                )
                print_progress(
                    f"Hand it to {args.username}, with your app's address before it; it is good once, for 24 hours."
                )
            case "erase":
                _erase(installation.store, args)
            case "sign-out":
                _sign_out(installation.store, args.username)
            case _:
                _change(installation.store, args)
    return 0


def _add(store: Store, args: argparse.Namespace, password: str | None) -> None:
    made = users.add_user(
        store,
        OPERATOR,
        args.username,
        password,
        args.role or "client",
        now(),
        clients=args.client,
        money=not args.without_money,
        name=args.name,
        email=args.email,
    )
    print_progress(f"Added {made.username}.")
    if not made.sees_all and not made.clients:
        print_progress("This user sees no client yet: `python -m perfdash users grant NAME CLIENT`.")


def _invite(store: Store, args: argparse.Namespace) -> None:
    """Adds the user where there is none; who is there already keeps role and clients."""
    wanted = user_rows.canonical(args.username)
    there = any(user.username == wanted for user in users.list_users(store, OPERATOR))
    if not there:
        _add(store, args, None)
    elif args.role or args.client or args.name or args.email or args.without_money:
        raise UsageError(f"There is already a user {wanted!r}; invite it without options, and change it by itself.")
    print(invitations.link_path(invitations.make(store, OPERATOR, args.username, "invite", now())))
    print_progress(f"Hand it to {wanted}, with your app's address before it; it is good once, for 7 days.")


def _erase(store: Store, args: argparse.Namespace) -> None:
    if not args.yes:
        raise UsageError(f"This erases who {args.username!r} is for good; add --yes to do it.")
    print_progress(
        f"Erased; in what is kept this user is called {erase.erase_user(store, OPERATOR, args.username, now())}."
    )
    print_copies(store)


def _sign_out(store: Store, username: str) -> None:
    wanted = user_rows.canonical(username)
    found = [user for user in users.list_users(store, OPERATOR) if user.username == wanted]
    if not found:
        raise UsageError(f"There is no user {wanted!r}; `python -m perfdash users list` shows them.")
    ended = sessions.end_all(store, found[0].user_id, now(), "everywhere", principal=OPERATOR)
    print_progress(f"Ended {plural(ended, 'session')} of {wanted}.")


def _change(store: Store, args: argparse.Namespace) -> None:
    match args.action:
        case "password":
            users.set_password(store, OPERATOR, args.username, _password(), now())
        case "deactivate" | "activate":
            users.set_active(store, OPERATOR, args.username, args.action == "activate", now())
        case "grant":
            users.grant(store, OPERATOR, args.username, args.client, now())
        case "revoke":
            users.revoke(store, OPERATOR, args.username, args.client, now())
        case "role":
            users.set_role(store, OPERATOR, args.username, args.role, now())
        case "money":
            users.set_money(store, OPERATOR, args.username, args.see == "yes", now())
        case "email":
            users.set_email(store, OPERATOR, args.username, args.email or None, now())


def _line(user: user_rows.User) -> str:
    clients = "every client" if user.sees_all else ", ".join(user.clients) or "no client"
    notes = [
        note
        for note, applies in (
            ("without money", not user.money),
            ("deactivated", not user.active),
            ("no password", not user.has_password),
        )
        if applies
    ]
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
