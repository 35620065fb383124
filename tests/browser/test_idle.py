"""An open page on which nothing happens: it asks, and is sent nothing to draw."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser.test_sign_in import ALONE, PATIENCE, form, given_numbers, sign_in
from tests.fixtures.app import StartApp

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/", "/sync-health"])
def test_an_idle_page_looks_every_second_and_is_sent_nothing_to_draw(
    app_server: StartApp, project_copy: Path, page: Page, path: str
) -> None:
    given_numbers(project_copy)
    received: list[str] = []

    def note(frame: str | bytes) -> None:
        message = ForwardMsg()
        message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
        received.append(str(message.WhichOneof("type")))

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", note)

    page.on("websocket", listen)
    page.goto(f"{app_server(root=project_copy, env=ALONE).url}{path}")
    form(page)
    sign_in(page)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=PATIENCE)
    page.wait_for_timeout(3_000)
    received.clear()
    page.wait_for_timeout(5_000)
    assert received.count("script_finished") >= 3
    assert "delta" not in received
    assert "ref_hash" not in received
