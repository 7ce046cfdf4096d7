"""Two thousand histories in one process, each of them drawn from one number; `KNTC_SOAK=1` plays twenty thousand.

    python -m pytest tests/simulation -k regression     # only the ones that once found a defect

A failure names its seed. What found a defect stays in `regressions/`, a file for each: the seed, and its story.
"""

from __future__ import annotations

import inspect
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from connector import app, loading
from connector.national import transport
from connector.sources import sql
from connector.stages import push, resolve
from connector.store import db
from tests.crash.history import soaking
from tests.simulation.history import History
from tests.simulation.wire import Wire, Workers
from tests.simulation.world import FORMS, World

CHUNKS = 20
SEEDS = 1_000 if soaking() else 10
"""In each chunk."""

REGRESSIONS = sorted(Path(__file__).with_name("regressions").glob("*.txt"))


@pytest.fixture(scope="module")
def worlds() -> Iterator[list[World]]:
    """One installation for each form of the national side, in memory where the machine has a folder there."""
    memory = Path("/dev/shm")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        given = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kntc-simulation-", dir=given)))
        _make_it_cheap(patch)
        made: list[World] = []
        patch.setattr(transport, "PoolTransport", lambda pool: Wire(World.now.nation, pool._network_backend._budget))
        for form in FORMS:
            (folder / form.name).mkdir()
            made.append(World(folder / form.name, form))
            stack.callback(made[-1].close)
        yield made


def _make_it_cheap(patch: pytest.MonkeyPatch) -> None:
    """Nothing of the program is replaced here but threads, sockets and waits; what is the same each time is kept."""
    patch.setattr(transport, "PATIENCE_S", 0.0)  # a read is tried once, so that faults strike one by one
    patch.setattr(transport, "trust", _kept(transport.trust, lambda settings: settings.ca_file))
    patch.setattr(loading, "compiled_schemas", cache(loading.compiled_schemas))
    patch.setattr(app, "compile_mappings", _kept(app.compile_mappings, lambda config: config.path))
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


def play(worlds: list[World], seed: int) -> None:
    history = History(worlds[seed % len(worlds)], seed)
    try:
        history.play()
    except BaseException:
        print(f"seed {seed} ({history.world.form.name}): {', '.join(history.steps)}")  # noqa: T201 - shown when a test fails
        raise


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_whatever_is_drawn_nothing_is_lost_doubled_or_silent(worlds: list[World], chunk: int) -> None:
    for seed in range(chunk * SEEDS, (chunk + 1) * SEEDS):
        play(worlds, seed)


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_a_history_that_once_found_a_defect_finds_none_any_more(worlds: list[World], path: Path) -> None:
    play(worlds, int(path.read_text(encoding="utf-8").split()[0]))
