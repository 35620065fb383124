"""Is the schema of a SQLite file the one that the migrations make? A trigger in a file that was handed in would act
on every write, and a view or a changed column on every read."""

from __future__ import annotations

import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

from perfdash.store.opening import open_store

Objects = dict[tuple[str, str], str]
"""What SQLite keeps of each table, index, trigger and view: kind and name, and how it was written."""
_OWN = ("sqlite_stat",)
"""What SQLite makes by itself when it counts rows for its planner."""


def problem(connection: Connection) -> str:
    """What differs, in a few words; '' when nothing does, and on PostgreSQL, which is not handed in as a file."""
    if connection.dialect.name != "sqlite":
        return ""
    found, wanted = _objects(connection), _expected()
    for kind, name in sorted(found.keys() - wanted.keys()):
        return f"it holds the {kind} {name[:60]!r}, which perfdash did not make; restore a backup"
    for kind, name in sorted(wanted.keys() - found.keys()):
        return f"it lacks the {kind} {name!r}; restore a backup"
    for kind, name in sorted(key for key in wanted if wanted[key] != found[key]):
        return f"its {kind} {name!r} is not as perfdash makes it; restore a backup"
    return ""


@cache
def _expected() -> Objects:
    """Those of a new store, which came the same way: migration by migration."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_store(f"sqlite:///{Path(folder) / 'new.db'}")) as store,
        store.reading() as connection,
    ):
        return _objects(connection)


def _objects(connection: Connection) -> Objects:
    rows = connection.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
    return {
        (str(kind), str(name)): f"{table}: {' '.join(str(sql).split())}"
        for kind, name, table, sql in rows
        if not str(name).startswith(_OWN)
    }
