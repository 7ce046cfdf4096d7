"""A small agency with its own SQLite database that sends over the observed interface, and ways to let it work.

with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
    agency = SmallAgency(tmp_path, sandbox)
    agency.petition(1, "Khiếu nại về đất")
    agency("sync")                    # as a person would, by the machine's clock
    with agency.opened() as work:     # or by a clock that nobody waits for
        work.sync()
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, Kind, RecordKey
from connector.resources import shipped
from connector.sandbox import Sandbox
from connector.store import decisions, views
from connector.store.decisions import Waiting
from tests.cli.conftest import Said, kntc
from tests.machine.world import Clock, Impatience
from tests.world import AGENCY, install, source_path

NATIONAL_CODE = "H811.01"
"""The agency in the national list: three digits, as the sandbox wants them."""

MAPPING = Path(__file__).with_name("small_mapping")
TOKEN = 'auth = "token"'

SCHEMA = """
CREATE TABLE don (Id INTEGER PRIMARY KEY, Ngay TEXT, Loai TEXT, NoiDung TEXT, Nguon TEXT);
CREATE TABLE nguoi (IdDon INTEGER, Stt INTEGER, HoTen TEXT, SoGiayTo TEXT, MaTinh TEXT, MaHuyen TEXT, MaXa TEXT,
                    DiaChi TEXT, NacDanh INTEGER NOT NULL DEFAULT 0);
