"""The lock files fit each other and the code."""

from __future__ import annotations

import re
import sys

from tests.house.source_tree import ROOT, modules

# Import name -> package, where they differ.
PACKAGES = {"streamlit_authenticator": "streamlit-authenticator", "python_calamine": "python-calamine"}
# Brought by a package that we require and that cannot work without them.
BROUGHT = {
    "starlette": "streamlit",
    "uvicorn": "streamlit",
    "bcrypt": "streamlit-authenticator",
    "httpcore": "httpx",
    "typing_extensions": "pydantic",
    "pydantic_core": "pydantic",
}
# Needed without an import: by zoneinfo, by SQLAlchemy's URL, where it exists.
NOT_IMPORTED = {"tzdata", "psycopg", "pysqlite3"}

LOCKED = sorted(path.name for path in ROOT.glob("requirements*.txt"))


def required() -> set[str]:
    """The packages that requirements.in names."""
    lines = (ROOT / "requirements.in").read_text().splitlines()
    return {re.split(r"[\[<>=~! ;]", line)[0] for line in lines if line and not line.startswith("#")}


def pins(name: str) -> set[str]:
    """`package==version ; marker` lines of a lock file."""
    lines = (ROOT / name).read_text().splitlines()
    return {line.rstrip(" \\") for line in lines if re.match(r"[a-z0-9]", line)}


def imported() -> set[str]:
    """The packages that the app imports, without the standard library and itself."""
    tops = {one.module.split(".")[0] for module in modules() for one in module.imports() if not one.relative}
    return {PACKAGES.get(top, top) for top in tops - set(sys.stdlib_module_names) - {"perfdash", "__future__"}}


def test_the_app_requires_what_it_imports_and_nothing_else() -> None:
    used = {BROUGHT.get(name, name) for name in imported()}
    assert used - required() == set(), "imported, not in requirements.in"
    assert required() - used - NOT_IMPORTED == set(), "in requirements.in, never imported"


def test_tests_run_the_very_versions_that_are_deployed() -> None:
    assert len(pins("requirements.txt")) > 40
    assert pins("requirements.txt") - pins("requirements-dev.txt") == set()
    assert pins("requirements-dev.txt") - pins("requirements-mutants.txt") == set()


def test_every_requirement_is_one_exact_version_with_hashes() -> None:
    for name in LOCKED:
        loose = [pin for pin in pins(name) if not re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==[\w.]+( ; .*)?$", pin)]
        assert loose == []
        assert (ROOT / name).read_text().count("--hash=sha256:") >= len(pins(name))


def test_every_required_package_is_locked() -> None:
    locked = {re.split(r"[\[=]", pin)[0] for pin in pins("requirements.txt")}
    assert required() - locked == set()


def test_no_lock_file_names_an_index() -> None:
    for name in LOCKED:
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index" not in text
        assert "--find-links" not in text
