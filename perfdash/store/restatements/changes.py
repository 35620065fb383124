"""The changes of facts between two revisions of each client, as one SQL table: each once, with the values before and
after. A change to the same value is none, and neither is a first report.

Every version is closed in the revision that brings the next one, so the closed versions tell what was restated and what
vanished; what came back follows a version that had vanished. Both begin at the key (client, day, ...) of the history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    String,
    Table,
    and_,
    case,
    cast,
    column,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    values,
)

from perfdash.domain.facts import MICRO
from perfdash.domain.measures import REPORTED_RATIOS
from perfdash.domain.question import Question
from perfdash.domain.restatements import ADDED, RESTATED_FIELDS, RESTATED_MONEY, Moved, RestatedField, Timing
from perfdash.store.query.facts import split
from perfdash.store.schema import FACT_KEY, fact_history, facts
from perfdash.store.scope import in_days, narrowed, of_campaign


@dataclass(frozen=True, slots=True)
class Between:
    """A question about changes, and per client the two revisions between which they came, the first excluded."""

    question: Question
    spans: tuple[tuple[str, int, int], ...]

    @property
    def fields(self) -> tuple[RestatedField, ...]:
        """What is compared: without money no column of money appears in the SQL at all."""
        return (
            RESTATED_FIELDS
            if self.question.principal.money
            else tuple(name for name in RESTATED_FIELDS if name not in RESTATED_MONEY)
        )

    @property
    def clients(self) -> list[str]:
        """The clients whose revisions differ between the two moments."""
        return [client for client, _, _ in self.spans]


def changes(asked: Between) -> CTE:
    """Columns: the fact's key, revision, kind, and for each field of `asked.fields` then_x and now_x.

    `then_currency` and `now_currency` are set for every row, also for one that came or went.
    """
    span = spans(asked)
    parts = [_closed(asked, span), *(_back(asked, span, table) for table in (facts, fact_history))]
    return union_all(*parts).cte("changes")


def changed(table: FromClause, name: RestatedField) -> ColumnElement[bool]:
    """Of a row with then_x and now_x: this field is another one now."""
    then, now = table.c[f"then_{name}"], table.c[f"now_{name}"]
    return _differs(then, now, name)


def spans(asked: Between) -> CTE:
    """The two revisions of each client as rows (client_id, since, until)."""
    table = values(column("client_id", String), column("since", Integer), column("until", Integer), name="span")
    return table.data(list(asked.spans)).cte("spans")


def _closed(asked: Between, span: CTE) -> Select[Any]:
    """Versions that another one followed, or none because the fact vanished."""
    old, current, later = fact_history, facts.alias("current"), fact_history.alias("later")
    now = {name: func.coalesce(current.c[name], later.c[name]) for name in asked.fields}
    joined = old.join(span, old.c.client_id == span.c.client_id)
    for version in (current, later):
        joined = joined.outerjoin(version, and_(_same(old, version), version.c.from_rev == old.c.to_rev))
    kind = case((old.c.vanished, "vanished"), else_="restated")
    new: ColumnElement[Any] = or_(old.c.vanished, *(_differs(old.c[name], now[name], name) for name in asked.fields))
    return (
        select(*_key(old), old.c.to_rev.label("revision"), kind.label("kind"), *_sides(asked, old.c, now))
        .select_from(joined)
        .where(*_in_view(asked, old), old.c.to_rev > span.c.since, old.c.to_rev <= span.c.until, new)
    )


def _back(asked: Between, span: CTE, table: Table) -> Select[Any]:
    """Versions in `table` that followed one that had vanished."""
    gone, back = fact_history.alias("gone"), table.alias("back")
    between = fact_history.alias("between")
    nearer = [_same(gone, between), between.c.from_rev > gone.c.from_rev]
    if table is fact_history:
        nearer.append(between.c.from_rev < back.c.from_rev)
    joined = gone.join(span, gone.c.client_id == span.c.client_id)
    joined = joined.join(back, and_(_same(gone, back), back.c.from_rev > gone.c.from_rev))
    then: dict[str, ColumnElement[Any]] = {name: cast(null(), facts.c[name].type) for name in asked.fields}
    if "currency" in then:
        then["currency"] = back.c.currency
    return (
        select(
            *_key(gone),
            back.c.from_rev.label("revision"),
            literal("reappeared").label("kind"),
            *_sides(asked, then, back.c),
        )
        .select_from(joined)
        .where(
            *_in_view(asked, gone),
            gone.c.vanished,
            back.c.from_rev > span.c.since,
            back.c.from_rev <= span.c.until,
            ~exists(select(literal(1)).where(*nearer).correlate(gone, back)),
        )
    )


def _key(table: Any) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in FACT_KEY]


def _same(one: Any, other: Any) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in FACT_KEY))


def _sides(asked: Between, then: Any, now: Any) -> list[ColumnElement[Any]]:
    found = []
    for name in asked.fields:
        after = func.coalesce(now[name], then[name]) if name == "currency" else now[name]
        found += [then[name].label(f"then_{name}"), after.label(f"now_{name}")]
    return found


def _in_view(asked: Between, table: Any) -> list[ColumnElement[bool]]:
    filters = asked.question.filters
    found = [
        narrowed(asked.question.principal, table.c.client_id, asked.clients),
        *in_days(filters, table),
        *of_campaign(asked.question.only, table),
    ]
    if filters.platforms:
        found.append(table.c.platform.in_(sorted(filters.platforms)))
    return found


def _differs(then: ColumnElement[Any], now: ColumnElement[Any], name: RestatedField) -> ColumnElement[bool]:
    if name in REPORTED_RATIOS:
        then, now = _shortest(then), _shortest(now)
    return then.is_distinct_from(now)


def _shortest(text: ColumnElement[Any]) -> ColumnElement[Any]:
    """An exact decimal as text, without the zeros at its end: 2.50 and 2.5 are the same number."""
    return case((text.like("%.%"), func.rtrim(func.rtrim(text, "0"), ".")), else_=text)


def added_up(asked: Between, counted: FromClause) -> Select[Any]:
    """`counted` (changes with their revision's `at`) by campaign, day, currency and revision, for `moved_reader`."""
    both = _by_currency(asked, counted)
    keys = [both.c[name] for name in ("client_id", "account_id", "campaign_id", "day", "currency", "revision")]
    found: list[ColumnElement[Any]] = [func.sum(both.c[name]).label(name) for name in ("one", "gone", "back")]
    for name in asked.fields:
        found.append(func.sum(both.c[f"n_{name}"]).label(f"n_{name}"))
        if name in ADDED:
            parts = (f"d_{name}_{n}" for n in range(2))
            found += [cast(func.sum(both.c[part]), BigInteger).label(part) for part in parts]
    return select(*keys, func.max(both.c.at).label("at"), *found).group_by(*keys)


def _by_currency(asked: Between, counted: FromClause) -> FromClause:
    """Each change under the currency it is in; one that changes its currency is a loss there and a gain here."""
    if not asked.question.principal.money:
        return select(*_signed(asked, counted, literal(""), then=-1, now=1)).subquery("moved")
    then, now = counted.c.then_currency, counted.c.now_currency
    same = select(*_signed(asked, counted, now, then=-1, now=1)).where(then == now)
    left = select(*_signed(asked, counted, then, then=-1, now=0)).where(then != now)
    entered = select(*_signed(asked, counted, now, then=0, now=1)).where(then != now)
    both = union_all(same, left, entered).subquery("both")
    if asked.question.filters.currency is None:
        return both
    return select(both).where(both.c.currency == asked.question.filters.currency).subquery("moved")


def _signed(
    asked: Between, counted: FromClause, currency: ColumnElement[Any], *, then: int, now: int
) -> list[ColumnElement[Any]]:
    c = counted.c
    keys = [c[name] for name in ("client_id", "account_id", "campaign_id", "day", "revision", "at")]
    kinds = [case((c.kind == kind, 1), else_=0) for kind in ("vanished", "reappeared")]
    found: list[ColumnElement[Any]] = [*keys, currency.label("currency"), literal(1).label("one")]
    found += [kinds[0].label("gone"), kinds[1].label("back")]
    for name in asked.fields:
        found.append(case((changed(counted, name), 1), else_=0).label(f"n_{name}"))
        if name in ADDED:
            found += _difference(c[f"then_{name}"], c[f"now_{name}"], then, now, f"d_{name}")
    return found


def _difference(
    before: ColumnElement[Any], after: ColumnElement[Any], then: int, now: int, name: str
) -> list[ColumnElement[Any]]:
    """The millions and the rest of what was added; from one end of 64 bits to the other is more than they hold."""
    reported = or_(before.is_not(None), after.is_not(None))
    parts = zip(split(before), split(after), strict=True)
    differences = (now * func.coalesce(new, 0) + then * func.coalesce(old, 0) for old, new in parts)
    return [case((reported, part)).label(f"{name}_{n}") for n, part in enumerate(differences)]


def moved_reader(asked: Between) -> Callable[[Any, Timing], Moved]:
    """How to read back each row of `added_up`, given when its changes came."""

    def read(row: Any, when: Timing) -> Moved:
        named = row._asdict()
        return Moved(
            client=row.client_id,
            account=row.account_id,
            campaign=row.campaign_id,
            day=row.day,
            currency=row.currency,
            revision=row.revision,
            at=row.at,
            timing=when,
            events=row.one,
            vanished=row.gone,
            reappeared=row.back,
            changed=tuple(named[f"n_{name}"] if name in asked.fields else 0 for name in RESTATED_FIELDS),
            differences=tuple(_added(named, name) if name in asked.fields else None for name in ADDED),
        )

    return read


def _added(named: Any, name: str) -> int | None:
    millions: int | None = named[f"d_{name}_0"]
    rest: int = named[f"d_{name}_1"]
    return None if millions is None else millions * MICRO + rest
