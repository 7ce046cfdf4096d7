"""Collect: read the source, map what changed, record it.

    guards.checked                 may this cycle begin at all?
    drift.look                     which kinds may: their columns are what they were
    source.pages(kind) -> Page     their database, read only, one short transaction per page
    mapping.apply(row) -> Mapped   pure
    COMMIT 1                       rows, audit and the sweep's position together

Parents are read before children, so that a child's parent is in the ledger when the child is judged. Rows marked as
state secrets are counted, and nothing else about them is kept; a known key that became secret is set aside.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime

from connector.core.model import Kind
from connector.errors import SourceError
from connector.logs import get_logger
from connector.stages import drift, guards, short
from connector.stages.context import Context, Counts
from connector.stages.guards import Checked, Trip
from connector.stages.hidden import Hidden
from connector.stages.judging import foresee
from connector.stages.recording import Reader
from connector.stages.sweeping import sweep
from connector.store import views


def collect(context: Context, reader: Reader) -> Iterator[Counts]:
    """Read every kind of the mapping, in full or only what changed; yield counts after each commit: read, created,
    updated, same, quarantined, waiting, gone, …

    `guard`: a guard stopped the agency before anything was recorded, a kind before its rest was, or holds a kind whose
    columns have changed; the others are read. Raises SourceError:
    at once if the source is away, and at the end if one kind could not be read; kinds that do not hang on it were. What
    was recorded before it stays, and the unfinished sweep says nothing about what is gone."""
    found = _checked(context, reader)
    guards.settle(context, found.trips, found.asked)
    if found.trips:
        yield {"guard": len(found.trips)}
        return
    drifted = drift.look(context, reader)
    guards.settle(context, drifted.trips, [guards.RETYPED])
    if drifted.trips:
        yield {"guard": len(drifted.trips)}
    unread: set[Kind] = set(drifted.held)
    finished, trouble = yield from _read_all(context, reader, found, unread)
    if finished:
        drift.remember(context, reader, drifted, unread)
    if trouble is not None:
        raise trouble
    if finished:
        guards.remember(context, found.seen)


def _read_all(
    context: Context, reader: Reader, found: Checked, unread: set[Kind]
) -> Generator[Counts, None, tuple[bool, SourceError | None]]:
    """Read the kinds that are not in `unread`, which gets those that could not be read and what hangs on them. Return
    whether neither a stop nor a guard ended it, and the first trouble. Raises SourceError if the source is away."""
    hidden, in_full = Hidden(), set(found.swept)
    trouble: SourceError | None = None
    for kind in reader.mapping.kinds:
        if context.stop.is_set():
            return False, None
        if kind in unread:
            continue
        if not unread.isdisjoint(parent.kind for parent in reader.mapping.kind(kind).parents):
            unread.add(kind)  # what its parents hide is not known
            continue
        try:
            stopped = yield from _read(context, reader, kind, hidden, in_full, found.seen.clock)
        except SourceError as error:
            if error.is_away:
                raise
            unread.add(kind)
            trouble = trouble or error
            get_logger().warning("job.failed", agency=context.agency, job="collect", kind=kind, error_id=error.id)
            continue
        if stopped:
            return False, None
    return not context.stop.is_set(), trouble


def _read(
    context: Context, reader: Reader, kind: Kind, hidden: Hidden, in_full: set[Kind], clock: datetime | None
) -> Generator[Counts, None, bool]:
    """Read one kind, in full where it is `in_full` or has to be; return whether a guard stopped it."""
    kind_mapping = reader.mapping.kind(kind)
    if kind not in in_full and clock is not None:
        wider = yield from short.read_changed(context, reader, kind_mapping, hidden, clock)
        if not wider or context.stop.is_set():
            return False
        in_full.update(reader.mapping.kinds)  # this kind, and those that may hang on it
    return (yield from sweep(context, reader, kind_mapping, hidden, clock))


def _checked(context: Context, reader: Reader) -> Checked:
    """Ask the guards about what this cycle will read in full: everything, unless short readings are enough."""
    kinds = reader.mapping.kinds
    in_full: list[Kind] = [kind for kind in kinds if not short.is_enough(context, reader, kind)]
    return guards.checked(context, reader.source, reader.mapping, reader.policy, reader.bounds, in_full)


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
    return _checked(context, reader).trips or drift.look(context, reader).trips
