"""Deliveries that a person asked for.

They are claimed, and looked for, from a share of their own: what somebody waits for does not stand behind a backlog of
thousands."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, func, insert, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import RecordKey, State
from connector.store.db import Tx
from connector.store.keys import chunks, of_key
from connector.store.tables import Asked, Delivery, table_of

_asked = table_of(Asked)
_delivery = table_of(Delivery)

_WAITING = (State.PENDING, State.SENDING, State.UNKNOWN)


FEW = 1_000
"""Up to so many, each is looked at by itself; more of them are met soon enough on a walk through all that is due."""

_ALL = select(_asked.c.delivery_id)
_UP_TO_MORE = select(func.count()).select_from(select(_asked.c.delivery_id).limit(FEW + 1).subquery())


def is_asked() -> ColumnElement[bool]:
    """Return the condition that a person asked for a delivery.

    A list and no EXISTS, and of no bare id: so SQLite asks it first of all, with what the index of what is due holds,
    and neither reads the row nor begins with the list. What is of another share is passed over at a microsecond."""
    return (_delivery.c.id + 0).in_(_ALL)


def is_one_of_few() -> ColumnElement[bool]:
    """Return the same condition, as the place to begin with where `are_few`."""
    return _delivery.c.id.in_(_ALL)


def are_few(connection: Connection) -> bool:
    """Return whether people asked for so few that they are quicker found one by one than in a backlog."""
    return int(connection.execute(_UP_TO_MORE).scalar_one()) <= FEW


def note(tx: Tx, delivery_id: int) -> None:
    """Note that a person asked for a delivery; whoever does so writes the audit entry."""
    tx.connection.execute(delete(_asked).where(_asked.c.delivery_id == delivery_id))
    tx.connection.execute(insert(_asked).values(delivery_id=delivery_id))


def note_newest(tx: Tx, key: RecordKey) -> None:
    """As `note`, of the newest version of a key."""
    newest = select(_delivery.c.id).where(*of_key(_delivery, key)).order_by(_delivery.c.version.desc()).limit(1)
    if (found := tx.connection.execute(newest).scalar()) is not None:
        note(tx, int(found))


def forget_settled(tx: Tx, delivery_ids: Sequence[int] | None = None) -> None:
    """Let go of those of these deliveries that wait no more; None: of all, by whatever way they went.

    All are looked at when a run begins only: where people have asked for everything they are as many as the backlog,
    and no commit may cost what is left to be done."""
    waits = exists().where(_delivery.c.id == _asked.c.delivery_id, _delivery.c.state.in_(_WAITING))
    if delivery_ids is None:
        tx.connection.execute(delete(_asked).where(~waits))
        return
    for chunk in chunks(delivery_ids, 500):
        tx.connection.execute(delete(_asked).where(_asked.c.delivery_id.in_(chunk), ~waits))
