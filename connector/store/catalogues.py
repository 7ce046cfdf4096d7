"""The national code lists as they were read, with their history: what a code was called, and when it was first seen.

A list that was not read, or not whole, keeps what was known of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from connector.core.catalogue import CHANGES, Catalogue, CatalogueEntry, Change, changes
from connector.core.chain import canonical, digest
from connector.core.model import Actor, Event
from connector.store.db import Tx
from connector.store.keys import chunks
from connector.store.tables import CatalogueEntry as Stored
from connector.store.tables import table_of

_entry = table_of(Stored)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one list: its entries in use in the order of their codes, and when it was last read whole."""

    entries: tuple[CatalogueEntry, ...]
    read_at: datetime | None


@dataclass(frozen=True, slots=True)
class Past:
    """One form of a code that the list has no more in this form, and when that was first seen."""

    entry: CatalogueEntry
    first_seen_at: datetime
    gone_at: datetime


def record(
    tx: Tx, agency: str, generation: int, read: Sequence[Catalogue], actor: Actor
) -> dict[str, tuple[Change, ...]]:
    """Keep what whole lists say now; return per list what changed since it was read before, with one audit entry."""
    found = {catalogue.name: _record(tx, agency, generation, catalogue) for catalogue in read}
    shown = [[each.name, [_facts(entry) for entry in each.entries]] for each in read]
    facts: dict[str, int | str] = {"lists": len(read), "entries": sum(len(each.entries) for each in read)}
    for what in CHANGES:
        facts[what] = sum(change.what == what for each in found.values() for change in each)
    facts["digest"] = digest(canonical(shown))
    tx.audit(Event("catalogue.pulled", agency, actor, tx.now, facts=facts))
    return found


def _record(tx: Tx, agency: str, generation: int, catalogue: Catalogue) -> tuple[Change, ...]:
    standing = (*_of(agency, generation, catalogue.name), _entry.c.gone_at.is_(None))
    found = changes(known(tx.connection, agency, generation, catalogue.name).entries, catalogue.entries)
    over = [change.entry.code for change in found if change.what != "added"]
    for chunk in chunks(over, 500):
        tx.connection.execute(update(_entry).where(*standing, _entry.c.code.in_(chunk)).values(gone_at=tx.now))
    tx.connection.execute(update(_entry).where(*standing).values(last_seen_at=tx.now))
    row = {"agency": agency, "generation": generation, "catalogue": catalogue.name}
    seen = {"first_seen_at": tx.now, "last_seen_at": tx.now}
    new = [{**row, **_facts(change.entry), **seen} for change in found if change.what != "withdrawn"]
    for rows in chunks(new, 500):
        tx.connection.execute(insert(_entry), rows)
    return found


def known(connection: Connection, agency: str, generation: int, catalogue: str) -> Known:
    """Return what is known of a list; no entries and no time where it was never read."""
    standing = (*_of(agency, generation, catalogue), _entry.c.gone_at.is_(None))
    rows = connection.execute(select(_entry).where(*standing).order_by(_entry.c.code)).all()
    return Known(tuple(map(_entry_of, rows)), max((row.last_seen_at for row in rows), default=None))


def read_lists(connection: Connection, agency: str, generation: int) -> dict[str, tuple[int, datetime]]:
    """Return the lists that were ever read, each with its number of entries and when it was last read."""
    counted = select(_entry.c.catalogue, func.count(), func.max(_entry.c.last_seen_at).label("at"))
    standing = (_entry.c.agency == agency, _entry.c.generation == generation, _entry.c.gone_at.is_(None))
    rows = connection.execute(counted.where(*standing).group_by(_entry.c.catalogue)).all()
    return {name: (count, at) for name, count, at in rows}


