"""Mappings for tests of rows: those of the presets, and any other from two tables."""

from __future__ import annotations

from typing import Any

from perfdash.config.presets import preset
from perfdash.config.source_models import FieldsConfig, RecordsConfig
from perfdash.ingest.mapping import FieldMapping
from perfdash.sources.mapping import mapping_of


def mapping_of_preset(name: str, **records: Any) -> FieldMapping:
    """What a source of this type reads its rows by, with these keys over those of its [records]."""
    tables = preset(name)
    return mapping_from(tables["fields"], tables["records"] | records, name)


def mapping_from(
    fields: dict[str, Any], records: dict[str, Any] | None = None, type_name: str = "custom", from_file: bool = False
) -> FieldMapping:
    """The mapping of these two tables, as they stand in perfdash.toml."""
    return mapping_of(
        FieldsConfig.model_validate(fields),
        RecordsConfig.model_validate({"path": "data"} | (records or {})),
        type_name,
        from_file,
    )
