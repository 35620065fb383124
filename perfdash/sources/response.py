"""What came of one request: an answer, a failure that may pass by itself, too much at once, or a refusal in words."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

import httpx

from perfdash.config.models import SourceConfig
from perfdash.config.source import Source
from perfdash.config.source_models import OutcomeRule
from perfdash.domain.accounts import Account
from perfdash.domain.errors import BadAnswer, SourceRefused, SourceUnreachable
from perfdash.domain.secret import Secret
from perfdash.domain.values import clean_text
from perfdash.ingest import json_reader
from perfdash.ingest.columnar_rows import are_rows
from perfdash.ingest.field_paths import look_up, plain_keys
from perfdash.ingest.nested_rows import is_nested, nested_rows
from perfdash.sources.paginators import whole_number
from perfdash.sources.retry import Transient, pause_asked, pause_hinted
from perfdash.sources.transport import Deadline
from perfdash.sources.verdict import counted_in, verdict_in, words_in

MAX_DETAIL = 200
NO_CONTENT = 204
Loads = Callable[[bytes], object]
"""strict_json.loads, or what reads the same faster."""


class NotJson(BadAnswer):
    """The body is not strict JSON, perhaps because it was cut."""


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """One page: its rows as they came, and the whole parsed body, in which paging looks for what comes next.

    The body is None for an answer without content, after which nothing comes.
    """

    rows: Sequence[object]
    body: object
    objects: int | None = None
    """How many objects hold the rows, where these stand inside others; None where each row stands by itself."""


def parsed(body: bytes, key: Secret, loads: Loads = json_reader.loads) -> object:
    """The JSON of `body`, without the key should the source echo it. NotJson for anything that is not strict JSON."""
    body = key.masked_bytes(body)
    try:
        said = loads(body)
    except json_reader.NotStrictJson as error:
        is_page = body.lstrip()[:1] == b"<"
        problem = "the answer is a web page, not JSON" if is_page else f"the answer cannot be read: {error}"
    else:
        return said
    raise NotJson(problem)


def records_in(said: object, config: SourceConfig, key: Secret, *, allowed: bool = False) -> ParsedPage:
    """The rows of an answer. BadAnswer when it says of itself that it failed, or holds no list of rows.

    `allowed`: an outcome rule has called the answer good, so what it says of itself does not count.
    """
    path, each = config.records.path, config.records.each
    nested = nested_rows(said, path, each) if is_nested(path, each) else None
    rows = nested.rows if nested else look_up(path)(said)
    if not allowed:
        refuse_disguised(said, key, rows)
    if nested:
        return ParsedPage(nested.rows, said, nested.objects)
    if rows is None and _is_told_empty(said, config):
        return ParsedPage([], said)
    if is_nested(path, each):
        inside = f" inside {each}" if each else ""
        raise BadAnswer(f"{path} must lead to lists of rows{inside}, but none is there{_quoted(detail_in(said, key))}")
    return rows_at(said, path, key)


def _is_told_empty(said: object, config: SourceConfig) -> bool:
    """Whether rows that are null are none: the answer says in words that it succeeded, and counts 0 rows."""
    keys = plain_keys(config.records.path)
    if keys is None or not verdict_in(said).succeeded:
        return False
    around = look_up(".".join(json.dumps(key) for key in keys[:-1]))(said) if len(keys) > 1 else said
    if not isinstance(around, Mapping) or keys[-1] not in around or around[keys[-1]] is not None:
        return False
    at = config.paging.total_rows
    return (whole_number(look_up(at)(said)) if at else counted_in(said)) == 0


def rows_at(said: object, path: str, key: Secret) -> ParsedPage:
    """The rows at `path`. BadAnswer when there is no list of rows."""
    rows = look_up(path)(said)
    if are_rows(rows):
        return ParsedPage(rows, said)
    found = "missing" if not _is_there(said, path) else "null" if rows is None else "not a list"
    raise BadAnswer(f"{path} must be a list of rows, but it is {found}{_quoted(detail_in(said, key))}")


def _is_there(said: object, path: str) -> bool:
    """Whether a plain name is present, be it null; for any other path nobody can tell the difference."""
    return (isinstance(said, Mapping) and path in said) or look_up(path)(said) is not None


def refuse_disguised(said: object, key: Secret, rows: object = None) -> None:
    """BadAnswer for what gateways and frameworks report as failures under 200; empty fields mean that all went well.

    Beside `rows`, an error must stand where it is usual. Where none came, any spelling of one counts.
    """
    if not isinstance(said, Mapping | list) or (not _is_usual_error(said) and rows):
        return
    found = verdict_in(said)
    if not found.failure and not _is_usual_error(said):
        return
    detail = detail_in(found.inside, key) or detail_in(said, key)
    told = f" ({key.masked(clean_text(found.failure))[:MAX_DETAIL]})" if found.failure else ""
    raise BadAnswer(f"the answer is an error in spite of its status 200{_quoted(detail) or told}")


def _is_usual_error(said: object) -> bool:
    if not isinstance(said, Mapping):
        return False
    code = said.get("code")
    return bool(
        said.get("error")
        or said.get("errors")
        or said.get("success") is False
        or (isinstance(code, int) and code not in (0, 200))
        or str(said.get("status")).lower() in ("error", "fail", "failed", "failure")
    )


def detail_in(said: object, key: Secret) -> str:
    """What a body says of itself, fit for an error's text: short, plain, without the key; '' for nothing."""
    return key.masked(clean_text(words_in(said)))[:MAX_DETAIL].strip()


