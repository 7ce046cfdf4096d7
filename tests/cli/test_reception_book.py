"""The reception book that is shipped, filled in as a clerk would, goes to the national side and nowhere else."""

import io
import json
import os
import time
import zipfile
from pathlib import Path

import pytest

from connector.app import open_app
from connector.config import load_config
from connector.core.file_tables import column_name
from connector.core.model import Actor
from connector.errors import SourceError
from connector.loading import compiled_schemas, mapping_at
from connector.resources import shipped
from connector.sandbox import Sandbox
from tests.cli.conftest import World
from tests.sources.workbooks import texts
from tests.world import AGENCY, credentials, install

BOOK = "so-tiep-cong-dan.xlsx"
SHEET = "xl/worksheets/sheet1.xml"
DENOUNCER = "Phạm Thị Kín"
SECRET = "CHIMYEN7788"


def folder_of_mapping() -> Path:
    return Path(str(shipped("mappings", "so-tiep-cong-dan")))


def template() -> bytes:
    return (folder_of_mapping() / BOOK).read_bytes()


def headings() -> list[str]:
    import python_calamine  # noqa: PLC0415

    return [
        str(cell) for cell in python_calamine.load_workbook(io.BytesIO(template())).get_sheet_by_index(0).to_python()[1]
    ]


def visit(code: str, **cells: str) -> dict[str, str]:
    good = {"ngay_tiep": "02/11/2026", "noi_dung": "Bồi thường đất", "loai": "KN", "so_nguoi_duoc_tiep": "1"}
    return {"ma_luot_tiep": code, **good, **cells}


class Book(World):
    """An installation whose source is the folder `so`."""

    def fill(self, *visits: dict[str, str], rested: float = 60.0) -> None:
        names = [column_name(heading) for heading in headings()]
        rows = "".join(texts(at, [cells.get(name, "") for name in names]) for at, cells in enumerate(visits, 3))
        path = self.folder / "so" / BOOK
        path.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(template())) as old, zipfile.ZipFile(path, "w") as new:
            for part in old.namelist():
                content = old.read(part).decode()
                new.writestr(part, content.replace("</sheetData>", rows + "</sheetData>") if part == SHEET else content)
        at = time.time() - rested
        os.utime(path, (at, at))

    def sent(self, code: str) -> dict:
        bodies = [json.loads(body) for body in self.sandbox.bodies() if body.startswith(b"{")]
        return next(body for body in bodies if body.get("local_id") == f"so-tcd:{code}")


@pytest.fixture
def book(tmp_path):
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        config = install(tmp_path, sandbox.base_url)
        text = config.read_text("utf-8").replace(f"sqlite:///{AGENCY}.sqlite", "files:///so")
        config.write_text(text.replace('mapping = "bentre"', 'mapping = "so-tiep-cong-dan"'), "utf-8")
        yield Book(tmp_path, sandbox, config)


def test_every_heading_of_the_template_is_a_column_that_the_mapping_reads_or_says_why_not():
    mapping = mapping_at(folder_of_mapping(), *compiled_schemas())
    kind = mapping.kind(mapping.kinds[0])
    read = " ".join((kind.select.sql, *(child.sql for child in kind.children), kind.universe.sql))
    assert [name for name in map(column_name, headings()) if name not in read] == ["so_nguoi_cung_noi_dung"]


def test_visits_of_the_book_are_sent_once_and_a_sorted_book_sends_nothing_again(book):
    full = visit(
        "2026-0002",
        stt="2",
        ho_va_ten="Nguyễn Văn Mẫu",
        dia_chi="12 Đường Mẫu",
        so_giay_to_tuy_than="079000000007",
        so_nguoi_duoc_tiep="6",
        huong_dan_den_co_quan="Thanh tra huyện",
        so_van_ban_huong_dan="12/HD",
        thuoc_tham_quyen="Không",
        hinh_thuc_tiep="Định kỳ",
        nguoi_chu_tri="Thủ trưởng",
        ghi_chu="Hẹn lại",
    )
    book.fill(full, visit("2026-0001", stt="1"))
    said = book("sync")
    assert said.code == 0, said.text
    body = book.sent("2026-0002")
    assert (body["held_on"], body["person_count"], body["is_large_group"]) == ("2026-11-02", 6, True)
    assert (body["matter_type"], body["mode"], body["received_by"]) == ("complaint", "periodic_head", "head")
    assert (body["within_authority"], body["result"], body["note"]) == (False, "guided", "Hẹn lại")
    assert body["citizens"][0]["identity"]["number"] == "079000000007"
    assert body["citizens"][0]["role"] == "representative"
    before = dict(book.sandbox.effects())
    book.fill(visit("2026-0001", stt="1"), full)
    assert book("sync").code == 0
    assert dict(book.sandbox.effects()) == before


def test_a_denunciation_is_concealed_and_a_state_secret_is_never_read(book):
    book.fill(
        visit("1", loai="TC", ho_va_ten=DENOUNCER, noi_dung=f"Tố cáo, {DENOUNCER}"),
        visit("2", loai="", ho_va_ten=DENOUNCER),
        visit("3", yeu_cau_giu_bi_mat="Có", ho_va_ten=DENOUNCER),
        visit("4", dau_mat="Mật", noi_dung=SECRET, ho_va_ten=SECRET),
    )
    said = book("sync")
    assert said.code == 0, said.text
    assert all("concealed" in book.sent(code) for code in "123")
    assert book.sandbox.held(AGENCY, "reception", "so-tcd:4") is None
    seen = b"".join(book.sandbox.bodies())
    assert DENOUNCER.encode() not in seen
    assert SECRET.encode() not in seen


def test_a_book_without_a_key_or_still_open_is_told_with_its_place_and_sent_the_next_time(book):
    book.fill(visit("1"), visit(""))
    for command in ("check", "sync"):
        said = book(command)
        assert said.code == 69, said.text
        assert "E-SOURCE-FILE-EMPTY-KEY" in said.text
        assert "A4" in said.text
    lock = book.folder / "so" / f"~${BOOK}"
    book.fill(visit("1"), visit("2"))
    lock.touch()
    assert "E-SOURCE-FILE-LOCKED" in book("sync").text
    assert book.sandbox.bodies() == []
    lock.unlink()
    assert book("sync").code == 0
    assert len(book.sandbox.effects()) == 2


def test_what_a_person_asked_to_read_again_waits_until_the_book_is_closed(book):
    book.fill(visit("1"))
    assert book("sync").code == 0
    lock = book.folder / "so" / f".~lock.{BOOK}#"
    lock.touch()
    assert book("resync", "reception/1", "--reason", "đối chiếu").code == 0
    with open_app(load_config(book.config), Actor("test", "test")) as app, app.stage_lock():
        with pytest.raises(SourceError):
            list(app.resync(AGENCY))
        lock.unlink()
        assert list(app.resync(AGENCY)) == [{"look": 1}]
