"""Collect: read the source in full, map what changed, record it.

    source.pages(kind) -> Page     their database, read only, one short transaction per page
    mapping.apply(row) -> Mapped   pure
    COMMIT 1                       rows, audit and the sweep's position together

Parents are swept before children, so that a child's parent is in the ledger when the child is judged. Rows marked as
state secrets are counted, and nothing else about them is kept; a known key that became secret is set aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from connector.core.chain import canonical, digest
from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Cause, Kind, RecordKey
from connector.core.secrecy import SecrecyPolicy
from connector.logs import get_logger
from connector.sources.base import Page, Source
from connector.stages.context import Context, Counts
from connector.stages.reading import mapping_mark, problem_readings, sort_rows
from connector.store import marks, records, views
from connector.store.marks import SweepCounts
from connector.store.records import Known, Reading, SweepRef

FIRST_RUN = "first_run"
"""Guard: the first sweep of an agency would create more records than the configured bound."""

GUARD_MARGIN = 0.05
"""A source goes on living while somebody decides: an approved first run may grow by this share, or by 50 rows."""


@dataclass(slots=True)
class Hidden:
    """Parents of this sweep that must not appear, in memory only: their children go the same way."""

    secret: set[RecordKey] = field(default_factory=set)
    excluded: set[RecordKey] = field(default_factory=set)

    def remember(self, connection: Connection, agency: str, parents: Mapping[str, tuple[RecordKey, ...]]) -> None:
        """Add the parents that the ledger has set aside: one that was deleted since hides its children still."""
        asked = {parent for found in parents.values() for parent in found} - self.secret - self.excluded
        for parent, cause in records.set_aside_among(connection, agency, asked).items():
            (self.secret if cause is Cause.BECAME_SECRET else self.excluded).add(parent)


@dataclass(frozen=True, slots=True)
class Judged:
    """One page, decided: what to record, what is unchanged, and how it adds up."""

    readings: tuple[Reading, ...]
    unchanged: tuple[str, ...]
    counts: SweepCounts
    secret_ids: frozenset[str]
    excluded_ids: frozenset[str]


def collect(
    context: Context, source: Source, mapping: CompiledMapping, policy: SecrecyPolicy, first_run_limit: int
) -> Iterator[Counts]:
    """Sweep every kind of the mapping; yield counts after each page: read, created, updated, same, quarantined, …

    `guard`: a guard stopped the agency before anything was recorded. Raises SourceError; what was recorded before
    it stays, and the unfinished sweep says nothing about what is gone."""
    if first_run_is_stopped(context, source, mapping, first_run_limit):
        yield {"guard": 1}
        return
    hidden = Hidden()
    for kind in mapping.kinds:
        if context.stop.is_set():
            return
        yield from _sweep(context, source, mapping, mapping.kind(kind), policy, hidden)


def _sweep(
    context: Context,
    source: Source,
    mapping: CompiledMapping,
    kind_mapping: KindMapping,
    policy: SecrecyPolicy,
    hidden: Hidden,
) -> Iterator[Counts]:
    kind = kind_mapping.kind
    with context.store.write() as tx:
        last = marks.last_sweep(tx.connection, context.agency, kind)
        sweep = SweepRef(
            marks.begin_sweep(tx, context.agency, kind, mapping_mark(mapping, policy)),
            last.id if last is not None else 0,
        )
    total = SweepCounts()
    for page in source.pages(kind_mapping):
        judged = judge(context, mapping, kind_mapping, page, policy, hidden)
        total = total.plus(judged.counts)
        yield _record(context, mapping_mark(mapping, policy), kind, judged, sweep)
        # If the process dies here, this page is recorded once; the next sweep reads it again and finds it unchanged.
        if context.stop.is_set():
            return
    with context.store.write() as tx:
        records.judge_parents(tx, context.agency, kind, context.actor)
        marks.finish_sweep(tx, context.agency, kind, sweep.id, total, context.actor)
    get_logger().info(
        "sweep.finished", agency=context.agency, kind=kind, sweep=sweep.id, selected=total.selected,
        refused_secret=total.refused_secret, unexplained=total.unexplained,
    )  # fmt: skip
    yield {
        "refused_secret": total.refused_secret,
        "excluded": sum((total.excluded or {}).values()),
        "unexplained": total.unexplained,
        "keyless": total.keyless,
    }


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
    with context.store.read() as connection:
        ledger = records.known(connection, context.agency, kind, [row.key.local_id for row in page.rows])
        parents = {row.key.local_id: kind_mapping.parents_of(row) for row in page.rows}
        concealed = records.concealed_among(connection, context.agency, _past_and_present(parents, ledger))
        mark = mapping_mark(mapping, policy)
        sorted_rows = sort_rows(kind_mapping, mark, page.rows, ledger, policy, frozenset(concealed))
        hidden.remember(connection, context.agency, parents)
    secret, excluded = _children_of(parents, hidden)
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
    )


def _children_of(parents: Mapping[str, tuple[RecordKey, ...]], hidden: Hidden) -> tuple[list[str], list[str]]:
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


def _past_and_present(parents: Mapping[str, tuple[RecordKey, ...]], ledger: Mapping[str, Known]) -> set[RecordKey]:
    """Every parent that a row of the page has, or had in the ledger. They were recorded before their children."""
    present = {parent for found in parents.values() for parent in found}
    return present | {before.parent for before in ledger.values() if before.parent is not None}


def _record(context: Context, mapping_digest: str, kind: Kind, judged: Judged, sweep: SweepRef) -> Counts:
    """COMMIT 1: what changed, the audit of it, and that the sweep has been here."""
    with context.store.write() as tx:
        local_ids = [reading.key.local_id for reading in judged.readings]
        ledger = records.known(tx.connection, context.agency, kind, local_ids)
        counts = records.record(
            tx,
            judged.readings,
            ledger,
            mapping_digest=mapping_digest,
            sweep=sweep,
            actor=context.actor,
            carried=context.capabilities.carried,
        )
        records.touch(tx, context.agency, kind, judged.unchanged, sweep)
        for local_ids_, cause in (
            (judged.secret_ids, Cause.BECAME_SECRET),
            (judged.excluded_ids, Cause.EXCLUDED),
        ):
            counts[cause] = records.set_aside(
                tx, context.agency, kind, sorted(local_ids_), cause, sweep.last_finished, context.actor
            )
    return {"read": judged.counts.universe, "unchanged": len(judged.unchanged), **counts}


# --- the guard of the first run ------------------------------------------------------------------------------------


def first_run_is_stopped(context: Context, source: Source, mapping: CompiledMapping, limit: int) -> bool:
    """Return whether the first sweep of this agency must wait for a person; a trip is stored as one decision.

    A wrong database or a wrong agency shows as a first run of unexpected size, and what was sent wrongly cannot be
    unsaid. The approved plan holds for this target, this mapping and about this many records."""
    with context.store.read() as connection:
        sweeps = [marks.last_sweep(connection, context.agency, kind) for kind in mapping.kinds]
        if any(sweep is not None and sweep.universe for sweep in sweeps):
            return False
        approved = [guard for guard in marks.guards(connection, context.agency, FIRST_RUN) if guard.approved_by]
    numbers = {str(kind): source.count(mapping.kind(kind)) for kind in mapping.kinds}
    total = sum(numbers.values())
    if total <= limit:
        return False
    if any(_covers(guard.numbers, total, mapping.digest) for guard in approved):
        return False
    allows = total + max(50, int(total * GUARD_MARGIN))
    stored: dict[str, int | str] = {
        **numbers,
        "total": total,
        "allows": allows,
        "limit": limit,
        "mapping": mapping.digest[:16],
    }
    plan = plan_of(context.agency, FIRST_RUN, context.generation, stored)
    with context.store.write() as tx:
        if marks.guard_of(tx.connection, plan) is None:
            marks.trip(tx, context.agency, FIRST_RUN, plan, stored, context.actor)
    get_logger().warning("guard.tripped", agency=context.agency, guard=FIRST_RUN, plan=plan, counts=numbers)
    return True


def _covers(numbers: Mapping[str, object], total: int, mapping_digest: str) -> bool:
    allows = numbers.get("allows")
    return isinstance(allows, int) and total <= allows and numbers.get("mapping") == mapping_digest[:16]


def plan_of(agency: str, name: str, generation: int, numbers: Mapping[str, object]) -> str:
    """Return the short name under which exactly this plan can be approved."""
    return digest(canonical([agency, name, generation, dict(numbers)]))[:12]


# --- a dry run -----------------------------------------------------------------------------------------------------


def plan(
    context: Context, source: Source, mapping: CompiledMapping, policy: SecrecyPolicy
) -> Iterator[tuple[Counts, tuple[views.Planned, ...]]]:
    """Yield, page by page, what a collect would do. Writes nothing anywhere."""
    hidden = Hidden()
    for kind in mapping.kinds:
        kind_mapping = mapping.kind(kind)
        for page in source.pages(kind_mapping):
            judged = judge(context, mapping, kind_mapping, page, policy, hidden)
            with context.store.read() as connection:
                planned = tuple(views.planned_change(connection, reading) for reading in judged.readings)
            changes = tuple(change for change in planned if change.what != "same")
            counts = {
                "read": judged.counts.universe,
                "unchanged": len(judged.unchanged) + len(planned) - len(changes),
                "refused_secret": judged.counts.refused_secret,
                "excluded": sum((judged.counts.excluded or {}).values()),
            }
            for change in changes:
                counts[change.what] = counts.get(change.what, 0) + 1
            yield counts, changes
