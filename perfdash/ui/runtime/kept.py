"""What one run has read and others read again: handed out as it is, so nothing of it may ever change.

Bounded in number and in rows; whoever asks for what is being read just now waits for it, and reads nothing.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")
MOST, MOST_ROWS = 4_000, 300_000
"""Answers, and rows of all answers together: about 1 kB each."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """`until` is on the clock that counts seconds."""

    value: Any
    rows: int
    until: float


class Kept:
    """Answers by key, those go first that were asked for longest ago. For any number of threads."""

    def __init__(self, most: int = MOST, most_rows: int = MOST_ROWS) -> None:
        self._most, self._most_rows, self._rows = most, most_rows, 0
        self._answers: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._under_way: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, seconds: float, read: Callable[[], T]) -> T:
        """The answer that is kept under `key`, or else what `read` gives, kept for so long; a failure is not kept."""
        with self._lock:
            found = self._found(key)
            turn = None if found else self._under_way.setdefault(key, threading.Lock())
        if turn is None:
            return found.value  # type: ignore[no-any-return, union-attr]
        with turn:
            with self._lock:
                found = self._found(key)
            if found is not None:  # somebody else has read it meanwhile
                return found.value  # type: ignore[no-any-return]
            try:
                value = frozen(read())
                with self._lock:
                    self._keep(key, _Answer(value, rows_of(value), time.monotonic() + seconds))
            finally:
                with self._lock:
                    self._under_way.pop(key, None)
        return value  # type: ignore[no-any-return]

    def clear(self) -> None:
        with self._lock:
            self._answers.clear()
            self._rows = 0

    def all(self) -> Mapping[Hashable, Any]:
        """Everything that is kept, by key."""
        with self._lock:
            return {key: answer.value for key, answer in self._answers.items()}

    @property
    def rows(self) -> int:
        """Of all answers together."""
        return self._rows

    def _found(self, key: Hashable) -> _Answer | None:
        answer = self._answers.get(key)
        if answer is None:
            return None
        if answer.until <= time.monotonic():
            self._drop(key)
            return None
        self._answers.move_to_end(key)
        return answer

    def _keep(self, key: Hashable, answer: _Answer) -> None:
        if key in self._answers:
            self._drop(key)
        self._answers[key] = answer
        self._rows += answer.rows
        while len(self._answers) > self._most or (self._rows > self._most_rows and len(self._answers) > 1):
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        self._rows -= self._answers.pop(key).rows


def frozen(value: Any) -> Any:
    """`value` as it may be handed to everybody; TypeError for a list or a set, which anybody could change."""
    if isinstance(value, dict):
        return MappingProxyType(value)
    if isinstance(value, (list, set)):
        raise TypeError(f"A {type(value).__name__} cannot be shared.")
    return value


def rows_of(value: Any) -> int:
    """About how many rows an answer has: the elements of what it is made of."""
    if is_dataclass(value) and not isinstance(value, type):
        return sum(_elements(getattr(value, field.name)) for field in fields(value))
    return _elements(value)


def _elements(value: Any) -> int:
    if isinstance(value, (tuple, frozenset)):
        return 1 + sum(_elements(one) if isinstance(one, tuple) else 1 for one in value)
    if isinstance(value, Mapping):
        return 1 + sum(map(_elements, value.values()))
    return 1
