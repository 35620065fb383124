"""What passes through one socket: allowed messages of living sessions in, and nothing out once a session has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from starlette.types import Message
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from perfdash.ui.auth import page_owners
from perfdash.ui.runtime import drawn_pages
from perfdash.ui.server import guard, messages, outbox, page_sessions, sockets
from perfdash.ui.server.guard import Guard
from perfdash.ui.server.places import Places, Visitor

PAGE, SESSION, FILE = "page-1", "session-1", "f" * 32


async def settled() -> None:
    """What is on its way has come."""
    for _ in range(5):
        await asyncio.sleep(0)


class Wire:
    """A socket's two ends: `browser` is what the browser says, `seen` what reaches it."""

    def __init__(self) -> None:
        self.browser: asyncio.Queue[Message] = asyncio.Queue()
        self.seen: list[Message] = []
        self.guard = Guard(self.browser.get, self._send)

    async def _send(self, message: Message) -> None:
        self.seen.append(message)

    async def says(self, message: BackMsg | bytes | str) -> Message:
        """The browser says something; what the app gets."""
        self.tell(message)
        return await self.guard.receive()

    def tell(self, message: BackMsg | bytes | str) -> None:
        data = message.SerializeToString() if isinstance(message, BackMsg) else message
        kind = "text" if isinstance(data, str) else "bytes"
        self.browser.put_nowait({"type": "websocket.receive", kind: data})

    async def shows(self, message: ForwardMsg) -> bool:
        """The app says something; does it reach the browser?"""
        before = len(self.seen)
        await self.guard.send({"type": "websocket.send", "bytes": message.SerializeToString()})
        await settled()
        return len(self.seen) > before

    @property
    def is_closed(self) -> bool:
        return any(message["type"] == "websocket.close" for message in self.seen)


def new_run(page: str = PAGE) -> ForwardMsg:
    message = ForwardMsg()
    message.new_session.initialize.session_id = page
    return message


def drawn(text: str = "secret") -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.markdown.body = text
    return message


def button(file: str = FILE) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.download_button.deferred_file_id = file
    return message


def status(*, is_running: bool) -> ForwardMsg:
    message = ForwardMsg()
    message.session_status_changed.script_is_running = is_running
    return message


def finished() -> ForwardMsg:
    return ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)


def rerun(**fields: Any) -> BackMsg:
    message = BackMsg()
    message.rerun_script.page_name = "campaigns"
    for name, value in fields.items():
        setattr(message.rerun_script, name, value)
    return message


def download(file: str = FILE, page: str = PAGE) -> BackMsg:
    message = BackMsg()
    message.backend_operation_request.request_id = "r1"
    message.backend_operation_request.session_id = page
    message.backend_operation_request.deferred_file.file_id = file
    return message


def heard(message: Message) -> BackMsg:
    assert message["type"] == "websocket.receive"
    return BackMsg.FromString(message["bytes"])


