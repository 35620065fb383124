"""Find a Chromium for the browser tests, or install one; print which. `python -m scripts.browser`.

Looked for, in this order: the path in PERFDASH_CHROMIUM, the usual names on PATH, Playwright's own cache. If there is
none: Debian's package when we are root and have apt-get, otherwise Playwright's own download. A browser that cannot
start is no browser. The tests need one; without it they fail, they are never skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = (
    "--no-sandbox",  # the tests open only our own pages, and a container's root cannot use the sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's /dev/shm is often too small
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class NoBrowser(Exception):
    """No usable Chromium; the text says what was tried and what to do."""


def candidates() -> Iterator[Path]:
    """Every Chromium that exists, not yet tried out, best first."""
    named = os.environ.get("PERFDASH_CHROMIUM")
    if named:
        path = shutil.which(named)
        if path is None:
            raise NoBrowser(f"PERFDASH_CHROMIUM is {named!r}, which is no program. Correct it or unset it.")
        yield Path(path)
        return
    for name in (*NAMES, *MAC):
        if path := shutil.which(name):
            yield Path(path)
    with sync_playwright() as playwright:
        if (own := Path(playwright.chromium.executable_path)).is_file():
            yield own


def usable() -> tuple[Path | None, str]:
    """The first Chromium that really renders a page, and what was wrong with those before it."""
    problems = []
    for path in candidates():
        problem = starts(path)
        if not problem:
            return path, ""
        problems.append(f"{path} does not start: {problem}")
    return None, "\n".join(problems)


def starts(browser: Path) -> str:
    """'' when `browser` renders a page, or else the end of what it said."""
    with tempfile.TemporaryDirectory() as profile:
        page = [f"--user-data-dir={profile}", "--dump-dom", "data:text/html,perfdash"]
        command = [str(browser), "--headless", *ARGUMENTS, *page]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
    if "perfdash</body>" in answer.stdout:
        return ""
    return answer.stderr.strip()[-600:] or f"exit code {answer.returncode}"


def install() -> str:
    """Install a Chromium; '' or what went wrong."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("No Chromium found: installing Debian's package (apt-get install chromium) ...", flush=True)
        quiet = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        problem = run([*quiet, "update"], environment) or run(
            [*quiet, "install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation"], environment
        )
        # Ubuntu's package only points to a snap, so what counts is whether a browser is there now.
        if not problem and usable()[0]:
            return ""
    print("Downloading Playwright's own (playwright install chromium) ...", flush=True)
    return run([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def run(command: list[str], environment: dict[str, str]) -> str:
    """'' when `command` succeeds, or else the end of what it said."""
    answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    said = (answer.stdout + answer.stderr).strip()[-600:]
    return f"`{' '.join(command)}` failed: {said}" if answer.returncode else ""


def provision() -> Path:
    """A Chromium that has just rendered a page, installed if need be; raises NoBrowser."""
    browser, problem = usable()
    if browser is None and "PERFDASH_CHROMIUM" not in os.environ:
        problem = install()
        browser, unusable = usable()
        problem = "\n".join(filter(None, (problem, unusable)))
    if browser is None:
        raise NoBrowser(
            f"The browser tests need a Chromium that starts, and none could be had. {problem}\n"
            "Install Chromium or Chrome, or name one: PERFDASH_CHROMIUM=/path/to/chromium make test"
        )
    return browser


if __name__ == "__main__":
    try:
        print(f"Browser for the tests: {provision()}")
    except NoBrowser as error:
        sys.exit(str(error))
