"""`kntc retention`: texts whose time is over go now, as the daemon does once a day: sealed, or erased."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

import typer

from connector.cli.opening import AgencyOption, Desk, DryRunOption, JsonOption, desk_of, opened
from connector.cli.working import stopped_by_signals

if TYPE_CHECKING:
    from connector.app import App

_COUNTS = ("sealed", "erased", "held", "open")


def retention(
    ctx: typer.Context, agency: AgencyOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Seal or erase what is due; with --dry-run, only say how much that would be."""
    desk = desk_of(ctx, as_json=as_json)
    stop = threading.Event()
    shown = []
    with opened(desk, look=dry_run, stop=stop) as app, stopped_by_signals(stop):
        for code in desk.agencies(agency):
            counts = Counter[str]()
            for done in app.foresee_retired(code) if dry_run else app.retire(code):
                counts.update(done)
            if not dry_run:
                app.note_success(code, "retention", counts)
            _print(desk, app, code, counts, dry_run=dry_run)
            shown.append(
                {"agency": code, **{name: counts[name] for name in _COUNTS}, "clock_off": bool(counts["clock"])}
            )
    if as_json:
        desk.screen.json("retention", desk.environment, dry_run=dry_run, agencies=shown)


def _print(desk: Desk, app: App, code: str, counts: Counter[str], *, dry_run: bool) -> None:
    say, screen, wanted = desk.say, desk.screen, app.config.retention
    screen.heading(desk.name_of(code), desk.environment_label)
    if counts["clock"]:
        screen.line(say("retention.clock"), hang=2)
    if not wanted.bodies_days:
        screen.line(say("retention.off"), hang=2)
    for name in _COUNTS:
        if counts[name] or name in ("sealed", "erased"):
            screen.line(say(f"retention.{name}", count=counts[name]), indent=2, hang=4)
    if dry_run:
        screen.line(say("dry.nothing_recorded"))
