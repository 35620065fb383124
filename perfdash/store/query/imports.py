"""The files that were imported: which, by whom, what they brought, and whether they still count."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.control_totals import ControlTotals
from perfdash.store.engine import Store
from perfdash.store.schema import OF_FILES, accounts, runs
from perfdash.store.scope import narrowed


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The receipt of one run that a file brought. `author` is who ordered it, `trigger` where: import or file."""

    client: str
    run: int
    label: str
    currency: str
    file: str
    sha256: str
    state: str
    trigger: str
    author: str
    at: datetime
    days: Days
    fetched: int
    stored: int
    refused: int
    message: str
    revision: int | None
    totals: ControlTotals


def imported_files(
    store: Store, principal: Principal, clients: Collection[str] = (), limit: int = 50
) -> tuple[ImportedFile, ...]:
    """The newest runs of files in scope, newest first. AccessDenied for who may not import."""
    principal.require_may_import()
    r, a = runs.c, accounts.c
    whose = (a.client_id == r.client_id) & (a.account_id == r.account_id)
    statement = (
        select(runs, (a.source + "/" + a.external_id).label("label"), a.currency)
        .join_from(runs, accounts, whose)
        .where(narrowed(principal, r.client_id, clients), r.trigger.in_(OF_FILES))
        .order_by(r.started_at.desc(), r.client_id, r.run_id.desc())
        .limit(limit)
    )
    with store.reading() as connection:
        return tuple(
            ImportedFile(
                client=row.client_id,
                run=row.run_id,
                label=row.label,
                currency=row.currency,
                file=row.file_name,
                sha256=row.file_sha256,
                state=row.state,
                trigger=row.trigger,
                author=row.author,
                at=row.finished_at or row.started_at,
                days=Days(row.day_from, row.day_to),
                fetched=row.fetched,
                stored=row.new + row.restated + row.reappeared + row.unchanged,
                refused=row.quarantined,
                message=row.message,
                revision=row.revision,
                totals=ControlTotals.from_json(row.control),
            )
            for row in connection.execute(statement)
        )
