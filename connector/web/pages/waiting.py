"""`/<agency>/waiting`: what the national side has sent back and why, and what waits for which parent; who acts next."""

from __future__ import annotations

from werkzeug.wrappers import Response

from connector import lock
from connector.store import views, waits
from connector.telling import naming, records
from connector.web.page import READERS, Page
from connector.web.visit import PAGE_ROWS, Visit


def show(visit: Visit) -> Response:
    """Show both lists, PAGE_ROWS of each; the page of records has all that were returned."""
    context = visit.app.context(visit.agency)
    with visit.app.store.read() as connection:
        returned = views.lines(connection, visit.agency, state=views.RETURNED, limit=PAGE_ROWS + 1)
        blocked = waits.blocked(connection, visit.agency, context.generation, context.capabilities, limit=PAGE_ROWS + 1)
    holder = lock.holder(visit.app.config.data_dir)
    return visit.page(
        "waiting.html",
        returned=[(line, naming.record(visit.say, line.key)) for line in returned[:PAGE_ROWS]],
        more_returned=len(returned) > PAGE_ROWS,
        blocked=[
            (line, naming.record(visit.say, line.key), naming.record(visit.say, line.parent) if line.parent else "?")
            for line in blocked[:PAGE_ROWS]
        ],
        more_blocked=len(blocked) > PAGE_ROWS,
        by_itself=records.goes_by_itself(visit.voice, visit.app, holder),
    )


PAGE = Page("waiting", "/<agency>/waiting", show, READERS, in_menu=True)
