"""What a source will be asked, and how its answers will be read, before anything is asked (pure but for httpx's types).

The requests are built by the very code that sends them; only the key is not in them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import quote_plus, unquote, unquote_plus

import httpx

from perfdash.config.auth_models import BasicAuth, QueryAuth
from perfdash.config.models import SourceConfig
from perfdash.config.request_models import PLACEHOLDER
from perfdash.config.source import Source
from perfdash.config.source_models import (
    CursorPaging,
    FieldConfig,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    OutcomeRule,
    PagePaging,
    Paging,
    RateConfig,
    UsageConfig,
)
from perfdash.domain.accounts import Account, Days
from perfdash.domain.day_spelling import DayReading, day_style
from perfdash.domain.measures import MEASURES, Unit
from perfdash.domain.secret import MASK
from perfdash.domain.values import clean_text
from perfdash.ingest.mapping import NAMES, NUMBERS
from perfdash.sources import client, request
from perfdash.sources.check.steps import LONGEST_BODY, StepTold, steps_told
from perfdash.sources.pagination import PageRequest, Pages
from perfdash.sources.request import masked_key, sign

_MEANS = {
    "ok": "ok",
    "retry": "ask again",
    "rate_limited": "rate limited",
    "split": "ask for fewer days",
    "auth": "the key is refused",
    "fail": "fail",
    "incomplete": "fail, the answer is incomplete",
}
BUILT_IN = (
    "ok: status 200, unless the body is an error in disguise",
    "ok, no rows: status 204",
    "rate limited: status 429",
    "ask again: status 408, 500, 502, 503 or 504",
    "the key is refused: status 401 or 403",
    "fail: any other status",
)
"""What a status means when no rule of the source decides."""
_UNITS: dict[Unit, str] = {"count": "whole number", "money": "money", "millionths": "number"}
_KINDS = {m.name: _UNITS[m.unit] + (", may be negative" if m.signed else "") for m in MEASURES} | {
    "campaign": "id, as text",
    "creator": "id, as text",
    "platform": "name of a platform",
    "budget": "money",
    "cpm": "number, kept beside ours",
    "roi": "number, kept beside ours",
    "currency": "must be the account's",
    "campaign_name": "text",
    "creator_name": "text, personal data",
    "status": "text",
}
_SCALES = {"units": "", "cents": "/ 100", "percent": "/ 100", "micros": "/ 1,000,000"}
_MOST_SPELLINGS = 6


def paging_told(paging: Paging) -> str:
    """What follows the first request of a window."""
    match paging:
        case NoPaging():
            return "one request is one answer"
        case PagePaging():
            return _page_told(paging)
        case OffsetPaging():
            until = (
                f"until as many rows came as {paging.total_rows} says" if paging.total_rows else "until an empty page"
            )
            return f"then from the row after the last one, {until}"
        case CursorPaging():
            more = f", while {paging.more} says that there is more" if paging.more else ", until there is none"
            return f"then with the cursor at {paging.next}{more}"
        case NextUrlPaging():
            return f"then the address at {paging.next}, {_host_told(paging)}, until there is none"
        case LinkPaging():
            return f"then the address of the Link header's rel=next, {_host_told(paging)}, until there is none"
        case _:
            assert_never(paging)


def _host_told(paging: NextUrlPaging | LinkPaging) -> str:
    return "at this host only" + (", whatever its scheme" if paging.scheme == "any" else "")


def _page_told(paging: PagePaging) -> str:
    start = "without a page number first, then" if paging.first_unasked else "then"
    if paging.total_pages:
        return f"{start} page by page while {paging.total_pages} says so"
    if paging.total_rows:
        return f"{start} page by page until as many rows came as {paging.total_rows} says"
    return f"{start} page by page until an empty page"


def rule_told(rule: OutcomeRule) -> str:
    """`rate limited: code is 40100 or 40132`"""
    conditions = []
    if rule.status is not None:
        conditions.append(f"status {_either(rule.status)}")
    if rule.header is not None:
        conditions.append(f"header {rule.header} is there")
    if rule.at is not None:
        conditions.append(f"{rule.at} {_value_told(rule)}")
    return f"{_MEANS[rule.then]}: {' and '.join(conditions)}"


def _value_told(rule: OutcomeRule) -> str:
    if rule.any_of is not None:
        return f"is {_either(rule.any_of)}"
    if rule.between is not None:
        return f"is from {rule.between[0]} to {rule.between[1]}"
    return "holds" if rule.contains is None else f'contains "{rule.contains}"'


def _either(values: tuple[object, ...]) -> str:
    words = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else "nothing"


def conversion_told(name: str, field: FieldConfig, numbers: str = "") -> str:
    """How a value of our field `name` is understood: `money, / 1,000,000, 0 when missing`. `numbers`: as configured."""
    if name in ("day", "flight_start", "flight_end"):
        written = DayReading(tuple(map(day_style, field.format))).written or "in any spelling with one reading"
        return f"day, {written}" + (f", {field.zone} where no offset stands" if field.zone else "")
    parts = [_KINDS[name]]
    if name in NUMBERS:
        parts += [
            _SCALES[field.scale],
            numbers,
            "0 when missing" if field.zero_when_missing else "",
        ]
    if field.map:
        parts.append(_spellings(field.map))
    return ", ".join(filter(None, parts))


def _spellings(spelled: dict[str, str]) -> str:
    shown = [f"{theirs} = {ours}" for theirs, ours in list(spelled.items())[:_MOST_SPELLINGS]]
    more = len(spelled) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def place_told(field: FieldConfig) -> str:
    """Where a field's value stands in a row: its path, what is picked there, or the constant in quotes."""
    if not field.paths:
        return f'"{field.constant}"'
    path = " or ".join(field.paths)
    return path if field.by is None else f"{path}[{field.by} = {field.pick}].{field.value}"


