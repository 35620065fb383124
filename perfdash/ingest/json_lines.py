"""JSON lines -> rows: an object in each line, as strict as any JSON."""

from __future__ import annotations

from typing import Any

from perfdash.ingest.json_reader import NotStrictJson, loads, text_of


def read_json_lines(body: bytes) -> list[Any]:
    """NotStrictJson for a line that is no object of its own."""
    lines = [line for line in text_of(body).splitlines() if line.strip()]
    found = loads(b"[" + b",\n".join(lines) + b"]")
    if len(found) != len(lines) or any(type(row) is not dict for row in found):
        raise NotStrictJson("each of its lines must be one JSON object")
    return list(found)
