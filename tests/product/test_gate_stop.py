"""A server that is told to stop, with pages open and children at work."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

from tests.fixtures.app import StartApp, free_port
from tests.fixtures.socket_client import Visitor


def test_sigterm_closes_open_pages_ends_the_children_and_leaves_exit_code_0(
    app_server: StartApp, project_copy: Path
) -> None:
    server = app_server(root=project_copy, env={"PERFDASH_DEMO_API": f"http://127.0.0.1:{free_port()}"})
    with Visitor(server.url) as visitor:
        visitor.run()
        children = psutil.Process(server.process.pid).children(recursive=True)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(120) == 0
        assert visitor.is_closed(10)
    _gone, alive = psutil.wait_procs(children, timeout=120)
    assert alive == []
    log = project_copy / "data" / "demo.db-wal"
    assert not log.exists() or log.stat().st_size == 0
    assert "Traceback" not in server.log()