def _quoted(detail: str) -> str:
    return f' ("{detail}")' if detail else ""


def first_met(
    rules: Sequence[OutcomeRule], status: int, headers: Mapping[str, str], body: object
) -> OutcomeRule | None:
    """The first rule of which every condition holds; None when none does. `body` is parsed JSON, None for none.

    `headers` must compare names in any case, as httpx's do.
    """
    return next((rule for rule in rules if _is_met(rule, status, headers, body)), None)


def _is_met(rule: OutcomeRule, status: int, headers: Mapping[str, str], body: object) -> bool:
    if rule.status is not None and status not in rule.status and f"{status // 100}xx" not in rule.status:
        return False
    if rule.header is not None and rule.header not in headers:
        return False
    # Nothing is found in what is no JSON, be it asked for what is absent: `code != 0` is not true of a web page.
    return rule.at is None or (body is not None and _value_fits(rule, look_up(rule.at)(body)))


def _value_fits(rule: OutcomeRule, value: object) -> bool:
    if rule.any_of is not None:
        return any(_same(value, one) for one in rule.any_of)
    if rule.between is not None:
        number = _number(value)
        return number is not None and rule.between[0] <= number <= rule.between[1]
    if rule.contains is not None:
        return isinstance(value, str) and rule.contains.casefold() in value.casefold()
    return value is not None and value is not False and value not in ("", [], {})


def _same(value: object, one: bool | int | str) -> bool:
    """Codes come as numbers here and as text there; true and false are only themselves."""
    if isinstance(value, bool) or isinstance(one, bool):
        return value is one
    if isinstance(one, int):
        return _number(value) == one
    return isinstance(value, str | int) and str(value).strip() == one


def _number(value: object) -> Decimal | int | None:
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    return value if isinstance(value, int | Decimal) and not isinstance(value, bool) else None


PASSING = frozenset({408, 500, 502, 503, 504})

_FIRST_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
"""Of `error.code == `1` && ...`: where the code stands that a person wants to see."""


class TooMuch(Exception):
    """The source will answer only for fewer days, or fewer rows, at a time."""


def refuse_redirect(response: httpx.Response) -> None:
    """Before httpx even looks where it leads: following one would hand the key to whoever is there."""
    if response.status_code // 100 != 3:
        return
    at = response.request.url
    try:
        target = urlsplit(response.headers.get("Location", ""))
        upgrade = (target.scheme, target.hostname, at.scheme) == ("https", at.host, "http")
    except ValueError:
        upgrade = False
    setting = response.request.extensions.get("setting", "base_url")
    raise SourceRefused(
        f"the source answered {response.status_code}, a redirect, which is never followed: "
        + (f"{setting} must begin with https://" if upgrade else f"set {setting} to the final address")
    )


def judge(
    source: Source,
    account: Account,
    response: httpx.Response,
    body: bytes,
    now: datetime,
    loads: Loads = json_reader.loads,
) -> ParsedPage:
    """The rows in a response. Its body, read by `loads`, is classified before any row is looked for.

    Transient for what may pass by itself, TooMuch when fewer days must be asked for, SourceRefused or BadAnswer for
    the rest.
    """
    found = good_answer(source, account, response, body, now, loads)
    if found.body is None and response.status_code == NO_CONTENT:
        return ParsedPage([], None)
    return records_in(found.body, source.config, source.key, allowed=found.allowed)


