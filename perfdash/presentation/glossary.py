"""The glossary: one definition of every number and word, for tooltips, exports, the Definitions page and the documents.

Whoever shows a number asks here what it means, so that no two places can say different things.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

from perfdash.domain import measures
from perfdash.domain.measures import Measure, Unit
from perfdash.domain.metrics import COVERAGE, METRICS, PACING, PER_1000_VIEWS, Metric, sides_of, spoken

Section = Literal["Metrics", "Measures", "Campaigns", "Finality", "Changes", "Corrections", "Syncs"]
SECTIONS: tuple[Section, ...] = get_args(Section)


SYNONYMS: dict[str, tuple[str, ...]] = {
    **{measure.name: measure.synonyms for measure in measures.MEASURES},
    "cpm": ("TKP", "Tausend-Kontakt-Preis", "cost per mille", "coste por mil", "coût pour mille"),
    "cpc": ("Klickpreis", "cost per click", "coste por clic", "coût par clic"),
    "ctr": ("Klickrate", "click-through rate", "tasa de clics", "porcentaje de clics", "taux de clics"),
    "cpv": ("cost per view", "Preis pro View", "coste por visualización", "coût par vue"),
    "cpe": ("cost per engagement", "coste por interacción", "coût par engagement"),
    "cpa": ("CPO", "CPL", "cost per action", "Kosten pro Conversion", "coste por adquisición", "coût par acquisition"),
    "engagement_rate": ("ER", "Interaktionsrate", "tasa de interacción", "taux d’engagement"),
    "roas": ("KUR", "return on ad spend", "Werberendite", "retorno de la inversión publicitaria"),
    "roi": ("return on investment", "Rendite", "retorno de la inversión", "retour sur investissement"),
    "frequency": ("Kontaktdichte", "OTS", "frecuencia", "fréquence", "répétition"),
    "budget": ("Etat", "presupuesto"),
    "budget_pacing": ("budget used", "Budgetverbrauch", "presupuesto consumido", "budget consommé"),
    "flight": ("campaign dates", "run time", "Laufzeit", "periodo", "période de diffusion"),
    "share": ("Anteil", "cuota", "part"),
    "change": ("delta", "difference", "Veränderung", "variación", "évolution"),
    "restatement": (
        "restated",
        "what changed",
        "Nachmeldung",
        "Korrektur der Plattform",
        "reexpresión",
        "retraitement",
    ),
    "receipt": ("what we reported", "export", "report", "Beleg", "Bericht", "informe", "reçu", "rapport"),
    "as_of": ("Stand", "Stichtag", "a fecha de", "état au"),
    "correction": ("Korrektur", "corrección", "adjustment", "ajuste"),
    "final": ("settled", "endgültig", "definitivo", "définitif"),
}
"""By the name of an entry, what people look for when they mean it."""


def plain(text: str) -> str:
    """Small letters without accents: what is typed and what is looked through are compared like this."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@dataclass(frozen=True, slots=True)
class Entry:
    """One number or word. Texts are whole sentences without Markdown, so that they read alike in every place."""

    section: Section
    name: str
    label: str
    meaning: str
    caution: str = ""
    """What it is not, or what is often mistaken about it."""
    definition: str = ""
    """The formula and the rows it is taken over; '' when there is none."""
    shown: str = ""
    """Its unit on screen; '' when it is a word and not a number."""
    exported: str = ""
    """Its unit in exports."""
    undefined: str = ""
    """When it is shown as –: "when clicks are 0."."""
    short: str = ""
    """A few words for a chart's tooltip."""
    needs_money: bool = False

    @property
    def help(self) -> str:
        """All of it in one paragraph, for the tooltip beside the number."""
        told = f"{self.meaning.removesuffix('.')}: {self.definition}." if self.definition else self.meaning
        return f"{told} {self.caution}".rstrip()

    @property
    def also(self) -> tuple[str, ...]:
        """What else it is called, in English, German, Spanish and French."""
        return SYNONYMS.get(self.name, ())

    @property
    def text(self) -> str:
        """Everything that a search looks through, as `plain` leaves it."""
        name, also = self.name.replace("_", " "), " ".join(self.also)
        return plain(f"{name} {self.label} {also} {self.definition} {self.meaning} {self.caution} {self.section}")


