"""A full sweep of one kind: every row once, then who is gone, then the sums that the books are compared with."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

from connector.core.kind_mapping import KindMapping
from connector.core.model import Kind
from connector.logs import get_logger
from connector.stages import guards, overlap
from connector.stages.context import Context, Counts
from connector.stages.doubles import Doubles
from connector.stages.hidden import Hidden
from connector.stages.judging import judge
from connector.stages.recording import Reader, record
from connector.stages.strangers import Strangers
from connector.store import acceptance, marks, positions, setting_aside, tombstones, unsettled, withdrawals
from connector.store.db import Tx
from connector.store.marks import SweepCounts
from connector.store.records import SweepRef


def sweep(
    context: Context, reader: Reader, kind_mapping: KindMapping, hidden: Hidden, clock: datetime | None
) -> Generator[Counts, None, bool]:
    """Read one kind in full, yield counts after each page; return (not yield) whether a guard stopped it: then, as
    after a crash or a stop, the sweep stays unfinished and says nothing about what is gone.

    clock: the source's time when the cycle began; short readings go on from there."""
    kind = kind_mapping.kind
    with context.store.write() as tx:
        last = marks.last_sweep(tx.connection, context.agency, kind)
        ref = SweepRef(marks.begin_sweep(tx, context.agency, kind, reader.mark), last.id if last is not None else 0)
    settle_s = reader.settle_s(kind_mapping)
    total, strangers = SweepCounts(), Strangers(context, kind, ref.last_finished, reader.bounds)
    doubles = Doubles(context, kind_mapping, ref)
    for page in reader.source.pages(kind_mapping):
        judged = doubles.keep(judge(context, reader.mapping, kind_mapping, page, reader.policy, hidden))
        overlap.refuse(context, reader.beside, kind_mapping, judged)
        total = total.plus(judged.counts)
        judged = strangers.keep(judged)
        if not strangers.too_many():
            with context.store.write() as tx:
                counts = record(tx, context, reader.mark, kind, judged, ref, settle_s)
            yield counts
        # If the process dies here, this page is recorded once; the next sweep reads it again and finds it unchanged.
        if context.stop.is_set():
            return False
    trip = strangers.too_many()
    guards.settle(context, [trip] if trip else [], [guards.IDS_REUSED])
    if trip:
        yield {"guard": 1}
        return True
    for held_back in (strangers.as_page(), doubles.as_page()):
        if held_back.readings:
            with context.store.write() as tx:
                counts = record(tx, context, reader.mark, kind, held_back, ref, settle_s)
            yield counts
    with context.store.write() as tx:
        gone = _finish(tx, context, reader, kind_mapping, ref, total, clock)
    # If the process dies here, the sweep counts as finished, with everything it has found and missed.
    _log(context, kind, ref, total)
    yield {
        "refused_secret": total.refused_secret,
        "excluded": sum((total.excluded or {}).values()),
        "unexplained": total.unexplained,
        "keyless": total.keyless,
        "gone": gone,
    }
    return False


def _finish(
    tx: Tx,
    context: Context,
    reader: Reader,
    kind_mapping: KindMapping,
    ref: SweepRef,
    total: SweepCounts,
    clock: datetime | None,
) -> int:
    agency, kind, sweep_id = context.agency, kind_mapping.kind, int(ref.id or 0)
    gone = _declare_gone(tx, context, reader, kind, sweep_id, total)
    unsettled.forget_unseen(tx, agency, kind, sweep_id)
    setting_aside.judge_parents(tx, agency, kind, context.actor)
    if clock is not None and kind_mapping.settings.changed_at:
        positions.set_to(tx, agency, kind, positions.settled(clock, kind_mapping))
    marks.finish_sweep(tx, agency, kind, sweep_id, total, context.actor)
    acceptance.note_swept(tx, agency, kind, sweep_id)
    return gone


def _declare_gone(tx: Tx, context: Context, reader: Reader, kind: Kind, sweep_id: int, total: SweepCounts) -> int:
    """Say who is gone, and do what the configuration decides about them; return how many.

    A sweep that could not tell of every row what it is cannot tell either who is missing."""
    if total.unexplained or total.keyless:
        return 0
    keys = tombstones.declare(tx, context.agency, kind, sweep_id, reader.mark, reader.gone, context.actor)
    if reader.gone == "withdraw":
        for key in keys:
            withdraws = context.capabilities.withdraws
            withdrawals.withdraw(tx, key, context.actor, reader.gone_reason, withdraws=withdraws, gone=True)
    return len(keys)


def _log(context: Context, kind: Kind, ref: SweepRef, total: SweepCounts) -> None:
    get_logger().info(
        "sweep.finished", agency=context.agency, kind=kind, sweep=ref.id, selected=total.selected,
        refused_secret=total.refused_secret, unexplained=total.unexplained,
    )  # fmt: skip
