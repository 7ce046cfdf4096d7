"""A national code list: what one reading of it says, and how two readings differ.

A list is believed as a whole or not at all: half of one would say that the other half was withdrawn.
May import: text, the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from connector.core.text import clean, one_line

MAX_ENTRIES = 50_000
"""All communes of before July 2025, with their districts and provinces, are some 11,400."""

MAX_CODE = 64
MAX_TITLE = 500

_CODE = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]+")

What = Literal["added", "renamed", "redated", "withdrawn"]
CHANGES: tuple[What, ...] = ("added", "renamed", "redated", "withdrawn")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One code with its words. `valid_from`, `valid_to`: its first and last day as the list itself states them."""

    code: str
    title: str
    valid_from: date | None = None
    valid_to: date | None = None

    def is_over_on(self, day: date) -> bool:
        """Return whether the list itself says that the code was no longer in use on that day."""
        return self.valid_to is not None and self.valid_to < day


@dataclass(frozen=True, slots=True)
class Catalogue:
    """One whole list, in its own order; each code stands once."""

    name: str
    entries: tuple[CatalogueEntry, ...]


@dataclass(frozen=True, slots=True)
class Translation:
    """How the codes of one list of ours are said in a national list: our code -> the national one."""

    list: str
    catalogue: str
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one code between two readings. `before`: as it was, None for a new one."""

    what: What
    entry: CatalogueEntry
    before: CatalogueEntry | None = None


class UnfitError(ValueError):
    """A list that cannot be believed: `shape`, `empty`, `too_many`, `code`, `title`, `day` or `twice`."""


def make_catalogue(name: str, rows: Iterable[tuple[object, object, object, object]]) -> Catalogue:
    """Return a list of rows (code, title, first day, last day) as they came, the words in one Unicode form.

    Raises UnfitError for a list without entries or with too many, and for anything in a row that is no code, no words,
    no day, or a code that stands twice with different words; the very same row twice is one."""
    found: dict[str, CatalogueEntry] = {}
    for code, title, first, last in rows:
        if len(found) >= MAX_ENTRIES:
            raise UnfitError("too_many")
        entry = CatalogueEntry(_code(code), _title(title), _day(first), _day(last))
        if found.setdefault(entry.code, entry) != entry:
            raise UnfitError("twice")
    if not found:
        raise UnfitError("empty")
    return Catalogue(name, tuple(found.values()))


def changes(before: Iterable[CatalogueEntry], now: Iterable[CatalogueEntry]) -> tuple[Change, ...]:
    """Return what happened to each code from one reading to the next, in the order of the newer list, withdrawn codes
    last."""
    known = {entry.code: entry for entry in before}
    found: list[Change] = []
    for entry in now:
        old = known.pop(entry.code, None)
        if old is None:
            found.append(Change("added", entry))
        elif old.title != entry.title:
            found.append(Change("renamed", entry, old))
        elif old != entry:
            found.append(Change("redated", entry, old))
    return (*found, *(Change("withdrawn", entry, entry) for entry in known.values()))


def _code(value: object) -> str:
    text = clean(value) if isinstance(value, str) else None
    if not text or len(text) > MAX_CODE or not _CODE.fullmatch(text):
        raise UnfitError("code")
    return text


def _title(value: object) -> str:
    text = clean(value) if isinstance(value, str) and len(value) <= 4 * MAX_TITLE else None
    if not text or len(text) > MAX_TITLE:
        raise UnfitError("title")
    return one_line(text)


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _refuse()
    except ValueError:
        raise UnfitError("day") from None


def _refuse() -> date:
    raise UnfitError("day")
