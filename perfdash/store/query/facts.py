"""The facts a question is about: scope, filters, as-of, and last of all the CPM limit, compared exactly in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Label,
    Select,
    Subquery,
    Table,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    tuple_,
)

from perfdash.domain.access import Principal
from perfdash.domain.errors import UsageError
from perfdash.domain.facts import MICRO
from perfdash.domain.filters import MAX_CPM_MICROS, Filters, Grain
from perfdash.domain.groups import Dimension, Group
from perfdash.domain.measures import MONEY, NAMES, NOT_ADDITIVE
from perfdash.domain.metrics import ADDED, CORRECTED, PAIRED, Sums, made_of_money
from perfdash.domain.question import Question
from perfdash.store.query.versions import Cutoffs, cutoffs, fact_versions, has_overlays
from perfdash.store.scope import in_days, of_campaign, under_lock

_COUNTED = tuple(name for name in NAMES if name not in MONEY)


def measures(money: bool) -> tuple[str, ...]:
    """The columns that a question reads; without money no column of money appears in its SQL at all."""
    return NAMES if money else _COUNTED


def summed(versions: FromClause, money: bool) -> list[Label[Any]]:
    """The columns of one group's sums, to be read back by `sums_reader`."""
    c = versions.c
    found: list[Label[Any]] = [func.count().label("facts")]
    # Constants where nothing in view is corrected.
    found += [(func.count(c[name]) if name in c else literal(0)).label(name) for name in _corrected(money)]
    # What cannot be added is known only where the group is a single fact.
    found += [case((func.count() == 1, func.max(c[name]))).label(name) for name in _alone(money)]
    for name in _names(money):
        of, if_reported = PAIRED.get(name, (name, None))
        counted = c[of] if if_reported is None else case((c[if_reported].is_not(None), c[of]))
        found += [part.label(f"{name}_{n}") for n, part in enumerate(split_sums(counted))]
    return found


