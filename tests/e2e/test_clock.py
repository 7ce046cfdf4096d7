"""The daemon under a wall clock that somebody sets: no job waits for an hour that has already been."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from connector import daemon, logs
from connector.app import App, open_app, utc_now
from connector.config import load_config
from connector.core.model import Actor
from connector.sample.agency import build
from connector.sample.edits import edit_content
from connector.sandbox import Sandbox
from connector.store import audit
from connector.store.tables import AuditEntry, table_of
from tests.crash.proof import prove
from tests.e2e.command import until
from tests.world import AGENCY, credentials, install, source_path

SEED = 20_380_119
PETITIONS = 20
SCHEDULE = "collect_every_s = 3600\npush_every_s = 3600\npull_every_s = 3600"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST_SECOND_OF_32_BITS = datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)


class WallClock:
    """The machine's clock, and what somebody has set it off by."""

    def __init__(self) -> None:
        self.off = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.off


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.set_up("info", stream)
    yield stream
    structlog.reset_defaults()


def set_the_clock(
    app: App, clock: WallClock, sandbox: Sandbox, log: io.StringIO, failures: list[BaseException]
) -> None:
    """Set it ahead and back, and wait each time for work that only a new plan brings before an hour is over."""
    try:
        until(lambda: '"job": "reconcile"' in log.getvalue() or '"stage": "reconcile"' in log.getvalue(), 30)
        steps = (HOUR, -HOUR, DAY, -DAY, LAST_SECOND_OF_32_BITS - utc_now())
        for number, step in enumerate(steps, 1):
            for petition in range(1, PETITIONS + 1):
                edit_content(source_path(app.config.folder), petition, f"Kiến nghị sửa cầu, lần {number}")
            before = len(sandbox.effects())
            clock.off += step
            until(lambda n=number: log.getvalue().count('"clock.stepped"') == n, 30)
            until(lambda seen=before: len(sandbox.effects()) > seen, 30)
            until(lambda n=number: log.getvalue().count('"stage": "pull"') == n + 1, 30)
    except BaseException as error:  # noqa: BLE001  told by the test's own thread
        failures.append(error)
    finally:
        app.stop.set()


def test_a_clock_set_ahead_or_back_has_every_job_planned_anew_at_once(tmp_path: Path, log: io.StringIO) -> None:
    """The scheduler stood still for the whole hour by which a clock was set back."""
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    sample = build(source_path(tmp_path), SEED, petitions=PETITIONS)
    clock, failures = WallClock(), list[BaseException]()
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = install(tmp_path, sandbox.base_url, schedule=SCHEDULE)
        with open_app(load_config(config), Actor("test", "test"), create=True, now=clock) as app:
            hand = threading.Thread(target=set_the_clock, args=(app, clock, sandbox, log, failures))
            hand.start()
            daemon.run(app)
            hand.join()
            assert not failures, (failures, log.getvalue()[-3_000:])
            assert app.now().year == 2038
            with app.store.read() as connection:
                entry = table_of(AuditEntry)
                times = connection.execute(select(entry.c.at).order_by(entry.c.seq)).scalars().all()
                assert audit.verify(connection, AGENCY)[1] is None
        prove(config, sandbox, sample)
    assert times != sorted(times)  # the log's order is its numbers, whatever the clock said
