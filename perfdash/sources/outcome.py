"""What came of one request: an answer, a failure that may pass by itself, or a refusal in words for people."""

from __future__ import annotations

import ssl
from datetime import datetime
from urllib.parse import urlsplit

import httpx

from perfdash.accounts import Account
from perfdash.errors import BadAnswer, SourceRefused, SourceUnreachable
from perfdash.sources.envelope import Envelope, NotJson, detail_of, opened
from perfdash.sources.limits import Deadline
from perfdash.sources.retry import Transient, pause_asked
from perfdash.sources.source import Source

PASSING = frozenset({429, 500, 502, 503, 504})


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


def judged(source: Source, account: Account, response: httpx.Response, body: bytes, now: datetime) -> Envelope:
    """The answer in a response. Transient for what may pass by itself, SourceRefused or BadAnswer for the rest."""
    status, key = response.status_code, source.key
    if status == 200:
        try:
            return opened(body, key)
        except NotJson:
            if "Content-Length" in response.headers or "Transfer-Encoding" in response.headers:
                raise
        # A body that ends with its connection cannot say that it was cut.
        raise Transient("the source's answer was cut or is not JSON")
    detail = detail_of(body, key)
    said = f': "{detail}"' if detail else ""
    if status in PASSING:
        pause = pause_asked(response.headers, now)
        raise Transient(f"the source answered {status}{said}", pause, limited=status == 429)
    if status in (401, 403):
        raise SourceRefused(f"the source answered {status}{said}; check the key {key.name}")
    if status == 404:
        what = f'the account "{account.external_id}" or the path of base_url'
        raise SourceRefused(f"the source answered 404{said}; it does not know {what}")
    if 400 <= status < 500:
        raise SourceRefused(f"the source refused the request with {status}{said}")
    raise BadAnswer(f"the source answered with the unexpected status {status}{said}")


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
