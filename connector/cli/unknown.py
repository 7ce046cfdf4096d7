"""`kntc unknown`: what waits for a person because the program may not guess, and what that person says of it.

A decision is a short transaction, also while the daemon runs. Nothing is sent here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli.comparing import Compared, compared
from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    JsonOption,
    KindOption,
    Misused,
    ReasonOption,
    desk_of,
    holder_of_lock,
    opened,
    person,
    reason_of,
)
from connector.cli.screen import spread
from connector.errors import DataError
from connector.telling import naming, tracing
from connector.telling.words import clipped

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import Candidate, RecordKey, State
    from connector.store.decisions import Waiting

RecordArgument = Annotated[list[str], typer.Argument()]

LABEL, SIDE = 17, 26
"""Columns of a comparison: the field, then our side and theirs, then whether they agree."""


def list_(
    ctx: typer.Context,
    agency: AgencyOption = None,
    kind: KindOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000)] = 200,
    as_json: JsonOption = False,
) -> None:
    """List what waits for a person: why, since when, how often it was sent."""
    from connector.store import decisions

    desk = desk_of(ctx, as_json=as_json)
    wanted = naming.kind_named(desk.say, kind) if kind else None
    found: list[dict[str, Any]] = []
    more = False
    with opened(desk) as app:
        for code in desk.agencies(agency):
            with app.store.read() as connection:
                waiting = decisions.waiting(connection, code, app.generation(code), kind=wanted, limit=limit + 1)
            found += [_as_json(one) for one in waiting[:limit]]
            more = more or len(waiting) > limit
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            desk.screen.line(desk.say("unknown.title"))
            for one in waiting[:limit]:
                _print_line(desk, app, one)
            if not waiting:
                desk.screen.line(desk.say("list.none"))
            elif len(waiting) > limit:
                desk.screen.line(desk.say("list.more", limit=limit))
        if as_json:
            desk.screen.json("unknown list", desk.environment, at=app.now(), records=found, more=more)


def _print_line(desk: Desk, app: App, one: Waiting) -> None:
    say = desk.say
    right = say("list.since", since=one.since, span=say.span((app.now() - one.since).total_seconds()))
    for text in spread(clipped(naming.record(say, one.key), 77), right):
        desk.screen.line(text)
    desk.screen.line(f"{say.label('cause', one.cause)}; {_how_often(desk, app, one)}", indent=2, hang=4)
    desk.screen.line(say("list.decide", kind=one.key.kind, id=one.key.local_id), indent=2, hang=4)


def _how_often(desk: Desk, app: App, one: Waiting) -> str:
    if not one.attempt or one.last_sent_at is None:
        return desk.say("unknown.never_sent")
    return desk.say("unknown.sent", count=one.attempt, at=desk.say.moment(one.last_sent_at, app.now()))


def _as_json(one: Waiting) -> dict[str, Any]:
    return {
        "key": str(one.key),
        "agency": one.key.agency,
        "kind": str(one.key.kind),
        "local_id": one.key.local_id,
        "version": one.version,
        "newest_version": one.newest,
        "cause": one.cause,
        "rule": one.rule,
        "since": one.since,
        "attempt": one.attempt,
        "last_sent_at": one.last_sent_at if one.attempt else None,
        "national_id": one.own,
        "candidates": len(one.candidates),
        "decidable": one.decidable,
        "parent": str(one.parent) if one.parent else "",
    }


# --- one record ------------------------------------------------------------------------------------------------------


def show(ctx: typer.Context, record: RecordArgument, agency: AgencyOption = None, as_json: JsonOption = False) -> None:
    """Show one record that waits for a person beside what the National Database holds."""
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk) as app:
        one = _waiting(app, naming.find(app, desk.agencies(agency), record))
        sides = [(candidate, _compared(desk, app, one, candidate)) for candidate in one.candidates]
        if as_json:
            shown = [_candidate_as_json(candidate, rows) for candidate, rows in sides]
            desk.screen.json(
                "unknown show",
                desk.environment,
                at=app.now(),
                record=_as_json(one),
                payload=tracing.masked_body(app, one.key, one.body),
                candidates=shown,
            )
            return
        _print(desk, app, one)
        for number, (candidate, rows) in enumerate(sides, 1):
            _print_candidate(desk, number, len(sides), candidate, rows)
        _print_ways(desk, one)


def _waiting(app: App, key: RecordKey) -> Waiting:
    """Return what waits for a person under this key. Raises DataError if nothing does."""
    from connector.store import decisions

    with app.store.read() as connection:
        found = decisions.waiting(connection, key.agency, app.generation(key.agency), key=key)
    if not found:
        raise DataError("E-UNKNOWN-NOT-WAITING", key=str(key))
    return found[0]


def _compared(desk: Desk, app: App, one: Waiting, candidate: Candidate) -> list[Compared]:
    import orjson

    mapping = app.agency(one.key.agency).mapping
    fields = mapping.kind(one.key.kind).fields if one.key.kind in mapping.kinds else {}
    body = orjson.loads(one.body) if one.body else {}
    return compared(desk.say, body, fields, candidate, concealed=one.concealed or not one.body)


def _candidate_as_json(candidate: Candidate, rows: list[Compared]) -> dict[str, Any]:
    return {
        "national_id": candidate.national_id,
        "fields": {row.field: {"ours": row.ours, "theirs": row.theirs, "agrees": row.agrees} for row in rows},
    }


def _print(desk: Desk, app: App, one: Waiting) -> None:
    say, screen = desk.say, desk.screen
    span = say.span((app.now() - one.since).total_seconds())
    left = say("quarantine.head", record=naming.record(say, one.key), state=say.label("state", "unknown").upper())
    screen.heading(left, say("list.since", since=say.day_of(one.since), span=span))
    screen.line(f"{desk.name_of(one.key.agency)} {desk.environment_label}")
    screen.pair(say("unknown.why"), say.label("cause", one.cause))
    screen.pair(say("unknown.tried"), _how_often(desk, app, one))
    facts = tracing.facts(say, one.key.kind, one.body)
    version = say("unknown.version", version=one.version)
    newer = [say("unknown.newer", version=one.newest)] if one.newest > one.version else []
    screen.pair(say("unknown.ours"), ", ".join([*facts, version, *newer]))
    if one.parent:
        screen.pair(say("unknown.parent"), naming.record(say, one.parent))
    if one.own:
        screen.pair(say("explain.on_national"), one.own)


def _print_candidate(desk: Desk, number: int, count: int, candidate: Candidate, rows: list[Compared]) -> None:
    say = desk.say
    agreeing = sum(row.agrees is True for row in rows)
    comparable = sum(row.agrees is not None for row in rows)
    desk.screen.line()
    head = say("unknown.candidate", number=number, count=count, id=clipped(candidate.national_id, 40))
    right = say("unknown.agreeing", count=agreeing, of=comparable)
    desk.screen.lines(spread(head, right))
    desk.screen.lines([_row("", say("unknown.side_ours"), say("unknown.side_theirs"), "")])
    for row in rows:
        verdict = say("unknown.agrees" if row.agrees else "unknown.differs") if row.agrees is not None else "-"
        desk.screen.lines([_row(f"  {say(f'unknown.field.{row.field}')}", row.ours, row.theirs, verdict)])


def _row(label: str, ours: str, theirs: str, verdict: str) -> str:
    cells = (f"{clipped(text, SIDE - 1):<{SIDE}}" for text in (ours, theirs))
    return f"{clipped(label, LABEL - 1):<{LABEL}}{''.join(cells)}{verdict}".rstrip()


def _print_ways(desk: Desk, one: Waiting) -> None:
    say, screen = desk.say, desk.screen
    values = {"kind": one.key.kind, "id": one.key.local_id}
    screen.line()
    screen.line(say.first(f"unknown.ways.{one.cause}", "unknown.ways.other", **values))
    if one.decidable:
        listed = "" if one.candidates else " --not-listed"
        yes = " --yes" if one.candidates else ""
        screen.line(say("unknown.way_link"), indent=2, hang=4)
        screen.line(f"kntc unknown link {one.key.kind} {one.key.local_id} --to …{listed} --reason …", indent=5)
        screen.line(say("unknown.way_send"), indent=2, hang=4)
        screen.line(f"kntc unknown send {one.key.kind} {one.key.local_id}{yes} --reason …", indent=5)
    screen.line(say("unknown.more", **values))


# --- what people say of it -------------------------------------------------------------------------------------------


def link(
    ctx: typer.Context,
    record: RecordArgument,
    to: Annotated[str, typer.Option("--to")],
    not_listed: Annotated[bool, typer.Option("--not-listed")] = False,
    agency: AgencyOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Take a record that the National Database holds already for this one; nothing is sent again."""
    from connector.core.model import Decision
    from connector.store import decisions

    desk = desk_of(ctx)
    with opened(desk) as app:
        key = naming.find(app, desk.agencies(agency), record)
        generation, name = app.generation(key.agency), naming.record(desk.say, key)
        with app.store.read() as connection:
            decisions.check(connection, key, generation, Decision.LINK, to=to, not_listed=not_listed)
        if dry_run:
            desk.screen.line(desk.say("dry.link", record=name, to=to))
            return
        why, actor = reason_of(reason), person()
        with app.store.write() as tx:
            decisions.link(tx, key, generation, to, actor, why, not_listed=not_listed)
        desk.screen.note(desk.say("unknown.linked", record=name, to=to, by=actor.name))


