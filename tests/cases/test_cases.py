"""What people really send: each case ends as it must, or says loudly why not."""

from __future__ import annotations

import pytest

from tests.cases.run import NAMES, run_case


@pytest.mark.parametrize("name", NAMES)
def test_a_reported_fault_does_not_happen_here(name: str) -> None:
    outcome = run_case(name)
    assert outcome.faults == [], outcome.kind
