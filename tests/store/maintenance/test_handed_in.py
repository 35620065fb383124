"""Files that are handed in: whatever somebody did to a bundle or a backup, it is refused in one sentence, and the
database that is there stays as it was."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from perfdash.domain.access import OPERATOR
from perfdash.domain.errors import PerfdashError
from perfdash.store import schema
from perfdash.store.auth import users
from perfdash.store.engine import Store
from perfdash.store.maintenance import bundle, check
from perfdash.store.opening import open_store
from tests.fixtures.command_line import RunCli
from tests.store.builders import NOON, Runs, given_client, given_facts, given_revisions
from tests.store.maintenance import tamperings
from tests.store.maintenance.tamperings import BUNDLES, BYTES, DATABASES, OF_ANY_FILE, UNSEALED, Files

DAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound store as a backup and as a bundle, in one folder."""
    folder = tmp_path_factory.mktemp("whole")
    with closing(open_store(f"sqlite:///{folder / 'store.db'}")) as store:
        given_client(store, "acme")
        given_revisions(store, "acme", NOON)
        Runs(store).add(DAY, DAY, control="{}", revision=1)
        given_facts(store, {})
        hash_of = {"password_hash": "$2b$04$" + "a" * 53}
        for name, role in (("boss", "admin"), ("ann", "client")):
            users.add_user(store, OPERATOR, name, None, role, NOON, email=f"{name}@acme.example")
        with store.writing() as connection:
            connection.execute(update(schema.users).values(**hash_of))
        assert [found for found in check.check(store, OPERATOR) if found.problem] == []
        check.backup(store, OPERATOR, folder / "backup.db")
        bundle.export_bundle(store, OPERATOR, folder / "bundle.zip")
    return folder


@pytest.fixture
def empty(tmp_path: Path, whole: Path) -> Iterator[Store]:
    with closing(open_store(f"sqlite:///{tmp_path / 'live.db'}")) as store:
        yield store


def rows(store: Store) -> int:
    with store.reading() as connection:
        return sum(connection.scalar(select(func.count()).select_from(table)) or 0 for table in bundle.tables())


def refusal(act: Callable[[], object]) -> str:
    """The one sentence of a refusal; whatever else happens fails the test, most of all another error."""
    with pytest.raises(PerfdashError) as caught:
        act()
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 500
    return said


def test_the_table_of_tamperings_is_long_enough() -> None:
    assert len(BUNDLES) + len(UNSEALED) + len(DATABASES) + len(BYTES) >= 80


def test_what_nobody_tampered_with_comes_in(empty: Store, whole: Path, tmp_path: Path) -> None:
    tamperings.write(tmp_path / "same.zip", tamperings.read(whole / "bundle.zip"))
    assert bundle.import_bundle(empty, OPERATOR, tmp_path / "same.zip")["users"] == 2
    empty.close()
    check.restore(tmp_path / "live.db", whole / "backup.db", OPERATOR, NOON)


@pytest.mark.parametrize("tampering", BUNDLES)
def test_a_bundle_that_somebody_changed_and_sealed_again_is_refused(
    tampering: str, empty: Store, whole: Path, tmp_path: Path
) -> None:
    tamperings.write(tmp_path / "b.zip", BUNDLES[tampering](tamperings.read(whole / "bundle.zip")))
    said = refusal(lambda: bundle.import_bundle(empty, OPERATOR, tmp_path / "b.zip"))
    assert "nothing was imported" in said
    assert rows(empty) == 0


@pytest.mark.parametrize("tampering", UNSEALED)
def test_a_bundle_whose_manifest_does_not_hold_is_refused(
    tampering: str, empty: Store, whole: Path, tmp_path: Path
) -> None:
    files: Files = UNSEALED[tampering](tamperings.read(whole / "bundle.zip"))
    tamperings.write(tmp_path / "b.zip", files, sealed=False)
    refusal(lambda: bundle.import_bundle(empty, OPERATOR, tmp_path / "b.zip"))
    assert rows(empty) == 0


