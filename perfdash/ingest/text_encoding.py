"""Bytes -> text, and by which encoding: a byte order mark says it, zeros show UTF-16, the rest is UTF-8 or else
Windows-1252."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from perfdash.ingest.not_tabular import NotTabular

_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),  # begins as that of UTF-16 does, so it comes first
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)
_SAMPLE = 4096
_MOSTLY = 0.4
"""The share of zeros on one side of a sample from which on it is UTF-16 of a European language."""
_HIGH = re.compile(rb"[\x80-\xff]+")
_WHOLE = re.compile(rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A file's text without its byte order mark; `encoding` is what people call it."""

    text: str
    encoding: str


def decode(body: bytes) -> DecodedText:
    """NotTabular for what is no text, or text in more than one encoding."""
    for mark, codec, name in _MARKS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], codec, name)
    likely = _without_mark(body[:_SAMPLE])
    if likely is not None:
        return _decoded(body, likely, "UTF-16")
    try:
        return _checked(DecodedText(body.decode(), "UTF-8"))
    except UnicodeDecodeError:
        return _windows(body)


def _decoded(body: bytes, codec: str, name: str) -> DecodedText:
    try:
        return _checked(DecodedText(body.decode(codec), name))
    except UnicodeDecodeError:
        raise NotTabular(f"it begins as {name} text, but goes on as something else") from None


def _checked(found: DecodedText) -> DecodedText:
    if "\0" in found.text:
        raise NotTabular("it is not text")
    return found


def _without_mark(sample: bytes) -> str | None:
    """UTF-16 in which every second byte of a sample is mostly zero, and hardly any other one."""
    half = len(sample) // 2
    if half < 2:
        return None
    first, second = sample[0 : 2 * half : 2].count(0) / half, sample[1 : 2 * half : 2].count(0) / half
    if second > _MOSTLY and first < _MOSTLY / 4:
        return "utf-16-le"
    return "utf-16-be" if first > _MOSTLY and second < _MOSTLY / 4 else None


def _windows(body: bytes) -> DecodedText:
    """What is no UTF-8. A text that is mostly UTF-8 was damaged: read as Windows-1252 all its names would change."""
    runs = _HIGH.findall(body)
    if 2 * sum(_WHOLE.fullmatch(run) is not None for run in runs) > len(runs):
        raise NotTabular("it is UTF-8 text with damaged characters; export it anew")
    try:
        return _checked(DecodedText(body.decode("cp1252"), "Windows-1252"))
    except UnicodeDecodeError:
        raise NotTabular("it is no text in UTF-8, UTF-16 or Windows-1252; save it as UTF-8") from None


def is_marked_utf16(body: bytes) -> bool:
    """Whether a byte order mark says that it is UTF-16."""
    return body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def to_utf8(body: bytes) -> bytes:
    """The same text as UTF-8, without a mark."""
    return decode(body).text.encode()
