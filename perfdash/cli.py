"""`python -m perfdash`: one parser, one place where errors become a sentence and an exit code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import perfdash
from perfdash.commands import clients, db, demo_history, doctor, query, serve, sync, users
from perfdash.demo import command as demo_api
from perfdash.errors import PerfdashError


def parser() -> argparse.ArgumentParser:
    """The whole command line; each command's namespace has `run`."""
    top = argparse.ArgumentParser(
        "python -m perfdash",
        description="A campaign performance dashboard that remembers.",
        epilog="Exit codes: 0 ok, 1 a run or check failed, 2 usage or configuration.",
    )
    top.add_argument("--version", action="version", version=f"perfdash {perfdash.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (serve, sync, query, users, clients, db, doctor, demo_api, demo_history):
        module.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; expected failures print one sentence and give their exit code."""
    args = parser().parse_args(arguments)
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
