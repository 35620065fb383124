"""The reference API in a process of its own: serve here, or start it as a child and stop it again."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import uvicorn

import perfdash
from perfdash.demo import faults
from perfdash.demo.accounts import DEMO_KEY
from perfdash.demo.api import Clock, create_app
from perfdash.demo.data import DEFAULT_SEED
from perfdash.domain.errors import PerfdashError, SourceUnreachable, UsageError

LOOPBACK = "127.0.0.1"
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


def serve(
    port: int = 0,
    seed: int = DEFAULT_SEED,
    today: date | None = None,
    *,
    host: str = LOOPBACK,
    key: str = DEMO_KEY,
    parent: int | None = None,
) -> int:
    """Serve until SIGTERM, Ctrl+C or the death of process `parent`; prints one line `URL  key KEY` once it listens.

    Port 0 takes a free one. `today` stops the clock on that day. Returns the exit code; UsageError for a taken port.
    """
    listener = _listen(host, port)
    app = create_app(seed=seed, clock=_clock(today), key=key)
    # The listener's own messages only: each refused, cut or slow answer would be an error line of uvicorn's.
    config = uvicorn.Config(
        app, access_log=False, log_level="critical", lifespan="off", server_header=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal again when it has shut down; without a handler that would be a death, not an exit.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, "should_exit", True))
    if parent is not None:
        threading.Thread(target=_watch, args=(server, parent), name="parent-watch", daemon=True).start()
    with contextlib.suppress(BrokenPipeError):  # whoever started it is gone already, and so will it be in a moment
        print(f"http://{host}:{listener.getsockname()[1]}  key {key}", flush=True)
    server.run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it every answer waits 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(
            f"The demo's API cannot listen on {host} port {port} ({error}); choose another --port."
        ) from error
    return listener


def _clock(today: date | None) -> Clock:
    if today is None:
        return lambda: datetime.now(UTC)
    # Noon UTC has one date from Honolulu to Tokyo.
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    return lambda: noon


def _watch(server: uvicorn.Server, parent: int) -> None:
    """End the server soon after its parent, however that died."""
    child_of_it = os.getppid() == parent
    while not server.should_exit:
        time.sleep(0.25)
        if (child_of_it and os.getppid() != parent) or not _alive(parent):
            server.should_exit = True


def _alive(process: int) -> bool:
    if os.name == "nt":
        return True  # os.kill(pid, 0) would end it there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@dataclass(slots=True)
class RunningApi:
    """A started API. As a context manager it stops at the end of the block."""

    url: str
    key: str
    process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> int:
        """End the process, by force when it does not listen; its exit code. Stopping twice is fine."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
        if self.process.stdout:
            self.process.stdout.close()
        return self.process.wait()


def start(
    port: int = 0, *, seed: int = DEFAULT_SEED, today: date | None = None, host: str = LOOPBACK, key: str = DEMO_KEY
) -> RunningApi:
    """Start the API as a child that dies with this process, and wait until it listens; else SourceUnreachable."""
    command = [sys.executable, "-m", "perfdash.demo", "--port", str(port), "--host", host]
    command += ["--seed", str(seed), "--key", key, "--parent", str(os.getpid())]
    if today is not None:
        command += ["--today", today.isoformat()]
    # Perfdash runs from its folder without being installed; the child must find it wherever the caller stands.
    folder = Path(perfdash.__file__).resolve().parent.parent
    process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    api = RunningApi("", key, process)
    api.url = _first_word(process)
    if not api.url.startswith("http://"):
        code = api.stop()
        raise SourceUnreachable(f"The demo's API did not start (exit code {code}); its own message stands above.")
    return api


def _first_word(process: subprocess.Popen[str]) -> str:
    """What the child prints first, up to a blank: its URL; '' when it ended or said nothing in time."""
    deadline = threading.Timer(_START_SECONDS, process.kill)
    deadline.start()
    try:
        line = process.stdout.readline() if process.stdout else ""
    finally:
        deadline.cancel()
    return line.split(" ", 1)[0].strip()


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