def limits_told(config: SourceConfig) -> Iterator[tuple[str, str]]:
    """How gently and how long the source is asked, each as (what, sentence)."""
    limits = config.limits
    yield "rate", _rate_told(config.rate)
    if config.usage:
        yield "quota", _usage_told(config.usage)
    yield "retries", f"at most {limits.attempts} attempts a request; Retry-After is obeyed"
    yield (
        "time",
        (
            f"{limits.connect_seconds:g} s to connect, {limits.read_seconds:g} s of silence, "
            f"{limits.total_seconds:g} s for a whole run"
        ),
    )
    yield "size", f"at most {limits.pages} pages a window, {limits.body_mib:g} MiB a page"


def _rate_told(rate: RateConfig | None) -> str:
    if rate is None:
        return "no limit is configured"
    return f"at most {rate.requests} requests in {rate.seconds:g} s, shared by all accounts with this host and key"


def _usage_told(usage: UsageConfig) -> str:
    return (
        f"at {usage.pause_at:g} % or more in {_either(usage.headers)} all requests pause, for "
        f"{usage.pause_seconds:g} s unless the header says how long"
    )


HIDDEN = "(an address that holds the key, so it is not shown)"
DEEPEST_ENCODING = 4


@dataclass(frozen=True, slots=True)
class Request:
    """The first page of one window, or the order of its report, as it is sent but for the key."""

    window: Days
    address: str
    headers: tuple[tuple[str, str], ...]
    method: str = "GET"
    body: str = ""


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
    steps: tuple[StepTold, ...] = ()
    """What is asked before the rows: a token, a report that is made first."""


def explain(source: Source, account: Account, days: Sequence[Days]) -> Explained:
    """Everything that a sync of `days` would ask at first. The source's key may be empty, which is a key not set."""
    config = source.config
    first = Pages(config.paging, config.limits.pages, config.base_url).first()
    written = config.records.numbers or ("1.234,56" if config.records.decimal_comma else "")
    cut = [window for one in days for window in client.slices(one, config.request.window_days)]
    return Explained(
        source=source.name,
        type=config.type,
        account=account,
        key=source.key.name,
        days=tuple(days),
        requests=tuple(shown_request(source, account, window, first, order_of(config, window)) for window in cut),
        paging=paging_told(config.paging),
        terms=tuple(limits_told(config)),
        records=f"{config.records.path}, inside each {config.records.each}"
        if config.records.each
        else config.records.path,
        missing=config.records.missing,
        fields=tuple(
            FieldRead(name, place_told(field), conversion_told(name, field, written))
            for name, field in configured_fields(source)
        ),
        outcomes=tuple(map(rule_told, config.outcomes)),
        steps=tuple(steps_told(source)),
    )


def order_of(config: SourceConfig, window: Days) -> request.Step | None:
    """The request that orders the report of a window; None for one whose rows are asked for at once."""
    job = config.job
    return request.Step(job.creating(config.request)) if job and job.makes(len(window)) else None


def configured_fields(source: Source) -> list[tuple[str, FieldConfig]]:
    """The fields that the source reports, in our order, by our name."""
    found = ((name, getattr(source.config.fields, name)) for name in NAMES)
    return [(name, field) for name, field in found if field is not None]


def shown_request(
    source: Source, account: Account, window: Days, ask: PageRequest, step: request.Step | None = None
) -> Request:
    """A request as it would be sent, with *** for the key. Of an address that the source named, only the values of
    parameters that perfdash fills in are shown: others may be secrets."""
    built = request.build(source, account, window, PageRequest() if step and step.job is None else ask, {}, step)
    sign(built, source.config.auth, MASK)
    address = str(built.url)
    address = _own(source, address) if ask.url is None else _named(source, address)
    body = source.key.masked(clean_text(built.content.decode()))[:LONGEST_BODY]
    return Request(window, _without_key(source, address), _headers(source, built), built.method, body)


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
    key = masked_key(source.config.auth, source.key)
    address = plainly = key.masked(address)
    for _ in range(DEEPEST_ENCODING):
        plainly = unquote(plainly)
        if any(key.masked(one) != one for one in (plainly, plainly.replace("+", " "))):
            return HIDDEN
    return address
