"""`/<agency>/records`: records by kind, state and cause; and the search by id, number or a person's name.

What was searched for stands in no address: the form is posted, its words are kept beside the visit under a handle.
A name may be searched by auditors alone, for a hit is an answer; each such search is in the log before it is answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from werkzeug.exceptions import BadRequest, Forbidden
from werkzeug.wrappers import Response

from connector.core.model import KINDS, Cause, Kind, RecordKey, State
from connector.errors import DataError
from connector.store import aliases, finding, pages, views
from connector.store.accounts import Role
from connector.store.extracts import OUTCOMES
from connector.store.finding import Found
from connector.store.views import Line
from connector.telling import naming, records
from connector.telling.words import plain
from connector.web import days
from connector.web.page import READERS, Page
from connector.web.visit import PAGE_ROWS, Visit

STATES = (*(str(state) for state in State), views.RETURNED, views.EXPOSED, views.GONE)
CAUSES = tuple(str(cause) for cause in Cause)
WAYS = ("id", "number", "national", "name")
_PLAIN = WAYS[:-1]
FILTERS = ("kind", "state", "cause", "from", "to")
SHORTEST_WORDS, LONGEST_WORDS = 1, 120


def show(visit: Visit) -> Response:
    """Show one page of a list, or what a search found."""
    handle = visit.arg("found")
    if handle:
        return _found(visit, handle)
    asked, after = _asked(visit), visit.arg("after")
    problem, listed = "", views.Page((), "")
    try:
        with visit.app.store.read() as connection:
            listed = views.page(
                connection,
                visit.agency,
                state=asked["state"] or None,
                kind=Kind(asked["kind"]) if asked["kind"] else None,
                cause=asked["cause"] or None,
                since=days.beginning(asked["from"]),
                until=days.end(asked["to"]),
                after=after,
                limit=PAGE_ROWS,
            )
    except DataError as error:
        problem = visit.say.error(error.id, **error.values).what
    except ValueError:
        raise BadRequest from None
    return visit.page(
        "records.html",
        status=400 if problem else 200,
        **_shown(visit, listed.lines, asked),
        problem=problem,
        export=_export(visit, asked),
        first=visit.link("records", **asked) if after else "",
        after=visit.link("records", **asked, after=listed.next) if listed.next else "",
        search=None,
        is_whole=True,
    )


def _export(visit: Visit, asked: dict[str, str]) -> tuple[str, bool]:
    """Return where an export of the log begins with this filter, and whether it knows all of it."""
    knows_state = asked["state"] in ("", *OUTCOMES)
    given = {name: asked[name] for name in ("kind", "from", "to")}
    address = visit.link("exports", **given, outcome=asked["state"] if knows_state else "")
    return address, knows_state and not asked["cause"]


def act(visit: Visit) -> Response:
    """Take a search: note it if it is by name, keep its words, and lead to what it finds."""
    words, by = visit.field("words", longest=LONGEST_WORDS), visit.field("by", among=ways(visit))
    if by == "name" and visit.visitor.role is not Role.AUDITOR:
        raise Forbidden
    if not by or len(words) < SHORTEST_WORDS:
        return visit.go("records")
    if by == "name":
        found = _search(visit, by, words)
        commitment = visit.hall.notes.commitment(visit.agency, words)
        visit.hall.notes.of_agency(
            "console.searched", visit.visitor.name, visit.agency, words=commitment, found=len(found.keys)
        )
    return visit.go("records", found=visit.keep(f"{by} {words}"))


def ways(visit: Visit) -> tuple[str, ...]:
    """Return in which ways this visitor may search."""
    return WAYS if visit.visitor.role is Role.AUDITOR else _PLAIN


def _asked(visit: Visit) -> dict[str, str]:
    """Return the filters as the address has them."""
    return {
        "kind": visit.arg("kind", among=KINDS), "state": visit.arg("state", among=STATES),
        "cause": visit.arg("cause", among=CAUSES), "from": visit.arg("from", longest=10),
        "to": visit.arg("to", longest=10),
    }  # fmt: skip


def _found(visit: Visit, handle: str) -> Response:
    """Show what was found for words that this visit searched for; of another visit's nothing is known."""
    by, _, words = visit.kept(handle).partition(" ")
    if by not in ways(visit):
        return visit.go("records")
    found = _search(visit, by, words)
    with visit.app.store.read() as connection:
        lines = pages.of_keys(connection, visit.agency, found.keys)
    return visit.page(
        "records.html",
        **_shown(visit, lines, dict.fromkeys(FILTERS, "")),
        problem="",
        export=None,
        first="",
        after="",
        search=(by, plain(words)),
        is_whole=found.all,
    )


def _search(visit: Visit, by: str, words: str) -> Found:
    with visit.app.store.read() as connection:
        match by:
            case "name":
                return finding.by_name(connection, visit.agency, words, PAGE_ROWS)
            case "number":
                return finding.by_number(connection, visit.agency, words, PAGE_ROWS)
            case "national":
                return Found(tuple(finding.by_national_id(connection, visit.agency, words)))
            case _:
                return Found(tuple(_by_id(connection, visit.agency, words)))


def _by_id(connection: Connection, agency: str, words: str) -> list[RecordKey]:
    """An id counts with or without its source name, and so does every id that a record has had at its source."""
    named, _, rest = words.rpartition(" ")
    kind = naming.kind_or_none(named) if named else None
    asked, kinds = (rest, (kind,)) if kind else (words, KINDS)
    keys = finding.by_local_id(connection, agency, asked, kinds)
    return list(dict.fromkeys([*keys, *aliases.find_keys(connection, agency, asked, kinds)]))[:PAGE_ROWS]


def _shown(visit: Visit, lines: Sequence[Line], asked: dict[str, str]) -> dict[str, Any]:
    voice, app, say = visit.voice, visit.app, visit.say
    return {
        "asked": asked,
        "lines": [
            (line, naming.record(say, line.key), records.reasons(voice, app, records.without_words(voice, line)))
            for line in lines
        ],
        "kinds": [(str(kind), say.label("kind", kind)) for kind in KINDS],
        "states": [(state, say.label("state", state)) for state in STATES],
        "causes": [(str(cause), say.label("cause", cause)) for cause in Cause],
        "since": days.as_typed(asked["from"]),
        "until": days.as_typed(asked["to"]),
        "ways": [(way, say(f"console.records.by_{way}")) for way in ways(visit)],
        "longest": LONGEST_WORDS,
    }


PAGE = Page("records", "/<agency>/records", show, READERS, act=act, in_menu=True)
