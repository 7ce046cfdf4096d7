"""A full sweep of one kind: every row once, then who is gone, then the sums that the books are compared with."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.core.kind_mapping import KindMapping
from connector.core.model import Kind
from connector.errors import SourceError
from connector.logs import get_logger
from connector.stages import guards, overlap
from connector.stages.context import Context, Counts
from connector.stages.doubles import Doubles
from connector.stages.hidden import Hidden
from connector.stages.judging import judge
from connector.stages.reach import Reach
from connector.stages.recording import Reader, record
from connector.stages.strangers import Strangers
from connector.store import acceptance, marks, positions, setting_aside, tombstones, unsettled, withdrawals
from connector.store.db import Tx
from connector.store.marks import SweepCounts
from connector.store.records import SweepRef


def sweep(
    context: Context, reader: Reader, kind: Kind, reach: Reach, hidden: Hidden, clocks: Mapping[str, datetime]
) -> Generator[Counts, None, bool]:
    """Read one kind in full, in one source after another; yield counts after each page; return (not yield) whether a
    guard stopped it. Then, as after a crash or a stop, or where a source could not be read, the sweep stays unfinished
    and says nothing about what is gone.

    clocks: the time of each source when the cycle began; short readings go on from there."""
    run = _begin(context, reader, kind)
    for part in reach.parts(kind):
        try:
            yield from _walk(context, reader, part, run, hidden)
        except SourceError as error:
            reach.fail(part, error)
        if context.stop.is_set():
            return False
    trip, whole = run.strangers.too_many(), reach.is_whole(kind)
    if trip or whole:
        guards.settle(context, [trip] if trip else [], [guards.IDS_REUSED])
    if trip:
        yield {"guard": 1}
        return True
    if not whole:
        return False
    yield from _held_back(context, reader, run)
    with context.store.write() as tx:
        gone = _finish(tx, context, reader, run, clocks)
    # If the process dies here, the sweep counts as finished, with everything it has found and missed.
    _log(context, kind, run.ref, run.total)
    yield {
        "refused_secret": run.total.refused_secret,
        "excluded": sum((run.total.excluded or {}).values()),
        "unexplained": run.total.unexplained,
        "keyless": run.total.keyless,
        "gone": gone,
    }
    return False


@dataclass(slots=True)
class _Run:
    """One sweep under way: what it counts, and what it keeps for its end."""

    kind: Kind
    ref: SweepRef
    strangers: Strangers
    doubles: Doubles
    total: SweepCounts = field(default_factory=SweepCounts)


def _begin(context: Context, reader: Reader, kind: Kind) -> _Run:
    with context.store.write() as tx:
        last = marks.last_sweep(tx.connection, context.agency, kind)
        sweep_id = marks.begin_sweep(tx, context.agency, kind, reader.sweep_mark(kind))
    ref = SweepRef(sweep_id, last.id if last is not None else 0)
    strangers = Strangers(context, kind, ref.last_finished, reader.bounds)
    return _Run(kind, ref, strangers, Doubles(context, reader.mapping, kind, ref))


def _walk(
    context: Context, reader: Reader, kind_mapping: KindMapping, run: _Run, hidden: Hidden
) -> Generator[Counts, None, None]:
    """Record what one source has of the kind, until a stop; yield counts after each page."""
    settle_s, mark = reader.settle_s(kind_mapping), reader.mark_of(kind_mapping)
    for page in reader.source.pages(kind_mapping):
        judged = run.doubles.keep(judge(context, reader.mapping, kind_mapping, page, reader.policy, hidden))
        overlap.refuse(context, reader.beside, kind_mapping, judged)
        run.total = run.total.plus(judged.counts)
        judged = run.strangers.keep(judged)
        if not run.strangers.too_many():
            with context.store.write() as tx:
                counts = record(tx, context, mark, run.kind, judged, run.ref, settle_s)
            yield counts
        # If the process dies here, this page is recorded once; the next sweep reads it again and finds it unchanged.
        if context.stop.is_set():
            return


def _held_back(context: Context, reader: Reader, run: _Run) -> Generator[Counts, None, None]:
    """Record what was kept for the end of the sweep, of each source by itself; yield counts after each."""
    for page in (run.strangers.as_page(), run.doubles.as_page()):
        for part in reader.mapping.all_of(run.kind):
            own = tuple(one for one in page.readings if reader.mapping.of(one.key).part == part.part)
            if own:
                settle_s, mark = reader.settle_s(part), reader.mark_of(part)
                with context.store.write() as tx:
                    counts = record(tx, context, mark, run.kind, replace(page, readings=own), run.ref, settle_s)
                yield counts


def _finish(tx: Tx, context: Context, reader: Reader, run: _Run, clocks: Mapping[str, datetime]) -> int:
    agency, kind, sweep_id = context.agency, run.kind, int(run.ref.id or 0)
    gone = _declare_gone(tx, context, reader, kind, sweep_id, run.total)
    unsettled.forget_unseen(tx, agency, kind, sweep_id)
    setting_aside.judge_parents(tx, agency, kind, context.actor)
    for part in reader.mapping.all_of(kind):
        if part.source in clocks and part.settings.changed_at:
            positions.set_to(tx, agency, part, positions.settled(clocks[part.source], part))
    marks.finish_sweep(tx, agency, kind, sweep_id, run.total, context.actor)
    acceptance.note_swept(tx, agency, kind, sweep_id)
    return gone


def _declare_gone(tx: Tx, context: Context, reader: Reader, kind: Kind, sweep_id: int, total: SweepCounts) -> int:
    """Say who is gone, and do what the configuration decides about them; return how many.

    A sweep that could not tell of every row what it is cannot tell either who is missing."""
    if total.unexplained or total.keyless:
        return 0
    keys = tombstones.declare(tx, context.agency, kind, sweep_id, reader.sweep_mark(kind), reader.gone, context.actor)
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
