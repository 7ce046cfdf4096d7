"""The auditor's questions: is the log whole, and does it tell what the ledger shows?"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sample.agency import build
from connector.sandbox import Sandbox
from tests.cli.conftest import World
from tests.world import AGENCY, credentials, install, source_path

PLAIN = 'encryption = "none"'


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A synced agency whose store is not encrypted, so that a test can lay hands on it."""
    folder = tmp_path_factory.mktemp("plain")
    build(source_path(folder), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        found = World(folder, sandbox, install(folder, sandbox.base_url, store=PLAIN))
        assert found("sync").code == 0
        yield found


@pytest.fixture
def copied(plain: World, tmp_path: Path) -> World:
    shutil.copytree(plain.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, plain.sandbox, tmp_path / "config.toml")


def tamper(world: World, sql: str) -> None:
    with sqlite3.connect(world.folder / "data" / "kntc.sqlite") as connection:
        for trigger in ("changed", "deleted"):
            connection.execute(f"DROP TRIGGER audit_entry_is_never_{trigger}")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(sql)
    connection.close()


def test_an_untouched_log_is_verified_and_says_what_that_does_not_prove(plain):
    said = plain("audit", "verify")
    assert said.code == 0
    assert said.out.count("ĐẠT") == 4
    assert "NGUYÊN VẸN (mã thoát 0)" in said.out
    assert "không chứng" in said.out
    said.assert_narrow()


@pytest.mark.parametrize(
    ("sql", "code", "rule"),
    [
        ("UPDATE audit_entry SET content = replace(content, 'pending', 'unknown') WHERE seq = 5", 10, "E-AUDIT-HASH"),
        ("UPDATE audit_entry SET content = CAST(x'5bff5d' AS TEXT) WHERE seq = 5", 10, "E-AUDIT-HASH"),
        ("UPDATE audit_entry SET content = CAST(x'5bff5d' AS TEXT) WHERE seq = 1", 10, "E-AUDIT-HASH"),
        ("UPDATE audit_entry SET hash = CAST(x'ff' AS TEXT) WHERE seq = 5", 10, "E-AUDIT-HASH"),
        ("DELETE FROM audit_entry WHERE seq = 5", 11, "E-AUDIT-GAP"),
        ("DELETE FROM audit_entry WHERE seq > 20", 11, "E-STORE-ROLLED-BACK"),
        ("UPDATE delivery SET state = 'superseded' WHERE local_id = 'bentre:4'", 10, "E-AUDIT-LEDGER"),
        ("UPDATE delivery SET state = 'x' WHERE local_id = 'bentre:4'", 10, "E-AUDIT-LEDGER"),
        ("DELETE FROM delivery WHERE local_id = 'bentre:4'", 10, "E-AUDIT-LEDGER"),
    ],
)
def test_tampering_shows_with_its_own_exit_code(copied, sql, code, rule):
    tamper(copied, sql)
    said = copied("audit", "verify")
    assert said.code == code
    assert "KHÔNG NGUYÊN VẸN" in said.out
    assert rule in said.err
    assert copied("audit", "verify", "--json").json["exit_code"] == code
    said.assert_narrow()


def test_a_ledger_that_holds_no_text_where_text_belongs_is_unreadable(copied):
    """An outside hand that wrote bytes was called a fault of the program, with the advice to run it again."""
    tamper(copied, "UPDATE delivery SET local_id = CAST(x'ff' AS TEXT) WHERE local_id = 'bentre:4'")
    said = copied("audit", "verify")
    assert (said.code, "E-STORE-UNREADABLE" in said.err) == (13, True)


def test_a_lost_head_file_is_missing_and_a_broken_one_unreadable(copied):
    head = copied.folder / "data" / f"{AGENCY}.head.json"
    head.write_text("{", encoding="ascii")
    assert copied("audit", "verify").code == 13
    head.unlink()
    assert copied("audit", "verify").code == 11


def test_a_store_that_cannot_be_read_is_unreadable(copied):
    store = copied.folder / "data" / "kntc.sqlite"
    store.write_bytes(b"x" * 8192)
    assert copied("audit", "verify").code == 13
    store.unlink()
    for wal in copied.folder.glob("data/kntc.sqlite-*"):
        wal.unlink()
    said = copied("audit", "verify")
    assert said.code == 11
    assert "E-STORE-GONE" in said.err


def test_a_log_that_grows_while_it_is_verified_stays_verified(copied):
    head = copied.folder / "data" / f"{AGENCY}.head.json"
    behind = json.loads(head.read_text())
    copied("pause", "--reason", "x")
    head.write_text(json.dumps(behind), encoding="ascii")
    assert copied("audit", "verify").code == 0


def test_the_log_is_read_newest_last_and_by_record(plain):
    entries = plain("audit", "log", "--limit", "3", "--json").json["entries"]
    assert [entry["seq"] for entry in entries] == sorted(entry["seq"] for entry in entries)
    assert len(entries) == 3
    story = plain("audit", "log", "petition", "4", "--json").json["entries"]
    assert [entry["event"] for entry in story[:3]] == ["record.recorded", "delivery.claimed", "delivery.answered"]


def test_the_log_shows_which_kind_was_read_and_when_to_the_second(synced):
    lines = synced("audit", "log", "--limit", "100000").out.splitlines()[1:]
    starts = [
        re.match(r"( *[\d.]+)  (\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)  ", line)
        for line in lines
        if not line.startswith("    ")
    ]
    assert all(starts)
    assert len({len(found[1]) for found in starts if found}) == 1
    text = " ".join(" ".join(lines).split())
    assert "Đọc hết loại Xử lý đơn ở nguồn" in text
    assert "một loại hồ sơ" not in text


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_environment_is_never_broken_over_two_lines(synced, lang):
    out = synced("audit", "verify", lang=lang).out
    assert {"vi": "[MÔI TRƯỜNG THỬ NGHIỆM]", "en": "[TEST ENVIRONMENT]"}[lang] in out
