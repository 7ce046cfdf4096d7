"""`kntc sync collect push resolve pull run`: the commands that touch source and national side. One lock for all.

Each agency works by itself: where one's source or line fails, that is one clear line, and the others go on.
"""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from connector.cli import failing, planning, progress
from connector.cli.opening import AgencyOption, Desk, DryRunOption, JsonOption, desk_of, opened
from connector.cli.overview import print_books, print_counts, print_guards, print_to_do
from connector.cli.summary import Ending, stage_lines
from connector.errors import AccountError, ExitCode, KntcError, MappingError, PartlyReadError, RemoteError, SourceError
from connector.telling.errors import fault_of, text_of
from connector.telling.overview import Overview, overview

if TYPE_CHECKING:
    from connector.app import App, Step

Steps = Callable[["App", str], Iterator["Step"]]


@dataclass(slots=True)
class Run:
    """What one agency's part of a run did: counts by stage, errors, and how it left the agency."""

    agency: str
    started_at: datetime
    stages: dict[str, dict[str, int]] = field(default_factory=dict)
    errors: list[KntcError] = field(default_factory=list)
    endings: dict[str, Ending] = field(default_factory=dict)
    elapsed_s: float = 0.0
    exit_code: ExitCode = ExitCode.DONE

    def add(self, step: Step) -> None:
        """Count one commit of a stage."""
        total = self.stages.setdefault(step.stage, {})
        for name, count in step.counts.items():
            total[name] = total.get(name, 0) + count

    def end(self, part: str, ending: Ending) -> None:
        """Note that a part did not come to its end; of a part with several stages, those that did nothing did not
        run."""
        for stage in ("push", "resolve") if part == "deliver" else (part,):
            cut = ending.how == "cut_short" and stage not in self.stages
            self.endings[stage] = Ending("not_run") if cut else ending


@dataclass(frozen=True, slots=True)
class Ended:
    """How one agency's part of a run ended, and the same for machines."""

    exit_code: ExitCode
    shown: Mapping[str, Any]


