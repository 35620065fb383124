"""The charts' specifications: without data, without what Streamlit brings, drawn on labels of days."""

from __future__ import annotations

import json
from datetime import date

import pytest

from perfdash.domain.accounts import Days
from perfdash.presentation import charts

DAYS = Days(date(2026, 2, 27), date(2026, 3, 3))
PLATFORMS = ("Instagram", "TikTok")
SPECS = {
    "bars": charts.bars_by_day("Cost", PLATFORMS, DAYS),
    "coverage": charts.coverage(DAYS, 3),
}


@pytest.mark.parametrize("name", SPECS)
def test_a_specification_holds_no_data_and_nothing_of_the_theme(name):
    assert not {"data", "datasets", "config", "$schema"} & set(SPECS[name])
    assert "table" not in json.dumps(SPECS[name])


@pytest.mark.parametrize("name", SPECS)
def test_fields_are_ours_whatever_the_platforms_are_called(name):
    fields = {channel["field"] for channel in _channels(SPECS[name])}
    assert fields <= {
        "day",
        "platform",
        "value",
        "shown",
        "account",
        "state",
        "finality",
        "corrected",
        "dashed",
    }


@pytest.mark.parametrize("name", SPECS)
def test_no_label_is_cut(name):
    encoding = SPECS[name]["encoding"]
    assert all(encoding[axis]["axis"]["labelLimit"] == 0 for axis in ("x", "y"))
    assert encoding["color"]["legend"]["labelLimit"] == 0


def test_days_are_drawn_on_a_utc_scale_from_the_first_to_the_last():
    scale = SPECS["bars"]["encoding"]["x"]["scale"]
    assert scale["type"] == "utc"
    assert [(d["month"], d["date"], d["utc"]) for d in scale["domain"]] == [(2, 27, True), (3, 4, True)]
    assert charts.at(date(2026, 3, 1)) == 1_772_323_200_000.0


def test_a_platform_keeps_its_colour_when_another_is_filtered_out():
    assert SPECS["bars"]["encoding"]["color"]["scale"]["domain"] == ["Instagram", "TikTok"]


def test_a_long_range_has_no_more_ticks_than_fit():
    long = charts.bars_by_day("Cost", PLATFORMS, Days(date(2025, 1, 1), date(2026, 3, 3)))
    assert len(long["encoding"]["x"]["axis"]["values"]) <= 8


def _channels(spec):
    for channel in spec["encoding"].values():
        for one in channel if isinstance(channel, list) else [channel]:
            if "field" in one:
                yield one


def test_what_is_not_final_is_pale_with_an_outline():
    bars = SPECS["bars"]["encoding"]
    assert bars["fillOpacity"]["condition"]["value"] == 1
    assert bars["fillOpacity"]["value"] < 0.5
    assert bars["strokeWidth"]["value"] == 1
