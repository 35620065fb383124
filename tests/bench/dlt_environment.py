"""dlt in a virtual environment of its own, inside ours: its pins must not meet those of the app."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from scripts import install

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements-bench.txt"


def python() -> Path | None:
    """Its interpreter, installed when it is not there yet; None when that fails, and pip has said why."""
    venv = Path(sys.prefix) / "bench"
    stamp, wanted = venv / "installed.sha256", hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    found = venv / "bin" / "python"
    if stamp.is_file() and stamp.read_text() == wanted:
        return found
    print("Installing dlt for the comparison (once) ...", flush=True)
    try:
        install.prepare(venv)
    except SystemExit as refusal:
        print(refusal)
        return None
    command = [str(found), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*command, "--require-hashes", "--requirement", str(REQUIREMENTS)], check=False)
    if done.returncode:
        return None
    stamp.write_text(wanted)
    return found
