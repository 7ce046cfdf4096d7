"""Records in a list, and the reason why one is where it is: two lines each, no value of a record.

May import: words, screen, opening, naming, overview, core.model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connector.cli import naming, overview
from connector.cli.opening import Desk
from connector.cli.screen import NO_BREAK, clipped, spread
from connector.cli.summary import reason_in_words
from connector.cli.words import ErrorText

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import RecordKey
    from connector.store.views import Line

SHOWN_PROBLEMS = 3
"""So many problems of one record are told in a list; the rest is counted."""


def print_records(desk: Desk, app: App, lines: Iterable[Line]) -> None:
    """Print each record with its state, since when, and why."""
    count = 0
    for count, line in enumerate(lines, 1):  # noqa: B007  counted for the sentence below
        right = desk.say("list.since", since=line.since, span=desk.say.span((app.now() - line.since).total_seconds()))
        left = f"{naming.record(desk.say, line.key)}: {desk.say.label('state', line.state)}"
        for text in spread(clipped(left, 77), right):
            desk.screen.line(text)
        for text in reasons(desk, app, line):
            desk.screen.line(text, indent=2, hang=4)
    if not count:
        desk.screen.line(desk.say("list.none"))


def reasons(desk: Desk, app: App, line: Line) -> list[str]:
    """Return why a record is where it is, in sentences."""
    say = desk.say
    found = [in_words(desk, app, line.key, problem) for problem in line.problems[:SHOWN_PROBLEMS]]
    if len(line.problems) > SHOWN_PROBLEMS:
        found.append(say("list.more_problems", count=len(line.problems) - SHOWN_PROBLEMS))
    match line.state:
        case "blocked":
            parent = naming.record(say, line.parent) if line.parent else "?"
            found = [say("list.blocked", parent=parent, state=say.label("state", line.cause) if line.cause else "?")]
        case "returned":
            found = [say.label("national", line.cause)]
        case "rejected" if not found:
            found = [overview.rule_in_words(desk, line.rule)]
        case "unknown":
            found = _why_unclear(desk, app, line)
        case "pending" if line.next_attempt_at and line.next_attempt_at > app.now():
            found = [say("list.sent_at", at=say.moment(line.next_attempt_at, app.now()))]
        case _ if line.cause and not found:
            id_ = id_of_cause(line.cause) if line.state == "quarantined" else ""
            found = [f"{id_}  {_cause(desk, app, line)}".strip()]
    return [text for text in (*found, *_notes(desk, line)) if text]


def _notes(desk: Desk, line: Line) -> Iterator[str]:
    """What is known of a record besides why it is where it is."""
    if line.gone:
        yield desk.say(f"list.gone_{line.gone}")
    if line.acknowledged_by:
        yield desk.say("list.acknowledged", by=line.acknowledged_by)


_IDS_OF_CAUSES = {
    "parent_missing": "E-PARENT-MISSING",
    "exhausted": "E-ATTEMPTS-EXHAUSTED",
    "crash": "E-SENDING-CRASHED",
    "guard": "E-GUARD-HELD",
}


def id_of_cause(cause: str) -> str:
    """Return the error id under which a cause of being held back is explained, "" where its problems have their own."""
    return _IDS_OF_CAUSES.get(cause, "")


def _why_unclear(desk: Desk, app: App, line: Line) -> list[str]:
    say = desk.say
    if line.cause in overview.ASK_A_PERSON:
        return [say.label("cause", line.cause), say("list.decide", kind=line.key.kind, id=line.key.local_id)]
    found = [overview.rule_in_words(desk, line.rule)] if line.rule else []
    if line.next_attempt_at:
        found.append(say("list.looked_for", at=say.moment(line.next_attempt_at, app.now())))
    return found


def _cause(desk: Desk, app: App, line: Line) -> str:
    if line.cause == "excluded" and line.rule:
        return desk.say("list.excluded", reason=reason_in_words(desk, app, line.key.agency, line.rule))
    return desk.say.label("cause", line.cause)


def in_words(desk: Desk, app: App, key: RecordKey, problem: Mapping[str, str]) -> str:
    """Return one problem of a record: its id, what is wrong with which field, and the source's column."""
    field = field_label(desk, app, key, problem.get("pointer", ""))
    rule = problem.get("rule", "")
    column = problem.get("column") or column_of(app, key, problem.get("pointer", ""))
    if "text" in problem:  # a national refusal: its words are theirs
        return desk.say("list.national", rule=rule, field=field, column=column, text=clipped(problem["text"], 300))
    what = error_text(desk, key, problem, field).what
    return f"{rule}  {what}" + (f" <-{NO_BREAK}{column}" if column else "")


def error_text(desk: Desk, key: RecordKey, problem: Mapping[str, str], field: str) -> ErrorText:
    """Return what the catalogue says of one problem of a record."""
    detail, column = desk.say.expected(problem.get("detail", "")), problem.get("column", "")
    values = {"field": field, "detail": detail, "agency": key.agency, "table": column, "column": column, "rows": detail}
    return desk.say.error(problem.get("rule", ""), **values)


def field_label(desk: Desk, app: App, key: RecordKey, pointer: str) -> str:
    """Return the schema's title of a field, as `Lĩnh vực`; the pointer where there is none."""
    mapping = app.agency(key.agency).mapping
    if not pointer or key.kind not in mapping.kinds:
        return pointer or desk.say("field.whole")
    return mapping.kind(key.kind).label(pointer, desk.say.language)


def column_of(app: App, key: RecordKey, pointer: str) -> str:
    """Return the source's `table.column` behind a field, "" if no rule feeds it."""
    mapping = app.agency(key.agency).mapping
    return mapping.kind(key.kind).column_of(pointer) if pointer and key.kind in mapping.kinds else ""


def as_json(line: Line) -> dict[str, Any]:
    """Return a record as machines read it. The words of a national refusal stay behind: they are class C2."""
    return {
        "key": str(line.key),
        "agency": line.key.agency,
        "kind": str(line.key.kind),
        "local_id": line.key.local_id,
        "version": line.version,
        "state": line.state,
        "cause": line.cause,
        "rule": line.rule,
        "since": line.since,
        "next_attempt_at": line.next_attempt_at,
        "attempt": line.attempt,
        "problems": [{name: value for name, value in problem.items() if name != "text"} for problem in line.problems],
        "national_id": line.national_id,
        "acknowledged_by": line.acknowledged_by,
        "parent": str(line.parent) if line.parent else "",
        "gone": line.gone,
    }


def goes_by_itself(desk: Desk, app: App, holder: str | None) -> str:
    """Return when a mended record goes: with the daemon's next reading, or with the next `kntc sync`."""
    if holder:
        return desk.say("next.daemon_reads", span=desk.say.span(app.config.schedule.collect_every_s))
    return desk.say("next.sync_reads")
