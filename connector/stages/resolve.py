"""Resolve: look for deliveries whose answer was lost, and only for those.

An unknown delivery leaves that state by a sighting alone; what the sighting means is in `core/lifecycle.py`. This is
also the whole of crash recovery: a start makes dead claims unknown, and the ordinary run comes here. Of a kind that
cannot be looked for nothing is asked: its time has come, and the same table says what then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from connector.core.model import Delivery, Sighting, SightingName
from connector.logs import get_logger
from connector.national.base import National
from connector.stages import gate
from connector.stages.context import Context, Counts
from connector.stages.meter import Meter
from connector.store import answers, channel, outbox
from connector.store.channel import Signal

LOOK_ROWS = 200

_UNASKED = frozenset({"stopping", "not_findable", "paced"})
"""Rules of sightings for which no question left this machine: they say nothing of the channel."""


def resolve(context: Context, national: National, workers: int) -> Iterator[Counts]:
    """Look for every unknown delivery that is due; yield counts by resulting state after each commit.

    Each is looked for at most once per run, for every sighting moves it away or into the future. `held`, `paced`,
    `paused`: why the gate is closed."""
    gauge = gate.meter(context)
    with ThreadPoolExecutor(workers, thread_name_prefix="find") as pool:
        while not context.stop.is_set():
            with context.store.read() as connection:
                due = outbox.unknowns_due(
                    connection, context.agency, context.generation, context.now(), LOOK_ROWS,
                    farthest_s=context.farthest_s,
                )  # fmt: skip
            if not due:
                return
            leave = gate.leave(context, national, gauge, LOOK_ROWS)
            if leave.why:
                yield {leave.why: 1}
                return
            due = due[: 1 if gauge.blind else leave.rows]
            futures = [pool.submit(_find, context, national, delivery, gauge) for delivery in due]
            sightings = [_sighting_of(future, delivery) for future, delivery in zip(futures, due, strict=True)]
            yield _finish(context, due, sightings, gauge)
            # If the process dies before this commit, the same deliveries are looked for again: a read harms nobody.


def _find(context: Context, national: National, delivery: Delivery, gauge: Meter) -> Sighting:
    if context.stop.is_set():
        return Sighting(delivery.id, SightingName.HELD, "stopping", None, 0.0)
    if delivery.key.kind not in context.capabilities.findable:
        return Sighting(delivery.id, SightingName.UNREADABLE, "not_findable", None, 0.0)
    if not gauge.take(1):
        return Sighting(delivery.id, SightingName.HELD, "paced", None, 0.0)
    seen: Sighting | None = None
    try:
        seen = national.find(delivery)
    finally:
        gauge.answered(1, seen.rate if seen else None)
    return seen


def _sighting_of(future: Future[Sighting], delivery: Delivery) -> Sighting:
    error = future.exception()
    if error is None:
        return future.result()
    get_logger().error("job.failed", job="resolve", kind=delivery.key.kind, error=type(error).__name__)
    return Sighting(delivery.id, SightingName.UNREADABLE, "bug", None, 0.0)


def _finish(context: Context, due: Sequence[Delivery], sightings: Sequence[Sighting], gauge: Meter) -> Counts:
    signals = [
        Signal(sighting.name is SightingName.HELD, None, sighting.rule, sighting.retry_after_s)
        for sighting in sightings
        if sighting.rule not in _UNASKED
    ]
    clockwork = answers.Clockwork(context.limits, context.jitter)
    with context.store.write() as tx:
        moved = answers.finish_finds(tx, sightings, context.generation, context.capabilities, clockwork, context.actor)
        gate.observe(context, tx, signals)
        channel.keep_pace(tx, context.agency, context.generation, gauge.pace())
    states = {str(state): count for state, count in moved.items()}
    get_logger().info("batch.finished", agency=context.agency, stage="resolve", states=states)
    looked = [delivery for delivery, one in zip(due, sightings, strict=True) if one.rule not in _UNASKED]
    asked = sum(not delivery.attempt for delivery in looked)  # never sent since a person asked: no answer was lost
    counts = {"looked_for": len(looked), "asked": asked}
    return {f"to_{state}": count for state, count in moved.items()} | counts
