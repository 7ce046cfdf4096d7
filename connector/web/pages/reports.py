"""`/<agency>/reports`: the comparisons of the ledger with the national side that are kept."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from connector.core.accord import Accord
from connector.store import comparisons
from connector.web.page import READERS, Page
from connector.web.visit import Visit


def show(visit: Visit) -> Response:
    """Show when was compared, how much did not agree, and who approved what of it."""
    with visit.app.store.read() as connection:
        runs = comparisons.finished(connection, visit.agency)
    return visit.page("reports.html", runs=[(run, differing(run)) for run in runs])


def differing(run: Any) -> int:
    """Return how many findings a comparison has that somebody has to look at."""
    quiet = (str(Accord.AGREES), str(Accord.NOT_CONFIRMABLE))
    return sum(count for found in run.counts.values() for accord, count in found.items() if accord not in quiet)


PAGE = Page("reports", "/<agency>/reports", show, READERS, in_menu=True)
