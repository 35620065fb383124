"""What a source will be asked, and how its answers will be read, before anything is asked (pure but for httpx's types).

The requests are built by the very code that sends them; only the key is not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, unquote, unquote_plus

import httpx

from perfdash.accounts import Account, Days
from perfdash.mapping import NAMES
from perfdash.secret import MASK
from perfdash.sources import request, windows
from perfdash.sources.auth import masking, signed
from perfdash.sources.described import BUILT_IN, conversion_told, paging_told, place_told, rule_told, terms
from perfdash.sources.fields import FieldConfig
from perfdash.sources.pagination import PageRequest, Pages
from perfdash.sources.source import Source
from perfdash.sources.vocabulary import PLACEHOLDER, BasicAuth, QueryAuth

HIDDEN = "(an address that holds the key, so it is not shown)"
DEEPEST_ENCODING = 4


@dataclass(frozen=True, slots=True)
class Request:
    """The first page of one window, as it is sent but for the key."""

    window: Days
    address: str
    headers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FieldRead:
    """One field of ours: where it stands in a row of theirs, and how its value is understood."""

    field: str
    place: str
    conversion: str


@dataclass(frozen=True, slots=True)
class Explained:
    """One account of a source, in words and requests; nothing in it is secret."""

    source: str
    type: str
    account: Account
    key: str
    days: tuple[Days, ...]
    requests: tuple[Request, ...]
    paging: str
    terms: tuple[tuple[str, str], ...]
    records: str
    missing: tuple[str, ...]
    fields: tuple[FieldRead, ...]
    outcomes: tuple[str, ...]
    built_in: tuple[str, ...] = BUILT_IN


def explained(source: Source, account: Account, days: Sequence[Days]) -> Explained:
    """Everything that a sync of `days` would ask at first. The source's key may be empty, which is a key not set."""
    config = source.config
    first = Pages(config.paging, config.limits.pages, config.base_url).first()
    cut = [window for one in days for window in windows.slices(one, config.request.window_days)]
    return Explained(
        source=source.name,
        type=config.type,
        account=account,
        key=source.key.name,
        days=tuple(days),
        requests=tuple(shown(source, account, window, first) for window in cut),
        paging=paging_told(config.paging),
        terms=tuple(terms(config)),
        records=config.records.path,
        missing=config.records.missing,
        fields=tuple(
            FieldRead(name, place_told(field), conversion_told(name, field, config.records.decimal_comma))
            for name, field in configured(source)
        ),
        outcomes=tuple(map(rule_told, config.outcomes)),
    )


def configured(source: Source) -> list[tuple[str, FieldConfig]]:
    """The fields that the source reports, in our order, by our name."""
    found = ((name, getattr(source.config.fields, name)) for name in NAMES)
    return [(name, field) for name, field in found if field is not None]


def shown(source: Source, account: Account, window: Days, ask: PageRequest) -> Request:
    """A request as it would be sent, with *** for the key. Of an address that the source named, only the values of
    parameters that perfdash fills in are shown: others may be secrets."""
    built = request.built(source, account, window, ask, {})
    signed(built, source.config.auth, MASK)
    address = str(built.url)
    address = _own(source, address) if ask.url is None else _named(source, address)
    return Request(window, _without_key(source, address), _headers(source, built))


def _headers(source: Source, built: httpx.Request) -> tuple[tuple[str, str], ...]:
    found = [(name.decode(), value.decode()) for name, value in built.headers.raw]
    if isinstance(source.config.auth, BasicAuth):
        found = [(name, f"Basic {MASK}" if name == "Authorization" else value) for name, value in found]
    return tuple((name, source.key.masked(value)) for name, value in found)


def _own(source: Source, address: str) -> str:
    """The mask, which was sent through the key's encoding, legible again."""
    auth = source.config.auth
    if not isinstance(auth, QueryAuth):
        return address
    start, _, query = address.partition("?")
    sent = f"{quote_plus(auth.name)}={quote_plus(MASK)}"
    return f"{start}?" + "&".join(f"{quote_plus(auth.name)}={MASK}" if one == sent else one for one in query.split("&"))


def _named(source: Source, address: str) -> str:
    ours = {name for name, text in source.config.request.params.items() if PLACEHOLDER.search(text)}
    start, has_query, query = address.partition("?")
    return start + has_query + "&".join(_value_masked(one, ours) for one in query.split("&") if one)


def _value_masked(one: str, ours: set[str]) -> str:
    name, has_value, _ = one.partition("=")
    if not has_value:
        return MASK
    # Some servers part at a semicolon too.
    return one if unquote_plus(name) in ours and ";" not in one else f"{name}={MASK}"


def _without_key(source: Source, address: str) -> str:
    """However it is encoded, also more than once."""
    key = masking(source.config.auth, source.key)
    address = plainly = key.masked(address)
    for _ in range(DEEPEST_ENCODING):
        plainly = unquote(plainly)
        if any(key.masked(one) != one for one in (plainly, plainly.replace("+", " "))):
            return HIDDEN
    return address
