"""Up to which time of the source the changes of a kind have been read: the watermark of short readings.

A wall time of one source, set only in the transaction that records what lies before it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.core.kind_mapping import KindMapping
from connector.store import marks
from connector.store.db import Tx

_BEGINNING = "source.changes."


def of(connection: Connection, agency: str, mapping: KindMapping) -> datetime | None:
    """Return the position of a kind of one source, None if no full sweep has set one."""
    mark = marks.mark_of(connection, agency, _name(mapping))
    mark = mark or marks.mark_of(
        connection, agency, f"{_BEGINNING}{mapping.kind}"
    )  # from before sources had names here
    return datetime.fromisoformat(mark[0]) if mark and mark[0] else None


def set_to(tx: Tx, agency: str, mapping: KindMapping, moment: datetime) -> None:
    """Set the position: everything that was changed before it is recorded, or waits where short readings look."""
    marks.advance(tx, agency, _name(mapping), moment.isoformat())


def settled(clock: datetime, kind_mapping: KindMapping) -> datetime:
    """Return how far a reading may go by the source's clock: what is younger may still be about to appear."""
    return clock - timedelta(seconds=kind_mapping.settings.settle_s)


def _name(mapping: KindMapping) -> str:
    return f"{_BEGINNING}{mapping.kind}.{mapping.source}"
