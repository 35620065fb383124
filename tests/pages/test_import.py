"""The Import page in Streamlit's test harness: who may, what is shown before anything is stored, and the way back.

The file is read by a process of its own, as on the server; the harness has no browser that could bring it.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from perfdash.domain.access import OPERATOR
from perfdash.domain.imports import ImportOrder, OwnMapping
from perfdash.store import audit
from perfdash.store.auth import login
from perfdash.store.engine import Store
from perfdash.store.ledger import take_back
from perfdash.store.query import catalog, sync_health
from perfdash.store.schema import facts
from perfdash.sync import import_preview
from perfdash.ui.auth import session
from perfdash.ui.imports import draft as drafts
from perfdash.ui.imports import drop_zone, reading
from perfdash.ui.imports.draft import ImportDraft
from perfdash.ui.runtime import context, uploads
from tests.pages.conftest import PAGES, given_user, said, shown
from tests.store.builders import given_client
from tests.ui.conftest import MAIN, entered, press

IMPORT = f"{PAGES}/operations/imports.py"
TITLE = "Import"
META = "Day,Campaign ID,Campaign name,Impressions,Clicks (all),Amount spent (EUR),Reach\n"
GOOD = META + "2026-03-01,1,Spring,1000,10,12.34,800\n2026-03-02,1,Spring,1100,11,13.34,800\n"
CONFIG = """
[clients.acme]
name = "Acme"
currency = "EUR"
time_zone = "Europe/Berlin"

[clients.bolt]
name = "Bolt"
currency = "EUR"
time_zone = "Europe/Berlin"

[sources.agency]
base_url = "https://api.example.com"
key = { env = "AGENCY_KEY" }
accounts = [{ client = "acme", account = "acme-1" }, { client = "bolt", account = "bolt-1" }]
"""


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(uploads.tempfile, "tempdir", str(folder))
    yield
    uploads.remove_all()


@pytest.fixture
def two(store: Store) -> Store:
    """Two clients, and an analyst of the first; the configuration names their source."""
    (context.ROOT / "perfdash.toml").write_text(CONFIG, encoding="utf-8")
    for name in ("acme", "bolt"):
        given_client(store, name)
    context._opened.clear()
    store = context.store()
    given_user(store, "ann", "analyst", "acme")
    return store


def dropped(app: AppTest, text: str | bytes, name: str = "report.csv", client: str = "acme") -> AppTest:
    """As if the browser had sent the file for the client's account, and the page had taken it up."""
    body = text.encode() if isinstance(text, str) else text
    session_id = app.session_state[session._SESSION]
    arriving = uploads.begin(session_id, context.now())
    arriving.add(body)
    upload = arriving.kept(context.now())
    account = next(one for one in catalog.accounts(context.store(), OPERATOR) if one.client == client)
    app.session_state[drafts._DRAFT] = ImportDraft(account, upload, name)
    return app.run()


def opened(text: str | bytes = GOOD, name: str = "report.csv", user: str = "ann") -> AppTest:
    return dropped(shown(IMPORT, user), text, name)


def order(app: AppTest, user: str) -> ImportOrder:
    """To store what the page shows, in the name of `user`, as if the page had asked nobody."""
    draft = app.session_state[drafts._DRAFT]
    config = context.settings().sources["agency"]
    user_id = login.login_of(context.store(), user, demo=False).user_id
    return ImportOrder(
        str(draft.upload.path), draft.name, draft.account, import_preview.as_json(config), user_id=user_id
    )


def stored_facts(store: Store) -> list[tuple[str, int]]:
    with store.reading() as connection:
        return sorted((row.campaign_id, row.cost) for row in connection.execute(select(facts)))


# --- who may


@pytest.mark.parametrize("role", ["analyst", "admin"])
def test_who_may_import_finds_the_page_in_the_menu_and_only_own_accounts(two: Store, role: str) -> None:
    given_user(two, "one", role, "acme")  # type: ignore[arg-type]
    app = shown(IMPORT, "one")
    assert [title.value for title in app.title] == [TITLE]
    options = app.selectbox[0].options
    assert any("acme" in option for option in options)
    assert any("bolt" in option for option in options) == (role == "admin")


def test_a_client_may_not_whatever_address_is_typed(two: Store) -> None:
    given_user(two, "vic", "client", "acme")
    app = shown(IMPORT, "vic")
    assert app.error[0].value == "There is no such page here."
    assert app.title == []
    assert not app.selectbox or all("acme-1" not in str(box.options) for box in app.selectbox)


def test_who_sees_no_money_may_not_since_nobody_would_check_the_totals(two: Store) -> None:
    given_user(two, "pat", "analyst", "acme", money=False)
    app = shown(IMPORT, "pat")
    assert "checks its amounts of money" in said(app)
    assert app.selectbox == [] or all("acme-1" not in str(box.options) for box in app.selectbox)


