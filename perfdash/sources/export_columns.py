"""Which columns of a file a mapping means: the first of several names, the account's currency, the nearest of a name
that is not there (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain

from perfdash.config.file_mapping import FileMapping
from perfdash.config.source_models import FieldConfig, FieldsConfig
from perfdash.domain.measures import ALWAYS, IN_MILLIONTHS, NAMES
from perfdash.ingest.column_names import any_currency, currency_in, folded
from perfdash.ingest.field_paths import path_of, plain_keys
from perfdash.ingest.header_line import HeaderWish

REQUIRED = ("campaign", "day", "platform", *ALWAYS)
_MONEY = frozenset((*IN_MILLIONTHS, "cpm", "budget")) - {"conversions"}
_CURRENCY = "{currency}"
_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class MissingColumn:
    """A field whose column a file does not have; `nearest` is the most alike of those that it has, or ''."""

    field: str
    wanted: str
    nearest: str = ""

    def __str__(self) -> str:
        if self.nearest == f"{self.wanted} (1)":
            return (
                f'two of its columns are named "{self.wanted}" and differ: let fields.{self.field} say which, '
                f'"{self.wanted} (1)" or "{self.wanted} (2)"'
            )
        near = f'; the nearest is "{self.nearest}"' if self.nearest else ""
        return f'it has no column "{self.wanted}", where fields.{self.field} says that the {self.field} stands{near}'


@dataclass(frozen=True, slots=True)
class FittedMapping:
    """A mapping with one path a field, of those columns that a file has."""

    mapping: FileMapping
    columns: Mapping[str, str]
    """Field -> the file's name of its column."""
    missing: tuple[MissingColumn, ...] = ()
    foreign: str = ""
    """A column of money in another currency than the account's."""

    @property
    def is_another(self) -> bool:
        """True when so much is missing that it is another kind of file, rather than one name with another spelling."""
        missed = {one.field for one in self.missing if one.field in REQUIRED}
        return len(missed) > sum(name in self.columns for name in REQUIRED)

    @property
    def fits(self) -> bool:
        """True when every row can have what it must have."""
        return not any(one.field in REQUIRED for one in self.missing)


def fit(mapping: FileMapping, names: Sequence[str], currency: str | None = None, strict: bool = True) -> FittedMapping:
    """`mapping` for a file with these columns. Without `currency` any will do.

    Not `strict`: only what a row must have is missed, as in JSON, of which a row may leave out what is empty.
    """
    columns: dict[str, str] = {}
    fields: dict[str, FieldConfig | None] = {}
    missing = []
    for name, said in _said(mapping.fields):
        fields[name], found = _fitted(said, names, currency)
        if found is not None:
            columns[name] = found
        elif fields[name] is None and (name in REQUIRED or (strict and name in mapping.own)):
            missing.append(_missing(name, said, names, currency))
    finer = tuple(path for path in mapping.records.finer if _column(path, names, currency) is not None)
    records = mapping.records.model_copy(update={"finer": finer})
    kept = {name: said for name, said in fields.items() if said is not None}
    foreign = (column for name, column in columns.items() if name in _MONEY and _is_foreign(column, currency))
    fitted = mapping.fields.model_copy(update={**_none(fields), **kept})
    whole = FileMapping(mapping.name, records, fitted, mapping.own)
    return FittedMapping(whole, columns, tuple(missing), next(foreign, ""))


def _said(fields: FieldsConfig) -> Iterator[tuple[str, FieldConfig]]:
    for name in FieldsConfig.model_fields:
        said = getattr(fields, name)
        if said is not None:
            yield name, said


def _none(fields: Mapping[str, FieldConfig | None]) -> dict[str, None]:
    return {name: None for name, said in fields.items() if said is None and name not in REQUIRED}


def _fitted(said: FieldConfig, names: Sequence[str], currency: str | None) -> tuple[FieldConfig | None, str | None]:
    """The field with the one path that counts in this file, and its column; nothing when there is none."""
    for path in said.paths:
        if plain_keys(path) is None or said.pick is not None:  # who writes an expression knows what it finds
            return said, None
        column = _column(path, names, currency)
        if column is not None:
            return said.model_copy(update={"path": (path_of((column,)),), "constant": None}), column
    if said.constant is not None:
        return said.model_copy(update={"path": None}), None
    return (said, None) if said.zero_when_missing else (None, None)


def unquoted(path: str) -> str:
    """The name of the column that a plain path means; '' for any other expression."""
    return ".".join(plain_keys(path) or ())


def _column(path: str, names: Sequence[str], currency: str | None) -> str | None:
    """The column that a plain path means: of exactly its name, or else of one that people read as the same."""
    wanted = unquoted(path)
    if currency is not None:
        wanted = wanted.replace(_CURRENCY, currency)
    if wanted in names:
        return wanted
    alike = [name for name in names if folded(name) == folded(wanted)]
    if not alike and _CURRENCY in wanted:
        alike = [name for name in names if folded(any_currency(name)) == folded(wanted)]
    return alike[0] if len(alike) == 1 else None


def _missing(name: str, said: FieldConfig, names: Sequence[str], currency: str | None) -> MissingColumn:
    wanted = [unquoted(path).replace(_CURRENCY, currency or "EUR") for path in said.paths]
    by_folded = {folded(one): one for one in reversed(names)}
    near = chain.from_iterable(get_close_matches(folded(one), list(by_folded), 1, _ALIKE) for one in wanted)
    doubled = next((one for one in wanted if f"{one} (1)" in names), None)
    if doubled is not None:
        return MissingColumn(name, doubled, f"{doubled} (1)")
    return MissingColumn(name, wanted[0] if wanted else name, by_folded.get(next(near, ""), ""))


def _is_foreign(column: str, currency: str | None) -> bool:
    return currency is not None and currency_in(column) not in (None, currency)


def header_wish(mappings: Sequence[FileMapping], line: int | None) -> HeaderWish:
    """What a header may hold by any of these mappings."""
    paths = chain.from_iterable((*_paths(one), *one.records.finer) for one in mappings)
    return HeaderWish(frozenset(map(_name_in, paths)) - {""}, line)


def amount_names(mappings: Sequence[FileMapping]) -> frozenset[str]:
    """The folded names of the columns that only rows fill."""
    said = (getattr(one.fields, name) for one in mappings for name in NAMES)
    return frozenset(_name_in(path) for field in said if field is not None for path in field.paths) - {""}


def _paths(mapping: FileMapping) -> Iterator[str]:
    for _, said in _said(mapping.fields):
        yield from said.paths


def _name_in(path: str) -> str:
    return folded(unquoted(path))
