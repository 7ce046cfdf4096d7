"""Extracts of the log for people: what they hold, what they hide, and that they are entries themselves."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from connector.sample.agency import build
from connector.sandbox import FaultRule, Sandbox
from connector.telling import extract_files
from tests.cli.conftest import CANARY, Said, World, break_rows
from tests.world import AGENCY, credentials, install, source_path

REFUSED = "Thiếu ngày ban hành quyết định"
REASON = "Đối chiếu theo yêu cầu 152/TTCP-BTCDTW"
FORMS = ("csv", "jsonl", "xlsx")
SEED = 7


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A synced agency with bad rows, refusals in words, and a pause with a reason; its store is not encrypted."""
    folder = tmp_path_factory.mktemp("known")
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    build(source_path(folder), SEED, petitions=20, canary=CANARY)
    break_rows(folder)
    faults = (FaultRule("refuse_422", share=0.2, pointer="/content", rule="national", message=REFUSED),)
    with Sandbox(credentials=credentials(AGENCY), seed=SEED, faults=faults) as sandbox:
        found = World(folder, sandbox, install(folder, sandbox.base_url, store='encryption = "none"'))
        assert found("sync").code == 1
        assert found("pause", "--kind", "decision", "--reason", "Chờ số liệu mới").code == 0
        yield found


@pytest.fixture
def world(known: World, tmp_path: Path) -> World:
    shutil.copytree(known.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, known.sandbox, tmp_path / "config.toml")


def taken(world: World, name: str, *args: str, lang: str = "vi") -> Path:
    said = world("audit", "extract", world.folder / name, *args, lang=lang)
    assert said.code == 0, said.err
    said.assert_narrow()
    return world.folder / name


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def manifest_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_name(f"{path.name}.manifest.json").read_text("utf-8"))
    return found


