"""How the API's story of a day changes with the day it is told.

settling      the numbers of the first seven days grow to their final value; revenue lags behind cost
late          one campaign and platform's day in 85 is restated once more, 12 to 20 days after
removal       one line's day in 100 is taken out as suspected fraud 3 to 10 days after; half of these are reinstated
              4 to 11 days later

`age` is always the days between a row's day and the day of the question, and each change is a function of the row and
its age alone: asked twice for the same day, the API says the same.
"""

from __future__ import annotations

from typing import Any

from perfdash.demo.delivery import COUNTS, Delivery
from perfdash.demo.noise import STEP, mix
from perfdash.demo.plan import Placement
from perfdash.demo.roster import SETTLEMENT_DAYS

# Thousandths of the final value by age. Integers, so that growing shares can never give shrinking numbers.
_DELIVERY = (
    (430, 868, 931, 958, 975, 987, 995),
    (470, 902, 948, 969, 981, 990, 997),
    (390, 835, 912, 949, 970, 984, 994),
    (450, 914, 962, 983, 991, 996, 999),
)
_COST = (
    (440, 874, 934, 960, 976, 987, 995),
    (455, 890, 945, 968, 980, 990, 997),
    (405, 851, 920, 952, 972, 985, 994),
    (450, 905, 957, 981, 990, 996, 999),
)
_REVENUE = (170, 560, 710, 800, 870, 930, 972)
_LATE = (912, 934, 951, 968, 1036, 1049, 1072, 1094)
_FIRST_LATE, _LATE_SPREAD, _FIRST_REMOVAL = 12, 9, 3


def told(line: Placement, ordinal: int, age: int, final: Delivery) -> Delivery | None:
    """What is said of `final` at `age` (days, >= 0); None while the row is not reported."""
    if age < SETTLEMENT_DAYS:
        curve = line.noise + ordinal & 3
        said = _scaled(final, _DELIVERY[curve][age], _COST[curve][age], _REVENUE[age])
    else:
        said = final
    if age >= _FIRST_REMOVAL and removed(line, ordinal, age):
        return None
    if age >= _FIRST_LATE:
        share = late_share(line, ordinal, age)
        if share != 1000:
            return _scaled(said, share, share, share)
    return said


def removed(line: Placement, ordinal: int, age: int) -> bool:
    """True while the row is out as suspected fraud."""
    bits = mix(line.noise + ordinal + STEP)
    if bits & 1023 >= 10:
        return False
    gone = _FIRST_REMOVAL + (bits >> 10 & 7)
    back = gone + 4 + (bits >> 14 & 7)
    return age >= gone and not (bits >> 13 & 1 and age >= back)


def late_share(line: Placement, ordinal: int, age: int) -> int:
    """Thousandths of the settled value after a late restatement; 1000 before it and where there is none."""
    bits = mix(line.line_noise + ordinal)
    if bits & 255 >= 3 or age < _FIRST_LATE + (bits >> 8) % _LATE_SPREAD:
        return 1000
    return _LATE[bits >> 32 & 7]


def _scaled(row: Delivery, delivery: int, cost: int, revenue: int) -> Delivery:
    counts: dict[str, Any] = {
        name: None if count is None else count * delivery // 1000 for name in COUNTS for count in [getattr(row, name)]
    }
    return row._replace(
        **counts,
        cost=row.cost * cost // 1000,
        # Whole conversions stay whole: hundredths only where the source counts in hundredths.
        conversions=None if row.conversions is None else _conversions(row.conversions, revenue),
        revenue=None if row.revenue is None else row.revenue * revenue // 1000,
    )


def _conversions(hundredths: int, share: int) -> int:
    if hundredths % 100:
        return hundredths * share // 1000
    return hundredths // 100 * share // 1000 * 100
