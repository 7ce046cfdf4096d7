"""Text of before Unicode: what the bytes of a column mean that a mapping declares as TCVN3, VNI or cp1258.

Such text reaches us as bytes, or as a text in which a driver took every byte for a character of its own ("NguyÔn");
both are read alike. What does not fit the declared encoding is never guessed: it cannot be read. Decoding comes
before all cleaning, because 0xAD, a soft hyphen elsewhere, is the letter ư in TCVN3.
Sources: TCVN 5712:1993, whose table VN3 is (as glibc has it under TCVN5712-1, 0xA1 to 0xFF); the code table of
VNI fonts for Windows; the codec cp1258 of the standard library.
May import: the standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

Decode = Callable[[bytes], str | None]
"""Given the bytes: the text in NFC, or None if they are not in this encoding."""

VIETNAMESE = frozenset(
    unicodedata.normalize("NFC", letter + hat + tone)
    for letters, hats in (("aeiouyAEIOUY", ("",)), ("aeoAEO", ("\u0302",)), ("aA", ("\u0306",)), ("ouOU", ("\u031b",)))
    for letter in letters
    for hat in hats
    for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
) | {"đ", "Đ"}
"""The vowels of Vietnamese with and without their marks, and đ, as single letters of Unicode."""

# 0x80 to 0x9F are the typographic signs of Windows in the fonts of both encodings: quotes of Word, dashes, dots.
_SIGNS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}

_LATIN = {ord(sign): chr(code) for code, sign in _SIGNS.items() if sign}
_UNICODE = VIETNAMESE | {sign for sign in _SIGNS.values() if sign}
_ESCAPED = re.compile("[\udc80-\udcff]")


def _as_bytes(value: str | bytes | bytearray | memoryview) -> bytes | None:
    """The bytes behind a value; None if it is Unicode after all, so something else than declared."""
    raw = _written(value) if isinstance(value, str) else bytes(value)
    if raw is None or raw.isascii():
        return raw
    try:
        # Letters of the old encodings hardly stand side by side as UTF-8 needs them, and then give no Latin letters.
        text = raw.decode()
    except UnicodeDecodeError:
        return raw
    return None if all(letter < "\u0100" or letter in _UNICODE for letter in text) else raw


def _written(text: str) -> bytes | None:
    """The bytes of which a driver made this text: one character each, or escaped where they were no UTF-8."""
    try:
        if _ESCAPED.search(text):
            return text.encode("utf-8", "surrogateescape")
        return text.translate(_LATIN).encode("latin-1")
    except UnicodeEncodeError:
        return None


def _whole(text: str) -> str | None:
    """The text in NFC; None if a mark is left that belongs to no letter before it: then nobody knows the letter."""
    text = unicodedata.normalize("NFC", text)
    return None if any(unicodedata.combining(letter) for letter in text) else text


# --- TCVN3

# From 0xA0 on. The five marks stand alone (0xB0 to 0xB4) and count only where they make one letter with the one before.
_TCVN3_LETTERS = (
    "\u00a0ĂÂÊÔƠƯĐăâêôơưđẰ"
    "\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽ"
    "éẹềểễếệìỉỄẾỒĩíịò"
    "Ổỏõóọồổỗốộờởỡớợù"
    "ỖủũúụừửữứựỳỷỹýỵỐ"
)
_TCVN3 = {**_SIGNS, **{0xA0 + at: letter for at, letter in enumerate(_TCVN3_LETTERS)}}
_WRITTEN = _UNICODE | {"\u00a0"}
_MARK = re.compile(b"[\xb0-\xb4]")
_NO_SIGN = re.compile(b"[" + re.escape(bytes(code for code, sign in _SIGNS.items() if not sign)) + b"]")


def _tcvn3(raw: bytes) -> str | None:
    if _NO_SIGN.search(raw):
        return None
    text = _whole(raw.decode("latin-1").translate(_TCVN3))
    if text is None or not _MARK.search(raw):
        return text
    # Not every mark is one: n° is no ǹ, but the sign of a number in a font that has it.
    return text if all(letter.isascii() or letter in _WRITTEN for letter in text) else None


def _tcvn3_upper(raw: bytes) -> str | None:
    """Capitals of a capital font (.VnTimeH) have the codes of small letters: the case is not in the data."""
    text = _tcvn3(raw)
    return None if text is None else text.upper()


# --- VNI

_TONES = "\u0301\u0300\u0309\u0303\u0323"  # acute, grave, hook, tilde, dot below
_VNI_SINGLE = dict(zip("ñôöíìæóòîÑÔÖÍÌÆÓÒÎ", "đơưíìỉĩịỵĐƠƯÍÌỈĨỊỴ", strict=True))
_VNI_MARKS = {
    **dict(zip("ùøûõï", ((tone, "aeouyôö") for tone in _TONES), strict=True)),
    **dict(zip("âáàåãä", (("\u0302" + tone, "aeo") for tone in ("", *_TONES)), strict=True)),
    **dict(zip("êéèúüë", (("\u0306" + tone, "a") for tone in ("", *_TONES)), strict=True)),
}


def _vni_pairs() -> dict[str, str]:
    """Letter and mark, as VNI writes them, to the one letter that they are. A mark may be of either case."""
    pairs: dict[str, str] = {}
    for mark, (added, letters) in _VNI_MARKS.items():
        for letter in letters + letters.upper():
            whole = unicodedata.normalize("NFC", _VNI_SINGLE.get(letter, letter) + added)
            pairs |= {letter + mark: whole, letter + mark.upper(): whole}
    return pairs


_VNI: Mapping[str, str] = {
    **{chr(code): sign for code, sign in _SIGNS.items() if sign},
    **_VNI_SINGLE,
    **{letter: letter for letter in map(chr, (*range(0x80), *range(0xA0, 0xC0), 0xD7, 0xF7))},
    **_vni_pairs(),
}
_VNI_UNIT = re.compile(r"[aeouyôöAEOUYÔÖ][à-åè-ëïõùúûüøÀ-ÅÈ-ËÏÕÙÚÛÜØ]|.", re.DOTALL)


def _vni(raw: bytes) -> str | None:
    try:
        return "".join([_VNI[unit] for unit in _VNI_UNIT.findall(raw.decode("latin-1"))])
    except KeyError:  # a mark without a letter that could bear it
        return None


# --- cp1258


def _cp1258(raw: bytes) -> str | None:
    try:
        return _whole(raw.decode("cp1258"))
    except UnicodeDecodeError:
        return None


ENCODINGS: Mapping[str, Decode] = {"tcvn3": _tcvn3, "tcvn3-upper": _tcvn3_upper, "vni": _vni, "cp1258": _cp1258}
"""What a mapping may declare. Raise transforms.VERSION when one of them answers differently than before."""


def decoded(value: Any, encoding: str) -> Any:
    """Return the text that a value means in the declared encoding; None if it is not in it.

    What is neither text nor bytes is returned as it is: a number has no encoding."""
    if not isinstance(value, (str, bytes, bytearray, memoryview)):
        return value
    raw = _as_bytes(value)
    return None if raw is None else ENCODINGS[encoding](raw)
