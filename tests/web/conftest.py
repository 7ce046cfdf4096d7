"""A console as it is served: over HTTP, on a real store made by a real run, with a clock that a test may move."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
import structlog

from connector.app import utc_now
from connector.config import Config, load_config
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store.accounts import Role
from connector.web.hall import Hall, opened
from connector.web.serving import served
from connector.web.settings import settings_of
from tests.cli.conftest import CANARY, break_rows, kntc
from tests.world import AGENCY, OTHER, credentials, install, source_path

SEED = 20_261_126
PASSWORD = "một câu thật dài 2026"
ACCOUNTS = {"lan": Role.OPERATOR, "minh": Role.AUDITOR, "quantri": Role.ADMIN}
OF_ONE_AGENCY = "hoa"
FORM = re.compile(r'name="form" value="([0-9a-f]{64})"')


@dataclass
class Clock:
    """The time as the console knows it: the real one, moved."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass
class Browser:
    """One visitor. Follows no redirect unless told to; keeps cookies as a browser does."""

    address: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.address, timeout=30)

    def get(self, path: str, **more: object) -> httpx.Response:
        return self.http.get(path, **more)

    def form_of(self, path: str = "/sign-in") -> str:
        """The value that every form of this visitor holds, as a page shows it."""
        found = FORM.search(self.http.get(path, follow_redirects=True).text)
        assert found
        return found[1]

    def post(self, path: str, data: dict[str, object] | None = None, **more: object) -> httpx.Response:
        """Send a form as one of our pages would."""
        return self.http.post(path, data={"form": self.form_of(), **(data or {})}, **more)

    def sign_in(self, name: str, password: str = PASSWORD) -> httpx.Response:
        return self.post("/sign-in", {"name": name, "password": password})

    @property
    def token(self) -> str:
        return self.http.cookies.get("kntc") or ""


@dataclass
class Console:
    """A console that is served, and the installation it looks at."""

    folder: Path
    config: Config
    hall: Hall
    clock: Clock
    address: str
    visitors: list[Browser] = field(default_factory=list)

    def browser(self) -> Browser:
        self.visitors.append(Browser(self.address))
        return self.visitors[-1]

    def visit(self, name: str) -> Browser:
        """A browser in which somebody is logged in."""
        browser = self.browser()
        assert browser.sign_in(name).status_code == 303
        return browser

    def command(self, *args: str) -> str:
        said = kntc("--config", self.config.path, *args)
        assert said.code == 0, said.err
        return said.out

    def entries(self, event: str, agency: str = AGENCY) -> list[dict[str, object]]:
        """Who and which facts stand in the log for an event, oldest first."""
        from sqlalchemy import select  # noqa: PLC0415

        from connector.store.tables import AuditEntry, table_of  # noqa: PLC0415

        entry = table_of(AuditEntry)
        with self.hall.app.store.read() as connection:
            rows = connection.execute(
                select(entry.c.content).where(entry.c.agency == agency, entry.c.event == event).order_by(entry.c.seq)
            ).scalars()
            said = [__import__("json").loads(row) for row in rows]
        return [{"by": one[6], "known": one[7], "trigger": one[8], "id": one[10], **one[12]} for one in said]


@pytest.fixture(scope="package")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two agencies after their first sync, with bad rows, people whose names nobody may see, and three accounts."""
    folder = tmp_path_factory.mktemp("console")
    build(source_path(folder), SEED, petitions=30, canary=CANARY)
    break_rows(folder)
    build(source_path(folder, OTHER), SEED + 1, petitions=20)
    with Sandbox(credentials=credentials(AGENCY, OTHER), seed=SEED) as sandbox:
        config = install(folder, sandbox.base_url, agencies=(AGENCY, OTHER))
        assert kntc("--config", config, "sync").code == 1
    for name, role in ACCOUNTS.items():
        add(config, name, role)
    add(config, OF_ONE_AGENCY, Role.OPERATOR, "--agency", OTHER)
    structlog.reset_defaults()
    return config


def add(config: Path, name: str, role: Role, *more: str) -> None:
    before, sys.stdin = sys.stdin, io.StringIO(PASSWORD + "\n")
    try:
        said = kntc("--config", config, "console", "users", "add", name, "--role", role, "--password-stdin", *more)
    finally:
        sys.stdin = before
    assert said.code == 0, said.err


@contextmanager
def serve(config: Path, name: str = "", **changes: object) -> Iterator[Console]:
    """Serve what is installed; `name`: what its agencies are called; changes: of [console]."""
    loaded = load_config(config)
    if name:
        renamed = tuple(agency.model_copy(update={"name": name}) for agency in loaded.agency)
        loaded = loaded.model_copy(update={"agency": renamed})
    section = loaded.console.model_copy(update={"port": 0, **changes})
    clock = Clock()
    with opened(loaded, settings_of(section, "config.toml"), clock) as hall, served(hall) as address:
        console = Console(config.parent, loaded, hall, clock, address)
        try:
            yield console
        finally:
            for browser in console.visitors:
                browser.http.close()


@pytest.fixture(scope="module")
def shared(installed: Path) -> Iterator[Console]:
    with serve(installed) as console:
        yield console


@pytest.fixture
def console(shared: Console) -> Iterator[Console]:
    """The console of this file's tests; what a test changed of clock and attempts is put back. Its visitors leave:
    the server takes no more than MOST_CONNECTIONS, and whoever came next would wait until some have been quiet."""
    yield shared
    shared.clock.ahead = timedelta(0)
    while shared.visitors:
        shared.visitors.pop().http.close()
    with shared.hall.accounts.work() as connection:
        from connector.store.accounts import attempt  # noqa: PLC0415

        connection.execute(attempt.delete())
