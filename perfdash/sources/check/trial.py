"""One request to a source, and how its first rows are read. Nothing is kept of it, and nothing is asked twice."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx

from perfdash.config.source import Source
from perfdash.domain.accounts import Account, Days
from perfdash.domain.errors import BadAnswer, RunFailed
from perfdash.domain.facts import Batch, FactKey
from perfdash.domain.measures import IN_MILLIONTHS, MONEY, FactValues
from perfdash.domain.values import RefusedValue, clean_text
from perfdash.ingest import merge_pages, rows
from perfdash.ingest.mapping import Field, FieldMapping
from perfdash.sources import client, response
from perfdash.sources.access_token import guarded
from perfdash.sources.check.request_plan import Request, configured_fields, order_of, place_told, shown_request
from perfdash.sources.client import connection, quieten
from perfdash.sources.download import Download
from perfdash.sources.exchange import REQUEST_IDS, Exchange
from perfdash.sources.mapping import mapping_of
from perfdash.sources.pagination import Came, PageRequest, Pages
from perfdash.sources.rate_limit import Budget
from perfdash.sources.report_job import ReportJob
from perfdash.sources.retry import Patience
from perfdash.sources.transport import Deadline, DeadlineTransport

LONGEST_SHOWN = 60
PRESENT, ABSENT, NOT_REPORTED = "present", "absent", "not reported"
_MONEY = (*MONEY, "budget")


@dataclass(frozen=True, slots=True)
class ValueRead:
    """One field of one row: its place, what came there, and what it was understood as; None when it cannot be read."""

    field: str
    place: str
    came: str
    read: str | None


@dataclass(frozen=True, slots=True)
class RowRead:
    """One row by itself. `refused` is why it would be quarantined, or ''."""

    values: tuple[ValueRead, ...]
    flags: tuple[str, ...] = ()
    refused: str = ""


def sample_rows(
    source: Source, account: Account, window: Days, records: Sequence[object], answer: Sequence[object] = ()
) -> tuple[RowRead, ...]:
    """Each of `records` by itself, read by the code that reads whole pages. `source.key` masks what may be echoed.

    `answer`: the whole page, in which it may show how numbers and days are written.
    """
    mapping = mapping_of(source.config.fields, source.config.records, source.config.type)
    return tuple(_row(source, account, window, mapping, raw, answer or records) for raw in records)


def _row(
    source: Source, account: Account, window: Days, mapping: FieldMapping, raw: object, answer: Sequence[object]
) -> RowRead:
    batch, problem = _read_alone(raw, mapping, account, window, answer)
    read = _read(batch)
    unread = batch.totals.unread if batch.totals else {}
    refused = source.key.masked(batch.quarantined[0].reason if batch.quarantined else problem)
    values = (
        ValueRead(
            name,
            place_told(field),
            _short(source, _came(mapping.fields[name], raw)),
            None
            if refused or mapping.fields[name].label in unread
            else _short(source, _text(name, read.get(name), account)),
        )
        for name, field in configured_fields(source)
    )
    flags = () if refused else next(iter(batch.facts.values())).flags
    return RowRead(tuple(values), flags, refused)


def _read_alone(
    raw: object, mapping: FieldMapping, account: Account, window: Days, answer: Sequence[object]
) -> tuple[Batch, str]:
    """One row as a batch, and why it is none: what would fail the run, or that `records.where` leaves it out."""
    try:
        batch = rows.read_rows([raw], mapping, account, window, answer)
    except BadAnswer as error:
        return Batch({}, {}, {}), str(error).removesuffix(".")
    return batch, "left out, as records.where says" if batch.left_out else ""


def _short(source: Source, text: str) -> str:
    """Masked before it is cut: half a key is a secret too."""
    text = source.key.masked(text)
    return text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"


def _read(batch: Batch) -> dict[str, Any]:
    """Our values of a batch of one row, by field."""
    if not batch.facts:
        return {}
    key: FactKey
    values: FactValues
    [(key, values)] = batch.facts.items()
    said = batch.campaigns[key.campaign]
    found = {**key._asdict(), **values._asdict(), "cpm": values.reported_cpm, "roi": values.reported_roi}
    found |= {name: getattr(said, name) for name in ("status", "budget", "budget_kind", "flight_start", "flight_end")}
    return found | {
        "campaign_name": said.name,
        "last_day": key.day,
        "creator": key.creator or None,
        "creator_name": batch.creators.get(key.creator),
    }


def _text(name: str, value: str | int | Decimal | date | None, account: Account) -> str:
    if name == "account":
        return account.external_id
    if value is None:
        return NOT_REPORTED
    if name == "creator_name":
        return PRESENT
    if name in (*_MONEY, *IN_MILLIONTHS):
        exact = format(Decimal(value).scaleb(-6).normalize(), "f")  # type: ignore[arg-type]
        return f"{exact} {account.currency}" if name in _MONEY else exact
    return str(value)


def _came(field: Field, raw: object) -> str:
    """What stands there, as JSON. A person's name is not shown, nor what may hold one."""
    try:
        value = field.value(raw)
    except RefusedValue:
        return "a list"
    if value is None:
        return ABSENT
    if field.name == "creator_name":
        return PRESENT
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(clean_text(value) if isinstance(value, str) else value, ensure_ascii=False)


