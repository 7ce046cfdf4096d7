"""Names of files that a stranger wrote, and what a file is by its bytes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.attachments import MEDIA_TYPES, Attached, Stored, kept_back, safe_path, type_of
from connector.core.model import Fate, Kind, RecordKey, SourceFile, SourceRow
from connector.core.secrecy import SecrecyPolicy
from connector.core.transforms import Bad
from connector.errors import ConfigError
from tests.mapping_files import compiled
from tests.mapping_files import files as mapping_files


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        (["don/7", "a.pdf"], "don/7/a.pdf"),
        (["", "a.pdf"], "a.pdf"),
        (["FileUploads\\don", "Đơn khiếu nại.pdf"], "FileUploads/don/Đơn khiếu nại.pdf"),
        (["~/FileUploads/", "a.pdf"], "FileUploads/a.pdf"),
        (["/FileUploads/a.pdf"], "FileUploads/a.pdf"),
        (["./a.pdf"], "a.pdf"),
        (["console.pdf"], "console.pdf"),
    ],
)
def test_a_path_is_one_below_the_root_however_its_program_wrote_it(parts: list[str], path: str) -> None:
    assert safe_path(parts) == path


@pytest.mark.parametrize(
    "name",
    [
        *("../a.pdf", "a/../../b.pdf", "..\\..\\etc\\passwd", "..", "don/.. /a.pdf"),
        *("C:\\a.pdf", "c:a.pdf", "a.pdf:stream", "a.pdf::$DATA", "\\\\server\\share\\a.pdf", "//server/share/a.pdf"),
        *("NUL", "nul.pdf", "Con .txt", "don/COM1.pdf", "lpt9", "COM¹", "CONIN$", "aux.tar.gz", "prn/a.pdf"),
        *("a.pdf.", "a.pdf\u00a0.", "don /a.pdf", "don/ a.pdf", "a\x00.pdf", "a\n.pdf", "a\u202egpj.exe", "a\ud800"),
        *("", " ", "/", ".", "/".join("d" * 30), "d" * 1_001),
    ],
)
def test_what_leads_elsewhere_or_is_no_name_of_a_file_is_refused(name: str) -> None:
    assert safe_path([name]) == ""


@given(st.lists(st.text(max_size=30), min_size=1, max_size=3))
def test_no_text_at_all_makes_a_path_that_could_leave_the_root(parts: list[str]) -> None:
    path = safe_path(parts)
    names = path.split("/") if path else []
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(names)
    assert not set(path) & set("\\:\x00\n")
    assert safe_path([path]) == path


@pytest.mark.parametrize(
    ("first", "name", "found"),
    [
        (b"%PDF-1.4", "a.exe", "pdf"),
        (b"\xff\xd8\xff\xe0", "a", "jpeg"),
        (b"PK\x03\x04....word/document.xml", "a.zip", "docx"),
        (b"PK\x03\x04....mimetypeapplication/vnd.oasis.opendocument.text", "a.odt", "odt"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "don.DOC", "doc"),
        (b"\x00\x00\x00\x18ftypmp42", "a.mp4", "mp4"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.msi", ""),
        (b"PK\x03\x04....classes.dex", "a.docx", ""),
        (b"MZ\x90\x00", "a.pdf", ""),
        (b"<script>", "a.png", ""),
    ],
)
def test_the_bytes_say_what_a_file_is_and_not_its_name(first: bytes, name: str, found: str) -> None:
    assert type_of(first, first, name) == found
    assert found == "" or found in MEDIA_TYPES


def test_what_a_large_office_file_lists_at_its_end_counts_too() -> None:
    assert type_of(b"PK\x03\x04[Content_Types].xml", b"....xl/workbook.xml", "a.xlsx") == "xlsx"


def test_of_a_concealed_record_only_a_redacted_copy_goes_on() -> None:
    named = SourceFile("a.pdf", Fate.NAMED, size_bytes=9)
    redacted = SourceFile("b.pdf", Fate.NAMED, redacted=True)
    kept = kept_back((named, redacted, SourceFile("", Fate.NONE)))
    assert [file.fate for file in kept] == [Fate.NOT_REDACTED, Fate.NAMED, Fate.NONE]
    assert (kept[0].path, kept[0].size_bytes) == ("", 0)


# --- the mapping ---------------------------------------------------------------------------------------------------


def files_with(attachments: dict[str, Any], fields: dict[str, Any] | None = None) -> dict[str, Any]:
    files: dict[str, Any] = mapping_files()
    petition = files["petition.toml"]
    petition["children"].append(
        {
            "name": "tep",
            "table": "tep",
            "key": ["IdDon"],
            "sql": "SELECT IdDon, Ten, Che FROM tep WHERE IdDon > :lo AND IdDon <= :hi ORDER BY IdDon",
            "split": {"column": "Ten", "separator": "*"},
        }
    )
    petition["attachments"] = attachments
    petition["fields"] |= {
        "/attachments/*": {"rows": "tep"},
        "/attachments/*/file_name": {"column": "Ten"},
        **(fields or {}),
    }
    return files


@pytest.mark.parametrize(
    ("attachments", "fields", "id_"),
    [
        ({"path": ["Ten"], "folder": "../x"}, {}, "E-CFG-VALUE"),
        ({"path": ["Ten"], "failing": "drop"}, {}, "E-CFG-VALUE"),
        ({"path": ["Ten"], "url": "Ten"}, {}, "E-CFG-VALUE"),
        ({"url": "Ten", "folder": "don"}, {}, "E-CFG-VALUE"),
        ({"url": "Lien_ket"}, {}, "E-CFG-COLUMN"),
        ({"path": ["Duong"]}, {}, "E-CFG-COLUMN"),
        ({"folder": "x"}, {}, "E-CFG-MISSING"),
        ({"path": ["Ten"], "root": "/"}, {}, "E-CFG-UNKNOWN-KEY"),
        ({"path": ["Ten"]}, {"/attachments/*/sha256": {"column": "Ten"}}, "E-CFG-TARGET"),
        ({"path": ["Ten"]}, {"/attachments/*/redacted": {"constant": True}}, "E-CFG-CONSTANT"),
    ],
)
def test_a_mistake_in_attachments_is_named(attachments: dict[str, Any], fields: dict[str, Any], id_: str) -> None:
    with pytest.raises(ConfigError) as caught:
        compiled(files_with(attachments, fields))
    assert [problem.id for problem in caught.value.problems] == [id_]


def row_with(*names: str) -> SourceRow:
    columns = {"Id": 1, "Ngay": "2026-01-05", "Loai": 1, "NoiDung": "x", "NhieuNguoi": 0, "SoNguoi": None, "Goc": None}
    columns |= {"CoQuan": None, "SoCV": None}
    children = {"nguoi": (), "linh_vuc": (), "tep": tuple({"IdDon": 1, "Ten": name, "Che": None} for name in names)}
    return SourceRow(RecordKey("H99.01", Kind.PETITION, "mau:1"), columns, children, "f")


def test_a_row_names_one_file_for_each_part_of_a_column() -> None:
    mapping = compiled(files_with({"path": ["Ten"], "folder": "don"})).kind(Kind.PETITION)
    found = mapping.files_of(row_with("a.pdf*b.pdf", "../c.pdf"))
    assert [(file.path, file.fate) for file in found] == [
        ("don/a.pdf", Fate.NAMED),
        ("don/b.pdf", Fate.NAMED),
        ("", Fate.UNSAFE),
    ]


@pytest.mark.parametrize("value", [Bad("E-MAP-TEXT", "text in tcvn3"), b"\x00a.pdf"])
def test_a_column_that_is_no_text_names_a_file_that_nobody_can_tell_and_no_other(value: object) -> None:
    """Left out of the path, an unreadable folder would make the name mean a file of somebody else."""
    attached = Attached("tep", ("ThuMuc", "Ten"), "don", "send", None)
    for columns in ({"ThuMuc": value, "Ten": "a.pdf"}, {"ThuMuc": "7", "Ten": value}):
        assert attached.named(columns) == SourceFile("", Fate.UNREADABLE)
    assert attached.named({"ThuMuc": value, "Ten": " "}).fate is Fate.NONE
    stored = Stored("petition", "SELECT 1", "Id", "SoByte")
    assert stored.named({"Id": value, "SoByte": 7}) == SourceFile("", Fate.UNREADABLE)


def test_a_size_that_is_no_size_of_a_file_is_too_large_and_stays_a_number_of_json() -> None:
    stored = Stored("petition", "SELECT 1", "Id", "SoByte")
    for size in (10**20, "9" * 5_000):
        found = stored.named({"Id": 1, "SoByte": size})
        assert (found.fate, found.size_bytes) == (Fate.TOO_LARGE, 0)


def test_without_anybody_who_looks_the_document_is_what_it_was() -> None:
    mapping = compiled(files_with({"path": ["Ten"]})).kind(Kind.PETITION)
    body = mapping.apply(row_with("a.pdf"), SecrecyPolicy()).documents[0].body
    assert b'"attachments":[{"file_name":"a.pdf"}]' in body
