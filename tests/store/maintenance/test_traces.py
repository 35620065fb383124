"""The forgotten are in no file of the database any more, and a backup that brings them back is told of."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from perfdash.domain.access import OPERATOR
from perfdash.domain.errors import StoreError
from perfdash.store import schema
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from perfdash.store.maintenance import check, erase, traces
from perfdash.store.opening import open_store
from tests.store.builders import NOON, given_client, given_creator

LATER = NOON + timedelta(days=1)
USERS, CREATORS, CAMPAIGNS = 15, 15, 15


def bytes_of(path: Path) -> bytes:
    """All that stands in the database's files: itself, its log and the log's index."""
    return b"".join(part.read_bytes() for part in path.parent.glob(f"{path.name}*"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def full(path: Path) -> Store:
    """15 users, 15 creators with names, and a client with 15 campaigns."""
    store = open_store(f"sqlite:///{path}")
    for client in ("acme", "goner-client"):
        given_client(store, client)
    for n in range(USERS):
        name, mail = f"person.{n:02}.quagga", f"mail{n:02}@quokka.example"
        made = users.add_user(
            store, OPERATOR, name, "correct horse", "analyst", NOON, name=f"Zoë Numbat {n:02}", email=mail, rounds=4
        )
        sessions.begin(store, made.user_id, NOON)
    for n in range(CREATORS):
        given_creator(store, f"c-{n}", f"@handle{n:02}.axolotl")
    with store.writing() as connection:
        rows = [
            {
                "client_id": "goner-client",
                "account_id": 1,
                "campaign_id": str(n),
                "from_rev": 1,
                "name": f"Narwhal {n:02}",
            }
            for n in range(CAMPAIGNS)
        ]
        connection.execute(insert(schema.campaigns), rows)
    return store


def secrets_of(store: Store) -> list[str]:
    """More than 60 names, addresses, handles and hashes."""
    u = schema.users.c
    with store.reading() as connection:
        of_users = connection.execute(select(u.username, u.name, u.email, u.password_hash)).all()
        of_creators = connection.execute(select(schema.creators.c.name)).scalars().all()
        of_campaigns = connection.execute(select(schema.campaigns.c.name)).scalars().all()
    return [text for row in of_users for text in row] + list(of_creators) + list(of_campaigns)


def forget_all(store: Store) -> None:
    for user in users.list_users(store, OPERATOR):
        erase.erase_user(store, OPERATOR, user.username, LATER)
    for n in range(CREATORS):
        erase.erase_creator(store, OPERATOR, "acme", 1, f"c-{n}", LATER)
    erase.purge_client(store, OPERATOR, "goner-client", LATER)


def test_no_byte_of_the_forgotten_is_left_in_the_files(full: Store, path: Path) -> None:
    forgotten = secrets_of(full)
    assert len(forgotten) >= 60
    before = bytes_of(path)
    assert [text for text in forgotten if text.encode() not in before] == []
    forget_all(full)
    after = bytes_of(path)
    assert [text for text in forgotten if text.encode() in after] == []
    full.close()
    assert [text for text in forgotten if text.encode() in bytes_of(path)] == []


def test_what_older_releases_left_in_the_file_goes_when_it_is_written_anew(full: Store, path: Path) -> None:
    raw = full.engine.raw_connection()
    raw.dbapi_connection.execute("PRAGMA secure_delete=OFF")  # type: ignore[union-attr]
    raw.dbapi_connection.execute("DELETE FROM creators")  # type: ignore[union-attr]
    raw.close()
    assert b"axolotl" in bytes_of(path)
    traces.wipe(full)
    assert b"axolotl" not in bytes_of(path)


def test_a_reader_who_keeps_the_log_is_told_of_and_what_was_erased_stays_erased(
    full: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("perfdash.store.engine.BUSY_SECONDS", 0)
    other = open_store(f"sqlite:///{path}")
    impatient = open_store(f"sqlite:///{path}")
    with other.reading() as connection:
        connection.execute(select(schema.users.c.username)).all()
        with pytest.raises(StoreError, match="db compact"):
            erase.erase_user(impatient, OPERATOR, "person.00.quagga", LATER)
    traces.wipe(impatient)
    assert b"person.00.quagga" not in bytes_of(path)
    for store in (other, impatient, full):
        store.close()


def test_a_restored_backup_tells_who_came_back(full: Store, path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "old" / "monday.db"
    copy.parent.mkdir()
    check.backup(full, OPERATOR, copy)
    forget_all(full)
    users.add_user(full, OPERATOR, "newcomer", "correct horse", "admin", LATER, rounds=4)
    full.close()
    check.restore(path, copy, OPERATOR, LATER)
    with closing(open_store(f"sqlite:///{path}")) as store:
        found = traces.came_back(store, OPERATOR)
    assert len(found) == USERS + CREATORS + 1
    assert {"user person.00.quagga", "client goner-client"} <= set(found)
    assert "creator @handle00.axolotl (c-0) of client acme" in found


def test_a_restored_backup_that_forgot_the_same_brings_nobody_back(full: Store, path: Path, tmp_path: Path) -> None:
    forget_all(full)
    check.backup(full, OPERATOR, tmp_path / "later")
    full.close()
    check.restore(path, tmp_path / "later", OPERATOR, LATER)
    with closing(open_store(f"sqlite:///{path}")) as store:
        assert traces.came_back(store, OPERATOR) == ()


def test_copies_that_perfdash_made_are_known_as_long_as_they_are_there(full: Store, path: Path, tmp_path: Path) -> None:
    copy, gone = tmp_path / "a copy.db", tmp_path / "gone.db"
    for one in (copy, gone):
        check.backup(full, OPERATOR, one)
        traces.note_copy(full, OPERATOR, one, NOON)
    gone.unlink()
    full.close()
    kept = check.restore(path, copy, OPERATOR, LATER)
    store = open_store(f"sqlite:///{path}")
    traces.note_copy(store, OPERATOR, copy, LATER)
    assert traces.copies(store, OPERATOR) == tuple(sorted((copy, kept or copy)))
    store.close()


def test_nobody_forgets_to_say_it_on_a_server_either(store: Store) -> None:
    given_client(store, "acme")
    erase.purge_client(store, OPERATOR, "acme", LATER)
    traces.wipe(store)
