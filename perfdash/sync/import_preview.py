"""What a file would bring, before anybody stores it: which mapping fits, the first rows, and the control totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from perfdash.config.file_mapping import FileMapping, mapping_toml, named_preset, of_preset, of_source
from perfdash.config.loading import problem_lines
from perfdash.config.models import SourceConfig
from perfdash.config.presets import ABOUT_AN_API
from perfdash.config.source_models import FieldsConfig, RecordsConfig
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.errors import BadAnswer, PerfdashError, UsageError
from perfdash.domain.facts import Batch, FactKey, Sheet
from perfdash.domain.imports import (
    AS_SOURCE,
    LONGEST_NAME,
    MOST_COLUMNS,
    MOST_ROWS,
    ImportOrder,
    ImportPreview,
    OwnMapping,
    SampleRow,
)
from perfdash.domain.measures import NAMES, FactValues
from perfdash.domain.reconcile import Counts
from perfdash.domain.refusals import summed
from perfdash.domain.values import clean_text
from perfdash.ingest import merge_pages
from perfdash.ingest.field_paths import path_of
from perfdash.sources.export_columns import fit, unquoted
from perfdash.sources.opened_file import FileWish, open_file
from perfdash.sources.recognition import known_exports, recognise
from perfdash.sources.saved_export import NamedFile, read_exports
from perfdash.sync.import_file import FileRequest, Saved, read_files, saved_of

MOST_REFUSALS = 100
UNKNOWN = "Its columns are those of no export that is known here. Say which column is what, and read it again."


def as_json(config: SourceConfig) -> str:
    """A source for the process that reads its file: without its accounts, and without an API that it does not have."""
    return config.model_dump_json(exclude={"accounts", *(ABOUT_AN_API if config.files_only else ())})


def source_of(order: ImportOrder) -> SourceConfig:
    """The configuration of the account's source, as the order carries it."""
    return SourceConfig.model_validate_json(order.source)


def preview(order: ImportOrder, now: datetime) -> ImportPreview:
    """What storing would bring. Whatever is wrong with the file comes back as its `problem`."""
    config, file = source_of(order), _file(order)
    try:
        return _read(order, config, file, now)
    except PerfdashError as error:
        return _unread(order, config, file, _sentence(str(error)))


def saved(order: ImportOrder, now: datetime) -> Saved:
    """The file, read to be stored. UsageError when it cannot be, or is another one than was looked at."""
    config, file = source_of(order), _file(order)
    found = read_files([file], config, order.account, FileRequest(wished(order, config)), _exported_at(order, now))
    if order.sha256 and found.file.sha256 != order.sha256:
        raise UsageError("The file is not the one that was looked at any more. Upload it again.")
    return found


def wished(order: ImportOrder, config: SourceConfig) -> FileMapping | None:
    """The mapping that was chosen; None recognises the export by its columns."""
    if order.own is not None:
        return own_mapping(order.own)
    if order.mapping == AS_SOURCE:
        return of_source(config)
    if order.mapping and not named_preset(order.mapping):
        raise UsageError("There is no such mapping; choose another one.")
    return of_preset(order.mapping) if order.mapping else None


def own_mapping(own: OwnMapping) -> FileMapping:
    """The same as tables of a configuration. UsageError for what fits together in no way."""
    fields: dict[str, object] = {name: {"path": path_of([column])} for name, column in own.columns.items() if column}
    if own.platform and "platform" not in fields:
        fields["platform"] = {"constant": own.platform}
    if own.days and isinstance(day := fields.get("day"), dict):
        fields["day"] = {**day, "format": own.days}
    records: dict[str, object] = {"path": "data", "finer": [path_of([column]) for column in own.finer]}
    if own.numbers:
        records["numbers"] = own.numbers
    try:
        found = FileMapping(
            "own", RecordsConfig.model_validate(records), FieldsConfig.model_validate(fields), frozenset(fields)
        )
    except ValidationError as error:
        raise UsageError(f"The mapping cannot be used: {'; '.join(list(problem_lines(error))[:3])}.") from None
    return found


