"""A server whose settings undo a protection does not come up, however it is started, and says what to mend."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.fixtures.app import free_port
from tests.fixtures.command_line import environment

_full = partial(pytest.param, marks=pytest.mark.full)
STREAMLIT = ("-m", "streamlit", "run", "app.py", "--server.headless", "true", "--server.address", "127.0.0.1")


def started(root: Path, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """A start that should end by itself, at once."""
    home = root.parent / "home"
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env=environment(home, env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("configured", "command", "env", "said"),
    [
        _full("", (*STREAMLIT, "--client.showErrorDetails", "full"), {}, "client.showErrorDetails"),
        ("", STREAMLIT, {"STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false"}, "server.enableXsrfProtection"),
        ("[security]\npasswords = false", STREAMLIT, {}, "nobody could sign in"),
        _full('[security]\ntrusted_proxies = ["0.0.0.0/0"]', STREAMLIT, {}, "security.trusted_proxies holds 0.0.0.0/0"),
        ("[clients]", ("-m", "perfdash", "serve", "--host", "0.0.0.0"), {}, "allowed_hosts"),
    ],
)
def test_an_unsafe_server_does_not_start(
    project_copy: Path, configured: str, command: tuple[str, ...], env: dict[str, str], said: str
) -> None:
    (project_copy / "perfdash.toml").write_text(configured, encoding="utf-8")
    port = ("--server.port" if "streamlit" in command else "--port", str(free_port()))
    ended = started(project_copy, *command, *port, **env)
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
