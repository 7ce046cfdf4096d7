"""Keys that a sweep meets on two pages: one record would be taken for another, and back again, with every sweep.

Within one page the source sees doubles itself (`sources/paging.py`). Between pages only the ledger knows who was here
already. Both rows are one bad record, E-MAP-DUPLICATE-KEY; and since the first row of a known double looks like any
other, it is held back until the end of the sweep, when nobody has come after it.
"""

from __future__ import annotations

from dataclasses import replace

from connector.core.mapping import CompiledMapping
from connector.core.model import Kind, Problem, RecordKey
from connector.stages.context import Context
from connector.stages.judging import Judged
from connector.stages.reading import problem_readings
from connector.store import records
from connector.store.marks import SweepCounts
from connector.store.records import Reading, SweepRef

RULE = "E-MAP-DUPLICATE-KEY"


class Doubles:
    """The doubles of one sweep of one kind."""

    def __init__(self, context: Context, mapping: CompiledMapping, kind: Kind, sweep: SweepRef) -> None:
        self._context = context
        self._mapping = mapping
        self._kind = kind
        self._sweep = sweep
        self._held: dict[str, Reading] = {}

    def as_page(self) -> Judged:
        """Return what was held back and came once only: it can be recorded at the end of the sweep."""
        return Judged(tuple(self._held.values()))

    def keep(self, judged: Judged) -> Judged:
        """Return the page without what is held back, and with one problem for each key that was here before."""
        context, kind = self._context, self._kind
        read = [reading.key.local_id for reading in judged.readings]
        with context.store.read() as connection:
            seen = records.seen_in(connection, context.agency, kind, [*read, *judged.unchanged], self._sweep)
            suspect = records.quarantined_for(connection, context.agency, kind, read, RULE)
        again = seen | (self._held.keys() & set(read))
        held = {
            reading.key.local_id: reading
            for reading in judged.readings
            if reading.fingerprint and reading.key.local_id in suspect - again
        }
        self._held = {key: reading for key, reading in (self._held | held).items() if key not in again}
        gone = again | held.keys()
        rest = [reading for reading in judged.readings if reading.key.local_id not in gone]
        return replace(
            judged,
            readings=(
                *rest,
                *problem_readings(context.agency, kind, [(key, self._problem(key)) for key in sorted(again)]),
            ),
            unchanged=tuple(key for key in judged.unchanged if key not in again),
            counts=judged.counts.plus(SweepCounts(universe=-len(again), selected=-len(again))),
        )

    def _problem(self, local_id: str) -> Problem:
        mapping = self._mapping.of(RecordKey(self._context.agency, self._kind, local_id))
        return Problem("/local_id", RULE, mapping.origin(mapping.key[0]), "2")
