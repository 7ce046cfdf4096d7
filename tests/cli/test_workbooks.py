"""Lists of decisions leave as workbooks and come back: only good marks count, and all of it or nothing."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import python_calamine as calamine

from connector.core.file_tables import FileTable
from connector.core.model import Kind
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.sources.table_rows import Rows
from connector.sources.workbook import read_workbook
from tests.cli.conftest import CANARY, Said, World, break_rows
from tests.sources.workbooks import archive, filled
from tests.world import AGENCY, OTHER, credentials, install, source_path

SELECT = ("--map", "huong-xu-ly", "--select", "SELECT ma, ten FROM dm_huong")
FORMULA = '=HYPERLINK("http://x";"y")'


@pytest.fixture(scope="module")
def after_sync(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An agency after a sync that held some records back; never changed, only copied."""
    folder = tmp_path_factory.mktemp("held")
    build(source_path(folder), 7, petitions=20, canary=CANARY)
    break_rows(folder)
    with Sandbox(credentials=credentials(AGENCY, OTHER), seed=7) as sandbox:
        made = World(folder, sandbox, install(folder, sandbox.base_url))
        assert made("sync").code == 1
        yield made


@pytest.fixture
def held(after_sync: World, tmp_path: Path) -> World:
    """A copy of it, to be changed."""
    shutil.copytree(after_sync.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, after_sync.sandbox, tmp_path / "config.toml")


def written(world: World, *args: str | Path) -> Path:
    path = world.folder / "list.xlsx"
    said = world("quarantine", "workbook", path, *args)
    assert said.code == 0, said.err
    return path


def rows_of(path: Path, sheet: str = "Quyết định") -> list[list[str]]:
    return [
        [str(cell) for cell in row] for row in calamine.load_workbook(str(path)).get_sheet_by_name(sheet).to_python()
    ]