SHOWN_ROWS = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of the one request, or of those that make a report first; without secrets and without names of people.

    `problem` is '' when all is well. `status` is None when no answer came. `size` is in bytes as they came, perhaps
    packed. `following` is the request that paging would make next. `quarantined` counts the page's refused rows by
    reason.
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


def try_source(
    source: Source,
    account: Account,
    window: Days,
    *,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float],
    sleep: Callable[[float], object] = time.sleep,
) -> Trial:
    """Ask for the first page of `window`, once, within the source's own limits. Raises nothing for a bad answer.

    A token and a report that is made first are asked for too.
    """
    quieten()
    source = guarded(source, monotonic)
    pages = Pages(source.config.paging, source.config.limits.pages, source.config.base_url)
    first = pages.first()
    trial = Trial(shown_request(source, account, window, first, order_of(source.config, window)))
    deadline = Deadline(source.config.limits.total_seconds, monotonic)
    patience = Patience(1, deadline, clock, sleep, random.Random(), lambda _line: None)
    came: Came | None = None
    problem, responses, began = "", list[httpx.Response](), monotonic()
    with connection(source, DeadlineTransport(deadline)) as http:
        http.event_hooks = {"response": [responses.append, *http.event_hooks["response"]]}
        exchange = Exchange(
            http,
            source,
            account,
            headers={},
            clock=clock,
            deadline=deadline,
            budget=Budget(monotonic),
            note=lambda _line: None,
            tokens=client.tokens_of(http, source, deadline, clock, monotonic, lambda _line: None),
        )
        try:
            files = client.files_of(source, exchange, deadline, clock, lambda _line: None, None)
            came = _first_page(source, window, first, exchange, patience, files)
        except RunFailed as error:
            problem = str(error)
        except response.TooMuch as error:
            problem = _too_much(window, error)
    trial = replace(trial, seconds=monotonic() - began, problem=_sentence(source, problem))
    if responses:
        trial = _with_response(trial, source, responses[-1])
    return trial if came is None else _with_rows(trial, source, account, pages, came)


def _first_page(
    source: Source, window: Days, first: PageRequest, exchange: Exchange, patience: Patience, files: Download | None
) -> Came:
    job = source.config.job
    if job is None or not job.makes(len(window)):
        return patience.ask(lambda: exchange.page(window, first))
    report = ReportJob(source, job, exchange, patience.deadline, patience.ask)
    done = report.made(window, patience.sleep)
    if files is None or job.download is None:
        return patience.ask(lambda: exchange.page(window, first, report.step(done)))
    address = report.address(done, job.download)
    return patience.ask(lambda: files.rows(address))


def _too_much(window: Days, error: response.TooMuch) -> str:
    halves = client.halved(window)
    instead = f"{halves[0]} and {halves[1]}" if halves else "fewer rows a page"
    return f"{error}; a sync would ask for {instead} instead"


def _with_response(trial: Trial, source: Source, response: httpx.Response) -> Trial:
    said = next((response.headers[name] for name in REQUEST_IDS if name in response.headers), "")
    return replace(
        trial,
        status=response.status_code,
        size=response.num_bytes_downloaded,
        request_id=source.key.masked(clean_text(said))[:LONGEST_SHOWN],
    )


def _with_rows(trial: Trial, source: Source, account: Account, pages: Pages, came: Came) -> Trial:
    mapping, window = mapping_of(source.config.fields, source.config.records, source.config.type), trial.asked.window
    batch, problem, following = Batch({}, {}, {}, fetched=len(came.rows)), "", trial.following
    try:
        batch = rows.read_rows(came.rows, mapping, account, window)
        ask = pages.add(came)
        following = shown_request(source, account, window, ask) if ask else None
        merge_pages.merge([batch])
        if batch.fetched > batch.left_out and not batch.facts:
            raise BadAnswer(f"none of the {batch.fetched} rows could be read; the reasons stand above")
    except RunFailed as error:
        problem = str(error)
    reasons = Counter(source.key.masked(row.reason) for row in batch.quarantined)
    return replace(
        trial,
        following=following,
        rows=sample_rows(source, account, window, came.rows[:SHOWN_ROWS], came.rows),
        fetched=batch.fetched,
        facts=len(batch.facts),
        duplicates=batch.duplicates,
        quarantined=tuple(reasons.most_common()),
        problem=_sentence(source, problem),
    )


def _sentence(source: Source, text: str) -> str:
    text = source.key.masked(text).removesuffix(".")
    return f"{text[0].upper()}{text[1:]}." if text else ""
