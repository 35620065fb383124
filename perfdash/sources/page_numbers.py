"""Paging by page number: which page comes next, and whether the source gave the one that was asked for (pure)."""

from __future__ import annotations

from perfdash import paths
from perfdash.errors import BadAnswer
from perfdash.sources.totals import RepeatedTotal, number_at, parent
from perfdash.sources.vocabulary import PagePaging


class PageNumbers:
    """The {page} and {page_size} of each request. `total` is that of all rows; `most` pages may be read."""

    def __init__(self, paging: PagePaging, total: RepeatedTotal, most: int, size: int | None) -> None:
        self._paging, self._total, self._most = paging, total, most
        # A first request without a size is answered in pages of the source's own: another one would skip rows.
        self._size = None if paging.first_unasked else size
        self._pages = RepeatedTotal(paging.total_pages)
        self._places = [at for at in (paging.page_at, paging.size_at, paging.total_pages, paging.total_rows) if at]

    def first(self) -> dict[str, str]:
        """The placeholders of the first request."""
        return {} if self._paging.first_unasked else self._values(1)

    def after(self, body: object, came: int, count: int, rows: int) -> dict[str, str] | None:
        """Those of the request after page `count`, which brought `came` of the `rows` so far; None: that was all."""
        if self._says_nothing(body):
            if count > 1:
                raise BadAnswer(f"{parent(self._places[0])} is missing on page {count}")
            if self._paging.first_unasked:
                return None
        self._check_number(body, count)
        self._pages.read(body)
        self._total.read(body)
        self._check_pages(came, count)
        more = self._more(came, count, rows)
        self._read_size(body, came, count, more)
        return self._values(count + 1) if more else None

    def _says_nothing(self, body: object) -> bool:
        """True when the objects that hold page numbers and totals are absent, not just a line of them."""
        found = (paths.look_up(at)(body) for place in self._places for at in (place, parent(place)))
        return bool(self._places) and all(value is None for value in found)

    def _check_number(self, body: object, count: int) -> None:
        at = self._paging.page_at
        if at and (found := number_at(at, body)) != (asked := self._number(count)):
            raise BadAnswer(f"page {asked} was asked for, but {at} is {found}")

    def _check_pages(self, came: int, count: int) -> None:
        label, pages = self._pages.expression, self._pages.value
        if pages is None:
            return
        if pages > self._most:
            raise BadAnswer(f"{label} is {pages}, more than the {self._most} that a run may read; ask for fewer days")
        if count == 1 and came and not pages and self._total.value is None:
            raise BadAnswer(f"{label} is 0, but {came} rows came")

    def _more(self, came: int, count: int, rows: int) -> bool:
        if self._pages.value is not None:
            return count < self._pages.value
        return came > 0 and rows != self._total.value

    def _read_size(self, body: object, came: int, count: int, more: bool) -> None:
        at = self._paging.size_at
        if at is None:
            return
        said, asked = number_at(at, body), self._size
        if more and said < 1:
            raise BadAnswer(f"{at} is 0, but there are more pages")
        if asked is not None and said > asked and (count > 1 or (more and came <= asked)):
            # The rows between a page of the size asked for and the next one of the greater size would be lost.
            raise BadAnswer(f"pages of {asked} rows were asked for, but {at} is {said} on page {count}")
        if count == 1:
            self._size = said

    def _number(self, count: int) -> int:
        return self._paging.first + count - 1

    def _values(self, count: int) -> dict[str, str]:
        values = {"page": str(self._number(count))}
        return values if self._size is None else values | {"page_size": str(self._size)}
