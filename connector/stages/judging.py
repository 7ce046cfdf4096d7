"""One page, decided: rows compared with the ledger, mapped where they changed, children kept from telling on parents.

Writes nothing: collect records what is decided here, a dry run shows it, a guard counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind, Problem, RecordKey
from connector.core.secrecy import SecrecyPolicy
from connector.sources.base import Page, Source
from connector.stages import attaching, placing
from connector.stages.context import Context
from connector.stages.hidden import Hidden
from connector.stages.reading import mapping_mark, problem_readings, sort_rows
from connector.store import records, views
from connector.store.marks import SweepCounts
from connector.store.records import Known, Reading


@dataclass(frozen=True, slots=True)
class Judged:
    """One page, decided: what to record, what is unchanged, and how it adds up."""

    readings: tuple[Reading, ...]
    unchanged: tuple[str, ...] = ()
    counts: SweepCounts = field(default_factory=SweepCounts)
    secret_ids: frozenset[str] = frozenset()
    excluded_ids: frozenset[str] = frozenset()
    reused: frozenset[str] = frozenset()  # local ids of known keys that stand on other records now
    excluded_as: Mapping[str, str] = field(default_factory=dict)


def judge(
    context: Context,
    mapping: CompiledMapping,
    kind_mapping: KindMapping,
    page: Page,
    policy: SecrecyPolicy,
    hidden: Hidden,
) -> Judged:
    """Decide about one page without writing anything: also what a dry run shows."""
    kind = kind_mapping.kind
    hidden.secret |= {RecordKey(context.agency, kind, local_id) for local_id in page.secret_ids}
    hidden.excluded |= {RecordKey(context.agency, kind, local_id) for local_id in page.excluded_ids}
    rows = attaching.seen(context, kind_mapping, placing.chosen(context.store, kind_mapping, page.rows))
    with context.store.read() as connection:
        ledger = records.known(connection, context.agency, kind, [row.key.local_id for row in rows])
        parents = {row.key.local_id: kind_mapping.parents_of(row) for row in rows}
        concealed = records.concealed_among(connection, context.agency, hidden.unseen(parents))
        hidden.remember(connection, context.agency, parents)
    files = attaching.Files.of(context, kind_mapping, rows)  # no transaction is open while they are read
    mark = mapping_mark(mapping.part(kind_mapping.source), policy)
    sorted_rows = sort_rows(kind_mapping, mark, rows, ledger, policy, frozenset(concealed), files)
    secret, excluded = children_of(parents, hidden)
    gone = {*secret, *excluded}
    hidden.secret |= {RecordKey(context.agency, kind, local_id) for local_id in secret}
    hidden.excluded |= {RecordKey(context.agency, kind, local_id) for local_id in excluded}
    unread = problem_readings(context.agency, kind, [problem for problem in page.problems if problem[0]])
    keyless = sum(1 for problem in page.problems if not problem[0])
    counts = SweepCounts(
        universe=page.universe,
        selected=page.selected - len(secret) - len(excluded),
        refused_secret=page.refused_secret + len(secret),
        unexplained=page.unexplained,
        keyless=keyless,
        excluded={**page.excluded} | ({"parent": len(excluded)} if excluded else {}),
    )
    return Judged(
        readings=(*(reading for reading in sorted_rows.readings if reading.key.local_id not in gone), *unread),
        unchanged=tuple(local_id for local_id in sorted_rows.unchanged if local_id not in gone),
        counts=counts,
        secret_ids=page.secret_ids | frozenset(secret),
        excluded_ids=page.excluded_ids | frozenset(excluded),
        excluded_as={**page.excluded_as, **dict.fromkeys(excluded, "parent")},
        reused=frozenset(
            reading.key.local_id
            for reading in sorted_rows.readings
            if reading.key.local_id not in gone and _is_another(ledger.get(reading.key.local_id), reading)
        ),
    )


def _is_another(before: Known | None, reading: Reading) -> bool:
    """Whether a known key stands on another record now. Only identities made of the same columns can be compared."""
    if before is None or not before.identity or not reading.identity or before.identity == reading.identity:
        return False
    return before.identity.partition(":")[0] == reading.identity.partition(":")[0]


def children_of(parents: Mapping[str, tuple[RecordKey, ...]], hidden: Hidden) -> tuple[list[str], list[str]]:
    """A child of a secret or excluded parent goes with it, even where its own SELECT forgot to say so, and even if
    nothing but its parent can be read of it.

    Return the local ids of the children of secret parents, and of those of excluded ones."""
    secret = [local_id for local_id, found in parents.items() if not hidden.secret.isdisjoint(found)]
    excluded = [
        local_id
        for local_id, found in parents.items()
        if not hidden.excluded.isdisjoint(found) and hidden.secret.isdisjoint(found)
    ]
    return secret, excluded


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One page as a collect would take it: what is decided, and what each reading would change. `nameless`: what is
    wrong with rows that have no key."""

    kind: Kind
    judged: Judged
    planned: tuple[tuple[Reading, views.Planned], ...]
    nameless: tuple[Problem, ...] = ()


def foresee(context: Context, source: Source, mapping: CompiledMapping, policy: SecrecyPolicy) -> Iterator[Foreseen]:
    """Yield, page by page, what a full sweep of every kind would do. Writes nothing anywhere."""
    hidden = Hidden()
    for kind in mapping.kinds:
        for kind_mapping in mapping.all_of(kind):
            yield from foresee_kind(context, source, mapping, policy, kind_mapping, hidden)


def foresee_kind(
    context: Context,
    source: Source,
    mapping: CompiledMapping,
    policy: SecrecyPolicy,
    kind_mapping: KindMapping,
    hidden: Hidden,
) -> Iterator[Foreseen]:
    """Yield, page by page, what a full sweep of one kind of one source would do; `hidden` is what those before it
    hide."""
    for page in source.pages(kind_mapping):
        judged = judge(context, mapping, kind_mapping, page, policy, hidden)
        with context.store.read() as connection:
            planned = tuple((reading, views.planned_change(connection, reading)) for reading in judged.readings)
        hidden.open |= {reading.key for reading in judged.readings if reading.concealed is False}
        yield Foreseen(
            kind_mapping.kind, judged, planned, tuple(problem for local_id, problem in page.problems if not local_id)
        )
