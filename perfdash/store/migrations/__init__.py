"""Schema versions, applied with Alembic inside the store's own transactions."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from perfdash.domain.errors import StoreError
from perfdash.store.engine import Store

MIGRATION_LOCK = 723_114_001
"""Any number of our own: PostgreSQL's advisory lock, so that two processes migrate one after the other."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


@cache
def _scripts() -> ScriptDirectory:
    """The versions in versions/, read once in a process: that takes longer than to open a store that needs none."""
    return ScriptDirectory.from_config(_config())


def head() -> str:
    """The newest schema version this program knows."""
    found = _scripts().get_current_head()
    assert found is not None
    return found


def current(store: Store) -> str | None:
    """The schema version of the store; None when it is empty."""
    with store.reading() as connection:
        try:
            return MigrationContext.configure(connection).get_current_revision()
        except CommandError as error:
            raise StoreError(f"The database {store.label} names several schema versions; restore a backup.") from error


def upgrade(store: Store) -> None:
    """Bring the schema to the newest version in one transaction: either whole or not at all."""
    known = {script.revision for script in _scripts().walk_revisions()}
    found = current(store)
    if found is not None and found not in known:
        raise StoreError(f"The database {store.label} is from a newer perfdash (schema {found}); update perfdash.")
    if found == head():
        return
    with store.writing() as connection:
        if store.dialect == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": MIGRATION_LOCK})
        _run(connection)


def _run(connection: Connection) -> None:
    scripts = _scripts()

    def steps(revision: tuple[str, ...], _context: MigrationContext) -> list[object]:
        return list(scripts._upgrade_revs("head", revision))  # type: ignore[arg-type]  # noqa: SLF001  Alembic's own way

    with EnvironmentContext(_config(), scripts, fn=steps, as_sql=False) as environment:
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
