"""What is known of each record, and the recording of what a source shows anew.

Every function here that changes a row writes its audit entry in the same transaction. Bodies are frozen when they are
recorded and are sent unchanged; what happens to them afterwards is the business of `outbox.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Update, and_, bindparam, case, insert, select, update

from connector.core import lifecycle
from connector.core.model import (
    Actor,
    Cause,
    Change,
    Document,
    Event,
    Kind,
    Operation,
    Problem,
    RecordKey,
    SourceFile,
    State,
)
from connector.core.seeking import Word
from connector.store import ancestry, asked, attachments, finding, retired
from connector.store.db import Tx
from connector.store.keys import changing, chunks, given, newest_of_record, of_key
from connector.store.tables import Delivery as DeliveryRow
from connector.store.tables import Record, table_of

_delivery = table_of(DeliveryRow)
_record = table_of(Record)

_REPLACEABLE = tuple(str(state) for state in lifecycle.REPLACEABLE)
_SET_ASIDE = frozenset(ancestry.SET_ASIDE)
_THERE = (State.DELIVERED, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds of a key: the fingerprint pair, and its newest version.

    `taken_over`: the nation's version was taken for the newest, and we have no text of it (`adoption.py`). Not so where
    we had one and it was retired: that stays away until somebody asks for the record (`rebuild`)."""

    row_fingerprint: str | None
    mapping_digest: str | None
    version: int
    digest: str | None
    state: State
    cause: Cause | None
    parent: RecordKey | None
    concealed: bool
    identity: str | None = None
    taken_over: bool = False

    def unchanged(self, row_fingerprint: str, mapping_digest: str) -> bool:
        """Return whether neither the row nor the mapping has changed since it was last mapped."""
        return self.row_fingerprint == row_fingerprint and self.mapping_digest == mapping_digest


@dataclass(frozen=True, slots=True)
class Reading:
    """One row that was read and mapped anew: a document, or the problems that prevent one.

    `range_value` is the value of the column that pages walk over, by which the row is found again.
    `parents` are the keys that the row names, also where no document could be made of it. `concealed`: whether the row
    must be concealed, also where no document could be made of it; None: it cannot be told. `files`: what became of the
    files that it names."""

    key: RecordKey
    fingerprint: str
    range_value: str
    document: Document | None
    problems: tuple[Problem, ...]
    parents: tuple[RecordKey, ...] = ()
    identity: str = ""
    concealed: bool | None = None
    files: tuple[SourceFile, ...] = ()

    def conceals(self, before: Known | None) -> bool:
        """Return whether this version counts as concealed. A row that says nothing of it counts as its version before
        did; one of which nothing is known may be a denunciation."""
        if self.document is not None:
            return self.document.concealed
        if self.concealed is not None:
            return self.concealed
        return before.concealed if before is not None else True


@dataclass(frozen=True, slots=True)
class SweepRef:
    """The sweep that is reading just now (None: no sweep, single records), and the last one of this kind that was
    finished (0: none). `counted`: new keys that the last finished one has counted, so that the books know them."""

    id: int | None
    last_finished: int = 0
    counted: frozenset[str] = frozenset()


# --- reading ------------------------------------------------------------------------------------------------------


_AMONG = (
    _record.c.agency == bindparam("agency"),
    _record.c.kind == bindparam("kind"),
    _record.c.local_id.in_(bindparam("local_ids", expanding=True)),
)
_SEEN_IN = select(_record.c.local_id).where(*_AMONG, _record.c.seen_sweep == bindparam("sweep"))
_KNOWN = (
    select(
        _record.c.local_id,
        _record.c.row_fingerprint,
        _record.c.mapping_digest,
        _record.c.version,
        _record.c.digest,
        _delivery.c.state,
        _delivery.c.cause,
        _record.c.parent_kind,
        _record.c.parent_local_id,
        _delivery.c.concealed,
        _record.c.identity,
        and_(_delivery.c.body_bytes == 0, _delivery.c.state.in_(_THERE)).label("taken_over"),
    )
    .join(_delivery, newest_of_record())
    .where(*_AMONG)
)


