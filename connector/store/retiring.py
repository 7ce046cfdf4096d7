"""Retiring texts whose time is over: sealing them to the auditor's key, erasing them for good.

The text goes, with the words it is found by; key, state, digest, commitment and receipts stay, and `retired_body` says
when it went. It is put back where somebody asks for the record again and its row still makes the same document
(`records.rebuild`). Every function writes its audit entries in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import insert, update

from connector.core import chain, sealing
from connector.core.model import Actor, Event, Kind
from connector.core.schema import FieldInfo
from connector.core.sealing import AuditorKey
from connector.core.secrecy import open_part
from connector.store import erasure
from connector.store.db import Tx
from connector.store.retired import ERASED, SEALED, Clear, Sealed
from connector.store.tables import Delivery, RetiredBody, table_of

_delivery = table_of(Delivery)
_retired = table_of(RetiredBody)

AFTER_ACCEPTANCE, AFTER_CLOSING = "after_acceptance", "after_closing"
"""By which rule a text went: so many days after it was accepted or superseded; so many months after its case was
closed."""


Fields = Mapping[Kind, Mapping[str, FieldInfo]]
"""The fields of each kind's documents: those of class C1 stay."""


def seal(tx: Tx, texts: Sequence[Clear], auditor: AuditorKey, fields: Fields, actor: Actor) -> None:
    """Seal texts to the auditor's key, each bound to its record, version and commitment. What is here afterwards can be
    opened by whoever holds the private key, and not by this machine."""
    erasure.overwrite_freed(tx)
    for one in texts:
        commitment = tx.commitment(one.key.agency, one.body)
        closed = sealing.seal(auditor, one.body, one.key, one.version, commitment)
        _retire(
            tx, one, fields, {"commitment": commitment, "sealed_at": tx.now, "key_id": auditor.id, "sealed": closed}
        )
        facts = {
            "rule": AFTER_ACCEPTANCE,
            "commitment": commitment,
            "key": auditor.id,
            "sealed": chain.digest(closed),
        }
        tx.audit(Event(SEALED, one.key.agency, actor, tx.now, one.key, one.version, facts))


def erase(tx: Tx, texts: Sequence[Clear], fields: Fields, actor: Actor) -> None:
    """Erase texts for good. What the log says of them, and the commitment to each, stays."""
    erasure.overwrite_freed(tx)
    for one in texts:
        commitment = tx.commitment(one.key.agency, one.body)
        _retire(tx, one, fields, {"commitment": commitment, "erased_at": tx.now})
        facts = {"rule": AFTER_ACCEPTANCE, "commitment": commitment}
        tx.audit(Event(ERASED, one.key.agency, actor, tx.now, one.key, one.version, facts))


def _retire(tx: Tx, one: Clear, fields: Fields, values: dict[str, Any]) -> None:
    """The words by which it is found go with the body (finding.TRIGGERS); what the nation found wrong with a version
    that was superseded is free text too."""
    gone = update(_delivery).where(_delivery.c.id == one.delivery_id)
    tx.connection.execute(gone.values(body=None, problems=None))
    facts = open_part(orjson.loads(one.body), fields.get(one.key.kind, {}))
    row = {"delivery_id": one.delivery_id, "agency": one.key.agency, "facts": chain.canonical(facts)}
    tx.connection.execute(insert(_retired).values(row | values))


def erase_sealed(tx: Tx, texts: Sequence[Sealed], actor: Actor) -> None:
    """Erase sealed texts for good."""
    erasure.overwrite_freed(tx)
    for one in texts:
        tx.connection.execute(
            update(_retired).where(_retired.c.delivery_id == one.delivery_id).values(sealed=None, erased_at=tx.now)
        )
        facts = {"rule": AFTER_CLOSING, "commitment": one.commitment}
        tx.audit(Event(ERASED, one.key.agency, actor, tx.now, one.key, one.version, facts))
