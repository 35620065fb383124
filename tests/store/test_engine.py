"""Opening a store: migrations, and one clear sentence for whatever cannot be opened."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, select, text, update

from perfdash.domain.errors import StoreError
from perfdash.store import key_values, migrations
from perfdash.store.engine import Store, sqlite_path
from perfdash.store.opening import open_store
from perfdash.store.schema import meta as meta_table
from perfdash.store.schema import metadata


def test_the_migrations_make_exactly_the_declared_schema(store_url: str) -> None:
    store = open_store(store_url)
    with store.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    store.close()
    assert differences == []


def test_opening_twice_migrates_once(store_url: str) -> None:
    open_store(store_url).close()
    store = open_store(store_url)
    assert migrations.current(store) == migrations.head()
    store.close()


def test_four_processes_may_open_a_new_store_at_once(store_url: str) -> None:
    program = "import sys; from perfdash.store.opening import open_store; open_store(sys.argv[1]).close()"
    children = [
        subprocess.Popen([sys.executable, "-c", program, store_url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [child.communicate(timeout=120)[1] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0, 0], said


def test_a_store_of_a_newer_perfdash_is_refused(store_url: str) -> None:
    store = open_store(store_url)
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="newer perfdash"):
        open_store(store_url)


def test_concurrent_updates_are_all_kept(store_url: str) -> None:
    """SQLAlchemy's default transactions on SQLite lose some of these without a word."""
    store = open_store(store_url)
    key_values.put(store, "n", "0")

    def add(_n: int) -> None:
        with store.writing() as connection:
            statement = select(meta_table.c.value).where(meta_table.c.key == "n").with_for_update()
            value = int(connection.scalars(statement).one())
            connection.execute(update(meta_table).where(meta_table.c.key == "n").values(value=str(value + 1)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(200)))
    assert key_values.get(store, "n") == "200"
    store.close()


def test_a_failed_transaction_leaves_nothing(store_url: str) -> None:
    store = open_store(store_url)
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        connection.execute(insert(meta_table).values(key="x", value="1"))
        raise ZeroDivisionError
    assert key_values.get(store, "x") is None
    store.close()


def test_a_sqlite_store_is_for_its_owner_only(sqlite_url: str) -> None:
    open_store(sqlite_url).close()
    path = sqlite_path(sqlite_url)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "expected sqlite:///file or postgresql://"),
        ("mysql://u@h/d", "expected sqlite:///file or postgresql://"),
        ("sqlite://", "expected sqlite:///file or postgresql://"),
        ("sqlite:////dev/null/store.db", "cannot be written"),
        ("postgresql://u:ge@geheim@127.0.0.1:1/d", "as %40"),
        ("postgresql://u:geheim@127.0.0.1:1/d", "Check the path and its permissions, or PERFDASH_DATABASE_URL"),
    ],
)
def test_an_unusable_url_is_one_sentence_without_its_password(url: str, says: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, not a database" * 100)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_readers_see_whole_commits_while_a_writer_works(store_url: str) -> None:
    store: Store = open_store(store_url)
    with store.reading() as reading:
        assert reading.scalars(select(meta_table.c.value)).all() == []
        key_values.put(store, "a", "1")
        assert reading.scalars(select(meta_table.c.value)).all() == [], "one question sees one state"
    assert key_values.get(store, "a") == "1"
    store.close()
