"""The bullets of pacing: beyond the budget is seen, and the end of a long name too."""

from __future__ import annotations

from perfdash.presentation import bullets
from perfdash.presentation.bullets import FARTHEST, reach, wrapped


def test_what_overspends_ends_beyond_the_whole_budget():
    assert reach(1.115, 0.9)["spent"] > reach(1.0, 0.9)["spent"] == reach(1.0, 0.9)["whole"]


def test_what_overspends_most_still_leaves_room_for_its_words():
    assert reach(40.0, 1.0) == {"whole": 1.0, "spent": FARTHEST, "elapsed": 1.0, "reach": FARTHEST}


def test_words_stand_in_one_column_beside_the_whole_budget():
    assert reach(0.02, 0.05)["reach"] == reach(0.9, 0.5)["reach"] == 1.0


def test_a_name_keeps_its_end_which_tells_seasons_apart():
    short, long = wrapped("Spring"), wrapped("Röstfrisch Abo – Awareness Burst with Many Creators and More Summer 26")
    assert short == "Spring"
    assert long.count("\n") == 1
    assert long.endswith("Summer 26")


def test_the_specification_holds_no_data_and_names_every_band():
    spec = bullets.bullets(("A", "B"), 1.0, "dark")
    colors = next(layer["encoding"]["color"] for layer in spec["layer"] if "color" in layer["encoding"])
    assert {"stalled", "slow", "on pace", "fast", "over"} <= set(colors["scale"]["domain"])
    assert colors["legend"] is None
    assert not {"data", "datasets", "config", "$schema"} & set().union(spec, *spec["layer"])