def sync(
    ctx: typer.Context, agency: AgencyOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Do the whole job: collect, resync, push and resolve, pull."""
    if dry_run:
        planning.plan(ctx, "sync", agency, as_json=as_json)
        return
    parts: list[tuple[str, Steps]] = [
        ("collect", lambda app, code: _named("collect", app.collect(code))),
        ("resync", lambda app, code: _named("resync", app.resync(code))),
        ("deliver", lambda app, code: app.deliver(code)),
        ("pull", lambda app, code: _named("pull", app.pull(code))),
    ]
    _work(ctx, "sync", parts, agency, as_json=as_json)


def collect(
    ctx: typer.Context, agency: AgencyOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Read the source and record what changed; send nothing."""
    if dry_run:
        planning.plan(ctx, "collect", agency, as_json=as_json)
        return
    _work(
        ctx, "collect", [("collect", lambda app, code: _named("collect", app.collect(code)))], agency, as_json=as_json
    )


def push(
    ctx: typer.Context, agency: AgencyOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Send what is due, once."""
    if dry_run:
        planning.due(ctx, agency, as_json=as_json)
        return
    _work(ctx, "push", [("push", lambda app, code: app.send(code))], agency, as_json=as_json)


def resolve(
    ctx: typer.Context, agency: AgencyOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Look for deliveries whose answer was lost."""
    if dry_run:
        planning.foreseen(ctx, "resolve", planning.lost_answers, agency, as_json=as_json)
        return
    parts: list[tuple[str, Steps]] = [("resolve", lambda app, code: _named("resolve", app.resolve(code)))]
    _work(ctx, "resolve", parts, agency, as_json=as_json)


def pull(
    ctx: typer.Context, agency: AgencyOption = None, dry_run: DryRunOption = False, as_json: JsonOption = False
) -> None:
    """Fetch national statuses and publish the mirror."""
    if dry_run:
        planning.foreseen(ctx, "pull", planning.status_changes, agency, as_json=as_json)
        return
    _work(ctx, "pull", [("pull", lambda app, code: _named("pull", app.pull(code)))], agency, as_json=as_json)


def run(ctx: typer.Context) -> None:
    """Run the daemon in the foreground until a signal comes."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # before and between its rounds there is nothing to read again
    while (code := _run_once(ctx)) is None:
        pass
    raise typer.Exit(code)


def _run_once(ctx: typer.Context) -> ExitCode | None:
    """Run the daemon with the configuration as it is now; None: it is to begin anew."""
    from connector import daemon

    desk = desk_of(ctx, log_level="info")
    with opened(desk, create=True, stop=threading.Event()) as app:
        return daemon.run(app)


def _named(stage: str, counted: Iterator[Mapping[str, int]]) -> Iterator[Step]:
    from connector.app import as_steps

    return as_steps(stage, counted)


def _work(
    ctx: typer.Context, command: str, parts: Sequence[tuple[str, Steps]], agency: str | None, *, as_json: bool
) -> None:
    """Run the parts for every agency that is meant, tell how each ended, and exit with the worst of it."""
    desk = desk_of(ctx, as_json=as_json)
    codes = desk.agencies(agency)
    stop = threading.Event()
    ended: list[Ended] = []
    with opened(desk, create=True, stop=stop) as app, app.stage_lock(), stopped_by_signals(stop):
        for number, code in enumerate(codes):
            if stop.is_set():
                break
            if number:
                desk.screen.note("")
            ended.append(_one_agency(desk, app, command, parts, code))
    if stop.is_set():
        desk.screen.error(desk.say.error("E-INTERRUPTED"))
    code_ = _worst(ended, interrupted=stop.is_set())
    if as_json:
        agencies = [one.shown for one in ended]
        desk.screen.json(command, desk.environment, agencies=agencies, stopped=stop.is_set(), exit_code=int(code_))
    raise typer.Exit(code_)


def _one_agency(desk: Desk, app: App, command: str, parts: Sequence[tuple[str, Steps]], code: str) -> Ended:
    """Do one agency's part of a run and tell of it. Where not even its standing can be told, the others go on."""
    try:
        ran, view = _work_for(desk, app, command, parts, code)
        _tell(desk, app, command, ran, view)
        return Ended(ran.exit_code, _as_json(desk, ran, view))
    except (KntcError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001  see _run_part
        fault = _fault(desk, code, command, error)
        return Ended(fault.exit_code, {"agency": code, "errors": [_error(desk, fault)], "exit_code": fault.exit_code})


def _work_for(
    desk: Desk, app: App, command: str, parts: Sequence[tuple[str, Steps]], code: str
) -> tuple[Run, Overview]:
    ran = Run(code, app.now())
    if not desk.asked.quiet:
        desk.screen.heading(f"{desk.name_of(code)} -> {desk.say('sync.target')}", desk.environment_label)
    with progress.shown(desk, app, code) as watch:
        for name, steps in parts:
            if app.stop.is_set() or (name == "resync" and not _partly(ran.errors)):
                ran.end(name, Ending("not_run"))
                continue
            before = len(ran.errors)
            _run_part(desk, app, ran, name, steps, watch)
            if ran.errors[before:]:
                ran.end(name, Ending("failed", ran.errors[-1]))
            elif app.stop.is_set():
                ran.end(name, Ending("cut_short"))
    if not app.stop.is_set() and (troubled := app.anchor(code)):
        failing.show(troubled, desk.screen)
    ran.elapsed_s = (app.now() - ran.started_at).total_seconds()
    view = overview(app, code)
    ran.exit_code = exit_code_of(app, command, ran, view)
    return ran, view


def _run_part(desk: Desk, app: App, ran: Run, name: str, steps: Steps, watch: progress.Watch) -> None:
    """Run one part; note its success for `status` and the daemon's schedule."""
    watch.begin(name)
    total: Counter[str] = Counter()
    try:
        for step in steps(app, ran.agency):
            ran.add(step)
            total.update(step.counts)
            watch.step(step)
    except (SourceError, RemoteError, MappingError) as error:
        ran.errors.append(error)
        failing.show(error, desk.screen)
        app.note_failure(ran.agency, _JOBS.get(name, name), error)
        return
    except KntcError:
        raise  # of the store or the configuration: nobody can go on
    except Exception as error:  # noqa: BLE001  a fault of ours in one agency's work stops neither the others nor the rest
        fault = _fault(desk, ran.agency, name, error)
        ran.errors.append(fault)
        app.note_bug(ran.agency, _JOBS.get(name, name), error, str(fault.values["where"]))
        return
    job = {"push": "deliver", "resolve": ""}.get(name, name)
    if job:
        app.note_success(ran.agency, job, total)
    app.note_shortfall(ran.agency, _JOBS.get(name, name), ran.stages.get(name, {}))


_JOBS = {"push": "deliver", "resolve": "deliver"}
"""Parts of a run whose troubles are those of a job that has another name."""


def _fault(desk: Desk, agency: str, job: str, error: Exception) -> KntcError:
    """Log and show where the program failed; never what with, for that may be a value of a record."""
    from connector.logs import get_logger

    fault = fault_of(error)
    get_logger().error("job.failed", agency=agency, job=job, error=type(error).__name__, where=fault.values["where"])
    failing.show(fault, desk.screen)
    return fault


def exit_code_of(app: App, command: str, ran: Run, view: Overview) -> ExitCode:
    """Return 70 where the program itself failed, 78 where a mapping does not fit its source or our account is refused,
    69 where source or national side could not be used, 1 where anything waits for somebody, else 0."""
    if any(error.exit_code is ExitCode.BUG for error in ran.errors):
        return ExitCode.BUG
    held = view.channel.held_until is not None
    if any(isinstance(error, MappingError) for error in ran.errors):
        return ExitCode.CONFIGURATION
    if not _partly(ran.errors) or app.is_cut_off(ran.agency):
        return max([ExitCode.REMOTE_UNAVAILABLE, *(error.exit_code for error in ran.errors)])
    left = command in ("sync", "push") and view.unhindered > 0
    stopped = ran.stages.get("pull", {}).get("stopped")
    partial = left or held or stopped or ran.errors
    return max(app.exit_code_of(ran.agency), ExitCode.PARTIAL if partial else ExitCode.DONE)


def _partly(errors: Sequence[KntcError]) -> bool:
    """Whether nothing went wrong but that one of several sources was not read: the run goes on with the others."""
    return all(isinstance(error, PartlyReadError) for error in errors)


def _worst(ended: Sequence[Ended], *, interrupted: bool) -> ExitCode:
    worst = max((one.exit_code for one in ended), default=ExitCode.DONE)
    return max(worst, ExitCode.PARTIAL) if interrupted else worst


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Set `stop` at the first SIGINT or SIGTERM, so that the run ends orderly; a second one ends it at once."""
    from connector.app import set_from_handler

    def handle(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        set_from_handler(stop)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- telling -------------------------------------------------------------------------------------------------------


def _tell(desk: Desk, app: App, command: str, ran: Run, view: Overview) -> None:
    if desk.asked.quiet or desk.screen.as_json:
        return
    for line in stage_lines(desk, app, ran.stages, view, numbered=command == "sync", endings=ran.endings):
        desk.screen.pair(line.label, line.text, width=16)
    desk.screen.line()
    print_counts(desk, view)
    print_books(desk, view)
    print_guards(desk, view)
    desk.screen.line()
    text, style = _verdict(desk, ran, view)
    desk.screen.verdict(text, style)
    print_to_do(desk, view)


def _verdict(desk: Desk, ran: Run, view: Overview) -> tuple[str, str]:
    say = desk.say
    span, code = say.span(ran.elapsed_s), int(ran.exit_code)
    doubled = view.suspected or view.waits_for("several", "conflict")
    known = "" if doubled or "resolve" not in ran.stages else f" {say('sync.no_doubles')}"
    if ran.exit_code is ExitCode.DONE:
        return say("sync.done", span=span, code=code) + known, "good"
    if ran.exit_code is ExitCode.REMOTE_UNAVAILABLE:
        return say("sync.unavailable", span=span, code=code), "bad"
    refused = any(isinstance(error, AccountError) for error in ran.errors)
    if ran.exit_code is ExitCode.CONFIGURATION:
        return say("sync.not_accepted" if refused else "sync.misfit", span=span, code=code), "bad"
    return say("sync.partial", span=span, code=code) + known, "care"


def _as_json(desk: Desk, ran: Run, view: Overview) -> dict[str, Any]:
    from connector.cli import overview as parts

    return {
        **parts.as_json(view, desk.name_of(ran.agency)),
        "started_at": ran.started_at,
        "elapsed_s": round(ran.elapsed_s, 3),
        "stages": ran.stages,
        "errors": [_error(desk, error) for error in ran.errors],
        "exit_code": int(ran.exit_code),
    }


def _error(desk: Desk, error: KntcError) -> dict[str, str]:
    return {"id": error.id, "what": text_of(error, desk.say).what}
