"""A recording reverse proxy: perfdash asks it, it asks the source, and what passed is kept byte for byte."""

from __future__ import annotations

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.agreement.checker import Exchange

_PASSED_ON = ("Authorization", "Accept", "X-Demo-Today", "X-Demo-Fault")
_PASSED_BACK = ("Content-Type", "Retry-After")


class Wire:
    """The proxy in front of `upstream`, running while the block does. `exchanges` in the order of their answers."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.exchanges: list[Exchange] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"wire": self}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """What to configure as the source's address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def statuses(self) -> list[int]:
        """The status of each answer."""
        return [exchange.status for exchange in self.exchanges]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keep(self, exchange: Exchange) -> None:
        """Remember what passed."""
        with self._lock:
            self.exchanges.append(exchange)


class _Handler(BaseHTTPRequestHandler):
    wire: Wire
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        upstream = http.client.HTTPConnection(self.wire.upstream.hostname or "", self.wire.upstream.port, timeout=120)
        headers: dict[str, Any] = {name: self.headers[name] for name in _PASSED_ON if self.headers[name]}
        try:
            upstream.request("GET", self.path, headers=headers)
            answer = upstream.getresponse()
            body = answer.read()
        finally:
            upstream.close()
        self.wire.keep(Exchange(self.path, answer.status, body))
        self.send_response(answer.status)
        for name in _PASSED_BACK:
            if answer.headers[name]:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
