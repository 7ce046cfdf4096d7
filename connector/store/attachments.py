"""What became of the files that records name, and whether the content of those that go has arrived.

Written in the transaction in which the record is; see `contents.py` for the sending.
May import: sqlalchemy, core, db, keys, tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, delete, exists, func, insert, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import Fate, Kind, Operation, RecordKey, SourceFile
from connector.store.db import Tx
from connector.store.keys import chunks, of_key
from connector.store.tables import Attachment, Content, Delivery, Record, Tombstone, table_of

_attachment = table_of(Attachment)
_content = table_of(Content)
_delivery = table_of(Delivery)
_stone = table_of(Tombstone)
_record = table_of(Record)

TROUBLED = (Fate.UNSAFE, Fate.ABSENT, Fate.UNREADABLE, Fate.EMPTY, Fate.TOO_LARGE, Fate.TYPE, Fate.REFUSED)
"""Files that do not go and that somebody could mend. What the law keeps here, and what is looked at again, is none."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One file of a record, for a list. `state` and `rule`: of its content, "" as long as nothing was sent."""

    key: RecordKey
    at: int
    fate: Fate
    since: datetime
    state: str = ""
    rule: str = ""
    attempt: int = 0


# --- writing -------------------------------------------------------------------------------------------------------


def note(tx: Tx, key: RecordKey, version: int, files: Sequence[SourceFile]) -> None:
    """Keep what became of the files of this version; those of older ones are forgotten."""
    forget(tx, key)
    rows = [_values(tx, key, version, at, file) for at, file in enumerate(files) if file.fate is not Fate.NONE]
    if rows:
        tx.connection.execute(insert(_attachment), rows)


_FORGET = delete(_attachment).where(
    _attachment.c.agency == bindparam("of_agency"),
    _attachment.c.kind == bindparam("of_kind"),
    _attachment.c.local_id == bindparam("of_id"),
)


def forget(tx: Tx, key: RecordKey) -> None:
    """Forget the files of a key: it is set aside, or about to be noted anew."""
    tx.connection.execute(_FORGET, {"of_agency": key.agency, "of_kind": key.kind, "of_id": key.local_id})


def _values(tx: Tx, key: RecordKey, version: int, at: int, file: SourceFile) -> dict[str, Any]:
    ready = file.fate is Fate.READY
    return {
        "agency": key.agency,
        "kind": key.kind,
        "local_id": key.local_id,
        "at": at,
        "version": version,
        "fate": file.fate,
        "path": file.path if ready else None,
        "size_bytes": file.size_bytes if ready else None,
        "modified_ns": file.modified_ns if ready else None,
        "sha256": file.sha256 if ready else None,
        "media_type": file.media_type if ready else None,
        "noted_at": tx.now,
    }


# --- reading -------------------------------------------------------------------------------------------------------


def read_before(
    connection: Connection, agency: str, kind: Kind, local_ids: Sequence[str]
) -> dict[tuple[str, int, int], SourceFile]:
    """Return the files of these records that were hashed before, by path, size and time of change."""
    found: dict[tuple[str, int, int], SourceFile] = {}
    for chunk in chunks(local_ids, 500):
        rows = connection.execute(
            select(_attachment).where(
                _attachment.c.agency == agency,
                _attachment.c.kind == kind,
                _attachment.c.local_id.in_(chunk),
                _attachment.c.sha256.is_not(None),
            )
        )
        for row in rows:
            file = SourceFile(row.path, Fate.READY, False, row.size_bytes, row.modified_ns, row.sha256, row.media_type)
            found[row.path, row.size_bytes, row.modified_ns] = file
    return found


def refused(connection: Connection, agency: str, generation: int, hashes: Sequence[str]) -> set[str]:
    """Return those of the contents that the national side does not take."""
    found: set[str] = set()
    for chunk in chunks(sorted(set(hashes)), 500):
        rows = select(_content.c.sha256).where(
            _content.c.agency == agency,
            _content.c.generation == generation,
            _content.c.state == "refused",
            _content.c.sha256.in_(chunk),
        )
        found.update(connection.execute(rows).scalars())
    return found