@pytest.fixture(autouse=True)
def living(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The sessions that live."""
    found = {SESSION}

    async def alive(names: Any) -> frozenset[str]:
        return frozenset(found & set(names))

    async def visitor(name: str) -> Visitor:
        return Visitor("account", name)

    monkeypatch.setattr(page_sessions, "alive_sessions", alive)
    monkeypatch.setattr(page_sessions, "visitor_of", visitor)
    monkeypatch.setattr(guard, "places", Places())
    page_owners.set_owner(PAGE, None)
    yield found
    page_owners.set_owner(PAGE, None)


async def signed_in() -> Wire:
    wire = Wire()
    await wire.shows(new_run())
    page_owners.set_owner(PAGE, SESSION)
    await wire.says(rerun())
    return wire


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def told() -> None:
        async with asyncio.timeout(20):
            await story()

    asyncio.run(told())


@pytest.mark.parametrize(
    "message",
    [
        BackMsg(clear_cache=True),
        BackMsg(debug_shutdown_runtime=True),
        BackMsg(debug_disconnect_websocket=True),
        BackMsg(load_git_info=True),
        BackMsg(set_run_on_save=True),
    ],
)
def test_what_no_page_needs_is_dropped_and_the_next_message_passes(message: BackMsg) -> None:
    async def story() -> None:
        wire = await signed_in()
        wire.tell(message)
        passed = heard(await wire.says(rerun(query_string="a=b")))
        assert passed.rerun_script.query_string == "a=b"
        assert not wire.is_closed

    run(story)


@pytest.mark.parametrize("message", ["text", b"", b"\xff\xff\xff", b"x" * 70_000])
def test_what_is_no_message_closes_the_socket(message: str | bytes) -> None:
    async def story() -> None:
        wire = Wire()
        assert (await wire.says(message))["type"] == "websocket.disconnect"
        assert wire.is_closed
        assert not await wire.shows(drawn())

    run(story)


def test_a_message_of_an_ended_session_becomes_a_run_that_shows_the_form(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        living.clear()
        message = rerun(query_string="client=acme", fragment_id="f1")
        message.rerun_script.widget_states.widgets.add(id="w", trigger_value=True)
        passed = heard(await wire.says(message)).rerun_script
        assert (passed.page_name, passed.query_string, passed.fragment_id) == ("campaigns", "client=acme", "")
        assert not passed.widget_states.widgets
        assert not await wire.shows(drawn())  # what the interrupted run still had to say
        assert await wire.shows(new_run())
        assert not await wire.shows(drawn())  # before the script has said whose page this is
        page_owners.set_owner(PAGE, None)
        assert await wire.shows(drawn("the form"))
        assert heard(await wire.says(rerun())).rerun_script.page_name == "campaigns"
        assert not wire.is_closed

    run(story)


def test_a_page_that_stays_with_an_ended_session_is_closed_at_its_next_message(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        living.clear()
        await wire.says(rerun())
        assert (await wire.says(rerun()))["type"] == "websocket.disconnect"
        assert wire.is_closed

    run(story)


def test_without_any_message_the_watch_wakes_the_page_and_then_closes_it(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        sockets.watch_socket(wire.guard)
        living.clear()
        waiting = asyncio.ensure_future(wire.guard.receive())
        await asyncio.sleep(0)
        await sockets.check_sockets()
        assert heard(await waiting).WhichOneof("type") == "rerun_script"
        assert not await wire.shows(drawn())
        waiting = asyncio.ensure_future(wire.guard.receive())
        await asyncio.sleep(0)
        await sockets.check_sockets()
        assert (await waiting)["type"] == "websocket.disconnect"
        assert wire.is_closed
        sockets.forget_socket(wire.guard)

    run(story)


async def woken(wire: Wire) -> None:
    """What the session's end has the app do: run the page once more."""
    waiting = asyncio.ensure_future(wire.guard.receive())
    await asyncio.sleep(0)
    await sockets.check_sockets()
    assert heard(await waiting).WhichOneof("type") == "rerun_script"


def test_a_browser_is_told_to_ask_for_a_run_before_its_socket_closes(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        sockets.watch_socket(wire.guard)
        living.clear()
        await woken(wire)
        await wire.shows(new_run())  # for which the browser stops its refreshes
        await sockets.check_sockets()
        last, end = wire.seen[-2:]
        assert ForwardMsg.FromString(last["bytes"]).session_status_changed.script_is_running
        assert end["type"] == "websocket.close"
        sockets.forget_socket(wire.guard)

    run(story)


def test_whether_a_run_is_going_is_no_secret(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        living.clear()
        await wire.says(rerun())
        assert await wire.shows(status(is_running=True))
        assert not await wire.shows(drawn())
        assert await wire.shows(status(is_running=False))

    run(story)


def test_what_was_drawn_before_the_end_stays_back_though_the_page_is_nobodys_already(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        living.clear()
        await wire.says(rerun())
        page_owners.set_owner(PAGE, None)  # by the new run, while messages of the last one are still on their way
        assert not await wire.shows(drawn())
        assert await wire.shows(new_run())
        assert await wire.shows(drawn("the form"))

    run(story)


@pytest.mark.parametrize("began", [True, False])
def test_a_page_that_is_nobodys_is_closed_unless_its_form_comes(living: set[str], began: bool) -> None:
    async def story() -> None:
        wire = await signed_in()
        sockets.watch_socket(wire.guard)
        living.clear()
        await woken(wire)
        page_owners.set_owner(PAGE, None)
        if began:
            await wire.shows(new_run())
            assert await wire.shows(drawn("the form"))
        await sockets.check_sockets()
        assert wire.is_closed is not began
        sockets.forget_socket(wire.guard)

    run(story)


def test_a_browser_that_reads_nothing_keeps_no_other_page_open(
    living: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forever(_message: Message) -> None:
        await asyncio.Event().wait()

    async def gone(_message: Message) -> None:
        raise ConnectionError

    async def story() -> None:
        wires = []
        for _ in range(8):
            wires.append(await signed_in())
            await wires[-1].shows(finished())
        for wire, send in zip(wires, [forever, gone] * 3, strict=False):
            monkeypatch.setattr(wire.guard._outbox, "_send", send)
        for wire in wires:
            sockets.watch_socket(wire.guard)
        living.clear()
        for _ in range(3):
            await sockets.check_sockets()
        assert [wire.is_closed for wire in wires[6:]] == [True, True]
        for wire in wires:
            sockets.forget_socket(wire.guard)

    monkeypatch.setattr(sockets, "LOOK_SECONDS", 0.05)
    run(story)


def test_a_message_that_waits_while_the_page_is_woken_is_not_lost(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        sockets.watch_socket(wire.guard)
        living.clear()
        await sockets.check_sockets()
        await wire.guard.receive()
        page_owners.set_owner(PAGE, None)
        assert heard(await wire.says(rerun(query_string="later"))).rerun_script.query_string == "later"
        sockets.forget_socket(wire.guard)

    run(story)


@pytest.mark.parametrize(
    ("message", "passes"),
    [
        (download(), True),
        (download(page=""), True),
        (download(file="e" * 32), False),
        (download(page="page-2"), False),
        (BackMsg(backend_operation_request={"request_id": "r", "session_id": PAGE}), False),
        (BackMsg(backend_operation_request={"request_id": "r", "session_id": PAGE, "install_skills": {}}), False),
        (BackMsg(backend_operation_request={"request_id": "r", "session_id": PAGE, "dataframe_chunk": {}}), False),
    ],
)
def test_a_page_may_ask_only_for_what_its_own_buttons_offer(message: BackMsg, passes: bool) -> None:
    async def story() -> None:
        wire = await signed_in()
        assert await wire.shows(button())
        wire.tell(message)
        kind = heard(await wire.says(rerun())).WhichOneof("type")
        assert (kind == "backend_operation_request") is passes
        answers = [ForwardMsg.FromString(one["bytes"]) for one in wire.seen if one["type"] == "websocket.send"]
        assert any(answer.backend_operation_response.error_msg for answer in answers) is not passes

    run(story)


def test_one_download_at_a_time_and_the_next_once_it_is_answered() -> None:
    async def story() -> None:
        wire = await signed_in()
        await wire.shows(button())
        assert heard(await wire.says(download())).WhichOneof("type") == "backend_operation_request"
        for _ in range(20):
            wire.tell(download())
        assert heard(await wire.says(rerun())).WhichOneof("type") == "rerun_script", "no other one has passed"
        await settled()
        answers = [ForwardMsg.FromString(one["bytes"]).backend_operation_response for one in wire.seen]
        assert sum(answer.error_msg == messages.ONE_AT_A_TIME for answer in answers) == 20
        answer = ForwardMsg()
        answer.backend_operation_response.request_id = "r1"
        await wire.shows(answer)
        assert heard(await wire.says(download())).WhichOneof("type") == "backend_operation_request"

    run(story)


def test_a_download_that_waits_goes_with_its_socket() -> None:
    async def story() -> None:
        wires = []
        for _ in range(3):
            wires.append(await signed_in())
            await wires[-1].shows(finished())
            await wires[-1].shows(button())
        *others, third = wires
        for wire in others:
            assert heard(await wire.says(download())).WhichOneof("type") == "backend_operation_request"
        third.tell(download())
        waiting = asyncio.ensure_future(third.guard.receive())
        await asyncio.sleep(0.05)
        assert not waiting.done(), "an account has so many places only"
        waiting.cancel()
        third.guard.left()
        assert not guard.places._waiting

    run(story)


@pytest.mark.parametrize("kind", ["text_input", "multiselect", "checkbox", "button", "date_input"])
def test_a_value_that_its_widget_never_sends_closes_the_socket_with_one_line(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        wire = await signed_in()
        message = ForwardMsg()
        getattr(message.delta.new_element, kind).id = "w1"
        await wire.shows(message)
        bad = rerun()
        bad.rerun_script.widget_states.widgets.add(id="w1", int_value=7)
        assert (await wire.says(bad))["type"] == "websocket.disconnect"

    run(story)
    assert len(caplog.records) == 1
    assert kind in caplog.text


def test_who_says_more_than_any_browser_is_left() -> None:
    async def story() -> None:
        wire = await signed_in()
        for _ in range(int(guard.MESSAGES[0]) + 10):
            wire.tell(rerun())
        passed = 0
        while (await wire.guard.receive())["type"] != "websocket.disconnect":
            passed += 1
        assert passed <= 2, "they are one run, and not many"

    run(story)


def test_a_browser_that_reads_nothing_has_one_page_on_its_way_and_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async def forever(_message: Message) -> None:
        await asyncio.Event().wait()

    async def story() -> None:
        wire = await signed_in()
        monkeypatch.setattr(wire.guard._outbox, "_send", forever)
        await wire.guard.send({"type": "websocket.send", "bytes": b"x" * (outbox.MUCH + 1)})
        await wire.shows(finished())
        wire.tell(rerun(query_string="more"))
        assert (await wire.guard.receive())["type"] == "websocket.disconnect"

    monkeypatch.setattr(outbox, "STALLED_SECONDS", 0.2)
    run(story)


def test_nobody_downloads_from_a_page_without_a_session() -> None:
    async def story() -> None:
        wire = Wire()
        await wire.shows(new_run())
        await wire.shows(button())
        wire.tell(download())
        assert heard(await wire.says(rerun())).WhichOneof("type") == "rerun_script"

    run(story)


def test_a_file_belongs_to_the_session_whose_page_it_was_made_for() -> None:
    async def story() -> None:
        wire = await signed_in()
        answer = ForwardMsg()
        answer.backend_operation_response.deferred_file.url = "/media/0123.csv"
        assert await wire.shows(answer)

    run(story)
    assert page_sessions.may_have_file("/media/0123.csv", {"other", SESSION})
    assert not page_sessions.may_have_file("/media/0123.csv", {"other"})
    assert not page_sessions.may_have_file("/media/0124.csv", {SESSION})


def test_a_heap_of_cookies_is_not_looked_up_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[str]] = []
    monkeypatch.setattr(page_sessions, "_of_tokens", lambda tokens: asked.append(set(tokens)) or frozenset({"s"}))
    few = [(b"cookie", b"perfdash_session=a; perfdash_link=b"), (b"cookie", b"perfdash_session=c")]
    heap = [(b"cookie", b"perfdash_session=%d" % number) for number in range(2000)]
    assert asyncio.run(page_sessions.sessions_of_cookies(few)) == frozenset({"s"})
    assert asyncio.run(page_sessions.sessions_of_cookies(few + heap)) == frozenset()
    assert asked == [{"a", "b", "c"}]


def test_open_pages_are_never_forgotten_and_gone_ones_not_for_ever() -> None:
    page_owners.socket_opened("open")
    page_owners.set_owner("open", "s")
    for number in range(page_owners.MOST_GONE + 5):
        page_owners.set_owner(f"gone-{number}", "s")
    assert page_owners.owner_of("open") == "s"
    assert page_owners.owner_of("gone-0") is None
    assert page_owners.owner_of(f"gone-{page_owners.MOST_GONE + 4}") == "s"
    page_owners.socket_closed("open")
    assert page_owners.owner_of("open") == "s"  # it may come back
    page_owners.set_owner("open", None)
    assert page_owners.owner_of("open") is None


def test_a_page_that_is_out_of_date_is_run_by_itself_and_a_click_is_somebodys(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        await wire.shows(new_run())
        await wire.shows(ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY))
        waiting = asyncio.ensure_future(wire.guard.receive())
        await asyncio.sleep(0)
        before = len(wire.seen)
        wire.guard.draw_again()
        passed = heard(await waiting).rerun_script
        assert (passed.page_name, passed.fragment_id) == ("campaigns", "")
        assert not passed.widget_states.widgets
        assert len(wire.seen) == before, "the browser was told something"
        assert drawn_pages.pages.is_by_itself(PAGE)
        await wire.says(rerun())
        assert not drawn_pages.pages.is_by_itself(PAGE)

    run(story)


def test_a_page_whose_session_has_ended_is_not_drawn_again_for_its_numbers(living: set[str]) -> None:
    async def story() -> None:
        wire = await signed_in()
        living.clear()
        await wire.says(rerun())
        wire.guard.draw_again()
        page_owners.set_owner(PAGE, None)
        await wire.shows(new_run())
        await wire.shows(ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY))
        assert heard(await wire.says(rerun(query_string="later"))).rerun_script.query_string == "later"

    run(story)
