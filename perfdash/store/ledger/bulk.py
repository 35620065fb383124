"""Many rows at once, as the driver takes them: past the work that SQLAlchemy does for each row and value.

Statements stay SQLAlchemy's; only their rows are bare tuples, so whoever hands them over converts as the column's type
would (docs/decisions/0005-bare-tuples-for-facts.md). For facts only: everything else is few rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from itertools import chain, islice
from typing import Any

from sqlalchemy import BindParameter, Column, Connection, Table, bindparam, insert
from sqlalchemy.sql import ClauseElement

AT_ONCE = 5_000
_TOGETHER = 10
_PARAMSTYLES = {"sqlite": "qmark", "postgresql": "format"}


def execute_each(connection: Connection, statement: ClauseElement, rows: Iterable[tuple[object, ...]]) -> None:
    """Execute `statement` for each row: its values in the order in which the statement names its parameters."""
    rest = iter(rows)
    text = ""
    while some := list(islice(rest, AT_ONCE)):
        text = text or _text(connection, statement)
        connection.exec_driver_sql(text, some)


def add(connection: Connection, table: Table, fixed: Mapping[str, object], rows: Iterable[tuple[object, ...]]) -> None:
    """Insert the rows, each its values of the table's columns in their order, less the `fixed` ones.

    Those have one value in every row, which stands in the statement: binding it for each costs more than storing it,
    and None most. A statement itself costs as much as several of its rows, so it takes _TOGETHER of them.
    """
    rest = iter(rows)
    whole_row = {column.name: _value(column, fixed) for column in table.columns}
    one = _text(connection, insert(table).values(whole_row), render_postcompile=True)
    several = one + f", {one.partition(' VALUES ')[2]}" * (_TOGETHER - 1)
    while some := list(islice(rest, AT_ONCE)):
        whole = len(some) - len(some) % _TOGETHER
        starts = range(0, whole, _TOGETHER)
        for text, sets in (
            (several, [tuple(chain.from_iterable(some[start : start + _TOGETHER])) for start in starts]),
            (one, some[whole:]),
        ):
            if sets:
                connection.exec_driver_sql(text, sets)


def _value(column: Column[Any], fixed: Mapping[str, object]) -> BindParameter[Any]:
    value = fixed.get(column.name)
    return bindparam(column.name, value, column.type, literal_execute=column.name in fixed)


def _text(connection: Connection, statement: ClauseElement, **more: object) -> str:
    dialect: Any = type(connection.dialect)
    positional = dialect(paramstyle=_PARAMSTYLES[connection.dialect.name])
    return str(statement.compile(dialect=positional, compile_kwargs=more))


def day_kept(connection: Connection) -> Callable[[date], object]:
    """A day as the driver takes it. SQLite keeps text, and its driver would convert dates in a way of its own."""
    return date.isoformat if connection.dialect.name == "sqlite" else _as_it_is


def _as_it_is(day: date) -> date:
    return day


class Once(dict[Any, Any]):
    """A dict that makes a missing value from its key: what repeats from row to row is converted once."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Any:
        value = self[key] = self._make(key)
        return value
