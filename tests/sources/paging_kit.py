"""Servers that are only functions: any rows, any page size, any paging type, honest or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from perfdash.config.source_models import Paging
from perfdash.sources.pagination import Came, PageRequest, Pages

BASE = "https://api.example.com/v2"
START = f"{BASE}/report?account=a"
MOST = 60
Server = Callable[[PageRequest], Came]
_PAGING: TypeAdapter[Any] = TypeAdapter(Paging)


def paging(type: str, **said: Any) -> Paging:
    """A paging table."""
    return _PAGING.validate_python({"type": type, **said})


def numbered(start: int, stop: int) -> list[object]:
    """Rows that are all different."""
    return [{"n": number} for number in range(start, stop)]


def came(rows: list[object], url: str = START, link: str = "", **body: Any) -> Came:
    """A page; what is said beside the rows stands at the top of the body."""
    return Came(rows, {"data": rows, **body}, url, link)


@dataclass
class Reading:
    """What a client got, and what it asked for on the way."""

    rows: list[object] = field(default_factory=list)
    asked: list[PageRequest] = field(default_factory=list)

    @property
    def values(self) -> list[Mapping[str, str]]:
        """The placeholders of each request."""
        return [dict(ask.values) for ask in self.asked]


def read(config: Paging, server: Server, most: int = MOST, size: int | None = None) -> Reading:
    """Everything that `server` has. A client that asks more often than it may is a failure here."""
    reading = Reading()
    pages = Pages(config, most, BASE, size)
    ask: PageRequest | None = pages.first()
    while ask is not None:
        reading.asked.append(ask)
        assert len(reading.asked) <= most, "paging does not end"
        page = server(ask)
        ask = pages.add(page)
        reading.rows += page.rows
    assert (pages.count, pages.rows) == (len(reading.asked), len(reading.rows))
    return reading


def script(*pages: Came) -> Server:
    """One page after another, whatever is asked; the last one again and again."""
    left = list(pages)
    return lambda _ask: left.pop(0) if len(left) > 1 else left[0]


def chunks(rows: list[object], size: int) -> list[list[object]]:
    """`rows` in pages of `size`; one empty page when there are none."""
    return [rows[at : at + size] for at in range(0, len(rows), size)] or [[]]


@dataclass
class Api:
    """An honest API of any paging type. `gaps`: empty pages are put before these page numbers, where paging allows it.

    `cap` is its own greatest page size. `twist` may spoil a body, given the page's index, before it is sent.
    """

    rows: list[object]
    cap: int
    gaps: frozenset[int] = frozenset()
    total: int | None = None
    said_pages: bool = True
    relative: bool = False
    twist: Callable[[int, dict[str, Any]], None] = lambda _index, _body: None

    def _size(self, ask: PageRequest) -> int:
        return min(self.cap, int(ask.values.get("page_size", self.cap)))

    def layout(self, size: int) -> list[list[object]]:
        """Its pages of this size."""
        found: list[list[object]] = []
        for number, page in enumerate(chunks(self.rows, size)):
            found += [[], page] if number in self.gaps else [page]
        return found

    def _came(self, index: int, rows: list[object], ask: PageRequest, **more: Any) -> Came:
        total = len(self.rows) if self.total is None else self.total
        body = {"data": rows, "total": total, **more}
        self.twist(index, body)
        address = ask.url or START
        link = body.pop("link", "")
        return Came(body["data"], body, address, link)

    def by_page(self, ask: PageRequest) -> Came:
        """Page numbers from 1."""
        size, index = self._size(ask), int(ask.values.get("page", "1")) - 1
        layout = self.layout(size)
        rows = layout[index] if index < len(layout) else []
        return self._came(index, rows, ask, page=index + 1, size=size, pages=len(layout))

    def by_offset(self, ask: PageRequest) -> Came:
        """Rows from the offset on."""
        at, size = int(ask.values["offset"]), self._size(ask)
        return self._came(at, self.rows[at : at + size], ask)

    def by_cursor(self, ask: PageRequest) -> Came:
        """Cursors c1, c2 ..."""
        index, layout = int(ask.values.get("cursor", "c0")[1:]), self.layout(self.cap)
        has_more = index + 1 < len(layout)
        return self._came(index, layout[index], ask, next=f"c{index + 1}" if has_more else None, more=has_more)

    def by_address(self, ask: PageRequest) -> Came:
        """Whole or relative addresses, in the body and in the header."""
        index, layout = int((ask.url or "#p=0").rpartition("p=")[2]), self.layout(self.cap)
        following = f"{'?' if self.relative else START + '&'}p={index + 1}" if index + 1 < len(layout) else None
        link = f'<{following}>; rel="next"' if following else '<?p=0>; rel="first"'
        return self._came(index, layout[index], ask, next=following, link=link)
