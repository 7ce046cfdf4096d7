"""Sweeps over real CSV files: one state of the folder or nothing, and every refusal names its place, never a value."""

import os
import time
import traceback
from pathlib import Path

import pytest

from connector.config import load_config
from connector.core.file_tables import column_name
from connector.core.model import Kind
from connector.edges import source_of
from connector.errors import ConfigError, MappingError, SourceError
from connector.sources import files as files_source
from connector.sources import table_rows
from connector.sources.files import REST_S, FileSource
from tests.mapping_files import compiled, files
from tests.world import AGENCY, install

EVIDENCE = b"e" * 32
CANARY = "CHIMYEN7788"
HEADINGS = ("Mã đơn", "Ngày nhận", "Loại", "Nội dung")
PEOPLE = "Mã đơn;Stt;Họ tên\nĐ-1;1;Phạm Văn Mẫu\nĐ-1;2;Lê Thị Mẫu\n"


def mapping_of_files(**table):
    """The mapping of a folder with two files: petitions, and the persons of each."""
    changed = files()
    head, petition = changed["mapping.toml"], changed["petition.toml"]
    head["kinds"] = ["petition"]
    head["tables"] = {
        "don": {"file": "don.csv", "key": ["ma_don"], **table},
        "nguoi": {"file": "nguoi.csv", "key": ["ma_don", "stt"]},
    }
    petition["key"], petition["range"] = ["ma_don"], {"table": "don", "column": "ma_don"}
    sql = "SELECT ma_don, ngay_nhan, loai, noi_dung FROM don WHERE ma_don > :lo AND ma_don <= :hi"
    petition["select"] = {"table": "don", "sql": sql}
    sql = "SELECT ma_don, ho_ten FROM nguoi WHERE ma_don > :lo AND ma_don <= :hi ORDER BY ma_don, stt"
    petition["children"] = [{"name": "nguoi", "table": "nguoi", "key": ["ma_don"], "sql": sql}]
    del petition["universe"], changed["handling.toml"], changed["codes/huong.toml"]
    petition["secrecy"] = {"petition_type": {"column": "loai", "codes": "loai-don"}}
    petition["fields"] = {
        "/received_on": {"column": "ngay_nhan"},
        "/type": {"column": "loai", "codes": "loai-don"},
        "/content": {"column": "noi_dung"},
        "/petitioners/*": {"rows": "nguoi"},
        "/petitioners/*/disclosure": {"constant": "named"},
        "/petitioners/*/full_name": {"column": "ho_ten"},
    }
    return changed


class Folder:
    """The agency's folder. What is put there has rested, unless it is said otherwise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.put("nguoi.csv", PEOPLE.encode())

    def put(self, name: str, content: bytes | str, *, age: float = 60.0) -> None:
        path = self.path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        at = time.time() - age
        os.utime(path, (at, at))

    def petitions(self, *rows: str, delimiter: str = ";", **how) -> None:
        self.put("don.csv", "\r\n".join([delimiter.join(HEADINGS), *rows, ""]), **how)

    def source(self, **table) -> FileSource:
        return FileSource(self.path, "H99.01", compiled(mapping_of_files(**table)), EVIDENCE)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "thư mục")


def rows_of(source: FileSource):
    kind = compiled(mapping_of_files()).kind(Kind.PETITION)
    return {row.key.local_id: row for page in source.pages(kind) for row in page.rows}


def refusal(folder: Folder, **table) -> SourceError:
    with pytest.raises(SourceError) as caught:
        rows_of(folder.source(**table))
    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value.values)
    assert CANARY not in said
    assert caught.value.is_away
    return caught.value


# --- what is read


def test_records_with_their_persons_are_read_by_their_declared_key_in_whatever_order_they_stand(folder):
    folder.petitions("Đ-2;02/01/2026;1;Nội dung hai", "", ";;;", " Đ-1 ;01/01/2026;2;Nội dung một")
    first = rows_of(folder.source())
    assert set(first) == {"mau:Đ-1", "mau:Đ-2"}
    assert [person["ho_ten"] for person in first["mau:Đ-1"].children["nguoi"]] == ["Phạm Văn Mẫu", "Lê Thị Mẫu"]
    folder.petitions("Đ-1;01/01/2026;2;Nội dung một", "Đ-2;02/01/2026;1;Nội dung hai")
    again = rows_of(folder.source())
    assert {key: row.fingerprint for key, row in again.items()} == {key: row.fingerprint for key, row in first.items()}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_and_every_delimiter_are_found_out(folder, delimiter, encoding):
    cells = ["Đ-1", "01/01/2026", "1", f'"Dòng một\r\nDòng hai {delimiter} ""trích"""']
    folder.put("don.csv", "\r\n".join([delimiter.join(HEADINGS), delimiter.join(cells), ""]).encode(encoding))
    row = rows_of(folder.source())["mau:Đ-1"]
    assert row.columns["noi_dung"] == f'Dòng một\r\nDòng hai {delimiter} "trích"'


