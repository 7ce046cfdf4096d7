"""The pages about the log: what is asked of it, how far it is verified, and what may be taken along."""

from __future__ import annotations

import csv
import io
import shutil
import socket
import sqlite3
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from python_calamine import CalamineWorkbook

from connector.app import open_app, utc_now
from connector.config import load_config
from connector.core.model import Actor, Kind
from connector.errors import ExitCode
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import mirrored, views
from connector.store.db import Right
from connector.telling.words import HERE, messages
from connector.web import download, proving, serving
from connector.web.pages import log
from connector.web.proving import Proven, Proving
from tests.cli.conftest import CANARY, World, kntc
from tests.watched import watched, written
from tests.web.conftest import Console, serve
from tests.world import AGENCY, credentials, install, source_path

AUDIT = 'key = "file:secrets/audit.key"'


def test_every_event_that_has_a_sentence_has_a_name_to_choose_it_by():
    told = {id_.removeprefix("event.") for id_ in messages() if id_.startswith("event.")}
    named = set(log.EVENTS)
    assert {one for one in told if not any(one == name or one.startswith(f"{name}.") for name in named)} <= {
        one for one in told if one.startswith("status.")
    }


# --- verified all the time


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A store that a test can open with nothing but SQLite, and its checkpoints."""
    folder = tmp_path_factory.mktemp("signed")
    build(source_path(folder), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        config = install(folder, sandbox.base_url, store='encryption = "none"', audit=AUDIT)
        world = World(folder, sandbox, config)
        assert world("audit", "keys", "new").code == 0
        assert world("sync").code == 0
        assert world("audit", "checkpoint").code == 0
        yield world


@pytest.fixture
def copied(signed: World, tmp_path: Path) -> Path:
    shutil.copytree(signed.folder, tmp_path, dirs_exist_ok=True)
    return tmp_path


def proven(folder: Path) -> Proven:
    """What the console knows of a log once it has followed it to its end, or to what is wrong."""
    with open_app(load_config(folder / "config.toml"), Actor("test", "console"), right=Right.READ) as app:
        beside = Proving(app, utc_now)
        try:
            assert beside.came_to_an_end.wait(30)
            found = beside.state(AGENCY)
        finally:
            beside.close()
    assert found is not None
    return found


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "data" / "kntc.sqlite")) as store:
        for (trigger,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            store.execute(f'DROP TRIGGER "{trigger}"')
        for statement in statements:
            store.execute(statement)
        store.commit()


def test_a_log_that_nobody_touched_is_whole_with_its_head_file_and_checkpoints(copied: Path, monkeypatch):
    monkeypatch.setattr(proving, "SLICE_ENTRIES", 7)
    found = proven(copied)
    assert found.is_whole
    assert found.verified.seq == found.end > 7
    assert found.anchored is not None
    assert found.signed is not None
    assert (found.anchored.good, found.signed[0]) == (found.anchored.of, found.end)


def test_a_log_whose_oldest_entries_were_pruned_is_whole_also_where_that_happens_beside_the_pages(
    signed: World, copied: Path
):
    world = World(copied, signed.sandbox, copied / "config.toml")
    settings = world.config.read_text(encoding="utf-8")
    world.config.write_text(f"{settings}\n[retention]\nlog_months = 0\n", encoding="utf-8")
    assert world("audit", "export", copied / "log.zip").code == 0
    for order in ("pause", "resume"):
        assert world(order, "--reason", "r").code == 0
    with open_app(load_config(world.config), Actor("test", "console"), right=Right.READ) as app:
        beside = Proving(app, utc_now)
        try:
            assert beside.came_to_an_end.wait(30)
            assert world("audit", "prune", copied / "log.zip", "--reason", "r").code == 0
            beside.came_to_an_end.clear()
            assert beside.state(AGENCY) is not None  # whoever asks wakes it
            assert beside.came_to_an_end.wait(30)
            after = beside.state(AGENCY)
        finally:
            beside.close()
    assert after is not None
    assert after.is_whole
    assert proven(copied).is_whole


def test_a_changed_entry_is_named(copied: Path):
    change(copied, "UPDATE audit_entry SET content = replace(content, 'cli', 'xli') WHERE seq = 9")
    found = proven(copied)
    assert found.is_broken
    assert found.fault is not None
    assert (found.fault.seq, found.fault.rule) == (9, "E-AUDIT-HASH")


def test_an_entry_that_is_filed_under_another_record_is_named(copied: Path):
    change(copied, "UPDATE audit_entry SET local_id = 'bentre:999' WHERE local_id = 'bentre:4'")
    found = proven(copied).fault
    assert found is not None
    assert found.rule == "E-AUDIT-FILED"


def test_a_cut_tail_is_told_by_head_file_and_checkpoints(copied: Path):
    change(copied, "DELETE FROM audit_entry WHERE seq > (SELECT max(seq) - 3 FROM audit_entry)")
    found = proven(copied)
    assert found.is_broken
    assert found.fault is None
    assert found.head_error == "E-STORE-ROLLED-BACK"
    assert found.anchored is not None
    assert found.anchored.faults


# --- what is asked for


def test_whoever_ordered_something_is_found_however_far_back(console: Console):
    browser = console.visit("minh")
    page = browser.get(f"/{AGENCY}/log", params={"by": "minh"})
    assert page.text.count("<tr>") >= 2
    nobody = browser.get(f"/{AGENCY}/log", params={"by": "nobody"}).text
    assert nobody.count("<tr>") == 0


@pytest.mark.parametrize(
    "asked",
    ["event=no.such", "kind=x", "before=-1", "before=abc", "from=2026-13-01", "to=x", "id=1", "by=" + "x" * 300],
)
def test_what_cannot_be_meant_is_refused_in_words(console: Console, asked: str):
    answer = console.visit("lan").get(f"/{AGENCY}/log?{asked}")
    assert answer.status_code == 400
    assert "<h1>" in answer.text


def test_pages_of_a_pruned_log_say_where_it_begins_and_where_the_rest_lies(installed: Path, tmp_path: Path):
    shutil.copytree(installed.parent, tmp_path, dirs_exist_ok=True)
    config = tmp_path / "config.toml"
    config.write_text(f"{config.read_text(encoding='utf-8')}\n[retention]\nlog_months = 0\n", encoding="utf-8")
    told = "those before were pruned, and lie in the kept export"
    with serve(config) as console:
        with console.hall.app.store.read() as connection:
            local_id = views.lines(connection, AGENCY, kind=Kind.PETITION, limit=1)[0].key.local_id
        browser, pages = console.visit("lan"), (f"/{AGENCY}/log", f"/{AGENCY}/record?kind=petition&id={local_id}")
        console.command("audit", "export", str(tmp_path / "log.zip"), "--agency", AGENCY)
        console.command("pause", "--agency", AGENCY, "--reason", "r")
        for page in pages:
            answer = browser.get(page)
            assert (answer.status_code, told in answer.text) == (200, False), page
        console.command("audit", "prune", str(tmp_path / "log.zip"), "--agency", AGENCY, "--reason", "r")
        for page in pages:
            answer = browser.get(page)
            assert (answer.status_code, told in answer.text) == (200, True), page


# --- what may be taken along


def test_rows_that_are_taken_along_are_masked_kept_by_nobody_and_noted(console: Console):
    browser = console.visit("lan")
    before = len(console.entries("console.exported"))
    answer = browser.post(f"/{AGENCY}/exports", {"format": "csv", "kind": "petition", "outcome": "quarantined"})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="nhat-ky-')
    rows = list(csv.reader(io.StringIO(taken(answer).decode("utf-8-sig")), delimiter=";"))
    noted = console.entries("console.exported")[before:]
    assert [one["by"] for one in noted] == ["lan"]
    assert noted[0]["count"] == len(rows) - 1 > 0
    assert noted[0]["filters"] == {"kind": "petition", "outcome": "quarantined"}
    assert CANARY.encode() not in taken(answer)
    console.command("audit", "verify")


def taken(answer: httpx.Response) -> bytes:
    """The file in a download: the first of the two that are in it."""
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        file, manifest = packed.namelist()
        assert manifest == f"{file}.manifest.json"
        return packed.read(file)


@pytest.mark.parametrize("form", download.FORMS)
def test_what_was_taken_along_is_checked_like_an_extract_of_the_command_line(
    console: Console, tmp_path: Path, form: str
):
    """The whole way: the pages' form, unpacked, and compared with manifest, log and seal; one byte more is found."""
    day = console.hall.now().astimezone(HERE).strftime("%d/%m/%Y")
    asked = {"format": form, "kind": "petition", "from": day, "to": day}
    answer = console.visit("lan").post(f"/{AGENCY}/exports", asked)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path)
        file = tmp_path / packed.namelist()[0]
    assert file.suffix == f".{form}"
    said = orjson.loads(console.command("audit", "extract", "--check", str(file), "--json"))
    assert said["compared"] == {"file": "matches", "log": "matches", "noted": "matches"}
    assert (said["agency"], said["masked"]) == (AGENCY, True)
    if form == "xlsx":
        assert len(CalamineWorkbook.from_path(str(file)).get_sheet_by_index(1).to_python()) == said["entries"] + 1
    file.write_bytes(file.read_bytes() + b" ")
    assert kntc("--config", console.config.path, "audit", "extract", "--check", str(file)).code == ExitCode.TAMPERED


