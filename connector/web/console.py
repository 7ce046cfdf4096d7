"""The application: every page behind the guard, its templates, and what is shown when something goes wrong.

May import: hall, guard, pages; flask; telling.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from connector.errors import KntcError
from connector.logs import get_logger
from connector.telling.errors import fault_of
from connector.web import filters, guard
from connector.web.hall import Hall
from connector.web.page import Page
from connector.web.pages import PAGES

_TOLD = (400, 403, 404, 405, 413, 429, 500, 503)
"""Answers that have words of their own; any other is told as a bad request or as a fault of ours."""


def make_console(hall: Hall) -> Flask:
    """Return the application that shows this hall's pages."""
    flask = Flask("connector.web", static_folder="static", static_url_path="/static", template_folder="templates")
    flask.extensions["hall"] = hall
    flask.jinja_env.undefined = StrictUndefined
    flask.jinja_env.trim_blocks = flask.jinja_env.lstrip_blocks = True
    filters.install(flask.jinja_env)
    flask.url_map.strict_slashes = flask.url_map.merge_slashes = False  # else it would redirect, and repeat the address
    pages = {page.name: page for page in PAGES}
    guard.stand(flask, hall, pages)
    for page in PAGES:
        methods = [*(["GET"] if page.show else []), *(["POST"] if page.act else [])]
        flask.add_url_rule(page.path, page.name, _shown(page), methods=methods, provide_automatic_options=False)
    flask.context_processor(_for_all_templates)
    flask.register_error_handler(HTTPException, _refused)
    flask.register_error_handler(KntcError, _unable)
    flask.register_error_handler(Exception, _failed)
    return flask


def _shown(page: Page) -> Any:
    def view(**path: str) -> Response:
        function = page.act if request.method == "POST" else page.show
        assert function is not None  # noqa: S101  only methods that the page has are routed here
        path.pop("agency", None)
        return function(guard.visit_now(), **path)

    return view


def _for_all_templates() -> dict[str, Any]:
    """What base.html and every page may use: who visits, the words, the menu, and where a list or form leads."""
    visit = guard.visit_now()
    role = visit.visitor.role
    return {
        "visit": visit,
        "visitor": visit.visitor,
        "say": visit.say,
        "menu": [page for page in PAGES if page.in_menu and guard.may_enter(page, role)],
        "here": request.endpoint or "",
    }


def _refused(error: HTTPException) -> Response:
    """Tell what was wrong with a request; nothing of it is repeated."""
    if error.code is not None and error.code < 400:  # noqa: PLR2004  a redirect
        return error.get_response()
    return _page(error.code or 500)


def _unable(error: KntcError) -> Response:
    """Tell that the store cannot be asked now: which error, none of its values."""
    get_logger().warning("console.unable", error_id=error.id)
    return _page(503, error.id)


def _failed(error: Exception) -> Response:
    """Tell that the program failed: where goes to the log, with what goes nowhere."""
    fault = fault_of(error)
    get_logger().error("console.failed", error=str(fault.values["error"]), where=str(fault.values["where"]))
    return _page(500)


def _page(status: int, error_id: str = "") -> Response:
    told = status if status in _TOLD else (400 if status < 500 else 500)  # noqa: PLR2004
    visit = guard.visit_or_stranger()
    return visit.page("error.html", status=status, told=told, error_id=error_id)
