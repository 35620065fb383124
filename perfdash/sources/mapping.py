"""A source's [fields] and [records] tables -> the recipe that `perfdash.rows` reads its rows by."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from perfdash.config.source_models import FieldConfig, FieldsConfig, RecordsConfig
from perfdash.domain.day_spelling import DayReading, day_style
from perfdash.domain.numbers import NAMED, POSSIBLE, NumberStyle
from perfdash.ingest.field_paths import look_up, plain_keys
from perfdash.ingest.mapping import NAMES, NUMBERS, Field, FieldMapping, Pick, number_reading

_POWERS = {"units": 0, "cents": -2, "percent": -2, "micros": -6}


_ACCOUNT_NAMES = {"performance_v1": ("clientId", "client_id", "accountId", "account_id")}
"""Type of source -> where its rows name their account without being told so; the first that a row has decides."""


def mapping_of(fields: FieldsConfig, records: RecordsConfig, type_name: str, from_file: bool = False) -> FieldMapping:
    """The recipe of a validated configuration; nothing is left to be found out row by row."""
    said = {name: getattr(fields, name) for name in NAMES}
    found = {name: _field(name, config, records) for name, config in said.items() if config is not None}
    return FieldMapping(
        found,
        records.missing,
        accounts=_accounts(found.get("account"), records, type_name),
        finer=tuple(_plain_field("finer", path) for path in records.finer),
        where=None if records.where is None else look_up(records.where),
        periods=records.periods,
        from_file=from_file,
    )


def _accounts(said: Field | None, records: RecordsConfig, type_name: str) -> tuple[Field, ...]:
    if not records.account:
        return ()
    if said is not None:
        return (said,)
    return tuple(_plain_field("account", name) for name in _ACCOUNT_NAMES.get(type_name, ()))


def _plain_field(name: str, path: str) -> Field:
    return Field(name, path, look_up(path), plain_keys(path))


def _field(name: str, config: FieldConfig, records: RecordsConfig) -> Field:
    return Field(
        name=name,
        label=_label(name, config),
        find=_find(config),
        keys=plain_keys(config.paths[0]) if len(config.paths) == 1 and config.constant is None else None,
        constant=None if config.paths else config.constant,
        pick=_pick(config, config.zero_when_missing and name in NUMBERS),
        power=_POWERS[config.scale],
        numbers=number_reading(name, _POWERS[config.scale], _styles(records)),
        days=DayReading(tuple(map(day_style, config.format)), None if config.zone is None else ZoneInfo(config.zone)),
        spellings={theirs.strip().casefold(): ours for theirs, ours in config.map.items()},
        zero_when_missing=config.zero_when_missing and name in NUMBERS and config.pick is None,
    )


def _find(config: FieldConfig) -> Callable[[object], object]:
    """What finds the value in a row: at the first of the paths where one is, or else the constant."""
    if len(config.paths) == 1 and config.constant is None:
        return look_up(config.paths[0])
    tried = [look_up(path) for path in config.paths]

    def found(row: object) -> object:
        return next((value for one in tried if (value := one(row)) is not None), config.constant)

    return found


def _styles(records: RecordsConfig) -> tuple[NumberStyle, ...]:
    """The style that is configured; else all of them, and each answer shows which."""
    said = records.numbers or ("1.234,56" if records.decimal_comma else None)
    return POSSIBLE if said is None else (NAMED[said],)


def _label(name: str, config: FieldConfig) -> str:
    """Two fields may pick from one list, so what they pick belongs to their names."""
    path = config.paths[0] if config.paths else name
    return path if config.pick is None else f"{path}[{config.pick}]"


def _pick(config: FieldConfig, zero_when_missing: bool) -> Pick | None:
    if config.by is None or config.pick is None:
        return None
    return Pick(look_up(config.by), config.pick, look_up(config.value), zero_when_missing)
