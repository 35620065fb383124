"""What the same delivery would cost under another cost or fee: exact, and nothing of it is stored.

Another total or a fixed fee is spread over all rows in proportion to their cost, so every ratio of cost moves by the
same factor whatever is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from perfdash.domain.errors import UsageError
from perfdash.domain.metrics import Sums, ratio

COST_ABOVE = ("cpm", "cpc")
"""Ratios that move with cost; ROAS and ROI have it below the line."""
SHOWN = ("cpm", "cpc", "roas", "roi")


@dataclass(frozen=True, slots=True)
class Terms:
    """The other terms, in the order they apply: another cost in total, a fee in percent of it, a fixed fee on top.

    Money in micros; `total` None keeps the cost as it is; `percent` is 15 for 15 %.
    """

    percent: Fraction = Fraction(0)
    fixed: int = 0
    total: int | None = None


def cost_under(terms: Terms, cost: int) -> Fraction:
    """What `cost` (micros) becomes. UsageError where there is no cost that a total or a fee could be split by."""
    if not cost and (terms.fixed or terms.total):
        raise UsageError("There is no cost in view, so there is nothing to split a fee or another total by.")
    base = cost if terms.total is None else terms.total
    return base * (1 + terms.percent / 100) + terms.fixed


def factor(terms: Terms, cost: int) -> Fraction:
    """What every cost in view is multiplied with; 1 where there is none."""
    return cost_under(terms, cost) / cost if cost else Fraction(1)


def under(name: str, sums: Sums, times: Fraction) -> Fraction | None:
    """The ratio `name` with every cost multiplied by `times`; None where it is undefined."""
    if name == "roi":
        roas = under("roas", sums, times)
        return None if roas is None else roas - 1
    now = ratio(name, sums)
    if now is None or (name not in COST_ABOVE and not times):
        return None
    return now * times if name in COST_ABOVE else now / times


def split(total: Fraction, costs: Sequence[int]) -> list[int]:
    """`total`, rounded to the micro, in proportion to `costs`: the parts add up to it (largest remainder)."""
    whole, sum_of = round(total), sum(costs)
    if not sum_of:
        return [0] * len(costs)
    parts = [divmod(whole * cost, sum_of) for cost in costs]
    left = whole - sum(part for part, _ in parts)
    extra = set(sorted(range(len(parts)), key=lambda n: (-parts[n][1], n))[:left])
    return [part + (n in extra) for n, (part, _) in enumerate(parts)]
