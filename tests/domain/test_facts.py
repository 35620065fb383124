"""Facts as they are stored are the same facts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain import facts
from perfdash.domain.facts import FactKey, Sheet
from perfdash.domain.measures import NAMES, FactValues
from perfdash.store.schema import VALUES

DAY = date(2026, 11, 1)
FULL = FactValues(
    **dict(zip(NAMES, range(1, len(NAMES) + 1), strict=True)) | {"revenue": -8},
    reported_cpm=Decimal("1.50"),
    reported_roi=Decimal("-0.5"),
    currency="EUR",
    flags=("cost_rounded", "cpm_disagrees"),
)
BARE = FactValues(1, 2, 3, currency="EUR")
FACTS = {FactKey(DAY, "c1", "TikTok", "p1"): FULL, FactKey(DAY, "c1", "Instagram"): BARE}

NUMBERS = st.none() | st.integers(-(10**15), 10**15)
RATIOS = st.none() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**11), max_value=10**11)
FLAGS = st.lists(st.sampled_from(["cost_rounded", "cpm_disagrees", "unknown_platform"]), unique=True).map(tuple)


def test_a_sheet_is_a_mapping_of_named_facts() -> None:
    found = Sheet.of(FACTS)
    assert found == FACTS
    assert (len(found), list(found), list(found.items())) == (2, list(FACTS), list(FACTS.items()))
    assert [type(key) for key in found] == [FactKey, FactKey]
    assert [key.platform for key in found] == ["TikTok", "Instagram"]
    assert found[FactKey(DAY, "c1", "Instagram")] == BARE
    assert FactKey(DAY, "c1", "Instagram") in found
    assert FactKey(DAY, "c2", "Instagram") not in found
    assert repr(found) == repr(FACTS)
    assert Sheet.of(found) is found


def test_the_last_of_several_facts_with_one_key_counts() -> None:
    key = FactKey(DAY, "c1", "TikTok", "p1")
    assert Sheet.joined([FACTS, Sheet.of({key: BARE})]) == FACTS | {key: BARE}
    assert Sheet.joined([]) == {}


@given(st.builds(FactValues, *[NUMBERS] * len(NAMES), RATIOS, RATIOS, st.sampled_from(["EUR", "USD"]), FLAGS))
def test_what_is_stored_is_read_back_with_all_its_digits(values: FactValues) -> None:
    row = facts.to_stored(values)
    found = facts.to_named(row)
    assert found == values
    assert facts.to_stored(found) == row
    assert dict(zip(VALUES, row, strict=True)) == {
        **{name: value for name, value in values._asdict().items() if name not in ("flags",)},
        "reported_cpm": None if values.reported_cpm is None else format(values.reported_cpm, "f"),
        "reported_roi": None if values.reported_roi is None else format(values.reported_roi, "f"),
        "flags": ",".join(values.flags),
    }


def test_two_ways_to_write_a_ratio_are_one_value() -> None:
    row = facts.to_stored(FULL)
    assert facts.same_values(row, facts.to_stored(FULL._replace(reported_cpm=Decimal("1.5"))))
    assert not facts.same_values(row, facts.to_stored(FULL._replace(reported_cpm=Decimal("1.51"))))
    assert not facts.same_values(row, facts.to_stored(FULL._replace(flags=())))
    assert not facts.same_values(row, facts.to_stored(FULL._replace(reported_cpm=None)))