def log_of(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world("audit", "log", "--limit", "100000", "--json").json["entries"]
    return found


def text_of(path: Path) -> str:
    """All that a file says, that of a workbook as its parts say it."""
    if path.suffix != ".xlsx":
        return path.read_text(encoding="utf-8")
    with zipfile.ZipFile(path) as archive:
        return "".join(archive.read(name).decode() for name in archive.namelist())


def tops(rows: list[dict[str, str]], column: str) -> set[str]:
    return {row[column] for row in rows}


# --- what it holds -------------------------------------------------------------------------------------------------


def test_an_extract_has_one_row_for_each_entry_and_each_row_is_the_entry(world):
    entries = log_of(world)
    rows = rows_of(taken(world, "a.csv"))
    assert [(int(row["Số mục"]), row["Mã băm của mục"]) for row in rows] == [(e["seq"], e["hash"]) for e in entries]
    first = rows[0]
    assert datetime.strptime(first["Thời điểm"], "%d/%m/%Y %H:%M:%S")  # noqa: DTZ007 - read back as it is written
    sent = next(row for row in rows if row["Kết quả"] == "CSDLQG đã nhận")
    assert sent["Mã trên CSDLQG"].startswith("NDB-")
    assert "CSDLQG đã nhận phiên bản 1" in sent["Sự việc"]
    assert sent["Cách thực hiện"] == "dòng lệnh"


def test_all_three_forms_say_the_same(world):
    csv_rows = rows_of(taken(world, "a.csv", "--kind", "petition"))
    lines = [json.loads(line) for line in taken(world, "a.jsonl", "--kind", "petition").read_text("utf-8").splitlines()]
    book = CalamineWorkbook.from_path(str(taken(world, "a.xlsx", "--kind", "petition")))
    assert book.sheet_names == ["Thông tin", "Nhật ký 1"]
    heads, *cells = book.get_sheet_by_name("Nhật ký 1").to_python()
    assert heads == list(csv_rows[0])
    sheet_rows = [dict(zip(heads, row, strict=True)) for row in cells]
    assert len(csv_rows) == len(lines) == len(sheet_rows) > 20
    for row, line, cell in zip(csv_rows, lines, sheet_rows, strict=True):
        assert row["Sự việc"] == line["told"] == cell["Sự việc"]
        assert row["Mã hồ sơ"] == line["local_id"] == cell["Mã hồ sơ"]
        assert row["Mã băm của mục"] == line["hash"]
        assert line["hash"].startswith(cell["Mã băm của mục"])
        assert cell["Thời điểm"].strftime("%d/%m/%Y %H:%M:%S") == row["Thời điểm"]


def test_a_workbook_says_what_it_is_and_keeps_its_headings_in_sight(world):
    path = taken(world, "a.xlsx", "--outcome", "bị từ chối", "--from", "01/01/2020")
    about = dict(CalamineWorkbook.from_path(str(path)).get_sheet_by_name("Thông tin").to_python()[2:])
    assert about["Môi trường"] == "MÔI TRƯỜNG THỬ NGHIỆM"
    assert about["Phạm vi"] == "từ ngày: 01/01/2020; kết quả: Bị từ chối"
    head = manifest_of(path)["head"]
    assert about["Cuối nhật ký khi trích"].replace(".", "") == f"{head['seq']}: {head['hash']}"
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
    assert '<pane xSplit="2" ySplit="1"' in sheet
    assert "<autoFilter " in sheet


def test_one_may_ask_by_record_kind_period_person_and_outcome(world):
    entries = log_of(world)
    by_record = rows_of(taken(world, "r.csv", "--record", "don 4"))
    assert (tops(by_record, "Loại hồ sơ"), tops(by_record, "Mã hồ sơ")) == ({"Đơn"}, {"bentre:4"})
    assert len(by_record) == sum((e["kind"], e["local_id"]) == ("petition", "bentre:4") for e in entries)
    assert tops(rows_of(taken(world, "k.csv", "--kind", "lượt tiếp")), "Loại hồ sơ") == {"Lượt tiếp"}
    refused = rows_of(taken(world, "o.csv", "--outcome", "Bị từ chối"))
    assert tops(refused, "Kết quả") == {"Bị từ chối"}
    assert len(refused) == len(rows_of(taken(world, "o2.csv", "--outcome", "rejected"))) > 0
    assert rows_of(taken(world, "p.csv", "--to", "2020-01-01")) == []
    mine = entries[0]["actor"]
    assert len(rows_of(taken(world, "b.csv", "--by", mine))) > len(entries)
    assert rows_of(taken(world, "n.csv", "--by", "nobody-of-here")) == []
    assert log_of(world)[-1]["facts"]["filters"] == {
        "by": "?"
    }  # a name that the log did not know enters it by no back door


def test_days_are_those_of_vietnam(world):
    """At 02:00 in Vietnam it is the day before in UTC."""
    days = {row["Thời điểm"][:10] for row in rows_of(taken(world, "a.csv"))}
    first = min(days, key=lambda day: day.split("/")[::-1])
    picked = rows_of(taken(world, "d.csv", "--from", first, "--to", first))
    assert {row["Thời điểm"][:10] for row in picked} == {first}
    assert sum(row["Thời điểm"][:10] == first for row in rows_of(taken(world, "b.csv"))) >= len(picked) > 0


# --- what it hides -------------------------------------------------------------------------------------------------


def names_in(source: Path) -> set[str]:
    with closing(sqlite3.connect(source)) as connection:
        return {str(row[0]) for row in connection.execute("SELECT HoTen FROM don_thu_doi_tuong_di_kntc") if row[0]}


@pytest.mark.parametrize("form", FORMS)
def test_a_masked_extract_holds_no_name_no_content_no_reason_and_no_word_of_a_refusal(world, form):
    text = text_of(taken(world, f"a.{form}"))
    assert not [name for name in names_in(source_path(world.folder)) if name in text]
    assert not [word for word in (REFUSED, "Chờ số liệu mới", CANARY, "Khiếu nại quyết định") if word in text]


@pytest.mark.parametrize("form", FORMS)
def test_an_unmasked_extract_tells_names_contents_reasons_and_refusals_but_of_no_denouncer(world, form):
    text = text_of(taken(world, f"u.{form}", "--unmask", "--reason", REASON))
    names = names_in(source_path(world.folder))
    assert len([name for name in names if name in text]) > 3
    for told in (REFUSED, "Chờ số liệu mới", "Danh tính được giữ kín", "Nội dung được giữ kín"):
        assert told in text
    assert CANARY.lower() not in text.lower()


def test_reasons_about_what_is_kept_secret_are_kept_secret_too(world):
    """A denunciation's reasons may name who wrote it: `kntc audit log` shows them, a file that travels does not."""
    hidden = next(row for row in rows_of(taken(world, "u.csv", "--unmask", "--reason", REASON))
                  if row["Loại hồ sơ"] == "Đơn" and row["Nội dung"] == "Nội dung được giữ kín")  # fmt: skip
    world("resync", "petition", hidden["Mã hồ sơ"], "--reason", "Bà con xóm trên hỏi")
    world("pause", "petition", hidden["Mã hồ sơ"], "--reason", "Bà con xóm dưới hỏi")
    assert "xóm dưới" in world("audit", "log").text
    assert "xóm dưới" not in text_of(taken(world, "v.csv", "--unmask", "--reason", REASON))


def test_without_a_reason_nothing_is_unmasked_and_nothing_written(world):
    before = log_of(world)
    for args in (("--unmask",), ("--unmask", "--reason", "  ")):
        said = world("audit", "extract", world.folder / "u.csv", *args)
        assert (said.code, "E-REASON-NEEDED" in said.err) == (2, True)
    assert not list(world.folder.glob("*u.csv*"))
    assert log_of(world) == before


def test_an_extract_is_an_entry_and_that_of_one_record_is_in_its_story(world):
    path = taken(world, "u.csv", "--record", "don 4", "--unmask", "--reason", REASON)
    entry = log_of(world)[-1]
    assert (entry["event"], entry["local_id"], entry["reason"]) == ("audit.unmasked", "bentre:4", "matches")
    assert entry["facts"]["count"] == len(rows_of(path))
    assert entry["facts"]["filters"] == {"record": "petition/bentre:4"}
    assert manifest_of(path)["sha256"] not in json.dumps(entry)  # a small file could be tried out
    assert manifest_of(path)["noted"] == {"seq": entry["seq"], "hash": entry["hash"]}
    assert "KHÔNG che thông tin cá nhân" in world("explain", "don", "4").text
    taken(world, "a.csv")
    assert log_of(world)[-1]["event"] == "audit.extracted"
    assert world("audit", "verify").code == 0


# --- where it goes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a.txt", "E-EXTRACT-NAME"),
        ("a", "E-EXTRACT-NAME"),
        ("CON.csv", "E-EXTRACT-NAME"),
        ("a:b.csv", "E-EXTRACT-NAME"),
        ("a\u202evsc.csv", "E-EXTRACT-NAME"),
        ("a\nb.csv", "E-EXTRACT-NAME"),
        ("x" * 250 + ".csv", "E-EXTRACT-NAME"),
        ("nowhere/a.csv", "E-EXTRACT-FOLDER"),
        ("config.toml/a.csv", "E-EXTRACT-FOLDER"),
    ],
)
def test_a_path_that_cannot_be_meant_is_refused_before_anything_is_read(world, name, rule):
    before = sorted(world.folder.rglob("*"))
    said = world("audit", "extract", world.folder / name)
    assert (said.code, rule in said.err) == (65, True), said.err
    assert not any(ord(c) < 32 and c != "\n" for c in said.err)
    assert sorted(world.folder.rglob("*")) == before


