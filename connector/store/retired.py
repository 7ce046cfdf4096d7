"""Texts whose time is over, and what became of those that are gone. Reads only.

    candidates, due   accepted and superseded texts that are here in clear, of records that nobody waits for
    sealed            what is sealed to the auditor's key, to be erased once its case has been closed for long enough
    of_record         what is said of a text that is gone

They go in retiring.py. May import: core, keys, standing, tables; not db, which takes the triggers from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select

from connector.core import chain
from connector.core.closing import AT_REST
from connector.core.model import Cause, Kind, RecordKey, State
from connector.store.keys import chunks, of_key
from connector.store.standing import current, is_exposed, is_returned, same_key
from connector.store.tables import AuditEntry, Delivery, Record, ResyncItem, RetiredBody, Tombstone, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_audit = table_of(AuditEntry)
_retired = table_of(RetiredBody)
_asked = table_of(ResyncItem)
_stone = table_of(Tombstone)
_text = _delivery.alias("text")
_active = _delivery.alias("active")

TRIGGERS = (
    """CREATE TRIGGER retired_body_is_of_no_text_that_is_here BEFORE INSERT ON retired_body
       WHEN EXISTS (SELECT 1 FROM delivery WHERE id = NEW.delivery_id AND body IS NOT NULL)
       BEGIN SELECT RAISE(ABORT, 'a text that is here is not retired'); END""",
    # Nobody who puts a text back can forget what was said of it while it was away.
    """CREATE TRIGGER retired_body_goes_when_its_text_is_back AFTER UPDATE OF body ON delivery
       WHEN NEW.body IS NOT NULL AND OLD.body IS NULL
       BEGIN DELETE FROM retired_body WHERE delivery_id = NEW.id; END""",
)

SEALED, ERASED, REBUILT = "body.sealed", "body.erased", "body.rebuilt"
"""The entries that tell of it, and that one was put back."""

RETIRED_STATES = (State.DELIVERED, State.RETRACTED, State.SUPERSEDED)
"""Versions whose text has done its work. Never one that waits, is on its way, was refused, or asks for a person."""


@dataclass(frozen=True, slots=True)
class Clear:
    """A text that is here in clear."""

    delivery_id: int
    key: RecordKey
    version: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A text that is here sealed; `concealed`: it is treated as a denunciation, be it since a later version."""

    delivery_id: int
    key: RecordKey
    version: int
    concealed: bool
    commitment: str
    key_id: str
    sealed_at: datetime
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Retired:
    """What became of a version's text: when it was sealed, when erased, each None if it was not. `facts`: its fields of
    class C1, as far as they stay."""

    sealed_at: datetime | None
    erased_at: datetime | None
    facts: bytes | None


# --- which ---------------------------------------------------------------------------------------------------------


def candidates(connection: Connection, agency: str, before: datetime, after_id: int, rows: int) -> list[int]:
    """Return the numbers of the next texts in clear that were accepted or superseded before that moment, in order.

    Walks along the table from there: no index is kept for a question that is asked once a day."""
    each = _delivery.c.agency.concat("") == agency
    found = select(_delivery.c.id).where(each, _delivery.c.id > after_id, *_is_over(_delivery, before))
    return list(connection.execute(found.order_by(_delivery.c.id).limit(rows)).scalars())


def _is_over(text: Any, before: datetime) -> tuple[Any, ...]:
    states = [str(state) for state in RETIRED_STATES]
    return (text.c.state.in_(states), text.c.state_at <= before, text.c.body.is_not(None))


def due(connection: Connection, agency: str, before: datetime, ids: Sequence[int]) -> list[Clear]:
    """Return those of the candidates that may go: of records that nobody waits for.

    Whose newest version is at rest, and none on its way; that the nation has not sent back, and does not hold in clear
    against what is known today; that no person has asked for, or must decide about. By the numbers alone: no index may
    tempt SQLite to walk along all of the agency's versions instead."""
    on_its_way = exists().where(*same_key(_active, _text), _active.c.state.in_([State.SENDING, State.UNKNOWN]))
    is_asked_for = exists().where(*same_key(_asked, _text), _asked.c.done_at.is_(None))
    is_undecided = exists().where(*same_key(_stone, _text), _stone.c.closed_at.is_(None), _stone.c.decision == "ask")
    found = (
        current(_text.c.id, _text.c.kind, _text.c.local_id, _text.c.version, _text.c.body)
        .join(_text, and_(*same_key(_text, _record)))
        .where(
            _text.c.agency.concat("") == agency,
            *_is_over(_text, before),
            _delivery.c.state.concat("").in_([str(state) for state in AT_REST]),
            ~on_its_way,
            ~is_asked_for,
            ~is_undecided,
            *(func.coalesce(~waits, True) for waits in (is_returned(), is_exposed())),  # unknown: nobody waits
        )
        .order_by(_text.c.id)
    )
    return [
        Clear(row.id, RecordKey(agency, Kind(row.kind), row.local_id), row.version, bytes(row.body))
        for chunk in chunks(ids, 500)
        for row in connection.execute(found.where(_text.c.id.in_(chunk)))
    ]


_newer = _delivery.alias("newer")
_CONCEALED_SINCE = exists().where(
    *same_key(_newer, _delivery), _newer.c.version > _delivery.c.version, _newer.c.concealed.is_(True)
)
_OF_SEALED = (
    select(
        _retired.c.delivery_id,
        _delivery.c.kind,
        _delivery.c.local_id,
        _delivery.c.version,
        or_(_delivery.c.concealed.is_(True), _CONCEALED_SINCE).label("concealed"),
        _retired.c.commitment,
        _retired.c.key_id,
        _retired.c.sealed_at,
        _retired.c.sealed,
    )
    .join(_delivery, _delivery.c.id == _retired.c.delivery_id)
    .where(
        _retired.c.agency == bindparam("agency"),
        _retired.c.sealed.is_not(None),
        _retired.c.delivery_id > bindparam("after_id"),
    )
    .order_by(_retired.c.delivery_id)
    .limit(bindparam("rows"))
)


