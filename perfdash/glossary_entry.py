"""The shape of one definition: what a number or a word means, and how it reads wherever it is met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from perfdash.metrics import Metric, sides_of, spoken

Section = Literal["Metrics", "Measures", "Campaigns", "Finality", "Changes", "Corrections", "Syncs"]
SECTIONS: tuple[Section, ...] = get_args(Section)


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
    def is_number(self) -> bool:
        """True for what is counted or computed, false for a word."""
        return bool(self.shown)

    @property
    def text(self) -> str:
        """Everything that a search looks through, in small letters."""
        name = self.name.replace("_", " ")
        return f"{name} {self.label} {self.definition} {self.meaning} {self.caution} {self.section}".casefold()


def computed(
    metric: Metric, meaning: str, caution: str = "", *, undefined: str = "", exported: str | None = None
) -> Entry:
    """The entry of what the code computes: label, formula and units come from the very metric that computes it."""
    shown = "amount" if metric.unit == "money" else "multiple, such as 3.20×" if metric.times else "per cent"
    lacking = f"when no row reports {spoken(metric.optional[0])}, or " if metric.optional else "when "
    over = spoken(sides_of(metric.denominator)[0])
    return Entry(
        "Metrics", metric.name, metric.label, meaning, caution, metric.definition, shown,
        metric.exported if exported is None else exported,
        undefined or f"{lacking}{over} {'is' if over in ('cost', 'budget', 'reach') else 'are'} 0.",
        needs_money=metric.needs_money,
    )  # fmt: skip
