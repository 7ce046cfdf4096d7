"""`/`: where a visitor begins, and the switch between agencies."""

from __future__ import annotations

from werkzeug.wrappers import Response

from connector.store.accounts import Role
from connector.web.page import EVERYBODY, Page
from connector.web.visit import Visit


def show(visit: Visit) -> Response:
    """Send the visitor on: an admin to the accounts, others to the agency that they chose, or to their first."""
    if visit.visitor.role is Role.ADMIN:
        return visit.go("users")
    if not visit.agencies:
        return visit.page("nothing.html")
    return visit.go("overview", agency=visit.arg("to", among=visit.agencies) or visit.agencies[0])


PAGE = Page("home", "/", show, EVERYBODY)
