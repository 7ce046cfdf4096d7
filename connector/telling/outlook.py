"""What happens next to a record, who acts, and by when.

May import: voice, naming, overview, records, rules, timeline.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from connector.telling import naming, records, timeline
from connector.telling.overview import ASK_A_PERSON
from connector.telling.rules import rule_in_words
from connector.telling.voice import Voice

if TYPE_CHECKING:
    from connector.app import App
    from connector.store.views import Line


def sentences(voice: Voice, app: App, line: Line, holder: str | None, *, with_reasons: bool = True) -> Iterator[str]:
    """Yield what comes next, as sentences; what stands in its way first.

    with_reasons: also the words in which people gave reasons, which are for who may read class C2."""
    say = voice.say
    paused = []
    if line.state in ("pending", "unknown", "blocked"):
        paused = _pauses_of(app, line)
        yield from _in_the_way(voice, app, line, paused, with_reasons=with_reasons)
    yield from _held(voice, app, line)
    if paused and line.state == "pending":
        yield say("next.pending_paused")
    elif line.state in ("pending", "sending") or (line.state == "unknown" and line.cause not in ASK_A_PERSON):
        yield say(f"next.{line.state}", when=_when(voice, app, line, holder))
    elif line.state == "blocked":
        parent = naming.record(say, line.parent) if line.parent else "?"
        yield say("next.blocked", parent=parent, state=say.label("state", line.cause) if line.cause else "?")
    elif line.state in ("quarantined", "not_sent", "unknown"):
        group = "undecided" if line.state == "unknown" else line.state
        ids = (f"next.{group}.{line.cause}", f"next.{group}.other")
        yield say.first(*ids, id=line.key.local_id, kind=line.key.kind)
    else:
        yield say.first(f"next.{line.state}", "next.none")
    if line.state in ("returned", "rejected") or (
        line.state == "quarantined" and line.cause in ("mapping", "parent_missing")
    ):
        yield records.goes_by_itself(voice, app, holder)
    yield from _of_files(voice, app, line)
    if line.gone == "ask":
        yield say("next.gone_ask", kind=line.key.kind, id=line.key.local_id)
    if line.acknowledged_by:
        yield say("list.acknowledged", by=line.acknowledged_by)


def _pauses_of(app: App, line: Line) -> list[Any]:
    """Return the orders by which a person keeps this record from being sent, as rows of table `pause`."""
    from connector.store import marks

    with app.store.read() as connection:
        pauses = marks.pauses(connection, line.key.agency)
    kinds, ids = ("", marks.CHANNEL, line.key.kind), ("", line.key.local_id)
    return [pause for pause in pauses if pause.kind in kinds and pause.local_id in ids]


def _in_the_way(voice: Voice, app: App, line: Line, paused: list[Any], *, with_reasons: bool) -> Iterator[str]:
    from connector.store import channel, reasons

    with app.store.read() as connection:
        state = channel.state_of(connection, line.key.agency, app.generation(line.key.agency))
        scopes = [(pause.kind, pause.local_id) for pause in paused]
        given = reasons.newest(connection, line.key.agency, "sending.paused", scopes, app.store.commitment)
    if state.held_until is not None:
        why, until = rule_in_words(voice, state.rule), voice.say.moment(state.held_until, app.now())
        yield voice.say("next.channel", why=why, until=until)
    for pause in paused:
        yield voice.say("next.paused", scope=naming.scope(voice.say, pause.kind, pause.local_id), by=pause.by)
        if with_reasons and (told := given.get((pause.kind, pause.local_id))):
            yield timeline.reason(voice, told)


def _held(voice: Voice, app: App, line: Line) -> Iterator[str]:
    from connector.store import holds

    with app.store.read() as connection:
        held = holds.over(connection, line.key)
    for one in held:
        yield voice.say("next.held", record=naming.record(voice.say, one.key), by=one.by, at=one.at)


def _of_files(voice: Voice, app: App, line: Line) -> Iterator[str]:
    """What its attachments wait for, and how many did not go with it."""
    from connector.store import attachments

    with app.store.read() as connection:
        generation = app.generation(line.key.agency)
        found = attachments.counts(connection, line.key.agency, generation, key=line.key)
    if line.state == "pending" and (waiting := found.get("ready", 0) + found.get("refused", 0)):
        yield voice.say("next.files_waiting", count=waiting)
    if unsent := sum(found.get(fate, 0) for fate in attachments.TROUBLED):
        yield voice.say("next.files_unsent", count=unsent)


def _when(voice: Voice, app: App, line: Line, holder: str | None) -> str:
    say = voice.say
    if line.next_attempt_at is not None and line.next_attempt_at > app.now():
        at = say.moment(line.next_attempt_at, app.now())
        return say("next.at_daemon" if holder else "next.at_sync", at=at)
    return say("next.soon_daemon", span=say.span(app.config.schedule.push_every_s)) if holder else say("next.soon_sync")
