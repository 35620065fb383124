"""`doctor`: what this installation runs on, and what it lacks."""

from __future__ import annotations

import argparse
import platform
from importlib.metadata import version

from perfdash.commands.context import Subparsers, load_settings, now, opened_context
from perfdash.config.settings import SECRETS_FILE, Settings
from perfdash.domain.access import OPERATOR
from perfdash.domain.errors import ConfigError, PerfdashError
from perfdash.domain.security import ServerSetup, unsafe
from perfdash.store.auth import login
from perfdash.store.engine import SAFE_SQLITE, Store, sqlite_module
from perfdash.store.query import sync_health

OTHERS = 0o077
"""Permissions of the group and of everybody else."""
_ABOUT = "Say what is installed, configured and stored, and what to mend; exit code 1 when something is wrong."


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    subparsers.add_parser("doctor", help=_ABOUT, description=_ABOUT).set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """0 when all lines are ok."""
    problems: list[str] = []
    _ok(f"Python {platform.python_version()}, Streamlit {version('streamlit')}, SQLAlchemy {version('sqlalchemy')}")
    settings = load_settings()
    config = f"configuration {settings.config_path}" if settings.config_path else "no configuration file"
    demo = " (demo)" if settings.demo else ""
    _ok(f"{config}{demo}: {len(settings.clients)} clients, {len(settings.accounts)} accounts")
    if settings.beside:
        _ok(f"PERFDASH_DEMO=1: of {settings.beside} only [security] counts; unset it to run what is configured")
    problems += _secrets(settings)
    problems += _sign_in(settings)
    with opened_context() as installation:
        problems += _database(installation.store)
        problems += _data(installation.store, settings)
    for problem in problems:
        print(f"problem  {problem}")
    return 1 if problems else 0


def _ok(line: str) -> None:
    print(f"ok       {line}")


def _secrets(settings: Settings) -> list[str]:
    """What each account is asked with: its source's key, or one of its own."""
    problems: dict[str, None] = {}
    for account in (one for one in settings.accounts if not one.files_only):
        try:
            settings.source(account)
        except ConfigError as error:
            problems[str(error)] = None
    if settings.accounts and not problems:
        _ok("every secret that the configuration names is set")
    return [*problems]


def _sign_in(settings: Settings) -> list[str]:
    """Who may come in, and from where; what only a running server knows, it says itself when it starts."""
    problems = [
        *settings.oidc.problems,
        *unsafe(ServerSetup(settings.demo, "", settings.security, {}, _has_oidc(settings))),
    ]
    problems += [
        f"{path.relative_to(settings.root)} can be read by other users of this machine: chmod 600 it"
        for path in (settings.root / SECRETS_FILE, settings.root / "data" / "perfdash.db")
        if path.is_file() and path.stat().st_mode & OTHERS
    ]
    if not problems:
        ways = [provider.title for provider in settings.oidc.providers]
        ways += ["passwords"] if settings.security.passwords or settings.demo else []
        _ok(f"sign-in with {', '.join(ways)}; host names: {', '.join(settings.security.allowed_hosts) or 'any'}")
    return problems


def _has_oidc(settings: Settings) -> bool:
    return bool(settings.oidc.providers)


def _database(store: Store) -> list[str]:
    _ok(f"database {store.label} ({store.dialect})")
    if store.dialect != "sqlite":
        return []
    module = sqlite_module()
    if module.sqlite_version_info < SAFE_SQLITE:
        return [f"SQLite {module.sqlite_version} has a known corruption bug under several processes; install pysqlite3"]
    _ok(f"SQLite {module.sqlite_version} from {module.__name__.partition('.')[0]}")
    return []


def _data(store: Store, settings: Settings) -> list[str]:
    problems = []
    if not login.any_user(store, demo=settings.demo):
        problems.append("nobody can sign in: `python -m perfdash users add NAME --role admin`")
    try:
        for account in sync_health.freshness(store, OPERATOR, (), now()):
            if account.fetched_at is None:
                problems.append(f"{account.account.client} {account.account.label} was never synced")
            else:
                _ok(f"{account.account.client} {account.account.label} fetched {account.fetched_at:%Y-%m-%d %H:%M} UTC")
    except PerfdashError as error:
        problems.append(str(error))
    return problems
