"""The national ids that a delivery travels with: of the case and of the decision it hangs on, and its own.

Only receipts of the present ledger generation count: another national side knows nothing of older ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, FromClause, and_, select

from connector.core.model import Delivery, Kind, Refs
from connector.store.keys import chunks
from connector.store.tables import Delivery as DeliveryRow
from connector.store.tables import Record, table_of

_delivery = table_of(DeliveryRow)
_record = table_of(Record)

DEPTH = 3
"""The longest way up to a petition: enforcement, decision, acceptance, petition."""


def with_refs(connection: Connection, generation: int, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries with their refs filled in, in the same order. One query per 500 of them, by keys."""
    found: dict[int, Refs] = {}
    for chunk in chunks(deliveries, 500):
        rows = connection.execute(_REFS.where(_delivery.c.id.in_([delivery.id for delivery in chunk])))
        found |= {row["id"]: _refs_of(row, generation) for row in rows.mappings()}
    return [replace(delivery, refs=found[delivery.id]) for delivery in deliveries]


def own_id(national_id: str | None, receipt_generation: int | None, generation: int) -> str:
    """Return a record's national id, "" unless its receipt is of this generation."""
    return (national_id or "") if receipt_generation == generation else ""


def _refs_of(row: Any, generation: int) -> Refs:
    above: dict[str, str] = {}
    for step in range(1, DEPTH + 1):
        kind, national_id, receipt = row[f"kind_{step}"], row[f"national_id_{step}"], row[f"generation_{step}"]
        if kind is not None:
            above.setdefault(kind, own_id(national_id, receipt, generation))
    own = own_id(row["national_id_0"], row["generation_0"], generation)
    return Refs(case=above.get(Kind.PETITION, ""), decision=above.get(Kind.DECISION, ""), own=own)


def _chain() -> Any:
    """Build the statement: a delivery, its record, and the records above it by their parent keys."""
    own = _record.alias("own")
    joined: FromClause = _delivery.outerjoin(own, _is(own, _delivery.c.kind, _delivery.c.local_id))
    columns = [_delivery.c.id, own.c.national_id.label("national_id_0"), own.c.receipt_generation.label("generation_0")]
    below: Any = _delivery
    for step in range(1, DEPTH + 1):
        above = _record.alias(f"above_{step}")
        joined = joined.outerjoin(above, _is(above, below.c.parent_kind, below.c.parent_local_id))
        columns += [
            below.c.parent_kind.label(f"kind_{step}"),
            above.c.national_id.label(f"national_id_{step}"),
            above.c.receipt_generation.label(f"generation_{step}"),
        ]
        below = above
    return select(*columns).select_from(joined)


def _is(record: Any, kind: Any, local_id: Any) -> Any:
    return and_(record.c.agency == _delivery.c.agency, record.c.kind == kind, record.c.local_id == local_id)


_REFS = _chain()
