"""`/<agency>/record`: one record, from the source to the national status: versions, attempts, papers, what comes next.

Masked for everybody; an auditor who has given a reason sees class C2, and each view of that kind is in the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from connector import lock
from connector.core.model import KINDS, Kind, RecordKey
from connector.telling import documents, naming, outlook, records, retired, subject, timeline, tracing
from connector.telling.documents import Field, FieldChange
from connector.telling.masking import Mask
from connector.telling.subject import Subject
from connector.telling.words import plain
from connector.web import reveal
from connector.web.page import READERS, Page
from connector.web.visit import Visit

if TYPE_CHECKING:
    from connector.core.kind_mapping import KindMapping

MOST_VERSION = 10**9


def show(visit: Visit) -> Response:
    """Show a record. Raises NotFound where there is none."""
    kind = visit.arg("kind", among=KINDS)
    if not kind or not visit.arg("id"):
        raise NotFound
    key = RecordKey(visit.agency, Kind(kind), visit.arg("id"))
    one, other = _asked(visit)
    pair = None if one is None or other is None or one == other else (min(one, other), max(one, other))
    found = subject.gather(visit.app, key, pair, with_reasons=False)
    if found is None or (pair and found.compared is None):
        raise NotFound
    unmasked = not found.concealed and reveal.shown(visit, key)
    if unmasked:  # what people wrote is read only now: after its entry in the log
        found = subject.gather(visit.app, key, pair, with_reasons=True) or found
    itself = one is not None and one == other
    values = _values(visit, found, unmasked=unmasked)
    return visit.page("record.html", status=400 if itself else 200, with_itself=itself, **values)


def _asked(visit: Visit) -> tuple[int | None, int | None]:
    """Return the two versions that are to be compared, as they were chosen; None and None where nobody said."""
    one, other = visit.number("from", most=MOST_VERSION), visit.number("to", most=MOST_VERSION)
    if (one is None) != (other is None):
        raise BadRequest
    return one, other


def _values(visit: Visit, found: Subject, *, unmasked: bool) -> dict[str, Any]:
    voice, app, line = visit.voice, visit.app, found.story.line
    mapping = app.agency(found.key.agency).mapping
    shown = line if unmasked else records.without_words(voice, line)
    # Of a concealed record not even its type is told by a version of before.
    facts = [] if found.concealed else tracing.facts(visit.say, found.key.kind, found.story.body)
    values: dict[str, Any] = {
        "found": found,
        "line": line,
        "unmasked": unmasked,
        "name": plain(naming.record(visit.say, found.key)),
        "facts": facts,
        "why": records.reasons(voice, app, shown),
        "next": list(outlook.sentences(voice, app, line, lock.holder(app.config.data_dir), with_reasons=unmasked)),
        "commands": commands(found),
        "moments": _moments(visit, found),
        "went": retired.sentence(visit.say, found.story.retired),
        "note": (found.story.status or {}).get("note", "") if unmasked else "",
        "fields": [],
        "changes": None,
        "choices": _choices(visit, found),
        "named": {key: naming.record(visit.say, key) for key in (*found.above, *found.below)},
    }
    if found.key.kind in mapping.kinds:
        kind_mapping = mapping.kind(found.key.kind)
        mask = found.mask(visit.say, kind_mapping, unmasked=unmasked)
        values |= {
            "fields": _fields(mask, kind_mapping, found),
            "changes": _changes(mask, kind_mapping, found),
        }
    return values


def _choices(visit: Visit, found: Subject) -> list[tuple[int, str]]:
    """Return the versions that may be compared, each with its name, the one that the nation has confirmed marked."""
    say, confirmed = visit.say, found.confirmed.version if found.confirmed else None
    return [
        (one["version"], say("console.record.the_confirmed" if one["version"] == confirmed else "console.record.after",
                             version=one["version"]))
        for one in found.versions
    ]  # fmt: skip


def _fields(mask: Mask, mapping: KindMapping, found: Subject) -> list[Field]:
    return documents.fields(mask, mapping, found.story.body)


def _changes(mask: Mask, mapping: KindMapping, found: Subject) -> list[FieldChange] | None:
    """Return what differs between the two versions, None where a text of them is not here."""
    if found.compared is None or None in (found.compared[0].body, found.compared[1].body):
        return None
    older, newer = found.compared
    return documents.changes(mask, mapping, older.body, newer.body)


def _moments(visit: Visit, found: Subject) -> list[dict[str, Any]]:
    return [
        {
            "at": moment.at,
            "text": timeline.sentence(visit.voice, moment),
            "by": moment.actor,
            "version": moment.version,
            "attempt": moment.facts.get("attempt"),
            "seconds": moment.facts["elapsed_ms"] / 1000 if "elapsed_ms" in moment.facts else None,
            "why": moment.facts.get("rule", ""),
        }
        for moment in found.story.moments
    ]


def commands(found: Subject) -> list[str]:
    """Return what one may type about a record as it stands. Nothing here does it."""
    line = found.story.line
    about = f"{found.key.kind} {plain(found.key.local_id)}"
    known = {
        "quarantined": [f"kntc quarantine show {about}"],
        "unknown": [f"kntc unknown show {about}"],
        "returned": [f"kntc quarantine acknowledge {about} --reason …"],
        "rejected": [f"kntc quarantine acknowledge {about} --reason …"],
    }
    return [f"kntc explain {about}", *known.get(line.state, []), f"kntc resync {about} --reason …"]


PAGE = Page("record", "/<agency>/record", show, READERS)
