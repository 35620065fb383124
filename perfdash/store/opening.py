"""Opening a store: engine, transactions, migrations. SQLAlchemy's own SQLite defaults lose updates."""

from __future__ import annotations

from perfdash.domain.errors import StoreError
from perfdash.store.engine import Store, _engine, label_of


def open_store(url: str, *, migrate: bool = True) -> Store:
    """Open the store at a SQLAlchemy URL, bringing its schema up to date; StoreError says what to do if it cannot."""
    store = Store(_engine(url), label_of(url))
    try:
        if migrate:
            from perfdash.store.migrations import upgrade  # late: Alembic costs 0.2 s that only openers pay

            upgrade(store)
        else:
            with store.reading():
                pass
    except StoreError as error:
        store.close()
        said = str(error).rstrip(".")
        raise StoreError(f"{said}. Check the path and its permissions, or PERFDASH_DATABASE_URL.") from error
    return store
