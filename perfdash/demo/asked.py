"""One request of `performance_v1`, checked: what cannot be answered is refused with 404 or 422 and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from perfdash.demo.roster import DEMO_ACCOUNTS, PLATFORMS

DEFAULT_PAGE_SIZE = 1000
MAX_PAGE_SIZE = 5000
_KNOWN = ("start_date", "end_date", "client_id", "platforms", "page", "page_size")


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """Inclusive days of one account, some platforms (in the order of PLATFORMS), and one page of the answer."""

    account: str
    start: date
    end: date
    platforms: tuple[str, ...]
    page: int
    page_size: int


def read(query: QueryParams) -> ReportRequest:
    """The request in `query`; HTTPException 404 for an unknown account, 422 for everything that cannot be read."""
    given = [name for name, _ in query.multi_items()]
    if unknown := sorted(set(given) - set(_KNOWN)):
        raise HTTPException(422, f"unknown parameter: {', '.join(unknown)}; known are {', '.join(_KNOWN)}")
    if repeated := sorted({name for name in given if given.count(name) > 1}):
        raise HTTPException(422, f"parameter given more than once: {', '.join(repeated)}")
    start, end = _day(query, "start_date"), _day(query, "end_date")
    if start > end:
        raise HTTPException(422, f"start_date {start} is after end_date {end}")
    return ReportRequest(
        account=_account(query),
        start=start,
        end=end,
        platforms=_platforms(query.get("platforms")),
        page=_count(query, "page", 1, None),
        page_size=_count(query, "page_size", DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE),
    )


def _required(query: QueryParams, name: str) -> str:
    value = query.get(name)
    if not value:
        raise HTTPException(422, f"{name} is required")
    return value


def _day(query: QueryParams, name: str) -> date:
    text = _required(query, name)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # fromisoformat also reads 20260101 and 2026-W01-1, which the contract does not know.
    if day is None or day.isoformat() != text:
        raise HTTPException(422, f"{name} must be a day as YYYY-MM-DD, not {text!r}")
    return day


def _account(query: QueryParams) -> str:
    account = _required(query, "client_id")
    if all(account != known.external_id for known in DEMO_ACCOUNTS):
        raise HTTPException(404, f"unknown client_id {account!r}")
    return account


def _platforms(text: str | None) -> tuple[str, ...]:
    if text is None:
        return PLATFORMS
    wanted = {name.strip().lower() for name in text.split(",")}
    if unknown := sorted(wanted - {name.lower() for name in PLATFORMS}):
        raise HTTPException(422, f"unknown platform {', '.join(map(repr, unknown))}; known are {', '.join(PLATFORMS)}")
    return tuple(name for name in PLATFORMS if name.lower() in wanted)


def _count(query: QueryParams, name: str, default: int, most: int | None) -> int:
    text = query.get(name)
    if text is None:
        return default
    # Nine digits: more is no page, and int() of a very long text is slow.
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
    if number < 1 or (most is not None and number > most):
        raise HTTPException(422, f"{name} must be a whole number from 1{f' to {most}' if most else ''}, not {text!r}")
    return number
