"""What reruns share: bounded, frozen, and read once however many ask."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from perfdash.ui.runtime import kept as this
from perfdash.ui.runtime.kept import Kept, size_of


def never() -> Any:
    raise AssertionError("read once more")


def given(value: Any) -> Callable[[], Any]:
    return lambda: value


def test_an_answer_is_read_once_and_handed_out_as_it_is() -> None:
    kept, answer = Kept(), (1, 2)
    assert kept.get("a", 60, given(answer)) is answer
    assert kept.get("a", 60, never) is answer


def test_an_answer_is_read_anew_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = Kept(), 100.0
    monkeypatch.setattr(this.time, "monotonic", lambda: now)
    kept.get("a", 60, given(1))
    now = 159.0
    assert kept.get("a", 60, given(2)) == 1
    now = 160.0
    assert kept.get("a", 60, given(3)) == 3


def test_those_go_first_that_were_asked_for_longest_ago() -> None:
    kept = Kept(most=2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, 60, given(key))
    assert set(kept.all()) == {"a", "c"}


def test_all_answers_together_have_a_bounded_size() -> None:
    kept = Kept(most_bytes=3 * size_of("x" * 1_000) + 1)
    for number in range(10):
        kept.get(number, 60, given("x" * 1_000))
        assert kept.size <= 3 * size_of("x" * 1_000)
    assert list(kept.all()) == [7, 8, 9]
    kept.get("large", 60, given("x" * 10_000))
    assert list(kept.all()) == ["large"], "what is in view stays, however large"
    kept.get("small", 60, given(()))
    assert list(kept.all()) == ["small"]
    assert kept.size == size_of(())


def test_of_many_who_ask_at_once_one_reads() -> None:
    kept, reads, all_there = Kept(), [], threading.Barrier(8)

    def read() -> str:
        reads.append(threading.get_ident())
        threading.Event().wait(0.05)
        return "answer"

    def ask(_number: int) -> str:
        all_there.wait()
        return kept.get("a", 60, read)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == ["answer"] * 8
    assert len(reads) == 1


def test_a_failure_is_not_kept_and_in_nobodys_way() -> None:
    kept = Kept()
    with pytest.raises(AssertionError):
        kept.get("a", 60, never)
    assert kept.get("a", 60, given(1)) == 1


@pytest.mark.parametrize("value", [[1], {1}])
def test_what_anybody_could_change_is_not_kept(value: Any) -> None:
    with pytest.raises(TypeError):
        Kept().get("a", 60, given(value))


def test_a_mapping_is_handed_out_as_one_that_nobody_can_change() -> None:
    found = Kept().get("a", 60, given({"acme": 1}))
    assert found == {"acme": 1}
    with pytest.raises(TypeError):
        found["acme"] = 2


def test_long_questions_count_too_so_that_nobody_fills_the_memory_by_what_an_address_asks() -> None:
    kept = Kept(most_bytes=1_000_000)
    for n in range(20):
        kept.get(("campaign", f"{n}" + "x" * 100_000), 60, tuple)
    assert len(kept.all()) == 2
