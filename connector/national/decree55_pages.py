"""The pages of `decree55`: the events of the status feed and the lines of the manifest, made sure of one by one.

A page must be whole; an item of it that is not what it should be is named, and the others count. A code list is good as
a whole or not at all. Pure.
May import: core.catalogue, core.model, errors, replies, wording, orjson.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson

from connector.core.catalogue import Catalogue, UnfitError, make_catalogue
from connector.core.model import KINDS, Held, Kind, RecordKey, StatusUpdate
from connector.errors import CatalogueError
from connector.national import wording
from connector.national.replies import MAX_PROBLEM_TEXT, instant, integer, name

MAX_CURSOR = 1_000
PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENTERED_BY = ("api", "web")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page: its items in their order, the cursor of the next, and what was no item, by id or digest."""

    items: tuple[Item, ...]
    next: str
    more: bool
    unreadable: tuple[str, ...]


def read_page(document: dict[str, Any], read: Callable[[object], Item | None], named_by: str) -> Page[Item] | None:
    """Return the page that a document holds, None if it is none. `read` gives None for what is no item; people speak of
    such a one by its field `named_by`."""
    items, cursor, more = document.get("items"), document.get("next"), document.get("more")
    if not isinstance(items, list) or not isinstance(cursor, str) or not isinstance(more, bool):
        return None
    if len(cursor) > MAX_CURSOR:
        return None
    known = [read(item) for item in items]
    return Page(
        items=tuple(each for each in known if each is not None),
        next=cursor,
        more=more,
        unreadable=tuple(_id_of(item, named_by) for item, each in zip(items, known, strict=True) if each is None),
    )


def status_update(agency: str, item: object) -> StatusUpdate | None:
    """Read one event; None when it lacks id, order, key, status or time. Any status is kept as it came: what is no
    code, at the head of the note."""
    if not isinstance(item, dict) or item.get("kind") not in KINDS:
        return None
    event_id, status = name(item.get("event_id")), name(item.get("status"))
    local_id = wording.local_id(item.get("local_id"))
    sequence, occurred_at = integer(item.get("sequence")), instant(item.get("occurred_at"))
    if not event_id or not status or not local_id or not sequence or occurred_at is None:
        return None
    note = item.get("note")
    note = note if isinstance(note, str) else ""
    acting_agency, note = wording.acting_agency(name(item.get("acting_agency")) or "", note)
    status, note = wording.status(status, note)
    return StatusUpdate(
        event_id=event_id,
        sequence=sequence,
        key=RecordKey(agency, Kind(item["kind"]), local_id),
        national_id=wording.national_id(item.get("national_id")) or "",
        status=status,
        occurred_at=occurred_at,
        acting_agency=acting_agency,
        note=note[:MAX_PROBLEM_TEXT],
    )


def held(kind: Kind, item: object) -> Held | None:
    """Read one line of the manifest of a kind; None when it lacks an id, version, digest, status, order or origin.

    A line without local_id was entered there by hand; a local_id that is none makes the line unreadable. A status that
    is no code becomes the neutral word: the manifest has no text beside it."""
    if not isinstance(item, dict):
        return None
    local_id, national_id = item.get("local_id"), wording.national_id(item.get("national_id"))
    version, sequence = integer(item.get("version")), integer(item.get("status_sequence"))
    digest, status, entered_by = item.get("digest"), name(item.get("status")), item.get("entered_by")
    if local_id not in (None, "") and wording.local_id(local_id) is None:
        return None
    if not national_id or not version or sequence is None or not status or entered_by not in _ENTERED_BY:
        return None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return None
    return Held(
        kind=kind,
        local_id=local_id or "",
        national_id=national_id,
        version=version,
        digest=digest,
        status=wording.status(status)[0],
        status_sequence=sequence,
        entered_by=entered_by,
    )


def read_catalogue(name_: str, document: dict[str, Any] | None) -> Catalogue:
    """Return the code list that a document holds. Raises CatalogueError for anything that is not this list, whole."""
    items = document.get("items") if document is not None and document.get("name") == name_ else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise CatalogueError("E-CATALOGUE-UNFIT", catalogue=name_, unfit="shape")
    rows = ((item.get("code"), item.get("title"), item.get("valid_from"), item.get("valid_to")) for item in items)
    try:
        return make_catalogue(name_, rows)
    except UnfitError as unfit:
        raise CatalogueError("E-CATALOGUE-UNFIT", catalogue=name_, unfit=str(unfit)) from None


def _id_of(item: object, named_by: str) -> str:
    """Return how people can speak of an item that is none: by its id if it has a plain one, else by its digest."""
    id_ = item.get(named_by) if isinstance(item, dict) else None
    if isinstance(id_, str) and PLAIN_ID.fullmatch(id_):
        return id_
    return f"sha256-{hashlib.sha256(orjson.dumps(item)).hexdigest()[:16]}"
