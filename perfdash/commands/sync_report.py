"""What `sync` says of its runs: a line as each ends, what its answer adds up to, a summary, and all of it as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from perfdash.domain import metrics
from perfdash.domain.control_totals import ControlTotals
from perfdash.domain.measures import IN_MILLIONTHS
from perfdash.domain.refusals import Refusal
from perfdash.presentation import control_totals
from perfdash.sync.run import RunResult

COUNTED = ("new", "restated", "reappeared", "unchanged", "quarantined", "duplicate", "added", "left_out", "vanished")


def run_line(result: RunResult) -> str:
    c = result.counts
    head = f"{result.account.client} {result.account.label} {result.days}: {result.state}"
    if result.message and not (result.stored or result.state == "planned"):
        return f"{head}: {result.message}"
    parts = [f"{getattr(c, name)} {name.replace('_', ' ')}" for name in COUNTED if getattr(c, name)]
    told = f"{head}: {c.fetched} rows" + (f" ({', '.join(parts)})" if parts else "")
    return f"{told}; {result.message}" if result.message else told


def told_of(result: RunResult) -> str:
    """The line of a run, and indented below it what its answer adds up to, where that went, and what was refused."""
    more = [] if result.totals is None else list(control_totals.lines(result.totals, result.account.currency))
    if result.refused:
        more.append(f"refused: {control_totals.reasons(result.refused)}")
    if result.totals is not None and not (result.stored or result.state == "planned"):
        more = [line for line in more if line.startswith("refused:")]  # nothing was stored, so that no sum closes
    return "\n".join([run_line(result), *(f"  {line}" for line in more)])


def as_table(results: Sequence[RunResult]) -> str:
    """A summary for people; the runs themselves were told as they ended."""
    troubled = [result for result in results if not result.ok]
    incomplete = sum(result.stored for result in troubled)
    changed = sum(result.revision is not None for result in results)
    ends = [f"{len(results) - len(troubled)} ok", f"{len(troubled) - incomplete} failed"]
    ends += [f"{incomplete} incomplete"] if incomplete else []
    lines = [f"{len(results)} runs: {', '.join(ends)}, {changed} with changes."]
    lines += [run_line(result) for result in troubled]
    return "\n".join(lines)


def as_json(results: Sequence[RunResult]) -> str:
    """A list of runs; instants as ISO 8601, `null` where unknown; `log` holds a line per request, without secrets.

    `control`: measure -> read, stored, refused, duplicate, left_out, exact; `unread`: field -> values that were lost.
    """
    rows = [
        {
            "client": r.account.client,
            "account": r.account.label,
            "from": r.days.start.isoformat(),
            "to": r.days.end.isoformat(),
            "state": r.state,
            "message": r.message,
            **asdict(r.counts),
            "fetched_at": r.fetched_at and r.fetched_at.isoformat(),
            "revision": r.revision,
            "resume_at": r.resume_at and r.resume_at.isoformat(),
            "run": r.run,
            "requests": r.trail.requests,
            "retries": r.trail.retries,
            "log": list(r.trail.log),
            "control": _control(r.totals),
            "unread": dict(r.totals.unread) if r.totals else {},
            "kept_days": [day.isoformat() for day in r.kept],
            "refused": [asdict(one) | {"day": one.day and one.day.isoformat()} | _amount(one) for one in r.refused],
        }
        for r in results
    ]
    return json.dumps(rows, indent=1)


def _control(totals: ControlTotals | None) -> dict[str, dict[str, int | str]] | None:
    """Counts as numbers, amounts and conversions as exact decimals in text; `null` without control totals."""
    if totals is None:
        return None
    return {
        name: {part: _exact(name, value) for part, value in asdict(of).items()} for name, of in totals.measures.items()
    }


def _exact(name: str, value: int) -> int | str:
    return metrics.text(metrics.money(value)) if name in IN_MILLIONTHS else value


def _amount(one: Refusal) -> dict[str, int | str]:
    return {"cost": _exact("cost", one.cost)}
