"""Asking again: when, how long after, and when not."""

from __future__ import annotations

import contextlib
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfdash.domain.errors import RateLimited, SourceUnreachable
from perfdash.sources.retry import LONGEST_ASKED, Patience, Transient, pause_asked
from perfdash.sources.transport import Deadline
from tests.sources.loopback import NOW, Hours, Loopback, ask, row, said

ONE = said({"data": [row()]})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_by_itself_is_asked_again(status: int) -> None:
    hours = Hours()
    with Loopback(said({}, status), said({}, status), ONE) as server:
        found = ask(server, hours=hours)
    assert (found.requests, found.retries) == (3, 2)
    assert 0.25 <= hours.slept[0] <= 0.5 <= hours.slept[1] <= 1.0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_after_the_last_attempt_the_source_counts_as_unreachable(status: int) -> None:
    with Loopback(said({"detail": "down"}, status)) as server:
        with pytest.raises(SourceUnreachable, match=f'answered {status}: "down", also after 3 attempts'):
            ask(server)
        assert len(server.asked) == 3


def test_a_pause_in_seconds_is_kept() -> None:
    hours = Hours()
    with Loopback(said({}, 429, Retry_After="7"), ONE) as server:
        ask(server, hours=hours)
    assert hours.slept == [7.0]


def test_a_pause_until_a_date_is_kept_by_the_servers_own_clock() -> None:
    wrong = datetime(2031, 1, 1, tzinfo=UTC)
    until = format_datetime(wrong + timedelta(seconds=9), usegmt=True)
    hours = Hours()
    with Loopback(said({}, 503, Retry_After=until, Date=format_datetime(wrong, usegmt=True)), ONE) as server:
        ask(server, hours=hours)
    assert hours.slept == [9.0]


def test_a_pause_until_a_date_without_the_servers_clock_uses_ours() -> None:
    hours = Hours()
    with Loopback(said({}, 503, Retry_After=format_datetime(NOW + timedelta(seconds=4), usegmt=True)), ONE) as server:
        ask(server, hours=hours)
    assert hours.slept == [4.0]


@pytest.mark.parametrize(
    "hint", ["0", "0.0", "soon", "-5", "1.", "1e3", "7,", "7; 8", "7 s", "Mon, 99 Foo 2026", "", "٣"]
)
def test_a_pause_of_nothing_or_garbage_leaves_our_own_pause(hint: str) -> None:
    hours = Hours()
    with Loopback(said({}, 429).replace(b"\r\n\r\n", f"\r\nRetry-After: {hint}\r\n\r\n".encode(), 1), ONE) as server:
        ask(server, hours=hours)
    assert 0.25 <= hours.slept[0] <= 0.5


@pytest.mark.parametrize(("hint", "pause"), [("1.5", 1.5), ("7, 9", 9.0), ("9\r\nRetry-After: 7", 9.0), ("007", 7.0)])
def test_of_parts_and_of_several_values_the_longest_is_kept(hint: str, pause: float) -> None:
    hours = Hours()
    with Loopback(said({}, 429).replace(b"\r\n\r\n", f"\r\nRetry-After: {hint}\r\n\r\n".encode(), 1), ONE) as server:
        ask(server, hours=hours)
    assert hours.slept == [pause]


def test_a_pause_until_a_date_uses_our_clock_when_the_servers_is_unreadable() -> None:
    hours, until = Hours(), format_datetime(NOW + timedelta(seconds=4), usegmt=True)
    with Loopback(said({}, 503, Retry_After=until, Date="today"), ONE) as server:
        ask(server, hours=hours)
    assert hours.slept == [4.0]


def test_a_pause_until_a_date_that_has_passed_leaves_our_own_pause() -> None:
    hours, until = Hours(), format_datetime(NOW - timedelta(seconds=4), usegmt=True)
    with Loopback(said({}, 503, Retry_After=until), ONE) as server:
        ask(server, hours=hours)
    assert 0.25 <= hours.slept[0] <= 0.5


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_beyond_the_run_ends_it_at_once_and_says_when_to_resume(status: int) -> None:
    hours = Hours()
    with Loopback(said({}, status, Retry_After="3600"), ONE) as server:
        with pytest.raises(RateLimited, match="wait until 2026-03-10 13:00:00 UTC; sync again then") as caught:
            ask(server, hours=hours)
        assert len(server.asked) == 1
    assert hours.slept == []
    assert caught.value.resume_at == NOW + timedelta(hours=1)


def test_pauses_add_up_against_the_deadline() -> None:
    hours = Hours()
    with Loopback(said({}, 429, Retry_After="40")) as server, pytest.raises(RateLimited) as caught:
        ask(server, hours=hours)
    assert hours.slept == [40.0]
    assert caught.value.resume_at == NOW + timedelta(seconds=80)


def test_a_limit_that_stays_is_a_limit_not_a_dead_source() -> None:
    with Loopback(said({"detail": "slow down"}, 429)) as server, pytest.raises(RateLimited) as caught:
        ask(server)
    assert caught.value.resume_at is None


