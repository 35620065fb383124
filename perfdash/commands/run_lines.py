"""What came of a sync, in words for a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from perfdash.sync import RunResult


def told(result: RunResult) -> str:
    """One run in one line."""
    c = result.counts
    head = f"{result.account.client} {result.account.label} {result.days}: {result.state}"
    if result.message:
        return f"{head}: {result.message}"
    parts = [
        f"{getattr(c, name)} {name}"
        for name in ("new", "restated", "reappeared", "unchanged", "quarantined", "duplicate", "vanished")
        if getattr(c, name)
    ]
    return f"{head}: {c.fetched} rows" + (f" ({', '.join(parts)})" if parts else "")


def as_table(results: Sequence[RunResult]) -> str:
    """A summary for people; the runs themselves were told as they ended."""
    failed = [result for result in results if not result.ok]
    changed = sum(result.revision is not None for result in results)
    lines = [f"{len(results)} runs: {len(results) - len(failed)} ok, {len(failed)} failed, {changed} with changes."]
    lines += [told(result) for result in failed]
    return "\n".join(lines)


def as_json(results: Sequence[RunResult]) -> str:
    """A list of runs; instants as ISO 8601, `null` where unknown; `log` holds a line per request, without secrets."""
    rows = [
        {
            "client": r.account.client, "account": r.account.label, "from": r.days.start.isoformat(),
            "to": r.days.end.isoformat(), "state": r.state, "message": r.message, **asdict(r.counts),
            "fetched_at": r.fetched_at and r.fetched_at.isoformat(), "revision": r.revision,
            "resume_at": r.resume_at and r.resume_at.isoformat(), "run": r.run,
            "requests": r.trail.requests, "retries": r.trail.retries, "log": list(r.trail.log),
        }
        for r in results
    ]  # fmt: skip
    return json.dumps(rows, indent=1)
