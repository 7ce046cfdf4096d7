"""`/<agency>/report`: what one comparison with the national side found, and what was approved of it."""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from connector.core.accord import Accord
from connector.core.model import KINDS, Kind, RecordKey
from connector.store import comparisons, views
from connector.telling import naming
from connector.telling.words import Words
from connector.web.filters import sentence
from connector.web.page import READERS, Page
from connector.web.pages.reports import differing
from connector.web.visit import PAGE_ROWS, Visit

COLUMNS = tuple(str(accord) for accord in Accord)


def show(visit: Visit) -> Response:
    """Show sums by kind, each finding with its meaning, and the records a page at a time; of no number, the newest."""
    number, after = visit.number("run", most=2**53), visit.number("after", most=2**53)
    finding, kind = visit.arg("finding", among=COLUMNS), visit.arg("kind", among=KINDS)
    with visit.app.store.read() as connection:
        run = next((one for one in comparisons.finished(connection, visit.agency) if number in (None, one.id)), None)
        if run is None and number is not None:
            raise NotFound
        found = comparisons.findings(connection, run.id) if run else []
        items, next_ = comparisons.item_page(
            connection, run.id if run else 0, finding=finding, kind=kind, after=after or 0, limit=PAGE_ROWS
        )
        keys = [RecordKey(item.agency, Kind(item.kind), item.local_id) for item in items]
        known = views.known_among(connection, visit.agency, keys)
    asked = {"run": run.id if run else "", "finding": finding, "kind": kind}
    return visit.page(
        "report.html",
        run=run,
        differs=differing(run) if run else 0,
        columns=[(name, sentence(visit.say.label("finding", name))) for name in COLUMNS],
        kinds=[(str(one), visit.say.label("kind", one)) for one in KINDS],
        found=[(one, means(visit.say, one)) for one in found],
        items=[(item, key, _named(visit.say, key)) for item, key in zip(items, keys, strict=True)],
        known=known,
        asked=asked,
        first=visit.link("report", **asked) if after else "",
        after=visit.link("report", **asked, after=next_) if next_ else "",
    )


def means(say: Words, found: Any) -> str:
    """Return what a finding means, and who acts next."""
    return say.first(f"reconcile.found.{found.finding}.{found.how}", f"reconcile.found.{found.finding}.any")


def _named(say: Words, key: RecordKey) -> str:
    return naming.record(say, key) if key.local_id else say.label("kind", key.kind)


PAGE = Page("report", "/<agency>/report", show, READERS)
