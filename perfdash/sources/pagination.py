"""Which page comes next, and whether the pages make a whole answer (pure). Paging always ends: pages are counted."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from perfdash.errors import BadAnswer


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("true and false are no numbers")
    return value


_Count = Annotated[int, BeforeValidator(_no_truth), Field(ge=0, le=10**12)]


class PageInfo(BaseModel):
    """What the source says about its pages. Numbers may come as text."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    page: _Count
    page_size: _Count
    total_number: _Count
    total_page: _Count


class Pages:
    """The pages of one answer as they come in. Raises BadAnswer as soon as they cannot be one answer."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._first: PageInfo | None = None
        self._last: list[object] = []
        self.count = 0
        self.rows = 0

    def add(self, rows: list[object], info: PageInfo | None) -> None:
        """Take the next page."""
        self.count += 1
        if self.count == 1:
            self._first = info
            self._check_first(info)
        else:
            self._check_next(rows, info)
        self._last = rows
        self.rows += len(rows)

    def following(self) -> tuple[int, int] | None:
        """(page, page size) to ask for next, or None when the answer is whole. The size is the source's own."""
        if self._first is None:
            return None
        if self.count < self._first.total_page:
            return self.count + 1, self._first.page_size
        if self.rows != self._first.total_number:
            raise BadAnswer(
                f"the answer is incomplete: {self.rows} rows came on {self.count} pages, but page_info.total_number is "
                f"{self._first.total_number}"
            )
        return None

    def _check_first(self, info: PageInfo | None) -> None:
        if info is None:
            return
        if info.page != 1:
            raise BadAnswer(f"page 1 was asked for, but page_info.page is {info.page}")
        if info.total_page > self._most:
            raise BadAnswer(
                f"page_info.total_page is {info.total_page}, more than the {self._most} that a run may read"
            )
        if info.total_page > 1 and info.page_size < 1:
            raise BadAnswer("page_info.page_size is 0, but there are more pages")

    def _check_next(self, rows: list[object], info: PageInfo | None) -> None:
        if info is None or self._first is None:
            raise BadAnswer(f"page_info is missing on page {self.count}")
        if info.page != self.count:
            raise BadAnswer(f"page {self.count} was asked for, but page_info.page is {info.page}")
        if (info.total_page, info.total_number) != (self._first.total_page, self._first.total_number):
            raise BadAnswer(
                f"the totals changed while the pages were read: {self._first.total_number} rows on "
                f"{self._first.total_page} pages, then {info.total_number} on {info.total_page}"
            )
        if rows and rows == self._last:
            raise BadAnswer(f"page {self.count} repeats page {self.count - 1}")
