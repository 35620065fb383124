"""Asking one account's days of a source: every window and page, checked, as one batch, or one error that says why not.

No exception of httpx leaves this package, and none of ours is chained to one: their texts hold URLs and headers.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

import httpx

from perfdash.config.auth_models import OAuth2Auth
from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import BadAnswer, RunFailed, Trail
from perfdash.domain.facts import Batch, Fetched
from perfdash.ingest import merge_pages, rows
from perfdash.sources import response
from perfdash.sources.access_token import Tokens, guarded
from perfdash.sources.download import Download
from perfdash.sources.exchange import Exchange
from perfdash.sources.mapping import mapping_of
from perfdash.sources.origin import origin
from perfdash.sources.pagination import Came, PageRequest, Pages
from perfdash.sources.rate_limit import budget_of
from perfdash.sources.report_job import ReportJob
from perfdash.sources.request import Signed, Step
from perfdash.sources.retry import Patience
from perfdash.sources.transport import Deadline, DeadlineTransport


def slices(days: Days, most: int | None) -> tuple[Days, ...]:
    """`days` in ranges of at most `most` days (None: as many as there are), in order: disjoint, and together `days`."""
    if most is None:
        return (days,)
    return tuple(_part(days, begin, min(begin + most, len(days))) for begin in range(0, len(days), most))


def halved(days: Days) -> tuple[Days, Days] | None:
    """`days` as two ranges that are equally long, the second by one day longer if need be; None for a single day."""
    middle = len(days) // 2
    return (_part(days, 0, middle), _part(days, middle, len(days))) if middle else None


def _part(days: Days, begin: int, end: int) -> Days:
    """The days from the `begin`th, counted from 0, to before the `end`th."""
    return Days(days.start + timedelta(days=begin), days.start + timedelta(days=end - 1))


T = TypeVar("T")
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
    quieten()
    source = guarded(source, monotonic)
    began = clock()
    deadline = Deadline(source.config.limits.total_seconds, monotonic)
    budget = budget_of(origin(source.config.base_url), source.key, source.config.rate, monotonic)
    log = _Log(source, progress or (lambda _line: None))
    patience = Patience(source.config.limits.attempts, deadline, clock, sleep, rng, log.note, budget)
    failure: RunFailed
    try:
        with connection(source, transport or DeadlineTransport(deadline)) as http:
            exchange = Exchange(
                http,
                source,
                account,
                headers=headers or {},
                clock=clock,
                deadline=deadline,
                budget=budget,
                note=log.note,
                tokens=tokens_of(http, source, deadline, clock, monotonic, log.note),
            )
            files = files_of(source, exchange, deadline, clock, log.note, transport)
            batch = _Asking(source, account, days, exchange, patience, log, files).everything()
        return Fetched(batch, began, clock(), log.requests, log.retries, tuple(log.lines))
    except RunFailed as error:
        failure = error
    text = source.key.masked(f"{account.label}: {failure}".removesuffix("."))
    failure.args = (f"{text}.",)
    failure.trail = Trail(log.requests, log.retries, tuple(log.lines))
    failure.__context__ = None
    raise failure.with_traceback(None) from None


def quieten() -> None:
    """httpx logs URLs at INFO and httpcore headers at DEBUG. Done at each fetch, as logging may be set up late."""
    for name in _LOUD:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))


def tokens_of(
    http: httpx.Client,
    source: Source,
    deadline: Deadline,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    note: Callable[[str], None],
) -> Tokens | None:
    """What signs requests with tokens; None where the key itself is sent."""
    auth = source.config.auth
    if not isinstance(auth, OAuth2Auth):
        return None
    return Tokens(http, source, auth, deadline=deadline, clock=clock, monotonic=monotonic, note=note)


def connection(source: Source, transport: httpx.BaseTransport) -> httpx.Client:
    """What sends every request to `source`: signed, to no other host, past no proxy."""
    limits, auth = source.config.limits, source.config.auth
    return httpx.Client(
        transport=transport,
        auth=None if isinstance(auth, OAuth2Auth) else Signed(auth, source.key),
        timeout=httpx.Timeout(limits.read_seconds, connect=limits.connect_seconds),
        follow_redirects=False,
        trust_env=False,
        event_hooks={"response": [response.refuse_redirect]},
    )


class _Log:
    """What a fetch has asked so far: a line per request and per wait."""

    def __init__(self, source: Source, progress: Callable[[str], None]) -> None:
        self._key, self._progress = source.key, progress
        self.lines: list[str] = []
        self.requests = 0
        self.retries = 0

    def note(self, line: str) -> None:
        """One line of the run's log, shown as progress too."""
        self.lines.append(self._key.masked(line))
        self._progress(self.lines[-1])

    def count(self, attempt: int) -> None:
        """A request is about to leave."""
        self.requests += 1
        self.retries += attempt > 1


