"""How rows of any API are read: a recipe of fields, compiled once from a source's configuration."""

from __future__ import annotations

from collections import abc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from perfdash.domain.day_spelling import DayReading
from perfdash.domain.measures import ALWAYS, MEASURES, MONEY, OPTIONAL
from perfdash.domain.numbers import POSSIBLE, NumberReading, NumberStyle, RefusedValue
from perfdash.domain.values import WRONG_TYPE

Periods = Literal["refuse", "first_day", "last_day"]

NAMES = (
    *("campaign", "day", "last_day", "platform", "creator", "account"),
    *(*ALWAYS, "currency", "cpm", *OPTIONAL, "roi"),
    *("campaign_name", "status", "budget", "budget_kind", "flight_start", "flight_end", "creator_name"),
)
"""Every field of ours, in the order in which a row's first problem is looked for."""
NUMBERS = frozenset((*ALWAYS, *OPTIONAL, "cpm", "roi", "budget"))
"""The fields that can be zero when they are missing."""
WHOLE = frozenset(measure.name for measure in MEASURES if measure.unit == "count")
DAYS = frozenset(("day", "last_day", "flight_start", "flight_end"))
AMOUNTS = frozenset((*MONEY, "cpm", "budget"))


def number_reading(name: str, power: int = 0, styles: tuple[NumberStyle, ...] = POSSIBLE) -> NumberReading:
    """How the numbers of our field `name` are read, before anything is known of an answer."""
    percent = 0 if power == -2 else -2 if name == "roi" else None
    return NumberReading(styles, name in WHOLE and power == 0, name in AMOUNTS, percent=percent)


@dataclass(frozen=True, slots=True)
class Pick:
    """Of a list of objects the `value` of the one whose `by` is `wanted`; nothing is ever added up.

    With `zero_when_missing` a list without that one says 0. A list that is not there says nothing.
    """

    by: Callable[[object], object]
    wanted: str
    value: Callable[[object], object]
    zero_when_missing: bool = False

    def of(self, items: object, label: str) -> object:
        """The value, or None. RefusedValue for anything but a list, and for two different values."""
        if items is None:
            return None
        if not isinstance(items, list):
            raise RefusedValue(f"{label} {WRONG_TYPE}")
        found = [self.value(item) for item in items if self._is_wanted(item)]
        if any(type(value) is not type(found[0]) or value != found[0] for value in found[1:]):
            raise RefusedValue(f"{label} is there twice")
        return found[0] if found else 0 if self.zero_when_missing else None

    def _is_wanted(self, item: object) -> bool:
        said = self.by(item)
        return said == self.wanted or (type(said) is int and abs(said) < 10**18 and str(said) == self.wanted)


@dataclass(frozen=True, slots=True)
class Field:
    """Where one field of ours stands in a row of theirs, and how its value is to be understood."""

    name: str
    label: str
    """What reasons and quarantined rows call it: their name for it."""
    find: Callable[[object], object]
    keys: tuple[str, ...] | None = None
    """The path as plain keys, when it is no more than that; such a field is read for all rows at once."""
    constant: str | None = None
    pick: Pick | None = None
    power: int = 0
    """The number as it comes x 10^power is in units."""
    numbers: NumberReading = field(default_factory=NumberReading)
    days: DayReading = field(default_factory=DayReading)
    spellings: abc.Mapping[str, str] = field(default_factory=dict)
    """Their word, casefolded -> ours."""
    zero_when_missing: bool = False
    from_file: bool = False
    """Its values may have been through a spreadsheet."""

    def value(self, record: object) -> object:
        """What stands in one row. RefusedValue when it is a list that `pick` cannot choose from."""
        if self.constant is not None:
            return self.constant
        found = self.find(record)
        return found if self.pick is None else self.pick.of(found, self.label)

    def spelled(self, text: str) -> str:
        """Our word for theirs; an unknown one as it came."""
        return self.spellings.get(text.strip().casefold(), text) if self.spellings else text


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """All fields of a source's rows, by our name. `missing`: texts that say "not reported"."""

    fields: abc.Mapping[str, Field]
    missing: tuple[str, ...] = ()
    accounts: tuple[Field, ...] = ()
    """Where a row may name its account; the first that it has decides."""
    finer: tuple[Field, ...] = ()
    """By what rows are finer than facts; none: a fact is one row."""
    where: Callable[[object], object] | None = None
    """What must hold of a row, or else it is left out."""
    periods: Periods = "refuse"
    """On which of its days a row over several days is booked."""
    from_file: bool = False
    """The rows come from a file, which may end with totals and remarks, and may have been through a spreadsheet."""
