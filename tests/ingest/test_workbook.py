"""Excel workbooks: values as they are shown, the sheet that fits, and no more memory than what is really in them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from perfdash.ingest.file_table import FileTable
from perfdash.ingest.header_line import HeaderWish
from perfdash.ingest.not_tabular import NotTabular
from perfdash.ingest.workbook import SheetWish, read_workbook
from tests.fixtures.workbooks import Formula, package, sheet_xml, workbook
from tests.house.source_tree import ROOT

HEAD = ["Date", "Campaign", "Impressions", "Clicks", "Cost"]
WISH = HeaderWish(frozenset(name.lower() for name in HEAD))
AMOUNTS = frozenset(("impressions", "clicks", "cost"))
ROW = [date(2026, 11, 1), "c1", 100, 1, 5.25]
MIB = 2**20
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def fits(names: Sequence[str]) -> bool:
    return "Cost" in names


def read(body: bytes, sheet: str | None = None, most: int = 64 * MIB, line: int | None = None) -> FileTable:
    return read_workbook(body, HeaderWish(WISH.names, line), SheetWish(fits, sheet), most, AMOUNTS)


def refused(body: bytes, **how: Any) -> str:
    with pytest.raises(NotTabular) as caught:
        read(body, **how)
    return str(caught.value)


def test_days_are_iso_text_and_numbers_are_what_is_shown() -> None:
    rows = [
        HEAD,
        ROW,
        [datetime(2026, 11, 2, 9, 30), 2026, 3.0, 0, 0.1 + 0.2],  # noqa: DTZ001  a label
        ["2026-11-03", True, Formula("1+1", 2), 0, 1e-7],
        [date(2026, 11, 4), 120207000000000001, 1, 0, Decimal("-12.5")],
    ]
    assert [tuple(row.values()) for row in read(workbook({"Report": rows})).rows] == [
        ("2026-11-01", "c1", 100, 1, Decimal("5.25")),
        ("2026-11-02 09:30:00", 2026, 3, 0, Decimal("0.3")),
        ("2026-11-03", "TRUE", 2, 0, Decimal("1E-7")),
        ("2026-11-04", "1.20207e+17", 1, 0, Decimal("-12.5")),
    ]


def test_a_formula_is_its_saved_value_and_one_that_looks_like_text_stays_text() -> None:
    rows = [HEAD, [date(2026, 11, 1), Formula('HYPERLINK("http://x")', "shown"), 1, 1, 1], [None, "=1+1", 1, 1, 1]]
    assert [row["Campaign"] for row in read(workbook({"Report": rows})).rows] == ["shown", "=1+1"]


def test_titles_above_and_notes_below_are_no_rows() -> None:
    table = read(workbook({"Report": [["A report"], [], HEAD, ROW, [], ["Total: 1"]]}))
    assert (len(table.rows), table.said) == (1, ("header in line 3", "1 line after the table left out"))
    assert read(workbook({"Report": [["x", "y"], [], HEAD, ROW]}), line=3).rows.names == tuple(HEAD)


def test_the_sheet_is_the_one_that_fits_or_the_one_that_is_named() -> None:
    notes, other = [["Notes"], ["nothing"]], [*HEAD[:4], "Price"]
    body = workbook({"Notes": notes, "Report": [HEAD, ROW], "Old": [other, ROW]})
    assert read(body).said == ('sheet "Report"',)
    assert read(body, "Old").rows.names[-1] == "Price"
    assert 'it has: "Notes", "Report", "Old"' in refused(body, sheet="Nowhere")
    both = workbook({"May": [HEAD, ROW], "June": [HEAD, ROW]})
    assert refused(both) == 'several of its sheets fit: "May", "June"; say which with --sheet or records.sheet'
    assert len(read(workbook({"May": [HEAD, ROW], "Old": [HEAD, ROW]}, hidden=["Old"])).rows) == 1


@pytest.mark.parametrize("body", [workbook({"A": []}), workbook({"A": [["only a title"]]}), workbook({"A": [[1, 2]]})])
def test_a_sheet_without_a_table_is_told(body: bytes) -> None:
    assert refused(body) in (
        "it is empty",
        "no line of its sheet looks like the header of a table; records.header can say in which line it stands",
    )


# --- hostile ones


def sheet(content: str) -> bytes:
    return package({"xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{content}</worksheet>'}, ["Report"])


FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="{}1048576"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (FAR.format("XFD"), "has 16,384 columns"),
        (FAR.format("ZZ"), "cells that lie too far apart"),
        (FAR.format("ZZ").replace('r="', "r = '").replace('">', "'>"), "cells that lie too far apart"),
        (FAR.format("ZZ").replace("<row", "<x:row").replace("<c", "<x:c"), "cells that lie too far apart"),
        (FAR.format("ZZ").replace(' r="ZZ', " " * 200_000 + 'r="ZZ'), "cells that lie too far apart"),
        ("<row>" + "<c><v>1</v></c>" * 5_000 + "</row>", "has 5,000 columns"),
        ('<row r="1048570">' + "<c><v>1</v></c>" * 900 + "</row>", "cells that lie too far apart"),
        ("<row>" * 100 + "<c/>" * 21_000_000, "cells that lie too far apart"),
    ],
    ids=["wide", "sparse", "spaced", "prefixed", "padded", "unplaced wide", "unplaced sparse", "too many"],
)
def test_cells_that_lie_far_apart_are_refused_before_room_is_made_for_them(content: str, says: str) -> None:
    assert says in refused(sheet(f"<sheetData>{content}</sheetData>"), most=256 * MIB)


def test_5000_columns_are_refused() -> None:
    assert "5,000 columns" in refused(workbook({"A": [[f"c{n}" for n in range(5_000)], list(range(5_000))]}))


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    assert "it unpacks to more than 8 MiB" in refused(workbook({"A": [HEAD, ["x" * 9 * MIB, "", 1, 1, 1]]}), most=MIB)


def test_a_member_that_lies_about_its_size_is_refused() -> None:
    body = workbook({"Report": [HEAD, *[ROW] * 500]})
    size = len(sheet_xml([HEAD, *[ROW] * 500])).to_bytes(4, "little")
    assert size in body
    assert "no ZIP archive that can be read" in refused(body.replace(size, (100).to_bytes(4, "little")))


@pytest.mark.parametrize(
    "make", [lambda b: b + b"more", lambda b: b[:-30], lambda b: b.replace(b"xl/styles", b"xl/stylez")]
)
def test_a_damaged_archive_is_refused_or_read_the_same(make: Any) -> None:
    body = make(workbook({"Report": [HEAD, ROW]}))
    try:
        found = [row["Campaign"] for row in read(body).rows]
    except NotTabular:
        return
    assert found == ["c1"]


MEASURED = """
import sys
from perfdash.ingest.header_line import HeaderWish
from perfdash.ingest.workbook import SheetWish, read_workbook
body = open(sys.argv[1], "rb").read()
table = read_workbook(body, HeaderWish(frozenset(("date", "campaign"))), SheetWish(lambda names: True), 2**26)
most = [line for line in open("/proc/self/status") if line.startswith("VmHWM")][0].split()[1]
print(len(table.rows), most)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells how much a process once held")
@pytest.mark.full
def test_200_000_rows_are_read_within_300_mib(tmp_path: Any) -> None:
    names = [*HEAD, "Ad group", "Ad", "Country", "Device", "Reach", "Video views", "Conversions"]
    rows: list[list[Any]] = [names]
    for n in range(200_000):
        day = date.fromordinal(739_000 + n // 700)
        names = [f"Campaign {n % 300}", f"Group {n % 2_000}", f"Ad {n % 9_000}", "Germany", "mobile"]
        rows.append([day, names[0], n * 7, n % 90, n / 100, *names[1:], n * 5, n % 4_000, (n % 50) / 2])
    path = tmp_path / "big.xlsx"
    path.write_bytes(workbook({"Report": rows}))
    del rows
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    read_rows, kib = map(int, done.stdout.split())
    assert read_rows == 200_000
    assert kib < 300 * 1024, f"{kib / 1024:.0f} MiB"
