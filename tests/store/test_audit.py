"""The audit: written with the deed, read by admins alone, narrowed, taken out whole or not at all, kept for a while."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.presentation import tables
from perfdash.store import audit, receipts
from perfdash.store.audit import EVERY_CLIENT, OF_CLIENTS, OF_USERS, AuditFilter
from perfdash.store.auth import sessions, users
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase
from perfdash.store.receipts import Exported
from perfdash.ui.admin import audit as audit_admin
from tests.store.builders import ADMIN, NOON, given_client, reader

KEPT = timedelta(days=730)
ANALYST = Principal("ann", "analyst", frozenset({"acme", "bolt"}))


def given(store: Store, *lines: tuple[str, str, str, str], at=NOON) -> None:
    """Lines of (actor, action, subject, detail), a minute apart."""
    with store.writing() as connection:
        for n, (actor, action, subject, detail) in enumerate(lines):
            audit.write_line(connection, actor, action, subject, detail, at + timedelta(minutes=n))


def read(store: Store, **asked) -> list[tuple[str, str, str]]:
    found = audit.entries(store, ADMIN, asked=AuditFilter(**asked))
    return [(e.actor, e.action, e.subject) for e in found]


@pytest.fixture
def told(store: Store) -> Store:
    given(
        store,
        ("ann", "sign in", "ann", ""),
        ("ann", "export", "acme", "campaigns, receipt 1"),
        ("boss", "grant", "ann", "bolt"),
        ("ann", "correct", "bolt", "correction 1: 100% of_it: cost 1 -> 2: Invoice 7\\8"),
    )
    return store


def test_the_newest_lines_come_first_and_a_limit_keeps_those(told: Store) -> None:
    assert [e.action for e in audit.entries(told, ADMIN)] == ["correct", "grant", "export", "sign in"]
    assert [e.action for e in audit.entries(told, OPERATOR, limit=2)] == ["correct", "grant"]


def test_filters_narrow_by_moment_actor_action_subject_and_words(told: Store) -> None:
    assert read(told, actor="boss") == [("boss", "grant", "ann")]
    assert read(told, subject="ann") == [("boss", "grant", "ann"), ("ann", "sign in", "ann")]
    assert read(told, actions=("export", "grant")) == [("boss", "grant", "ann"), ("ann", "export", "acme")]
    assert read(told, since=NOON + timedelta(minutes=2), until=NOON + timedelta(minutes=3)) == [
        ("boss", "grant", "ann")
    ]
    assert read(told, text="INVOICE") == [("ann", "correct", "bolt")]
    assert read(told, actor="ann", subject="acme", text="receipt") == [("ann", "export", "acme")]
    assert read(told, actor="nobody") == []


@pytest.mark.parametrize(
    ("text", "hits"),
    [("%", 1), ("_", 1), ("\\", 1), ("100%", 1), ("1__%", 0), ("' OR 1=1 --", 0), ("\0Invoice", 1), ("x" * 100_000, 0)],
)
def test_words_are_looked_for_as_they_are(told: Store, text: str, hits: int) -> None:
    assert len(read(told, text=text)) == hits


@pytest.mark.parametrize("who", [reader("acme"), ANALYST, Principal("x", "link", frozenset({"acme"}))])
def test_nobody_but_operators_and_admins_reads_the_audit(told: Store, who: Principal) -> None:
    with pytest.raises(AccessDenied, match="Only an admin"):
        audit.entries(told, who)
    with pytest.raises(AccessDenied, match="Only an admin"):
        audit.exported(told, who, AuditFilter(), NOON)
    assert len(audit.entries(told, ADMIN)) == 4


def test_an_export_is_exact_free_of_formulas_and_itself_on_record(store: Store) -> None:
    at = NOON + timedelta(microseconds=7)
    given(store, ("ann", "correct", "acme", "=HYPERLINK(1)"), ("bo", "revert", "acme", 'said "no"\nthen yes'), at=at)
    table = audit_admin.listing(audit.exported(store, ADMIN, AuditFilter(actor="ann"), NOON + timedelta(hours=1)))
    assert [row[1:] for row in table.rows] == [
        ("2026-03-10T12:00:00.000007+00:00", "ann", "correct", "acme", "=HYPERLINK(1)")
    ]
    whole = audit_admin.listing(audit.exported(store, ADMIN, AuditFilter(), NOON + timedelta(hours=2)))
    rows = list(csv.reader(io.StringIO(tables.to_csv(whole))))
    assert rows[0] == ["line", "at (UTC)", "actor", "action", "subject", "detail"]
    assert [row[5] for row in rows[1:]] == ["1 lines", 'said "no"\nthen yes', "'=HYPERLINK(1)"]
    assert read(store, actions=("audit export",)) == [("admin", "audit export", "audit")] * 2


def test_more_than_can_be_exported_at_once_is_refused_rather_than_cut(told: Store) -> None:
    with pytest.raises(UsageError, match="more than 3 lines"):
        audit.exported(told, ADMIN, AuditFilter(), NOON, most=3)
    assert len(audit.exported(told, ADMIN, AuditFilter(), NOON, most=4)) == 4


def test_a_look_leaves_one_line_per_client_or_one_for_all_in_scope(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    audit.record(store, ANALYST, "view", ("bolt", "acme", "bolt"), "campaigns", NOON, kept=KEPT)
    audit.record(store, ANALYST, "view", (), "overview", NOON, kept=KEPT)
    assert read(store) == [("ann", "view", EVERY_CLIENT), ("ann", "view", "bolt"), ("ann", "view", "acme")]


@pytest.mark.parametrize("who", [reader("bolt"), reader(), ADMIN])
def test_nobody_writes_a_line_about_a_client_that_is_not_there_for_him(store: Store, who: Principal) -> None:
    given_client(store, "bolt")
    with pytest.raises(AccessDenied, match="There is no client 'acme' here"):
        audit.record(store, who, "view", ("acme",), "overview", NOON, kept=KEPT)
    assert read(store) == []


def test_an_export_of_numbers_is_on_record_with_its_receipt_or_not_at_all(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")

    def export_as(who: Principal) -> str:
        parts = (Exported("acme", 1), Exported("bolt", 0))
        return receipts.write(store, who, view="daily", filters="f", parts=parts, sha256="0", now=NOON)

    name = export_as(ANALYST)
    found = audit.entries(store, ADMIN)
    assert {(e.actor, e.action, e.subject, e.detail) for e in found} == {
        ("ann", "export", client, f"daily, receipt {name}") for client in ("acme", "bolt")
    }
    with pytest.raises(AccessDenied):
        export_as(reader("acme"))
    assert len(audit.entries(store, ADMIN)) == 2


def test_old_lines_are_swept_oldest_first_a_few_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "SWEPT_AT_ONCE", 2)
    given_client(store, "acme")
    given(store, *[("ann", "sign in", "ann", str(n)) for n in range(3)], at=NOON - KEPT - timedelta(hours=1))
    given(store, ("ann", "sign in", "ann", "kept"), at=NOON - KEPT)
    details = lambda: [e.detail for e in audit.entries(store, ADMIN)]  # noqa: E731
    audit.record(store, ADMIN, "view", (), "first", NOON, kept=KEPT)
    assert details() == ["first", "kept", "2"]
    audit.record(store, ADMIN, "view", (), "second", NOON, kept=KEPT)
    assert details() == ["second", "first", "kept"]


def test_a_purge_leaves_one_line_about_the_client_and_what_is_about_others(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    users.add_user(store, OPERATOR, "acme", None, "client", NOON, clients=("acme", "bolt"))
    given(store, *[("ann", action, "acme", "about a client or a user of this name") for action in OF_CLIENTS])
    given(store, *[("ann", action, "bolt", "about another") for action in OF_CLIENTS])
    given(store, ("acme", "sign in", "acme", ""), ("boss", "grant", "ann", "acme"), ("boss", "grant", "ann", "bolt"))
    erase.purge_client(store, OPERATOR, "acme", NOON)
    left = [(e.action, e.subject, e.detail) for e in audit.entries(store, ADMIN)]
    about_acme = [line for line in left if "acme" in line[1:] and line[0] not in OF_USERS]
    assert [line[:2] for line in about_acme] == [("clients purge", "acme")]
    assert ("grant", "ann", "acme") not in left
    assert ("grant", "acme", "acme") not in left
    assert {("sign in", "acme", ""), ("grant", "ann", "bolt"), ("grant", "acme", "bolt")} <= set(left)
    assert sum(subject == "bolt" for _, subject, _ in left) == len(OF_CLIENTS)


def test_a_purge_ends_the_sessions_that_came_by_the_clients_links(store: Store) -> None:
    from perfdash.domain.security import Security
    from perfdash.store.schema import links

    given_client(store, "acme")
    row = {
        "client_id": "acme",
        "link_id": "link1",
        "token_hash": "0",
        "label": "l",
        "question": "{}",
        "money": True,
        "author": "ann",
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=7),
    }
    with store.writing() as connection:
        connection.execute(links.insert().values(**row))
    opened, _ = sessions.begin_link(store, "link1", NOON, NOON + timedelta(days=7), Security())
    assert sessions.alive(store, [opened.session_id], NOON, timedelta(hours=2))
    erase.purge_client(store, OPERATOR, "acme", NOON)
    assert not sessions.alive(store, [opened.session_id], NOON, timedelta(hours=2))
    with store.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(links)) == 0
