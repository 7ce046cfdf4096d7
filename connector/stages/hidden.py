"""Who must not appear: records that are secret or left out, and whatever hangs on them. For the reading stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from connector.core.mapping import CompiledMapping
from connector.core.model import Cause, RecordKey
from connector.sources.base import Page, Source
from connector.stages.context import Context
from connector.store import records, views


@dataclass(slots=True)
class Hidden:
    """Parents of this sweep that must not appear, in memory only: their children go the same way."""

    secret: set[RecordKey] = field(default_factory=set)
    excluded: set[RecordKey] = field(default_factory=set)
    open: set[RecordKey] = field(default_factory=set)
    """Of a dry run, which records nothing: what it has read that need not be concealed."""

    def remember(self, connection: Connection, agency: str, parents: Mapping[str, tuple[RecordKey, ...]]) -> None:
        """Add the parents that the ledger has set aside: one that was deleted since hides its children still."""
        asked = {parent for found in parents.values() for parent in found} - self.secret - self.excluded
        for parent, cause in records.set_aside_among(connection, agency, asked).items():
            (self.secret if cause is Cause.BECAME_SECRET else self.excluded).add(parent)

    def unseen(self, parents: Mapping[str, tuple[RecordKey, ...]]) -> set[RecordKey]:
        """Return the parents of which only the ledger can know whether they are concealed."""
        return {parent for found in parents.values() for parent in found} - self.open


def hidden_by(context: Context, source: Source, mapping: CompiledMapping, parents: Sequence[RecordKey]) -> Cause | None:
    """Return why one of the parents, or one that it hangs on, is out of sight now, None if none is: at the source,
    which no sweep may have read since, or, if it is gone from there, in the ledger. A secret goes before a draft."""
    causes = {_cause_of(context, source, mapping, parent) for parent in parents}
    return next((cause for cause in (Cause.BECAME_SECRET, Cause.EXCLUDED) if cause in causes), None)


def cause_on(page: Page, key: RecordKey) -> Cause | None:
    """Return why this key must not appear, as far as its own page says."""
    if key.local_id in page.secret_ids:
        return Cause.BECAME_SECRET
    return Cause.EXCLUDED if key.local_id in page.excluded_ids else None


def _cause_of(context: Context, source: Source, mapping: CompiledMapping, key: RecordKey) -> Cause | None:
    with context.store.read() as connection:
        set_aside = records.set_aside_among(connection, context.agency, [key]).get(key)
        in_ledger = views.range_value_of(connection, key)
    if key.kind not in mapping.kinds:
        return set_aside
    kind_mapping = mapping.of(key)
    range_value = in_ledger or kind_mapping.range_value(key.local_id)
    for page in source.fetch(kind_mapping, [range_value] if range_value else []):
        if cause := cause_on(page, key):
            return cause
        for row in page.rows:
            if row.key == key:
                return hidden_by(context, source, mapping, kind_mapping.parents_of(row))
    return set_aside
