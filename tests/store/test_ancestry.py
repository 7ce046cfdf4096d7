"""What hangs on what: asked of every claim, so it must cost a few steps along keys, and never a walk over a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import event, select

from connector.core.model import Kind, RecordKey
from connector.store import ancestry
from tests.store.ledger import AGENCY, DELIVERY, Ledger, key_of, reading

CHAIN = (Kind.RECEPTION, Kind.PETITION, Kind.ACCEPTANCE, Kind.DECISION, Kind.ENFORCEMENT)


def family(ledger: Ledger, number: int) -> list[RecordKey]:
    """Record one paper of each kind, each hanging on the one before."""
    keys = [key_of(number, kind) for kind in CHAIN]
    for key, parent in zip(keys, [None, *keys], strict=False):
        ledger.record(reading(key, "A", parent))
    return keys


def ids_of(ledger: Ledger, *keys: RecordKey) -> list[int]:
    with ledger.store.read() as connection:
        rows = connection.execute(select(DELIVERY.c.id, DELIVERY.c.kind, DELIVERY.c.local_id)).all()
    return [row.id for row in rows if RecordKey(AGENCY, Kind(row.kind), row.local_id) in keys]


def concealed(key: RecordKey) -> Any:
    one = reading(key, "B")
    assert one.document is not None
    return replace(one, document=replace(one.document, concealed=True))


def test_a_concealed_paper_overtakes_all_that_hangs_on_it_in_clear_and_nothing_else(ledger: Ledger) -> None:
    first, other = family(ledger, 1), family(ledger, 2)
    ledger.record(concealed(first[0]))
    with ledger.store.read() as connection:
        found = ancestry.overtaken(connection, AGENCY, ids_of(ledger, *first, *other))
    assert found == set(ids_of(ledger, *first[1:]))


def test_everything_below_a_paper_is_found_nearest_first(ledger: Ledger) -> None:
    keys = family(ledger, 1)
    family(ledger, 2)
    with ledger.store.read() as connection:
        assert ancestry.descendants(connection, AGENCY, keys[1:2]) == keys[2:]
        assert ancestry.descendants(connection, AGENCY, keys[:2]) == keys[2:]


def test_asking_what_is_overtaken_searches_by_keys_alone(ledger: Ledger) -> None:
    """SQLite once began at the table of records: a claim of two hundred took a fifth of a second."""
    keys = family(ledger, 1)
    asked: list[tuple[str, Any]] = []
    with ledger.store.read() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: asked.append((sql, values))
        )
        ancestry.overtaken(connection, AGENCY, ids_of(ledger, *keys))
        sql, values = asked[0]
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    tables = [step for step in plan if " record " in step or " delivery " in step]
    assert len(tables) == 4
    assert all("(rowid=?)" in step or "agency=? AND kind=? AND local_id=?" in step for step in tables), plan
