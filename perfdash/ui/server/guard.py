"""One open socket: every message that comes in is checked, and what goes out stops when the session behind it ends.

When a session ends, the page is first made to run once more at the same address: the script then finds nobody signed in
and draws the form, which is faster and calmer than a broken connection. From that moment nothing of a page reaches the
browser until a new run has begun and the script has said that the page is nobody's; if the form has not begun to go out
by the next look, the socket is closed. The browser then opens another and has the script run for it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Any

from starlette.types import Message, Receive, Send

from perfdash.ui.auth import page_owners
from perfdash.ui.runtime import drawn_pages
from perfdash.ui.runtime.streamlit_internals import BackMsg, ClientState
from perfdash.ui.server import failures, messages, page_sessions
from perfdash.ui.server.allowance import Allowance
from perfdash.ui.server.outbox import Outbox
from perfdash.ui.server.places import Slot, Visitor, places
from perfdash.ui.server.turns import Turns

_log = logging.getLogger(__name__)
NOT_ALLOWED, BAD_MESSAGE = 1008, 1002
MOST_OFFERS = 500
MOST_WIDGETS = 10_000
_widgets: OrderedDict[str, str] = OrderedDict()
"""The kinds of the widgets that any page has drawn, by id. Streamlit's ids are made of the kind and all else of a
widget, so they say the same on every page; and a browser may send a value before its page is drawn."""
MESSAGES, CHECKS = (80, 10.0), (5, 1.0)
"""Of one socket, at once and a second: what a browser may say, which is far more than any does, and how often the store
is asked whether its session lives. What is not checked when it comes is checked when its turn has come."""
CHECK_GOOD_FOR = 0.2
STRANGER = Visitor("stranger", "")
_GONE: Message = {"type": "websocket.disconnect", "code": NOT_ALLOWED}


class Guard:
    """The gate's side of one socket. Lives on the event loop only."""

    def __init__(self, receive: Receive, send: Send, visitor: Visitor = STRANGER) -> None:
        """`visitor` is who came, by address and cookies; a sign-in on the page makes another one of them."""
        self._receive = receive
        self._outbox = Outbox(send, self._look_again, self._stalled)
        self._came_as, self._visitor, self._visitor_of = visitor, visitor, ""
        self._place_to_run, self._place_to_load = Slot(places, self._look_again), Slot(places, self._look_again)
        self._wanted: BackMsg | None = None  # a download that waits
        self._loading = ""  # the request for the one that is under way
        self._messages, self._checks = Allowance(*MESSAGES), Allowance(*CHECKS)
        self._checked_at = -CHECK_GOOD_FOR
        self._page = ""
        self._ended: str | None = None
        self._began_again = False
        self._form_due = False
        self._closed = asyncio.Event()
        self._wake = asyncio.Event()
        self._pending: asyncio.Future[Message] | None = None
        self._at = ClientState()
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
            self._wanted = None
            self._outbox.drop()
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

    @property
    def visitor(self) -> Visitor:
        """Whom the socket counts for."""
        return self._visitor

    def left(self) -> None:
        """The socket is gone."""
        if self._pending is not None:
            self._pending.cancel()
        self._place_to_run.leave()
        self._place_to_load.leave()
        self._outbox.left()
        if self._page:
            page_owners.socket_closed(self._page)

    def malformed(self, kind: str) -> None:
        """The browser has sent a value that no widget of this kind ever sends; it is not ours."""
        if not self._closed.is_set():
            failures.note("A browser sent a %s a value of another kind; its socket was closed.", kind)
            self._stalled()

    async def receive(self) -> Message:
        """The next message that may pass, in place of the socket's own `receive`."""
        while not self._closed.is_set():
            if self._form_due:
                return self._run_again()
            message = await self._due()
            if message is None:
                message = await self._next()
                if message is None:  # woken: something may be due
                    continue
                if message["type"] != "websocket.receive":
                    return message
                message = await self._checked(message.get("bytes"))
            if message is not None:
                return message
        return _GONE

    async def send(self, message: Message) -> None:
        """What the app says, unless the session behind the page has ended, in place of the socket's own `send`."""
        if self._closed.is_set():
            return
        data = message.get("bytes") if message["type"] == "websocket.send" else None
        if data is not None and not self._may_go_out(data):
            return
        self._outbox.put(message)
        if message["type"] == "websocket.close":
            self._closed.set()
            await self._outbox.emptied()

    async def _due(self) -> Message | None:
        """What has waited and whose turn it is now, once there is a place for it."""
        if not self._turns.busy and not self._turns.due:
            self._place_to_run.leave()
        if self._wanted is not None and self._place_to_load.take(await self._who()):
            asked, self._wanted = self._wanted, None
            if instead := await self._of_ended():
                return instead
            self._loading = asked.backend_operation_request.request_id
            return {"type": "websocket.receive", "bytes": asked.SerializeToString()}
        if self._turns.due and self._outbox.is_low and self._place_to_run.take(await self._who()):
            if instead := await self._of_ended():
                return instead
            if due := self._turns.next():
                return self._passed(due, by_itself=self._turns.by_itself)
        return None

    async def _who(self) -> Visitor:
        """Whom this counts for: since a sign-in on the page, its account."""
        session = self.session or ""
        if session != self._visitor_of:
            self._visitor = (await page_sessions.visitor_of(session) if session else None) or self._came_as
            self._visitor_of = session
        return self._visitor

    async def _of_ended(self) -> Message | None:
        """In place of what is due, when the session behind the page has ended."""
        session = self.session
        if session is None or time.monotonic() - self._checked_at < CHECK_GOOD_FOR:
            return None
        if await page_sessions.alive_sessions({session}):
            return None
        return await self._ended_now(session)

    async def _ended_now(self, session: str) -> Message | None:
        await self.end(session)
        return _GONE if self._closed.is_set() else self._run_again()

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
        asked = await self._understood(data)
        if asked is None:
            return None
        kind, session = asked.WhichOneof("type"), self.session
        is_checked = self._checks.take()
        if is_checked and session is not None and not await page_sessions.alive_sessions({session}):
            if kind == "backend_operation_request":
                self._answer(messages.refusal(asked))
            return await self._ended_now(session)
        if is_checked:
            self._checked_at = time.monotonic()
        if kind == "backend_operation_request":
            self._want(asked)
        elif kind == "rerun_script":
            self._turns.take(asked)
        elif is_checked:
            return {"type": "websocket.receive", "bytes": data}
        return None

    async def _understood(self, data: Any) -> BackMsg | None:
        """What a page of ours may say; what no browser says by itself closes the socket."""
        if not self._messages.take():
            failures.note("A browser says more than any page has it say; its socket was closed.")
            self._stalled()
            return None
        largest = messages.LARGEST if self.session else messages.LARGEST_ANONYMOUS
        asked = messages.parse_back(data) if isinstance(data, bytes) and len(data) <= largest else None
        if asked is None:
            await self._close(BAD_MESSAGE)
            return None
        kind = asked.WhichOneof("type") or ""
        if kind not in messages.ALLOWED:
            self._refuse(kind)
            return None
        if kind == "rerun_script":
            if misfit := messages.misfit(asked.rerun_script, _widgets):
                self.malformed(misfit)
                return None
            self._at = messages.page_of(asked.rerun_script)
        return asked

    def _want(self, asked: BackMsg) -> None:
        """A download: one at a time, or a page that is closed at once would have many made behind its back."""
        if not self._is_own_download(asked):
            self._answer(messages.refusal(asked))
        elif self._wanted is not None or self._loading:
            self._answer(messages.refusal(asked, messages.ONE_AT_A_TIME))
        else:
            self._wanted = asked

    def _answer(self, data: bytes) -> None:
        self._outbox.put({"type": "websocket.send", "bytes": data})

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
            self._place_to_run.leave()
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
        if told.widget[0]:
            _widgets.pop(told.widget[0], None)
            _widgets[told.widget[0]] = told.widget[1]
            while len(_widgets) > MOST_WIDGETS:
                _widgets.popitem(last=False)
        if told.answered and told.answered == self._loading:
            self._loading = ""
            self._place_to_load.leave()
            self._wake.set()
        if told.given and (session := self.session):
            page_sessions.give_file(told.given, session)

    def _run_again(self) -> Message:
        self._form_due = False
        return self._passed(self._turns.whole(messages.run_again(self._at)), by_itself=False)

    def _passed(self, asked: BackMsg, *, by_itself: bool) -> Message:
        """What goes to the app; a whole run learns from `drawn_pages` whether anybody at the browser has asked."""
        if not asked.rerun_script.fragment_id:
            drawn_pages.pages.say_by_itself(self._page, by_itself)
        return {"type": "websocket.receive", "bytes": asked.SerializeToString()}

    def _refuse(self, kind: str) -> None:
        if kind not in self._refused:
            self._refused.add(kind)
            failures.note("A browser sent %s, which no page of perfdash does; it was dropped.", kind)

    def _look_again(self) -> None:
        """Something may be due."""
        self._wake.set()

    def _stalled(self) -> None:
        """Nothing of this socket is of use any more; the server drops it as soon as `receive` says so."""
        self._closed.set()
        self._wake.set()

    async def _close(self, code: int) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._wake.set()
            last: list[Message] = [{"type": "websocket.close", "code": code}]
            if code == NOT_ALLOWED:  # a browser whose last run was over would be back and ask for none
                last.insert(0, {"type": "websocket.send", "bytes": messages.running()})
            await self._outbox.finish(*last)
