"""What stands before and after every page: the name it is asked under, bounds, who visits, forms, roles, headers.

The order counts: nothing is looked up for a request that is not asked in a sound way.
May import: hall, visit, visitor, pages' list; flask.
"""

from __future__ import annotations

import hmac
from typing import cast

from flask import Flask, Request, current_app, g, request, url_for
from werkzeug.exceptions import BadRequest, Forbidden, NotFound
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from connector.store.accounts import Role
from connector.telling.voice import Voice
from connector.telling.words import Words
from connector.web.cookies import hand_over
from connector.web.hall import Hall
from connector.web.page import Page
from connector.web.visit import Visit
from connector.web.visitor import Visitor, visitor_of

LONGEST_ADDRESS = 2_000
MOST_ARGUMENTS = 20
LARGEST_FORM_BYTES = 64 * 1024
MOST_FIELDS = 100

FORM_FIELD = "form"
"""The field of every form that proves that one of our own pages has asked."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_NOT_KEPT = "no-store"
_KEPT_FOR = "private, max-age=300"
_A_YEAR_S = 31_536_000


def stand(flask: Flask, hall: Hall, pages: dict[str, Page]) -> None:
    """Put the guard before and after every request of the application."""
    flask.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM_BYTES
    flask.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_FORM_BYTES
    flask.config["MAX_FORM_PARTS"] = MOST_FIELDS

    def before() -> Response | None:
        _sound(request, hall)
        if request.endpoint == "static":
            return None
        g.visit = Visit(hall, visitor_of(hall, request), "", Voice(hall.app.config, Words("vi")))
        g.visit = _in_words(g.visit, "")
        if request.method == "POST":
            _from_our_own_form(request, g.visit.visitor)
        page = pages.get(request.endpoint or "")
        return None if page is None else _let_in(page)

    flask.before_request(before)
    flask.after_request(lambda response: _with_headers(response, hall))


def _sound(asked: Request, hall: Hall) -> None:
    """Raises BadRequest: another host's name (so no other site's page can speak for us), or beyond all bounds."""
    name = asked.host.lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    too_long = len(asked.full_path) > LONGEST_ADDRESS or len(list(asked.args.items(multi=True))) > MOST_ARGUMENTS
    if name not in hall.settings.names or too_long:
        raise BadRequest


def _in_words(visit: Visit, agency: str) -> Visit:
    return Visit(visit.hall, visit.visitor, agency, Voice(visit.app.config, Words(visit.visitor.language)))


def _from_our_own_form(asked: Request, visitor: Visitor) -> None:
    """Raises Forbidden where the form was not made by a page of ours for this very visitor."""
    foreign = asked.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    foreign = foreign or (origin is not None and origin.rpartition("://")[2].lower() != asked.host.lower())
    given = asked.form.get(FORM_FIELD, "")
    if foreign or not hmac.compare_digest(given.encode(), visitor.form.encode()):
        raise Forbidden


def _let_in(page: Page) -> Response | None:
    """Return None where the visitor may see the page, else where to log in. Raises Forbidden and NotFound."""
    visit = cast(Visit, g.visit)
    if page.roles is None:
        return None
    if visit.visitor.account is None:
        return redirect(url_for("sign_in"), 303)
    if visit.visitor.role not in page.roles:
        raise Forbidden
    agency = (request.view_args or {}).pop("agency", None)
    if agency is not None:
        if agency not in visit.agencies:
            raise NotFound  # also of one that there is: who may not see it learns nothing of it
        g.visit = _in_words(visit, agency)
    return None


def _with_headers(response: Response, hall: Hall) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    is_static = request.endpoint == "static" and response.status_code in (200, 304)
    response.headers["Cache-Control"] = _KEPT_FOR if is_static else _NOT_KEPT
    if hall.settings.https:
        response.headers["Strict-Transport-Security"] = f"max-age={_A_YEAR_S}"
    visit = cast("Visit | None", g.get("visit"))
    if visit is not None and visit.visitor.is_new and not g.get("token_is_told"):
        hand_over(response, hall.settings, visit.visitor.token)
    return response


def may_enter(page: Page, role: Role | None) -> bool:
    """Return whether a page is for this role: what the menu shows."""
    return page.roles is not None and role in page.roles


def visit_now() -> Visit:
    """Return the visit of the request that is being answered."""
    return cast(Visit, g.visit)


def visit_or_stranger() -> Visit:
    """Return the visit, or one of nobody where the request was refused before anybody asked who it is."""
    if "visit" not in g:
        hall = cast(Hall, current_app.extensions["hall"])
        stranger = Visitor(None, "", hall.app.config.connector.language, "", is_new=False)
        g.visit = Visit(hall, stranger, "", Voice(hall.app.config, Words(stranger.language)))
    return visit_now()
