"""How a request says who it is. The key goes into the header of that request and nowhere else."""

from __future__ import annotations

from collections.abc import Generator

import httpx

from perfdash.secret import Secret


class Bearer(httpx.Auth):
    """`Authorization: Bearer KEY`, on every request of the client that it is given to."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """httpx's hook."""
        request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request
