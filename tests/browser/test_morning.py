"""An analyst's morning: each job by clicks and typing, as a person does it, and whether its answer is right.

Every answer is read off the screen and held against what `query` says of the same store. `make test-full` does all of
it and prints clicks, seconds and both answers (`-s`); `make test` does the quickest jobs on a store of its own.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from perfdash.demo.accounts import DEMO_ACCOUNTS, DEMO_CLIENTS
from perfdash.domain.access import OPERATOR
from perfdash.domain.as_of import last_monday
from perfdash.presentation import formatting
from perfdash.store import receipts
from perfdash.store.query import catalog
from tests.browser.desk import Desk, plain
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.browser import choose
from tests.fixtures.command_line import environment
from tests.store.builders import given_campaign, given_creator, given_facts, opened

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

ANALYST, CLIENTS = "analyst", {"Nordlicht Kaffee": "nordlicht", "Solvane Skincare": "solvane"}
ALONE = {"PERFDASH_DEMO": "1", "PERFDASH_WATCH": "0", "PERFDASH_DEMO_API": "http://127.0.0.1:9"}
"""The demo without its children, and no API to ask: nothing changes while it is looked at."""


@dataclass(frozen=True)
class Job:
    """One job, done: what it took, what was read, and what was right."""

    name: str
    clicks: int
    seconds: float
    read: object
    right: object

    def line(self) -> str:
        mark = "ok " if self.read == self.right else "BAD"
        same = "" if self.read == self.right else f"  right: {self.right}"
        return f"{mark} {self.name:<34} {self.clicks:>3} {self.seconds:>6.1f} s  {self.read}{same}"


@dataclass
class Morning:
    """The demo, the analyst's browser in it, and what was done so far."""

    server: AppServer
    desk: Desk
    done: list[Job] = field(default_factory=list)
    address: str = ""

    def query(self, view: str, *more: str) -> list[dict[str, Any]]:
        """The rows of `query`, as the analyst asks it."""
        found: list[dict[str, Any]] = json.loads(self.cli("query", view, *more, "--format", "json"))["rows"]
        return found

    def cli(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "perfdash", *arguments, "--as", ANALYST],
            cwd=self.server.root,
            env=environment(self.server.root.parent / "home", ALONE),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def begin(self, name: str) -> Doing:
        """A job begins on the Overview with nothing chosen, as it is after a sign-in."""
        desk = self.desk
        if self.done:
            desk.page.get_by_role("link", name="Overview", exact=True).first.click()
            expect(desk.main.get_by_role("heading", name="Overview", level=1)).to_be_visible()
            desk.sidebar.get_by_role("button", name="Reset filters").click()
            desk.drawn()
        desk.begin()
        return Doing(name, desk, self.done)


@dataclass
class Doing:
    """A job under way at a desk; `finds` ends it, and `is_right` says what it should have found."""

    name: str
    desk: Desk
    done: list[Job]
    found: tuple[int, float, object] | None = None

    def finds(self, read: object) -> None:
        self.found = (self.desk.clicks, self.desk.seconds, read)

    def is_right(self, right: object) -> None:
        assert self.found is not None
        job = Job(self.name, *self.found, right)
        self.done.append(job)
        assert job.read == right, job.line()


def amount(value: object, currency: str) -> str:
    return formatting.figure(Fraction(str(value)), "money", currency).replace("\u00a0", " ")


def price(cost: object, count: object, currency: str, per: int = 1000) -> str:
    return formatting.digits(Fraction(str(cost)) / int(str(count)) * per, "price", currency)


def percent(value: Fraction) -> str:
    return formatting.figure(value, "percent")


def added(rows: list[dict[str, Any]], name: str = "cost", **where: str) -> Fraction:
    chosen = [row for row in rows if all(row[key] == value for key, value in where.items())]
    return sum((Fraction(str(row[name] or 0)) for row in chosen), Fraction(0))


