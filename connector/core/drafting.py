"""A first mapping of a database that nobody has described: which table holds which kind, its key, parents, persons.

Decides only; the files are written by `cli/draft_files.py`. Everything here is a guess with its reasons.
May import: field_guesses, kind_file, model, names, schema, structure, vocabulary, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connector.core.field_guesses import SURE, FieldGuess, guess_fields, guess_persons
from connector.core.kind_file import PARENTS
from connector.core.model import KINDS, Kind
from connector.core.names import Match, squashed, words_of
from connector.core.schema import Schemas
from connector.core.structure import Column, Link, Table, link
from connector.core.vocabulary import PEOPLE, Vocabulary

TWIN = "bang"
"""The column of a select over several tables that says from which one a row comes; it begins the key."""

LEAST = 0.9
"""From this score on a table is taken to hold a kind."""

_A_FIELD, _FIELDS_COUNTED = 0.12, 6
_MARKED = 0.9
_FEW_PERSON_FIELDS = 2
_ALIKE, _TYPES = 0.6, ("/type", "/matter_type")
_COPIES = frozenset({"bak", "backup", "copy", "clone", "old", "cu", "tmp", "temp", "test", "log"})
"""How the names of tables end that somebody keeps beside the true ones."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A kind that this one hangs on, and the column that holds its key."""

    kind: Kind
    table: Table
    link: Link


@dataclass(frozen=True, slots=True)
class Child:
    """The persons of an array: in `table`, reached over `joins` from the record (empty: they stand in the record).

    joins: each table on the way with the link that reaches it: (table, its column, column of the one before)."""

    array: str
    table: Table
    fields: tuple[FieldGuess, ...]
    joins: tuple[tuple[Table, str, str], ...] = ()
    others: tuple[str, ...] = ()  # tables with further persons of the same array
    is_sure: bool = True  # of the way, not of the fields


@dataclass(frozen=True, slots=True)
class Beside:
    """A table with exactly one row beside the record, which has fields that the record lacks."""

    table: Table
    link: Link
    fields: tuple[FieldGuess, ...]


