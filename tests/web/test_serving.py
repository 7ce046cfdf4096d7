"""The console as a process: how it starts and stops; beside a writer, over a plain store, among hostile words."""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connector.store.accounts import Role
from connector.web import filters
from tests import hostile
from tests.cli.conftest import kntc
from tests.web.conftest import PASSWORD, Console, add, serve
from tests.web.test_guard import address_of, crawl
from tests.world import AGENCY, install, source_path

PROGRAM = "import sys; from connector.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """An installation that nobody has used: no store, not even its folder."""
    config = install(tmp_path, "http://127.0.0.1:9")
    (tmp_path / "data").rmdir()
    return config


def test_accounts_can_be_made_before_there_is_a_store(fresh: Path):
    add(fresh, "quantri", Role.ADMIN)
    assert "quantri" in kntc("--config", fresh, "console", "users", "list").out
    assert (fresh.parent / "data" / "console.sqlite").stat().st_mode & 0o077 == 0
    said = kntc("--config", fresh, "console")
    assert (said.code, "E-STORE-ABSENT" in said.err) == (78, True)


def test_without_an_account_it_says_how_to_make_one(installed: Path, tmp_path: Path):
    shutil.copytree(installed.parent, tmp_path / "copy")
    (tmp_path / "copy" / "data" / "console.sqlite").unlink()
    said = kntc("--config", tmp_path / "copy" / "config.toml", "console", "--port", "0")
    assert (said.code, "E-CONSOLE-NO-USERS" in said.err) == (78, True)
    assert "kntc console users add" in said.err


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("--role", "admin", "--agency", AGENCY), "E-CONSOLE-AGENCIES"),
        (("--agency", "H99.99"), "E-AGENCY-UNKNOWN"),
    ],
)
def test_an_account_that_cannot_be_is_refused_with_its_reason(fresh: Path, monkeypatch, args, error):
    import io  # noqa: PLC0415

    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    said = kntc("--config", fresh, "console", "users", "add", "x1", "--password-stdin", *args)
    assert (said.code, error in said.err) == (65, True)
    said.assert_narrow()


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("Lan", PASSWORD, "E-CONSOLE-NAME"),
        ("x", PASSWORD, "E-CONSOLE-NAME"),
        ("a b", PASSWORD, "E-CONSOLE-NAME"),
        ("<b>", PASSWORD, "E-CONSOLE-NAME"),
        ("lan", "short", "E-CONSOLE-PASSWORD"),
        ("lan", "aaaaaaaaaaaaaaaa", "E-CONSOLE-PASSWORD"),
        ("lan", "my name is lan, and this is long", "E-CONSOLE-PASSWORD"),
        ("lan", "x" * 300 + "abcdefgh", "E-CONSOLE-PASSWORD"),
        ("lan", "", "E-CONSOLE-PASSWORD"),
    ],
)
def test_a_name_or_password_that_cannot_be_is_refused_and_not_repeated(fresh: Path, monkeypatch, name, password, error):
    import io  # noqa: PLC0415

    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    said = kntc("--config", fresh, "console", "users", "add", name, "--password-stdin")
    assert (said.code, f"{error})" in said.text or f"{error})" in " ".join(said.err.split())) == (65, True)
    assert len(password) < 6 or password not in said.err + said.out


def test_the_last_admin_stays(fresh: Path):
    add(fresh, "quantri", Role.ADMIN)
    for verb in ("lock", "remove"):
        said = kntc("--config", fresh, "console", "users", verb, "quantri")
        assert (said.code, "E-CONSOLE-LAST-ADMIN" in said.err) == (65, True)
    add(fresh, "quantri2", Role.ADMIN)
    assert kntc("--config", fresh, "console", "users", "lock", "quantri").code == 0
    assert kntc("--config", fresh, "console", "users", "remove", "quantri2").code == 65


def test_a_signal_stops_it_in_order(installed: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--config", installed, "console", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = ""
        while not (address := re.search(r"http://127\.0\.0\.1:\d+", said)):
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        assert httpx.get(f"{address[0]}/sign-in", timeout=30).status_code == 200
        taken = kntc("--config", installed, "console", "--port", address[0].rpartition(":")[2])
        assert (taken.code, "E-CONSOLE-PORT" in taken.err) == (78, True)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert "closed" in out
    assert "Traceback" not in err
    assert "127.0.0.1" not in err, "the log names no visitor"


def test_beside_a_run_that_writes_many_ask_at_once_and_each_is_answered(console: Console):
    """Several threads share what reads; the daemon writes at the same time."""
    browsers = [console.visit(name) for name in ("lan", "minh")]
    address, statuses = address_of("reveal", console), []

    def ask(number: int) -> None:
        browser = browsers[number % 2]
        path = address if number % 2 else f"/{AGENCY}/"
        statuses.extend(browser.get(path).status_code for _ in range(25))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        for verb in ("pause", "resume"):
            assert kntc("--config", console.config.path, verb, "--agency", AGENCY, "--reason", "x" * 12).code == 0
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 200
    console.command("audit", "verify")


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Console]:
    """A console over a store without encryption, whose journal keeps readers out while somebody writes."""
    from connector.sample.agency import build  # noqa: PLC0415
    from connector.sandbox import Sandbox  # noqa: PLC0415
    from tests.world import credentials  # noqa: PLC0415

    build(source_path(tmp_path), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        config = install(tmp_path, sandbox.base_url, store='encryption = "none"\nbusy_timeout_s = 0.3')
        assert kntc("--config", config, "sync").code == 0
    add(config, "minh", Role.AUDITOR)
    with serve(config) as console:
        yield console


def test_a_store_that_is_taken_for_a_while_is_told_and_is_no_fault(plain: Console):
    browser = plain.visit("minh")
    address = address_of("reveal", plain)
    assert browser.get(address).status_code == browser.get(f"/{AGENCY}/").status_code == 200
    taken = sqlite3.connect(plain.folder / "data" / "kntc.sqlite", isolation_level=None)
    taken.execute("BEGIN EXCLUSIVE")
    answer = browser.get(address)
    assert answer.status_code == 503
    assert "E-STORE-BUSY" in answer.text
    assert str(plain.folder) not in answer.text
    assert browser.get(f"/{AGENCY}/").status_code == 200, "the overview has its figures already"
    taken.execute("ROLLBACK")
    taken.close()
    assert browser.get(address).status_code == 200


@pytest.mark.parametrize("text", hostile.params())
def test_a_hostile_text_shows_as_text(text: str):
    import jinja2  # noqa: PLC0415

    environment = jinja2.Environment(autoescape=True)
    filters.install(environment)
    shown = environment.from_string("<p title='{{ text }}'>{{ text|told }}</p>").render(text=text)
    inside = shown.partition("<bdi>")[2].partition("</bdi>")[0]
    assert not re.search(r"[<>\"']", inside)
    assert shown.count("<") == 4
    assert not hostile.steering(inside)


def test_a_hostile_name_of_an_agency_shows_as_text_on_every_page(installed: Path):
    name = " ".join(hostile.storable(text) for text in (*hostile.MARKUP.values(), *hostile.STEERING.values()))
    with serve(installed, name=name) as console:
        for path, answer in crawl(console.visit("minh")):
            assert not re.search(r"<(?:script|img|svg onload|iframe|a href=.?javascript)", answer.text), path
            assert "text/html" not in answer.headers["content-type"] or hostile.steering(answer.text) <= {"U+000A"}, (
                path
            )
