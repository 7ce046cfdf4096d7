"""What the ledgers of other agencies hold under the same local ids: for agencies whose rows lie in one database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from connector.core.model import Kind
from connector.store import tombstones
from connector.store.keys import chunks
from connector.store.tables import Record, table_of

_record = table_of(Record)


def holding(
    connection: Connection, agencies: Sequence[str], kind: Kind, local_ids: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Return agency, local id and range value of those of these ids that an agency has in its ledger, is not rid of,
    and can read again. By primary key, a chunk of ids and one agency at a time."""
    found = []
    for agency in agencies:
        for chunk in chunks(local_ids, 500):
            rows = connection.execute(
                select(_record.c.local_id, _record.c.range_value)
                .where(_record.c.agency == agency, _record.c.kind == kind, _record.c.local_id.in_(chunk))
                .where(~tombstones.is_gone())
            )
            found += [(agency, row.local_id, row.range_value) for row in rows if row.range_value]
    return found
