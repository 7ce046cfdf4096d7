"""`kntc mapping draft`: a database that nobody described becomes a first mapping, which a person must fill."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.core.model import Kind
from connector.core.selects import names_otherwise
from connector.loading import compiled_schemas, mapping_at
from connector.resources import code_list_documents, shipped
from connector.sample.agency import TABLES, build
from connector.sources.files import FileSource
from connector.sources.sql import SqlSource
from tests import strange_systems as systems
from tests.cli.conftest import CANARY, Said, World, kntc
from tests.servers import ENGINES, Database, database
from tests.world import source_path

SCRIPTS = Path(__file__).resolve().parents[1] / "systems"

SYSTEMS = {
    "squashed": (systems.build_squashed, systems.SQUASHED_MEANS),
    "double": (systems.build_double, systems.DOUBLE_MEANS),
    "spoken": (systems.build_spoken, systems.SPOKEN_MEANS),
}


def drafted(url: str, *more: str | Path, lang: str = "en") -> Said:
    return kntc("--lang", lang, "mapping", "draft", "--source", url, *more)


def guessed(said: Said) -> dict[tuple[str, str], dict[str, Any]]:
    return {(kind["kind"], one["pointer"]): one for kind in said.json["kinds"] for one in kind["fields"]}


def texts_in(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in sorted(folder.rglob("*.toml"))}


@pytest.fixture(params=[(engine, name) for engine in ENGINES for name in SYSTEMS], ids="-".join)
def strange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Database, str]]:
    engine, name = request.param
    with database(engine, tmp_path) as made:
        SYSTEMS[name][0](made)
        yield made, name


@pytest.fixture
def squashed(tmp_path: Path) -> Iterator[Database]:
    with database("sqlite", tmp_path) as made:
        systems.build_squashed(made)
        yield made


def test_it_finds_what_somebody_who_knows_the_system_would_name_and_shows_no_value(
    strange: tuple[Database, str], tmp_path: Path
) -> None:
    made, name = strange
    means = SYSTEMS[name][1]
    said = drafted(made.url, "--out", tmp_path / "draft", "--json")
    assert said.code == 0
    found = {key: f"{one['table']}.{one['column']}" for key, one in guessed(said).items()}
    assert {key: found.get(key) for key in means} == means
    shown = said.out + said.err + "".join(texts_in(tmp_path / "draft").values())
    assert [word for word in systems.CANARY.split() if word in shown] == []
    assert not re.search(r"\d{6}", re.sub(r"CREATE|1970", "", shown))  # no number of a person or of a telephone


def test_what_it_wrote_is_refused_until_it_is_filled_and_then_reads_the_database(
    strange: tuple[Database, str], tmp_path: Path
) -> None:
    made, name = strange
    folder = tmp_path / "draft"
    drafted(made.url, "--out", folder)
    said = kntc("mapping", "check", folder, "--json")
    problems = {(problem["file"], problem["key"]) for problem in said.json["mappings"][0]["problems"]}
    assert said.code == 78
    assert {("draft/mapping.toml", key) for key in ("source", "title.vi", "title.en")} <= problems
    assert (("draft/petition.toml", "universe.sql") in problems) == (name != "double")  # no column marks anything there
    assert [key for file, key in problems if file.startswith(("draft/codes/loaidon", "draft/codes/bang"))]
    fill(folder)
    said = kntc("--lang", "en", "mapping", "check", folder)
    assert said.code == 0, said.err
    assert read_by(folder, made.url)[Kind.PETITION] == systems.PETITIONS


def read_by(folder: Path, url: str) -> dict[Kind, int]:
    """How many rows the finished mapping reads of each kind, persons and all."""
    mapping = mapping_at(folder, *compiled_schemas())
    source = SqlSource(url, "H51.01", mapping, bytes(32))
    source.probe()
    rows = {kind: [row for page in source.pages(mapping.kind(kind)) for row in page.rows] for kind in mapping.kinds}
    source.close()
    assert all(len(row.children["nguoi"]) == 1 for row in rows[Kind.PETITION])
    return {kind: len(found) for kind, found in rows.items()}


def fill(folder: Path) -> None:
    """Do what a person does, in the quickest way: names, any code of each list; nothing is left out."""
    for path in folder.rglob("*.toml"):
        text = path.read_text("utf-8")
        text = text.replace('source = ""', 'source = "la"').replace(
            'title = { vi = "", en = "" }', 'title = { vi = "A", en = "A" }'
        )
        text = re.sub(r'\[universe\]\n(?:# .*\n)*sql = ""', "", text)
        if path.parent.name == "codes":
            list_ = re.search(r'list = "(.*)"', text)[1]
            text = re.sub(r'^(".*") = ""', rf'\1 = "{a_code_of(list_)}"', text, flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")
    text = (folder / "mapping.toml").read_text("utf-8")
    for kind in re.findall(r'"(\w+)"', re.search(r"kinds = \[(.*)\]", text)[1]):
        path = folder / f"{kind}.toml"
        written = path.read_text("utf-8")
        if '# petition_type = { column = ""' in written:
            written = written.replace(
                '# petition_type = { column = "", codes = "" }', 'petition_type = { constant = "denunciation" }'
            )
            path.write_text(written, encoding="utf-8")


def a_code_of(list_: str) -> str:
    return code_list_documents()[list_]["codes"][0]["code"]


def test_shapes_of_values_become_options_of_rules_and_what_is_unsure_a_commented_line(
    squashed: Database, tmp_path: Path
) -> None:
    drafted(squashed.url, "--out", tmp_path / "draft")
    files = texts_in(tmp_path / "draft")
    assert '\n"/handled_on" = { column = "ngayxuly", formats = ["epoch_ms"] }' in files["handling.toml"]
    assert '\n"/issued_on" = { column = "ngayquyetdinh", formats = ["%Y%m%d"] }' in files["decision.toml"]
    assert '\n"/summary" = { column = "tomtatketqua", transform = "html" }' in files["decision.toml"]
    assert '\n"/remedies/recover_state/money" = { column = "thutien", transform = "money" }' in files["decision.toml"]
    assert '\n"/written_on" = { column = "ngayviet" }' in files["petition.toml"]
    assert '\n# "/note" = { column = "ghichu" }' in files["petition.toml"]
    assert '\n# "ghichu" = "tcvn3"' in files["petition.toml"]
    assert '\nkind = "reception"\ncolumns = ["tiepdanid"]' in files["petition.toml"]
    assert "p1.loaidon" in files["handling.toml"]
    assert (
        "\nUNION ALL\n" not in files["petition.toml"]
    )  # the archive has records of the same numbers: it is only named
    assert "donthu_luutru" in files["petition.toml"]
    assert "donthu.domat" in files["petition.toml"]


def test_local_codes_are_listed_without_a_meaning_and_a_list_of_the_source_gives_a_hint(
    squashed: Database, tmp_path: Path
) -> None:
    drafted(squashed.url, "--out", tmp_path / "draft", lang="vi")
    text = texts_in(tmp_path / "draft")["codes/loaidon.toml"]
    lines = [line for line in text.splitlines() if line.startswith('"')]
    assert [line.split("  #")[0] for line in lines] == ['"1" = ""', '"2" = ""', '"3" = ""']
    assert "complaint" in lines[0]
    assert "denunciation" in lines[1]
    assert "#" not in lines[2]  # "Đơn khác" is no word of our list
    assert "Đơn khác" not in text


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_it_says_in_sentences_what_it_found_and_without_out_writes_nothing(
    squashed: Database, tmp_path: Path, lang: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    said = drafted(squashed.url, lang=lang)
    assert said.code == 0
    said.assert_narrow()
    assert "donthu" in said.text
    assert ("hangs on Petition" if lang == "en" else "thuộc Đơn") in said.text
    assert sorted(tmp_path.rglob("*")) == before
    assert not re.search(r"draft\.[a-z]", said.out)


def test_of_the_sample_agency_it_finds_each_kind_half_the_plain_columns_and_is_sure_of_no_wrong_one(
    tmp_path: Path,
) -> None:
    build(tmp_path / "a.sqlite", 7, petitions=20, canary=CANARY)
    said = drafted(f"sqlite:///{tmp_path / 'a.sqlite'}", "--out", tmp_path / "draft", "--json")
    kinds = said.json["kinds"]
    assert {kind["kind"]: kind["table"] for kind in kinds} == {str(kind): table for kind, table in TABLES.items()}
    assert [parent["kind"] for kind in kinds for parent in kind["parents"]] == ["petition"] * 3 + ["decision"]
    guesses = guessed(said)
    found = {key: f"{one['table']}.{one['column']}" for key, one in guesses.items()}
    means = dict(mapped_plainly("bentre"))
    right = [key for key, column in means.items() if found.get(key) == column]
    assert len(right) >= 0.49 * len(means) > 60
    sure = [key for key, one in guesses.items() if one["confidence"] == "sure" and key in means]
    assert len(sure) > 30
    assert {key: found[key] for key in sure} == {key: means[key] for key in sure}
    assert CANARY not in said.out + "".join(texts_in(tmp_path / "draft").values())


@pytest.mark.parametrize(
    ("system", "engine", "kinds", "columns"),
    [
        ("phutho", "mariadb", ["reception", "petition", "handling", "decision"], 34),
        ("gosol", "sqlite", ["reception", "petition", "handling", "decision", "enforcement"], 26),
        ("httt", "postgresql", ["petition"], 0),
    ],
)
def test_of_the_bare_tables_of_other_products_it_finds_kinds_and_columns_by_their_names_alone(
    system: str, engine: str, kinds: list[str], columns: int, tmp_path: Path
) -> None:
    with database(engine, tmp_path) as made:
        script = (SCRIPTS / f"{system}.sql").read_text("utf-8")
        bare = re.sub(r"(^|\s)--.*$", "", script, flags=re.MULTILINE)
        made.run(*(statement for statement in bare.split(";") if statement.strip()))
        said = drafted(made.url, "--json")
    assert [kind["kind"] for kind in said.json["kinds"]] == kinds
    assert {one["confidence"] for one in guessed(said).values()} <= {"likely", "weak"}  # there is no value to see
    found = {key: f"{one['table']}.{one['column']}" for key, one in guessed(said).items()}
    assert sum(found.get(key) == column for key, column in mapped_plainly(system)) >= columns
    if system == "httt":
        (petition,) = said.json["kinds"]
        assert (petition["table"], petition["twins"]) == ("Complains", ["KNTC.Denounces"])
        assert len(petition["fields"]) >= 15


def mapped_plainly(system: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Field -> table.column of every rule of the shipped mapping that takes a column as it is, computed by no SQL."""
    mapping = mapping_at(shipped("mappings", system), *compiled_schemas())
    for kind in mapping.kinds:
        compiled = mapping.kind(kind)
        sql = "\n".join([compiled.select.sql, *(child.sql for child in compiled.children)])
        for step in compiled.trace:
            name = step.column.rpartition(".")[2]
            is_plain = re.fullmatch(r"\w+\.\w+", step.column) and re.search(rf"\b{name}\b", sql)
            if is_plain and not step.rule.startswith("parent") and not names_otherwise(sql, name):
                yield (str(kind), step.pointer), step.column


