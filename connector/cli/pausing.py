"""`kntc pause`, `kntc resume`, `kntc approve`: what a named person stops, lets go on, or takes the blame for.

Short transactions, always possible, also while the daemon runs. Each is in the audit log with who and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli import overview
from connector.cli.opening import (
    AgencyOption,
    Desk,
    DryRunOption,
    KindOption,
    Misused,
    ReasonOption,
    desk_of,
    holder_of_lock,
    opened,
    person,
    reason_of,
)
from connector.errors import DataError
from connector.telling import naming

if TYPE_CHECKING:
    from connector.app import App

ChannelOption = Annotated[bool, typer.Option("--channel")]
RecordArgument = Annotated[list[str] | None, typer.Argument()]


def pause(
    ctx: typer.Context,
    record: RecordArgument = None,
    agency: AgencyOption = None,
    kind: KindOption = None,
    channel: ChannelOption = False,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Stop sending an agency, one kind, or one record; or all traffic with the national side."""
    from connector.store import marks

    desk = desk_of(ctx)
    with opened(desk, look=dry_run) as app:
        scopes = _scopes(desk, app, record, agency, kind, channel=channel)
        words = naming.scope(desk.say, *scopes[0][1:])
        if dry_run:
            for code, _, _ in scopes:
                desk.screen.line(desk.say("dry.pause", agency=desk.name_of(code), scope=words))
            return
        why = reason_of(reason)
        with app.store.write() as tx:
            new = [marks.pause(tx, *scope, person(), why) for scope in scopes]
        done = "pause.channel_done" if channel else "pause.done"
        for (code, _, _), is_new in zip(scopes, new, strict=True):
            desk.screen.note(desk.say(done if is_new else "pause.already", agency=desk.name_of(code), scope=words))


def resume(
    ctx: typer.Context,
    record: RecordArgument = None,
    agency: AgencyOption = None,
    kind: KindOption = None,
    channel: ChannelOption = False,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Undo exactly one pause, named as it was set."""
    from connector.store import marks

    desk = desk_of(ctx)
    with opened(desk, look=dry_run) as app:
        scopes = _scopes(desk, app, record, agency, kind, channel=channel)
        words = naming.scope(desk.say, *scopes[0][1:])
        if dry_run:
            for code, _, _ in scopes:
                desk.screen.line(desk.say("dry.resume", agency=desk.name_of(code), scope=words))
            return
        why = reason_of(reason)
        with app.store.write() as tx:
            done = [scope for scope in scopes if marks.resume(tx, *scope, person(), why)]
        if not done:
            raise DataError("E-PAUSE-NONE", scope=words)
        for code, _, _ in done:
            desk.screen.note(desk.say("resume.done", agency=desk.name_of(code), scope=words))
        desk.screen.note(desk.say("resume.by_daemon" if holder_of_lock(app) else "resume.by_sync"))


def _scopes(
    desk: Desk, app: App, record: list[str] | None, agency: str | None, kind: str | None, *, channel: bool
) -> list[tuple[str, str, str]]:
    """Return agency, kind and local id that are meant; "" means all. All traffic may be meant of every agency.

    Raises Misused where a part of the records is named beside all traffic."""
    from connector.store import marks

    if channel:
        if record or kind:
            raise Misused("E-USAGE", detail="--channel", usage="kntc pause --help")
        return [(code, marks.CHANNEL, "") for code in desk.agencies(agency)]
    named = naming.kind_named(desk.say, kind) if kind else None
    if record:
        key = naming.find(app, desk.agencies(agency), record, named)
        return [(key.agency, str(key.kind), key.local_id)]
    return [(desk.one_agency(agency), str(named or ""), "")]


def approve(
    ctx: typer.Context,
    plan: Annotated[str, typer.Argument()],
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Approve exactly the plan that a guard has stopped."""
    from connector.store import marks

    desk = desk_of(ctx)
    with opened(desk, look=dry_run) as app:
        with app.store.read() as connection:
            guard = marks.guard_of(connection, plan)
        if guard is None:
            raise DataError("E-PLAN-UNKNOWN", plan=plan[:40])
        if guard.approved_by is not None:
            raise DataError("E-PLAN-DONE", plan=plan)
        desk.screen.heading(desk.name_of(guard.agency), desk.environment_label)
        overview.print_numbers(desk, guard)
        if dry_run:
            desk.screen.line(desk.say("dry.approve"))
            return
        why = reason_of(reason)
        with app.store.write() as tx:
            marks.approve(tx, plan, person(), why)
        desk.screen.note(desk.say("approve.done", by=person().name))
        desk.screen.note(desk.say("approve.by_daemon" if holder_of_lock(app) else "approve.by_sync"))