def test_declared_encoding_delimiter_and_heading_row_are_followed(folder):
    headings = "Ma don;Ngay nhan;Loai;Noi dung,"
    text = f"S\u00f4 don;;;\n;;;\n{headings}\n1;01/01/2026;1;Đất đai\n"
    folder.put("don.csv", text.replace("ấ", "a\u0302\u0301").replace("a\u0302", "â").encode("windows-1258"))
    row = rows_of(folder.source(header=3, encoding="windows-1258", delimiter=";"))["mau:1"]
    assert row.columns["noi_dung"] == "Đất đai"


def test_the_line_by_which_excel_names_the_delimiter_is_followed(folder):
    folder.put("don.csv", "sep=;\r\n" + "Mã đơn;Ngày nhận;Loại;Nội dung, tóm tắt;Nội dung\r\n1;01/01/2026;1;x\r\n")
    error = refusal(folder)
    assert (error.id, error.values["row"]) == ("E-SOURCE-FILE-SHORT", 2)


def test_a_changed_file_is_read_anew_and_a_sweep_that_has_begun_keeps_to_what_it_read(folder):
    folder.petitions("1;01/01/2026;1;Cũ", "2;01/01/2026;1;Cũ")
    kind = compiled(mapping_of_files()).kind(Kind.PETITION)
    source = FileSource(folder.path, "H99.01", compiled(mapping_of_files()), EVIDENCE, page_rows=1)
    pages = source.pages(kind)
    seen = [next(pages)]
    folder.petitions("1;01/01/2026;1;Mới", "2;01/01/2026;1;Mới", "3;01/01/2026;1;Mới")
    assert source.count(kind) == 3
    seen += list(pages)
    assert [row.columns["noi_dung"] for page in seen for row in page.rows] == ["Cũ", "Cũ"]
    assert len(rows_of(source)) == 3
    source.close()
    assert len(rows_of(source)) == 3


def test_nothing_is_written_beside_the_files_or_into_them(folder):
    folder.petitions("1;01/01/2026;1;Nội dung")
    before = {path.name: path.read_bytes() for path in folder.path.iterdir()}
    source = folder.source()
    source.probe()
    rows_of(source)
    assert {path.name: path.read_bytes() for path in folder.path.iterdir()} == before


# --- what is refused


def test_a_file_that_was_just_changed_waits_until_it_has_rested(folder):
    folder.petitions(f"1;01/01/2026;1;{CANARY}", age=REST_S / 2)
    assert refusal(folder).id == "E-SOURCE-FILE-MOVING"
    folder.petitions("1;01/01/2026;1;Nội dung", age=REST_S + 1)
    assert set(rows_of(folder.source())) == {"mau:1"}


def test_a_file_that_is_changed_while_it_is_read_is_not_believed(folder, monkeypatch):
    folder.petitions(f"1;01/01/2026;1;{CANARY}")

    def load_and_let_a_program_write_in_place(*given):
        found = table_rows.load(*given)
        folder.petitions("1;01/01/2026;1;Nội dung hai")
        return found

    monkeypatch.setattr(files_source, "load", load_and_let_a_program_write_in_place)
    assert refusal(folder).id == "E-SOURCE-FILE-MOVING"


