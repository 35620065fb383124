"""A source's [fields] and [records] as the recipe for its rows; names in it are those that people look for."""

from __future__ import annotations

from typing import Any

import pytest

from perfdash.domain.numbers import CONTINENTAL, ENGLISH, POSSIBLE
from perfdash.sources.mapping import mapping_of
from tests.sources.loopback import Loopback, said
from tests.sources.routed import FIELDS, asking, custom, entry, reasons

NONE = {"type": "none"}


def recipe(records: dict[str, Any] | None = None, **fields: Any) -> Any:
    config = custom(
        "https://api.example.com", NONE, fields=FIELDS | fields, records={"path": "items", **(records or {})}
    ).config
    return mapping_of(config.fields, config.records, config.type)


def test_texts_that_mean_not_reported_belong_to_the_recipe() -> None:
    assert recipe({"missing": ["-", "n/a"]}).missing == ("-", "n/a")
    assert recipe().missing == ()


@pytest.mark.parametrize(
    ("cost", "label", "keys"),
    [
        ("spend", "spend", ("spend",)),
        ("metrics.spend", "metrics.spend", ("metrics", "spend")),
        ({"path": "actions", "by": "type", "pick": "buy"}, "actions[buy]", ("actions",)),
        ({"path": "a || b"}, "a || b", None),
        ({"constant": "0"}, "cost", None),
    ],
)
def test_a_field_is_called_by_where_it_stands_and_plain_paths_are_read_by_their_keys(
    cost: Any, label: str, keys: tuple[str, ...] | None
) -> None:
    found = recipe(cost=cost).fields["cost"]
    assert (found.name, found.label, found.keys) == ("cost", label, keys)
    assert found.constant == ("0" if label == "cost" else None)


def test_a_pick_is_made_by_its_name_and_takes_its_value() -> None:
    field = recipe(cost={"path": "actions", "by": "type", "pick": "buy", "value": "n"}).fields["cost"]
    assert field.value({"actions": [{"type": "see", "n": 1}, {"type": "buy", "n": 2}]}) == 2
    assert recipe().fields["cost"].pick is None


@pytest.mark.parametrize(("said", "power"), [("units", 0), ("cents", -2), ("percent", -2), ("micros", -6)])
def test_a_scale_is_a_power_of_ten(said: str, power: int) -> None:
    assert recipe(cost={"path": "x", "scale": said}).fields["cost"].power == power


def test_a_decimal_comma_counts_for_every_field() -> None:
    for records in ({"decimal_comma": True}, {"numbers": "1.234,56"}):
        assert {field.numbers.styles for field in recipe(records).fields.values()} == {(CONTINENTAL,)}
    assert {field.numbers.styles for field in recipe().fields.values()} == {POSSIBLE}
    assert recipe({"decimal_comma": True, "numbers": "1,234.56"}).fields["cost"].numbers.styles == (ENGLISH,)


@pytest.mark.parametrize(("name", "zero"), [("cost", True), ("clicks", True), ("day", False), ("campaign", False)])
def test_only_numbers_are_zero_when_they_are_missing(name: str, zero: bool) -> None:
    fields: dict[str, Any] = {name: {"path": "x", "zero_when_missing": True}}
    assert recipe(**fields).fields[name].zero_when_missing is zero


def test_spellings_are_compared_in_any_case_and_without_blanks_around() -> None:
    found = recipe(platform={"path": "p", "map": {" IG ": "Instagram"}}).fields["platform"]
    assert found.spellings == {"ig": "Instagram"}


def test_rows_are_read_as_the_tables_say() -> None:
    fields = FIELDS | {
        "cost": {"path": "spent", "scale": "cents"},
        "day": {"path": "day", "format": "%d.%m.%Y"},
        "platform": {"path": "network", "map": {"tt": "TikTok"}},
        "views": {"path": "seen", "zero_when_missing": True},
    }
    good = entry(1, day="01.03.2026", spent="1.234,5", network="TT")
    rows = [good, good | {"id": "c2", "spent": "-", "seen": 7}, good | {"id": "c3", "shown": "-"}]
    records = {"path": "items", "missing": ["-"], "decimal_comma": True}
    with Loopback(said({"items": rows})) as server:
        batch = asking(custom(server.url, NONE, fields=fields, records=records)).batch
    ((key, values),) = batch.facts.items()
    assert (str(key.day), key.campaign, key.platform) == ("2026-03-01", "c1", "TikTok")
    assert (values.cost, values.views) == (12_345_000, 0)
    assert sorted(reasons(batch)) == ["shown is missing", "spent is missing"]
