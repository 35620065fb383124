"""One open socket: every message that comes in is checked, and what goes out stops when the session behind it ends.

When a session ends, the page is first made to run once more at the same address: the script then finds nobody signed in
and draws the form, which is faster and calmer than a broken connection. From that moment nothing of a page reaches the
browser until a new run has begun and the script has said that the page is nobody's; if the form has not begun to go out
by the next look, the socket is closed. The browser then opens another and has the script run for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from starlette.types import Message, Receive, Send

from perfdash.ui.auth import page_owners
from perfdash.ui.runtime import drawn_pages
from perfdash.ui.runtime.streamlit_internals import BackMsg, ClientState
from perfdash.ui.server import messages, page_sessions
from perfdash.ui.server.turns import Turns

_log = logging.getLogger(__name__)
NOT_ALLOWED, BAD_MESSAGE = 1008, 1002
MOST_OFFERS = 500
_GONE: Message = {"type": "websocket.disconnect", "code": NOT_ALLOWED}


class Guard:
    """The gate's side of one socket. Lives on the event loop only."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._page = ""
        self._ended: str | None = None
        self._began_again = False
        self._form_due = False
        self._closed = asyncio.Event()
        self._wake = asyncio.Event()
        self._pending: asyncio.Future[Message] | None = None
        self._place = ClientState()
        self._turns = Turns()
        self._offers: OrderedDict[str, None] = OrderedDict()
        self._refused: set[str] = set()

    @property
    def session(self) -> str | None:
        """The sign-in session that this page belongs to, by the script's word."""
        return page_owners.owner_of(self._page) if self._page else None

    @property
    def watched(self) -> str | None:
        """The session whose end closes this socket: the page's, and one that has ended until the form goes out."""
        return self._ended or self.session

    async def end(self, session: str) -> None:
        """`session` has ended: have the page show the form; at the second call for it, close the socket."""
        if self._ended == session:
            await self._close(NOT_ALLOWED)
        elif self.session == session:
            self._ended, self._began_again = session, False
            self._form_due = True
            self._turns.forget()
            self._wake.set()

    @property
    def page(self) -> str:
        """Streamlit's name of the page; "" before the app has said it."""
        return self._page

    def draw_again(self) -> None:
        """What the page shows is out of date: have it run once more, as it is. Nothing else reaches the browser."""
        if self._ended is None:
            self._turns.again()
            self._wake.set()

    def left(self) -> None:
        """The socket is gone."""
        if self._pending is not None:
            self._pending.cancel()
        if self._page:
            page_owners.socket_closed(self._page)

    async def receive(self) -> Message:
        """The next message that may pass, in place of the socket's own `receive`."""
        while not self._closed.is_set():
            if self._form_due:
                return self._run_again()
            if due := self._turns.next():
                return self._passed(due, by_itself=not due.rerun_script.fragment_id)
            message = await self._next()
            if message is None:  # woken: one of the above is due
                continue
            if message["type"] != "websocket.receive":
                return message
            if passed := await self._checked(message.get("bytes")):
                return passed
        return _GONE

    async def send(self, message: Message) -> None:
        """What the app says, unless the session behind the page has ended, in place of the socket's own `send`."""
        if self._closed.is_set():
            return
        data = message.get("bytes") if message["type"] == "websocket.send" else None
        if data is not None and not self._may_go_out(data):
            return
        if message["type"] == "websocket.close":
            self._closed.set()
        await self._send(message)

    async def _next(self) -> Message | None:
        """What the browser says next; None when this side has something to say first."""
        if self._pending is None:
            self._pending = asyncio.ensure_future(self._receive())
        waker = asyncio.ensure_future(self._wake.wait())
        both: set[asyncio.Future[Any]] = {self._pending, waker}
        try:
            await asyncio.wait(both, timeout=self._turns.patience, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waker.cancel()
        if self._closed.is_set():
            return _GONE
        if self._wake.is_set() or not self._pending.done():
            self._wake.clear()
            return None
        message, self._pending = self._pending.result(), None
        return message

    async def _checked(self, data: Any) -> Message | None:
        """The message to pass on, if any: the same, or another run in place of what came from an ended session."""
        session = self.session
        largest = messages.LARGEST if session else messages.LARGEST_ANONYMOUS
        asked = messages.parse_back(data) if isinstance(data, bytes) and len(data) <= largest else None
        if asked is None:
            await self._close(BAD_MESSAGE)
            return None
        kind = asked.WhichOneof("type") or ""
        if kind not in messages.ALLOWED:
            self._refuse(kind)
            return None
        if kind == "rerun_script":
            self._place = messages.page_of(asked.rerun_script)
        ended = session is not None and not await page_sessions.alive_sessions({session})
        if kind == "backend_operation_request" and (ended or not self._is_own_download(asked)):
            await self._send({"type": "websocket.send", "bytes": messages.refusal(asked)})
            if not ended:
                return None
        if session is not None and ended:
            await self.end(session)
            return None if self._closed.is_set() else self._run_again()
        if kind == "rerun_script":
            due = self._turns.take(asked)
            return self._passed(due, by_itself=False) if due is not None else None
        return {"type": "websocket.receive", "bytes": data}

    def _is_own_download(self, asked: BackMsg) -> bool:
        """A file that a button of this very page offers; anybody's socket could name it."""
        request = asked.backend_operation_request
        return (
            request.WhichOneof("payload") == "deferred_file"
            and self.session is not None
            and request.session_id in ("", self._page)
            and request.deferred_file.file_id in self._offers
        )

    def _may_go_out(self, data: bytes) -> bool:
        if self._ended is None and self._page and len(data) > messages.TELLING:
            return True
        told = messages.parse_forward(data)
        self._turns.told(told)
        if told.over:
            self._wake.set()
        if self._ended is not None:
            self._began_again |= told.kind == messages.NEW_RUN
            if self.session == self._ended or not self._began_again:
                # What an interrupted run still says is not for this browser any more; only that one begins or is going.
                return told.kind in (messages.NEW_RUN, messages.STATUS)
            self._ended = None
        self._learn(told)
        return True

    def _learn(self, told: messages.Told) -> None:
        if told.page and told.page != self._page:
            if self._page:
                page_owners.socket_closed(self._page)
            self._page = told.page
            page_owners.socket_opened(told.page)
        if told.offered:
            self._offers[told.offered] = None
            while len(self._offers) > MOST_OFFERS:
                self._offers.popitem(last=False)
        if told.given and (session := self.session):
            page_sessions.give_file(told.given, session)

    def _run_again(self) -> Message:
        self._form_due = False
        return self._passed(self._turns.whole(messages.run_again(self._place)), by_itself=False)

    def _passed(self, asked: BackMsg, *, by_itself: bool) -> Message:
        """What goes to the app; a whole run learns from `drawn_pages` whether anybody at the browser has asked."""
        if not asked.rerun_script.fragment_id:
            drawn_pages.pages.say_by_itself(self._page, by_itself)
        return {"type": "websocket.receive", "bytes": asked.SerializeToString()}

    def _refuse(self, kind: str) -> None:
        if kind not in self._refused:
            self._refused.add(kind)
            _log.warning("A browser sent %s, which no page of perfdash does; it was dropped.", kind)

    async def _close(self, code: int) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._wake.set()
            if code == NOT_ALLOWED:  # a browser whose last run was over would be back and ask for none
                await self._send({"type": "websocket.send", "bytes": messages.running()})
            await self._send({"type": "websocket.close", "code": code})


LOOK_SECONDS = 1.0
"""A page sees the form within one look of its session's end, and its socket is closed within two."""

_guards: set[Guard] = set()


def watch_socket(guard: Guard) -> None:
    _guards.add(guard)


def forget_socket(guard: Guard) -> None:
    """The socket is gone."""
    _guards.discard(guard)
    guard.left()


def open_pages() -> dict[str, Guard]:
    """The guards of all sockets whose page is known, by Streamlit's name of it."""
    return {guard.page: guard for guard in _guards if guard.page}


async def watch() -> None:
    """For as long as the server runs: one question to the store a look, and none while nobody is signed in."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await check_sockets()
        except Exception:  # noqa: BLE001  whatever it was, the next look must come
            _log.exception("The open pages could not be looked at.")


async def check_sockets() -> None:
    """Tell every socket whose session has ended; one that does not read what it is sent keeps no other one waiting."""
    behind = {guard: session for guard in _guards if (session := guard.watched) is not None}
    if not behind:
        return
    living = await page_sessions.alive_sessions(frozenset(behind.values()))
    ending = [guard.end(session) for guard, session in behind.items() if session not in living]
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            for outcome in await asyncio.gather(*ending, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, OSError):  # which is a browser that left
                    _log.error("An open page could not be ended.", exc_info=outcome)
