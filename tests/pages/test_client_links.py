"""Client links, for who makes them: from what the sidebar asks to an address that is shown once, and back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import delete
from streamlit.testing.v1 import AppTest

from perfdash.domain.access import Principal
from perfdash.domain.accounts import Days
from perfdash.domain.errors import StoreError
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store import schema
from perfdash.store.engine import Store
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from tests.pages.conftest import BEFORE, OVERVIEW, PAGES, VIEW, fact, said, shown
from tests.store.builders import NOON, given_client, given_correction, given_overlay
from tests.ui.conftest import given_user, press

LINKS = f"{PAGES}/sharing/links.py"
BOSS = Principal("boss", "admin", user_id=1)


def made(app: AppTest, label: str = "For the board") -> AppTest:
    app.text_input(key="link_label").set_value(label)
    return press(app, "Make link")


def address(app: AppTest) -> str:
    return app.code[0].value


def link(store: Store) -> link_views.LinkActivity:
    (one,) = link_views.list_links(store, BOSS, NOON)
    return one


def test_what_is_seen_becomes_a_link_whose_address_is_shown_until_it_is_put_away(acme: Store) -> None:
    fact(acme)
    app = made(shown(LINKS, platform="TikTok"))
    assert not app.exception
    found = re.fullmatch(r"http://localhost/link/([\w-]{43})", address(app))
    assert found is not None
    opened = links.open_link(acme, found[1], NOON)
    assert opened is not None
    assert opened.shared.filters == Filters(VIEW, ("acme",), ("TikTok",))
    assert opened.shared.as_of == NOON
    assert opened.money
    assert opened.expires_at == NOON + timedelta(days=30)
    assert opened.shared.lock.before == BEFORE
    app = press(app, "Make another link")
    assert not app.code
    assert found[1] not in said(app)


def test_the_present_without_money_and_without_a_change(acme: Store) -> None:
    fact(acme)
    app = shown(LINKS)
    app.radio(key="link_state").set_value("present")
    app.checkbox(key="link_without_money").check()
    app.checkbox(key="link_change").uncheck()
    app.segmented_control(key="link_days").set_value(7)
    made(app)
    found = link(acme).link
    assert (found.shared.as_of, found.money, found.shared.against) == (None, False, None)
    assert found.expires_at == NOON + timedelta(days=7)


def test_a_past_that_is_looked_at_is_what_the_link_shows(acme: Store) -> None:
    fact(acme)
    made(shown(LINKS, as_of="2026-03-08"))
    found = link(acme).link.shared.as_of
    assert found is not None
    assert found.isoformat() == "2026-03-08T22:59:59.999999+00:00", "the end of that day in the client's zone"


def test_a_limit_takes_the_currency_in_view_along(acme: Store) -> None:
    fact(acme)
    made(shown(LINKS, max_cpm="12.5"))
    found = link(acme).link.shared.filters
    assert (found.max_cpm, found.currency) == (12_500_000, "EUR")


def test_without_one_client_it_says_what_to_do(acme: Store) -> None:
    given_client(acme, "bolt")
    app = shown(LINKS)
    assert "Choose one in the sidebar" in said(app)
    assert "Make link" not in [button.label for button in app.button]
    app.multiselect(key="client").set_value(["bolt"])
    app.run()
    assert "Make link" in [button.label for button in app.button]


def test_the_client_can_be_chosen_where_it_is_asked_for_and_the_sidebar_follows(acme: Store) -> None:
    given_client(acme, "bolt")
    app = shown(LINKS)
    app.selectbox(key="link_client").set_value("bolt")
    app.run()
    assert app.multiselect(key="client").value == ["bolt"]
    assert "Make link" in [button.label for button in app.button]


def test_while_an_address_is_shown_nothing_else_asks_for_attention(acme: Store) -> None:
    app = made(shown(LINKS))
    assert "Make link" not in [button.label for button in app.button]
    app = press(app, "Make another link")
    assert "Make link" in [button.label for button in app.button]
    assert app.text_input(key="link_label").value == "", "the next link is another one"


def test_a_name_is_needed_and_the_reason_is_a_sentence(acme: Store) -> None:
    app = made(shown(LINKS), "   ")
    assert "needs a name" in said(app)
    assert link_views.list_links(acme, BOSS, NOON) == ()


def test_raw_values_are_not_shared(acme: Store) -> None:
    fact(acme)
    day = VIEW.end
    given_correction(acme, day=day)
    given_overlay(acme, day=day, cost=1)
    app = shown(LINKS, values="raw")
    assert "shows what counts" in said(app)
    assert "Make link" not in [button.label for button in app.button]


def test_an_analyst_without_money_shares_none(acme: Store) -> None:
    given_user(acme, "poor", "analyst", "acme", money=False)
    app = made(shown(LINKS, "poor"))
    assert not link(acme).link.money
    assert "link_without_money" not in [box.key for box in app.checkbox]


def test_clients_neither_make_links_nor_see_them(acme: Store) -> None:
    given_user(acme, "reader", "client", "acme")
    app = shown(LINKS, "reader")
    assert "no such page" in said(app)
    assert "Make link" not in [button.label for button in app.button]
    assert "Share what you see" not in str(shown(OVERVIEW, "reader").main)


def test_a_chosen_link_shows_its_log_and_can_be_revoked(acme: Store) -> None:
    fact(acme)
    found, token = links.make(
        acme,
        Question(BOSS, Filters(Days(VIEW.start, VIEW.end), ("acme",)), NOON),
        "acme",
        "For [the](http://evil.example) board",
        True,
        NOON + timedelta(days=1),
        lambda: NOON,
    )
    link_views.viewed(acme, found, "abcdef123456", "Overview", NOON)
    app = shown(LINKS)
    app.session_state["links_chosen"] = found.link_id
    app.run()
    assert not app.exception
    assert any("Overview" in str(frame.value) for frame in app.dataframe)
    assert "](http" not in "".join(part.value for part in (*app.header, *app.markdown, *app.caption))
    app = press(app, "Revoke this link")
    assert "was revoked" in said(app)
    assert "It no longer opens" in said(app)
    assert links.open_link(acme, token, NOON) is None
    assert "Revoke this link" not in [button.label for button in app.button]


def given_chosen_link(store: Store, name: str) -> tuple[AppTest, str]:
    """The page of client links as `name` sees it with the one link chosen, and that link's token."""
    found, token = links.make(
        store,
        Question(BOSS, Filters(VIEW, ("acme",)), NOON),
        "acme",
        "For the board",
        True,
        NOON + timedelta(days=1),
        lambda: NOON,
    )
    app = shown(LINKS, name)
    app.session_state["links_chosen"] = found.link_id
    return app.run(), token


