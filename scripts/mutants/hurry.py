"""A pytest plugin for mutants: the quickest tests first, nothing left to chance, and running out of time is told apart.

Most mutants die by the first test that calls them. What costs time is those that survive hundreds of tests, hence two
hearings, each with its seconds: a mutant meets the quickest tests until the time is used up, where a second variant of
a test function counts as twice as slow, a third as three times: variety kills more than repetition. Only one that
survives the first hearing, and has no explanation, gets the second, which is much longer.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import Phase, settings

OUT_OF_TIME = 36
"""The exit code that mutmut reads as a timeout."""
DURATIONS = "MUTANTS_DURATIONS"
"""The environment variable that names the file where mutmut has noted how long each test takes."""
BUDGET = "MUTANTS_BUDGET"
"""The one with the seconds that the tests of one mutant may take by that file; without it, all run."""
_TIMED_OUT = pytest.StashKey[bool]()


def pytest_configure() -> None:
    """The same examples every time, and none made smaller: that a test fails is all we want to know."""
    settings.register_profile(
        "mutants",
        max_examples=100,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("mutants")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In the order of `heard`, only those, and each with a limit: a mutant that hangs is found out."""
    noted = Path(os.environ.get(DURATIONS, ""))
    if noted.is_file():
        seconds = json.loads(noted.read_text(encoding="utf-8"))["duration_by_test"]
        by_name = {item.nodeid: item for item in items}
        items[:] = [by_name[name] for name in heard(by_name, seconds)]
        for item in items:
            item.add_marker(pytest.mark.timeout(5 + 5 * seconds.get(item.nodeid, 1.0)))


def heard(tests: Iterable[str], seconds: Mapping[str, float]) -> list[str]:
    """The tests of a hearing, in their order."""
    variants, ordered = Counter[str](), []
    for name in sorted(tests, key=lambda name: (seconds.get(name, 0.0), name)):
        function = name.partition("[")[0]
        variants[function] += 1
        ordered.append((variants[function] * seconds.get(name, 0.0), name))
    ordered.sort()
    spent = accumulate(seconds.get(name, 0.0) for _, name in ordered)
    budget = float(os.environ.get(BUDGET) or "inf")
    return [name for (_, name), total in zip(ordered, spent, strict=True) if total <= budget]


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Note a test that pytest-timeout has ended."""
    if call.excinfo and str(call.excinfo.value).startswith("Timeout (>"):
        item.session.stash[_TIMED_OUT] = True


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Make it the result."""
    if session.stash.get(_TIMED_OUT, False):
        session.exitstatus = OUT_OF_TIME
