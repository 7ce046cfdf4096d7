"""Reconcile: compare ledger, mirror and national side record by record, and write down what does not agree.

    national.manifest -> lines      laid down by key, page by page
    ledger in key order             core.accord.compare -> finding
    COMMIT per page                 findings, and at the end sums, plan and `verified_through` with one audit entry

Nothing is sent and no delivery is moved: an approved plan does that (`mending.py`). What the source shows is what the
last finished sweep recorded: reading it again here would judge on rows that nobody has recorded, and cost the agency's
database the same work twice. A process that dies in between leaves an unfinished comparison, which the next removes.

A profile without a manifest is asked about single records, a bounded number per run, in the order of their keys, going
on where the run before stopped; the others are not confirmable, and the report says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.core import accord
from connector.core.accord import Finding, Fix
from connector.core.chain import Head
from connector.core.model import KINDS, Held, Kind, RecordKey, SightingName, State
from connector.errors import CursorExpiredError, RemoteError
from connector.logs import get_logger
from connector.national.base import National
from connector.stages import gate
from connector.stages.context import Context, Counts
from connector.store import audit, comparisons, marks, outbox
from connector.store.comparisons import Compared, Item
from connector.store.db import Tx

LEDGER_ROWS = 500
PAGES_A_KIND = 20_000
RESTARTS_A_KIND = 3
LOOKS_A_RUN = 500
"""So many single records are looked for in one run where there is no manifest; a day's runs get round in time."""


@dataclass(slots=True)
class _Tally:
    """What one kind has shown so far. earliest: since when the oldest record stands that is not confirmed."""

    counts: Counter[str] = field(default_factory=Counter)
    earliest: datetime | None = None

    def add(self, finding: Finding, since: datetime | None) -> None:
        self.counts[str(finding.accord)] += 1
        if finding.accord not in accord.CONFIRMED and since is not None:
            self.earliest = min(self.earliest or since, since)


def reconcile(context: Context, national: National, page_limit: int, lost: Head | None) -> Iterator[Counts]:
    """Compare everything of the agency once; yield counts by finding after each commit.

    lost: the head that the store had before it went back in time; then the comparison is all that may be written.
    A stop leaves nothing but an unfinished comparison, and `held`, `paced` or `paused` means that the gate is closed.
    A pause of sending stops no reading; what an approval puts on its way waits for its end. Raises RemoteError if the
    national side does not answer: what was compared so far counts for nothing."""
    if why := _kept_away(context, national, lost):
        yield {why: 1}
        return
    listed = context.capabilities.manifest
    with context.store.read() as connection:
        store_seq = audit.head_of(connection, context.agency).seq
    with context.store.write() as tx:
        run = comparisons.begin(tx, context.agency, context.actor, listed=listed, lost=lost, store_seq=store_seq)
    # If the process dies from here on, the comparison stays unfinished: nobody is shown it.
    tallies: dict[Kind, _Tally] = {}
    unreadable = 0
    looks = _Looks(context, national)
    for kind in KINDS:
        tally = tallies.setdefault(kind, _Tally())
        if listed and kind in context.capabilities.carried:
            for read in _read_manifest(context, national, run, kind, page_limit):
                unreadable += read["unreadable"]
                yield read
        if context.stop.is_set():
            return
        yield from _compare_ledger(context, run, kind, tally, looks if not listed else None)
        if context.stop.is_set():
            return
        yield from _compare_strangers(context, run, kind, tally, complete=lost is None and _is_swept(context, kind))
        if context.stop.is_set():
            return
    swept = [kind for kind in KINDS if _is_swept(context, kind)]
    through = {kind: _through(context, kind, tallies[kind], unreadable) for kind in swept}
    counts = {str(kind): dict(tally.counts) for kind, tally in tallies.items() if tally.counts}
    with context.store.write() as tx:
        looks.remember(tx)
        comparisons.finish(tx, run, context.agency, counts, unreadable, through, context.actor)
    # If the process dies here, the report stands, and its plan can be approved.
    found = sum((tally.counts for tally in tallies.values()), Counter[str]())
    get_logger().info("reconcile.finished", agency=context.agency, counts=dict(found))
    yield {"compared": 1}


