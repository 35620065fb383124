"""An open page on which nothing happens is sent nothing: it hears of changes, and does not ask for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.test_sign_in import ALONE, form, given_numbers, sign_in
from tests.fixtures.app import StartApp

pytestmark = pytest.mark.browser


def kind_of(frame: str | bytes) -> str:
    """The type of a message."""
    message = ForwardMsg()
    message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
    return str(message.WhichOneof("type"))


@pytest.mark.parametrize("path", ["/", pytest.param("/sync-health", marks=pytest.mark.full)])
def test_an_idle_page_is_sent_nothing_at_all(app_server: StartApp, project_copy: Path, page: Page, path: str) -> None:
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
        if not received:
            break
    received.clear()
    page.wait_for_timeout(5_000)
    assert received == []
