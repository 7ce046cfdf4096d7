"""Resync: read the keys again that people asked for, map them again, and put them on their way again.

changed at the source   a new version, as in any sweep
the same                it is looked for, and put again only if the national side has it not or older; of a kind that
                        nobody can look for and a repeated one would double: a named refusal
excluded or secret now  set aside, as a sweep would
gone from the source    a named refusal; nothing is sent
not in the mapping      a named refusal too: there is no query any more that could read it
never read whole        left to the next sweep
read once only          where the source gives no snapshots: left to the next reading
source busy             the request stays open for the next run
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from connector.core.mapping import CompiledMapping
from connector.core.model import Actor, Cause, Change, Kind, RecordKey
from connector.core.secrecy import SecrecyPolicy
from connector.errors import SourceError
from connector.sources.base import Source
from connector.stages import attaching, placing
from connector.stages.context import Context, Counts
from connector.stages.hidden import cause_on, hidden_by
from connector.stages.reading import map_row, mapping_mark, problem_readings
from connector.store import asked, marks, outbox, records, requests, setting_aside, unsettled, views
from connector.store.db import Tx
from connector.store.records import Reading, SweepRef
from connector.store.requests import Item

RESYNC_ROWS = 100

TRIES_A_KIND = 3
"""So many failing queries of one kind, and the run leaves its other requests open: each would wait for a time limit."""

_MOMENTARY = frozenset({"E-SOURCE-QUERY"})
"""What may heal by itself, beside a source that is away: one that is locked, or too slow just now."""


def resync(context: Context, source: Source, mapping: CompiledMapping, policy: SecrecyPolicy) -> Iterator[Counts]:
    """Carry out the open requests of the agency; yield counts by outcome after each commit.

    Raises SourceError: at once if the source, or the last of several, is away, and at the end if some requests could
    not be read just now. They stay open; the others are done."""
    last_id = 0
    failed: Counter[Kind] = Counter()
    away: set[str] = set()
    trouble: SourceError | None = None
    while not context.stop.is_set():
        with context.store.read() as connection:
            items = requests.open_items(connection, context.agency, RESYNC_ROWS, after_id=last_id)
        if not items:
            break
        for item in items:
            if context.stop.is_set():
                return
            last_id = item.id
            if failed[item.key.kind] >= TRIES_A_KIND or _home_of(mapping, item.key) in away:
                continue
            try:
                outcome = _one(context, source, mapping, policy, item)
            except SourceError as error:
                trouble = error
                if error.is_away:
                    away.add(str(error.values.get("of_source", _home_of(mapping, item.key))))
                    if away >= {part.source for part in mapping.sources}:
                        raise
                else:
                    failed[item.key.kind] += 1
                continue
            # If the process dies here, the request is closed together with what it did.
            yield {outcome: 1}

    if trouble is not None:
        raise trouble


def _home_of(mapping: CompiledMapping, key: RecordKey) -> str:
    return mapping.of(key).source if key.kind in mapping.kinds else ""


def _one(context: Context, source: Source, mapping: CompiledMapping, policy: SecrecyPolicy, item: Item) -> str:
    if item.key.kind not in mapping.kinds:
        return _close(context, item, "kind_gone")
    with context.store.read() as connection:
        range_value = views.range_value_of(connection, item.key)
    try:
        found = _read_again(context, source, mapping, policy, item.key, range_value) if range_value else None
    except SourceError as error:
        if error.is_away or error.id in _MOMENTARY:
            raise  # the request stays open
        return _close(context, item, "source_error")
    actor = Actor(item.by, "resync")
    kind_mapping = mapping.of(item.key) if isinstance(found, Reading) else None
    once = kind_mapping is None or source.has_snapshot(kind_mapping)
    settle_s = None if once or kind_mapping is None else float(kind_mapping.settings.settle_s)
    with context.store.write() as tx:
        if isinstance(found, Cause):
            outcome = _set_aside(tx, context, item.key, found)
        elif found is not None:
            mark = mapping_mark(mapping.part(mapping.of(item.key).source), policy)
            outcome = _record(tx, context, mark, found, item, actor, settle_s)
        else:
            outcome = "source_gone" if range_value else "next_sweep"
        requests.done(tx, item, outcome, context.actor)
    return outcome


def _set_aside(tx: Tx, context: Context, key: RecordKey, cause: Cause) -> str:
    """It must not be seen any more: what waits to be sent of it, or hangs on it, is taken out of the way as a sweep
    would have done."""
    last = marks.last_sweep(tx.connection, context.agency, key.kind)
    last_finished = last.id if last is not None else 0
    setting_aside.set_aside(tx, context.agency, key.kind, [key.local_id], cause, last_finished, context.actor)
    unsettled.forget(tx, context.agency, key.kind, [key.local_id])
    return str(cause)


def _ask_again(context: Context, tx: Tx, item: Item, actor: Actor) -> str:
    return outbox.ask_again(tx, item.key, context.generation, context.capabilities, actor, item.reason)


def _record(
    tx: Tx, context: Context, mark: str, reading: Reading, item: Item, actor: Actor, settle_s: float | None
) -> str:
    """Record what was read again and return what came of it. settle_s: without snapshots at the source it may have to
    wait to be read twice; None: it need not."""
    kind = item.key.kind
    ledger = records.known(tx.connection, context.agency, kind, [item.key.local_id])
    readings: Sequence[Reading] = (reading,)
    sweep = SweepRef(None)
    if settle_s is not None:
        last = marks.last_sweep(tx.connection, context.agency, kind)
        finished = last.id if last is not None else 0
        settled = unsettled.settle(tx, context.agency, kind, readings, ledger, settle_s, None, finished)
        readings, sweep = settled.readings, SweepRef(None, finished, settled.counted)
    if not readings:
        return "unsettled"
    counts = records.record(
        tx,
        readings,
        ledger,
        mapping_digest=mark,
        sweep=sweep,
        actor=actor,
        carried=context.capabilities.carried,
        change=Change("progress", item.reason),
    )
    what = next(name for name, count in counts.items() if count)
    if what == "same":
        records.rebuild(tx, reading, ledger[item.key.local_id].version, actor)
        return _ask_again(context, tx, item, actor)
    asked.note_newest(tx, item.key)
    return what


def _close(context: Context, item: Item, outcome: str) -> str:
    """One record that cannot be read must not keep the others from being read: its request is answered so."""
    with context.store.write() as tx:
        requests.done(tx, item, outcome, context.actor)
    return outcome


def _read_again(
    context: Context,
    source: Source,
    mapping: CompiledMapping,
    policy: SecrecyPolicy,
    key: RecordKey,
    range_value: str,
) -> Reading | Cause | None:
    """Return the reading of one key as it is at the source now, the cause why it must not be seen, or None: it is not
    there."""
    kind_mapping = mapping.of(key)
    for page in source.fetch(kind_mapping, [range_value]):
        if cause := cause_on(page, key):
            return cause
        for row in page.rows:
            if row.key == key:
                with context.store.read() as connection:
                    concealed = records.concealed_among(connection, context.agency, kind_mapping.parents_of(row))
                (row_,) = attaching.seen(context, kind_mapping, placing.chosen(context.store, kind_mapping, [row]))
                files = attaching.Files.of(context, kind_mapping, [row_])
                reading = map_row(kind_mapping, row_, policy, concealed, files)
                return hidden_by(context, source, mapping, reading.parents) or reading
        if problems := [problem for problem in page.problems if problem[0] == key.local_id]:
            return problem_readings(context.agency, key.kind, problems)[0]
    return None
