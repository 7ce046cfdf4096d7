"""Workbooks as a source: what a cell says, what is refused, and that no workbook can hurt whoever opens it."""

import resource
from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.sources import workbook
from tests.mapping_files import compiled
from tests.sources.test_files import CANARY, HEADINGS, Folder, mapping_of_files, refusal, rows_of
from tests.sources.workbooks import DAY, archive, number, ods, row, text, texts, xlsx

XLS = (Path(__file__).parent / "books" / "don.xls").read_bytes()

HEAD = texts(1, HEADINGS)
GOOD = row(2, text("A2", "0007"), number("B2", 46024, DAY), number("C2", 1), text("D2", "Đất đai"))
MORE = row(3, number("A3", 8), number("B3", 46025, DAY), number("C3", 2), text("D3", "Môi trường"))
ROWS = (("0007", "2026-01-02", "1", "Đất đai"), ("8", "2026-01-03", "2", "Môi trường"))


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "thư mục")


def refused(folder: Folder, content: bytes, *, name: str = "don.xlsx", **table) -> tuple[str, dict]:
    folder.put(name, content)
    error = refusal(folder, file=name, **table)
    return error.id.removeprefix("E-SOURCE-FILE-"), dict(error.values)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("don.xlsx", xlsx(HEAD, GOOD, MORE)),
        ("don.xlsx", xlsx(HEAD, GOOD.replace("46024", "44562"), MORE.replace("46025", "44563"), since_1904=True)),
        ("don.ods", ods(HEADINGS, *ROWS)),
        ("don.xls", XLS),
        ("don.XLS", xlsx(HEAD, GOOD, MORE)),  # under a wrong name, as some programs export it
    ],
)
def test_every_kind_of_workbook_says_the_same(folder, name, content):
    folder.put(name, content)
    found = rows_of(folder.source(file=name))
    said = [tuple(r.columns[c] for c in ("ma_don", "ngay_nhan", "loai", "noi_dung")) for r in found.values()]
    assert sorted(said) == sorted(ROWS)


def test_a_sheet_is_chosen_by_name_or_is_the_only_one_that_can_be_seen(folder):
    book = xlsx(HEAD, GOOD)
    folder.put("don.xlsx", book)
    assert set(rows_of(folder.source(file="don.xlsx", sheet="Sổ"))) == {"mau:0007"}
    assert refused(folder, book, sheet="Khác")[0] == "SHEET"
    assert refused(folder, book, sheet="Ẩn")[0] == "NO-KEY"


def test_headings_below_a_title_are_found_by_their_row(folder):
    title = row(1, text("A1", "SỔ TIẾP CÔNG DÂN"))
    folder.put("don.xlsx", xlsx(title, texts(2, HEADINGS), lower(GOOD), after=merged("A1:D1")))
    assert set(rows_of(folder.source(file="don.xlsx", header=2))) == {"mau:0007"}


def test_a_table_that_does_not_begin_in_the_corner_keeps_its_columns(folder):
    head = "".join(text(f"{letter}2", heading) for letter, heading in zip("CDEF", HEADINGS, strict=True))
    cells = (text("C4", "0007"), text("D4", "02/01/2026"), number("E4", 1), text("F4", "Đất đai"))
    folder.put("don.xlsx", xlsx(row(2, head), row(4, *cells)))
    found = rows_of(folder.source(file="don.xlsx", header=2))
    assert found["mau:0007"].columns["noi_dung"] == "Đất đai"
    wrong = row(5, text("C5", "8"), text("G5", CANARY))
    assert refused(folder, xlsx(row(2, head), row(4, *cells), wrong), header=2)[1]["column"] == "G"


def lower(second: str) -> str:
    """The same row as the third one."""
    return second.replace('2"', '3"')


def merged(cells: str) -> str:
    return f'<mergeCells count="1"><mergeCell ref="{cells}"/></mergeCells>'


# --- what would be read wrongly


def test_merged_cells_are_told_by_their_place(folder):
    found = refused(folder, xlsx(HEAD, GOOD, MORE, after=merged("D2:D3")))
    assert found[0] == "MERGED"
    assert (found[1]["row"], found[1]["column"]) == (2, "D")