def split(measure: ColumnElement[Any]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The millions of `measure` and the rest. Two rows can each be all that 64 bits hold, so sums are of the parts."""
    return measure // MICRO, measure % MICRO


def split_sums(measure: ColumnElement[Any]) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """The sums of the millions and of the rest of `measure`, both 64-bit integers in both databases."""
    millions, rest = split(measure)
    return cast(func.sum(millions), BigInteger), cast(func.sum(rest), BigInteger)


def sums_reader(money: bool) -> Callable[[Sequence[Any]], Sums]:
    """How to read back, for each group, the columns that `summed` gave with the same `money`."""
    single, added = ["rows", *_corrected(money), *_alone(money)], _names(money)
    here = len(single)

    def sums_of(columns: Sequence[Any]) -> Sums:
        parts = zip(columns[here::2], columns[here + 1 :: 2], strict=True)
        whole = (None if millions is None else millions * MICRO + rest for millions, rest in parts)
        found: dict[str, Any] = dict(zip([*single, *added], [*columns[:here], *whole], strict=True))
        return Sums(**found)

    return sums_of


def _corrected(money: bool) -> list[str]:
    return [name for name in CORRECTED if money or name.removeprefix("corrected_") not in MONEY]


def _alone(money: bool) -> list[str]:
    return [name for name in NOT_ADDITIVE if money or name not in MONEY]


def _names(money: bool) -> list[str]:
    return [name for name in ADDED if money or not made_of_money(name)]


KEYS = ("client_id", "account_id", "campaign_id", "creator_id", "platform", "day", "currency")
GRAINS: dict[Grain, tuple[str, ...]] = {
    "row": ("client_id", "account_id", "campaign_id", "platform", "day"),
    "campaign": ("client_id", "account_id", "campaign_id"),
}
"""What a CPM limit judges as one; whatever is not named, creators for one, is added up first."""


@dataclass(frozen=True, slots=True)
class FactsView:
    """A question bound to the revisions it is asked about."""

    question: Question
    cut: Cutoffs | None
    effective: bool = False
    """True when corrections count: they are asked for, and there are some."""

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self.question.principal

    @property
    def filters(self) -> Filters:
        """What is asked about, as the principal may ask it."""
        return self.question.filters

    def facts(self, columns: Sequence[str]) -> Subquery:
        """The facts in view before the CPM limit, with `columns` only."""
        return fact_versions(
            self.principal, self.question.clients, self.cut, columns, self._narrow, effective=self.effective
        )

    def _narrow(self, table: Table) -> Iterable[ColumnElement[bool]]:
        yield from in_days(self.filters, table)
        if self.filters.platforms:
            yield table.c.platform.in_(sorted(self.filters.platforms))
        if self.filters.currency is not None:
            yield table.c.currency == self.filters.currency
        yield from of_campaign(self.question.only, table)

    def judged(self) -> tuple[Select[Any], Subquery]:
        """The groups that the CPM limit judges, and the facts they are made of."""
        grain = GRAINS[self.filters.cpm_grain]
        versions = self.facts((*grain, "currency", "impressions", "cost"))
        return select(*(versions.c[name] for name in grain)).group_by(*(versions.c[name] for name in grain)), versions

    def within(self, versions: Subquery) -> list[ColumnElement[bool]]:
        """The conditions that leave of `versions` what is under the CPM limit: none without a limit."""
        if self.filters.max_cpm is None:
            return []
        groups, judged = self.judged()
        kept = groups.having(cpm_at_most(judged, self.filters.max_cpm))
        return [tuple_(*(versions.c[name] for name in GRAINS[self.filters.cpm_grain])).in_(kept)]


def view(connection: Connection, question: Question) -> FactsView:
    """Bind a question; refuses a CPM limit without money, out of range, or with several currencies in view."""
    question = under_lock(question)
    principal, filters = question.principal, question.filters
    if filters.max_cpm is not None and not principal.money:
        raise UsageError("A CPM limit needs amounts of money, which are not part of your access.")
    if filters.max_cpm is not None and not 0 <= filters.max_cpm <= MAX_CPM_MICROS:
        raise UsageError("A CPM limit is a number from 0 to 1000000.")
    effective = not filters.raw and has_overlays(connection, principal, question.clients)
    bound = FactsView(question, cutoffs(connection, principal, question.clients, question.as_of), effective)
    if filters.max_cpm is not None and filters.currency is None:
        _require_one_currency(currencies_in(connection, bound))
    return bound


def currencies_in(connection: Connection, bound: FactsView) -> tuple[str, ...]:
    """The currencies in view, sorted, whatever the CPM limit."""
    versions = bound.facts(("currency",))
    return tuple(connection.scalars(select(versions.c.currency).distinct().order_by(versions.c.currency)))


def _require_one_currency(found: tuple[str, ...]) -> None:
    if len(found) > 1:
        named = f"{', '.join(found[:-1])} and {found[-1]}"
        raise UsageError(f"A CPM limit needs one currency; {named} are in view: choose one.")


def cpm_undefined(judged: Subquery) -> ColumnElement[bool]:
    """Of a group: it has no impressions, so it has no CPM."""
    millions, rest = split_sums(judged.c.impressions)
    return millions + rest == 0


def cpm_at_most(judged: Subquery, limit: int) -> ColumnElement[bool]:
    """Of a group: cost * 1000 <= limit * impressions, exactly, in 64-bit integers on both databases.

    Both products can pass 2^63, so they are written in base 10^6 (cost = C2 C1 C0, impressions = I2 I1 I0, limit =
    X1 X0) and their difference is carried upwards digit by digit; its sign is that of the highest digit once the lower
    ones are not negative. Safe for groups of 10^5 facts, whatever 64 bits hold of each, and for limits up to 10^12.
    """
    (c2, c1, c0), (i2, i1, i0) = _digits(judged.c.cost), _digits(judged.c.impressions)
    x1, x0 = divmod(limit, MICRO)
    carried = _carry(i0 * x0 - c0 * 1000)
    carried = _carry(i0 * x1 + i1 * x0 - c1 * 1000 + carried)
    carried = _carry(i1 * x1 + i2 * x0 - c2 * 1000 + carried)
    return and_(i2 + i1 + i0 > 0, i2 * x1 + carried >= 0)


def _digits(measure: ColumnElement[Any]) -> tuple[ColumnElement[int], ...]:
    """The sum of `measure` in base 10^6, the highest first. Each has a sign, and the first and last may exceed 10^6."""
    millions, rest = split_sums(measure)
    return millions // MICRO, millions % MICRO, rest


def _carry(digit: ColumnElement[int]) -> ColumnElement[int]:
    """`digit` / 10^6 rounded down. SQL rounds towards zero, so it is made positive first (it is above -10^18)."""
    return (digit + MICRO * 10**12) // MICRO - 10**12


COLUMNS: dict[Dimension, str] = {
    "client": "client_id",
    "account": "account_id",
    "campaign": "campaign_id",
    "creator": "creator_id",
    "platform": "platform",
    "day": "day",
}


def grouped(connection: Connection, bound: FactsView, by: tuple[Dimension, ...]) -> tuple[Group, ...]:
    """The groups of a bound view, ordered by the dimensions in the order asked for, then currency."""
    unknown = [name for name in by if name not in COLUMNS]
    if unknown or len(set(by)) < len(by):
        raise UsageError(f"Cannot group by {', '.join(by)}; expected each at most once of {', '.join(COLUMNS)}.")
    money = bound.principal.money
    keys = [*(COLUMNS[name] for name in by), "currency"]
    versions = bound.facts((*KEYS, *measures(money)))
    columns = [versions.c[name] for name in keys]
    statement = select(*columns, *summed(versions, money)).where(*bound.within(versions)).group_by(*columns)
    # Ordered here, by code point: the order of text on PostgreSQL depends on how its database was created.
    rows = sorted(connection.execute(statement), key=lambda row: row[: len(keys)])
    sums_of = sums_reader(money)
    return tuple(
        Group(currency=row[len(by)], sums=sums_of(row[len(keys) :]), **dict(zip(by, row, strict=False))) for row in rows
    )
