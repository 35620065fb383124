"""One rate budget for all who share host and credential: over threads, pauses and rates, on a clock that tests hold."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfdash.config.source_models import RateConfig
from perfdash.domain.errors import RateLimited
from perfdash.domain.secret import Secret
from perfdash.sources.rate_limit import FORGOTTEN_AFTER, LONGEST_HELD, Budget, Budgets, budget_of, resume_at
from perfdash.sources.transport import Deadline
from tests.sources.loopback import NOW, Hours
from tests.sources.shared_hours import SharedHours, most_in_any

HERE = ("https", "api.example.com", 443)
KEY = Secret("API_KEY", "one-key-to-ask-with")
OTHER_KEY = Secret("OTHER_KEY", "another-key-to-ask-with")


def rate(requests: int, seconds: float) -> RateConfig:
    return RateConfig(requests=requests, seconds=seconds)


def limited(hours: Hours | SharedHours, *rates: RateConfig) -> Budget:
    budget = Budget(hours.monotonic)
    for one in rates:
        budget.limit(one)
    return budget


def start(
    budget: Budget, hours: Hours | SharedHours, within: float = 1e6, note: Callable[[str], None] = lambda _line: None
) -> float:
    """Take a turn; when it came."""
    budget.wait(Deadline(within, hours.monotonic), hours.clock, hours.sleep, note)
    return hours.monotonic()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 6),
    st.floats(0.05, 20),
    st.lists(st.lists(st.floats(0, 15), min_size=1, max_size=5), min_size=8, max_size=8),
)
def test_eight_threads_never_start_more_than_the_rate_in_any_window(
    requests: int, seconds: float, pauses: list[list[float]]
) -> None:
    hours = SharedHours(threads=8)
    budget = limited(hours, rate(requests, seconds))
    starts: list[float] = []

    def asks(thinking: list[float]) -> None:
        for pause in thinking:
            if pause:
                hours.sleep(pause)
            starts.append(start(budget, hours))
        hours.ends()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(asks, pauses))
    assert len(starts) == sum(map(len, pauses))
    assert most_in_any(starts, seconds) <= requests


@given(
    st.lists(st.tuples(st.integers(1, 5), st.floats(0.1, 10)), min_size=1, max_size=3),
    st.lists(st.floats(0, 8), min_size=1, max_size=30),
)
def test_several_rates_hold_together(rates: list[tuple[int, float]], arrivals: list[float]) -> None:
    hours = Hours()
    budget = limited(hours, *(rate(*one) for one in rates))
    starts = []
    for pause in arrivals:
        hours.sleep(pause)
        starts.append(start(budget, hours))
    assert all(most_in_any(starts, seconds) <= requests for requests, seconds in rates)


def test_a_turn_comes_as_soon_as_the_rate_allows_and_no_later() -> None:
    hours = Hours()
    budget = limited(hours, rate(2, 10))
    found = [start(budget, hours), start(budget, hours)]
    hours.sleep(4)
    found += [start(budget, hours) for _ in range(3)]
    assert found == [0.0, 0.0, 10.0, 10.0, 20.0]


def test_a_wait_is_one_line_of_the_log_and_no_wait_is_none() -> None:
    hours, notes = Hours(), list[str]()
    budget = limited(hours, rate(1, 3.2))
    start(budget, hours, note=notes.append)
    assert notes == []
    start(budget, hours, note=notes.append)
    assert notes == ["waiting 3.2 s for the rate limit"]
    assert hours.slept == [3.2]


def test_a_rate_counts_from_when_it_was_named() -> None:
    hours = Hours()
    budget = limited(hours)
    assert [start(budget, hours) for _ in range(3)] == [0.0, 0.0, 0.0]
    budget.limit(rate(1, 10))
    assert [start(budget, hours) for _ in range(2)] == [0.0, 10.0]


def test_a_key_of_any_letters_has_a_budget() -> None:
    """That it cannot be sent is told by who sends it."""
    hours, budgets = Hours(), Budgets()
    odd = budget_of(None, Secret("KEY", "half a \ud800 letter"), None, hours.monotonic, budgets)
    assert budget_of(None, Secret("KEY", "half a \ud800 letter"), None, hours.monotonic, budgets) is odd


def test_a_turn_after_the_deadline_ends_at_once_and_says_when_to_resume() -> None:
    hours = Hours()
    budget = limited(hours, rate(1, 3600))
    start(budget, hours)
    with pytest.raises(RateLimited, match=r"before 2026-03-10 13:00:00 UTC, .*; sync again then") as caught:
        start(budget, hours, within=3600)
    assert caught.value.resume_at == NOW + timedelta(hours=1)
    assert hours.slept == []


def test_a_turn_just_before_the_deadline_is_waited_for() -> None:
    hours = Hours()
    budget = limited(hours, rate(1, 3600))
    start(budget, hours)
    assert start(budget, hours, within=3600.5) == 3600.0


def test_a_refused_turn_is_not_used_up() -> None:
    hours = Hours()
    budget = limited(hours, rate(1, 10))
    start(budget, hours)
    for _ in range(3):
        with pytest.raises(RateLimited):
            start(budget, hours, within=1)
    assert start(budget, hours) == 10.0


def test_a_time_to_resume_is_never_early() -> None:
    assert resume_at(NOW, 0.2) == NOW + timedelta(seconds=1)
    assert resume_at(NOW + timedelta(microseconds=1), 7) == NOW + timedelta(seconds=8)
    assert resume_at(NOW, 7) == NOW + timedelta(seconds=7)
    assert resume_at(NOW.astimezone(ZoneInfo("Asia/Tokyo")), 7).tzinfo is UTC


def test_without_a_rate_nobody_waits_until_somebody_pauses() -> None:
    hours = Hours()
    budget = limited(hours)
    assert [start(budget, hours) for _ in range(1000)] == [0.0] * 1000
    budget.pause(60)
    assert [start(budget, hours) for _ in range(3)] == [60.0] * 3


def test_a_longer_pause_extends_and_a_shorter_does_not_shorten() -> None:
    hours = Hours()
    budget = limited(hours)
    for seconds in (float("nan"), 10, 60, 5, 0, -20, float("nan")):
        budget.pause(seconds)
    assert start(budget, hours) == 60.0
    assert start(budget, hours) == 60.0


def test_a_pause_that_comes_during_a_wait_is_waited_for_too() -> None:
    hours = Hours()
    budget = limited(hours, rate(1, 5))
    start(budget, hours)

    def sleep(seconds: float) -> None:
        hours.sleep(seconds)
        if len(hours.slept) == 1:
            budget.pause(30)

    notes: list[str] = []
    budget.wait(Deadline(100, hours.monotonic), hours.clock, sleep, notes.append)
    assert hours.slept == [5.0, 30.0]
    assert len(notes) == 1


def test_after_a_pause_the_rate_still_holds() -> None:
    hours = Hours()
    budget = limited(hours, rate(1, 5))
    budget.pause(30)
    assert [start(budget, hours) for _ in range(3)] == [30.0, 35.0, 40.0]


@pytest.mark.parametrize("seconds", [1e12, float("inf")])
def test_an_absurd_pause_does_not_hold_for_ever(seconds: float) -> None:
    hours = Hours()
    budget = limited(hours)
    budget.pause(seconds)
    assert start(budget, hours, within=LONGEST_HELD + 1) == LONGEST_HELD == 86_400


def test_a_turn_that_is_close_is_not_slept_past() -> None:
    hours = Hours()
    budget = limited(hours, rate(1, 0.25))
    assert [start(budget, hours) for _ in range(4)] == [0, 0.25, 0.5, 0.75]


def test_the_lock_is_free_while_somebody_sleeps() -> None:
    hours = Hours()
    budget = limited(hours, rate(1, 5))
    start(budget, hours)
    done = []

    def sleep(seconds: float) -> None:
        other = threading.Thread(target=lambda: done.append(budget.pause(0.5)), daemon=True)
        other.start()
        other.join(120)
        hours.sleep(seconds)

    budget.wait(Deadline(100, hours.monotonic), hours.clock, sleep, lambda _line: None)
    assert len(done) == 1


def test_a_rounding_error_is_slept_through() -> None:
    hours = Hours([1e9 / 3])
    budget = limited(hours, rate(1, 0.1))
    for _ in range(50):
        start(budget, hours)
    assert len(hours.slept) <= 1 + 2 * 50


def test_host_and_credential_share_a_budget_and_nobody_else_does() -> None:
    budgets, hours = Budgets(), Hours()

    def found(origin: tuple[str, str, int], key: Secret) -> Budget:
        return budget_of(origin, key, None, hours.monotonic, budgets)

    same = found(HERE, KEY)
    assert found(HERE, Secret("SAME_KEY_BY_ANOTHER_NAME", KEY.reveal())) is same
    others = [found(("https", "api.example.com", 8443), KEY), found(("http", "api.example.com", 443), KEY)]
    others += [found(("https", "example.com", 443), KEY), found(HERE, OTHER_KEY)]
    assert len({id(budget) for budget in [same, *others]}) == len(budgets) == 5


def test_every_rate_that_is_named_for_one_credential_holds() -> None:
    budgets, hours = Budgets(), Hours()
    for one in (rate(5, 1), None, rate(2, 10), rate(100, 1)):
        found = budget_of(HERE, KEY, one, hours.monotonic, budgets)
    assert [start(found, hours) for _ in range(4)] == [0.0, 0.0, 10.0, 10.0]


def test_a_stricter_rate_counts_what_started_before_it() -> None:
    budgets, hours = Budgets(), Hours()
    found = budget_of(HERE, KEY, rate(5, 10), hours.monotonic, budgets)
    assert [start(found, hours) for _ in range(4)] == [0.0] * 4
    budget_of(HERE, KEY, rate(1, 10), hours.monotonic, budgets)
    assert start(found, hours) == 10.0


def test_each_clock_has_its_own_budget() -> None:
    budgets, hours, later = Budgets(), Hours(), Hours([500.0])
    for clock in (hours, later):
        start(budget_of(HERE, KEY, rate(1, 60), clock.monotonic, budgets), clock)
    assert (hours.slept, later.slept) == ([], [500.0])


def test_by_default_there_is_one_budget_for_the_process() -> None:
    hours = Hours()
    assert budget_of(HERE, KEY, None, hours.monotonic) is budget_of(HERE, KEY, rate(1, 1), hours.monotonic)
    assert budget_of(HERE, OTHER_KEY) is budget_of(HERE, OTHER_KEY)


def test_two_threads_that_meet_first_get_the_same_budget() -> None:
    budgets, hours, together = Budgets(), Hours(), threading.Barrier(8)

    def found(_number: int) -> int:
        together.wait(120)
        return id(budget_of(HERE, KEY, rate(1, 1), hours.monotonic, budgets))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(found, range(8)))) == 1


def test_the_credential_itself_is_not_kept_and_its_hash_is_of_no_use_elsewhere() -> None:
    budgets, hours = Budgets(), Hours()
    budget_of(HERE, KEY, rate(1, 1), hours.monotonic, budgets)
    kept = repr(vars(budgets)) + repr([vars(budget) for budget in budgets._budgets.values()])
    assert KEY.reveal() not in kept
    again = Budgets()
    budget_of(HERE, KEY, rate(1, 1), hours.monotonic, again)
    assert budgets._budgets.keys() != again._budgets.keys()


def test_what_nobody_uses_any_more_is_forgotten() -> None:
    budgets, hours = Budgets(), Hours()
    for number in range(1000):
        secret = Secret("ROTATING_KEY", f"key-number-{number}")
        start(budget_of(HERE, secret, rate(1, 60), hours.monotonic, budgets), hours)
        hours.sleep(60)
    assert len(budgets) <= FORGOTTEN_AFTER / 60 + 2


@pytest.mark.parametrize(
    "keep",
    [
        lambda found, _hours: found.pause(LONGEST_HELD),
        lambda found, hours: (hours.sleep(FORGOTTEN_AFTER - 1), start(found, hours)),
    ],
    ids=["a pause", "a start in its window"],
)
def test_what_still_holds_is_not_forgotten(keep: Callable[[Budget, Hours], object]) -> None:
    budgets, hours = Budgets(), Hours()
    for one in (rate(1, 86_400), rate(1, 1)):
        found = budget_of(HERE, KEY, one, hours.monotonic, budgets)
    keep(found, hours)
    hours.sleep(FORGOTTEN_AFTER + 1)
    budget_of(HERE, OTHER_KEY, None, hours.monotonic, budgets)
    assert budget_of(HERE, KEY, None, hours.monotonic, budgets) is found


@pytest.mark.parametrize(("seconds", "is_kept"), [(7_199, True), (7_200, False)])
def test_a_budget_that_holds_nobody_is_forgotten_two_hours_after_it_was_wanted(seconds: int, is_kept: bool) -> None:
    budgets, hours = Budgets(), Hours()
    found = budget_of(HERE, KEY, None, hours.monotonic, budgets)
    hours.sleep(seconds)
    budget_of(HERE, OTHER_KEY, None, hours.monotonic, budgets)
    assert (budget_of(HERE, KEY, None, hours.monotonic, budgets) is found) is is_kept


def test_a_budget_remembers_only_as_many_starts_as_its_rates_need() -> None:
    hours = Hours()
    budget = limited(hours, rate(3, 0.5))
    for _ in range(200):
        start(budget, hours)
    assert len(budget._starts) == 3
