"""COMMIT 1: what was read and decided goes into the ledger, with its audit and the place that was reached.

Shared by full sweeps and by short readings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Cause, Kind
from connector.core.secrecy import SecrecyPolicy
from connector.sources.base import Source
from connector.stages.bounds import Bounds
from connector.stages.context import Context, Counts
from connector.stages.judging import Judged
from connector.stages.overlap import Neighbour
from connector.stages.reading import mapping_mark, sweep_mark
from connector.store import records, setting_aside, tombstones, unsettled
from connector.store.db import Tx
from connector.store.records import SweepRef


@dataclass(frozen=True, slots=True)
class Reader:
    """What a collect reads with: the source, what its rows mean, how far it is trusted, what becomes of the gone."""

    source: Source
    mapping: CompiledMapping
    policy: SecrecyPolicy
    bounds: Bounds
    gone: str = "keep"
    gone_reason: str = ""
    beside: tuple[Neighbour, ...] = ()  # other agencies of the same database

    def mark_of(self, kind_mapping: KindMapping) -> str:
        """Return the second half of the fingerprint pairs of a kind's rows in one source."""
        return mapping_mark(self.mapping.part(kind_mapping.source), self.policy)

    def sweep_mark(self, kind: Kind) -> str:
        """Return under what a sweep of this kind is made, over all sources that have it."""
        return sweep_mark(self.mapping, kind, self.policy)

    def settle_s(self, kind_mapping: KindMapping) -> float | None:
        """Return how far apart two equal readings must be, None where one is enough. May ask the source: to be called
        before a transaction, not inside."""
        return None if self.source.has_snapshot(kind_mapping) else float(kind_mapping.settings.settle_s)


def record(
    tx: Tx, context: Context, mark: str, kind: Kind, judged: Judged, sweep: SweepRef, settle_s: float | None
) -> Counts:
    """Record one page and return its counts. mark: `Reader.mark_of`; settle_s: `Reader.settle_s`, without snapshots at
    the source what was read once only waits."""
    agency, actor = context.agency, context.actor
    local_ids = [reading.key.local_id for reading in judged.readings]
    ledger = records.known(tx.connection, agency, kind, local_ids)
    readings = judged.readings
    waiting: tuple[str, ...] = ()
    if settle_s is not None:
        settled = unsettled.settle(tx, agency, kind, readings, ledger, settle_s, sweep.id, sweep.last_finished)
        readings, waiting = settled.readings, settled.waiting
        sweep = replace(sweep, counted=settled.counted)
        unsettled.forget(tx, agency, kind, [*judged.unchanged, *judged.secret_ids, *judged.excluded_ids])
    counts = records.record(
        tx, readings, ledger, mapping_digest=mark, sweep=sweep, actor=actor, carried=context.capabilities.carried
    )
    records.touch(tx, agency, kind, (*judged.unchanged, *waiting), sweep)
    for found, cause in ((judged.secret_ids, Cause.BECAME_SECRET), (judged.excluded_ids, Cause.EXCLUDED)):
        named = judged.excluded_as if cause is Cause.EXCLUDED else None
        counts[cause] = setting_aside.set_aside(
            tx, agency, kind, sorted(found), cause, sweep.last_finished, actor, named
        )
    there = (*local_ids, *judged.unchanged, *judged.secret_ids, *judged.excluded_ids)
    counts["back"] = tombstones.close(tx, agency, kind, there, actor)
    return {"read": judged.counts.universe, "unchanged": len(judged.unchanged), "waiting": len(waiting), **counts}
