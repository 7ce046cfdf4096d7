"""Which entries of a log belong to a range of days, and which it takes besides to prove that these are all. Reads only.

The one before and the one after show where the days end. The first checkpoint at or after the end, or the end of the
log itself, proves every entry before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, func, select

from connector.store import agreement, audit, pruned
from connector.store.tables import AuditEntry, table_of

_audit = table_of(AuditEntry)

Version = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Reach:
    """The first and last entry of the days, and of what is exported for them."""

    first: int
    last: int
    begin: int
    end: int

    def holds(self, seq: int) -> bool:
        """Return whether a checkpoint of this place can be judged by what is exported."""
        return self.begin - 1 <= seq <= self.end


def reach(connection: Connection, agency: str, begin: datetime, end: datetime, checkpoints: set[int]) -> Reach | None:
    """Return which entries belong to the time from `begin` until before `end`, None if there is none. `checkpoints`:
    the places of those that name an entry as it is."""
    of_agency = select(_audit.c.seq).where(_audit.c.agency == agency)
    first = connection.execute(of_agency.where(_audit.c.at >= begin).order_by(_audit.c.seq).limit(1)).scalar()
    last = connection.execute(
        select(func.max(_audit.c.seq)).where(_audit.c.agency == agency, _audit.c.at < end)
    ).scalar()
    if first is None or last is None or last < first:
        return None
    lowest, head = pruned.first(connection, agency).seq + 1, audit.head_of(connection, agency).seq
    proves = min((seq for seq in checkpoints if last <= seq <= head), default=head)
    start, stop = max(first - 1, lowest), max(proves, min(last + 1, head))
    gone = pruned.standing(connection, agency)
    for seq, lost in audit.acceptances(connection, agency):
        if seq < start <= lost.seq:  # checkpoints of a lost tail are judged by the entry that accepted it,
            at = seq if seq >= lowest or gone is None else gone.seq  # or by that of the prune which carries it
            start, stop = min(start, at), max(stop, at)
    return Reach(first, last, start, stop)


@dataclass(frozen=True, slots=True)
class Told:
    """What the entries of a range tell of: versions, those of them that later entries tell of too, and receipts. No
    more is remembered of the entries after it, however many they are."""

    inside: set[Version]
    later: set[Version]
    receipts: set[str]

    def versions(self, connection: Connection, agency: str) -> Iterator[tuple[str, str, int, str | None]]:
        """Yield kind, local id, version and state of those versions in the ledger. None in place of the state where
        later entries tell another."""
        for kind, local_id, version, state in agreement.versions(connection, agency):
            if (kind, local_id, version) in self.inside:
                yield kind, local_id, version, None if (kind, local_id, version) in self.later else state


def told(connection: Connection, agency: str, found: Reach) -> Told:
    """Return what these entries tell of, read once from the first of them to the end of the log."""
    said = Told(set(), set(), set())
    for entry in audit.entries(connection, agency, after_seq=found.begin - 1):
        fields = orjson.loads(entry.content)
        if fields[9] and fields[11] and "state" in fields[12]:
            version = (fields[9], fields[10], fields[11])
            if entry.seq <= found.end:
                said.inside.add(version)
            elif version in said.inside:
                said.later.add(version)
        if entry.seq <= found.end and "receipt" in fields[12]:
            said.receipts.add(str(fields[12]["receipt"]))
    return said
