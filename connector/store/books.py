"""The books: the sum of promise 1, and what was ever sent. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, or_, select

from connector.core.model import Cause, Kind, State
from connector.store import counting, marks, unsettled
from connector.store.counting import Census
from connector.store.keys import newest_of_record
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)


@dataclass(frozen=True, slots=True)
class Books:
    """The sum of promise 1 for one kind: `current + settling + refused_secret + excluded == source + unseen`.

    settling: new rows of a source without snapshots that wait for their second reading.

    source: rows that the last finished sweep saw; unseen: keys that it did not see. A key that became secret is
    counted under refused_secret alone."""

    kind: Kind
    source: int
    selected: int
    current: int
    refused_secret: int
    excluded: int
    unseen: int
    unexplained: int
    keyless: int
    settling: int = 0

    @property
    def balanced(self) -> bool:
        """Whether every source record is accounted for."""
        accounted = self.current + self.settling + self.refused_secret + self.excluded
        return accounted == self.source + self.unseen and not self.unexplained


_UNSEEN_SECRETS = (
    select(func.count())
    .select_from(_delivery)
    .join(_record, newest_of_record())
    .where(
        _delivery.c.agency == bindparam("agency"),
        _delivery.c.kind == bindparam("kind"),
        _delivery.c.state == State.NOT_SENT,
        _delivery.c.cause == Cause.BECAME_SECRET,
        counting.IS_LISTED,
        func.coalesce(
            ~or_(_record.c.seen_sweep == bindparam("last"), _record.c.seen_before == bindparam("last")), True
        ),
    )
)


def of(connection: Connection, agency: str, kind: Kind, taken: Census | None = None) -> Books:
    """Return the sum of promise 1 for one kind, as of its last finished sweep.

    taken: the census of this reading, if there is one already."""
    sweep = marks.last_sweep(connection, agency, kind)
    last = sweep.id if sweep else 0
    taken = taken or counting.census(connection, agency)
    given = {"agency": agency, "kind": kind, "last": last}
    became_secret = int(connection.execute(_UNSEEN_SECRETS, given).scalar_one())
    unseen = sum(one.records for one in taken.seen[kind] if last not in (one.sweep, one.before))
    return Books(
        kind=kind,
        source=sweep.universe if sweep else 0,
        selected=sweep.selected if sweep else 0,
        current=taken.records(kind) - became_secret,
        refused_secret=sweep.refused_secret if sweep else 0,
        excluded=sum(sweep.excluded.values()) if sweep else 0,
        unseen=unseen - became_secret,
        unexplained=sweep.unexplained if sweep else 0,
        keyless=sweep.keyless if sweep else 0,
        settling=unsettled.new_keys(connection, agency, kind),
    )


def refused_secret(connection: Connection, agency: str, kind: Kind) -> int:
    """Return how many rows the last finished sweep only counted, because they are marked as secret."""
    sweep = marks.last_sweep(connection, agency, kind)
    return int(sweep.refused_secret) if sweep else 0


def excluded_by_reason(connection: Connection, agency: str, kind: Kind) -> dict[str, int]:
    """Return how many rows the last finished sweep left out, by the mapping's reasons."""
    sweep = marks.last_sweep(connection, agency, kind)
    return dict(sweep.excluded) if sweep else {}


def sent_versions(connection: Connection, agency: str) -> dict[tuple[str, str, int], str]:
    """Return (kind, local_id, version) -> state of every version that was ever claimed for sending, or is there.

    One that was taken over from the national list was sent by a ledger that forgot it."""
    rows = connection.execute(
        select(_delivery.c.kind, _delivery.c.local_id, _delivery.c.version, _delivery.c.state).where(
            _delivery.c.agency == agency,
            or_(_delivery.c.last_sent_at.is_not(None), _delivery.c.state == State.DELIVERED),
        )
    )
    return {(row.kind, row.local_id, row.version): row.state for row in rows}
