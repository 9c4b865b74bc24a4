"""Removal of markup from text that may speak of markup. Pure, in time linear in the text.

Titles such as ``Why <script> tags slow shops`` hold tags that are words. So a tag counts as markup
only if it belongs to a pair, has attributes, touches the text beside it, or is one that a text may
hold alone, such as ``<br>``. Names that HTML does not have are text unless they form a pair.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final

_INLINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark meter nobr "
    "output progress q ruby rt rp s samp small span strike strong sub sup time tt u var"
)
_ALONE = "br hr wbr"
_VOID = "area base col embed frame img input link meta param source track"
_OPTIONAL_END = (
    "p li td tr th dd dt option optgroup thead tbody tfoot colgroup caption html head body"
)
_BLOCK = (
    "address article aside blockquote button canvas center datalist details dialog dir div dl "
    "fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup legend main "
    "map marquee menu nav object ol picture pre search section select summary table textarea title "
    "ul audio video svg math applet"
)
_UNSEEN: Final = frozenset("script style template noscript iframe".split())
_STANDS_ALONE: Final = frozenset(_ALONE.split())
_NEEDS_NO_END: Final = frozenset(_OPTIONAL_END.split())
_BREAKING: Final = frozenset(["br", "hr", *_OPTIONAL_END.split(), *_BLOCK.split()])
_ELEMENTS: Final = _BREAKING | _UNSEEN | _STANDS_ALONE | {*_INLINE.split(), *_VOID.split()}

_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_INVISIBLE = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][A-Za-z][^<>]*>", re.DOTALL)
# No part of a tag passes a "<", so that a search reads every character a fixed number of times.
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[A-Za-z][\w:.-]*+)"
    r"(?:(?P<rest>(?:[^<>\"']++|\"[^<\"]*+\"|'[^<']*+')*+)>|(?P<loose>[^<>]*+)>)"
)
_CUT_TAG = re.compile(r"</?[A-Za-z][\w:.-]*\s+[\w:.-]+\s*=[^<>]*\Z")
_LONG_NUMBER = re.compile(r"&#([0-9]{8,}+);?")
_MAX_CODE_DIGITS: Final = 7
_SPOKEN_OF = re.compile(r"\s+(?:html\s+)?(?:tag|element|attribute)s?\b", re.IGNORECASE)
_BEFORE_A_WORD: Final = frozenset(" \t\r\n\"'`([\u2018\u201c\u00a0")
_AFTER_A_WORD: Final = frozenset(" \t\r\n\"'`)].,;:!?\u2019\u201d\u2026\u00a0")


@dataclass(slots=True)
class _Tag:
    name: str
    start: int
    end: int
    is_end: bool
    has_attributes: bool
    is_word: bool
    is_spoken_of: bool
    pair: _Tag | None = None


def without_markup(markup: str) -> str:
    """Return the text of markup with character references resolved once.

    Tags, comments and declarations are removed, scripts and styles with their content; block
    elements become spaces; the content of CDATA sections stays.
    """
    text = _CDATA.sub(r"\1", markup)
    text = _CUT_TAG.sub("", _INVISIBLE.sub("", text))
    tags = _tags(text)
    is_html = any(_is_certain(tag) for tag in tags)
    parts, at = [], 0
    for tag in tags:
        if tag.start < at or not _is_markup(tag, is_html):
            continue
        parts.append(_unescaped(text[at : tag.start]))
        if tag.name in _BREAKING:
            parts.append(" ")
        at = _end_of(tag, len(text))
    parts.append(_unescaped(text[at:]))
    return "".join(parts)


def _unescaped(text: str) -> str:
    # html.unescape raises ValueError on more digits than Python converts.
    return html.unescape(_LONG_NUMBER.sub(_short_number, text))


def _short_number(match: re.Match[str]) -> str:
    digits = match[1].lstrip("0") or "0"
    return f"&#{digits};" if len(digits) <= _MAX_CODE_DIGITS else "\ufffd"


def _tags(text: str) -> list[_Tag]:
    found, is_open = [], dict[str, list[_Tag]]()
    for match in _TAG.finditer(text):
        tag = _tag(match, text)
        found.append(tag)
        beginnings = is_open.setdefault(tag.name, [])
        if tag.is_spoken_of:
            continue
        if not tag.is_end:
            beginnings.append(tag)
        elif beginnings:
            tag.pair = beginnings.pop()
            tag.pair.pair = tag
    return found


def _tag(match: re.Match[str], text: str) -> _Tag:
    start, end = match.span()
    is_word = (start == 0 or text[start - 1] in _BEFORE_A_WORD) and (
        end == len(text) or text[end] in _AFTER_A_WORD
    )
    rest = (match["rest"] or match["loose"] or "").strip().rstrip("/")
    return _Tag(
        name=match["name"].lower(),
        start=start,
        end=end,
        is_end=bool(match["end"]),
        has_attributes=bool(rest),
        is_word=is_word,
        is_spoken_of=is_word and bool(_SPOKEN_OF.match(text, end)),
    )


def _is_certain(tag: _Tag) -> bool:
    """Return whether a tag is markup wherever it stands."""
    if tag.pair is not None:
        return True
    known = tag.name in _ELEMENTS and not tag.is_spoken_of
    return known and (tag.has_attributes or tag.name in _STANDS_ALONE)


def _is_markup(tag: _Tag, is_html: bool) -> bool:
    if _is_certain(tag):
        return True
    if tag.name not in _ELEMENTS or tag.is_spoken_of:
        return False
    return not tag.is_word or (tag.name in _NEEDS_NO_END and (is_html or tag.start == 0))


def _end_of(tag: _Tag, size: int) -> int:
    """Return where the text goes on after a tag, which is after the content that is not shown."""
    if tag.name not in _UNSEEN or tag.is_end:
        return tag.end
    return tag.pair.end if tag.pair is not None else size