@pytest.mark.parametrize("tampering", OF_ANY_FILE)
def test_a_bundle_of_broken_bytes_is_refused(tampering: str, empty: Store, whole: Path, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_bytes(BYTES[tampering]((whole / "bundle.zip").read_bytes()))
    refusal(lambda: bundle.import_bundle(empty, OPERATOR, tmp_path / "b.zip"))


def unchanged_after(act: Callable[[], object], path: Path) -> str:
    before = path.read_bytes()
    said = refusal(act)
    assert path.read_bytes() == before
    assert sorted(found.name for found in path.parent.glob("live*")) == ["live.db"]
    return said


@pytest.mark.parametrize("tampering", DATABASES)
def test_a_backup_that_somebody_changed_is_refused(tampering: str, empty: Store, whole: Path, tmp_path: Path) -> None:
    empty.close()
    copy = tmp_path / "copy.db"
    shutil.copyfile(whole / "backup.db", copy)
    tamperings.tamper(copy, DATABASES[tampering])
    said = unchanged_after(lambda: check.restore(tmp_path / "live.db", copy, OPERATOR, NOON), tmp_path / "live.db")
    assert "nothing was changed" in said


@pytest.mark.parametrize("tampering", BYTES)
def test_a_backup_of_broken_bytes_is_refused(tampering: str, empty: Store, whole: Path, tmp_path: Path) -> None:
    empty.close()
    copy = tmp_path / "copy.db"
    copy.write_bytes(BYTES[tampering]((whole / "backup.db").read_bytes()))
    said = unchanged_after(lambda: check.restore(tmp_path / "live.db", copy, OPERATOR, NOON), tmp_path / "live.db")
    assert "nothing was changed" in said


@pytest.mark.parametrize("tampering", [*DATABASES, *BYTES])
def test_a_check_finds_it_and_says_it_in_lines(tampering: str, whole: Path, tmp_path: Path, call_cli: RunCli) -> None:
    copy = tmp_path / "copy.db"
    shutil.copyfile(whole / "backup.db", copy)
    if tampering in BYTES:
        copy.write_bytes(BYTES[tampering](copy.read_bytes()))
    else:
        tamperings.tamper(copy, DATABASES[tampering])
    done = call_cli("db", "check", env={"PERFDASH_DATABASE_URL": f"sqlite:///{copy}"})
    assert done.returncode in (1, 2)
    assert ("problem  " in done.stdout) if done.returncode == 1 else done.stderr.startswith("perfdash: ")
    assert "Traceback" not in done.stderr


def test_noise_in_the_log_beside_a_backup_is_harmless(empty: Store, whole: Path, tmp_path: Path) -> None:
    empty.close()
    copy = tmp_path / "copy.db"
    shutil.copyfile(whole / "backup.db", copy)
    copy.with_name("copy.db-wal").write_bytes(b"noise" * 1000)
    check.restore(tmp_path / "live.db", copy, OPERATOR, NOON)
    with closing(open_store(f"sqlite:///{tmp_path / 'live.db'}")) as store:
        assert [found for found in check.check(store, OPERATOR) if found.problem] == []


def test_an_import_names_those_who_see_everything(call_cli: RunCli, whole: Path) -> None:
    done = call_cli("db", "import", str(whole / "bundle.zip"))
    assert done.returncode == 0, done.stderr
    assert "boss" in done.stderr
    assert "ann" not in done.stderr


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:secret-word@h:port/db", "secret-word", "sqlite//secret-word", "://secret-word", "postgresql://["],
)
@pytest.mark.parametrize("action", ["restore", "check", "backup"])
def test_a_url_that_cannot_be_read_is_one_sentence_without_its_password(
    url: str, action: str, call_cli: RunCli, tmp_path: Path
) -> None:
    file = () if action == "check" else (str(tmp_path / "file"),)
    done = call_cli("db", action, *file, env={"PERFDASH_DATABASE_URL": url})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "secret-word" not in done.stderr


def test_a_backup_never_takes_the_place_of_a_file_that_came_meanwhile(empty: Store, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text("mine", encoding="utf-8")
    assert "exists already" in refusal(lambda: check.backup(empty, OPERATOR, path))
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    assert "exists already" in refusal(lambda: check.backup(empty, OPERATOR, path))
    assert not (tmp_path / "elsewhere").exists()


def test_no_function_is_called_in_the_name_of_a_table(empty: Store) -> None:
    with empty.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA trusted_schema").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
