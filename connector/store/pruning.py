"""The maintenance transaction in which a prefix of an agency's log goes, and the entry that says so stays.

What may go has been exported and verified by then (stages/prune.py). This is the one place that lifts the trigger which
refuses DELETE, and it puts it back in the same transaction: if the process dies, nothing of it has happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.dialects.sqlite import insert as upsert

from connector.core.chain import Head
from connector.core.model import Actor, Event
from connector.errors import TamperError
from connector.store import audit, holds, pruned
from connector.store.db import NEVER_DELETED, Tx
from connector.store.tables import AuditEntry, PrunedVersion, Reason, table_of
from connector.verifier import PRUNED

_audit = table_of(AuditEntry)
_reason = table_of(Reason)
_version = table_of(PrunedVersion)

Version = tuple[str, str, int]

_ROWS = 10_000
"""So many are written at a time: a ledger may have millions, and each is some hundred bytes on its way."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What goes: everything after `begins` up to `through`; the states that those entries told last, the receipts that
    they named (hash -> version), and the digest of the export that holds them."""

    begins: Head
    through: Head
    told: Mapping[Version, str]
    receipts: Mapping[str, Version]
    export_digest: str

    @property
    def entries(self) -> int:
        """How many entries go."""
        return self.through.seq - self.begins.seq


def prune(tx: Tx, prefix: Prefix, actor: Actor, reason: str) -> bool:
    """Take the prefix out, with the words of the reasons that its entries commit to, and append `audit.pruned`.

    False, and nothing is changed, if the log no longer begins or holds what the prefix was made of, or a case was held
    meanwhile that it speaks of. Raises TamperError, and changes nothing, if what is kept of earlier prunes is not what
    their entry says: the new entry would vouch for it."""
    agency, through = prefix.through.agency, prefix.through
    at_place = audit.hashes_at(tx.connection, agency, [through.seq])
    if pruned.first(tx.connection, agency) != prefix.begins or at_place != {through.seq: through.hash}:
        return False
    if 0 < holds.first_entry(tx.connection, agency) <= through.seq:
        return False
    _check_kept(tx, agency)
    carried = _carried(tx, agency, through.seq)
    _keep_told(tx, prefix)
    tx.connection.execute(text("DROP TRIGGER IF EXISTS audit_entry_is_never_deleted"))
    tx.connection.execute(delete(_audit).where(_audit.c.agency == agency, _audit.c.seq <= through.seq))
    tx.connection.execute(text(NEVER_DELETED))
    tx.connection.execute(delete(_reason).where(_reason.c.agency == agency, _reason.c.seq <= through.seq))
    facts = {
        "through_seq": through.seq,
        "through_hash": through.hash,
        "export_digest": prefix.export_digest,
        "count": prefix.entries,
        "versions": len(prefix.told),
        "told": pruned.told_digest(tx.connection, agency),
        **carried,
    }
    tx.audit_with_reason(Event(PRUNED, agency, actor, tx.now, facts=facts), reason)
    return True


def _check_kept(tx: Tx, agency: str) -> None:
    """Before the first prune nothing is kept: whatever lies there then is nobody's, and goes."""
    gone = pruned.standing(tx.connection, agency)
    if gone is None:
        tx.connection.execute(delete(_version).where(_version.c.agency == agency))
    elif pruned.told_digest(tx.connection, agency) != gone.told:
        raise TamperError("E-AUDIT-PRUNED", agency=agency, seq=gone.seq)


def _carried(tx: Tx, agency: str, through: int) -> dict[str, Any]:
    """What the pruned entries say about keys and lost tails, those of earlier prunes included: checkpoints of what
    stays are judged by it."""
    keys = audit.key_events(tx.connection, agency)
    lost = audit.acceptances_at(tx.connection, agency)
    return {
        "keys": [[seq, name, dict(facts)] for seq, name, facts in keys if seq <= through],
        "lost": [[seq, head.seq, head.hash, at] for seq, head, at in lost if seq <= through],
    }


def _keep_told(tx: Tx, prefix: Prefix) -> None:
    named: dict[Version, str] = {}
    for hash_, version in prefix.receipts.items():
        named[version] = named.get(version, "") + hash_
    agency, told = prefix.through.agency, iter(prefix.told.items())
    newer = upsert(_version)
    both = {"state": newer.excluded.state, "receipts": _version.c.receipts + newer.excluded.receipts}
    merged = newer.on_conflict_do_update(index_elements=_version.primary_key, set_=both)
    while part := list(islice(told, _ROWS)):
        rows: list[dict[str, Any]] = [
            {"agency": agency, "kind": kind, "local_id": local_id, "version": version, "state": state}
            | {"receipts": named.get((kind, local_id, version), "")}
            for (kind, local_id, version), state in part
        ]
        tx.connection.execute(merged, rows)
