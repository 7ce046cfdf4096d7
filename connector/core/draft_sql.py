"""The queries of a draft: plain selects over what was found, by key ranges, in the SQL of any database.

Names are quoted as the database they come from wants it. No value of a record stands in them.
May import: drafting, field_guesses, model, structure, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from connector.core.drafting import TWIN, Child, Drafted, KindGuess
from connector.core.field_guesses import FieldGuess
from connector.core.model import Kind
from connector.core.structure import Table

ROOT = "t"
WIDTH = 100


@dataclass(slots=True)
class Query:
    """A query while it is put together: result columns with their homes, and joins. `names`: (table, column) -> what
    the result calls it; `origins`: of those that stand in another table than `home`."""

    home: Table
    columns: list[str] = field(default_factory=list)
    joins: list[str] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def take(self, table: Table, alias: str, name: str) -> str:
        """Have a column in the result; return what it is called there."""
        known = self.names.get((table.name, name))
        column = table.column(name)
        if known is not None or column is None:
            return known or name
        called = name if name not in self.names.values() else f"{table.name}_{name}"
        written = f"{alias}.{column.quoted}"
        self.columns.append(written if called == name else f"{written} AS {_as_quoted(column.quoted, name, called)}")
        self.names[table.name, name] = called
        if table is not self.home:
            self.origins[called] = f"{table.name}.{name}"
        return called

    def join(self, table: Table, alias: str, column: str, to: str) -> None:
        """Have another table beside; `to`: the qualified column that it must equal."""
        self.joins.append(f"LEFT JOIN {table.quoted} {alias} ON {alias}.{_quoted(table, column)} = {to}")

    def text(self, bound: str, order: Iterable[str] = ()) -> str:
        """The query between :lo and :hi of the qualified column `bound`."""
        lines = [*_listed(self.columns), f"FROM {self.home.quoted} {ROOT}", *self.joins]
        lines.append(f"WHERE {bound} > :lo AND {bound} <= :hi")
        if order := list(order):
            lines.append(f"ORDER BY {', '.join(order)}")
        return "\n".join(lines)


def _listed(columns: Iterable[str]) -> Iterable[str]:
    """`SELECT a, b, …` in lines that can be read."""
    line = "SELECT"
    for at, written in enumerate(columns):
        if at and len(line) + len(written) > WIDTH:
            yield f"{line},"
            line = f"       {written}"
        else:
            line = f"{line}, {written}" if at else f"{line} {written}"
    yield line


def _as_quoted(quoted: str, name: str, called: str) -> str:
    """The new name in the quotes of the old one, which says how this database writes them."""
    return quoted.replace(name, called) if quoted != name else called


def _quoted(table: Table, name: str) -> str:
    column = table.column(name)
    return column.quoted if column else name


@dataclass(frozen=True, slots=True)
class Selected:
    """The select of a kind, and what its result calls the columns of rules and of the petition's type."""

    sql: str
    origins: Mapping[str, str]
    names: Mapping[tuple[str, str], str]
    type_column: str  # "" if none was found
    type_guess: FieldGuess | None


def select_of(guess: KindGuess, drafted: Drafted) -> Selected:
    """Return the select of one kind, with the petition's type joined: every kind needs it."""
    if guess.twins:
        names = {(guess.table.name, one.column.name): one.column.name for one in guess.fields}
        links = [parent.link.column for parent in guess.parents]
        columns = [guess.range_column, *links, *names.values()]
        origins = {TWIN: f"{guess.table.name}.{guess.range_column}"}
        return Selected(_united(guess, columns), origins, names, TWIN, None)
    query = Query(guess.table)
    for name in guess.key or (guess.range_column,):
        query.take(guess.table, ROOT, name)
    for parent in guess.parents:
        query.take(guess.table, ROOT, parent.link.column)
    for one in guess.fields:
        query.take(guess.table, ROOT, one.column.name)
    for at, beside in enumerate(guess.beside):
        alias = f"b{at + 1}"
        query.join(beside.table, alias, beside.link.column, f"{ROOT}.{_quoted(guess.table, beside.link.to)}")
        for one in beside.fields:
            query.take(beside.table, alias, one.column.name)
    type_column, type_guess = _type(guess, drafted, query)
    return Selected(query.text(_bound(guess)), query.origins, query.names, type_column, type_guess)


