"""Pull: follow the national feed, apply each page, move the cursor with it, tell the national side how far we are.

national.status_updates(after) -> page
COMMIT  mirror.apply + audit + cursor    the cursor never passes an event that is not applied
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.core.chain import digest
from connector.core.model import Event
from connector.errors import CursorExpiredError, RemoteError
from connector.logs import get_logger
from connector.national.base import National
from connector.stages.context import Context, Counts
from connector.store import marks, mirror, unreadable

CURSOR = "pull.cursor"
STOPPED = "pull.stopped"
"""Mark: since when the feed refuses our cursor ("" once it took one again)."""

PAGES_A_RUN = 20_000
"""Ten million events by default: a run that has applied so many leaves the rest to the next one."""


def pull(context: Context, national: National, page_limit: int) -> Iterator[Counts]:
    """Apply all pages that the feed has; yield counts per page: new, repeated, late, malformed.

    `stopped`: the feed no longer knows our cursor (410). Nothing was skipped; push is not touched by it.
    Raises RemoteError if the feed does not answer, or leads back to a place where this run has been."""
    if not context.capabilities.status_feed:
        return
    been: set[str] = set()
    while not context.stop.is_set() and len(been) < PAGES_A_RUN:
        with context.store.read() as connection:
            mark = marks.mark_of(connection, context.agency, CURSOR)
        cursor = mark[0] if mark else ""
        try:
            page = national.status_updates(context.agency, cursor, page_limit)
        except CursorExpiredError:
            _note_stopped(context, cursor)
            yield {"stopped": 1}
            return
        with context.store.write() as tx:
            counts = mirror.apply(tx, context.agency, page.updates, context.actor)
            unreadable.note(tx, context.agency, page.unreadable, context.actor)
            if page.next != cursor:
                marks.advance(tx, context.agency, CURSOR, page.next)
            if (stopped := marks.mark_of(tx.connection, context.agency, STOPPED)) and stopped[0]:
                marks.advance(tx, context.agency, STOPPED, "")
        # If the process dies here, the page is applied and the cursor stands behind it; only the
        # acknowledgement is missing, and the next page's makes up for it.
        yield {**counts, "pages": 1} | ({"malformed": page.malformed} if page.malformed else {})
        if page.updates or page.next != cursor:
            _acknowledge(context, national, page.next)
        if not page.more:
            return
        been.add(cursor)
        if page.next in been:
            raise RemoteError("E-FEED-LOOP", agency=context.agency)


def peek(context: Context, national: National, page_limit: int) -> Iterator[Counts]:
    """Read what a pull would apply and yield how many events per page; apply, move and acknowledge nothing.

    Raises RemoteError as `pull` does, CursorExpiredError if the feed no longer knows our cursor."""
    with context.store.read() as connection:
        mark = marks.mark_of(connection, context.agency, CURSOR)
    cursor = mark[0] if mark else ""
    been: set[str] = set()
    while context.capabilities.status_feed and not context.stop.is_set() and len(been) < PAGES_A_RUN:
        page = national.status_updates(context.agency, cursor, page_limit)
        yield {"updates": len(page.updates)}
        if not page.more:
            return
        been.add(cursor)
        if page.next in been:
            raise RemoteError("E-FEED-LOOP", agency=context.agency)
        cursor = page.next


def _acknowledge(context: Context, national: National, cursor: str) -> None:
    """Losing an acknowledgement does no harm: what is applied is applied, and the next one covers it."""
    try:
        national.acknowledge(context.agency, cursor)
    except RemoteError as error:
        get_logger().warning("stage.finished", agency=context.agency, stage="acknowledge", error_id=error.id)


def _note_stopped(context: Context, cursor: str) -> None:
    with context.store.write() as tx:
        before = marks.mark_of(tx.connection, context.agency, STOPPED)
        if before is None or not before[0]:
            marks.advance(tx, context.agency, STOPPED, tx.now.isoformat())
            facts = {"cursor": tx.commitment(context.agency, digest(cursor.encode()).encode())}
            tx.audit(Event("pull.stopped", context.agency, context.actor, tx.now, facts=facts))
    get_logger().warning("pull.stopped", agency=context.agency)
