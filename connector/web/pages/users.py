"""`/users`: an admin's page: who may log in. The same as `kntc console users`; no record is seen from here."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from connector.errors import DataError
from connector.store.accounts import Role
from connector.telling.errors import text_of
from connector.web import passwords
from connector.web.accounts import Office
from connector.web.notes import visitor
from connector.web.page import ADMINS, Page
from connector.web.visit import Visit

DONE = {
    "add": "added",
    "password": "password_set",
    "lock": "was_locked",
    "unlock": "was_unlocked",
    "remove": "removed",
}
"""What a form may do, and the words under `console.users` when it is done."""


def show(visit: Visit) -> Response:
    """List the accounts with what may be done to each, and the form for a new one."""
    return _listed(visit, done=visit.arg("done", among=DONE), name=visit.arg("name", longest=64))


def act(visit: Visit) -> Response:
    """Do what one of the forms asks, or say why it cannot be."""
    what, name = visit.field("what", among=DONE), visit.field("name", longest=64).lower()
    if not what:
        raise BadRequest
    if name == visit.visitor.name and what != "password":
        return _listed(visit, problem=visit.say("console.users.not_oneself"), status=422)
    office = Office(
        visit.hall.accounts, visit.hall.notes, list(visit.app.agencies), visitor(visit.visitor.name), visit.now
    )
    try:
        _FORMS[what](visit, office, name)
    except DataError as error:
        text = text_of(error, visit.say)
        return _listed(visit, problem=f"{text.what} {text.why}", status=422)
    return visit.go("users", done=what, name=name)


def _add(visit: Visit, office: Office, name: str) -> None:
    role = Role(visit.field("role", among=list(Role)) or Role.OPERATOR)
    office.add(name, role, visit.fields("agency", among=visit.app.agencies), visit.field("password", longest=1_000))


def _set_password(visit: Visit, office: Office, name: str) -> None:
    office.set_password(name, visit.field("password", longest=1_000))


_FORMS: dict[str, Callable[[Visit, Office, str], None]] = {
    "add": _add,
    "password": _set_password,
    "lock": lambda _visit, office, name: office.lock(name),
    "unlock": lambda _visit, office, name: office.unlock(name),
    "remove": lambda _visit, office, name: office.remove(name),
}


def _listed(visit: Visit, *, done: str = "", name: str = "", problem: str = "", status: int = 200) -> Response:
    accounts = visit.hall.accounts.all()
    return visit.page(
        "users.html",
        status=status,
        accounts=accounts,
        names=[(one.name, one.name) for one in accounts],
        roles_named=[(role, visit.say(f"console.role.{role}")) for role in Role],
        configured=list(visit.app.agencies),
        done=visit.say(f"console.users.{DONE[done]}", name=name) if done else "",
        problem=problem,
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )


PAGE = Page("users", "/users", show, ADMINS, act=act, in_menu=True)
