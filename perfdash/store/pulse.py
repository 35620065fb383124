"""Whether anything was committed, by whatever process, since the last look: one cheap question for all open pages."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from perfdash.store.engine import Store, plainly

_QUESTIONS = {
    "sqlite": "PRAGMA data_version",  # of this connection: it moves with the commits of all others
    "postgresql": "SELECT CAST(pg_current_snapshot() AS text)",  # moves as transactions that write begin and end
}


class Pulse:
    """Keeps a connection of its own, outside of the pool, which never writes. For one thread at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection: Connection | None = None

    def beat(self) -> Hashable:
        """Another value after every commit; it may move without one. StoreError while the store cannot be asked."""
        with plainly(self._store.label):
            try:
                if self._connection is None:
                    self._connection = self._opened()
                with self._connection.begin():
                    return str(self._connection.exec_driver_sql(_QUESTIONS[self._store.dialect]).scalar())
            except DBAPIError:
                self.close()
                raise

    def close(self) -> None:
        """Give the connection back; the next beat opens another."""
        if self._connection is not None:
            with suppress(DBAPIError):
                self._connection.close()
            self._connection = None

    def _opened(self) -> Connection:
        connection = self._store.engine.connect()
        connection.detach()  # or the pool would have one less
        return connection
