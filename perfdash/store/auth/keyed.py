"""Digests under the store's own key: they tell that two things are the same, and not what either is."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy import Connection, insert, select, text

from perfdash.store.schema import meta

_KEY = "tries_key"


def keyed(connection: Connection, what: str, value: str) -> str:
    """The digest of `value` as a `what`; the same value as something else has another one."""
    return hmac.new(_key(connection), f"{what}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _key(connection: Connection) -> bytes:
    """Made when it is first asked for; of two processes that make one, the first one's stays."""
    statement = select(meta.c.value).where(meta.c.key == _KEY)
    found = connection.execute(statement).scalar_one_or_none()
    if found is None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE meta IN SHARE ROW EXCLUSIVE MODE"))
            found = connection.execute(statement).scalar_one_or_none()
        if found is None:
            found = secrets.token_hex(32)
            connection.execute(insert(meta).values(key=_KEY, value=found))
    return bytes.fromhex(found)
