"""Sweeps over real SQLite files: every key once, nothing written, nothing told that a record holds."""

import hashlib
import json
import sqlite3
import traceback
from pathlib import Path

import pytest
from sqlalchemy import event, make_url

from connector.core.mapping import CompiledMapping
from connector.core.model import Kind, Problem
from connector.core.secrecy import SecrecyPolicy
from connector.errors import ConfigError, MappingError, SourceError
from connector.sources import preparing
from connector.sources.base import Page
from connector.sources.engines import source_url
from connector.sources.sql import MAX_REFUSED, SqlSource
from tests.mapping_files import compiled, files

EVIDENCE = b"e" * 32
CANARY = "CHIMYEN7788"

TABLES = """
CREATE TABLE don (Id INTEGER PRIMARY KEY, Ngay TEXT, Loai INTEGER, NoiDung TEXT, NhieuNguoi INTEGER, SoNguoi TEXT,
    Goc INTEGER, CoQuan TEXT, SoCV TEXT, Mat INTEGER DEFAULT 0, Nhap INTEGER DEFAULT 0);
CREATE TABLE nguoi (IdDon INTEGER, Stt INTEGER, HoTen TEXT, SoGiayTo TEXT, NgaySinh TEXT, Huyen TEXT, Xa TEXT,
    DiaChi TEXT, AnDanh INTEGER);
CREATE TABLE don_linh_vuc (IdDon INTEGER, Ma TEXT);
CREATE TABLE xu_ly (Id INTEGER, Lan INTEGER, IdDon INTEGER, Ngay TEXT, Huong TEXT);
CREATE INDEX ix_xu_ly ON xu_ly (Id);
"""


