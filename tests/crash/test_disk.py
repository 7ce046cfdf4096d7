"""A disk that takes nothing more: what was being written is undone, a person is told, and work goes on by itself."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Kind
from connector.errors import DiskError, ExitCode
from connector.sample.agency import SampleCounts, build
from connector.sample.edits import edit_content
from connector.sandbox import FaultRule, Sandbox
from connector.store import marks
from connector.store.db import Store
from connector.store.tables import AuditEntry, Delivery, table_of
from tests.crash.proof import prove
from tests.e2e.command import ROOT, Daemon, command, kntc, until
from tests.store.ledger import ACTOR, Clock, key_of, new_ledger, reading
from tests.store.ledger import AGENCY as LEDGER_AGENCY
from tests.world import AGENCY, credentials, install, source_path

SEED = 28
STORE = 'key = "file:secrets/store.key"'

World = tuple[Path, Sandbox, SampleCounts]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    sample = build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        yield install(tmp_path, sandbox.base_url), sandbox, sample


def do_the_rest(config: Path) -> None:
    with open_app(load_config(config), ACTOR, create=True) as app, app.stage_lock():
        list(app.sync(AGENCY))


def write_much(store: Store) -> None:
    """Write beyond an end that the disk now has."""
    with store.write() as tx:
        marks.pause(tx, LEDGER_AGENCY, "", "", ACTOR, "thử")
        pages = tx.connection.execute(text("PRAGMA page_count")).scalar_one()
        tx.connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        tx.connection.execute(text("CREATE TABLE much AS SELECT zeroblob(1000000) AS x"))


def test_a_full_disk_undoes_the_transaction_and_the_next_one_works(tmp_path: Path) -> None:
    ledger = new_ledger(tmp_path, Clock())
    head = ledger.store.heads.read(LEDGER_AGENCY)
    with pytest.raises(DiskError) as raised:
        write_much(ledger.store)
    assert raised.value.id == "E-DISK-FULL"
    assert float(raised.value.values["needed_bytes"]) > 0
    with ledger.store.read() as connection:
        assert marks.pauses(connection, LEDGER_AGENCY) == []
    assert ledger.store.heads.read(LEDGER_AGENCY) == head
    with ledger.store.write() as tx:
        tx.connection.execute(text("PRAGMA max_page_count = 1000000"))
    assert ledger.record(reading(key_of(1)))
    ledger.store.check()
    ledger.store.close()


def test_a_run_does_not_begin_where_too_little_is_free(world: World) -> None:
    """Found out before anything is asked of the source or the national side, and with the bytes that are needed."""
    config, sandbox, sample = world
    install(config.parent, sandbox.base_url, store=f"{STORE}\nreserve_mib = 1000000")
    refused = kntc(config, "sync")
    assert refused.returncode == ExitCode.LOCKED
    assert "E-DISK-FULL" in refused.stderr
    assert f"{1_000_000 * 2**20}" in refused.stderr.replace(",", "")
    assert sandbox.log() == []
    assert kntc(config, "status").returncode in {ExitCode.DONE, ExitCode.PARTIAL}  # who only looks needs no room
    install(config.parent, sandbox.base_url)
    do_the_rest(config)
    prove(config, sandbox, sample)


@pytest.mark.parametrize("blocks", [1, 800])
def test_a_disk_that_takes_no_more_stops_a_run_wherever_it_is_and_the_next_one_goes_on(
    world: World, blocks: int
) -> None:
    """No file may grow beyond so many blocks of 512 bytes: creation, the first commits, or later ones meet the end."""
    config, sandbox, sample = world
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *command(config, "sync")]
    stopped = subprocess.run(limited, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (stopped.returncode, "E-DISK-WRITE" in stopped.stderr) == (ExitCode.LOCKED, True), stopped.stderr
    assert list((config.parent / "data").glob("*.new*")) == []
    do_the_rest(config)
    prove(config, sandbox, sample)


ON_A_SMALL_DISK = """
mount -t tmpfs -o size="$2" small "$1/data" || exit 99
data="$1/data"; shift 2
"$@" sync >"$data.full" 2>&1; echo "$?"
"$@" status >"$data.status" 2>&1; echo "$?"
ls "$data" | grep -c '[.]new' | cat
mount -o remount,size=256m "$data" && "$@" sync >"$data.room" 2>&1; echo "$?"
cp -a "$data" "$data.kept"
"""
"""What is done in a name space of its own: its tmpfs goes with it, so the data folder is copied out at the end."""


def own_mounts() -> list[str] | None:
    """Return how a command gets mounts of its own here, None if this system lets nobody do that."""
    for way in (["unshare", "--mount"], ["unshare", "--mount", "--user", "--map-root-user"]):
        if shutil.which("unshare") and not subprocess.run([*way, "true"], capture_output=True, check=False).returncode:
            return way
    return None


@pytest.mark.parametrize("size", ["40k", "700k"])
def test_a_run_on_a_small_disk_stops_by_name_and_goes_on_once_the_disk_has_grown(world: World, size: str) -> None:
    """A real file system that is full: while the store is made, and in the middle of the work."""
    config, sandbox, sample = world
    way = own_mounts()
    if way is None:
        pytest.skip("this system gives a test no mounts of its own (unshare)")
    install(config.parent, sandbox.base_url, store=f"{STORE}\nreserve_mib = 0", collect="page_rows = 10")
    data = config.parent / "data"
    data.mkdir(mode=0o700, exist_ok=True)
    told = subprocess.run(
        [*way, "sh", "-c", ON_A_SMALL_DISK, "sh", str(config.parent), size, *command(config)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    full, status, drafts, room = told.stdout.split()
    said = data.with_suffix(".full").read_text(encoding="utf-8")
    assert (int(full), "E-DISK-FULL" in said) == (ExitCode.LOCKED, True), said
    assert int(status) != ExitCode.BUG, data.with_suffix(".status").read_text(encoding="utf-8")
    assert (int(drafts), int(room)) == (0, ExitCode.DONE), data.with_suffix(".room").read_text(encoding="utf-8")
    data.rmdir()
    data.with_suffix(".kept").rename(data)
    prove(config, sandbox, sample)


def suspicions(config: Path) -> tuple[int, int]:
    """Return how many deliveries were taken up after a push that broke off, and how many deaths stand against any."""
    entry, delivery = table_of(AuditEntry), table_of(Delivery)
    with open_app(load_config(config), ACTOR) as app, app.store.read() as connection:
        rescued = connection.execute(select(func.count()).where(entry.c.event == "delivery.rescued")).scalar_one()
        return rescued, connection.execute(select(func.sum(delivery.c.crashes))).scalar_one()


@pytest.mark.parametrize("work", ["sync", "run"])
def test_a_disk_that_takes_no_answers_is_no_suspicion_against_what_was_sent(world: World, work: str) -> None:
    """Each time counted as a death of the process, and after three of them the records waited for a person."""
    config, sandbox, sample = world
    install(config.parent, sandbox.base_url, national="deadline_s = 30", schedule="push_every_s = 1")
    sandbox.play(FaultRule("late_answer", latency_s=2))
    with Daemon(config, work) as process:
        until(lambda: any(line.method == "PUT" for line in sandbox.log()))
        _, hard = resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        if work == "sync":
            assert process.ended(timeout_s=60) == ExitCode.LOCKED
        else:
            until(lambda: process.told("E-DISK-WRITE"))
            resource.prlimit(process.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
            sandbox.play()
            until(lambda: len(sandbox.effects()) == sum(sample.records.values()))
            process.signal(signal.SIGTERM)
            process.ended(timeout_s=60)
    sandbox.play()
    do_the_rest(config)
    rescued, deaths = suspicions(config)
    assert (rescued > 0, deaths) == (True, 0)
    prove(config, sandbox, sample)


def test_the_daemon_pauses_while_the_disk_is_full_and_resumes_by_itself(world: World) -> None:
    config, sandbox, sample = world
    schedule = "collect_every_s = 1\npush_every_s = 1\npull_every_s = 3600\nreconcile_every_s = 3600"
    install(config.parent, sandbox.base_url, schedule=schedule)
    with Daemon(config) as daemon:
        until(lambda: len(sandbox.effects()) == sum(sample.records.values()))
        _, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        edit_content(source_path(config.parent), 1, "Kiến nghị sửa đường liên ấp (bổ sung)")
        until(lambda: sum("E-DISK-WRITE" in line for line in daemon.lines) >= 3)
        sent = {key.version for key in sandbox.effects()}
        assert kntc(config, "status").returncode in {ExitCode.DONE, ExitCode.PARTIAL}
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        until(lambda: any(key.version == 2 and key.kind == Kind.PETITION for key in sandbox.effects()))
        assert sent == {1}
    do_the_rest(config)
    prove(config, sandbox, sample)
