"""Which request comes next, and whether the pages make a whole answer (pure). Paging always ends: pages are counted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from perfdash.config.source_models import (
    CursorPaging,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    PagePaging,
    Paging,
)
from perfdash.domain.errors import BadAnswer
from perfdash.ingest import field_paths
from perfdash.sources.paginators import Cursors, PageNumbers, RepeatedTotal, is_present, next_link, resolve_next

_SAMPLE = 16


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a request is made of: the placeholders page, page_size, offset and cursor that have a value in it, and
    perhaps `url`, a whole next address at the source's own origin, to which only a body is filled in."""

    values: Mapping[str, str] = field(default_factory=dict)
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Came:
    """One page: its rows, the parsed body around them, the address it was asked at, its `Link` header.

    Without a body (204) it has no rows, and nothing comes after it.
    """

    rows: Sequence[object]
    body: object
    url: str
    link: str = ""
    objects: int | None = None
    """How many objects hold the rows, where these stand inside others: an API counts those."""

    @property
    def count(self) -> int:
        """How many there are in the API's own counting."""
        return len(self.rows) if self.objects is None else self.objects


class Pages:
    """The pages of one answer as they come in.

    Raises BadAnswer as soon as they cannot be one answer, SourceRefused for a next address at another origin. At `most`
    that many pages are read. `size` replaces that of the configuration. `count` and `rows` say what came so far.
    """

    def __init__(self, paging: Paging, most: int, base_url: str, size: int | None = None) -> None:
        self._most = most
        self._total = RepeatedTotal(paging.total_rows)
        self._kind = _kind(paging, self._total, most, base_url, size)
        self._seen: dict[bytes, int] = {}
        self.count = 0
        self.rows = 0
        self._inner = 0

    def first(self) -> PageRequest:
        return self._kind.first()

    def add(self, came: Came) -> PageRequest | None:
        """Take the next page: the request to make after it, or None when the answer is whole."""
        self.count += 1
        self.rows += came.count
        self._inner += len(came.rows)
        following = None if came.body is None else self._kind.after(came, self.count, self.rows)
        self._refuse_repeat(came.rows)
        self._check_rows(whole=following is None)
        if following is not None and self.count >= self._most:
            raise BadAnswer(f"there are more than the {self._most} pages that a run may read; ask for fewer days")
        return following

    def _refuse_repeat(self, rows: Sequence[object]) -> None:
        if rows and (first := self._seen.setdefault(_digest(rows), self.count)) != self.count:
            raise BadAnswer(f"page {self.count} repeats page {first}")

    def _check_rows(self, whole: bool) -> None:
        said = self._total.value
        if said is None or (whole and said == self._inner):
            return
        came = f"{self.rows} rows came on {self.count} pages, but {self._total.expression} is {said}"
        if self.rows > said and self._inner > said:
            raise BadAnswer(f"the answer is longer than it says: {came}")
        if whole and self.rows != said:
            raise BadAnswer(f"the answer is incomplete: {came}")


def _digest(rows: Sequence[object]) -> bytes:
    """The number of rows and a sample of them, both ends included: all of them would cost more than reading them.

    Pages that agree in all of these but differ between them still hold rows that came before, which no answer may.
    """
    last = len(rows) - 1
    sample = rows if last < _SAMPLE else [rows[last * step // (_SAMPLE - 1)] for step in range(_SAMPLE)]
    return hashlib.blake2b(f"{last} {sample!r}".encode()).digest()


class _Kind(Protocol):
    """One type of paging."""

    def first(self) -> PageRequest: ...
    def after(self, came: Came, count: int, rows: int) -> PageRequest | None: ...


def _kind(paging: Paging, total: RepeatedTotal, most: int, base_url: str, size: int | None) -> _Kind:
    if isinstance(paging, NoPaging):
        return _Once(total)
    size = size or paging.size
    if isinstance(paging, PagePaging):
        return _ByNumber(PageNumbers(paging, total, most, size))
    sized = {} if size is None else {"page_size": str(size)}
    if isinstance(paging, OffsetPaging):
        return _ByOffset(total, sized)
    if isinstance(paging, CursorPaging):
        return _ByCursor(Cursors(paging), total, sized)
    return _ByAddress(paging, base_url, total, sized)


class _Once:
    def __init__(self, total: RepeatedTotal) -> None:
        self._total = total

    def first(self) -> PageRequest:
        return PageRequest()

    def after(self, came: Came, count: int, rows: int) -> PageRequest | None:
        self._total.read(came.body)
        return None


class _ByNumber:
    def __init__(self, numbers: PageNumbers) -> None:
        self._numbers = numbers

    def first(self) -> PageRequest:
        return PageRequest(self._numbers.first())

    def after(self, came: Came, count: int, rows: int) -> PageRequest | None:
        values = self._numbers.after(came.body, came.count, count, rows)
        return None if values is None else PageRequest(values)


class _ByOffset:
    def __init__(self, total: RepeatedTotal, sized: Mapping[str, str]) -> None:
        self._total, self._sized = total, sized

    def first(self) -> PageRequest:
        return PageRequest({"offset": "0", **self._sized})

    def after(self, came: Came, count: int, rows: int) -> PageRequest | None:
        self._total.read(came.body)
        if not came.count or rows == self._total.value:
            return None
        return PageRequest({"offset": str(rows), **self._sized})


class _ByCursor:
    def __init__(self, cursors: Cursors, total: RepeatedTotal, sized: Mapping[str, str]) -> None:
        self._cursors, self._total, self._sized = cursors, total, sized

    def first(self) -> PageRequest:
        return PageRequest(self._sized)

    def after(self, came: Came, count: int, rows: int) -> PageRequest | None:
        self._total.read(came.body, may_be_absent=count > 1)
        cursor = self._cursors.after(came.body)
        return None if cursor is None else PageRequest({"cursor": cursor, **self._sized})


class _ByAddress:
    """`next` finds the address in the body; without it the `Link` header says it."""

    def __init__(
        self, paging: NextUrlPaging | LinkPaging, base_url: str, total: RepeatedTotal, sized: Mapping[str, str]
    ) -> None:
        self._next_at = paging.next if isinstance(paging, NextUrlPaging) else None
        self._any_scheme = paging.scheme == "any"
        self._base_url, self._total, self._sized = base_url, total, sized
        self._seen: dict[str, int] = {}

    def first(self) -> PageRequest:
        return PageRequest(self._sized)

    def after(self, came: Came, count: int, rows: int) -> PageRequest | None:
        self._total.read(came.body, may_be_absent=count > 1)
        self._seen.setdefault(came.url, count)
        said = self._said(came)
        if said is None:
            return None
        address = resolve_next(said, came.url, self._base_url, self._any_scheme)
        if address in self._seen:
            first = self._seen[address]
            circle = " -> ".join(f"page {number}" for number in [*range(first, count + 1), first][-6:])
            raise BadAnswer(f"the next page after page {count} is said to be page {first} again: {circle}")
        self._seen[address] = count + 1
        return PageRequest(self._sized, address)

    def _said(self, came: Came) -> str | None:
        if self._next_at is None:
            return next_link(came.link, came.url)
        found = field_paths.look_up(self._next_at)(came.body)
        if not is_present(found):
            return None
        if not isinstance(found, str):
            raise BadAnswer(f"{self._next_at} is not text, so it is no address of a next page")
        return found
