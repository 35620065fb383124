"""Opening a store: engine, transactions, migrations. SQLAlchemy's own SQLite defaults lose updates."""

from __future__ import annotations

import importlib
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from perfdash.domain.errors import StoreError

BUSY_SECONDS = 15
EXPECTED = "sqlite:///file or postgresql://user@host/name"
_SERVER = re.compile(r"([a-z0-9+]+)://(?:[^@/?#]*@)?([A-Za-z0-9.\-\[\]:]*)/([\w.\-]*)(?:\?.*)?", re.ASCII)
SAFE_SQLITE = (3, 51, 3)
"""Older releases have a documented WAL-reset corruption with several processes."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. Hand it on; open one per process and URL."""

    engine: Engine
    label: str
    """How to name it to people: path or URL without password."""
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent, short read transaction. Never hold it over a rerun: the log would grow behind it."""
        level = {"isolation_level": "REPEATABLE READ"} if self.dialect == "postgresql" else {}
        with plainly(self.label), self.engine.connect().execution_options(**level) as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction; on SQLite it takes the write lock at its start, so no update is lost."""
        with (
            self._turn_to_write(),
            plainly(self.label),
            self.engine.connect().execution_options(perfdash_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def _turn_to_write(self) -> AbstractContextManager[object]:
        """SQLite has one writer, and who waits only looks again now and then: threads would starve each other."""
        return self._turn if self.dialect == "sqlite" else nullcontext()

    def checkpoint(self) -> None:
        """Fold SQLite's log back into the database file; cheap, done after a sync."""
        if self.dialect == "sqlite":
            with self.engine.connect() as connection:
                raw = connection.connection.dbapi_connection
                assert raw is not None
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def rewrite(self) -> bool:
        """Write SQLite's file anew without what was deleted, and empty its log; False when others are reading for long.

        On PostgreSQL the rows are only marked as free: their bytes stay until something else is written over them.
        """
        with plainly(self.label), self._turn_to_write(), self.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            if self.dialect == "postgresql":
                raw.set_autocommit(True)
                raw.execute("VACUUM")
                raw.set_autocommit(False)
                return True
            try:
                raw.execute("PRAGMA temp_store=FILE")  # it is written once more beside itself, too large for memory
                raw.execute("VACUUM")
                busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite_module().Error as error:
                raise StoreError(f"The database {self.label} could not be written anew ({error}).") from error
            finally:
                raw.execute("PRAGMA temp_store=MEMORY")
            return not busy

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def plainly(label: str) -> Iterator[None]:
    """Database failures as one sentence; the driver's text may hold values, so only its first line stays."""
    try:
        yield
    except DataError as error:  # a page's address can hold it, so it says nothing of the database
        raise StoreError(f"The database cannot take this value: {_first_line(error)}.") from error
    except DBAPIError as error:
        raise StoreError(f"The database {label} failed: {_first_line(error)}") from error
    except PoolTimeout as error:
        raise StoreError(f"The database {label} is too busy: no connection became free. Try again.") from error


def _first_line(error: DBAPIError) -> str:
    text = str(error.orig).strip().splitlines()
    return (text[0] if text else type(error.orig).__name__)[:200]


def sqlite_module() -> ModuleType:
    """The newer of the bundled SQLite and the pysqlite3 wheel's."""
    if sqlite3.sqlite_version_info >= SAFE_SQLITE:
        return sqlite3
    try:
        module = importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3
    return module if module.sqlite_version_info > sqlite3.sqlite_version_info else sqlite3


def label_of(url: str) -> str:
    """A URL as people may read it: a SQLite path, or the address without user, password or parameters."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "(unreadable PERFDASH_DATABASE_URL)"
    if parsed.get_backend_name() == "sqlite":
        return parsed.database or ":memory:"
    # Not SQLAlchemy's own way to hide a password: of one with an @ in it, unescaped, it shows the rest.
    server = _SERVER.fullmatch(url)
    return f"{server[1]}://{server[2]}/{server[3]}" if server else "a database server (its address cannot be shown)"


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; None for any other database. StoreError for what is no URL."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # its text may hold a password
        raise StoreError(f"PERFDASH_DATABASE_URL is not a database URL; expected {EXPECTED}.") from None
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "postgresql":
            _require_one_at(parsed.host or "")
            # One driver is shipped; people paste URLs without or with another one.
            return create_engine(
                parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=10, max_overflow=30
            )
        if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
            _prepare_folder(Path(parsed.database))
            engine = create_engine(parsed, module=sqlite_module(), pool_size=10, max_overflow=20)
            _own_transactions(engine)
            return engine
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise StoreError(f"PERFDASH_DATABASE_URL is not a database URL; expected {EXPECTED}.") from error
    raise StoreError(f"PERFDASH_DATABASE_URL names {backend!r}; expected {EXPECTED}.")


def _require_one_at(host: str) -> None:
    """A bare @ in a password makes its rest part of the host, which errors name."""
    if "@" in host:
        raise StoreError("PERFDASH_DATABASE_URL holds more than one @: write one in a user name or password as %40.")


def _prepare_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)  # client data: not for other users of the machine
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StoreError(f"The database {path} cannot be written ({reason}); check its folder.") from error


def _own_transactions(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # the driver begins nothing by itself
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is deleted is overwritten
            "trusted_schema=OFF",  # a file that was handed in has no functions called in the name of its tables
            "temp_store=MEMORY",
            "cache_size=-32000",
        ):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("perfdash_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
