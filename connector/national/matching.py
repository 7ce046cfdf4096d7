"""Which of several national cases is ours, where the national side has no key of ours. The rule, stated once:

* certain: the case's content carries our own reference (`reference_of`), of whatever version;
* else, and only if we sent the person in clear: the same person by name or by number, in the same area, with the same
  content, compared folded (core/text.py), and no reference of anybody in it;
* probable: the same person by name or by number, in the same area. Shown to a person, never adopted.

One certain case is adopted, several are a person's to decide, none is absence. The area is the search's own filter: an
answer names it only in words. Our reference lies in the free text because no other field of the old interface comes
back from a search; it is made of the record's key alone and says nothing of anybody.
Pure. May import: core.model, core.text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from connector.core.model import Candidate, RecordKey
from connector.core.text import folded

_HEX = 12
_REFERENCE = re.compile(r"\[KNTC:([A-Z0-9.]{1,35}):([0-9a-f]{12}):v([0-9]{1,9})\]")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What we look for: the key, and what was sent of the person and the content ("" where it was not sent)."""

    key: RecordKey
    name: str = field(repr=False)
    identity_no: str = field(repr=False)
    area: tuple[str, str, str] = field(repr=False)  # MaTinh, MaHuyen, MaXa
    content: str = field(repr=False)

    @property
    def has_person(self) -> bool:
        """Whether a person was sent in clear, somewhere: without an area a namesake could be anybody."""
        return bool((self.name or self.identity_no) and any(self.area))


@dataclass(frozen=True, slots=True)
class Matched:
    """Candidates by how sure we are of them; `versions` of those that carry our reference, in the same order."""

    by_reference: tuple[Candidate, ...] = field(repr=False)
    versions: tuple[int, ...]
    by_person_and_content: tuple[Candidate, ...] = field(repr=False)
    probable: tuple[Candidate, ...] = field(repr=False)


def reference_of(key: RecordKey, version: int) -> str:
    """Return our reference as it stands at the end of a content: `[KNTC:H51.01:0123456789ab:v2]`.

    The hexadecimal digits are the first twelve of SHA-256 over agency, kind and local id, each on a line. The version
    lets a search tell which of our versions is there; the digits without it are what is searched for."""
    return f"{reference_stem(key)}:v{version}]"


def reference_stem(key: RecordKey) -> str:
    """Return the part of our reference that all versions of a key share."""
    digest = hashlib.sha256(f"{key.agency}\n{key.kind}\n{key.local_id}".encode()).hexdigest()
    return f"[KNTC:{key.agency}:{digest[:_HEX]}"


def version_in(content: str, key: RecordKey) -> int | None:
    """Return the version that our reference in a content names; None if it carries none of this key."""
    stem = reference_stem(key)
    ours = [int(found[3]) for found in _REFERENCE.finditer(content) if found[0].startswith(stem + ":")]
    return max(ours, default=None)


def match(candidates: Sequence[Candidate], wanted: Wanted) -> Matched:
    """Return the candidates by certainty. `candidates` are those of searches within the wanted area, each id once."""
    ours: list[Candidate] = []
    versions: list[int] = []
    certain: list[Candidate] = []
    probable: list[Candidate] = []
    for candidate in candidates:
        version = version_in(candidate.content, wanted.key)
        if version is not None:
            ours.append(candidate)
            versions.append(version)
        elif wanted.has_person and _same_person(candidate, wanted):
            (certain if _same_content(candidate, wanted) else probable).append(candidate)
    return Matched(tuple(ours), tuple(versions), tuple(certain), tuple(probable))


def _same_person(candidate: Candidate, wanted: Wanted) -> bool:
    numbers = _digits(candidate.identity_no), _digits(wanted.identity_no)
    names = folded(candidate.person), folded(wanted.name)
    return any(theirs and theirs == sought for theirs, sought in (numbers, names))


def _same_content(candidate: Candidate, wanted: Wanted) -> bool:
    """Another connector's reference says that the case is not ours, whatever else is equal."""
    if _REFERENCE.search(candidate.content):
        return False
    sought = folded(wanted.content)
    return bool(sought) and folded(candidate.content) == sought


def _digits(number: str) -> str:
    return "".join(letter for letter in number if letter.isalnum()).upper()
