"""Make the virtual environment and install the locked packages, but only what has changed since the last time.

`python scripts/install.py app|dev|mutation VENV`, called by the Makefile with an interpreter that it has
checked. Standard library only. A stamp in the environment holds the digest of what was installed, so a second call ends
at once.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Each later set holds all packages of the ones before it.
SETS = {"app": "requirements.txt", "dev": "requirements-dev.txt", "mutation": "requirements-mutants.txt"}


def main(wanted: str, folder: str) -> int:
    """Bring `folder` to the set `wanted`; the exit code."""
    venv = ROOT / folder
    python = venv / "bin" / "python"
    if Path(sys.prefix).resolve() != venv.resolve():
        prepare(venv)
    needed = digest(wanted)
    if stamp(venv, wanted).is_file() and stamp(venv, wanted).read_text() == needed:
        return 0
    requirements = ROOT / SETS[wanted]
    count = len(re.findall(r"^\S+==", requirements.read_text(), flags=re.MULTILINE))
    print(f"Installing {count} packages into {folder} (once; about a minute) ...", flush=True)
    command = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    if subprocess.run([*command, "--require-hashes", "--requirement", str(requirements)], check=False).returncode:
        print(
            f"The packages of {SETS[wanted]} could not be installed; pip says why above. "
            "Check the connection to the package index and run the same command again.",
            file=sys.stderr,
        )
        return 1
    for name in SETS:
        stamp(venv, name).write_text(digest(name))
        if name == wanted:
            break
    return 0


def prepare(venv: Path) -> None:
    """Create `venv` for the running interpreter, or again when it is broken or of another Python version."""
    found = version_of(venv)
    mine = "{}.{}".format(*sys.version_info)
    if found == mine:
        return
    if venv.exists():
        print(f"Rebuilding {venv.name}: it is for Python {found or '(broken)'}, wanted is {mine}.", flush=True)
        shutil.rmtree(venv)
    print(f"Creating {venv.name} with Python {mine}.", flush=True)
    if not create(venv):
        shutil.rmtree(venv, ignore_errors=True)
        sys.exit(
            f"Python {mine} at {sys.executable} cannot make a virtual environment with pip. On Debian or Ubuntu: "
            f"apt-get install python{mine}-venv. Or name another one: make run PYTHON=/path/to/python3.12"
        )


def create(venv: Path) -> bool:
    """True when `venv` now exists and has pip: its own, or else one installed by the interpreter's pip."""
    base = [sys.executable, "-m"]
    if succeeds([*base, "ensurepip", "--version"]):
        return succeeds([*base, "venv", str(venv)])
    # Debian splits ensurepip off; a pip of the system can still fill the environment.
    return succeeds([*base, "venv", "--without-pip", str(venv)]) and succeeds(
        [*base, "pip", "--python", str(venv / "bin" / "python"), "install", "--quiet", "pip"]
    )


def succeeds(command: list[str]) -> bool:
    """True when `command` exits with 0; what it says is not shown."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def version_of(venv: Path) -> str:
    """The environment's Python as "3.12", or '' when it is missing or does not run."""
    try:
        answer = subprocess.run(
            [venv / "bin" / "python", "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return answer.stdout.strip()


def digest(name: str) -> str:
    """What must be installed for `name`, in one line."""
    return hashlib.sha256((ROOT / SETS[name]).read_bytes()).hexdigest()


def stamp(venv: Path, name: str) -> Path:
    """The file that remembers the last digest installed for `name`."""
    return venv / f"installed-{name}.sha256"


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in SETS:
        sys.exit(f"usage: install.py {'|'.join(SETS)} VENV")
    os.chdir(ROOT)
    sys.exit(main(sys.argv[1], sys.argv[2]))
