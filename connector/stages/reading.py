"""From rows to readings: compare with the ledger, map what changed. Decides; the stages record.

Shared by collect and resync. Pure but for the rows it is given and the files that they name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from connector.core import secrecy
from connector.core.chain import canonical, digest
from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Fate, Kind, Mapped, Problem, RecordKey, SourceRow
from connector.core.secrecy import PARENT_CONCEALED, SecrecyPolicy
from connector.stages.attaching import Files
from connector.store.records import Known, Reading


@dataclass(frozen=True, slots=True)
class Sorted:
    """One page, sorted by what has to be done: `unchanged` local ids, and `readings` to record."""

    unchanged: tuple[str, ...]
    readings: tuple[Reading, ...]


def mapping_mark(mapping: CompiledMapping, policy: SecrecyPolicy) -> str:
    """Return the second half of the fingerprint pair: everything besides the row that decides what is sent of it.

    `mapping`: that of the row's own source, so that another source that comes or goes maps none of its rows again."""
    parts = [mapping.digest, policy.denouncer_identity, policy.legal_basis, secrecy.VERSION]
    return digest(canonical(parts))


def sweep_mark(mapping: CompiledMapping, kind: Kind, policy: SecrecyPolicy) -> str:
    """Return what two sweeps of a kind have in common that go over the same sources under the same mappings."""
    marks = sorted((each.source, mapping_mark(mapping.part(each.source), policy)) for each in mapping.all_of(kind))
    return marks[0][1] if len(marks) == 1 else digest(canonical([list(mark) for mark in marks]))


def sort_rows(
    mapping: KindMapping,
    mapping_digest: str,
    rows: Iterable[SourceRow],
    ledger: Mapping[str, Known],
    policy: SecrecyPolicy,
    concealed: frozenset[RecordKey] = frozenset(),
    files: Files | None = None,
) -> Sorted:
    """Map every row whose fingerprint pair differs from the ledger's; an unchanged one costs nothing more.

    `concealed`: which of the papers that these rows hang on are, or may have to be. `files`: who reads theirs."""
    unchanged: list[str] = []
    readings: list[Reading] = []
    for row in rows:
        before = ledger.get(row.key.local_id)
        if before is not None and before.unchanged(fingerprint_of(mapping, row, concealed), mapping_digest):
            unchanged.append(row.key.local_id)
        else:
            readings.append(map_row(mapping, row, policy, concealed, files))
    return Sorted(tuple(unchanged), tuple(readings))


def fingerprint_of(mapping: KindMapping, row: SourceRow, concealed: AbstractSet[RecordKey]) -> str:
    """Return the first half of the fingerprint pair: the row, and whether a paper it hangs on is concealed. When that
    changes, either way, the document of an unchanged row changes too."""
    shadowed = bool(concealed) and not concealed.isdisjoint(mapping.parents_of(row))
    return f"{row.fingerprint}+{PARENT_CONCEALED}" if shadowed else row.fingerprint


def map_row(
    mapping: KindMapping,
    row: SourceRow,
    policy: SecrecyPolicy,
    concealed: AbstractSet[RecordKey] = frozenset(),
    files: Files | None = None,
) -> Reading:
    """Map one row: a document, or the problems that prevent one. What hangs on a `concealed` paper is concealed too.

    Its files are read by `files` once it is known whether it is: of a concealed one hardly any may be opened."""
    parents = mapping.parents_of(row)
    mapped = _mapped(mapping, row, policy, parents, concealed)
    if files is not None and any(file.fate is not Fate.NONE for file in row.files):
        row = files.read(row, concealed=mapped.concealed is not False)
        mapped = _mapped(mapping, row, policy, parents, concealed)
    document = mapped.documents[0] if mapped.documents else None
    fingerprint, found = fingerprint_of(mapping, row, concealed), mapping.range_of(row)
    return Reading(
        row.key, fingerprint, found, document, mapped.problems, parents, row.identity, mapped.concealed, row.files
    )


def _mapped(
    mapping: KindMapping,
    row: SourceRow,
    policy: SecrecyPolicy,
    parents: Iterable[RecordKey],
    concealed: AbstractSet[RecordKey],
) -> Mapped:
    mapped = mapping.apply(row, policy)
    document = mapped.documents[0] if mapped.documents else None
    fully_concealed = document is not None and document.concealed and policy.denouncer_identity == "conceal"
    if not fully_concealed and any(parent in concealed for parent in parents):
        return mapping.apply(row, policy, reason=PARENT_CONCEALED)
    return mapped


def problem_readings(agency: str, kind: Kind, problems: Sequence[tuple[str, Problem]]) -> list[Reading]:
    """Return readings for rows that could not even be read whole. They have no place on the range that they could be
    found at again, so only a sweep reads them again."""
    by_key: dict[str, list[Problem]] = {}
    for local_id, problem in problems:
        by_key.setdefault(local_id, []).append(problem)
    return [
        Reading(RecordKey(agency, kind, local_id), "", "", None, tuple(found)) for local_id, found in by_key.items()
    ]
