"""What an answer says about its own size: whole numbers at configured places, the same on every page (pure)."""

from __future__ import annotations

import re
from decimal import Decimal

from perfdash import paths
from perfdash.errors import BadAnswer

MOST = 10**12
_DIGITS = re.compile("[0-9]{1,15}")
_NAMES = re.compile(r"(?P<parent>\w+(?:\.\w+)*)\.\w+", re.ASCII)


def whole(value: object) -> int | None:
    """A number from 0 to 10^12 that arrived as int, whole Decimal or digits; None for all else, true and false too."""
    if isinstance(value, str):
        value = int(value) if _DIGITS.fullmatch(value) else None
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    # The bounds come before int(), for which 1E+999999 is a matter of minutes; NaN has none.
    if (isinstance(value, Decimal) and value.is_nan()) or not 0 <= value <= MOST:
        return None
    return int(value) if value == int(value) else None


def number_at(expression: str, body: object) -> int:
    """The whole number that `expression` finds in an answer. BadAnswer, which names the expression, without one."""
    found = whole(paths.look_up(expression)(body))
    if found is None:
        raise BadAnswer(f"{expression} is missing or not a whole number")
    return found


def parent(expression: str) -> str:
    """Of `a.b.c` the object that holds it, `a.b`; of anything else the expression itself."""
    names = _NAMES.fullmatch(expression)
    return names["parent"] if names else expression


class RepeatedTotal:
    """A number that the pages repeat, such as that of all rows. `value` is None until it came."""

    def __init__(self, expression: str | None) -> None:
        self.expression = expression
        self.value: int | None = None

    def read(self, body: object, *, may_be_absent: bool = False) -> None:
        """Take it from the next page. BadAnswer when it changed, is no whole number, or is absent and may not be."""
        if self.expression is None:
            return
        if may_be_absent and paths.look_up(self.expression)(body) is None:
            return
        found = number_at(self.expression, body)
        if self.value is not None and found != self.value:
            raise BadAnswer(
                f"the totals changed while the pages were read: {self.expression} was {self.value}, then {found}; "
                "sync again"
            )
        self.value = found
