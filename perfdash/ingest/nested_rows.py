"""Rows inside other objects, such as the days of each campaign, in lists or under keys (pure).

A row then sees what the objects around it say, as long as it has no field of that name itself: the id of the campaign
stands once, above its days. Lists around it are not shown to it: they belong to all rows of the object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jmespath

from perfdash.domain.errors import BadAnswer
from perfdash.ingest.columnar_rows import are_rows
from perfdash.ingest.field_paths import PATHS_KEPT, evaluator

KEY, OUTER_KEY, VALUE = "$key", "$outer_key", "$value"
"""Fields of a row that hangs under a key: that key, the one around it, and the value if it is no object."""
MOST_AROUND = 500
_ABSENT = object()
_PROJECTIONS = ("projection", "value_projection", "filter_projection")


@dataclass(frozen=True, slots=True)
class NestedRows:
    """The rows, and how many objects the outermost list holds: that is what an API counts in its pages."""

    rows: list[Any]
    objects: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A value somewhere in an answer. `around` is what the objects that hold it say; None above the first list."""

    value: object
    around: Mapping[str, object] | None = None

    def under(self, name: str) -> _Place:
        if not isinstance(self.value, Mapping) or name not in self.value:
            return _Place(_ABSENT, self.around)
        inner = self.value[name]
        around = None if self.around is None else {**self.around, **_shown(self.value, name)}
        return _Place(list(inner) if are_rows(inner) else inner, around)

    def item(self, value: object) -> _Place:
        return _Place(value, self.around or {})

    def keyed(self, key: str, value: object) -> _Place:
        around = dict(self.around or {})
        if KEY in around:
            around[OUTER_KEY] = around[KEY]
        return _Place(value, {**around, KEY: key})

    @property
    def row(self) -> object:
        if not self.around:
            return self.value
        return {**self.around, **(self.value if isinstance(self.value, Mapping) else {VALUE: self.value})}


def _shown(value: Mapping[str, object], but: str) -> dict[str, object]:
    if len(value) > MOST_AROUND:  # every row gets them all: of many rows in a wide object they would fill the memory
        raise BadAnswer(f"an object around the rows has more than {MOST_AROUND} fields")
    return {name: inner for name, inner in value.items() if name != but and not are_rows(inner)}


class _NotThere(Exception):
    """No object has the list that the path leads to."""


class _Unknown(Exception):
    """The path holds more than names, lists and conditions."""


@dataclass(slots=True)
class _Walk:
    """One walk through an answer, and how many objects its first list held."""

    objects: int | None = None

    def count(self, found: Sequence[_Place]) -> None:
        if self.objects is None:
            self.objects = len(found)


_Step = Callable[[list[_Place], _Walk], list[_Place]]


def is_nested(path: str, each: str | None) -> bool:
    """Whether rows stand inside other objects, so that they see these."""
    try:
        return each is not None or (_compiled(path) is not None and _levels(_parsed(path)) > 1)
    except _Unknown:
        return False


def nested_rows(said: object, path: str, each: str | None) -> NestedRows | None:
    """The rows at `path`, or at `each` inside the objects there. None when no object has a list there."""
    walk = _Walk()
    try:
        places = _listed(path, [_Place(said)], walk, keyed=False)
        if each is not None and places:
            walk.count(places)
            places = _listed(each, places, walk, keyed=True)
    except _NotThere:
        return None
    return NestedRows([place.row for place in places], walk.objects or 0)


def rows_of(objects: Sequence[object], each: str) -> Sequence[object]:
    """The rows inside `objects`; these themselves when none of them has any, as they may be rows already."""
    try:
        found = _listed(each, [_Place(one, {}) for one in objects], _Walk(), keyed=True)
    except _NotThere:
        return objects
    return [place.row for place in found]


def _listed(path: str, places: list[_Place], walk: _Walk, keyed: bool) -> list[_Place]:
    step = _compiled(path)
    if step is None:
        raise _NotThere
    found = step(places, walk)
    if _parsed(path)["type"] not in _PROJECTIONS:
        found = _items(found, keyed)
        walk.count(found)
    return found


