"""A store as one portable file: every table as JSON lines in a zip, for moving between SQLite and PostgreSQL.

Sign-in sessions and leases stay behind: they belong to running processes, not to the data.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Date, Table, func, insert, select, text, type_coerce
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import BigInteger

from perfdash.domain.access import Principal
from perfdash.domain.errors import StoreError, UsageError
from perfdash.store import migrations
from perfdash.store.engine import Store
from perfdash.store.maintenance import check, contents
from perfdash.store.schema import metadata
from perfdash.store.types import Instant

LEFT_BEHIND = {"sessions", "tickets", "leases", "invitations", "tries", "guesses", "spent_identities"}
BATCH = 5_000
FORMAT = 1
LONGEST_LINE = 16 * 1024 * 1024
"""Of a row, in bytes: a file that unpacks to one endless line must not fill the memory."""
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    RecursionError,
    RuntimeError,  # a zip with a password, or of a kind that nobody reads
)


def tables() -> list[Table]:
    """The tables of a bundle, parents before children."""
    return [table for table in metadata.sorted_tables if table.name not in LEFT_BEHIND]


def export_bundle(store: Store, principal: Principal, path: Path) -> dict[str, int]:
    """Write the whole store to a new file `path`; rows per table. One snapshot: a sync meanwhile is not seen."""
    principal.require_may("maintain")
    counts: dict[str, int] = {}
    manifest: dict[str, Any] = {"format": FORMAT, "schema": migrations.head(), "tables": {}}
    try:
        path.touch(mode=0o600, exist_ok=False)  # private before anything is in it
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle, store.reading() as connection:
            for table in tables():
                counts[table.name], digest = _write_table(connection, bundle, table)
                manifest["tables"][table.name] = {"rows": counts[table.name], "sha256": digest}
            bundle.writestr("manifest.json", json.dumps(manifest, indent=1))
    except FileExistsError as error:
        raise UsageError(f"{path} exists already; name a new file.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).") from error
    return counts


def _write_table(connection: Connection, bundle: zipfile.ZipFile, table: Table) -> tuple[int, str]:
    rows, digest = 0, hashlib.sha256()
    with bundle.open(f"{table.name}.jsonl", "w", force_zip64=True) as out:
        # Instants as their integers: exact, and the same on every database.
        columns = [type_coerce(c, BigInteger) if isinstance(c.type, Instant) else c for c in table.columns]
        found = connection.execution_options(yield_per=BATCH).execute(select(*columns))
        for row in found:
            line = (json.dumps([v.isoformat() if isinstance(v, date) else v for v in row]) + "\n").encode()
            digest.update(line)
            out.write(line)
            rows += 1
    return rows, digest.hexdigest()


def import_bundle(store: Store, principal: Principal, path: Path) -> dict[str, int]:
    """Fill an empty store from `path`, whole or not at all; rows per table. UsageError for what no perfdash wrote.

    Who wrote the bundle nobody can tell: its checksums find damage, not changes that somebody made.
    """
    principal.require_may("maintain")
    try:
        with zipfile.ZipFile(path) as bundle:
            manifest = _manifest(bundle, path)
            with store.writing() as connection:
                _require_empty(connection, store)
                counts = {t.name: _read_table(connection, bundle, t, manifest) for t in tables()}
                _restart_sequences(connection, store)
                _require_sound(connection)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error}).") from error
    except _NotAsWritten as error:
        raise UsageError(f"{path} is not a whole perfdash bundle: {error}; nothing was imported.") from error
    except _UNREADABLE as error:
        raise UsageError(f"{path} is not a whole perfdash bundle; nothing was imported.") from error
    return counts


class _NotAsWritten(Exception):
    """What in a bundle is not as `export_bundle` writes it, in a few words."""


def _manifest(bundle: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    names = sorted(bundle.namelist())
    if names != sorted(["manifest.json", *(f"{table.name}.jsonl" for table in tables())]):
        # One of another schema has other tables; the versions say it better.
        _require_format(_read_manifest(bundle), path)
        raise _NotAsWritten("it holds other files")
    manifest = _read_manifest(bundle)
    _require_format(manifest, path)
    return manifest


def _read_manifest(bundle: zipfile.ZipFile) -> dict[str, Any]:
    with bundle.open("manifest.json") as raw:
        found = json.loads(raw.read(LONGEST_LINE))
    if not isinstance(found, dict):
        raise _NotAsWritten("its manifest is none")
    return found


def _require_format(manifest: dict[str, Any], path: Path) -> None:
    found = manifest.get("schema")
    if manifest.get("format") != FORMAT or found != migrations.head():
        raise UsageError(
            f"{path} was written with schema {contents.shown(found)}, this perfdash has {migrations.head()}; "
            "use the same version for export and import."
        )


def _require_empty(connection: Connection, store: Store) -> None:
    filled = [t.name for t in tables() if connection.scalar(select(func.count()).select_from(t))]
    if filled:
        raise StoreError(f"The database {store.label} is not empty ({', '.join(filled)}); import into a new one.")


def _require_sound(connection: Connection) -> None:
    for found in check.findings(connection):
        if found.problem:
            raise _NotAsWritten(f"{found.check}: {found.problem.partition(';')[0]}")


def _read_table(connection: Connection, bundle: zipfile.ZipFile, table: Table, manifest: dict[str, Any]) -> int:
    digest, rows = hashlib.sha256(), 0
    with bundle.open(f"{table.name}.jsonl") as raw:
        for batch in _batches(raw, digest):
            try:
                connection.execute(insert(_raw(table)), [_row(table, line) for line in batch])
            except DBAPIError as error:  # such as two rows of one key
                raise _NotAsWritten(f"{table.name} holds rows that cannot stand beside the others") from error
            rows += len(batch)
    if digest.hexdigest() != manifest["tables"][table.name]["sha256"]:
        raise _NotAsWritten(f"{table.name} is damaged")
    return rows


def _raw(table: Table) -> Table:
    """The same table with instants as the integers that the bundle holds."""
    copy = table.to_metadata(type(metadata)())
    for column in copy.columns:
        if isinstance(column.type, Instant):
            column.type = BigInteger()
    return copy


def _batches(raw: IO[bytes], digest: Any) -> Iterator[list[Any]]:
    batch: list[Any] = []
    while line := raw.readline(LONGEST_LINE):
        digest.update(line)
        batch.append(json.loads(line))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _row(table: Table, values: Any) -> dict[str, Any]:
    if not isinstance(values, list) or len(values) != len(table.columns):
        raise _NotAsWritten(f"a row of {table.name} has other columns")
    row = dict(zip(table.columns, values, strict=True))
    for column, value in row.items():
        if wrong := contents.value_problem(column, value):
            raise _NotAsWritten(f"{table.name}.{column.name} holds {wrong}")
    return {c.name: date.fromisoformat(v) if v and isinstance(c.type, Date) else v for c, v in row.items()}


def _restart_sequences(connection: Connection, store: Store) -> None:
    """PostgreSQL numbers users and audit lines from a sequence that knows nothing of imported rows."""
    if store.dialect != "postgresql":
        return
    for table, column in (("users", "user_id"), ("audit", "audit_id")):
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'),"  # noqa: S608  two fixed names
                f" coalesce((SELECT max({column}) FROM {table}), 0) + 1, false)"
            )
        )
