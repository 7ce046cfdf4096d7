"""What happened day by day, for charts. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, select

from connector.store.tables import DayCount, table_of

_day = table_of(DayCount)

MOST_DAYS = 3_660
"""Ten years: a longer stretch is refused."""


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day of Vietnam: how many versions were recorded, received by the nation, refused by it."""

    day: date
    recorded: int = 0
    received: int = 0
    rejected: int = 0


def per_day(connection: Connection, agency: str, first_day: date, last_day: date) -> list[Day]:
    """Return every day from the first to the last, also those on which nothing happened; none if the last is before the
    first. Raises ValueError for more than MOST_DAYS."""
    length = (last_day - first_day).days + 1
    if length > MOST_DAYS:
        raise ValueError(f"more than {MOST_DAYS} days")
    where = (_day.c.agency == agency, _day.c.day >= first_day.isoformat(), _day.c.day <= last_day.isoformat())
    rows = connection.execute(select(_day.c.day, _day.c.recorded, _day.c.received, _day.c.rejected).where(*where))
    found = {row.day: Day(date.fromisoformat(row.day), row.recorded, row.received, row.rejected) for row in rows}
    days = (first_day + timedelta(days=number) for number in range(length))
    return [found.get(day.isoformat(), Day(day)) for day in days]
