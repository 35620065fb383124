"""Looking after a store: is it sound, a copy of it while it is in use, and going back to such a copy."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, literal, or_, select, text, true, update

from perfdash.domain.access import Principal
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.errors import StoreError, UsageError
from perfdash.domain.facts import FactKey
from perfdash.store import migrations
from perfdash.store.auth.session_rows import end_where
from perfdash.store.engine import Store, sqlite_module
from perfdash.store.ledger.overlays import expected, key_of
from perfdash.store.maintenance import contents, tables
from perfdash.store.maintenance.traces import SET_ASIDE
from perfdash.store.opening import open_store
from perfdash.store.schema import (
    FACT_KEY,
    VISIBLE,
    clients,
    corrections,
    fact_history,
    facts,
    invitations,
    overlays,
    revisions,
    runs,
    tickets,
)


def integrity_problem(connection: Connection) -> str:
    """What is wrong, in a few words; '' when nothing is."""
    count = sum(
        _orphan_corrections(connection, table) + _overlapping_corrections(connection, table)
        for table in (overlays, corrections)
    )
    count += _astray(connection)
    return f"{count} do not; restore a backup" if count else ""


def _orphan_corrections(connection: Connection, table: Table) -> int:
    """Rows of which the first or the last revision is not one of their client's, or that end before they begin."""
    count = 0
    for column in (table.c.from_rev, table.c.to_rev):
        known = select(literal(1)).where(revisions.c.client_id == table.c.client_id, revisions.c.revision == column)
        unknown = select(func.count()).select_from(table).where(column.is_not(None), ~known.exists())
        count += connection.scalar(unknown) or 0
    reversed_ = select(func.count()).select_from(table).where(table.c.to_rev <= table.c.from_rev)
    return count + (connection.scalar(reversed_) or 0)


def _overlapping_corrections(connection: Connection, table: Table) -> int:
    """Two rows of one fact (and slot) that hold at the same revision."""
    other = table.alias("other")
    names = (*FACT_KEY, "slot") if "slot" in table.c else FACT_KEY
    same = and_(*(table.c[name] == other.c[name] for name in names))
    both = and_(
        table.c.from_rev < other.c.from_rev,
        or_(table.c.to_rev.is_(None), table.c.to_rev > other.c.from_rev),
    )
    return connection.scalar(select(func.count()).select_from(table.join(other, and_(same, both)))) or 0


def _astray(connection: Connection) -> int:
    """Overlays of now that are not what the active corrections make of the reported values, and those missing."""
    of_accounts: dict[tuple[str, int], set[FactKey]] = defaultdict(set)
    for table in (corrections, overlays):
        key: list[Any] = [table.c[name] for name in FACT_KEY]
        for row in connection.execute(select(*key).where(table.c.to_rev.is_(None)).distinct()):
            of_accounts[row.client_id, row.account_id].add(key_of(row))
    return sum(_differs(connection, *account, keys) for account, keys in of_accounts.items())


def _differs(connection: Connection, client: str, account: int, keys: set[FactKey]) -> int:
    wanted, there = expected(connection, client, account, keys)
    return sum(wanted.get(key) != there.get(key) for key in wanted.keys() | there.keys())


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """One check of a store. `problem` is '' when it holds."""

    check: str
    problem: str = ""


def check(store: Store, principal: Principal) -> tuple[StoreCheck, ...]:
    """Is the database file sound, and does the ledger keep its promises? Reads everything; operators only."""
    principal.require_may("maintain")
    schema = StoreCheck("schema is current", _schema(store))
    if schema.problem:
        return (schema,)  # the other checks read tables as this perfdash knows them
    with store.reading() as connection:
        return (schema, *findings(connection))


def findings(connection: Connection) -> tuple[StoreCheck, ...]:
    """The checks of a store whose schema is current. Each of the first three is what the next ones rely on."""
    found: list[StoreCheck] = []
    for name, look in (
        ("database file is sound", _integrity),
        ("tables are as perfdash makes them", tables.problem),
        ("values are as perfdash writes them", contents.problem),
    ):
        found.append(StoreCheck(name, look(connection)))
        if found[-1].problem:
            return tuple(found)
    return (*found, *_promises(connection))


def _promises(connection: Connection) -> tuple[StoreCheck, ...]:
    return (
        StoreCheck("every version belongs to a revision of its client", _orphans(connection)),
        StoreCheck("versions of a fact never overlap", _overlaps(connection)),
        StoreCheck("committed runs add up", _sums(connection)),
        StoreCheck("control totals of runs close", _control_totals(connection)),
        StoreCheck("corrections count what they say", integrity_problem(connection)),
    )


def _schema(store: Store) -> str:
    found = migrations.current(store)
    return "" if found == migrations.head() else f"it is {str(found)[:40]!r}; run `python -m perfdash db upgrade`"


def _integrity(connection: Connection) -> str:
    if connection.dialect.name != "sqlite":
        return ""
    found = [*connection.scalars(text("PRAGMA integrity_check"))]
    broken = [*connection.execute(text("PRAGMA foreign_key_check"))]
    if found != ["ok"]:
        return f"{str(found[0]).splitlines()[0][:200]}; restore a backup"
    return f"{len(broken)} rows point at nothing; restore a backup" if broken else ""


def _orphans(connection: Connection) -> str:
    count = 0
    for table in (facts, fact_history):
        known = select(literal(1)).where(
            revisions.c.client_id == table.c.client_id, revisions.c.revision == table.c.from_rev
        )
        count += connection.scalar(select(func.count()).select_from(table).where(~known.exists())) or 0
    ahead = select(func.count()).select_from(
        revisions.join(clients, and_(clients.c.client_id == revisions.c.client_id))
    )
    count += connection.scalar(ahead.where(revisions.c.revision > clients.c.revision)) or 0
    return f"{count} rows do not; restore a backup" if count else ""


