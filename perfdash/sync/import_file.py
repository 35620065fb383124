"""Exports that somebody saved, for history older than an API keeps or for a platform without one: files -> what a sync
would have fetched."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from perfdash.config.file_mapping import FileMapping, named_preset, of_preset, parse_mapping
from perfdash.config.models import SourceConfig
from perfdash.domain.access import OPERATOR
from perfdash.domain.accounts import Account, Days, today_in
from perfdash.domain.errors import BadAnswer, Superseded, UsageError
from perfdash.domain.facts import Batch, Fetched, FileOrigin
from perfdash.domain.values import clean_text
from perfdash.ingest import merge_pages, rows
from perfdash.presentation.formatting import plural
from perfdash.sources.mapping import mapping_of
from perfdash.sources.saved_export import NamedFile, SavedExport, read_exports
from perfdash.store.engine import Store
from perfdash.store.ledger.newer_answers import newer_answer, platforms_in

ANY_DAY = Days(date.min, date.max)
LONGEST_RANGE = 3_660
_LONGEST_NAME = 80
_LONGEST_NAMES = 200


@dataclass(frozen=True, slots=True)
class FileRequest:
    """How files are to be read: by which mapping and sheet (None: by what they are), about which days, and since when
    their content holds; `exported_at` None is when the youngest of them was last written."""

    mapping: FileMapping | None = None
    sheet: str | None = None
    days: Days | None = None
    exported_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """Exports of one account, read. `days` is what their run is about, `exported_at` counts as the time of fetching."""

    name: str
    account: Account
    days: Days
    exported_at: datetime
    batch: Batch
    file: FileOrigin
    said: tuple[str, ...] = ()
    """What was recognised: a line for each file."""

    def fetched(self, store: Store) -> Fetched:
        """As if it had come from the source. Superseded when something newer is stored of what it speaks of."""
        platforms = platforms_in(self.batch)
        newer = newer_answer(store, OPERATOR, self.account, self.days, platforms, self.exported_at)
        if newer is not None:
            raise Superseded(
                f"Newer answers than {self.name} ({self.exported_at:%Y-%m-%d %H:%M} UTC) are stored of {newer}: "
                "name other days with --from and --to, or when it was really exported with --exported-at."
            )
        whole = merge_pages.merge([self.batch])
        told = f"file {self.name}: {plural(whole.fetched, 'row')}, exported {self.exported_at.isoformat()}"
        more = f"; {plural(whole.left_out, 'row')} left out" if whole.left_out else ""
        log = (told + more, *self.said)
        return Fetched(whole, self.exported_at, self.exported_at, log=log, file=self.file)


def read_paths(
    paths: Sequence[Path], config: SourceConfig, account: Account, request: FileRequest, now: datetime
) -> Saved:
    """The rows of the files at `paths`, all together. UsageError, one sentence, when one of them cannot be used."""
    most = config.limits.body_mib
    contents = [_content(path, most) for path in paths]
    written = max(at for _, at in contents)
    at = min(written, now) if request.exported_at is None else request.exported_at
    if at > now:
        raise UsageError(f"--exported-at {at.isoformat()} is still to come.")
    return read_files([file for file, _ in contents], config, account, request, at)


def read_files(
    files: Sequence[NamedFile], config: SourceConfig, account: Account, request: FileRequest, at: datetime
) -> Saved:
    """The same for files whose content is at hand; `at` is when they were exported."""
    try:
        export = read_exports(files, config, account.currency, request.mapping, request.sheet)
    except BadAnswer as error:
        problem = str(error).rstrip(".")
        raise UsageError(f"{_names(files)} cannot be used: {problem}. Nothing was stored.") from None
    return saved_of(files, export, config, account, request, at)


def saved_of(
    files: Sequence[NamedFile],
    export: SavedExport,
    config: SourceConfig,
    account: Account,
    request: FileRequest,
    at: datetime,
) -> Saved:
    """What is to be stored of files that were opened already."""
    name = _names(files)
    batch = batch_of(export, config, account, request.days or ANY_DAY)
    origin = FileOrigin(name, _checksum(files))
    found = Saved(name, account, request.days or _days_of(batch, name), at, batch, origin, export.said)
    _check_days(found)
    return found if request.days is None else _only(found)


def _names(files: Sequence[NamedFile]) -> str:
    return ", ".join(file.name for file in files)[:_LONGEST_NAMES]


def batch_of(export: SavedExport, config: SourceConfig, account: Account, days: Days) -> Batch:
    """The rows of these days; those of other ones are left out. BadAnswer for rows that cannot be one answer."""
    mapping = mapping_of(export.mapping.fields, export.mapping.records, config.type, from_file=True)
    return rows.read_rows(export.rows, mapping, account, days)


def read_mapping(said: str) -> FileMapping:
    """What `--mapping` names: a preset, or a TOML file with [records] and [fields]."""
    if named_preset(said):
        return of_preset(said)
    name = clean_text(Path(said).name)[:_LONGEST_NAME]
    try:
        text = Path(said).read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text, or its name is no path"
        raise UsageError(f"The mapping {name} is no preset, and no file that can be read: {reason}.") from None
    return parse_mapping(text, name)


def _content(path: Path, most_mib: float) -> tuple[NamedFile, datetime]:
    """All of a regular file and when it was last written. A pipe or a device could be endless."""
    name = clean_text(path.name)[:_LONGEST_NAME] or "the file"
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
    return NamedFile(name, body), datetime.fromtimestamp(about.st_mtime, UTC)


def _checksum(files: Sequence[NamedFile]) -> str:
    each = [hashlib.sha256(file.body).hexdigest() for file in files]
    return each[0] if len(each) == 1 else hashlib.sha256("\n".join(each).encode()).hexdigest()


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
    if found.batch.fetched == found.batch.left_out:
        raise UsageError(f"{found.name} has no row of {found.days}; nothing was stored.")
    return found
