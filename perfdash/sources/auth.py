"""How a request says who it is. The key goes into that request, in its one place, and nowhere else."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator
from typing import assert_never

import httpx

from perfdash.secret import Secret
from perfdash.sources.vocabulary import Auth, BasicAuth, BearerAuth, HeaderAuth, QueryAuth


class Signed(httpx.Auth):
    """Adds the key as `auth` says, to every request of the client that it is given to."""

    def __init__(self, auth: Auth, key: Secret) -> None:
        self._auth = auth
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        signed(request, self._auth, self._key.reveal())
        yield request


def masking(auth: Auth, key: Secret) -> Secret:
    """`key`, masked also in the spelling that it has on the wire, in case the source echoes its request."""
    if not isinstance(auth, BasicAuth):
        return key
    pair = b64encode(f"{auth.user}:{key.reveal()}".encode()).decode()
    return key.sent_as(pair, pair.rstrip("="), b64encode(key.reveal().encode()).decode())


def signed(request: httpx.Request, auth: Auth, key: str) -> None:
    """Put `key` into `request`, in place of whatever stood there: a next address may hold an older one."""
    match auth:
        case BearerAuth():
            request.headers["Authorization"] = f"Bearer {key}"
        case HeaderAuth():
            request.headers[auth.name] = f"{auth.prefix} {key}" if auth.prefix else key
        case QueryAuth():
            request.url = request.url.copy_set_param(auth.name, key)
        case BasicAuth():
            pair = b64encode(f"{auth.user}:{key}".encode()).decode()
            request.headers["Authorization"] = f"Basic {pair}"
        case _:
            assert_never(auth)
