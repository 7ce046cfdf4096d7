"""Terms: of all runs that ever held the stage lock, only the newest writes.

The operating system's lock keeps two runs apart, unless somebody deletes its file, or the folder is shared by machines
that do not tell each other of locks. Then a run that was stopped, by SIGSTOP or with its whole machine, may wake up
while another one has taken over. Its number is no longer the newest, and that is read inside each of its writes.
A person's order is no run: it takes no term and is never refused for one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from connector.errors import LockLostError
from connector.store.tables import Term, table_of

_term = table_of(Term)
_NEWEST = select(_term.c.number)


def newest(connection: Connection) -> int:
    """Return the number of the newest run, 0 if there has been none."""
    return connection.execute(_NEWEST).scalar() or 0


def take(connection: Connection, now: datetime) -> int:
    """Return the next number, which is now the newest. Inside a write transaction: no two runs get the same.

    If the process dies after the commit, the number is not used: the next run takes another."""
    number = newest(connection) + 1
    if number == 1:
        connection.execute(insert(_term).values(id=1, number=number, taken_at=now))
    else:
        connection.execute(update(_term).values(number=number, taken_at=now))
    return number


def check(connection: Connection, number: int) -> None:
    """Raise LockLostError if a newer run has taken over. Inside the write transaction of the older one: as long as it
    holds the store's write lock, no term can begin."""
    found = newest(connection)
    if found != number:
        raise LockLostError("E-LOCK-LOST", term=number, newest=found)
