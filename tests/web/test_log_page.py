"""The pages about the log: what is asked of it, how far it is verified, and what may be taken along."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import pytest

from connector.app import open_app, utc_now
from connector.config import load_config
from connector.core.model import Actor
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import mirrored
from connector.store.db import Right
from connector.telling.words import messages
from connector.web import proving
from connector.web.pages import exports, log
from connector.web.proving import Proven, Proving
from tests.cli.conftest import CANARY, World
from tests.web.conftest import Console
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


def test_a_cut_tail_is_told_by_head_file_and_checkpoints(copied: Path):
    change(copied, "DELETE FROM audit_entry WHERE seq > (SELECT max(seq) - 3 FROM audit_entry)")
    found = proven(copied)
    assert found.is_broken
    assert found.fault is None
    assert found.head_error == "E-STORE-ROLLED-BACK"
    assert found.anchored is not None
    assert found.anchored.faults


# --- what is asked for


def test_whoever_ordered_something_is_found_however_far_back(console: Console, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(log, "MOST_LOOKED_THROUGH", 500)
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


# --- what may be taken along


def test_rows_that_are_taken_along_are_masked_kept_by_nobody_and_noted(console: Console):
    browser = console.visit("lan")
    before = len(console.entries("console.exported"))
    answer = browser.post(f"/{AGENCY}/exports", {"format": "csv", "kind": "petition", "outcome": "quarantined"})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith('attachment; filename="nhat-ky-')
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    noted = console.entries("console.exported")[before:]
    assert [one["by"] for one in noted] == ["lan"]
    assert noted[0]["count"] == len(rows) - 1 > 0
    assert noted[0]["filters"] == {"kind": "petition", "outcome": "quarantined"}
    assert CANARY not in answer.text
    console.command("audit", "verify")


def test_more_than_a_download_may_have_is_refused_in_words_and_not_noted(console: Console, monkeypatch):
    monkeypatch.setattr(exports, "MOST_ENTRIES", 5)
    before = len(console.entries("console.exported"))
    answer = console.visit("lan").post(f"/{AGENCY}/exports", {"format": "jsonl"})
    assert (answer.status_code, len(console.entries("console.exported"))) == (400, before)


def test_a_record_that_is_not_there_is_told_and_gives_no_file(console: Console):
    answer = console.visit("lan").post(f"/{AGENCY}/exports", {"format": "csv", "kind": "petition", "id": "bentre:0"})
    assert answer.status_code == 400
    assert "content-disposition" not in answer.headers


def test_unmasked_rows_hold_words_that_masked_ones_do_not_and_never_those_of_denunciations(console: Console):
    browser = console.visit("minh")
    masked = browser.post(f"/{AGENCY}/exports", {"format": "jsonl"})
    why = {"unmask": "yes", "reason": "Kế hoạch kiểm tra số 12"}
    unmasked = browser.post(f"/{AGENCY}/exports", {"format": "jsonl", **why})
    assert "persons" not in orjson.loads(masked.text.splitlines()[0])
    assert "persons" in orjson.loads(unmasked.text.splitlines()[0])
    assert CANARY not in unmasked.text
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
