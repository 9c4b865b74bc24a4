"""Listings in the text of news, such as ``(NYSE American: ABC; TSX: DEF)``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_FAMILIES = (
    "nyse nasdaq tsx otc cboe euronext omx bats aquis wienerborse oslobors deutscheborse "
    "deutscheboerse"
)
"""Beginnings of the names of exchanges and of their markets, such as Nasdaq Global Select."""
_CODES = (
    "amex arca aim ams asx b3 ber bcba bist bit bkk bme bmad bmv bolsa borsaitaliana bru bse bvmf "
    "chix cnsx cph cse cve dfm dus dax ebr egx ele epa eti etr fra frankfurt fse fwb gettex hel "
    "hkex hkg hkse hose hsx idx ice iex isin ise ist jpx jse klse kosdaq kospi krx lis lon lse "
    "lsx ltse mcx mex mil mise moex mta mun munich neo neoexchange nse nsei nzx ose osl oslo "
    "otcmkts "
    "paris pink pinksheets pse psx qse sehk ses set sgx sha she shse six sse ssx  "
    "sto stockholm stu stuttgart swx sz szse tadawul tase tlv tokyo tradegate tse tsxv twse tyo "
    "usotc vie vse wse wsx xetra xhkg xlon xnas xnys xpar xtse"
)
_WORDS = "ticker tickers symbol symbols tickersymbol stocksymbol stockticker"
_NAMES: Final = frozenset(f"{_CODES} {_WORDS}".split())
_NUMBERED: Final = frozenset(
    "asx bse hkex hkg hkse jpx jse kosdaq kospi krx klse nse nsei sehk ses sgx sha she shse sse sz "
    "szse tadawul tokyo tse twse tyo xhkg hongkongstockexchange tokyostockexchange "
    "shanghaistockexchange shenzhenstockexchange koreaexchange taiwanstockexchange".split()
)
"""Exchanges whose symbols may be numbers."""
_IS_NAME = re.compile(
    rf"(?:{'|'.join(_FAMILIES.split())})\w*|\w*(?:stock|securities)exchange|\w+bourse"
)

_BRACKETS = re.compile(r"[(\[{]([^()\[\]{}]{3,300})[)\]}]")
_BARE = re.compile(r"\b([A-Za-z]+):([A-Z]{1,6}(?:[.-][A-Z]{1,2})?)\b(?![.:/-]?\w)")
_BETWEEN = re.compile(r"[;,|]|\s+(?:and|or|&)\s+|\s+/\s+")
_SYMBOL = re.compile(
    r"[\s$\"'\u2018\u201c]*"
    r"(?P<symbol>[A-Z0-9]{1,12}(?:[./-][A-Z0-9]{1,3}){0,2}|[A-Z]{1,6} [A-Z])"
    r"[.\"'\u2019\u201d*]*(?=\s*\Z|\s+[^\w\s])"
)


def listings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the symbol of each listing, as it is written.

    Listings stand in brackets, ``(Nasdaq: ABC, DEF; TSX-V: GHI)``, or have no space after the
    colon, ``NYSE:ABC``.
    """
    for brackets in _BRACKETS.finditer(text):
        yield from _in_brackets(brackets[1], brackets.start(1))
    for match in _BARE.finditer(text):
        if _is_exchange(match[1]) and match[1].isupper():
            yield match.start(2), match[2]


def _in_brackets(content: str, offset: int) -> Iterator[tuple[int, str]]:
    exchange = ""
    for start, part in _parts(content):
        before, colon, after = part.rpartition(":")
        if colon:
            names = re.split(r"[/,]|\s-\s|:", before)
            exchange = next((name for name in reversed(names) if _is_exchange(name)), "")
        symbol = _SYMBOL.match(after) if exchange else None
        if symbol is not None and _fits(symbol["symbol"], exchange):
            at = offset + start + len(before) + len(colon) + symbol.start("symbol")
            yield at, symbol["symbol"]


def _parts(content: str) -> Iterator[tuple[int, str]]:
    start = 0
    for between in _BETWEEN.finditer(content):
        yield start, content[start : between.start()]
        start = between.end()
    yield start, content[start:]


def _is_exchange(name: str) -> bool:
    compact = _compact(name)
    return compact in _NAMES or bool(_IS_NAME.fullmatch(compact))


def _fits(symbol: str, exchange: str) -> bool:
    return not symbol[0].isdigit() or not symbol.isdigit() or _compact(exchange) in _NUMBERED


def _compact(name: str) -> str:
    return re.sub(r"^the|[\W_]+", "", name.casefold())
