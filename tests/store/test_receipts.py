from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from perfdash.domain.access import OPERATOR, Principal
from perfdash.domain.errors import AccessDenied, UsageError
from perfdash.store import receipts
from perfdash.store.engine import Store
from perfdash.store.maintenance import erase
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


def test_the_same_file_a_moment_later_is_that_of_the_last_receipt_and_any_other_has_its_own(store: Store) -> None:
    given_client(store, "acme")

    def took(who: Principal, seconds: float, sha256: str = SHA, filters: str = "all") -> str:
        return receipts.write(
            store,
            who,
            view="campaigns",
            filters=filters,
            parts=[Exported("acme", 1)],
            sha256=sha256,
            now=NOON + timedelta(seconds=seconds),
            once=True,
        )

    first = took(ADMIN, 0)
    assert took(ADMIN, 5) == first
    others = [
        took(reader("acme"), 5),
        took(ADMIN, 5, sha256="1" * 64),
        took(ADMIN, 5, filters="one"),
        took(ADMIN, receipts.ONCE_WITHIN.total_seconds() + 1),
    ]
    assert len({first, *others}) == 5
    assert len(receipts.list_receipts(store, ADMIN)) == 5


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


PAID = (("cost (EUR)", "1.000000"),)


def checksums(store: Store, principal: Principal, receipt: str) -> set[str]:
    """What the list and the export itself tell."""
    listed = {one.sha256 for one in receipts.list_receipts(store, principal) if one.receipt == receipt}
    return listed | {part.sha256 for part in receipts.receipt_of(store, principal, receipt).parts}


def test_the_checksum_is_that_of_the_file_so_one_part_with_money_hides_it_from_all_without(store: Store) -> None:
    for slug in ("acme", "bolt"):
        given_client(store, slug)
    paid = export(store, ADMIN, Exported("acme", 1, PAID), Exported("bolt", 0))
    free = export(store, ADMIN, Exported("acme", 1, (("clicks", "3"),)), Exported("bolt", 0))
    for poor in (reader("acme", "bolt", money=False), Principal("p", "admin", money=False)):
        assert checksums(store, poor, paid) == {""}
        assert checksums(store, poor, free) == {""}, "a question that cannot be read may have had a limit"
    assert checksums(store, reader("acme", "bolt"), paid) == {SHA}


def test_the_checksum_of_a_file_with_another_clients_rows_is_told_to_none_who_may_not_see_them(store: Store) -> None:
    for slug in ("acme", "bolt"):
        given_client(store, slug)
    both = export(store, ADMIN, Exported("acme", 0), Exported("bolt", 1, PAID))
    assert checksums(store, reader("acme"), both) == {""}
    assert checksums(store, reader("acme", "bolt"), both) == checksums(store, ADMIN, both) == {SHA}


def test_a_purged_clients_rows_can_be_confirmed_by_no_checksum_that_is_left(store: Store) -> None:
    for slug in ("acme", "bolt"):
        given_client(store, slug)
    both, own = (
        export(store, ADMIN, Exported("acme", 0), Exported("bolt", 1)),
        export(store, ADMIN, Exported("acme", 1)),
    )
    erase.purge_client(store, OPERATOR, "bolt", NOON)
    assert checksums(store, ADMIN, both) == {""}
    assert checksums(store, ADMIN, own) == {SHA}


@pytest.mark.parametrize("limit", [None, "6.40"])
def test_without_money_neither_checksum_nor_rows_tell_what_a_limit_left(store: Store, limit: str | None) -> None:
    given_client(store, "acme")
    asked = json.dumps({"from": "2026-03-01", "to": "2026-03-02", "max_cpm": limit})
    name = receipts.write(
        store, ADMIN, view="campaigns", filters=asked, parts=[Exported("acme", 2)], sha256=SHA, now=NOON
    )
    (part,) = receipts.receipt_of(store, reader("acme", money=False), name).parts
    assert (part.rows, part.sha256) == ((2, SHA) if limit is None else (None, ""))
