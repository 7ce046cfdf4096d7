"""One installation that is used again by one history after the other: its database, its store, its national side."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from collections.abc import Callable, Generator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from sqlalchemy import event

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor, Kind, RecordKey
from connector.errors import RemoteError
from connector.store import audit, decisions, requests
from connector.store.decisions import Waiting
from tests.e2e.small_agency import observed
from tests.machine.world import Clock, Impatience
from tests.simulation.wire import MARK, Died, Fate, Nation, mark_of
from tests.world import AGENCY, credentials, install, source_path

HERE = Path(__file__).parent
ATTEMPTS = 6
LATE_S = 55.0
ABSENT_AFTER_S = 60
CLERK = Actor("clerk", "cli")

_THERE = timezone(timedelta(hours=7))
_SCHEMA = """
PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;
CREATE TABLE don (Id INTEGER PRIMARY KEY, Ngay TEXT, Loai TEXT, NoiDung TEXT, Sua TEXT);
CREATE TABLE nguoi (IdDon INTEGER, Stt INTEGER, HoTen TEXT, SoGiayTo TEXT, MaTinh TEXT, MaHuyen TEXT, MaXa TEXT,
                    DiaChi TEXT);
CREATE TABLE xu_ly (Id INTEGER PRIMARY KEY, IdDon INTEGER, Ngay TEXT, TomTat TEXT);
CREATE TABLE gio (Luc TEXT);
INSERT INTO gio VALUES ('');
"""


@dataclass(frozen=True, slots=True)
class Form:
    """Which interface, and what is done about records that are gone from the source."""

    name: str
    national: str
    idempotent: bool
    gone: str = "keep"


FORMS = (
    Form("idempotent", "create_idempotent = true", idempotent=True),
    Form("careful", f"create_idempotent = false\nabsent_after_s = {ABSENT_AFTER_S}", idempotent=False, gone="withdraw"),
    Form("ttcp2018", observed(absent_after_s=ABSENT_AFTER_S), idempotent=False),
)


class Skewed:
    """The clock of the connector's machine: the true one, and by how much it is wrong."""

    def __init__(self, true: Clock) -> None:
        self._true = true
        self.skew_s = 0.0

    def __call__(self) -> datetime:
        return self._true() + timedelta(seconds=self.skew_s)

    def advance(self, seconds: float) -> None:
        self._true.advance(seconds)


