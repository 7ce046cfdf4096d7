"""What the national side has told of itself: marks of an agency, set when something is new (see `core/signs.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from connector.core.model import Actor, Event
from connector.store import marks
from connector.store.db import Tx
from connector.store.tables import Mark, table_of

_mark = table_of(Mark)
_PREFIX = "national.sign."


@dataclass(frozen=True, slots=True)
class Noted:
    """One sign: its value, and when it was noted so."""

    value: str
    at: datetime


def of(connection: Connection, agency: str) -> dict[str, Noted]:
    """Return what is noted of an agency's national side, by name; what was taken back is not among it."""
    where = (_mark.c.agency == agency, _mark.c.name.startswith(_PREFIX, autoescape=True), _mark.c.value != "")
    rows = connection.execute(select(_mark.c.name, _mark.c.value, _mark.c.at).where(*where))
    return {row.name.removeprefix(_PREFIX): Noted(row.value, row.at) for row in rows}


def note(tx: Tx, agency: str, news: Mapping[str, str], actor: Actor) -> None:
    """Note what is new, each with its entry in the audit log. "" takes a sign back."""
    for name, value in news.items():
        marks.advance(tx, agency, _PREFIX + name, value)
        tx.audit(Event("national.sign", agency, actor, tx.now, facts={"sign": name, "value": value}))
