"""How many facts in view are new or changed since some revisions, for who may know it."""

from __future__ import annotations

from datetime import date, timedelta

from perfdash.domain.accounts import Days
from perfdash.domain.filters import Filters
from perfdash.domain.question import Question
from perfdash.store.query import overview
from tests.store.builders import ADMIN, NOON, given_client, given_facts, given_revisions, opened, reader

DAYS = Days(date(2026, 3, 1), date(2026, 3, 2))


def test_facts_in_view_that_are_newer_are_counted_unless_that_would_tell_of_money(migrated_url: str) -> None:
    with opened(migrated_url) as store:
        for client in ("acme", "berry"):
            given_client(store, client)
        given_facts(store, {"campaign_id": "old"})
        given_facts(store, {"campaign_id": "new"}, {"campaign_id": "out", "day": date(2026, 3, 9)}, revision=2)
        given_facts(store, {"client_id": "berry"}, revision=3)
        given_revisions(store, "acme", NOON, NOON + timedelta(days=1))
        before = (("acme", 1), ("berry", 3))
        asked = Question(ADMIN, Filters(DAYS))
        assert overview.rows_since(store, asked, before) == 1
        assert overview.rows_since(store, asked, (("acme", 2), ("berry", 2))) == 1
        assert overview.rows_since(store, asked, (("acme", 2), ("berry", 3))) == 0
        assert overview.rows_since(store, asked.asked_by(reader("berry")), (("berry", 2),)) == 1
        assert overview.rows_since(store, asked.asked_by(reader("berry", money=False)), (("berry", 2),)) is None
