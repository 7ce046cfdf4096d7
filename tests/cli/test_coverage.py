"""`kntc mapping coverage`: which fields are fed and how often, which form columns that is enough for; no value."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from connector.core.model import KINDS, Kind
from connector.telling.words import LANGUAGES
from tests.cli.conftest import World
from tests.world import source_path

BAD = 3  # petitions that become no document; see break_rows


def asked(world: World, sql: str) -> Any:
    with sqlite3.connect(source_path(world.folder)) as connection:
        return connection.execute(sql).fetchone()[0]


def kind_of(world: World, kind: Kind, *args: str) -> Any:
    (found,) = world("mapping", "coverage", "--json", *args).json["agencies"]
    return found["kinds"][kind]


def fields_of(shown: Any) -> dict[str, Any]:
    return {field["pointer"]: field for field in shown["fields"]}


def test_the_counts_are_those_of_the_source(world: World) -> None:
    shown = kind_of(world, Kind.PETITION)
    petitions = asked(world, "SELECT COUNT(*) FROM don_thu")
    assert (shown["read"], shown["documents"]) == (petitions, petitions - BAD)
    concealed = "SELECT COUNT(*) FROM don_thu WHERE LoaiDonThu = 2 AND IdDonThu > 3"
    assert shown["concealed"] == asked(world, concealed) > 0
    fields = fields_of(shown)
    for pointer in ("/received_on", "/type", "/agency_code", "/local_id"):
        assert fields[pointer]["filled"] == shown["documents"]
    assert fields["/content"]["filled"] == shown["documents"] - shown["concealed"]  # a denunciation's does not leave
    assert fields["/concealed/reason"]["filled"] == shown["concealed"]


def test_each_field_says_what_feeds_it_or_that_nothing_does(world: World) -> None:
    fields = fields_of(kind_of(world, Kind.PETITION))
    assert fields["/type"] | {"filled": 0} == {
        "pointer": "/type",
        "how": "column",
        "column": "don_thu.LoaiDonThu",
        "rule": "codes loai-don",
        "filled": 0,
        "required": True,
    }
    assert fields["/withdrawn"]["how"] == "constant"
    assert fields["/local_id"]["how"] == "program"
    assert (fields["/written_on"]["how"], fields["/written_on"]["filled"]) == ("none", 0)
    assert "/petitioners" not in fields  # a container holds nothing itself


def test_a_column_is_computable_only_if_all_that_it_needs_is_fed_and_filled(world: World) -> None:
    (found,) = world("mapping", "coverage", "--json").json["agencies"]
    columns = {(form["form"], one["column"]): one for form in found["forms"] for one in form["columns"]}
    assert columns["01/TCD", "1"] == {"column": "1", "how": "computable", "lacking": []}
    assert columns["01/TCD", "10"]["how"] == "hand"
    assert columns["05/KQTH", "2"] == {"column": "2", "how": "no_field", "lacking": ["enforcement/done_on"]}
    with sqlite3.connect(source_path(world.folder)) as connection:
        connection.execute("UPDATE so_tiep_cong_dan SET SoNguoiDiKNTC = NULL, LoaiNguoiDiKNTC = NULL")
    connection.close()
    (found,) = world("mapping", "coverage", "--json").json["agencies"]
    columns = {(form["form"], one["column"]): one for form in found["forms"] for one in form["columns"]}
    assert columns["01/TCD", "2"]["how"] == "empty"
    assert "reception/person_count" in columns["01/TCD", "2"]["lacking"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_said_in_lines_that_fit_and_without_a_value(world: World, lang: str) -> None:
    said = world("mapping", "coverage", lang=lang)
    assert said.code == 0
    said.assert_narrow()
    assert "/received_on: 17 (100 %) <- don_thu.NgayNhanDon" in said.text
    assert "01/TCD" in said.out
    with sqlite3.connect(source_path(world.folder)) as connection:
        names = connection.execute("SELECT HoTen FROM don_thu_doi_tuong_di_kntc WHERE HoTen <> ''").fetchall()
        contents = connection.execute("SELECT NoiDungDonThu FROM don_thu WHERE NoiDungDonThu <> ''").fetchall()
    connection.close()
    assert len(names) > 5
    assert not [value for (value,) in (*names, *contents) if value in said.out + said.err]
    assert not list((world.folder / "data").glob("*"))


def test_no_more_records_are_read_than_asked_for(world: World) -> None:
    (found,) = world("mapping", "coverage", "--rows", "3", "--json").json["agencies"]
    assert {kind: shown["read"] for kind, shown in found["kinds"].items()}.keys() == {*KINDS}
    assert max(shown["read"] for shown in found["kinds"].values()) == 3


def test_a_source_that_cannot_be_read_is_told_with_its_exit_code(world: World) -> None:
    source_path(world.folder).unlink()
    said = world("mapping", "coverage")
    assert said.code == 69
    assert "E-SOURCE-CONNECT" in said.err
