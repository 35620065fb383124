"""`python -m perfdash demo-api`: the reference API from a terminal."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING

from perfdash.demo import faults
from perfdash.demo.data import DEFAULT_SEED, DEMO_KEY
from perfdash.errors import PerfdashError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  argparse has no public name for it

DEFAULT_PORT = 8610
DEFAULT_HOST = "127.0.0.1"
_ABOUT = "Serve the reference Custom API (performance_v1) with deterministic data that restates itself."


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add `demo-api` to a command line; its namespace has `run`."""
    parser = subparsers.add_parser(
        "demo-api", help=_ABOUT, description=_ABOUT, epilog=_epilog(), formatter_class=argparse.RawTextHelpFormatter
    )
    add_arguments(parser)
    parser.set_defaults(run=run)
    return parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default %(default)s)")
    parser.add_argument("--host", default=DEFAULT_HOST, help="default %(default)s: this machine only")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="other numbers (default %(default)s)")
    parser.add_argument("--today", type=_day, metavar="YYYY-MM-DD", help="stop the clock on this day")
    parser.add_argument("--key", default=DEMO_KEY, help="the Bearer key (default %(default)s)")
    parser.add_argument("--parent", type=int, metavar="PID", help="end when this process ends")


def run(args: argparse.Namespace) -> int:
    """Serve; 0 after SIGTERM or Ctrl+C, 2 with one sentence when it cannot be served."""
    from perfdash.demo.process import serve  # uvicorn is not loaded for the help text of the other commands

    try:
        return serve(args.port, args.seed, args.today, host=args.host, key=args.key, parent=args.parent)
    except PerfdashError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def main(arguments: list[str] | None = None) -> int:
    """The command by itself, as `python -m perfdash.demo`."""
    parser = argparse.ArgumentParser(
        "python -m perfdash.demo", description=_ABOUT, epilog=_epilog(), formatter_class=argparse.RawTextHelpFormatter
    )
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day as YYYY-MM-DD") from None


def _epilog() -> str:
    lines = [f"  {name:17} {what}" for name, what in faults.FAULTS.items()]
    # argparse reads % as a format.
    text = "\n".join(["faults, by the header X-Demo-Fault: NAME[:ARGUMENT] or POST /_control/faults:", *lines])
    return text.replace("%", "%%")