def test_the_configured_source_of_an_agency_can_be_looked_at(world: World) -> None:
    said = world("mapping", "draft", "--json")
    assert said.code == 0
    assert next(kind["table"] for kind in said.json["kinds"] if kind["kind"] == Kind.PETITION) == "don_thu"


def test_a_password_on_the_command_line_is_refused_and_not_repeated() -> None:
    for url in ("mysql+pymysql://me:geheim@127.0.0.1/kntc", "mysql+pymysql://me@127.0.0.1/kntc?password=geheim"):
        said = drafted(url)
        assert said.code == 2
        assert "E-DRAFT-PASSWORD" in said.err
        assert "geheim" not in said.out + said.err


def test_nothing_that_is_there_is_ever_overwritten(squashed: Database, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mapping.toml").write_text("mine", encoding="utf-8")
    said = drafted(squashed.url, "--out", tmp_path / "mine")
    assert (said.code, texts_in(tmp_path / "mine")) == (65, {"mapping.toml": "mine"})
    assert "E-DRAFT-FOLDER" in said.err


def test_an_absent_database_and_an_empty_one_are_told_apart(tmp_path: Path) -> None:
    said = drafted(f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert (said.code, "E-DRAFT-CONNECT" in said.err) == (69, True)
    sqlite3.connect(tmp_path / "empty.sqlite").close()
    (tmp_path / "empty.sqlite").touch()
    said = drafted(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    assert (said.code, "E-DRAFT-NOTHING" in said.err) == (65, True)
    (tmp_path / "folder").mkdir()
    assert drafted(f"files:///{tmp_path / 'folder'}").code == 65
    assert drafted(f"files:///{tmp_path / 'absent'}").code == 69


def test_a_folder_of_files_is_drafted_with_its_tables_and_the_key_is_a_persons_to_confirm(tmp_path: Path) -> None:
    folder = tmp_path / "so"
    folder.mkdir()
    lines = ["SỔ TIẾP CÔNG DÂN;;;;", ";;;;", "Mã lượt tiếp;Ngày tiếp;Họ và tên;Nội dung;Loại đơn"]
    lines += [f"T{n};0{n}/01/2026;{systems.CANARY};Về {systems.CANARY} {n};{n % 3}" for n in range(1, 10)]
    (folder / "sổ tiếp dân.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "hong.csv").write_bytes(b"\xff\xfe\xfa")
    said = drafted(f"files:///{folder}", "--out", tmp_path / "draft", "--json")
    assert said.code == 0
    assert said.json["unlooked"] == 1
    found = {key: one["column"] for key, one in guessed(said).items()}
    assert found["reception", "/held_on"] == "ngay_tiep"
    assert found["reception", "/content"] == "noi_dung"
    assert found["reception", "/citizens/*/full_name"] == "ho_va_ten"
    files = texts_in(tmp_path / "draft")
    assert systems.CANARY.split()[0] not in said.out + "".join(files.values())
    checked = kntc("mapping", "check", tmp_path / "draft", "--json")
    problems = {(problem["file"], problem["key"]) for problem in checked.json["mappings"][0]["problems"]}
    wanted = {("mapping.toml", "tables.so_tiep_dan.key"), ("reception.toml", "key"), ("reception.toml", "range.column")}
    assert {(f"draft/{file}", key) for file, key in wanted} <= problems
    for name in ("mapping.toml", "reception.toml"):
        path = tmp_path / "draft" / name
        path.write_text(re.sub(r"^# (key|column) = ", r"\1 = ", files[name], flags=re.MULTILINE), encoding="utf-8")
    fill(tmp_path / "draft")
    assert kntc("mapping", "check", tmp_path / "draft").code == 0
    mapping = mapping_at(tmp_path / "draft", *compiled_schemas())
    source = FileSource(folder, "H51.01", mapping, bytes(32), now=lambda: 2e10)
    assert sum(len(page.rows) for page in source.pages(mapping.kind(Kind.RECEPTION))) == 9
    source.close()


def test_no_more_rows_are_read_than_asked_for_and_both_ends_are_seen(squashed: Database) -> None:
    said = drafted(squashed.url, "--rows", "4", "--json")
    assert {kind["rows"] for kind in said.json["kinds"]} == {4}


def test_the_source_stays_byte_for_byte_as_it_was(world: World) -> None:
    path = source_path(world.folder)
    before = path.read_bytes()
    drafted(f"sqlite:///{path}")
    assert path.read_bytes() == before
