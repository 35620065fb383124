"""The API as a process: it says where it listens, ends when told, and dies with its parent."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from perfdash.demo import process
from perfdash.demo.process import start
from perfdash.domain.errors import SourceUnreachable

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "perfdash.demo"]


def answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 404
    except httpx.TransportError:
        return False


def ends(url: str) -> bool:
    return any(not answers(url) or time.sleep(0.1) for _ in range(100))


def test_it_runs_for_the_length_of_a_block_and_ends_cleanly():
    with start() as api:
        assert api.running
        assert answers(api.url)
        assert api.url.startswith("http://127.0.0.1:")
    assert not api.running
    assert api.process.returncode == 0
    assert api.stop() == 0


def test_it_prints_one_line_and_a_slow_answer_does_not_keep_it_from_ending():
    child = subprocess.Popen(
        [*COMMAND, "--port", "0", "--key", "other"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    url, key, value = child.stdout.readline().split()
    assert (key, value) == ("key", "other")
    params = {"client_id": "hoshi-jp", "start_date": "2020-01-01", "end_date": "2100-01-01"}
    headers = {"Authorization": "Bearer other", "X-Demo-Fault": "slow"}
    with httpx.stream("GET", f"{url}/v1/performance", params=params, headers=headers) as answer:
        next(answer.iter_raw())
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=120)
    assert (child.returncode, out, err) == (0, "", "")


def test_it_dies_with_a_parent_that_was_killed():
    script = (
        "import sys, time\nfrom perfdash.demo.process import start\n"
        "api = start()\nprint(api.url, flush=True)\ntime.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    url = parent.stdout.readline().strip()
    assert answers(url)
    parent.kill()
    parent.communicate()
    assert ends(url)


def test_a_taken_port_is_one_sentence(capfd):
    with start() as api:
        port = api.url.rpartition(":")[2]
        taken = subprocess.run([*COMMAND, "--port", port], cwd=ROOT, capture_output=True, text=True, check=False)
        with pytest.raises(SourceUnreachable, match="did not start"):
            start(int(port))
    assert taken.returncode == 2
    assert taken.stderr.count("\n") == 1
    assert f"port {port}" in taken.stderr
    assert "Traceback" not in capfd.readouterr().err


def test_it_starts_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with start() as api:
        assert answers(api.url)


def test_the_command_fits_into_a_larger_command_line(capsys):
    parser = argparse.ArgumentParser()
    process.add_parser(parser.add_subparsers())
    args = parser.parse_args(["demo-api", "--port", "0", "--today", "2026-11-22", "--parent", str(os.getpid())])
    assert (args.run, args.port, str(args.today), args.host) == (process.run, 0, "2026-11-22", "127.0.0.1")
    with pytest.raises(SystemExit):
        parser.parse_args(["demo-api", "--help"])
    assert "gzip-bomb" in capsys.readouterr().out


def test_a_wrong_day_is_refused_before_anything_starts(capsys):
    with pytest.raises(SystemExit) as error:
        process.main(["--today", "tomorrow"])
    assert error.value.code == 2
    assert "YYYY-MM-DD" in capsys.readouterr().err
