"""Names of all syllables that Vietnamese can write: nobody's, but of every letter and mark that names can have."""

import random
import unicodedata

_ONSETS = (
    *("", "b", "c", "ch", "d", "đ", "g", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh", "p", "ph", "qu"),
    *("r", "s", "t", "th", "tr", "v", "x"),
)
_NUCLEI = (
    *("a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y", "ai", "ao", "au", "ay", "âu", "ây", "eo", "êu"),
    *("ia", "iê", "oa", "oă", "oe", "oi", "ôi", "ơi", "ua", "uâ", "uê", "uô", "ui", "ươ", "ưa", "uy", "uyê", "yê"),
)
_CODAS = ("", "c", "ch", "m", "n", "ng", "nh", "p", "t")
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")


def syllable(rng: random.Random) -> str:
    """Return one syllable in small letters, NFC, its tone on a letter of its nucleus."""
    nucleus = rng.choice(_NUCLEI)
    at = rng.randrange(len(nucleus)) + 1
    toned = nucleus[:at] + rng.choice(_TONES) + nucleus[at:]
    return unicodedata.normalize("NFC", rng.choice(_ONSETS) + toned + rng.choice(_CODAS))


def names(count: int, seed: int) -> list[str]:
    """Return so many names in NFC, most as people write them, some in capitals, as clerks type them."""
    rng = random.Random(seed)
    pool = [syllable(rng) for _ in range(20_000)]
    made = [" ".join(word.capitalize() for word in rng.choices(pool, k=rng.randint(2, 4))) for _ in range(count)]
    return [name.upper() if number % 5 == 4 else name for number, name in enumerate(made)]
