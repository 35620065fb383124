"""No secret in the audit, nor anywhere else in the store: every deed is done with secrets that would be found again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import select

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.accounts import Days
from perfdash.domain.corrections import Target, WantedValue
from perfdash.domain.facts import FactKey
from perfdash.domain.filters import Filters
from perfdash.domain.oidc import Identity, RefusedIdentity
from perfdash.domain.question import Question
from perfdash.domain.security import Security
from perfdash.store import audit, receipts
from perfdash.store.audit import OF_CLIENTS, OF_STORE, OF_USERS, AuditFilter
from perfdash.store.auth import invitations, sessions, throttling, users
from perfdash.store.auth import oidc as identities
from perfdash.store.auth.users import Access
from perfdash.store.corrections import write as correction_write
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase, traces
from perfdash.store.receipts import Exported
from perfdash.store.schema import metadata
from perfdash.store.share_links import links
from perfdash.store.share_links import views as link_views
from tests.store.builders import NOON, given_client, given_facts, given_revisions

DAY = date(2026, 3, 1)
FIRST, SECOND, THIRD, OWN, TYPED = (f"planted-{word}-Zq7vXw" for word in ("one", "two", "three", "own", "typed"))
ADDRESS, STRANGER = "203.0.113.77", "stranger-planted@example.org"


def everything_done(store: Store) -> set[str]:
    """Every deed that is written down, once; the secrets that came by."""
    secrets = {FIRST, SECOND, THIRD, OWN, TYPED, ADDRESS, STRANGER}
    for client in ("acme", "gone"):
        given_client(store, client)
        given_revisions(store, client, NOON - timedelta(days=1))
    given_facts(store, {"day": DAY, "creator_id": "c1"})
    admin = users.add_user(store, OPERATOR, "boss", FIRST, "admin", NOON, rounds=4)
    boss = Principal("boss", "admin", user_id=admin.user_id)
    ann = users.add_user(store, boss, "ann", None, "analyst", NOON, clients=("acme",), email="ann@example.com")
    secrets |= people_change(store, boss)
    secrets |= somebody_comes_in(store, ann.user_id)
    secrets |= numbers_are_shared(store, boss)
    erase.erase_creator(store, OPERATOR, "acme", 1, "c1", NOON)
    erase.purge_client(store, OPERATOR, "gone", NOON)
    traces.note_copy(store, OPERATOR, Path("backup.db"), NOON)
    return secrets


def people_change(store: Store, boss: Principal) -> set[str]:
    invited = invitations.make(store, boss, "ann", "invite", NOON)
    invitations.accept(store, invited, SECOND, NOON, rounds=4)
    reset = invitations.make(store, boss, "ann", "reset", NOON)
    users.set_password(store, boss, "ann", THIRD, NOON, rounds=4)
    users.set_own_password(store, boss, OWN, NOON, but="", rounds=4)
    users.set_email(store, boss, "ann", "ann.other@example.com", NOON)
    users.set_access(store, boss, "ann", Access("analyst", ("acme",)), Access("client", ("gone",), False), NOON)
    users.set_active(store, boss, "ann", False, NOON)
    users.set_active(store, boss, "ann", True, NOON)
    users.add_user(store, boss, "bo", None, "client", NOON)
    erase.erase_user(store, OPERATOR, "bo", NOON)
    return {invited, reset, "ann.other@example.com"}


def somebody_comes_in(store: Store, user_id: int) -> set[str]:
    for name in ("ann", TYPED):  # a password in the wrong field
        for _ in range(throttling.PER_PAIR + 1):
            throttling.claim(store, name, ADDRESS, NOON)
        throttling.failed(store, name, NOON)
    session = sessions.begin(store, user_id, NOON)
    ticket = sessions.ticket(store, session.session_id, NOON)
    redeemed = sessions.redeem(store, ticket, NOON)
    assert redeemed is not None
    identities.begin(store, Identity("okta", "ann.other@example.com", "0" * 64), NOON, Security())
    identities.begin(store, Identity("okta", STRANGER, "1" * 64), NOON, Security())
    identities.note_refused(store, RefusedIdentity("unverified", "okta", STRANGER, "2" * 64), NOON)
    sessions.end_all(store, user_id, NOON, "everywhere")
    return {ticket, redeemed.token}


def numbers_are_shared(store: Store, boss: Principal) -> set[str]:
    asked, until = Filters(Days(DAY, DAY)), NOON + timedelta(days=7)
    link, token = links.make(store, Question(boss, asked), "acme", "For the board", True, until, lambda: NOON)
    session, cookie = sessions.begin_link(store, link.link_id, NOON, until, Security())
    link_views.viewed(store, link, session.session_id, link_views.OPENED, NOON)
    links.revoke(store, boss, "acme", link.link_id, NOON)
    parts = (Exported("acme", 1),)
    receipts.write(store, boss, view="daily", filters="f", parts=parts, sha256="0", now=NOON)
    for action in ("view", "sync", "import", "import back"):
        audit.record(store, boss, action, ("acme",), "overview", NOON, kept=timedelta(9))
    row = WantedValue(Target("acme", 1, FactKey(DAY, "spring", "TikTok", "c1")), "cost", 9)
    made = correction_write.correct(store, boss, [row], "the invoice says so", lambda: NOON)
    correction_write.revert(store, boss, "acme", made.numbers, "it did not", lambda: NOON)
    audit.exported(store, boss, AuditFilter(), NOON)
    return {token, cookie}


def test_no_secret_ever_stands_in_the_audit_whatever_is_done(store: Store) -> None:
    secrets = everything_done(store)
    told = audit.entries(store, OPERATOR)
    assert {e.action for e in told} == {*OF_CLIENTS, *OF_USERS, *OF_STORE}, "each deed was done"
    found = [(secret, e) for e in told for secret in secrets if secret.lower() in repr(e).lower()]
    assert found == []
    print(f"{len(told)} lines of {len({e.action for e in told})} actions, {len(secrets)} secrets, 0 found")

    with store.reading() as connection:  # nor anywhere else in the store
        tables = {t.name: repr(connection.execute(select(t)).all()) for t in metadata.sorted_tables}
    elsewhere = secrets - {"ann.other@example.com"}  # personal data, in users alone
    assert [(name, secret) for name, rows in tables.items() for secret in elsewhere if secret in rows] == []
    assert [name for name, rows in tables.items() if "ann.other@example.com" in rows] == ["users"]


def test_the_code_of_the_first_admin_stands_nowhere(store: Store) -> None:
    said = invitations.announce(store, NOON)
    assert said is not None
    code = max(said.replace(",", " ").split(), key=len).strip("`.:()")
    with store.reading() as connection:
        assert code not in "".join(repr(connection.execute(select(t)).all()) for t in metadata.sorted_tables)
    invitations.redeem(store, code, "boss", FIRST, NOON, rounds=4)
    assert code not in repr(audit.entries(store, OPERATOR))
