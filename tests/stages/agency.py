"""A connector over an agency's database of any kind, for what collect does: nothing is sent, time is ours."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, Kind
from connector.store import books, positions, views
from tests.servers import CODES, HEAD, MAPPING, Database

AGENCY = "H51.01"

CONFIG = """\
[connector]
data_dir = "data"
[store]
key = "file:key"
[national]
environment = "test"
base_url = "http://127.0.0.1:9"
allow_plain_http_to_loopback = true
[collect]
page_rows = 3
{collect}
[[agency]]
code = "{agency}"
name = "Đơn vị mẫu"
mapping = "./mapping"
evidence_key = "file:key"
[agency.source]
url = "{url}"
[agency.credentials]
client_id = "test"
client_secret = "file:key"
"""


class Agency:
    """`source`: the lines of `[source]` of its only kind; the source's clock is the table `gio`."""

    def __init__(self, folder: Path, database: Database, source: str = "", collect: str = "") -> None:
        self.folder, self.database = folder, database
        self.now = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
        (folder / "data").mkdir()
        (folder / "key").touch(mode=0o600)
        (folder / "key").write_text("5e" * 32)
        mapping = folder / "mapping"
        (mapping / "codes").mkdir(parents=True)
        clock = 'clock = "SELECT luc FROM gio"\n'
        (mapping / "mapping.toml").write_text(HEAD + clock, "utf-8")
        (mapping / "petition.toml").write_text(MAPPING.format(source=source), "utf-8")
        (mapping / "codes" / "loai.toml").write_text(CODES, "utf-8")
        config = CONFIG.format(agency=AGENCY, url=database.url, collect=collect)
        (folder / "config.toml").write_text(config, "utf-8")
        self._stack = ExitStack()
        self.app = self._open(create=True)

    def _open(self, *, create: bool = False) -> App:
        config = load_config(self.folder / "config.toml")
        app = self._stack.enter_context(
            open_app(config, Actor("test", "test"), create=create, now=lambda: self.now, jitter=lambda: 0.5)
        )
        self._stack.enter_context(app.stage_lock())
        return app

    def close(self) -> None:
        self._stack.close()

    def reopen(self) -> None:
        self._stack.close()
        self.app = self._open()

    def source_clock(self, at: str) -> None:
        self.database.run("DELETE FROM gio", f"INSERT INTO gio VALUES ('{at}')")

    def collect(self) -> dict[str, int]:
        """Read once; return the counts. The books must balance afterwards."""
        total: dict[str, int] = {}
        for counts in self.app.collect(AGENCY):
            for name, count in counts.items():
                total[name] = total.get(name, 0) + count
        with self.app.store.read() as connection:
            sums = books.of(connection, AGENCY, Kind.PETITION)
        assert sums.balanced, sums
        return total

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def versions(self) -> dict[str, int]:
        """Every record's newest version, by its number at the source."""
        with self.app.store.read() as connection:
            return {line.key.local_id.split(":")[1]: line.version for line in views.lines(connection, AGENCY)}

    def position(self) -> datetime | None:
        with self.app.store.read() as connection:
            return positions.of(connection, AGENCY, self.app.agency(AGENCY).mapping.kind(Kind.PETITION))
