"""`/<agency>/waiting`: what the national side has sent back and why, and what waits for which parent; who acts next."""

from __future__ import annotations

from datetime import UTC, datetime

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from connector import lock
from connector.store import views, waits
from connector.telling import naming, records
from connector.web.page import READERS, Page
from connector.web.visit import PAGE_ROWS, Visit

LONGEST_NUMBER = 15


def show(visit: Visit) -> Response:
    """Show both lists; what waits, a page at a time. The page of records has all that were returned."""
    after = _place(visit.arg("after"))
    context = visit.app.context(visit.agency)
    with visit.app.store.read() as connection:
        returned = views.lines(connection, visit.agency, state=views.RETURNED, limit=PAGE_ROWS + 1)
        blocked, next_ = waits.blocked_page(
            connection, visit.agency, context.generation, context.capabilities, after, PAGE_ROWS
        )
    holder = lock.holder(visit.app.config.data_dir)
    return visit.page(
        "waiting.html",
        returned=[(line, naming.record(visit.say, line.key)) for line in returned[:PAGE_ROWS]],
        more_returned=len(returned) > PAGE_ROWS,
        blocked=[
            (line, naming.record(visit.say, line.key), naming.record(visit.say, line.parent) if line.parent else "?")
            for line in blocked
        ],
        first=visit.link("waiting", _anchor="blocked") if after else "",
        after=visit.link("waiting", after=_token(next_), _anchor="blocked") if next_ else "",
        by_itself=records.goes_by_itself(visit.voice, visit.app, holder),
    )


def _token(place: waits.Place) -> str:
    return f"{place[0].astimezone(UTC):%Y%m%dT%H%M%S.%f}_{place[1]}"


def _place(token: str) -> waits.Place | None:
    """Return where a page begins, None where the address says nothing. Raises BadRequest for what is no place."""
    if not token:
        return None
    at, _, number = token.partition("_")
    try:
        due = datetime.strptime(at, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        raise BadRequest from None
    if not (number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER):
        raise BadRequest
    return due, int(number)


PAGE = Page("waiting", "/<agency>/waiting", show, READERS, in_menu=True)
