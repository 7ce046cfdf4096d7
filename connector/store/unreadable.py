"""Items of the national feed that were no events: what the cursor has passed, and somebody must look at.

Kept as marks, one per item: its event id, or where that is none either, the first digits of its digest. A named person
closes an item; it does not come back when the feed repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import Actor, Event
from connector.errors import DataError
from connector.store import marks
from connector.store.db import Tx
from connector.store.tables import Mark, table_of

_mark = table_of(Mark)
_PREFIX = "feed.unreadable."
_OPEN, _CLOSED = "", "closed"

MOST = 1_000
"""So many items are open at most: a feed that holds nothing else must not fill the store. The log counts all."""


@dataclass(frozen=True, slots=True)
class Item:
    """One open item, and when it was read."""

    id: str
    at: datetime


def note(tx: Tx, agency: str, ids: Sequence[str], actor: Actor) -> None:
    """Keep the items that are new, in the transaction that moves the cursor past them."""
    new = [id_ for id_ in dict.fromkeys(ids) if marks.mark_of(tx.connection, agency, _PREFIX + id_) is None]
    if not new:
        return
    for id_ in new[: max(MOST - count(tx.connection, agency), 0)]:
        marks.advance(tx, agency, _PREFIX + id_, _OPEN)
    tx.audit(Event("feed.unreadable", agency, actor, tx.now, facts={"count": len(new)}))


def items(connection: Connection, agency: str) -> list[Item]:
    """Return the open items, oldest first."""
    rows = connection.execute(select(_mark.c.name, _mark.c.at).where(*_are_open(agency)).order_by(_mark.c.at)).all()
    return [Item(row.name.removeprefix(_PREFIX), row.at) for row in rows]


def count(connection: Connection, agency: str) -> int:
    """Return how many items are open."""
    return int(connection.execute(select(func.count()).where(*_are_open(agency))).scalar_one())


def close(tx: Tx, agency: str, id_: str, actor: Actor, reason: str) -> None:
    """Close an item in a person's name. Raises DataError if no such item is open."""
    mark = marks.mark_of(tx.connection, agency, _PREFIX + id_)
    if mark is None or mark[0] != _OPEN:
        raise DataError("E-FEED-ITEM-UNKNOWN", item=id_)
    marks.advance(tx, agency, _PREFIX + id_, _CLOSED)
    facts = {"item": id_, "reason": tx.commitment(agency, reason.encode())}
    tx.audit(Event("feed.closed", agency, actor, tx.now, facts=facts))


def _are_open(agency: str) -> tuple[ColumnElement[bool], ...]:
    return (_mark.c.agency == agency, _mark.c.name.startswith(_PREFIX, autoescape=True), _mark.c.value == _OPEN)