def test_signed_out_there_is_the_form_alone(two: Store) -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    app.run()
    page = next(found for found in app._registered_pages.values() if found["url_pathname"] == "import")
    app._page_hash = page["page_script_hash"]
    app.run()
    assert [title.value for title in app.title] == ["Sign in"]


# --- what is shown before anything is stored


def test_a_recognised_export_is_shown_with_its_totals_and_rows_and_nothing_is_stored(two: Store) -> None:
    app = opened()
    assert "Recognised as a **Meta export**" in said(app)
    assert app.header[1].value == "2 rows, cost 25.68 EUR: is that what your export says?"
    totals, rows = (table.value for table in app.dataframe[:2])
    assert totals.to_dict("list")["read"] == ["2,100", "21", "25.68"]
    assert rows["cost"].tolist() == [12.34, 13.34]
    assert rows["name"].tolist() == ["Spring", "Spring"]
    assert stored_facts(two) == []


def test_an_unknown_file_asks_which_column_is_what_and_is_read_by_the_answer(two: Store) -> None:
    app = opened("When,Camp,Spend,Seen,Taps\n2026-03-01,a,1.50,10,1\n2026-03-02,a,2.50,20,2\n")
    assert "Say which column is what" in said(app)
    assert not [button for button in app.button if button.label == "Store these rows"]
    for label, column in {
        "Day": "When",
        "Campaign: its id, or its name": "Camp",
        "Cost": "Spend",
        "Impressions": "Seen",
        "Clicks": "Taps",
    }.items():
        next(box for box in app.selectbox if box.label == label).set_value(column)
    next(box for box in app.text_input if box.label.startswith("Platform of all rows")).set_value("TikTok")
    app = press(app, "Read it again")
    assert app.header[1].value == "2 rows, cost 4.00 EUR: is that what your export says?"
    assert "Read by the columns that you named" in said(app)
    draft = app.session_state[drafts._DRAFT]
    assert 'constant = "TikTok"' in draft.found.toml
    assert press(app, "Store these rows").session_state[drafts._DRAFT].result.state == "committed"


def test_refused_rows_are_told_by_reason_and_too_many_of_them_store_nothing(two: Store) -> None:
    app = opened(META + "".join(f"2026-03-0{n},1,Spring,1000,10,{'abc' if n > 7 else 2},\n" for n in range(1, 10)))
    assert "2 rows cannot be read and would not be stored" in said(app)
    assert "More than 1% of the rows are refused" in said(app)
    assert next(button for button in app.button if button.label == "Store these rows").disabled
    result = reading.stored(order(app, "ann"))  # a browser may send what it likes
    assert (result.state, stored_facts(two)) == ("suspicious", [])


HOSTILE = (
    '=HYPERLINK("http://evil.example")',
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "![x](https://evil.example/x.png)",
    "[click](https://evil.example)",
    "<script>alert(1)</script>",
    "$\\\\frac{1}{2}$",
    ":material/home: :red[x]",
    "\u202etxet",
    "x" * 5000,
)


@pytest.mark.parametrize("first", range(0, len(HOSTILE), 4))
def test_what_a_file_says_is_mere_text_wherever_it_is_shown(two: Store, first: int) -> None:
    """As a campaign, as the name of a column that the form offers, as a value that is refused, as the file's name."""
    texts = HOSTILE[first : first + 4]
    line = io.StringIO()
    out = csv.writer(line)
    out.writerow(["Day", "Campaign ID", "Campaign name", "Impressions", "Clicks (all)", "Amount spent (EUR)", *texts])
    for number, text in enumerate(texts):
        out.writerow(["2026-03-01", number, text, "10", "1", "1.00", *texts])
        out.writerow(["2026-03-02", number, text, "10", "1", text, *texts])
    app = opened(line.getvalue(), name=f"{texts[0]}.csv")
    assert not app.exception
    parts = [*app.markdown, *app.caption, *app.warning, *app.error, *app.info, *app.header, *app.success]
    for part in parts:
        for text in texts:
            assert text[:60] not in part.value or text.startswith("x"), part.value
        assert "](http" not in part.value
        assert "https://evil" not in part.value
        assert len(part.value) < 2_000


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"\x00\x01" * 500, "header"),
        (b"a,b\n", "no rows"),
        ((",".join(f"c{n}" for n in range(5_000)) + "\n" + ",".join("1" * 5_000) + "\n").encode(), "5,000 columns"),
        (b"PK\x03\x04 not a workbook", ""),
        (b'{"error": "no"}', ""),
    ],
    ids=["nul", "empty", "wide", "broken zip", "error"],
)
def test_what_is_no_report_is_one_sentence(two: Store, body: bytes, why: str) -> None:
    app = opened(body, "report.xlsx" if body.startswith(b"PK") else "report.csv")
    assert not app.exception
    assert len(app.error) == 1
    assert why in said(app)
    assert not [button for button in app.button if button.label == "Store these rows"]