@pytest.mark.parametrize("lock", ["~$don.csv", ".~lock.don.csv#"])
def test_a_file_that_somebody_has_open_waits_until_it_is_closed(folder, lock):
    folder.petitions("1;01/01/2026;1;Nội dung")
    folder.put(lock, b"")
    error = refusal(folder)
    assert (error.id, error.values["lock"]) == ("E-SOURCE-FILE-LOCKED", lock)
    (folder.path / lock).unlink()
    assert set(rows_of(folder.source())) == {"mau:1"}


def test_a_file_that_is_absent_is_no_empty_table(folder):
    assert refusal(folder).id == "E-SOURCE-FILE-ABSENT"


def test_what_is_no_file_is_refused_without_waiting_for_it(folder):
    os.mkfifo(folder.path / "don.csv")
    assert refusal(folder).id == "E-SOURCE-FILE-UNREADABLE"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(folder):
    folder.petitions("1;01/01/2026;1;Nội dung")
    with (folder.path / "don.csv").open("r+b") as file:
        file.truncate(100 * 2**30)  # a hole: it takes no room
    folder.put("nguoi.csv", PEOPLE)
    assert refusal(folder).id == "E-SOURCE-FILE-BOUND"


GOOD = "1;01/01/2026;1;Nội dung"


@pytest.mark.parametrize(
    ("text", "id_", "place"),
    [
        (f'1;01/01/2026;1;"{CANARY}', "QUOTES", {"row": 3}),
        (f"1;{CANARY}", "SHORT", {"row": 3}),
        (f"1;01/01/2026;1;Nội dung;{CANARY}", "BEYOND", {"row": 3, "column": "E"}),
        (f" ;01/01/2026;1;{CANARY}", "EMPTY-KEY", {"row": 3, "column": "A"}),
        (f"0;01/01/2026;1;{CANARY}", "DOUBLE-KEY", {"row": 3, "other": 2}),
        (f"1;01/01/2026;1;{CANARY}{'x' * table_rows.MAX_CELL}", "BOUND", {}),
    ],
)
def test_a_wrong_row_is_told_by_its_place_and_nothing_is_read(folder, text, id_, place):
    folder.petitions("0;01/01/2026;1;Nội dung", text)
    error = refusal(folder)
    assert error.id == f"E-SOURCE-FILE-{id_}"
    assert place.items() <= error.values.items()


@pytest.mark.parametrize(
    ("headings", "id_", "place"),
    [
        ("Mã đơn;Loại;loai;Nội dung", "HEADING", {"row": 1, "column": "C"}),
        ("", "HEADING", {"row": 1, "column": "A"}),
        (f"{CANARY};Ngày nhận;Loại;Nội dung", "NO-KEY", {"row": 1, "column": "ma_don"}),
        ("Mã đơn;Ngày nhận;;Nội dung", "BEYOND", {"row": 2, "column": "C"}),
        ("Mã đơn,;Ngày nhận;Loại;Nội dung", "DELIMITER", {}),
    ],
)
def test_wrong_headings_are_told_by_their_place(folder, headings, id_, place):
    folder.put("don.csv", f"{headings}\n{GOOD}\n")
    error = refusal(folder)
    assert error.id == f"E-SOURCE-FILE-{id_}"
    assert place.items() <= error.values.items()


@pytest.mark.parametrize(
    "content", ["Mã đơn;Loại\n1;Khiếu nại\n".encode("utf-16-le"), b"M\xe3 \xf0\xf5n;Lo\xe1i\n", b"a\0b"]
)
def test_an_encoding_is_never_guessed(folder, content):
    folder.put("don.csv", content)
    assert refusal(folder).id == "E-SOURCE-FILE-ENCODING"


def test_an_empty_file_is_refused_and_headings_alone_are_an_empty_table(folder):
    folder.put("don.csv", b"")
    assert refusal(folder).id == "E-SOURCE-FILE-HEADING"
    folder.petitions()
    assert rows_of(folder.source()) == {}


def test_a_column_that_the_file_lost_is_a_misfit_of_the_mapping(folder):
    folder.put("don.csv", "Mã đơn;Ngày nhận;Loại\n1;01/01/2026;1\n")
    with pytest.raises(MappingError) as caught:
        folder.source().probe()
    assert [problem.id for problem in caught.value.problems] == ["E-CFG-SQL-COLUMN"]


# --- the configuration