def _read(order: ImportOrder, config: SourceConfig, file: NamedFile, now: datetime) -> ImportPreview:
    wish = wished(order, config)
    export = read_exports([file], config, order.account.currency, wish)
    found = saved_of([file], export, config, order.account, FileRequest(wish), _exported_at(order, now))
    whole = merge_pages.merge([found.batch])
    stored = Sheet.of(whole.facts)
    totals = _closed(whole, stored)
    name = export.mapping.name
    recognised = wish is None and name != of_source(config).name
    return ImportPreview(
        mapping=_name(order, name, recognised),
        recognised=recognised,
        said=tuple(_told(line) for line in found.said),
        columns=_columns(export.names),
        more_columns=_more(export.names),
        used=_used(export.mapping, export.columns),
        finer=tuple(_plain(path) for path in export.mapping.records.finer),
        first_day=found.days.start,
        last_day=found.days.end,
        rows=_sample(whole, stored),
        facts=len(stored),
        counts=_counts(whole, stored),
        totals=totals,
        refused=summed(whole.quarantined, MOST_REFUSALS),
        toml=mapping_toml(export.mapping),
    )


def _closed(batch: Batch, stored: Sheet) -> ControlTotals | None:
    return None if batch.totals is None else batch.totals.closed(list(stored.rows.values()))


def _counts(batch: Batch, stored: Sheet) -> Counts:
    return Counts(
        fetched=batch.fetched,
        new=len(stored),
        quarantined=len(batch.quarantined),
        duplicate=batch.duplicates,
        added=batch.added,
        left_out=batch.left_out,
    )


def _sample(batch: Batch, stored: Sheet) -> tuple[SampleRow, ...]:
    return tuple(_row(batch, key, stored[key]) for key in islice(stored, MOST_ROWS))


def _row(batch: Batch, key: FactKey, values: FactValues) -> SampleRow:
    told = batch.campaigns.get(key.campaign)
    name = (told.name if told else None) or ""
    measures = {one: value for one in NAMES if (value := getattr(values, one)) is not None}
    return SampleRow(key.day, key.campaign, key.platform, key.creator, name, measures)


def _sentence(problem: str) -> str:
    return problem[:1].upper() + problem[1:].rstrip(".") + "."


def _told(line: str) -> str:
    """Without the file's name and the mapping, which the page says by itself: "Read as CSV, UTF-16"."""
    told = (line.partition(": ")[2] or line).partition("; its columns are those of")[0]
    return told[:1].upper() + told[1:]


def _name(order: ImportOrder, used: str, recognised: bool) -> str:
    if order.own is not None:
        return ""
    return used if recognised or order.mapping not in ("", AS_SOURCE) else AS_SOURCE


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name[:LONGEST_NAME] for name in names[:MOST_COLUMNS])


def _more(names: Sequence[str]) -> int:
    return max(0, len(names) - MOST_COLUMNS)


def _used(mapping: FileMapping, columns: Mapping[str, str]) -> dict[str, str]:
    """Where each field comes from; what holds for all rows in quotes."""
    found = {name: column[:LONGEST_NAME] for name, column in columns.items()}
    for name in FieldsConfig.model_fields:
        said = getattr(mapping.fields, name)
        if said is not None and name not in found:
            found[name] = f'"{said.constant}"' if said.constant is not None else _plain(said.paths[0])
    return found


def _plain(path: str) -> str:
    return clean_text(unquoted(path))[:LONGEST_NAME]


def _unread(order: ImportOrder, config: SourceConfig, file: NamedFile, problem: str) -> ImportPreview:
    """The columns all the same, and which of them are likely ours, so that somebody can say how to read them."""
    try:
        names = open_file(file.body, file.name, FileWish(config, (of_source(config),))).names
    except BadAnswer:
        return ImportPreview(problem)
    used = dict(order.own.columns) if order.own is not None else proposed(names, config, order.account.currency)
    if names and order.own is None and not order.mapping and not _is_known(names, config):
        problem = UNKNOWN
    return ImportPreview(problem, order.mapping, columns=_columns(names), more_columns=_more(names), used=used)


def _is_known(names: Sequence[str], config: SourceConfig) -> bool:
    return recognise(names) is not None or fit(of_source(config), names).fits


def proposed(names: Sequence[str], config: SourceConfig, currency: str) -> dict[str, str]:
    """Our field -> the column that most likely holds it, by all the names that any export or this source gives it."""
    found: dict[str, str] = {}
    for mapping in (of_source(config), *known_exports()):
        for name, column in fit(mapping, names, currency).columns.items():
            if column not in found.values():
                found.setdefault(name, column[:LONGEST_NAME])
    return found


def _file(order: ImportOrder) -> NamedFile:
    """The upload by the name that its owner knows it by, which also tells what it is."""
    return NamedFile(clean_text(order.name)[:80] or "the file", Path(order.path).read_bytes())


def _exported_at(order: ImportOrder, now: datetime) -> datetime:
    return now if order.exported_at is None else min(order.exported_at, now)