def known(connection: Connection, agency: str, kind: Kind, local_ids: Sequence[str]) -> dict[str, Known]:
    """Return what the ledger holds of these keys; keys it has never seen are left out."""
    found: dict[str, Known] = {}
    for chunk in chunks(local_ids, 500):
        for row in connection.execute(_KNOWN, {"agency": agency, "kind": kind, "local_ids": list(chunk)}):
            found[row.local_id] = Known(
                row.row_fingerprint,
                row.mapping_digest,
                row.version,
                row.digest,
                State(row.state),
                Cause(row.cause) if row.cause else None,
                RecordKey(agency, Kind(row.parent_kind), row.parent_local_id) if row.parent_kind else None,
                bool(row.concealed),
                row.identity,
                bool(row.taken_over),
            )
    return found


def set_aside_among(connection: Connection, agency: str, keys: Iterable[RecordKey]) -> dict[RecordKey, Cause]:
    """Return those of the keys that are set aside just now, with the cause."""
    by_kind: dict[Kind, list[str]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, []).append(key.local_id)
    return {
        RecordKey(agency, kind, local_id): before.cause
        for kind, local_ids in by_kind.items()
        for local_id, before in known(connection, agency, kind, local_ids).items()
        if before.cause in _SET_ASIDE
    }


def concealed_among(connection: Connection, agency: str, keys: Iterable[RecordKey]) -> set[RecordKey]:
    """Return those of the keys that are concealed, or of which nobody can know: what hangs on them is concealed too.

    A version without a document says so as well (`Reading.conceals`); a key that the ledger has never seen may be a
    denunciation."""
    by_kind: dict[Kind, list[str]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, []).append(key.local_id)
    found = {kind: known(connection, agency, kind, local_ids) for kind, local_ids in by_kind.items()}
    return {
        RecordKey(agency, kind, local_id)
        for kind, local_ids in by_kind.items()
        for local_id in local_ids
        if local_id not in found[kind] or found[kind][local_id].concealed
    }


def has_source(connection: Connection, agency: str, source: str) -> bool:
    """Return whether any key of the agency was made by the source of this name. By primary key."""
    of_source = (_record.c.local_id >= f"{source}:", _record.c.local_id < f"{source};")
    return any(
        connection.execute(
            select(_record.c.local_id).where(_record.c.agency == agency, _record.c.kind == kind, *of_source).limit(1)
        ).first()
        for kind in Kind
    )


def seen_in(connection: Connection, agency: str, kind: Kind, local_ids: Sequence[str], sweep: SweepRef) -> set[str]:
    """Return those of the local ids that this sweep has recorded or touched already."""
    found: set[str] = set()
    for chunk in chunks(local_ids, 500):
        given = {"agency": agency, "kind": kind, "local_ids": list(chunk), "sweep": sweep.id}
        found.update(connection.execute(_SEEN_IN, given).scalars())
    return found


def quarantined_for(connection: Connection, agency: str, kind: Kind, local_ids: Sequence[str], rule: str) -> set[str]:
    """Return those of the local ids whose newest version is a row that could not be read whole, for this rule."""
    found: set[str] = set()
    for chunk in chunks(local_ids, 500):
        rows = connection.execute(
            select(_record.c.local_id, _delivery.c.problems)
            .join(_delivery, newest_of_record())
            .where(
                _record.c.agency == agency,
                _record.c.kind == kind,
                _record.c.local_id.in_(chunk),
                _record.c.row_fingerprint == "",
                _delivery.c.state == State.QUARANTINED,
            )
        )
        found.update(row.local_id for row in rows if any(each.get("rule") == rule for each in row.problems or ()))
    return found


# --- recording what was read ---------------------------------------------------------------------------------------


