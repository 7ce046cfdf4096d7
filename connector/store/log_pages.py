"""The synchronisation log in pages, newest first, chosen by event, kind, record and time, at the price of one page.

Unless it is of one record, or all of the log, a page is merged from streams: one for each event and kind that can be
meant, each in the order of ix_audit_event. Reads only, and verifies nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    LargeBinary,
    Select,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import KINDS, Entry, Kind
from connector.store.keys import chunks
from connector.store.tables import AuditEntry, table_of

_audit = table_of(AuditEntry)

FIRST_ROWS, MOST_ROWS = 8, 512
"""So many rows a stream reads at first, and at most, at a time: of most streams hardly any is wanted."""

_Place = tuple[datetime, int]
"""When an entry was written, and its place in the chain: the order of what was chosen, also if a clock went back."""


@dataclass(frozen=True, slots=True)
class LogPage:
    """Some entries, newest first, and the `before_seq` of the page after it: None where there are no more."""

    entries: tuple[Entry, ...]
    next: int | None


def page(
    connection: Connection,
    agency: str,
    *,
    before_seq: int | None = None,
    event: str | None = None,
    kind: Kind | None = None,
    local_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 50,
) -> LogPage:
    """Return one page of an agency's log: entries before a place, of an event, of a kind, of a record, written from
    `since` on and before `until`; of all where nothing is said."""
    given = {"agency": agency, "since": since, "until": until, "event": event, "local_id": local_id}
    begin = _place_of(connection, agency, before_seq)
    if before_seq is not None and begin is None:
        return LogPage((), None)
    if begin is not None and until is not None and begin[0] >= until:
        begin = None  # all that is wanted comes after that place
    times = _Times(since is not None, until is not None)
    if local_id is not None:
        found = _stream(connection, _of_record(event, kind, times), given | {"kind": kind}, begin)
    elif event is None and kind is None and not any(times):
        found = _stream(connection, _WHOLE, given, begin)
    else:
        streams = [
            _stream(connection, _of_event(one_kind, times), given | {"event": one, "kind": one_kind}, begin)
            for one, one_kind in _events(connection, agency)
            if event in (None, one) and kind in (None, one_kind)
        ]
        found = heapq.merge(*streams, reverse=True)
    seqs = [seq for _, seq in islice(found, limit + 1)]
    more = seqs[limit - 1] if len(seqs) > limit else None
    return LogPage(tuple(_entries(connection, agency, seqs[:limit])), more)


def _place_of(connection: Connection, agency: str, seq: int | None) -> _Place | None:
    """Return the place of an entry, or of the next one that there is; None if there is none."""
    if seq is None:
        return None
    found = select(_audit.c.at, _audit.c.seq).where(_audit.c.agency == agency, _audit.c.seq >= seq)
    row = connection.execute(found.order_by(_audit.c.seq).limit(1)).first()
    return (row.at, seq) if row is not None else _newest(connection, agency)


def _newest(connection: Connection, agency: str) -> _Place | None:
    found = select(_audit.c.at, _audit.c.seq).where(_audit.c.agency == agency).order_by(_audit.c.seq.desc()).limit(1)
    row = connection.execute(found).first()
    return (row.at, row.seq + 1) if row is not None else None


# --- streams ---------------------------------------------------------------------------------------------------------

_Statements = tuple[Select[Any], Select[Any]]
"""How a stream begins, and how it goes on after a place."""

_OF_AGENCY = _audit.c.agency == bindparam("agency")
_AT: BindParameter[Any] = bindparam("at")
_SEQ: BindParameter[Any] = bindparam("seq")
_WHOLE = tuple(
    select(_audit.c.at, _audit.c.seq).where(_OF_AGENCY, *further).order_by(_audit.c.seq.desc()).limit(bindparam("rows"))
    for further in ([], [_audit.c.seq < _SEQ])
)


class _Times(NamedTuple):
    """Whether entries from a time on are wanted, and whether those before one."""

    since: bool
    until: bool


def _in_time(times: _Times, *wanted: ColumnElement[bool]) -> _Statements:
    """A stream begins at `until`, and goes on after a place, which lies before it. Never both: of two upper bounds
    SQLite begins at one, and walks from there to the other."""
    found = select(_audit.c.at, _audit.c.seq).where(_OF_AGENCY, *wanted)
    found = found.where(_audit.c.at >= bindparam("since")) if times.since else found
    found = found.order_by(_audit.c.at.desc(), _audit.c.seq.desc()).limit(bindparam("rows"))
    begins = found.where(_audit.c.at < bindparam("until")) if times.until else found
    return begins, found.where(_audit.c.at <= _AT, or_(_audit.c.at < _AT, _audit.c.seq < _SEQ))


def _of_event(kind: str | None, times: _Times) -> _Statements:
    of_kind = _audit.c.kind.is_(None) if kind is None else _audit.c.kind == bindparam("kind")
    return _in_time(times, _audit.c.event == bindparam("event"), of_kind)


def _of_record(event: str | None, kind: str | None, times: _Times) -> _Statements:
    """The entries of a record are few: those that are not wanted are passed over. Uses ix_audit_key."""
    of_event = [_audit.c.event.concat("") == bindparam("event")] if event else []  # not by its index: it has more rows
    kinds = _audit.c.kind == bindparam("kind") if kind else _audit.c.kind.in_([str(one) for one in KINDS])
    return _in_time(times, kinds, _audit.c.local_id == bindparam("local_id"), *of_event)


def _stream(
    connection: Connection, statements: Sequence[Select[Any]], given: dict[str, Any], begin: _Place | None
) -> Iterator[_Place]:
    rows = FIRST_ROWS
    while True:
        place = {} if begin is None else {"at": begin[0], "seq": begin[1]}
        found = connection.execute(statements[begin is not None], given | place | {"rows": rows}).all()
        for at, seq in found:
            begin = at, seq
            yield begin
        if len(found) < rows:
            return
        rows = min(rows * 4, MOST_ROWS)


# --- which events there are ------------------------------------------------------------------------------------------

_NAMES = select(func.min(_audit.c.event).label("event")).where(_OF_AGENCY).cte("names", recursive=True)
_NAMES = _NAMES.union_all(
    select(select(func.min(_audit.c.event)).where(_OF_AGENCY, _audit.c.event > _NAMES.c.event).scalar_subquery()).where(
        _NAMES.c.event.is_not(None)
    )
)
_KINDS = union_all(
    *(select(literal_column(f"'{kind}'").label("kind")) for kind in KINDS), select(literal_column("NULL"))
).subquery()
_EVENTS = (
    select(_NAMES.c.event, _KINDS.c.kind)
    .select_from(_NAMES.join(_KINDS, true()))
    .where(
        exists().where(_OF_AGENCY, _audit.c.event == _NAMES.c.event, _audit.c.kind.is_not_distinct_from(_KINDS.c.kind))
    )
)


def _events(connection: Connection, agency: str) -> list[tuple[str, str | None]]:
    """Return which events there are of which kinds, by a few steps in the index for each."""
    return [(event, kind) for event, kind in connection.execute(_EVENTS, {"agency": agency})]


def _entries(connection: Connection, agency: str, seqs: Sequence[int]) -> Iterator[Entry]:
    # As bytes: a text that is no UTF-8 must not be a failure to read.
    texts = [cast(column, LargeBinary) for column in (_audit.c.prev, _audit.c.hash, _audit.c.content)]
    for chunk in chunks(seqs, MOST_ROWS):
        rows = connection.execute(
            select(_audit.c.seq, *texts).where(_audit.c.agency == agency, _audit.c.seq.in_(chunk))
        )
        found = {seq: [text.decode(errors="replace") for text in rest] for seq, *rest in rows}
        yield from (Entry(agency, seq, *found[seq]) for seq in chunk)