def given_small_numbers(root: Path) -> None:
    """Two campaigns of each of the analyst's clients, by two creators, on two platforms."""
    (root / "data").mkdir()
    with opened(f"sqlite:///{root / 'data' / 'demo.db'}") as store:
        catalog.register(store, DEMO_CLIENTS, DEMO_ACCOUNTS, datetime.now(UTC))
        for client in CLIENTS.values():
            currency = "EUR" if client == "nordlicht" else "USD"
            for n, (campaign, creator) in enumerate((("spring", "c-1"), ("autumn", "c-2"))):
                given_campaign(store, campaign, name=f"{campaign.title()} {client}", client_id=client)
                given_creator(store, creator, f"@{campaign}.{client}", client=client)
                for platform, cost in (("TikTok", 5_000_000), ("Instagram", 9_000_000)):
                    row = {"client_id": client, "currency": currency, "campaign_id": campaign, "creator_id": creator}
                    numbers = {"impressions": 1_000, "clicks": 20, "views": 400 + 100 * n, "cost": cost * (n + 1)}
                    days = (date.today() - timedelta(days=n) for n in range(1, 40))
                    given_facts(store, *(row | numbers | {"platform": platform, "day": day} for day in days))


@pytest.fixture(scope="module")
def morning(browser: Browser, tmp_path_factory: pytest.TempPathFactory, full: bool) -> Iterator[Morning]:
    """The demo with its whole story in `make test-full`, else a small store; one browser for all jobs."""
    root = copy_project(tmp_path_factory.mktemp("morning") / "project")
    if full:
        env = environment(root.parent / "home", {"PERFDASH_DEMO": "1"})
        subprocess.run([sys.executable, "-m", "perfdash", "demo-history"], cwd=root, env=env, check=True, timeout=600)
    else:
        given_small_numbers(root)
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    with serving(root, root.parent, ALONE) as server:
        found = Morning(server, Desk(context.new_page()))
        yield found
        print("\n" + "\n".join(job.line() for job in found.done))
    context.close()


def chips(desk: Desk) -> list[str]:
    """EUR 25.2k, USD 33.1k: the total cost of each currency in view."""
    return [
        one
        for one in desk.texts(desk.main.locator(".st-key-shown button, [data-testid=stButtonGroup] button"))
        if " " in one and one[:3].isupper()
    ]


def short(rows: list[dict[str, Any]], currency: str) -> str:
    return f"{currency} {formatting.digits(added(rows, currency=currency), 'money', currency, 'short')}"


