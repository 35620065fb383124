"""What is left out of a value of this package is nothing: no text, no rows, no rules of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from perfdash.config.loading import Declared
from perfdash.domain.accounts import Days
from perfdash.domain.security import Security
from perfdash.sources.check.request_plan import Request
from perfdash.sources.check.trial import RowRead, Trial
from perfdash.sources.pagination import Came

ASKED = Request(Days(date(2026, 3, 1), date(2026, 3, 7)), "https://api.example.com", ())


@pytest.mark.parametrize(
    ("value", "names", "nothing"),
    [
        (Came([], {}, "https://api.example.com"), ("link",), ""),
        (RowRead(()), ("flags",), ()),
        (RowRead(()), ("refused",), ""),
        (Trial(ASKED), ("status", "following"), None),
        (Trial(ASKED), ("seconds", "size", "fetched", "facts", "duplicates"), 0),
        (Trial(ASKED), ("request_id", "problem"), ""),
        (Trial(ASKED), ("rows", "quarantined"), ()),
        (Declared(), ("clients", "accounts"), ()),
        (Declared(), ("sources",), {}),
        (Declared(), ("security",), Security()),
    ],
)
def test_what_is_left_out_is_nothing(value: object, names: tuple[str, ...], nothing: Any) -> None:
    assert [getattr(value, name) for name in names] == [nothing] * len(names)
