"""Collect: read the source, map what changed, record it.

    guards.checked                 may this cycle begin at all?
    source.pages(kind) -> Page     their database, read only, one short transaction per page
    mapping.apply(row) -> Mapped   pure
    COMMIT 1                       rows, audit and the sweep's position together

Parents are swept before children, so that a child's parent is in the ledger when the child is judged. Rows marked as
state secrets are counted, and nothing else about them is kept; a known key that became secret is set aside.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Cause, Kind
from connector.core.secrecy import SecrecyPolicy
from connector.logs import get_logger
from connector.sources.base import Source
from connector.stages import guards
from connector.stages.context import Context, Counts
from connector.stages.guards import Bounds, Trip
from connector.stages.hidden import Hidden
from connector.stages.judging import Judged, foresee, judge
from connector.stages.reading import mapping_mark
from connector.stages.strangers import Strangers
from connector.store import marks, records, tombstones, views, withdrawals
from connector.store.db import Tx
from connector.store.marks import SweepCounts
from connector.store.records import SweepRef


@dataclass(frozen=True, slots=True)
class Reader:
    """What a collect reads with: the source, what its rows mean, and how far it is trusted."""

    source: Source
    mapping: CompiledMapping
    policy: SecrecyPolicy
    bounds: Bounds
    gone: str = "keep"
    gone_reason: str = ""

    @property
    def mark(self) -> str:
        """The second half of every fingerprint pair."""
        return mapping_mark(self.mapping, self.policy)


def collect(context: Context, reader: Reader) -> Iterator[Counts]:
    """Sweep every kind of the mapping; yield counts after each page: read, created, updated, same, quarantined, …

    `guard`: a guard stopped the agency before anything was recorded, or a kind before its rest was. Raises
    SourceError; what was recorded before it stays, and the unfinished sweep says nothing about what is gone."""
    kinds = reader.mapping.kinds
    found = guards.checked(context, reader.source, reader.mapping, reader.policy, reader.bounds, kinds)
    guards.settle(context, found.trips, found.asked)
    if found.trips:
        yield {"guard": len(found.trips)}
        return
    hidden = Hidden()
    for kind in kinds:
        if context.stop.is_set():
            return
        stopped = yield from _sweep(context, reader, reader.mapping.kind(kind), hidden)
        if stopped:
            return
    if not context.stop.is_set():
        guards.remember(context, found.seen)


def _sweep(
    context: Context, reader: Reader, kind_mapping: KindMapping, hidden: Hidden
) -> Generator[Counts, None, bool]:
    """Read one kind in full; return (not yield) whether a guard stopped it. Then, as after a crash, the sweep stays
    unfinished."""
    kind = kind_mapping.kind
    with context.store.write() as tx:
        last = marks.last_sweep(tx.connection, context.agency, kind)
        sweep = SweepRef(marks.begin_sweep(tx, context.agency, kind, reader.mark), last.id if last is not None else 0)
    total, strangers = SweepCounts(), Strangers(context, kind, sweep.last_finished, reader.bounds)
    for page in reader.source.pages(kind_mapping):
        judged = judge(context, reader.mapping, kind_mapping, page, reader.policy, hidden)
        total = total.plus(judged.counts)
        judged = strangers.keep(judged)
        if not strangers.too_many():
            yield _record(context, reader.mark, kind, judged, sweep)
        # If the process dies here, this page is recorded once; the next sweep reads it again and finds it unchanged.
        if context.stop.is_set():
            return False
    trip = strangers.too_many()
    guards.settle(context, [trip] if trip else [], [guards.IDS_REUSED])
    if trip:
        yield {"guard": 1}
        return True
    if strangers.readings:
        yield _record(context, reader.mark, kind, strangers.as_page(), sweep)
    with context.store.write() as tx:
        gone = _declare_gone(tx, context, reader, kind, sweep, total)
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
        "gone": gone,
    }
    return False


def _declare_gone(tx: Tx, context: Context, reader: Reader, kind: Kind, sweep: SweepRef, total: SweepCounts) -> int:
    """Say who is gone, and do what the configuration decides about them; return how many.

    A sweep that could not tell of every row what it is cannot tell either who is missing."""
    if total.unexplained or total.keyless:
        return 0
    keys = tombstones.declare(tx, context.agency, kind, sweep.id, reader.mark, reader.gone, context.actor)
    if reader.gone == "withdraw":
        for key in keys:
            withdraws = context.capabilities.withdraws
            withdrawals.withdraw(tx, key, context.actor, reader.gone_reason, withdraws=withdraws, gone=True)
    return len(keys)


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
        there = (*local_ids, *judged.unchanged, *judged.secret_ids, *judged.excluded_ids)
        counts["back"] = tombstones.close(tx, context.agency, kind, there, context.actor)
    return {"read": judged.counts.universe, "unchanged": len(judged.unchanged), **counts}


# --- a dry run -----------------------------------------------------------------------------------------------------


def plan(context: Context, reader: Reader) -> Iterator[tuple[Counts, tuple[views.Planned, ...]]]:
    """Yield, page by page, what a collect would do if no guard stopped it. Writes nothing anywhere."""
    for page in foresee(context, reader.source, reader.mapping, reader.policy):
        changes = tuple(change for _, change in page.planned if change.what != "same")
        counts = {
            "read": page.judged.counts.universe,
            "unchanged": len(page.judged.unchanged) + len(page.planned) - len(changes),
            "refused_secret": page.judged.counts.refused_secret,
            "excluded": sum((page.judged.counts.excluded or {}).values()),
        }
        for change in changes:
            counts[change.what] = counts.get(change.what, 0) + 1
        yield counts, changes


def tripped(context: Context, reader: Reader) -> tuple[Trip, ...]:
    """Return the guards that would stop a collect now. Writes nothing anywhere."""
    kinds = reader.mapping.kinds
    return guards.checked(context, reader.source, reader.mapping, reader.policy, reader.bounds, kinds).trips
