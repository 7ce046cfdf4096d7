"""`kntc status` and `kntc list`: how an agency stands, and which records are where. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing
from connector.cli import overview as parts
from connector.cli.listing import as_json, print_records
from connector.cli.opening import AgencyOption, Desk, JsonOption, KindOption, desk_of, holder_of_lock, opened
from connector.errors import ExitCode
from connector.telling import naming, overview, standing
from connector.telling.rules import reason_in_words

if TYPE_CHECKING:
    from connector.app import App
    from connector.core.model import Kind
    from connector.telling.overview import Overview

LONGEST_LIST = 200
"""So many records are printed unless `--limit` says otherwise; the rest is counted."""

LEFT_OUT = ("excluded", "not_sent")
"""Lists beside which is told what has no name: rows that were never recorded, and secrets."""

StateOption = Annotated[str | None, typer.Option("--state")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=100_000)]


def status(
    ctx: typer.Context,
    agency: AgencyOption = None,
    state: StateOption = None,
    limit: LimitOption = LONGEST_LIST,
    as_json: JsonOption = False,
) -> None:
    """Show how each agency stands, or its records in one state. A store that nothing may be sent from is an error."""
    if state is not None:
        list_(ctx, agency=agency, state=state, limit=limit, as_json=as_json)
        return
    desk = desk_of(ctx, as_json=as_json)
    with opened(desk) as app:
        codes = desk.agencies(agency)
        views = [overview.overview(app, code) for code in codes]
        holder = holder_of_lock(app)
    closed = [view.store_error for view in views if view.store_error]
    code = ExitCode.CONFIGURATION if closed else ExitCode.DONE
    desk.screen.json(
        "status",
        desk.environment,
        at=app.now(),
        running=holder or "",
        agencies=[parts.as_json(view, desk.name_of(view.agency)) for view in views],
        exit_code=int(code),
    ) if as_json else _print_all(desk, app, views, holder)
    for error in closed:
        failing.show(error, desk.screen)
    raise typer.Exit(code)


def _print_all(desk: Desk, app: App, views: list[Overview], holder: str | None) -> None:
    for number, view in enumerate(views):
        if number:
            desk.screen.line()
        _print(desk, app, view, holder)


def _print(desk: Desk, app: App, view: Overview, holder: str | None) -> None:
    desk.screen.heading(desk.name_of(view.agency), f"{desk.environment_label} {desk.say.instant(view.now)}")
    for label, sentence in standing.facts(desk, app, view, holder):
        desk.screen.pair(label, sentence)
    desk.screen.line()
    parts.print_counts(desk, view)
    parts.print_books(desk, view)
    parts.print_guards(desk, view)
    if overview.to_do(desk, view) or overview.by_itself(desk, view):
        desk.screen.line()
    parts.print_to_do(desk, view)


def list_(
    ctx: typer.Context,
    agency: AgencyOption = None,
    state: StateOption = None,
    kind: KindOption = None,
    cause: Annotated[str | None, typer.Option("--cause")] = None,
    limit: LimitOption = LONGEST_LIST,
    as_json: JsonOption = False,
) -> None:
    """List records by state, kind or cause; also those that wait for a parent or were returned."""
    desk = desk_of(ctx, as_json=as_json)
    wanted = naming.Wanted(
        state=naming.state_named(desk.say, state) if state else None,
        kind=naming.kind_named(desk.say, kind) if kind else None,
        cause=naming.cause_named(desk.say, cause) if cause else None,
    )
    with opened(desk) as app:
        codes = desk.agencies(agency)
        found = {code: records_of(app, code, wanted, limit + 1) for code in codes}
        if as_json:
            _print_json(desk, app, found, limit, wanted)
            return
        for code, lines in found.items():
            desk.screen.heading(desk.name_of(code), desk.environment_label)
            desk.screen.line(naming.title(desk.say, wanted))
            print_records(desk, app, lines[:limit])
            if len(lines) > limit:
                desk.screen.line(desk.say("list.more", limit=limit))
            if wanted.state in LEFT_OUT:
                _print_left_out(desk, app, code, wanted.kind)


def _print_left_out(desk: Desk, app: App, code: str, kind: Kind | None) -> None:
    """Print what the last sweeps left out by reason, and how many secrets there are: most have no name here."""
    excluded, secret = left_out(app, code, kind)
    if excluded:
        words = ", ".join(f"{desk.say.number(n)} {reason_in_words(desk, app, code, r)}" for r, n in excluded.items())
        desk.screen.line(desk.say("list.left_out", count=sum(excluded.values()), reasons=words))
    if secret:
        desk.screen.line(desk.say("list.secret", count=secret))


def left_out(app: App, code: str, kind: Kind | None) -> tuple[dict[str, int], int]:
    """Return how many rows the last sweeps left out by reason, and how many were state secrets."""
    from connector.core.model import KINDS
    from connector.store import books

    excluded: dict[str, int] = {}
    secret = 0
    with app.store.read() as connection:
        for one in (kind,) if kind else KINDS:
            secret += books.refused_secret(connection, code, one)
            for reason, count in books.excluded_by_reason(connection, code, one).items():
                excluded[reason] = excluded.get(reason, 0) + count
    return excluded, secret


def _print_json(desk: Desk, app: App, found: dict[str, list[Any]], limit: int, wanted: naming.Wanted) -> None:
    counted = {code: left_out(app, code, wanted.kind) for code in found} if wanted.state in LEFT_OUT else {}
    desk.screen.json(
        "list",
        desk.environment,
        at=app.now(),
        records=[as_json(line) for lines in found.values() for line in lines[:limit]],
        more=any(len(lines) > limit for lines in found.values()),
        left_out={code: {"excluded": by_reason, "secret": secret} for code, (by_reason, secret) in counted.items()},
    )


def records_of(app: App, code: str, wanted: naming.Wanted, limit: int) -> list[Any]:
    """Return the current records of an agency that are wanted, at most `limit`."""
    from connector.core.model import Cause
    from connector.store import views, waits

    cause = Cause(wanted.cause) if wanted.cause else None
    with app.store.read() as connection:
        if wanted.state == "blocked":
            context = app.context(code)
            lines = waits.blocked(connection, code, context.generation, context.capabilities, limit)
            return [line for line in lines if wanted.kind in (None, line.key.kind)]
        if wanted.state == "excluded":
            return views.lines(connection, code, kind=wanted.kind, cause=Cause.EXCLUDED, limit=limit)
        return views.lines(connection, code, state=wanted.state, kind=wanted.kind, cause=cause, limit=limit)