# --- storing, and the way back


def test_stored_rows_count_at_once_with_a_receipt_and_count_no_more_once_taken_back(two: Store) -> None:
    app = press(opened(), "Store these rows")
    assert stored_facts(two) == [("1", 12_340_000), ("1", 13_340_000)]
    told = said(app)
    assert "2 rows read: 2 new." in told
    assert "by ann from this page" in told
    assert app.code[0].value == hashlib.sha256(GOOD.encode()).hexdigest()
    run = sync_health.runs(two, OPERATOR)[0]
    assert (run.trigger, run.author, run.state) == ("import", "ann", "committed")
    assert uploads.owners(context.now()) == frozenset(), "the file has done its duty"
    lines = [line.detail for line in audit.entries(two, OPERATOR, "acme") if line.action == "import"]
    assert [line.split(":")[0] for line in lines] == ["run 1 committed", "begun"]

    app = press(app, "Yes, take it back")
    assert stored_facts(two) == []
    assert sync_health.runs(two, OPERATOR)[0].state == "reverted"
    assert "Run 1 was taken back." in said(app)
    assert [line.actor for line in audit.entries(two, OPERATOR, "acme") if line.action == "import back"] == ["ann"]
    assert not [button for button in app.button if button.label == "Yes, take it back"]


def test_a_second_press_stores_nothing_more(two: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = press(opened(), "Store these rows")
    draft = app.session_state[drafts._DRAFT]
    before = draft.result
    monkeypatch.setattr(reading, "stored", lambda _order: pytest.fail("stored twice"))
    ann = login.principal_of(two, login.login_of(two, "ann", demo=False).user_id)
    assert drafts.store(draft, ann) is before


def test_whose_grant_was_taken_away_meanwhile_stores_nothing(two: Store) -> None:
    app = opened()
    given_user(two, "eve", "analyst", "bolt")
    given_user(two, "vic", "client", "acme")
    for name in ("eve", "vic"):
        result = reading.stored(order(app, name))
        assert (result.state, result.run) == ("failed", None)
    assert stored_facts(two) == []
    assert sync_health.runs(two, OPERATOR) == ()


def test_a_discarded_file_is_gone(two: Store) -> None:
    app = press(opened(), "Discard")
    assert uploads.owners(context.now()) == frozenset()
    assert drafts._DRAFT not in app.session_state
    assert stored_facts(two) == []


def test_nobody_takes_up_the_file_of_another_session(two: Store) -> None:
    given_user(two, "bob", "analyst", "acme")
    app = opened()
    upload = app.session_state[drafts._DRAFT].upload
    other = entered("bob", None, (MAIN.parent / IMPORT).resolve())
    other.session_state[drafts._DRAFT] = ImportDraft(app.session_state[drafts._DRAFT].account, upload, "report.csv")
    other.run()
    assert "not kept any more" in said(other)


def test_imports_of_foreign_clients_are_neither_listed_nor_taken_back(two: Store) -> None:
    press(opened(), "Store these rows")
    given_user(two, "eve", "analyst", "bolt")
    app = shown(IMPORT, "eve")
    assert "No file was imported yet" in said(app)
    eve = login.principal_of(two, login.login_of(two, "eve", demo=False).user_id)
    with pytest.raises(Exception, match="no client"):
        take_back.take_back(two, eve, "acme", 1, context.now)
    assert len(stored_facts(two)) == 2


@pytest.mark.parametrize(
    "said_by_browser",
    [None, 1, "x", {}, {"upload": 1, "name": "x"}, {"upload": "a" * 200, "name": "x"}, {"name": "x"}, [1]],
)
def test_what_no_component_of_ours_sends_is_no_file(said_by_browser: object) -> None:
    assert drop_zone.arrived(said_by_browser) is None


@pytest.mark.parametrize("modified", [None, True, "x", 1e30, -1e30, float("nan")])
def test_a_moment_that_is_none_is_left_out(modified: object) -> None:
    found = drop_zone.arrived({"upload": "t", "name": "r.csv", "modified": modified})
    assert found is not None
    assert found.modified is None


def test_an_own_mapping_of_unknown_columns_says_which_one_is_missing(two: Store) -> None:
    app = opened()
    draft = app.session_state[drafts._DRAFT]
    drafts.read_again(draft, "", OwnMapping({"day": "Day", "campaign": "Nothing"}), None)
    assert app.run().error
