"""Whether the audit log and the ledger tell the same story: what the auditor's chain cannot show by itself.

A change of the ledger and its entry are one transaction, so every version's newest entry names the state that the
ledger shows. A row without entries, an entry without a row, or another state mean that somebody wrote past the log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, select

from connector.store import audit
from connector.store.tables import Delivery, table_of

_delivery = table_of(Delivery)

_Version = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many versions were compared and how many sendings the log knows; then the three ways to disagree."""

    versions: int
    sendings: int
    without_entry: int
    without_row: int
    other_state: int

    @property
    def faults(self) -> int:
        """How many versions disagree."""
        return self.without_entry + self.without_row + self.other_state


def compare(connection: Connection, agency: str) -> Agreement:
    """Return how ledger and log of an agency agree, from one consistent reading. Entries must be readable."""
    told: dict[_Version, str] = {}
    sendings = 0
    for entry in audit.entries(connection, agency):
        fields = orjson.loads(entry.content)
        event, kind, local_id, version, facts = fields[5], fields[9], fields[10], fields[11], fields[12]
        sendings += event == "delivery.claimed"
        if kind and version and "state" in facts:
            told[(kind, local_id, version)] = facts["state"]
    held: dict[_Version, str] = {
        (kind, local_id, version): state for kind, local_id, version, state in versions(connection, agency)
    }
    return Agreement(
        versions=len(held),
        sendings=sendings,
        without_entry=len(held.keys() - told.keys()),
        without_row=len(told.keys() - held.keys()),
        other_state=sum(told[version] != held[version] for version in told.keys() & held.keys()),
    )


def versions(connection: Connection, agency: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield kind, local id, version and state of every version in the ledger."""
    columns = (_delivery.c.kind, _delivery.c.local_id, _delivery.c.version, _delivery.c.state)
    for row in connection.execute(select(*columns).where(_delivery.c.agency == agency)):
        yield row.kind, row.local_id, row.version, row.state
