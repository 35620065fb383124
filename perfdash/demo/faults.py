"""The faults that can be switched on, and those of them that change what the answer says (pure).

A fault is named `NAME` or `NAME:ARGUMENT`, for example `429:2`. How an answer travels is changed in broken.py.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from perfdash.demo.data import ReportRow
from perfdash.domain.errors import UsageError

FAULTS: dict[str, str] = {
    "401": "the key is refused",
    "429": "too many requests; ARGUMENT: Retry-After in seconds (1)",
    "429-date": "the same with Retry-After as an HTTP date; ARGUMENT: seconds from now (2)",
    "500": "internal server error",
    "503": "service unavailable, without Retry-After; ARGUMENT: seconds of a Retry-After",
    "stall": "nothing for ARGUMENT seconds (30), then the answer",
    "slow": "the answer drips; ARGUMENT: MILLISECONDS[/BYTES] between pieces (200/16)",
    "cut": "Content-Length promises the whole body, half of it comes, the connection closes",
    "html": "200 with an HTML error page",
    "envelope": "200 with an error envelope instead of data",
    "no-data": "200, the key `data` is missing",
    "null-data": "200, `data` is null",
    "empty": "200, `data` is [] and page_info says so",
    "half": "just under half of the rows; ARGUMENT: percent of the rows to keep",
    "malformed": "every tenth row is bad; ARGUMENT: negative, missing, date or text (each in turn)",
    "all-malformed": "every row has negative impressions",
    "nan": "the first row's cost is the literal NaN",
    "duplicate-keys": "the first row names `impressions` twice",
    "duplicate-rows": "the first three rows come twice",
    "conflict-rows": "the first three rows come again with other numbers",
    "total-row": "a total row stands beside creator rows",
    "wrong-currency": "the rows are in a currency that is not the account's",
    "out-of-range": "the first row's day was not asked for",
    "endless": "page_info promises a million pages, each with the same rows",
    "foreign-redirect": "302 to another host; ARGUMENT: its URL",
    "gzip-bomb": "a small gzip body that becomes ARGUMENT megabytes (50)",
    "echo-key": "500 whose body repeats the Authorization header",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `argument` is '' when none was given."""

    name: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}:{self.argument}" if self.argument else self.name

    def number(self, default: int) -> int:
        """The argument as a whole number, or `default`."""
        return int(self.argument) if self.argument else default


def parse(text: str) -> Fault:
    """The fault that `text` names; UsageError that lists the names, or says what the argument must be."""
    name, _, argument = text.strip().partition(":")
    if name not in FAULTS:
        raise UsageError(f"There is no fault {name!r}; the faults are {', '.join(FAULTS)}.")
    if argument and not _fits(name, argument):
        raise UsageError(f"The fault {name!r} does not take {argument!r}: {FAULTS[name]}.")
    return Fault(name, argument)


def _fits(name: str, argument: str) -> bool:
    if name == "foreign-redirect":
        return argument.startswith(("http://", "https://"))
    if name == "malformed":
        return argument in _BAD
    numbers = argument.split("/") if name == "slow" else [argument]
    takes_number = "ARGUMENT" in FAULTS[name]
    return takes_number and len(numbers) <= 2 and all(n.isascii() and n.isdigit() and len(n) < 7 for n in numbers)


_BAD: dict[str, Callable[[ReportRow], ReportRow]] = {
    "negative": lambda row: row | {"impressions": -1},
    "missing": lambda row: {name: value for name, value in row.items() if name != "impressions"},
    "date": lambda row: row | {"date": "2026-02-31"},
    "text": lambda row: row | {"cost": "about twelve"},
}


def in_rows(fault: Fault | None, rows: list[ReportRow]) -> list[ReportRow]:
    """The whole answer (before it is cut into pages) with the fault in it; `rows` and its rows stay as they are."""
    change = _ROW_FAULTS.get(fault.name) if fault else None
    return change(fault, rows) if fault and change and rows else rows