def test_no_file_is_written_over_nor_through_a_link(world):
    target = world.folder / "a.csv"
    target.write_text("mine")
    assert "E-EXPORT-THERE" in world("audit", "extract", target).err
    assert target.read_text() == "mine"
    target.unlink()
    target.symlink_to(world.folder / "elsewhere.csv")
    assert "E-EXPORT-THERE" in world("audit", "extract", target).err
    target.unlink()
    (world.folder / "a.csv.manifest.json").write_text("of a file that was moved")
    assert "E-EXPORT-THERE" in world("audit", "extract", target).err
    assert not target.exists()
    assert not (world.folder / "elsewhere.csv").exists()


def test_only_its_owner_can_read_it_and_no_draft_stays(world):
    old = world.folder / ".a.xlsx.123.tmp"
    old.write_text("left by a killed process")
    os.utime(old, (0, 0))
    path = taken(world, "a.xlsx", "--unmask", "--reason", REASON)
    assert [oct(p.stat().st_mode & 0o777) for p in sorted(world.folder.glob("a.xlsx*"))] == ["0o600", "0o600"]
    assert [p.name for p in world.folder.iterdir() if p.name.startswith(".")] == []
    assert path.stat().st_nlink == 1


def test_days_the_wrong_way_round_and_outcomes_that_no_entry_has_are_named(world):
    turned = world("audit", "extract", world.folder / "a.csv", "--from", "2026-02-01", "--to", "01/01/2026")
    assert (turned.code, "E-EXTRACT-PERIOD" in turned.err) == (65, True)
    assert "E-STATE-UNKNOWN" in world("audit", "extract", world.folder / "a.csv", "--outcome", "blocked").err
    assert "E-KEY-UNKNOWN" in world("audit", "extract", world.folder / "a.csv", "--record", "don 999999").err


