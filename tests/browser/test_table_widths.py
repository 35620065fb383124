"""No table cuts a number or a name, on either side: its canvas is compared with one drawn with room to spare."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.widths_app import GENEROUS, ROWS
from tests.fixtures.app import AppServer, serving
from tests.fixtures.command_line import ROOT

pytestmark = pytest.mark.browser

CURRENCIES = ("JPY", pytest.param("EUR", marks=pytest.mark.full), pytest.param("KWD", marks=pytest.mark.full), "VND")
POSITIONS = (*(pytest.param(n, marks=pytest.mark.full) for n in range(1, ROWS)), 0)
_COMPARED = """
({ widths, generous, rows }) => {
  const pixels = (canvas) => {
    const image = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
    const at = (x, y) => image.data.slice((y * canvas.width + x) * 4, (y * canvas.width + x) * 4 + 4).join()
    return { at, height: canvas.height }
  }
  const [drawn, roomy] = [...document.querySelectorAll("[data-testid=stDataFrame]")].map((one) => {
    const [body, header] = [...one.querySelectorAll("canvas")].map(pixels)
    return { body, header }
  })
  const head = drawn.header.height
  const line = (drawn.body.height - head) / rows
  const ink = (table, left, right, top) => {
    const ground = table.at(left, top)
    const seen = []
    for (let y = top; y < top + line - 8; y += 1)
      for (let x = left; x < right; x += 1) if (table.at(x, y) !== ground) seen.push([x, y])
    return seen
  }
  const problems = []
  let left = 0
  widths.forEach((width, n) => {
    for (let row = 0; row <= rows; row += 1) {
      const top = row ? head + (row - 1) * line + 4 : 4
      const part = row ? "body" : "header"
      const own = ink(drawn[part], left + 2, left + width - 2, top)
      const other = ink(roomy[part], n * generous + 2, (n + 1) * generous - 2, top)
      const extent = (seen) => seen.length && Math.max(...seen.map(([x]) => x)) - Math.min(...seen.map(([x]) => x))
      const [found, wanted] = [extent(own), extent(other)]
      // The edge of a letter may fall on another part of a pixel; a digit that is cut has more points than that.
      if (Math.abs(found - wanted) > 1 || Math.abs(own.length - other.length) > 4)
        problems.push(`column ${n}, line ${row}: ${own.length} of ${other.length} points, ${found} of ${wanted} px`)
      else if (!other.length) problems.push(`column ${n}, line ${row}: nothing is drawn`)
    }
    left += width
  })
  return problems
}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The page of tests/browser/widths_app.py."""
    script = Path(__file__).with_name("widths_app.py")
    options = ("--server.port", "{port}", "--server.address", "127.0.0.1", "--server.headless", "true")
    folder = tmp_path_factory.mktemp("widths")
    with serving(ROOT, folder, {"PYTHONPATH": str(ROOT)}, ("-m", "streamlit", "run", str(script), *options)) as running:
        yield running


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("position", POSITIONS)
def test_a_number_of_12_digits_is_whole_in_every_kind_of_column(
    server: AppServer, browser: Browser, currency: str, position: int
) -> None:
    context = browser.new_context(viewport={"width": 15 * GENEROUS + 400, "height": 900})
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(f"{server.url}/?currency={currency}&at={position}")
    expect(page.get_by_text("drawn", exact=True)).to_be_visible(timeout=120_000)
    expect(page.locator("canvas[data-testid=data-grid-canvas]")).to_have_count(2)
    page.wait_for_function("document.fonts.status === 'loaded'")
    page.wait_for_timeout(1_000)  # the grid draws in frames of its own
    widths, generous = json.loads(page.get_by_test_id("stCode").inner_text())
    assert set(generous) == {GENEROUS}
    arguments = {"widths": widths, "generous": GENEROUS, "rows": ROWS}
    assert page.evaluate(_COMPARED, arguments) == []
    context.close()
