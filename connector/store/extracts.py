"""Entries of the log as people ask for them, with what the ledger knows of their records. Reads only.

What an entry says is taken from its content, which the hash covers, and not from the columns beside it. Read some
hundreds at a time, whatever their number. With `personal`, what is of class C2 comes along, but for records that are
treated as denunciations, or hang on one, or on nothing that the ledger knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, select

from connector.core import chain, statuses
from connector.core.model import Cause, Entry, Kind, RecordKey, State
from connector.errors import TamperError
from connector.store import audit, records, stories
from connector.store.keys import of_key
from connector.store.reasons import Commit
from connector.store.stories import Moment
from connector.store.tables import Delivery, Record, table_of
from connector.store.views import RETURNED, RETURNING

_delivery = table_of(Delivery)
_record = table_of(Record)

OUTCOMES = (*(str(state) for state in State), RETURNED)
"""What an entry may say of its record: where it went to, or that the national side sent it back."""

_AT_ONCE = 300
_REMEMBERED = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; what is None or "" asks for all. `since` and `until`: from this instant on, and
    before that one. `by`: who gave the order, as the log names him."""

    key: RecordKey | None = None
    kind: Kind | None = None
    since: datetime | None = None
    until: datetime | None = None
    by: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Personal:
    """What the ledger still has of a record. `hidden`: it is treated as a denunciation, and nothing else is told.

    body: of the newest version that has one. refusals: what the national side said of this version."""

    hidden: bool
    body: bytes | None = None
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One entry. `outcome`: a state, or a national status, "" if it tells of neither."""

    seq: int
    hash: str
    key: RecordKey | None
    authenticated: bool
    moment: Moment
    outcome: str
    national_id: str
    personal: Personal | None = None


def entries(connection: Connection, agency: str, wanted: Wanted, personal: Commit | None = None) -> Iterator[Found]:
    """Yield the entries that are wanted, oldest first; with `personal` (`Store.commitment`), with the words of reasons
    and what is known of the records. Raises TamperError at an entry that is not what its hash was made of."""
    kind = wanted.key.kind if wanted.key else wanted.kind
    read = audit.entries(connection, agency, kind=kind, local_id=wanted.key.local_id if wanted.key else None)
    taken_apart = ((entry, _fields(entry)) for entry in read)
    chosen = ((entry, fields) for entry, fields in taken_apart if _is_wanted(fields, wanted))
    ledger = _Ledger(connection, agency)
    while batch := list(islice(chosen, _AT_ONCE)):
        yield from _found(connection, agency, batch, personal, ledger)


def _fields(entry: Entry) -> list[Any]:
    """The log may have been tampered with anywhere: what is told of this entry is what its hash was made of."""
    if chain.digest(entry.content.encode()) != entry.hash:
        raise TamperError("E-AUDIT-HASH", agency=entry.agency, seq=entry.seq)
    fields = chain.fields_of(entry.content.encode())
    if fields is None:
        raise TamperError("E-AUDIT-FORM", agency=entry.agency, seq=entry.seq)
    return fields


def _is_wanted(fields: Sequence[Any], wanted: Wanted) -> bool:
    if wanted.outcome and not _came_out_as(fields[12], wanted.outcome):
        return False
    if wanted.by and wanted.by not in (fields[6], fields[12].get("asked_by")):
        return False
    at = datetime.fromisoformat(fields[4])
    return not (wanted.since and at < wanted.since) and not (wanted.until and at >= wanted.until)


def _came_out_as(facts: Mapping[str, Any], outcome: str) -> bool:
    if outcome == RETURNED:
        status = facts.get("status")
        return status is not None and (status in RETURNING or status not in statuses.KNOWN)
    return bool(facts.get("state") == outcome)


def _found(
    connection: Connection, agency: str, batch: Sequence[tuple[Entry, Any]], personal: Commit | None, ledger: _Ledger
) -> Iterator[Found]:
    moments = stories.told(connection, agency, {entry.seq: fields for entry, fields in batch}, personal)
    keys = [_key_of(agency, fields) for _, fields in batch]
    ids = _national_ids(connection, agency, [key for key in keys if key])
    for (entry, fields), moment, key in zip(batch, moments, keys, strict=True):
        about = key or _named_in(agency, moment.facts)
        yield Found(
            seq=entry.seq,
            hash=entry.hash,
            key=key,
            authenticated=bool(fields[7]),
            moment=moment,
            outcome=str(moment.facts.get("state") or moment.facts.get("status") or ""),
            national_id=ids.get(key, "") if key else "",
            personal=ledger.personal(about, moment) if personal and about else None,
        )


def _key_of(agency: str, fields: Sequence[Any]) -> RecordKey | None:
    return RecordKey(agency, Kind(fields[9]), fields[10]) if fields[9] and fields[10] else None


def _named_in(agency: str, facts: Mapping[str, Any]) -> RecordKey | None:
    """The record that an order was about which is no event of that record, such as a pause."""
    kind, local_id = facts.get("kind"), facts.get("local_id")
    return RecordKey(agency, Kind(kind), str(local_id)) if kind in tuple(Kind) and local_id else None


def _national_ids(connection: Connection, agency: str, keys: Iterable[RecordKey]) -> dict[RecordKey, str]:
    by_kind: dict[Kind, set[str]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, set()).add(key.local_id)
    found = {}
    for kind, local_ids in by_kind.items():
        of_kind = (_record.c.agency == agency, _record.c.kind == kind, _record.c.local_id.in_(local_ids))
        for row in connection.execute(select(_record.c.local_id, _record.c.national_id).where(*of_kind)):
            found[RecordKey(agency, kind, row.local_id)] = row.national_id or ""
    return found


# --- class C2 ------------------------------------------------------------------------------------------------------


class _Ledger:
    """What the ledger has of class C2 of each record: whether it, or anything above it, is concealed, a secret, or not
    known, and its newest document. Remembered, so far: entries of one record mostly lie near each other."""

    def __init__(self, connection: Connection, agency: str) -> None:
        self._connection = connection
        self._agency = agency
        self._known: dict[RecordKey, Personal] = {}

    def personal(self, key: RecordKey, moment: Moment) -> Personal:
        """Return what is known of a record, and of the refusal that an entry tells of, if it tells of one."""
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            hidden = self._is_hidden(key)
            self._known[key] = Personal(hidden, None if hidden else self._newest_body(key))
        known = self._known[key]
        if known.hidden or moment.facts.get("state") != State.REJECTED:
            return known
        return replace(known, refusals=tuple(self._refusals(key, moment.version)))

    def _newest_body(self, key: RecordKey) -> bytes | None:
        bodies = select(_delivery.c.body).where(*of_key(_delivery, key), _delivery.c.body.is_not(None))
        found: bytes | None = self._connection.execute(bodies.order_by(_delivery.c.version.desc()).limit(1)).scalar()
        return found

    def _refusals(self, key: RecordKey, version: int) -> Iterator[str]:
        said = select(_delivery.c.problems).where(*of_key(_delivery, key), _delivery.c.version == version)
        for problems in self._connection.execute(said).scalars():
            yield from (str(problem["text"]) for problem in problems or () if problem.get("text"))

    def _is_hidden(self, key: RecordKey) -> bool:
        seen: set[RecordKey] = set()
        above: RecordKey | None = key
        while above is not None and above not in seen:
            seen.add(above)
            known = records.known(self._connection, self._agency, above.kind, [above.local_id]).get(above.local_id)
            if known is None or known.concealed or known.cause == Cause.BECAME_SECRET:
                return True
            above = known.parent
        return False
