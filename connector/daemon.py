"""The daemon: APScheduler in memory calls the stages; signals set `stop`.

Jobs run one at a time, in one thread, which owns the store. The last success of each job is a mark in the store, so a
restart knows what is due and a long downtime is caught up with one run. SIGTERM and SIGINT: no new work, running
requests end (they are bounded by the national deadline), what was claimed and not sent is given back. A second
signal, or the stop timeout: at once; what was on its way is unknown to the next start, and that is a normal start.
SIGHUP: the configuration is read again. A faulty one is named in the log and the old one stays; a changed one is taken
as by a stop and a start, in the same process.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import FrameType

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from connector import __version__, lock, readiness
from connector.app import App, check_usable, set_from_handler, utc_now
from connector.config import Config
from connector.edges import open_store
from connector.errors import ConfigError, ExitCode, KntcError, LockedError, LockLostError, StoreError
from connector.loading import load
from connector.logs import get_logger
from connector.stages.context import Counts
from connector.store import marks
from connector.store.jobs import success_mark

CHECK_S = 1.0
"""So often the daemon looks for orders and at its clocks."""

CLOCK_STEP_S = 60.0
"""A wall clock that moved so far against the monotonic one makes every job be planned anew."""

RETENTION_EVERY_S = 86_400.0
"""Once a day texts whose time is over go, …"""

RETIRED_A_DAY = 20_000
"""… so many at most: some ten seconds in which no other job runs. A store that begins with it late gets round in time;
`kntc retention` does all at once."""

_RELOAD = getattr(signal, "SIGHUP", None)
"""Not on every system."""


@dataclass(slots=True)
class Orders:
    """What signals and jobs have asked for so far. Plain values: a handler may set them at any moment."""

    stop: threading.Event
    ends: int = 0
    reload: bool = False
    lost: threading.Event = field(default_factory=threading.Event)

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """Stop orderly at the first signal; the second one is counted, and ends the process at once."""
        self.ends += 1
        set_from_handler(self.stop)

    def read_again(self, _number: int, _frame: FrameType | None) -> None:
        """Have the configuration read again."""
        self.reload = True


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
        if app.config.retention.bodies_days or app.config.retention.auditor_key:
            jobs.append(Job(code, "retention", RETENTION_EVERY_S, lambda code=code: app.retire(code, RETIRED_A_DAY)))  # type: ignore[misc]
        if app.config.audit.key:
            every_s = schedule.push_every_s  # looked at so often; made when due
            jobs.append(Job(code, "checkpoint", every_s, lambda code=code: app.checkpoint(code)))  # type: ignore[misc]
    return jobs


def _deliver(app: App, code: str) -> Iterator[Counts]:
    for step in app.deliver(code, longest_wait_s=5.0):
        yield step.counts


def run(app: App) -> ExitCode | None:
    """Work until a signal comes; None: to begin anew, with a changed configuration.

    The stage lock is held all the while; other commands that run stages are refused. Should another run take over all
    the same, nothing more is written, and the daemon ends with LOCKED."""
    log = get_logger()
    orders = Orders(app.stop)
    # Whoever starts a service waits gladly until the whole store is read; a run by hand reads it all once a day.
    with app.stage_lock(found_whole_s=0.0), _signals_to(orders):
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )
        jobs = jobs_of(app)
        for job in jobs:
            _plan(app, scheduler, orders, job, _wait_s(app, job))
        scheduler.start()
        log.info("daemon.started", pid=os.getpid(), environment=app.target.environment, program=__version__)
        try:
            _watch(app, scheduler, orders, jobs)
        finally:  # whatever happens: no job may go on without the lock and its term
            log.info("daemon.stopping")
            app.stop.set()
            _shut_down(scheduler, app.config.schedule.stop_timeout_s, orders)
        log.info("daemon.stopped")
    if orders.lost.is_set():
        return ExitCode.LOCKED
    return ExitCode.DONE if orders.ends else None


def _plan(app: App, scheduler: BackgroundScheduler, orders: Orders, job: Job, wait_s: float) -> None:
    """Plan a job for so many seconds from now, and regularly from then on.

    By the scheduler's own clock: what our marks say was read by ours, and only the difference counts."""
    scheduler.add_job(
        _run_job,
        IntervalTrigger(seconds=job.every_s, timezone="UTC"),
        args=(app, orders, job),
        id=f"{job.agency}.{job.name}",
        next_run_time=utc_now() + timedelta(seconds=wait_s),
        replace_existing=True,
    )


def _wait_s(app: App, job: Job) -> float:
    """Return how long a job may wait, by its last success: never longer than its interval, for a mark of a clock that
    was wrong must not stop it for years."""
    with app.store.read() as connection:
        mark = marks.mark_of(connection, job.agency, success_mark(job.name))
    if mark is None:
        return 0.0
    due_in_s = (mark[1] - app.now()).total_seconds() + job.every_s
    return min(max(due_in_s, 0.0), job.every_s)


