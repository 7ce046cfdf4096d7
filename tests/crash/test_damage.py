"""What is left after power loss and on a failing disk: all that was acknowledged, or a refusal by name, never less.

A real encrypted store is copied as it lies on the disk while it is open, WAL included, and harmed at random places.
The trials print their seed; `make soak` runs many more of them.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from connector.app import open_app
from connector.config import load_config
from connector.core.chain import Head
from connector.edges import STORE_FILE
from connector.errors import KntcError, StoreError
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import audit
from connector.store.db import Store
from tests.crash.history import soaking
from tests.store.ledger import ACTOR, AGENCY, DELIVERY, EVIDENCE, STORE_KEY, Clock, key_of, new_ledger, reading
from tests.world import credentials, install, source_path

SEED = 20_221_231
TRIALS = 1_700 if soaking() else 40
"""Of each of three groups of harms."""

COMMITS = 30


@dataclass(frozen=True, slots=True)
class Image:
    """A store as a power cut finds it: main file, WAL, head file, and how many records were acknowledged."""

    folder: Path
    acknowledged: int

    def copy(self, folder: Path) -> Path:
        """Return the path of the store in a fresh copy."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return folder / "kntc.db"


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Half of the commits lie in the main file, the other half in the WAL alone."""
    alive = tmp_path_factory.mktemp("alive")
    ledger = new_ledger(alive, Clock())
    for number in range(COMMITS):
        if number == COMMITS // 2:
            ledger.store.close()  # plays the WAL into the main file
        ledger.record(*(reading(key_of(number * 10 + at), "một nội dung " * 20) for at in range(10)))
    folder = tmp_path_factory.mktemp("image") / "store"
    shutil.copytree(alive, folder, ignore=shutil.ignore_patterns("*-shm"))  # memory, which no power cut leaves
    ledger.store.close()
    return Image(folder, COMMITS * 10)


Harm = Callable[[Path, random.Random], None]


def cut(path: Path, chance: random.Random) -> None:
    with path.open("r+b") as file:
        file.truncate(chance.randrange(path.stat().st_size))


def zero(path: Path, chance: random.Random) -> None:
    at = chance.randrange(path.stat().st_size)
    overwrite(path, at, bytes(min(chance.choice((512, 4096, 1 << 20)), path.stat().st_size - at)))


def garble(path: Path, chance: random.Random) -> None:
    at = chance.randrange(path.stat().st_size)
    overwrite(path, at, chance.randbytes(min(chance.choice((1, 512, 4096)), path.stat().st_size - at)))


def flip(path: Path, chance: random.Random) -> None:
    at = chance.randrange(path.stat().st_size)
    with path.open("rb") as file:
        file.seek(at)
        byte = file.read(1)[0]
    overwrite(path, at, bytes([byte ^ 1 << chance.randrange(8)]))


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def what_is_left(path: Path) -> int | str:
    """Start as a run does. Return how many records the store holds, or the error id by which the start refuses."""
    try:
        store = Store.open(path, key=STORE_KEY, evidence=EVIDENCE, clock=Clock())
    except KntcError as error:
        return error.id
    try:
        store.check()
        with store.read() as connection:
            store.heads.check(connection, AGENCY)
        with store.read() as connection:
            assert audit.verify(connection, AGENCY)[1] is None
            return int(connection.execute(select(func.count()).select_from(DELIVERY)).scalar_one())
    except KntcError as error:
        return error.id
    finally:
        store.close()


def trials(image: Image, folder: Path, name: str, harms: tuple[Harm, ...]) -> Counter[int | str]:
    """Harm one file of a fresh copy again and again; return what each start then said."""
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    chance = random.Random(SEED)
    ends: Counter[int | str] = Counter()
    for number in range(TRIALS):
        path = image.copy(folder / "trial")
        harms[number % len(harms)](path.with_name(name), chance)
        ends[what_is_left(path)] += 1
    print(ends)  # noqa: T201 - shown when a test fails
    return ends


def test_what_a_power_cut_leaves_is_whole(image: Image, tmp_path: Path) -> None:
    assert what_is_left(image.copy(tmp_path / "trial")) == image.acknowledged


def test_a_torn_zeroed_or_garbled_wal_loses_nothing_in_silence(image: Image, tmp_path: Path) -> None:
    """Of a WAL that lost its end SQLite plays what is whole and says nothing: the head file knows better."""
    ends = trials(image, tmp_path, "kntc.db-wal", (cut, zero, garble))
    assert set(ends) <= {image.acknowledged, "E-STORE-ROLLED-BACK", "E-STORE-DAMAGED"}
    assert ends["E-STORE-ROLLED-BACK"] > TRIALS // 2


def test_a_flipped_bit_in_the_wal_loses_nothing_in_silence(image: Image, tmp_path: Path) -> None:
    ends = trials(image, tmp_path, "kntc.db-wal", (flip,))
    assert set(ends) <= {image.acknowledged, "E-STORE-ROLLED-BACK", "E-STORE-DAMAGED"}
    assert ends["E-STORE-ROLLED-BACK"] > TRIALS // 2


def test_the_end_of_the_wal_that_the_head_file_does_not_name_yet_may_be_lost(image: Image, tmp_path: Path) -> None:
    """The power went between the commit and the head file: nobody was told yet that it had been done."""
    path = image.copy(tmp_path / "trial")
    heads = audit.HeadFiles(path.parent)
    ledger_end = heads.read(AGENCY)
    assert ledger_end is not None
    store = Store.open(path, key=STORE_KEY, evidence=EVIDENCE, clock=Clock())
    with store.read() as connection:
        at = audit._audit
        earlier = connection.execute(
            select(at.c.seq, at.c.hash).where(at.c.agency == AGENCY, at.c.seq == ledger_end.seq - 1)
        ).one()
    store.close()
    heads.write([Head(AGENCY, earlier.seq, earlier.hash)])
    assert what_is_left(path) == image.acknowledged


def test_every_flipped_bit_in_the_main_file_is_found_at_the_start(image: Image, tmp_path: Path) -> None:
    """A plain integrity check overlooks most of them; under encryption each page carries a checksum."""
    image.copy(tmp_path / "whole")
    whole = Image(tmp_path / "whole", image.acknowledged)
    Store.open(whole.folder / "kntc.db", key=STORE_KEY, evidence=EVIDENCE, clock=Clock()).close()  # no WAL hides it
    assert what_is_left(whole.copy(tmp_path / "trial")) == image.acknowledged
    ends = trials(whole, tmp_path, "kntc.db", (flip, garble, zero))
    refusals = {"E-STORE-DAMAGED", "E-STORE-UNREADABLE"}  # the first page: damage and a wrong key look the same
    assert set(ends) <= refusals
    assert ends["E-STORE-DAMAGED"] > TRIALS // 2


def test_a_run_in_a_damaged_store_sends_nothing(tmp_path: Path) -> None:
    build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = load_config(install(tmp_path, sandbox.base_url))
        with open_app(config, ACTOR, create=True) as app, app.stage_lock():
            app.bind(died=False)
        path = tmp_path / "data" / STORE_FILE
        overwrite(path, path.stat().st_size - 2_000, b"x")
        tomorrow = datetime.now(UTC) + timedelta(days=1, minutes=1)
        for _ in range(2):  # no matter how often somebody tries
            with (
                open_app(config, ACTOR, now=lambda: tomorrow) as app,
                pytest.raises(StoreError, match="E-STORE-DAMAGED"),
                app.stage_lock(),
            ):
                pass
        assert sandbox.log() == []


def test_a_damaged_store_still_shows_what_can_be_read_and_keeps_every_byte(image: Image, tmp_path: Path) -> None:
    path = image.copy(tmp_path / "trial")
    Store.open(path, key=STORE_KEY, evidence=EVIDENCE, clock=Clock()).close()
    overwrite(path, path.stat().st_size - 2_000, b"x")
    before = path.read_bytes()
    store = Store.open(path, key=STORE_KEY, evidence=EVIDENCE, clock=Clock(), look=True)
    with pytest.raises(StoreError, match="E-STORE-DAMAGED"):
        store.check()
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(DELIVERY)).scalar_one() == image.acknowledged
    store.close()
    assert path.read_bytes() == before