@pytest.mark.parametrize("hint", ["9" * 30, "99999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_header_silences_an_account_for_more_than_a_day(hint: str) -> None:
    with Loopback(said({}, 429, Retry_After=hint)) as server, pytest.raises(RateLimited) as caught:
        ask(server)
    assert caught.value.resume_at == NOW + timedelta(days=1) == NOW + timedelta(seconds=LONGEST_ASKED)


@pytest.mark.parametrize("unit", [1, 1000])
@pytest.mark.parametrize(("ahead", "seconds"), [(90, 90), (-5, 0), (10 * 365 * 86_400, LONGEST_ASKED)])
def test_a_moment_in_place_of_seconds_is_told_apart(unit: int, ahead: int, seconds: float) -> None:
    said_as = str(int((NOW.timestamp() + ahead) * unit))
    assert pause_asked({"Retry-After": said_as}, NOW) == seconds


def test_a_time_to_resume_is_a_whole_second_and_never_early() -> None:
    hours = Hours([0.3])
    message = "wait until 2026-03-10 13:00:01 UTC"
    with Loopback(said({}, 429, Retry_After="3600")) as server, pytest.raises(RateLimited, match=message) as caught:
        ask(server, hours=hours)
    assert caught.value.resume_at == NOW + timedelta(hours=1, seconds=1)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_hint_is_none_or_a_bounded_pause(hint: str, date: str) -> None:
    pause = pause_asked({"Retry-After": hint, "Date": date}, NOW)
    assert pause is None or 0 <= pause <= LONGEST_ASKED


def test_our_own_pauses_double_up_to_twenty_seconds() -> None:
    class Longest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    def once() -> str:
        raise Transient("no")

    hours = Hours()
    patience = Patience(9, Deadline(1e6, hours.monotonic), hours.clock, hours.sleep, Longest(), lambda _line: None)
    with pytest.raises(SourceUnreachable, match="no, also after 9 attempts"):
        patience.ask(once)
    assert hours.slept == [0.5, 1, 2, 4, 8, 16, 20, 20]


@given(st.integers(1, 20), st.floats(0.1, 600), st.lists(st.one_of(st.none(), st.floats(0, 300)), max_size=25))
def test_attempts_and_sleep_are_bounded_and_never_shorter_than_asked(
    attempts: int, seconds: float, pauses: list[float | None]
) -> None:
    hours, asked = Hours(), [*pauses]
    done: list[float | None] = []

    def once() -> str:
        if not asked:
            return "good"
        done.append(asked.pop(0))
        raise Transient("no", done[-1])

    deadline = Deadline(seconds, hours.monotonic)
    patience = Patience(attempts, deadline, hours.clock, hours.sleep, random.Random(3), lambda _line: None)
    with contextlib.suppress(RateLimited, SourceUnreachable):
        assert patience.ask(once) == "good"
    assert len(done) <= attempts
    assert sum(hours.slept) <= seconds
    assert all(slept >= (pause or 0) for slept, pause in zip(hours.slept, done, strict=False))


def after(text: str, pause: float | None, seconds: float, attempts: int = 2, limited: bool = False) -> str:
    """How a request ends that always fails so."""

    def once() -> str:
        raise Transient(text, pause, limited)

    hours = Hours()
    patience = Patience(
        attempts, Deadline(seconds, hours.monotonic), hours.clock, hours.sleep, random.Random(1), lambda _line: None
    )
    with pytest.raises((RateLimited, SourceUnreachable)) as caught:
        patience.ask(once)
    return f"{type(caught.value).__name__}: {caught.value}"


RESUME = "RateLimited: busy and asks us to wait until 2026-03-10 12:00:07 UTC; sync again then"


@pytest.mark.parametrize(
    ("pause", "seconds", "attempts", "limited", "end"),
    [
        (7, 7, 2, False, RESUME),
        (7, 7, 2, True, RESUME),
        (7, 60, 1, True, RESUME),
        (7, 7.5, 2, False, RESUME.replace(":07", ":14")),
        (7, 60, 2, False, "SourceUnreachable: busy, also after 2 attempts"),
        (7, 60, 1, False, "SourceUnreachable: busy"),
        (None, 0.1, 2, False, "SourceUnreachable: busy"),
        (None, 60, 2, False, "SourceUnreachable: busy, also after 2 attempts"),
        (None, 60, 3, False, "SourceUnreachable: busy, also after 3 attempts"),
        (None, 60, 2, True, "RateLimited: busy; sync again later"),
        (0, 60, 1, True, "RateLimited: busy and asks us to wait until 2026-03-10 12:00:00 UTC; sync again then"),
    ],
)
def test_how_asking_again_ends(pause: float | None, seconds: float, attempts: int, limited: bool, end: str) -> None:
    assert after("busy", pause, seconds, attempts, limited) == end


@pytest.mark.parametrize(
    "until",
    [
        "Tue, 10 Mar 2026 12:00:09 GMT",
        "Tue, 10 Mar 2026 12:00:09 -0000",
        "Tue, 10 Mar 2026 12:00:09 +0000",
        "Tue, 10 Mar 2026 14:00:09 +0200",
        "Tue, 10 Mar 2026 12:00:09",
    ],
)
def test_a_date_counts_in_its_own_zone_or_in_utc(until: str) -> None:
    assert pause_asked({"Retry-After": until}, NOW) == 9


def test_nothing_asks_for_no_pause() -> None:
    assert pause_asked({}, NOW) is None
    assert pause_asked({"Date": "Tue, 10 Mar 2026 12:00:09 GMT"}, NOW) is None


@pytest.mark.parametrize(("hint", "pause"), [("7 ,\t9", 9.0), ("7,9,8", 9.0), ("7\xa0,9", None), ("7, ٣", None)])
def test_several_values_are_parted_by_commas_only(hint: str, pause: float | None) -> None:
    assert pause_asked({"Retry-After": hint}, NOW) == pause


def test_an_absurd_hint_is_cut_and_asks_for_a_day_at_most() -> None:
    assert pause_asked({"Retry-After": "9" * 50}, NOW) == 86_400
    assert pause_asked({"Retry-After": "0" * 199 + "7"}, NOW) == 7
    assert pause_asked({"Retry-After": "0" * 200 + "7"}, NOW) == 0
