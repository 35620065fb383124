"""`users` and `creators` on the command line: what they print, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perfdash import cli
from perfdash.commands import context
from perfdash.store.auth import invitations
from tests.store.builders import NOON, given_client, given_creator, opened

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'cli.db'}"


@pytest.fixture
def perfdash(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Runs one command in this process: exit code, standard output, standard error."""
    monkeypatch.setattr(context, "ROOT", tmp_path)
    monkeypatch.setattr(context, "now", lambda: NOON)
    for module in ("users", "creators"):
        monkeypatch.setattr(f"perfdash.commands.{module}.now", lambda: NOON)
    monkeypatch.setenv("PERFDASH_DATABASE_URL", url)

    def run(*arguments: str, password: str = "tram quiet ember") -> tuple[int, str, str]:
        monkeypatch.setenv("PERFDASH_NEW_PASSWORD", password)
        code = cli.main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_users_are_added_invited_reset_changed_and_erased(perfdash: Said, url: str) -> None:
    assert perfdash("users", "add", "ada", "--role", "admin", "--email", "Ada@Example.com")[0] == 0
    code, out, err = perfdash("users", "invite", "bob", "--role", "analyst", "--name", "Bob")
    assert (code, "7 days" in err) == (0, True)
    first = out.strip().removeprefix("/?invitation=")
    code, out, err = perfdash("users", "reset", "bob")
    assert (code, "24 hours" in err) == (0, True)
    with opened(url) as store:
        assert invitations.find(store, first, NOON) is None
        assert invitations.find(store, out.strip().removeprefix("/?invitation="), NOON) is not None
    assert perfdash("users", "email", "bob", "bob@example.com")[0] == 0
    assert perfdash("users", "sign-out", "bob")[2] == "Ended 0 sessions of bob.\n"
    assert perfdash("users", "list")[1].splitlines()[1].split("  ")[-1] == "(no password)"
    assert perfdash("users", "erase", "bob")[0] == 2
    code, out, err = perfdash("users", "erase", "bob", "--yes")
    assert (code, out, err.splitlines()[0]) == (0, "", "Erased; in what is kept this user is called erased-2.")
    assert "After restoring an older backup, erase again." in err
    assert "bob" not in perfdash("users", "list")[1]


@pytest.mark.parametrize(
    ("arguments", "password", "sentence"),
    [
        (("add", "bob"), "password1", "most used"),
        (("add", "bob"), "short", "8 to 1024"),
        (("add", "ada"), "tram quiet ember", "already a user"),
        (("add", "bob", "--email", "nonsense"), "tram quiet ember", "no e-mail address"),
        (("invite", "ada", "--role", "client"), "", "already a user 'ada'"),
        (("reset", "bob"), "", "no user 'bob'"),
        (("sign-out", "bob"), "", "no user 'bob'"),
    ],
)
def test_mistakes_are_one_sentence_and_exit_code_2(
    perfdash: Said, arguments: tuple[str, ...], password: str, sentence: str
) -> None:
    perfdash("users", "add", "ada", "--role", "admin")
    code, out, err = perfdash("users", *arguments, password=password)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert not password or password not in err


def test_a_creator_s_name_is_found_and_erased(perfdash: Said, url: str) -> None:
    with opened(url) as store:
        given_client(store, "acme")
        given_creator(store, "ann-1", "Ann Ember")
        given_creator(store, "bob-1", "Bob")
    assert perfdash("creators", "list", "acme", "--name", "ember")[1].split() == ["acme-1", "ann-1", "Ann", "Ember"]
    assert perfdash("creators", "erase", "acme", "acme-1", "ann-1")[0] == 2
    assert perfdash("creators", "erase", "acme", "acme-9", "ann-1", "--yes")[0] == 2
    assert perfdash("creators", "list", "bolt")[0] == 2
    code, _, err = perfdash("creators", "erase", "acme", "acme-1", "ann-1", "--yes")
    assert (code, err.startswith("Erased the name of ann-1 in agency")) == (0, True)
    assert "Ann" not in perfdash("creators", "list", "acme")[1]
