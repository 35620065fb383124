"""The demo's clients and accounts, and the character of each account. All brands and people are fictional."""

from __future__ import annotations

from dataclasses import dataclass

from perfdash.domain.accounts import Account, Client, DemoDeclaration
from perfdash.domain.errors import UsageError

SOURCE = "demo"
DEMO_KEY = "demo-key-not-a-secret"
"""The key of the demo's own API. It opens nothing else, and no other API accepts it."""
SETTLEMENT_DAYS = 7
HISTORY_DAYS = 180
PLATFORMS = ("TikTok", "Instagram")


@dataclass(frozen=True, slots=True)
class Profile:
    """What makes an account's numbers its own. Money in units of its currency; `minor` is minor units in one unit."""

    client: str
    account: str
    prefix: str
    slots: int
    """Campaigns that can run at the same time; each slot holds one campaign after another."""
    budget_step: int
    """Budgets are whole multiples of this."""
    cpm: tuple[float, float]
    """Typical price of a thousand impressions, in the order of PLATFORMS."""
    weekend: float
    """Weekend volume against that of a working day."""
    products: tuple[str, ...]
    creators: tuple[str, ...]
    """Handles. A prime number of them, so that any stride through the list repeats nobody."""
    minor: int = 100
    order_value: float = 60.0
    sells: bool = True
    """False: no campaign of the account reports revenue, only leads in hundredths."""
    roi_is_roas: bool = False
    """True: the field `roi` really holds revenue / cost, as with many an API."""
    stops: tuple[int, ...] = ()
    """Slots whose campaigns stop delivering long before their end."""
    hurries: tuple[int, ...] = ()
    """Slots whose campaigns spend faster than their budget lasts."""


DEMO_CLIENTS: tuple[Client, ...] = (
    Client("solvane", "Solvane Skincare", "USD", "America/New_York"),
    Client("nordlicht", "Nordlicht Kaffee", "EUR", "Europe/Berlin"),
    Client("hoshi", "Hoshi Tea House", "JPY", "Asia/Tokyo"),
    Client("pennyroyal", "Pennyroyal & Finch", "GBP", "Europe/London"),
    Client("tidewater", "Tidewater Outdoor", "USD", "America/Los_Angeles"),
    Client("kestrel", "Kestrel Learning", "USD", "America/Chicago"),
)

_PENNYROYAL_CREATORS = (
    "@the.attic.edit",
    "@hattie_makes",
    "@terrace.no9",
    "@owen.at.home",
    "@lilacandlime",
    "@saffronhill",
    "@millie.mends",
    "@room.for.two",
    "@harriet_hues",
    "@the_tidy_finch",
    "@bramble.house",
)

