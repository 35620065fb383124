"""Exports that somebody saved, for history older than an API keeps: a file -> what a sync would have fetched."""

from __future__ import annotations

import stat
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from perfdash.config.models import SourceConfig
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.errors import BadAnswer, Superseded, UsageError
from perfdash.domain.facts import Batch, Fetched
from perfdash.domain.values import clean_text
from perfdash.ingest import merge_pages, rows
from perfdash.presentation.formatting import plural
from perfdash.sources.mapping import mapping_of
from perfdash.sources.saved_export import Form, rows_in
from perfdash.store.engine import Store
from perfdash.store.ledger import attempts

ANY_DAY = Days(date.min, date.max)
LONGEST_RANGE = 3_660
FORMS: dict[str, Form] = {".csv": "csv", ".tsv": "csv", ".json": "json"}


@dataclass(frozen=True, slots=True)
class Saved:
    """An export of one account, read. `days` is what its run is about; `exported_at` counts as when it was fetched."""

    name: str
    account: Account
    days: Days
    exported_at: datetime
    batch: Batch
    left_out: int = 0
    """Rows of days that were not asked for, totals and what `records.where` leaves out; none is in a fact."""

    def fetched(self, store: Store) -> Fetched:
        """As if it had come from the source. Superseded when something newer is stored of any of its days."""
        for run in attempts.committed(store, OPERATOR, self.account):
            if run.fetched_at > self.exported_at and run.days.overlaps(self.days):
                raise Superseded(
                    f"Newer answers than {self.name} ({self.exported_at:%Y-%m-%d %H:%M} UTC) are stored of {run.days}: "
                    "name other days with --from and --to, or when it was really exported with --exported-at."
                )
        whole = merge_pages.merge([self.batch])
        told = f"file {self.name}: {plural(whole.fetched, 'row')}, exported {self.exported_at.isoformat()}"
        more = f"; {plural(self.left_out, 'row')} left out" if self.left_out else ""
        return Fetched(whole, self.exported_at, self.exported_at, log=(told + more,))


def read_file(
    path: Path,
    config: SourceConfig,
    account: Account,
    *,
    days: Days | None,
    exported_at: datetime | None,
    now: datetime,
) -> Saved:
    """The rows of the file at `path` by the mapping of its source; without `days`, of all the days it has rows of.

    `exported_at` None is the file's modification time. UsageError, one sentence, when the file cannot be used.
    """
    name = clean_text(path.name)[:80] or "the file"
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{name} must be a report that ends in .csv, .tsv or .json.")
    body, modified_at = _content(path, name, config.limits.body_mib)
    at = min(modified_at, now) if exported_at is None else exported_at
    if at > now:
        raise UsageError(f"--exported-at {at.isoformat()} is still to come.")
    try:
        records = rows_in(body, form, config)
    except BadAnswer as error:
        problem = str(error).rstrip(".")
        raise UsageError(f"{name} cannot be used: {problem}. Nothing was stored.") from None
    batch = rows.read_rows(
        records, mapping_of(config.fields, config.records, config.type, from_file=True), account, days or ANY_DAY
    )
    found = Saved(name, account, days or _days_of(batch, name), at, batch)
    _check_days(found)
    return found if days is None else _only(found)


def _content(path: Path, name: str, most_mib: float) -> tuple[bytes, datetime]:
    """All of a regular file and when it was last written. A pipe or a device could be endless."""
    most = int(most_mib * 2**20)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise UsageError(f"{name} is not a file.")
        with path.open("rb") as file:
            body = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise UsageError(f"{name} cannot be read: {reason}.") from None
    if len(body) > most:
        raise UsageError(f"{name} is larger than {most_mib:g} MiB; split it, or raise limits.body_mib of the source.")
    return body, datetime.fromtimestamp(about.st_mtime, UTC)


def _days_of(batch: Batch, name: str) -> Days:
    """From the first to the last day in the file, those of refused rows too."""
    found = {key.day for key in batch.facts} | {row.key.day for row in batch.quarantined if row.key is not None}
    if not found:
        reason = f" The first row: {batch.quarantined[0].reason}." if batch.quarantined else ""
        raise UsageError(f"{name} cannot be used: no row of it has a campaign, platform and day to read.{reason}")
    return Days(min(found), max(found))


def _check_days(found: Saved) -> None:
    said = f"{found.name} would speak of {found.days}"
    last = today_in(found.account.time_zone, found.exported_at)
    if found.days.end > last:
        raise UsageError(f"{said}, but it was exported on {last}; name the days that are right with --from and --to.")
    if len(found.days) > LONGEST_RANGE:
        raise UsageError(
            f"{said}, more than {LONGEST_RANGE:,} days; name the days that are right with --from and --to."
        )


def _only(found: Saved) -> Saved:
    """A choice of days from a file, of which at least one must have rows."""
    batch = found.batch
    if batch.fetched == batch.left_out:
        raise UsageError(f"{found.name} has no row of {found.days}; nothing was stored.")
    return replace(found, left_out=batch.left_out)
