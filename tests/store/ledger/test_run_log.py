"""What is kept of a run's log."""

from __future__ import annotations

import pytest

from perfdash.store.ledger.writer import LONGEST, joined_log


def test_a_short_log_is_kept_as_it_is():
    assert joined_log(["GET one", "GET two"]) == "GET one\nGET two"
    assert joined_log([]) == ""


def test_of_a_long_log_the_beginning_and_the_end_are_kept_and_what_is_missing_is_counted():
    lines = [f"GET page {n}" for n in range(10_000)]
    said = joined_log(lines).splitlines()
    assert said[:2] == ["GET page 0", "GET page 1"]
    assert said[-1] == "GET page 9999"
    cut = next(line for line in said if "left out" in line)
    assert cut == f"[… {10_000 - (len(said) - 1):,} lines left out …]"
    at = said.index(cut)
    assert abs(at - (len(said) - 1 - at)) < 100, "as much of the one as of the other"


@pytest.mark.parametrize(
    "lines", [["x" * 50_000], ["y" * 999] * 20, ["z" * 999] * 21, ["", *["w" * 30_000] * 40], [""] * 30_000]
)
def test_it_is_never_longer_than_what_the_store_keeps(lines):
    assert len(joined_log(lines)) <= LONGEST
