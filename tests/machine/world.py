"""The world of one example: an agency's own database, a connector on its own disk, a national side, one clock.

Everything in it is real: two SQLite files, an encrypted store, HTTP over loopback. Only time is ours: whoever waits
moves the clock on instead, so that an hour's back-off costs nothing.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector import edges
from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, Cause, Kind, RecordKey
from connector.errors import RemoteError
from connector.national.decree55 import Decree55
from connector.sandbox import FaultRule, Sandbox
from connector.stages.context import Counts
from connector.store import decisions, marks, outbox, requests

AGENCY, SECRET = "H51.01", "a-secret-of-a-test"
HERE = Path(__file__).parent
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)

ATTEMPTS = 4
ABSENT_AFTER_S = 60

KINDS = (Kind.RECEPTION, Kind.PETITION, Kind.HANDLING)
TABLES = {Kind.RECEPTION: "tiep", Kind.PETITION: "don", Kind.HANDLING: "xu_ly"}

_SCHEMA = """
CREATE TABLE tiep (Id INTEGER PRIMARY KEY, Ngay TEXT, Loai TEXT, NoiDung TEXT);
CREATE TABLE don (Id INTEGER PRIMARY KEY, IdTiep INTEGER, Ngay TEXT, Loai TEXT, NoiDung TEXT, GhiChu TEXT,
                  Nhap INTEGER NOT NULL DEFAULT 0, Mat INTEGER NOT NULL DEFAULT 0);
CREATE TABLE nguoi (IdDon INTEGER, Stt INTEGER, HoTen TEXT);
CREATE TABLE xu_ly (Id INTEGER PRIMARY KEY, IdDon INTEGER, Ngay TEXT, TomTat TEXT);
"""

_CONFIG = """\
[connector]
data_dir = "data"

[store]
key = "file:secret.key"

[national]
environment = "test"
base_url = "{base_url}"
allow_plain_http_to_loopback = true
create_idempotent = {idempotent}
absent_after_s = {absent_after_s}

[collect]
page_rows = 2
gone = "{gone}"
gone_reason = "căn cứ mẫu"

[push]
workers = {workers}
batch_rows = 5
attempts = {attempts}

[pull]
page_limit = 3

[retention]
bodies_days = 1

[[agency]]
code = "{agency}"
name = "Đơn vị mẫu"
mapping = "./mapping"
evidence_key = "file:secret.key"

[agency.source]
url = "sqlite:///source.sqlite"

[agency.credentials]
client_id = "test"
client_secret = "file:client"
"""


class Clock:
    """The one clock of both sides. It goes on by a millisecond whenever somebody looks at it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = START

    def __call__(self) -> datetime:
        with self._lock:
            self._now += timedelta(milliseconds=1)
            return self._now

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def reset(self) -> None:
        with self._lock:
            self._now = START