def record(
    tx: Tx,
    readings: Sequence[Reading],
    ledger: Mapping[str, Known],
    *,
    mapping_digest: str,
    sweep: SweepRef | None,
    actor: Actor,
    carried: frozenset[Kind],
    change: Change | None = None,
) -> dict[str, int]:
    """Record what was read anew and return counts: created, updated, same, quarantined.

    A document equal to the newest version only renews the fingerprint pair, and gives its text to a version that was
    taken over from the nation without one; a different one is a new version, and older versions that nobody is sending
    are superseded by it. Once committed, a crash loses nothing: rows, audit and position went together."""
    counts = {"created": 0, "updated": 0, "same": 0, "quarantined": 0}
    made = _Made()
    for reading in readings:
        before = ledger.get(reading.key.local_id)
        what = _record_one(tx, reading, before, mapping_digest, sweep, actor, carried, change or Change(), made)
        counts[what] += 1
    made.write(tx)
    return counts


_NEW_RECORD, _NEW_VERSION = insert(_record), insert(_delivery)
_NUMBERED = _NEW_VERSION.returning(_delivery.c.kind, _delivery.c.local_id, _delivery.c.id)


@dataclass(slots=True)
class _Made:
    """What one reading has made, written at once: new records, new versions of records, and words to find them by."""

    records: list[dict[str, Any]] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)
    sought: dict[tuple[str, str], tuple[str, Sequence[Word]]] = field(default_factory=dict)
    words: finding.Words = field(default_factory=finding.Words)

    def version(self, values: dict[str, Any], document: Document | None) -> None:
        """Take a new version, and under which words it is found: they are kept by its number, once it has one."""
        self.versions.append(values)
        if document and document.sought:
            self.sought[values["kind"], values["local_id"]] = (values["agency"], document.sought)

    def write(self, tx: Tx) -> None:
        """Write all of it."""
        if self.records:
            tx.connection.execute(_NEW_RECORD, self.records)
        for chunk in chunks(self.versions, 500):
            for kind, local_id, number in tx.connection.execute(_NUMBERED, list(chunk)):
                if found := self.sought.get((kind, local_id)):
                    self.words.add(found[0], number, found[1])
        finding.keep(tx, self.words)


def _record_one(
    tx: Tx,
    reading: Reading,
    before: Known | None,
    mapping_digest: str,
    sweep: SweepRef | None,
    actor: Actor,
    carried: frozenset[Kind],
    change: Change,
    made: _Made,
) -> str:
    document = reading.document
    version = before.version + 1 if before else 1
    same = bool(before and document and before.digest == document.digest and before.cause not in _SET_ASIDE)
    still_bad = bool(before and not document and before.state is State.QUARANTINED and before.digest is None)
    if before and (same or still_bad):
        version = before.version
    _write_record(tx, reading, before, version, mapping_digest, sweep, made)
    if before or reading.files:
        attachments.note(tx, reading.key, version, reading.files)
    if same:
        if before and before.taken_over and document:
            made.words.add(reading.key.agency, _fill_in(tx, reading.key, document, version, actor), document.sought)
        return "same"
    if before and still_bad:
        _renew_problems(tx, reading, before, actor)
        return "quarantined"
    if before:  # of a new key there is nothing older to look for
        supersede_older(tx, reading.key, version, actor)
    if before and document and document.concealed and not before.concealed:
        change = Change("reclassified", change.reason)
    state, cause = _first_state(reading, carried)
    made.version(delivery_values(tx, reading, before, version, state, cause, change), document)
    tx.audit(_recorded(tx, reading, version, state, cause, actor, change))
    if state is State.QUARANTINED:
        return "quarantined"
    return "updated" if before else "created"


def _first_state(reading: Reading, carried: frozenset[Kind]) -> tuple[State, Cause | None]:
    if reading.document is None:
        return State.QUARANTINED, Cause.MAPPING
    if reading.key.kind not in carried:
        return State.NOT_SENT, Cause.NOT_CARRIED
    return State.PENDING, None


