"""The facts a question is about: scope, filters, as-of, and last of all the CPM limit, compared exactly in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, Table, and_, select, tuple_

from perfdash.access import Principal
from perfdash.asof import AsOf
from perfdash.errors import UsageError
from perfdash.filters import MAX_CPM_MICROS, Filters, Grain
from perfdash.payload import MICRO
from perfdash.store.scope import question
from perfdash.store.sums import parts
from perfdash.store.versions import Cutoffs, cutoffs, fact_versions, has_overlays

KEYS = ("client_id", "account_id", "campaign_id", "creator_id", "platform", "day", "currency")
GRAINS: dict[Grain, tuple[str, ...]] = {
    "row": ("client_id", "account_id", "campaign_id", "platform", "day"),
    "campaign": ("client_id", "account_id", "campaign_id"),
}
"""What a CPM limit judges as one; whatever is not named, creators for one, is added up first."""


@dataclass(frozen=True, slots=True)
class CampaignRef:
    """One campaign: client slug, account number, the source's campaign id."""

    client: str
    account: int
    campaign: str


@dataclass(frozen=True, slots=True)
class View:
    """A question bound to who asks it and to the revisions it is asked about."""

    principal: Principal
    filters: Filters
    cut: Cutoffs | None
    only: CampaignRef | None
    effective: bool = False
    """True when corrections count: they are asked for, and there are some."""

    @property
    def clients(self) -> tuple[str, ...]:
        """The clients it is narrowed to; empty is all in scope. A named campaign says its client by itself."""
        return self.filters.clients if self.only is None else (self.only.client,)

    def facts(self, columns: Sequence[str]) -> Subquery:
        """The facts in view before the CPM limit, with `columns` only."""
        return fact_versions(self.principal, self.clients, self.cut, columns, self._narrow, effective=self.effective)

    def _narrow(self, table: Table) -> Iterable[ColumnElement[bool]]:
        yield table.c.day.between(self.filters.days.start, self.filters.days.end)
        if self.filters.platforms:
            yield table.c.platform.in_(sorted(self.filters.platforms))
        if self.filters.currency is not None:
            yield table.c.currency == self.filters.currency
        yield from self.only_of(table)

    def only_of(self, table: Table) -> Iterable[ColumnElement[bool]]:
        """The conditions that leave the one campaign that is asked about; none when all are."""
        if self.only is not None:
            yield table.c.client_id == self.only.client
            yield table.c.account_id == self.only.account
            yield table.c.campaign_id == self.only.campaign

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


def view(
    connection: Connection,
    principal: Principal,
    filters: Filters,
    as_of: AsOf | None,
    only: CampaignRef | None = None,
) -> View:
    """Bind a question; refuses a CPM limit without money, out of range, or with several currencies in view."""
    filters = question(principal, filters)
    if filters.max_cpm is not None and not principal.money:
        raise UsageError("A CPM limit needs amounts of money, which are not part of your access.")
    if filters.max_cpm is not None and not 0 <= filters.max_cpm <= MAX_CPM_MICROS:
        raise UsageError("A CPM limit is a number from 0 to 1000000.")
    names = filters.clients if only is None else (only.client,)
    effective = not filters.raw and has_overlays(connection, principal, names)
    bound = View(principal, filters, cutoffs(connection, principal, names, as_of), only, effective)
    if filters.max_cpm is not None and filters.currency is None:
        _require_one_currency(currencies_in(connection, bound))
    return bound


def currencies_in(connection: Connection, bound: View) -> tuple[str, ...]:
    """The currencies in view, sorted, whatever the CPM limit."""
    versions = bound.facts(("currency",))
    return tuple(connection.scalars(select(versions.c.currency).distinct().order_by(versions.c.currency)))


def _require_one_currency(found: tuple[str, ...]) -> None:
    if len(found) > 1:
        named = f"{', '.join(found[:-1])} and {found[-1]}"
        raise UsageError(f"A CPM limit needs one currency; {named} are in view: choose one.")


def cpm_undefined(judged: Subquery) -> ColumnElement[bool]:
    """Of a group: it has no impressions, so it has no CPM."""
    millions, rest = parts(judged.c.impressions)
    return millions + rest == 0


def cpm_at_most(judged: Subquery, limit: int) -> ColumnElement[bool]:
    """Of a group: cost * 1000 <= limit * impressions, exactly, in 64-bit integers on both databases.

    Both products can pass 2^63, so they are written in base 10^6 (cost = C1 C0, impressions = I1 I0, limit = X1 X0) and
    their difference is carried upwards digit by digit; its sign is that of the highest digit once the lower ones are
    not negative. Safe up to 10^21 micros and 10^18 impressions a group of at most 10^6 facts, and limits up to 10^12.
    """
    (c1, c0), (i1, i0) = parts(judged.c.cost), parts(judged.c.impressions)
    x1, x0 = divmod(limit, MICRO)
    lowest = i0 * x0 - c0 * 1000
    middle = i0 * x1 + i1 * x0 - c1 * 1000 + _carry(lowest)
    highest = i1 * x1 + _carry(middle)
    return and_(i1 + i0 > 0, highest >= 0)


def _carry(digit: ColumnElement[int]) -> ColumnElement[int]:
    """`digit` / 10^6 rounded down. SQL rounds towards zero, so it is made positive first (it is above -10^18)."""
    return (digit + MICRO * 10**12) // MICRO - 10**12