def test_a_download_of_one_record_is_part_of_its_story(console: Console):
    with console.hall.app.store.read() as connection:
        local_id = views.lines(connection, AGENCY, kind=Kind.PETITION, limit=1)[0].key.local_id
    console.visit("lan").post(f"/{AGENCY}/exports", {"format": "csv", "kind": "petition", "id": local_id})
    assert console.entries("console.exported")[-1]["id"] == local_id


@pytest.mark.parametrize("form", download.FORMS)
def test_no_part_of_a_download_touches_a_disk(console: Console, form: str):
    browser = console.visit("minh")
    why = {"unmask": "yes", "reason": "Kế hoạch kiểm tra số 12"}
    with watched() as seen:
        answer = browser.post(f"/{AGENCY}/exports", {"format": form, **why})
    assert taken(answer)
    assert {Path(one).name.partition(".head")[0] for one in written(seen)} == {AGENCY}, "the log's head, no other file"


def test_an_answer_that_nobody_fetches_lies_in_no_file(console: Console):
    size = 2 * download.LARGEST_ZIP_BYTES

    def pages(_environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [("Content-Length", str(size))])
        for _ in range(size // 2**16):
            yield b"x" * 2**16
        made.set()

    made = threading.Event()
    with watched() as seen, serving.answering(pages, console.hall.settings) as address:
        host, _, port = address.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port))) as slow:
            slow.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert made.wait(30), "no thread waits for who does not fetch it"
            assert written(seen) == []
            got = 0
            while part := slow.recv(2**20):
                got += len(part)
        assert got > size