_OF_NEW: dict[str, Any] = dict.fromkeys(("identity", "seen_sweep", "seen_before", "parent_kind", "parent_local_id"))


@lru_cache(maxsize=32)
def _seeing(names: tuple[str, ...]) -> Update:
    return changing(_record, names).values(seen_before=_seen_before(bindparam("last_finished")))


def _write_record(
    tx: Tx,
    reading: Reading,
    before: Known | None,
    version: int,
    mapping_digest: str,
    sweep: SweepRef | None,
    made: _Made,
) -> None:
    parent = reading.document.parent if reading.document else None
    values: dict[str, Any] = {
        "version": version,
        "row_fingerprint": reading.fingerprint,
        "mapping_digest": mapping_digest,
        "range_value": reading.range_value,
        "digest": reading.document.digest if reading.document else None,
        "missed_sweep": None,
    }
    if reading.identity:
        values["identity"] = reading.identity
    if parent or reading.document:
        values |= {
            "parent_kind": parent.kind if parent else None,
            "parent_local_id": parent.local_id if parent else None,
        }
    if before is None:
        seen = _first_seen(sweep, reading.key.local_id) if sweep is not None else {}
        key = {"agency": reading.key.agency, "kind": reading.key.kind, "local_id": reading.key.local_id}
        made.records.append({**_OF_NEW, **values, **seen, **key, "first_seen_at": tx.now})
    elif sweep is None or sweep.id is None:
        tx.connection.execute(changing(_record, tuple(values)), given(reading.key, values))
    else:
        values["seen_sweep"] = sweep.id
        row = given(reading.key, values) | {"last_finished": sweep.last_finished}
        tx.connection.execute(_seeing(tuple(values)), row)


def delivery_values(
    tx: Tx, reading: Reading, before: Known | None, version: int, state: State, cause: Cause | None, change: Change
) -> dict[str, Any]:
    """Return the columns of a new version of a key, as it is before anything has been done about it."""
    document = reading.document
    parent = document.parent if document else None
    return {
        "agency": reading.key.agency,
        "kind": reading.key.kind,
        "local_id": reading.key.local_id,
        "version": version,
        "operation": Operation.PUT,
        "state": state,
        "cause": cause,
        "state_at": tx.now,
        "created_at": tx.now,
        "digest": document.digest if document else None,
        "body": document.body if document else None,
        "body_bytes": len(document.body) if document else 0,
        "concealed": reading.conceals(before),
        "parent_kind": parent.kind if parent else None,
        "parent_local_id": parent.local_id if parent else None,
        "change_cause": change.cause,
        "change_reason": change.reason,
        "attempt": 0,
        "crashes": 0,
        "finds": 0,
        "next_attempt_at": tx.now if state is State.PENDING else None,
        "problems": [asdict(problem) for problem in reading.problems] or None,
    }


def _recorded(
    tx: Tx, reading: Reading, version: int, state: State, cause: Cause | None, actor: Actor, change: Change
) -> Event:
    facts: dict[str, Any] = {"state": state, "change": change.cause}
    if reading.document:
        facts["commitment"] = tx.commitment(reading.key.agency, reading.document.body)
    if cause:
        facts["cause"] = cause
    if reading.problems:
        facts["rules"] = sorted({problem.rule for problem in reading.problems})
    return Event("record.recorded", reading.key.agency, actor, tx.now, reading.key, version, facts)


def rebuild(tx: Tx, reading: Reading, version: int, actor: Actor) -> None:
    """Put the text of a received version back that was retired (`retiring.py`), as the row that was read again still
    says it; nothing where none was, or the row says something else. Then it may be sent again, and is retired anew."""
    document = reading.document
    if document is None or not retired.is_retired(tx.connection, reading.key, version, document.digest):
        return
    words = finding.Words()
    words.add(reading.key.agency, _fill_in(tx, reading.key, document, version, actor, retired.REBUILT), document.sought)
    finding.keep(tx, words)


