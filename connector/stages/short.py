"""Between full sweeps: read only what says of itself that it was changed lately, in the order of (time, key).

    from    the position, minus an overlap: a transaction may have been open that long before its rows were seen
    up to   the SOURCE's clock minus a settle time
    moves   in the transaction of the rows, never past one that could not be recorded

What forgets to say so, what is dated 2099 or not at all, and what is gone is left to the next full sweep.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from connector.core.kind_mapping import KindMapping
from connector.core.model import Cause, Kind, RecordKey
from connector.sources.base import Page, Place
from connector.stages import overlap
from connector.stages.context import Context, Counts
from connector.stages.hidden import Hidden, hidden_by
from connector.stages.judging import Judged, judge
from connector.stages.recording import Reader, record
from connector.store import marks, positions, records, setting_aside, unsettled
from connector.store.records import SweepRef


def is_enough(context: Context, reader: Reader, kind: Kind) -> bool:
    """Return whether the kind need not be read in full now: every source that has it says what was changed, and the
    last full sweep, under the same mapping, is young enough."""
    parts = reader.mapping.all_of(kind)
    if not all(part.settings.changed_at for part in parts):
        return False
    with context.store.read() as connection:
        last = marks.last_sweep(connection, context.agency, kind)
        known = all(positions.of(connection, context.agency, part) is not None for part in parts)
    if last is None or not known or last.mapping_digest != reader.sweep_mark(kind):
        return False
    full_every_s = min(part.settings.full_every_s for part in parts)
    return bool(context.now() - last.finished_at < timedelta(seconds=full_every_s))


def read_changed(
    context: Context, reader: Reader, kind_mapping: KindMapping, hidden: Hidden, clock: datetime
) -> Generator[Counts, None, bool]:
    """Record what was changed in one source, yield counts per commit; return (not yield) whether more than this kind's
    changes must be read: a known id on another record, or a record that must be concealed or set aside with all that
    hangs on it."""
    kind, until = kind_mapping.kind, positions.settled(clock, kind_mapping)
    with context.store.read() as connection:
        position = positions.of(connection, context.agency, kind_mapping) or until
        last = marks.last_sweep(connection, context.agency, kind)
        places = unsettled.places(connection, context.agency, kind)
    waiting = sorted({value for key, value in places if reader.mapping.of(key).part == kind_mapping.part})
    settle_s, mark = reader.settle_s(kind_mapping), reader.mark_of(kind_mapping)
    ref = SweepRef(None, last.id if last is not None else 0)
    since = min(position, until) - timedelta(seconds=kind_mapping.settings.overlap_s)
    wider, held = False, False
    for values, reached in _batches(reader, kind_mapping, since, until, waiting):
        found = list(_judged(context, reader, kind_mapping, hidden, values))
        for judged in found:
            overlap.refuse(context, reader.beside, kind_mapping, judged)
        if any(judged.reused for judged in found):
            return True  # nothing of this batch is recorded: the full sweep holds them against its bound
        held = held or any(judged.counts.unexplained or judged.counts.keyless for judged in found)
        wider = wider or any(_tells_on_others(context, kind, judged) for judged in found)
        counts: dict[str, int] = {}
        with context.store.write() as tx:
            for judged in found:
                for name, count in record(tx, context, mark, kind, judged, ref, settle_s).items():
                    counts[name] = counts.get(name, 0) + count
            setting_aside.judge_parents(tx, context.agency, kind, context.actor)
            if not held:
                positions.set_to(tx, context.agency, kind_mapping, max(position, reached))
        # If the process dies here, these rows are recorded and the position stands at the last of them.
        yield counts | {"short": 1}
        if context.stop.is_set():
            return False
    return wider


def _batches(
    reader: Reader, kind_mapping: KindMapping, since: datetime, until: datetime, waiting: list[str]
) -> Iterator[tuple[list[object], datetime]]:
    """Yield keys to read, and up to when everything has been read with them; first those that wait to be read twice."""
    if waiting:
        yield list(waiting), since
    after: Place | None = None
    while places := reader.source.changed(kind_mapping, since, after, until):
        after = places[-1]
        yield list(dict.fromkeys(place.key for place in places)), after.at
    yield [], until


def _judged(
    context: Context, reader: Reader, kind_mapping: KindMapping, hidden: Hidden, values: Iterable[object]
) -> Iterator[Judged]:
    for page in reader.source.fetch(kind_mapping, values):
        shown = _without_children_of_hidden(context, reader, kind_mapping, page)
        yield judge(context, reader.mapping, kind_mapping, shown, reader.policy, hidden)


def _without_children_of_hidden(context: Context, reader: Reader, kind_mapping: KindMapping, page: Page) -> Page:
    """A parent may have become a secret since the last full sweep: each is asked for, as `resync` does. Its children
    are left to the next full sweep, which counts them; unless the ledger has set it aside already."""
    rows = tuple(
        row
        for row in page.rows
        if not hidden_by(context, reader.source, reader.mapping, kind_mapping.parents_of(row))
        or _set_aside(context, kind_mapping.parents_of(row))
    )
    return replace(page, rows=rows) if len(rows) < len(page.rows) else page


def _set_aside(context: Context, parents: Iterable[RecordKey]) -> bool:
    with context.store.read() as connection:
        return bool(records.set_aside_among(connection, context.agency, parents))


def _tells_on_others(context: Context, kind: Kind, judged: Judged) -> bool:
    """Whether a record is newly concealed or open, secret or left out, so that whatever hangs on it must be read again
    now."""
    read = {one.key.local_id: one for one in judged.readings}
    aside = sorted(judged.secret_ids | judged.excluded_ids)
    with context.store.read() as connection:
        known = records.known(connection, context.agency, kind, [*read, *aside])
    newly = any(
        one.conceals(known[local_id]) != known[local_id].concealed
        for local_id, one in read.items()
        if local_id in known
    )
    causes = (Cause.EXCLUDED, Cause.BECAME_SECRET)
    return newly or any(known[local_id].cause not in causes for local_id in aside if local_id in known)
