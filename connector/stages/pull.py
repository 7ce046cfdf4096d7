"""Pull: follow the national feed, apply each page, move the cursor with it, tell the national side how far we are.

national.status_updates(after) -> page
COMMIT  mirror.apply + audit + cursor    the cursor never passes an event that is not applied

A feed that has forgotten our cursor (410) is followed anew from its beginning, once the statuses are taken from the
national list (`rebuild.py`). A profile without one stops, and a person is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from connector.core.chain import digest
from connector.core.model import Event, StatusPage
from connector.errors import CursorExpiredError, RemoteError
from connector.logs import get_logger
from connector.national.base import National
from connector.stages import gate, rebuild
from connector.stages.context import Context, Counts
from connector.store import marks, mirror, unreadable

STOPPED = "pull.stopped"
"""Mark: since when the feed refuses our cursor ("" once it took one again)."""

PAGES_A_RUN = 20_000
"""Ten million events by default: a run that has applied so many leaves the rest to the next one."""


def pull(context: Context, national: National, page_limit: int) -> Iterator[Counts]:
    """Apply all pages that the feed has; yield counts per page: new, repeated, late, malformed.

    `paused`: a person has stopped all traffic. `stopped`: the feed no longer knows our cursor (410), and a rebuild is
    not possible or has not helped. Nothing was skipped; push is not touched by it.
    Raises RemoteError if feed or list do not answer, or lead back to a place where this run has been."""
    if not context.capabilities.status_feed:
        return
    yield from rebuild.go_on(context, national, page_limit)
    been: set[str] = set()
    rebuilt = False
    while not context.stop.is_set() and len(been) < PAGES_A_RUN and (cursor := _cursor(context)) is not None:
        if gate.is_paused(context):
            yield {"paused": 1}
            return
        try:
            page = national.status_updates(context.agency, cursor, page_limit)
        except CursorExpiredError:
            if rebuilt or not cursor or not context.capabilities.manifest:
                _note_stopped(context, cursor)
                yield {"stopped": 1}
                return
            rebuild.begin(context, cursor)
            yield from rebuild.go_on(context, national, page_limit)
            been, rebuilt = set(), True
            continue
        yield _apply(context, page, cursor)
        if page.updates or page.next != cursor:
            _acknowledge(context, national, page.next)
        if not page.more:
            return
        been.add(cursor)
        if page.next in been:
            raise RemoteError("E-FEED-LOOP", agency=context.agency)


def _cursor(context: Context) -> str | None:
    """Return where the feed is to be followed from; None while a rebuild is under way: the feed comes after it."""
    with context.store.read() as connection:
        if rebuild.is_under_way(connection, context.agency):
            return None
        mark = marks.mark_of(connection, context.agency, rebuild.CURSOR)
    return mark[0] if mark else ""


def _apply(context: Context, page: StatusPage, cursor: str) -> Counts:
    with context.store.write() as tx:
        counts = mirror.apply(tx, context.agency, page.updates, context.actor)
        unreadable.note(tx, context.agency, page.unreadable, context.actor)
        if page.next != cursor:
            marks.advance(tx, context.agency, rebuild.CURSOR, page.next)
        rebuild.joined(tx, context.agency)
        if (stopped := marks.mark_of(tx.connection, context.agency, STOPPED)) and stopped[0]:
            marks.advance(tx, context.agency, STOPPED, "")
    # If the process dies here, the page is applied and the cursor stands behind it; only the acknowledgement is
    # missing, and the next page's makes up for it.
    return {**counts, "pages": 1} | ({"malformed": page.malformed} if page.malformed else {})


def peek(context: Context, national: National, page_limit: int) -> Iterator[Counts]:
    """Read what a pull would apply and yield how many events per page; apply, move and acknowledge nothing.

    Where a pull would rebuild from the list, the events that the feed still has are counted, known ones too. Raises
    RemoteError as `pull` does, CursorExpiredError if the feed no longer knows our cursor and there is no list."""
    cursor = _cursor(context) or ""
    been: set[str] = set()
    while (
        context.capabilities.status_feed
        and not gate.is_paused(context)
        and not context.stop.is_set()
        and len(been) < PAGES_A_RUN
    ):
        try:
            page = national.status_updates(context.agency, cursor, page_limit)
        except CursorExpiredError:
            if not cursor or not context.capabilities.manifest:
                raise
            cursor = ""  # as a pull would, after the list
            continue
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
