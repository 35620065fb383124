"""The loopback API of the load: finished pages over keep-alive HTTP/1.1, in a process of its own.

`python -m tests.bench.server` prints its address and serves until its standard input ends.
"""

from __future__ import annotations

import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.bench import loaded


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    pages: list[bytes] = []  # noqa: RUF012 - filled once, before the first request

    def do_GET(self) -> None:
        asked = re.search(r"[?&]page=(\d+)", self.path)
        body = self.pages[int(asked[1]) - 1 if asked else 0]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)  # one write: two would wait for each other's acknowledgement

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    Handler.pages = loaded.pages()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
