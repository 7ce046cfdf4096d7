"""What people decided about divided units goes with the rows that it is about, before they are judged.

A row with a choice has another fingerprint than without: a sweep maps it again as soon as somebody has decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from connector.core.chain import canonical
from connector.core.kind_mapping import KindMapping
from connector.core.model import Chooser, SourceRow
from connector.store import choices
from connector.store.db import Store


def chosen(store: Store, mapping: KindMapping, rows: Sequence[SourceRow]) -> tuple[SourceRow, ...]:
    """Return the rows of one agency, each with what was chosen for its addresses."""
    if mapping.places is None or not rows:
        return tuple(rows)
    with store.read() as connection:
        known = choices.of_kind(connection, rows[0].key.agency, mapping.kind)
    return tuple(_with(store, row, known[row.key.local_id]) if row.key.local_id in known else row for row in rows)


def _with(store: Store, row: SourceRow, values: frozenset[str]) -> SourceRow:
    agency = row.key.agency
    fingerprint = store.commitment(agency, canonical([row.fingerprint, sorted(values)]))
    return replace(row, fingerprint=fingerprint, choose=_chooser(store, agency, values))


def _chooser(store: Store, agency: str, values: frozenset[str]) -> Chooser:
    def choose(address: Mapping[str, Any], candidates: tuple[str, ...]) -> str:
        communes = (one for one in candidates if store.commitment(agency, choices.said(address, one)) in values)
        return next(communes, "")

    return choose