def computed(
    metric: Metric, meaning: str, caution: str = "", *, undefined: str = "", exported: str | None = None
) -> Entry:
    """The entry of what the code computes: label, formula and units come from the very metric that computes it."""
    shown = "amount" if metric.unit == "money" else "multiple, such as 3.20×" if metric.times else "per cent"
    lacking = f"when no row reports {spoken(metric.optional[0])}, or " if metric.optional else "when "
    over = spoken(sides_of(metric.denominator)[0])
    return Entry(
        "Metrics",
        metric.name,
        metric.label,
        meaning,
        caution,
        metric.definition,
        shown,
        metric.exported if exported is None else exported,
        undefined or f"{lacking}{over} {'is' if over in ('cost', 'budget', 'reach') else 'are'} 0.",
        needs_money=metric.needs_money,
    )


_REACHED = "when the row is more than one fact, or its source reports no reach."

COMPUTED = (
    computed(
        METRICS["cpm"],
        "What a thousand impressions cost.",
        "Computed from sums, never averaged. Some suites divide by reach, or take a creator's fee; ours divides "
        "by impressions.",
    ),
    computed(METRICS["cpc"], "What one click cost.", "What counts as a click differs by platform."),
    computed(
        METRICS["ctr"],
        "How many of the impressions were clicked.",
        "Per cent on screen; a fraction in data and exports, the unit in the header.",
    ),
    computed(
        METRICS["cpv"],
        "What one view cost.",
        "Per one view, not per thousand. Each platform counts a view after a watching time of its own.",
    ),
    computed(
        PER_1000_VIEWS,
        "What a thousand views cost.",
        "By views, where CPM goes by how often the ads were shown. It is what creators are compared by.",
        exported="",
    ),
    computed(METRICS["cpe"], "What one engagement cost.", "Per one, not per thousand."),
    computed(METRICS["cpa"], "What one conversion cost.", "Per one. Also called cost per result or per acquisition."),
    computed(
        METRICS["engagement_rate"],
        "How many of the impressions led to an engagement.",
        "Per impressions; some suites divide by reach or by followers.",
    ),
    computed(
        METRICS["roas"],
        "What came back for each unit of cost.",
        "The share of cost that reports revenue is shown when below 100%.",
    ),
    computed(
        METRICS["roi"],
        "What was earned beyond the cost, relative to it.",
        "0% is break-even. APIs often send ROAS under this name: what they report is compared, not trusted.",
    ),
    computed(
        METRICS["frequency"],
        "How often each person reached saw it.",
        "Reach never adds up: one person may be reached twice.",
        undefined=_REACHED,
    ),
    computed(
        COVERAGE,
        "The part of the cost whose rows report revenue.",
        "ROAS and ROI speak of this part only.",
    ),
    computed(
        PACING,
        "How much of a campaign's budget its whole flight has cost.",
        "Of the whole flight as far as its days are stored, whatever days are in view. Above 100% is over budget.",
        undefined="when the source reports no budget.",
        exported="",
    ),
    Entry(
        "Metrics",
        "share",
        "Share",
        "The row's part of the whole.",
        "Of all cost in its currency; for who may not see money, of all impressions.",
        "row / all in view",
        "per cent",
        undefined="when the whole is 0.",
    ),
    Entry(
        "Metrics",
        "change",
        "Change",
        "How much a figure moved against the period before, relative to it.",
        "Complete days only, both sides known at the same moment. Rates move in per cent of themselves: a CTR from 2% "
        "to 3% is +50%.",
        "(now − before) / before",
        "per cent",
        undefined="over “all days”, when days of either side were never fetched, or when it was undefined or 0 before.",
    ),
)

_UNITS: dict[Unit, tuple[str, str]] = {
    "count": ("count", "count"),
    "money": ("amount", "currency units"),
    "millionths": ("number", "number, six decimals"),
}
"""How a measure reads on screen, and in exports."""


def _reported(measure: Measure) -> Entry:
    shown, exported = _UNITS[measure.unit]
    lacking = _REACHED if not measure.additive else "" if measure.always else "when no row reports it."
    return Entry(
        "Measures",
        measure.name,
        measure.label,
        measure.meaning,
        measure.caution,
        shown=shown,
        exported=exported,
        undefined=lacking,
        needs_money=measure.needs_money,
    )


MEASURES = (
    *map(_reported, measures.MEASURES),
    Entry(
        "Measures",
        "campaigns",
        "Campaigns",
        "Campaigns with at least one row in view.",
        shown="count",
        exported="count",
    ),
    Entry(
        "Measures",
        "corrected",
        "Corrected rows",
        "How many of the rows behind a number count a value that a person has set.",
        "0 means: everything is as the source reports it.",
        shown="count",
        exported="count",
    ),
    Entry(
        "Campaigns",
        "budget",
        "Budget",
        "The whole budgets of the campaigns in view, not only of these days.",
        "As the source reports it, of the campaigns that have one.",
        shown="amount",
        exported="currency units",
        undefined="when no campaign in view reports one.",
        needs_money=True,
    ),
    Entry(
        "Campaigns",
        "flight_cost",
        "Cost of flight",
        "The cost of all stored days of a campaign's flight.",
        "Whatever days are in view; days that were never fetched are not in it.",
        shown="amount",
        exported="currency units",
        needs_money=True,
    ),
)


