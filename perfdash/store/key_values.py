"""Small facts about the store itself; nothing of any client."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from perfdash.store.engine import Store
from perfdash.store.schema import meta


def get(store: Store, key: str) -> str | None:
    with store.reading() as connection:
        value: str | None = connection.scalars(select(meta.c.value).where(meta.c.key == key)).one_or_none()
    return value


def put(store: Store, key: str, value: str) -> None:
    with store.writing() as connection:
        connection.execute(delete(meta).where(meta.c.key == key))
        connection.execute(insert(meta).values(key=key, value=value))
