"""`/<agency>/`: how an agency stands. The figures are worked out beside the pages; each shows of when it is."""

from __future__ import annotations

from werkzeug.wrappers import Response

from connector.core.model import KINDS
from connector.telling import overview
from connector.web.page import READERS, Page
from connector.web.visit import Visit

COLUMNS = ("delivered", "returned", "pending", "sending", "unknown", "rejected", "quarantined", "not_sent", "retracted")
"""Columns of the table of states, in the order in which a record goes through them."""


def show(visit: Visit) -> Response:
    """Show states by kind, what people have to do, and how channel and service are."""
    found = visit.hall.overviews.value(visit.agency)
    if found is None:
        return visit.page("overview_later.html", status=202)
    view, say = found.value, visit.say
    columns = [state for state in COLUMNS if view.total(state) or state == "delivered"]
    return visit.page(
        "overview.html",
        view=view,
        at=found.at,
        columns=columns,
        states_heads=[(say.label("state", state), "figure") for state in columns],
        kinds=KINDS,
        to_do=overview.to_do(visit.voice, view),
        by_itself=overview.by_itself(visit.voice, view),
    )


PAGE = Page("overview", "/<agency>/", show, READERS, in_menu=True)