class Impatience(threading.Event):
    """The stop signal of an App for which a wait is a step of the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(timeout or 0.0)
        return self.is_set()


class Nation:
    """A sandbox that serves many examples, one after the other, with nothing kept between them."""

    def __init__(self, clock: Clock, *, idempotent: bool, schemas: Mapping[str, Any] | None = None) -> None:
        self.clock = clock
        self.idempotent = idempotent
        self.sandbox = Sandbox(
            credentials={AGENCY: ("test", SECRET)}, seed=7, idempotent_create=idempotent, now=clock, schemas=schemas
        )
        self._blank = self.sandbox.snapshot()
        self.base_url = self.sandbox.start()
        self.listens = True

    def forget(self) -> None:
        """Begin anew for the next example."""
        self.come_back()
        self.sandbox.play()
        self.sandbox.expire_tokens()
        self.sandbox.restore(self._blank)
        self.clock.reset()

    def go_away(self) -> None:
        self.sandbox.stop()
        self.listens = False

    def come_back(self) -> None:
        if not self.listens:
            self.sandbox.start(urlsplit(self.base_url).port or 0)
            self.listens = True

    def play(self, faults: Sequence[FaultRule]) -> None:
        self.sandbox.play(*faults)


class World:
    """One example. `asked` counts by key how often a person asked for it again; `words`: what a person looked for and
    decided on, with the length of the national log then; `swept`: nothing changed since;
    `line`: speaks to the nation."""

    def __init__(
        self, folder: Path, nation: Nation, *, workers: int, line: type[Decree55] = Decree55, gone: str = "keep"
    ) -> None:
        self.folder = folder
        self.line = line
        self.words: list[tuple[int, RecordKey]] = []
        self.nation = nation
        self.sandbox = nation.sandbox
        self.clock = nation.clock
        self.asked: Counter[RecordKey] = Counter()
        self.swept = False
        self.edited = False
        self._stack = ExitStack()
        nation.forget()
        for name, content in (("secret.key", "5e" * 32), ("client", SECRET)):
            (folder / name).touch(mode=0o600)
            (folder / name).write_text(content, encoding="ascii")
        (folder / "data").mkdir()
        (folder / "config.toml").write_text(
            _CONFIG.format(
                base_url=nation.base_url,
                idempotent=str(nation.idempotent).lower(),
                absent_after_s=ABSENT_AFTER_S,
                workers=workers,
                attempts=ATTEMPTS,
                agency=AGENCY,
                gone=gone,
            ),
            encoding="utf-8",
        )
        shutil.copytree(HERE / "mapping", folder / "mapping")
        self.source = sqlite3.connect(folder / "source.sqlite", isolation_level=None)
        self.source.executescript("PRAGMA synchronous = OFF;" + _SCHEMA)
        self.app = self._open(create=True)

    # --- the connector ---

    def _open(
        self, *, create: bool = False, lock: Callable[[App], AbstractContextManager[None]] = App.stage_lock
    ) -> App:
        self._stack.enter_context(pytest.MonkeyPatch.context()).setattr(edges, "Decree55", self.line)
        app = self._stack.enter_context(
            open_app(
                load_config(self.folder / "config.toml"),
                Actor("machine", "test"),
                create=create,
                stop=Impatience(self.clock),
                now=self.clock,
                jitter=lambda: 0.5,
            )
        )
        self._stack.enter_context(lock(app))
        return app

    def configure(self, *changes: tuple[str, str]) -> None:
        """Change the configuration, one text for another, and begin anew with it."""
        config = self.folder / "config.toml"
        text = config.read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        config.write_text(text, encoding="utf-8")
        self.reopen()

    def reopen(self) -> None:
        """End this process's App and start another one, as a restart does."""
        self._stack.close()
        self.app = self._open()

    def reopen_to_compare(self) -> None:
        """The same for who will only compare: possible also in a store that went back in time."""
        self._stack.close()
        self.app = self._open(lock=App.reading_lock)

    def copy_store(self) -> None:
        """Copy the store file, closed, as a backup does."""
        self._stack.close()
        shutil.copy(self.folder / "data" / "kntc.sqlite", self.folder / "copy.sqlite")
        self.app = self._open()

    def put_back_store(self) -> None:
        """Put the copied file back, the head files left as they are; the App is closed then."""
        self._stack.close()
        for suffix in ("", "-wal", "-shm"):
            (self.folder / "data" / f"kntc.sqlite{suffix}").unlink(missing_ok=True)
        shutil.copy(self.folder / "copy.sqlite", self.folder / "data" / "kntc.sqlite")

    def close(self) -> None:
        self._stack.close()
        self.source.close()

    def stage(self, name: str) -> Generator[Counts, None, None]:
        stages = {
            "collect": self.app.collect,
            "push": self.app.push,
            "resolve": self.app.resolve,
            "pull": self.app.pull,
            "resync": self.app.resync,
            "retire": self.app.retire,
        }
        return stages[name](AGENCY)

    def run(self, name: str) -> None:
        """Run one stage to its end. A feed that does not answer is no defect."""
        with suppress(RemoteError):
            for _ in self.stage(name):
                pass
        self.swept = self.swept or name == "collect"

    def sync(self) -> None:
        with suppress(RemoteError):
            for _ in self.app.sync(AGENCY):
                pass
        self.swept = True

    def claim_and_die(self) -> None:
        """Leave claims behind of which not a byte was sent."""
        context = self.app.context(AGENCY)
        with self.app.store.write() as tx:
            claimed = outbox.claim(
                tx,
                AGENCY,
                context.generation,
                context.capabilities,
                owner=self.app.owner,
                lease_s=300,
                rows=5,
                body_bytes=1_000_000,
                actor=self.app.actor,
            )
        if claimed:
            self.reopen()

    def edit_mapping(self) -> None:
        """Lay the edited mapping over the first one, or take it away again."""
        self.edited = not self.edited
        folder = HERE / ("mapping_edited" if self.edited else "mapping")
        shutil.copy(folder / "petition.toml", self.folder / "mapping" / "petition.toml")
        self.swept = False
        self.reopen()

    # --- people ---

    def ask(self, selection: requests.Selection) -> None:
        with self.app.store.write() as tx:
            keys = requests.select_keys(tx.connection, AGENCY, selection)
            requests.ask(tx, AGENCY, keys, Actor("clerk", "cli"), "asked by telephone")
        self.asked.update(keys)

    def decide(self) -> None:
        """A clerk looks on the national website for all that waits for a person, and says what is there."""
        with self.app.store.read() as connection:
            waiting = decisions.waiting(connection, AGENCY, 1)
        effects = {(effect.kind, effect.local_id, effect.version) for effect in self.sandbox.effects()}
        clerk = Actor("clerk", "cli")
        for one in waiting:
            if one.cause not in (Cause.NOT_FINDABLE, Cause.SEVERAL):
                continue
            self.words.append((len(self.sandbox.log()), one.key))
            held = self.sandbox.held(AGENCY, one.key.kind, one.key.local_id)
            with self.app.store.write() as tx:
                if held and (one.key.kind, one.key.local_id, one.version) in effects:
                    decisions.link(tx, one.key, 1, held.national_id, clerk, "it is there", not_listed=True)
                    continue
                decisions.create(tx, one.key, 1, clerk, "it is not there")
            self.asked[one.key] += 1

    def pause(self, kind: str) -> None:
        with self.app.store.write() as tx:
            marks.pause(tx, AGENCY, kind, "", self.app.actor, "a test")

    def resume(self, kind: str) -> None:
        with self.app.store.write() as tx:
            marks.resume(tx, AGENCY, kind, "", self.app.actor, "over")

    # --- the agency's clerks ---

    def edit(self, sql: str, *values: object) -> None:
        self.source.execute(sql, values)
        self.swept = False

    def row(self, kind: Kind, number: int) -> sqlite3.Row | None:
        cursor = self.source.cursor()
        cursor.row_factory = sqlite3.Row
        found: sqlite3.Row | None = cursor.execute(f"SELECT * FROM {TABLES[kind]} WHERE Id = ?", (number,)).fetchone()
        return found

    def rows(self, kind: Kind) -> list[sqlite3.Row]:
        cursor = self.source.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute(f"SELECT * FROM {TABLES[kind]} ORDER BY Id").fetchall()


def key_of(kind: Kind, number: int) -> RecordKey:
    """Return the key that a source row has."""
    return RecordKey(AGENCY, kind, f"nho:{number}")
