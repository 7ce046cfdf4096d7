"""Everything the ledger, the audit log and the mirror know of one record. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from connector.core.model import Capabilities, RecordKey, State
from connector.store import audit, log_pages, pruned, reasons, retired, views, waits
from connector.store.keys import of_key
from connector.store.reasons import Commit, Told
from connector.store.retired import Retired
from connector.store.tables import Delivery, MirrorEvent, MirrorStatus, Record, table_of
from connector.store.views import Line

_delivery = table_of(Delivery)
_record = table_of(Record)
_status = table_of(MirrorStatus)
_event = table_of(MirrorEvent)


@dataclass(frozen=True, slots=True)
class Moment:
    """One audit entry, read for its story. `reason`: what a person said with it, if it is an action of a person."""

    at: datetime
    event: str
    actor: str
    trigger: str
    version: int
    facts: dict[str, Any]
    reason: Told | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the ledger knows of one key.

    commitment: the keyed one to the newest version's document, as in the audit log, "" if there is no document. The
    plain digest stays in the ledger: with it, whoever sees a masked document could try out what the mask hides.
    retired: what became of the newest text, None if it is here; `body` is what stays of it then.
    begins: the first entry of the log, from which on `moments` tell; 1 unless it was pruned."""

    line: Line
    versions: tuple[dict[str, Any], ...]
    body: bytes | None
    commitment: str
    range_value: str
    status: dict[str, Any] | None
    moments: tuple[Moment, ...]
    retired: Retired | None = None
    begins: int = 1


def story(
    connection: Connection,
    key: RecordKey,
    generation: int,
    capabilities: Capabilities,
    commit: Commit | None = None,
    most: int | None = None,
) -> Story | None:
    """Return the story of a key, None if the ledger has never seen it; with `commit` (`Store.commitment`), also the
    reasons that people gave. most: so many moments, the newest ones; None: all."""
    found = views.lines(connection, key.agency, key=key, limit=1)
    if not found:
        return None
    line = found[0]
    if line.state == State.PENDING and line.parent is not None:
        waiting = waits.blocked(connection, key.agency, generation, capabilities, key=key)
        line = waiting[0] if waiting else line
    versions = connection.execute(
        select(
            _delivery.c.version,
            _delivery.c.state,
            _delivery.c.created_at,
            _delivery.c.receipt_at,
            _delivery.c.received_at,
            _delivery.c.attempt,
            _delivery.c.change_cause,
            _delivery.c.change_reason,
            _delivery.c.body,
        )
        .where(*of_key(_delivery, key))
        .order_by(_delivery.c.version)
    ).mappings()
    kept = tuple(dict(row) for row in versions)
    newest = kept[-1]
    gone = retired.of_record(connection, key)
    of_newest = gone.get(newest["version"])
    status = connection.execute(select(_status).where(*of_key(_status, key))).mappings().first()
    range_value = connection.execute(select(_record.c.range_value).where(*of_key(_record, key))).scalar()
    known = moments(connection, key, commit, most)
    commitments = {
        moment.version: moment.facts.get("commitment", "")
        for moment in known
        if moment.event in ("record.recorded", "record.matched")
    }
    return Story(
        line=line,
        versions=tuple(
            {name: value for name, value in row.items() if name != "body"}
            | {"commitment": commitments.get(row["version"], "")}
            | _went(gone.get(row["version"]))
            for row in kept
        ),
        body=newest["body"] if of_newest is None else of_newest.facts,
        commitment=commitments.get(line.version, ""),
        range_value=range_value or "",
        status=dict(status) if status else None,
        moments=tuple(known),
        retired=of_newest,
        begins=pruned.first(connection, key.agency).seq + 1,
    )


def _went(retired_: Retired | None) -> dict[str, Any]:
    """When a version's text went, None if it did not."""
    return {
        "sealed_at": retired_.sealed_at if retired_ else None,
        "erased_at": retired_.erased_at if retired_ else None,
    }


def moments(
    connection: Connection, key: RecordKey, commit: Commit | None = None, most: int | None = None
) -> list[Moment]:
    """Return the audit entries of one key, oldest first, taken apart; with `commit`, also the reasons; with `most`, so
    many of the newest."""
    if most is None:
        found = list(audit.entries(connection, key.agency, kind=key.kind, local_id=key.local_id))
    else:
        newest = log_pages.page(connection, key.agency, kind=key.kind, local_id=key.local_id, limit=most)
        found = list(reversed(newest.entries))
    return told(connection, key.agency, {entry.seq: orjson.loads(entry.content) for entry in found}, commit)


def told(
    connection: Connection, agency: str, entries: Mapping[int, list[Any]], commit: Commit | None = None
) -> list[Moment]:
    """Return entries (seq -> the fields of its content) as moments, in their order."""
    facts = {seq: fields[12] for seq, fields in entries.items()}
    given = reasons.of_entries(connection, agency, facts, commit) if commit else {}
    return [
        Moment(
            at=datetime.fromisoformat(fields[4]),
            event=fields[5],
            actor=fields[6],
            trigger=fields[8],
            version=fields[11],
            facts=fields[12],
            reason=given.get(seq),
        )
        for seq, fields in entries.items()
    ]


def national_events(connection: Connection, key: RecordKey) -> list[dict[str, Any]]:
    """Return every national event of one key, in the nation's own order. Uses ix_mirror_event_key.

    A status that is known from the national list alone is among them, with None for when it came about."""
    names = ("sequence", "status", "occurred_at", "acting_agency", "applied_at")
    told = select(*(_event.c[name] for name in names)).where(*of_key(_event, key))
    listed = select(*(_status.c[name] for name in names)).where(*of_key(_status, key), _status.c.event_id == "")
    rows = [*connection.execute(told).mappings(), *connection.execute(listed).mappings()]
    return sorted((dict(row) for row in rows), key=lambda row: int(row["sequence"]))
