"""What is known of a record besides its document: why it is where it is, in sentences. No value of a record.

May import: voice, naming, overview, rules, core.model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from connector.telling import naming
from connector.telling.overview import ASK_A_PERSON
from connector.telling.rules import reason_in_words, rule_in_words
from connector.telling.voice import Voice
from connector.telling.words import NO_BREAK, ErrorText, clipped

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import RecordKey
    from connector.store.views import Line

SHOWN_PROBLEMS = 3
"""So many problems of one record are told in a list; the rest is counted."""


def reasons(voice: Voice, app: App, line: Line) -> list[str]:
    """Return why a record is where it is, in sentences."""
    say = voice.say
    found = [in_words(voice, app, line.key, problem) for problem in line.problems[:SHOWN_PROBLEMS]]
    if len(line.problems) > SHOWN_PROBLEMS:
        found.append(say("list.more_problems", count=len(line.problems) - SHOWN_PROBLEMS))
    match line.state:
        case "blocked":
            parent = naming.record(say, line.parent) if line.parent else "?"
            found = [say("list.blocked", parent=parent, state=say.label("state", line.cause) if line.cause else "?")]
        case "returned":
            found = [say.label("national", line.cause)]
        case "rejected" if not found:
            found = [rule_in_words(voice, line.rule)]
        case "unknown":
            found = _why_unclear(voice, app, line)
        case "pending" if line.next_attempt_at and line.next_attempt_at > app.now():
            found = [say("list.sent_at", at=say.moment(line.next_attempt_at, app.now()))]
        case _ if line.cause and not found:
            id_ = id_of_cause(line.cause) if line.state == "quarantined" else ""
            found = [f"{id_}  {_cause(voice, app, line)}".strip()]
    return [text for text in (*found, *_notes(voice, line)) if text]


def without_words(voice: Voice, line: Line) -> Line:
    """Return the line with what the national side wrote about it masked: its words may name people."""
    masked = voice.say("explain.masked")
    problems = tuple({**one, "text": masked} if "text" in one else one for one in line.problems)
    return replace(line, problems=problems)


def _notes(voice: Voice, line: Line) -> Iterator[str]:
    """What is known of a record besides why it is where it is."""
    if line.gone:
        yield voice.say(f"list.gone_{line.gone}")
    if line.acknowledged_by:
        yield voice.say("list.acknowledged", by=line.acknowledged_by)


_IDS_OF_CAUSES = {
    "parent_missing": "E-PARENT-MISSING",
    "exhausted": "E-ATTEMPTS-EXHAUSTED",
    "crash": "E-SENDING-CRASHED",
    "guard": "E-GUARD-HELD",
}


def id_of_cause(cause: str) -> str:
    """Return the error id under which a cause of being held back is explained, "" where its problems have their own."""
    return _IDS_OF_CAUSES.get(cause, "")


def _why_unclear(voice: Voice, app: App, line: Line) -> list[str]:
    say = voice.say
    if line.cause in ASK_A_PERSON:
        return [say.label("cause", line.cause), say("list.decide", kind=line.key.kind, id=line.key.local_id)]
    found = [rule_in_words(voice, line.rule)] if line.rule else []
    if line.next_attempt_at:
        found.append(say("list.looked_for", at=say.moment(line.next_attempt_at, app.now())))
    return found


def _cause(voice: Voice, app: App, line: Line) -> str:
    if line.cause == "excluded" and line.rule:
        return voice.say("list.excluded", reason=reason_in_words(voice, app, line.key.agency, line.rule))
    return voice.say.label("cause", line.cause)


def in_words(voice: Voice, app: App, key: RecordKey, problem: Mapping[str, str]) -> str:
    """Return one problem of a record: its id, what is wrong with which field, and the source's column."""
    field = field_label(voice, app, key, problem.get("pointer", ""))
    rule = problem.get("rule", "")
    column = problem.get("column") or column_of(app, key, problem.get("pointer", ""))
    if "text" in problem:  # a national refusal: its words are theirs
        said = clipped(problem["text"], 300)
        if not column:
            return voice.say("list.national_whole", rule=rule, field=field, text=said)
        return voice.say("list.national", rule=rule, field=field, column=column, text=said)
    what = error_text(voice, key, problem, field).what
    return f"{rule}  {what}" + (f" <-{NO_BREAK}{column}" if column else "")


def error_text(voice: Voice, key: RecordKey, problem: Mapping[str, str], field: str) -> ErrorText:
    """Return what the catalogue says of one problem of a record."""
    detail, column = voice.say.expected(problem.get("detail", "")), problem.get("column", "")
    values = {"field": field, "detail": detail, "agency": key.agency, "table": column, "column": column, "rows": detail}
    return voice.say.error(problem.get("rule", ""), **values)


def field_label(voice: Voice, app: App, key: RecordKey, pointer: str) -> str:
    """Return the schema's title of a field, as `Lĩnh vực`; the pointer where there is none."""
    mapping = app.agency(key.agency).mapping
    if not pointer or key.kind not in mapping.kinds:
        return pointer or voice.say("field.whole")
    return mapping.kind(key.kind).label(pointer, voice.say.language)


def column_of(app: App, key: RecordKey, pointer: str) -> str:
    """Return the source's `table.column` behind a field, "" if no rule feeds it."""
    kinds = app.agency(key.agency).mapping.kinds
    return app.mapping_of(key).column_of(pointer) if pointer and key.kind in kinds else ""


def goes_by_itself(voice: Voice, app: App, holder: str | None) -> str:
    """Return when a mended record goes: with the daemon's next reading, or with the next `kntc sync`."""
    if holder:
        return voice.say("next.daemon_reads", span=voice.say.span(app.config.schedule.collect_every_s))
    return voice.say("next.sync_reads")
