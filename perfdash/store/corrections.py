"""Corrections in the store: setting and reverting them. Each is a revision, and leaves a line in the audit."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from perfdash import corrections as rules
from perfdash.access import Principal
from perfdash.correction_lines import SeenVersion
from perfdash.correction_text import reason_of
from perfdash.corrections import CorrectedField, Range, Target, WantedValue
from perfdash.errors import AccessDenied, UsageError
from perfdash.store import schema
from perfdash.store.correction_rows import audited, ranged, rows_of, supersede
from perfdash.store.engine import Store
from perfdash.store.overlaying import Active, Reported, active, key_of, refresh, reported
from perfdash.store.revising import locked, open_revision

Clock = Callable[[], datetime]
_c = schema.corrections.c


@dataclass(frozen=True, slots=True)
class Made:
    """What was written: the revision it took, the corrections' numbers, the batch they belong to (None for one)."""

    client: str
    revision: int
    at: datetime
    numbers: tuple[int, ...]
    batch: str | None


def correct(
    store: Store,
    principal: Principal,
    wanted: Sequence[WantedValue],
    reason: str,
    clock: Clock,
    *,
    seen: Mapping[Target, SeenVersion] | None = None,
    over: Range | None = None,
) -> Made:
    """Set values of facts of one client, all in one revision; what was set there before is superseded.

    With `seen`, what somebody looked at before deciding: UsageError when a fact was restated or corrected since. `over`
    is the range that `wanted` was expanded from, kept so that rows that arrive in it later can be told. AccessDenied
    for who may not; UsageError for a fact that is not reported, no reason, an impossible value, or nothing to set.
    """
    client = _one_client(wanted)
    for field in sorted({one.field for one in wanted}):
        require_may_correct(principal, client, field)
    rules.require_usable(wanted)
    _require_inside(wanted, over)
    reason = reason_of(reason)
    batch = secrets.token_hex(8) if over is not None or len(wanted) > 1 else None
    with store.writing() as connection:
        revision = locked(connection, client) + 1
        first = (connection.scalar(select(func.max(_c.correction_id)).where(_c.client_id == client)) or 0) + 1
        rows: list[dict[str, Any]] = []
        for account, mine in _by_account(wanted):
            keys = [one.target.key for one in mine]
            known, standing = reported(connection, client, account, keys), active(connection, client, account, keys)
            _require_unchanged(principal, mine, known, standing, seen)
            supersede(connection, mine, revision, principal.name)
            rows += rows_of(mine, known, standing, first + len(rows))
        shared = {"reason": reason, "author": principal.name[:100], "batch_id": batch, "from_rev": revision}
        connection.execute(insert(schema.corrections), [row | shared for row in rows])
        if over is not None and batch is not None:
            connection.execute(insert(schema.correction_ranges), ranged(over, batch, wanted[0].field))
        for account, mine in _by_account(wanted):
            refresh(connection, client, account, [one.target.key for one in mine], revision)
        at = open_revision(connection, client, revision, kind="correction", author=principal.name, now=clock())
        audited(connection, principal.name, client, at, "correct", rows, reason)
    return Made(client, revision, at, tuple(row["correction_id"] for row in rows), batch)


def revert(
    store: Store, principal: Principal, client: str, numbers: Collection[int], reason: str, clock: Clock
) -> Made:
    """End active corrections, all in one revision: what the source reports counts again."""
    require_may_correct(principal, client)
    reason = reason_of(reason)
    chosen = sorted(set(numbers))
    if len(chosen) > rules.MOST_AT_ONCE:
        raise UsageError(f"At most {rules.MOST_AT_ONCE:,} corrections are reverted at once.")
    with store.writing() as connection:
        revision = locked(connection, client) + 1
        named = and_(_c.client_id == client, _c.correction_id.in_(chosen), _c.to_rev.is_(None))
        if not principal.money:
            named = and_(named, _c.field.not_in(sorted(rules.MONEY_FIELDS)))
        rows = connection.execute(select(schema.corrections).where(named).order_by(_c.correction_id)).all()
        if not rows or len(rows) < len(chosen):
            raise UsageError("There is no such active correction; it may have been reverted or replaced meanwhile.")
        ended = {"to_rev": revision, "ended_as": "reverted", "ended_by": principal.name[:100], "ended_reason": reason}
        connection.execute(update(schema.corrections).where(named).values(**ended))
        for account in sorted({row.account_id for row in rows}):
            keys = [key_of(row) for row in rows if row.account_id == account]
            refresh(connection, client, account, keys, revision)
        at = open_revision(connection, client, revision, kind="revert", author=principal.name, now=clock())
        audited(connection, principal.name, client, at, "revert", [row._asdict() for row in rows], reason)
    batches = {row.batch_id for row in rows}
    return Made(
        client, revision, at, tuple(row.correction_id for row in rows), batches.pop() if len(batches) == 1 else None
    )


def require_may_correct(principal: Principal, client: str, field: CorrectedField | None = None) -> None:
    """AccessDenied unless `principal` may set `field` (any, without one) of this client's facts."""
    principal.require(client)
    principal.require_may("correct")
    if field in rules.MONEY_FIELDS and not principal.money:
        raise AccessDenied("Amounts of money are not part of your access, so you cannot correct them.")


def _one_client(wanted: Sequence[WantedValue]) -> str:
    names = {one.target.client for one in wanted}
    if len(names) != 1:
        raise UsageError(
            "A correction speaks of one client's rows; " + ("several were named." if names else "none was.")
        )
    return names.pop()


def _by_account(wanted: Sequence[WantedValue]) -> list[tuple[int, list[WantedValue]]]:
    numbers = sorted({one.target.account for one in wanted})
    return [(number, [one for one in wanted if one.target.account == number]) for number in numbers]


def _require_inside(wanted: Sequence[WantedValue], over: Range | None) -> None:
    if over is not None and not all(over.holds(one.target) for one in wanted):
        raise UsageError("A row lies outside of the range that is corrected; look at it again.")


def _require_unchanged(
    principal: Principal,
    wanted: Sequence[WantedValue],
    known: Mapping[Target, Reported],
    standing: Mapping[Any, list[Active]],
    seen: Mapping[Target, SeenVersion] | None,
) -> None:
    """UsageError for a fact that is not reported (any more), or is not what was looked at."""
    for one in wanted:
        key = one.target.key
        where = f"{key.campaign} on {key.platform}, {key.day}"
        if one.target not in known:
            raise UsageError(f"The source reports no row for {where}; look at the rows again.")
        if seen is None:
            continue
        there = [each.set for each in standing.get(key, [])]
        numbers = sorted(each.number for each in there if principal.money or each.field not in rules.MONEY_FIELDS)
        if seen.get(one.target) != SeenVersion(known[one.target].version, tuple(numbers)):
            raise UsageError(
                f"{where} was restated or corrected since you looked at it. Nothing was set; look at the rows again."
            )
