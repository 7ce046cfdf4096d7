"""`kntc explain`: one record from the source to the National Database: values masked, rules, attempts, what comes next.

The source is read again live, so the reader sees what is there now; where it cannot be reached, the rest still stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import listing
from connector.cli.opening import AgencyOption, Desk, JsonOption, desk_of, holder_of_lock, opened
from connector.errors import SourceError
from connector.telling import naming, outlook, records, retired, timeline, tracing
from connector.telling.words import NO_BREAK

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import RecordKey
    from connector.store.aliases import Former
    from connector.store.stories import Story


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of one record: the ledger's story, and the source as it is now (or why it cannot be read)."""

    key: RecordKey
    story: Story
    reading: tracing.Reading | None
    source_error: SourceError | None
    holder: str | None
    now: datetime
    aliases: tuple[Former, ...] = ()  # its other ids at the source, oldest first


def explain(
    ctx: typer.Context,
    record: Annotated[list[str], typer.Argument()],
    agency: AgencyOption = None,
    payload: Annotated[bool, typer.Option("--payload")] = False,
    as_json: JsonOption = False,
) -> None:
    """Tell everything about one record: KIND? ID, as in `petition bentre:5121`, `don 5121`, `5121`."""
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk) as app:
        key = naming.find(app, desk.agencies(agency), record)
        subject = _look_up(app, key)
        if as_json:
            desk.screen.json("explain", desk.environment, **_as_json(desk, app, subject))
            return
        _print(desk, app, subject)
        if payload:
            _print_payload(desk, app, subject)


def _look_up(app: App, key: RecordKey) -> Subject:
    from connector.store import aliases, stories

    context = app.context(key.agency)
    with app.store.read() as connection:
        story = stories.story(connection, key, context.generation, context.capabilities, app.store.commitment)
        others = tuple(aliases.of_record(connection, key))
    if story is None:  # found a moment ago; the ledger forgets nothing
        raise RuntimeError("the ledger lost a key while it was read")
    reading, error = None, None
    if story.line.cause != "became_secret":
        try:
            reading = tracing.read_again(app, key, story.range_value)
        except SourceError as found:
            error = found
    return Subject(key, story, reading, error, holder_of_lock(app), app.now(), others)


def _print(desk: Desk, app: App, subject: Subject) -> None:
    say, screen, line = desk.say, desk.screen, subject.story.line
    screen.heading(_title(desk, subject), say.label("state", line.state).upper())
    screen.line(f"{desk.name_of(subject.key.agency)} {desk.environment_label}")
    if received := _received(subject):
        commitment = received["commitment"][:8] or "-"
        text = say("explain.national_id", id=line.national_id, version=received["version"], commitment=commitment)
        screen.pair(say("explain.on_national"), text)
        if received["version"] < line.version:
            newer = say("explain.newer_version", version=line.version, state=say.label("state", line.state))
            screen.pair(say("explain.newer"), newer)
    if status := subject.story.status:
        label = say.label("national", status["status"])
        text = f"{label}, {say.instant(status['occurred_at'])}" if status["occurred_at"] else ""
        text = text or say("explain.status_listed", status=label, at=say.instant(status["applied_at"]))
        text += f" ({status['acting_agency']})" if status["acting_agency"] else ""
        screen.pair(say("explain.status"), text)
        if status["note"]:
            screen.pair("", f"“{status['note']}”")
    _print_source(desk, app, subject)
    for problem in line.problems:
        screen.pair(say("explain.problem"), records.in_words(desk, app, subject.key, problem))
    if went := retired.sentence(say, subject.story.retired):
        screen.pair(say("explain.text"), went)
    screen.line(say("explain.story"))
    if subject.story.begins > 1:
        screen.line(say("audit.begins", first=subject.story.begins), indent=2)
    for at, text in timeline.sentences(desk, subject.story.moments, subject.now):
        screen.pair(f"  {at}", text, width=max(15, len(at) + 4))
    for number, text in enumerate(outlook.sentences(desk, app, line, subject.holder)):
        screen.pair(say("explain.next") if not number else "", text)