def part_of(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as opened:
        return opened.read(name).decode()


def decide(path: Path, **cells: str) -> Path:
    path.write_bytes(filled(path.read_bytes(), cells))
    return path


def keys_of(path: Path) -> list[tuple[str, str]]:
    return [(row[1], row[2]) for row in rows_of(path)[5:]]


def test_the_workbook_has_titles_a_fixed_heading_drop_downs_and_readable_widths(held: World) -> None:
    path = written(held)
    rows = rows_of(path)
    assert rows[0][0].startswith("Hồ sơ lỗi dữ liệu, chờ sửa")
    assert rows[4] == [
        "STT", "Loại", "Mã hồ sơ", "Từ ngày", "Lỗi gì", "Cột ở nguồn", "Đã có người biết", "Quyết định", "Lý do",
        "Dấu kiểm",
    ]  # fmt: skip
    assert len(rows) == 5 + len(held("quarantine", "list", "--json").json["records"])
    assert "E-MAP-DATE" in " ".join(rows[5] + rows[6] + rows[7])
    sheet = part_of(path, "xl/worksheets/sheet1.xml")
    assert 'topLeftCell="A6"' in sheet
    assert 'state="frozen"' in sheet
    assert "&quot;Đọc lại,Đã biết,Để sau&quot;" in sheet or '"Đọc lại,Đã biết,Để sau"' in sheet
    widths = [float(found) for found in re.findall(r'<col [^>]*width="([\d.]+)"', sheet)]
    assert all(6 <= width <= 50 for width in widths)
    assert "<f>" not in sheet
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert CANARY not in "".join(map(str, rows))


def test_it_is_not_written_over_a_list_that_is_there_nor_under_another_ending(held: World) -> None:
    path = written(held)
    before = path.read_bytes()
    said = held("quarantine", "workbook", path)
    assert (said.code, path.read_bytes() == before) == (65, True)
    assert held("quarantine", "workbook", held.folder / "list.csv").code == 65


def test_a_folder_that_is_not_there_is_named_and_not_made(held: World) -> None:
    for folder in (held.folder / "lists", held.folder / "config.toml"):
        said = held("quarantine", "workbook", folder / "list.xlsx", "--lang", "en")
        assert (said.code, "E-WORKBOOK-FOLDER" in said.err, folder.is_dir()) == (65, True, False)


def test_decisions_are_carried_out_with_who_and_why_and_only_once(held: World) -> None:
    path = written(held)
    keys = keys_of(path)
    decide(path, H6="Đọc lại", I6="đã sửa", H7="acknowledge", H8="Để sau")
    tried = held("quarantine", "apply", path, "--reason", "chờ cán bộ", "--dry-run")
    assert "1 dòng: Đọc lại 1 dòng: Đã biết Không ghi gì." in tried.text
    said = held("quarantine", "apply", path, "--reason", "chờ cán bộ")
    assert said.code == 0, said.err
    listed = {each["local_id"] + each["kind"]: each for each in held("quarantine", "list", "--json").json["records"]}
    known = [each for each in listed.values() if each["acknowledged_by"]]
    assert [(held_kind(keys[1][0]), keys[1][1])] == [(each["kind"], each["local_id"]) for each in known]
    log = held("audit", "log").text
    assert "Lý do: “đã sửa”" in log
    assert "Lý do: “chờ cán bộ”" in log
    again = held("quarantine", "apply", path, "--reason", "x")
    assert again.code == 65
    assert "E-WORKBOOK-CHANGED" in again.err


def held_kind(label: str) -> str:
    return {"Đơn": "petition", "Xử lý đơn": "handling"}[label]


def test_a_list_that_changed_since_is_refused_whole(held: World) -> None:
    path = decide(written(held), H6="Đọc lại")
    held.edit(Kind.PETITION, 4, "NgayNhanDon", "31/02/2024")
    held("sync")
    said = held("quarantine", "apply", path, "--reason", "r")
    assert (said.code, "E-WORKBOOK-CHANGED" in said.err) == (65, True)
    part = decide(written_anew(held, "--kind", "petition"), H6="Đọc lại")
    assert held("quarantine", "apply", part, "--reason", "r").code == 65  # another part of the list than was written
    assert held("quarantine", "apply", part, "--kind", "petition", "--reason", "r").code == 0


def test_a_record_that_is_sent_while_the_file_is_read_makes_the_whole_file_void(
    held: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon works on: between the reading of a file and the commit, a mended row can go by itself."""
    path = decide(written(held), H6="Đọc lại", H7="Đã biết", H8="Đã biết")

    def answer(content: bytes, table: FileTable) -> Rows:
        found = read_workbook(content, table)
        held.edit(Kind.PETITION, 2, "LoaiDonThu", 1)
        assert held("sync").code == 1
        return found

    monkeypatch.setattr("connector.sources.workbook.read_workbook", answer)
    said = held("quarantine", "apply", path, "--reason", "r")
    assert (said.code, "E-WORKBOOK-CHANGED" in said.err) == (65, True)
    listed = held("quarantine", "list", "--json").json["records"]
    assert listed
    assert not any(each["acknowledged_by"] for each in listed)


def written_anew(world: World, *args: str) -> Path:
    (world.folder / "list.xlsx").unlink()
    return written(world, *args)


def test_no_cell_but_the_mark_says_which_row_it_is(held: World) -> None:
    """Somebody sorts the sheet, or types over a key: the decision stays with the mark."""
    path = written(held)
    rows = rows_of(path)
    decide(path, C6="demo:999", B6="Đơn khác", J6=rows[6][9], J7=rows[5][9], H6="Đã biết", I6="r")
    assert held("quarantine", "apply", path).code == 0
    known = [each for each in held("quarantine", "list", "--json").json["records"] if each["acknowledged_by"]]
    assert [(each["kind"], each["local_id"]) for each in known] == [(held_kind(rows[6][1]), rows[6][2])]


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"H6": "Xóa hết"}, "Dòng 6: quyết định không có"),
        ({"H6": "Đọc lại"}, "Dòng 6: thiếu lý do"),
        ({"H6": "Đọc lại", "I6": "r", "J6": "0123456789abcdef"}, "Dòng 6: dấu kiểm"),
        ({"H7": FORMULA}, "Dòng 7: quyết định không có"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named_and_nothing_counts(held: World, cells: dict[str, str], named: str) -> None:
    path = decide(written(held), H8="Đã biết", I8="r", **cells)
    said = held("quarantine", "apply", path)
    said.assert_narrow()
    assert said.code == 65
    assert named in said.text
    assert not any(each["acknowledged_by"] for each in held("quarantine", "list", "--json").json["records"])


def test_a_row_copied_below_itself_is_named(held: World) -> None:
    path = written(held)
    rows = rows_of(path)
    decide(path, J7=rows[5][9], H6="Đã biết", I6="r")
    said = held("quarantine", "apply", path)
    assert (said.code, "Dòng 7: lặp lại" in said.text) == (65, True)


def test_what_is_no_such_workbook_is_refused_with_its_reason(held: World) -> None:
    path = written(held)
    good = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(good)) as opened:
        parts = {name: opened.read(name) for name in opened.namelist()}
    bomb = archive({**parts, "xl/media/x": b"0" * 200 * 2**20})
    other_sheet = archive({**parts, "xl/workbook.xml": parts["xl/workbook.xml"].replace("Quyết định".encode(), b"x")})
    for content, why in (
        (b"", "format"), (b"PK\x03\x04", "format"), (good[:2000], "format"), (bomb, "bomb"), (other_sheet, "sheet"),
        (b"0" * (9 * 2**20), "bytes"),
    ):  # fmt: skip
        path.write_bytes(content)
        said = held("quarantine", "apply", path, "--reason", "r")
        assert (said.code, "E-WORKBOOK-UNREADABLE" in said.err) == (65, True), why
        assert why in said.err
    path.unlink()
    assert held("quarantine", "apply", path, "--reason", "r").code == 65


def test_a_pipe_is_no_workbook_and_is_not_waited_for(held: World) -> None:
    os.mkfifo(held.folder / "list.xlsx")
    said = held("quarantine", "apply", held.folder / "list.xlsx", "--reason", "đã xem")
    assert said.code == 65
    assert "E-WORKBOOK-UNREADABLE" in said.err


def test_without_a_national_list_no_workbook_of_matches_is_written(held: World) -> None:
    said = held("catalogue", "match", "--workbook", held.folder / "match.xlsx")
    assert said.code == 65
    assert "E-CATALOGUE-NONE-READ" in said.err
    assert not (held.folder / "match.xlsx").exists()


def test_the_list_of_one_agency_is_no_list_of_another(held: World) -> None:
    path = decide(written(held), H6="Đọc lại")
    install(held.folder, held.sandbox.base_url, agencies=(AGENCY, OTHER))
    (held.folder / f"{OTHER}.sqlite").write_bytes(source_path(held.folder).read_bytes())
    assert held("quarantine", "apply", path, "--reason", "r").code == 2  # whose?
    assert held("quarantine", "apply", path, "--agency", OTHER, "--reason", "r").code == 65
    assert held("quarantine", "apply", path, "--agency", AGENCY, "--reason", "r").code == 0


# --- matches


@pytest.fixture
def pulled(world: World) -> World:
    """The agency with the national lists, and a table of its own codes in which one name is a formula."""
    assert world("catalogue", "pull").code == 0
    with sqlite3.connect(source_path(world.folder)) as connection:
        connection.execute("CREATE TABLE dm_huong (ma TEXT, ten TEXT)")
        rows = [("H", "Hướng dẫn"), ("31", "Đôn đốc việc giải quyết"), ("32", FORMULA)]
        connection.executemany("INSERT INTO dm_huong VALUES (?, ?)", rows)
    return world


def matches(world: World, *args: str) -> tuple[Path, Said]:
    path = world.folder / "match.xlsx"
    return path, world("catalogue", "match", *args, "--workbook", path)


def map_text(world: World) -> str:
    return (world.folder / "mappings" / "bentre" / "codes" / "huong-xu-ly.toml").read_text(encoding="utf-8")


def test_decided_matches_go_into_the_code_map_and_nowhere_else(pulled: World) -> None:
    path, said = matches(pulled, *SELECT)
    assert said.code == 0, said.err
    rows = rows_of(path)
    assert [row[2] for row in rows[5:]] == ["H", "31", "32"]
    assert rows[7][3] == FORMULA
    assert "<f>" not in part_of(path, "xl/worksheets/sheet1.xml")
    assert ["guided", "Hướng dẫn"] in rows_of(path, "Danh mục")
    before = map_text(pulled)
    decide(path, I6="Nhận gợi ý", K6="cùng nghĩa", I8="Chọn mã khác", J8="filed", K8="họp ngày 26/11")
    tried = pulled("catalogue", "apply", path, *SELECT, "--dry-run")
    assert (tried.code, map_text(pulled) == before) == (0, True)
    done = pulled("catalogue", "apply", path, *SELECT)
    assert done.code == 0, done.err
    added = [line for line in map_text(pulled).splitlines() if line not in before.splitlines()]
    assert [line.partition("  #")[0] for line in added] == ['"H" = "guided"', '"32" = "filed"']
    assert pulled("mapping", "check").code == 0
    log = pulled("audit", "log").text
    assert "quyết định 1 mã ghép với danh mục quốc gia. Lý do: “cùng nghĩa”" in log
    assert FORMULA not in log
    again = pulled("catalogue", "apply", path, *SELECT)
    assert "E-WORKBOOK-CHANGED" in again.err
    found = pulled("catalogue", "match", *SELECT, "--json").json["maps"][0]["matches"]
    assert {each["code"]: each["mapped"] for each in found} == {"H": "guided", "31": "", "32": "filed"}


def test_machines_are_told_how_many_rows_were_written(pulled: World) -> None:
    _, said = matches(pulled, *SELECT, "--json")
    assert (said.code, said.json["rows"]) == (0, 3)


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"I8": "Nhận gợi ý", "K8": "r"}, "Dòng 8: chưa có gợi ý để nhận"),
        ({"I8": "Chọn mã khác", "J8": "no_such_code", "K8": "r"}, "Dòng 8: mã chọn không dùng được"),
        ({"I8": "Chọn mã khác", "K8": "r"}, "Dòng 8: mã chọn không dùng được"),
    ],
)
def test_only_codes_of_the_national_list_can_be_chosen(pulled: World, cells: dict[str, str], named: str) -> None:
    path, _ = matches(pulled, *SELECT)
    before = map_text(pulled)
    said = pulled("catalogue", "apply", decide(path, I6="Nhận gợi ý", K6="r", **cells), *SELECT)
    assert (said.code, named in said.text, map_text(pulled) == before) == (65, True, True)


def test_a_national_list_that_changed_since_makes_it_another_list(pulled: World) -> None:
    path, _ = matches(pulled, *SELECT)
    decide(path, I6="Nhận gợi ý", K6="r")
    pulled.sandbox.replace_catalogue("handling", {"guided": "Hướng dẫn", "filed": "Lưu"})
    pulled("catalogue", "pull")
    assert "E-WORKBOOK-CHANGED" in pulled("catalogue", "apply", path, *SELECT).err


def test_a_map_that_came_with_the_program_is_never_written_to(pulled: World) -> None:
    shutil.rmtree(pulled.folder / "mappings")
    args = ("--map", "huong-xu-ly", "--select", "SELECT ma, ten FROM dm_huong")
    path, said = matches(pulled, *args)
    assert said.code == 0, said.err
    said = pulled("catalogue", "apply", decide(path, I6="Nhận gợi ý", K6="r"), *args)
    assert (said.code, "E-MAP-FILE-SHIPPED" in said.err) == (65, True)
    assert "quyết định" not in pulled("audit", "log").text


OLD = """\
profile = "ttcp2018"
[national.ttcp2018]
base_path = "/kntc"
auth = "basic"
agencies = { "H51.01" = "H811.01" }
"""


def test_over_the_observed_interface_the_lists_of_national_codes_are_written(world: World) -> None:
    install(world.folder, world.sandbox.base_url, national=OLD)
    listed = {"2": "Hướng dẫn", "4": "Thụ lý", "5": "Chuyển đơn", "9": "Xếp lưu đơn"}
    world.sandbox.replace_catalogue("13", listed)
    assert world("catalogue", "pull").code == 0
    path, said = matches(world, "--map", "handling")
    assert said.code == 0, said.err
    at = next(number for number, row in enumerate(rows_of(path), 1) if row[2] == "filed")
    decide(path, **{f"I{at}": "Nhận gợi ý", f"K{at}": "đúng tên"})
    refused = world("catalogue", "apply", path, "--map", "handling")
    assert (refused.code, "E-WIRE-CODES-SHIPPED" in refused.err) == (65, True)
    (world.folder / "codes").mkdir()
    install(world.folder, world.sandbox.base_url, national=OLD + 'codes = "codes"\n')
    assert world("catalogue", "apply", path, "--map", "handling").code == 0
    found = json.loads((world.folder / "codes" / "handling.json").read_bytes())
    sent = {entry["code"]: entry["national"] for entry in found["codes"]}
    assert (sent["filed"], sent["accepted"]) == ("9", "4")
    assert world("check").code == 0
    after = world("catalogue", "match", "--map", "handling", "--json").json["maps"][0]["matches"]
    assert {each["code"]: each["reason"] for each in after}["filed"] == "mapped"


def test_over_the_observed_interface_a_table_of_the_agency_is_compared_and_not_decided(pulled: World) -> None:
    (pulled.folder / "data").rename(pulled.folder / "data-of-before")
    install(pulled.folder, pulled.sandbox.base_url, national=OLD)
    pulled("catalogue", "pull")
    assert pulled("catalogue", "match", *SELECT, "--json").json["maps"][0]["list"] == "13"
    _, said = matches(pulled, *SELECT)
    assert (said.code, "E-MATCH-TRANSLATED" in said.err) == (65, True)
