"""An open page on which nothing happens: it asks every second, and is sent nothing to draw."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.test_sign_in import ALONE, form, given_numbers, sign_in
from tests.fixtures.app import StartApp

pytestmark = pytest.mark.browser
DRAWN = "drawn"


def kind_of(frame: str | bytes) -> str:
    """The message's type; DRAWN for whatever changes the page. A fragment always says its own, empty, container."""
    message = ForwardMsg()
    message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
    kind = str(message.WhichOneof("type"))
    if kind == "ref_hash" or (kind == "delta" and message.delta.WhichOneof("type") != "add_block"):
        return DRAWN
    return kind


@pytest.mark.parametrize("path", ["/", pytest.param("/sync-health", marks=pytest.mark.full)])
def test_an_idle_page_looks_every_second_and_is_sent_nothing_to_draw(
    app_server: StartApp, project_copy: Path, page: Page, path: str
) -> None:
    given_numbers(project_copy)
    received: list[str] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(kind_of(frame)))

    page.on("websocket", listen)
    page.goto(f"{app_server(root=project_copy, env=ALONE).url}{path}")
    form(page)
    sign_in(page)
    for _ in range(20):  # until the page has settled, however slow the machine is
        received.clear()
        page.wait_for_timeout(4_000)
        if received and DRAWN not in received:
            break
    received.clear()
    page.wait_for_timeout(5_000)
    assert received.count("script_finished") >= 3
    assert DRAWN not in received
    # One block a run; listening may have begun, or ended, in the middle of one.
    assert abs(received.count("delta") - received.count("new_session")) <= 1
