"""A new installation: the server's log gives a code with which somebody becomes the first admin; then none any more."""

from __future__ import annotations

import re
import time

from tests.fixtures.app import AppServer, StartApp
from tests.fixtures.socket_client import Visitor

CODE = re.compile(r"one-time code for the first admin: ([A-Z2-7-]+) ")
ENV = {"PERFDASH_WATCH": "0", "PERFDASH_DATABASE_URL": "sqlite:///data/new.db"}
PASSWORD = "tram quiet ember"


def code_of(server: AppServer) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := CODE.search(server.log()):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(server.log()[-2000:])


def test_the_code_in_the_log_makes_the_first_admin_and_no_other(app_server: StartApp, project_copy) -> None:  # type: ignore[no-untyped-def]
    server = app_server(project_copy, ENV)
    code = code_of(server)
    with Visitor(server.url) as visitor:
        visitor.run().fill("Code from the log", code).fill("User name", "ada")
        visitor.fill("New password", PASSWORD).fill("The same again", PASSWORD).press("Make the first admin")
        assert "Sign out" in visitor.buttons, visitor.alerts
    with Visitor(server.url) as visitor:
        assert "Make the first admin" not in visitor.run().buttons
        visitor.sign_in("ada", PASSWORD)
        assert "Sign out" in visitor.buttons
    again = app_server(project_copy, ENV)
    with Visitor(again.url) as visitor:
        visitor.run().sign_in("ada", PASSWORD)
        assert "Sign out" in visitor.buttons
    assert CODE.search(again.log()) is None
