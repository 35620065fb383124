"""How days are written: one exact pattern each, so that 03/04 is never guessed to be in March or in April."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_CODES = {
    "%Y": ("([0-9]{4})", "YYYY"),
    "%y": ("([0-9]{2})", "YY"),
    "%m": ("([0-9]{2})", "MM"),
    "%d": ("([0-9]{2})", "DD"),
}


@dataclass(frozen=True, slots=True)
class DayStyle:
    """How a day is written."""

    written: str
    """For people: YYYY-MM-DD."""
    pattern: re.Pattern[str]
    """One group each for year, month and day."""
    groups: tuple[int, int, int]
    """Which group is the year, the month and the day."""
    century: int = 0
    """Added to the year: two digits are a year of this century."""

    def read(self, text: str) -> date | None:
        """The day of exactly such a text, or None."""
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        year, month, day = found.group(*self.groups)
        try:
            return date(int(year) + self.century, int(month), int(day))
        except ValueError:
            return None


def day_style(written: str = "%Y-%m-%d") -> DayStyle:
    """The style of a format of %Y (or %y), %m and %d, each once; every other character stands for itself."""
    parts = re.split("(%[Yymd])", written)
    pattern = "".join(_CODES[part][0] if part in _CODES else re.escape(part) for part in parts)
    for_people = "".join(_CODES[part][1] if part in _CODES else part for part in parts)
    order = [part[1].lower() for part in parts if part in _CODES]
    groups = (order.index("y") + 1, order.index("m") + 1, order.index("d") + 1)
    return DayStyle(for_people, re.compile(pattern, re.ASCII), groups, 2000 if "%y" in parts else 0)


ISO = day_style()