class World:
    """`begin` makes everything as on the first day. The store is a file in `folder`, opened anew after each death.

    asked: how often a person asked for everything again; refuses: whether the national side ever refused something for
    no reason of ours; committed_late: marks of what says a time before its own."""

    now: World

    def __init__(self, folder: Path, form: Form) -> None:
        self.form = form
        self.folder = folder
        self.true = Clock()
        self.clock = Skewed(self.true)
        self.fate = Fate()
        self.nation = Nation(self.true, self.fate, credentials(AGENCY), idempotent=form.idempotent)
        self.sandbox = self.nation.sandbox
        self._config = load_config(_installed(folder, form))
        self.source = sqlite3.connect(source_path(folder), isolation_level=None)
        self.source.executescript(_SCHEMA)
        self._stack = ExitStack()
        self._watched: set[Any] = set()
        self._marks = itertools.count(1)
        World.now = self
        self.data = folder / "data"
        self._open(create=True)
        self._stack.close()
        shutil.copytree(self.data, folder / "first day")

    def begin(self) -> None:
        self._stack.close()
        shutil.rmtree(self.data)
        shutil.copytree(self.folder / "first day", self.data)
        self.true.reset()
        self.clock.skew_s = 0.0
        self.fate.spare()
        self.nation.forget()
        self.asked = 0
        self.refuses = False
        self.committed_late: set[str] = set()
        World.now = self
        self._marks = itertools.count(1)
        for table in ("don", "nguoi", "xu_ly"):
            self.source.execute(f"DELETE FROM {table}")
        self._open()

    def close(self) -> None:
        self._stack.close()
        self.source.close()
        self.sandbox.close()

    # --- the connector ---

    def _open(self, *, create: bool = False) -> None:
        app = self._stack.enter_context(
            open_app(
                self._config,
                Actor("machine", "test"),
                create=create,
                stop=Impatience(self.clock),
                now=self.clock,
                jitter=lambda: 0.5,
            )
        )
        self._stack.callback(self.fate.spare)
        if app.store._writer not in self._watched:
            self._watched.add(app.store._writer)
            event.listen(app.store._writer, "commit", lambda _connection: self.fate.passes("commit.before"))
        app.store.heads = _Heads(app.store.heads, self.fate)
        self.app = app
        self._stack.enter_context(app.stage_lock())

    def reopen(self) -> None:
        """The process is gone, and another one starts; which may die as well, and be followed by a third."""
        self._stack.close()
        self._open()

    def run(self, work: Callable[[], Generator[Any, None, None]]) -> bool:
        """Run a stage to its end, or until the process dies; return whether it died. Trouble on the line is no
        defect."""
        try:
            with suppress(RemoteError):
                for _ in work():
                    pass
        except Died:
            self.reopen()
            return True
        return False

    def sync(self) -> bool:
        return self.run(lambda: self.app.sync(AGENCY))

    def stage(self, name: str) -> bool:
        return self.run(lambda: getattr(self.app, name)(AGENCY))

    # --- people ---

    def ask(self) -> None:
        with self.app.store.write() as tx:
            keys = requests.select_keys(tx.connection, AGENCY, requests.Selection())
            requests.ask(tx, AGENCY, keys, CLERK, "asked by telephone")
        self.asked += 1

    def decide(self) -> None:
        """A clerk looks on the national website, when nothing can be on its way any more, and says what is there."""
        with self.app.store.read() as connection:
            waiting = decisions.waiting(connection, AGENCY, 1)
        if waiting:
            self.true.advance(ABSENT_AFTER_S)
            self.nation.arrive(all_of_them=True)
        for one in waiting:
            if one.decidable:
                there = self._there(one)
                with self.app.store.write() as tx:
                    if there:
                        decisions.link(tx, one.key, 1, there, CLERK, "it is there", not_listed=True)
                    else:
                        decisions.create(tx, one.key, 1, CLERK, "it is not there")

    def _there(self, one: Waiting) -> str:
        """Return the case in which this very version stands, "" if it stands nowhere."""
        mark = mark_of(one.body or b"")
        if one.key.kind is Kind.PETITION:
            return next((case.id for case in self.sandbox.cases() if mark_of(case.content) == mark), "")
        assert one.parent is not None
        with self.app.store.read() as connection:
            case = connection.exec_driver_sql(
                "SELECT national_id FROM record WHERE kind = ? AND local_id = ?",
                (str(one.parent.kind), one.parent.local_id),
            ).scalar()
        return str(case) if self.nation.made[mark] else ""

    # --- clerks ---

    def text(self) -> str:
        """Return a text that was never written before."""
        return f"Khiếu nại, {MARK}{next(self._marks)}."

    def write_petition(self, number: int, late_s: float = 0.0) -> None:
        """Enter or edit a petition, seen by others `late_s` after the time that it says of itself."""
        at, text = self._local(self.true() - timedelta(seconds=late_s)), self.text()
        if late_s:
            self.committed_late.add(mark_of(text))
        self.source.execute("REPLACE INTO don VALUES (?, '2026-02-02', '1', ?, ?)", (number, text, at))
        self.source.execute("DELETE FROM nguoi WHERE IdDon = ?", (number,))
        self.source.execute(
            "INSERT INTO nguoi VALUES (?, 1, ?, ?, '811', '81101', '8110101', 'Ấp Mẫu')",
            (number, f"Người Mẫu {number}", f"0{number:011d}"),
        )

    def write_handling(self, number: int, petition: int) -> None:
        self.source.execute("REPLACE INTO xu_ly VALUES (?, ?, '2026-02-10', ?)", (number, petition, self.text()))

    def delete(self, table: str, number: int) -> None:
        self.source.execute(f"DELETE FROM {table} WHERE Id = ?", (number,))

    def tell_time(self) -> None:
        """Their database has a clock of its own, and it is right."""
        self.source.execute("UPDATE gio SET Luc = ?", (self._local(self.true()),))

    @staticmethod
    def _local(at: datetime) -> str:
        return at.astimezone(_THERE).strftime("%Y-%m-%d %H:%M:%S")

    def written_before(self, position: str) -> set[str]:
        """Return the marks of the petitions that say a time before this one of themselves, and were seen then."""
        found = self.source.execute("SELECT NoiDung FROM don WHERE Sua < ?", (position.replace("T", " "),))
        return {mark_of(text) for (text,) in found} - self.committed_late

    def rows(self) -> dict[RecordKey, str]:
        """Return the mark that each source row bears now."""
        found = {}
        for kind, sql in (
            (Kind.PETITION, "SELECT Id, NoiDung FROM don"),
            (Kind.HANDLING, "SELECT Id, TomTat FROM xu_ly"),
        ):
            for number, text in self.source.execute(sql):
                found[RecordKey(AGENCY, kind, f"so:{number}")] = mark_of(text)
        return found


class _Heads(audit.HeadFiles):
    """The head files, whose writer can die before and after."""

    def __init__(self, real: audit.HeadFiles, fate: Fate) -> None:
        super().__init__(real._folder)
        self._fate = fate

    def write(self, heads: Any) -> None:
        self._fate.passes("commit.after")
        super().write(heads)
        self._fate.passes("commit.headed")


def _installed(folder: Path, form: Form) -> Path:
    path = install(
        folder,
        "http://127.0.0.1:9",
        store='encryption = "none"',
        national=form.national,
        collect=f'page_rows = 2\ngone = "{form.gone}"\ngone_reason = "căn cứ mẫu"',
        push=f"workers = 1\nbatch_rows = 3\nattempts = {ATTEMPTS}",
        pull="page_limit = 3",
    )
    shutil.copytree(HERE / "mapping", folder / "mapping")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('mapping = "bentre"', 'mapping = "./mapping"'), encoding="utf-8")
    return path
