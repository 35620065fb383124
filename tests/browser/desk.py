"""A person at a desk: clicks and types in a page, reads what stands there, and counts both."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Locator, Page, expect

ROW = 35
"""Pixels of a table's row, its header too."""
_GRID = """
(frame) => [...frame.querySelectorAll("canvas table tr")].map((row) => [...row.children].map((one) => one.textContent))
"""
_COLOURED = """
(frame, middle) => {
  const canvas = frame.querySelector("canvas")
  const scale = canvas.width / canvas.getBoundingClientRect().width
  const points = canvas.getContext("2d").getImageData(0, (middle - 6) * scale, canvas.width, 12 * scale)
  for (let x = 0; x < points.width; x += 1)
    for (let y = 0; y < points.height; y += 1) {
      const of = points.data.slice((y * points.width + x) * 4, (y * points.width + x) * 4 + 3)
      if (Math.max(...of) - Math.min(...of) > 80) return x / scale
    }
  return null
}
"""
_DRAWN = """
() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
"""


@dataclass
class Desk:
    """One browser page. `clicks` counts clicks, keys and fields that were typed into since `begin`."""

    page: Page
    clicks: int = 0
    began: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        self.clicks, self.began = 0, time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def main(self) -> Locator:
        """The page without its sidebar and menu."""
        return self.page.get_by_test_id("stMain")

    @property
    def sidebar(self) -> Locator:
        return self.page.get_by_test_id("stSidebar")

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1
        self.drawn()

    def type(self, what: Locator, text: str, key: str = "") -> None:
        """Fill a field, and press a key such as Enter in it."""
        what.click()
        what.press_sequentially(text)
        self.clicks += 2
        if key:
            what.press(key)
            self.clicks += 1
        self.drawn()

    def drawn(self) -> None:
        """Wait until the page stands still: no run for a third of a second."""
        still = 0
        while still < 3:
            self.page.wait_for_timeout(120)
            still = still + 1 if self.page.evaluate(_DRAWN) else 0

    def go(self, title: str, group: str = "") -> None:
        """Open a page by the menu; `group` is what it lies folded up under."""
        link = self.page.get_by_role("link", name=title, exact=True).first
        if group:
            self.page.get_by_test_id("stTopNavSection").filter(has_text=group).click()
            self.clicks += 1
            link = self.page.get_by_role("menuitem", name=title, exact=True)
        self.click(link)
        expect(self.main.get_by_role("heading", name=title, level=1)).to_be_visible()

    def table(self, n: int = 0) -> list[dict[str, str]]:
        """The rows of a page's table that are in sight: column -> value. Of a link the name that is shown."""
        frame = self.main.get_by_test_id("stDataFrame").nth(n)
        frame.scroll_into_view_if_needed()
        expect(frame.locator("canvas table tr").nth(1)).to_be_attached()
        head, *rows = frame.evaluate(_GRID)
        return [dict(zip(head, map(_shown, row), strict=True)) for row in rows]

    def card(self, n: int = 0) -> dict[str, str]:
        """The texts of a row as they are shown, by its card (which a wide screen hides)."""
        card = self.main.locator("[class*=st-key-cards_] li").nth(n)
        found: dict[str, str] = card.evaluate(
            "card => Object.fromEntries([['name', card.querySelector('a, strong').textContent],"
            "...[...card.querySelectorAll('dt')].map(dt => [dt.textContent, dt.nextElementSibling.textContent])])"
        )
        return found

    def open_row(self, row: int, table: int = 0, **options: Any) -> None:
        """Click on what looks like a link in a row, or else on its first cell."""
        frame = self.main.get_by_test_id("stDataFrame").nth(table)
        frame.scroll_into_view_if_needed()
        at: Any = {"x": self.link_at(frame, row), "y": (row + 1.5) * ROW}
        frame.hover(position=at)
        self.page.wait_for_timeout(200)  # a table takes a moment to see what lies under the pointer
        frame.click(position=at, **options)
        self.clicks += 1
        self.page.wait_for_timeout(300)
        self.drawn()

    def link_at(self, frame: Locator, row: int) -> int:
        """How far from the left a row's first coloured letter stands, which is a link's."""
        found: int | None = frame.evaluate(_COLOURED, (row + 1.5) * ROW)
        return 24 if found is None else found + 8

    def texts(self, what: Locator) -> list[str]:
        return [plain(one) for one in what.all_inner_texts()]

    def sentence(self, holding: str | re.Pattern[str]) -> str:
        """The first line of the page with these words."""
        found = self.main.locator("p, h1, h2, h3").filter(has_text=holding).first
        expect(found).to_be_visible()
        return plain(found.inner_text())


def _shown(cell: str) -> str:
    """What a cell reads; the text of a link of ours stands in its address (see `navigation.address`)."""
    named = re.search(r"[?&]name=([^&]*)", cell) if cell.startswith("./") else None
    return named[1] if named else cell


def plain(text: str) -> str:
    """Without what joins words invisibly, in one line."""
    return re.sub(r"\s+", " ", text.replace("\u2060", "")).strip()
