"""Taking a national version for the newest of a key: where our ledger has forgotten it, or never knew.

Nothing is sent by it. The next reading of the source is compared with what the nation holds: the same, and nothing is
to be done; something else, and it becomes the version after theirs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, insert, select, update

from connector.core.model import Actor, Event, Held, Operation, RecordKey, State
from connector.store.db import Tx
from connector.store.keys import of_key
from connector.store.records import known, supersede_older
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)


def adopt(tx: Tx, key: RecordKey, held: Held, generation: int, actor: Actor) -> None:
    """Make the version that the nation holds the newest of its key, delivered, with the list as its receipt.

    Older versions that wait, be it for an answer, are superseded: the nation is past them. A key that the ledger never
    knew counts as concealed until its row is read; so does what hangs on it."""
    before = known(tx.connection, key.agency, key.kind, [key.local_id]).get(key.local_id)
    if before is not None:
        supersede_older(tx, key, held.version, actor)
        _supersede_unknown(tx, key, held.version, actor)
    values: dict[str, Any] = {
        "version": held.version,
        "digest": held.digest,
        "row_fingerprint": None,  # whatever the row says is mapped anew
        "mapping_digest": None,
        "receipt_generation": generation,
        "receipt_version": held.version,
        "national_id": held.national_id,
        "received_at": tx.now,
    }
    if before is not None:
        tx.connection.execute(update(_record).where(*of_key(_record, key)).values(values))
    else:
        named = {"agency": key.agency, "kind": key.kind, "local_id": key.local_id, "first_seen_at": tx.now}
        tx.connection.execute(insert(_record).values(values | named))
    concealed = before.concealed if before is not None else True
    parent = before.parent if before is not None else None
    tx.connection.execute(
        insert(_delivery).values(
            agency=key.agency,
            kind=key.kind,
            local_id=key.local_id,
            version=held.version,
            operation=Operation.PUT,
            state=State.DELIVERED,
            state_at=tx.now,
            created_at=tx.now,
            digest=held.digest,
            body_bytes=0,
            concealed=concealed,
            parent_kind=parent.kind if parent else None,
            parent_local_id=parent.local_id if parent else None,
            change_cause="progress",
            attempt=0,
            crashes=0,
            finds=0,
            rule="listed",
            national_id=held.national_id,
            national_status=held.status,
            receipt_at=tx.now,
        )
    )
    facts = {
        "state": State.DELIVERED,
        "national_id": held.national_id,
        "commitment": tx.commitment(key.agency, held.digest.encode()),
    }
    tx.audit(Event("record.adopted", key.agency, actor, tx.now, key, held.version, facts))


def _supersede_unknown(tx: Tx, key: RecordKey, version: int, actor: Actor) -> None:
    """What was asked about is answered: the nation holds something newer."""
    where = and_(*of_key(_delivery, key), _delivery.c.version < version, _delivery.c.state == State.UNKNOWN)
    for row in tx.connection.execute(select(_delivery.c.version).where(where)).all():
        facts = {"from": State.UNKNOWN, "state": State.SUPERSEDED, "by_version": version}
        tx.audit(Event("delivery.superseded", key.agency, actor, tx.now, key, row.version, facts))
    tx.connection.execute(
        update(_delivery)
        .where(where)
        .values(state=State.SUPERSEDED, cause=None, state_at=tx.now, next_attempt_at=None, candidates=None)
    )
