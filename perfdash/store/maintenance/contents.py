"""Are the values in a store such as perfdash writes them? SQLite keeps any value in any column, and a file that was
handed in may hold anything: a role that sees everything, a cost that is a text, a time zone that no page can show."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, get_args
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    cast,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError

from perfdash.domain import emails
from perfdash.domain.access import USER_ROLES
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.corrections import FIELDS
from perfdash.domain.errors import PerfdashError
from perfdash.domain.share_links import from_text
from perfdash.store.auth.user_rows import ERASED, is_name
from perfdash.store.ledger.revisions import Kind
from perfdash.store.schema import metadata
from perfdash.store.types import Instant

LARGEST, LARGEST_SMALL = 2**63 - 1, 2**31 - 1
LAST_MOMENT = 253_402_300_799_999_999
"""The last microsecond of the year 9999."""
SIGNED = {"cost", "revenue", "raw_cost", "value", "before"}
"""Amounts that credits and refunds take below zero."""
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_BCRYPT = re.compile(r"(\$2[aby]\$[0-3][0-9]\$[./A-Za-z0-9]{53})?")
_DECIMAL = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?")


def problem(connection: Connection) -> str:
    """The first column that holds what perfdash never writes, and an example; '' when there is none."""
    return next(_problems(connection), "")


def value_problem(column: Column[Any], value: object) -> str:
    """Why a value, as JSON writes it, cannot stand in `column`; '' when it can."""
    kind = column.type
    if value is None:
        return "" if column.nullable else "nothing"
    if isinstance(kind, Boolean):
        return "" if isinstance(value, bool) else shown(value)
    if isinstance(kind, Integer | Instant):
        fits = isinstance(value, int) and not isinstance(value, bool) and -LARGEST <= value <= LARGEST
        return "" if fits else shown(value)
    if not isinstance(value, str) or "\0" in value or (not value.isascii() and not _is_unicode(value)):
        return shown(value)
    if isinstance(kind, Date):
        return "" if _holds(date.fromisoformat, value) else shown(value)
    return shown(value) if isinstance(kind, String) and kind.length and len(value) > kind.length else ""


def shown(value: object) -> str:
    """A value from a stranger's file inside a sentence of ours."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no number of that many digits
        text = "a number of thousands of digits"
    return text if len(text) <= 40 else f"{text[:39]}…"


def _problems(connection: Connection) -> Iterator[str]:
    sqlite = connection.dialect.name == "sqlite"
    for table in metadata.sorted_tables:
        yield from _wrong_values(connection, table, sqlite=sqlite)
        if sqlite:
            yield from _unreadable(connection, table)
        for column in table.columns:
            rule = RULES.get(f"{table.name}.{column.name}") or RULES.get(column.name)
            if rule is not None:
                yield from _against_rule(connection, column, rule)


def _wrong_values(connection: Connection, table: Table, *, sqlite: bool) -> Iterator[str]:
    """One look at the table; where it finds something, one more per column says where."""
    bad = [(column, found) for column in table.columns if (found := _bad(column, sqlite=sqlite)) is not None]
    if not bad or not _any(connection, table, or_(*(found for _, found in bad))):
        return
    for column, found in bad:
        if _any(connection, table, found):
            yield f"{table.name}.{column.name} holds a value of another kind or range"


def _any(connection: Connection, table: Table, which: ColumnElement[bool]) -> bool:
    return connection.execute(select(literal_column("1")).select_from(table).where(which).limit(1)).first() is not None


def _bad(column: Column[Any], *, sqlite: bool) -> ColumnElement[bool] | None:
    """The condition that a value is not of the column's kind, or out of its range. NULL is for NOT NULL to judge."""
    good = _good(column, sqlite=sqlite)
    if not good:
        return None
    missing = column.is_(None) if column.nullable else None
    return and_(not_(and_(*good)), *([] if missing is None else [not_(missing)]))


