"""The console's own entries in the log: who came in, who was turned away, who saw what unmasked, what was changed.

Its connection can add to the log and do nothing else (`db.Right.APPEND`). An entry about a record is written before
the page that shows it is sent.
May import: core, store, logs, errors.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

from connector.core.model import Actor, Event, RecordKey
from connector.errors import RolledBackError
from connector.logs import get_logger
from connector.store import audit
from connector.store.db import Store

TRIGGER = "console"


def visitor(name: str, *, known: bool = True) -> Actor:
    """Return whom an entry names for an account; known: whether it has shown who it is."""
    return Actor(name, TRIGGER, authenticated=known)


class Notes:
    """Adds entries. Threads may share it; one at a time writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = threading.Lock()

    def of_account(self, event: str, actor: Actor, agencies: Iterable[str], **facts: Any) -> None:
        """Note something that is about an account and no record, in the log of each agency that it concerns.

        A log that takes no entry keeps nobody out: agencies without a ledger yet, and those whose store went back in
        time, are passed over."""
        with self._store.read() as connection:
            begun = set(audit.agencies(connection))
        for agency in agencies:
            if agency in begun:
                try:
                    self._add(Event(event, agency, actor, self._store.now(), facts=facts))
                except RolledBackError as error:
                    get_logger().warning("console.unnoted", agency=agency, error_id=error.id)

    def of_record(self, event: str, name: str, key: RecordKey, reason: str, **facts: Any) -> None:
        """Note that somebody saw a record unmasked, and why. Raises StoreError, LockedError, DiskError: then it must
        not be shown."""
        told = Event(event, key.agency, visitor(name), self._store.now(), key, facts=facts)
        self._add(told, reason)

    def of_agency(self, event: str, name: str, agency: str, reason: str = "", **facts: Any) -> None:
        """Note what somebody did with many records of an agency: a search by name, an export. Raises as `of_record`."""
        told = Event(event, agency, visitor(name), self._store.now(), facts=facts)
        self._add(told, reason)

    def commitment(self, agency: str, text: str) -> str:
        """Return what an entry may hold of a text: the agency's keyed commitment to it."""
        return self._store.commitment(agency, text.encode())

    def _add(self, told: Event, reason: str = "") -> None:
        with self._turn, self._store.write() as tx:
            if reason:
                tx.audit_with_reason(told, reason)
            else:
                tx.audit(told)
        # If the process dies here, the log says more was seen than was: the page had not been sent.
