"""Times of publication, as feeds and news APIs write them. Pure.

Names of time zones are ambiguous: IST is the time of India, of Ireland or of Israel. The country
of the publisher's address decides if it has one, ``.ie`` or ``.il``; otherwise the name has its
most frequent meaning in financial news, here that of India.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tickfire.base.units import NS_PER_S

_HOURS: Final = {
    "utc": 0, "ut": 0, "gmt": 0, "z": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2,
    "met": 1, "mest": 2, "mez": 1, "mesz": 2, "eet": 2, "eest": 3, "msk": 3, "trt": 3, "sast": 2,
    "cat": 2, "eat": 3, "wat": 1, "gst": 4, "pkt": 5, "ist": 5.5, "npt": 5.75, "ict": 7, "wib": 7,
    "wita": 8, "wit": 9, "hkt": 8, "sgt": 8, "myt": 8, "pht": 8, "awst": 8, "jst": 9, "kst": 9,
    "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "brt": -3,
    "brst": -2, "art": -3, "clt": -4, "clst": -3, "cot": -5, "pet": -5, "vet": -4, "nst": -3.5,
    "ndt": -2.5, "ast": -4, "adt": -3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "idt": 3, "irst": 3.5,
    "aoe": -12, "mmt": 6.5, "uzt": 5, "almt": 5, "get": 4, "amt": -4, "wst": 8, "lmt": 0,
}  # fmt: skip
"""Hours ahead of UTC."""

_PLACES: Final = {
    "et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}  # fmt: skip
"""Names that stand for both standard and summer time."""

_BY_COUNTRY: Final = {
    "ist": {"ie": 1, "il": 2},
    "bst": {"bd": 6},
    "cst": {"cn": 8, "tw": 8, "hk": 8, "mo": 8, "cu": -5},
    "ast": {"sa": 3, "ae": 4, "bh": 3, "kw": 3, "qa": 3, "iq": 3},
    "est": {"au": 10},
    "edt": {"au": 11},
    "pst": {"ph": 8},
    "mst": {"my": 8},
    "gst": {"gs": -2},
    "sst": {"sg": 8},
    "amt": {"am": 4},
    "wst": {"ws": 13},
}
"""Hours of ambiguous names, by the country of the publisher's address."""

