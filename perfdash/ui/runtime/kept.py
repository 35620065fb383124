"""What one run has read and others read again: handed out as it is, so nothing of it may ever change.

Bounded in number and in size; whoever asks for what is being read just now waits for it, and reads nothing.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")
MOST, MOST_BYTES = 4_000, 256 * 2**20
"""Of all answers together. Whoever asks for many days of many clients must not fill the server's memory."""
LONG_KEY = 2_000
"""Characters; from then on a question's own size counts too."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """`until` is on the clock that counts seconds."""

    value: Any
    size: int
    until: float


class Kept:
    """Answers by key, those go first that were asked for longest ago. For any number of threads."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes, self._size = most, most_bytes, 0
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
                answer = read()
                value, size = frozen(answer), size_of(answer) + size_of_key(key)
                with self._lock:
                    self._keep(key, _Answer(value, size, time.monotonic() + seconds))
            finally:
                with self._lock:
                    self._under_way.pop(key, None)
        return value  # type: ignore[no-any-return]

    def clear(self) -> None:
        with self._lock:
            self._answers.clear()
            self._size = 0

    def all(self) -> Mapping[Hashable, Any]:
        """Everything that is kept, by key."""
        with self._lock:
            return {key: answer.value for key, answer in self._answers.items()}

    @property
    def size(self) -> int:
        """About how many bytes all answers take together."""
        return self._size

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
        self._size += answer.size
        while len(self._answers) > self._most or (self._size > self._most_bytes and len(self._answers) > 1):
            self._drop(next(iter(self._answers)))

    def _drop(self, key: Hashable) -> None:
        self._size -= self._answers.pop(key).size


def frozen(value: Any) -> Any:
    """`value` as it may be handed to everybody; TypeError for a list or a set, which anybody could change."""
    if isinstance(value, dict):
        return MappingProxyType(value)
    if isinstance(value, (list, set)):
        raise TypeError(f"A {type(value).__name__} cannot be shared.")
    return value


def size_of(value: Any) -> int:
    """About how many bytes of memory an answer takes: objects take some five times as much as they do in writing."""
    return 5 * len(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))


def size_of_key(key: Hashable) -> int:
    """The same of a question that holds a long text, such as one from an address; nothing for a usual one."""
    length = len(repr(key))
    return 4 * length if length > LONG_KEY else 0
