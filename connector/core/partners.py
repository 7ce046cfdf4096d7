"""Which national code a local one may mean: proposals for a person, each with its reason and how sure it is.

Nothing here decides. A local code that a map already answers is compared with what the national list says today; any
other one is looked for by its code, then by its name, then by the words of its name.
May import: catalogue, text, the standard library.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from connector.core.catalogue import CatalogueEntry
from connector.core.text import folded

ALIKE = 60
"""Percent of the words of two names that must be the same to call them alike."""

COMMON = 200
"""A word that more names than this hold (`xã`, `lĩnh vực`) tells nothing, and is not looked up."""

MAX_CANDIDATES = 5


class Reason(StrEnum):
    """Why a national code is proposed, or why none is. The words stand in messages.toml as `match.reason.<reason>`."""

    MAPPED = "mapped"  # a map says so, and the national list has it
    WITHDRAWN = "withdrawn"  # a map says so, and the list has it no more
    UNKNOWN = "unknown"  # a map says so, and the list has never had it
    CODE_AND_NAME = "code_and_name"
    NAME = "name"
    CODE = "code"  # the same code, and no name to compare
    CODE_OTHER_NAME = "code_other_name"  # the same code with another name: it may be another list's
    NAME_OTHER_CODE = "name_other_code"  # as above, and the name is that of another code
    WORDS = "words"
    SEVERAL = "several"  # several have this name: none is proposed
    NONE = "none"


SURE: Mapping[Reason, int] = {
    Reason.MAPPED: 100,
    Reason.CODE_AND_NAME: 95,
    Reason.NAME: 85,
    Reason.CODE: 60,
    Reason.NAME_OTHER_CODE: 40,
    Reason.CODE_OTHER_NAME: 20,
}
"""How sure each reason makes, in percent. That of WORDS is half the share of words that agree; any other is 0."""

GOOD = frozenset({Reason.MAPPED})
"""Of these there is nothing to decide."""


@dataclass(frozen=True, slots=True)
class Local:
    """One local code. `mapped`: what a map answers for it, "" for nothing yet."""

    code: str
    title: str = ""
    mapped: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One local code and the national one proposed for it, None for none. `candidates`: where several may be meant."""

    local: Local
    reason: Reason
    sure: int
    national: CatalogueEntry | None = None
    candidates: tuple[str, ...] = ()


def match(
    local: Iterable[Local], national: Sequence[CatalogueEntry], gone: Iterable[CatalogueEntry], today: date
) -> Iterator[Match]:
    """Yield one match for each local code, in their order.

    `gone`: entries that the list once had. What the list itself says is over counts as gone."""
    used = [entry for entry in national if not entry.is_over_on(today)]
    lookup = _Lookup(used)
    over = {entry.code: entry for entry in (*gone, *(entry for entry in national if entry.is_over_on(today)))}
    for one in local:
        yield _mapped(one, lookup, over) if one.mapped else lookup.proposed(one)


def without_partner(
    matches: Iterable[Match], national: Iterable[CatalogueEntry], today: date
) -> tuple[CatalogueEntry, ...]:
    """Return the national codes in use that no local code is mapped or proposed to."""
    taken = {each.national.code for each in matches if each.national is not None}
    return tuple(entry for entry in national if entry.code not in taken and not entry.is_over_on(today))


def _mapped(local: Local, lookup: _Lookup, over: Mapping[str, CatalogueEntry]) -> Match:
    if entry := lookup.by_code.get(local.mapped):
        return Match(local, Reason.MAPPED, SURE[Reason.MAPPED], entry)
    reason = Reason.WITHDRAWN if local.mapped in over else Reason.UNKNOWN
    return Match(local, reason, 0, over.get(local.mapped))


class _Lookup:
    """The entries in use, by code, by name, and by the words of their names."""

    def __init__(self, entries: Sequence[CatalogueEntry]) -> None:
        self.by_code = {entry.code: entry for entry in entries}
        self._by_name: dict[str, list[CatalogueEntry]] = defaultdict(list)
        self._by_word: dict[str, list[str]] = defaultdict(list)
        self._words: dict[str, frozenset[str]] = {}
        for entry in entries:
            name = folded(entry.title)
            self._by_name[name].append(entry)
            self._words[entry.code] = frozenset(name.split())
            for word in self._words[entry.code]:
                self._by_word[word].append(entry.code)

    def proposed(self, local: Local) -> Match:
        """Return the best partner of a local code that no map answers."""
        name, same_code = folded(local.title), self.by_code.get(local.code)
        same_name = self._by_name.get(name, []) if name else []
        if same_code is not None:
            if not name:
                return Match(local, Reason.CODE, SURE[Reason.CODE], same_code)
            if same_code in same_name:
                return Match(local, Reason.CODE_AND_NAME, SURE[Reason.CODE_AND_NAME], same_code)
            if len(same_name) == 1:
                reason = Reason.NAME_OTHER_CODE
                return Match(local, reason, SURE[reason], same_name[0], (same_name[0].code, same_code.code))
            return Match(local, Reason.CODE_OTHER_NAME, SURE[Reason.CODE_OTHER_NAME], same_code)
        if len(same_name) == 1:
            return Match(local, Reason.NAME, SURE[Reason.NAME], same_name[0])
        if same_name:
            codes = tuple(entry.code for entry in same_name[:MAX_CANDIDATES])
            return Match(local, Reason.SEVERAL, 0, None, codes)
        return self._alike(local, frozenset(name.split()))

    def _alike(self, local: Local, words: frozenset[str]) -> Match:
        """Return the one entry whose name has the most words in common, if there are enough of them and it is alone."""
        shared: Counter[str] = Counter()
        for word in words:
            codes = self._by_word.get(word, ())
            if len(codes) <= COMMON:
                shared.update(codes)
        scored = sorted(((self._percent(code, words), code) for code in shared), reverse=True)
        best = [code for percent, code in scored if percent == scored[0][0] and percent >= ALIKE]
        if len(best) == 1:
            return Match(local, Reason.WORDS, scored[0][0] // 2, self.by_code[best[0]])
        if best:
            return Match(local, Reason.SEVERAL, 0, None, tuple(sorted(best)[:MAX_CANDIDATES]))
        return Match(local, Reason.NONE, 0)

    def _percent(self, code: str, words: frozenset[str]) -> int:
        theirs = self._words[code]
        return 100 * len(theirs & words) // len(theirs | words)