@dataclass(frozen=True, slots=True)
class KindGuess:
    """What is believed of one kind. `key`: empty where none is declared, then `range_column` is a proposal."""

    kind: Kind
    table: Table
    score: float
    key: tuple[str, ...]
    range_column: str
    fields: tuple[FieldGuess, ...]
    children: tuple[Child, ...] = ()
    beside: tuple[Beside, ...] = ()
    parents: tuple[Parent, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)  # secret, draft, deleted, agency, changed -> column
    further: Mapping[str, str] = field(default_factory=dict)  # other tables that hold its key -> in which column
    twins: tuple[Table, ...] = ()  # tables with the same columns, read together with `table`
    rivals: tuple[str, ...] = ()  # tables that may hold records of this kind, too

    def of(self, pattern: str) -> FieldGuess | None:
        """Return the guess for a field of the record, wherever it stands."""
        beside = (guess for one in self.beside for guess in one.fields)
        return next((guess for guess in (*self.fields, *beside) if guess.pattern == pattern), None)

    @property
    def all_fields(self) -> tuple[FieldGuess, ...]:
        """The guesses for the record, what stands beside it, and its persons."""
        beside = (guess for one in self.beside for guess in one.fields)
        persons = (guess for child in self.children for guess in child.fields)
        return (*self.fields, *beside, *persons)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The whole draft. `unused`: tables of which nothing was taken, with what they look like ("" for nothing)."""

    kinds: tuple[KindGuess, ...]
    unused: Mapping[str, str]

    def kind(self, kind: Kind) -> KindGuess | None:
        """Return what is believed of a kind; None if no table looks like it."""
        return next((guess for guess in self.kinds if guess.kind == kind), None)


def draft(tables: Sequence[Table], vocabulary: Vocabulary, schemas: Schemas) -> Drafted:
    """Return the first mapping of these tables. No two kinds take the same table."""
    roles = {table.label: _roles(table, tables, vocabulary, schemas) for table in tables}
    chosen: dict[Kind, tuple[Table, float]] = {}
    claims = [(score, kind, table) for table in tables for kind, score in roles[table.label].items() if kind in KINDS]
    for score, kind, table in sorted(claims, key=lambda claim: (-claim[0], not claim[2].key)):
        if kind not in chosen and score >= LEAST and table not in [taken for taken, _ in chosen.values()]:
            chosen[Kind(kind)] = (table, score)
    main = {kind: chosen[kind][0] for kind in KINDS if kind in chosen}
    kinds = tuple(
        _kind(Kind(kind), chosen[Kind(kind)], main, tables, roles, vocabulary, schemas)
        for kind in KINDS
        if kind in chosen
    )
    double = {guess.kind for guess in kinds if guess.twins}  # nothing says in which of its tables a parent is
    kinds = tuple(replace(g, parents=tuple(p for p in g.parents if p.kind not in double)) for g in kinds)
    used = {name for guess in kinds for name in _tables_of(guess)}
    kinds = tuple(replace(guess, further=_further(guess, tables, used)) for guess in kinds)
    unused = {table.label: _first(roles[table.label]) for table in tables if table.label not in used}
    return Drafted(kinds, unused)


def _further(guess: KindGuess, tables: Sequence[Table], used: set[str]) -> dict[str, str]:
    links = ((table.label, link(table, guess.table)) for table in tables if table.label not in used)
    return {name: found.column for name, found in links if found is not None}


def _first(roles: Mapping[str, float]) -> str:
    name = max(roles, key=lambda role: roles[role], default="")
    return name if name and roles[name] >= LEAST else ""


def _tables_of(guess: KindGuess) -> Iterable[str]:
    yield guess.table.label
    yield from (twin.label for twin in guess.twins)
    for child in guess.children:
        yield child.table.label
        yield from (table.label for table, _, _ in child.joins)
    yield from (one.table.label for one in guess.beside)


# --- what a table holds


def _roles(table: Table, tables: Sequence[Table], vocabulary: Vocabulary, schemas: Schemas) -> dict[str, float]:
    """What the table may hold, by its name and by its columns."""
    if (words_of(table.name) or ("",))[-1] in _COPIES:
        return {"other": 1.0}
    by_name = {match.pattern: match.score for match in _name_matches(table, tables, vocabulary)}
    scores: dict[str, float] = {}
    for kind in KINDS:
        found = guess_fields(kind, table, vocabulary, schemas.fields(kind), table.key)
        own = [guess for guess in found if "/*/" not in guess.pattern and guess.match.score >= _MARKED]
        score = by_name.get(kind.value, 0.0) + _A_FIELD * min(len(own), _FIELDS_COUNTED)
        if own and score:
            scores[kind.value] = score
    persons = guess_persons("/petitioners", table, vocabulary, schemas.fields("petition"), table.key)
    if len(persons) >= _FEW_PERSON_FIELDS:
        for role in ("persons", "respondents"):
            scores[role] = by_name.get(role, 0.0) + _A_FIELD * min(len(persons), _FIELDS_COUNTED)
    if "other" in by_name and by_name["other"] >= max(by_name.values()):
        return {"other": by_name["other"]}
    return scores


def _name_matches(table: Table, tables: Sequence[Table], vocabulary: Vocabulary) -> tuple[Match, ...]:
    """By what is left of its name behind that of another table (don_thu_linh_vuc: linh_vuc), else by the whole name."""
    name = squashed(table.name)
    shorter = [squashed(other.name) for other in tables]
    heads = [head for head in shorter if head != name and name.startswith(head) and len(head) > 2]  # noqa: PLR2004
    rest = name[len(max(heads, key=len)) :] if heads else ""
    return (vocabulary.of_table(rest) if rest else ()) or vocabulary.of_table(table.name)


# --- one kind


def _kind(
    kind: Kind,
    chosen: tuple[Table, float],
    main: Mapping[Kind, Table],
    tables: Sequence[Table],
    roles: Mapping[str, Mapping[str, float]],
    vocabulary: Vocabulary,
    schemas: Schemas,
) -> KindGuess:
    table, score = chosen
    infos = schemas.fields(kind)
    parents = _parents(kind, table, main)
    keys = {*table.key, *(parent.link.column for parent in parents)}
    found = guess_fields(kind, table, vocabulary, infos, keys)
    own = tuple(guess for guess in found if "/*/" not in guess.pattern)
    others = [o for o in tables if o is not table and o not in main.values() and roles[o.label].get(kind, 0) >= LEAST]
    others.sort(key=lambda other: -roles[other.label][kind])
    # Only where the table itself must say what its rows are, a person is asked about each; an archive is no twin.
    beside = tuple(_beside(kind, table, own, tables, vocabulary, schemas))
    typed = [guess for guess in (*own, *(g for one in beside for g in one.fields)) if guess.pattern in _TYPES]
    twins = () if typed else tuple(other for other in others if _are_twins(table, other, found))
    return KindGuess(
        kind=kind,
        table=table,
        score=score,
        key=(TWIN, *table.key) if twins else table.key,
        range_column=table.key[0] if table.key else _proposed_key(table),
        fields=own,
        children=tuple(
            child
            for child in _children(kind, table, found, tables, roles, vocabulary, schemas)
            if not (twins and child.joins)
        ),
        beside=() if twins else beside,
        parents=parents,
        marks=_marks(table, vocabulary, {guess.column.name for guess in own if guess.confidence == SURE}),
        twins=twins,
        rivals=tuple(other.label for other in others if other not in twins),
    )


def _parents(kind: Kind, table: Table, main: Mapping[Kind, Table]) -> tuple[Parent, ...]:
    found = ((parent, main[parent], link(table, main[parent])) for parent in PARENTS[kind] if parent in main)
    return tuple(Parent(parent, above, linked) for parent, above, linked in found if linked is not None)


def _are_twins(table: Table, other: Table, found: tuple[FieldGuess, ...]) -> bool:
    """Whether another table is built like this one: as complaints and denunciations often lie in two."""
    same = [
        guess for guess in found if (column := other.column(guess.column.name)) and column.type == guess.column.type
    ]
    is_one = len(table.key) == 1 and table.key == other.key and table.name != other.name
    return is_one and len(same) >= max(3, _ALIKE * len(found))


def _proposed_key(table: Table) -> str:
    """Of a table without a declared key: the first column that is filled and different everywhere, else the first."""
    named = [column for column in table.columns if column.shape.is_unique and column.type in ("integer", "text")]
    by_name = [
        column
        for column in named
        if squashed(column.name).startswith(("id", "ma")) or squashed(column.name).endswith("id")
    ]
    return next((column.name for column in (*by_name, *named, *table.columns)), "")


def _marks(table: Table, vocabulary: Vocabulary, taken: set[str]) -> dict[str, str]:
    marks: dict[str, str] = {}
    for column in table.columns:
        for match in vocabulary.of_mark(column.name)[:1]:
            if match.score >= _MARKED and (column.name not in taken or match.pattern == "secret"):
                marks.setdefault(match.pattern, column.name)
    return marks


def _beside(
    kind: Kind,
    table: Table,
    own: tuple[FieldGuess, ...],
    tables: Sequence[Table],
    vocabulary: Vocabulary,
    schemas: Schemas,
) -> Iterable[Beside]:
    """The tables whose key is the record's own key, for fields that the record lacks: one row beside each record."""
    have = {guess.pattern for guess in own}
    for other in tables:
        linked = link(other, table)
        if kind is not Kind.PETITION or linked is None or other.key != (linked.column,):
            continue
        found = guess_fields(kind, other, vocabulary, schemas.fields(kind), other.key)
        wanted = tuple(
            g for g in found if g.pattern in ("/type", "/field", "/instance", "/source") and g.pattern not in have
        )
        have |= {guess.pattern for guess in wanted}
        if wanted:
            yield Beside(other, linked, wanted)


