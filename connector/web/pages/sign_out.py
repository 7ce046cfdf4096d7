"""`/sign-out`: the end of a visit, at once and here, not only in the browser."""

from __future__ import annotations

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from connector.store import sessions
from connector.web.cookies import take_back
from connector.web.page import EVERYBODY, Page
from connector.web.visit import Visit


def act(visit: Visit) -> Response:
    """End the visit, with everything that it was allowed."""
    with visit.hall.accounts.work() as connection:
        sessions.end(connection, visit.visitor.token)
    answer = visit.go("sign_in")
    take_back(answer, visit.hall.settings)
    return answer


def show(_visit: Visit) -> Response:
    """Whoever comes here by address has a form to send on every other page."""
    return redirect("/", 303)


PAGE = Page("sign_out", "/sign-out", show, EVERYBODY, act=act)
