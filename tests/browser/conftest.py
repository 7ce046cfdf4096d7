"""The console in a real browser: Debian's Chromium, on a real store made by real runs against the sandbox.

Chromium is the one that is there (`CHROMIUM`, else the first `chromium` of the path); none is downloaded. Where there
is none the folder is skipped with one line; where nothing may be skipped (KNTC_NO_SKIPS), that is a failure.
KNTC_SCREENSHOTS names a folder for pictures of every page.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from connector.config import load_config
from connector.core.model import Kind
from connector.sample.agency import build
from connector.sample.edits import edit
from connector.sandbox import FaultRule, Sandbox
from connector.store import views
from connector.store.accounts import Role
from connector.web.cookies import LANGUAGE_COOKIE
from connector.web.hall import opened
from connector.web.serving import served
from connector.web.settings import settings_of
from tests import hostile
from tests.cli.conftest import CANARY, break_rows, kntc
from tests.web.conftest import PASSWORD, Clock, Console, add
from tests.world import AGENCY, OTHER, credentials, install, source_path

SEED = 51_172
ACCOUNTS = {"lan": Role.OPERATOR, "minh": Role.AUDITOR, "quantri": Role.ADMIN}
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""

SHOWN = {
    name: hostile.storable(text)
    for name, text in hostile.TEXTS.items()
    if 0 < len(text) <= 300 and hostile.storable(text).strip()
}
"""The hostile texts that a field of a record holds."""

FIRST_HOSTILE, LAST_HOSTILE = 10, 10 + len(SHOWN) - 1
RETURNED_NOTE = hostile.MARKUP["script in an attribute"]
CORRECTED_NAME, CORRECTED_CONTENT = "Đặng Thị Ngọc Ẩn", "Kiến nghị mở lại lối đi chung đã bị rào kín"
CORRECTED_NUMBER = "512/BTCDTW-TD1"
"""Of the one petition whose second version waits: what the nation has confirmed is its first."""

ORDERED_WHY = hostile.MARKUP["end of a title"] + " " + hostile.STEERING["turn to the right"].strip()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with one reason for all, where there is no browser."""
    if CHROMIUM:
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="no Chromium: apt-get install chromium, or set CHROMIUM"))


def make_hostile(folder: Path) -> None:
    """Write the hostile texts where a clerk types: names and contents, one petition each."""
    with closing(sqlite3.connect(source_path(folder))) as source:
        for petition, text in enumerate(SHOWN.values(), FIRST_HOSTILE):
            source.execute("UPDATE don_thu SET NoiDungDonThu = ? WHERE IdDonThu = ?", (text, petition))
            source.execute(
                "UPDATE don_thu_doi_tuong_di_kntc SET HoTen = ? WHERE IdDoiTuongDiKNTC = ?", (text, petition)
            )
        source.commit()


