"""How the columns of a file are read: [records] and [fields] of a source, of a preset, or of a file of one's own."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from perfdash.config.closed import Closed
from perfdash.config.loading import problem_lines
from perfdash.config.models import SourceConfig
from perfdash.config.presets import EXPORTS, FILES_ONLY, PRESETS, preset
from perfdash.config.source_models import FieldsConfig, RecordsConfig
from perfdash.domain.errors import UsageError

_ROWS = {"path": "data"}
_MISSING, _MOST_TOLD = "this line is missing", 4
_TABLES = ("records", "fields")


class MappingTables(Closed):
    """What a file of one's own holds."""

    records: RecordsConfig
    fields: FieldsConfig


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A mapping by its name. `own`: fields that somebody wrote down, whose columns must be there."""

    name: str
    records: RecordsConfig
    fields: FieldsConfig
    own: frozenset[str] = frozenset()


def of_source(config: SourceConfig) -> FileMapping:
    """A source's own; what its preset says about optional fields need not be in a file."""
    usual = _fields(preset(config.type).get("fields")) if config.type in (*PRESETS, *EXPORTS) else {}
    own = {
        name
        for name in FieldsConfig.model_fields
        if (said := getattr(config.fields, name)) is not None and said != usual.get(name)
    }
    return FileMapping(config.type, config.records, config.fields, frozenset(own))


def _fields(table: Any) -> Mapping[str, Any]:
    found = FieldsConfig.model_validate(table)
    return {name: getattr(found, name) for name in FieldsConfig.model_fields}


def of_preset(name: str) -> FileMapping:
    """A preset's, for files and APIs alike."""
    tables = preset(name)
    records = RecordsConfig.model_validate({**_ROWS, **tables.get("records", {})})
    return FileMapping(name, records, FieldsConfig.model_validate(tables["fields"]))


def parse_mapping(text: str, name: str) -> FileMapping:
    """The mapping that `mapping_toml` wrote. UsageError, which names the key, for any other text."""
    try:
        said = tomllib.loads(text)
        tables = {"records": {**_ROWS, **said.get("records", {})}, **{k: v for k, v in said.items() if k != "records"}}
        found = MappingTables.model_validate(tables)
    except tomllib.TOMLDecodeError:
        problem = "it is not valid TOML"
    except TypeError:
        problem = "records must be a table"
    except ValidationError as error:
        said_wrong = sorted(problem_lines(error, MappingTables), key=lambda line: line.endswith(_MISSING))
        problem = "; ".join(said_wrong[:_MOST_TOLD])
    else:
        own = frozenset(one for one in FieldsConfig.model_fields if getattr(found.fields, one) is not None)
        return FileMapping(name, found.records, found.fields, own)
    raise UsageError(f"The mapping {name} cannot be used: {problem}.")


def named_preset(name: str) -> bool:
    """Whether `--mapping` means a preset."""
    return name in PRESETS or (name in FILES_ONLY and name in EXPORTS)


def mapping_toml(mapping: FileMapping) -> str:
    """The text to save: only what differs from the default."""
    lines = []
    for name in _TABLES:
        table = getattr(mapping, name).model_dump(exclude_defaults=True, exclude_none=True)
        if name == "records" and table.get("path") == _ROWS["path"]:
            del table["path"]
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in table.items()), ""]
    return "\n".join(lines).rstrip() + "\n"


def _value(value: Any) -> str:
    """As TOML: strings as JSON writes them, tables in one line; a path alone without its table."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_value, value))}]" if len(value) != 1 else f"[{_value(value[0])}]"
    if isinstance(value, Mapping):
        if tuple(value) == ("path",):
            return _value(value["path"][0] if len(value["path"]) == 1 else value["path"])
        return f"{{ {', '.join(f'{_key(key)} = {_value(inner)}' for key, inner in value.items())} }}"
    return str(value)


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "a").replace("-", "a").isalnum() else _value(key)
