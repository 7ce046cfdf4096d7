"""Counts and lists as they were made before there were indexes for them: by looking at every record."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, func, literal, or_

from connector.core.model import KINDS, Kind
from connector.store import standing, tombstones
from connector.store.standing import current, is_exposed
from tests.store.ledger import DELIVERY, RECORD


def counts(connection: Connection, agency: str) -> dict[Kind, dict[str, int]]:
    state = standing.standing().label("state")
    rows = connection.execute(
        current(DELIVERY.c.kind, state, func.count()).where(RECORD.c.agency == agency).group_by(DELIVERY.c.kind, state)
    )
    found: dict[Kind, dict[str, int]] = {kind: {} for kind in KINDS}
    for kind, name, count in rows:
        found[Kind(kind)][name] = count
    return found


def causes(connection: Connection, agency: str) -> dict[tuple[str, str], int]:
    found: Counter[tuple[str, str]] = Counter()
    for table in (DELIVERY, standing._active):
        rows = connection.execute(
            current(table.c.state, table.c.cause, func.count())
            .where(RECORD.c.agency == agency, table.c.cause.is_not(None))
            .group_by(table.c.state, table.c.cause)
        )
        found.update({(state, cause): count for state, cause, count in rows})
    return dict(found)


def exposed(connection: Connection, agency: str) -> int:
    found = current(func.count()).where(RECORD.c.agency == agency, is_exposed())
    return int(connection.execute(found).scalar_one())


def returned_as(connection: Connection, agency: str, status: str) -> int:
    found = current(func.count()).where(
        RECORD.c.agency == agency, standing.is_returned(), standing._status.c.status == status
    )
    return int(connection.execute(found).scalar_one())


def lines(connection: Connection, agency: str, state: str | None, kind: Kind | None = None) -> list[standing.Line]:
    wanted = [RECORD.c.agency == agency]
    if state == standing.RETURNED:
        wanted.append(standing.is_returned())
    elif state == standing.EXPOSED:
        wanted.append(is_exposed())
    elif state == standing.GONE:
        wanted.append(tombstones.is_gone())
    elif state is not None:
        wanted.append(or_(DELIVERY.c.state == state, standing.standing() == state))
    if kind is not None:
        wanted.append(RECORD.c.kind == kind)
    stands = standing.standing() if state in (None, standing.EXPOSED, standing.GONE) else literal(state)
    rows = connection.execute(current(*standing.LINE_COLUMNS, stands.label("stands")).where(*wanted))
    return [standing.line_of(row) for row in rows]