def _kept_away(context: Context, national: National, lost: Head | None) -> str:
    """Return why nothing may be asked now, "" if it may. A store that went back may not even note what a probe says."""
    if lost is not None:
        return "paused" if gate.is_paused(context) else ""
    return gate.leave(context, national, gate.meter(context), 1).why


def _is_swept(context: Context, kind: Kind) -> bool:
    with context.store.read() as connection:
        return marks.last_sweep(connection, context.agency, kind) is not None


def _through(context: Context, kind: Kind, tally: _Tally, unreadable: int) -> datetime | None:
    """Return the moment through which every record of the kind that the source showed is confirmed nationally.

    It is when the last finished sweep began, for what the source shows later nobody has read; earlier where a record
    is not in accord, or waits to be read again: then when that record came to stand as it does. None: there was no
    finished sweep, it could not tell of every row what it is, or lines of the manifest could not be read."""
    with context.store.read() as connection:
        sweep = marks.last_sweep(connection, context.agency, kind)
        waiting = comparisons.earliest_unsettled(connection, context.agency, kind)
    if sweep is None or sweep.unexplained or sweep.keyless or unreadable:
        return None
    moments = [sweep.started_at, *(moment for moment in (tally.earliest, waiting) if moment is not None)]
    found: datetime = min(moments)
    return found


# --- what the nation holds -----------------------------------------------------------------------------------------


def _read_manifest(
    context: Context, national: National, run: int, kind: Kind, page_limit: int
) -> Iterator[dict[str, int]]:
    """Lay the manifest of a kind down, page by page. If the process dies in between, the run is unfinished.

    A list that forgot our place is read from its beginning, at most RESTARTS_A_KIND times."""
    cursor, been, restarts = "", set[str](), 0
    while not context.stop.is_set():
        try:
            page = national.manifest(context.agency, kind, cursor, page_limit)
        except CursorExpiredError:
            restarts += 1
            if not cursor or restarts > RESTARTS_A_KIND:
                raise
            cursor, been = "", set()
            with context.store.write() as tx:
                comparisons.drop_lines(tx, run, kind)
            continue
        with context.store.write() as tx:
            comparisons.lay_down(tx, run, page.held)
        yield {"listed": len(page.held), "unreadable": len(page.unreadable)}
        if not page.more:
            return
        been.add(cursor)
        if page.next in been or len(been) >= PAGES_A_KIND:
            raise RemoteError("E-FEED-LOOP", agency=context.agency)
        cursor = page.next


# --- our side ------------------------------------------------------------------------------------------------------


def _compare_ledger(context: Context, run: int, kind: Kind, tally: _Tally, looks: _Looks | None) -> Iterator[Counts]:
    after = ""
    while not context.stop.is_set():
        with context.store.read() as connection:
            page = comparisons.ledger_page(connection, context.agency, kind, context.generation, after, LEDGER_ROWS)
            held = comparisons.held_of(connection, run, kind, [one.key.local_id for one in page])
            missing = [one for one in page if one.ours.received and one.key.local_id not in held]
            typed = comparisons.typed_by_hand(connection, run, kind, missing)
        if not page:
            return
        found = [(one, held.get(one.key.local_id, [])) for one in page]
        items = [item for one, theirs in found if (item := _judged(context, one, theirs, tally, looks, typed))]
        with context.store.write() as tx:
            comparisons.note(tx, run, items)
        yield {"compared_records": len(page)} | _counted(items)
        after = page[-1].key.local_id


