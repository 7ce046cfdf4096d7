"""Holds: a named person's order that nothing of a record's whole case is erased or pruned until it is released.

The case of a record is everything that hangs together with it by parents: the papers above it, and all that hangs on
the topmost of them. What becomes a state secret is erased all the same: nobody may keep it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, union, update

from connector.core.model import Actor, Event, Kind, RecordKey
from connector.store import ancestry
from connector.store.db import Tx
from connector.store.keys import of_key
from connector.store.tables import AuditEntry, CaseHold, Delivery, Record, table_of

_hold = table_of(CaseHold)
_record = table_of(Record)
_delivery = table_of(Delivery)
_audit = table_of(AuditEntry)

HELD = "case.held"
"""The entry by which a person orders a hold; its reason lies beside it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold that stands: the record that was named, by whom, since when."""

    key: RecordKey
    by: str
    at: datetime


def hold(tx: Tx, key: RecordKey, actor: Actor, reason: str) -> bool:
    """Order that nothing of the record's case is erased. False if that stands already: nothing is written then."""
    if any(one.key == key for one in standing(tx.connection, key.agency)):
        return False
    row = {"agency": key.agency, "kind": key.kind, "local_id": key.local_id, "by": actor.name, "at": tx.now}
    tx.connection.execute(insert(_hold).values(row))
    tx.audit_with_reason(Event(HELD, key.agency, actor, tx.now, key), reason)
    return True


def release(tx: Tx, key: RecordKey, actor: Actor, reason: str) -> bool:
    """Release exactly that hold. False if there is none: nothing is written then."""
    stands = update(_hold).where(*of_key(_hold, key), _hold.c.released_at.is_(None))
    if not tx.connection.execute(stands.values(released_by=actor.name, released_at=tx.now)).rowcount:
        return False
    tx.audit_with_reason(Event("case.released", key.agency, actor, tx.now, key), reason)
    return True


def standing(connection: Connection, agency: str) -> list[Hold]:
    """Return the holds that stand, oldest first."""
    found = select(_hold).where(_hold.c.agency == agency, _hold.c.released_at.is_(None)).order_by(_hold.c.id)
    return [Hold(RecordKey(agency, Kind(row.kind), row.local_id), row.by, row.at) for row in connection.execute(found)]


def case_of(connection: Connection, key: RecordKey) -> list[RecordKey]:
    """Return every record of this one's case, itself among them: the topmost papers first.

    Papers above are also those on which an earlier version of it hung: nobody gets an old paper out of a held case by
    letting what hangs on it hang on another."""
    above, left = {key: _parents_of(connection, key)}, [key]
    while left:
        for parent in above[left.pop()]:
            if parent not in above:
                above[parent] = _parents_of(connection, parent)
                left.append(parent)
    tops = [one for one, parents in above.items() if not parents] or [key]
    return list(dict.fromkeys([*tops, *above, *ancestry.descendants(connection, key.agency, tops)]))


def over(connection: Connection, key: RecordKey) -> list[Hold]:
    """Return the holds that keep this record: its own, and those of any other record of its case."""
    holds = standing(connection, key.agency)
    case = set(case_of(connection, key)) if holds else set()
    return [one for one in holds if one.key in case or one.key == key]


def held(connection: Connection, agency: str) -> frozenset[RecordKey]:
    """Return every record of a case that is held."""
    return frozenset(key for one in standing(connection, agency) for key in (one.key, *case_of(connection, one.key)))


def first_entry(connection: Connection, agency: str) -> int:
    """Return the place of the first entry of the log that is about a held case, 0 if there is none."""
    first = select(func.min(_audit.c.seq))
    found = [connection.execute(first.where(*of_key(_audit, key))).scalar() for key in held(connection, agency)]
    return min((int(seq) for seq in found if seq is not None), default=0)


def _parents_of(connection: Connection, key: RecordKey) -> list[RecordKey]:
    """Return what the record hangs on, and what any version of it ever hung on."""
    found = union(
        *(
            select(of.c.parent_kind, of.c.parent_local_id).where(*of_key(of, key), of.c.parent_kind.is_not(None))
            for of in (_record, _delivery)
        )
    )
    return [RecordKey(key.agency, Kind(row.parent_kind), row.parent_local_id) for row in connection.execute(found)]