PROFILES: tuple[Profile, ...] = (
    Profile(
        "solvane",
        "solvane-us",
        "SOL",
        9,
        500,
        (6.4, 9.8),
        1.18,
        order_value=54.0,
        stops=(7,),
        hurries=(2, 6),
        products=("Glow Serum", "Barrier Cream", "SPF 50 Mist", "Night Peptide Oil", "Clean Rinse", "Vitamin C Drops"),
        creators=(
            "@mara.glows",
            "@thedewydesk",
            "@skin.by.jo",
            "@imani_rituals",
            "@nightshelf",
            "@ellie.unfiltered",
            "@softfocus.sam",
            "@priya.spf",
            "@bareandbold",
            "@noor.routine",
            "@caseys.counter",
            "@glasskinlab",
            "@dr.tessa.derm",
        ),
    ),
    Profile(
        "nordlicht",
        "nordlicht-de",
        "NLK",
        9,
        500,
        (5.6, 8.1),
        1.06,
        order_value=31.0,
        stops=(2,),
        hurries=(0, 4),
        products=("Röstfrisch Abo", "Cold Brew", "Espresso N°7", "Hafer-Barista", "Filterkaffee", "Winterröstung"),
        creators=(
            "@kaffee.mit.kai",
            "@lenas_kueche",
            "@barista.bo",
            "@frueh.und.frisch",
            "@moritz.mahlt",
            "@hygge.hanna",
            "@tassenfreund",
            "@berlinbrewclub",
            "@jule.backt",
            "@der.kuechenchef",
            "@morgenmensch",
        ),
    ),
    Profile(
        "hoshi",
        "hoshi-jp",
        "HSH",
        9,
        50_000,
        (720.0, 990.0),
        1.22,
        minor=1,
        order_value=4_800.0,
        products=("Hōjicha Latte", "Uji Matcha Set", "Sakura Sencha", "Yuzu Cold Tea", "Genmaicha Box", "Gift Tin"),
        creators=(
            "@tea.with.aoi",
            "@kyoto.kitchen",
            "@riku_daily",
            "@matcha.mood",
            "@hana.no.ie",
            "@sora.sips",
            "@tokyo.teatime",
            "@yui.bakes",
            "@wagashi.lab",
            "@kenji.pours",
            "@mio_minimal",
        ),
    ),
    Profile(
        "pennyroyal",
        "pennyroyal-home",
        "PRH",
        5,
        500,
        (5.9, 8.9),
        1.24,
        order_value=78.0,
        products=("Linen Bedding", "Stoneware", "Scented Candles", "Rattan Lighting", "Wool Throws"),
        creators=_PENNYROYAL_CREATORS,
    ),
    Profile(
        "pennyroyal",
        "pennyroyal-garden",
        "PRG",
        4,
        500,
        (5.2, 7.6),
        1.31,
        order_value=64.0,
        products=("Terracotta Pots", "Patio Sets", "Herb Kits", "Festoon Lights", "Bird Feeders"),
        creators=_PENNYROYAL_CREATORS,
    ),
    Profile(
        "tidewater",
        "tidewater-us",
        "TWO",
        9,
        1_000,
        (7.1, 10.6),
        1.27,
        order_value=118.0,
        roi_is_roas=True,
        products=("Ridge Shell", "Trail Runner", "Dry Pack 40", "Harbor Fleece", "Camp Stove", "Summit Tent"),
        creators=(
            "@ridgeline.ray",
            "@vanlife.vega",
            "@coast.trail",
            "@summit.sadie",
            "@paddle.pete",
            "@campfire.cleo",
            "@nora.outside",
            "@the.long.loop",
            "@granite.guy",
            "@tarn_and_tide",
            "@mossandmiles",
            "@wildernest",
            "@firstlight.finn",
        ),
    ),
    Profile(
        "kestrel",
        "kestrel-us",
        "KST",
        9,
        500,
        (9.8, 14.2),
        0.62,
        sells=False,
        products=("Data Bootcamp", "Nursing Prep", "Evening MBA", "Code Sprint", "Language Lab", "Teacher Pathway"),
        creators=(
            "@study.with.dev",
            "@nightshift.nina",
            "@career.carlo",
            "@spreadsheet.sue",
            "@prof.pax",
            "@code.and.coffee",
            "@learnwithlu",
            "@second.act.sam",
            "@flashcard.fay",
            "@the.quiet.desk",
            "@mentor.mo",
        ),
    ),
)


def _account(profile: Profile) -> Account:
    client = next(client for client in DEMO_CLIENTS if client.slug == profile.client)
    return Account(
        client=client.slug,
        source=SOURCE,
        external_id=profile.account,
        currency=client.currency,
        time_zone=client.time_zone,
        settlement_days=SETTLEMENT_DAYS,
        history_days=HISTORY_DAYS,
    )


DEMO_ACCOUNTS: tuple[Account, ...] = tuple(_account(profile) for profile in PROFILES)
DEMO = DemoDeclaration(DEMO_CLIENTS, DEMO_ACCOUNTS, DEMO_KEY)


def account_of(external_id: str) -> Account:
    """The demo account with this id at the source; UsageError when there is none."""
    for account in DEMO_ACCOUNTS:
        if account.external_id == external_id:
            return account
    known = ", ".join(account.external_id for account in DEMO_ACCOUNTS)
    raise UsageError(f"The demo has no account {external_id!r}; it has {known}.")


def profile_of(external_id: str) -> Profile:
    """The profile of a demo account; UsageError when there is none."""
    account_of(external_id)
    return next(profile for profile in PROFILES if profile.account == external_id)
