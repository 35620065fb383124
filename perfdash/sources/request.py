"""From configuration, account and days to one request: its address and its headers (pure but for httpx's own types)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator, Mapping
from datetime import timedelta
from typing import assert_never
from urllib.parse import quote

import httpx

from perfdash.config.models import SourceConfig
from perfdash.config.source import Source
from perfdash.config.source_models import PLACEHOLDER, Auth, BasicAuth, BearerAuth, HeaderAuth, QueryAuth
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import SourceUnreachable
from perfdash.domain.secret import Secret
from perfdash.sources.pagination import PageRequest

_OURS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "perfdash"}


def build(source: Source, account: Account, window: Days, ask: PageRequest, extra: Mapping[str, str]) -> httpx.Request:
    """The request for one page of `window`, not signed yet. `extra` headers are the caller's, such as the demo's."""
    config = source.config
    headers = {**extra, **config.request.headers, **_OURS}
    try:
        if ask.url is not None:
            return httpx.Request("GET", ask.url, headers=headers)
        values = {**_asked(config, account, window), **ask.values}
        address = config.base_url + fill_path(config, values)
        return httpx.Request("GET", address, params=_params(config, values), headers=headers)
    except (httpx.InvalidURL, UnicodeError):  # the latter comes from idna, for some host names
        problem = (
            f"this is not an address that can be asked: sources.{source.name}.base_url names no host, or what was "
            "filled into it, such as a cursor, is too long"
        )
    raise SourceUnreachable(problem)


def fill_path(config: SourceConfig, values: Mapping[str, str]) -> str:
    """The path with its placeholders filled in; a value stays inside its part of the path, or SourceUnreachable."""
    filled = PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), config.request.path)
    if {".", ".."} & set(filled.split("/")):
        raise SourceUnreachable("a value that is filled into request.path is . or .., which would lead to another path")
    return filled


def _asked(config: SourceConfig, account: Account, window: Days) -> dict[str, str]:
    dates = config.request.dates
    values = {
        "start": window.start.strftime(dates),
        "end": window.end.strftime(dates),
        "after_end": (window.end + timedelta(days=1)).strftime(dates),
        "account": account.external_id,
    }
    if account.platforms:
        theirs = {ours.casefold(): name for name, ours in reversed(config.fields.platform.map.items())}
        names = [theirs.get(name.casefold(), name) for name in account.platforms]
        values["platforms"] = config.request.platforms_joined_by.join(names)
    return values


def _params(config: SourceConfig, values: Mapping[str, str]) -> dict[str, str]:
    """A parameter that has no value in this request is not sent, nor is one that the file has emptied."""
    return {
        name: PLACEHOLDER.sub(lambda found: values[found[1]], text)
        for name, text in config.request.params.items()
        if text and all(used in values for used in PLACEHOLDER.findall(text))
    }


class Signed(httpx.Auth):
    """Adds the key as `auth` says, to every request of the client that it is given to."""

    def __init__(self, auth: Auth, key: Secret) -> None:
        self._auth = auth
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        sign(request, self._auth, self._key.reveal())
        yield request


def masked_key(auth: Auth, key: Secret) -> Secret:
    """`key`, masked also in the spelling that it has on the wire, in case the source echoes its request."""
    if not isinstance(auth, BasicAuth):
        return key
    pair = b64encode(f"{auth.user}:{key.reveal()}".encode()).decode()
    return key.sent_as(pair, pair.rstrip("="), b64encode(key.reveal().encode()).decode())


def sign(request: httpx.Request, auth: Auth, key: str) -> None:
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
