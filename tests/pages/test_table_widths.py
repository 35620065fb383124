"""No column of a real table is too narrow: every text of every page's tables is measured in the browser's own font."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from perfdash import exports
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.engine import Store
from perfdash.ui.components.column_width import WIDEST
from tests.pages.conftest import CAMPAIGN, CAMPAIGNS, HEALTH, NOON, OVERVIEW, PAGES, VIEW, fact, fetched, shown, texts
from tests.store.builders import ADMIN, given_campaign, given_client, given_creator

pytestmark = [pytest.mark.browser, pytest.mark.full]
MICRO = 1_000_000
HUGE = 987_654_321_987
CURRENCIES = {"acme": "EUR", "hoshi": "JPY", "pho": "VND"}
PERFORMANCE = f"{PAGES}/performance"
FONT = "13px system-ui, 'DejaVu Sans', sans-serif"
EDGES = 16
"""Left and right of a cell's text."""
_MEASURED = """
({ font, texts }) => {
  const ink = document.createElement("canvas").getContext("2d")
  ink.font = font
  return texts.map((text) => ink.measureText(text).width)
}
"""


@pytest.fixture
def huge(acme: Store) -> Store:
    """Three clients in three currencies, each with a campaign of 12 digits among small ones and a refund."""
    for client, currency in CURRENCIES.items():
        if client != "acme":
            given_client(acme, client, currency=currency, zone="UTC", settlement_days=3, history_days=400)
            fetched(acme, client)
        given_creator(acme, "c-1", f"@zoe.{client}", client=client)
        for n, units in enumerate((3, HUGE, -HUGE // 7, 41)):
            name = f"c{n}"
            given_campaign(acme, name, name=f"Röstfrisch Abo – Awareness Burst Summer {n}", client_id=client)
            count = max(abs(units) // 1_000, 1)
            row = {"client_id": client, "currency": currency, "campaign_id": name, "creator_id": "c-1"}
            numbers = {"impressions": count, "clicks": count // 9, "views": count, "cost": units * MICRO}
            for platform, day in (("TikTok", VIEW.start), ("Instagram", VIEW.end)):
                fact(
                    acme, **row, **numbers, revenue=units * MICRO // 3, platform=platform, day=day, reported_cpm="7.77"
                )
    return acme


def tables_of(app: AppTest) -> list[tuple[str, str, float]]:
    """(column, text, width in pixels) of every cell with a text, and of every header."""
    found = []
    for table in app.dataframe:
        columns: dict[str, dict[str, Any]] = json.loads(table.proto.columns)
        drawn = texts(table) if table.proto.arrow_data.styler.display_values else []
        for name, column in columns.items():
            if column.get("width") and not column.get("hidden"):
                kind = column.get("type_config", {}).get("type", "")
                cells = [] if "chart" in kind or kind == "list" else [row[name] for row in drawn if row.get(name)]
                found += [(name, text, column["width"]) for text in (column.get("label") or "", *cells)]
    return found


def test_every_text_of_every_table_fits_its_column(huge: Store, request: pytest.FixtureRequest) -> None:
    asked = Question(ADMIN, Filters(VIEW))
    receipt = exports.write_receipt(huge, exports.answer(huge, asked, "campaigns", NOON), lambda: NOON)
    cells: set[tuple[str, str, str, float]] = set()
    for client, currency in CURRENCIES.items():
        owned = {"account": "1", "owner": client}
        for page, query in (
            (OVERVIEW, {}),
            (OVERVIEW, {"client": client}),
            (CAMPAIGNS, {}),
            (CAMPAIGN, owned | {"campaign": "c1"}),
            (HEALTH, {}),
            (f"{PERFORMANCE}/clients.py", {}),
            (f"{PERFORMANCE}/creators.py", {}),
            (f"{PERFORMANCE}/creators.py", owned | {"creator": "c-1"}),
            (f"{PERFORMANCE}/compare.py", {"client": client}),
            (f"{PERFORMANCE}/checks.py", {"client": client}),
            (f"{PERFORMANCE}/what_changed.py", {"client": client}),
            (f"{PERFORMANCE}/what_we_reported.py", {"receipt": receipt}),
            (f"{PERFORMANCE}/what_we_reported.py", {}),
            (f"{PERFORMANCE}/corrections.py", owned | {"campaign": "c1"}),
        ):
            name = page.rpartition("/")[2]
            cells |= {(name, *cell) for cell in tables_of(shown(page, shown=currency, **query))}
    assert len({page for page, *_ in cells}) > 8
    assert {f"{HUGE * 2:,}", f"{HUGE * 2:,}.00"} <= {text for _, _, text, _ in cells}
    page = request.getfixturevalue("browser").new_page()
    ordered = sorted(cells)
    widths = page.evaluate(_MEASURED, {"font": FONT, "texts": [text for _, _, text, _ in ordered]})
    page.close()
    cut = [
        (*cell, width)
        for cell, width in zip(ordered, widths, strict=True)
        if width + EDGES > cell[3] and cell[3] < WIDEST
    ]
    assert cut == []
