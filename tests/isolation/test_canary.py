"""Nothing of one client reaches another, and no amount reaches who may see none: looked for in all that is received.

Every page is visited as its browser would: its frames taken apart into texts, tables and charts, its rows clicked, its
files downloaded. What is looked for is found all the same with those who may see it, or the search would prove nothing.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from perfdash import cli
from perfdash.store.engine import Store
from perfdash.store.opening import open_store
from tests.isolation.canary import (
    ANN,
    AUTUMN,
    MARK,
    MONEY,
    OF_OTHER,
    OF_OWNER,
    OTHER,
    OWNER,
    RECEIPT,
    SECRET,
    SHARED,
    SPRING,
    TV,
    Needles,
    ago,
    needles,
    numbers_of,
)
from tests.isolation.conftest import World
from tests.isolation.listening import Heard, Listener, asked, fetch

FULL = os.environ.get("PERFDASH_FULL") == "1"
LAST_90 = {"range": "Last 90 days"}
CUSTOM = {"range": "Custom", "dates": [str(ago(8)), str(ago(1))]}
SPRING_OF_OWNER = {"campaign": SPRING, "account": 1, "owner": OWNER}
CREATOR_OF_OWNER = {"creator": ANN, "account": 1, "owner": OWNER}
ANY: list[dict[str, Any]] = (
    [CUSTOM]
    if not FULL
    else [
        {},
        LAST_90,
        CUSTOM,
        CUSTOM | {"max_cpm": 100_000, "cpm_grain": "campaign"},
        {"compare": "Same age"},
        {"as_of": str(ago(1))},
        CUSTOM | {"as_of": str(ago(30))},
        CUSTOM | {"values": "raw"},
        {"currency": "EUR", "max_cpm": 1},
    ]
)
"""What is asked of every page."""
OF_PAGE: dict[str, list[dict[str, Any]]] = {
    "campaign": [SPRING_OF_OWNER, {"campaign": "spring", "account": 1, "owner": OTHER}],
    "receipts": [{"receipt": RECEIPT}, {"receipt": SHARED}],
    "restatements": [{"since": f"receipt:{RECEIPT}"}, {"since": f"receipt:{SHARED}"}, CUSTOM | {"since": str(ago(30))}],
    "": [{"client": OWNER}, {"platform": TV}],
    "creators": [CREATOR_OF_OWNER, CREATOR_OF_OWNER | {"owner": OTHER}],
    "compare": [{"compare_by": by} for by in ("Creators", "Clients", "Periods")],
}
CLICKED = [("runs", 0), ("runs", 1), ("corrections", 0), ("corrections", 1), ("receipts", 0), ("lines", 0)]
"""Rows of tables that tell more once they are clicked."""
TO_CORRECT = "Campaign"
PLACES = ("_stcore/health", "healthz", "readyz", "_stcore/host-config", "media/made-up.csv", "nothing-here", "session")


def in_full(name: str) -> Any:
    """Left to `make test-full`."""
    return pytest.param(name, marks=pytest.mark.full)


@dataclass(frozen=True)
class Looked:
    """What to look for."""

    all: Needles
    money: Needles


@pytest.fixture(scope="module")
def store(stored: World) -> Iterator[Store]:
    found = open_store(stored.database)
    yield found
    found.close()


@pytest.fixture(scope="module")
def looked(store: Store) -> Looked:
    """The owner's numbers that are not the other client's too; those of them that only money can tell."""
    every, counts = needles(numbers_of(store, OF_OWNER)), needles(numbers_of(store, replace(OF_OWNER, money=False)))
    money = needles([*numbers_of(store, OF_OWNER, money_only=True), MONEY, "98712.34"]) - counts
    found = Looked(every - needles(numbers_of(store, OF_OTHER)), money)
    assert len(found.all.texts) > 1_000
    assert len(found.money.texts) > 500
    return found


def everything(world: World, name: str) -> Heard:
    """All that user `name` receives on all pages, asked in all ways."""
    heard, cookie = Heard(), world.cookie(name)
    with Listener(world.url, heard, cookie=cookie) as visitor:
        pages = list(visitor.run().pages)
    assert len(pages) >= 9
    files = runs = 0
    for page in pages:
        for question in (*ANY, *OF_PAGE.get(page, [])):
            with Listener(world.url, heard, asked(**question), page, cookie=cookie) as visitor:
                visitor.run()
                visitor.pick(TO_CORRECT)
                for key, row in CLICKED:
                    visitor.choose(key, row)
                assert visitor.exceptions == [], (page, question, visitor.exceptions)
                files += visitor.downloads(cookie)
                runs += 1
    for place in PLACES:
        for method in ("GET", "POST"):
            fetch(f"{world.url}/{place}", cookie, heard, method, b"{}" if method == "POST" else None)
    print(f"\n{name}: {runs} pages of {len(pages)}, {files} files, {len(heard.raw):,} bytes")
    assert files >= 2 * len(ANY)
    return heard


TYPED = (RECEIPT, SPRING, OWNER, TV)
"""What the visits above name in their addresses: a page may repeat it to who typed it."""


def traces(heard: Heard, found: Needles, words: Iterable[str] = ()) -> list[str]:
    """Every word and number looked for, in what was received: as text, as a number of a table, as raw bytes."""
    said, lower = heard.said, heard.said.lower()
    for typed in TYPED:
        lower = lower.replace(typed.lower(), "")
    shown = [f"{word!r} in {lower[max(0, lower.index(word) - 80) :][:200]!r}" for word in words if word in lower]
    shown += sorted(found.in_text(said))
    shown += [str(number) for number in sorted(found.in_numbers(heard.numbers))]
    return shown + [f"bytes of {number}" for number in found.numbers if _packed(number) & _windows(heard)]


def _packed(number: float) -> set[bytes]:
    """As tables hold it: eight bytes, as a double and, when whole, as an integer. Small ones are in every table."""
    whole = number == int(number) and 2**20 < abs(number) < 2**63
    return {struct.pack("<d", number), *([struct.pack("<q", int(number))] if whole else [])}


def _windows(heard: Heard) -> set[bytes]:
    """Every eight bytes in a row that were received."""
    if not hasattr(heard, "windows"):
        raw = bytes(heard.raw)
        heard.windows = {raw[at : at + 8] for at in range(len(raw) - 7)}  # type: ignore[attr-defined]
    return heard.windows  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("name", ["other-client", in_full("other-analyst")])
def test_nothing_of_one_client_reaches_another(world: World, looked: Looked, name: str) -> None:
    heard = everything(world, name)
    assert "Bolt spring" in heard.said, "its own is there"
    assert traces(heard, looked.all, (MARK, SECRET)) == []


@pytest.mark.parametrize("name", [in_full(f"{MARK}-desk"), f"{MARK}-blind"])
def test_no_amount_reaches_who_may_see_none(world: World, looked: Looked, name: str) -> None:
    heard = everything(world, name)
    counts = looked.all.in_text(heard.said) | looked.all.in_numbers(heard.numbers)
    assert len(counts) > 100, "its counts are there"
    assert f"{MARK} {SECRET} Spring" in heard.said
    assert traces(heard, looked.money) == []


@pytest.mark.parametrize("name", [in_full(f"{MARK}-client"), f"{MARK}-analyst"])
def test_all_of_it_reaches_who_may_see_it(world: World, looked: Looked, name: str) -> None:
    heard = everything(world, name)
    ends = ("Spring", "Autumn", "Ann", "Ben", "is negative", "because cost", "undone", "the source said no")
    words = [*(f"{MARK} {SECRET} {end}" for end in ends), SPRING, AUTUMN, ANN, TV, OWNER, f"{MARK}-{SECRET}-1"]
    assert [word for word in words if word not in heard.said] == []
    assert f'"cost": {MONEY}' in heard.said, "also the refused row as it was sent"
    found, money = traces(heard, looked.all), traces(heard, looked.money)
    print(f"found: {len(found)} of all numbers, {len(money)} of money, {sum('bytes' in one for one in found)} as bytes")
    assert len(found) > 300
    assert len(money) > 150
    assert [one for one in money if one.startswith("bytes")], "amounts travel as raw numbers too"


# --- what a foreign name in an address gets


FOREIGN = {
    "campaign": [SPRING_OF_OWNER, {"campaign": SPRING + "x", "account": 1, "owner": OWNER + "x"}],
    "receipts": [{"receipt": RECEIPT}, {"receipt": RECEIPT + "x"}],
    "restatements": [{"since": f"receipt:{RECEIPT}"}, {"since": f"receipt:{RECEIPT}x"}],
    "": [{"client": OWNER}, {"client": OWNER + "x"}],
    "campaigns": [{"platform": TV}, {"platform": TV + "x"}],
}


@pytest.mark.parametrize("page", FOREIGN)
def test_a_foreign_name_reads_like_one_that_does_not_exist(world: World, page: str) -> None:
    read = []
    for question in FOREIGN[page]:
        with Listener(world.url, Heard(), asked(**question), page, cookie=world.cookie("other-client")) as visitor:
            text = visitor.run().text.replace("\u00a0", " ")
            for typed in sorted({str(value).removeprefix("receipt:") for value in question.values()}, key=len):
                text = text.replace(typed, "…") if len(typed) > 3 else text
            read.append(text)
    assert read[0] == read[1]


def test_without_money_an_address_cannot_ask_for_it_and_is_told_so(world: World) -> None:
    asks = {"currency": "EUR", "max_cpm": "98712.34", "cpm_grain": "campaign"}
    for name, value in asks.items():
        with Listener(world.url, Heard(), asked(**{name: value}), cookie=world.cookie(f"{MARK}-desk")) as visitor:
            visitor.run()
            told = [line for line in visitor.alerts if line.startswith("Not applied: ") and f"{name} “" in line]
            assert told, (name, visitor.alerts)
    with Listener(world.url, Heard(), "", "cpm-lab", cookie=world.cookie(f"{MARK}-desk")) as visitor:
        assert "Not part of your access" in visitor.run().text
        assert not visitor.tables


# --- the command line


COMMANDS = [
    *(
        ["query", view, "--from", str(ago(30)), "--to", str(ago(0)), "--format", form]
        for view in ("overview", "campaigns", "creators", "daily", "campaign_days")
        for form in ("table", "csv", "json")
    ),
    *(["restatements", "--since", str(ago(60)), "--format", form] for form in ("table", "csv", "json")),
    ["query", "daily", "--raw", "--format", "json"],
    ["query", "campaigns", "--as-of", str(ago(20)), "--format", "json"],
    ["query", "overview", "--client", OWNER],
    ["query", "overview", "--platform", TV],
    ["restatements", "--since", f"receipt:{RECEIPT}"],
    ["restatements", "--since", str(ago(60)), "--client", OWNER],
]


def printed(stored: World, monkeypatch: Any, capsys: Any, name: str, *commands: list[str]) -> Heard:
    """What the command line says to who asks as `name`."""
    for variable, value in stored.env.items():
        monkeypatch.setenv(variable, value)
    heard = Heard()
    for command in commands:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(stored.root)
            cli.main([*command, "--as", name])
        shown = capsys.readouterr()
        heard.body((shown.out + shown.err).encode())
    return heard


def test_the_command_line_tells_each_user_what_the_pages_do(
    stored: World, looked: Looked, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked_for = COMMANDS if FULL else COMMANDS[1::2]
    other = printed(stored, monkeypatch, capsys, "other-client", *asked_for)
    poor = printed(stored, monkeypatch, capsys, f"{MARK}-desk", *asked_for)
    rich = printed(stored, monkeypatch, capsys, f"{MARK}-client", *asked_for)
    assert "Bolt spring" in other.said
    assert traces(other, looked.all, (MARK, SECRET)) == []
    assert f"{MARK} {SECRET} Ann" in poor.said
    assert traces(poor, looked.money) == []
    assert len(traces(rich, looked.money)) > 100


@pytest.mark.parametrize("option", [["--max-cpm", "5"], ["--cpm-grain", "campaign"], ["--currency", "EUR"]])
def test_the_command_line_refuses_to_ask_by_money_without_it(
    stored: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    heard = printed(stored, monkeypatch, capsys, f"{MARK}-desk", ["query", "daily", *option])
    assert "amounts of money are not part of the access" in heard.said
    assert "impressions" not in heard.said
