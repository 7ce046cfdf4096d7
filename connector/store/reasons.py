"""The words in which people gave their reasons. Class C2: here they can be erased, in the audit log they cannot.

The log holds a keyed commitment to them, the table `reason` the words, both written in one transaction. So a reader
sees what was said, and that nobody has changed it since.
May import: core, tables, keys. Not `db`, which calls `keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, and_, insert, or_, select, update

from connector.core.model import Entry, RecordKey
from connector.store.keys import chunks, of_key
from connector.store.tables import AuditEntry, Pause, Reason, ResyncItem, table_of

_reason = table_of(Reason)
_audit = table_of(AuditEntry)
_item = table_of(ResyncItem)
_pause = table_of(Pause)


@dataclass(frozen=True, slots=True)
class Given:
    """A reason on its way into the store, and what it is about ("" means all)."""

    kind: str
    local_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A reason as it can be told now. `standing`: matches, differs (the words are not those of the log), erased, or
    absent (a store of an older program kept none). `text` is "" for the latter two."""

    text: str
    standing: str
    erased_at: datetime | None = None


Commit = Callable[[str, bytes], str]
"""`Store.commitment`: the agency's keyed commitment to some bytes."""


def keep(connection: Connection, given: Sequence[tuple[Entry, Given]]) -> None:
    """Store the words that belong to these entries, in the entries' own transaction."""
    rows = [
        {"agency": entry.agency, "seq": entry.seq, "kind": one.kind, "local_id": one.local_id, "text": one.text}
        for entry, one in given
    ]
    if rows:
        connection.execute(insert(_reason), rows)


def of_entries(
    connection: Connection, agency: str, facts: Mapping[int, Mapping[str, Any]], commit: Commit
) -> dict[int, Told]:
    """Return the reason of each of these entries (seq -> facts) that has one, compared with the log's commitment."""
    wanted = [seq for seq, found in facts.items() if found.get("reason")]
    kept: dict[int, Any] = {}
    for chunk in chunks(wanted, 500):
        rows = connection.execute(select(_reason).where(_reason.c.agency == agency, _reason.c.seq.in_(chunk)))
        kept |= {row.seq: row for row in rows}
    return {seq: _told(agency, kept.get(seq), str(facts[seq]["reason"]), commit) for seq in wanted}


def _told(agency: str, row: Any | None, committed: str, commit: Commit) -> Told:
    if row is None:
        return Told("", "absent")
    if row.text is None:
        return Told("", "erased", row.erased_at)
    same = commit(agency, row.text.encode()) == committed
    return Told(row.text, "matches" if same else "differs")


def newest(
    connection: Connection, agency: str, event: str, about: Iterable[tuple[str, str]], commit: Commit
) -> dict[tuple[str, str], Told]:
    """Return the newest reason that was given with `event` for each of these (kind, local id). Uses ix_reason_about."""
    found = {}
    for kind, local_id in about:
        row = connection.execute(
            select(_reason.c.seq, _audit.c.content)
            .join(_audit, and_(_audit.c.agency == _reason.c.agency, _audit.c.seq == _reason.c.seq))
            .where(
                _reason.c.agency == agency,
                _reason.c.kind == kind,
                _reason.c.local_id == local_id,
                _audit.c.event == event,
            )
            .order_by(_reason.c.seq.desc())
            .limit(1)
        ).first()
        if row is not None:
            facts = orjson.loads(row.content)[12]
            found[kind, local_id] = of_entries(connection, agency, {row.seq: facts}, commit)[row.seq]
    return found


def erase(connection: Connection, key: RecordKey, now: datetime) -> None:
    """Erase the words of every reason about a record, because nobody may know of it any more: also of a pause that is
    in force, and of a request that named it among others. That somebody gave a reason, and when, stays in the log."""
    asked = select(_item.c.reason).where(*of_key(_item, key), _item.c.reason != "")
    about = or_(
        and_(_reason.c.kind == key.kind, _reason.c.local_id == key.local_id),
        _reason.c.text.in_(asked.scalar_subquery()),
    )
    connection.execute(
        update(_reason)
        .where(_reason.c.agency == key.agency, _reason.c.text.is_not(None), about)
        .values(text=None, erased_at=now)
    )
    connection.execute(update(_pause).where(*of_key(_pause, key)).values(reason=""))