def test_sign_in(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("sign in")
    desk.page.goto(morning.server.url)
    desk.page.get_by_role("button", name="Use").nth(1).click()
    desk.clicks += 1
    expect(desk.page.get_by_role("button", name="Sign out")).to_be_visible()
    expect(desk.page.get_by_test_id("stMetric").first).to_be_visible()
    desk.drawn()
    job.finds(chips(desk))
    rows = morning.query("overview")
    job.is_right([short(rows, currency) for currency in ("EUR", "USD")])


@pytest.mark.full
def test_which_client_is_off_pace(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("which client is off pace")
    desk.go("Clients")
    read = {row["Client"]: percent(Fraction(row["Pace"]) / 100) for n in (0, 1) for row in desk.table(n)}
    job.finds(read)
    spent = running(morning)
    right = {
        name: percent(sum(one.spent for one in some) / sum(one.planned for one in some))
        for name, slug in CLIENTS.items()
        if (some := [one for one in spent if one.client == slug])
    }
    job.is_right(right)


@pytest.mark.full
def test_which_campaign_is_off_pace(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("which campaign is off pace")
    desk.go("Campaigns")
    farthest: dict[str, Fraction] = {}
    for chip in ("EUR", "USD"):
        desk.click(desk.main.get_by_role("radio", name=re.compile(chip)))
        for row in desk.table():
            if row["Pace"] and row["State"] != "not started" and row["Flight end"] >= str(date.today()):
                farthest[row["Campaign"]] = Fraction(row["Pace"]) / 100
    job.finds({name: percent(index) for name, index in farthest.items()})
    rows = {one.name: one.spent / one.planned for one in running(morning)}
    job.is_right({name: percent(index) for name, index in rows.items()})


@dataclass(frozen=True)
class Spent:
    """A campaign in flight: its cost up to yesterday, and the budget's part for the days until then."""

    client: str
    name: str
    spent: Fraction
    planned: Fraction


def running(morning: Morning) -> list[Spent]:
    """From the exports alone: budget / days of the flight x days that are over."""
    yesterday = date.today() - timedelta(days=1)
    found = []
    past = morning.query("campaign_days", "--from", str(yesterday - timedelta(days=400)), "--to", str(yesterday))
    for row in morning.query("campaigns"):
        if not (row["budget"] and row["flight_end"]):
            continue
        first, last = date.fromisoformat(row["flight_start"]), date.fromisoformat(row["flight_end"])
        if first <= yesterday < last:
            spent = added([one for one in past if first <= date.fromisoformat(one["day"])], campaign=row["campaign"])
            days = Fraction((yesterday - first).days + 1, (last - first).days + 1)
            found.append(Spent(row["client"], row["name"], spent, Fraction(row["budget"]) * days))
    return found


def last_report(morning: Morning) -> receipts.Receipt:
    with opened(f"sqlite:///{morning.server.root / 'data' / 'demo.db'}") as store:
        made = [one for one in receipts.list_receipts(store, OPERATOR, 50) if one.author == ANALYST]
    return max((one for one in made if one.at < datetime.now(UTC) - timedelta(days=1)), key=lambda one: one.at)


@pytest.mark.full
def test_what_changed_since_last_weeks_report(morning: Morning) -> None:
    """Of the days in view that were complete then, without corrections; a rise of days that still filled is none."""
    desk = morning.desk
    job = morning.begin("what changed since the last report")
    desk.go("What changed")
    read = desk.sentence(re.compile(r"^Cost [\d,.]+ → "))
    job.finds(read.partition(" (")[0])
    sent = last_report(morning)
    yesterday = date.today() - timedelta(days=1)
    days = ["--client", "nordlicht", "--from", str(yesterday - timedelta(days=29)), "--raw"]
    days += ["--to", str(sent.at.date() - timedelta(days=1))]
    then, now = (added(morning.query("overview", *days, *more)) for more in (["--as-of", sent.at.isoformat()], []))
    difference = formatting.signed(now - then, "money", "")
    job.is_right(f"Cost {amount(then, 'EUR')[:-4]} → {amount(now, 'EUR')}: {difference}")


@pytest.mark.full
def test_how_the_last_report_reads_now_stands_on_the_overview(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("the same, on the Overview")
    read = desk.sentence("Since your report of")
    figures = re.search(r"cost (\S+) → (\S+ EUR)", read)
    assert figures, read
    job.finds(figures.groups())
    sent = last_report(morning)
    end = sent.at.date() - timedelta(days=1)
    days = ["--client", "nordlicht", "--from", str(end - timedelta(days=29)), "--to", str(end)]
    then, now = (added(morning.query("overview", *days, *more)) for more in (["--as-of", sent.at.isoformat()], []))
    job.is_right((amount(then, "EUR")[:-4], amount(now, "EUR")))


def test_the_cheapest_creator_per_1000_views(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("cheapest creator per 1,000 views")
    desk.go("Creators")
    read = []
    for currency in ("EUR", "USD"):
        desk.click(desk.main.get_by_role("radio", name=re.compile(currency)))
        card = desk.card()
        read.append((card["name"], card[f"Cost per 1,000 views ({currency})"]))
    job.finds(read)
    right = []
    for currency in ("EUR", "USD"):
        each: dict[str, list[dict[str, Any]]] = {}
        for row in morning.query("creators", "--currency", currency):
            if row["creator_name"] and row["views"]:
                each.setdefault(row["creator_name"], []).append(row)
        name, rows = min(each.items(), key=lambda one: added(one[1]) / added(one[1], "views"))
        right.append((name, price(added(rows), added(rows, "views"), currency)))
    job.is_right(right)


@pytest.mark.full
def test_two_campaigns_side_by_side(morning: Morning) -> None:
    desk = morning.desk
    rows = [row for row in morning.query("campaigns", "--currency", "EUR") if row["impressions"]]
    first, second = rows[3], rows[4]
    job = morning.begin("compare two campaigns")
    desk.go("Compare")
    box = desk.main.get_by_role("combobox").first
    for one in (first, second):
        desk.type(box, one["name"], "Enter")
    desk.page.keyboard.press("Escape")
    lines = {row["Measure"]: list(row.values())[1:] for row in desk.table()}
    job.finds([plain(text) for text in lines["Cost"]])
    right = [amount(one["cost"], "EUR") for one in (first, second)]
    right.append(formatting.change(Fraction(second["cost"]) / Fraction(first["cost"]) - 1))
    job.is_right(right)


def test_two_platforms_side_by_side(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("compare two platforms")
    desk.go("Compare")
    desk.click(desk.main.get_by_role("radio", name="Platforms"))
    desk.click(desk.main.get_by_role("radio", name=re.compile("EUR")))
    (head,) = [row for row in desk.table() if row["Measure"] == "CPM"]
    job.finds([plain(text) for text in list(head.values())[1:]])
    rows = {row["platform"]: row for row in morning.query("overview", "--currency", "EUR")}
    prices = {name: Fraction(row["cost"]) / row["impressions"] * 1000 for name, row in rows.items()}
    names = [name for name in head if name in rows]
    assert len(names) == 2
    right = [f"{formatting.digits(prices[name], 'price', 'EUR')} EUR" for name in names]
    right.append(formatting.change(prices[names[1]] / prices[names[0]] - 1))
    job.is_right(right)


@pytest.mark.full
def test_cpm_at_most_8_by_row_and_with_one_click_by_campaign(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("CPM at most 8")
    desk.go("Campaigns")
    choose(desk.page, "Currency", "USD")
    desk.clicks += 2
    desk.drawn()
    desk.type(desk.sidebar.get_by_role("spinbutton", name=re.compile("CPM at most")), "8", "Enter")
    told = desk.sentence("CPM limit, applied to each row, leaves out")
    desk.click(desk.main.get_by_role("button", name="Apply to whole campaigns instead"))
    read = {row["Campaign"]: amount(row["Cost (USD)"], "USD") for row in desk.table()}
    job.finds(read)
    asked = ["--currency", "USD", "--max-cpm", "8", "--cpm-grain"]
    by_row, by_campaign = (morning.query("campaigns", *asked, grain) for grain in ("row", "campaign"))
    whole = added(morning.query("campaigns", "--currency", "USD"))
    assert amount(whole - added(by_row), "USD") in told or amount(whole, "USD") in told, told
    job.is_right({row["name"]: amount(row["cost"], "USD") for row in by_campaign})


@pytest.mark.full
def test_as_of_last_monday(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("as of last Monday")
    desk.click(desk.sidebar.get_by_role("button", name="Last Monday"))
    day = last_monday(date.today())
    expect(desk.main.get_by_text(f"the end of {formatting.weekday(day)}").first).to_be_visible()
    read = chips(desk)
    job.finds(read)
    rows = morning.query("overview", "--as-of", str(day))
    job.is_right([short(rows, currency) for currency in ("EUR", "USD")])


@pytest.mark.full
def test_an_export(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("export")
    desk.go("Campaigns")
    with desk.page.expect_download() as loading:
        desk.main.get_by_role("button", name="CSV", exact=True).click()
    desk.clicks += 1
    text = Path(loading.value.path()).read_text(encoding="utf-8-sig")
    job.finds(list(csv.DictReader(io.StringIO(text))))
    said = morning.cli("query", "campaigns", "--format", "csv").removeprefix("\ufeff")
    job.is_right(list(csv.DictReader(io.StringIO(said))))


@pytest.mark.full
def test_the_receipt_of_an_old_report(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("receipt of a report")
    desk.go("What we reported")
    sent = last_report(morning)
    row = next(n for n, row in enumerate(desk.table()) if row["Sent"].startswith(sent.at.isoformat(" ")[:16]))
    desk.open_row(row)
    read = desk.sentence(re.compile(r"^Cost:\u2060? sent"))
    job.finds(read.partition(" (")[0])
    end = sent.at.date() - timedelta(days=1)
    days = ["--client", "nordlicht", "--from", str(end - timedelta(days=29)), "--to", str(end)]
    then, now = (added(morning.query("overview", *days, *more)) for more in (["--as-of", sent.at.isoformat()], []))
    job.is_right(f"Cost: sent {amount(then, 'EUR')[:-4]} → now {amount(now, 'EUR')}")


@pytest.mark.full
def test_a_restatement_is_seen(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("see a restatement")
    desk.go("What changed")
    desk.click(desk.main.get_by_role("radio", name="Largest first"))
    last = desk.main.get_by_test_id("stDataFrame").nth(3)
    last.scroll_into_view_if_needed()
    row = desk.table(3)[0]
    job.finds((row["Day"], row["Campaign"], amount(row["Difference (EUR)"], "EUR")))
    sent = last_report(morning)
    yesterday = date.today() - timedelta(days=1)
    days = ["--from", str(yesterday - timedelta(days=29)), "--to", str(sent.at.date() - timedelta(days=1))]
    asked = ["--since", f"receipt:{sent.receipt}", "--client", "nordlicht", *days, "--format", "json"]
    costs = [one for one in json.loads(morning.cli("restatements", *asked))["rows"] if one["field"] == "cost"]
    largest = max(costs, key=lambda one: abs(Fraction(one["difference"])))
    job.is_right((largest["day"], largest["name"], amount(largest["difference"], "EUR")))


def test_a_definition_is_found(morning: Morning) -> None:
    desk = morning.desk
    job = morning.begin("find a definition")
    desk.go("Definitions", "Data")
    desk.type(desk.main.get_by_label("Find a number or a word"), "TKP")
    expect(desk.main.get_by_text(re.compile(r"^\d+ definitions? with"))).to_be_visible()
    read = plain(desk.main.locator("code").first.inner_text())
    job.finds(read)
    said = json.loads(morning.cli("query", "overview", "--format", "json"))["perfdash"]["definitions"]["cpm"]
    job.is_right(said)


@pytest.mark.full
def test_a_link_is_made_and_opened_in_a_fresh_browser(morning: Morning, browser: Browser) -> None:
    desk = morning.desk
    job = morning.begin("share a link")
    choose(desk.page, "Clients", "solvane")
    desk.clicks += 2
    desk.page.keyboard.press("Escape")
    desk.drawn()
    desk.click(desk.main.get_by_role("link", name="Share what you see"))
    desk.type(desk.main.get_by_role("textbox", name="Name of the link"), "For the board")
    desk.click(desk.main.get_by_role("button", name="Make link"))
    copy = desk.main.get_by_role("button", name="Copy the address")
    desk.click(copy)
    address = desk.page.evaluate("navigator.clipboard.readText()")
    job.finds(bool(re.fullmatch(re.escape(morning.server.url) + r"/link/[\w-]{43}", address)))
    job.is_right(True)
    morning.address = address


@pytest.mark.full
def test_the_link_opens_on_a_telephone_that_was_never_here(morning: Morning, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    desk = Desk(context.new_page())
    job = Doing("open it in a fresh browser", desk, morning.done)
    desk.page.goto(morning.address)
    desk.clicks += 1
    tile = desk.main.locator("[class*=st-key-tile_cost]")
    expect(tile).to_be_visible()
    desk.drawn()
    job.finds(desk.texts(tile.get_by_test_id("stCaptionContainer"))[0].split("USD")[0] + "USD")
    assert "your team" not in desk.main.inner_text()
    context.close()
    job.is_right(amount(added(morning.query("overview", "--client", "solvane")), "USD"))


@pytest.mark.full
def test_a_number_is_corrected(morning: Morning) -> None:
    desk = morning.desk
    campaign = next(row for row in morning.query("campaigns", "--currency", "EUR") if row["impressions"])
    before = added(morning.query("overview", "--client", "nordlicht"))
    job = morning.begin("correct a number")
    desk.go("Corrections", "Data")
    box = desk.main.get_by_role("combobox", name="Campaign")
    desk.type(box, campaign["name"], "Enter")
    row = desk.table()[0]
    desk.open_row(0)
    desk.type(desk.main.get_by_label(re.compile("New cost in")), "1.25")
    desk.type(desk.main.get_by_label("Reason", exact=True), "The invoice says 1.25")
    desk.click(desk.main.get_by_role("button", name="Preview"))
    desk.click(desk.main.get_by_role("button", name="Apply"))
    read = desk.sentence(re.compile("1 row corrected"))
    job.finds(plain(read))
    was = Fraction(row["Cost (EUR)"])
    after = added(morning.query("overview", "--client", "nordlicht"))
    assert before - after == was - Fraction("1.25")
    cpm = [price(cost, row["Impressions"], "EUR") for cost in (was, "1.25")]
    change = f"cost {amount(was, 'EUR')[:-4]} → 1.25 EUR; CPM {cpm[0]} → {cpm[1]} EUR"
    job.is_right(f"1 row corrected: {change}.")