def some(config: Path, kind: Kind, state: str = "delivered") -> list[str]:
    from connector.app import open_app  # noqa: PLC0415
    from connector.core.model import Actor  # noqa: PLC0415

    with open_app(load_config(config), Actor("test", "cli"), look=True) as app, app.store.read() as connection:
        return [line.key.local_id for line in views.lines(connection, AGENCY, kind=kind, state=state, limit=50)]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two agencies with records of all kinds and of every standing, comparisons, checkpoints, and hostile texts."""
    folder = tmp_path_factory.mktemp("browser")
    build(source_path(folder), SEED, petitions=LAST_HOSTILE + 20, canary=CANARY)
    break_rows(folder)
    make_hostile(folder)
    build(source_path(folder, OTHER), SEED + 1, petitions=20)
    faults = [
        FaultRule("refuse_422", kind="petition", local_id="bentre:5", message=hostile.MARKUP["script"]),
        FaultRule("lose_before_commit", kind="petition", local_id="bentre:6"),
    ]
    with Sandbox(credentials=credentials(AGENCY, OTHER), seed=SEED, faults=faults) as sandbox:
        config = install(
            folder, sandbox.base_url, agencies=(AGENCY, OTHER), audit='key = "file:secrets/audit.key"',
        )  # fmt: skip
        run(config, "audit", "keys", "new")
        run(config, "sync", codes=(0, 1))
        history(config, folder, sandbox)
    for name, role in ACCOUNTS.items():
        add(config, name, role)
    structlog.reset_defaults()
    return config


def correct(config: Path, folder: Path) -> None:
    """Pause one petition that is in clear and of no hostile text, and write another name, content and paper over it."""
    with closing(sqlite3.connect(source_path(folder))) as source:
        known = source.execute(
            "SELECT d.IdDonThu FROM don_thu d JOIN don_thu_nguoi_dai_dien n USING (IdDonThu)"
            " WHERE d.LoaiDonThu = 3 AND d.DonNacDanh = 0 AND d.IdDonThu > ? ORDER BY 1",
            (LAST_HOSTILE,),
        )
        ids = [f"bentre:{number}" for (number,) in known]
        chosen = next(one for one in ids if one in some(config, Kind.PETITION))
        run(config, "pause", "petition", chosen, "--agency", AGENCY, "--reason", "Chờ đơn vị đính chính xong")
        number = (int(chosen.partition(":")[2]),)
        source.execute("UPDATE don_thu SET NoiDungDonThu = ? WHERE IdDonThu = ?", (CORRECTED_CONTENT, *number))
        paper = "UPDATE don_thu_thong_tin_don_thu SET SoVanBanDen = ? WHERE IdDonThu = ?"
        source.execute(paper, (CORRECTED_NUMBER, *number))
        source.execute(
            "UPDATE don_thu_doi_tuong_di_kntc SET HoTen = ? WHERE IdDoiTuongDiKNTC IN"
            " (SELECT min(IdDoiTuongDiKNTC) FROM don_thu_nguoi_dai_dien WHERE IdDonThu = ?)",
            (CORRECTED_NAME, *number),
        )
        source.commit()


def history(config: Path, folder: Path, sandbox: Sandbox) -> None:
    """What happens afterwards: statuses, corrections, records lost and entered there, a comparison, orders."""
    correct(config, folder)
    petitions = some(config, Kind.PETITION)
    sandbox.advance(6)
    sandbox.move(AGENCY, "petition", petitions[0], "returned_for_correction", RETURNED_NOTE)
    sandbox.move(AGENCY, "petition", petitions[1], "closed", hostile.STEERING["colour"])
    sandbox.move(AGENCY, "petition", petitions[2], "duplicate_suspected")
    edit(source_path(folder), Kind.PETITION, int(petitions[3].partition(":")[2]), "NgayNhanDon", "2024-02-01 00:00:00")
    run(config, "sync", codes=(0, 1))
    sandbox.lose(AGENCY, "petition", petitions[4])
    sandbox.enter(AGENCY, "petition", "nhập tay trên CSDLQG")
    run(config, "reconcile", codes=(0, 1))
    run(config, "pause", "--agency", AGENCY, "--kind", "enforcement", "--reason", ORDERED_WHY)
    run(config, "audit", "checkpoint")


def run(config: Path, *args: str, codes: tuple[int, ...] = (0,)) -> None:
    said = kntc("--config", config, *args)
    assert said.code in codes, said.err


@pytest.fixture(scope="session")
def console(made: Path) -> Iterator[Console]:
    loaded = load_config(made)
    clock = Clock()
    section = loaded.console.model_copy(update={"port": 0})
    with opened(loaded, settings_of(section, "config.toml"), clock) as hall, served(hall) as address:
        yield Console(made.parent, loaded, hall, clock, address)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser, and what it reported: nothing of that may ever be there."""

    console: Console
    context: BrowserContext
    page: Page
    reported: list[str] = field(default_factory=list)

    def open(self, path: str, status: int = 200) -> Page:
        answer = self.page.goto(self.console.address + path)
        assert answer is not None
        assert answer.status == status, path
        return self.page

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        self.open("/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.click("main button")

    def seen(self) -> str:
        return self.page.inner_text("body")


@contextmanager
def visiting(
    chromium: Browser, console: Console, name: str = "", language: str = "en", **settings: Any
) -> Iterator[Visitor]:
    """A browser without scripts, as somebody uses it who is logged in. What asks for another host is stopped."""
    settings = {"java_script_enabled": False, "viewport": {"width": 1280, "height": 900}, "locale": "vi-VN"} | settings
    context = chromium.new_context(**settings)
    context.set_default_timeout(20_000)
    context.add_cookies([{"name": LANGUAGE_COOKIE, "value": language, "url": console.address}])
    reported: list[str] = []

    def guard(route: Any) -> None:
        if route.request.url.startswith(console.address + "/"):
            route.continue_()
        else:
            reported.append(f"asked for {route.request.url[:80]}")
            route.abort()

    context.route("**/*", guard)
    page = context.new_page()
    page.on("dialog", lambda dialog: (reported.append("a dialog"), dialog.dismiss()))
    page.on("pageerror", lambda error: reported.append(f"an error: {error}"))
    page.on("console", lambda said: reported.append(f"{said.type}: {said.text}") if is_ill(said) else None)
    visitor = Visitor(console, context, page, reported)
    try:
        if name:
            visitor.sign_in(name)
        yield visitor
        assert reported == []
    finally:
        context.close()


def is_ill(said: Any) -> bool:
    """An answer that is an error on purpose is told as one by the browser too."""
    return said.type in ("error", "warning") and "the server responded with a status of" not in said.text
