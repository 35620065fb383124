"""A session may end at any moment of a page's drawing: then the form comes, or the socket closes, and no data comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update
from streamlit.proto.BackMsg_pb2 import BackMsg

from perfdash.domain.access import OPERATOR
from perfdash.store import schema
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from tests.fixtures.app import AppServer, copy_project, serving
from tests.fixtures.socket_client import COOKIE, Visitor
from tests.product.installation import PASSWORD
from tests.store.builders import NOON, given_client, given_facts, opened

CANARY = "canary-campaign-7741"
SECONDS = 30.0
"""Some looks, on a machine with much else to do."""
SLOW = 2.5
"""Seconds for which a script stands still: more than two looks."""
AT_PAGE = 0
"""Between the menu with the filters, which the script around all pages draws, and the page."""
BEFORE_PAGE = (AT_PAGE, 1, 2, 5, 10)
"""Messages of a run, counted since the script knows who asks; all of the overview's are about 57."""
ENDS = (*BEFORE_PAGE, 14, 16, 18, 22, 30, 40, 45)
CHANGES = '''
import re
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import update
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext, get_script_run_ctx

from perfdash.store import schema
from perfdash.ui.auth import page_owners, session
from perfdash.ui.runtime import context

enqueue, start, require = ScriptRunContext.enqueue, session.current_at_start, session.require
said, ended = Counter(), set()


def end(run, at):
    """The session of a page that asks for `end=AT-SECONDS` ends there, once, and the script stands still."""
    asked, owner = re.search(r"end=(\\d+)-([\\d.]+)", run.query_string), page_owners.owner_of(run.session_id)
    if asked and int(asked[1]) == at and owner and run.session_id not in ended:
        ended.add(run.session_id)
        with context.store().writing() as connection:
            this = schema.sessions.c.session_id == owner
            connection.execute(update(schema.sessions).where(this).values(revoked_at=datetime.now(UTC)))
        time.sleep(float(asked[2]))


def with_message(run, message):
    if page_owners.owner_of(run.session_id):
        said[run.session_id] += 1
        end(run, said[run.session_id])
    return enqueue(run, message)


def at_page(page):
    end(get_script_run_ctx(), 0)
    return require(page)


def slowly(touch):
    if Path("slow").exists():
        time.sleep(float(Path("slow").read_text()))
    return start(touch)


ScriptRunContext.enqueue, session.current_at_start, session.require = with_message, slowly, at_page
'''


class Scene:
    """A running app whose sessions end where a test says, and its store."""

    def __init__(self, server: AppServer, store: Store) -> None:
        self.server, self.store = server, store
        (self._user,) = users.list_users(store, OPERATOR)

    def cookie(self) -> str:
        """That of a new session."""
        now = datetime.now(UTC)
        opened_now = sessions.begin(self.store, self._user.user_id, now)
        redeemed = sessions.redeem(self.store, sessions.ticket(self.store, opened_now.session_id, now), now)
        assert redeemed is not None
        return redeemed.token

    def end_all(self) -> None:
        with self.store.writing() as connection:
            connection.execute(update(schema.sessions).values(revoked_at=datetime.now(UTC)))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("ends")
    root, database = copy_project(folder / "project"), folder / "store.db"
    with (root / "app.py").open("a", encoding="utf-8") as app:
        app.write(CHANGES)
    with opened(f"sqlite:///{database}") as store:
        given_client(store, "acme")
        days = (date.today() - timedelta(days=n) for n in range(1, 40))
        given_facts(store, *({"client_id": "acme", "day": day, "campaign_id": CANARY} for day in days))
        users.add_user(store, OPERATOR, "ann", PASSWORD, "analyst", NOON, clients=("acme",), rounds=4)
        with serving(root, folder, {"PERFDASH_DATABASE_URL": f"sqlite:///{database}", "PERFDASH_WATCH": "0"}) as server:
            yield Scene(server, store)


@pytest.fixture
def slowly(scene: Scene) -> Iterator[Callable[[], object]]:
    """From its call on, every run stands still before it asks who is signed in."""
    path = scene.server.root / "slow"
    yield lambda: path.write_text(str(SLOW))
    path.unlink(missing_ok=True)


def begin(scene: Scene, end: int, still: float) -> Visitor:
    """A page that has just asked to be drawn, and whose session ends with that message of its run."""
    visitor = Visitor(scene.server.url, query=f"end={end}-{still}", cookie=scene.cookie())
    asked = BackMsg()
    asked.rerun_script.query_string = visitor.query
    visitor.say(asked.SerializeToString())
    return visitor


@pytest.mark.parametrize("still", [0.0, SLOW])
def test_wherever_in_its_drawing_a_session_ends_its_page_ends_too(scene: Scene, still: float) -> None:
    with Visitor(scene.server.url, cookie=scene.cookie()) as whole:
        assert CANARY.encode() in whole.run().received
    with ExitStack() as leaving:
        pages = {end: leaving.enter_context(begin(scene, end, still)) for end in ENDS}
        stayed = [end for end, page in pages.items() if not page.ended(SECONDS)]
        assert stayed == []
        # Without standing still a page that was let begin may come to its end before the next look.
        told = [end for end, page in pages.items() if CANARY.encode() in page.received]
        assert [end for end in told if still or end in BEFORE_PAGE] == []


@pytest.mark.full
@pytest.mark.browser
def test_a_browser_whose_socket_was_closed_for_a_slow_form_shows_it_in_the_end(
    scene: Scene, page: Page, slowly: Callable[[], object]
) -> None:
    page.context.add_cookies([{"name": COOKIE, "value": scene.cookie(), "url": scene.server.url}])
    closed: list[object] = []
    page.on("websocket", lambda socket: socket.on("close", lambda one: closed.append(one)))
    page.goto(f"{scene.server.url}/")
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    page.wait_for_timeout(1500)  # the run is over, and the page looks for itself whether something changed
    slowly()
    scene.end_all()
    expect(page.get_by_label("User name")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_have_count(0)
    assert page.get_by_test_id("stMetric").count() == 0
    assert closed, "the form came in time: nothing was tried"
