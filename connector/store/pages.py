"""Lists in pages: of any length, newest first, at the price of one page.

A list is what several streams give, merged: one for each kind and state that can be meant, each in the order of
ix_delivery_listed. Where one page ends, the next begins: a position is the place of its last line in that order, so
what is recorded meanwhile moves no line from one page to another.
"""

from __future__ import annotations

import base64
import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, takewhile
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    and_,
    bindparam,
    exists,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
)

from connector.core import lifecycle
from connector.core.model import KINDS, Kind, RecordKey, State
from connector.store import standing
from connector.store.counting import IS_LISTED, given_in_clear, is_newest
from connector.store.keys import chunks, newest_of_record
from connector.store.standing import EXPOSED, GONE, LINE_COLUMNS, RETURNED, Line, current, line_of, same_key
from connector.store.tables import UNUSUAL, Delivery, MirrorStatus, Record, Tombstone, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_status = table_of(MirrorStatus)
_stone = table_of(Tombstone)

FIRST_ROWS, MOST_ROWS = 8, 512
"""So many rows a stream reads at first, and at most, at a time: of most streams hardly any is wanted."""

_LISTED_STATES = tuple(state for state in State if state is not State.SUPERSEDED)
"""States in which a newest version can be."""

_CAUSED_STATES = tuple(state for state in _LISTED_STATES if state is not State.DELIVERED)
"""States for which there may be a cause: of what was received, nobody asks why."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some lines of a list, and where the next ones begin: "" where there are no more."""

    lines: tuple[Line, ...]
    next: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a record stands in the order of a list: by `at`, then by `tie`, which no two have in common."""

    at: datetime
    tie: tuple[Any, ...]
    kind: str
    local_id: str

    @property
    def order(self) -> tuple[datetime, tuple[Any, ...]]:
        return self.at, self.tie

    def token(self) -> str:
        said = orjson.dumps([self.at, self.tie])
        return base64.urlsafe_b64encode(said).decode().rstrip("=")


def _read(token: str) -> tuple[datetime, tuple[Any, ...]]:
    try:
        said, tie = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        at = datetime.fromisoformat(said)
        kinds = [type(one) for one in tie]
    except (ValueError, TypeError):
        kinds = []
    if kinds not in ([int], [str, str]) or at.tzinfo is None:
        raise ValueError("no position of a list")
    return at, tuple(tie)


def page(
    connection: Connection,
    agency: str,
    *,
    state: str | None = None,
    kind: Kind | None = None,
    cause: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str = "",
    limit: int = 50,
) -> Page:
    """Return one page of records, newest first: of those in a state (also RETURNED, EXPOSED, GONE), of a kind, for a
    cause, that came into their state from `since` on and before `until`; all where nothing is said. after: `next` of
    the page before. Raises ValueError for what is no such thing.

    A record whose older version is on its way or unknown stands in the list of that state too, with that one's cause.
    By when it came into its state; what was returned, by when the nation said so; what is gone, by when that was
    found. EXPOSED is sorted as a whole, at the price of all that stands in it."""
    begin = _earlier(_read(after) if after else None, until, state)
    found = _places(connection, agency, state, kind, cause, begin)
    places = list(islice(_from(since, found), limit + 1))
    lines = _lines(connection, agency, state, places[:limit])
    return Page(tuple(lines), places[limit - 1].token() if len(places) > limit else "")


_Begin = tuple[datetime, tuple[Any, ...]] | None
"""After which place a list begins; None: at its beginning."""


def _earlier(begin: _Begin, until: datetime | None, state: str | None) -> _Begin:
    """Return the later beginning of two: what comes after `until` in this order is what was before it in time."""
    if until is None:
        return begin
    if begin is not None and begin[0] < until:
        return begin
    return until, ("", "") if state == RETURNED else (-1,)  # behind every tie of that instant


def _from(since: datetime | None, places: Iterator[_Place]) -> Iterator[_Place]:
    return places if since is None else takewhile(lambda place: place.at >= since, places)


def lines(
    connection: Connection,
    agency: str,
    *,
    state: str | None = None,
    kind: Kind | None = None,
    cause: str | None = None,
    limit: int = 1_000,
) -> list[Line]:
    """Return the same as `page`, as one list."""
    places = list(islice(_places(connection, agency, state, kind, cause, None), limit))
    return [line for chunk in chunks(places, MOST_ROWS) for line in _lines(connection, agency, state, chunk)]


def _places(
    connection: Connection,
    agency: str,
    state: str | None,
    kind: Kind | None,
    cause: str | None,
    after: _Begin,
) -> Iterator[_Place]:
    given = {"agency": agency} | ({"cause": cause} if cause else {})
    kinds = KINDS if kind is None else (kind,)
    if state == RETURNED:
        return _stream(connection, _returned(kind, cause), given | {"kind": kind}, after)
    if state == GONE:
        return _stream(connection, _gone(kind, cause), given | {"kind": kind}, after)
    if state == EXPOSED:
        return _exposed(connection, given | {"kinds": list(kinds)}, cause, after)
    possible = _CAUSED_STATES if cause else _LISTED_STATES
    states = possible if state is None else [one for one in possible if one is State(state)]
    streams = [
        _stream(
            connection, _STREAMS[state in lifecycle.ACTIVE, bool(cause)], given | {"kind": one, "state": each}, after
        )
        for one in kinds
        for each in states
    ]
    return heapq.merge(*streams, key=lambda place: place.order, reverse=True)


# --- streams ---------------------------------------------------------------------------------------------------------

_Statements = tuple[Select[Any], Select[Any]]
"""How a stream begins, and how it goes on after a place."""

_AT: BindParameter[Any] = bindparam("at")
_TIE: BindParameter[Any] = bindparam("tie")
_SECOND_TIE: BindParameter[Any] = bindparam("tie_1")


def _of_state(*, older_too: bool, caused: bool) -> _Statements:
    """Versions of one kind and state. Of those that the nation may be acting on, an older one counts as well."""
    found = select(_delivery.c.state_at, _delivery.c.id, _delivery.c.kind, _delivery.c.local_id).where(
        _delivery.c.agency == bindparam("agency"),
        _delivery.c.kind == bindparam("kind"),
        _delivery.c.state == bindparam("state"),
        IS_LISTED,
        *([] if older_too else [is_newest()]),
        *([_delivery.c.cause == bindparam("cause")] if caused else []),
    )
    found = found.order_by(_delivery.c.state_at.desc(), _delivery.c.id.desc()).limit(bindparam("rows"))
    later = or_(_delivery.c.state_at < _AT, _delivery.c.id < _TIE)
    return found, found.where(_delivery.c.state_at <= _AT, later)


_STREAMS = {
    (older_too, caused): _of_state(older_too=older_too, caused=caused)
    for older_too in (False, True)
    for caused in (False, True)
}


def _returned(kind: Kind | None, status: str | None) -> _Statements:
    """What the nation sent back. Uses ix_mirror_status_unusual."""
    key = (_status.c.kind, _status.c.local_id)
    received = exists().where(*same_key(_record, _status), standing.is_returned())
    found = select(_status.c.applied_at, *key, *key).where(
        _status.c.agency == bindparam("agency"),
        text(f"mirror_status.{UNUSUAL}"),
        _status.c.applied_at > literal_column("''"),
        received,
        *([_status.c.kind == bindparam("kind")] if kind else []),
        *([_status.c.status == bindparam("cause")] if status else []),
    )
    found = found.order_by(_status.c.applied_at.desc(), *(column.desc() for column in key)).limit(bindparam("rows"))
    same_kind = and_(_status.c.kind == _TIE, _status.c.local_id < _SECOND_TIE)
    later = or_(_status.c.applied_at < _AT, _status.c.kind < _TIE, same_kind)
    return found, found.where(_status.c.applied_at <= _AT, later)


def _gone(kind: Kind | None, cause: str | None) -> _Statements:
    """What its source has no more. Uses ix_tombstone_listed."""
    newest = select(_delivery.c.id).join(_record, newest_of_record()).where(*same_key(_record, _stone))
    found = select(_stone.c.gone_at, _stone.c.id, _stone.c.kind, _stone.c.local_id).where(
        _stone.c.agency == bindparam("agency"),
        _stone.c.closed_at.is_(None),
        *([_stone.c.kind == bindparam("kind")] if kind else []),
        *([exists(newest.where(_delivery.c.cause == bindparam("cause")))] if cause else []),
    )
    found = found.order_by(_stone.c.gone_at.desc(), _stone.c.id.desc()).limit(bindparam("rows"))
    later = or_(_stone.c.gone_at < _AT, _stone.c.id < _TIE)
    return found, found.where(_stone.c.gone_at <= _AT, later)


def _stream(
    connection: Connection,
    statements: _Statements,
    given: dict[str, Any],
    after: _Begin,
) -> Iterator[_Place]:
    rows = FIRST_ROWS
    while True:
        place = {} if after is None else {"at": after[0], "tie": after[1][0], "tie_1": after[1][-1]}
        found = connection.execute(statements[after is not None], given | place | {"rows": rows}).all()
        for row in map(tuple, found):
            after = row[0], tuple(row[1:-2])
            yield _Place(*after, row[-2], row[-1])
        if len(found) < rows:
            return
        rows = min(rows * 4, MOST_ROWS)


# --- a list that is sorted as a whole --------------------------------------------------------------------------------


def _exposed(connection: Connection, given: dict[str, Any], cause: str | None, after: _Begin) -> Iterator[_Place]:
    found = select(_delivery.c.state_at, _delivery.c.id, _delivery.c.kind, _delivery.c.local_id)
    found = found.where(_delivery.c.id.in_(given_in_clear()))
    found = found.where(_delivery.c.kind.in_(bindparam("kinds", expanding=True)))
    found = found.where(_delivery.c.cause == bindparam("cause")) if cause else found
    rows = connection.execute(found.order_by(_delivery.c.state_at.desc(), _delivery.c.id.desc()), given)
    places = (_Place(at, (id_,), kind, local_id) for at, id_, kind, local_id in rows)
    return (place for place in places if after is None or place.order < after)


# --- lines -----------------------------------------------------------------------------------------------------------


def of_keys(connection: Connection, agency: str, keys: Sequence[RecordKey]) -> list[Line]:
    """Return the lines of these records of an agency, in their order; what the ledger does not know is left out."""
    wanted = [(str(key.kind), key.local_id) for key in keys]
    return [line for chunk in chunks(wanted, MOST_ROWS) for line in _at(connection, agency, None, chunk)]


def _lines(connection: Connection, agency: str, state: str | None, places: Sequence[_Place]) -> list[Line]:
    """Return the lines of the records at these places, in their order."""
    return _at(connection, agency, state, [(place.kind, place.local_id) for place in places])


def _at(connection: Connection, agency: str, state: str | None, keys: Sequence[tuple[str, str]]) -> list[Line]:
    stands = standing.standing() if state in (None, EXPOSED, GONE) else literal(state)
    rows = connection.execute(
        current(*LINE_COLUMNS, stands.label("stands")).where(
            _record.c.agency == agency, tuple_(_record.c.kind, _record.c.local_id).in_(keys)
        )
    )
    found = {(row.kind, row.local_id): line_of(row) for row in rows}
    return [found[key] for key in keys if key in found]
