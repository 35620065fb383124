"""What needs a look, in words: a kind, what it is about, and one clause. Plain text: whoever shows it escapes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perfdash.domain.attention import Notice, NoticeKind
from perfdash.presentation import formatting, pacing

LABELS: dict[NoticeKind, str] = {
    "stalled": "Stalled",
    "slow": "Too slow",
    "fast": "Too fast",
    "over": "Over budget",
    "restated_late": "Restated late",
    "refused_rows": "Refused rows",
    "roi_is_roas": "ROI is ROAS",
    "ends_soon": "Ends this week",
}
ICONS: dict[NoticeKind, str] = {
    "stalled": "pause_circle",
    "slow": "trending_down",
    "fast": "trending_up",
    "over": "error",
    "restated_late": "history",
    "refused_rows": "block",
    "roi_is_roas": "science",
    "ends_soon": "event",
}


@dataclass(frozen=True, slots=True)
class NoticeText:
    """One line: "Stalled", "Clean Rinse", "nothing since 8 Nov 2026, 43.00% of its budget unspent"."""

    label: str
    icon: str
    subject: str
    clause: str


def told(notice: Notice, client_names: Mapping[str, str]) -> NoticeText:
    """`client_names` as in the catalog; a client without one is called by its slug."""
    client = client_names.get(notice.client, notice.client)
    subject = notice.delivery.name if notice.delivery else client
    return NoticeText(LABELS[notice.kind], ICONS[notice.kind], subject, _clause(notice))


def _clause(notice: Notice) -> str:
    if notice.delivery is None:
        return _of_client(notice)
    one, pace = notice.delivery, notice.pace
    if notice.kind == "stalled":
        since = f"nothing since {formatting.day(one.last_delivery)}" if one.last_delivery else "nothing delivered yet"
        return f"{since}, {pacing.share(1 - pace.share_spent)} of its budget unspent" if pace else since
    ends = f"ends {formatting.day(one.flight.end)}"
    if pace is None:
        return ends
    if notice.kind == "over":
        return f"{pacing.share(pace.share_spent)} of its budget, {ends}"
    of_plan = f"{pacing.share(pace.index)} of plan"
    if notice.kind == "ends_soon":
        return f"{ends}, {of_plan}"
    lands = f"{pacing.amount(pace.forecast, notice.currency)} of {pacing.amount(pace.budget, notice.currency)}"
    return f"{of_plan}; at this pace {lands}"


def _of_client(notice: Notice) -> str:
    rows = formatting.plural(notice.rows, "row")
    if notice.kind == "restated_late":
        on = f"on {formatting.plural(len(notice.days), 'day')} after they were final"
        if not notice.amount:
            return f"{rows} {on}, no difference in sum"
        rose = "+" if notice.amount > 0 else ""
        return f"cost {rose}{pacing.amount(notice.amount, notice.currency)} {on}"
    if notice.kind == "refused_rows":
        cost = f", {pacing.amount(notice.amount, notice.currency)}" if notice.amount else ""
        return f"{rows} missing{cost}"
    return f"{rows} send ROAS under the name ROI"
