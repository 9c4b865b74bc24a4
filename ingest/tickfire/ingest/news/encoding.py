"""Text of an XML document from its bytes, whatever their encoding is said to be. Pure.

A byte that is not valid in UTF-8 is read alone as Windows-1252, so that one stray byte spoils one
character and not the whole document. A document that is Windows-1252 throughout, but does not say
so, is read correctly by the same rule.
"""

from __future__ import annotations

import codecs
import html
import re
from typing import Final

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\x00?\x00", "utf-16-le"),
    (b"\x00<\x00?", "utf-16-be"),
)
_SUPERSETS: Final = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949", "shift_jis": "cp932", "big5": "cp950",
}  # fmt: skip
"""Encodings that are written where a smaller one is named."""
_STATEFUL: Final = frozenset(
    ("utf-7", "hz", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_kr")
)
"""Encodings whose bytes are valid UTF-8 and mean something else."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:-]+)[\"']", re.IGNORECASE)
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_CUT_CHARACTER = re.compile("[\udcc2-\udcf4][\udc80-\udcbf]{1,2}")
_STRAY: Final = {
    0xDC00 + byte: bytes((byte,)).decode("cp1252", "replace") for byte in range(128, 256)
}
_HEAD_BYTES: Final = 1024

_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REFERENCES = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    r"|&(?:\#\d{1,7};|\#[xX][0-9a-fA-F]{1,6};|\w{1,31};)?|<(?![A-Za-z_/!?:])",
    re.DOTALL,
)
_OF_XML: Final = frozenset(("&lt;", "&gt;", "&amp;", "&quot;", "&apos;"))


def decode(body: bytes, content_type: str = "") -> str:
    """Return the text of a document.

    Parameters
    ----------
    body : bytes
    content_type : str
        Value of the ``Content-Type`` header.

    Notes
    -----
    A byte order mark decides. Without one, bytes that are UTF-8 but for a few are UTF-8, even if
    another encoding is named. Otherwise the header or the XML declaration names the encoding.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            text = _repaired_utf8(body) if encoding == "utf-8" else body.decode(encoding, "replace")
            return text.removeprefix("\ufeff")
    named = _named(body, content_type)
    if named in _STATEFUL:
        return body.decode(named, "replace")
    if named == "utf-8" or _is_utf8(body):
        return _repaired_utf8(body)
    return body.decode(named, "replace")


def repaired_xml(text: str) -> str:
    """Return XML without the usual errors that end a strict parser's work.

    A bare ``&`` or ``<`` becomes a reference, references with HTML's names become numbers, and
    characters that XML forbids are removed. CDATA sections and comments stay as they are.
    """
    text = _DECLARATION.sub("", text)
    return _REFERENCES.sub(_repaired_reference, _NOT_XML.sub("", text))


def _repaired_reference(match: re.Match[str]) -> str:
    found = match[0]
    if found.startswith("<!") or found in _OF_XML:
        return found
    if found == "<":
        return "&lt;"
    resolved = _NOT_XML.sub("", html.unescape(found)) if len(found) > 1 else found
    if resolved == found or (found[1:2] != "#" and resolved.endswith(";")):
        return "&amp;" + found[1:]
    return "".join(f"&#{ord(each)};" for each in resolved)


def _is_utf8(body: bytes) -> bool:
    """Return whether most of the bytes beyond ASCII are characters of UTF-8."""
    text = body.decode("utf-8", "replace")
    invalid = text.count("\ufffd")
    return not invalid or len(text) - sum(map(str.isascii, text)) > 2 * invalid


def _repaired_utf8(body: bytes) -> str:
    text = body.decode("utf-8", "surrogateescape")  # a stray byte is U+DC00 and its value
    if _is_utf8(body):
        text = _CUT_CHARACTER.sub("\ufffd", text)
    return text.translate(_STRAY)


def _named(body: bytes, content_type: str) -> str:
    """Return the encoding that the header or the declaration names, ``utf-8`` if it is unknown."""
    declared = _DECLARED.search(body[:_HEAD_BYTES])
    names = (_CHARSET.search(content_type), declared)
    for match in names:
        name = match[1] if match else ""
        try:
            found = codecs.lookup(name if isinstance(name, str) else name.decode()).name
            b"".decode(found)
        except (LookupError, UnicodeError, ValueError):
            continue
        if not found.startswith(("utf-16", "utf-32")):  # its first bytes would have shown it
            return _SUPERSETS.get(found, found)
    return "utf-8"
