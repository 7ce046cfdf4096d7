"""The demo as people see it: the whole job on sample data, and the proof that it was done once and only once.

The work is done by `demo_run.py`; here are its words. It ends with 0 when its own checks hold, although the sync that
it shows ends "partial", as it must: there are bad rows in the sample.
May import: demo_run, overview, summary, progress, screen, opening.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from connector.cli import progress
from connector.cli.demo_run import (
    AGENCY,
    DemoResult,
    demo_world,
    first_sync,
    mend_and_sync,
    nation_moves,
    prove,
)
from connector.cli.opening import Asked, Desk
from connector.cli.overview import print_counts
from connector.cli.screen import WIDTH, standard
from connector.cli.summary import stage_lines
from connector.core.model import Kind
from connector.errors import ExitCode
from connector.telling import naming
from connector.telling.overview import Overview, overview
from connector.telling.records import reasons

if TYPE_CHECKING:
    from connector.app import App, Step

_PART = {"push": "deliver", "resolve": "deliver", "wait": "deliver"}
"""Push, resolve and the waits between them are one part of the work to whoever watches."""


def run_demo(asked: Asked, folder: Path, seed: int, *, as_json: bool) -> ExitCode:
    """Run the demo in `folder` and return its exit code: 0 if every check held, 70 if one did not.

    On disk afterwards: one folder with everything, ready for `kntc --config <folder>/config.toml status`.
    Raises DataError rather than clear a folder that no demo has made."""
    folder = folder.absolute()
    with demo_world(folder, seed) as (app, sandbox, sample):
        screen = standard(asked.words(), quiet=asked.quiet, as_json=as_json)
        if asked.quiet and not as_json:
            screen.out = io.StringIO()  # told only if something did not hold
        desk = Desk(app.config, asked.words(), asked, screen)
        result = DemoResult(folder, seed, sample)
        _introduce(desk, result)
        stages = _watched(desk, app, first_sync(app, result))
        _tell_sync(desk, app, result, stages)
        _watched(desk, app, nation_moves(app, sandbox, result))
        _tell_returned(desk, result)
        _watched(desk, app, mend_and_sync(app, result))
        prove(app, sandbox, result)
        _tell_proof(desk, app, result)
    if asked.quiet and not as_json and result.failed:
        sys.stdout.write(screen.out.getvalue() if isinstance(screen.out, io.StringIO) else "")
    if as_json:
        fields = {name: value for name, value in result.as_json().items() if name not in _ENVELOPE}
        desk.screen.json("demo", desk.environment, **fields)
    return ExitCode.BUG if result.failed else ExitCode.DONE


_ENVELOPE = ("format", "command", "environment")


def _watched(desk: Desk, app: App, steps: Iterable[Step]) -> dict[str, dict[str, int]]:
    """Run the steps to their end, with a progress bar where a person watches; return the counts by stage."""
    counts: dict[str, dict[str, int]] = {}
    with progress.shown(desk, app, AGENCY) as watch:
        for step in _in_parts(watch, steps):
            of_stage = counts.setdefault(step.stage, {})
            for name, count in step.counts.items():
                of_stage[name] = of_stage.get(name, 0) + count
    return counts


def _in_parts(watch: progress.Watch, steps: Iterable[Step]) -> Iterator[Step]:
    part = ""
    for step in steps:
        if (now := _PART.get(step.stage, step.stage)) != part:
            part = now
            watch.begin(part, step)
        watch.step(step)
        yield step


def _introduce(desk: Desk, result: DemoResult) -> None:
    say, screen = desk.say, desk.screen
    screen.heading(f"{desk.name_of(AGENCY)} -> {say('sync.target')}", desk.environment_label)
    screen.line(say("demo.sample", count=sum(result.sample.records.values()), seed=str(result.seed)))
    screen.line(say("demo.faults"))
    screen.line()


def _tell_sync(desk: Desk, app: App, result: DemoResult, stages: dict[str, dict[str, int]]) -> None:
    view = overview(app, AGENCY)
    for line in stage_lines(desk, app, stages, view, numbered=True):
        desk.screen.pair(line.label, line.text, width=16)
    desk.screen.line()
    desk.screen.verdict(desk.say("demo.partial", code=result.exit_code), "care")
    desk.screen.line()


def _tell_returned(desk: Desk, result: DemoResult) -> None:
    say = desk.say
    if result.returned is None:
        return
    number = result.returned.local_id.partition(":")[2]
    desk.screen.line(say("demo.moved", count=result.counts.get("pull.new", 0)))
    desk.screen.line(say("demo.returned", number=number, note=result.returned_note), hang=2)


def _tell_proof(desk: Desk, app: App, result: DemoResult) -> None:
    say, screen = desk.say, desk.screen
    number = result.returned.local_id.partition(":")[2] if result.returned else ""
    screen.line(say("demo.mended", number=number, version=result.mended_version), hang=2)
    screen.line()
    view = overview(app, AGENCY)
    print_counts(desk, view)
    screen.line()
    _tell_bad_rows(desk, app, result)
    _tell_checks(desk, result, view)
    screen.line()
    screen.line(say("demo.folder", folder=str(result.folder)))
    screen.line(say("demo.next"))
    config = naming.short_path(result.folder / "config.toml")
    explained = f"explain petition {number}" if number else "list"
    for command in ("status", "quarantine list", explained, "audit verify"):
        screen.lines(_to_type(f"{naming.program()} --config {config}", command))


def _to_type(program: str, command: str) -> list[str]:
    """A command as it can be copied: where it is too long for a line, the shell is told that it goes on."""
    whole = f"  {program} {command}"
    return [whole] if len(whole) <= WIDTH else [f"  {program} \\", f"    {command}"]


def _tell_bad_rows(desk: Desk, app: App, result: DemoResult) -> None:
    """Each bad row with its one clear reason, in the order of kinds and numbers."""
    say, screen = desk.say, desk.screen
    screen.line(say("demo.bad_rows", count=len(result.bad)))
    for line in sorted(result.bad, key=lambda bad: list(result.states).index(bad.key.kind)):
        reason = " ".join(reasons(desk, app, line))
        if not line.problems:
            reason += f" <- {_parent_column(app, line.key.kind)}"
        screen.line(f"{naming.record(say, line.key)}: {reason}", indent=2, hang=4)
    screen.line()


def _parent_column(app: App, kind: Kind) -> str:
    mapping = app.agency(AGENCY).mapping.kind(kind)
    return mapping.origin(mapping.parents[0].columns[0]) if mapping.parents else ""


def _tell_checks(desk: Desk, result: DemoResult, view: Overview) -> None:
    say, screen = desk.say, desk.screen
    held = say("demo.held")
    rows = (
        ("effects", {"effects": result.effects, "lost": result.answers_lost, "doubled": result.doubled},
         ("answers_lost", "one_effect_per_version", "no_effect_of_a_version_never_sent",
          "every_delivered_version_has_its_effect")),
        ("books", {"source": sum(book.source for book in view.books), "secret": result.refused_secret,
                   "excluded": sum(result.excluded.values())},
         ("books_balanced", "nothing_waits", "each_bad_row_is_listed", "each_bad_row_has_one_reason")),
        ("feed", {"updates": result.status_updates}, ("returned_record_was_mended",)),
        ("audit", {"entries": result.audit_entries}, ("audit_verified",)),
    )  # fmt: skip
    for name, values, checks in rows:
        failed = [check for check in checks if check in result.failed]
        mark = say("demo.broken") if failed else held
        text = say(f"demo.check.{name}", **values) + (f" ({', '.join(failed)})" if failed else "")
        screen.pair(f"{mark}", text, width=len(held) + 3)
