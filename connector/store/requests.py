"""What people ask of the connector: keys to be read and compared again, and notes on what is stuck.

A request is a short transaction, always possible, also while the daemon runs; the daemon carries it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, bindparam, func, insert, select, update

from connector.core.model import KINDS, Actor, Event, Kind, RecordKey
from connector.errors import DataError
from connector.store.db import Tx
from connector.store.keys import chunks, newest_of_record, of_key
from connector.store.tables import Delivery, Record, ResyncItem, table_of

_item = table_of(ResyncItem)
_record = table_of(Record)
_delivery = table_of(Delivery)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which current records a person means; empty fields choose all."""

    keys: tuple[RecordKey, ...] = ()
    kind: Kind | None = None
    state: str | None = None
    since: date | None = None  # first seen on or after this day (UTC)
    until: date | None = None  # and before the end of this one


@dataclass(frozen=True, slots=True)
class Item:
    """One open request: the key, and in whose name and why."""

    id: int
    key: RecordKey
    by: str
    reason: str


def select_keys(connection: Connection, agency: str, selection: Selection) -> list[RecordKey]:
    """Return the keys that a selection means, in the order in which they were first seen.

    Raises DataError if a named key is unknown to the ledger."""
    wanted = [_record.c.agency == agency]
    if selection.kind is not None:
        wanted.append(_record.c.kind == selection.kind)
    if selection.state is not None:
        wanted.append(_delivery.c.state == selection.state)
    if selection.since is not None:
        wanted.append(_record.c.first_seen_at >= _start_of(selection.since))
    if selection.until is not None:
        wanted.append(func.substr(_record.c.first_seen_at, 1, 10) <= selection.until.isoformat())
    found = select(_record.c.kind, _record.c.local_id).join(_delivery, newest_of_record()).where(and_(*wanted))
    if not selection.keys:
        rows = connection.execute(found.order_by(_record.c.first_seen_at, _record.c.local_id)).all()
        return [RecordKey(agency, Kind(row.kind), row.local_id) for row in rows]
    keys = []
    for key in selection.keys:
        if connection.execute(select(_record.c.version).where(*of_key(_record, key))).first() is None:
            raise DataError("E-KEY-UNKNOWN", key=str(key))
        if connection.execute(found.where(*of_key(_record, key))).first():
            keys.append(key)
    return keys


def _start_of(day: date) -> datetime:
    return datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")


def ask(tx: Tx, agency: str, keys: Sequence[RecordKey], actor: Actor, reason: str) -> int:
    """Store one open request per key; keys that already have one are left as they are. Return how many are new."""
    open_keys = {
        (row.kind, row.local_id)
        for row in tx.connection.execute(
            select(_item.c.kind, _item.c.local_id).where(_item.c.agency == agency, _item.c.done_at.is_(None))
        )
    }
    new = [key for key in dict.fromkeys(keys) if (key.kind, key.local_id) not in open_keys]
    for chunk in chunks(new, 500):
        tx.connection.execute(
            insert(_item),
            [
                {
                    "agency": agency,
                    "kind": key.kind,
                    "local_id": key.local_id,
                    "by": actor.name,
                    "reason": reason,
                    "asked_at": tx.now,
                }
                for key in chunk
            ],
        )
    kinds = {str(kind): sum(key.kind is kind for key in keys) for kind in KINDS}
    facts: dict[str, object] = {"asked": len(keys), "new": len(new)}
    facts["kinds"] = {kind: count for kind, count in kinds.items() if count}
    about = (str(keys[0].kind), keys[0].local_id) if len(keys) == 1 else ("", "")
    if len(keys) == 1:
        facts |= {"kind": about[0], "local_id": about[1]}
    tx.audit_with_reason(Event("resync.asked", agency, actor, tx.now, facts=facts), reason, *about)
    return len(new)


_OPEN = (
    select(_item)
    .where(_item.c.agency == bindparam("agency"), _item.c.done_at.is_(None), _item.c.id > bindparam("after_id"))
    .order_by(_item.c.id)
    .limit(bindparam("rows"))
)


def open_items(connection: Connection, agency: str, limit: int, *, after_id: int = 0) -> list[Item]:
    """Return open requests behind `after_id`, oldest first. Uses ix_resync_open."""
    rows = connection.execute(_OPEN, {"agency": agency, "after_id": after_id, "rows": limit}).all()
    return [Item(row.id, RecordKey(agency, Kind(row.kind), row.local_id), row.by, row.reason) for row in rows]


def open_count(connection: Connection, agency: str) -> int:
    """Return how many requests are open."""
    found = select(func.count()).where(_item.c.agency == agency, _item.c.done_at.is_(None))
    return int(connection.execute(found).scalar_one())


def done(tx: Tx, item: Item, outcome: str, actor: Actor) -> None:
    """Close a request with what came of it: changed, quarantined, look, send, in_flight, not_findable, nothing,
    source_gone, source_error, kind_gone, became_secret, excluded, unsettled, next_sweep."""
    tx.connection.execute(update(_item).where(_item.c.id == item.id).values(done_at=tx.now, outcome=outcome))
    facts = {"outcome": outcome, "asked_by": item.by}
    tx.audit(Event("resync.done", item.key.agency, actor, tx.now, item.key, facts=facts))


def acknowledge(tx: Tx, key: RecordKey, actor: Actor, reason: str) -> None:
    """Note that a person knows of a stuck record: it stays in every list, under their name, until it changes.

    Raises DataError if the key is unknown."""
    version = tx.connection.execute(select(_record.c.version).where(*of_key(_record, key))).scalar()
    if version is None:
        raise DataError("E-KEY-UNKNOWN", key=str(key))
    tx.connection.execute(
        update(_delivery)
        .where(*of_key(_delivery, key), _delivery.c.version == version)
        .values(acknowledged_by=actor.name, acknowledged_reason=reason)
    )
    tx.audit_with_reason(Event("delivery.acknowledged", key.agency, actor, tx.now, key, int(version)), reason)
