"""Facts as they are stored: bare tuples, which get their names only when somebody looks at one.

An answer has hundreds of thousands of facts, and most are only compared and written: making a FactKey and a FactValues
for each would cost as much as reading it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from perfdash.domain.measures import FactValues
from perfdash.payload import FactKey

BareKey = tuple[date, str, str, str]
"""What a FactKey holds; equal to it, and found by it."""
Stored = tuple[Any, ...]
"""Currency, the measures, both reported ratios as text or None, the flags as one text: the order of schema.VALUES."""

_as_key: partial[FactKey] = partial(tuple.__new__, FactKey)


class Sheet(Mapping[FactKey, FactValues]):
    """Facts by key, like the dict that holds the same. `rows` is for whoever has many to go through."""

    __slots__ = ("rows",)

    def __init__(self, rows: Mapping[BareKey, Stored]) -> None:
        self.rows = rows

    @classmethod
    def of(cls, facts: Mapping[FactKey, FactValues]) -> Sheet:
        return facts if isinstance(facts, cls) else cls({key: stored(values) for key, values in facts.items()})

    @classmethod
    def joined(cls, many: Iterable[Mapping[FactKey, FactValues]]) -> Sheet:
        """All in one; of those with the same key the last."""
        rows: dict[BareKey, Stored] = {}
        for facts in many:
            rows.update(cls.of(facts).rows)
        return cls(rows)

    def __getitem__(self, key: FactKey) -> FactValues:
        return named(self.rows[key])

    def __contains__(self, key: object) -> bool:
        return key in self.rows

    def __iter__(self) -> Iterator[FactKey]:
        return map(_as_key, self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return repr(dict(self))


def stored(values: FactValues) -> Stored:
    *measures, cpm, roi, currency, flags = values
    return currency, *measures, plain(cpm), plain(roi), ",".join(flags)


def named(values: Stored) -> FactValues:
    """The opposite of `stored`."""
    currency, *measures, cpm, roi, flags = values
    told = tuple(flags.split(",")) if flags else ()
    return FactValues._make((*measures, _exact(cpm), _exact(roi), currency, told))


def same(one: Stored, other: Stored) -> bool:
    """True when both say the same, although one may write 2.5 where the other writes 2.50."""
    return one == other or named(one) == named(other)


def plain(number: Decimal | None) -> str | None:
    """All digits: 1E+2 and 100 are the same number and one text."""
    return None if number is None else format(number, "f")


def _exact(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
