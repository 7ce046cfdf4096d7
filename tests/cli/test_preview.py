"""`kntc mapping preview`: one source record beside what it would become, before anything is recorded; masked."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from connector.cli.previewing import WIDTHS, _broken
from connector.core.model import Kind
from connector.sample.agency import build
from connector.sample.edits import mark_secret
from connector.sandbox import Sandbox
from connector.telling.words import LANGUAGES
from tests.cli.conftest import CANARY, World
from tests.world import AGENCY, credentials, install, source_path


@pytest.fixture
def unread(tmp_path: Any) -> Any:
    """An agency that has never been synced, with a canary in all that a denouncer says."""
    build(source_path(tmp_path), 7, petitions=20, canary=CANARY)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        yield World(tmp_path, sandbox, install(tmp_path, sandbox.base_url))


def petition_of(world: World, where: str) -> int:
    with closing(sqlite3.connect(source_path(world.folder))) as connection:
        return int(connection.execute(f"SELECT IdDonThu FROM don_thu WHERE {where}").fetchone()[0])


def change(world: World, sql: str) -> None:
    with closing(sqlite3.connect(source_path(world.folder))) as connection, connection:
        connection.execute(sql)


def lines_of(said: Any) -> dict[str, Any]:
    return {line["pointer"]: line for line in said.json["fields"]}


def names(world: World) -> list[str]:
    with closing(sqlite3.connect(source_path(world.folder))) as connection:
        found = connection.execute("SELECT HoTen, DiaChiChiTiet FROM don_thu_doi_tuong_di_kntc WHERE HoTen <> ''")
        return [value for row in found for value in row if value]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_complaint_stands_beside_its_document_with_its_people_masked(unread: World, lang: str) -> None:
    said = unread("mapping", "preview", "don", str(petition_of(unread, "LoaiDonThu = 1")), lang=lang)
    assert said.code == 0
    said.assert_narrow()
    lines = said.out.splitlines()
    assert any(line.startswith("don_thu.LoaiDonThu") and "| /type: " in line for line in lines)
    assert ("Khiếu nại" if lang == "vi" else "Complaint") in said.out
    assert "loai-don" in said.out
    assert len(names(unread)) > 5
    assert not [value for value in names(unread) if value in said.out]
    assert not list((unread.folder / "data").glob("*"))


def test_the_id_may_bring_its_source_and_machines_are_told_the_same(unread: World) -> None:
    id_ = petition_of(unread, "LoaiDonThu = 1")
    said = unread("mapping", "preview", "petition", f"bentre:{id_}", "--json")
    line = lines_of(said)["/type"]
    assert (line["column"], line["source"], line["target"]) == ("don_thu.LoaiDonThu", "1", "Khiếu nại")
    assert (said.json["becomes_document"], said.json["problems"]) == (True, [])
    assert "Status" not in said.json["unread"]  # the withdrawal's condition reads it
    assert "/withdrawn" in said.json["silent"]


def test_a_code_that_is_read_from_a_name_does_not_show_the_name(unread: World) -> None:
    """Whoever looked at a record saw the name beside "named": the field is open, but what it is read from is not."""
    folder = unread.folder / "mappings" / "bentre"
    rules = (folder / "petition.toml").read_text("utf-8")
    old = '"/petitioners/*/disclosure" = { column = "NeuTen" }'
    assert old in rules
    new = '"/petitioners/*/disclosure" = { column = "HoTen", codes = "neu-ten" }'
    (folder / "petition.toml").write_text(rules.replace(old, new), encoding="utf-8")
    codes = 'name = "neu-ten"\nlist = "disclosure"\nsource = "x.HoTen"\nmatch = "folded"\ndefault = "named"\n[map]\n'
    (folder / "codes" / "neu-ten.toml").write_text(codes + '"Đơn nặc danh" = "anonymous"\n', encoding="utf-8")
    complaint = unread("mapping", "preview", "petition", str(petition_of(unread, "LoaiDonThu = 1")), "--json")
    line = lines_of(complaint)["/petitioners/*/disclosure"]
    assert (line["source"], line["target"]) == ("(đã che)", "Nêu rõ danh tính")
    denunciation = unread("mapping", "preview", "petition", str(petition_of(unread, "LoaiDonThu = 2")), "--json")
    line = lines_of(denunciation)["/petitioners/*/disclosure"]
    assert (line["source"], line["target"]) == ("", "Danh tính được giữ kín")
    assert len(names(unread)) > 5
    assert not [value for value in names(unread) if value in complaint.out + denunciation.out]


def test_of_a_denunciation_nothing_personal_is_told_not_even_whether_there_is_any(unread: World) -> None:
    id_ = petition_of(unread, "LoaiDonThu = 2")
    said = unread("mapping", "preview", "petition", str(id_), "--json")
    assert said.json["concealed"]
    assert said.json["silent"] == []
    assert lines_of(said)["/petitioners"]["source"] == "Danh tính được giữ kín"
    change(unread, f"DELETE FROM don_thu_nguoi_dai_dien WHERE IdDonThu = {id_}")
    emptied = unread("mapping", "preview", "petition", str(id_), "--json")
    assert lines_of(emptied)["/petitioners"] == lines_of(said)["/petitioners"]
    shown = unread("mapping", "preview", "petition", str(id_))
    assert CANARY not in said.out + shown.out
    assert "(không có)" not in shown.out


def test_a_problem_stands_at_its_field_and_the_others_still_say_what_they_become(unread: World) -> None:
    id_ = petition_of(unread, "LoaiDonThu = 1")
    unread.edit(Kind.PETITION, id_, "NgayNhanDon", "31/02/2024")
    said = unread("mapping", "preview", "petition", str(id_), lang="en")
    assert said.code == 1
    said.assert_narrow()
    assert "| 31/02/2024         | /received_on: E-MAP-DATE" in said.out
    assert "| /type: Complaint" in said.out
    assert "It becomes NO document" in said.out
    shown = unread("mapping", "preview", "petition", str(id_), "--json").json
    assert shown["problems"] == [{"pointer": "/received_on", "rule": "E-MAP-DATE", "column": "don_thu.NgayNhanDon"}]


def test_a_problem_of_no_field_that_is_shown_is_told_below(unread: World) -> None:
    id_ = petition_of(unread, "LoaiDonThu = 1")
    unread.edit(Kind.PETITION, id_, "NgayNhanDon", None)
    said = unread("mapping", "preview", "petition", str(id_), lang="en")
    assert said.code == 1
    assert "E-DOC-REQUIRED" in said.out


def test_a_record_that_cannot_be_read_whole_is_told_with_its_reason(unread: World) -> None:
    id_ = petition_of(unread, "LoaiDonThu = 1")
    unread.edit(Kind.PETITION, id_, "NoiDungDonThu", "x" * 1_000_001)
    said = unread("mapping", "preview", "petition", str(id_), lang="en")
    assert said.code == 1
    assert "E-MAP-TEXT" in said.out
    assert said.out.count("\n") < 10


def test_what_hangs_on_a_denunciation_or_on_nothing_is_as_masked_as_in_a_run(unread: World) -> None:
    with closing(sqlite3.connect(source_path(unread.folder))) as connection:
        query = """SELECT x.IDKetQua, d.IdDonThu FROM don_thu_ket_qua_xu_ly x JOIN don_thu d ON d.IdDonThu = x.IDDonThu
                   WHERE d.LoaiDonThu = ?"""
        denounced, _ = connection.execute(query, (2,)).fetchone()
        handling, petition = connection.execute(query, (1,)).fetchone()
    assert unread("mapping", "preview", "xử lý đơn", str(denounced), "--json").json["concealed"]
    assert not unread("mapping", "preview", "xử lý đơn", str(handling), "--json").json["concealed"]
    change(unread, f"DELETE FROM don_thu WHERE IdDonThu = {petition}")
    change(unread, f"DELETE FROM don_thu_thong_tin_don_thu WHERE IdDonThu = {petition}")
    assert unread("mapping", "preview", "xử lý đơn", str(handling), "--json").json["concealed"]


def test_a_draft_a_secret_and_what_is_not_there_cannot_be_told_apart(unread: World) -> None:
    draft, secret = (petition_of(unread, f"LoaiDonThu = {type_}") for type_ in (1, 3))
    change(unread, f"INSERT INTO bo_sung VALUES ({draft}, 1, 0)")
    mark_secret(source_path(unread.folder), secret)
    answers = [unread("mapping", "preview", "petition", str(id_), lang="en") for id_ in (draft, secret, 99999)]
    assert [said.code for said in answers] == [65, 65, 65]
    told = {said.err.replace(str(id_), "?") for said, id_ in zip(answers, (draft, secret, 99999), strict=True)}
    assert len(told) == 1
    assert "E-PREVIEW-NOT-SELECTED" in told.pop()


def test_what_was_sent_concealed_is_not_shown_because_somebody_calls_it_a_complaint_now(
    synced: World, tmp_path: Any
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(synced.folder, folder)
    copied = World(folder, synced.sandbox, folder / synced.config.name)
    id_ = petition_of(copied, "LoaiDonThu = 2")
    copied.edit(Kind.PETITION, id_, "LoaiDonThu", 1)
    said = copied("mapping", "preview", "petition", str(id_), "--json")
    assert said.json["concealed"]
    assert CANARY not in said.out


def test_an_id_that_no_key_can_be_is_not_there_and_no_fault_of_the_database(unread: World) -> None:
    for id_ in ("khong-so", "9" * 30, "1.5"):
        said = unread("mapping", "preview", "petition", id_)
        assert (said.code, "E-PREVIEW-NOT-SELECTED" in said.err) == (65, True)


def test_a_kind_that_the_mapping_has_not_is_named(unread: World) -> None:
    assert unread("mapping", "preview", "giấy", "1").code == 65


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("don_thu.LoaiDonThu (bảng mã loai-don)", ["don_thu.LoaiDonThu (bảng mã", "loai-don)"]),
        ("don_thu_thong_tin_don_thu.NguonDonDen", ["don_thu_thong_tin_don_thu.", "NguonDonDen"]),
        ("/respondents/*/organisation/address/line: Ấp 1", ["/respondents/*/organisation", "/address/line: Ấp 1"]),
        ("don_thu_quyet_dinh_giai_quyet.NgayTao", ["don_thu_quyet_dinh_giai_", "quyet.NgayTao"]),
        ("x" * 60, ["x" * 28, "x" * 28, "x" * 4]),
        ("ab " + "x" * 30, ["ab", "x" * 28, "xx"]),
    ],
)  # fmt: skip
def test_a_long_name_breaks_where_a_person_would_break_it(text: str, lines: list[str]) -> None:
    assert _broken(text, WIDTHS[0]) == lines
