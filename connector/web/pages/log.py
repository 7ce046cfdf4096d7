"""`/<agency>/log`: the synchronisation log, newest first, and how far it is verified.

An entry is told as a sentence. Reasons, and whatever else is of class C2, are not shown here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from connector.core.model import KINDS, Entry, Kind, RecordKey
from connector.errors import DataError
from connector.store import log_pages, pruned, stories, views
from connector.store.stories import Moment
from connector.telling import timeline
from connector.telling.words import messages
from connector.web import days
from connector.web.page import READERS, Page
from connector.web.visit import PAGE_ROWS, Visit

LONGEST_ID = 128
LONGEST_NAME = 200
MOST_LOOKED_THROUGH = 500
"""So many entries are looked through for those of one person: no index knows who ordered what."""

_GROUP = "event_name."
EVENTS = tuple(sorted(id_.removeprefix(_GROUP) for id_ in messages() if id_.startswith(_GROUP)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked for, as the address says it; `wrong`: which of it cannot be meant."""

    event: str
    kind: str
    id: str
    since: str
    until: str
    by: str

    def as_arguments(self) -> dict[str, str]:
        return {
            "event": self.event, "kind": self.kind, "id": self.id, "from": self.since, "to": self.until, "by": self.by,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Listed:
    """What a page shows: the entries, where the next page begins, and how many were looked through for one person."""

    entries: list[tuple[Entry, list[Any]]]
    next: int | None
    looked_through: int = 0


def show(visit: Visit) -> Response:
    """Show one page of entries, and the state of the chain."""
    asked = _Asked(
        visit.arg("event", among=EVENTS), visit.arg("kind", among=KINDS), visit.arg("id", longest=LONGEST_ID),
        visit.arg("from", longest=10), visit.arg("to", longest=10), visit.arg("by", longest=LONGEST_NAME),
    )  # fmt: skip
    before = visit.number("before", most=2**53)
    problem = ""
    listed, rows, begins = _Listed([], None), [], 1
    try:
        if asked.id and not asked.kind:
            problem = visit.say("console.log.wrong_record")
        else:
            with visit.app.store.read() as connection:
                listed = _listed(connection, visit.agency, asked, before)
                rows = _rows(visit, connection, listed.entries)
                begins = pruned.first(connection, visit.agency).seq + 1
    except DataError as error:
        problem = visit.say.error(error.id, **error.values).what
    return visit.page(
        "log.html",
        status=400 if problem else 200,
        asked=asked,
        problem=problem,
        since=days.as_typed(asked.since),
        until=days.as_typed(asked.until),
        rows=rows,
        begins=begins,
        listed=listed,
        first=visit.link("log", **asked.as_arguments()) if before is not None else "",
        after=visit.link("log", **asked.as_arguments(), before=listed.next) if listed.next else "",
        events=[(name, visit.say.label("event_name", name)) for name in EVENTS],
        kinds=[(str(kind), visit.say.label("kind", kind)) for kind in KINDS],
        proven=visit.hall.proving.state(visit.agency),
        longest_id=LONGEST_ID,
        longest_name=LONGEST_NAME,
    )


def _listed(connection: Connection, agency: str, asked: _Asked, before: int | None) -> _Listed:
    wanted: dict[str, Any] = {
        "event": asked.event or None,
        "kind": Kind(asked.kind) if asked.kind else None,
        "local_id": asked.id or None,
        "since": days.beginning(asked.since),
        "until": days.end(asked.until),
    }
    if not asked.by:
        page = log_pages.page(connection, agency, before_seq=before, limit=PAGE_ROWS, **wanted)
        return _Listed([(entry, orjson.loads(entry.content)) for entry in page.entries], page.next)
    return _of_person(connection, agency, asked.by, before, wanted)


def _of_person(connection: Connection, agency: str, by: str, before: int | None, wanted: dict[str, Any]) -> _Listed:
    found: list[tuple[Entry, list[Any]]] = []
    looked_through, next_ = 0, before
    while looked_through < MOST_LOOKED_THROUGH:
        page = log_pages.page(connection, agency, before_seq=next_, limit=250, **wanted)
        for entry in page.entries:
            looked_through += 1
            fields = orjson.loads(entry.content)
            if by in (fields[6], fields[12].get("asked_by")):
                found.append((entry, fields))
                if len(found) == PAGE_ROWS:
                    return _Listed(found, entry.seq, looked_through)
        next_ = page.next
        if next_ is None:
            break
    return _Listed(found, next_, looked_through)


@dataclass(frozen=True, slots=True)
class _Row:
    seq: int
    at: datetime
    key: RecordKey | None
    record: str
    told: str
    by: str
    hash: str


def _rows(visit: Visit, connection: Connection, entries: list[tuple[Entry, list[Any]]]) -> list[_Row]:
    moments = stories.told(connection, visit.agency, {entry.seq: fields for entry, fields in entries})
    keys = [_key(visit.agency, fields) for _, fields in entries]
    known = views.known_among(connection, visit.agency, [key for key in keys if key])
    return [
        _row(visit, entry, fields, moment, key=key if key in known else None)
        for (entry, fields), key, moment in zip(entries, keys, moments, strict=True)
    ]


def _key(agency: str, fields: list[Any]) -> RecordKey | None:
    return RecordKey(agency, Kind(fields[9]), str(fields[10])) if fields[9] in KINDS else None


def _row(visit: Visit, entry: Entry, fields: list[Any], moment: Moment, *, key: RecordKey | None) -> _Row:
    """key: of the record, if it has a page."""
    say = visit.say
    return _Row(
        seq=entry.seq,
        at=moment.at,
        key=key,
        record=f"{say.label('kind', str(fields[9]))} {fields[10]}" if fields[9] else "",
        told=timeline.sentence(visit.voice, moment),
        by=f"{moment.actor}, {say.label('trigger', moment.trigger)}" if moment.trigger else moment.actor,
        hash=entry.hash,
    )


PAGE = Page("log", "/<agency>/log", show, READERS, in_menu=True)