CREATE TABLE xu_ly (Id INTEGER PRIMARY KEY, IdDon INTEGER, Ngay TEXT, TomTat TEXT, NacDanh INTEGER NOT NULL DEFAULT 0);
CREATE TABLE thu_ly (Id INTEGER PRIMARY KEY, IdDon INTEGER, Ngay TEXT, Han TEXT);
CREATE TABLE quyet_dinh (Id INTEGER PRIMARY KEY, IdThuLy INTEGER, Ngay TEXT, TomTat TEXT, KetQua TEXT);
CREATE TABLE thi_hanh (Id INTEGER PRIMARY KEY, IdQuyetDinh INTEGER, Ngay TEXT, TraLaiTien TEXT);
"""
ANONYMOUS = "Không rõ"


OWN_CODES = 'codes = "codes"'


def observed(form: str = 'auth = "basic"', *, absent_after_s: float = 0, path: str = "/kntc") -> str:
    """Return the lines of `[national]` that choose the observed interface."""
    return (
        f'profile = "ttcp2018"\nabsent_after_s = {absent_after_s}\n[national.ttcp2018]\n'
        f'base_path = "{path}"\nagencies = {{ "{AGENCY}" = "{NATIONAL_CODE}" }}\n{form}'
    )


def own_codes(folder: Path, found: Mapping[str, Mapping[str, str]]) -> None:
    """Write lists of national codes that hold what is shipped and what was found, into the folder `codes`."""
    (folder / "codes").mkdir(exist_ok=True)
    for name, codes in found.items():
        document = json.loads(shipped("schemas", "wire", "ttcp2018", "codes", f"{name}.json").read_bytes())
        known = {entry["code"] for entry in document["codes"]}
        document["codes"] += [
            {"code": code, "national": national, "source": "a letter of the operator"}
            for code, national in codes.items()
            if code not in known
        ]
        (folder / "codes" / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


def key_of(kind: Kind, number: int) -> RecordKey:
    """Return the key that a source row has."""
    return RecordKey(AGENCY, kind, f"so:{number}")


@dataclass(frozen=True, slots=True)
class Work:
    """The agency at work by a clock of its own: whoever waits moves it on."""

    app: App
    clock: Clock

    def sync(self) -> None:
        """Do the whole job once."""
        for _step in self.app.sync(AGENCY):
            pass

    def run(self, stage: str) -> None:
        """Run one stage to its end."""
        for _counts in getattr(self.app, stage)(AGENCY):
            pass

    def days_go_by(self, days: int) -> None:
        """Do the whole job once a day."""
        for _ in range(days):
            self.clock.advance(86_400)
            self.sync()

    def states(self, kind: Kind) -> dict[str, int]:
        """Return how many records of a kind are in each state."""
        with self.app.store.read() as connection:
            return {str(state): count for state, count in views.counts(connection, AGENCY)[kind].items()}

    def line(self, kind: Kind, number: int) -> views.Line:
        """Return where one record stands."""
        with self.app.store.read() as connection:
            (found,) = views.lines(connection, AGENCY, key=key_of(kind, number))
        return found

    def waiting(self) -> list[Waiting]:
        """Return what waits for a person."""
        with self.app.store.read() as connection:
            return decisions.waiting(connection, AGENCY, self.app.generation(AGENCY))


class SmallAgency:
    """One installation: its database, its configuration, the national side that it speaks to.

    form: further lines of `[national.ttcp2018]`, the sign-in among them; push: further lines there; national: all lines
    of `[national]` in place of those that choose the observed interface; url: where to send, if not straight to the
    sandbox."""

    def __init__(
        self,
        folder: Path,
        sandbox: Sandbox,
        *,
        form: str = 'auth = "basic"',
        push: str = "",
        absent_after_s: float = 0,
        base_path: str = "/kntc",
        national: str = "",
        url: str = "",
    ) -> None:
        self.folder = folder
        self.sandbox = sandbox
        lines = national or observed(form, absent_after_s=absent_after_s, path=base_path)
        self.config = install(folder, url or sandbox.base_url, push=push, national=lines)
        text = self.config.read_text(encoding="utf-8").replace('mapping = "bentre"', f'mapping = "{MAPPING}"')
        self.config.write_text(text, encoding="utf-8")
        self.clock = Clock()
        self.sql(SCHEMA)

    def __call__(self, *args: str, lang: str = "vi") -> Said:
        """Run one command of `kntc`, by the machine's clock."""
        return kntc("--config", self.config, "--lang", lang, *args)

    @contextmanager
    def opened(self) -> Iterator[Work]:
        """Open the installation by a clock that nobody waits for; never mixed with commands."""
        with (
            open_app(
                load_config(self.config),
                Actor("test", "test"),
                create=True,
                stop=Impatience(self.clock),
                now=self.clock,
                jitter=lambda: 0.5,
            ) as app,
            app.stage_lock(),
        ):
            yield Work(app, self.clock)

    def knows_code(self, name: str, code: str, national: str) -> None:
        """Add a national code that somebody found out to the agency's own lists."""
        own_codes(self.folder, {name: {code: national}})
        text = self.config.read_text(encoding="utf-8")
        if OWN_CODES not in text:
            text = text.replace("[national.ttcp2018]\n", f"[national.ttcp2018]\n{OWN_CODES}\n")
            self.config.write_text(text, encoding="utf-8")

    # --- the agency's clerks ---

    def sql(self, statements: str, *values: object) -> None:
        """Change the agency's database: one statement with values, or several without."""
        connection = sqlite3.connect(source_path(self.folder))
        try:
            with connection:
                if values:
                    connection.execute(statements, values)
                else:
                    connection.executescript(statements)
        finally:
            connection.close()

    def petitions(self, numbers: range, *, outside: range = range(0)) -> None:
        """Register complaints of different persons; those of `outside` say a district that is not in their province,
        which the national side refuses and no rule here can know."""
        connection = sqlite3.connect(source_path(self.folder))
        try:
            with connection:
                for number in numbers:
                    _register(connection, number, "21701" if number in outside else "81101")
        finally:
            connection.close()

    def petition(self, number: int, content: str = "", kind: str = "1", *, anonymous: bool = False) -> None:
        """Register one petition: kind 1 a complaint, 2 a denunciation."""
        self.petitions(range(number, number + 1))
        self.sql("UPDATE don SET Loai = ? WHERE Id = ?", kind, number)
        if content:
            self.sql("UPDATE don SET NoiDung = ? WHERE Id = ?", content, number)
        if anonymous:
            self.sql("UPDATE nguoi SET HoTen = ?, NacDanh = 1 WHERE IdDon = ?", ANONYMOUS, number)

    def steps(self, number: int, result: str = "partly_correct", *, anonymous: bool = False) -> None:
        """Enter handling, acceptance, decision and enforcement of a petition, all under its number."""
        self.sql("INSERT INTO xu_ly VALUES (?, ?, '2026-02-10', 'Đủ điều kiện', ?)", number, number, int(anonymous))
        self.sql("INSERT INTO thu_ly VALUES (?, ?, '2026-02-11', '2026-03-13')", number, number)
        self.sql("INSERT INTO quyet_dinh VALUES (?, ?, '2026-03-10', 'Kết quả', ?)", number, number, result)
        self.sql("INSERT INTO thi_hanh VALUES (?, ?, '2026-04-10', '50000000')", number, number)


def content_of(number: int) -> str:
    """Return what a petition of `petitions` says."""
    return f"Khiếu nại số {number} về bồi thường khi thu hồi đất"


def _register(connection: sqlite3.Connection, number: int, district: str) -> None:
    connection.execute("INSERT INTO don VALUES (?, '2026-02-02', '1', ?, 'post')", (number, content_of(number)))
    connection.execute(
        "INSERT INTO nguoi VALUES (?, 1, ?, ?, '811', ?, ?, ?, 0)",
        (number, f"Người Mẫu {number}", f"0{number:011d}", district, f"{district}01", f"Số {number}, ấp Mẫu"),
    )
