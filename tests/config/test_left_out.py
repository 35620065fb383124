"""What a table of a source means when a line of it is left out: nothing at all, or the default that docs/ names."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from perfdash.config.auth_models import BearerAuth, HeaderAuth
from perfdash.config.models import AccountConfig, SourceConfig
from perfdash.config.request_models import RequestConfig
from perfdash.config.source_models import (
    CursorPaging,
    FieldConfig,
    LinkPaging,
    NoPaging,
    OutcomeRule,
    PagePaging,
    RateConfig,
    RecordsConfig,
    UsageConfig,
)
from tests.config.test_loading import FIELDS, SOURCE


@pytest.mark.parametrize(
    ("table", "rest"),
    [
        (BearerAuth(), {"type": "bearer"}),
        (HeaderAuth(type="header", name="X"), {"type": "header", "prefix": ""}),
        (
            RequestConfig(path="/"),
            {
                "method": "GET",
                "params": {},
                "raw_params": (),
                "body": None,
                "form": {},
                "headers": {},
                "dates": "%Y-%m-%d",
                "platforms_joined_by": ",",
                "window_days": None,
            },
        ),
        (NoPaging(), {"type": "none", "total_rows": None}),
        (LinkPaging(type="link_header"), {"type": "link_header", "total_rows": None, "size": None, "scheme": "same"}),
        (
            PagePaging(type="page"),
            {
                "type": "page",
                "total_rows": None,
                "size": None,
                "first": 1,
                "first_unasked": False,
                "page_at": None,
                "size_at": None,
                "total_pages": None,
            },
        ),
        (CursorPaging(type="cursor", next="n"), {"type": "cursor", "total_rows": None, "size": None, "more": None}),
        (
            OutcomeRule(then="ok", at="a"),
            {"status": None, "header": None, "any_of": None, "between": None, "contains": None, "says": None},
        ),
        (RateConfig(requests=1), {"seconds": 1.0}),
        (
            UsageConfig(headers=("X",)),
            {"percent": (), "minutes": (), "seconds": (), "pause_at": 95.0, "pause_seconds": 60.0},
        ),
        (
            FieldConfig(path="x"),
            {
                "constant": None,
                "scale": "units",
                "format": (),
                "map": {},
                "by": None,
                "pick": None,
                "value": "value",
                "zero_when_missing": False,
            },
        ),
        (FieldConfig(constant="x"), {"path": None}),
        (RecordsConfig(path="x"), {"missing": (), "decimal_comma": False}),
        (
            AccountConfig(client="c", account="a"),
            {"currency": None, "time_zone": None, "key": None, "platforms": None},
        ),
        (
            SourceConfig.model_validate({name: said for name, said in SOURCE.items() if name != "accounts"}),
            {
                "currency": None,
                "time_zone": None,
                "settlement_days": None,
                "history_days": 180,
                "overlap": False,
                "auth": {"type": "bearer"},
                "paging": {"type": "none", "total_rows": None},
                "outcomes": (),
                "rate": None,
                "usage": None,
                "accounts": (),
                "limits": {
                    "connect_seconds": 10.0,
                    "read_seconds": 30.0,
                    "total_seconds": 300.0,
                    "attempts": 5,
                    "pages": 5_000,
                    "body_mib": 64.0,
                },
            },
        ),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, BaseModel) else "",
)
def test_a_line_that_is_left_out_is_its_default(table: BaseModel, rest: dict[str, Any]) -> None:
    found = table.model_dump()
    assert {name: found[name] for name in rest} == rest


def test_fields_that_no_row_needs_are_not_looked_for() -> None:
    fields = SourceConfig.model_validate(SOURCE).fields.model_dump()
    assert {name for name, said in fields.items() if said is not None} == FIELDS.keys()
    assert {type(said) for name, said in fields.items() if name not in FIELDS} == {type(None)}
