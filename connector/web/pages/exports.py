"""`/<agency>/exports`: entries of the log as a file, masked; for auditors who give a reason, unmasked.

The entry about a download is written before its first byte is sent. The file lies in no place that has a name.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from connector import __version__
from connector.core.chain import Head
from connector.core.model import KINDS, Kind, RecordKey
from connector.errors import DataError
from connector.store import extracts as reading
from connector.store import views
from connector.store.accounts import Role
from connector.store.extracts import OUTCOMES, Wanted
from connector.telling import extract_files, extracts
from connector.telling.extract_files import Sheet
from connector.telling.extracts import Row
from connector.telling.words import HERE
from connector.web import days
from connector.web.page import READERS, Page
from connector.web.reveal import LONGEST_REASON, SHORTEST_REASON
from connector.web.visit import Visit

FORMS = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_ENTRIES = 100_000
IN_MEMORY_BYTES = 4 * 2**20
"""What is larger lies on the disk beside the store, in a file that no name leads to."""

_SENT_BYTES = 64 * 1024
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
        """Return which entries were asked for, as an entry of the log and a workbook say it."""
        said = {
            "record": f"{self.kind}/{self.id}" if self.id else "", "kind": self.kind, "from": self.since,
            "to": self.until, "by": self.by, "outcome": self.outcome,
        }  # fmt: skip
        return {name: text for name, text in said.items() if text}


class _TooLongError(Exception):
    """There are more entries than a download may have."""


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
        file, count = _written(visit, asked, wanted)
    except DataError as error:
        return _form(visit, asked, visit.say.error(error.id, **error.values).what)
    except LookupError:
        return _form(visit, asked, visit.say("console.exports.unknown"))
    except _TooLongError:
        return _form(visit, asked, visit.say("console.exports.too_long", limit=MOST_ENTRIES))
    facts = {"count": count, "form": asked.form, "filters": asked.filters(), "masked": not asked.unmask}
    if asked.by and not count:
        facts["filters"] = {**asked.filters(), "by": "?"}  # whatever was typed, it is nobody whom the log knows
    reason = asked.reason if asked.unmask else ""
    visit.hall.notes.of_agency("console.exported", visit.visitor.name, visit.agency, reason, **facts)
    return _sent(visit, asked.form, file)


def _wanted(visit: Visit, asked: _Asked) -> Wanted:
    """Return which entries are meant. Raises DataError for a day that is none, LookupError for a record that is not."""
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
        since=days.beginning(asked.since),
        until=days.end(asked.until),
        by=asked.by,
        outcome=asked.outcome,
    )


def _written(visit: Visit, asked: _Asked, wanted: Wanted) -> tuple[BinaryIO, int]:
    """Return the file, at its beginning, and how many entries are in it."""
    ends: list[Row] = []
    count = 0

    def counted(rows: Iterator[Row]) -> Iterator[Row]:
        nonlocal count
        for row in rows:
            count += 1
            if count > MOST_ENTRIES:
                raise _TooLongError
            ends[1 if ends else 0 :] = [row]
            yield row

    folder = visit.app.config.data_dir
    file: Any = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES, dir=str(folder))  # noqa: SIM115  closed with the response
    headings = extracts.headings(visit.voice, masked=not asked.unmask)
    try:
        with visit.app.store.read() as connection:
            head = visit.app.store.heads.check(connection, visit.agency)
            commit = visit.app.store.commitment if asked.unmask else None
            found = reading.entries(connection, visit.agency, wanted, commit)
            rows = counted(extracts.row(visit.voice, visit.app, each, masked=not asked.unmask) for each in found)
            if asked.form == "csv":
                extract_files.write_csv(file, headings, rows)
            elif asked.form == "jsonl":
                extract_files.write_lines(file, headings, rows)
            else:
                title = (
                    f"{visit.say('audit.title')} {visit.voice.name_of(visit.agency)} {visit.voice.environment_label}"
                )
                sheet = Sheet(title, visit.say, lambda: _about(visit, asked, head, ends, count))
                extract_files.write_workbook(file, headings, rows, sheet, folder)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file, count


def _about(visit: Visit, asked: _Asked, head: Head, ends: list[Row], count: int) -> dict[str, str]:
    places = [{"seq": row.cells["seq"], "hash": row.cells["hash"]} for row in ends]
    said = {
        "agency": visit.agency, "environment": visit.voice.environment, "program": __version__,
        "made_at": visit.now.isoformat(), "made_by": visit.visitor.name, "masked": not asked.unmask,
        "filters": asked.filters(), "entries": count, "first": places[0] if places else None,
        "last": places[-1] if places else None, "head": {"seq": head.seq, "hash": head.hash},
        "form": visit.say(f"extract.form_{asked.form}"),
    }  # fmt: skip
    return extracts.about(visit.voice, said)


def _sent(visit: Visit, form: str, file: BinaryIO) -> Response:
    def parts() -> Iterator[bytes]:
        while part := file.read(_SENT_BYTES):
            yield part

    name = f"nhat-ky-{visit.agency}-{visit.now.astimezone(HERE):%Y%m%d-%H%M%S}.{form}"
    answer = Response(parts(), mimetype=FORMS[form].partition(";")[0])
    answer.headers["Content-Type"] = FORMS[form]
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.call_on_close(file.close)
    return answer


def _form(visit: Visit, asked: _Asked, problem: str = "") -> Response:
    say = visit.say
    return visit.page(
        "exports.html",
        status=400 if problem else 200,
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