class _Asking:
    """One fetch: its windows one after another, and of each its pages."""

    def __init__(
        self,
        source: Source,
        account: Account,
        days: Days,
        exchange: Exchange,
        patience: Patience,
        log: _Log,
        files: Download | None,
    ) -> None:
        self._files = files
        self._source, self._account, self._days = source, account, days
        self._exchange, self._patience, self._log = exchange, patience, log
        self._mapping = mapping_of(source.config.fields, source.config.records, source.config.type)

    def everything(self) -> Batch:
        """Window after window; one that is too much at once is halved until its parts are not."""
        config = self._source.config
        size = getattr(config.paging, "size", None)
        todo = deque((window, size) for window in slices(self._days, config.request.window_days))
        done: list[Batch] = []
        while todo:
            window, size = todo.popleft()
            try:
                done.append(self._window(window, size))
            except response.TooMuch as error:
                parts = self._parts(window, size, error)
                todo.extendleft(reversed(parts))
        return merge_pages.in_turn(done)

    def _parts(self, window: Days, size: int | None, error: response.TooMuch) -> list[tuple[Days, int | None]]:
        """Half the days each; for a single day half the page size, for that day only."""
        halves = halved(window)
        if halves:
            self._log.note(f"{error}; asking for {halves[0]} and {halves[1]} instead")
            return [(half, size) for half in halves]
        if size is None or size == 1:
            raise BadAnswer(f"{error}; {window} cannot be asked for in smaller parts")
        self._log.note(f"{error}; asking for {size // 2} rows a page instead")
        return [(window, size // 2)]

    def _window(self, window: Days, size: int | None) -> Batch:
        """All rows of one window, from its pages or from the report that is made of it."""
        job = self._source.config.job
        if job is None or not job.makes(len(window)):
            return self._pages(window, size, None)
        report = ReportJob(self._source, job, self._exchange, self._patience.deadline, self._asked)
        done = report.made(window, self._patience.sleep)
        if self._files is None or job.download is None:
            return self._pages(window, size, report.step(done))
        files, address = self._files, report.address(done, job.download)
        came = self._asked(lambda: files.rows(address))
        return merge_pages.window([rows.read_rows(came.rows, self._mapping, self._account, window)])

    def _pages(self, window: Days, size: int | None, step: Step | None) -> Batch:
        config = self._source.config
        pages = Pages(config.paging, config.limits.pages, config.base_url, size)
        batches: list[Batch] = []
        ask: PageRequest | None = pages.first()
        while ask is not None:
            came = self._page(window, ask, step)
            ask = pages.add(came)
            batches.append(rows.read_rows(came.rows, self._mapping, self._account, window))
        return merge_pages.window(batches)

    def _page(self, window: Days, ask: PageRequest, step: Step | None) -> Came:
        return self._asked(lambda: self._exchange.page(window, ask, step))

    def _asked(self, once: Callable[[], T]) -> T:
        """A request of any kind, counted, and made again if need be."""
        attempt = 0

        def counted() -> T:
            nonlocal attempt
            attempt += 1
            self._log.count(attempt)
            return once()

        return self._patience.ask(counted)


def files_of(
    source: Source,
    exchange: Exchange,
    deadline: Deadline,
    clock: Callable[[], datetime],
    note: Callable[[str], None],
    transport: httpx.BaseTransport | None,
) -> Download | None:
    """What fetches files of reports; None where these are read page by page, or not made at all."""
    job = source.config.job
    if job is None or job.download is None:
        return None
    return Download(source, job, deadline, clock=clock, note=note, sign=exchange.sign, transport=transport)
