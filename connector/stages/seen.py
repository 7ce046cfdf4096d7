"""What each source looked like from outside when it was last read to the end: its clock, the size of its tables.

last_seen(...)   by source; what a store from before several sources were known says of its only one is understood
remember(...)    what this cycle saw, now that all of it is recorded: the next one is held against it
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from connector.core.chain import canonical
from connector.core.mapping import CompiledMapping
from connector.stages.context import Context
from connector.stages.reach import Reach
from connector.store import marks, records

SEEN = "source.seen"
"""The mark that holds it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of one source. `counts`: rows by kind; `at`: when it was noted, "" if it is of now."""

    clock: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    at: str = ""


def name_in(mapping: CompiledMapping, kind: str, source: str) -> str:
    """Return what a kind of a source is called in the numbers of a guard: without the source where there is one."""
    return f"{kind}@{source}" if mapping.parts else kind


def last_seen(context: Context, mapping: CompiledMapping) -> dict[str, Seen]:
    """Return by source what the last finished cycle of each saw; nothing of one that was never read to its end.

    Where there was one source and is one, it is the same whatever it is called: only its software has changed."""
    with context.store.read() as connection:
        mark = marks.mark_of(connection, context.agency, SEEN)
    if mark is None:
        return {}
    value = orjson.loads(mark[0])
    if "sources" not in value:
        value = {"sources": {_owner(context, mapping): {**value, "at": mark[1].isoformat()}}}
    found = {source: _seen(each) for source, each in value["sources"].items() if source}
    return {mapping.source: next(iter(found.values()))} if len(found) == 1 and not mapping.parts else found


def _seen(value: Mapping[str, Any]) -> Seen:
    return Seen(datetime.fromisoformat(value["clock"]), value["counts"], value["at"])


def _owner(context: Context, mapping: CompiledMapping) -> str:
    """Whose a mark without names is: the source whose keys the ledger holds; "" if that is none, or not the only."""
    if not mapping.parts:
        return mapping.source
    with context.store.read() as connection:
        named = [each.source for each in mapping.parts if records.has_source(connection, context.agency, each.source)]
    return named[0] if len(named) == 1 else ""


def remember(context: Context, mapping: CompiledMapping, seen: Mapping[str, Seen], reach: Reach) -> None:
    """Note what this cycle saw of the sources that it read to the end. What is no more configured is forgotten."""
    before = last_seen(context, mapping)
    known = {source: now for source, now in seen.items() if reach.is_sound(source)}
    if not known:
        return
    with context.store.write() as tx:
        kept = {source: before[source] for source in before if source in {part.source for part in mapping.sources}}
        for source, now in known.items():
            counts = {**(before[source].counts if source in before else {}), **now.counts}
            kept[source] = replace(now, counts=counts, at=tx.now.isoformat())
        value = {
            source: {"clock": s.clock.isoformat(), "counts": dict(s.counts), "at": s.at} for source, s in kept.items()
        }
        marks.advance(tx, context.agency, SEEN, canonical({"sources": value}).decode())
