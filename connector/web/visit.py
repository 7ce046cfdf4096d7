"""What one page function takes: who visits, which agency, in which words; and the ways in which it answers.

    def show(visit: Visit) -> Response:
        with visit.app.store.read() as connection:
            lines = views.lines(connection, visit.agency, limit=50)
        return visit.page("records.html", lines=lines)

May import: hall, visitor, telling; flask.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from connector.app import App
from connector.store import sessions
from connector.telling.voice import Voice
from connector.telling.words import Words
from connector.web.hall import Hall
from connector.web.visitor import Visitor

LONGEST_ARGUMENT = 200
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. `agency` is "" on pages that are about none, else one that the visitor may see."""

    hall: Hall
    visitor: Visitor
    agency: str
    voice: Voice

    @property
    def app(self) -> App:
        """The App, for reading."""
        return self.hall.app

    @property
    def say(self) -> Words:
        """The words in the visitor's language."""
        return self.voice.say

    @property
    def now(self) -> datetime:
        """The time."""
        return self.hall.now()

    @property
    def agencies(self) -> list[str]:
        """The agencies that the visitor may see, as the configuration has them."""
        return self.visitor.agencies(list(self.app.agencies))

    # --- what was asked ---

    def arg(self, name: str, *, among: Any = None, longest: int = LONGEST_ARGUMENT) -> str:
        """Return an argument of the address, "" where there is none.

        Anything longer, or (with `among`) of no known value, is a bad request: no page guesses."""
        return _bounded(request.args.get(name, ""), among, longest)

    def field(self, name: str, *, among: Any = None, longest: int = LONGEST_ARGUMENT) -> str:
        """Return a field of the form that was sent, "" where there is none; bounded as `arg`, blanks around it gone."""
        return _bounded(request.form.get(name, "").strip(), among, longest)

    def fields(self, name: str, *, among: Any = None, most: int = 50) -> list[str]:
        """Return all values of a field that may be filled in several times; bounded as `field`."""
        values = request.form.getlist(name)
        if len(values) > most:
            raise BadRequest
        return [_bounded(value, among, LONGEST_ARGUMENT) for value in values]

    def number(self, name: str, *, most: int) -> int | None:
        """Return a whole number from 0 to `most` of the address, None where there is none."""
        text = request.args.get(name, "")
        if not text:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and int(text) <= most):
            raise BadRequest
        return int(text)

    # --- answers ---

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return the page that a template makes of these values. All it shows is escaped."""
        return Response(render_template(template, **values), status, mimetype="text/html")

    def go(self, page: str, **arguments: Any) -> Response:
        """Send the visitor on to a page, after a form was taken."""
        return redirect(self.link(page, **arguments), 303)

    def link(self, page: str, **arguments: Any) -> str:
        """Return the address of a page, of the same agency unless another is named; empty arguments are left out."""
        given = {name: value for name, value in arguments.items() if value not in ("", None)}
        if self.agency and "agency" not in given:
            given["agency"] = self.agency
        return url_for(page, **given)

    def has(self, page: str) -> bool:
        """Return whether there is such a page, so that a link to it leads somewhere."""
        return page in current_app.view_functions

    # --- what was searched for: words that must stand in no address ---

    def keep(self, words: str) -> str:
        """Keep what the visitor searched for while the visit lasts; return the handle for the address."""
        with self.hall.accounts.work() as connection:
            return sessions.keep(connection, self.visitor.token, words, self.now)

    def kept(self, handle: str) -> str:
        """Return what was searched for under a handle, "" where that was another visit."""
        with self.hall.accounts.work() as connection:
            return sessions.kept_words(connection, self.visitor.token, handle) or ""


def own_address(text: str) -> str:
    """Return an address that leads to a page of ours, "" for any other: nobody is sent to another host by a link."""
    parts = urlsplit(text)
    is_ours = text.startswith("/") and not text.startswith("//") and not parts.netloc and not parts.scheme
    return text if is_ours and "\\" not in text and text.isprintable() else ""


def _bounded(text: str, among: Any, longest: int) -> str:
    if len(text) > longest or "\x00" in text or (text and among is not None and text not in among):
        raise BadRequest
    return text
