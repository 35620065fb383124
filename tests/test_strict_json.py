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
