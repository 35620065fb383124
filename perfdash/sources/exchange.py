"""One request and its whole answer, noted in the run's log. No exception of httpx leaves this module."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

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
from perfdash.sources.request import Step
from perfdash.sources.response import GoodAnswer
from perfdash.sources.retry import Transient, pause_said
from perfdash.sources.transport import Deadline, Truncated, read_body

T = TypeVar("T")
MAX_REFUSAL = 64 * 1024
REQUEST_IDS = ("X-Request-Id", "X-Fb-Request-Id", "X-Fb-Trace-Id", "X-Tt-Logid")


@dataclass(frozen=True, slots=True)
class _Answered:
    """A request, its answer with the body, and a line about both for the log."""

    asked: httpx.Request
    response: httpx.Response
    body: bytes
    line: str


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

    def page(self, window: Days, ask: PageRequest, step: Step | None = None) -> Came:
        """One page, asked once. Transient for what may pass by itself, TooMuch when fewer days must be asked for."""
        came = self._sent(window, ask, step)
        said = self._judged(came, partial(sources_response.judge, loads=self._reader.loads))
        self._note(f"{came.line}, {len(said.rows)} rows")
        link = self._source.key.masked(came.response.headers.get("Link", ""))
        return Came(said.rows, said.body, str(came.asked.url), link, said.objects)

    def about(self, window: Days, step: Step) -> GoodAnswer:
        """What the API says about a report that it makes, asked once. Errors as for a page."""
        came = self._sent(window, PageRequest(), step)
        said = self._judged(came, sources_response.good_answer)
        self._note(came.line)
        return said

    def sign(self, asked: httpx.Request) -> None:
        """Add the key or a token to a request of the API that is made elsewhere."""
        if self._tokens:
            self._tokens.sign(asked)
        else:
            request.sign(asked, self._source.config.auth, self._source.key.reveal())

    def _sent(self, window: Days, ask: PageRequest, step: Step | None) -> _Answered:
        asked = request.build(self._source, self._account, window, ask, self._headers, step)
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
            line = self._paused(response, said + self._request_id(response))
            self._renew(response, line)
            return _Answered(asked, response, body, line)
        except (httpx.TransportError, Truncated) as error:
            cause = error
        raise sources_response.failure_of(self._source, self._deadline, cause)

    def _paused(self, response: httpx.Response, line: str) -> str:
        pause = pause_said(response.headers, self._source.config.usage, self._clock())
        if pause is None:
            return line
        self._budget.pause(pause)
        return f"{line}, nearly all of its quota is used: no request for {pause:g} s"

    def _judged(self, came: _Answered, judge: Callable[[Source, Account, httpx.Response, bytes, datetime], T]) -> T:
        """What `judge` makes of it; its line is noted here only if that is an error."""
        try:
            return judge(self._source, self._account, came.response, came.body, self._clock())
        except (Transient, RunFailed, sources_response.TooMuch):
            self._note(came.line)
            raise

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
