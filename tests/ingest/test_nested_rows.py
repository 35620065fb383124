"""Rows inside other objects see what these say; where they are not, nothing is made up."""

from __future__ import annotations

from typing import Any

import pytest

from perfdash.domain.errors import BadAnswer
from perfdash.ingest.field_paths import look_up
from perfdash.ingest.nested_rows import NestedRows, is_nested, nested_rows, rows_of

DAYS = [{"date": "2026-11-01", "cost": 5}, {"date": "2026-11-02", "cost": 6}]


def found(said: object, path: str, each: str | None = None) -> Any:
    nested = nested_rows(said, path, each)
    return nested and nested.rows


CAMPAIGNS = {"data": [{"id": "c1", "name": "One", "days": DAYS}, {"id": "c2", "name": "Two", "days": DAYS[:1]}]}
ROWS = [
    {"id": "c1", "name": "One", **DAYS[0]},
    {"id": "c1", "name": "One", **DAYS[1]},
    {"id": "c2", "name": "Two", **DAYS[0]},
]


@pytest.mark.parametrize(
    ("path", "each"),
    [
        ("data[].days[]", None),
        ("data[*].days[]", None),
        ("data[].days[*]", None),
        ("data", "days"),
        ("data", "days[]"),
        ("data[]", "days"),
        ("data[?id != 'c9']", "days"),
        ("data[?id != 'c9'].days[]", None),
    ],
)
def test_a_row_sees_the_object_around_it_however_the_way_is_written(path: str, each: str | None) -> None:
    assert is_nested(path, each)
    if (path, each) != ("data[].days[*]", None):  # there the rows of a campaign are one list
        assert nested_rows(CAMPAIGNS, path, each) == NestedRows(ROWS, 2)


def test_what_a_row_says_itself_counts_before_what_stands_around_it() -> None:
    said = {"data": [{"id": "c1", "cost": 99, "ads": [{"id": "a1", "cost": 99, "days": [{"cost": 5}]}]}]}
    assert found(said, "data[].ads[].days[]") == [{"id": "a1", "cost": 5}]
    assert found(said, "data[].ads[]", "days") == [{"id": "a1", "cost": 5}]


def test_what_stands_above_the_first_list_and_lists_beside_belong_to_no_row() -> None:
    said = {"page": 2, "data": [{"id": "c1", "actions": [1], "budget": {"day": 5}, "days": [{"cost": 5}]}]}
    assert found(said, "data[].days[]") == [{"id": "c1", "budget": {"day": 5}, "cost": 5}]


def test_days_that_hang_under_keys_have_the_key_as_a_field() -> None:
    said = {"data": [{"id": "c1", "days": {"2026-11-01": {"cost": 5}, "2026-11-02": {"cost": 6}}}]}
    rows = [{"id": "c1", "$key": "2026-11-01", "cost": 5}, {"id": "c1", "$key": "2026-11-02", "cost": 6}]
    assert found(said, "data", "days") == rows
    assert found(said, "data[].days.*") == rows
    assert look_up('"$key"')(rows[0]) == "2026-11-01"


def test_campaigns_and_days_under_keys_have_both() -> None:
    said = {"data": {"c1": {"2026-11-01": {"cost": 5}}, "c2": {"2026-11-01": {"cost": 6}}}}
    both = [
        {"$outer_key": "c1", "$key": "2026-11-01", "cost": 5},
        {"$outer_key": "c2", "$key": "2026-11-01", "cost": 6},
    ]
    assert found(said, "data.*", "@") == both
    assert found({"data": {"2026-11-01": [{"id": "c1"}, {"id": "c2"}]}}, "data", "@") == [
        {"$key": "2026-11-01", "id": "c1"},
        {"$key": "2026-11-01", "id": "c2"},
    ]
    assert found({"data": {"2026-11-01": 5}}, "data", "@") == [{"$key": "2026-11-01", "$value": 5}]


def test_snapchats_time_series() -> None:
    series = [{"start_time": "2026-11-01T00:00:00.000-08:00", "stats": {"spend": 5}}]
    stat = {"id": "c1", "timeseries": series}
    said = {"timeseries_stats": [{"sub_request_status": "SUCCESS", "timeseries_stat": stat}]}
    for path, each in (
        ("timeseries_stats[].timeseries_stat", "timeseries"),
        ("timeseries_stats[].timeseries_stat.timeseries[]", None),
        ("timeseries_stats", "timeseries_stat.timeseries"),
    ):
        (row,) = found(said, path, each)
        assert (row["id"], row["stats"], row["start_time"]) == ("c1", {"spend": 5}, series[0]["start_time"])


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ({"data": []}, []),
        ({"data": [{"id": 1, "days": []}]}, []),
        ({"data": [{"id": 1, "days": None}]}, []),
        ({"data": [{"id": 1}, {"id": 2, "days": [{"a": 1}]}]}, [{"id": 2, "a": 1}]),
        ({"data": [{"id": 1}]}, None),
        ({"data": None}, None),
        ({"data": 7}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_an_object_without_days_has_no_rows_and_no_object_with_any_is_an_answer_of_another_shape(
    said: object, rows: Any
) -> None:
    assert found(said, "data[].days[]") == rows
    assert found(said, "data", "days") == rows


@pytest.mark.parametrize("path", ["data", "data.list", "data[]", "data[*]", "data[?a == `1`]", "@", "values(data)"])
def test_a_plain_path_is_not_nested(path: str) -> None:
    assert not is_nested(path, None)
    assert is_nested(path, "days")


def test_objects_that_are_rows_already_stay_what_they_are() -> None:
    assert rows_of(DAYS, "days") == DAYS
    assert rows_of(CAMPAIGNS["data"], "days") == ROWS


def test_an_object_of_endless_fields_around_many_rows_does_not_fill_the_memory() -> None:
    wide = {f"f{n}": n for n in range(501)}
    with pytest.raises(BadAnswer, match="more than 500 fields"):
        nested_rows({"data": [{**wide, "days": DAYS}]}, "data", "days")
