"""A server on the loopback interface that says exactly the bytes it was told to, and remembers what it was asked."""

from __future__ import annotations

import json
import random
import re
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from perfdash.config.auth_models import EnvKey
from perfdash.config.models import LimitsConfig, SourceConfig
from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days
from perfdash.domain.facts import Fetched
from perfdash.domain.secret import Secret
from perfdash.sources.client import fetch

KEY = "k3y-that/nobody+may=see"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAYS = Days(date(2026, 3, 1), date(2026, 3, 7))
ACCOUNT = Account("acme", "agency", "acme-eu", "EUR", "Europe/Berlin", settlement_days=7)

Answer = bytes | Callable[[socket.socket], None]
"""What a request gets: these bytes, or whatever a function does with the connection (which is closed after it)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came in."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    target: str = ""
    body: bytes = b""


class Loopback:
    """Gives one answer after another; the last one again and again."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked: list[Asked] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while head := self._head(connection):
                    answer = self._next(head)
                    if not isinstance(answer, bytes):
                        answer(connection)
                        return
                    connection.sendall(answer)
            except OSError:
                return

    def _head(self, connection: socket.socket) -> str:
        received = b""
        while b"\r\n\r\n" not in received:
            more = connection.recv(65536)
            if not more:
                return ""
            received += more
        head, _, _ = received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: *([0-9]+)", head)
        whole = len(head) + 4 + (int(length[1]) if length else 0)
        while len(received) < whole and (more := connection.recv(65536)):
            received += more
        return received.decode("latin-1")

    def _next(self, head: str) -> Answer:
        head, _, body = head.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        parts = urlsplit(first.split(" ")[1])
        headers = dict(line.split(": ", 1) for line in lines if ": " in line)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._lock:
            low = {name.lower(): value for name, value in headers.items()}
            method, target = first.split(" ")[:2]
            self.asked.append(Asked(parts.path, query, low, method, target, body.encode("latin-1")))
            return self._answers[min(len(self.asked), len(self._answers)) - 1]


def said(body: bytes | Mapping[str, Any], status: int = 200, **headers: str) -> bytes:
    """A whole HTTP answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content


def row(**values: Any) -> dict[str, Any]:
    """A good row, with changes."""
    return {
        "campaignId": "c1",
        "platform": "TikTok",
        "date": "2026-03-01",
        "impressions": 1000,
        "clicks": 10,
        "cost": 12.5,
        "cpm": 12.5,
        "roi": 1.5,
    } | values


def paged(rows: Iterable[dict[str, Any]], page: int, size: int, number: int, pages: int) -> bytes:
    """A page with its page_info."""
    info = {"page": page, "page_size": size, "total_number": number, "total_page": pages}
    return said({"data": list(rows), "page_info": info})


@dataclass
class Hours:
    """A clock that only moves when somebody sleeps."""

    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        """NOW, and what was slept since."""
        return NOW + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        """Seconds slept."""
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        """Remember it instead of doing it."""
        self.slept.append(seconds)


def source(url: str, key: str = KEY, **limits: Any) -> Source:
    """A source at `url` with short limits."""
    config = SourceConfig(
        type="performance_v1",
        base_url=url,
        key=EnvKey(env="CUSTOM_ANALYTICS_API_KEY"),
        limits=LimitsConfig(**({"connect_seconds": 2, "read_seconds": 5, "total_seconds": 60, "attempts": 3} | limits)),
    )
    return Source("agency", config, Secret("CUSTOM_ANALYTICS_API_KEY", key))


def ask(
    server: Loopback | str, account: Account = ACCOUNT, days: Days = DAYS, hours: Hours | None = None, **more: Any
) -> Fetched:
    """Fetch from `server`; sleeping takes no time. With `real=True` the deadline runs on the real clock."""
    hours = hours or Hours()
    outside = {name: more.pop(name) for name in ("headers", "progress", "transport") if name in more}
    if not more.pop("real", False):
        outside["monotonic"] = hours.monotonic
    asked = source(server if isinstance(server, str) else server.url, **more)
    return fetch(asked, account, days, clock=hours.clock, sleep=hours.sleep, rng=random.Random(1), **outside)
