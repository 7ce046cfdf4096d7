"""Two agencies of one database: a record that both select would be sent twice, in two names.

Asked of new records only, before the first of them is recorded: whether the ledger of another agency of this database
has the same row, and whether that agency still selects it. A record that was handed over is selected by one only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind
from connector.errors import ConfigProblem, MappingError
from connector.sources.base import Source
from connector.stages.context import Context
from connector.stages.judging import Judged
from connector.store import neighbours, records


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another agency whose rows lie in the same database, and how it reads them there."""

    agency: str
    source: Source
    mapping: CompiledMapping


def refuse(context: Context, beside: Iterable[Neighbour], kind_mapping: KindMapping, judged: Judged) -> None:
    """Return if no new record of these is selected by another agency as well, or the kind may be by several. Raises
    MappingError that names both, and SourceError where the source cannot be asked."""
    kind = kind_mapping.kind
    if kind_mapping.settings.handed_on:
        return
    others = {each.agency: each for each in beside if _names_alike(each, kind_mapping)}
    read = [reading.key.local_id for reading in judged.readings] if others else []
    if not read:
        return
    with context.store.read() as connection:
        known = records.known(connection, context.agency, kind, read)
        new = [local_id for local_id in read if local_id not in known]
        suspects = neighbours.holding(connection, sorted(others), kind, new)
    for agency, local_id, range_value in suspects:
        if _selects(others[agency], kind, local_id, range_value):
            mapping = others[agency].mapping
            problem = ConfigProblem(
                "E-CFG-OVERLAP", file=f"{mapping.system}/{kind}.toml", key="select.sql", found=agency,
                expected=":agency_code", agency=context.agency,
            )  # fmt: skip
            raise MappingError("E-CFG-OVERLAP", [problem], found=agency, agency=context.agency)


def _names_alike(other: Neighbour, kind_mapping: KindMapping) -> bool:
    return kind_mapping.kind in other.mapping.kinds and other.mapping.source == kind_mapping.source


def _selects(other: Neighbour, kind: Kind, local_id: str, range_value: str) -> bool:
    pages = other.source.fetch(other.mapping.kind(kind), [range_value])
    return any(row.key.local_id == local_id for page in pages for row in page.rows)
