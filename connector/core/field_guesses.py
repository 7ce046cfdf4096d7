"""Which column of a table feeds which field, how sure that is, and why.

    sure     the name is one of the field, the values look like it, and nothing else claims either: an active line
    likely   most of that: a commented line
    weak     a part of the name, or values that do not look like it: a commented line

May import: names, schema, shapes, structure, vocabulary, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.core.names import MOST, Match, squashed
from connector.core.schema import FieldInfo
from connector.core.shapes import DAYS, FORMATS
from connector.core.structure import Column, Table
from connector.core.vocabulary import PEOPLE, Vocabulary

SURE, LIKELY, WEAK = "sure", "likely", "weak"

_SURE = 0.95
_NEAR = 0.03
_WORDS = ("/name", "/handler", "/approver", "/competent_officer", "/full_name", "/content", "/summary", "/address/line")
"""Fields that want words of people: a number or a code in such a column is a key of another table."""

_TO_BE_SETTLED = ("/case_ref", "/code", "_code")
"""Fields that need a second thing to be right: what 0 means, and whose codes these are."""


@dataclass(frozen=True, slots=True)
class FieldGuess:
    """A column that may feed a field. `fits`: yes, no, or "" where no value was seen; `rivals`: other columns (of the
    same field) and other fields (of the same column) that are as likely."""

    pattern: str
    table: Table
    column: Column
    match: Match
    fits: str
    rivals: tuple[str, ...] = ()

    @property
    def confidence(self) -> str:
        """How sure it is, all taken together."""
        settled = not self.pattern.endswith(_TO_BE_SETTLED) and not self.column.shape.encoding
        if self.match.score >= _SURE and self.fits == "yes" and not self.rivals and settled:
            return SURE
        return LIKELY if self.match.score >= MOST and self.fits != "no" else WEAK

    @property
    def formats(self) -> str:
        """How days are written here, where that must be said."""
        return FORMATS.get(self.column.shape.name, "") if self.column.type not in ("day", "instant") else ""

    @property
    def is_html(self) -> bool:
        """Whether the text is rich text."""
        return self.column.shape.name == "html"


def guess_fields(
    kind: str, table: Table, vocabulary: Vocabulary, infos: Mapping[str, FieldInfo], taken: Iterable[str] = ()
) -> tuple[FieldGuess, ...]:
    """Return the guesses for a table that holds records of this kind, persons that stand in it included. One per field
    and one per column. `taken`: columns that are keys and links."""
    columns = _free(table, taken)
    matches = {column.name: _inside(kind, table, vocabulary, column) for column in columns}
    return _assigned(table, columns, matches, infos)


def guess_persons(
    array: str, table: Table, vocabulary: Vocabulary, infos: Mapping[str, FieldInfo], taken: Iterable[str] = ()
) -> tuple[FieldGuess, ...]:
    """Return the guesses for a table of persons that feeds this array."""
    columns = _free(table, taken)
    matches = {column.name: vocabulary.of_person(array, column.name, inside=False) for column in columns}
    return _assigned(table, columns, matches, infos)


def _free(table: Table, taken: Iterable[str]) -> list[Column]:
    return [column for column in table.columns if column.name not in taken and column.type != "binary"]


def _inside(kind: str, table: Table, vocabulary: Vocabulary, column: Column) -> tuple[Match, ...]:
    found = list(vocabulary.of_field(kind, table.name, column.name))
    for array in PEOPLE.get(kind, ()):
        found += vocabulary.of_person(array, column.name, inside=True)
    return tuple(sorted(found, key=lambda match: -match.score))


def _assigned(
    table: Table, columns: list[Column], matches: Mapping[str, tuple[Match, ...]], infos: Mapping[str, FieldInfo]
) -> tuple[FieldGuess, ...]:
    """Each column to its best field that is free, the surest first."""
    by_name = {column.name: column for column in columns}
    claims = [(match, by_name[name]) for name, found in matches.items() for match in found if match.pattern in infos]
    fitted = [(match, column, fits(infos[match.pattern], column)) for match, column in claims]
    fitted.sort(key=lambda claim: (-claim[0].score + (claim[2] == "no"), columns.index(claim[1])))
    guesses: dict[str, FieldGuess] = {}
    used: set[str] = set()
    for match, column, fit in fitted:
        if column.name in used or match.pattern in guesses:
            continue
        used.add(column.name)
        rivals = [
            o.name
            for m, o, f in fitted
            if m.pattern == match.pattern and o is not column and _near(m, match) and f != "no"
        ]
        rivals += [
            m.pattern
            for m, o, f in fitted
            if o is column and m.pattern != match.pattern and _near(m, match) and f != "no"
        ]
        guesses[match.pattern] = FieldGuess(match.pattern, table, column, match, fit, tuple(rivals))
    order = {column.name: at for at, column in enumerate(columns)}
    return tuple(sorted(guesses.values(), key=lambda guess: order[guess.column.name]))


def _near(one: Match, other: Match) -> bool:
    return one.score > other.score - _NEAR


def fits(info: FieldInfo, column: Column) -> str:
    """Return whether the values of a column can be what a field takes: yes, no, or "" where there was none to see."""
    shape = column.shape.name
    if shape == "empty":
        return ""
    if info.format in ("date", "date-time"):
        if column.type in ("day", "instant"):
            return "yes"
        return "yes" if shape in DAYS else "no"
    if column.type in ("day", "instant"):
        return "no"
    if info.codes:
        return "yes" if column.shape.codes or (column.shape.distinct and column.type == "text") else "no"
    if info.type == "boolean":
        return "yes" if shape == "flag" else "no"
    if info.type == "integer":
        return "yes" if column.type in ("integer", "number") or shape in ("number", "amount", "code", "flag") else "no"
    if info.pointer.endswith(_WORDS) and (shape in ("code", "flag", "number") or _names_a_key(column)):
        return "no"
    if shape in DAYS and shape != "day_compact":
        return "no"
    return "yes"


def _names_a_key(column: Column) -> bool:
    name = squashed(column.name)
    return name.startswith(("id", "ma")) or name.endswith("id")


def slug(name: str) -> str:
    """Return what a code map of this column is called."""
    from_words = squashed(name)
    return from_words[:40] or "ma"
