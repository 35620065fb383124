"""What kind of file some bytes are: their content decides first, then the ending of the name."""

from __future__ import annotations

import re
from typing import Literal

from perfdash.ingest.not_tabular import NotTabular

FileForm = Literal["delimited", "workbook", "json", "json lines", "zip", "gzip"]
_JSON = re.compile(rb"\s*(?:\[\s*[\[{\]]|\{\s*[\"}])")
_LINES = re.compile(rb"\s*\{[^\r\n]*\}[ \t]*\r?\n\s*\{")
_REFUSED = (
    (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook (.xls), or one with a password; save it as .xlsx without one"),
    (b"%PDF", "it is a PDF; export it as CSV or XLSX"),
    (b"\x89PNG", "it is a picture"),
    (b"PAR1", "it is a Parquet file; export it as CSV or XLSX"),
)
_PAGE = re.compile(rb"\s*<(?:!doctype|html|\?xml|table)", re.IGNORECASE)
_MARK = b"\xef\xbb\xbf"


def form_of(body: bytes, name: str) -> FileForm:
    """NotTabular for what perfdash surely cannot read."""
    for mark, problem in _REFUSED:
        if body.startswith(mark):
            raise NotTabular(problem)
    if body.startswith(b"PK\x03\x04"):
        return "workbook" if b"xl/workbook" in body else "zip"
    if body.startswith(b"\x1f\x8b"):
        return "gzip"
    head = body[:4096].removeprefix(_MARK)
    if _PAGE.match(head):
        raise NotTabular("it is a web page, not a report; export it as CSV or XLSX")
    return _form_of_text(body, head, name.lower())


def _form_of_text(body: bytes, head: bytes, name: str) -> FileForm:
    if name.endswith((".jsonl", ".ndjson")) or _LINES.match(body.removeprefix(_MARK)):
        return "json lines"
    return "json" if name.endswith(".json") or _JSON.match(head) else "delimited"