def _half(fault: Fault, rows: list[ReportRow]) -> list[ReportRow]:
    # Just under half: "more than half of the facts vanished" must hold.
    return rows[: len(rows) * fault.number(50) // 100] if fault.argument else rows[: (len(rows) - 1) // 2]


def _malformed(fault: Fault, rows: list[ReportRow]) -> list[ReportRow]:
    kinds = [_BAD[fault.argument]] if fault.argument else list(_BAD.values())
    return [kinds[n // 10 % len(kinds)](row) if n % 10 == 0 else row for n, row in enumerate(rows)]


def _again(fault: Fault, rows: list[ReportRow]) -> list[ReportRow]:
    more = 0 if fault.name == "duplicate-rows" else 1
    return [row | {"impressions": int(row["impressions"] or 0) + more} for row in rows[:3]] + rows


def _total_row(_: Fault, rows: list[ReportRow]) -> list[ReportRow]:
    beside = [row for row in rows if "creatorId" in row][:1]
    return [{name: value for name, value in row.items() if "creator" not in name} for row in beside] + rows


_ROW_FAULTS: dict[str, Callable[[Fault, list[ReportRow]], list[ReportRow]]] = {
    "empty": lambda _, rows: rows[:0],
    "half": _half,
    "malformed": _malformed,
    "all-malformed": lambda _, rows: [_BAD["negative"](row) for row in rows],
    "nan": lambda _, rows: [rows[0] | {"cost": float("nan")}, *rows[1:]],
    "duplicate-rows": _again,
    "conflict-rows": _again,
    "total-row": _total_row,
    "wrong-currency": lambda _, rows: [row | {"currency": "XAU"} for row in rows],
    "out-of-range": lambda _, rows: [rows[0] | {"date": "1999-12-31"}, *rows[1:]],
}


def as_json(fault: Fault | None, rows: list[ReportRow], page_info: dict[str, int]) -> bytes:
    """The body of a page, with the fault in its envelope."""
    name = fault.name if fault else ""
    body: dict[str, object] = {"data": rows, "page_info": page_info}
    if name == "envelope":
        body = {"error": {"code": "REPORT_NOT_READY", "message": "The report could not be built."}}
    elif name == "no-data":
        del body["data"]
    elif name == "null-data":
        body["data"] = None
    elif name == "endless":
        body["page_info"] = page_info | {"total_page": 1_000_000, "total_number": 1_000_000 * page_info["page_size"]}
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    if name == "duplicate-keys":
        # Two answers in one: a parser that takes the last key and one that takes the first would disagree.
        twice = '"impressions":1,' if rows else '"data":[],'
        text = text.replace('[{"', "[{" + twice + '"', 1) if rows else "{" + twice + text[1:]
    return text.encode()


_HTML = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_MEGABYTE = 1 << 20


def replacement(fault: Fault | None, request: Request, now: datetime) -> Response | None:
    """The response that stands in for any answer; None when the fault lets the question be answered. `now` is aware."""
    match fault.name if fault else "":
        case "401":
            return error_response(401, "the key was revoked")
        case "429":
            return error_response(429, "too many requests", {"Retry-After": str(_number(fault, 1))})
        case "429-date":
            until = now + timedelta(seconds=_number(fault, 2))
            return error_response(429, "too many requests", {"Retry-After": format_datetime(until, usegmt=True)})
        case "500":
            return error_response(500, "internal server error")
        case "503":
            return error_response(503, "busy", {"Retry-After": fault.argument} if fault and fault.argument else None)
        case "echo-key":
            return error_response(500, f"unexpected header Authorization: {request.headers.get('authorization', '')}")
        case "html":
            return HTMLResponse(_HTML)
        case "foreign-redirect":
            target = fault.argument if fault and fault.argument else "http://reports.elsewhere.invalid/v1/performance"
            return RedirectResponse(target, status_code=302)
        case "gzip-bomb":
            return Response(
                _bomb(_number(fault, 50)), media_type="application/json", headers={"Content-Encoding": "gzip"}
            )
    return None


def _number(fault: Fault | None, default: int) -> int:
    return fault.number(default) if fault else default


def error_response(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error as the API words it: {"detail": ...}."""
    return JSONResponse({"detail": detail}, status, headers)


async def faulty_response(fault: Fault | None, body: bytes) -> Response:
    """`body` as a response, travelling as the fault says."""
    match fault.name if fault else "":
        case "stall":
            await asyncio.sleep(_number(fault, 30))
        case "slow":
            pause, _, size = (fault.argument if fault and fault.argument else "200/16").partition("/")
            drops = _drip(body, int(pause) / 1000, max(1, int(size or 16)))
            return StreamingResponse(drops, media_type="application/json", headers={"Content-Length": str(len(body))})
        case "cut":
            return CutResponse(body, media_type="application/json")
    return Response(body, media_type="application/json")


async def _drip(body: bytes, pause: float, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]
        await asyncio.sleep(pause)


class CutResponse(Response):
    """Promises its whole body, sends half of it, and ends; uvicorn then closes the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[: len(self.body) // 2]), "more_body": True})


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    """Valid JSON of `megabytes` MB, nearly all of it blanks: about a thousandth as gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    parts = [packer.compress(b'{"data": [')]
    parts += [packer.compress(b" " * _MEGABYTE) for _ in range(megabytes)]
    parts += [packer.compress(b"]}"), packer.flush()]
    return b"".join(parts)
