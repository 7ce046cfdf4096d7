"""Sending the content of attachments: each once per ledger generation, before the documents that refer to it.

    due      contents that a waiting document refers to and the national side has not
    claim    the intent is on disk before the first byte leaves
    finish   received; to be tried again; or refused: then the rows that name it are read again and go without it

Content is named by its hash, so a lost answer needs no sighting: it is asked for, or simply sent again. What a process
that died has left in `sending` is due at once. Every function that changes a row writes its audit entry in the same
transaction; a hash stands in none of them, only a commitment to it.
May import: sqlalchemy, core, attachments, db, keys, outbox, tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import Actor, Event, Operation, State
from connector.store.db import Tx
from connector.store.outbox import is_paused
from connector.store.tables import Attachment, Content, Delivery, Record, table_of

_attachment = table_of(Attachment)
_content = table_of(Content)
_delivery = table_of(Delivery)
_record = table_of(Record)


@dataclass(frozen=True, slots=True)
class Due:
    """One content that must be sent, and the paths where it lay. `attempt`: how often it was sent, with this time."""

    sha256: str
    size_bytes: int
    media_type: str
    paths: tuple[str, ...]
    attempt: int


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one. `state`: received, waiting (until `next_attempt_at`) or refused."""

    sha256: str
    state: str
    rule: str
    http_status: int | None = None
    next_attempt_at: datetime | None = None


def due(connection: Connection, agency: str, generation: int, now: datetime, rows: int) -> list[Due]:
    """Return contents to be sent now, in the order of the documents that wait for them. Changes nothing."""
    not_before = or_(_content.c.next_attempt_at.is_(None), _content.c.next_attempt_at <= now)
    wanted = (
        select(
            _attachment.c.sha256, func.max(_content.c.attempt).label("attempt"), func.min(_delivery.c.id).label("first")
        )
        .select_from(_awaited(generation))
        .where(*_of_agency(agency), not_before, ~is_paused())
        .group_by(_attachment.c.sha256)
        .order_by("first")
        .limit(rows)
    )
    found = []
    for row in connection.execute(wanted).all():
        places = connection.execute(
            select(_attachment.c.path, _attachment.c.size_bytes, _attachment.c.media_type)
            .where(_attachment.c.agency == agency, _attachment.c.sha256 == row.sha256)
            .order_by(_attachment.c.path)
            .distinct()
            .limit(10)
        ).all()
        paths = tuple(dict.fromkeys(place.path for place in places))
        found.append(Due(row.sha256, places[0].size_bytes, places[0].media_type, paths, (row.attempt or 0) + 1))
    return found


def next_due(connection: Connection, agency: str, generation: int, now: datetime) -> datetime | None:
    """Return when the next content can be sent (at the earliest `now`), None: no document waits for one."""
    row = connection.execute(
        select(func.count(), func.min(_content.c.next_attempt_at), func.count(_content.c.next_attempt_at))
        .select_from(_awaited(generation))
        .where(*_of_agency(agency), ~is_paused())
    ).one()
    if not row[0]:
        return None
    at = row[1] if row[2] == row[0] else now
    return max(at, now) if isinstance(at, datetime) else now


def _awaited(generation: int) -> Any:
    """The files that go, beside the pending document that refers to each and what is known of its content."""
    of_document = and_(
        _delivery.c.agency == _attachment.c.agency,
        _delivery.c.kind == _attachment.c.kind,
        _delivery.c.local_id == _attachment.c.local_id,
        _delivery.c.version == _attachment.c.version,
        _delivery.c.operation == Operation.PUT,
        _delivery.c.state == State.PENDING,
    )
    of_content = and_(
        _content.c.agency == _attachment.c.agency,
        _content.c.generation == generation,
        _content.c.sha256 == _attachment.c.sha256,
    )
    return _attachment.join(_delivery, of_document).outerjoin(_content, of_content)


def _of_agency(agency: str) -> tuple[ColumnElement[bool], ...]:
    open_ = or_(_content.c.state.is_(None), _content.c.state.in_(["sending", "waiting"]))
    return (_attachment.c.agency == agency, _attachment.c.sha256.is_not(None), open_)


