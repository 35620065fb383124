"""From configuration, account and days to one request: its address and its headers (pure but for httpx's own types)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, assert_never
from urllib.parse import quote
from zoneinfo import ZoneInfo

import httpx

from perfdash.config.auth_models import Auth, BasicAuth, BearerAuth, HeaderAuth, OAuth2Auth, QueryAuth
from perfdash.config.models import SourceConfig
from perfdash.config.request_models import PLACEHOLDER, WHOLE_NUMBERS, RequestConfig
from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import SourceUnreachable
from perfdash.domain.secret import Secret
from perfdash.sources.pagination import PageRequest

_OURS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "perfdash"}
_AS_IT_STANDS = "%():,;/?@!$'*~=[]{}|^`"
"""Beside letters and digits: what a raw parameter may hold."""


@dataclass(frozen=True, slots=True)
class Step:
    """One of the requests of a report that is made first, and the report's id once it has one."""

    request: RequestConfig
    job: str | None = None


def build(
    source: Source,
    account: Account,
    window: Days,
    ask: PageRequest,
    extra: Mapping[str, str],
    step: Step | None = None,
) -> httpx.Request:
    """The request for one page of `window`, not signed yet. `extra` headers are the caller's, such as the demo's."""
    config, request = source.config, step.request if step else source.config.request
    headers = {**extra, **request.headers, **_OURS}
    try:
        values = {**placeholders(config, account, window), **ask.values}
        if step and step.job is not None:
            values["job"] = step.job
        content = _content(request, values)
        if ask.url is not None:
            return httpx.Request(request.method, ask.url, headers=headers, **content)
        address = config.base_url + fill_path(request.path, values) + _query(request, values)
        return httpx.Request(request.method, address, headers=headers, **content)
    except (httpx.InvalidURL, UnicodeError):  # the latter comes from idna, for some host names
        problem = (
            f"this is not an address that can be asked: sources.{source.name}.base_url names no host, or what was "
            "filled into it, such as a cursor, is too long"
        )
    raise SourceUnreachable(problem)


def fill_path(path: str, values: Mapping[str, str]) -> str:
    """The path with its placeholders filled in; a value stays inside its part of the path, or SourceUnreachable."""
    filled = PLACEHOLDER.sub(lambda found: quote(values.get(found[1], ""), safe=""), path)
    if {".", ".."} & set(filled.split("/")):
        raise SourceUnreachable("a value that is filled into request.path is . or .., which would lead to another path")
    return filled


def placeholders(config: SourceConfig, account: Account, window: Days) -> dict[str, str]:
    """What the placeholders of days and of the account become; those of pages are not among them."""
    values = {"account": account.external_id}
    days = {"start": window.start, "end": window.end, "after_end": window.end + timedelta(days=1)}
    for name, day in days.items():
        values |= {name: day.strftime(config.request.dates), **_parts(name, day, account.time_zone)}
    if account.platforms:
        theirs = {ours.casefold(): name for name, ours in reversed(config.fields.platform.map.items())}
        names = [theirs.get(name.casefold(), name) for name in account.platforms]
        values["platforms"] = config.request.platforms_joined_by.join(names)
    return values


def _parts(name: str, day: date, time_zone: str) -> dict[str, str]:
    zone = ZoneInfo(time_zone)
    # Through UTC, as where clocks are put forward at midnight the day begins at one.
    begins = datetime.combine(day, time(), zone).astimezone(UTC).astimezone(zone)
    seconds = int(begins.timestamp())
    return {
        f"{name}_epoch": str(seconds),
        f"{name}_epoch_ms": str(seconds * 1000),
        f"{name}_time": begins.isoformat(),
        f"{name}_year": str(day.year),
        f"{name}_month": str(day.month),
        f"{name}_day": str(day.day),
    }


def _query(request: RequestConfig, values: Mapping[str, str]) -> str:
    filled = _filled(request.params, values)
    parts = [
        f"{name}={_raw(request.params[name], values)}"
        if name in request.raw_params
        else str(httpx.QueryParams({name: text}))
        for name, text in filled.items()
    ]
    return f"?{'&'.join(parts)}" if parts else ""


def _raw(text: str, values: Mapping[str, str]) -> str:
    """The text as it stands, but for what would end the parameter; what is filled in is encoded whole."""
    parts = re.split(PLACEHOLDER, text)
    return "".join(
        quote(values[part] if at % 2 else part, safe="" if at % 2 else _AS_IT_STANDS) for at, part in enumerate(parts)
    )


def _filled(templates: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """A parameter that has no value in this request is not sent, nor is one that the file has emptied."""
    return {name: _fill(text, values) for name, text in templates.items() if text and _has_value(text, values)}


def _has_value(text: str, values: Mapping[str, str]) -> bool:
    return all(used in values for used in PLACEHOLDER.findall(text))


def _fill(text: str, values: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _content(request: RequestConfig, values: Mapping[str, str]) -> dict[str, Any]:
    """The body, as httpx takes it."""
    if request.body is not None:
        return {"json": _body(request.body, values)}
    return {"data": _filled(request.form, values)} if request.form else {}


def _body(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, dict):
        return {name: _body(inner, values) for name, inner in template.items() if _is_sent(inner, values)}
    if isinstance(template, list):
        return [_body(inner, values) for inner in template if _is_sent(inner, values)]
    if not isinstance(template, str):
        return template
    alone = PLACEHOLDER.fullmatch(template)
    text = _fill(template, values)
    return int(text) if alone and alone[1] in WHOLE_NUMBERS else text


def _is_sent(inner: Any, values: Mapping[str, str]) -> bool:
    return not isinstance(inner, str) or _has_value(inner, values)


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
    """Put `key`, or the token got for it, into `request`, in place of whatever stood there: a next address may hold an
    older one."""
    match auth:
        case BearerAuth() | OAuth2Auth():
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