class Agency:
    """A SQLite file that plays the agency's database."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.run(TABLES)

    def run(self, sql: str, *values: object) -> None:
        connection = sqlite3.connect(self.path)
        with connection:
            if values:
                connection.execute(sql, values)
            else:
                connection.executescript(sql)
        connection.close()

    def add_petition(self, id_: int, **columns: object) -> None:
        given = {"Id": id_, "Ngay": "2023-05-01", "Loai": 1, "NoiDung": "Nội dung mẫu", **columns}
        names, marks = ", ".join(given), ", ".join("?" for _ in given)
        self.run(f"INSERT INTO don ({names}) VALUES ({marks})", *given.values())

    def add_person(self, petition: int, name: str, order: int = 1) -> None:
        self.run("INSERT INTO nguoi (IdDon, Stt, HoTen) VALUES (?, ?, ?)", petition, order, name)

    def digest(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@pytest.fixture
def agency(tmp_path):
    return Agency(tmp_path / "cơ quan.db")


@pytest.fixture
def connect(agency):
    opened: list[SqlSource] = []

    def open_source(mapping: CompiledMapping | None = None, **bounds) -> SqlSource:
        source = SqlSource(f"sqlite:///{agency.path}", "H99.01", mapping or compiled(), EVIDENCE, **bounds)
        opened.append(source)
        return source

    yield open_source
    for source in opened:
        source.close()


def sweep(source: SqlSource, kind: Kind = Kind.PETITION, mapping: CompiledMapping | None = None, lo=None) -> list[Page]:
    return list(source.pages((mapping or compiled()).kind(kind), lo=lo))


def ids(pages) -> list[str]:
    return [row.key.local_id for page in pages for row in page.rows]


def fingerprints(pages) -> dict[str, str]:
    return {row.key.local_id: row.fingerprint for page in pages for row in page.rows}


def with_range_over_text() -> CompiledMapping:
    """Petitions whose key is a text column of another table layout."""
    changed = files()
    petition = changed["petition.toml"]
    petition["key"], petition["range"] = ["Ma"], {"table": "ho so", "column": "Ma"}
    petition["select"] = {
        "table": "ho so",
        "sql": 'SELECT Ma, Ngay, Loai, NoiDung FROM "ho so" WHERE Ma > :lo AND Ma <= :hi',
    }
    del petition["children"], petition["universe"]
    petition["fields"] = {
        "/received_on": {"column": "Ngay"},
        "/type": {"column": "Loai", "codes": "loai-don"},
        "/content": {"column": "NoiDung"},
    }
    return compiled(changed)


# --- pages


@pytest.mark.parametrize("page_rows", [1, 2, 3, 7, 100])
def test_a_sweep_meets_every_key_once_whatever_the_page_size(agency, connect, page_rows):
    for id_ in (-5, 0, 3, 4, 9, 10**12, 11):
        agency.add_petition(id_)
    pages = sweep(connect(page_rows=page_rows))
    assert ids(pages) == [f"mau:{id_}" for id_ in sorted((-5, 0, 3, 4, 9, 10**12, 11))]
    assert all(len(page.rows) <= page_rows for page in pages)
    assert [page.hi for page in pages] == sorted(page.hi for page in pages)
    assert [page.lo for page in pages[1:]] == [page.hi for page in pages[:-1]]


def test_a_sweep_goes_on_above_a_key(agency, connect):
    for id_ in range(10):
        agency.add_petition(id_)
    assert ids(sweep(connect(page_rows=3), lo=6)) == ["mau:7", "mau:8", "mau:9"]


def test_an_empty_table_has_no_page(connect):
    assert sweep(connect()) == []


def test_rows_that_share_a_range_key_stay_on_one_page_and_composite_keys_tell_them_apart(agency, connect):
    for id_ in (1, 2, 3):
        for round_ in (1, 2, 3):
            agency.run("INSERT INTO xu_ly VALUES (?, ?, 1, '2023-05-01', 'CD')", id_, round_)
    pages = sweep(connect(page_rows=2), Kind.HANDLING)
    assert [ids([page]) for page in pages] == [[f"mau:{id_}/{round_}" for round_ in (1, 2, 3)] for id_ in (1, 2, 3)]


def test_text_keys_walk_in_the_databases_own_order(agency, connect):
    agency.run('CREATE TABLE "ho so" (Ma TEXT PRIMARY KEY COLLATE NOCASE, Ngay TEXT, Loai INTEGER, NoiDung TEXT)')
    keys = ["B/1", "a:2", "đơn 3", "'; DROP TABLE don; --", "C%"]
    for key in keys:
        agency.run('INSERT INTO "ho so" VALUES (?, ?, 1, ?)', key, "2023-05-01", "x")
    mapping = with_range_over_text()
    pages = sweep(connect(mapping, page_rows=2), mapping=mapping)
    assert ids(pages) == [
        "mau:';%20DROP%20TABLE%20don;%20--",
        "mau:a%3A2",
        "mau:B%2F1",
        "mau:C%25",
        "mau:đơn%203",
    ]


def test_records_without_a_range_key_are_counted_and_named(agency, connect):
    agency.run('CREATE TABLE "ho so" (Ma TEXT, Ngay TEXT, Loai INTEGER, NoiDung TEXT)')
    for key in (None, "", "a"):
        agency.run('INSERT INTO "ho so" VALUES (?, ?, 1, ?)', key, "2023-05-01", "x")
    mapping = with_range_over_text()
    (page,) = sweep(connect(mapping), mapping=mapping)
    assert ids([page]) == ["mau:a"]
    assert page.problems == (("", Problem("/local_id", "E-MAP-EMPTY-KEY", "ho so.Ma", "2")),)
    assert (page.universe, page.selected, page.unexplained) == (3, 1, 2)


def test_a_row_that_appears_while_paging_is_met_if_its_key_is_still_ahead(agency, connect):
    for id_ in (1, 2, 5):
        agency.add_petition(id_)
    pages = connect(page_rows=2).pages(compiled().kind(Kind.PETITION))
    next(pages)
    agency.add_petition(4)  # no transaction is open between pages: the agency can write
    assert ids(pages) == ["mau:4", "mau:5"]


# --- rows and children


def test_children_come_with_their_record_in_the_order_of_their_query(agency, connect):
    for id_ in (1, 2):
        agency.add_petition(id_)
    agency.add_person(1, "Người Mẫu Hai", order=2)
    agency.add_person(1, "Người Mẫu Một", order=1)
    agency.add_person(3, "Người của không đơn nào")
    rows = {row.key.local_id: row for page in sweep(connect()) for row in page.rows}
    assert [person["HoTen"] for person in rows["mau:1"].children["nguoi"]] == ["Người Mẫu Một", "Người Mẫu Hai"]
    assert rows["mau:2"].children == {"nguoi": (), "linh_vuc": ()}


def test_a_fingerprint_changes_with_the_row_its_children_and_the_key_and_with_nothing_else(agency, connect):
    for id_ in (1, 2, 3):
        agency.add_petition(id_)
        agency.add_person(id_, "Người Mẫu")
    before = fingerprints(sweep(connect()))
    assert fingerprints(sweep(connect(page_rows=1))) == before
    agency.run("UPDATE don SET NoiDung = 'Khác' WHERE Id = 1; UPDATE nguoi SET HoTen = 'Khác' WHERE IdDon = 2")
    agency.run("DELETE FROM nguoi WHERE IdDon = 3; INSERT INTO nguoi (IdDon, Stt, HoTen) VALUES (3, 1, 'Người Mẫu')")
    after = fingerprints(sweep(connect()))
    assert {key for key in before if before[key] != after[key]} == {"mau:1", "mau:2"}
    other = SqlSource(f"sqlite:///{agency.path}", "H99.01", compiled(), b"f" * 32)
    assert set(fingerprints(sweep(other)).values()).isdisjoint(after.values())
    other.close()


def test_values_of_any_type_have_a_fingerprint(agency, connect):
    agency.add_petition(1, NoiDung=b"\x00\xff", SoNguoi=1.5, Goc=2**62)
    agency.run("INSERT INTO don (Id, Ngay, Loai, NoiDung) VALUES (2, '2023-05-01', 1, CAST(x'b6d0' AS TEXT))")
    (page,) = sweep(connect())
    assert len({len(row.fingerprint) for row in page.rows}) == 1
    mapped = compiled().kind(Kind.PETITION).apply(page.rows[1], SecrecyPolicy())
    assert mapped.problems == (Problem("/content", "E-MAP-TEXT", "don.NoiDung", "valid Unicode"),)


def test_bytes_of_an_old_encoding_are_read_as_declared_whatever_type_their_column_has(agency, connect):
    changed = files()
    changed["petition.toml"]["select"]["encoding"] = {"NoiDung": "tcvn3"}
    stored = "'Nguy\u00d4n V\u00a8n L\u00adu'"  # a driver took each byte for a character
    for id_, value in ((1, stored), (2, "x'4c6d'"), (3, "CAST(x'4cad75' AS TEXT)"), (4, "x'4cad75'")):
        agency.run(f"INSERT INTO don (Id, Ngay, Loai, NoiDung) VALUES ({id_}, '2023-05-01', 1, {value})")
    (page,) = sweep(connect())
    mapped = [compiled(changed).kind(Kind.PETITION).apply(row, SecrecyPolicy()) for row in page.rows]
    texts = [json.loads(one.documents[0].body)["content"] for one in mapped]
    assert texts == ["Nguy\u1ec5n V\u0103n L\u01b0u", "Lm", "L\u01b0u", "L\u01b0u"]


def test_a_key_that_stands_twice_is_a_problem_of_that_key_alone(agency, connect):
    for round_ in (1, 1, 2):
        agency.run("INSERT INTO xu_ly VALUES (1, ?, 1, '2023-05-01', 'CD')", round_)
    (page,) = sweep(connect(), Kind.HANDLING)
    assert ids([page]) == ["mau:1/2"]
    assert page.problems == (("mau:1/1", Problem("/local_id", "E-MAP-DUPLICATE-KEY", "xu_ly.Id", "2")),)


def test_a_row_without_its_whole_key_is_a_problem(agency, connect):
    agency.run("INSERT INTO xu_ly VALUES (1, NULL, 1, '2023-05-01', 'CD')")
    (page,) = sweep(connect(), Kind.HANDLING)
    assert page.problems == (("", Problem("/local_id", "E-MAP-EMPTY-KEY", "xu_ly.Lan")),)


def test_an_enormous_text_is_a_problem_of_its_record_and_is_not_kept(agency, connect):
    agency.add_petition(1, NoiDung=CANARY * 100_000)
    agency.add_petition(2)
    agency.add_petition(3)
    agency.add_person(2, CANARY * 100_000)
    (page,) = sweep(connect())
    assert ids([page]) == ["mau:3"]
    assert page.problems == (
        ("mau:1", Problem("/content", "E-MAP-TEXT", "don.NoiDung", "at most 1000000 characters")),
        ("mau:2", Problem("/petitioners/*/full_name", "E-MAP-TEXT", "nguoi.HoTen", "at most 1000000 characters")),
    )
    assert page.selected == 3
    assert CANARY not in repr(page)


# --- the balance


def test_what_is_left_out_is_counted_by_reason_and_a_secret_only_as_a_number(agency, connect):
    for id_ in range(1, 8):
        agency.add_petition(id_, Nhap=int(id_ == 2), Mat=int(id_ in {3, 5}))
    (page,) = sweep(connect())
    assert ids([page]) == ["mau:1", "mau:4", "mau:6", "mau:7"]
    assert (page.universe, page.selected, page.excluded, page.refused_secret) == (7, 4, {"draft": 1}, 2)
    assert page.secret_ids == {"mau:3", "mau:5"}
    assert page.excluded_ids == {"mau:2"}
    assert page.unexplained == 0


def changed_select(condition: str) -> CompiledMapping:
    changed = files()
    select = changed["petition.toml"]["select"]
    select["sql"] = select["sql"].replace("AND Mat = 0 AND Nhap = 0", condition)
    return compiled(changed)


def test_a_record_that_nobody_selects_and_nobody_explains_is_unexplained(agency, connect):
    for id_ in (1, 2):
        agency.add_petition(id_, Loai=id_)
    mapping = changed_select("AND Mat = 0 AND Nhap = 0 AND Loai = 1")
    (page,) = sweep(connect(mapping), mapping=mapping)
    assert (page.universe, page.selected, page.unexplained) == (2, 1, 1)


def test_a_secret_or_a_draft_that_the_select_brings_all_the_same_is_held_back_and_reported(agency, connect):
    agency.add_petition(1, Mat=1, NoiDung=CANARY)
    agency.add_petition(2, Nhap=1)
    agency.add_petition(3)
    mapping = changed_select("")
    (page,) = sweep(connect(mapping), mapping=mapping)
    assert ids([page]) == ["mau:3"]
    assert {problem.rule for _, problem in page.problems} == {"E-MAP-SECRET-SELECTED", "E-MAP-EXCLUDED-SELECTED"}
    assert {local_id for local_id, _ in page.problems} == {""}
    assert (page.universe, page.selected, page.refused_secret, page.unexplained) == (3, 1, 1, 1)
    assert CANARY not in repr(page)


def test_a_reason_that_nobody_declared_is_unexplained(agency, connect):
    agency.add_petition(1)
    changed = files()
    universe = changed["petition.toml"]["universe"]
    universe["sql"] = universe["sql"].replace("CASE WHEN Mat = 1", "CASE WHEN Id = 1 THEN 'khac' WHEN Mat = 1")
    mapping = compiled(changed)
    (page,) = sweep(connect(mapping), mapping=mapping)
    assert (ids([page]), page.unexplained, page.problems[0][1].rule) == ([], 1, "E-MAP-REASON")


# --- single records


def test_a_record_can_be_read_again_by_its_range_value(agency, connect):
    for id_ in (1, 2, 3):
        agency.add_petition(id_)
        agency.add_person(id_, f"Người Mẫu {id_}")
    kind, source = compiled().kind(Kind.PETITION), connect()
    whole = fingerprints(sweep(source))
    pages = list(source.fetch(kind, [2, kind.range_value("mau:3"), 99]))
    assert [ids([page]) for page in pages] == [["mau:2"], ["mau:3"], []]
    assert fingerprints(pages) == {key: whole[key] for key in ("mau:2", "mau:3")}


def test_a_text_that_no_key_can_be_brings_nothing_and_stops_nothing(agency, connect):
    agency.add_petition(1)
    pages = connect().fetch(compiled().kind(Kind.PETITION), ["chưa có", "9" * 30, "1"])
    assert [ids([page]) for page in pages] == [[], [], ["mau:1"]]


def test_a_text_key_brings_only_its_own_rows(agency, connect):
    agency.run('CREATE TABLE "ho so" (Ma TEXT PRIMARY KEY, Ngay TEXT, Loai INTEGER, NoiDung TEXT)')
    for key in ("a", "ab", "b"):
        agency.run('INSERT INTO "ho so" VALUES (?, ?, 1, ?)', key, "2023-05-01", "x")
    mapping = with_range_over_text()
    source = connect(mapping)
    pages = list(source.fetch(mapping.kind(Kind.PETITION), ["ab", "a", "aa", "c"]))
    assert [ids([page]) for page in pages] == [["mau:ab"], ["mau:a"], [], []]


# --- too much, and broken keys


BOUND = Problem("", "E-SOURCE-BOUND", "don.Id", "at most 5 rows")


def with_persons(agency: Agency, petition: int, count: int, **columns: object) -> None:
    agency.add_petition(petition, **columns)
    for order in range(count):
        agency.add_person(petition, "Người Mẫu", order)


@pytest.mark.parametrize("page_rows", [1, 2, 3, 7, 100])
def test_a_record_that_brings_too_much_is_a_problem_of_its_own_and_the_sweep_goes_on(agency, connect, page_rows):
    for id_ in range(1, 9):
        with_persons(agency, id_, 6 if id_ in {1, 4, 8} else 1)
    pages = sweep(connect(page_rows=page_rows, max_rows=5))
    assert ids(pages) == ["mau:2", "mau:3", "mau:5", "mau:6", "mau:7"]
    assert [problem for page in pages for problem in page.problems] == [(f"mau:{id_}", BOUND) for id_ in (1, 4, 8)]
    assert (sum(page.universe for page in pages), sum(page.selected for page in pages)) == (8, 8)
    assert sum(page.unexplained for page in pages) == 0


def test_a_page_that_is_too_much_only_as_a_whole_is_read_in_parts(agency, connect):
    for id_ in range(20):
        with_persons(agency, id_, 4)
    pages = sweep(connect(page_rows=10, max_rows=10))
    assert ids(pages) == [f"mau:{id_}" for id_ in range(20)]
    assert all(page.problems == () for page in pages)


def test_a_record_with_too_much_can_be_asked_for_and_answers_with_its_problem(agency, connect):
    with_persons(agency, 1, 6)
    (page,) = connect(max_rows=5).fetch(compiled().kind(Kind.PETITION), ["1"])
    assert (ids([page]), page.problems) == ([], (("mau:1", BOUND),))


def test_a_secret_or_a_draft_that_brings_too_much_is_not_named(agency, connect):
    with_persons(agency, 1, 6, Mat=1)
    with_persons(agency, 2, 6, Nhap=1)
    pages = sweep(connect(page_rows=1, max_rows=5))
    assert [page.problems for page in pages] == [(), ()]
    assert [(page.refused_secret, page.excluded.get("draft", 0), page.unexplained) for page in pages] == [
        (1, 0, 0),
        (0, 1, 0),
    ]


def test_a_record_of_which_nobody_can_tell_whether_it_is_secret_is_not_named(agency, connect):
    agency.add_petition(1)
    agency.add_petition(2)
    changed = files()
    universe = changed["petition.toml"]["universe"]
    union = (
        "UNION ALL SELECT don.Id, NULL FROM don, (VALUES (1), (2), (3)) WHERE don.Id = 1 AND don.Id > :lo AND Id <= :hi"
    )
    universe["sql"] += f" {union}"
    mapping = compiled(changed)
    pages = sweep(connect(mapping, max_rows=3), mapping=mapping)
    assert ids(pages) == ["mau:2"]
    assert [problem[0] for page in pages for problem in page.problems] == [""]
    assert sum(page.unexplained for page in pages) == 1


def test_a_root_query_that_brings_too_much_for_one_key_names_it_if_the_range_makes_the_key(agency, connect):
    agency.add_petition(1)
    agency.add_petition(2)
    double = (
        "AND 1 UNION ALL SELECT Id, Ngay, Loai, NoiDung, 0, 0, 0, 0, 0 FROM don, (VALUES (1), (2), (3)) WHERE Id = 1"
    )
    mapping = changed_select(f"{double} AND Id > :lo AND Id <= :hi")
    pages = sweep(connect(mapping, max_rows=3), mapping=mapping)
    assert ids(pages) == ["mau:2"]
    bound = Problem("", "E-SOURCE-BOUND", "don.Id", "at most 3 rows")
    assert [problem for page in pages for problem in page.problems] == [("mau:1", bound)]
    assert sum(page.unexplained for page in pages) == 0


def test_rows_without_a_nameable_key_that_are_too_much_are_unexplained(agency, connect):
    for round_ in range(6):
        agency.run("INSERT INTO xu_ly VALUES (1, ?, 1, '2023-05-01', 'CD')", round_)
    agency.run("INSERT INTO xu_ly VALUES (2, 1, 1, '2023-05-01', 'CD')")
    pages = sweep(connect(max_rows=5), Kind.HANDLING)
    assert ids(pages) == ["mau:2/1"]
    assert pages[0].problems == (("", Problem("", "E-SOURCE-BOUND", "xu_ly.Id", "at most 5 rows")),)
    assert [page.unexplained for page in pages] == [1, 0]


def test_a_query_that_is_too_much_for_every_record_spares_their_database(agency, connect):
    for id_ in range(MAX_REFUSED + 2):
        with_persons(agency, id_, 2)
    with pytest.raises(SourceError, match="E-SOURCE-BOUND"):
        sweep(connect(max_rows=1))


@pytest.mark.parametrize("page_rows", [1, 2, 3, 100])
@pytest.mark.parametrize("broken", [("b0", "4bd0e1", "d0"), ("4bd0e1",), ("f0", "f1"), ("41d0",)])
def test_a_key_of_broken_bytes_is_stepped_over_and_told(agency, connect, page_rows, broken):
    agency.run('CREATE TABLE "ho so" (Ma TEXT, Ngay TEXT, Loai INTEGER, NoiDung TEXT)')
    for key in ("A", "L", "Z", "đ"):
        agency.run('INSERT INTO "ho so" VALUES (?, ?, 1, ?)', key, "2023-05-01", "x")
    for key in broken:
        agency.run(f"INSERT INTO \"ho so\" VALUES (CAST(x'{key}' AS TEXT), '2023-05-01', 1, 'x')")
    mapping = with_range_over_text()
    source = connect(mapping, page_rows=page_rows)
    pages = sweep(source, mapping=mapping)
    assert ids(pages) == ["mau:A", "mau:L", "mau:Z", "mau:đ"]
    problems = [problem for page in pages for problem in page.problems]
    named = [local_id for local_id, _ in problems if local_id]
    assert {problem.rule for _, problem in problems} == {"E-MAP-TEXT"}
    assert len(named) + sum(page.unexplained for page in pages) == len(broken)
    repr([(page.lo, page.hi, page.problems) for page in pages]).encode()
    (again,) = source.fetch(mapping.kind(Kind.PETITION), ["Z"])
    assert "mau:Z" in ids([again])


def test_a_table_of_broken_keys_only_is_counted(agency, connect):
    agency.run('CREATE TABLE "ho so" (Ma TEXT, Ngay TEXT, Loai INTEGER, NoiDung TEXT)')
    for key in ("d0", "d1", "d2"):
        agency.run(f"INSERT INTO \"ho so\" VALUES (CAST(x'{key}' AS TEXT), '2023-05-01', 1, 'x')")
    mapping = with_range_over_text()
    (page,) = sweep(connect(mapping, page_rows=2), mapping=mapping)
    assert page.problems == (("", Problem("/local_id", "E-MAP-TEXT", "ho so.Ma", "valid Unicode")),)
    assert (page.universe, page.unexplained) == (3, 3)


def test_child_rows_that_belong_to_no_record_are_unexplained(agency, connect):
    agency.add_petition(1)
    agency.add_petition(2, Nhap=1)
    agency.add_petition(4)
    for petition in (1, 2, 3, 3):  # of a draft: left out with it; of petition 3: whose are they?
        agency.add_person(petition, "Người Mẫu")
    (page,) = sweep(connect())
    assert page.unexplained == 2
    assert (page.universe, page.selected, page.excluded) == (3, 2, {"draft": 1})


def test_child_rows_whose_key_is_equal_for_the_database_only_are_unexplained(agency, connect):
    agency.run("CREATE TABLE ho_so (Ma TEXT COLLATE NOCASE, Ngay TEXT, Loai INTEGER, NoiDung TEXT)")
    agency.run("CREATE TABLE ho_so_nguoi (Ma TEXT COLLATE NOCASE, HoTen TEXT)")
    agency.run("INSERT INTO ho_so VALUES ('KN-01', '2023-05-01', 1, 'x'), ('KN-02', '2023-05-01', 1, 'x')")
    agency.run("INSERT INTO ho_so_nguoi VALUES ('kn-01', 'Người Mẫu'), ('KN-02', 'Người Mẫu')")
    changed = files()
    petition = changed["petition.toml"]
    petition["key"], petition["range"] = ["Ma"], {"table": "ho_so", "column": "Ma"}
    sql = "SELECT Ma, Ngay, Loai, NoiDung FROM ho_so WHERE Ma > :lo AND Ma <= :hi"
    petition["select"] = {"table": "ho_so", "sql": sql}
    sql = "SELECT Ma, HoTen FROM ho_so_nguoi WHERE Ma > :lo AND Ma <= :hi ORDER BY Ma, HoTen"
    petition["children"] = [{"name": "nguoi", "table": "ho_so_nguoi", "key": ["Ma"], "sql": sql}]
    petition["fields"] = {
        "/received_on": {"column": "Ngay"},
        "/type": {"column": "Loai", "codes": "loai-don"},
        "/content": {"column": "NoiDung"},
        "/petitioners/*": {"rows": "nguoi"},
        "/petitioners/*/full_name": {"column": "HoTen"},
    }
    del petition["universe"]
    changed["mapping.toml"]["kinds"] = ["petition"]
    del changed["handling.toml"]
    mapping = compiled(changed)
    (page,) = sweep(connect(mapping), mapping=mapping)
    assert [len(row.children["nguoi"]) for row in page.rows] == [0, 1]
    assert page.unexplained == 1


# --- promises about their database


def test_the_agencys_file_is_never_written(agency, connect):
    for id_ in range(20):
        agency.add_petition(id_)
    before, folder = agency.digest(), sorted(agency.path.parent.iterdir())
    source = connect(page_rows=3)
    source.probe()
    sweep(source)
    list(source.fetch(compiled().kind(Kind.PETITION), [3]))
    source.close()
    assert agency.digest() == before
    assert sorted(agency.path.parent.iterdir()) == folder


def test_a_query_that_writes_by_a_side_door_is_refused_by_the_database(agency, connect):
    agency.add_petition(1)
    with pytest.raises(SourceError) as caught:
        connect()._ask(compiled().kind(Kind.PETITION), lambda connection: connection.exec_driver_sql("DELETE FROM don"))
    assert caught.value.values["code"] == "SQLITE_READONLY"
    assert ids(sweep(connect())) == ["mau:1"]


def test_a_missing_file_is_an_error_and_is_not_created(tmp_path):
    source = SqlSource(f"sqlite:///{tmp_path / 'none.db'}", "H99.01", compiled(), EVIDENCE)
    with pytest.raises(SourceError) as caught:
        source.probe()
    assert caught.value.id == "E-SOURCE-CONNECT"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "nonsense", "", "mysql://u:p@host:port/db"])
def test_a_url_that_names_no_usable_database_is_a_mistake_of_the_configuration(url):
    for use in (source_url, lambda text: SqlSource(text, "H99.01", compiled(), EVIDENCE)):
        with pytest.raises(ConfigError, match="E-CFG-SOURCE-URL"):
            use(url)


@pytest.mark.parametrize("url", ["nosuchdb://host/db", "mysql+nothere://host/db", "mysql+mysqldb://host/db"])
def test_a_driver_that_is_not_installed_is_a_mistake_of_the_configuration(url):
    for use in (source_url, lambda text: SqlSource(text, "H99.01", compiled(), EVIDENCE)):
        with pytest.raises(ConfigError, match="E-CFG-DRIVER"):
            use(url)


@pytest.mark.parametrize(
    "url",
    [
        CANARY,
        f"{CANARY}://host/db",
        f"mysql+{CANARY}://host/db",
        f"mysql+nothere://u:{CANARY}@host/db",
        f"mysql://u@host:{CANARY}/db",
        make_url("nosuchdb://u@host/db").set(password=CANARY),
    ],
)
def test_nothing_of_a_url_is_told(url):
    for use in (source_url, lambda text: SqlSource(text, "H99.01", compiled(), EVIDENCE)):
        with pytest.raises(ConfigError) as caught:
            use(url)
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=False)
        assert CANARY not in "".join(told.format())
        assert CANARY not in repr(vars(caught.value))
        assert caught.value.__context__ is None


def test_a_usable_url_is_given_back_with_its_password_for_the_caller_to_change(tmp_path):
    url = source_url(f"sqlite:///{tmp_path}/a.db")
    assert url.database == f"{tmp_path}/a.db"
    assert source_url(url) == url


def test_the_agency_code_is_bound_and_never_stands_in_the_sql(agency, connect):
    agency.add_petition(1, CoQuan="H99.01")
    agency.add_petition(2, CoQuan="H99.02")
    mapping = changed_select("AND Mat = 0 AND Nhap = 0 AND CoQuan = :agency_code")
    assert ids(sweep(connect(mapping), mapping=mapping)) == ["mau:1"]
    hostile = SqlSource(f"sqlite:///{agency.path}", "x' OR '1'='1", mapping, EVIDENCE)
    assert ids(sweep(hostile, mapping=mapping)) == []
    hostile.close()


def test_an_error_of_the_driver_carries_no_value_of_a_record(agency, connect):
    agency.add_petition(1, NoiDung=CANARY)
    mapping = changed_select(f"AND json_extract(NoiDung, '$.x') = '{CANARY}'")
    with pytest.raises(SourceError) as caught:
        sweep(connect(mapping), mapping=mapping)
    assert caught.value.id == "E-SOURCE-QUERY"
    assert caught.value.values["error"] == "OperationalError"
    assert caught.value.__context__ is None
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=False)
    assert CANARY not in "".join(shown.format())


def test_a_missing_table_is_found_by_the_probe(agency, connect):
    agency.run("DROP TABLE xu_ly")
    assert refused(connect()) == [("E-CFG-SQL-TABLE", "mau/handling.toml", "range", "xu_ly")]


def refused(source: SqlSource) -> list[tuple[str, ...]]:
    with pytest.raises(MappingError) as caught:
        source.probe()
    assert caught.value.__context__ is None
    return [(p.id, p.values["file"], p.values["key"], p.values["found"]) for p in caught.value.problems]


def test_the_probe_reads_no_record_and_names_every_column_that_is_not_there(agency, connect):
    """`check` said "ready" for a mapping whose column the database has not: it looked at the keys alone."""
    agency.add_petition(1, NoiDung=CANARY)
    connect().probe()
    agency.run("ALTER TABLE don RENAME COLUMN NoiDung TO Khac; ALTER TABLE nguoi RENAME COLUMN HoTen TO Ten")
    assert refused(connect()) == [
        ("E-CFG-SQL-COLUMN", "mau/petition.toml", "select.sql", "NoiDung"),
        ("E-CFG-SQL-COLUMN", "mau/petition.toml", "children.0.sql", "HoTen"),
    ]


def test_a_result_that_lacks_a_column_and_a_query_that_is_no_sql_there_are_found_by_the_probe(connect):
    changed = files()
    select = changed["petition.toml"]["select"]
    select["sql"] = select["sql"].replace("NoiDung,", "NoiDung AS Khac,")
    changed["petition.toml"]["universe"]["sql"] = "SELECT Id, '' AS excluded FROM FROM don WHERE Id > :lo AND Id <= :hi"
    assert refused(connect(compiled(changed))) == [
        ("E-CFG-SQL-RESULT", "mau/petition.toml", "select.sql", "NoiDung"),
        ("E-CFG-SQL-REFUSED", "mau/petition.toml", "universe.sql", ""),
    ]


def test_what_a_driver_complains_of_is_told_only_if_the_mapping_says_it_too():
    said = f'column "{CANARY}" does not exist'
    assert preparing._named(preparing._COLUMN, said, "SELECT a FROM b") is None
    assert preparing._named(preparing._COLUMN, "Unknown column 'd.Ngay' in 'SELECT'", "SELECT d.Ngay FROM d") == "Ngay"


def test_a_database_that_is_away_is_no_mistake_of_the_mapping(agency, connect):
    agency.path.unlink()
    with pytest.raises(SourceError, match="E-SOURCE-CONNECT"):
        connect().probe()


def test_a_query_that_takes_too_long_is_stopped(agency, connect):
    agency.add_petition(1)
    endless = "AND (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT MAX(i) FROM n) > 0"
    mapping = changed_select(endless)
    with pytest.raises(SourceError) as caught:
        sweep(connect(mapping, query_timeout_s=0.05), mapping=mapping)
    assert caught.value.values["code"] == "SQLITE_INTERRUPT"


def test_a_result_with_one_name_for_two_columns_is_refused(agency, connect):
    agency.add_petition(1)
    changed = files()
    select = changed["petition.toml"]["select"]
    select["sql"] = select["sql"].replace("SELECT Id,", "SELECT Id, Nhap AS Loai,")
    mapping = compiled(changed)
    with pytest.raises(SourceError, match="E-SOURCE-COLUMN"):
        sweep(connect(mapping), mapping=mapping)


def test_a_database_that_its_program_is_writing_to_can_be_read_in_wal_mode(agency, connect):
    agency.run("PRAGMA journal_mode = WAL")
    agency.add_petition(1)
    program = sqlite3.connect(agency.path, isolation_level=None)
    program.execute("BEGIN IMMEDIATE")
    program.execute("INSERT INTO don (Id, Ngay, Loai) VALUES (2, '2023-05-01', 1)")
    assert ids(sweep(connect())) == ["mau:1"]
    program.execute("COMMIT")
    assert ids(sweep(connect())) == ["mau:1", "mau:2"]
    program.close()


def test_a_page_is_one_moment_of_the_database(agency, connect):
    """A petition and its people are read by two queries: an edit between them must not show half of itself."""
    agency.run("PRAGMA journal_mode = WAL")
    agency.add_petition(1, SoNguoi="0")
    source = connect()

    @event.listens_for(source._engine, "before_cursor_execute")
    def edit_meanwhile(_connection, _cursor, statement, *_):
        if "FROM nguoi" in statement:
            agency.run("UPDATE don SET SoNguoi = '1' WHERE Id = 1")
            agency.add_person(1, "Người Mẫu")

    (page,) = sweep(source)
    assert (page.rows[0].columns["SoNguoi"], page.rows[0].children["nguoi"]) == ("0", ())
