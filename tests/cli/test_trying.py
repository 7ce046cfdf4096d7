"""`kntc mapping test`: what a mapping makes of the rows that it brings is what stands beside them, or is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from connector.resources import shipped
from connector.telling.words import LANGUAGES
from tests import mapping_files
from tests.cli.conftest import kntc

SHIPPED = sorted(path.parent.name for path in shipped("mappings").glob("*/mapping.toml"))

ROWS = """-- two petitions, a draft and a secret
CREATE TABLE don (Id INTEGER PRIMARY KEY, Ngay TEXT, Loai INTEGER, NoiDung TEXT, NhieuNguoi INTEGER, SoNguoi INTEGER,
  Goc INTEGER, CoQuan TEXT, SoCV TEXT, Mat INTEGER DEFAULT 0, Nhap INTEGER DEFAULT 0);
CREATE TABLE nguoi (IdDon INTEGER, Stt INTEGER, HoTen TEXT, SoGiayTo TEXT, NgaySinh TEXT, Huyen TEXT, Xa TEXT,
  DiaChi TEXT, AnDanh INTEGER); CREATE TABLE don_linh_vuc (IdDon INTEGER, Ma TEXT);
CREATE TABLE xu_ly (Id INTEGER, Lan INTEGER, IdDon INTEGER, Ngay TEXT, Huong TEXT);

INSERT INTO don (Id, Ngay, Loai, NoiDung, Mat, Nhap) VALUES (1, '2024-03-01', 1, 'Bồi thường', 0, 0), -- open
  (2, '31/02/2024', 1, 'Ngày sai; có dấu chấm phẩy', 0, 0), (3, NULL, 1, 'Nháp', 0, 1), (4, NULL, 1, 'Mật', 1, 0);
INSERT INTO xu_ly VALUES (1, 1, 1, '2024-03-02', 'CD'), (3, 1, 3, '2024-03-02', 'CD'), (4, 1, 4, '2024-03-02', 'CD'),
  (9, 1, 99, '2024-03-02', 'CD');
"""


class Mapping:
    """A folder with a small mapping, its test rows, and what they become."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {
            "mapping.toml": mapping_files.HEAD,
            "petition.toml": mapping_files.PETITION,
            "handling.toml": mapping_files.HANDLING,
            "codes/loai-don.toml": mapping_files.LOAI_DON,
            "codes/huong.toml": mapping_files.HUONG,
            "tests/rows.sql": ROWS,
        }.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text("utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def __call__(self, *args: str, lang: str = "en") -> Any:
        return kntc("--lang", lang, "mapping", "test", self.folder, *args)

    @property
    def documents(self) -> Any:
        return json.loads((self.folder / "tests" / "documents.json").read_text("utf-8"))


@pytest.fixture
def mapping(tmp_path: Path) -> Mapping:
    found = Mapping(tmp_path / "mau")
    assert found("--write", "--agency", "H99.01").code == 0
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_mapping_brings_rows_that_become_what_stands_beside_them(name: str) -> None:
    said = kntc("--lang", "en", "mapping", "test", name)
    assert said.code == 0, said.out + said.err
    documents = (shipped("mappings", name) / "tests" / "documents.json").read_text("utf-8")
    assert "CHE " not in documents  # so begins in test rows what must never leave


def test_what_comes_out_is_written_once_and_then_holds(mapping: Mapping) -> None:
    said = mapping()
    assert said.code == 0
    said.assert_narrow()
    assert "GOOD: 6 test records end as written down." in said.out  # of eight, one is secret and one hangs on it
    found = mapping.documents
    assert found["petition"]["documents"]["mau:1"]["content"] == "Bồi thường"
    assert found["petition"]["problems"]["mau:2"] == [
        {"pointer": "/received_on", "rule": "E-MAP-DATE", "column": "don.Ngay"}
    ]
    assert (found["petition"]["excluded"], found["petition"]["secret"]) == ({"mau:3": "draft"}, 1)


def test_what_hangs_on_a_draft_a_secret_or_an_unknown_paper_ends_as_in_a_run(mapping: Mapping) -> None:
    handling = mapping.documents["handling"]
    assert sorted(handling["documents"]) == ["mau:1/1", "mau:9/1"]
    assert "concealed" not in handling["documents"]["mau:1/1"]
    assert handling["documents"]["mau:9/1"]["concealed"]["reason"] == "unclassified"
    assert (handling["excluded"], handling["secret"]) == ({"mau:3/1": "parent"}, 1)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_another_outcome_is_told_field_by_field(mapping: Mapping, lang: str) -> None:
    mapping.change("tests/rows.sql", "'Bồi thường'", "'Thu hồi đất'")
    mapping.change("tests/rows.sql", "'31/02/2024'", "'01/02/2024'")
    mapping.change("tests/rows.sql", "(3, 1, 3,", "(5, 1, 1,")
    said = mapping(lang=lang)
    assert said.code == 1
    said.assert_narrow()
    assert '"Bồi thường"' in said.text
    assert '"Thu hồi đất"' in said.text
    assert "/received_on E-MAP-DATE" in said.text
    assert all(f"mau:{key}" in said.text for key in ("1", "2", "3/1", "5/1"))


def test_machines_are_told_places_and_no_text_of_a_document(mapping: Mapping) -> None:
    mapping.change("tests/rows.sql", "'Bồi thường'", "'Thu hồi đất'")
    said = mapping("--json")
    (found,) = said.json["mappings"]
    assert (said.code, found["exit_code"]) == (1, 1)
    assert found["kinds"]["petition"]["differences"] == [
        {"local_id": "mau:1", "how": "different", "places": ["/content"]}
    ]
    assert found["kinds"]["handling"]["equal"] == 3
    assert "Thu hồi" not in said.out


def test_a_secret_more_is_told_as_a_count_without_a_name(mapping: Mapping) -> None:
    mapping.change("tests/rows.sql", "'Nháp', 0, 1", "'Nháp', 1, 0")
    found = mapping("--json").json["mappings"][0]["kinds"]["petition"]["differences"]
    assert {"local_id": "", "how": "different", "places": ["secret"]} in found


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('"documents"', '"documentos"', "/petition/documentos"),
        ('"petition": {', '"petitions": {', "/petitions"),
        ('"secret": 1', '"secret": true', "/petition/secret"),
        ('"rule": "E-MAP-DATE"', '"rul": "E-MAP-DATE"', "/petition/problems/mau:2"),
        ('"agency": "H99.01"', '"agency": 7', "/agency"),
        ('"mau:3": "draft"', '"mau:3": ["draft"]', "/petition/excluded/mau:3"),
        ("{\n", "(\n", "/"),
        ("{\n", "[" * 100_000, "/"),
    ],
)
def test_a_misspelled_word_in_the_expectations_is_told_by_its_place(
    mapping: Mapping, old: str, new: str, place: str
) -> None:
    mapping.change("tests/documents.json", old, new)
    said = mapping()
    assert said.code == 65
    assert f"at {place}:" in " ".join(said.err.split())


