"""Erasing the text of records that must not be held: keys, digests and the log stay, bodies and free text go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, bindparam, exists, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import Cause, Operation, RecordKey, State
from connector.store import choices
from connector.store.db import Tx
from connector.store.keys import chunks, newest_of_record, of_key
from connector.store.tables import Delivery, MirrorStatus, Record, ResyncItem, RetiredBody, Tombstone, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_status = table_of(MirrorStatus)
_item = table_of(ResyncItem)
_stone = table_of(Tombstone)
_retired = table_of(RetiredBody)

_BODY = {"body": None, "body_bytes": 0, "problems": None, "candidates": None}
_GOING = (State.PENDING, State.SENDING, State.UNKNOWN)


def erase_texts(tx: Tx, key: RecordKey) -> None:
    """Erase every body and every free text of a key: what we sent, what the nation wrote, what people gave as reasons.

    The body of a version in `sending` is erased when its answer has come (see `finish`)."""
    overwrite_freed(tx)
    of_it = of_key(_delivery, key)
    tx.connection.execute(update(_delivery).where(*of_it, _delivery.c.state != State.SENDING).values(**_BODY))
    _forget_retired(tx, select(_delivery.c.id).where(*of_it))
    # The reason of a withdrawal is sent with it: it stays until the withdrawal is over.
    over = or_(_delivery.c.operation == Operation.PUT, _delivery.c.state.not_in(_GOING))
    tx.connection.execute(update(_delivery).where(*of_it, over).values(change_reason=""))
    tx.connection.execute(update(_delivery).where(*of_it).values(acknowledged_reason=None, decided_reason=None))
    tx.connection.execute(update(_status).where(*of_key(_status, key)).values(note="", closed_reason=None))
    tx.connection.execute(update(_item).where(*of_key(_item, key)).values(reason=""))
    tx.connection.execute(update(_stone).where(*of_key(_stone, key)).values(reason=""))
    choices.forget(tx, key)


def overwrite_freed(tx: Tx) -> None:
    """Have SQLite overwrite what is freed: else it lies in the file until something else takes its place."""
    tx.connection.exec_driver_sql("PRAGMA secure_delete = ON")


def _forget_retired(tx: Tx, ids: Select[int]) -> None:
    """What is sealed may not be held either, nor what stayed of a text."""
    of_these = _retired.c.delivery_id.in_(ids)
    still = (of_these, _retired.c.sealed.is_not(None))
    tx.connection.execute(update(_retired).where(*still).values(sealed=None, erased_at=tx.now))
    tx.connection.execute(update(_retired).where(of_these).values(facts=None))


def _became_secret() -> ColumnElement[bool]:
    newest = _delivery.alias("newest")
    return exists().where(
        newest.c.agency == _delivery.c.agency,
        newest.c.kind == _delivery.c.kind,
        newest.c.local_id == _delivery.c.local_id,
        newest.c.version > _delivery.c.version,
        newest.c.cause == Cause.BECAME_SECRET,
    )


_FORGET_SECRETS = (
    update(_delivery)
    .where(_delivery.c.id.in_(bindparam("ids", expanding=True)), _delivery.c.state != State.SENDING, _became_secret())
    .values(**_BODY)
)


def forget_secrets(tx: Tx, ids: Sequence[int]) -> None:
    """Erase the text of versions that were on their way while their record became a state secret."""
    for chunk in chunks(ids, 500):
        tx.connection.execute(_FORGET_SECRETS, {"ids": list(chunk)})


def is_secret(connection: Connection, key: RecordKey) -> bool:
    """Return whether a key is set aside as a state secret, so that nothing which is said of it may be kept."""
    newest = select(_delivery.c.cause).join(_record, newest_of_record()).where(*of_key(_record, key))
    return connection.execute(newest).scalar() == Cause.BECAME_SECRET
