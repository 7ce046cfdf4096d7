"""Values unmasked: for an auditor who gave a reason, of one record, for a quarter of an hour, each view in the log.

    unmasked = reveal.shown(visit, key)      # before the page is made; writes `console.shown` if it says True
    {{ ui.reveal_button(key) }}              # in a template: leads to the page that asks for the reason

May import: visit, store.
"""

from __future__ import annotations

from datetime import timedelta

from connector.core.model import RecordKey
from connector.store import sessions
from connector.store.accounts import Role
from connector.store.sessions import Granted
from connector.web.visit import Visit

LASTS = timedelta(minutes=15)
SHORTEST_REASON, LONGEST_REASON = 10, 500


def is_granted(visit: Visit, key: RecordKey) -> Granted | None:
    """Return what this visit may see of a record unmasked, and why; None if nothing. Nothing is noted by asking."""
    if visit.visitor.role is not Role.AUDITOR:
        return None
    with visit.hall.accounts.work() as connection:
        return sessions.granted(connection, visit.visitor.token, key, visit.now)


def shown(visit: Visit, key: RecordKey, what: str = "record") -> bool:
    """Return whether a page may show a record unmasked, after its entry in the log is written. `what`: which part.

    Raises StoreError, LockedError or DiskError where the entry cannot be written: nothing is shown then."""
    granted = is_granted(visit, key)
    if granted is None:
        return False
    visit.hall.notes.of_record("console.shown", visit.visitor.name, key, granted.reason, what=what)
    return True


def grant(visit: Visit, key: RecordKey, reason: str) -> None:
    """Let this visit see one record unmasked for a while."""
    with visit.hall.accounts.work() as connection:
        sessions.allow(connection, visit.visitor.token, key, reason, visit.now + LASTS)