def test_more_than_a_download_may_have_is_refused_in_words_and_not_noted(console: Console, monkeypatch):
    before = len(console.entries("console.exported"))
    browser = console.visit("lan")
    for name, bound in (("MOST_ENTRIES", 5), ("MOST_CHARACTERS", 500)):
        for form in download.FORMS:
            with monkeypatch.context() as small:
                small.setattr(download, name, dict.fromkeys(download.FORMS, bound))
                refused = browser.post(f"/{AGENCY}/exports", {"format": form})
                assert (refused.status_code, "kntc audit extract" in refused.text) == (400, True)
    with monkeypatch.context() as small:
        small.setattr(download, "LARGEST_ZIP_BYTES", 100)
        assert browser.post(f"/{AGENCY}/exports", {"format": "csv"}).status_code == 400
    assert len(console.entries("console.exported")) == before
    assert browser.post(f"/{AGENCY}/exports", {"format": "csv"}).status_code == 200


def test_while_one_download_is_made_another_is_asked_to_wait(console: Console):
    with console.hall.downloading:
        answer = console.visit("lan").post(f"/{AGENCY}/exports", {"format": "csv"})
    assert (answer.status_code, "content-disposition" in answer.headers) == (503, False)


def test_days_in_the_wrong_order_give_no_file(console: Console):
    asked = {"format": "csv", "from": "02/11/2026", "to": "01/11/2026"}
    answer = console.visit("lan").post(f"/{AGENCY}/exports", asked)
    assert (answer.status_code, "content-disposition" in answer.headers) == (400, False)


def test_a_record_that_is_not_there_is_told_and_gives_no_file(console: Console):
    answer = console.visit("lan").post(f"/{AGENCY}/exports", {"format": "csv", "kind": "petition", "id": "bentre:0"})
    assert answer.status_code == 400
    assert "content-disposition" not in answer.headers


def test_unmasked_rows_hold_words_that_masked_ones_do_not_and_never_those_of_denunciations(console: Console):
    browser = console.visit("minh")
    masked = taken(browser.post(f"/{AGENCY}/exports", {"format": "jsonl"}))
    why = {"unmask": "yes", "reason": "Kế hoạch kiểm tra số 12"}
    unmasked = taken(browser.post(f"/{AGENCY}/exports", {"format": "jsonl", **why}))
    assert "persons" not in orjson.loads(masked.splitlines()[0])
    assert "persons" in orjson.loads(unmasked.splitlines()[0])
    assert CANARY.encode() not in unmasked
    noted = console.entries("console.exported")[-1]
    assert (noted["masked"], "12" in str(noted.get("reason", ""))) == (False, False)


def test_a_reason_that_is_too_short_gives_no_file(console: Console):
    answer = console.visit("minh").post(f"/{AGENCY}/exports", {"format": "csv", "unmask": "yes", "reason": "ngắn"})
    assert answer.status_code == 400
    assert "content-disposition" not in answer.headers


# --- national statuses


@pytest.mark.parametrize("looked_through", [3, 5_000])
def test_the_records_of_a_status_are_all_found_however_few_are_looked_through(
    console: Console, monkeypatch: pytest.MonkeyPatch, looked_through: int
):
    monkeypatch.setattr(mirrored, "MOST_LOOKED_THROUGH", looked_through)
    with console.hall.app.store.read() as connection:
        counts = mirrored.national_counts(connection, AGENCY)
        for kind, by_status in counts.items():
            for status, count in by_status.items():
                found, after, pages = [], "", 0
                while (after or not pages) and pages < 1_000:
                    rows, after = mirrored.page(connection, AGENCY, kind, status=status, after=after, limit=2)
                    found += [row.key.local_id for row in rows]
                    pages += 1
                assert (len(found), found) == (count, sorted(set(found)))
