"""`/sign-in`: name and password. Whoever a trusted proxy brings does not come by here."""

from __future__ import annotations

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from connector.store import sessions
from connector.web.cookies import hand_over
from connector.web.entrance import Refused, knock
from connector.web.page import Page
from connector.web.visit import Visit
from connector.web.visitor import come_in


def show(visit: Visit) -> Response:
    """Ask for name and password."""
    if visit.visitor.account is not None:
        return redirect("/", 303)
    by_proxy = bool(visit.hall.settings.proxy_header)
    return visit.page("sign_in.html", wrong="proxy" if by_proxy else "", status=403 if by_proxy else 200)


def act(visit: Visit) -> Response:
    """Begin a visit under a token that nobody has seen before, or say that this was wrong: not, what of it."""
    if visit.hall.settings.proxy_header:
        return show(visit)
    name, password = visit.field("name").lower(), visit.field("password", longest=1_000)
    found = knock(visit.hall, name, password, visit.visitor.address)
    if isinstance(found, Refused):
        wrong = "too_often" if found.too_often else "wrong"
        return visit.page("sign_in.html", wrong=wrong, status=429 if found.too_often else 403)
    token = sessions.new_token()
    with visit.hall.accounts.work() as connection:
        sessions.end(connection, visit.visitor.token)
    come_in(visit.hall, found, token)
    answer = redirect("/", 303)
    hand_over(answer, visit.hall.settings, token)
    return answer


PAGE = Page("sign_in", "/sign-in", show, None, act=act)
