"""JSON that two readers could understand differently is refused."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.ingest.json_reader import MAX_DEPTH, NotStrictJson, loads
from tests.conftest import examples


def test_decimals_are_exact_and_integers_stay_integers() -> None:
    assert loads(b"[0.10, 1e2, 3, 12345678901234567890.123]") == [
        Decimal("0.10"),
        Decimal("1E+2"),
        3,
        Decimal("12345678901234567890.123"),
    ]
    assert type(loads(b"3")) is int


def test_a_byte_order_mark_is_overlooked() -> None:
    assert loads(b"\xef\xbb\xbf[1]") == [1]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[NaN]", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b'{"a": 1, "b": {"c": 1, "c": 1}}', "same key twice"),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "more than 32 levels"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "more than 32 levels"),
        (b"[" * 1_000_000, "too deeply"),
        (b"[1] 2", "not JSON (line 1, column 5)"),
        (b"", "not JSON"),
        (b"\xff", "UTF-8"),
        ("[1]".encode("utf-16"), "UTF-8"),
        (b"9" * 5000, "too long"),
        (b"1e99999999999999999999", "too long"),
    ],
)
def test_what_is_refused(body: bytes, text: str) -> None:
    with pytest.raises(NotStrictJson) as caught:
        loads(body)
    assert text in str(caught.value)


@pytest.mark.parametrize("body", [b'{"hush": 1, "hush": 2}', b'["hush", hush]', b'{"hush": NaN}', b'{"hush": "\xff"}'])
def test_a_refusal_quotes_nothing_of_the_text(body: bytes) -> None:
    with pytest.raises(NotStrictJson) as caught:
        loads(body)
    assert "hush" not in str(caught.value)


def test_a_text_that_was_cut_inside_an_emoji_is_read_and_left_to_the_row_that_holds_it() -> None:
    assert loads(b'[{"name": "Spring \\ud83d", "cost": 0.10}]') == [{"name": "Spring \ud83d", "cost": Decimal("0.10")}]
    with pytest.raises(NotStrictJson, match="same key twice"):
        loads(b'[{"name": "\\ud83d", "name": 1}]')
    with pytest.raises(NotStrictJson, match="more than 32 levels"):
        loads(b'["\\ud83d", ' + b"[" * 40 + b"]" * 40 + b"]")


def test_absurd_exponents_are_kept_as_they_are_and_cost_nothing() -> None:
    assert loads(b"[1e999999999, 1e-999999999]") == [Decimal("1e999999999"), Decimal("1e-999999999")]


def test_the_deepest_nesting_that_is_allowed() -> None:
    assert loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value


@st.composite
def written_objects(draw: st.DrawFn) -> tuple[bytes, bool]:
    """JSON as odd writers spell it, with marks inside words, and whether an object in it has a key twice."""
    words = st.text('a:"{[\\ ', max_size=4)
    repeats = False

    def spaced(text: str) -> str:
        return draw(st.sampled_from(["", " ", "\n\t "])) + text

    def written(depth: int) -> str:
        nonlocal repeats
        kind = draw(st.sampled_from(["word", "number", "object", "list"] if depth else ["word", "number"]))
        if kind == "word":
            return spaced(draw(st.sampled_from([json.dumps(draw(words)), '"\\u003a"', '"\\u007b"'])))
        if kind == "number":
            return spaced("1.50")
        inside = range(draw(st.integers(0, 3)))
        if kind == "list":
            return spaced("[" + ",".join(written(depth - 1) for _ in inside) + spaced("]"))
        keys = [draw(words) for _ in inside]
        repeats |= len(set(keys)) < len(keys)
        pairs = [spaced(json.dumps(key)) + spaced(":") + written(depth - 1) for key in keys]
        return spaced("{" + ",".join(pairs) + spaced("}"))

    return written(4).encode(), repeats


@examples(1_000)
@given(written_objects())
def test_a_key_that_is_there_twice_is_found_whatever_stands_around_it(case: tuple[bytes, bool]) -> None:
    body, repeats = case
    if repeats:
        with pytest.raises(NotStrictJson, match="same key twice"):
            loads(body)
    else:
        assert loads(body) == json.loads(body, parse_float=Decimal)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1, "a" : 2}',  # the second has white space before its colon
        b'{"a": ":", "a": 1}',  # what was overwritten held a colon
        b'{"a": {"b": 1}, "a": 2}',  # what was overwritten held a key
        b'{"a": 1, "a": {}}',
        rb'{"a": 1, "a": 2, "b": "\u003a"}',  # a colon that the text does not hold, but the value does
        rb'[{"n": "\": :"}, {"a": 1, "a": 1}]',
        b'{"n": "Spring: sale", "day": "2026-03-01 00:00:00", "day": "2026-03-02 00:00:00"}',
        b'{"a": [[{"x": 1, "x": 1}]]}',
    ],
)
def test_counting_keys_is_not_fooled(body: bytes) -> None:
    with pytest.raises(NotStrictJson, match="same key twice"):
        loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"n": "Spring: sale", "day": "2026-03-01 00:00:00"}',
        rb'{"n": "\": :", "m": "{[:"}',
        b'{"a":\n1,"b" :{"a":1}}',
        b"{}",
        b'{"":1}',
    ],
)
def test_marks_inside_words_are_no_keys(body: bytes) -> None:
    assert loads(body) == json.loads(body)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_value_or_one_refusal(body: bytes) -> None:
    with contextlib.suppress(NotStrictJson):
        loads(body)