def test_a_workbook_of_many_entries_has_several_sheets_and_of_too_many_is_refused_whole(world, monkeypatch):
    entries = len(log_of(world))
    monkeypatch.setattr(extract_files, "ROWS_OF_A_SHEET", entries // 2)
    book = CalamineWorkbook.from_path(str(taken(world, "a.xlsx", "--to", "2099-01-01", "--kind", "petition")))
    assert len(book.sheet_names) == 2
    monkeypatch.setattr(extract_files, "ROWS_OF_A_SHEET", entries // 2 + 1)
    two = CalamineWorkbook.from_path(str(taken(world, "b.xlsx")))
    assert two.sheet_names == ["Thông tin", "Nhật ký 1", "Nhật ký 2"]
    rows = [row for name in two.sheet_names[1:] for row in two.get_sheet_by_name(name).to_python()[1:]]
    assert [int(row[0]) for row in rows] == list(range(1, entries + 2))
    monkeypatch.setattr(extract_files, "ROWS_OF_A_SHEET", 10)
    said = world("audit", "extract", world.folder / "c.xlsx")
    assert (said.code, "E-EXTRACT-LONG" in said.err) == (65, True)
    assert [p.name for p in world.folder.iterdir() if "c.xlsx" in p.name or p.name.startswith(".")] == []
    assert log_of(world)[-1]["facts"]["count"] == entries + 1  # of b.xlsx: nobody took the other one


def test_an_empty_extract_is_one_too(world):
    for form in FORMS:
        path = taken(world, f"none.{form}", "--to", "2020-01-01")
        assert manifest_of(path)["entries"] == 0
        assert world("audit", "extract", "--check", path).code == 0


# --- what it is worth ----------------------------------------------------------------------------------------------


def checked(world: World, path: Path) -> Said:
    said = world("audit", "extract", "--check", path)
    said.assert_narrow()
    return said


@pytest.mark.parametrize("form", FORMS)
def test_an_extract_is_verified_against_its_manifest_and_the_log(world, form):
    path = taken(world, f"a.{form}")
    said = checked(world, path)
    assert (said.code, said.out.count("ĐẠT")) == (0, 3), said.out + said.err
    found = world("audit", "extract", "--check", path, "--json").json
    assert found["compared"] == {"file": "matches", "log": "matches", "noted": "matches"}
    assert (found["entries"], found["exit_code"]) == (manifest_of(path)["entries"], 0)


def edit(path: Path, change: dict[str, Any]) -> None:
    beside = path.with_name(f"{path.name}.manifest.json")
    beside.write_text(json.dumps(manifest_of(path) | change), encoding="utf-8")


def test_what_was_done_to_file_or_manifest_shows(world):
    path = taken(world, "a.csv", "--outcome", "rejected")
    whole, beside = path.read_bytes(), path.with_name("a.csv.manifest.json")
    said = beside.read_bytes()
    path.write_bytes(whole.replace(b"root", b"toor") + b" ")
    assert (checked(world, path).code, "E-EXTRACT-FILE" in checked(world, path).err) == (10, True)
    path.write_bytes(whole)
    for change in ({"filters": {}}, {"entries": 9}, {"masked": False}, {"made_by": "an.nguyen"}, {"form": "x"}):
        edit(path, change)
        tried = checked(world, path)
        assert (tried.code, "E-EXTRACT-NOTED" in tried.err) == (10, True), change
    beside.write_bytes(said)
    edit(path, {"head": {"seq": 3, "hash": "0" * 64}})
    assert (checked(world, path).code, "E-EXTRACT-LOG" in checked(world, path).err) == (10, True)
    edit(path, {"noted": {"seq": 10**9, "hash": "0" * 64}})
    assert checked(world, path).code == 10
    for rubbish in (b"", b"{", b"[]", b"\xff", b'{"format": 1}', json.dumps({"noted": {}}).encode(), b"[" * 100_000):
        beside.write_bytes(rubbish)
        assert (checked(world, path).code, "E-EXTRACT-MANIFEST" in checked(world, path).err) == (13, True), rubbish[:9]
    beside.unlink()
    assert checked(world, path).code == 11
    beside.write_bytes(said)
    path.unlink()
    assert checked(world, path).code == 11


def test_file_and_manifest_that_were_both_made_anew_do_not_pass(world):
    """Whoever can count a SHA-256 can write a manifest; he cannot write the entry."""
    import hashlib  # noqa: PLC0415 - as whoever forges it would

    path = taken(world, "a.csv")
    forged = path.read_bytes().replace("Bị từ chối".encode(), "CSDLQG đã nhận".encode())
    path.write_bytes(forged)
    edit(path, {"sha256": hashlib.sha256(forged).hexdigest(), "size_bytes": len(forged)})
    said = checked(world, path)
    assert (said.code, "E-EXTRACT-NOTED" in said.err) == (10, True)


def test_an_extract_of_another_store_or_without_one_is_said_to_be_not_compared(world):
    path = taken(world, "a.csv")
    edit(path, {"store": "0" * 16})
    said = checked(world, path)
    assert (said.code, "chưa đối chiếu được" in said.text) == (12, True)
    shutil.rmtree(world.folder / "data")
    assert checked(world, path).code == 12


def test_a_tampered_entry_is_not_passed_on(world):
    with sqlite3.connect(world.folder / "data" / "kntc.sqlite") as connection:
        connection.execute("DROP TRIGGER audit_entry_is_never_changed")
        first = "(SELECT min(seq) FROM audit_entry WHERE event = 'record.recorded')"
        change = f"UPDATE audit_entry SET content = replace(content, 'pending', 'rejected') WHERE seq = {first}"
        assert connection.execute(change).rowcount == 1
    connection.close()
    said = world("audit", "extract", world.folder / "a.csv")
    assert (said.code, "E-AUDIT-HASH" in said.err) == (10, True)
    assert not list(world.folder.glob("*a.csv*"))


def test_a_store_that_went_back_in_time_gives_no_extract(world):
    head = world.folder / "data" / f"{AGENCY}.head.json"
    said = json.loads(head.read_text())
    head.write_text(json.dumps(said | {"seq": said["seq"] + 5}), encoding="ascii")
    tried = world("audit", "extract", world.folder / "a.csv")
    assert (tried.code, "E-STORE-ROLLED-BACK" in tried.err) == (78, True)
    assert not list(world.folder.glob("*a.csv*"))
