"""What a big store holds beside records and log: words to find records by, records that are gone, comparisons.

May import: store.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from connector.core.accord import Accord
from connector.core.model import KINDS
from connector.store import finding
from connector.store.db import Store
from connector.store.tables import Delivery, ReconcileItem, Reconciliation, Record, Tombstone, table_of

SURNAMES = ("nguyen", "tran", "le", "pham", "hoang", "phan", "vu", "dang", "bui", "do")
MIDDLES = ("van", "thi", "huu", "duc", "gia", "minh", "thanh", "quoc")
GIVEN = ("an", "binh", "bao", "chi", "dung", "giang", "ha", "hoa", "kim", "lan", "mai", "nam", "phuc", "son", "tam")
GONE_SHARE = 0.004
"""Of what the nation has received: gone from its source, and no longer asked about by a sweep."""

RUNS, ITEMS = 10, 20_000
"""So many comparisons are kept, the newest with so many findings."""

ROWS = 20_000

_delivery = table_of(Delivery)
_record = table_of(Record)


def lay(store: Store, agency: str, seed: int, until: datetime) -> None:
    """Write all of it for one agency. Of a version whose text is erased there are no words, as in any store."""
    draw = random.Random(f"{seed}/{agency}/beside")  # noqa: S311  figures of a benchmark, no secret
    with store.read() as connection:
        words = list(_words(connection, agency, draw))
        gone = _received(connection, agency, draw)
    for at in range(0, len(words), ROWS):
        with store.write() as tx:
            finding.keep(tx, finding.Words(words[at : at + ROWS]))
    values = {"agency": agency, "sweep": 1, "gone_at": until, "decision": "keep"}
    with store.write() as tx:
        tx.connection.execute(
            insert(table_of(Tombstone)), [{**values, "kind": kind, "local_id": local_id} for kind, local_id in gone]
        )
        for _ in range(RUNS):
            _compared(tx.connection, agency, until, gone, draw)


def _words(connection: Connection, agency: str, draw: random.Random) -> Iterator[tuple[int, int, str, str]]:
    """Yield a number and two names for each newest version in clear that has its text."""
    newest = (
        _record.c.agency == _delivery.c.agency,
        _record.c.kind == _delivery.c.kind,
        _record.c.local_id == _delivery.c.local_id,
        _record.c.version == _delivery.c.version,
    )
    where = (_delivery.c.agency == agency, _delivery.c.body.is_not(None), _delivery.c.concealed.is_(False))
    for number, row in enumerate(connection.execute(select(_delivery.c.id).where(*where, *newest)), start=1):
        yield row.id, 0, f"#{number}/qđ-ubnd", agency
        for item in (1, 2):
            for word in {draw.choice(SURNAMES), draw.choice(MIDDLES), draw.choice(GIVEN)}:
                yield row.id, item, word, agency


def _received(connection: Connection, agency: str, draw: random.Random) -> list[tuple[str, str]]:
    found = select(_record.c.kind, _record.c.local_id).where(
        _record.c.agency == agency, _record.c.receipt_version.is_not(None)
    )
    return [(row.kind, row.local_id) for row in connection.execute(found) if draw.random() < GONE_SHARE]


def _compared(
    connection: Connection, agency: str, at: datetime, keys: Sequence[tuple[str, str]], draw: random.Random
) -> None:
    findings = [one for one in Accord if one is not Accord.AGREES]
    items = [(*draw.choice(keys), draw.choice(findings)) for _ in range(ITEMS)]
    counts: dict[str, dict[str, int]] = {str(kind): {str(Accord.AGREES): 100_000} for kind in KINDS}
    for kind, _, accord in items:
        counts[kind][str(accord)] = counts[kind].get(str(accord), 0) + 1
    run: dict[str, Any] = {"agency": agency, "by": "lan", "started_at": at, "finished_at": at, "counts": counts}
    number = connection.execute(insert(table_of(Reconciliation)).values(run)).inserted_primary_key[0]
    told = {"run": number, "agency": agency, "how": "", "fix": "person", "version": 1, "state": "delivered"}
    connection.execute(
        insert(table_of(ReconcileItem)),
        [{**told, "kind": kind, "local_id": local_id, "finding": str(accord)} for kind, local_id, accord in items],
    )
