"""The charts by day: what stands where, what may change, and what a click names."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from perfdash.domain.accounts import Days
from perfdash.presentation import charts, day_charts
from perfdash.presentation.day_charts import NUMBERS, TEXTS, Look, by_day, chosen_day, far_apart, slot

MARCH = Days(date(2026, 3, 1), date(2026, 3, 30))
BARS = Look("Cost", ("Instagram", "TikTok"), MARCH)
EVERYTHING = replace(BARS, before="Before", reported="Reported", marked=True, spiked=True, chosen=True)
LOOKS = {
    "bars": BARS,
    "lines": replace(BARS, form="lines"),
    "percent": replace(BARS, form="lines", percent=True, from_zero=False),
    "everything in bars": EVERYTHING,
    "everything in lines": replace(EVERYTHING, form="lines"),
}


def layers(look: Look, what: str) -> list[dict[str, object]]:
    """The layers that draw the rows of one kind."""
    return [one for one in by_day(look)["layer"] if f"'{what}'" in json.dumps(one["transform"])]


def fields(layer: dict[str, object]) -> set[str]:
    return {channel["field"] for channel in _channels(layer["encoding"]) if "field" in channel}


def _channels(encoding):
    for channel in encoding.values():
        yield from channel if isinstance(channel, list) else [channel]


@pytest.mark.parametrize("name", LOOKS)
def test_a_specification_holds_no_data_and_nothing_of_the_theme(name):
    spec = by_day(LOOKS[name])
    for part in (spec, *spec["layer"]):
        assert not {"data", "datasets", "config", "$schema"} & set(part)


@pytest.mark.parametrize("name", LOOKS)
def test_fields_are_ours_whatever_the_platforms_are_called(name):
    used = set().union(*(fields(layer) for layer in by_day(LOOKS[name])["layer"]))
    assert used <= {*NUMBERS, *TEXTS, "day"}


@pytest.mark.parametrize("length", [30, 210])
def test_days_that_may_change_stand_on_one_ground_however_many_days_there_are(length):
    (ground,) = layers(replace(BARS, days=Days(MARCH.start, MARCH.start + timedelta(days=length - 1))), "still")
    assert ground["mark"]["type"] == "rect"
    assert fields(ground) == {"start", "end"}


def test_bars_touch_where_they_are_many_and_stand_apart_where_they_are_few():
    few, many = slot(MARCH.start, MARCH), slot(MARCH.start, Days(MARCH.start, MARCH.start + timedelta(days=200)))
    assert few["start"] < few["left"] < few["noon"] < few["right"] < few["end"]
    assert (many["left"], many["right"]) == (many["start"], many["end"])


def test_one_day_is_a_bar_and_no_slab():
    one = Days(MARCH.start, MARCH.start)
    (bars,) = layers(replace(BARS, days=one), "part")
    first, last = bars["encoding"]["x"]["scale"]["domain"]
    assert last - first == 7 * 86_400_000
    assert len(bars["encoding"]["x"]["axis"]["values"]) == 1


def test_ticks_stand_at_noon_and_the_last_day_keeps_its_label():
    (bars,) = layers(BARS, "part")
    ticks = bars["encoding"]["x"]["axis"]["values"]
    assert ticks[0] == charts.at(MARCH.end) + 43_200_000
    assert len(ticks) <= 7
    assert {a - b for a, b in itertools.pairwise(ticks)} == {5 * 86_400_000}


def test_lines_are_straight_and_several_platforms_have_a_line_for_all_of_them():
    platforms, total = layers(LOOKS["lines"], "part")[0], layers(LOOKS["lines"], "day")[0]
    assert "interpolate" not in platforms["mark"]
    assert "interpolate" not in total["mark"]
    assert total["mark"]["strokeWidth"] > platforms["mark"]["strokeWidth"]
    alone = replace(LOOKS["lines"], platforms=("TikTok",))
    assert not [layer for layer in layers(alone, "day") if layer["mark"]["type"] == "line"]


def test_the_period_before_and_what_was_reported_are_drawn_only_where_they_have_a_name():
    def thin(look):
        return {f for layer in layers(look, "day") if layer["mark"]["type"] == "line" for f in fields(layer)}

    assert not thin(BARS)
    assert {"before", "reported"} <= thin(EVERYTHING)


def test_an_axis_begins_at_zero_unless_all_values_are_near_to_each_other():
    assert far_apart([1.0, 2.0])
    assert not far_apart([1.9, 2.0])
    (bars,) = layers(BARS, "part")
    assert bars["encoding"]["y"]["scale"]["zero"] is True


def test_wherever_the_pointer_stands_on_a_day_the_whole_day_is_told():
    *_, over = by_day(EVERYTHING)["layer"]
    titles = [tip["title"] for tip in over["encoding"]["tooltip"]]
    assert titles == ["Day", "Cost", "Platforms", "Reported", "Before", "Finality", "Corrected"]
    assert over["encoding"]["y2"] == {"value": "height"}


def test_a_click_is_told_only_where_somebody_listens():
    assert "params" not in by_day(BARS)["layer"][-1]
    (param,) = by_day(EVERYTHING)["layer"][-1]["params"]
    assert (param["name"], param["select"]["fields"]) == (day_charts.SELECTED, ["start"])


def test_a_click_names_the_day_it_was_on():
    assert chosen_day([{"start": charts.at(date(2026, 3, 4))}], MARCH) == date(2026, 3, 4)


@pytest.mark.parametrize(
    "sent",
    [None, [], {}, "x", [{}], [{"start": "2026-03-04"}], [{"start": True}], [{"start": 1.5}], [{"start": 9e99}]],
)
def test_what_no_click_sends_names_no_day(sent):
    assert chosen_day(sent, MARCH) is None
