"""Asking one account's days of a source: every page, checked, as one batch, or one error that says why not.

No exception of httpx leaves this module, and none of ours is chained to one: their texts hold URLs and headers.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from perfdash import answer, rows
from perfdash.accounts import Account, Days
from perfdash.errors import BadAnswer, RunFailed, SourceUnreachable, Trail
from perfdash.payload import Batch, Fetched
from perfdash.reported import plain
from perfdash.sources import outcome
from perfdash.sources.auth import Bearer
from perfdash.sources.envelope import Envelope
from perfdash.sources.limits import Deadline, DeadlineTransport, Truncated, read_body
from perfdash.sources.pagination import Pages
from perfdash.sources.retry import Patience, Transient
from perfdash.sources.source import Source

PATH = "/v1/performance"
MAX_REFUSAL = 64 * 1024
_LOUD = ("httpx", "httpcore", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


def fetch(
    source: Source,
    account: Account,
    days: Days,
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], object],
    rng: random.Random,
    transport: httpx.BaseTransport | None = None,
    headers: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> Fetched:
    """All rows of `account` for `days`, whole or not at all.

    `clock` gives aware times. `headers` are sent along, but cannot replace the key. `progress` gets each line of the
    log as it is written. RunFailed or one of its kinds when there is no complete answer; its text holds no secret.
    """
    _quieten()
    began = clock()
    deadline = Deadline(source.config.limits.total_seconds, monotonic)
    asking = _Asking(source, account, days, headers or {}, progress or (lambda _line: None), clock, deadline)
    patience = Patience(source.config.limits.attempts, deadline, clock, sleep, rng, asking.note)
    failure: RunFailed
    try:
        with _client(source, transport or DeadlineTransport(deadline)) as http:
            batch = asking.everything(http, patience)
        return Fetched(batch, began, clock(), asking.requests, asking.retries, tuple(asking.log))
    except RunFailed as error:
        failure = error
    text = source.key.masked(f"{account.label}: {failure}".rstrip("."))
    failure.args = (f"{text}.",)
    failure.trail = Trail(asking.requests, asking.retries, tuple(asking.log))
    failure.__context__ = None
    raise failure.with_traceback(None) from None


def _quieten() -> None:
    """httpx logs URLs at INFO and httpcore headers at DEBUG. Done at each fetch, as logging may be set up late."""
    for name in _LOUD:
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:
            logger.setLevel(logging.WARNING)


def _client(source: Source, transport: httpx.BaseTransport) -> httpx.Client:
    limits = source.config.limits
    timeout = httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds)
    return httpx.Client(
        transport=transport,
        auth=Bearer(source.key),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        event_hooks={"response": [outcome.refuse_redirect]},
    )


class _Asking:
    """One fetch: its requests, what it has noted, and the pages so far."""

    def __init__(
        self,
        source: Source,
        account: Account,
        days: Days,
        headers: Mapping[str, str],
        progress: Callable[[str], None],
        clock: Callable[[], datetime],
        deadline: Deadline,
    ) -> None:
        self._source, self._account, self._days = source, account, days
        self._headers, self._progress, self._clock, self._deadline = headers, progress, clock, deadline
        self.requests = 0
        self.retries = 0
        self.log: list[str] = []

    def note(self, line: str) -> None:
        """One line of the run's log, shown as progress too."""
        self.log.append(self._source.key.masked(line))
        self._progress(self.log[-1])

    def everything(self, http: httpx.Client, patience: Patience) -> Batch:
        """Page after page until the source says that this was all."""
        pages = Pages(self._source.config.limits.pages)
        batches: list[Batch] = []
        following: tuple[int, int] | None = (1, 0)
        while following:
            said = self._page(http, patience, following)
            pages.add(said.data, said.page_info)
            batches.append(rows.read(said.data, self._account, self._days))
            following = pages.following()
        return answer.together(batches)

    def _page(self, http: httpx.Client, patience: Patience, page: tuple[int, int]) -> Envelope:
        attempts = 0

        def once() -> Envelope:
            nonlocal attempts
            attempts += 1
            self.requests += 1
            self.retries += attempts > 1
            return self._exchange(http, self._request(http, page))

        return patience.ask(once)

    def _request(self, http: httpx.Client, page: tuple[int, int]) -> httpx.Request:
        params = {
            "start_date": self._days.start.isoformat(),
            "end_date": self._days.end.isoformat(),
            "client_id": self._account.external_id,
        }
        if self._account.platforms:
            params["platforms"] = ",".join(self._account.platforms)
        if page[0] > 1:
            params |= {"page": str(page[0]), "page_size": str(page[1])}
        headers = {**self._headers, "Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "perfdash"}
        try:
            return http.build_request("GET", f"{self._source.config.base_url}{PATH}", params=params, headers=headers)
        except httpx.InvalidURL:
            problem = f"sources.{self._source.name}.base_url is not a web address that can be asked"
        raise SourceUnreachable(problem)

    def _exchange(self, http: httpx.Client, request: httpx.Request) -> Envelope:
        """One request and its whole answer. Transient for what may pass by itself."""
        before = self._deadline.remaining
        cause: Exception
        try:
            response = http.send(request, stream=True)
            try:
                body = self._body(response)
            finally:
                response.close()
            took = before - self._deadline.remaining
            line = f"GET {PATH} {self._days}: {response.status_code} in {took:.2f} s{self._request_id(response)}"
            return self._judged(response, body, line)
        except (httpx.TransportError, Truncated) as error:
            cause = error
        raise outcome.unanswered(self._source, self._deadline, cause)

    def _judged(self, response: httpx.Response, body: bytes, line: str) -> Envelope:
        try:
            said = outcome.judged(self._source, self._account, response, body, self._clock())
        except (Transient, RunFailed):
            self.note(line)
            raise
        page = f" page {said.page_info.page} of {said.page_info.total_page}," if said.page_info else ""
        self.note(f"{line},{page} {len(said.data)} rows")
        return said

    def _body(self, response: httpx.Response) -> bytes:
        if response.status_code == 200:
            return read_body(response, int(self._source.config.limits.body_mib * 2**20), self._deadline)
        try:
            return read_body(response, MAX_REFUSAL, self._deadline)
        except (BadAnswer, httpx.TransportError, Truncated):
            return b""  # the status says enough

    def _request_id(self, response: httpx.Response) -> str:
        # Masked before it is cut: half a key is a secret too.
        found = self._source.key.masked(plain(response.headers.get("X-Request-Id", "")))[:60]
        return f", request {found}" if found else ""
