"""Part of `make lint`: are there known weaknesses in the packages that perfdash locks? Asked of the Python index.

Exit code 1 when one is known. What could not be judged, for want of a connection or because an index does not tell, is
said plainly and does not pass for safe: with PERFDASH_AUDIT=strict it fails too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt",)
"""What is deployed. The packages of the tests and linters never meet a client's data."""
PATIENCE = 180
NAMED = 6
NAMED = 6


def main() -> int:
    """The exit code."""
    strict = os.environ.get("PERFDASH_AUDIT") == "strict"
    return max(_judged(name, strict) for name in REQUIREMENTS)


def _judged(name: str, strict: bool) -> int:
    found = _asked(ROOT / name)
    if found is None:
        print(f"{name}: NOT AUDITED, the index could not be asked about known weaknesses.")
        return int(strict)
    weak = [package for package in found if package.get("vulns")]
    for package in weak:
        for one in package["vulns"]:
            mended = ", ".join(one.get("fix_versions") or ()) or "no mended version yet"
            print(f"{name}: {package['name']} {package['version']}: {one['id']} ({mended})")
    unjudged = [package["name"] for package in found if "skip_reason" in package]
    judged = len(found) - len(unjudged)
    print(f"{name}: {judged} of {len(found)} packages audited, {len(weak)} with known weaknesses.")
    if unjudged:
        named = ", ".join(unjudged[:NAMED]) + (" ..." if len(unjudged) > NAMED else "")
        print(f"{name}: NOT AUDITED, unknown to the index that was asked: {named}")
    return int(bool(weak) or (strict and bool(unjudged)))


def _asked(path: Path) -> list[dict[str, Any]] | None:
    """pip-audit's answer for each package; None when it has none."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(path),
        "--require-hashes",
        "--disable-pip",
        "--progress-spinner",
        "off",
        "--format",
        "json",
    ]
    try:
        answered = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        packages: list[dict[str, Any]] = json.loads(answered.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return packages


if __name__ == "__main__":
    sys.exit(main())