def are_there(generation: Any) -> ColumnElement[bool]:
    """Return the condition that the national side has every content that a delivery's document refers to.

    For one that it refused, the row that names it is read again and goes without it. A row that is gone from its source
    can be read no more: its document goes as it stands, instead of waiting for ever, and so does what hangs on it."""
    gone = exists().where(
        _stone.c.agency == _attachment.c.agency,
        _stone.c.kind == _attachment.c.kind,
        _stone.c.local_id == _attachment.c.local_id,
        _stone.c.closed_at.is_(None),
    )
    return ~exists().where(
        _attachment.c.agency == _delivery.c.agency,
        _attachment.c.kind == _delivery.c.kind,
        _attachment.c.local_id == _delivery.c.local_id,
        _attachment.c.version == _delivery.c.version,
        _delivery.c.operation == Operation.PUT,
        _attachment.c.sha256.is_not(None),
        ~_is_content("received", generation),
        ~and_(_is_content("refused", generation), gone),
    )


def _is_content(state: str, generation: Any) -> ColumnElement[bool]:
    """Whether a file's content is in this state."""
    return exists().where(
        _content.c.agency == _attachment.c.agency,
        _content.c.generation == generation,
        _content.c.sha256 == _attachment.c.sha256,
        _content.c.state == state,
    )


def counts(connection: Connection, agency: str, generation: int, *, key: RecordKey | None = None) -> Mapping[str, int]:
    """Return how many files of the agency's records (of one, where a key is given) have which fate; of those that go,
    by the state of their content (`received`, `refused`, else `ready`)."""
    wanted = (*_of(agency), *(of_key(_attachment, key) if key else ()))
    rows = connection.execute(
        select(_fate(), func.count()).select_from(_joined(generation)).where(*wanted).group_by("stands")
    )
    return {row[0]: row[1] for row in rows}


def troubled_count(connection: Connection, agency: str) -> int:
    """Return how many files do not go that somebody could mend."""
    troubled = select(func.count()).select_from(_attachment).where(*_of(agency), _attachment.c.fate.in_(TROUBLED))
    return int(connection.execute(troubled).scalar_one())


def papers(connection: Connection, agency: str, generation: int, limit: int) -> list[Paper]:
    """Return the files that did not go, or wait to, in the order of their records."""
    rows = connection.execute(
        select(_attachment, _content.c.state, _content.c.rule, _content.c.attempt)
        .select_from(_joined(generation))
        .where(*_of(agency), func.coalesce(_content.c.state, "") != "received")
        .order_by(_attachment.c.kind, _attachment.c.local_id, _attachment.c.at)
        .limit(limit)
    )
    return [
        Paper(
            RecordKey(row.agency, Kind(row.kind), row.local_id), row.at, Fate(row.fate), row.noted_at,
            row.state or "", row.rule or "", row.attempt or 0,
        )
        for row in rows
    ]  # fmt: skip


def _of(agency: str) -> tuple[ColumnElement[bool], ...]:
    """The files of what the agency's records are now: those of a record that was withdrawn count no more."""
    newest = exists().where(
        _record.c.agency == _attachment.c.agency,
        _record.c.kind == _attachment.c.kind,
        _record.c.local_id == _attachment.c.local_id,
        _record.c.version == _attachment.c.version,
    )
    return (_attachment.c.agency == agency, newest)


def _joined(generation: int) -> Any:
    of_content = (
        (_content.c.agency == _attachment.c.agency)
        & (_content.c.generation == generation)
        & (_content.c.sha256 == _attachment.c.sha256)
    )
    return _attachment.outerjoin(_content, of_content)


def _fate() -> Any:
    over = _content.c.state.in_(["received", "refused"])
    return case((over, _content.c.state), else_=_attachment.c.fate).label("stands")