# --- persons


def _children(
    kind: Kind,
    table: Table,
    found: tuple[FieldGuess, ...],
    tables: Sequence[Table],
    roles: Mapping[str, Mapping[str, float]],
    vocabulary: Vocabulary,
    schemas: Schemas,
) -> Iterable[Child]:
    for array in PEOPLE.get(kind, ()):
        role = "respondents" if array == "/respondents" else "persons"
        inside = tuple(guess for guess in found if guess.pattern.startswith(f"{array}/*/"))
        outside = []
        for other in tables:
            if _best_person_role(roles[other.label]) == role and other is not table:
                joins, is_sure = _way(table, other, [one for one in tables if "other" not in roles[one.label]])
                if joins:
                    taken = {*other.key, *(column for _, column, _ in joins)}
                    persons = guess_persons(array, other, vocabulary, schemas.fields(kind), taken)
                    outside.append(Child(array, other, persons, joins, is_sure=is_sure))
        outside.sort(key=lambda child: (-roles[child.table.label][role], len(child.joins)))
        named = any(guess.pattern.endswith(("/full_name", "/identity/number")) for guess in inside)
        if named:
            yield Child(array, table, inside, others=tuple(child.table.label for child in outside))
        elif outside:
            first = outside[0]
            yield replace(first, others=tuple(child.table.label for child in outside[1:]))


def _best_person_role(roles: Mapping[str, float]) -> str:
    name = max(roles, key=lambda role: roles[role], default="")
    return name if name in ("persons", "respondents") and roles[name] >= LEAST else ""


def _way(table: Table, persons: Table, tables: Sequence[Table]) -> tuple[tuple[tuple[Table, str, str], ...], bool]:
    """How to reach the persons of a record, and whether that is sure.

    Sure: they hold its key; it holds theirs; a table between holds both. Not sure: both hold the key of a third table.
    It may be a group of persons, or anything else that they share."""
    if direct := link(persons, table):
        return ((persons, direct.column, direct.to),), True
    if back := link(table, persons):
        return ((persons, back.to, back.column),), True
    for between in tables:
        if between is table or between is persons:
            continue
        one, two = link(between, table), link(between, persons)
        if one and two and one.column != two.column:
            return ((between, one.column, one.to), (persons, two.to, two.column)), True
    for group in tables:
        one, two = link(table, group), link(persons, group)
        if one and two:
            return ((persons, two.column, one.column),), False
    return (), False


def columns_without_guess(guess: KindGuess) -> tuple[Column, ...]:
    """Return the columns of the record's table that nothing was guessed for, for a person to look at."""
    named = {one.column.name for one in guess.all_fields if one.table is guess.table}
    named |= {*guess.key, *guess.marks.values(), *(parent.link.column for parent in guess.parents)}
    return tuple(column for column in guess.table.columns if column.name not in named)
