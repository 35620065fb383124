"""Restatements as they leave the product: one line per changed field, and the JSON around them. Exact values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from perfdash import export
from perfdash.asof import AsOf, instant
from perfdash.domain.question import Question, as_of_text
from perfdash.export import Cell, Names, Table
from perfdash.metrics import rounded
from perfdash.restatements import ADDED, FIELDS, MONEY_FIELDS, Event, Moved, Movement, RestatedField, by, exact, total
from perfdash.settling import Curve

VERSION = 1
COLUMNS = (
    ("changed_at", "changed at (UTC)"), ("client", "client"), ("account", "account number"),
    ("campaign", "campaign id"), ("name", "campaign"), ("creator", "creator id"), ("platform", "platform"),
    ("day", "day (account's time zone)"), ("change", "change"), ("field", "field"), ("currency", "currency"),
    ("then", "then (currency units or count)"), ("now", "now (currency units or count)"),
    ("difference", "difference (currency units or count)"), ("timing", "before or after the day was final"),
    ("revision", "revision"), ("run", "run"),
)  # fmt: skip


def table(events: Iterable[Event], campaigns: Names) -> Table:
    """One row per field that changed, in the order of `events`."""
    return export.listing("restatements", COLUMNS, (row for event in events for row in _rows(event, campaigns)))


def _rows(event: Event, campaigns: Names) -> Iterable[tuple[Cell, ...]]:
    key = (event.client, event.account, event.campaign)
    for change in event.changes:
        then, now = exact(change.field, change.then), exact(change.field, change.now)
        yield (
            instant(event.at), event.client, event.account, event.campaign,
            campaigns.get(key, event.campaign), event.creator, event.platform, event.day, event.kind, change.field,
            event.currency, then, now, exact(change.field, change.difference), event.timing, event.revision, event.run,
        )  # fmt: skip


def document(
    found: Table,
    moved: Sequence[Moved],
    curves: Sequence[Curve] | None,
    question: Question,
    *,
    since: AsOf,
    while_open: bool,
    corrections: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The whole answer: every change, what they add up to in all and by day, what people corrected, how days settle."""
    days, with_money = by(moved, lambda one: one.day), question.principal.money
    return {
        "perfdash": {
            "version": VERSION,
            "view": "restatements",
            "since": as_of_text(since),
            "until": as_of_text(question.as_of),
            "while_open": while_open,
            "filters": question.record() | {"max_cpm": None},
            "sha256": export.sha256(found),
        },
        "rows": export.records(found),
        "totals": [_movement(one, with_money) for one in total(moved)],
        "days": [{"day": str(day)} | _movement(days[day, cur], with_money) for day, cur in sorted(days)],
        "corrections": list(corrections),
        "settling": None if curves is None else [_curve(one) for one in curves],
    }


def _movement(one: Movement, with_money: bool) -> dict[str, Any]:
    shown: list[RestatedField] = [name for name in FIELDS if with_money or name not in MONEY_FIELDS]
    return {
        "currency": one.currency or None,
        "changes": one.events,
        "vanished": one.vanished,
        "reappeared": one.reappeared,
        "changes_after_final": one.late,
        "days": len(one.days),
        "days_after_final": len(one.late_days),
        "changed": {name: one.count(name) for name in shown},
        "differences": {name: _text(exact(name, one.difference(name))) for name in shown if name in ADDED},
    }


def _text(value: Any) -> Any:
    return export.text(value) if isinstance(value, Decimal) else value


def _curve(one: Curve) -> dict[str, Any]:
    points = [
        {"days_after": p.after, "days": p.days, "moved": None if p.moved is None else export.text(rounded(p.moved, 8))}
        for p in one.points
    ]
    return {"platform": one.platform, "currency": one.currency or None, "days": one.days, "points": points}