def _judged(
    context: Context, one: Compared, theirs: Sequence[Held], tally: _Tally, looks: _Looks | None, typed: Container[str]
) -> Item | None:
    """Return the item of one key, None where there is nothing to list; count it either way. typed: the local ids of
    what is there without its key, entered by hand."""
    ours = one.ours
    if one.key.kind not in context.capabilities.carried:
        finding = accord.AGREES  # never sent by rule
    elif looks is not None:
        finding = looks.at(one)
    else:
        finding = accord.compare(ours, theirs, complete=True)
    if finding.fix is Fix.ASK_AGAIN and one.key.local_id in typed:
        finding = accord.TYPED_THERE
    tally.add(finding, one.since)
    return Item(one.key, finding, ours, theirs[0] if theirs else None) if finding.accord in accord.OPEN else None


def _compare_strangers(context: Context, run: int, kind: Kind, tally: _Tally, *, complete: bool) -> Iterator[Counts]:
    """What the nation holds under no key of the ledger."""
    after = ""
    while not context.stop.is_set():
        with context.store.read() as connection:
            page = comparisons.strangers(connection, run, context.agency, kind, after, LEDGER_ROWS)
            by_hand = [line for line in page if not line.local_id]
            twice = comparisons.ours_by_content(connection, context.agency, kind, by_hand)
            under_key = comparisons.held_of(connection, run, kind, [line.local_id for line in page if line.local_id])
        if not page:
            return
        items = []
        for line in page:
            if not line.local_id:
                finding = accord.BY_HAND_TWICE if line.national_id in twice else accord.BY_HAND
            else:
                finding = accord.compare(None, under_key[line.local_id], complete=complete)
            tally.add(finding, None)
            items.append(Item(_key_of(context, line), finding, None, line))
        with context.store.write() as tx:
            comparisons.note(tx, run, items)
        yield _counted(items)
        after = page[-1].national_id


def _key_of(context: Context, line: Held) -> RecordKey:
    return RecordKey(context.agency, line.kind, line.local_id)


def _counted(items: Sequence[Item]) -> dict[str, int]:
    return dict(Counter(str(item.finding.accord) for item in items))


# --- without a manifest --------------------------------------------------------------------------------------------


class _Looks:
    """Single records, looked for one by one: at most LOOKS_A_RUN, going on where the run before stopped."""

    def __init__(self, context: Context, national: National) -> None:
        self._context, self._national = context, national
        self._left = LOOKS_A_RUN
        self._held = False
        self._reached: dict[Kind, str] = {}
        self._from: dict[Kind, str] = {}

    def at(self, one: Compared) -> Finding:
        """Return what looking for this record says; without a look where none is due or none is possible."""
        ours, kind = one.ours, one.key.kind
        if ours.state is not State.DELIVERED:
            return accord.compare(ours, [], complete=True)
        if kind not in self._context.capabilities.findable:
            return accord.NOT_LISTED
        if self._held or self._left <= 0 or one.key.local_id <= self._start(kind):
            return accord.NOT_LOOKED_FOR
        self._left -= 1
        with self._context.store.read() as connection:
            delivery = outbox.newest(connection, one.key, self._context.generation)
        if delivery is None or not delivery.body:
            return accord.NOT_LOOKED_FOR
        sighting = self._national.find(delivery)
        self._held = sighting.name is SightingName.HELD
        if not self._held:
            self._reached[kind] = one.key.local_id
        return accord.seen(sighting.name, ours)

    def _start(self, kind: Kind) -> str:
        if kind not in self._from:
            with self._context.store.read() as connection:
                mark = marks.mark_of(connection, self._context.agency, _mark(kind))
            self._from[kind] = mark[0] if mark else ""
        return self._from[kind]

    def remember(self, tx: Tx) -> None:
        """Note how far each kind was looked through; one that was looked through to its end begins anew."""
        for kind in self._from:
            reached = self._reached.get(kind, "") if self._left <= 0 or self._held else ""
            marks.advance(tx, self._context.agency, _mark(kind), reached)


def _mark(kind: Kind) -> str:
    return f"reconcile.looked.{kind}"
