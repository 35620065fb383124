"""Pages that look like the one before are read in a shorter way, and never otherwise than any other page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import copy, deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from perfdash.ingest import field_paths, json_reader
from perfdash.ingest.columnar_rows import ColumnarRows
from perfdash.ingest.json_reader import Reader
from tests.conftest import examples

ROW = {"campaignId": "c1", "cost": 1, "Cost (EUR)": None, "a.b": "x: y"}


def page(*rows: Any, **around: Any) -> bytes:
    return json.dumps({"data": list(rows), "page_info": {"page": 1, "total_page": 2}} | around).encode()


def after(first: bytes, *pages: bytes, path: str = "data") -> list[Any]:
    """What a reader that has seen `first` says of each of `pages`, each asked of its own reader."""
    found = []
    for one in pages:
        reader = Reader(path)
        reader.loads(first)
        found.append(reader.loads(one))
    return found


def is_short(value: Any) -> bool:
    return isinstance(value["data"], ColumnarRows)


def test_the_second_page_is_read_into_columns_and_says_the_same() -> None:
    odd = '": :'
    body = page(ROW, ROW | {"cost": 2.50, "campaignId": "Ä"}, page_info={"page": 2, "deeper": [{"x": "a: b"}]})
    assert not is_short(after(page(ROW), page(ROW | {"campaignId": odd}))[0])
    (found,) = after(page(ROW), body)
    assert is_short(found)
    assert found == json_reader.loads(body)
    assert found["data"].columns[1] == [1, b"2.5"]
    assert [row["cost"] for row in found["data"]] == [1, Decimal("2.5")]
    assert type(found["data"].columns[1][0]) is int


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (["1.50", "2"], [b"1.50", 2]),
        (["-0.0", "null"], [b"-0.0", None]),
        (["1.5e3", "2.5"], [Decimal("1500"), Decimal("2.5")]),
        (["2.5", "1E-7"], [Decimal("2.5"), Decimal("0.0000001")]),
        (["2.5", '"x"'], [Decimal("2.5"), "x"]),
        (["2.5", "true"], [Decimal("2.5"), True]),
        (["1", "2"], [1, 2]),
    ],
)
def test_a_number_with_a_point_stays_as_it_was_written_beside_numbers(written: list[str], kept: list[Any]) -> None:
    body = page(ROW | {"cost": 111}, ROW | {"cost": 222})
    body = body.replace(b"111", written[0].encode()).replace(b"222", written[1].encode())
    (found,) = after(page(ROW), body)
    assert is_short(found)
    assert found["data"].columns[1] == kept
    assert list(map(type, found["data"].columns[1])) == list(map(type, kept))
    assert found == json_reader.loads(body)
    assert spelled(found) == spelled(json_reader.loads(body))


def test_numbers_around_the_rows_are_decimals() -> None:
    body = page(ROW, page_info={"page": 1.5, "more": [2.50, {"a": 1e2}]}, other=None)
    (found,) = after(page(ROW, other=0.25), body)
    assert is_short(found)
    assert found["page_info"] == {"page": Decimal("1.5"), "more": [Decimal("2.5"), {"a": Decimal(100)}]}
    assert spelled(found) == spelled(json_reader.loads(body))


def test_the_rows_may_lie_deeper_and_a_page_may_be_empty() -> None:
    bodies = [json.dumps({"ok": True, "data": {"list": rows, "n": 1.5}}).encode() for rows in ([ROW], [ROW, ROW], [])]
    first, second, empty = bodies
    found, none = after(first, second, empty, path="data.list")
    assert isinstance(found["data"]["list"], ColumnarRows)
    assert (found, none) == (json_reader.loads(second), json_reader.loads(empty))
    assert type(none["data"]["list"]) is list


@pytest.mark.parametrize(
    "body",
    [
        page({**ROW, "more": 1}),
        page({"cost": 1}),
        page(ROW, more=1),
        page(None),
        page(),
        page(ROW, ROW | {"cost": [1]}),
        page(ROW, ROW | {"cost": {"a": 1}}),
        b'{"code": 40100, "data": {}}',
        b'{"data": null, "page_info": 1}',
        b"[]",
        json.dumps({"data": [ROW | {"cost": "\ud83d"}], "page_info": 1}).encode(),
    ],
)
def test_what_differs_is_read_as_ever(body: bytes) -> None:
    assert after(page(ROW), body) == [json_reader.loads(body)]


@pytest.mark.parametrize(
    "body",
    [
        page(ROW)[:-1],
        b"",
        b"<html>",
        page(ROW).replace(b'"cost": 1', b'"cost": NaN'),
        page(ROW).replace(b'"cost": 1', b'"cost": 1, "cost": 2'),
        page(ROW).replace(b'"page": 1', b'"page": 1, "page": 1'),
        page(ROW).replace(b'"page_info"', b'"data": [], "page_info"'),
        page(ROW).replace(b'"page_info"', b'"page_info": 1, "page_info"'),
        page(ROW, page_info="deep").replace(b'"deep"', b"[" * 40 + b"]" * 40),
        page(ROW).replace(b'"cost": 1', b'"cost": ' + b"9" * 5000),
        page(ROW).replace(b'"cost": 1', b'"cost": 1e99999999999999999999'),
        page(ROW).replace(b"x: y", b"\xff"),
    ],
)
def test_what_is_refused_is_refused_in_the_same_words(body: bytes) -> None:
    with pytest.raises(json_reader.NotStrictJson) as plainly:
        json_reader.loads(body)
    with pytest.raises(json_reader.NotStrictJson) as shortly:
        after(page(ROW), body)
    assert str(shortly.value) == str(plainly.value)


@pytest.mark.parametrize(
    ("first", "path"),
    [
        (page(ROW, {"cost": 1}), "data"),
        (page(ROW, None), "data"),
        (page(), "data"),
        (page({}), "data"),
        (page(ROW), "data[]"),
        (page(ROW), "elsewhere"),
        (page(ROW), "page_info.page"),
        (json.dumps({"data.list": [ROW], "data": {"list": [ROW]}}).encode(), "data.list"),
        (json.dumps([ROW]).encode(), "data"),
    ],
)
def test_some_pages_say_nothing_of_the_next_one(first: bytes, path: str) -> None:
    (found,) = after(first, first, path=path)
    assert found == json_reader.loads(first)
    assert not any(isinstance(value, ColumnarRows) for value in (found.values() if isinstance(found, dict) else ()))


def test_one_page_that_differs_ends_the_short_way() -> None:
    reader = Reader("data")
    found = [reader.loads(body) for body in (page(ROW), page(ROW), page({"cost": 1}), page({"cost": 1}), page(ROW))]
    assert [is_short(one) for one in found] == [False, True, False, False, False]


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(10**18, 10**40),
    st.text('aä:"{[\\ 1.e-\x7f\U0001f600', max_size=5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.just([]),
    st.just({"a": 1}),
)
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?", fullmatch=True)


def spelled(value: Any) -> Any:
    """With the types and digits of its numbers, but in no order of names."""
    if isinstance(value, dict):
        return {name: spelled(inner) for name, inner in value.items()}
    return [spelled(inner) for inner in value] if isinstance(value, list | ColumnarRows) else repr(value)


@examples(600)
@given(
    st.lists(st.text('ab.:"', max_size=3), min_size=1, max_size=4, unique=True).flatmap(
        lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, VALUES)), min_size=1, max_size=5)
    ),
    st.dictionaries(st.text("xy:", max_size=2), VALUES, max_size=3),
    NUMBERS,
    st.sampled_from([None, (",", ":"), (" ,\n", " :\t")]),
)
def test_it_reads_whatever_comes_as_strict_json_does(
    rows: list[dict[str, Any]], around: dict[str, Any], number: str, separators: tuple[str, str] | None
) -> None:
    text = json.dumps(around | {"data": rows, "n": 987654321}, separators=separators)
    body = text.replace("987654321", number).encode()
    (found,) = after(body, body)
    plain = json_reader.loads(body)
    event("short" if is_short(found) else "as ever")
    assert found == plain
    assert spelled(found) == spelled(plain)


PLAIN_ROWS = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "z"}, {"a": 1, "b": "x"}]


def in_columns(rows: list[dict[str, Any]]) -> ColumnarRows:
    return ColumnarRows(tuple(rows[0]), [[row[name] for row in rows] for name in rows[0]])


def test_rows_in_columns_are_a_sequence_of_objects_for_whoever_looks() -> None:
    rows = in_columns(PLAIN_ROWS)
    assert isinstance(rows, Sequence)
    assert (len(rows), rows[1], rows[-1], rows[1:], list(rows), [*reversed(rows)]) == (
        4,
        PLAIN_ROWS[1],
        PLAIN_ROWS[3],
        PLAIN_ROWS[1:],
        PLAIN_ROWS,
        PLAIN_ROWS[::-1],
    )
    assert PLAIN_ROWS[0] in rows
    assert {"a": 4} not in rows
    assert repr(rows) == repr(PLAIN_ROWS)
    assert bool(rows)
    with pytest.raises(IndexError):
        rows[4]


def test_rows_in_columns_are_counted_and_found_as_in_a_list() -> None:
    rows = in_columns(PLAIN_ROWS)
    for row in [*PLAIN_ROWS, {"a": 4}]:
        assert rows.count(row) == PLAIN_ROWS.count(row)
    assert [rows.index(row) for row in PLAIN_ROWS] == [PLAIN_ROWS.index(row) for row in PLAIN_ROWS]
    with pytest.raises(ValueError):
        rows.index({"a": 4})


def test_rows_in_columns_equal_the_list_of_them_and_no_other_value() -> None:
    rows = in_columns(PLAIN_ROWS)
    assert rows == PLAIN_ROWS
    assert rows == PLAIN_ROWS
    assert rows == in_columns(PLAIN_ROWS)
    assert (rows != PLAIN_ROWS) is False
    assert rows != in_columns(PLAIN_ROWS[1:])
    for other in ([], PLAIN_ROWS[1:], tuple(PLAIN_ROWS), "ab", None, {"a": 1}):
        assert rows != other
        assert other != rows


def test_rows_in_columns_cannot_be_changed_nor_taken_for_an_empty_list() -> None:
    rows: Any = in_columns(PLAIN_ROWS)
    nothing: list[Any] = []
    for change in (lambda: rows + nothing, lambda: nothing + rows, lambda: rows * 2, lambda: hash(rows)):
        with pytest.raises(TypeError):
            change()
    with pytest.raises(TypeError):
        rows[0] = {}
    assert not any(hasattr(rows, name) for name in ("append", "extend", "clear", "sort", "copy"))
    assert copy(rows) == deepcopy(rows) == [*rows] == PLAIN_ROWS


@pytest.mark.parametrize(
    "expression",
    [
        "length(data)",
        "data[0].b",
        "data[?a > `1`].b",
        "data[].a | sum(@)",
        "max_by(data, &a).b",
        "type(data)",
        "data[-1]",
        "reverse(data)[0].a",
        "data[*].a",
        "sort_by(data, &b)[1]",
        "contains(data[*].a, `2`)",
        "data[1:].a",
        "data || `1`",
        "to_string(data)",
        "data != `[]`",
        "data == `[]`",
        "[data][].a",
        "*[].b",
        "values(@)[].a",
        "*[0].a",
        "not_null(missing, data)[].b",
        "{rows: data}.rows[].a",
        "(data || other)[1].b",
        "merge(@, {n: `1`}).data[].a",
        "[data, data][1][0].a",
        "map(&a, data)",
        "to_array(data)[0].a",
        "@.data[].b",
        "length(values(@)[0])",
    ],
)
def test_an_expression_finds_in_rows_in_columns_what_it_finds_in_a_list(expression: str) -> None:
    plain = [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    find = field_paths.look_up(expression)
    assert find({"data": ColumnarRows(("a", "b"), ([1, 2], ["x", "y"]))}) == find({"data": plain}) is not None


def test_names_beyond_counting_are_read_as_ever() -> None:
    row = {f"n{n}": n for n in range(json_reader._MOST_NAMES + 1)}
    (found,) = after(page(row), page(row))
    assert not is_short(found)
    assert found == json_reader.loads(page(row))
