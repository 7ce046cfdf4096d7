"""Aliases of keys: what a source calls the records that were first sent under other ids, now and formerly.

An alias holds until another takes its place; then it stays as history, by which a record is still found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from connector.core.aliases import Aliases
from connector.core.chain import canonical
from connector.core.model import KINDS, Actor, Event, Kind, RecordKey
from connector.store import tombstones
from connector.store.db import Tx
from connector.store.keys import chunks, of_key
from connector.store.tables import KeyAlias, Record, table_of

_alias = table_of(KeyAlias)
_record = table_of(Record)


@dataclass(frozen=True, slots=True)
class Named:
    """One record's id of today beside its key, and by which value of the range column it is read again; None: as
    before."""

    kind: Kind
    alias: str
    local_id: str
    range_value: str | None

    @property
    def pair(self) -> tuple[Kind, str, str]:
        """What `Aliases` are made of."""
        return self.kind, self.alias, self.local_id


@dataclass(frozen=True, slots=True)
class Former:
    """One id that a record has, or had until a moment."""

    alias: str
    since: datetime
    until: datetime | None


def in_force(connection: Connection, agency: str) -> Aliases:
    """Return the aliases that hold now."""
    rows = connection.execute(
        select(_alias.c.kind, _alias.c.alias, _alias.c.local_id).where(
            _alias.c.agency == agency, _alias.c.until.is_(None)
        )
    )
    return Aliases.of((Kind(row.kind), row.alias, row.local_id) for row in rows)


def keys_of(connection: Connection, agency: str, kind: Kind) -> dict[str, bool]:
    """Return every key that the ledger knows of a kind, and whether it is gone from the source."""
    rows = connection.execute(
        select(_record.c.local_id, tombstones.is_gone().label("gone")).where(
            _record.c.agency == agency, _record.c.kind == kind
        )
    )
    return {row.local_id: bool(row.gone) for row in rows}


def of_record(connection: Connection, key: RecordKey) -> list[Former]:
    """Return every other id that a record has had at its source, oldest first."""
    rows = connection.execute(select(_alias).where(*of_key(_alias, key)).order_by(_alias.c.id))
    return [Former(row.alias, row.since, row.until) for row in rows]


def find_keys(connection: Connection, agency: str, alias: str, kinds: Sequence[Kind] = KINDS) -> list[RecordKey]:
    """Return the keys that this id stands for or stood for, whole or without its source name, in the order of KINDS."""
    bare = func.substr(_alias.c.alias, func.instr(_alias.c.alias, ":") + 1)
    rows = connection.execute(
        select(_alias.c.kind, _alias.c.local_id)
        .where(
            _alias.c.agency == agency,
            _alias.c.kind.in_([str(kind) for kind in kinds]),
            or_(_alias.c.alias == alias, bare == alias),
        )
        .distinct()
    )
    keys = [RecordKey(agency, Kind(row.kind), row.local_id) for row in rows]
    return sorted(keys, key=lambda key: (KINDS.index(key.kind), key.local_id))


def add(tx: Tx, agency: str, named: Sequence[Named], plan: str, actor: Actor, reason: str) -> int:
    """Write what a person approved, one entry for all of it, and return how many ids are new. An older alias of the
    same id or of the same key ends now; the ledger looks for each record where the source has it now.

    Once committed, a crash loses nothing: aliases, places and entry went together."""
    known = in_force(tx.connection, agency)
    after = known.with_pairs(one.pair for one in named)
    before, now = set(known.pairs()), set(after.pairs())
    for kind in KINDS:
        over = [alias for each, alias, _ in before - now if each is kind]
        for chunk in chunks(sorted(over), 500):
            ended = (_alias.c.agency == agency, _alias.c.kind == kind, _alias.c.until.is_(None))
            tx.connection.execute(update(_alias).where(*ended, _alias.c.alias.in_(chunk)).values(until=tx.now))
    rows: list[dict[str, Any]] = [
        {"agency": agency, "kind": kind, "alias": alias, "local_id": local_id, "plan": plan, "since": tx.now}
        for kind, alias, local_id in sorted(now - before)
    ]
    if rows:
        tx.connection.execute(insert(_alias), rows)
    for one in (one for one in named if one.range_value is not None):
        key = RecordKey(agency, one.kind, one.local_id)
        tx.connection.execute(update(_record).where(*of_key(_record, key)).values(range_value=one.range_value))
    pairs = sorted([str(one.kind), one.alias, one.local_id] for one in named)
    facts = {"plan": plan, "count": len(named), "new": len(rows), "ended": len(before - now)}
    facts["keys"] = tx.commitment(agency, canonical(pairs))
    tx.audit_with_reason(Event("rekey.approved", agency, actor, tx.now, facts=facts), reason, "plan", plan)
    return len(rows)