def _received(subject: Subject) -> dict[str, Any] | None:
    """Return the version that the national side holds as far as its receipts say, None if it has confirmed none."""
    return next((version for version in reversed(subject.story.versions) if version["receipt_at"]), None)


def _title(desk: Desk, subject: Subject) -> str:
    """`Đơn bentre:5121, khiếu nại, nhận 09/11/2026`: class C1 facts of the document, nothing else."""
    facts = tracing.facts(desk.say, subject.key.kind, subject.story.body)
    return ", ".join([naming.record(desk.say, subject.key), *facts])


def _source_name(app: App, key: RecordKey) -> str:
    mapping = app.agency(key.agency).mapping
    return app.mapping_of(key).source if key.kind in mapping.kinds else mapping.source


def _print_source(desk: Desk, app: App, subject: Subject) -> None:
    say, screen = desk.say, desk.screen
    label = say("explain.source", source=_source_name(app, subject.key))
    for number, one in enumerate(subject.aliases):
        name = "explain.alias_now" if one.until is None else "explain.alias_until"
        text = say(name, id=one.alias, since=say.instant(one.since), until=say.instant(one.until or one.since))
        screen.pair(say("explain.alias") if not number else "", text)
    if subject.source_error is not None:
        screen.pair(label, say("explain.source_unreachable", id=subject.source_error.id))
        return
    if subject.reading is None:
        screen.pair(label, say("explain.source_gone"))
        return
    screen.pair(label, say("explain.source_read", place=subject.reading.place, at=say.moment(subject.now, subject.now)))
    group = ""
    for field in tracing.fields(desk.say, app, subject.key, subject.reading):
        if field.group and field.group != group:
            screen.line(field.group, indent=2)
        group = field.group
        screen.pair(f"  {'  ' if group else ''}{field.label}", _arrow(field), width=30)


def _arrow(field: tracing.FieldLine) -> str:
    text = field.source or field.target
    if field.target and field.target != text:
        text += f" -> {field.target}"
    text += f" <-{NO_BREAK}{field.column}" if field.column else ""
    return f"{text} ({field.rule})" if field.rule else text


def _print_payload(desk: Desk, app: App, subject: Subject) -> None:
    desk.screen.line()
    desk.screen.line(desk.say("explain.payload"))
    body = tracing.masked_body(app, subject.key, subject.story.body)
    if body is None:
        desk.screen.line(desk.say("explain.no_payload"), indent=2)
    desk.screen.lines(_pretty(body))


def _pretty(body: Any) -> Iterator[str]:
    import json

    from connector.cli.screen import WIDTH
    from connector.telling.words import clipped

    if body is not None:
        for line in json.dumps(body, ensure_ascii=False, indent=2).splitlines():
            yield clipped(f"  {line}", WIDTH)


def _as_json(desk: Desk, app: App, subject: Subject) -> dict[str, Any]:
    line = subject.story.line
    fields = tracing.fields(desk.say, app, subject.key, subject.reading) if subject.reading else []
    received = _received(subject)
    return {
        "at": subject.now,
        "record": listing.as_json(line),
        "commitment": subject.story.commitment,
        "aliases": [asdict(one) for one in subject.aliases],
        "receipt": {"version": received["version"], "at": received["receipt_at"]} if received else None,
        "national_status": _without(subject.story.status, "note", "closed_reason"),
        "source": {
            "read": subject.reading is not None,
            "error": subject.source_error.id if subject.source_error else "",
            "fields": [field.as_json() for field in fields],
        },
        "payload": tracing.masked_body(app, subject.key, subject.story.body),
        "versions": [_without(version, "change_reason") for version in subject.story.versions],
        "story": [
            asdict(moment) | {"reason": moment.reason.standing if moment.reason else ""}  # its words: class C2
            for moment in subject.story.moments
        ],
        "next": list(outlook.sentences(desk, app, line, subject.holder)),
    }


def _without(found: dict[str, Any] | None, *names: str) -> dict[str, Any] | None:
    """Leave free text out: it is class C2."""
    return None if found is None else {name: value for name, value in found.items() if name not in names}
