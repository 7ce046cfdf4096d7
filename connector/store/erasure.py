"""Erasing the text of records that must not be held: keys, digests and the log stay, bodies go."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, update

from connector.core.model import Cause, RecordKey, State
from connector.store.db import Tx
from connector.store.keys import chunks, of_key
from connector.store.tables import Delivery, table_of

_delivery = table_of(Delivery)


def erase_bodies(tx: Tx, key: RecordKey) -> None:
    """Erase what can be erased; a version in `sending` is erased when its answer has come (see `finish`)."""
    tx.connection.execute(
        update(_delivery)
        .where(*of_key(_delivery, key), _delivery.c.state != State.SENDING)
        .values(body=None, body_bytes=0, problems=None, candidates=None)
    )


def forget_secrets(tx: Tx, ids: Sequence[int]) -> None:
    """Erase the text of versions that were on their way while their record became a state secret."""
    newest = _delivery.alias("newest")
    became_secret = exists().where(
        newest.c.agency == _delivery.c.agency,
        newest.c.kind == _delivery.c.kind,
        newest.c.local_id == _delivery.c.local_id,
        newest.c.version > _delivery.c.version,
        newest.c.cause == Cause.BECAME_SECRET,
    )
    for chunk in chunks(ids, 500):
        tx.connection.execute(
            update(_delivery)
            .where(_delivery.c.id.in_(chunk), _delivery.c.state != State.SENDING, became_secret)
            .values(body=None, body_bytes=0, problems=None, candidates=None)
        )
