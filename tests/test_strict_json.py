"""JSON that two readers could understand differently is refused."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.strict_json import MAX_DEPTH, NotStrictJson, loads


def test_decimals_are_exact_and_integers_stay_integers() -> None:
    assert loads(b'[0.10, 1e2, 3, 12345678901234567890.123]') == [
        Decimal("0.10"), Decimal("1E+2"), 3, Decimal("12345678901234567890.123"),
    ]  # fmt: skip
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


@given(st.binary(max_size=40))
def test_any_bytes_are_a_value_or_one_refusal(body: bytes) -> None:
    with contextlib.suppress(NotStrictJson):
        loads(body)