def _counted(section: Section, name: str, label: str, meaning: str, caution: str = "") -> Entry:
    return Entry(section, name, label, meaning, caution, shown="count", exported="count")


CAMPAIGN_WORDS = (
    Entry(
        "Campaigns",
        "flight",
        "Flight",
        "The days from a campaign's planned start to its planned end.",
        "A plan that the source reports; numbers may lie outside of it.",
    ),
    Entry(
        "Campaigns",
        "pace",
        "Pace",
        "What a campaign has spent, of what its budget planned for the days of its flight that are over.",
        "Planned to date is budget / days of the flight × days over, up to the last complete day: a budget of 100 over "
        "10 days, 6 over, 57 spent is 95%. From 90% to 110% is on pace.",
        shown="per cent",
        undefined="when the source reports no budget or no flight, or no day of it is over.",
        needs_money=True,
    ),
    Entry(
        "Campaigns",
        "pace_state",
        "State of a campaign",
        "Stalled: nothing was delivered on the last 3 complete days of a flight that goes on. Slow and fast: below 90% "
        "and above 110% of plan. Over budget: more than the whole budget is spent.",
    ),
    Entry(
        "Campaigns",
        "planned",
        "Planned to date",
        "The part of a campaign's budget for the days of its flight that are over.",
        "As if the budget were spread evenly over the flight.",
        shown="amount",
        needs_money=True,
    ),
    Entry(
        "Campaigns",
        "forecast",
        "Forecast",
        "What a campaign will have spent at the end of its flight if it goes on as on its last 7 complete days.",
        shown="amount",
        needs_money=True,
    ),
    Entry(
        "Campaigns",
        "budget_left",
        "Budget left",
        "What of a campaign's budget the cost of its flight has left.",
        "Below 0 it is over budget.",
        shown="amount",
        needs_money=True,
    ),
    Entry(
        "Campaigns",
        "fact",
        "Fact",
        "The smallest thing that is stored: one campaign, creator and platform on one day, with its measures.",
    ),
    Entry(
        "Campaigns",
        "day",
        "Day",
        "A day in the time zone of the account.",
        "A label that is never shifted to the reader's zone: sums stay those of the platform.",
    ),
)

FINALITY = (
    Entry(
        "Finality",
        "settlement_window",
        "Settlement window",
        "How many days after a day's end its source still changes the day's numbers.",
        "Set for each source; unknown is not 0.",
    ),
    Entry(
        "Finality",
        "open",
        "Open",
        "The settlement window has not passed: the source may still restate the day.",
        short="the source may still restate it",
    ),
    Entry(
        "Finality",
        "final",
        "Final",
        "A fetch confirmed the day after its settlement window had passed.",
        "A source may still break its word; such a change is a late restatement.",
        short="settled, and fetched since",
    ),
    Entry(
        "Finality",
        "unverified",
        "Unverified",
        "The settlement window has passed, but nothing has fetched the day since.",
        "A sync of that day makes it final.",
        short="settled, but not fetched since",
    ),
    Entry(
        "Finality",
        "provisional",
        "Provisional",
        "Nobody has said how long the source restates its days, so none of them is ever called final.",
        short="nobody said how long the source restates",
    ),
    Entry(
        "Finality",
        "finality",
        "Finality",
        "Whether the days behind a number may still change: open, final, unverified or provisional.",
        "Over several days or accounts it is that of the least certain one.",
    ),
    Entry(
        "Finality",
        "final_to",
        "Final to",
        "The last day up to which every day is final.",
        "Of several accounts the earliest.",
    ),
    Entry(
        "Finality",
        "stale",
        "Stale",
        "Days that can still change were last fetched more than 6 hours ago.",
        "Final days do not go stale.",
    ),
)

CHANGES = (
    Entry(
        "Changes",
        "restatement",
        "Restatement",
        "The source reports another value for a past day than it did before. Both are kept.",
        "Not counted: first reports, repeated values and, unless requested, changes on the current day.",
    ),
    Entry("Changes", "late_restatement", "Late restatement", "A restatement of a day that was already final."),
    _counted(
        "Changes",
        "vanished",
        "Vanished",
        "Rows that the source no longer reports for a day it had reported them "
        "for. They stop counting, and stay in the history.",
    ),
    _counted("Changes", "reappeared", "Reappeared", "Rows that had vanished and are reported again."),
    Entry(
        "Changes",
        "as_of",
        "As of",
        "The state of the numbers as it was known at an earlier moment, campaign names and budgets too.",
        "A bare date means the end of that day in the client's time zone. It moves data, never permissions.",
    ),
    Entry(
        "Changes",
        "revision",
        "Revision",
        "The number of one change to a client's data: a sync that changed "
        "something, a correction or a revert. It only grows.",
    ),
    Entry(
        "Changes",
        "receipt",
        "Receipt",
        "The record of an export: who took out what, when, from which revisions, "
        "with which totals. From it the same rows can be made again.",
    ),
)