def _overlaps(connection: Connection) -> str:
    """A closed version that ends after the current one began, or two closed ones that both hold at some revision."""
    other = fact_history.alias("other")
    same_as_current = and_(*(fact_history.c[n] == facts.c[n] for n in FACT_KEY))
    same_as_other = and_(*(fact_history.c[n] == other.c[n] for n in FACT_KEY))
    late = select(func.count()).select_from(fact_history.join(facts, same_as_current))
    twice = select(func.count()).select_from(fact_history.join(other, same_as_other))
    count = connection.scalar(late.where(fact_history.c.to_rev > facts.c.from_rev)) or 0
    count += (
        connection.scalar(
            twice.where(fact_history.c.from_rev < other.c.from_rev, fact_history.c.to_rev > other.c.from_rev)
        )
        or 0
    )
    return f"{count} do; restore a backup" if count else ""


def _sums(connection: Connection) -> str:
    c = runs.c
    parts = c.new + c.restated + c.reappeared + c.unchanged + c.quarantined + c.duplicate + c.added + c.left_out
    wrong = select(func.count()).where(c.state.in_(VISIBLE), or_(c.fetched != parts, c.finished_at.is_(None)))
    count = connection.scalar(wrong) or 0
    return f"{count} do not" if count else ""


def _control_totals(connection: Connection) -> str:
    """Of each run that counts: what was read is what was stored, refused, a duplicate or left out."""
    kept = select(runs.c.control).where(runs.c.state.in_(VISIBLE), runs.c.control != "")
    found = (ControlTotals.from_json(text) for text in connection.scalars(kept))
    count = sum(any(of.missing for of in totals.measures.values()) for totals in found)
    return f"{count} do not" if count else ""


def backup(store: Store, principal: Principal, path: Path) -> None:
    """A consistent copy of a SQLite store in a new file, also while others write."""
    principal.require_may("maintain")
    if store.dialect != "sqlite":
        raise UsageError("A PostgreSQL database is backed up with pg_dump; `db export` writes a portable bundle.")
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise UsageError(f"{path} exists already; name a new file.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}).") from error
    try:
        _copy_into(store, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _copy_into(store: Store, path: Path) -> None:
    with store.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        try:
            raw.execute("VACUUM INTO ?", (str(path),))
        except sqlite_module().Error as error:
            raise StoreError(f"{path} could not be written ({error}).") from error


def restore(url_path: Path, source: Path, principal: Principal, now: datetime) -> Path | None:
    """Put the backup `source` in the place of a SQLite store; the store that was there is kept beside it.

    Everybody signs in anew: who was let out since the backup must not be in again. Links to choose a password are void.
    Returns where it is kept, or None when there was none. Nobody else may have the store open.
    """
    principal.require_may("maintain")
    if not source.is_file():
        raise UsageError(f"There is no backup {source}.")
    fresh = url_path.with_name(url_path.name + ".restoring")
    try:
        url_path.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, fresh)
        _require_sound(fresh, source, principal)
        _end_sign_ins(fresh, now)
        kept = _set_aside(url_path, now)
        fresh.replace(url_path)
    except OSError as error:
        raise UsageError(f"{url_path} cannot be replaced ({error.strerror}).") from error
    finally:
        for part in _parts(fresh):
            part.unlink(missing_ok=True)
    return kept


def _parts(path: Path) -> list[Path]:
    """The files that make up a SQLite database: itself, its log and the log's index."""
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]


def _copy(source: Path, target: Path) -> None:
    """Database and log. The copy is what gets opened: opening the backup itself would change it."""
    for old, new in zip(_parts(source)[:2], _parts(target)[:2], strict=True):
        new.unlink(missing_ok=True)
        if old.exists():
            new.touch(mode=0o600)
            shutil.copyfile(old, new)


def _require_sound(copy: Path, source: Path, principal: Principal) -> None:
    store: Store | None = None
    try:
        store = open_store(f"sqlite:///{copy}", migrate=False)
        problems = [f for f in check(store, principal) if f.problem]
    except StoreError as error:
        raise UsageError(f"{source} is not a perfdash backup; nothing was changed.") from error
    finally:
        if store is not None:
            store.close()
    if problems:
        raise UsageError(f"{source} is not sound ({problems[0].check}: {problems[0].problem}); nothing was changed.")


def _end_sign_ins(copy: Path, now: datetime) -> None:
    store = open_store(f"sqlite:///{copy}", migrate=False)
    try:
        with store.writing() as connection:
            end_where(connection, true(), now, "restored")
            connection.execute(delete(tickets))
            connection.execute(update(invitations).where(invitations.c.used_at.is_(None)).values(used_at=now))
        store.checkpoint()
    finally:
        store.close()


def _set_aside(path: Path, now: datetime) -> Path | None:
    """Move the store away, with a log that it may have left: SQLite would write that into the restored one."""
    there = path.exists()
    if there:
        _fold_log(path)
    kept = path.with_name(f"{path.name}{SET_ASIDE}{now:%Y%m%dT%H%M%S%f}")
    for old, new in zip(_parts(path), _parts(kept), strict=True):
        if old.exists():
            old.rename(new)
    return kept if there else None


def _fold_log(path: Path) -> None:
    """Take the write lock once, so that a running perfdash is noticed, and fold the log into the file."""
    module = sqlite_module()
    connection = module.connect(str(path), timeout=1, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    except module.OperationalError as error:
        raise UsageError(f"{path} is in use; stop perfdash before restoring.") from error
    except module.DatabaseError:
        pass  # it is damaged: the very reason to restore a backup
    finally:
        connection.close()
