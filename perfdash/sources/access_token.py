"""Tokens of OAuth 2: asked for once, kept in memory until shortly before they end, asked for anew when refused.

A token is as secret as the key: it is sent to the source only, stands in no log, and is masked wherever it comes back.
"""

from __future__ import annotations

import re
import secrets
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from urllib.parse import urlsplit

import httpx

from perfdash.config.auth_models import OAuth2Auth
from perfdash.config.source import Source
from perfdash.domain.errors import BadAnswer, SourceRefused, SourceUnreachable
from perfdash.domain.secret import Spellings
from perfdash.ingest import json_reader
from perfdash.sources.paginators import whole_number
from perfdash.sources.request import masked_key, sign
from perfdash.sources.response import PASSING, failure_of
from perfdash.sources.retry import Transient, pause_asked
from perfdash.sources.transport import Deadline, Truncated, read_body

MAX_ANSWER = 64 * 1024
MARGIN = 60.0
"""A token is not used in its last seconds, or in the last tenth of a short life: a request takes its time."""
SETTING = "setting"
"""The extension of a request that says which setting named its address."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")
_CODES = (
    *("invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"),
    *("invalid_scope", "access_denied", "server_error", "temporarily_unavailable"),
)
"""The errors of RFC 6749: words that may be shown, as nobody's secret is among them."""
Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """An access token. `ends` is on the monotonic clock; None when nobody said so."""

    text: str
    ends: float | None = None

    def __repr__(self) -> str:
        return "<token>"


class Grant:
    """What one client has been granted: its current token, and the refresh token if the server has issued a new one.

    Threads share it; `lock` is held while a token is asked for, so that it is asked for once.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.token: AccessToken | None = None
        self.worked = False
        self.refresh_token: str | None = None
        self.spellings = Spellings()


class Grants:
    """The grants of a process, by token server, client and its secrets, of which only a salted hash is kept."""

    def __init__(self) -> None:
        self._salt = secrets.token_bytes()
        self._lock = threading.Lock()
        self._grants: dict[tuple[bytes, Monotonic], Grant] = {}

    def of(self, source: Source, auth: OAuth2Auth, monotonic: Monotonic) -> Grant:
        """The one grant of this source's client, on this clock."""
        client, renewing = source.client_id, source.refresh_token
        parts = (
            *(auth.token_url, auth.grant, auth.scope, auth.audience, sorted(auth.params.items())),
            *(client and client.reveal(), source.key.reveal(), renewing and renewing.reveal()),
        )
        name = blake2b(repr(parts).encode(errors="surrogatepass"), key=self._salt).digest()
        with self._lock:
            return self._grants.setdefault((name, monotonic), Grant())


_OF_THIS_PROCESS = Grants()


def guarded(source: Source, monotonic: Monotonic, grants: Grants = _OF_THIS_PROCESS) -> Source:
    """`source`, whose key is masked also in the spellings that it and its tokens have on the wire."""
    auth = source.config.auth
    if not isinstance(auth, OAuth2Auth):
        return replace(source, key=masked_key(auth, source.key))
    pair = _pair(source)
    also = [pair, pair.rstrip("=")]
    if source.refresh_token:
        also.append(source.refresh_token.reveal())
    if source.client_id and auth.client_id.env:
        also.append(source.client_id.reveal())
    return replace(source, key=source.key.sent_as(*also).beside(grants.of(source, auth, monotonic).spellings))


def _pair(source: Source) -> str:
    client = source.client_id.reveal() if source.client_id else ""
    return b64encode(f"{client}:{source.key.reveal()}".encode()).decode()


def token_request(source: Source, auth: OAuth2Auth, refresh_token: str = "") -> httpx.Request:
    """The request for a token; with an empty key, what is shown of it."""
    form: dict[str, str] = {**auth.params, "grant_type": auth.grant}
    form |= {name: text for name, text in (("scope", auth.scope), ("audience", auth.audience)) if text}
    if auth.grant == "refresh_token":
        form["refresh_token"] = refresh_token
    headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "perfdash"}
    if auth.client_in == "header":
        headers["Authorization"] = f"Basic {_pair(source)}"
    else:
        form |= {
            "client_id": source.client_id.reveal() if source.client_id else "",
            "client_secret": source.key.reveal(),
        }
    return httpx.Request("POST", auth.token_url, data=form, headers=headers, extensions={SETTING: "auth.token_url"})


