"""One request and its whole answer, noted in the run's log. No exception of httpx leaves this module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import BadAnswer, RunFailed
from perfdash.domain.values import clean_text
from perfdash.ingest.json_reader import Reader
from perfdash.sources import request
from perfdash.sources import response as sources_response
from perfdash.sources.access_token import Tokens
from perfdash.sources.pagination import Came, PageRequest
from perfdash.sources.rate_limit import Budget
from perfdash.sources.response import ParsedPage
from perfdash.sources.retry import Transient, pause_said
from perfdash.sources.transport import Deadline, Truncated, read_body

MAX_REFUSAL = 64 * 1024
REQUEST_IDS = ("X-Request-Id", "X-Fb-Request-Id", "X-Fb-Trace-Id", "X-Tt-Logid")


class Exchange:
    """What stays the same from request to request of one fetch: whom to ask, for what, and the log."""

    def __init__(
        self,
        http: httpx.Client,
        source: Source,
        account: Account,
        *,
        headers: Mapping[str, str],
        clock: Callable[[], datetime],
        deadline: Deadline,
        budget: Budget,
        note: Callable[[str], None],
        tokens: Tokens | None = None,
    ) -> None:
        self._http, self._source, self._account = http, source, account
        self._reader = Reader(source.config.records.path)
        self._tokens = tokens
        self._headers, self._clock, self._deadline, self._budget, self._note = headers, clock, deadline, budget, note

    def page(self, window: Days, ask: PageRequest) -> Came:
        """One page, asked once. Transient for what may pass by itself, TooMuch when fewer days must be asked for."""
        asked = request.build(self._source, self._account, window, ask, self._headers)
        if self._tokens:
            self._tokens.sign(asked)
        before = self._deadline.remaining
        cause: Exception
        try:
            response = self._http.send(asked, stream=True)
            try:
                body = self._body(response)
            finally:
                response.close()
            took = before - self._deadline.remaining
            said = f"{asked.method} {self._path(asked)} {window}: {response.status_code} in {took:.2f} s"
            return self._judged(asked, response, body, said + self._request_id(response))
        except (httpx.TransportError, Truncated) as error:
            cause = error
        raise sources_response.failure_of(self._source, self._deadline, cause)

    def _judged(self, asked: httpx.Request, response: httpx.Response, body: bytes, line: str) -> Came:
        pause = pause_said(response.headers, self._source.config.usage)
        if pause is not None:
            self._budget.pause(pause)
            line += f", nearly all of its quota is used: no request for {pause:g} s"
        self._renew(response, line)
        try:
            said: ParsedPage = sources_response.judge(
                self._source, self._account, response, body, self._clock(), self._reader.loads
            )
        except (Transient, RunFailed, sources_response.TooMuch):
            self._note(line)
            raise
        self._note(f"{line}, {len(said.rows)} rows")
        link = self._source.key.masked(response.headers.get("Link", ""))
        return Came(said.rows, said.body, str(asked.url), link, said.objects)

    def _renew(self, response: httpx.Response, line: str) -> None:
        """Transient, so that it is asked again, when a token that had worked is refused."""
        if self._tokens and response.status_code != 401:
            self._tokens.worked()
        elif self._tokens and self._tokens.may_be_renewed():
            self._note(line)
            raise Transient("the access token is refused, so a new one is asked for")

    def _body(self, response: httpx.Response) -> bytes:
        if response.status_code == 200:
            return read_body(response, int(self._source.config.limits.body_mib * 2**20), self._deadline)
        try:
            return read_body(response, MAX_REFUSAL, self._deadline)
        except (BadAnswer, httpx.TransportError, Truncated):
            return b""  # the status says enough

    def _path(self, asked: httpx.Request) -> str:
        """Without the query, in which keys and cursors stand."""
        return self._source.key.masked(clean_text(asked.url.path))[:120]

    def _request_id(self, response: httpx.Response) -> str:
        # Masked before it is cut: half a key is a secret too.
        said = next((response.headers[name] for name in REQUEST_IDS if name in response.headers), "")
        found = self._source.key.masked(clean_text(said))[:60]
        return f", request {found}" if found else ""
