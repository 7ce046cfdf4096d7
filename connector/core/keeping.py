"""How long what is kept here stays: months counted as people count them.

May import: the standard library.
"""

from __future__ import annotations

import calendar
from datetime import datetime


def months_after(at: datetime, months: int) -> datetime:
    """Return the same moment so many months later (earlier, if negative); the last day of the month where it has no
    such day."""
    count = at.year * 12 + at.month - 1 + months
    year, month = count // 12, count % 12 + 1
    day = min(at.day, calendar.monthrange(year, month)[1])
    return at.replace(year=year, month=month, day=day)
