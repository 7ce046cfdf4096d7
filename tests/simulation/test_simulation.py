"""A thousand histories, each in one process and drawn from one number; `KNTC_SOAK=1` plays twenty thousand.

    python -m pytest tests/simulation -k once_found     # only the ones that once found a defect

A failure names its seed. What found a defect stays in `regressions/`, a file for each: the seed, and its story.
"""

from __future__ import annotations

import inspect
import multiprocessing
import os
import tempfile
import traceback
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from connector import logs
from connector.national import transport
from connector.sources import sql
from connector.stages import push, resolve
from connector.store import db
from tests.crash.history import soaking
from tests.simulation.history import History
from tests.simulation.wire import Wire, Workers
from tests.simulation.world import FORMS, World

CHUNKS = 20
SEEDS = 1_000 if soaking() else 50
"""In each chunk."""

REGRESSIONS = sorted(Path(__file__).with_name("regressions").glob("*.txt"))
MEMORY = Path("/dev/shm")

_patch = pytest.MonkeyPatch()
_worlds: list[World] = []


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    given = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="kntc-simulation-", dir=given) as name:
        yield Path(name)


@pytest.fixture(scope="module")
def worlds() -> Iterator[list[World]]:
    """Installations in this process, for a history that is to be looked at."""
    before = structlog.get_config()
    with folder_in_memory() as folder:
        settle(folder)
        yield _worlds
        for world in _worlds:
            world.close()
        _worlds.clear()
        _patch.undo()
        structlog.configure(**before)


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest) -> Iterator[dict[int, Future[tuple[int, str]]]]:
    """What became of each chunk that is asked for: every processor plays some, each history in one process."""
    asked = [item.callspec.params["chunk"] for item in request.session.items if "chunk" in item.fixturenames]
    processes = multiprocessing.get_context("forkserver")
    with (
        folder_in_memory() as folder,
        ProcessPoolExecutor(min(os.cpu_count() or 1, len(asked)), processes, settle, (folder,)) as pool,
    ):
        yield {chunk: pool.submit(play_chunk, chunk) for chunk in asked}
        pool.shutdown(cancel_futures=True)


def settle(folder: Path) -> None:
    """Make one installation for each form of the national side, below this folder, and keep them for this process."""
    logs.set_up("critical")
    _make_it_cheap(_patch)
    for form in FORMS:
        place = folder / str(os.getpid()) / form.name
        place.mkdir(parents=True)
        _worlds.append(World(place, form))


def _make_it_cheap(patch: pytest.MonkeyPatch) -> None:
    """Nothing of the program is replaced here but threads, sockets and waits; what is the same each time is kept."""
    patch.setattr(transport, "PoolTransport", lambda pool: Wire(World.now.nation, pool._network_backend._budget))
    patch.setattr(transport, "PATIENCE_S", 0.0)  # a read is tried once, so that faults strike one by one
    patch.setattr(db, "_engine", _engines_kept(db._engine))  # SQLAlchemy compiles each statement once for each engine
    patch.setattr(sql, "open_engine", _kept(sql.open_engine, str))
    patch.setattr(push, "FINISH_ROWS", 2)  # more commits, so more places to die at
    for stage in (push, resolve):
        patch.setattr(stage, "ThreadPoolExecutor", Workers)
    patch.setattr(push, "as_completed", Workers.in_turn)


def _kept(make, by):
    """Return a function that makes what stays the same only once for each `by` of what it is given."""
    made = {}

    def make_once(given):
        if by(given) not in made:
            made[by(given)] = make(given)
        return made[by(given)]

    return make_once


def _engines_kept(engine):
    """Return a function that gives the engine of a file again, without any connection; its pool makes new ones."""
    kept = {}

    def engine_of(connect, key, begin, pool_size):
        closed_over = inspect.getclosurevars(connect).nonlocals
        file = (
            closed_over["file"]
            if "file" in closed_over
            else inspect.getclosurevars(closed_over["connect"]).nonlocals["file"]
        )
        if (file, begin) not in kept:
            kept[file, begin] = engine(connect, key, begin, pool_size)
        return kept[file, begin]

    return engine_of


def play(seed: int) -> None:
    """Play one history; what it did is printed if it finds a defect."""
    history = History(_worlds[seed % len(_worlds)], seed)
    try:
        history.play()
    except BaseException:
        print(f"seed {seed} ({history.world.form.name}): {', '.join(history.steps)}")  # noqa: T201
        raise


def play_chunk(chunk: int) -> tuple[int, str]:
    """Return the first seed of the chunk whose history finds a defect, and where; -1 if there is none."""
    for seed in range(chunk * SEEDS, (chunk + 1) * SEEDS):
        try:
            play(seed)
        except Exception:  # noqa: BLE001 - any of them is the answer
            return seed, traceback.format_exc()
    return -1, ""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_whatever_is_drawn_nothing_is_lost_doubled_or_silent(request, played, chunk: int) -> None:
    seed, found = played[chunk].result()
    if found:
        request.getfixturevalue("worlds")
        play(seed)  # once more, where pytest tells what is compared with what
        pytest.fail(f"seed {seed} found something that it does not find again:\n{found}")


@pytest.mark.usefixtures("worlds")
@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_a_history_that_once_found_a_defect_finds_none_any_more(path: Path) -> None:
    play(int(path.read_text(encoding="utf-8").split()[0]))


@pytest.mark.usefixtures("worlds")
def test_a_seed_is_always_the_same_history() -> None:
    told = []
    for _ in range(2):
        play(7)
        (world,) = [world for world in _worlds if world is World.now]
        told.append([(line.method, line.path, line.version, line.status, line.fault) for line in world.sandbox.log()])
    assert told[0]
    assert told[0] == told[1]
