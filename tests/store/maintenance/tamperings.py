"""What somebody could do to a bundle or a database before an operator hands it in. Each is one line of a table."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from perfdash.store.maintenance import bundle
from perfdash.store.schema import metadata

DEEP = "[" * 200_000 + "]" * 200_000
Files = dict[str, bytes]


def read(path: Path) -> Files:
    with zipfile.ZipFile(path) as found:
        return {name: found.read(name) for name in found.namelist()}


def write(path: Path, files: Files, *, sealed: bool = True) -> None:
    """The files as a bundle; `sealed`: with a manifest that holds for them, as the one who tampers would write it."""
    if sealed:
        manifest = json.loads(files["manifest.json"])
        for table in bundle.tables():
            data = files.get(f"{table.name}.jsonl", b"")
            manifest["tables"][table.name] = {"rows": data.count(b"\n"), "sha256": hashlib.sha256(data).hexdigest()}
        files = files | {"manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, data in files.items():
            out.writestr(name, data)


def put(table: str, column: str, value: Any) -> Callable[[Files], Files]:
    """`value` in a column of the first row; text that begins with a bracket or digit as it stands, as JSON."""

    def tampered(files: Files) -> Files:
        name, at = f"{table}.jsonl", list(metadata.tables[table].columns.keys()).index(column)
        first, *others = files[name].splitlines(keepends=True)
        row = json.loads(first)
        row[at] = "@@"
        raw = value.raw if isinstance(value, Json) else json.dumps(value)
        return files | {name: (json.dumps(row).replace('"@@"', raw) + "\n").encode() + b"".join(others)}

    return tampered


class Json:
    """Text that stands in a row as it is."""

    def __init__(self, raw: str) -> None:
        self.raw = raw


def file(name: str, data: bytes) -> Callable[[Files], Files]:
    return lambda files: files | {name: data}


def without(name: str) -> Callable[[Files], Files]:
    return lambda files: {found: data for found, data in files.items() if found != name}


def twice(table: str) -> Callable[[Files], Files]:
    return lambda files: files | {f"{table}.jsonl": files[f"{table}.jsonl"] * 2}


BUNDLES: dict[str, Callable[[Files], Files]] = {
    "a cost that is a text": put("facts", "cost", "12"),
    "a cost with a fraction": put("facts", "cost", 1.5),
    "a cost of 10^30": put("facts", "cost", 10**30),
    "a cost of thousands of digits": put("facts", "cost", Json("9" * 5_000)),
    "a cost that is no number": put("facts", "cost", Json("NaN")),
    "a cost that is a list": put("facts", "cost", [1]),
    "impressions below zero": put("facts", "impressions", -1),
    "impressions that are true": put("facts", "impressions", True),
    "no impressions": put("facts", "impressions", None),
    "a currency of four letters": put("facts", "currency", "EURO"),
    "a currency in small letters": put("facts", "currency", "eur"),
    "a ratio that is none": put("facts", "reported_cpm", "1e999"),
    "a day that does not exist": put("facts", "day", "2026-02-30"),
    "a day that is a number": put("facts", "day", 20260301),
    "a platform of 100,000 letters": put("facts", "platform", "x" * 100_000),
    "a platform with a NUL": put("facts", "platform", "a\0b"),
    "a platform of half a character": put("facts", "platform", "\ud800"),
    "a role that sees all": put("users", "role", "operator"),
    "a role that nobody has": put("users", "role", "root"),
    "a role in capitals": put("users", "role", "Admin"),
    "a user name with a line break": put("users", "username", "bo\nss"),
    "a password's hash of another kind": put("users", "password_hash", "plain"),
    "money that is a text": put("users", "money", "yes"),
    "money that is a number": put("users", "money", 7),
    "an e-mail that is none": put("users", "email", "nobody"),
    "a moment beyond all years": put("users", "created_at", 2**63 - 1),
    "a moment before all years": put("users", "created_at", -(2**62)),
    "a zone that is nowhere": put("clients", "time_zone", "Mars/Olympus"),
    "a zone that is a path": put("clients", "time_zone", "../../etc/passwd"),
    "a slug with a slash": put("clients", "client_id", "../acme"),
    "a state of no run": put("runs", "state", "great"),
    "control totals of brackets": put("runs", "control", DEEP),
    "a revision of no kind": put("revisions", "kind", "magic"),
    "a row of brackets": file("audit.jsonl", DEEP.encode() + b"\n"),
    "a row that is an object": file("audit.jsonl", b'{"audit_id": 1}\n'),
    "a row of another width": file("audit.jsonl", b"[1, 2]\n"),
    "a row of no JSON": file("audit.jsonl", b"\xff\xfe\n"),
    "two rows of one key": twice("facts"),
    "a fact of no client": put("facts", "client_id", "nobody"),
    "a fact of no account": put("facts", "account_id", 99),
    "a table that is missing": without("grants.jsonl"),
    "a table too many": file("sessions.jsonl", b""),
    "a path out of the folder": file("../../evil.txt", b"x"),
}
"""What a bundle with checksums that hold could bring."""


def manifest(data: bytes) -> Callable[[Files], Files]:
    return file("manifest.json", data)


UNSEALED: dict[str, Callable[[Files], Files]] = {
    "a manifest of brackets": manifest(DEEP.encode()),
    "a manifest that is a list": manifest(b"[]"),
    "a manifest without tables": lambda files: (
        files | {"manifest.json": json.dumps({**json.loads(files["manifest.json"]), "tables": []}).encode()}
    ),
    "a manifest of another schema": manifest(b'{"format": 1, "schema": "9999"}'),
    "a manifest with brackets for a schema": manifest(b'{"format": 1, "schema": ' + b"[" * 500 + b"]" * 500 + b"}"),
    "no manifest": without("manifest.json"),
    "a checksum that does not hold": file("audit.jsonl", b""),
}

DATABASES: dict[str, str] = {
    "a trigger that grants": "CREATE TRIGGER t AFTER INSERT ON users BEGIN "
    "INSERT INTO grants SELECT client_id, new.user_id FROM clients; END",
    "a view": "CREATE VIEW v AS SELECT * FROM users",
    "a view in a table's place": "ALTER TABLE facts RENAME TO f; CREATE VIEW facts AS SELECT * FROM f",
    "a table too many": "CREATE TABLE more (x)",
    "a table of a module": "CREATE VIRTUAL TABLE more USING fts5(x)",
    "an index too many": "CREATE INDEX more ON users (name)",
    "an index on an expression": "CREATE INDEX more ON users (abs(user_id))",
    "an index that is missing": "DROP INDEX uq_users_email",
    "a column too many": "ALTER TABLE users ADD COLUMN more TEXT",
    "a column that computes": "ALTER TABLE users ADD COLUMN more AS (username || 'x')",
    "a column with another name": "ALTER TABLE meta RENAME COLUMN value TO other",
    "a default of its own": "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = "
    "replace(sql, 'active BOOLEAN NOT NULL', 'active BOOLEAN DEFAULT 1 NOT NULL') WHERE name = 'users'",
    "a schema that cannot be read": "PRAGMA writable_schema=ON; "
    "UPDATE sqlite_schema SET sql = 'CREATE TABLE users (' WHERE name = 'users'",
    "a table that is missing": "DROP TABLE link_views",
    "two versions": "INSERT INTO alembic_version VALUES ('0001')",
    "no version": "DELETE FROM alembic_version",
    "a newer version": "UPDATE alembic_version SET version_num = '9999'",
    "a version that is bytes": "UPDATE alembic_version SET version_num = x'ff00'",
    "a cost that is a text": "UPDATE facts SET cost = 'much'",
    "a cost that is bytes": "UPDATE facts SET cost = x'00ff'",
    "a cost that has a fraction": "UPDATE facts SET cost = 1e300",
    "impressions below zero": "UPDATE facts SET impressions = -1",
    "a role that sees all": "UPDATE users SET role = 'operator'",
    "a role that is bytes": "UPDATE users SET role = x'ff'",
    "money that is seven": "UPDATE users SET money = 7",
    "a user name that is a number": "UPDATE users SET username = 'UPPER' WHERE user_id = 1",
    "a password's hash of another kind": "UPDATE users SET password_hash = 'plain'",
    "a zone that is nowhere": "UPDATE clients SET time_zone = 'Mars/Olympus'",
    "a day that does not exist": "UPDATE facts SET day = '2026-02-30'",
    "a day that is a number": "UPDATE facts SET day = 20260301",
    "a day with a time": "UPDATE facts SET day = '2026-03-01 10:00'",
    "a moment beyond all years": "UPDATE users SET created_at = 9000000000000000000",
    "a moment that is a text": "UPDATE users SET created_at = 'now'",
    "text that is no UTF-8": "UPDATE users SET name = CAST(x'c328' AS TEXT)",
    "text with a NUL": "UPDATE users SET name = 'a' || char(0) || 'b'",
    "a name of a million letters": "UPDATE users SET name = printf('%.*c', 1000000, 'x')",
    "control totals that are none": "UPDATE runs SET control = '{\"measures\": 3}'",
    "control totals of brackets": f"UPDATE runs SET control = '{DEEP}'",
    "a state of no run": "UPDATE runs SET state = 'great'",
    "a fact of no client": "PRAGMA foreign_keys=OFF; UPDATE facts SET client_id = 'nobody'",
    "a revision ahead of its client": "UPDATE clients SET revision = 0",
}
"""SQL that somebody ran on a backup."""


def tamper(path: Path, statements: str) -> None:
    """Run them as somebody with the file would: outside of perfdash, with every pragma at its default."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.executescript(statements)
    finally:
        connection.close()


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def zeroed(data: bytes) -> bytes:
    """A page of zeros in the middle."""
    at = len(data) // 8192 * 4096
    return data[:at] + bytes(4096) + data[at + 4096 :]


BYTES: dict[str, Callable[[bytes], bytes]] = {
    "half of it": cut,
    "zeros in the middle": zeroed,
    "only its head": lambda data: data[:100],
    "another page size": lambda data: data[:16] + b"\x02\x00" + data[18:],
    "another text encoding": lambda data: data[:56] + b"\x00\x00\x00\x02" + data[60:],
    "a zip": lambda _: b"PK\x05\x06" + bytes(18),
}
"""What somebody, or a failing disk, did to a backup's bytes."""
OF_ANY_FILE = ("half of it", "zeros in the middle", "only its head", "a zip")
"""Those of BYTES that also break a bundle."""