def _run_job(app: App, orders: Orders, job: Job) -> None:
    """Run one job to its end; an error of one agency ends this run of this job and nothing else."""
    log = get_logger()
    if app.stop.is_set():
        return
    started = time.monotonic()
    total: dict[str, int] = {}
    try:
        app.ready()
        for counts in job.run():
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
        app.note_success(job.agency, job.name, total)
        app.note_shortfall(job.agency, job.name, total)
    except LockLostError as error:
        log.error("lock.lost", agency=job.agency, job=job.name, error_id=error.id)
        orders.lost.set()
        app.stop.set()
        return
    except KntcError as error:
        tell = log.warning if app.is_failing(job.agency, job.name, error) else log.error  # an outage is one alarm
        tell("job.failed", agency=job.agency, job=job.name, error_id=error.id)
        app.note_failure(job.agency, job.name, error)
        return
    except Exception as error:  # noqa: BLE001  a bug in one job must not end the daemon; its text may hold values
        log.error("job.failed", agency=job.agency, job=job.name, error=type(error).__name__, where=_where(error))
        app.note_bug(job.agency, job.name, error, _where(error))
        return
    log.info(
        "stage.finished", agency=job.agency, stage=job.name, counts=total,
        elapsed_s=round(time.monotonic() - started, 3),
    )  # fmt: skip


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else ""  # noqa: PTH119


def _watch(app: App, scheduler: BackgroundScheduler, orders: Orders, jobs: list[Job]) -> None:
    """Wait for the stop, or for a configuration to begin anew with; meanwhile compare the wall clock with the monotonic
    one (APScheduler stands still when the wall clock is set back)."""
    wall, monotonic = app.now(), time.monotonic()
    while not app.stop.wait(CHECK_S):
        if orders.reload:
            orders.reload = False
            if _is_acceptable(app):
                return
        passed_s = time.monotonic() - monotonic
        step_s = (app.now() - wall).total_seconds() - passed_s
        if abs(step_s) >= CLOCK_STEP_S:
            get_logger().warning("clock.stepped", step_s=round(step_s))
            for job in jobs:
                _plan(app, scheduler, orders, job, 0.0)
            scheduler.wakeup()
        wall, monotonic = app.now(), time.monotonic()


def _is_acceptable(app: App) -> bool:
    """Return whether we could begin anew with the configuration on disk: faultless, with its mappings, secrets and
    certificates, with room on the disk, and a store of its target. What is wrong with it goes to the log."""
    log = get_logger()
    try:
        config = load(app.config.path)
        check_usable(config)
        readiness.room(config)
        _check_store(app, config)
    except KntcError as error:
        problems = error.problems if isinstance(error, ConfigError) else ()
        first = problems[0] if problems else error
        named = {name: first.values[name] for name in ("file", "key", "line") if name in first.values}
        log.error("config.refused", error_id=first.id, where=":".join(str(value) for value in named.values()))
        return False
    # No mapping and no secret is part of the digest: whoever asks means a new beginning, whatever the file says.
    log.info("config.accepted", state="same" if config.digest == app.config.digest else "changed")
    return True


def _check_store(app: App, config: Config) -> None:
    """Return if a run could begin with the store that the configuration names. Raises StoreError, ConfigError,
    LockedError, RolledBackError.

    There must be one: a store that is not there holds nothing of what was delivered, and only a start makes it."""
    ours, theirs = app.config, config
    is_moved = ours.data_dir.resolve() != theirs.data_dir.resolve()
    if is_moved and (holder := lock.holder(theirs.data_dir)):
        raise LockedError("E-LOCKED", holder=holder)
    if not is_moved and ours.store.encryption != theirs.store.encryption:
        # Not tried out: two SQLite libraries in one process, on one file, drop each other's locks.
        raise StoreError("E-STORE-UNREADABLE", file=str(app.store.path))
    national = theirs.national
    target = marks.Target(national.environment, national.profile, national.base_url)
    with closing(open_store(theirs, {}, create=False, look=True, now=app.now)) as store:
        for agency in theirs.agency:
            with store.read() as connection:
                store.heads.check(connection, agency.code)
                marks.generation_of(connection, agency.code, target)


@contextmanager
def _signals_to(orders: Orders) -> Iterator[None]:
    """Let signals give orders; afterwards they do what they did before."""
    handlers = {signal.SIGTERM: orders.end, signal.SIGINT: orders.end}
    if _RELOAD is not None:
        handlers[_RELOAD] = orders.read_again
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shut_down(scheduler: BackgroundScheduler, timeout_s: float, orders: Orders) -> None:
    """Wait for the running job, but not for ever: what is cut off here is unknown to the next start."""
    done = threading.Event()

    def wait_for_jobs() -> None:
        scheduler.shutdown(wait=True)
        done.set()

    threading.Thread(target=wait_for_jobs, daemon=True).start()
    ends = time.monotonic() + timeout_s
    while not done.wait(0.1):
        if orders.ends > 1 or time.monotonic() >= ends:
            os._exit(ExitCode.PARTIAL)