@pytest.mark.parametrize(
    "cell",
    ['<c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', '<c r="D2"><f>A1</f></c>', '<c r="D2" t="e"><v>#REF!</v></c>'],
)
def test_a_formula_without_a_value_is_no_empty_cell(folder, cell):
    found = refused(folder, xlsx(HEAD, row(2, text("A2", "1"), cell)))
    assert found[0] == "FORMULA"
    assert (found[1]["row"], found[1]["column"]) == ("2", "D")


def test_a_wrong_row_is_told_as_in_any_file(folder):
    assert refused(folder, xlsx(HEAD, GOOD, lower(GOOD)))[0] == "DOUBLE-KEY"


# --- what cannot be opened


def garbled(content: bytes) -> bytes:
    """The same archive, with the inside of its sheet no longer what was deflated."""
    at = content.index(b"xl/worksheets/sheet1.xml") + 30
    return content[:at] + b"\xff" * 40 + content[at + 40 :]


ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("don.xlsx", ENCRYPTED),
        ("don.xls", XLS.replace(b"\xe1\x00\x02\x00", b"\x2f\x00\x02\x00", 1)),
        ("don.ods", ods(HEADINGS, encrypted=True)),
    ],
)
def test_a_password_is_named(folder, name, content):
    assert refused(folder, content, name=name)[0] == "PASSWORD"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><table><tr><td>" + CANARY.encode(),
        xlsx(HEAD, GOOD)[:900],
        garbled(xlsx(HEAD, GOOD)),
        xlsx(HEAD, f"<row><c>{CANARY}<"),
        XLS[:1024],
        archive({"xl/workbook.xml": "<workbook/>"}),
    ],
)
def test_what_is_no_workbook_or_a_part_of_one_is_refused(folder, content):
    assert refused(folder, content)[0] in {"FORMAT", "SHEET"}


# --- what would hurt


def spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda: archive({"xl/workbook.xml": b"<a>" + bytes(300 * 2**20)}), "BOMB"),
        (lambda: archive({f"{at}.xml": "<a/>" for at in range(2_001)}), "BOMB"),
        (lambda: xlsx(HEAD, row(1_048_576, number("XFD1048576", 1))), "BOUND"),
    ],
    ids=["inflates", "parts", "far cell"],
)
def test_a_bomb_is_refused_before_it_is_opened(folder, content, why):
    before = spent()
    assert refused(folder, content())[0] == why
    assert spent() - before < 20


def test_a_sheet_that_repeats_a_cell_without_end_ends_its_own_process_only(folder):
    cell = '<table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p>'
    repeated = ods_with(cell + "</table:table-cell>", 'table:number-rows-repeated="3000"')
    assert refused(folder, repeated, name="don.ods")[0] == "BOMB"


def ods_with(cell: str, of_row: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    return archive(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table "
            f'table:name="Sổ"><table:table-row {of_row}>{cell}</table:table-row></table:table></office:spreadsheet>'
            "</office:body></office:document-content>",
        }
    )


def test_a_workbook_that_takes_too_long_is_given_up(folder, monkeypatch):
    monkeypatch.setattr(workbook, "TIMEOUT_S", 0.001)
    assert refused(folder, xlsx(HEAD, GOOD))[0] == "BOMB"


def test_the_process_that_opens_workbooks_gets_none_of_our_secrets(folder, monkeypatch, tmp_path):
    told = tmp_path / "told"
    child = tmp_path / "child.py"
    child.write_text(
        "import os, pathlib, sys\n"
        "sys.stdin.buffer.read()\n"
        f"pathlib.Path({str(told)!r}).write_text(str(dict(os.environ)))\n",
        "utf-8",
    )
    monkeypatch.setattr(workbook, "_CHILD", child)
    monkeypatch.setenv("KNTC_STORE_KEY", CANARY)
    assert refused(folder, xlsx(HEAD, GOOD))[0] == "BOMB"  # it wrote no last line: nothing of it is believed
    assert CANARY not in told.read_text()


def broken_places(changed) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        compiled(changed)
    return [str(problem.values["key"]) for problem in caught.value.problems]


def test_options_of_text_are_refused_for_a_workbook():
    changed = mapping_of_files(file="don.xlsx", delimiter=";", encoding="utf-8")
    assert broken_places(changed) == ["tables.don.delimiter", "tables.don.encoding"]
    assert broken_places(mapping_of_files(sheet="Sổ")) == ["tables.don.sheet"]