CORRECTIONS = (
    Entry(
        "Corrections",
        "correction",
        "Correction",
        "A value of one fact that a person has set, with a reason, and that counts instead of the reported one.",
        "It lies over what the source reports and never replaces it; it "
        "survives every sync, and a revert takes it away.",
    ),
    Entry(
        "Corrections",
        "effective",
        "Effective",
        "What counts: the corrected value where there is one, else the reported one.",
        "Every sum, filter and chart is made of effective values unless raw ones are asked for.",
    ),
    Entry("Corrections", "raw", "Raw", "What the source reports, without any correction."),
    Entry(
        "Corrections",
        "reported_cpm",
        "Reported CPM",
        "The CPM that the source itself sends.",
        "Kept beside the computed one and compared with it, never mixed into it.",
        needs_money=True,
    ),
    Entry(
        "Corrections",
        "reported_roi",
        "Reported ROI",
        "The ROI that the source itself sends, which is often ROAS.",
        "Kept beside the computed one and compared with it, never mixed into it.",
        needs_money=True,
    ),
)

SYNCS = (
    Entry("Syncs", "run", "Run", "One account asked for one range of days. It is stored whole or not at all."),
    Entry(
        "Syncs",
        "fetched_at",
        "Last fetched",
        "When the source last answered well for these days.",
        "Of several accounts the oldest.",
    ),
    _counted(
        "Syncs",
        "fetched",
        "Fetched",
        "The rows that the source sent.",
        "Each is exactly one of new, restated, reappeared, unchanged, quarantined, duplicate, added or left out.",
    ),
    _counted("Syncs", "new", "New", "Rows reported for the first time."),
    _counted("Syncs", "restated", "Restated", "Rows with another value than before."),
    _counted("Syncs", "unchanged", "Unchanged", "Rows as they were already known."),
    _counted(
        "Syncs",
        "quarantined",
        "Quarantined",
        "Rows that were refused because they cannot be right, each with its reason.",
        "What was known before stays; nothing is guessed.",
    ),
    _counted("Syncs", "duplicate", "Duplicate", "Rows that the same answer sent twice, alike; they count once."),
    _counted("Syncs", "added", "Added", "Rows that were added to another one of the same campaign, platform and day."),
    _counted("Syncs", "left_out", "Left out", "Rows that are not about one campaign and day, such as totals."),
    _counted(
        "Syncs",
        "missing_rows",
        "Refused rows that are missing",
        "Rows of these days that the last sync refused, so that their numbers are missing here.",
        "Of a refused row it is not always known where it belongs: those of the whole account and day are counted.",
    ),
)

ENTRIES: dict[str, Entry] = {
    entry.name: entry for entry in (*COMPUTED, *MEASURES, *CAMPAIGN_WORDS, *FINALITY, *CHANGES, *CORRECTIONS, *SYNCS)
}
"""Every entry by its name, which is also the name of its column in tables and exports."""


def entry_of(name: str) -> Entry:
    """The entry of `name`; KeyError when there is none."""
    return ENTRIES[name]


def hint(name: str) -> str:
    """The tooltip beside `name`; '' when it has no entry, such as a client's name."""
    entry = ENTRIES.get(name)
    return entry.help if entry else ""


def search(wanted: str) -> tuple[Entry, ...]:
    """The entries in which every word of `wanted` occurs; all of them when nothing is wanted.

    Those that are called so come first, otherwise in their order.
    """
    sought = plain(wanted.replace("_", " "))
    words = sought.split()
    found = [entry for entry in ENTRIES.values() if all(word in entry.text for word in words)]
    called = {entry.name for entry in found if sought in map(plain, (entry.label, *entry.also))}
    return tuple(sorted(found, key=lambda entry: entry.name not in called))


def sectioned(entries: tuple[Entry, ...]) -> tuple[tuple[Section, tuple[Entry, ...]], ...]:
    """`entries` under their sections; sections without any are left out."""
    whole = ((section, tuple(entry for entry in entries if entry.section == section)) for section in SECTIONS)
    return tuple((section, own) for section, own in whole if own)