class Tokens:
    """Signs the requests of one fetch. `http` sends; what it adds to requests of the source is not added to these."""

    def __init__(
        self,
        http: httpx.Client,
        source: Source,
        auth: OAuth2Auth,
        *,
        deadline: Deadline,
        clock: Callable[[], datetime],
        monotonic: Monotonic,
        note: Callable[[str], None],
        grants: Grants = _OF_THIS_PROCESS,
    ) -> None:
        self._http, self._source, self._auth = http, source, auth
        self._deadline, self._clock, self._monotonic, self._note = deadline, clock, monotonic, note
        self._grant = grants.of(source, auth, monotonic)
        self._sent: AccessToken | None = None

    def sign(self, request: httpx.Request) -> None:
        """Put a token into it that holds, asked for now if there is none. Transient when that may work later."""
        self._sent = self._current()
        sign(request, self._auth, self._sent.text)

    def worked(self) -> None:
        """The token that was sent last was taken."""
        self._grant.worked = self._grant.token is self._sent

    def may_be_renewed(self) -> bool:
        """After a refusal: whether the token had worked before, and is forgotten now, so that a new one may work."""
        grant = self._grant
        with grant.lock:
            if grant.token is not self._sent:
                return True  # another thread has a new one already
            renewable, grant.token, grant.worked = grant.worked, None, False
            return renewable

    def _current(self) -> AccessToken:
        grant = self._grant
        if not grant.lock.acquire(timeout=max(0.0, min(self._deadline.remaining, threading.TIMEOUT_MAX))):
            raise SourceUnreachable(f"no access token came within {self._deadline.seconds:g} seconds")
        try:
            token = grant.token
            if token is None or (token.ends is not None and token.ends <= self._monotonic()):
                token = grant.token = self._asked_for()
                grant.worked = False
            return token
        finally:
            grant.lock.release()

    def _asked_for(self) -> AccessToken:
        first = self._source.refresh_token
        known = self._grant.refresh_token or (first.reveal() if first else "")
        began = self._monotonic()
        response, body = self._answer(token_request(self._source, self._auth, known))
        host = urlsplit(self._auth.token_url).netloc
        self._note(f"POST {host} for a token: {response.status_code} in {self._monotonic() - began:.2f} s")
        said = self._said(response, body)
        token = said.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise BadAnswer(f"{host} answered without an access_token; check auth.token_url")
        self._grant.spellings.add(token)
        self._keep_refresh_token(said, known)
        life = whole_number(said.get("expires_in"))
        return AccessToken(token, None if life is None else began + life - min(MARGIN, life / 10))

    def _keep_refresh_token(self, said: Mapping[str, object], known: str) -> None:
        new = said.get("refresh_token")
        if self._auth.grant != "refresh_token" or not isinstance(new, str) or new == known or not _TOKEN.fullmatch(new):
            return
        self._grant.spellings.add(new)
        self._grant.refresh_token = new
        name = self._source.refresh_token.name if self._source.refresh_token else ""
        self._note(
            f"the token server has issued a new refresh token, which is used until this process ends; the one in "
            f"{name} may not work after that"
        )

    def _answer(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        cause: Exception
        try:
            response = self._http.send(request, stream=True, auth=None)
            try:
                return response, read_body(response, MAX_ANSWER, self._deadline)
            finally:
                response.close()
        except (httpx.TransportError, Truncated) as error:
            cause = error
        raise failure_of(self._source, self._deadline, cause, urlsplit(self._auth.token_url).netloc)

    def _said(self, response: httpx.Response, body: bytes) -> Mapping[str, object]:
        status = response.status_code
        try:
            said = json_reader.loads(body)
        except json_reader.NotStrictJson:
            said = None
        found = said if isinstance(said, dict) else {}
        if status == 429 or status in PASSING:
            pause = pause_asked(response.headers, self._clock())
            raise Transient(f"the token server answered {status}", pause, limited=status == 429)
        if status != 200 or "error" in found:
            raise SourceRefused(self._refusal(status, found.get("error")))
        return found

    def _refusal(self, status: int, error: object) -> str:
        """What to look at. The server's own text may hold what was sent, so only known words are told."""
        code = f" {error}" if error in _CODES else ""
        name, renewing = self._source.name, self._source.refresh_token
        check = f"check sources.{name}.auth.client_id and the key {self._source.key.name}"
        if error == "invalid_grant" and renewing:
            check = f"the refresh token in {renewing.name} has ended or was revoked: get a new one"
        elif error == "invalid_scope":
            check = f"check sources.{name}.auth.scope"
        elif status == 404:
            check = f"check sources.{name}.auth.token_url"
        return f"the token server refused the request for a token with {status}{code}; {check}"