def _fill_in(
    tx: Tx, key: RecordKey, document: Document, version: int, actor: Actor, event: str = "record.matched"
) -> int:
    """A version that was taken over from the nation is what the row says: from now on it has its text, its parent, and
    the row's word on whether it is concealed, as if it had been recorded here. Returns its row's number."""
    parent = document.parent
    filled = tx.connection.execute(
        update(_delivery)
        .where(*of_key(_delivery, key), _delivery.c.version == version, _delivery.c.state.in_(_THERE))
        .values(
            body=document.body,
            body_bytes=len(document.body),
            concealed=document.concealed,
            parent_kind=parent.kind if parent else None,
            parent_local_id=parent.local_id if parent else None,
        )
        .returning(_delivery.c.id)
    ).scalar_one()
    facts = {"commitment": tx.commitment(key.agency, document.body)}
    tx.audit(Event(event, key.agency, actor, tx.now, key, version, facts))
    return int(filled)


def _renew_problems(tx: Tx, reading: Reading, before: Known, actor: Actor) -> None:
    """The row is still bad: the same quarantine, with today's reasons if they are others."""
    where = (*of_key(_delivery, reading.key), _delivery.c.version == before.version)
    problems, concealed = [asdict(problem) for problem in reading.problems], reading.conceals(before)
    stored = tx.connection.execute(select(_delivery.c.problems, _delivery.c.concealed).where(*where)).one()
    if stored.problems == problems and stored.concealed == concealed:
        return
    tx.connection.execute(update(_delivery).where(*where).values(problems=problems, concealed=concealed))
    tx.audit(_recorded(tx, reading, before.version, State.QUARANTINED, Cause.MAPPING, actor, Change()))


def supersede_older(tx: Tx, key: RecordKey, version: int, actor: Actor) -> None:
    """Let a new version take the place of the older ones that nobody is sending."""
    older = and_(*of_key(_delivery, key), _delivery.c.version < version, _delivery.c.state.in_(_REPLACEABLE))
    rows = tx.connection.execute(select(_delivery.c.id, _delivery.c.version, _delivery.c.state).where(older)).all()
    for row in rows:
        facts = {"from": row.state, "state": State.SUPERSEDED, "by_version": version}
        tx.audit(Event("delivery.superseded", key.agency, actor, tx.now, key, row.version, facts))
    tx.connection.execute(
        update(_delivery).where(older).values(state=State.SUPERSEDED, state_at=tx.now, next_attempt_at=None)
    )
    asked.forget_settled(tx, [row.id for row in rows])


def touch(tx: Tx, agency: str, kind: Kind, local_ids: Sequence[str], sweep: SweepRef) -> None:
    """Note that an unfinished sweep has seen these unchanged keys. No audit: nothing about them has changed."""
    for chunk in chunks(local_ids, 500):
        tx.connection.execute(
            update(_record)
            .where(_record.c.agency == agency, _record.c.kind == kind, _record.c.local_id.in_(chunk))
            .values(_seen(sweep))
        )


def _first_seen(sweep: SweepRef, local_id: str) -> dict[str, Any]:
    if local_id not in sweep.counted:
        return {"seen_sweep": sweep.id}
    return {"seen_sweep": sweep.id or sweep.last_finished, "seen_before": sweep.last_finished}


def _seen(sweep: SweepRef) -> dict[str, Any]:
    """While a sweep is unfinished, the books still speak of the last finished one: both must stay known."""
    if sweep.id is None:
        return {"missed_sweep": None}
    return {"seen_sweep": sweep.id, "missed_sweep": None, "seen_before": _seen_before(sweep.last_finished)}


def _seen_before(last_finished: Any) -> Any:
    return case((_record.c.seen_sweep == last_finished, last_finished), else_=_record.c.seen_before)