def _good(column: Column[Any], *, sqlite: bool) -> list[ColumnElement[bool]]:
    kind, kept = column.type, func.typeof(column)
    if isinstance(kind, Boolean):
        return [kept == "integer", type_coerce(column, BigInteger).in_((0, 1))] if sqlite else []
    if isinstance(kind, Date):
        text = type_coerce(column, String)
        whole = [kept == "text", func.coalesce(func.date(text), "") == text, text >= "0001-01-01"]
        return whole if sqlite else []
    if isinstance(kind, Integer | Instant):
        number = type_coerce(column, BigInteger)
        return [*([kept == "integer"] if sqlite else []), number.between(*_range(column))]
    if not sqlite:
        return []
    shortened = [func.length(column) <= kind.length] if isinstance(kind, String) and kind.length else []
    no_nul = func.instr(cast(column, LargeBinary), literal_column("x'00'")) == 0
    return [kept == "text", no_nul, *shortened]


def _range(column: Column[Any]) -> tuple[int, int]:
    if isinstance(column.type, Instant):
        return 0, LAST_MOMENT
    if isinstance(column.type, BigInteger):
        return (-LARGEST if column.name in SIGNED else 0), LARGEST
    return 0, LARGEST_SMALL


def _unreadable(connection: Connection, table: Table) -> Iterator[str]:
    """Text is bytes to SQLite; read once, what is no UTF-8 shows."""
    texts = [type_coerce(column, String) for column in table.columns if isinstance(column.type, String)]
    if not texts:
        return
    try:
        for _ in connection.execution_options(yield_per=5_000).execute(select(*texts)):
            pass
    except DBAPIError:
        yield f"{table.name} holds text that cannot be read"


def _against_rule(connection: Connection, column: Column[Any], rule: Callable[[str], object]) -> Iterator[str]:
    for value in connection.scalars(select(column).distinct()):
        if value is not None and not _holds(rule, value):
            yield f"{column.table.name}.{column.name} holds {shown(value)}"
            return


def _holds(rule: Callable[[str], object], value: str) -> bool:
    """A rule says no by what it gives back, or by the error of whatever reads such values elsewhere."""
    try:
        return bool(rule(value))
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError, OSError, PerfdashError):
        return False


def _is_unicode(text: str) -> bool:
    return _holds(lambda value: value.encode(), text)


def _one_of(*names: str) -> Callable[[str], object]:
    return lambda value: value in names


def _is_user(name: str) -> bool:
    return is_name(name) or bool(ERASED.fullmatch(name))


def _is_link(question: str) -> bool:
    return from_text(question, "client", None) is not None


def _is_object(text: str) -> bool:
    return isinstance(json.loads(text), dict)


RULES: dict[str, Callable[[str], object]] = {
    "client_id": SLUG.fullmatch,
    "currency": _CURRENCY.fullmatch,
    "time_zone": lambda name: ZoneInfo(name).key,
    "reported_cpm": _DECIMAL.fullmatch,
    "reported_roi": _DECIMAL.fullmatch,
    "users.role": _one_of(*USER_ROLES),
    "users.username": _is_user,
    "users.password_hash": _BCRYPT.fullmatch,
    "users.email": lambda address: emails.spelled(address) == address,
    "runs.state": _one_of("running", "committed", "incomplete", "failed", "suspicious", "aborted", "reverted"),
    "runs.trigger": _one_of("cli", "file", "import", "watch", "page", "demo"),
    "runs.control": lambda text: ControlTotals.from_json(text) is not None,
    "revisions.kind": _one_of(*get_args(Kind)),
    "corrections.field": _one_of(*FIELDS),
    "corrections.slot": _one_of("cost", "impressions", "clicks"),
    "corrections.ended_as": _one_of("superseded", "reverted"),
    "campaigns.budget_kind": _one_of("daily"),
    "links.question": _is_link,
    "receipts.totals": _is_object,
    "sessions.kind": _one_of("password", "oidc", "link"),
    "invitations.purpose": _one_of("invite", "reset"),
}
"""What text may stand in a column: by its name anywhere, or by its table and name."""
