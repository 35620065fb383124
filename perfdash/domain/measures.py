"""The measures of a fact, each told once: columns, sums, reading, exports, restatements and the glossary follow.

A new one is a record here, a field of FactValues and of metrics.Sums, a migration for its column in `facts` and
`fact_history`, and a line in the preset of each source that sends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple

Unit = Literal["count", "money", "millionths"]
"""How the integers of a measure count: ones, millionths of the currency's unit, millionths of one."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. `meaning` and `caution` are whole sentences for the glossary: what it is, and what it is not."""

    name: str
    label: str
    unit: Unit
    meaning: str
    caution: str = ""
    always: bool = False
    """Every row must have it. Any other one may be missing, which is "not reported" and never 0."""
    additive: bool = True
    """False: it stands only where the group is a single fact, and differences of it say nothing in sum."""
    signed: bool = False
    """It may be below zero."""
    correctable: bool = False
    """People can set it; `overlays` and `corrections` have columns of it."""
    synonyms: tuple[str, ...] = ()
    """What people look for when they mean it: its names in other tools and languages."""
    later: bool = False
    """It came after exports had receipts: outside their checksum and to the right, so that earlier ones still hold."""

    @property
    def needs_money(self) -> bool:
        """True when it cannot be shown to someone who may not see money."""
        return self.unit == "money"

    @property
    def spoken(self) -> str:
        """Its label inside a sentence; also its header in exports."""
        return self.label.lower()

    @property
    def sent_as(self) -> str:
        """Its key in a row of the contract performance_v1: `click_views` is sent as `clickViews`."""
        first, *more = self.name.split("_")
        return first + "".join(map(str.capitalize, more))


MEASURES = (
    Measure(
        "impressions",
        "Impressions",
        "count",
        "How often the ads were shown.",
        "Not how many people saw them: that is reach.",
        always=True,
        correctable=True,
        synonyms=("Einblendungen", "Sichtkontakte", "impresiones", "affichages"),
    ),
    Measure(
        "clicks",
        "Clicks",
        "count",
        "How often the ads were clicked.",
        "As each platform counts them: some count every tap, some only links.",
        always=True,
        correctable=True,
        synonyms=("Klicks", "clics"),
    ),
    Measure(
        "cost",
        "Cost",
        "money",
        "What the platforms charged, as the source reports it.",
        "Without fees and taxes that the source does not know of. Below zero where a credit "
        "outweighs what was charged. Never added across currencies.",
        always=True,
        signed=True,
        correctable=True,
        synonyms=(
            "spend",
            "amount spent",
            "Kosten",
            "Ausgaben",
            "coste",
            "gasto",
            "importe gastado",
            "coût",
            "dépense",
        ),
    ),
    Measure(
        "reach",
        "Reach",
        "count",
        "How many different people were shown the ads.",
        "It never adds up, over days, platforms or creators: one person may be reached twice. So it stands only where "
        "the row is a single fact.",
        additive=False,
        synonyms=("unique users", "Reichweite", "Nettoreichweite", "alcance", "couverture", "portée"),
    ),
    Measure(
        "views",
        "Views",
        "count",
        "How often a video was watched, as the platform counts it.",
        "Each platform has a watching time of its own after which it counts.",
        synonyms=("plays", "Aufrufe", "Wiedergaben", "visualizaciones", "reproducciones", "vues"),
    ),
    Measure(
        "engagements",
        "Engagements",
        "count",
        "Likes, comments, shares, saves: what the platform counts as a reaction.",
        synonyms=("interactions", "Interaktionen", "interacciones", "likes", "comments", "shares"),
    ),
    Measure(
        "conversions",
        "Conversions",
        "millionths",
        "The results that the source attributes to the ads: purchases, sign-ups, leads.",
        "May have decimals, since some sources share one result between several ads. Platforms attribute by rules of "
        "their own, so their sums can exceed what was sold.",
        synonyms=("results", "purchases", "orders", "Abschlüsse", "Ergebnisse", "conversiones", "achats", "résultats"),
    ),
    Measure(
        "revenue",
        "Revenue",
        "money",
        "What the conversions were worth, as the source reports it.",
        "Not reported is not 0: such rows stay out of ROAS and ROI.",
        # Refunds.
        signed=True,
        synonyms=("conversion value", "sales", "Umsatz", "Erlös", "ingresos", "ventas", "chiffre d’affaires"),
    ),
)
"""In their order everywhere; those that are always reported first."""
BY_NAME = {measure.name: measure for measure in MEASURES}
NAMES = tuple(BY_NAME)
ALWAYS = tuple(measure.name for measure in MEASURES if measure.always)
OPTIONAL = tuple(measure.name for measure in MEASURES if not measure.always)
ADDITIVE = tuple(measure.name for measure in MEASURES if measure.additive)
NOT_ADDITIVE = tuple(measure.name for measure in MEASURES if not measure.additive)
MONEY = tuple(measure.name for measure in MEASURES if measure.needs_money)
IN_MILLIONTHS = tuple(measure.name for measure in MEASURES if measure.unit != "count")
"""Money, and what has decimals: six of them, exactly."""
CORRECTABLE = tuple(measure.name for measure in MEASURES if measure.correctable)
REPORTED_RATIOS = ("reported_cpm", "reported_roi")
"""What sources compute themselves, kept beside the measures as exact decimals."""


class FactValues(NamedTuple):
    """The reported content of a fact, measures first. Two versions are equal exactly when these are.

    Money is in micros, conversions in millionths; None is "not reported".
    """

    impressions: int
    clicks: int
    cost: int
    reach: int | None = None
    views: int | None = None
    engagements: int | None = None
    conversions: int | None = None
    revenue: int | None = None
    reported_cpm: Decimal | None = None
    reported_roi: Decimal | None = None
    currency: str = ""
    flags: tuple[str, ...] = ()