def count_sealed(connection: Connection, agency: str, record: RecordKey | None = None) -> int:
    """Return how many texts of the agency, or of one record, are sealed."""
    found = select(func.count()).select_from(_retired).join(_delivery, _delivery.c.id == _retired.c.delivery_id)
    found = found.where(_retired.c.agency == agency, _retired.c.sealed.is_not(None))
    return int(connection.execute(found.where(*of_key(_delivery, record)) if record else found).scalar_one())


def entry_of(connection: Connection, one: Sealed) -> tuple[int, str, str] | None:
    """Return place, hash and content of the entry that tells of this sealing, None where it was pruned. Uses
    ix_audit_key."""
    told = select(_audit.c.seq, _audit.c.hash, _audit.c.content)
    told = told.where(*of_key(_audit, one.key), _audit.c.event == SEALED).order_by(_audit.c.seq.desc())
    digest = chain.digest(one.sealed)
    for row in connection.execute(told):
        if digest in row.content:
            return int(row.seq), str(row.hash), str(row.content)
    return None


def sealed(
    connection: Connection, agency: str, after_id: int, rows: int, record: RecordKey | None = None
) -> list[Sealed]:
    """Return the next texts that are sealed, by their number, of all records or of one. Uses ix_retired_body_sealed."""
    wanted = _OF_SEALED.where(*of_key(_delivery, record)) if record else _OF_SEALED
    return [
        Sealed(
            row.delivery_id,
            RecordKey(agency, Kind(row.kind), row.local_id),
            row.version,
            bool(row.concealed),
            row.commitment,
            row.key_id,
            row.sealed_at,
            bytes(row.sealed),
        )
        for row in connection.execute(wanted, {"agency": agency, "after_id": after_id, "rows": rows})
    ]


def of_record(connection: Connection, key: RecordKey) -> dict[int, Retired]:
    """Return what became of the texts of a record that are not here in clear any more, by version."""
    found = (
        select(_delivery.c.version, _retired.c.sealed_at, _retired.c.erased_at, _retired.c.facts)
        .join(_retired, _retired.c.delivery_id == _delivery.c.id)
        .where(*of_key(_delivery, key))
    )
    return {row.version: Retired(row.sealed_at, row.erased_at, row.facts) for row in connection.execute(found)}


def is_retired(connection: Connection, key: RecordKey, version: int, digest: str) -> bool:
    """Return whether the text of this version of a record is not here in clear any more, and had this digest."""
    found = (
        select(_retired.c.delivery_id)
        .join(_delivery, _delivery.c.id == _retired.c.delivery_id)
        .where(*of_key(_delivery, key), _delivery.c.version == version, _delivery.c.digest == digest)
    )
    return connection.execute(found).first() is not None


# --- beside the log ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Gone:
    """What the log tells of texts that are gone, by version: the newest entry about each, as event and facts; and the
    records that became state secrets, of which nothing stays however it was kept."""

    texts: dict[tuple[str, str, int], tuple[str, Mapping[str, Any]]] = field(default_factory=dict)
    secret: set[tuple[str, str]] = field(default_factory=set)

    def meet(self, event: str, version: tuple[str, str, int], facts: Mapping[str, Any]) -> None:
        """Take the next entry about a record."""
        if event in (SEALED, ERASED):
            self.texts[version] = (event, facts)
        elif event == REBUILT:
            self.texts.pop(version, None)
        elif event == "record.set_aside" and facts.get("cause") == Cause.BECAME_SECRET:
            self.secret.add(version[:2])


def disagreeing(connection: Connection, agency: str, told: Gone, *, is_pruned: bool) -> int:
    """Return of how many versions the text is gone, or here, against what the log tells. Reads every version once.

    is_pruned: the first entries are not there any more; of what they told nothing is demanded."""
    named = dict(told.texts)
    columns = (_delivery.c.kind, _delivery.c.local_id, _delivery.c.version)
    wrong: set[tuple[str, str, int]] = set()
    is_erased = _retired.c.erased_at.is_not(None).label("is_erased")
    rows = select(*columns, _retired.c.commitment, _retired.c.sealed, is_erased)
    rows = rows.join(_delivery, _delivery.c.id == _retired.c.delivery_id).where(_retired.c.agency == agency)
    for row in connection.execute(rows.execution_options(yield_per=1_000)):
        version = (row.kind, row.local_id, row.version)
        said = named.pop(version, None)
        if not (is_pruned if said is None else version[:2] in told.secret or _is_as_told(row, *said)):
            wrong.add(version)
    is_explained = exists().where(_retired.c.delivery_id == _delivery.c.id)
    gone = (_delivery.c.agency == agency, _delivery.c.body.is_(None), _delivery.c.body_bytes > 0, ~is_explained)
    wrong.update((row.kind, row.local_id, row.version) for row in connection.execute(select(*columns).where(*gone)))
    wrong.update(version for version in named if version[:2] not in told.secret)
    return len(wrong)


def _is_as_told(row: Any, event: str, facts: Mapping[str, Any]) -> bool:
    if facts.get("commitment") != row.commitment or event != (ERASED if row.is_erased else SEALED):
        return False
    return row.sealed is None or facts.get("sealed") == chain.digest(row.sealed)
