"""Whether anything was committed, by whatever process, since the last look: one cheap question for all open pages."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection

from perfdash.domain.errors import StoreError
from perfdash.store.engine import Store, plainly

_QUESTIONS = {
    "sqlite": "PRAGMA data_version",  # of this connection: it moves with the commits of all others
    "postgresql": "SELECT CAST(pg_current_snapshot() AS text)",  # moves as transactions that write begin and end
}


class Pulse:
    """Keeps a connection of its own, outside of the pool, which never writes. For any number of threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._question = _QUESTIONS[store.dialect]
        self._connection: Connection | None = None
        self._opened = 0
        self._lock = threading.Lock()

    def beat(self) -> Hashable:
        """Another value after every commit; it may move without one. StoreError while the store cannot be asked."""
        with self._lock:
            if self._connection is not None:
                with suppress(self._failure):
                    return self._ask(self._connection)
                self._close()  # the server may have closed it long ago
            try:
                return self._ask(self._open())
            except self._failure as error:
                self._close()
                raise StoreError(f"The database {self._store.label} failed: {type(error).__name__}") from error

    def close(self) -> None:
        """Give the connection back; the next beat opens another."""
        with self._lock:
            self._close()

    @property
    def _failure(self) -> type[Exception]:
        driver: Any = self._store.engine.dialect.loaded_dbapi
        failure: type[Exception] = driver.Error
        return failure

    def _ask(self, connection: Connection) -> Hashable:
        """On the driver's own connection, without a transaction around it: it is asked very often."""
        raw: Any = connection.connection.dbapi_connection
        # What a connection tells means something beside its own earlier answers only.
        return self._opened, str(raw.execute(self._question).fetchone()[0])

    def _open(self) -> Connection:
        with plainly(self._store.label):
            connection = self._store.engine.connect()
            connection.detach()  # or the pool would have one less
        self._connection = connection
        self._opened += 1
        if self._store.dialect == "postgresql":
            raw: Any = connection.connection.dbapi_connection
            raw.autocommit = True
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):  # it may be broken, which is why it is closed
                self._connection.close()
            self._connection = None
