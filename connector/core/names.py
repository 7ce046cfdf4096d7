"""Names of tables and columns as people make them in Vietnam: NgayNhanDon, ngay_nhan_don, ngaynhan, "Ngày nhận đơn".

All of them are the same words without marks. What a name means is told from phrases of such words: the more of the name
a phrase explains, the surer.
May import: the standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_ABBREVIATIONS = {"sdt": "so dien thoai", "qd": "quyet dinh", "gq": "giai quyet", "xl": "xu ly", "cq": "co quan"}
_ABBREVIATIONS |= {
    "kn": "khieu nai",
    "tc": "to cao",
    "kq": "ket qua",
    "dv": "don vi",
    "vb": "van ban",
    "nd": "noi dung",
}

EXACT, MOST, PART = 1.0, 0.75, 0.55
"""How sure a name is: it is a phrase of the field; a phrase is most of it; a phrase stands in it."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a name may mean: the field, how sure, and the phrase that says so."""

    pattern: str
    score: float
    phrase: str


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in order, without marks, in lower case. Numbers are words of their own."""
    bare = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return tuple(word.lower() for word in _CAMEL.findall(plain))


def squashed(name: str) -> str:
    """Return the words of a name in one: NgayNhan and ngay_nhan are both `ngaynhan`."""
    return "".join(words_of(name))


def spelt_out(name: str) -> str:
    """Return the words of a name in one, with the abbreviations of the trade spelt out: so_qd is `soquyetdinh`."""
    return "".join(_ABBREVIATIONS.get(word, word).replace(" ", "") for word in words_of(name))


def best(name: str, vocabulary: Mapping[str, Iterable[str]], around: Iterable[str] = ()) -> tuple[Match, ...]:
    """Return what a name may mean by this vocabulary (field -> phrases), the surest first; empty if nothing.

    around: words that only say of what the name speaks, such as those of its table: they explain nothing and spoil
    nothing at the ends of a name."""
    found: dict[str, Match] = {}
    for spelling in dict.fromkeys((squashed(name), spelt_out(name))):
        for pattern, phrases in vocabulary.items():
            for phrase in phrases:
                score = _score(spelling, phrase.replace(" ", ""), around, name)
                if score and score > found.get(pattern, Match("", 0.0, "")).score:
                    found[pattern] = Match(pattern, score, phrase)
    return tuple(sorted(found.values(), key=lambda match: (-match.score, -len(match.phrase), match.pattern)))


def _score(name: str, phrase: str, around: Iterable[str], written: str) -> float:
    if name == phrase:
        return EXACT
    if phrase not in name or len(phrase) < 3:  # noqa: PLR2004 - shorter ones stand in every name
        return 0.0
    left = _without(name, phrase, tuple(around))
    if not left:
        return EXACT - 0.04
    parts = words_of(written)
    if len(parts) > 1 and not _at_words(parts, phrase):
        return 0.0
    share = len(phrase) / len(name)
    if share >= 0.6:  # noqa: PLR2004 - most of it
        return MOST + (share - 0.6) / 4 + (0.02 if name.startswith(phrase) else 0)
    return PART + share / 10 if share >= 0.4 and name.startswith(phrase) else 0.0  # noqa: PLR2004


def _without(name: str, phrase: str, around: tuple[str, ...]) -> str:
    """What a phrase leaves of a name once the words around are taken from both ends."""
    before, _, behind = name.partition(phrase)
    return _stripped(before, around) + _stripped(behind, around)


def _stripped(rest: str, around: tuple[str, ...]) -> str:
    while rest:
        word = next((word for word in around if word and rest.startswith(word)), "")
        if not word:
            return rest
        rest = rest[len(word) :]
    return rest


def _at_words(parts: tuple[str, ...], phrase: str) -> bool:
    """Whether the phrase begins and ends where words of the name do."""
    for at in range(len(parts)):
        joined = ""
        for part in parts[at:]:
            joined += _ABBREVIATIONS.get(part, part).replace(" ", "") if part not in phrase else part
            if joined == phrase:
                return True
    return False
