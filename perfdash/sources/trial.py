"""One request to a source, and how its first rows are read. Nothing is kept of it, and nothing is asked twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import httpx

from perfdash import answer, rows
from perfdash.accounts import Account, Days
from perfdash.errors import BadAnswer, RunFailed
from perfdash.reported import plain
from perfdash.sources import outcome, windows
from perfdash.sources.auth import masking
from perfdash.sources.budget import Budget
from perfdash.sources.client import connection, quieten
from perfdash.sources.exchange import REQUEST_IDS, Exchange
from perfdash.sources.explain import Request, shown
from perfdash.sources.limits import Deadline, DeadlineTransport
from perfdash.sources.pagination import Came, Pages
from perfdash.sources.reading import mapping_of
from perfdash.sources.retry import Patience
from perfdash.sources.sample import LONGEST_SHOWN, RowRead, sampled
from perfdash.sources.source import Source

SHOWN_ROWS = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of the one request; without secrets and without names of people. `problem` is '' when all is well.

    `status` is None when no answer came. `size` is in bytes as they came, perhaps packed. `following` is the request
    that paging would make next. `quarantined` counts the page's refused rows by reason.
    """

    asked: Request
    status: int | None = None
    seconds: float = 0.0
    size: int = 0
    request_id: str = ""
    following: Request | None = None
    rows: tuple[RowRead, ...] = ()
    fetched: int = 0
    facts: int = 0
    duplicates: int = 0
    quarantined: tuple[tuple[str, int], ...] = ()
    problem: str = ""


def tried(
    source: Source,
    account: Account,
    window: Days,
    *,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
) -> Trial:
    """Ask for the first page of `window`, once, within the source's own limits. Raises nothing for a bad answer."""
    quieten()
    source = replace(source, key=masking(source.config.auth, source.key))
    pages = Pages(source.config.paging, source.config.limits.pages, source.config.base_url)
    first = pages.first()
    trial = Trial(shown(source, account, window, first))
    deadline = Deadline(source.config.limits.total_seconds, monotonic)
    patience = Patience(1, deadline, clock, lambda _seconds: None, random.Random(), lambda _line: None)
    came: Came | None = None
    problem, responses, began = "", list[httpx.Response](), monotonic()
    with connection(source, DeadlineTransport(deadline)) as http:
        http.event_hooks = {"response": [responses.append, *http.event_hooks["response"]]}
        exchange = Exchange(
            http, source, account,
            headers={}, clock=clock, deadline=deadline, budget=Budget(monotonic), note=lambda _line: None,
        )  # fmt: skip
        try:
            came = patience.ask(lambda: exchange.page(window, first))
        except RunFailed as error:
            problem = str(error)
        except outcome.TooMuch as error:
            problem = _too_much(window, error)
    trial = replace(trial, seconds=monotonic() - began, problem=_sentence(source, problem))
    if responses:
        trial = _with_response(trial, source, responses[0])
    return trial if came is None else _with_rows(trial, source, account, pages, came)


def _too_much(window: Days, error: outcome.TooMuch) -> str:
    halves = windows.halves(window)
    instead = f"{halves[0]} and {halves[1]}" if halves else "fewer rows a page"
    return f"{error}; a sync would ask for {instead} instead"


def _with_response(trial: Trial, source: Source, response: httpx.Response) -> Trial:
    said = next((response.headers[name] for name in REQUEST_IDS if name in response.headers), "")
    return replace(
        trial,
        status=response.status_code,
        size=response.num_bytes_downloaded,
        request_id=source.key.masked(plain(said))[:LONGEST_SHOWN],
    )


def _with_rows(trial: Trial, source: Source, account: Account, pages: Pages, came: Came) -> Trial:
    mapping, window = mapping_of(source.config.fields, source.config.records), trial.asked.window
    batch = rows.read(came.rows, mapping, account, window)
    problem, following = "", trial.following
    try:
        ask = pages.add(came)
        following = shown(source, account, window, ask) if ask else None
        answer.together([batch])
        if batch.fetched and not batch.facts:
            raise BadAnswer(f"none of the {batch.fetched} rows could be read; the reasons stand above")
    except RunFailed as error:
        problem = str(error)
    reasons = Counter(source.key.masked(row.reason) for row in batch.quarantined)
    return replace(
        trial,
        following=following,
        rows=sampled(source, account, window, came.rows[:SHOWN_ROWS]),
        fetched=batch.fetched,
        facts=len(batch.facts),
        duplicates=batch.duplicates,
        quarantined=tuple(reasons.most_common()),
        problem=_sentence(source, problem),
    )


def _sentence(source: Source, text: str) -> str:
    text = source.key.masked(text).removesuffix(".")
    return f"{text[0].upper()}{text[1:]}." if text else ""
