"""`/<agency>/exports`: entries of the log as a file, masked; for auditors who give a reason, unmasked.

What is sent is a zip of the file and its manifest: see `connector/web/download.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from connector.core.model import KINDS, Kind, RecordKey
from connector.errors import DataError
from connector.store import views
from connector.store.accounts import Role
from connector.store.extracts import OUTCOMES, Wanted
from connector.telling import naming
from connector.web import days, download
from connector.web.download import FORMS, BusyError, TooLongError
from connector.web.page import READERS, Page
from connector.web.reveal import LONGEST_REASON, SHORTEST_REASON
from connector.web.visit import Visit

LONGEST_ID = 128
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a form asked for, as it stood there."""

    kind: str = ""
    id: str = ""
    since: str = ""
    until: str = ""
    by: str = ""
    outcome: str = ""
    form: str = "csv"
    unmask: str = ""
    reason: str = ""

    def filters(self) -> dict[str, str]:
        """Return which entries were asked for, as an entry of the log and a manifest say it. Raises DataError for what
        is no day."""
        first, last = (naming.day_named(day).isoformat() if day else "" for day in (self.since, self.until))
        said = {
            "record": f"{self.kind}/{self.id}" if self.id else "", "kind": self.kind, "from": first, "to": last,
            "by": self.by, "outcome": self.outcome,
        }  # fmt: skip
        return {name: text for name, text in said.items() if text}

    def reason_given(self) -> str:
        """Return why it is to be unmasked, "" where it is not."""
        return self.reason if self.unmask else ""


def show(visit: Visit) -> Response:
    """Ask what is to be in the file; what the address says of it is filled in."""
    asked = _Asked(
        visit.arg("kind", among=KINDS), visit.arg("id", longest=LONGEST_ID), visit.arg("from", longest=10),
        visit.arg("to", longest=10), visit.arg("by", longest=LONGEST_NAME), visit.arg("outcome", among=OUTCOMES),
    )  # fmt: skip
    return _form(visit, asked)


def act(visit: Visit) -> Response:
    """Send the file, after its entry in the log is written; or say what of the form cannot be meant."""
    asked = _Asked(
        visit.field("kind", among=KINDS), visit.field("id", longest=LONGEST_ID),
        visit.field("from", longest=10), visit.field("to", longest=10), visit.field("by", longest=LONGEST_NAME),
        visit.field("outcome", among=OUTCOMES), visit.field("format", among=FORMS) or "csv",
        visit.field("unmask", among=("yes",)), visit.field("reason", longest=2_000),
    )  # fmt: skip
    if asked.unmask and visit.visitor.role is not Role.AUDITOR:
        raise Forbidden
    if asked.unmask and not SHORTEST_REASON <= len(asked.reason) <= LONGEST_REASON:
        wrong = visit.say("console.reveal.wrong", shortest=SHORTEST_REASON, longest=LONGEST_REASON)
        return _form(visit, asked, wrong)
    try:
        wanted = _wanted(visit, asked)
        return download.answer(visit, download.Asked(wanted, asked.filters(), asked.form, asked.reason_given()))
    except DataError as error:
        return _form(visit, asked, visit.say.error(error.id, **error.values).what)
    except LookupError:
        return _form(visit, asked, visit.say("console.exports.unknown"))
    except TooLongError:
        limit = download.MOST_ENTRIES[asked.form]
        return _form(visit, asked, visit.say("console.exports.too_long", limit=limit))
    except BusyError:
        return _form(visit, asked, visit.say("console.exports.busy"), status=503)


def _wanted(visit: Visit, asked: _Asked) -> Wanted:
    """Return which entries are meant. Raises DataError for a day that is none and days in the wrong order, LookupError
    for a record that is not."""
    since, until = days.beginning(asked.since), days.end(asked.until)
    if since and until and since >= until:
        first, last = (naming.day_named(day) for day in (asked.since, asked.until))
        raise DataError("E-EXTRACT-PERIOD", first=visit.say.day(first), last=visit.say.day(last))
    key = None
    if asked.id:
        if not asked.kind:
            raise LookupError
        key = RecordKey(visit.agency, Kind(asked.kind), asked.id)
        with visit.app.store.read() as connection:
            if not views.key_exists(connection, key):
                raise LookupError
    return Wanted(
        key=key,
        kind=Kind(asked.kind) if asked.kind else None,
        since=since,
        until=until,
        by=asked.by,
        outcome=asked.outcome,
    )


def _form(visit: Visit, asked: _Asked, problem: str = "", status: int = 400) -> Response:
    say = visit.say
    return visit.page(
        "exports.html",
        status=status if problem else 200,
        asked=asked,
        problem=problem,
        since=days.as_typed(asked.since),
        until=days.as_typed(asked.until),
        kinds=[(str(kind), say.label("kind", kind)) for kind in KINDS],
        outcomes=[(name, say.label("state", name)) for name in OUTCOMES],
        forms=[(form, say(f"console.exports.form_{form}")) for form in FORMS],
        masking=[("", say("console.exports.masked")), ("yes", say("console.exports.unmasked"))],
        shortest=SHORTEST_REASON,
        longest=LONGEST_REASON,
        longest_id=LONGEST_ID,
        longest_name=LONGEST_NAME,
    )


PAGE = Page("exports", "/<agency>/exports", show, READERS, act=act, in_menu=True)
