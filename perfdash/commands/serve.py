"""`serve`: the app, from whichever folder it is called."""

from __future__ import annotations

import argparse
import os
import sys

from perfdash import ROOT
from perfdash.commands.context import Subparsers, load_settings, print_progress
from perfdash.config.settings import Settings
from perfdash.domain.errors import ConfigError
from perfdash.domain.security import ServerSetup, unsafe
from perfdash.store.opening import open_store

_ABOUT = "Start the dashboard (Streamlit's own server) from the project's folder."
DEFAULT_PORT = 8501


def add_parser(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser("serve", help=_ABOUT, description=_ABOUT)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="default %(default)s")
    parser.add_argument("--host", default="127.0.0.1", help="default %(default)s: this machine only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Checks what would only show on the first page, fills the demo, then becomes Streamlit's process."""
    settings = load_settings()
    _require_safe(settings, args.host)
    open_store(settings.database_url).close()  # a broken database is said here, with exit code 2, not on a page
    address = f"http://{'localhost' if args.host in ('127.0.0.1', '0.0.0.0') else args.host}:{args.port}"  # noqa: S104
    if settings.demo:
        from perfdash.commands.demo_history import fill
        from perfdash.demo.users import DEMO_USERS

        fill(settings)
        if settings.beside:
            print_progress(f"PERFDASH_DEMO=1: this is the demo; of {settings.beside} only [security] counts.")
        print_progress("\nDemo sign-ins:")
        for user in DEMO_USERS:
            print_progress(f"  {user.username:<14} {user.password:<16} {user.shows}")
    print_progress(f"\nOpen {address}\n")
    # Streamlit reads .streamlit/config.toml from the current folder.
    os.chdir(ROOT)
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port",
        str(args.port),
        "--server.address",
        args.host,
        "--server.headless",
        "true",
    ]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606  our own interpreter, no shell; signals reach it directly


def _require_safe(settings: Settings, host: str) -> None:
    """ConfigError for what is known before Streamlit is asked; the server itself looks at everything."""
    problems = unsafe(ServerSetup(settings.demo, host, settings.security, {}, oidc=bool(settings.oidc.providers)))
    if problems:
        raise ConfigError("\n".join(problems))