def claim(tx: Tx, agency: str, generation: int, found: Sequence[Due], actor: Actor) -> None:
    """Write down that these are about to be sent. If the process dies after the commit, they are due again."""
    for one in found:
        _write(
            tx, agency, generation, one.sha256, {"state": "sending", "attempt": one.attempt, "next_attempt_at": None}
        )
        _tell(tx, "attachment.claimed", agency, one.sha256, actor, {"attempt": one.attempt})


def finish(tx: Tx, agency: str, generation: int, results: Sequence[Result], actor: Actor) -> None:
    """Write down what came of claimed contents. Of a refused one, and of one whose file is another by now, the rows
    that name it are mapped again at their next reading."""
    for one in results:
        values = {"state": one.state, "rule": one.rule, "http_status": one.http_status}
        _write(tx, agency, generation, one.sha256, values | {"next_attempt_at": one.next_attempt_at})
        facts = {"state": one.state, "rule": one.rule}
        _tell(tx, f"attachment.{one.state}", agency, one.sha256, actor, facts)
        if one.state == "refused" or one.rule == CHANGED:
            _read_again(tx, agency, one.sha256)


CHANGED = "file_changed"
"""The rule of a content whose file is not there any more as it was hashed."""


def give_back(tx: Tx, agency: str, generation: int, found: Sequence[Due], actor: Actor) -> None:
    """Take back the claim of contents of which no byte has left: as if they had not been tried."""
    for one in found:
        values = {"state": "waiting", "attempt": max(one.attempt - 1, 1), "rule": "unsent", "next_attempt_at": tx.now}
        _write(tx, agency, generation, one.sha256, values)
        _tell(tx, "attachment.waiting", agency, one.sha256, actor, {"state": "waiting", "rule": "unsent"})


def retry(tx: Tx, agency: str, generation: int, actor: Actor, reason: str) -> int:
    """Let every refused content of the agency be tried again, on a person's word; return how many."""
    wanted = (_content.c.agency == agency, _content.c.generation == generation, _content.c.state == "refused")
    hashes = list(tx.connection.execute(select(_content.c.sha256).where(*wanted)).scalars())
    tx.connection.execute(
        update(_content).where(*wanted).values(state="waiting", rule="asked", state_at=tx.now, next_attempt_at=tx.now)
    )
    again = and_(_attachment.c.agency == agency, _attachment.c.fate == "refused")
    _forget_fingerprints(tx, again)
    if hashes:
        facts = {"state": "waiting", "rule": "asked", "count": len(hashes)}
        tx.audit_with_reason(Event("attachment.asked_again", agency, actor, tx.now, facts=facts), reason)
    return len(hashes)


def _read_again(tx: Tx, agency: str, sha256: str) -> None:
    _forget_fingerprints(tx, and_(_attachment.c.agency == agency, _attachment.c.sha256 == sha256))


def _forget_fingerprints(tx: Tx, of_files: ColumnElement[bool]) -> None:
    keys = select(_attachment.c.agency, _attachment.c.kind, _attachment.c.local_id).where(of_files)
    for row in tx.connection.execute(keys.distinct()).all():
        tx.connection.execute(
            update(_record)
            .where(_record.c.agency == row.agency, _record.c.kind == row.kind, _record.c.local_id == row.local_id)
            .values(row_fingerprint=None, mapping_digest=None)
        )


def _write(tx: Tx, agency: str, generation: int, sha256: str, values: dict[str, Any]) -> None:
    where = (_content.c.agency == agency, _content.c.generation == generation, _content.c.sha256 == sha256)
    values = values | {"state_at": tx.now}
    if not tx.connection.execute(update(_content).where(*where).values(values)).rowcount:
        key = {"agency": agency, "generation": generation, "sha256": sha256}
        tx.connection.execute(insert(_content).values(values | key))


def _tell(tx: Tx, event: str, agency: str, sha256: str, actor: Actor, facts: dict[str, Any]) -> None:
    tx.audit(Event(event, agency, actor, tx.now, facts={"content": tx.commitment(agency, sha256.encode()), **facts}))
