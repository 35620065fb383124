from __future__ import annotations

from datetime import date, timedelta

import pytest

from perfdash.domain.access import Principal
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.store import receipts
from perfdash.store.engine import Store
from perfdash.store.receipts import Exported
from tests.store.builders import ADMIN, NOON, given_client, given_revisions, reader

pytestmark = pytest.mark.any_dialect

SHA = "0" * 64


def export(store: Store, principal: Principal, *parts: Exported, minutes: int = 0) -> str:
    return receipts.write(
        store,
        principal,
        view="campaigns",
        filters="2026-03-01 to 2026-03-31",
        parts=parts,
        sha256=SHA,
        now=NOON + timedelta(minutes=minutes),
    )


def test_an_export_leaves_one_row_per_client_with_that_clients_revision(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    given_revisions(store, "acme", NOON, NOON + timedelta(hours=1))
    totals = (("cost (EUR)", "12.500000"), ("clicks", "3"))
    name = export(store, ADMIN, Exported("acme", 4, totals), Exported("bolt", 0))
    first, second = receipts.list_receipts(store, ADMIN)
    assert (first.receipt, first.client, first.revision, first.rows, first.totals) == (name, "acme", 2, 4, totals)
    assert (second.receipt, second.client, second.revision, second.rows, second.totals) == (name, "bolt", 0, 0, ())
    assert (first.at, first.author, first.view, first.sha256) == (NOON, "admin", "campaigns", SHA)
    assert first.filters == "2026-03-01 to 2026-03-31"
    assert len(name) == 32


def test_a_receipt_names_the_revision_its_numbers_were_read_under(store: Store) -> None:
    given_client(store, "acme")
    given_revisions(store, "acme", NOON, NOON + timedelta(hours=1))
    export(store, ADMIN, Exported("acme", 1, revision=1))
    assert receipts.list_receipts(store, ADMIN)[0].revision == 1


def test_an_export_of_a_client_one_may_not_see_writes_nothing(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    with pytest.raises(AccessDenied, match="There is no client 'acme' here"):
        export(store, reader("bolt"), Exported("bolt", 1), Exported("acme", 1))
    with pytest.raises(AccessDenied, match="There is no client 'nobody' here"):
        export(store, ADMIN, Exported("nobody", 1))
    assert receipts.list_receipts(store, ADMIN) == ()


def test_an_export_of_nothing_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="no client is in view"):
        export(store, ADMIN)


def test_the_newest_receipts_come_first_and_only_those_in_scope(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    old = export(store, ADMIN, Exported("acme", 1))
    new = export(store, reader("bolt"), Exported("bolt", 1), minutes=5)
    assert [r.receipt for r in receipts.list_receipts(store, ADMIN)] == [new, old]
    assert [r.receipt for r in receipts.list_receipts(store, ADMIN, 1)] == [new]
    assert [r.receipt for r in receipts.list_receipts(store, reader("acme"))] == [old]


def test_totals_are_hidden_without_money(store: Store) -> None:
    given_client(store, "acme")
    export(store, ADMIN, Exported("acme", 1, (("cost (EUR)", "1.000000"),)))
    assert receipts.list_receipts(store, reader("acme", money=False))[0].totals == ()


def test_the_last_report_is_ones_own_of_a_state_of_the_numbers_and_in_scope(store: Store) -> None:
    given_client(store, "acme")
    given_client(store, "bolt")
    mine = Principal("ann", "analyst", frozenset({"acme", "bolt"}))
    assert receipts.last_report(store, mine) is None
    first = export(store, mine, Exported("acme", 1), Exported("bolt", 1))
    export(store, ADMIN, Exported("acme", 1), minutes=5)
    receipts.write(store, mine, view="runs", filters="{}", parts=[Exported("acme", 1)], sha256=SHA, now=NOON)
    for narrower in (mine, Principal("ann", "analyst", frozenset({"acme"}))):
        found = receipts.last_report(store, narrower)
        assert found is not None and found.parts[0].receipt == first
        assert {part.client for part in found.parts} == narrower.clients
    assert receipts.last_report(store, Principal("ann", "analyst", frozenset())) is None


def test_an_export_of_a_past_shows_that_moment_and_another_its_own(store: Store) -> None:
    given_client(store, "acme")
    for asked, shown in (('{"as_of": "2026-03-02"}', date(2026, 3, 2)), ("{}", NOON), ("not written by us", NOON)):
        name = receipts.write(
            store, ADMIN, view="campaigns", filters=asked, parts=[Exported("acme", 1)], sha256=SHA, now=NOON
        )
        assert receipts.receipt_of(store, ADMIN, name).shown_at == shown