def test_rows_without_expectations_or_without_rows_say_what_to_do(mapping: Mapping) -> None:
    (mapping.folder / "tests" / "documents.json").unlink()
    for args in ((), ("--write",)):
        said = mapping(*args)
        assert (said.code, "E-MAPPING-TEST-ABSENT" in said.err) == (65, True)
    shutil.rmtree(mapping.folder / "tests")
    assert "E-MAPPING-TEST-ABSENT" in mapping("--write", "--agency", "H99.01").err
    shutil.rmtree(mapping.folder)
    assert mapping().code == 78


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("INSERT INTO don\n (Id) VALUES (1);\n", "line 13: UNIQUE constraint failed"),
        ("CREATE TABEL x (y);", 'line 13: near "TABEL"'),
        ("CREATE TABLE x (y", "line 13: incomplete input"),
        ("ATTACH 'elsewhere.db' AS elsewhere;", "line 13: not authorized"),
        ("VACUUM INTO 'elsewhere.db';", "line 13: authorization denied"),
        ("SELECT '\0';", "line 13: NUL"),
    ],
)
def test_a_statement_that_cannot_be_is_told_by_its_line_and_none_reaches_the_disk(
    mapping: Mapping, monkeypatch: pytest.MonkeyPatch, statement: str, told: str
) -> None:
    monkeypatch.chdir(mapping.folder.parent)
    mapping.write("tests/rows.sql", f"{ROWS}\n{statement}")
    said = mapping()
    assert said.code == 65
    assert told in " ".join(said.err.split())
    assert not Path("elsewhere.db").exists()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("2026-0002,", "2026-0001,", "E-SOURCE-FILE-DOUBLE-KEY"),
        ("Mã lượt tiếp", "Mã", "E-SOURCE-FILE-NO-KEY"),
    ],
)
def test_rows_of_a_file_are_held_to_what_a_file_is_held_to(tmp_path: Path, old: str, new: str, told: str) -> None:
    folder = tmp_path / "so"
    shutil.copytree(shipped("mappings", "so-tiep-cong-dan"), folder)
    rows = folder / "tests" / "rows" / "so_tiep_cong_dan.csv"
    rows.write_text(rows.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    said = kntc("--lang", "en", "mapping", "test", folder)
    assert (said.code, told in said.err) == (65, True)
    rows.unlink()
    assert "E-MAPPING-TEST-ABSENT" in kntc("--lang", "en", "mapping", "test", folder).err


def test_a_structure_that_is_not_what_the_queries_speak_of_is_named(mapping: Mapping) -> None:
    mapping.change("tests/rows.sql", "NoiDung TEXT", "NoiDungDon TEXT")
    mapping.change("tests/rows.sql", "Loai, NoiDung,", "Loai, NoiDungDon,")
    said = mapping()
    assert said.code == 78
    assert "NoiDung" in said.err


def test_tables_of_a_schema_stand_in_that_schema(mapping: Mapping) -> None:
    mapping.change("petition.toml", '[range]\ntable = "don"', '[range]\nschema = "KNTC"\ntable = "don"')
    for place in ("petition.toml", "tests/rows.sql"):
        text = (mapping.folder / place).read_text("utf-8")
        for old, new in (("FROM don\n", 'FROM "KNTC".don\n'), ("FROM don W", 'FROM "KNTC".don W')):
            text = text.replace(old, new)
        mapping.write(
            place, text.replace("TABLE don (", 'TABLE "KNTC".don (').replace("INTO don (", 'INTO "KNTC".don (')
        )
    said = mapping()
    assert said.code == 0, said.out + said.err


def test_a_name_means_what_a_configuration_beside_it_would_mean(mapping: Mapping, tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    mapping.folder.rename(tmp_path / "mappings" / "mau")
    config = tmp_path / "config.toml"
    config.write_text("this is no configuration yet", encoding="utf-8")
    said = kntc("--config", config, "--lang", "en", "mapping", "test", "mau", "bentre")
    assert said.code == 0, said.err
    assert said.out.count("GOOD:") == 2
