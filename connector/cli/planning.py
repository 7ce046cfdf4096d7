"""What a run would do: the dry runs of `collect`, `sync`, `push`, `resolve` and `pull`.

Nothing is written anywhere, and no lock is taken.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from connector.cli import failing
from connector.cli.opening import Desk, desk_of, opened_to_look
from connector.errors import ExitCode, KntcError, MappingError, RemoteError, SourceError
from connector.telling import naming
from connector.telling.overview import Overview, overview
from connector.telling.rules import rule_in_words

if TYPE_CHECKING:
    from connector.app import App
    from connector.stages.guards import Trip
    from connector.store.views import Planned

SHOWN_CHANGES = 20
"""So many changed records are printed one by one; all are counted, and --json has them all."""


@dataclass(slots=True)
class Plan:
    """What a collect would do for one agency."""

    agency: str
    counts: dict[str, int] = field(default_factory=dict)
    changes: list[Planned] = field(default_factory=list)
    trips: tuple[Trip, ...] = ()
    error: KntcError | None = None


def plan(ctx: typer.Context, command: str, agency: str | None, *, as_json: bool) -> None:
    """Read the sources, print what would be new, changed or held back; for `sync`, also what would be sent."""
    desk = desk_of(ctx, as_json=as_json)
    stop = threading.Event()
    plans = []
    with opened_to_look(desk, stop) as (app, known):
        for code in desk.agencies(agency):
            planned = _plan(app, code)
            plans.append(planned)
            if planned.error is not None:
                failing.show(planned.error, desk.screen)
            _print_plan(desk, app, command, planned, known=known)
        if as_json:
            desk.screen.json(
                command,
                desk.environment,
                dry_run=True,
                agencies=[_as_json(app, planned, with_due=command == "sync") for planned in plans],
            )
    raise typer.Exit(max((planned.error.exit_code for planned in plans if planned.error), default=ExitCode.DONE))


def _plan(app: App, code: str) -> Plan:
    planned = Plan(code)
    try:
        planned.trips = app.tripped(code)
        for counts, changes in app.plan(code):
            for name, count in counts.items():
                planned.counts[name] = planned.counts.get(name, 0) + count
            planned.changes += changes
    except (SourceError, MappingError) as error:
        planned.error = error
    return planned


def _print_plan(desk: Desk, app: App, command: str, planned: Plan, *, known: bool) -> None:
    say, screen = desk.say, desk.screen
    screen.heading(desk.name_of(planned.agency), desk.environment_label)
    screen.line(say("dry.head" if known else "dry.first_run"))
    counts = planned.counts
    if planned.error is None or counts:
        screen.line(say("dry.read", count=counts.get("read", 0)))
    for name in ("create", "update", "quarantine", "unchanged", "excluded", "refused_secret"):
        if counts.get(name):
            screen.line(say(f"dry.{name}", count=counts[name]), indent=2)
    for trip in planned.trips:
        screen.line(say.first(f"dry.guard.{trip.name}", "dry.guard.other", total=trip.total, limit=trip.limit), hang=2)
    told = [change for change in planned.changes if change.what != "create"]
    for change in told[:SHOWN_CHANGES]:
        _print_change(desk, app, change)
    if len(told) > SHOWN_CHANGES:
        screen.line(say("dry.more", count=len(told) - SHOWN_CHANGES), indent=2)
    if command == "sync" and not planned.trips and planned.error is None:
        _print_due(desk, app, planned.agency, planned)
    screen.line(say("dry.nothing_recorded"))


def _print_change(desk: Desk, app: App, change: Planned) -> None:
    mapping = app.agency(change.key.agency).mapping.kind(change.key.kind)
    fields = [mapping.label(pointer, desk.say.language) for pointer in change.changed]
    detail = ", ".join(dict.fromkeys(fields)) if change.what == "update" else ", ".join(change.rules)
    text = desk.say(f"dry.change.{change.what}", record=naming.record(desk.say, change.key), detail=detail)
    desk.screen.line(text, indent=2, hang=4)


def _as_json(app: App, planned: Plan, *, with_due: bool) -> dict[str, Any]:
    changes = [
        {"key": str(change.key), "what": change.what, "changed": list(change.changed), "rules": list(change.rules)}
        for change in planned.changes
    ]
    guards = [{"name": trip.name, "numbers": trip.numbers} for trip in planned.trips]
    found: dict[str, Any] = {"agency": planned.agency, "counts": planned.counts, "changes": changes, "guards": guards}
    if with_due:
        found["due"] = _due(app, planned.agency, overview(app, planned.agency), planned)
    return found | {"error": planned.error.id if planned.error else ""}


# --- push ----------------------------------------------------------------------------------------------------------


def due(ctx: typer.Context, agency: str | None, *, as_json: bool) -> None:
    """Print how many records a push would send now, by kind, and which wait for what."""
    desk = desk_of(ctx, as_json=as_json)
    with opened_to_look(desk) as (app, known):
        codes = desk.agencies(agency)
        if as_json:
            found = [{"agency": code, "due": _due(app, code, overview(app, code))} for code in codes]
            desk.screen.json("push", desk.environment, dry_run=True, agencies=found)
            return
        for code in codes:
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            desk.screen.line(desk.say("dry.head" if known else "dry.first_run"))
            _print_due(desk, app, code)
            desk.screen.line(desk.say("dry.nothing_recorded"))


def _due(app: App, code: str, view: Overview, planned: Plan | None = None) -> dict[str, Any]:
    """Return what a push would find: due by kind, and how many wait for time, a parent, or a person's pause.

    planned: what the run reads before it pushes. What is new or changed is due then, and so is what waits for a parent,
    for a run goes on until nothing is due."""
    from connector.core.model import KINDS, State
    from connector.store import views, waits

    context = app.context(code)
    with app.store.read() as connection:
        lines = views.lines(connection, code, state=State.PENDING, limit=1_000_000)
        blocked = {b.key for b in waits.blocked(connection, code, context.generation, context.capabilities, 1_000_000)}
    keys = {line.key for line in lines}
    later = {line.key for line in lines if line.next_attempt_at and line.next_attempt_at > app.now()}
    if planned is not None:
        read = {change.key: change.what for change in planned.changes}
        keys = {key for key in keys if read.get(key) != "quarantine"}
        keys |= {key for key, what in read.items() if what in ("create", "update")}
        later, blocked = later - read.keys(), set()
    paused = {key for key in keys if any(_covers(pause, key) for pause in view.pauses)}
    free = keys - blocked - paused - later
    by_kind = {str(kind): sum(key.kind is kind for key in free) for kind in KINDS}
    return {
        "now": {kind: count for kind, count in by_kind.items() if count},
        "wait_for_parent": len(blocked),
        "paused": len(paused),
        "later": len(later),
        "channel_held_until": view.channel.held_until,
    }


def _covers(pause: Any, key: Any) -> bool:
    from connector.store import marks

    return pause.kind in ("", marks.CHANNEL, key.kind) and pause.local_id in ("", key.local_id)


def _print_due(desk: Desk, app: App, code: str, planned: Plan | None = None) -> None:
    say, screen = desk.say, desk.screen
    view = overview(app, code)
    found = _due(app, code, view, planned)
    count, held = sum(found["now"].values()), _held_until(app, view)
    if held is not None:
        screen.line(say("dry.held", count=count, why=rule_in_words(desk, view.channel.rule), until=held))
    else:
        screen.line(say("dry.due" if planned is None else "dry.due_after_reading", count=count))
    for kind, number in found["now"].items():
        screen.pair(f"  {say.label('kind', kind)}", say.number(number))
    for name in ("wait_for_parent", "paused", "later"):
        if found[name]:
            screen.line(say(f"dry.{name}", count=found[name]), indent=2)


def _held_until(app: App, view: Overview) -> datetime | None:
    """Return until when the channel is held, None if a run would send or ask at once."""
    held = view.channel.held_until
    return held if held is not None and held > app.now() else None


# --- resolve and pull ----------------------------------------------------------------------------------------------


def foreseen(
    ctx: typer.Context, command: str, count: Callable[[App, str], dict[str, int]], agency: str | None, *, as_json: bool
) -> None:
    """Print what a run of `command` would find for each agency, as `count` tells."""
    desk = desk_of(ctx, as_json=as_json)
    found: list[dict[str, Any]] = []
    with opened_to_look(desk) as (app, known):
        for code in desk.agencies(agency):
            error = ""
            counts: dict[str, int] = {}
            try:
                counts = count(app, code)
            except RemoteError as failure:
                error = failure.id
                failing.show(failure, desk.screen)
            found.append({"agency": code, "counts": counts, "error": error})
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            desk.screen.line(desk.say("dry.head" if known else "dry.first_run"))
            for name, number in counts.items():
                desk.screen.line(desk.say(f"dry.{name}", count=number), indent=2)
            desk.screen.line(desk.say("dry.nothing_recorded"))
    if as_json:
        desk.screen.json(command, desk.environment, dry_run=True, agencies=found)
    raise typer.Exit(ExitCode.REMOTE_UNAVAILABLE if any(one["error"] for one in found) else ExitCode.DONE)


def lost_answers(app: App, code: str) -> dict[str, int]:
    """Return how many sendings would be looked for now, and how many only a person can settle."""
    from connector.core.model import State
    from connector.store import views

    with app.store.read() as connection:
        lines = views.lines(connection, code, state=State.UNKNOWN, limit=1_000_000)
    due = [line for line in lines if line.next_attempt_at and line.next_attempt_at <= app.now()]
    return {"look_for": len(due), "look_later": len(lines) - len(due)}


def status_changes(app: App, code: str) -> dict[str, int]:
    """Return how many status changes the feed holds behind our cursor."""
    return {"updates": sum(counts["updates"] for counts in app.peek(code))}
