"""`kntc run` as a service manager has it: started, asked while it works, stopped by signals, started again."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, Kind, State
from connector.errors import ExitCode, LockedError
from connector.sample.agency import SampleCounts, build
from connector.sandbox import FaultRule, Sandbox
from connector.store import audit, requests, views
from tests.crash.proof import prove
from tests.e2e.command import Daemon, kntc, until
from tests.world import AGENCY, credentials, install, source_path

SEED = 7
SCHEDULE = "collect_every_s = 3600\npush_every_s = 1\npull_every_s = 3600\nstop_timeout_s = 40"

FIRST_AT_ONCE = FaultRule("latency", in_all=1, latency_s=0)
"""As long as nobody knows of a rate limit, one goes ahead alone: the others do not wait for it."""

World = tuple[Path, Sandbox, SampleCounts]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    sample = build(source_path(tmp_path), SEED, petitions=60)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        yield install(tmp_path, sandbox.base_url, national="deadline_s = 30", schedule=SCHEDULE), sandbox, sample


def in_state(config: Path, state: State) -> int:
    """Look into the store without the stage lock: nothing is rescued by looking."""
    with open_app(load_config(config), Actor("test", "test")) as app, app.store.read() as connection:
        return sum(by.get(state, 0) for by in views.counts(connection, AGENCY).values())


def puts(sandbox: Sandbox) -> int:
    return sum(line.method == "PUT" for line in sandbox.log())


def do_the_rest(config: Path) -> None:
    with open_app(load_config(config), Actor("test", "test")) as app, app.stage_lock():
        list(app.sync(AGENCY))


def test_a_stop_ends_in_time_and_every_request_under_way_gets_its_answer(world: World) -> None:
    config, sandbox, sample = world
    sandbox.play(FaultRule("late_answer", latency_s=2))
    with Daemon(config) as daemon:
        until(lambda: puts(sandbox) >= 8)
        asked_at = time.monotonic()
        daemon.signal(signal.SIGTERM)
        assert daemon.ended(timeout_s=60) == ExitCode.DONE, daemon.lines
        assert time.monotonic() - asked_at < 40
        assert '"daemon.stopped"' in daemon.lines[-1]
    assert in_state(config, State.SENDING) == 0
    assert in_state(config, State.UNKNOWN) == 0
    assert in_state(config, State.DELIVERED) == len(sandbox.effects()) < sum(sample.records.values())
    sandbox.play()
    do_the_rest(config)
    prove(config, sandbox, sample)


def test_a_second_signal_ends_at_once_and_what_was_under_way_is_unknown_to_the_next_start(world: World) -> None:
    config, sandbox, sample = world
    sandbox.play(FIRST_AT_ONCE, FaultRule("late_answer", latency_s=29))
    with Daemon(config) as daemon:
        until(lambda: puts(sandbox) >= 8)
        daemon.signal(signal.SIGTERM)
        daemon.wait_for("daemon.stopping")
        daemon.signal(signal.SIGTERM)
        assert daemon.ended(timeout_s=20) == ExitCode.PARTIAL
    left = in_state(config, State.SENDING)
    assert left >= 8
    with open_app(load_config(config), Actor("test", "test")) as app, app.stage_lock():
        assert in_state(config, State.SENDING) == 0
        assert in_state(config, State.UNKNOWN) == left
    sandbox.play()
    do_the_rest(config)
    prove(config, sandbox, sample)


def open_requests(app: App) -> int:
    with app.store.read() as connection:
        return requests.open_count(connection, AGENCY)


def test_one_run_at_a_time_and_people_are_heard_while_it_goes_on(world: World) -> None:
    config, sandbox, sample = world
    with Daemon(config) as daemon:
        until(lambda: len(sandbox.effects()) == sum(sample.records.values()))
        for command in ("run", "sync"):
            refused = kntc(config, command)
            assert refused.returncode == ExitCode.LOCKED, refused.stderr
            assert str(daemon.process.pid) in refused.stderr
        with open_app(load_config(config), Actor("test", "test")) as app:
            with pytest.raises(LockedError, match=f"pid {daemon.process.pid}"), app.stage_lock():
                pass
            asked = kntc(config, "resync", "--kind", "petition", "--reason", "compare with the paper files", "--yes")
            assert asked.returncode == ExitCode.DONE, asked.stderr
            until(lambda: open_requests(app) == 0)
            with app.store.read() as connection:
                events = [entry.content for entry in audit.entries(connection, AGENCY)]
        assert sum('"resync.asked"' in content for content in events) == 1
        assert sum('"resync.done"' in content for content in events) == sample.records[Kind.PETITION]
        assert not [content for content in events if "compare with the paper files" in content]
        until(lambda: looked_for(sandbox) >= sample.records[Kind.PETITION])
        assert puts(sandbox) == sum(sample.records.values())  # the same version was found, so nothing was sent again
        daemon.signal(signal.SIGTERM)
        assert daemon.ended(timeout_s=60) == ExitCode.DONE
    do_the_rest(config)
    prove(config, sandbox, sample)


def looked_for(sandbox: Sandbox) -> int:
    return len({line.local_id for line in sandbox.log() if line.method == "GET" and line.kind == Kind.PETITION})


@contextmanager
def busy_store(config: Path, folder: str) -> Iterator[None]:
    """Have a run of another configuration at work in this folder, of the same target and keys."""
    other = config.with_name("other.toml")
    text = config.read_text(encoding="utf-8").replace('data_dir = "data"', f'data_dir = "{folder}"')
    other.write_text(text, encoding="utf-8")
    with open_app(load_config(other), Actor("test", "test"), create=True) as app, app.stage_lock():
        yield


def test_sighup_takes_a_good_configuration_and_keeps_the_old_one_beside_a_faulty_one(world: World) -> None:
    """It used to kill the daemon. A configuration of another target is as faulty: it could not be begun with."""
    config, sandbox, sample = world
    good = config.read_text(encoding="utf-8")
    (config.parent / "of-a-lost-store").mkdir()
    (config.parent / "of-a-lost-store" / f"{AGENCY}.head.json").touch()
    with Daemon(config) as daemon, busy_store(config, "busy"):
        until(lambda: len(sandbox.effects()) == sum(sample.records.values()))
        for number, (old, new, error_id) in enumerate(
            (
                ("[push]", "[push", "E-CFG-SYNTAX"),
                ("push_every_s = 1", "push_every_s = -1", "E-CFG-VALUE"),
                ('environment = "test"', 'environment = "production"', "E-STORE-OTHER-TARGET"),
                # These two were accepted, and the new beginning ended in 78, after which systemd starts nothing again.
                ('evidence_key = "file:', 'evidence_key = "file:not-there/', "E-SECRET-ABSENT"),
                ("[national]\n", '[national]\nca_file = "not-there.pem"\n', "E-NET-CA-FILE"),
                # So were these: the first one began a second, empty store, which would have sent everything anew.
                ('data_dir = "data"', 'data_dir = "elsewhere"', "E-STORE-ABSENT"),
                ('data_dir = "data"', 'data_dir = "of-a-lost-store"', "E-STORE-GONE"),
                ('key = "file:secrets/store.key"', 'key = "file:secrets/evidence.key"', "E-STORE-UNREADABLE"),
                ('key = "file:secrets/store.key"', 'encryption = "none"', "E-STORE-UNREADABLE"),
                ('data_dir = "data"', 'data_dir = "busy"', "E-LOCKED"),
            )
        ):
            assert old in good
            config.write_text(good.replace(old, new), encoding="utf-8")
            daemon.signal(signal.SIGHUP)
            until(lambda n=number: len(daemon.told("config.refused")) == n + 1)
            assert error_id in daemon.told("config.refused")[-1]
        assert len(daemon.told("daemon.started")) == 1
        config.write_text(good.replace("collect_every_s = 3600", "collect_every_s = 1"), encoding="utf-8")
        daemon.signal(signal.SIGHUP)
        until(lambda: len(daemon.told("daemon.started")) == 2)
        asked = len(daemon.told('"stage": "collect"'))
        until(lambda: len(daemon.told('"stage": "collect"')) > asked)  # by the new schedule, not by that of an hour
        daemon.signal(signal.SIGTERM)
        assert daemon.ended(timeout_s=30) == ExitCode.DONE
    prove(config, sandbox, sample)