def configured(folder: Path, url: str):
    path = install(folder, "http://127.0.0.1:9")
    path.write_text(path.read_text("utf-8").replace(f"sqlite:///{AGENCY}.sqlite", url), "utf-8")
    config = load_config(path)
    return config, config.agency[0]


def test_the_folder_counts_from_the_configuration_file(folder, tmp_path):
    folder.petitions(GOOD)
    config, section = configured(tmp_path, "files:///thư mục")
    source = source_of(config, section.code, section.every_source[0], compiled(mapping_of_files()), EVIDENCE)
    assert isinstance(source, FileSource)
    assert set(rows_of(source)) == {"mau:1"}


@pytest.mark.parametrize(
    ("url", "mapping", "id_"),
    [
        ("files:///so", compiled, "E-CFG-VALUE"),
        ("sqlite:///so.db", lambda: compiled(mapping_of_files()), "E-CFG-VALUE"),
        ("files://", lambda: compiled(mapping_of_files()), "E-CFG-SOURCE-URL"),
        ("files://server/so", lambda: compiled(mapping_of_files()), "E-CFG-SOURCE-URL"),
    ],
)
def test_files_and_databases_are_not_mixed_up(tmp_path, url, mapping, id_):
    config, section = configured(tmp_path, url)
    with pytest.raises(ConfigError) as caught:
        source_of(config, section.code, section.every_source[0], mapping(), EVIDENCE)
    assert [problem.id for problem in caught.value.problems] == [id_]


# --- the key


@pytest.mark.parametrize("name", ["rowid", "oid", "_rowid_"])
def test_no_query_can_use_the_number_of_a_row(folder, name):
    folder.petitions(GOOD)
    changed = mapping_of_files()
    sql = f"SELECT ma_don, {name} AS loai, ngay_nhan, noi_dung FROM don WHERE ma_don > :lo AND ma_don <= :hi"
    changed["petition.toml"]["select"]["sql"] = sql
    with pytest.raises(MappingError):
        FileSource(folder.path, "H99.01", compiled(changed), EVIDENCE).probe()


def quote(query) -> None:
    """As somebody writes a heading who does not know what SQLite makes of one that is not there."""
    query["sql"] = query["sql"].replace("SELECT ma_don,", 'SELECT "ma_don",')


def broken(change) -> list[tuple[str, str]]:
    changed = mapping_of_files()
    change(changed)
    with pytest.raises(ConfigError) as caught:
        compiled(changed)
    return [(problem.id, str(problem.values["key"])) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda f: f["mapping.toml"]["tables"]["don"].pop("key"), ("E-CFG-MISSING", "tables.don.key")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(key=["Mã đơn"]), ("E-CFG-VALUE", "tables.don.key")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(file="../don.csv"), ("E-CFG-VALUE", "tables.don.file")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(file="don.doc"), ("E-CFG-VALUE", "tables.don.file")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(delimiter="x"), ("E-CFG-VALUE", "tables.don.delimiter")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(encoding="x"), ("E-CFG-VALUE", "tables.don.encoding")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(header=0), ("E-CFG-VALUE", "tables.don.header")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(tab="x"), ("E-CFG-UNKNOWN-KEY", "tables.don.tab")),
        (lambda f: f["mapping.toml"]["tables"]["don"].update(key=["loai"]), ("E-CFG-VALUE", "key")),
        (lambda f: quote(f["petition.toml"]["select"]), ("E-CFG-SQL", "select.sql")),
        (lambda f: quote(f["petition.toml"]["children"][0]), ("E-CFG-SQL", "children[0].sql")),
        (lambda f: f["petition.toml"]["range"].update(table="sổ"), ("E-CFG-VALUE", "range.table")),
        (lambda f: f["petition.toml"]["range"].update(column="loai"), ("E-CFG-VALUE", "range.column")),
    ],
)
def test_a_wrong_declaration_is_named_before_any_file_is_read(change, found):
    assert found in broken(change)


@pytest.mark.parametrize(
    ("heading", "name"),
    [("Họ tên, địa chỉ", "ho_ten_dia_chi"), ("(1)", "c_1"), ("Số ĐT/Zalo", "so_dt_zalo"), ("…", "")],
)
def test_a_heading_has_one_name_however_it_is_spelt(heading, name):
    assert column_name(heading) == name