def _bound(guess: KindGuess) -> str:
    return f"{ROOT}.{_quoted(guess.table, guess.range_column)}"


def _type(guess: KindGuess, drafted: Drafted, query: Query) -> tuple[str, FieldGuess | None]:
    """The petition's type: of this record, or of the petition that it hangs on, over any number of parents."""
    own = guess.of("/matter_type" if guess.kind is Kind.RECEPTION else "/type")
    if own is not None:
        return query.names.get((own.table.name, own.column.name), ""), own
    at, alias = guess, ROOT
    while at.parents and at.kind is not Kind.PETITION:
        parent = at.parents[0]
        above = f"p{len(query.joins) + 1}"
        query.join(parent.table, above, parent.link.to, f"{alias}.{_quoted(at.table, parent.link.column)}")
        found = drafted.kind(parent.kind)
        if found is None:
            return "", None
        at, alias = found, above
    if at.kind is not Kind.PETITION or at is guess:
        return "", None
    found_type = at.of("/type")
    if found_type is None:
        return "", None
    if found_type.table is not at.table:
        beside = next(one for one in at.beside if one.table is found_type.table)
        query.join(beside.table, f"{alias}b", beside.link.column, f"{alias}.{_quoted(at.table, beside.link.to)}")
        alias = f"{alias}b"
    return query.take(found_type.table, alias, found_type.column.name), found_type


def child_of(child: Child, guess: KindGuess) -> tuple[str, Mapping[tuple[str, str], str]]:
    """Return the query of a child, and what its result calls each (table, column)."""
    if guess.twins:
        columns = [guess.range_column, *(one.column.name for one in child.fields)]
        names = {(guess.table.name, name): name for name in (TWIN, *columns)}
        return f"{_united(guess, columns)}\nORDER BY 1, 2", names
    keys = guess.key or (guess.range_column,)
    query = Query(guess.table)
    alias = ROOT
    for at, (table, column, to) in enumerate(child.joins):
        before = guess.table if at == 0 else child.joins[at - 1][0]
        beside = f"n{at + 1}"
        query.joins.append(
            f"JOIN {table.quoted} {beside} ON {beside}.{_quoted(table, column)} = {alias}.{_quoted(before, to)}"
        )
        alias = beside
    for name in keys:
        query.take(guess.table, ROOT, name)
    for one in child.fields:
        query.take(child.table, alias, one.column.name)
    order = [f"{ROOT}.{_quoted(guess.table, name)}" for name in keys]
    order += [f"{alias}.{_quoted(child.table, name)}" for name in child.table.key if child.joins]
    return query.text(_bound(guess), order), query.names


def _united(guess: KindGuess, names: Iterable[str]) -> str:
    """One query over tables that are built alike; what one of them lacks is NULL there."""
    names = list(names)
    parts = []
    for table in (guess.table, *guess.twins):
        has = {column.name: column.quoted for column in table.columns}
        lacks = {name: f"NULL AS {_quoted(guess.table, name)}" for name in names if name not in has}
        columns = [
            f"'{table.name}' AS {TWIN}",
            *(f"{ROOT}.{has[name]}" if name in has else lacks[name] for name in names),
        ]
        bound = f"{ROOT}.{_quoted(table, guess.range_column)}"
        lines = [*_listed(columns), f"FROM {table.quoted} {ROOT}", f"WHERE {bound} > :lo AND {bound} <= :hi"]
        parts.append("\n".join(lines))
    return "\nUNION ALL\n".join(parts)
