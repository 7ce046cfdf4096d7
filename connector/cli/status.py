"""`kntc status` and `kntc list`: how an agency stands, and which records are where. Reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from connector.cli import failing, signs
from connector.cli import overview as parts
from connector.cli.catalogue import withdrawn_in_use
from connector.cli.listing import as_json, print_records
from connector.cli.opening import AgencyOption, Desk, JsonOption, KindOption, desk_of, holder_of_lock, opened
from connector.errors import ExitCode
from connector.telling import naming, overview, timeline
from connector.telling.rules import reason_in_words, rule_in_words

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
    say, screen = desk.say, desk.screen
    screen.heading(desk.name_of(view.agency), f"{desk.environment_label} {say.instant(view.now)}")
    for job in overview.JOBS:
        at = view.jobs.get(job)
        screen.pair(say(f"status.job.{job}"), say.moment(at, view.now) if at else say("status.never"))
        _print_failure(desk, view, job)
    _print_failure(desk, view, "resync")
    _print_failure(desk, view, "checkpoint")
    _print_mirror(desk, view)
    _print_codes(desk, app, view)
    _print_verified(desk, view)
    screen.pair(say("status.channel"), _channel(desk, view))
    signs.print_signs(desk, view.signs, view.now)
    running = say("status.running", holder=say.holder(holder)) if holder else say("status.not_running")
    screen.pair(say("status.service"), running)
    if view.next_due is not None:
        due = max(view.next_due, view.channel.held_until or view.next_due)
        shown = say.moment(due, view.now) if due > view.now else say("status.now")
        screen.pair(say("status.next_due"), shown)
    if view.oldest_pending is not None:
        waited_s = (view.now - view.oldest_pending).total_seconds()
        since = say.moment(view.oldest_pending, view.now)
        screen.pair(say("status.oldest"), say("status.oldest_since", at=since, span=say.span(waited_s)))
    _print_orders(desk, view)
    _print_sum(desk, app, view)
    screen.line()
    parts.print_counts(desk, view)
    parts.print_books(desk, view)
    parts.print_guards(desk, view)
    if overview.to_do(desk, view) or overview.by_itself(desk, view):
        screen.line()
    parts.print_to_do(desk, view)


def _print_mirror(desk: Desk, view: Overview) -> None:
    """Print a rebuild of the mirror, under way or done, and what cannot be of what the feed has told."""
    say = desk.say
    if view.rebuilding:
        desk.screen.pair(say("status.rebuild"), say("status.rebuilding"))
    elif view.rebuilt is not None:
        at, counts = view.rebuilt
        shown = say.moment(at, view.now)
        text = say("status.rebuilt", at=shown, count=counts.get("listed", 0), by_hand=counts.get("by_hand", 0))
        text += say("status.rebuilt_ahead", count=counts["ahead"]) if counts.get("ahead") else ""
        desk.screen.pair(say("status.rebuild"), text)
    if view.odd:
        desk.screen.pair(say("status.impossible"), say("status.impossible_count", count=view.odd))


def _print_codes(desk: Desk, app: App, view: Overview) -> None:
    """Print how many codes in use the national lists, as last pulled, have no more."""
    if view.store_error is not None:
        return
    if count := sum(map(len, withdrawn_in_use(app, view.agency).values())):
        desk.screen.pair(desk.say("status.codes"), desk.say("status.codes_used", count=count))


def _print_verified(desk: Desk, view: Overview) -> None:
    """Print through when everything is confirmed: the earliest moment of all kinds, and only if each has one."""
    if not view.verified:
        return
    moments = list(view.verified.values())
    at = min((moment for moment in moments if moment is not None), default=None)
    whole = at is not None and None not in moments
    text = desk.say("status.through_day", at=at) if whole else desk.say("status.through_none")
    desk.screen.pair(desk.say("status.through"), text)


def _channel(desk: Desk, view: Overview) -> str:
    if view.store_error is not None:
        return desk.say("status.store_closed", id=view.store_error.id)
    say, state = desk.say, view.channel
    if stopped := view.channel_pause:
        return say("status.channel_paused", by=stopped.by, since=say.moment(stopped.at, view.now))
    if state.held_until is not None:
        since = say.moment(state.held_since or state.held_until, view.now)
        why = rule_in_words(desk, state.rule)
        return say("status.channel_held", since=since, until=say.moment(state.held_until, view.now), why=why)
    if paced := state.paced_until(view.now):
        return say("status.channel_paced", until=say.moment(paced, view.now))
    return say("status.channel_free")


def _print_sum(desk: Desk, app: App, view: Overview) -> None:
    """Print promise 1 as a sum: every row of the source is in the ledger, left out by a reason, or secret."""
    say = desk.say
    source = sum(book.source for book in view.books)
    if not source:
        return
    unseen = sum(book.unseen for book in view.books)
    parts = [say("status.in_ledger", count=sum(book.current for book in view.books) - unseen)]
    parts += [f"{say.number(n)} {reason_in_words(desk, app, view.agency, r)}" for r, n in view.excluded.items()]
    counted = (
        ("secret", sum(book.refused_secret for book in view.books)),
        ("unexplained", sum(book.unexplained for book in view.books)),
    )
    parts += [say(f"status.sum_{name}", count=count) for name, count in counted if count]
    text = say("status.sum", source=source, parts=" + ".join(parts))
    text += say("status.sum_unseen", count=unseen) if unseen else ""
    desk.screen.pair(say("status.sum_label"), text)


def _print_orders(desk: Desk, view: Overview) -> None:
    """What people have ordered and is still in force or still to be done, with who and why."""
    say, screen = desk.say, desk.screen
    if view.asked:
        screen.pair(say("status.asked"), say("status.asked_count", count=view.asked))
    for guard in view.approved:
        text = say("status.approved_by", plan=guard.plan, by=guard.approved_by, at=guard.approved_at)
        if told := view.approval_reasons.get(("plan", guard.plan)):
            text += f" {timeline.reason(desk, told)}"
        screen.pair(say("status.approved"), text)
    for pause in view.pauses:
        scope = naming.scope(say, pause.kind, pause.local_id)
        text = say("status.paused_by", scope=scope, by=pause.by, at=pause.at)
        if told := view.pause_reasons.get((pause.kind, pause.local_id)):
            text += f". {timeline.reason(desk, told)}"
        screen.pair(say("status.pause"), text)


def _print_failure(desk: Desk, view: Overview, job: str) -> None:
    if failure := view.failures.get(job):
        at = desk.say.moment(failure.at, view.now)
        text = desk.say(f"status.failed.{job}", at=at, why=overview.failure_in_words(desk, failure))
        desk.screen.pair("", text)


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
