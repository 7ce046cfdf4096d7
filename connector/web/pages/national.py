"""`/<agency>/national`: where records stand on the National Database, what that means, and who acts next."""

from __future__ import annotations

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from connector.core.model import KINDS, Kind, RecordKey
from connector.core.statuses import KNOWN
from connector.store import mirrored, views
from connector.store.mirrored import Standing
from connector.web.page import READERS, Page
from connector.web.visit import PAGE_ROWS, Visit

ORDER = (
    "received", "validated", "returned_for_correction", "duplicate_suspected", "linked_to_matter",
    "forwarded_to_agency", "accepted_for_settlement", "deadline_extended", "settled", "enforced", "closed", "withdrawn",
)  # fmt: skip
"""The statuses in the order in which a record goes through them."""

LONGEST_STATUS = 200
LONGEST_PLACE = 128


def show(visit: Visit) -> Response:
    """Show each status with its count and meaning, and the records of one kind a page at a time."""
    kind = Kind(visit.arg("kind", among=KINDS) or Kind.PETITION)
    status, after = visit.arg("status", longest=LONGEST_STATUS), visit.arg("after", longest=LONGEST_PLACE)
    counted = visit.hall.nationals.value(visit.agency)
    sums = _sums(counted.value) if counted else {}
    if status and status not in KNOWN and status not in sums:
        raise BadRequest
    rows: list[Standing] = []
    next_ = ""
    known: set[RecordKey] = set()
    if not status or counted is None or counted.value.get(kind, {}).get(status):
        with visit.app.store.read() as connection:
            rows, next_ = mirrored.page(connection, visit.agency, kind, status=status, after=after, limit=PAGE_ROWS)
            known = views.known_among(connection, visit.agency, [row.key for row in rows])
    asked = {"kind": str(kind), "status": status}
    return visit.page(
        "national.html",
        at=counted.at if counted else None,
        sums=[(name, sums.get(name, 0)) for name in (*ORDER, *sorted(set(sums) - set(ORDER)))],
        rows=[(row, f"{visit.say.label('kind', kind)} {row.key.local_id}") for row in rows],
        known=known,
        kinds=[(str(one), visit.say.label("kind", one)) for one in KINDS],
        statuses=[(name, visit.say.label("national", name)) for name in (*ORDER, *sorted(set(sums) - set(ORDER)))],
        asked=asked,
        full=PAGE_ROWS,
        first=visit.link("national", **asked) if after else "",
        after=visit.link("national", **asked, after=next_) if next_ else "",
    )


def _sums(counts: dict[Kind, dict[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for by_status in counts.values():
        for status, count in by_status.items():
            sums[status] = sums.get(status, 0) + count
    return sums


PAGE = Page("national", "/<agency>/national", show, READERS, in_menu=True)
