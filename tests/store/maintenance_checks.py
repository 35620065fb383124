"""What `db check` finds wrong with a store: every test that writes in a new way asks it at its end."""

from __future__ import annotations

from perfdash.domain.access import OPERATOR
from perfdash.store.engine import Store
from perfdash.store.maintenance import check


def problems(store: Store) -> list[str]:
    return [f"{found.check}: {found.problem}" for found in check.check(store, OPERATOR) if found.problem]