def past(connection: Connection, agency: str, generation: int, catalogue: str) -> tuple[Past, ...]:
    """Return every form that a list no longer has, newest first; of one code there may be several."""
    gone = (*_of(agency, generation, catalogue), _entry.c.gone_at.is_not(None))
    rows = connection.execute(select(_entry).where(*gone).order_by(_entry.c.gone_at.desc(), _entry.c.code)).all()
    return tuple(Past(_entry_of(row), row.first_seen_at, row.gone_at) for row in rows)


def withdrawn(
    connection: Connection, agency: str, generation: int, used: Mapping[str, frozenset[str]], today: date
) -> dict[str, tuple[CatalogueEntry, ...]]:
    """Return, of the codes that are used, list by list, those that the national list had and has no more, or of which
    it says itself that they are over. A list that was never read says nothing."""
    mine = (_entry.c.agency == agency, _entry.c.generation == generation)
    over = _entry.c.valid_to < today.isoformat()
    suspects = connection.execute(
        select(_entry).where(*mine, or_(_entry.c.gone_at.is_not(None), over)).order_by(_entry.c.id)
    ).all()
    entries = {(row.catalogue, row.code): row for row in suspects if row.code in used.get(row.catalogue, ())}
    in_use: set[tuple[str, str]] = set()
    standing = select(_entry.c.catalogue, _entry.c.code)
    for chunk in chunks(sorted({code for _, code in entries}), 500):
        good = (*mine, _entry.c.gone_at.is_(None), or_(_entry.c.valid_to.is_(None), ~over), _entry.c.code.in_(chunk))
        in_use |= {(row.catalogue, row.code) for row in connection.execute(standing.where(*good))}
    found: dict[str, tuple[CatalogueEntry, ...]] = {}
    for place in sorted(entries.keys() - in_use):
        found[place[0]] = (*found.get(place[0], ()), _entry_of(entries[place]))
    return found


def changed_since(
    connection: Connection, agency: str, generation: int, since: datetime
) -> dict[str, tuple[Change, ...]]:
    """Return what readings since this moment have changed, list by list, each code as it was before and as it is now.

    The first reading of a list is no change."""
    where = (_entry.c.agency == agency, _entry.c.generation == generation)
    first = select(_entry.c.catalogue, func.min(_entry.c.first_seen_at)).where(*where).group_by(_entry.c.catalogue)
    began = {row[0]: row[1] for row in connection.execute(first)}
    moved = and_(*where, or_(_entry.c.gone_at >= since, _entry.c.first_seen_at >= since))
    rows = connection.execute(select(_entry).where(moved).order_by(_entry.c.catalogue, _entry.c.id)).all()
    found: dict[str, tuple[Change, ...]] = {}
    for catalogue in dict.fromkeys(row.catalogue for row in rows):
        mine = [row for row in rows if row.catalogue == catalogue]
        before = {row.code: row for row in reversed(mine) if _stood(row, max(since, began[catalogue]))}
        now = [row for row in mine if row.gone_at is None]
        found[catalogue] = changes(map(_entry_of, before.values()), map(_entry_of, now))
    return {catalogue: each for catalogue, each in found.items() if each}


def _stood(row: Row[Any], since: datetime) -> bool:
    """Whether a row says what its code was called when the time that is asked about began."""
    return bool(row.first_seen_at <= since and (row.gone_at is None or row.gone_at >= since))


def _of(agency: str, generation: int, catalogue: str) -> tuple[Any, ...]:
    return (_entry.c.agency == agency, _entry.c.generation == generation, _entry.c.catalogue == catalogue)


def _entry_of(row: Row[Any]) -> CatalogueEntry:
    return CatalogueEntry(row.code, row.title, _day(row.valid_from), _day(row.valid_to))


def _facts(entry: CatalogueEntry) -> dict[str, str | None]:
    days = {"valid_from": entry.valid_from, "valid_to": entry.valid_to}
    return {"code": entry.code, "title": entry.title, **{k: d.isoformat() if d else None for k, d in days.items()}}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