_DIGIT = re.compile(r"\d")
_CLOCK = re.compile(r"\d:\d\d(?::\d\d)?(?:\.\d+)?(?:\s*[ap]\.?m\.?)?", re.IGNORECASE)
_ZONE = re.compile(r"\b([a-z]{2,5}|z|[a-z]+/[a-z_/]+)\b", re.IGNORECASE)
_OFFSET = re.compile(r"(?:\b(?:utc|gmt))?\s*([+-])(\d{1,2}):?(\d\d)?\b", re.IGNORECASE)
_REMARK = re.compile(r"\([^()]*\)")
_DIGITS = re.compile(r"-?\d{1,19}(?:\.\d+)?")
_FORMATS: Final = (
    "%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%d %b %Y", "%d %B %Y %H:%M:%S", "%d %B %Y %H:%M",
    "%d %B %Y", "%d %b %y %H:%M:%S", "%b %d %Y %H:%M:%S", "%b %d %Y %H:%M", "%b %d %Y",
    "%B %d %Y %H:%M:%S", "%B %d %Y %H:%M", "%B %d %Y", "%b %d %Y %I:%M:%S %p", "%b %d %Y %I:%M %p",
    "%B %d %Y %I:%M:%S %p", "%B %d %Y %I:%M %p", "%d %b %Y %I:%M:%S %p", "%d %b %Y %I:%M %p",
    "%d %B %Y %I:%M:%S %p", "%d %B %Y %I:%M %p", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y",
    "%b %d %H:%M:%S %Y", "%d %b %y %H:%M", "%Y-%m-%d %I:%M:%S %p", "%Y-%m-%d %I:%M %p",
)  # fmt: skip
_WEEKDAY = re.compile(r"\A(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_NOISE = re.compile(
    r"\bat\b|,|\s[-\u2013|]\s|\(\)|(?<=\d)-(?=[A-Za-z])|(?<=[A-Za-z])-(?=\d)|(?<=[A-Za-z])\."
    r"|(?<=\d)(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
MAX_TEXT: Final = 80


def parse_time(text: str, host: str = "") -> int | None:
    """Parse a time in one of the usual forms.

    Forms are ISO 8601, RFC 822, ``July 1, 2024 4:05 PM ET`` and its kin, and numbers: seconds,
    milliseconds, microseconds or nanoseconds since the Unix epoch, told apart by their size. A
    time without a zone, or with an unknown one, is in UTC.

    Parameters
    ----------
    text : str
    host : str
        Host of the publisher's address, whose country decides between zones of one name.

    Returns
    -------
    int or None
        Time in ns since the Unix epoch; None if the text is not a time.
    """
    text = " ".join(text[:MAX_TEXT].split())
    if not _DIGIT.search(text):
        return None
    try:
        if _DIGITS.fullmatch(text):
            return _from_number(text)
        moment = _parse(text, host)
        return None if moment is None else _ns(moment)
    except (ValueError, OverflowError):
        return None


def _parse(text: str, host: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    bare, zone = _without_zone(text, host)
    moment_or_none = _parse_bare(bare)
    return None if moment_or_none is None else moment_or_none.replace(tzinfo=zone)


def _without_zone(text: str, host: str) -> tuple[str, tzinfo]:
    """Return a text without what follows its clock time and names a zone, and that zone."""
    clock = _CLOCK.search(text)
    if clock is None:
        return text, UTC
    before, after = text[: clock.end()], text[clock.end() :]
    if offset := _OFFSET.search(after):
        return before + after[: offset.start()], _offset(offset)
    after = _REMARK.sub("", after) if _ZONE.search(_REMARK.sub("", after)) else after
    for match in _ZONE.finditer(after):
        zone = _zone(match[1], host.rpartition(".")[2])
        if zone is not None:
            return before + after[: match.start()].rstrip("( ") + after[match.end() :], zone
    return text, UTC


def _offset(match: re.Match[str]) -> tzinfo:
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _zone(name: str, country: str) -> tzinfo | None:
    lower = name.lower()
    place = _PLACES.get(lower, name if "/" in name else "")
    if place:
        try:
            return ZoneInfo(place)
        except (ZoneInfoNotFoundError, ValueError):
            return None
    hours = _BY_COUNTRY.get(lower, {}).get(country, _HOURS.get(lower))
    return None if hours is None else timezone(timedelta(hours=hours))


def _parse_bare(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    text = " ".join(_NOISE.sub(" ", _WEEKDAY.sub("", text)).split())
    text = re.sub(r"\bsept\b", "Sep", text, flags=re.IGNORECASE)
    text = re.sub(r"(\d)\s*([ap])\.?\s*m\.?\Z", r"\1 \2m", text, flags=re.IGNORECASE)
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    parts = parsedate_tz(text)
    return datetime(*parts[:6]) if parts else None


def _from_number(text: str) -> int | None:
    value = abs(float(text))
    if re.fullmatch(r"(?:19|20)\d{6}(?:\d{6})?", text):
        return _ns(datetime.strptime(f"{text:0<14}", "%Y%m%d%H%M%S").replace(tzinfo=UTC))
    if value < 1e8:  # a year, or nothing at all
        return None
    digits = next(power for power in (0, 3, 6, 9, 12) if value < 1e11 * 10**power or power == 12)
    whole, _, fraction = text.partition(".")
    scale = max(9 - digits, 0)
    return int(whole) * int(10**scale) + int(fraction[:scale].ljust(scale, "0") or 0)


def _ns(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * NS_PER_S + since.microseconds * 1000
