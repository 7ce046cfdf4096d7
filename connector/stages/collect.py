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

from collections.abc import Generator, Iterator, Mapping
from datetime import datetime

from connector.core.model import Kind
from connector.errors import SourceError
from connector.stages import drift, guards, seen, short
from connector.stages.context import Context, Counts
from connector.stages.guards import Checked, Trip
from connector.stages.hidden import Hidden
from connector.stages.judging import Foreseen, foresee_kind
from connector.stages.reach import Reach
from connector.stages.recording import Reader
from connector.stages.sweeping import sweep
from connector.store import views


def collect(context: Context, reader: Reader) -> Iterator[Counts]:
    """Read every kind of the mapping, in full or only what changed; yield counts after each commit: read, created,
    updated, same, quarantined, waiting, gone, …

    `guard`: a guard stopped the agency before anything was recorded, a kind before its rest was, or holds a kind whose
    columns have changed; the others are read. Raises SourceError: at once if the source, or the last of several, is
    away; and at the end if a kind, or one of several sources, could not be read (then PartlyReadError); what does not
    hang on it was. What was recorded before it stays, and the unfinished sweep says nothing about what is gone."""
    reach = Reach(context.agency, reader.mapping)
    found = _checked(context, reader, reach)
    guards.settle(context, found.trips, found.asked)
    if found.trips:
        yield {"guard": len(found.trips)}
        return
    drifted = drift.look(context, reader, reach)
    guards.settle(context, drifted.trips, [guards.RETYPED])
    if drifted.trips:
        yield {"guard": len(drifted.trips)}
    reach.hold(drifted.held)
    finished = yield from _read_all(context, reader, found, reach)
    if not finished:
        return
    drift.remember(context, reader, drifted, reach)
    seen.remember(context, reader.mapping, found.seen, reach)
    if reach.trouble is not None:
        reach.raise_trouble()


def _read_all(context: Context, reader: Reader, found: Checked, reach: Reach) -> Generator[Counts, None, bool]:
    """Read all that can be reached. Return whether neither a stop nor a guard ended it. Raises SourceError if the last
    source is away."""
    hidden, in_full = Hidden(), set(found.swept)
    clocks = {source: now.clock for source, now in found.seen.items()}
    for kind in reader.mapping.kinds:
        if context.stop.is_set():
            return False
        if reach.parts(kind) and (yield from _read(context, reader, kind, reach, hidden, in_full, clocks)):
            return False
    return not context.stop.is_set()


def _read(
    context: Context,
    reader: Reader,
    kind: Kind,
    reach: Reach,
    hidden: Hidden,
    in_full: set[Kind],
    clocks: Mapping[str, datetime],
) -> Generator[Counts, None, bool]:
    """Read one kind, in full where it is `in_full` or has to be; return whether a guard stopped it."""
    if kind not in in_full:
        wider = False
        for part in reach.parts(kind):
            try:
                wider = (yield from short.read_changed(context, reader, part, hidden, clocks[part.source])) or wider
            except SourceError as error:
                reach.fail(part, error)
            if context.stop.is_set():
                return False
        if not wider:
            return False
        in_full.update(reader.mapping.kinds)  # this kind, and those that may hang on it
    return (yield from sweep(context, reader, kind, reach, hidden, clocks))


def _checked(context: Context, reader: Reader, reach: Reach) -> Checked:
    """Ask the guards about what this cycle will read in full: everything, unless short readings are enough."""
    kinds = reader.mapping.kinds
    in_full: list[Kind] = [kind for kind in kinds if not short.is_enough(context, reader, kind)]
    return guards.checked(context, reader, reach, in_full)


# --- a dry run -----------------------------------------------------------------------------------------------------


def plan(context: Context, reader: Reader) -> Iterator[tuple[Counts, tuple[views.Planned, ...]]]:
    """Yield, page by page, what a collect would do if no guard stopped it. Writes nothing anywhere. Raises as
    `collect`."""
    reach, hidden = Reach(context.agency, reader.mapping), Hidden()
    for part in (part for kind in reader.mapping.kinds for part in reach.parts(kind)):
        try:
            for page in foresee_kind(context, reader.source, reader.mapping, reader.policy, part, hidden):
                yield _planned(page)
        except SourceError as error:
            reach.fail(part, error)
    if reach.trouble is not None:
        reach.raise_trouble()


def _planned(page: Foreseen) -> tuple[Counts, tuple[views.Planned, ...]]:
    changes = tuple(change for _, change in page.planned if change.what != "same")
    counts = {
        "read": page.judged.counts.universe,
        "unchanged": len(page.judged.unchanged) + len(page.planned) - len(changes),
        "refused_secret": page.judged.counts.refused_secret,
        "excluded": sum((page.judged.counts.excluded or {}).values()),
    }
    for change in changes:
        counts[change.what] = counts.get(change.what, 0) + 1
    return counts, changes


def tripped(context: Context, reader: Reader) -> tuple[Trip, ...]:
    """Return the guards that would stop a collect now. Writes nothing anywhere."""
    reach = Reach(context.agency, reader.mapping)
    return _checked(context, reader, reach).trips or drift.look(context, reader, reach).trips
