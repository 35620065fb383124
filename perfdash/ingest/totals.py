"""Rows that sum up other rows: by what they are called, or because they equal the sum of the others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Any

from perfdash.domain.errors import BadAnswer
from perfdash.domain.facts import BareKey, FactKey, Stored

_WORDS = (
    *("total", "totals", "grand total", "sub total", "subtotal", "sum total", "overall", "overall total"),
    *("gesamt", "gesamtsumme", "gesamtergebnis", "gesamtwert", "insgesamt", "summe", "zwischensumme", "endsumme"),
    *("totaux", "somme", "total général", "total general", "sous total", "sous-total"),
    *("total geral", "suma total", "totale", "totali", "totale complessivo", "totale generale", "subtotale", "somma"),
    *("totaal", "totalen", "eindtotaal", "subtotaal", "totalt", "i alt", "summa", "yhteensä", "sammanlagt"),
    *("razem", "łącznie", "celkem", "spolu", "összesen", "toplam", "genel toplam", "ukupno", "σύνολο"),
    *(
        "итого",
        "всего",
        "итог",
        "общий итог",
        "合計",
        "総計",
        "小計",
        "总计",
        "總計",
        "合计",
        "小计",
        "총계",
        "합계",
        "المجموع",
    ),
)
_WORDS_ALONE = (
    *("all", "sum", "suma", "alle", "alles", "todos", "todas", "tous", "toutes", "tutti", "tutte", "wszystkie"),
    *("ergebnis", "ergebnisse", "result total", "results", "résultats", "resultados", "risultati"),
)
"""These are a total only when nothing but a count follows: "All Stars" is a campaign, "All (25)" is none."""
_OF_WHAT = (
    r"(?:campaigns?|accounts?|platforms?|ads?|rows?|report|page|results?|records?|items?|filtered campaigns?|"
    r"kampagnen?|konto|konten|zeilen|plattform(?:en)?|campañas?|campagnes?|campagne|campanhas?|cuenta|compte|"
    r"publishers?|networks?|channels?|creators?|daily|day|filtered)"
)
_NUMBER = r"[0-9][0-9.,'\s]*"
_COUNT = rf"(?:\s*[(\[#]\s*{_NUMBER}[)\]]?|[\s_-]+{_NUMBER})"


def _any_of(words: Iterable[str]) -> str:
    return "|".join(re.escape(word).replace(r"\ ", r"[\s_-]*") for word in sorted(words, key=len, reverse=True))


_TOTAL = re.compile(
    rf"(?:{_OF_WHAT}[\s_-]+)?(?:{_any_of(_WORDS)})"
    rf"(?:\s*[:：=].*|\s+(?:for|of|from|über|von|de|du|des)\s.*|[\s_-]+{_OF_WHAT}|{_COUNT}(?:\s*{_OF_WHAT})?)?"
)
_ALONE = re.compile(
    rf"(?:{_any_of(_WORDS_ALONE)})(?:\s*[:：](?:\s*{_NUMBER})?|[\s_-]+{_OF_WHAT}|\s*[(\[]\s*{_NUMBER}[)\]]|"
    rf"\s+(?:from|of|aus|von|de)\s+{_NUMBER}(?:\s*{_OF_WHAT})?)?"
)
_AROUND = " \t\r\n\xa0\u202f*_\"'«»<>–—-•=|#."
_BRACKETS = "()[]{}"
_LONGEST = 80


def _stems(words: Iterable[str]) -> tuple[str, ...]:
    """Texts of which every word holds one."""
    longest = {max(re.split(r"[ -]", word), key=len) for word in words}
    return tuple(sorted(one for one in longest if not any(other in one for other in longest - {one})))


_STEMS = _stems((*_WORDS, *_WORDS_ALONE))


def reads_as_total(text: str) -> bool:
    """True for what tables call a row that sums up the others: "Total", "Gesamtsumme:", "Total: 25 campaigns"."""
    if not 0 < len(text) <= _LONGEST:
        return False
    said = " ".join(text.casefold().split())
    tried = (said.strip(_AROUND), said.strip(_AROUND + _BRACKETS))
    return any(_TOTAL.fullmatch(one) or _ALONE.fullmatch(one) for one in tried)


def first_total(texts: Collection[str]) -> str | None:
    """The first of `texts` that reads as one; most are ids of which none could."""
    joined = "\n".join(texts).casefold()
    if not any(stem in joined for stem in _STEMS):
        return None
    return next(filter(reads_as_total, texts), None)


_DAY, _CAMPAIGN, _PLATFORM = map(FactKey._fields.index, ("day", "campaign", "platform"))
_Three = tuple[int, int, int]
_ZERO = (0, 0, 0)
_FEWEST = 3
"""A sum, and two that it is the sum of."""
_Item = tuple[BareKey, Stored]


def refuse_sums(rows: Mapping[BareKey, Stored], campaigns: AbstractSet[str]) -> None:
    """BadAnswer when the facts of one campaign are, on every day and platform, the sum of all other campaigns there; or
    those of one platform that of all other platforms. `campaigns` are at least all that the facts are about.

    Only what is there beside two others or more is compared. One day tells nearly all campaigns apart, and costs a
    fraction of what all do.
    """
    platforms = set(map(itemgetter(_PLATFORM), rows)) if len(rows) >= _FEWEST else set()
    for members, member, group in ((campaigns, _CAMPAIGN, _PLATFORM), (platforms, _PLATFORM, _CAMPAIGN)):
        if len(rows) >= _FEWEST <= len(members) and (found := _sum_of_others(rows, members, member, group)):
            raise BadAnswer(_sentence(found, member))


def _sum_of_others(
    rows: Mapping[BareKey, Stored], members: AbstractSet[str], member: int, group: int
) -> tuple[BareKey, int] | None:
    """The first place of a member that is always the sum of the others there, and how many these are."""
    first = next(iter(rows))[_DAY]
    of_first = [key for key in rows if key[0] == first]
    _, unequal = _compared(((key, rows[key]) for key in of_first), member, group)
    left = members - unequal
    if not left:
        return None
    days = {key[_DAY] for key in rows if key[member] in left}
    equal, _ = _compared(((key, row) for key, row in rows.items() if key[_DAY] in days), member, group)
    return next((found for name, found in equal.items() if name in left), None)


def _compared(items: Iterable[_Item], member: int, group: int) -> tuple[dict[str, tuple[BareKey, int]], set[str]]:
    """The members that are the sum of the others wherever there are two others, and those that somewhere are not."""
    equal: dict[str, tuple[BareKey, int]] = {}
    unequal: set[str] = set()
    for place, of in _grouped(items, member, group).items():
        counted = {name: sums for name, sums in of.items() if sums != _ZERO}
        whole = tuple(map(sum, zip(*counted.values(), strict=True)))
        for name, sums in of.items():
            others = len(counted) - (name in counted)
            if others < 2:
                continue
            if any(2 * one != all_ for one, all_ in zip(sums, whole, strict=True)):
                unequal.add(name)
            elif sums[2] > 0 and name not in equal:
                equal[name] = (_named(place, name, member), others)
    return {name: found for name, found in equal.items() if name not in unequal}, unequal


def _named(place: tuple[object, str], name: str, member: int) -> BareKey:
    day, other = place
    campaign, platform = (name, other) if member == _CAMPAIGN else (other, name)
    return FactKey(day, campaign, platform)  # type: ignore[arg-type]


def _grouped(items: Iterable[_Item], member: int, group: int) -> dict[tuple[object, str], dict[str, _Three]]:
    """Impressions, clicks and cost of each member (over its creators), by day and group."""
    found: dict[tuple[object, str], dict[str, _Three]] = defaultdict(dict)
    for key, row in items:
        name: Any = key[member]
        of = found[key[_DAY], str(key[group])]
        three = row[1:4]
        if name in of:
            three = tuple(map(sum, zip(of[name], three, strict=True)))
        of[name] = three
    return found


def _sentence(found: tuple[BareKey, int], member: int) -> str:
    (day, campaign, platform, *_), others = found
    what, which = ("campaign", campaign) if member == _CAMPAIGN else ("platform", platform)
    where = f"on {platform}" if member == _CAMPAIGN else f"for campaign {campaign}"
    return (
        f"{what.capitalize()} {which} looks like a total: {where}, {day}, its impressions, clicks and cost are exactly "
        f"the sum of the other {others} {what}s, and so wherever it is, so it would count twice. Nothing was stored; "
        "leave these rows out with records.where."
    )


def reads_as_footer(raw: object, keys: Collection[object]) -> bool:
    """True for a row behind the last real one of a file: one of its cells reads as a total, or its keys are empty."""
    if not isinstance(raw, dict):
        return False
    if any(type(value) is str and reads_as_total(value) for value in raw.values()):
        return True
    return all(key is None or (type(key) is str and not key.strip()) for key in keys)