@dataclass(frozen=True, slots=True)
class GoodAnswer:
    """The parsed body of an answer that is no failure; `allowed` if an outcome rule says so. None without content."""

    body: object
    allowed: bool = False


def good_answer(
    source: Source,
    account: Account,
    response: httpx.Response,
    body: bytes,
    now: datetime,
    loads: Loads = json_reader.loads,
) -> GoodAnswer:
    """What a response says, whatever it is an answer to. Errors as for `judge`."""
    status = response.status_code
    said, unreadable = _read(source, body, loads)
    rule = first_met(source.config.outcomes, status, response.headers, said)
    then = rule.then if rule else _usual(status)
    if then == "ok":
        if status == NO_CONTENT:
            return GoodAnswer(None, rule is not None)
        if unreadable:
            raise _cut_or_bad(response, unreadable)
        return GoodAnswer(said, rule is not None)
    text = _told(source, status, rule, said)
    match then:
        case "retry":
            raise Transient(text, pause_asked(response.headers, now))
        case "rate_limited":
            hints = (pause_asked(response.headers, now), pause_hinted(response.headers, source.config.usage, now))
            raise Transient(text, max((hint for hint in hints if hint is not None), default=None), limited=True)
        case "split":
            raise TooMuch(text)
        case "auth":
            raise SourceRefused(f"{text}; check the key {source.key.name}")
        case "incomplete":
            raise BadAnswer(f"{text}: by its own account the answer is incomplete")
    raise _refusal(text, status, rule, account)


def _read(source: Source, body: bytes, loads: Loads) -> tuple[object, NotJson | None]:
    try:
        return parsed(body, source.key, loads), None
    except NotJson as error:
        return None, error


def _cut_or_bad(response: httpx.Response, unreadable: NotJson) -> Exception:
    """A body that ends with its connection cannot say that it was cut, so it is asked for again."""
    if "Content-Length" in response.headers or "Transfer-Encoding" in response.headers:
        return unreadable
    return Transient("the source's answer was cut or is not JSON")


def _usual(status: int) -> str:
    """What a status means when no rule of the source says otherwise."""
    if status in (200, NO_CONTENT):
        return "ok"
    if status == 429:
        return "rate_limited"
    if status in PASSING:
        return "retry"
    return "auth" if status in (401, 403) else "fail"


def _told(source: Source, status: int, rule: OutcomeRule | None, said: object) -> str:
    """`the source answered 200 with code 40100: "..."`, in the rule's own words where it has some."""
    detail = (rule and rule.says) or detail_in(said, source.key)
    at = _FIRST_NAME.match(rule.at) if rule and rule.at else None
    code = look_up(at[0])(said) if at else None
    with_code = ""
    if at and isinstance(code, int | str) and not isinstance(code, bool):
        with_code = f" with {at[0]} {source.key.masked(clean_text(str(code)))[:40]}"
    with_header = f" with the header {rule.header}" if rule and rule.header else ""
    return f"the source answered {status}{with_code}{with_header}" + (f': "{detail}"' if detail else "")


def _refusal(text: str, status: int, rule: OutcomeRule | None, account: Account) -> Exception:
    if rule is not None:
        return SourceRefused(text)
    if status == 404:
        what = f'the account "{account.external_id}" or the path of base_url'
        return SourceRefused(f"{text}; it does not know {what}")
    if status // 100 == 4:
        return SourceRefused(text.replace(f"answered {status}", f"refused the request with {status}", 1))
    return BadAnswer(text.replace(f"answered {status}", f"answered with the unexpected status {status}", 1))


def failure_of(source: Source, deadline: Deadline, cause: Exception, host: str = "") -> Exception:
    """What a failed exchange with the source, or with another `host`, means, in words without httpx's text."""
    who = host or "the source"
    if deadline.passed:
        return SourceUnreachable(f"{who} did not finish within {deadline.seconds:g} seconds")
    if _is_untrusted(cause):
        return SourceUnreachable(f"{who}'s certificate is not trusted, so nothing was sent")
    if isinstance(cause, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return SourceUnreachable("the request cannot be sent as it is configured; check base_url and the key")
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
        at = host or urlsplit(source.config.base_url).netloc
        return Transient(f"the source cannot be reached at {at}")
    if isinstance(cause, httpx.TimeoutException):
        return Transient(f"{who} was silent for {source.config.limits.read_seconds:g} seconds")
    return Transient(f"{who}'s answer was cut")


def _is_untrusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
