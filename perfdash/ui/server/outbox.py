"""What is on its way to one browser: the app never waits for it, and one that reads nothing is left."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from starlette.types import Message, Send

MUCH = 256_000
"""Bytes on their way with which no new run begins: what an idle reader can make the server keep is one page."""
MOST = 30_000_000
"""Bytes with which the browser is given up; `server.maxMessageSize` lets one message have 20 MB."""
STALLED_SECONDS = 30.0
"""For one message to be taken; so long a phone may be without a network."""
LAST_SECONDS = 1.0


class Outbox:
    """The messages of one socket, in order. `low` is called once little is left, `stalled` when it is given up."""

    def __init__(self, send: Send, low: Callable[[], None], stalled: Callable[[], None]) -> None:
        self._send, self._low, self._stalled = send, low, stalled
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._work: asyncio.Task[None] | None = None

    @property
    def is_low(self) -> bool:
        """True when so little is on its way that the browser may ask for more."""
        return self._bytes <= MUCH

    def put(self, message: Message) -> None:
        """To be sent when it is its turn."""
        self._messages.append(message)
        self._bytes += _size(message)
        if self._bytes > MOST:
            self._give_up()
        elif self._work is None or self._work.done():
            self._work = asyncio.ensure_future(self._empty())

    def drop(self) -> None:
        """What has not gone out is not for this browser any more."""
        self._bytes -= sum(_size(message) for message in self._messages)
        self._messages.clear()

    async def finish(self, *last: Message) -> None:
        """Drop what waits and send these, as far as the browser takes them at once."""
        self.drop()
        for message in last:
            self.put(message)
        await self.emptied()

    async def emptied(self) -> None:
        """Wait a moment for what is on its way."""
        if self._work is not None:
            with suppress(TimeoutError, asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(self._work), LAST_SECONDS)

    def left(self) -> None:
        """The socket is gone."""
        self.drop()
        if self._work is not None:
            self._work.cancel()

    async def _empty(self) -> None:
        try:
            while self._messages:
                message = self._messages.popleft()
                was_low = self.is_low
                async with asyncio.timeout(STALLED_SECONDS):
                    await self._send(message)
                self._bytes -= _size(message)
                if self.is_low and not was_low:
                    self._low()
        except (TimeoutError, OSError, RuntimeError):  # it reads nothing, or is gone, or the socket is closed already
            self._give_up()

    def _give_up(self) -> None:
        self.drop()
        self._stalled()


def _size(message: Message) -> int:
    return len(message.get("bytes") or b"")
