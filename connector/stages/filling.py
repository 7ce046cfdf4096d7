"""Fill in the words under which records are found, for what an older program recorded without them.

A migration must not read a million documents. So every reading fills in some seconds' worth, newest last, until a
mark is gone that the migration has set; a store made by this program has none, and then this costs one look.
"""

from __future__ import annotations

from typing import Any

import orjson

from connector.core.mapping import CompiledMapping
from connector.core.model import Kind
from connector.stages.context import Context
from connector.store import finding, marks

FILL_S = 5.0
"""So long one reading goes on with it: some hundred thousand records."""

_ROWS = 1_000


def fill(context: Context, mapping: CompiledMapping) -> None:
    """Write the words of recorded versions, page by page, for FILL_S at most."""
    ends = context.monotonic() + FILL_S
    with context.store.read() as connection:
        mark = marks.mark_of(connection, context.agency, finding.FILLED)
    while mark is not None and not context.stop.is_set() and context.monotonic() < ends:
        # Read and written in one transaction: what is concealed or replaced meanwhile must not get its words back.
        with context.store.write() as tx:
            page = finding.unfilled(tx.connection, context.agency, int(mark[0]), _ROWS)
            finding.keep(tx, _words(context.agency, mapping, page))
            if page:
                marks.advance(tx, context.agency, finding.FILLED, str(page[-1].id))
            else:
                marks.forget(tx, context.agency, finding.FILLED)
            mark = marks.mark_of(tx.connection, context.agency, finding.FILLED)
        # If the process dies before this commit, the same page is read again; after it, the next one.


def _words(agency: str, mapping: CompiledMapping, page: list[Any]) -> finding.Words:
    words = finding.Words()
    for row in page:
        if row.is_open and row.kind in mapping.kinds:
            words.add(agency, row.id, mapping.kind(Kind(row.kind)).seeking.words(orjson.loads(row.body)))
    return words
