"""Drift: a column that the source changed under our mapping holds its kind, until a named person approves.

    look(...)      what is another type, or gone, since the kind was last read with the same queries; writes nothing
    remember(...)  the types under which a finished cycle read

A column that a query misses makes the query fail, and the kind is held by that. One that only has another type, or that
SQLite takes for a text because it stands in double quotes, fails nowhere: its values would go out as they come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from connector.core.chain import canonical, digest
from connector.core.kind_mapping import KindMapping
from connector.errors import SourceError
from connector.stages import guards
from connector.stages.context import Context
from connector.stages.guards import Trip
from connector.stages.reach import Part, Reach
from connector.stages.recording import Reader
from connector.store import marks

SHAPE = "source.shape."
"""Begins the mark of each kind of each source: its queries, and the types of what they read."""

SHOWN = 12
"""So many columns are named in a plan; its digest says all of them."""

GONE = "-"


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found: the plan that nobody has approved (or none), the kinds that it holds, all types as they are."""

    trips: tuple[Trip, ...] = ()
    held: frozenset[Part] = frozenset()
    shapes: Mapping[Part, Mapping[str, str]] = field(default_factory=dict)


def look(context: Context, reader: Reader, reach: Reach) -> Drift:
    """Hold the types of every kind against those of the last cycle. Raises SourceError if the source is away; a kind
    whose queries fail is left to whoever reads it, and says what is wrong."""
    shapes: dict[Part, Mapping[str, str]] = {}
    changed: dict[Part, list[str]] = {}
    for kind_mapping in _reached(reader, reach):
        try:
            shape = reader.source.shape(kind_mapping)
        except SourceError as error:
            if error.is_away:
                reach.fail(kind_mapping, error)
            continue
        shapes[kind_mapping.part] = shape
        if differing := _differing(_remembered(context, kind_mapping), shape):
            changed[kind_mapping.part] = differing
    named = {mapping.part: reader.mapping.name_of(mapping) for mapping in _reached(reader, reach)}
    found = {named[part]: differing for part, differing in changed.items() if part in named}
    trips = tuple(guards.waiting(context, [_trip(found)] if found else []))
    return Drift(trips, frozenset(changed) if trips else frozenset(), shapes)


def _reached(reader: Reader, reach: Reach) -> list[KindMapping]:
    every = (mapping for kind in reader.mapping.kinds for mapping in reader.mapping.all_of(kind))
    return [mapping for mapping in every if reach.can(mapping)]


def remember(context: Context, reader: Reader, drift: Drift, reach: Reach) -> None:
    """Note the types of the kinds that were read: the next cycle is held against them."""
    for kind_mapping in _reached(reader, reach):
        shape = drift.shapes.get(kind_mapping.part)
        if shape is None or _remembered(context, kind_mapping) == shape:
            continue
        value = {"queries": _queries(kind_mapping), "columns": dict(shape)}
        with context.store.write() as tx:
            marks.advance(tx, context.agency, _name(kind_mapping), canonical(value).decode())


def _name(kind_mapping: KindMapping) -> str:
    return f"{SHAPE}{kind_mapping.kind}.{kind_mapping.source}"


def _remembered(context: Context, kind_mapping: KindMapping) -> Mapping[str, str]:
    """The types of the last cycle; none if the queries were others: what they mean now is the mapping's change."""
    with context.store.read() as connection:
        mark = marks.mark_of(connection, context.agency, _name(kind_mapping))
        mark = mark or marks.mark_of(connection, context.agency, SHAPE + kind_mapping.kind)  # before sources had names
    value = orjson.loads(mark[0]) if mark else {}
    columns: Mapping[str, str] = value.get("columns", {}) if value.get("queries") == _queries(kind_mapping) else {}
    return columns


def _queries(kind_mapping: KindMapping) -> str:
    return digest(canonical([kind_mapping.select.sql, *(child.sql for child in kind_mapping.children)]))[:16]


def _differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{column}: {was} > {now.get(column, GONE)}"
        for column, was in sorted(before.items())
        if now.get(column, GONE) != was
    ]


def _trip(changed: Mapping[str, list[str]]) -> Trip:
    named = sorted({line for lines in changed.values() for line in lines})
    shown = "; ".join(named[:SHOWN]) + ("; …" if len(named) > SHOWN else "")
    about = {"kinds": " ".join(sorted(changed)), "columns": shown, "change": digest(canonical(named))[:16]}
    parts = {name: len(lines) for name, lines in changed.items()}
    return Trip(guards.RETYPED, len(named), 0, len(named), about, parts)
