"""Rebuild: take the statuses of all records from the national list, when the feed has forgotten our place.

national.manifest(kind, after) -> page
COMMIT  mirror.take + audit + place    the place never passes a line that is not taken over

The list says where every record stands now; what changes while it is read, the feed tells afterwards, from the
beginning of what it still has. Events that are known, or older than what the mirror shows, change nothing. A list that
was begun long before the feed could be joined is read anew: meanwhile the feed may have forgotten what it did not say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection

from connector.core.chain import digest
from connector.core.model import KINDS, Event, Kind, ManifestPage
from connector.errors import CursorExpiredError, RemoteError
from connector.logs import get_logger
from connector.national.base import National
from connector.stages import gate
from connector.stages.context import Context, Counts
from connector.store import marks, mirror, unreadable
from connector.store.db import Tx

CURSOR = "pull.cursor"
"""Mark: how far the feed has been applied."""

PLACE = "pull.rebuild"
"""Mark: how far the list has been taken over ("" once the feed is joined behind it)."""

REBUILT = "pull.rebuilt"
"""Mark: when the mirror was last rebuilt, and what that counted."""

PAGES_A_RUN = 20_000

OUTDATED = timedelta(days=1)
"""A feed remembers at least so long; a list that is older when the feed is joined is read anew."""


@dataclass(frozen=True, slots=True)
class Place:
    """The next page to take over, when the first one was asked for, and what the pages before it counted.

    kind None: the list has come to its end, and the feed is not yet joined."""

    kind: Kind | None
    begun_at: datetime
    after: str = ""
    counts: dict[str, int] = field(default_factory=dict)

    def behind(self, page: ManifestPage, taken: Counts) -> Place:
        """Return the place behind this page."""
        counts = {name: self.counts.get(name, 0) + count for name, count in taken.items()}
        if page.more:
            return replace(self, after=page.next, counts=counts)
        return Place(_following(self.kind) if self.kind else None, self.begun_at, "", counts)


def begin(context: Context, cursor: str) -> None:
    """Begin a rebuild in place of a cursor that the feed has forgotten; then the feed is read from its beginning."""
    with context.store.write() as tx:
        marks.advance(tx, context.agency, CURSOR, "")
        _stand(tx, context.agency, Place(KINDS[0], tx.now))
        facts = {"cursor": tx.commitment(context.agency, digest(cursor.encode()).encode())}
        tx.audit(Event("pull.rebuild_begun", context.agency, context.actor, tx.now, facts=facts))
    # If the process dies here, the next pull finds the place and reads the list first.
    get_logger().warning("pull.rebuild_begun", agency=context.agency)


def go_on(context: Context, national: National, page_limit: int) -> Iterator[Counts]:
    """Take over the list from where it was left, if a rebuild is under way; yield counts per page.

    Stops between two pages when told to. Raises RemoteError if the list does not answer, leads back to a place where
    this run has been, or forgets our place twice; the next pull goes on."""
    _renew(context)
    been: set[tuple[Kind, str]] = set()
    again: set[Kind] = set()
    while (place := _place(context)) and place.kind and not context.stop.is_set() and len(been) < PAGES_A_RUN:
        if gate.is_paused(context):
            yield {"paused": 1}
            return
        try:
            page = national.manifest(context.agency, place.kind, place.after, page_limit)
        except CursorExpiredError:
            if not place.after or place.kind in again:
                raise
            again.add(place.kind)
            been = {each for each in been if each[0] is not place.kind}
            with context.store.write() as tx:
                _stand(tx, context.agency, replace(place, after=""))
            continue  # if the process dies here, the kind is read from its beginning; nothing is taken over twice
        yield _take(context, place, page)
        been.add((place.kind, place.after))
        if page.more and (place.kind, page.next) in been:
            raise RemoteError("E-FEED-LOOP", agency=context.agency)


def is_under_way(connection: Connection, agency: str) -> bool:
    """Return whether a list is being taken over and has not come to its end."""
    place = _read(marks.mark_of(connection, agency, PLACE))
    return place is not None and place.kind is not None


def joined(tx: Tx, agency: str) -> None:
    """Note, with the first page of the feed that is applied, that the feed goes on from behind the list."""
    if (mark := marks.mark_of(tx.connection, agency, PLACE)) and mark[0]:
        marks.advance(tx, agency, PLACE, "")


def last(connection: Connection, agency: str) -> tuple[datetime, dict[str, int]] | None:
    """Return when the mirror was last rebuilt, and the sums of `mirror.take`; None if it never was.

    A page that had to be read again because the list forgot our place is counted again."""
    mark = marks.mark_of(connection, agency, REBUILT)
    return (mark[1], orjson.loads(mark[0])) if mark else None


def _take(context: Context, place: Place, page: ManifestPage) -> Counts:
    with context.store.write() as tx:
        taken = mirror.take(tx, context.agency, page.held, context.actor)
        unreadable.note(tx, context.agency, page.unreadable, context.actor)
        counts = {**taken, "malformed": len(page.unreadable)}
        following = place.behind(page, counts)
        _stand(tx, context.agency, following)
        if following.kind is None:
            marks.advance(tx, context.agency, REBUILT, orjson.dumps(following.counts).decode())
            tx.audit(Event("pull.rebuilt", context.agency, context.actor, tx.now, facts=following.counts))
    # If the process dies here, the page is taken over and the place stands behind it.
    if following.kind is None:
        get_logger().info("pull.rebuilt", agency=context.agency, counts=following.counts)
    return {name: count for name, count in counts.items() if count or name == "listed"}


def _renew(context: Context) -> None:
    """Begin a list anew that has become too old."""
    place = _place(context)
    if place is not None and context.now() - place.begun_at > OUTDATED:
        with context.store.write() as tx:
            _stand(tx, context.agency, Place(KINDS[0], tx.now))


def _place(context: Context) -> Place | None:
    with context.store.read() as connection:
        return _read(marks.mark_of(connection, context.agency, PLACE))


def _read(mark: tuple[str, datetime] | None) -> Place | None:
    if mark is None or not mark[0]:
        return None
    kind, begun_at, after, counts = orjson.loads(mark[0])
    return Place(Kind(kind) if kind else None, datetime.fromisoformat(begun_at), after, counts)


def _stand(tx: Tx, agency: str, place: Place) -> None:
    parts = [place.kind, place.begun_at.isoformat(), place.after, place.counts]
    marks.advance(tx, agency, PLACE, orjson.dumps(parts).decode())


def _following(kind: Kind) -> Kind | None:
    place = KINDS.index(kind) + 1
    return KINDS[place] if place < len(KINDS) else None
