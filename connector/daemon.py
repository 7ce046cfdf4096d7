"""The daemon: APScheduler in memory calls the stages; signals set `stop`.

Jobs run one at a time, in one thread, which owns the store. The last success of each job is a mark in the store, so a
restart knows what is due and a long downtime is caught up with one run. SIGTERM and SIGINT: no new work, running
requests end (they are bounded by the national deadline), what was claimed and not sent is given back. A second
signal, or the stop timeout: at once; what was on its way is unknown to the next start, and that is a normal start.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from connector import __version__
from connector.app import App, set_from_handler, utc_now
from connector.errors import ExitCode, KntcError
from connector.logs import get_logger
from connector.stages.context import Counts
from connector.store import marks
from connector.store.jobs import success_mark

CLOCK_CHECK_S = 30.0
CLOCK_STEP_S = 60.0
"""A wall clock that moved so far against the monotonic one makes every job be planned anew."""


@dataclass(frozen=True, slots=True)
class Job:
    """One stage of one agency, and how often."""

    agency: str
    name: str
    every_s: float
    run: Callable[[], Iterator[Counts]]


def jobs_of(app: App) -> list[Job]:
    """Return the jobs of all agencies, in the order in which they run when all are due."""
    schedule = app.config.schedule
    jobs = []
    for code in app.agencies:
        jobs += [
            Job(code, "collect", schedule.collect_every_s, lambda code=code: app.collect(code)),  # type: ignore[misc]
            Job(code, "resync", schedule.push_every_s, lambda code=code: app.resync(code)),  # type: ignore[misc]
            Job(code, "deliver", schedule.push_every_s, lambda code=code: _deliver(app, code)),  # type: ignore[misc]
            Job(code, "pull", schedule.pull_every_s, lambda code=code: app.pull(code)),  # type: ignore[misc]
            Job(code, "reconcile", schedule.reconcile_every_s, lambda code=code: app.reconcile(code)),  # type: ignore[misc]
        ]
    return jobs


def _deliver(app: App, code: str) -> Iterator[Counts]:
    for step in app.deliver(code, longest_wait_s=5.0):
        yield step.counts


def run(app: App) -> ExitCode:
    """Work until a signal comes. The stage lock is held all the while; other commands that run stages are refused."""
    log = get_logger()
    with app.stage_lock():
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        jobs = jobs_of(app)
        _plan(app, scheduler, jobs, first=True)
        signalled = threading.Event()
        _handle_signals(app.stop, signalled)
        scheduler.start()
        log.info("daemon.started", pid=os.getpid(), environment=app.target.environment, program=__version__)
        _watch(app, scheduler, jobs)
        log.info("daemon.stopping")
        _shut_down(scheduler, app.config.schedule.stop_timeout_s, signalled)
        log.info("daemon.stopped")
    return ExitCode.DONE


def _plan(app: App, scheduler: BackgroundScheduler, jobs: list[Job], *, first: bool = False) -> None:
    """(Re)plan every job from its last success: due ones now, one after the other."""
    for job in jobs:
        scheduler.add_job(
            _run_job,
            IntervalTrigger(seconds=job.every_s, timezone="UTC"),
            args=(app, job),
            id=f"{job.agency}.{job.name}",
            next_run_time=_next_run(app, job) if first else app.now(),
            replace_existing=True,
        )


def _next_run(app: App, job: Job) -> datetime:
    with app.store.read() as connection:
        mark = marks.mark_of(connection, job.agency, success_mark(job.name))
    if mark is None:
        return app.now()
    latest = app.now() + timedelta(seconds=job.every_s)  # a mark from a wrong clock must not stop a job for years
    return min(max(mark[1] + timedelta(seconds=job.every_s), app.now()), latest)


def _run_job(app: App, job: Job) -> None:
    """Run one job to its end; an error of one agency ends this run of this job and nothing else."""
    log = get_logger()
    if app.stop.is_set():
        return
    started = time.monotonic()
    total: dict[str, int] = {}
    try:
        for counts in job.run():
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
        app.note_success(job.agency, job.name, total)
    except KntcError as error:
        log.error("job.failed", agency=job.agency, job=job.name, error_id=error.id)
        app.note_failure(job.agency, job.name, error)
        return
    except Exception as error:  # noqa: BLE001  a bug in one job must not end the daemon; its text may hold values
        log.error("job.failed", agency=job.agency, job=job.name, error=type(error).__name__, where=_where(error))
        app.note_bug(job.agency, job.name, error, _where(error))
        return
    app.note_shortfall(job.agency, job.name, total)
    log.info(
        "stage.finished", agency=job.agency, stage=job.name, counts=total,
        elapsed_s=round(time.monotonic() - started, 3),
    )  # fmt: skip


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119


def _watch(app: App, scheduler: BackgroundScheduler, jobs: list[Job]) -> None:
    """Wait for the stop; meanwhile compare the wall clock with the monotonic one (APScheduler stands still when the
    wall clock is set back)."""
    wall, monotonic = utc_now(), time.monotonic()
    while not app.stop.wait(CLOCK_CHECK_S):
        passed_s = time.monotonic() - monotonic
        step_s = (utc_now() - wall).total_seconds() - passed_s
        if abs(step_s) >= CLOCK_STEP_S:
            get_logger().warning("clock.stepped", step_s=round(step_s))
            _plan(app, scheduler, jobs)
            scheduler.wakeup()
        wall, monotonic = utc_now(), time.monotonic()


def _handle_signals(stop: threading.Event, again: threading.Event) -> None:
    def handle(_number: int, _frame: FrameType | None) -> None:
        set_from_handler(again if stop.is_set() else stop)

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _shut_down(scheduler: BackgroundScheduler, timeout_s: float, again: threading.Event) -> None:
    """Wait for the running job, but not for ever: what is cut off here is unknown to the next start."""
    done = threading.Event()

    def wait_for_jobs() -> None:
        scheduler.shutdown(wait=True)
        done.set()

    threading.Thread(target=wait_for_jobs, daemon=True).start()
    ends = time.monotonic() + timeout_s
    while not done.wait(0.1):
        if again.is_set() or time.monotonic() >= ends:
            os._exit(ExitCode.PARTIAL)
