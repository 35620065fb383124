"""How much of a quota is used, as headers tell it (pure). They are a courtesy: what cannot be read is passed over."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite

from perfdash.sources.retry import LONGEST_ASKED
from perfdash.sources.vocabulary import UsageConfig

MAX_LENGTH = 64 * 1024
MAX_DEPTH = 8
_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,30})?) ?%?")


def pause_said(headers: Mapping[str, str], usage: UsageConfig | None) -> float | None:
    """Seconds to pause after an answer of any kind: the longest that a header at `pause_at` or above calls for.

    That is what the header's own `minutes` or `seconds` say, `pause_seconds` if they say nothing. None: go on.
    """
    if usage is None:
        return None
    found = [
        _regained(said, usage) or min(LONGEST_ASKED, usage.pause_seconds)
        for said in _said(headers, usage)
        if any(percent >= usage.pause_at for percent in _percents(said, usage))
    ]
    return max(found, default=None)


def pause_hinted(headers: Mapping[str, str], usage: UsageConfig | None) -> float | None:
    """Seconds to pause after an answer that says "rate limited": what `minutes` or `seconds` say, whatever the percent.

    As `pause_said` if they say nothing.
    """
    if usage is None:
        return None
    longest = max((_regained(said, usage) for said in _said(headers, usage)), default=None)
    return longest or pause_said(headers, usage)


def _said(headers: Mapping[str, str], usage: UsageConfig) -> Iterator[object]:
    """What each configured header holds, read."""
    by_name = {name.lower(): value for name, value in headers.items()}
    for name in usage.headers:
        text = by_name.get(name.lower())
        if text and len(text) <= MAX_LENGTH:
            # A header that was sent several times comes as one text with commas, which is the inside of a list.
            yield _read(f"[{text}]") or text


def _read(text: str) -> object:
    try:
        return json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return None


def _percents(said: object, usage: UsageConfig) -> Iterator[float]:
    if usage.percent:
        yield from _named(said, usage.percent)
    else:
        for one in said if isinstance(said, list) else [said]:
            yield from _number(one)


def _regained(said: object, usage: UsageConfig) -> float:
    """Seconds until access is regained; 0.0 when nothing says so."""
    asked = [60 * minutes for minutes in _named(said, usage.minutes)]
    return min(LONGEST_ASKED, max([*asked, *_named(said, usage.seconds)], default=0.0))


def _named(said: object, names: tuple[str, ...], depth: int = MAX_DEPTH) -> Iterator[float]:
    """The numbers under one of these names, at any place."""
    if not depth or not isinstance(said, dict | list):
        return
    for name, value in said.items() if isinstance(said, dict) else ((None, one) for one in said):
        if name in names:
            yield from _number(value)
        yield from _named(value, names, depth - 1)


def _number(value: object) -> Iterator[float]:
    """The number that a value is, also as text; nothing for what is none, is negative, or has no end."""
    if isinstance(value, str) and (text := _NUMBER.fullmatch(value.strip())):
        value = float(text[1])
    if isinstance(value, float) and isfinite(value) and value >= 0:
        yield value
