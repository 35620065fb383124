"""Currency signs as people write them beside an amount, and the currencies that each can mean."""

from __future__ import annotations

import re

_SIGNS = {
    "$": (
        "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP UYU DOP BRL JMD TTD BBD BSD BZD BMD KYD XCD FJD GYD LRD NAD SRD "
        "SBD BND CUP NIO"
    ),
    "us$": "USD",
    "a$ au$": "AUD",
    "c$": "CAD NIO",
    "ca$ can$": "CAD",
    "nz$": "NZD",
    "s$ sg$": "SGD",
    "hk$": "HKD",
    "nt$": "TWD",
    "mx$ mex$": "MXN",
    "ar$": "ARS",
    "cl$ clp$": "CLP",
    "co$ col$ cop$": "COP",
    "r$": "BRL",
    "rd$": "DOP",
    "€": "EUR",
    "£": "GBP EGP LBP SYP GIP FKP SHP SDG",
    "e£": "EGP",
    "¥": "JPY CNY",
    "jp¥ 円": "JPY",
    "cn¥ rmb 元": "CNY",
    "₹": "INR",
    "rs": "INR PKR LKR NPR MUR SCR",
    "kr": "SEK NOK DKK ISK",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON MDL",
    "лв": "BGN",
    "fr sfr": "CHF",
    "₽ руб": "RUB",
    "₺ tl": "TRY",
    "₩": "KRW",
    "฿": "THB",
    "₫ đ": "VND",
    "rp": "IDR",
    "rm": "MYR",
    "r": "ZAR",
    "₱": "PHP",
    "₪": "ILS",
    "₴": "UAH",
    "₦": "NGN",
    "₵ gh₵": "GHS",
    "ksh": "KES",
    "dh dhs": "AED MAD",
    "sr": "SAR",
    "﷼": "SAR IRR QAR YER OMR",
    "s/": "PEN",
    "b/": "PAB",
    "bs": "BOB VES",
    "₡": "CRC",
    "₲": "PYG",
    "₸": "KZT",
    "₾": "GEL",
    "֏": "AMD",
    "₼": "AZN",
    "৳": "BDT",
    "៛": "KHR",
    "₭": "LAK",
    "₮": "MNT",
}
_CODES = {sign: frozenset(codes.split()) for signs, codes in _SIGNS.items() for sign in signs.split()}


def may_mean(sign: str, currency: str) -> bool | None:
    """Whether `sign` can stand for `currency`, as a sign or as a code of three letters; None when it is none at all."""
    plain = sign.removesuffix(".").replace("￥", "¥")
    known = _CODES.get(plain.casefold())
    if known is not None:
        return currency in known
    if plain.upper() == currency:
        return True
    return False if re.fullmatch("[A-Z]{3}", plain) else None
