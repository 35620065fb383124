"""`python -m perfdash`: one parser, one place where errors become a sentence and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

import perfdash
from perfdash.domain.errors import PerfdashError

COMMANDS = {
    "serve": "perfdash.commands.serve",
    "sync": "perfdash.commands.sync",
    "check-source": "perfdash.commands.check_source",
    "query": "perfdash.commands.query",
    "restatements": "perfdash.commands.restatements",
    "users": "perfdash.commands.users",
    "clients": "perfdash.commands.clients",
    "creators": "perfdash.commands.creators",
    "db": "perfdash.commands.db",
    "doctor": "perfdash.commands.doctor",
    "demo-api": "perfdash.demo.process",
    "demo-history": "perfdash.commands.demo_history",
    "import-worker": "perfdash.commands.import_worker",
}
"""By name, so that a command loads what it needs and not what the others need."""


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """The command line, whole or with the one command that was typed; each command's namespace has `run`."""
    top = argparse.ArgumentParser(
        "python -m perfdash",
        description="A campaign performance dashboard that remembers.",
        epilog="Exit codes: 0 ok, 1 a run or check failed, 2 usage or configuration.",
    )
    top.add_argument("--version", action="version", version=f"perfdash {perfdash.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        if only in (None, name):
            import_module(module).add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; expected failures print one sentence and give their exit code."""
    typed = sys.argv[1:] if arguments is None else list(arguments)
    args = parser(typed[0] if typed and typed[0] in COMMANDS else None).parse_args(typed)
    try:
        code: int = args.run(args)
    except PerfdashError as error:
        print(f"perfdash: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    return code
