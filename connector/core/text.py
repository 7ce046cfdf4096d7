"""Text as people meant it: one Unicode form, the right letters, nothing invisible.

Order matters: look-alikes and composition first, then what cannot be seen, then the ends. Two spellings that are
both right ("hòa" and "hoà") stay two texts: stored text is never rewritten beyond what the eye cannot tell.
May import: the standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Letters that look like the Vietnamese đ and are another letter: NFKC does not repair them.
_LOOK_ALIKES = {0x00D0: "Đ", 0x0189: "Đ", 0x00F0: "đ", 0x0256: "đ"}

# Line ends of other systems, and spaces that break comparison: `&nbsp;` of web forms first of all.
_BLANKS = {0x000D: "\n", 0x0085: "\n", 0x2028: "\n", 0x2029: "\n", 0x00A0: " ", 0x2007: " ", 0x202F: " "}

# Controls (NUL ends a text in many programs; ESC paints terminals), soft hyphens, zero-width and direction marks.
_UNSEEN = (
    *range(0x09),
    *range(0x0B, 0x0D),
    *range(0x0E, 0x20),
    *range(0x7F, 0x85),
    *range(0x86, 0xA0),
    0xAD,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x206A),
    0xFEFF,
)
_REPAIR: dict[int, str | None] = {**_LOOK_ALIKES, **_BLANKS, **dict.fromkeys(_UNSEEN)}


def _any_of(codes: Iterable[int]) -> re.Pattern[str]:
    return re.compile("[" + "".join(re.escape(chr(code)) for code in sorted(codes)) + "]")


_SUSPECT, _LOOK_ALIKE, _HIDDEN = _any_of(_REPAIR), _any_of(_LOOK_ALIKES), _any_of(_UNSEEN)
_WORD = re.compile(r"[^\W_]+")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(value: str) -> str | None:
    """Return the text in NFC, with Đ for its look-alikes, one kind of line end, no unseen characters, trimmed.

    None: the text holds half a character (a lone surrogate), so nobody knows what was written. "" stays ""."""
    if not value.isascii():
        if _SURROGATE.search(value):
            return None
        value = unicodedata.normalize("NFC", value)
    if _SUSPECT.search(value):
        value = value.replace("\r\n", "\n").translate(_REPAIR)
        # Taking an unseen character away can bring a letter and its mark together.
        value = unicodedata.normalize("NFC", value)
    return value.strip()


def oddities(value: str) -> frozenset[str]:
    """Return what of a text the eye does not see: `broken`, `look_alike`, `unseen`, `decomposed`, `stray_mark`.

    A stray mark has no letter that it makes one with: marks in the wrong order (acute before circumflex) leave one, and
    no form of Unicode mends that. It is sent as it is; everything else here is what `clean` repairs or refuses."""
    if value.isascii() and not _SUSPECT.search(value):
        return frozenset()
    found = {"broken"} if _SURROGATE.search(value) else set()
    found |= {"look_alike"} if _LOOK_ALIKE.search(value) else set()
    found |= {"unseen"} if _HIDDEN.search(value.replace("\r\n", "\n")) else set()
    if not unicodedata.is_normalized("NFC", value):
        found.add("decomposed")
    if any(unicodedata.combining(letter) for letter in clean(value) or ""):
        found.add("stray_mark")
    return frozenset(found)


def one_line(value: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(value.split())


def folded(value: str) -> str:
    """Return a key under which two spellings of the same text are equal: for comparing, never to be stored or sent.

    Blind to case, punctuation, spaces, and to where a syllable carries its tone mark ("hòa", "hoà"). Everything that
    makes another word stays: letters with their hats and horns, and the tones themselves. "": nothing to compare."""
    return " ".join(_folded_word(word) for word in _WORD.findall((clean(value) or "").casefold()))


def bare(value: str) -> str:
    """Return a key for searching: small letters and digits without any mark, `đ` as `d`, words one space apart.

    Blind to what people leave out who type in a hurry: case, tones and where they stand, hats and horns, punctuation.
    So different words may share a key ("Thu", "Thư"): right for finding, wrong for telling apart."""
    if not value.isascii():
        letters = unicodedata.normalize("NFD", clean(value) or "")
        value = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(_WORD.findall(value.casefold().replace("đ", "d")))


def _folded_word(word: str) -> str:
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFD", word)
    tones = "".join(sorted(letter for letter in letters if letter in _TONES))
    return unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in _TONES)) + tones
