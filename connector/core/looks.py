"""What the text of a column looks like: in which encoding its words are words that Vietnamese can write.

For `kntc mapping inspect`, never for a run: a person declares, nothing is decoded on a guess. Nothing here keeps or
returns a text, only counts.
May import: encodings, text, the standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from connector.core.encodings import ENCODINGS, decoded
from connector.core.text import oddities

UNICODE, OTHER = "unicode", "other"

_GUESSED = tuple(name for name in ENCODINGS if name != "tcvn3-upper")  # the same codes: only a person sees the font

_ONSET = "ngh|ng|nh|n|gh|gi|g|kh|k|ch|c|ph|p|th|tr|t|qu|b|d|đ|h|l|m|r|s|v|x"
_NUCLEUS = (
    "uyê|uya|uyu|iêu|yêu|oai|oay|oao|oeo|uây|uôi|ươi|ươu|ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|oa|oă|oe|oi|oo|ôi|ơi"
    "|ua|uâ|uê|ui|uô|uơ|uy|ưa|ưi|ươ|ưu|yê|a|ă|â|e|ê|i|o|ô|ơ|u|ư|y"
)
_SYLLABLE = re.compile(f"(?:{_ONSET})?(?:{_NUCLEUS})(?:ngh|ch|ng|nh|c|m|n|p|t)?")
_ABBREVIATION = re.compile("[A-ZĐ]{2,6}")  # QĐ, HĐND: half of all numbers of documents
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")

# Signs of Latin-1 are letters of the old encodings, so only ASCII and what Word types between words parts them.
_WORD = re.compile(r"[^\x00-@\[-`{-\x7f\s\u2013\u2014\u2018-\u201e\u2026]+")


@dataclass(slots=True)
class Looks:
    """What was seen of one column. Shares are of `accented`, the texts with anything beyond ASCII."""

    texts: int = 0
    accented: int = 0
    looks: Counter[str] = field(default_factory=Counter)
    misfits: int = 0  # not in the declared encoding
    odd: Counter[str] = field(default_factory=Counter)

    def add(self, value: Any, declared: str = "") -> None:
        """Count one value of the column, whose encoding may be declared. What is no text is not counted."""
        if not isinstance(value, (str, bytes, bytearray, memoryview)):
            return
        self.texts += 1
        if (value if isinstance(value, str) else bytes(value)).isascii():
            self.odd.update(oddities(value) if isinstance(value, str) else ())
            return
        self.accented += 1
        look = looks_like(value)
        self.looks[look] += 1
        text = decoded(value, declared) if declared else _unicode(value)
        if declared and text is None:
            self.misfits += 1
        elif text is not None and (declared or look in (UNICODE, OTHER)):  # in TCVN3 every 0xAD would look odd
            self.odd.update(oddities(text))
        if (declared or look) == "tcvn3" and _in_capital_font(decoded(value, "tcvn3") or ""):
            self.odd["capital_font"] += 1

    def percent(self, look: str) -> int:
        """The share of one encoding; 100 only if it is all of them, 0 only if it is none."""
        count = self.looks[look]
        if count in (0, self.accented):
            return 100 if count else 0
        return min(99, max(1, round(100 * count / self.accented)))


def looks_like(value: str | bytes | bytearray | memoryview) -> str:
    """Return `unicode`, the name of an old encoding, or `other`: in what most words beyond ASCII can be Vietnamese.

    Unicode where two fit as well: short words can be right in both (`Lê`)."""
    best, most = OTHER, 0.5
    for name in (UNICODE, *_GUESSED):
        text = _unicode(value) if name == UNICODE else decoded(value, name)
        share = _share(text, capital_font=name == "tcvn3") if text else 0.0
        if share > most:
            best, most = name, share
    return best


def _unicode(value: str | bytes | bytearray | memoryview) -> str | None:
    if isinstance(value, str):
        return value
    try:
        return bytes(value).decode()
    except UnicodeDecodeError:
        return None


def _in_capital_font(text: str) -> bool:
    """Whether a word has small letters with marks among capitals: what was drawn by a font of capitals (`NGUYễN`)."""
    words = [word for word in _WORD.findall(text) if not word.isascii() and not word.isupper()]
    return any("".join(filter(str.isascii, word))[1:].isupper() for word in words)


def _share(text: str, *, capital_font: bool) -> float:
    """How many of the words beyond ASCII can be Vietnamese, 0 to 1."""
    words = [word for word in _WORD.findall(unicodedata.normalize("NFC", text)) if not word.isascii()]
    return sum(_is_vietnamese(word, capital_font=capital_font) for word in words) / len(words) if words else 0.0


def _is_vietnamese(word: str, *, capital_font: bool) -> bool:
    """Whether this can be a syllable: its letters in order, one tone at most, and capitals where people put them.

    In a capital font the letters with marks have the codes of small ones, between capitals of ASCII."""
    if _ABBREVIATION.fullmatch(word):
        return True
    typed = "".join(letter for letter in word if letter.isascii()) or word if capital_font else word
    if not (typed.islower() or typed.isupper() or (word[:1].isupper() and word[1:].islower())):
        return False
    letters = unicodedata.normalize("NFD", word.lower())
    bare = unicodedata.normalize("NFC", "".join(letter for letter in letters if letter not in _TONES))
    return sum(letter in _TONES for letter in letters) <= 1 and _SYLLABLE.fullmatch(bare) is not None
