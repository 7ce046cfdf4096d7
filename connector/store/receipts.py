"""Receipts: what the nation said when it settled a delivery, as evidence that can be shown.

A receipt is written in the transaction of the settling entry, which names it by its SHA-256; so the chain holds it too.
Its facts are of class C1, with keyed commitments in place of digests; the bytes of the answer lie beside them, where
they hold nothing personal. Nothing here is ever changed or erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, insert, select

from connector.core import chain
from connector.core.model import Answered, RecordKey
from connector.core.model import Receipt as Said
from connector.store.db import Tx
from connector.store.keys import of_key
from connector.store.reasons import Commit
from connector.store.settling import InLedger
from connector.store.tables import Receipt, table_of

FORMAT = 1

_receipt = table_of(Receipt)
_KEEP = insert(_receipt).prefix_with("OR IGNORE", dialect="sqlite")  # twice the same is one receipt


def made(
    tx: Tx, standing: InLedger, said: Said, generation: int, http_status: int | None, answered: Answered | None
) -> dict[str, Any]:
    """Return the row of a receipt; its `sha256` belongs into the entry that settles the delivery."""
    agency, server_date = standing.key.agency, answered.server_date if answered else None
    facts = {
        "format": FORMAT,
        "agency": agency,
        "kind": standing.key.kind,
        "local_id": standing.key.local_id,
        "version": standing.version,
        "operation": standing.operation,
        "generation": generation,
        "at": tx.now.isoformat(),
        "national_id": said.national_id,
        "national_version": said.version,
        "echo": tx.commitment(agency, said.digest.encode()),
        "status": said.status,
        "received_at": said.received_at.isoformat() if said.received_at else "",
        "http_status": http_status,
        "server_date": server_date.isoformat() if server_date else "",
        "transaction": answered.transaction if answered else "",
        "answer": commitment_of(tx, agency, answered),
    }
    text = chain.canonical(facts)
    return {
        "agency": agency,
        "sha256": chain.digest(text),
        "kind": standing.key.kind,
        "local_id": standing.key.local_id,
        "echoed": said.digest,
        "facts": text.decode(),
        "answer": (answered.body or None) if answered else None,
    }


def commitment_of(tx: Tx, agency: str, answered: Answered | None) -> str:
    """Return the agency's keyed commitment to an answer, as entries and receipts hold it."""
    return tx.commitment(agency, (answered.digest if answered else "").encode())


def keep(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Write receipts down, in the transaction of the entries that name them."""
    if rows:
        tx.connection.execute(_KEEP, list(rows))


def lines(connection: Connection, agency: str, commit: Commit | None = None) -> Iterator[tuple[str, str]]:
    """Yield the hash and the canonical text of every receipt of an agency, in the order of their hashes.

    With `commit` (`Store.commitment`) the text is "" where what lies beside it, key, digest or answer, is not what it
    commits to."""
    for row in connection.execute(select(_receipt).where(_receipt.c.agency == agency).order_by(_receipt.c.sha256)):
        yield row.sha256, row.facts if commit is None or _fits(row, commit) else ""


def _fits(row: Any, commit: Commit) -> bool:
    try:
        facts = orjson.loads(row.facts)
        key, echo = (facts["agency"], facts["kind"], facts["local_id"]), commit(row.agency, row.echoed.encode())
        answer = facts["answer"] if row.answer is None else commit(row.agency, chain.digest(row.answer).encode())
    except (ValueError, KeyError, TypeError):
        return False
    return (key, echo, answer) == ((row.agency, row.kind, row.local_id), facts["echo"], facts["answer"])


def of_record(connection: Connection, key: RecordKey) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the facts of the receipts of one key, oldest first, each with its `sha256`; and the hashes under which
    something else stands than was written there. Uses ix_receipt_key."""
    good, bad = [], []
    for row in connection.execute(select(_receipt).where(*of_key(_receipt, key))):
        if chain.digest(row.facts.encode()) == row.sha256:
            good.append(orjson.loads(row.facts) | {"sha256": row.sha256})
        else:
            bad.append(str(row.sha256))
    return sorted(good, key=lambda facts: str(facts["at"])), bad