def alerts(app: AppTest) -> tuple[list[str], list[str]]:
    """Texts of successes and of errors."""
    return [part.value for part in app.success], [part.value.replace("\\", "") for part in app.error]


def test_a_refused_revocation_is_an_error_and_the_link_goes_on_opening(acme: Store) -> None:
    given_client(acme, "globex")
    given_user(acme, "ann", "analyst", "acme", "globex")
    app, token = given_chosen_link(acme, "ann")
    with acme.writing() as connection:  # an admin takes the client from ann while she looks
        connection.execute(delete(schema.grants).where(schema.grants.c.client_id == "acme"))
    app = press(app, "Revoke this link")
    done, wrong = alerts(app)
    assert done == []
    assert len(wrong) == 1
    assert "no such link" in wrong[0]
    assert links.open_link(acme, token, NOON) is not None


def test_a_revocation_that_the_store_fails_is_an_error_and_keeps_the_stores_place_to_itself(
    acme: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreError("database of 10.0.0.7 is locked")

    app, token = given_chosen_link(acme, "boss")
    monkeypatch.setattr(links, "revoke", fails)
    app = press(app, "Revoke this link")
    done, wrong = alerts(app)
    assert done == []
    assert len(wrong) == 1
    assert "database cannot be used" in wrong[0]
    assert "10.0.0.7" not in wrong[0]
    assert links.open_link(acme, token, NOON) is not None