def send(
    ctx: typer.Context,
    record: RecordArgument,
    agency: AgencyOption = None,
    reason: ReasonOption = None,
    yes: Annotated[bool, typer.Option("--yes")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Have this record sent, on your word that the National Database does not hold it."""
    from connector.core.model import Decision
    from connector.store import decisions

    desk = desk_of(ctx)
    with opened(desk) as app:
        key = naming.find(app, desk.agencies(agency), record)
        generation, name = app.generation(key.agency), naming.record(desk.say, key)
        with app.store.read() as connection:
            becomes = decisions.check(connection, key, generation, Decision.CREATE)
        if dry_run:
            desk.screen.line(desk.say("dry.send", record=name))
            return
        why, actor = reason_of(reason), person()
        if (count := len(_waiting(app, key).candidates)) and not yes:
            raise Misused("E-YES-CANDIDATES", count=count, kind=str(key.kind), id=key.local_id)
        with app.store.write() as tx:
            becomes = decisions.create(tx, key, generation, actor, why)
        _note_sent(desk, app, name, becomes)


def _note_sent(desk: Desk, app: App, name: str, becomes: State) -> None:
    desk.screen.note(desk.say.first(f"unknown.to_send.{becomes}", "unknown.to_send.pending", record=name))
    desk.screen.note(desk.say("resume.by_daemon" if holder_of_lock(app) else "resume.by_sync"))
