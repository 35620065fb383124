"""Rows of one key as people see them: in which columns they differ, and the setting that says so."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from itertools import combinations, islice

from perfdash.domain.facts import BareKey, FactKey, Stored, to_named
from perfdash.domain.measures import MEASURES, MONEY
from perfdash.ingest.columnar_rows import as_decimal
from perfdash.ingest.field_paths import path_of
from perfdash.ingest.mapping import FieldMapping
from perfdash.ingest.payload import payload_of

_SHORT = 300
_MOST_GROUPS, _MOST_COLUMNS, _MOST_NAMED = 300, 14, 4
_NUMBERS = frozenset((*(measure.name for measure in MEASURES), "cpm", "roi"))
_OF_MONEY = frozenset((*MONEY, "cpm", "roi", "budget"))
"""Not in sentences: they are read by people who may not see money, too."""
_KEY = ("campaign", "platform", "creator")
"""What rows of one key have in common, however they write it; their day may be an hour."""
_LIKE_A_MEASURE = re.compile(
    r"impress|click|klick|view|cost|spend|spent|cpc|cpm|ctr|cpa|cpv|roas|reach|conver|revenue|engage|likes|shares|"
    r"comments|rate|frequency|budget|value|amount|purchase|count|kosten|ausgaben|reichweite"
)
_DECIMAL = re.compile(r"-?[0-9.,]*[.,][0-9]+\s*%?|-?[0-9.,]+\s*%", re.ASCII)
Path = tuple[str, ...]
Cell = tuple[str, object] | None


def text_of(value: object) -> str:
    """What a row says of what it is finer by, as text: 17 and "17" are the same ad, null and "" are none."""
    token = token_of(value)
    return "" if token is None else str(token[1])


def token_of(value: object) -> Cell:
    """A value as it is compared: 12.5 is 12.50 and "12.5", and what is not there is like what is empty."""
    if value is None or type(value) is bool:
        return None if value is None else ("truth", value)
    number = as_decimal(value)
    if type(number) is Decimal:
        whole = abs(number.adjusted()) < 300 and number == number.to_integral_value()
        return "text", str(int(number)) if whole else str(number.normalize())
    if type(value) is int:
        return "text", str(value) if abs(value) < 10**300 else hex(value)
    if type(value) is str:
        return ("text", value.strip()) if value.strip() else None
    return "nested", json.dumps(value, sort_keys=True, default=str)


def columns_of(raw: object) -> dict[Path, Cell]:
    """The leaves of a row by their path."""
    return dict(_leaves((), raw)) if isinstance(raw, dict) else {}


def _leaves(above: Path, raw: dict[str, object]) -> Iterator[tuple[Path, Cell]]:
    for name, value in raw.items():
        if type(value) is dict and value:
            yield from _leaves((*above, name), value)
        else:
            yield (*above, name), token_of(value)


_SAID = ("", "what is stored")
"""In place of the columns that were read as numbers, which may write the same in several ways."""


def _row(raw: object, mapping: FieldMapping, stored: Stored | None) -> dict[Path, object]:
    """A row as it is compared with others of the same key; of a refused one nothing is `stored`."""
    read = set() if stored is None else _paths(mapping, _NUMBERS)
    same = _paths(mapping, _KEY)
    leaves: dict[Path, object] = {
        path: token
        for path, token in columns_of(raw).items()
        if token is not None and path not in same and (path not in read or token[0] == "nested")
    }
    return leaves if stored is None else {**leaves, _SAID: to_named(stored)}


def alike(one: object, other: object, mapping: FieldMapping, said: Stored | None, again: Stored | None) -> bool:
    """True when two rows say the same in every column; a number may be written in another way."""
    return _row(one, mapping, said) == _row(other, mapping, again)


def _paths(mapping: FieldMapping, names: Collection[str]) -> set[Path]:
    found = (mapping.fields.get(name) for name in names)
    return {field.keys for field in found if field is not None and field.keys is not None}


def sentence(
    records: Sequence[object],
    mapping: FieldMapping,
    keys: Sequence[BareKey],
    groups: Sequence[Sequence[int]],
    stored: Sequence[Stored | None],
) -> str:
    """Why rows of one key cannot be read, for the first two that differ, and what to write."""
    some = list(islice(groups, _MOST_GROUPS))
    first, second = next(
        (
            (group[0], at)
            for group in some
            for at in group[1:]
            if not alike(records[group[0]], records[at], mapping, stored[group[0]], stored[at])
        ),
        (some[0][0], some[0][1]),
    )
    key = FactKey(*keys[first])
    creator = f" of creator {key.creator}" if key.creator else ""
    beside = "".join(f" and {field.label}" for field in mapping.finer)
    about = (
        f"Rows {first + 1} and {second + 1} are both about campaign {key.campaign}{creator} on {key.platform}, "
        f"{key.day}{beside and ', and of one ' + beside.removeprefix(' and ')}"
    )
    one, other = (payload_of(records[at], mapping, _SHORT, _OF_MONEY) for at in (first, second))
    apart = differing_columns(records, mapping, stored, some)
    before = [field.label for field in mapping.finer]
    if apart:
        names = [path_of(path) for path in apart]
        return (
            f"{about}: {one} and {other}. They differ in {' and '.join(names)}{' too' if before else ''}: if rows are "
            f"finer than that, write records.finer = {toml_list([*before, *names])}; nothing was stored."
        )
    if alike(records[first], records[second], mapping, stored[first], stored[second]):
        return (
            f"{about}, and alike in every column: {one}. Whether one repeats the other cannot be seen: name in "
            "records.finer what tells the rows of this source apart, such as the id of an ad; then a repeated row "
            "counts once. Nothing was stored."
        )
    return (
        f"{about}: {one} and {other}. They differ in nothing that could tell them apart: have the source send the "
        "column by which its rows are finer and name it in records.finer, or send one row of each; nothing was stored."
    )


def differing_columns(
    records: Sequence[object], mapping: FieldMapping, stored: Sequence[Stored | None], groups: Sequence[Sequence[int]]
) -> tuple[Path, ...]:
    """The fewest columns whose values tell all rows of a key apart: unmapped ones first, in the answer's order.

    Never a measure or a creator's name; empty when nothing does.
    """
    tables = [_distinct([_row(records[at], mapping, stored[at]) for at in group]) for group in groups]
    tables = [table for table in tables if len(table) > 1]
    if not tables:
        return ()
    never = _paths(mapping, _NUMBERS) | _paths(mapping, ("creator_name", "currency")) | {_SAID}
    mapped = {field.keys for field in mapping.fields.values()}
    finer = {field.keys for field in mapping.finer if field.keys is not None}
    order = dict.fromkeys(path for table in tables for row in table for path in row)
    varying = [
        path
        for path in order
        if path not in never
        and path not in finer
        and any(len({row.get(path) for row in table}) > 1 for table in tables)
    ]
    ranked = sorted(varying, key=lambda path: (path in mapped, _is_like_a_measure(path, tables)))[:_MOST_COLUMNS]
    for size in range(1, min(_MOST_NAMED, len(ranked)) + 1):
        for chosen in combinations(ranked, size):
            if all(_tells_apart(chosen, table) for table in tables):
                return chosen
    return ()


def _distinct(rows: list[dict[Path, object]]) -> list[dict[Path, object]]:
    """Without those that are wholly like an earlier one."""
    found: list[dict[Path, object]] = []
    for row in rows:
        if not any(row == other for other in found[-50:]):
            found.append(row)
    return found


def _is_like_a_measure(path: Path, tables: Sequence[list[dict[Path, object]]]) -> bool:
    """A number with decimals, or what is called a measure: two ads rarely have the same, but that is by chance."""
    if _LIKE_A_MEASURE.search(path[-1].casefold()):
        return True
    said = [row.get(path) for table in tables for row in table]
    return any(isinstance(token, tuple) and _DECIMAL.fullmatch(str(token[1])) for token in said)


def _tells_apart(chosen: Sequence[Path], table: list[dict[Path, object]]) -> bool:
    return len({tuple(row.get(path) for path in chosen) for row in table}) == len(table)


def toml_list(texts: Sequence[str]) -> str:
    """As it is written in perfdash.toml."""
    return f"[{', '.join(map(toml_text, texts))}]"


def toml_text(text: str) -> str:
    """As it is written in perfdash.toml, with as little escaping as possible."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)


def payload_of_part(key: FactKey, finer: Sequence[str]) -> str:
    """A row whose page is no longer at hand: of what it was."""
    said = {"campaign": key.campaign, "day": str(key.day), "platform": key.platform, "finer": " / ".join(finer)[:200]}
    return json.dumps(said, ensure_ascii=False)
