"""What is kept of a run's log: all of it, or its beginning and its end with a line that says what is missing."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 20_000
"""Characters kept of one run's log."""
_LONGEST_LINE = 1_000


def kept(lines: Sequence[str], longest: int = LONGEST) -> str:
    """`lines` as one text of at most `longest` characters.

    How a run began and how it ended say most about it, so what is too much is left out of the middle, and counted.
    """
    short = [line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…" for line in lines]
    if sum(map(len, short)) + len(short) <= longest:
        return "\n".join(short)
    half = (longest - len(_cut(len(short)))) // 2 - 1
    first = _fitting(short, half)
    last = _fitting(short[::-1], half)
    return "\n".join([*short[:first], _cut(len(short) - first - last), *short[len(short) - last :]])


def _fitting(lines: Sequence[str], room: int) -> int:
    """How many of `lines` fit into `room` characters, with their line breaks."""
    for count, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            return count
    return len(lines)


def _cut(count: int) -> str:
    return f"[… {count:,} lines left out …]"
