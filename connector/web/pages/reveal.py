"""`/<agency>/reveal`: asks an auditor why a record is to be seen unmasked, and lets him for a while."""

from __future__ import annotations

from werkzeug.exceptions import NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from connector.core.model import KINDS, Kind, RecordKey
from connector.store import views
from connector.telling import naming
from connector.web import reveal
from connector.web.page import AUDITORS, Page
from connector.web.visit import Visit, own_address


def show(visit: Visit) -> Response:
    """Ask for the reason."""
    return _form(visit, _known(visit, visit.arg("kind", among=KINDS), visit.arg("id")), visit.arg("back"))


def act(visit: Visit) -> Response:
    """Take the reason and lead back, or say that it is too short."""
    key = _known(visit, visit.field("kind", among=KINDS), visit.field("id"))
    reason, back = visit.field("reason", longest=2_000), visit.field("back")
    if not reveal.SHORTEST_REASON <= len(reason) <= reveal.LONGEST_REASON:
        return _form(visit, key, back, reason=reason[: reveal.LONGEST_REASON], status=422)
    reveal.grant(visit, key, reason)
    return redirect(own_address(back) or visit.link("overview"), 303)


def _known(visit: Visit, kind: str, local_id: str) -> RecordKey:
    """Return the key. Raises NotFound where there is no such record: nobody asks leave for what there is not."""
    if not kind or not local_id:
        raise NotFound
    key = RecordKey(visit.agency, Kind(kind), local_id)
    with visit.app.store.read() as connection:
        if not views.lines(connection, visit.agency, key=key, limit=1):
            raise NotFound
    return key


def _form(visit: Visit, key: RecordKey, back: str, *, reason: str = "", status: int = 200) -> Response:
    return visit.page(
        "reveal.html",
        status=status,
        key=key,
        name=naming.record(visit.say, key),
        back=own_address(back),
        reason=reason,
        is_wrong=status != 200,  # noqa: PLR2004
        minutes=int(reveal.LASTS.total_seconds() // 60),
        shortest=reveal.SHORTEST_REASON,
        longest=reveal.LONGEST_REASON,
    )


PAGE = Page("reveal", "/<agency>/reveal", show, AUDITORS, act=act)
