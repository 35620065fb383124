"""What one visitor does to stop all others, over as many sockets as it likes; in a process of its own.

`python -m tests.flood.attack '{...}'` with the fields of `Attack`; prints what came of it as JSON.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from tests.fixtures.command_line import ROOT

What = Literal["reruns", "heavy reruns", "unread sockets", "downloads", "sign-ins", "openings", "malformed values"]
EACH_SECOND = {"reruns": 50, "heavy reruns": 20, "unread sockets": 5, "downloads": 20, "sign-ins": 5, "openings": 10}


@dataclass(frozen=True)
class Attack:
    """`url` is where the app lies for the attacker: of the server, or of a link. `most`: messages of each socket."""

    what: What
    url: str
    cookie_name: str = ""
    cookie: str = ""
    sockets: int = 10
    seconds: float = 20.0
    most: int = 1_000_000

    @contextmanager
    def under_way(self) -> Iterator[subprocess.Popen[str]]:
        """The attack goes on meanwhile, and ends at the end."""
        arguments = [sys.executable, "-m", "tests.flood.attack", json.dumps(asdict(self))]
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def made(self) -> dict[str, int]:
        """All of it, and what came of it."""
        with self.under_way() as process:
            told, _ = process.communicate(timeout=self.seconds + 120)
        found: dict[str, int] = json.loads(told)
        return found


class Socket:
    """One of the attacker's sockets. `ids`: the widgets on its page by kind; `files`: its downloads."""

    def __init__(self, attack: Attack, counts: Counter[str]) -> None:
        self._attack, self._counts = attack, counts
        self.page, self.hash = "", ""
        self.ids: dict[str, list[str]] = {}
        self.files: list[str] = []
        self.whole = asyncio.Event()

    async def open(self, stack: AsyncExitStack) -> ClientConnection:
        where = urlsplit(self._attack.url)
        cookie = {"Cookie": f"{self._attack.cookie_name}={self._attack.cookie}"} if self._attack.cookie else {}
        self.connection = await stack.enter_async_context(
            connect(
                f"ws://{where.netloc}{where.path}/_stcore/stream",
                subprotocols=["streamlit"],  # type: ignore[list-item]
                origin=f"{where.scheme}://{where.netloc}",  # type: ignore[arg-type]
                additional_headers=cookie,
                max_size=None,
                max_queue=1 if self._attack.what == "unread sockets" else 1000,
                ping_interval=None,
                proxy=None,
                open_timeout=60,
            )
        )
        self._counts["sockets"] += 1
        return self.connection

    async def say(self, message: BackMsg) -> None:
        await self.connection.send(message.SerializeToString())
        self._counts["messages"] += 1

    async def read(self) -> None:
        async for raw in self.connection:
            assert isinstance(raw, bytes)
            self._take(ForwardMsg.FromString(raw))

    def _take(self, message: ForwardMsg) -> None:
        match message.WhichOneof("type"):
            case "new_session":
                self._counts["runs"] += 1
                self.page = message.new_session.initialize.session_id or self.page
            case "navigation":
                self.hash = message.navigation.page_script_hash
            case "script_finished":
                self.whole.set()
            case "backend_operation_response":
                refused = bool(message.backend_operation_response.error_msg)
                self._counts["refused" if refused else "downloads"] += 1
            case "delta" if message.delta.WhichOneof("type") == "new_element":
                kind = message.delta.new_element.WhichOneof("type") or ""
                element = getattr(message.delta.new_element, kind)
                if kind == "download_button":
                    self.files.append(element.deferred_file_id)
                elif getattr(element, "id", ""):
                    self.ids.setdefault(kind, []).append(element.id)


def _rerun(query: str = "") -> BackMsg:
    asked = BackMsg()
    asked.rerun_script.query_string = query
    return asked


def _message(what: What, socket: Socket, number: int) -> BackMsg:
    if what == "heavy reruns":
        asked = _rerun(f"range=Custom&dates=2020-01-{number % 28 + 1:02}&dates=2026-11-29")
        asked.rerun_script.page_name = "campaigns"
        return asked
    if what == "downloads" and socket.files:
        asked = BackMsg()
        request = asked.backend_operation_request
        request.request_id, request.session_id = secrets.token_hex(4), socket.page
        request.deferred_file.file_id = socket.files[number % len(socket.files)]
        return asked
    asked = _rerun()
    states = asked.rerun_script.widget_states.widgets
    if what == "sign-ins":
        for text in socket.ids.get("text_input", []):
            states.add(id=text, string_value=f"guess{number}")
        for button in socket.ids.get("button", [])[:1]:
            states.add(id=button, trigger_value=True)
    if what == "malformed values":
        for widget in [one for found in socket.ids.values() for one in found][:20] or ["$$ID-0-None"]:
            states.add(id=widget, int_value=number)
    return asked


async def _talk(attack: Attack, counts: Counter[str], until: float) -> None:
    """One socket after another, for a socket that is closed is opened anew."""
    sent = 0
    while time.monotonic() < until and sent < attack.most:
        with suppress(WebSocketException, OSError, TimeoutError):
            try:
                async with AsyncExitStack() as stack:
                    socket = Socket(attack, counts)
                    await socket.open(stack)
                    sent += await _talk_once(attack, socket, until, attack.most - sent)
            except InvalidStatus:
                counts["not opened"] += 1
        await asyncio.sleep(0.1 if attack.what != "openings" else 1 / EACH_SECOND["openings"])
        sent += attack.what == "openings"


async def _talk_once(attack: Attack, socket: Socket, until: float, most: int) -> int:
    if attack.what == "unread sockets":
        for number in range(min(most, 200)):
            await asyncio.wait_for(socket.say(_rerun(f"client={number}")), max(0.1, until - time.monotonic()))
            await asyncio.sleep(1 / EACH_SECOND[attack.what])
        return min(most, 200)
    reading = asyncio.create_task(socket.read())
    sent = 0
    try:
        await socket.say(_rerun())
        if attack.what == "openings":
            return 1
        if attack.what in ("downloads", "sign-ins", "malformed values"):
            await asyncio.wait_for(socket.whole.wait(), max(0.1, until - time.monotonic()))
        while time.monotonic() < until and sent < most and not reading.done():
            await socket.say(_message(attack.what, socket, sent))
            sent += 1
            await asyncio.sleep(1 / EACH_SECOND.get(attack.what, 20))
        if sent >= most:
            await asyncio.sleep(2.0)  # what comes of it
    finally:
        reading.cancel()
    return sent


async def _open_links(attack: Attack, counts: Counter[str], until: float) -> None:
    """The address of a link, each time as a browser that has never been there."""
    for _ in range(attack.most):
        if time.monotonic() >= until:
            return
        counts[await asyncio.to_thread(_asked, attack.url)] += 1
        await asyncio.sleep(1 / EACH_SECOND["openings"])


def _asked(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return f"answered {answer.status}"
    except urllib.error.HTTPError as error:
        return f"answered {error.code}"
    except OSError:
        return "not answered"


async def attacked(attack: Attack) -> Counter[str]:
    """Do all of it."""
    counts: Counter[str] = Counter()
    until = time.monotonic() + attack.seconds
    is_link = attack.what == "openings" and "/link/" in attack.url
    work = _open_links if is_link else _talk
    await asyncio.gather(*(work(attack, counts, until) for _ in range(attack.sockets)))
    return counts


if __name__ == "__main__":
    print(json.dumps(asyncio.run(attacked(Attack(**json.loads(sys.argv[1]))))))
