"""From rows to readings: compare with the ledger, map what changed. Decides; the stages record.

Shared by collect and resync. Pure but for the rows it is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from connector.core.kind_mapping import KindMapping
from connector.core.model import Kind, Problem, RecordKey, SourceRow
from connector.core.secrecy import SecrecyPolicy
from connector.store.records import Known, Reading


@dataclass(frozen=True, slots=True)
class Sorted:
    """One page, sorted by what has to be done: `unchanged` local ids, and `readings` to record."""

    unchanged: tuple[str, ...]
    readings: tuple[Reading, ...]


def sort_rows(
    mapping: KindMapping,
    mapping_digest: str,
    rows: Iterable[SourceRow],
    ledger: Mapping[str, Known],
    policy: SecrecyPolicy,
) -> Sorted:
    """Map every row whose fingerprint pair differs from the ledger's; an unchanged one costs nothing more."""
    unchanged: list[str] = []
    readings: list[Reading] = []
    for row in rows:
        before = ledger.get(row.key.local_id)
        if before is not None and before.unchanged(row.fingerprint, mapping_digest):
            unchanged.append(row.key.local_id)
        else:
            readings.append(map_row(mapping, row, policy))
    return Sorted(tuple(unchanged), tuple(readings))


def map_row(mapping: KindMapping, row: SourceRow, policy: SecrecyPolicy) -> Reading:
    """Map one row: a document, or the problems that prevent one."""
    mapped = mapping.apply(row, policy)
    document = mapped.documents[0] if mapped.documents else None
    range_value = row.columns.get(mapping.range_column)
    return Reading(row.key, row.fingerprint, str(range_value), document, mapped.problems)


def problem_readings(agency: str, kind: Kind, problems: Sequence[tuple[str, Problem]]) -> list[Reading]:
    """Return readings for rows that could not even be read whole. They have no place on the range that they could be
    found at again, so only a sweep reads them again."""
    by_key: dict[str, list[Problem]] = {}
    for local_id, problem in problems:
        by_key.setdefault(local_id, []).append(problem)
    return [
        Reading(RecordKey(agency, kind, local_id), "", "", None, tuple(found)) for local_id, found in by_key.items()
    ]
