"""What came of one request: an answer, a failure that may pass by itself, too much at once, or a refusal in words."""

from __future__ import annotations

import re
import ssl
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from perfdash import strict_json
from perfdash.accounts import Account
from perfdash.errors import BadAnswer, SourceRefused, SourceUnreachable
from perfdash.paths import look_up
from perfdash.reported import plain
from perfdash.sources.envelope import Loads, NotJson, ParsedPage, answered, detail_in, parsed, refuse_disguised
from perfdash.sources.limits import Deadline
from perfdash.sources.retry import Transient, pause_asked
from perfdash.sources.rules import first_met
from perfdash.sources.source import Source
from perfdash.sources.usage import pause_hinted
from perfdash.sources.vocabulary import OutcomeRule

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
    raise SourceRefused(
        f"the source answered {response.status_code}, a redirect, which is never followed: "
        + ("base_url must begin with https://" if upgrade else "set base_url to the final address")
    )


def judged(
    source: Source,
    account: Account,
    response: httpx.Response,
    body: bytes,
    now: datetime,
    loads: Loads = strict_json.loads,
) -> ParsedPage:
    """The answer in a response. Its body, read by `loads`, is classified before any row is looked for.

    Transient for what may pass by itself, TooMuch when fewer days must be asked for, SourceRefused or BadAnswer for
    the rest.
    """
    status = response.status_code
    said, unreadable = _read(source, body, loads)
    rule = first_met(source.config.outcomes, status, response.headers, said)
    then = rule.then if rule else _usual(status)
    if then == "ok":
        if unreadable:
            raise _cut_or_bad(response, unreadable)
        if rule is None:
            refuse_disguised(said, source.key)
        return answered(said, source.config.records.path, source.key)
    text = _told(source, status, rule, said)
    match then:
        case "retry":
            raise Transient(text, pause_asked(response.headers, now))
        case "rate_limited":
            hints = (pause_asked(response.headers, now), pause_hinted(response.headers, source.config.usage))
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
    if status == 200:
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
        with_code = f" with {at[0]} {source.key.masked(plain(str(code)))[:40]}"
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


def unanswered(source: Source, deadline: Deadline, cause: Exception) -> Exception:
    """What a failed exchange means, in words without httpx's text."""
    if deadline.passed:
        return SourceUnreachable(f"the source did not finish within {deadline.seconds:g} seconds")
    if _is_untrusted(cause):
        return SourceUnreachable("the source's certificate is not trusted, so nothing was sent")
    if isinstance(cause, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return SourceUnreachable("the request cannot be sent as it is configured; check base_url and the key")
    if isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout):
        return Transient(f"the source cannot be reached at {urlsplit(source.config.base_url).netloc}")
    if isinstance(cause, httpx.TimeoutException):
        return Transient(f"the source was silent for {source.config.limits.read_seconds:g} seconds")
    return Transient("the source's answer was cut")


def _is_untrusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
