"""Rows of a source without snapshots that were read once: they count when a later reading shows the same.

A program that deletes and inserts its children again shows, for a moment, half a record. So a changed row waits here,
by its fingerprint, until it was read twice alike, some seconds apart. Nobody sleeps meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select

from connector.core.model import Kind, RecordKey
from connector.store import marks
from connector.store.db import Tx
from connector.store.keys import chunks
from connector.store.records import Known, Reading
from connector.store.tables import Record, Unsettled, table_of

_waiting = table_of(Unsettled)
_record = table_of(Record)


@dataclass(frozen=True, slots=True)
class Settled:
    """What of a page may be recorded, what waits, and which new keys the last finished sweep has counted already."""

    readings: tuple[Reading, ...]
    waiting: tuple[str, ...]
    counted: frozenset[str]


def settle(
    tx: Tx,
    agency: str,
    kind: Kind,
    readings: Sequence[Reading],
    ledger: Mapping[str, Known],
    settle_s: float,
    sweep_id: int | None,
    last_finished: int,
) -> Settled:
    """Sort the readings by whether they were read alike before, at least `settle_s` ago; the others wait from here on.

    A row that only a changed mapping or its parent makes another document, and one that could not be read whole, need
    no second reading."""
    before = _of(tx.connection, agency, kind, [reading.key.local_id for reading in readings])
    ready: list[Reading] = []
    waiting: list[dict[str, Any]] = []
    for reading in readings:
        local_id = reading.key.local_id
        known, was = ledger.get(local_id), before.get(local_id)
        alike = was is not None and _row(was.fingerprint) == _row(reading.fingerprint)
        old = alike and was is not None and tx.now - was.read_at >= timedelta(seconds=settle_s)
        if old or not reading.fingerprint or (known and _row(known.row_fingerprint) == _row(reading.fingerprint)):
            ready.append(reading)
            continue
        waiting.append(
            {
                "agency": agency,
                "kind": kind,
                "local_id": local_id,
                "range_value": reading.range_value,
                "fingerprint": reading.fingerprint,
                "read_at": was.read_at if was is not None and alike else tx.now,
                "first_sweep": was.first_sweep if was is not None and was.first_sweep is not None else sweep_id,
                "last_sweep": sweep_id if sweep_id is not None or was is None else was.last_sweep,
            }
        )
    forget(tx, agency, kind, [reading.key.local_id for reading in readings])
    if waiting:
        tx.connection.execute(insert(_waiting), waiting)
    counted = frozenset(
        local_id for local_id, was in before.items() if was.first_sweep is not None and was.first_sweep <= last_finished
    )
    return Settled(tuple(ready), tuple(row["local_id"] for row in waiting), counted)


def _row(fingerprint: str | None) -> str:
    """The row's own part of a fingerprint. What stands behind the plus is what the ledger says of its parent, which was
    read twice itself: were it compared too, each step of a case would wait one reading longer than the one before it,
    and what has to be concealed with its parent would stay open until the next reading."""
    return (fingerprint or "").partition("+")[0]


def _of(connection: Connection, agency: str, kind: Kind, local_ids: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for chunk in chunks(local_ids, 500):
        where = (_waiting.c.agency == agency, _waiting.c.kind == kind, _waiting.c.local_id.in_(chunk))
        found |= {row.local_id: row for row in connection.execute(select(_waiting).where(*where))}
    return found


def forget(tx: Tx, agency: str, kind: Kind, local_ids: Sequence[str]) -> None:
    """Let go of rows that are as they were, were recorded, or must not be known."""
    for chunk in chunks(local_ids, 500):
        where = (_waiting.c.agency == agency, _waiting.c.kind == kind, _waiting.c.local_id.in_(chunk))
        tx.connection.execute(delete(_waiting).where(*where))


_FORGET_UNSEEN = delete(_waiting).where(
    _waiting.c.agency == bindparam("agency"),
    _waiting.c.kind == bindparam("kind"),
    or_(_waiting.c.last_sweep.is_(None), _waiting.c.last_sweep != bindparam("sweep_id")),
)


def forget_unseen(tx: Tx, agency: str, kind: Kind, sweep_id: int) -> None:
    """Let go of rows that a sweep, which is being finished, did not find."""
    tx.connection.execute(_FORGET_UNSEEN, {"agency": agency, "kind": kind, "sweep_id": sweep_id})


def places(connection: Connection, agency: str, kind: Kind) -> list[tuple[RecordKey, str]]:
    """Return the waiting rows of a kind that can be found again: the key, and the value of the range column."""
    columns = select(_waiting.c.local_id, _waiting.c.range_value)
    found = columns.where(_waiting.c.agency == agency, _waiting.c.kind == kind, _waiting.c.range_value != "")
    return [(RecordKey(agency, kind, row.local_id), row.range_value) for row in connection.execute(found)]


def count(connection: Connection, agency: str) -> int:
    """Return how many changed rows wait for their second reading."""
    found = select(func.count()).select_from(_waiting).where(_waiting.c.agency == agency)
    return int(connection.execute(found).scalar_one())


def new_keys(connection: Connection, agency: str, kind: Kind) -> int:
    """Return how many keys the last finished sweep has counted that are no records yet."""
    sweep = marks.last_sweep(connection, agency, kind)
    known = exists().where(
        _record.c.agency == _waiting.c.agency,
        _record.c.kind == _waiting.c.kind,
        _record.c.local_id == _waiting.c.local_id,
    )
    where = and_(
        _waiting.c.agency == agency, _waiting.c.kind == kind, _waiting.c.first_sweep <= (sweep.id if sweep else 0)
    )
    return int(connection.execute(select(func.count()).select_from(_waiting).where(where, ~known)).scalar_one())
