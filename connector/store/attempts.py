"""What was tried in vain at the console's door: by account and by address, known or not.

After a few failures in a row nobody is let in for a while under that name, or from that address, and for twice as long
after each further one. A name that is no account's is treated in the same way, so that the wait tells nothing.
May import: accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from connector.store.accounts import attempt

FORGOTTEN_AFTER = timedelta(hours=24)
MOST_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """How many failures in a row are borne, and how long nobody is let in after the next."""

    failures: int
    first: timedelta
    longest: timedelta

    def wait_after(self, failures: int) -> timedelta:
        """Return for how long nobody is let in after so many failures; nothing while they are borne."""
        beyond = failures - self.failures
        return timedelta(0) if beyond < 0 else min(self.first * 2 ** min(beyond, 20), self.longest)


OF_ACCOUNT = Patience(5, timedelta(minutes=1), timedelta(hours=1))
OF_ADDRESS = Patience(20, timedelta(minutes=1), timedelta(hours=1))


def patience_with(who: str) -> Patience:
    """Return how much is borne of `account:…` or `address:…`: several people may share an address."""
    return OF_ACCOUNT if who.startswith("account:") else OF_ADDRESS


def locked_until(connection: Connection, who: str, now: datetime) -> datetime | None:
    """Return until when nobody is let in so, None if somebody may try now."""
    until = connection.execute(select(attempt.c.until).where(attempt.c.who == who, attempt.c.until > now)).scalar()
    return until if isinstance(until, datetime) else None


def failed(connection: Connection, who: str, now: datetime) -> bool:
    """Note one more failure; return whether nobody is let in for a while from now on."""
    connection.execute(delete(attempt).where(attempt.c.last_at < now - FORGOTTEN_AFTER))
    failures = int(connection.execute(select(attempt.c.failures).where(attempt.c.who == who)).scalar() or 0) + 1
    wait = patience_with(who).wait_after(failures)
    values = {"failures": failures, "last_at": now, "until": now + wait if wait else None}
    if failures > 1:
        connection.execute(update(attempt).where(attempt.c.who == who).values(values))
    else:
        _make_room(connection)
        connection.execute(insert(attempt).values(who=who, **values))
    return bool(wait)


def succeeded(connection: Connection, who: str) -> None:
    """Forget the failures: they were not in a row."""
    connection.execute(delete(attempt).where(attempt.c.who == who))


def _make_room(connection: Connection) -> None:
    """Whoever tries a million names must not fill the disk: the oldest names are forgotten first."""
    if connection.execute(select(func.count()).select_from(attempt)).scalar_one() >= MOST_ROWS:
        oldest = select(attempt.c.who).order_by(attempt.c.last_at).limit(MOST_ROWS // 10)
        connection.execute(delete(attempt).where(attempt.c.who.in_(oldest)))
