"""A person can be forgotten: no table holds the name any more, and what the person did is still one person's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Account
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.domain.facts import FactKey
from perfdash.domain.security import Security
from perfdash.store import audit, receipts, schema
from perfdash.store.auth import invitations, login, sessions, throttling, user_rows, users
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.ledger.writer import store_creators
from perfdash.store.maintenance import erase
from perfdash.store.query import catalog, overview
from perfdash.store.receipts import Exported
from tests.store.builders import ADMIN, NOON, Runs, given_client, given_creator, given_facts, given_quarantined

NAME, PERSON, EMAIL = "zebulon.quagga", "Zebulon Quagga", "zeb@quagga.example"
DAY = date(2026, 3, 1)
LATER = NOON + timedelta(days=1)


def everything(store: Store) -> dict[str, str]:
    """All rows of all tables, as text, by table."""
    with store.reading() as connection:
        return {table.name: str(connection.execute(select(table)).all()) for table in schema.metadata.sorted_tables}


@pytest.fixture
def busy(store: Store) -> user_rows.User:
    """A user who has done everything that leaves a name somewhere; a client bears the same name as its slug."""
    given_client(store, "acme")
    given_client(store, "zebulon-quagga")
    given_facts(store, {})
    run = Runs(store).add(DAY, DAY)
    user = users.add_user(
        store, OPERATOR, NAME, "correct horse", "analyst", NOON, name=PERSON, email=EMAIL, clients=("acme",), rounds=4
    )
    who = Principal(NAME, "analyst", frozenset({"acme"}), user_id=user.user_id)
    target = Target("acme", 1, FactKey(DAY, "spring", "TikTok", ""))
    correction_write.correct(store, who, [WantedValue(target, "clicks", 9)], "why not", lambda: LATER)
    correction_write.correct(store, who, [WantedValue(target, "clicks", 11)], "why not", lambda: LATER)
    receipts.write(store, who, view="v", filters="f", parts=(Exported("acme", 1),), sha256="0", now=NOON)
    sessions.begin(store, user.user_id, NOON)
    invitations.make(store, OPERATOR, NAME, "reset", NOON)
    throttling.claim(store, NAME, "192.0.2.1", NOON)
    throttling.failed(store, NAME, NOON)
    link = {"client_id": "acme", "link_id": "1", "token_hash": "0", "label": "l", "question": "q", "money": True}
    link |= {"author": NAME, "created_at": NOON, "expires_at": LATER, "revoked_by": NAME}
    with store.writing() as connection:
        connection.execute(insert(schema.links).values(**link))
        connection.execute(update(schema.runs).where(schema.runs.c.run_id == run).values(author=NAME))
        audit.write_line(connection, "boss", "export", NAME, "about a client that bears the same name", NOON)
    return user


def test_an_erased_user_is_named_nowhere_and_the_deeds_are_still_one_person_s(
    store: Store, busy: user_rows.User
) -> None:
    named = [table for table, rows in everything(store).items() if NAME in rows]
    assert {"users", "revisions", "runs", "receipts", "corrections", "links", "audit"} <= set(named)
    erased = erase.erase_user(store, OPERATOR, NAME, LATER)
    assert erased == f"erased-{busy.user_id}"
    left = everything(store)
    for what in (PERSON, EMAIL, "$2b$"):
        assert [table for table, rows in left.items() if what in rows] == []
    # What is left is the client of that name, not the person.
    assert [table for table, rows in left.items() if NAME in rows] == ["audit"]
    assert [e.action for e in audit.entries(store, OPERATOR) if NAME in (e.actor, e.subject, e.detail)] == ["export"]
    for table in ("revisions", "runs", "receipts", "corrections", "links", "audit"):
        assert erased in left[table], table
    (last, *_) = audit.entries(store, OPERATOR)
    assert (last.actor, last.action, last.subject) == ("operator", "users erase", erased)


def test_an_erased_user_is_out_for_good(store: Store, busy: user_rows.User) -> None:
    session = sessions.begin(store, busy.user_id, NOON)
    erased = erase.erase_user(store, OPERATOR, NAME, LATER)
    assert sessions.alive(store, [session.session_id], LATER, timedelta(days=9)) == frozenset()
    assert login.login_of(store, erased, demo=False).user_id is None
    assert login.principal_of(store, busy.user_id) is None
    assert users.list_users(store, OPERATOR) == ()
    for attempt in (
        lambda: users.set_active(store, OPERATOR, erased, True, LATER),
        lambda: invitations.make(store, OPERATOR, erased, "invite", LATER),
        lambda: erase.erase_user(store, OPERATOR, erased, LATER),
    ):
        with pytest.raises(UsageError):
            attempt()
    again = users.add_user(store, OPERATOR, NAME, "correct horse", "client", LATER, email=EMAIL, rounds=4)
    assert again.user_id != busy.user_id


def of(store: Store) -> Account:
    return catalog.accounts(store, ADMIN, ("acme",))[0]


def test_an_erased_creator_has_no_name_any_more_also_after_the_next_answer(store: Store) -> None:
    given_client(store, "acme")
    given_creator(store, "ann-1", "Añn Ärger")
    given_creator(store, "bob-1", "Bob")
    run = Runs(store).add(DAY, DAY)
    given_quarantined(store, run)
    with store.writing() as connection:
        connection.execute(update(schema.quarantine).values(payload='{"creatorName": "A\\u00f1n \\u00c4rger", "x": 1}'))
    erased = erase.erase_creator(store, OPERATOR, "acme", 1, "ann-1", NOON)
    assert (erased.had_name, erased.quoting > 0) == (True, True)
    with store.writing() as connection:
        store_creators(connection, of(store), {"ann-1": "Añn Ärger", "bob-1": "Bobby", "new-1": "Nell"})
    names = {creator: name for (_, _, creator), name in overview.creator_names(store, ADMIN).items()}
    assert names == {"bob-1": "Bobby", "new-1": "Nell"}
    left = str(everything(store))
    assert "rger" not in left
    assert "ann-1" in left
    assert "creators erase" in left


def test_a_creator_can_be_erased_before_a_name_ever_came(store: Store) -> None:
    given_client(store, "acme")
    assert not erase.erase_creator(store, OPERATOR, "acme", 1, "ann-1", NOON).had_name
    with store.writing() as connection:
        store_creators(connection, of(store), {"ann-1": "Ann"})
    assert overview.creator_names(store, ADMIN) == {}


def test_nobody_but_admins_erases_a_creator(store: Store) -> None:
    given_client(store, "acme")
    with pytest.raises(AccessDenied):
        erase.erase_creator(store, Principal("a", "analyst", frozenset({"acme"})), "acme", 1, "ann-1", NOON)
    with pytest.raises(UsageError, match="no account number 9"):
        erase.erase_creator(store, OPERATOR, "acme", 9, "ann-1", NOON)


def test_purging_a_client_leaves_one_line_about_it_and_no_way_in_by_its_links(
    store: Store, busy: user_rows.User
) -> None:
    session, token = sessions.begin_link(store, "1", NOON, LATER, Security())
    view = {"client_id": "acme", "link_id": "1", "session_id": session.session_id, "at": NOON, "what": "opened"}
    with store.writing() as connection:
        connection.execute(insert(schema.link_views).values(**view))
    erase.purge_client(store, OPERATOR, "acme", LATER)
    assert sessions.by_token(store, token, NOON, idle=timedelta(days=9)) is None
    about = [e for e in audit.entries(store, OPERATOR) if "acme" in (e.subject, e.detail)]
    assert [entry.action for entry in about] == ["clients purge"]
    for table, column in ((schema.links, "client_id"), (schema.link_views, "client_id"), (schema.grants, "client_id")):
        with store.reading() as connection:
            assert connection.execute(select(table).where(table.c[column] == "acme")).all() == []
