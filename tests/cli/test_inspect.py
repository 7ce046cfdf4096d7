"""`kntc mapping inspect`: a column of before Unicode is told as a share, then declared, then sent as it was typed."""

from __future__ import annotations

import sqlite3

import pytest

from connector.core.model import Kind
from tests.cli.conftest import CANARY, World
from tests.world import source_path

STORED = f"Khi\u00d5u n\u00b9i quy\u00d5t \u00ae\u00denh, L\u00adu {CANARY}"  # "Khiếu nại quyết định, Lưu" in TCVN3
PETITIONS = 20
OLD = 15


@pytest.fixture
def old(world: World) -> World:
    """The agency with contents in TCVN3, all but five of them, and one with marks in the wrong order."""
    for key in range(1, PETITIONS + 1):
        world.edit(Kind.PETITION, key, "NoiDungDonThu", STORED if key <= OLD else f"Khiếu nại {CANARY}")
    world.edit(Kind.PETITION, PETITIONS, "NoiDungDonThu", f"Khie\u0301\u0302u nại \u00d0ất {CANARY}")
    return world


def column_of(said, name="NoiDungDonThu"):
    return next(one for one in said.json["agencies"][0]["columns"] if one["column"] == name)


def test_it_tells_the_share_and_the_line_to_write_and_no_value(old: World) -> None:
    found = column_of(old("mapping", "inspect", "--json"))
    assert (found["file"], found["key"], found["declared"]) == ("petition.toml", "select.encoding", "")
    assert found["accented"] == found["texts"] == PETITIONS
    assert found["looks"] == {"tcvn3": 75, "unicode": 25}
    assert found["odd"] == {"decomposed": 1, "look_alike": 1, "stray_mark": 1}


@pytest.mark.parametrize(
    ("lang", "sentence", "order"),
    [
        ("vi", "75 % của cột này trông như TCVN3", "dấu sai thứ tự"),
        ("en", "75 % of this column looks like TCVN3", "marks in the wrong order"),
    ],
)
def test_it_says_it_in_sentences_and_makes_nothing(old: World, lang: str, sentence: str, order: str) -> None:
    said = old("mapping", "inspect", lang=lang)
    assert said.code == 0
    said.assert_narrow()
    assert sentence in said.text
    assert order in said.text
    assert 'petition.toml: select.encoding.NoiDungDonThu = "tcvn3"' in said.text
    values = {str(value) for (value,) in names_at(old)} | {CANARY}
    assert said.text.count("100 %") == 0  # what is Unicode throughout is only counted
    assert not [value for value in values if value in said.out + said.err]
    assert not list((old.folder / "data").glob("*"))


def names_at(world: World) -> list[tuple[str]]:
    with sqlite3.connect(source_path(world.folder)) as connection:
        return connection.execute("SELECT HoTen FROM don_thu_doi_tuong_di_kntc WHERE HoTen <> ''").fetchall()


def test_no_more_records_are_read_than_asked_for(old: World) -> None:
    found = old("mapping", "inspect", "--rows", "3", "--json").json["agencies"][0]
    assert max(found["rows"].values()) == 3


def test_once_declared_it_tells_what_does_not_fit_and_the_rest_is_sent_as_it_was_typed(old: World) -> None:
    path = old.folder / "mappings" / "bentre" / "petition.toml"
    text = path.read_text(encoding="utf-8")
    declared = '[select.encoding]\nNoiDungDonThu = "tcvn3"\n\n[select.origin]\n'
    assert text.count("[select.origin]\n") == 1
    path.write_text(text.replace("[select.origin]\n", declared), encoding="utf-8")
    found = column_of(old("mapping", "inspect", "--json"))
    assert (found["declared"], found["misfits"], found["odd"]) == ("tcvn3", PETITIONS - OLD, {})
    said = old("mapping", "inspect", lang="en")
    assert f"declared tcvn3; {PETITIONS - OLD} texts are not in it" in said.text
    old("sync")
    sent = [body.decode() for body in old.sandbox.bodies()]
    assert any("Khiếu nại quyết định, Lưu" in document for document in sent)
    held = old("quarantine", "list", "--json")
    assert "E-MAP-TEXT" in held.out


def test_a_source_that_cannot_be_read_is_told_with_its_exit_code(old: World) -> None:
    source_path(old.folder).unlink()
    said = old("mapping", "inspect")
    assert said.code != 0
    assert CANARY not in said.out + said.err
