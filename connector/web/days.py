"""Days that somebody typed into a form, as instants of Vietnam.

May import: telling.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from connector.errors import DataError
from connector.telling import naming
from connector.telling.words import HERE


def beginning(day: str) -> datetime | None:
    """Return the first instant of a day, None where none was typed. Raises DataError for what is no day."""
    return datetime.combine(naming.day_named(day), time(), HERE) if day else None


def end(day: str) -> datetime | None:
    """Return the first instant after a day, None where none was typed. Raises DataError for what is no day."""
    return datetime.combine(naming.day_named(day) + timedelta(days=1), time(), HERE) if day else None


def as_typed(day: str) -> str:
    """Return a day as a field of a form shows it, dd/MM/yyyy; what is no day, as it was typed."""
    try:
        return naming.day_named(day).strftime("%d/%m/%Y") if day else ""
    except DataError:
        return day
