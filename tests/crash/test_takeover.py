"""A run that stood still while another one took over: it writes nothing more, and nothing is doubled."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from connector import lock
from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, State
from connector.errors import ExitCode, LockLostError
from connector.sample.agency import build
from connector.sandbox import FaultRule, Sandbox
from connector.stages import push
from connector.store import audit, views
from connector.store.marks import pause
from tests.crash.proof import prove
from tests.e2e.command import Daemon, kntc, until
from tests.world import AGENCY, credentials, install, source_path

SEED = 20_260_301
FIRST_AT_ONCE = FaultRule("latency", in_all=1, latency_s=0)  # else one goes ahead alone, as long as no limit is known
LATE = FaultRule("late_answer", latency_s=3)
SCHEDULE = "collect_every_s = 3600\npush_every_s = 1\npull_every_s = 3600\nstop_timeout_s = 40"
IN_FLIGHT = 8
PERSON = Actor("a person", "test")


def everything(app: App) -> dict[str, list[Any]]:
    """Return all rows of the store."""
    with app.store.read() as connection:
        return {
            name: sorted(map(repr, connection.execute(select(table))))
            for name, table in SQLModel.metadata.tables.items()
            if connection.engine.dialect.has_table(connection, name)
        }


def events(app: App, name: str) -> Counter[str]:
    """Return how often the log tells an event of each key."""
    with app.store.read() as connection:
        found = [line for line in audit.entries(connection, AGENCY) if f'"{name}"' in line.content]
    return Counter(str(line.content.split('"')[1:14]) for line in found)


def delete_lock(config: Path) -> None:
    """What nobody should do, and what a shared folder without locks amounts to."""
    (config.parent / "data" / lock.LOCK_FILE).unlink()


def test_a_run_that_was_stopped_while_another_took_over_writes_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    sample = build(source_path(tmp_path), SEED, petitions=30)
    with Sandbox(credentials=credentials(), seed=SEED, faults=(FIRST_AT_ONCE, LATE)) as sandbox:
        config = install(tmp_path, sandbox.base_url, schedule=SCHEDULE, push=f"workers = {IN_FLIGHT}")
        with Daemon(config) as sleeper:
            until(lambda: sum(line.fault == "late_answer" for line in sandbox.log()) >= IN_FLIGHT)
            sleeper.signal(signal.SIGSTOP)
            sandbox.play()
            assert kntc(config, "sync").returncode == ExitCode.LOCKED  # it holds the lock also while it is stopped
            delete_lock(config)
            with open_app(load_config(config), PERSON) as app:
                with app.stage_lock():
                    list(app.sync(AGENCY))
                    before, asked = everything(app), len(sandbox.log())
                    sleeper.signal(signal.SIGCONT)
                    assert sleeper.ended(timeout_s=30) == ExitCode.LOCKED, sleeper.lines
                    assert sleeper.told("lock.lost")
                    assert everything(app) == before
                    assert lock.holder(config.parent / "data") is not None  # its note is not taken away either
                puts = [line for line in sandbox.log()[asked:] if line.method == "PUT"]
                assert puts == []
                assert set(events(app, "delivery.rescued").values()) == {1}
                assert max(events(app, "delivery.claimed").values()) <= 2
        prove(config, sandbox, sample)


def test_an_older_run_writes_nothing_and_a_persons_order_is_no_run(tmp_path: Path) -> None:
    build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = load_config(install(tmp_path, sandbox.base_url))
        with open_app(config, PERSON, create=True) as older, open_app(config, PERSON) as newer:
            with older.stage_lock():
                list(older.collect(AGENCY))
                with older.store.write() as tx:
                    pause(tx, AGENCY, "", "", PERSON, "wait")
                with newer.store.write() as tx:
                    pause(tx, AGENCY, "petition", "", PERSON, "of no run, and it does not end one")
                list(older.pull(AGENCY))
                delete_lock(config.path)
                with newer.stage_lock():
                    before = everything(newer)
                    for stage in (older.collect, older.pull, older.push):
                        with pytest.raises(LockLostError, match="E-LOCK-LOST"):
                            list(stage(AGENCY))
                    assert everything(newer) == before
            with older.store.write() as tx:  # its run is over: a person may order again
                pause(tx, AGENCY, "handling", "", PERSON, "of a person")
            with older.store.read() as connection:
                assert not any(by.get(State.SENDING) for by in views.counts(connection, AGENCY).values())


def test_a_run_whose_lock_was_taken_away_sends_nothing_more(tmp_path: Path) -> None:
    """Before its next write tells it so: a byte that has left cannot be taken back."""
    build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = load_config(install(tmp_path, sandbox.base_url, push="workers = 1"))
        with open_app(config, PERSON, create=True) as app, app.stage_lock():
            list(app.collect(AGENCY))
            still_ours = app.may_send

            def deleted_after_the_third() -> bool:
                if len(sandbox.effects()) == 3:
                    (config.data_dir / lock.LOCK_FILE).unlink(missing_ok=True)
                return still_ours()

            app.may_send = deleted_after_the_third
            with pytest.raises(LockLostError, match="E-LOCK-DELETED"):
                list(app.push(AGENCY))
            with app.store.read() as connection:
                by_state = list(views.counts(connection, AGENCY).values())
        assert sum(by.get(State.DELIVERED, 0) for by in by_state) == len(sandbox.effects()) == 3
        assert not sum(by.get(State.SENDING, 0) for by in by_state)


def test_a_run_that_cannot_write_an_answer_down_sends_nothing_more_of_what_it_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its workers went on through the whole claim, up to a thousand records, whose answers nobody took."""
    monkeypatch.setattr(push, "FINISH_ROWS", 1)
    build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED, faults=(FaultRule("latency", latency_s=0.1),)) as sandbox:
        config = load_config(install(tmp_path, sandbox.base_url, push="workers = 1"))
        with open_app(config, PERSON, create=True) as older, open_app(config, PERSON) as newer:
            with older.stage_lock(), ExitStack() as taken:
                list(older.collect(AGENCY))
                ours, begun = older.may_send, []

                def overtaken_after_the_first() -> bool:
                    if sandbox.effects() and not begun:
                        begun.append(taken.enter_context(newer.store.term()))
                    return ours()

                older.may_send = overtaken_after_the_first
                with pytest.raises(LockLostError, match="E-LOCK-LOST"):
                    list(older.push(AGENCY))
            with older.store.read() as connection:
                left = sum(by.get(State.SENDING, 0) for by in views.counts(connection, AGENCY).values())
        assert len(sandbox.effects()) <= 5 < left