def _items(places: list[_Place], keyed: bool) -> list[_Place]:
    """What stands in the lists at `places`, or, if `keyed`, under the keys of an object there."""
    found: list[_Place] = []
    is_there = False
    for place in places:
        value = place.value
        is_empty = value is None and place.around is not None  # null above everything is an answer without its list
        is_there = is_there or is_empty or are_rows(value) or isinstance(value, Mapping)
        if are_rows(value):
            found += [place.item(one) for one in value]
        elif isinstance(value, Mapping):
            found += _under_keys(place, value) if keyed else [place.item(value)]
    if places and not is_there:
        raise _NotThere
    return found


def _under_keys(place: _Place, value: Mapping[str, object]) -> Iterator[_Place]:
    for key, inner in value.items():
        for one in inner if are_rows(inner) else [inner]:
            yield place.keyed(key, one)


@lru_cache(maxsize=PATHS_KEPT)
def _parsed(path: str) -> Any:
    return jmespath.compile(path).parsed


@lru_cache(maxsize=PATHS_KEPT)
def _compiled(path: str) -> _Step | None:
    """None for a path of another kind, such as a function."""
    try:
        return _step(_parsed(path))
    except _Unknown:
        return None


def _levels(node: Any) -> int:
    """How many levels of objects with rows in them a path names."""
    inside = node["children"][:2]
    here = 1 + (inside[1]["type"] != "identity") if node["type"] in _PROJECTIONS else 0
    return here + sum(map(_levels, inside))


def _step(node: Any) -> _Step:
    kind, inside = node["type"], node["children"]
    if kind in ("identity", "current"):
        return lambda places, _walk: places
    if kind == "field":
        return lambda places, _walk: [place.under(node["value"]) for place in places]
    if kind == "index":
        return lambda places, _walk: [_at(place, node["value"]) for place in places]
    if kind in ("subexpression", "index_expression"):
        return _one_after_another([_step(child) for child in inside])
    if kind in _PROJECTIONS:
        return _projection(node)
    raise _Unknown


def _one_after_another(steps: Sequence[_Step]) -> _Step:
    def found(places: list[_Place], walk: _Walk) -> list[_Place]:
        for step in steps:
            places = step(places, walk)
        return places

    return found


def _at(place: _Place, index: int) -> _Place:
    value = place.value
    is_there = are_rows(value) and -len(value) <= index < len(value)
    return place.item(value[index]) if is_there and are_rows(value) else _Place(_ABSENT, place.around)


def _projection(node: Any) -> _Step:
    kind, left, right = node["type"], node["children"][0], _step(node["children"][1])
    is_flat = left["type"] == "flatten"
    source = left["children"][0] if is_flat else left
    before, is_list = _step(source), source["type"] in _PROJECTIONS
    holds = evaluator(node["children"][2]) if kind == "filter_projection" else None

    def found(places: list[_Place], walk: _Walk) -> list[_Place]:
        items = before(places, walk)
        if kind == "value_projection":
            items = [one for item in items if isinstance(item.value, Mapping) for one in _values(item, item.value)]
        elif not is_list:
            items = _items(items, keyed=False)
        if is_flat:
            if items and is_list and not any(are_rows(item.value) or isinstance(item.value, Mapping) for item in items):
                raise _NotThere
            items = [one for item in items for one in (map(item.item, item.value) if are_rows(item.value) else [item])]
        if holds is not None:
            items = [item for item in items if holds(item.value)]
        walk.count(items)
        return _present(right(items, walk))

    return found


def _values(place: _Place, value: Mapping[str, object]) -> Iterator[_Place]:
    return (place.keyed(key, list(inner) if are_rows(inner) else inner) for key, inner in value.items())


def _present(places: list[_Place]) -> list[_Place]:
    if places and all(place.value is _ABSENT for place in places):
        raise _NotThere
    return [place for place in places if place.value is not _ABSENT and place.value is not None]
