"""What a mapping must be able to say, met in the real systems of agencies: twenty demands, each over a real database.

Each test is one demand: its tables, its query and its rules, compiled as a mapping folder is and read by a real sweep.
"""

import hashlib
import json
import sqlite3
import tomllib
from datetime import datetime

import pytest

from connector.core.model import Kind, RecordKey, SourceRow
from connector.core.secrecy import SecrecyPolicy
from connector.errors import ConfigError, MappingError
from connector.loading import mapping_at
from connector.sources.sql import SqlSource
from connector.telling import ruling
from connector.telling.tracing import Reading, _Shown
from connector.telling.words import Words
from tests.mapping_files import HEAD, LOAI_DON, code_lists, compiled, schemas

MAIN = '''
kind = "petition"
key = ["Id"]
[range]
table = "don"
column = "Id"
[select]
table = "don"
sql = """SELECT d.Id, d.Ngay, d.Loai, {columns} FROM don d {joins} WHERE d.Id > :lo AND d.Id <= :hi"""
[secrecy]
petition_type = {{ column = "Loai", codes = "loai-don" }}
{children}
[fields]
"/received_on" = {{ column = "Ngay" }}
"/type" = {{ column = "Loai", codes = "loai-don" }}
"/content" = {{ column = "NoiDung" }}
{fields}
'''
# Times without a zone are how databases hand them over.
# ruff: noqa: DTZ001

CHILD = '''
[[children]]
name = "{name}"
table = "{name}"
key = ["Id"]
sql = """{sql}"""
'''
DON = "CREATE TABLE don (Id INTEGER PRIMARY KEY, Ngay TEXT, Loai TEXT, NoiDung TEXT, {columns}); "
NAMED = '"/petitioners/*/disclosure" = { constant = "named" }'


def folder(petition, *, codes=(), head=HEAD):
    """A mapping folder of petitions, as parsed TOML by file name; `codes` are the texts of its code maps."""
    texts = [LOAI_DON, *codes]
    maps = {f"codes/{tomllib.loads(text)['name']}.toml": tomllib.loads(text) for text in texts}
    main = {"mapping.toml": {**tomllib.loads(head), "kinds": ["petition"]}, "petition.toml": tomllib.loads(petition)}
    return main | maps


def petition(columns, fields, *, joins="", children=()):
    """The file of a kind that reads these columns of `don` beside the usual ones; `children`: (name, query)."""
    below = "".join(CHILD.format(name=name, sql=sql) for name, sql in children)
    return MAIN.format(
        columns=", ".join(["d.NoiDung", *columns.split(", ")]) if columns else "d.NoiDung",
        joins=joins,
        children=below,
        fields=fields,
    )


@pytest.fixture
def read(tmp_path):
    """Run the SQL of an agency's database, sweep over it by this mapping, and return what became of each record: the
    document, or the problems as (pointer, rule, column)."""
    opened = []

    def sweep(tables, files, *, page_rows=2, fails=None):
        path = tmp_path / "nguồn.db"
        with sqlite3.connect(path) as database:
            database.executescript(tables)
        database.close()
        mapping = compiled(files)
        source = SqlSource(f"sqlite:///{path}", "H99.01", mapping, b"e" * 32, page_rows=page_rows)
        opened.append(source)
        if fails is not None:
            with pytest.raises(fails):
                source.probe()
            return {}
        source.probe()
        kind = mapping.kind(Kind.PETITION)
        pages = list(source.pages(kind))
        assert [page.problems for page in pages if page.problems or page.unexplained] == []
        found = {}
        for row in (row for page in pages for row in page.rows):
            mapped = kind.apply(row, SecrecyPolicy())
            assert row.key.local_id not in found
            found[row.key.local_id] = (
                json.loads(mapped.documents[0].body)
                if mapped.documents
                else {(problem.pointer, problem.rule, problem.column) for problem in mapped.problems}
            )
        return found

    sweep.source = lambda: opened[-1]
    yield sweep
    for source in opened:
        source.close()


def mistakes(files):
    with pytest.raises(ConfigError) as caught:
        compiled(files)
    for problem in caught.value.problems:  # told in both languages
        assert Words("vi").expected(str(problem.values["expected"])) != problem.values["expected"]
        assert Words("vi").has(f"{problem.id}.what")
    return {(problem.id, problem.values["file"], problem.values["key"]) for problem in caught.value.problems}


def test_01_one_record_is_one_case_of_one_organisation_with_rows_two_hops_away(read):
    """1. A root query per case unit with a key of several columns, and child queries over one and two hops."""
    tables = """
    CREATE TABLE tuyen (IdDon INTEGER, CoQuan TEXT, Ngay TEXT, PRIMARY KEY (IdDon, CoQuan));
    CREATE TABLE don (Id INTEGER PRIMARY KEY, Loai TEXT, NoiDung TEXT);
    CREATE TABLE nhom (IdNhom INTEGER, IdDon INTEGER); CREATE TABLE nguoi (IdNhom INTEGER, HoTen TEXT);
    INSERT INTO don VALUES (7, '1', 'Nội dung mẫu'), (8, '1', 'Nội dung khác');
    INSERT INTO tuyen VALUES (7, 'A/1', '2023-05-01'), (7, 'B', '2023-05-02'), (8, 'B', '2023-05-03');
    INSERT INTO nhom VALUES (70, 7); INSERT INTO nguoi VALUES (70, 'Bà Mẫu'), (70, 'Ông Mẫu');
    """
    found = read(
        tables,
        folder('''
kind = "petition"
key = ["IdDon", "CoQuan"]
[range]
table = "tuyen"
column = "IdDon"
[select]
table = "tuyen"
sql = """SELECT t.IdDon, t.CoQuan, t.Ngay, d.Loai, d.NoiDung FROM tuyen t JOIN don d ON d.Id = t.IdDon
WHERE t.IdDon > :lo AND t.IdDon <= :hi"""
[select.origin]
Loai = "don.Loai"
[[children]]
name = "nguoi"
table = "nguoi"
key = ["IdDon", "CoQuan"]
sql = """SELECT t.IdDon, t.CoQuan, p.HoTen FROM tuyen t JOIN nhom n ON n.IdDon = t.IdDon
JOIN nguoi p ON p.IdNhom = n.IdNhom WHERE t.IdDon > :lo AND t.IdDon <= :hi ORDER BY t.IdDon, t.CoQuan, p.HoTen"""
[secrecy]
petition_type = { column = "Loai", codes = "loai-don" }
[fields]
"/received_on" = { column = "Ngay" }
"/type" = { column = "Loai", codes = "loai-don" }
"/content" = { column = "NoiDung" }
"/petitioners/*" = { rows = "nguoi" }
"/petitioners/*/disclosure" = { constant = "named" }
"/petitioners/*/full_name" = { column = "HoTen" }
'''),
    )
    assert {id_: body["received_on"] for id_, body in found.items()} == {
        "mau:7/A%2F1": "2023-05-01",
        "mau:7/B": "2023-05-02",
        "mau:8/B": "2023-05-03",
    }
    for id_, people in (("mau:7/A%2F1", 2), ("mau:7/B", 2), ("mau:8/B", 0)):
        assert len(found[id_].get("petitioners", ())) == people


def test_05_a_number_is_looked_up_and_a_text_is_taken_as_it_is(read):
    """5. One column holds the id of a list row, or a name that somebody typed: looked up, or taken."""
    tables = (
        DON.format(columns="BiKN TEXT")
        + """
    CREATE TABLE bi (Id INTEGER PRIMARY KEY, Ten TEXT); INSERT INTO bi VALUES (12, 'UBND xã Mẫu');
    INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', '12'), (2, '2023-05-01', '1', 'x', 'Ông Mẫu'),
      (3, '2023-05-01', '1', 'x', '');
    """
    )
    bi = (
        "SELECT d.Id, COALESCE(b.Ten, d.BiKN) AS Ten FROM don d LEFT JOIN bi b ON CAST(b.Id AS TEXT) = d.BiKN "
        "WHERE d.Id > :lo AND d.Id <= :hi ORDER BY d.Id"
    )
    fields = '"/respondents/*" = { rows = "bi" }\n"/respondents/*/full_name" = { column = "Ten" }'
    found = read(tables, folder(petition("", fields, children=[("bi", bi)])))
    assert found["mau:1"]["respondents"] == [{"full_name": "UBND xã Mẫu"}]
    assert found["mau:2"]["respondents"] == [{"full_name": "Ông Mẫu"}]
    assert "respondents" not in found["mau:3"]


def test_08_numbered_columns_become_rows_and_of_many_rows_the_last_or_first_is_taken(read):
    """8. Unpivot numbered columns; take the last row by its order; the first day among the children."""
    tables = (
        DON.format(columns="So1 TEXT, Ngay1 TEXT, So2 TEXT, Ngay2 TEXT")
        + """
    CREATE TABLE nhan (Id INTEGER, Ngay TEXT);
    CREATE TABLE lan (Id INTEGER, Lan INTEGER, CoQuan TEXT);
    INSERT INTO don VALUES (1, NULL, '1', 'x', '11/QĐ', '2023-01-01', '22/QĐ', '2023-02-01'),
      (2, NULL, '1', 'x', '', '0000-00-00', '33/QĐ', '2023-03-01');
    INSERT INTO nhan VALUES (1, '2023-05-09'), (1, '2023-05-02'), (2, '2023-05-03');
    INSERT INTO lan VALUES (1, 2, 'Cơ quan sau'), (1, 1, 'Cơ quan trước'), (2, 1, 'Cơ quan một');
    """
    )
    rounds = (
        "SELECT d.Id, 1 AS Lan, d.So1 AS So, d.Ngay1 AS NgayQD FROM don d WHERE d.Id > :lo AND d.Id <= :hi UNION ALL "
        "SELECT d.Id, 2, d.So2, d.Ngay2 FROM don d WHERE d.Id > :lo AND d.Id <= :hi ORDER BY 1, 2"
    )
    columns = (
        "(SELECT MIN(n.Ngay) FROM nhan n WHERE n.Id = d.Id) AS NgayDau, "
        "(SELECT l.CoQuan FROM lan l WHERE l.Id = d.Id ORDER BY l.Lan DESC LIMIT 1) AS CoQuan"
    )
    fields = """
"/written_on" = { column = "NgayDau" }
"/transferred_by/name" = { column = "CoQuan" }
"/prior_settlements/*" = { rows = "lan" }
"/prior_settlements/*/no" = { column = "So" }
"/prior_settlements/*/issued_on" = { column = "NgayQD" }
"""
    files = folder(petition(columns, fields, children=[("lan", rounds)]))
    files["petition.toml"]["fields"]["/received_on"] = {"column": "NgayDau"}
    found = read(tables, files)
    assert found["mau:1"]["prior_settlements"] == [
        {"no": "11/QĐ", "issued_on": "2023-01-01"},
        {"no": "22/QĐ", "issued_on": "2023-02-01"},
    ]
    assert found["mau:2"]["prior_settlements"] == [{"no": "33/QĐ", "issued_on": "2023-03-01"}]
    assert (found["mau:1"]["received_on"], found["mau:1"]["transferred_by"]["name"]) == ("2023-05-02", "Cơ quan sau")


def test_09_petitioners_of_two_places_become_one_list(read):
    """9. The first petitioner stands in the record, the others in a table of drafts and live rows: one list of them."""
    tables = (
        DON.format(columns="HoTen TEXT")
        + """
    CREATE TABLE nguoi (Id INTEGER, HoTen TEXT, enable INTEGER);
    INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 'Bà Một');
    INSERT INTO nguoi VALUES (1, 'Ông Hai', 1), (1, 'Nháp', 0), (1, 'Bà Một', 1), (1, 'Ông Hai', 1);
    """
    )
    people = """SELECT Id, HoTen, MIN(ThuTu) AS ThuTu FROM (
  SELECT d.Id, d.HoTen, 0 AS ThuTu FROM don d WHERE d.Id > :lo AND d.Id <= :hi UNION ALL
  SELECT n.Id, n.HoTen, 1 FROM nguoi n WHERE n.enable = 1 AND n.Id > :lo AND n.Id <= :hi) x
GROUP BY Id, HoTen ORDER BY Id, MIN(ThuTu), HoTen"""
    fields = f'"/petitioners/*" = {{ rows = "nguoi" }}\n{NAMED}\n"/petitioners/*/full_name" = {{ column = "HoTen" }}'
    found = read(tables, folder(petition("", fields, children=[("nguoi", people)])))
    assert [person["full_name"] for person in found["mau:1"]["petitioners"]] == ["Bà Một", "Ông Hai"]


def test_10_one_of_many_is_chosen_by_a_stated_rule_and_rows_are_counted_and_summed(read):
    """10. Of several accused one is chosen: live ones first, then the smallest number; children are counted, summed."""
    tables = (
        DON.format(columns="Khac INTEGER")
        + """
    CREATE TABLE bi (Id INTEGER, Stt INTEGER, HoTen TEXT, Bo INTEGER, SoNguoi INTEGER);
    INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 0), (2, '2023-05-01', '1', 'x', 0);
    INSERT INTO bi VALUES (1, 1, 'Bỏ', 1, 2), (1, 3, 'Ba', 0, 3), (1, 2, 'Hai', 0, 4);
    """
    )
    chosen = """SELECT b.Id, b.HoTen FROM bi b WHERE b.Id > :lo AND b.Id <= :hi AND NOT EXISTS (
  SELECT 1 FROM bi o WHERE o.Id = b.Id AND (o.Bo < b.Bo OR (o.Bo = b.Bo AND o.Stt < b.Stt))) ORDER BY b.Id"""
    columns = (
        "(SELECT COUNT(*) FROM bi b WHERE b.Id = d.Id AND b.Bo = 0) AS SoDong, "
        "(SELECT SUM(b.SoNguoi) FROM bi b WHERE b.Id = d.Id) AS Tong"
    )
    fields = """
"/representatives_count" = { column = "SoDong" }
"/signatory_count" = { column = "Tong" }
"/respondents/*" = { rows = "bi" }
"/respondents/*/full_name" = { column = "HoTen" }
"""
    found = read(tables, folder(petition(columns, fields, children=[("bi", chosen)])))
    assert found["mau:1"]["respondents"] == [{"full_name": "Hai"}]
    assert (found["mau:1"]["representatives_count"], found["mau:1"]["signatory_count"]) == (2, 9)
    assert found["mau:2"]["representatives_count"] == 0
    assert "signatory_count" not in found["mau:2"]


def test_11_a_flag_is_turned_round_and_a_code_of_yes_or_no_is_read(read):
    """11. A column that says the opposite, and one whose two codes mean yes and no in the other order."""
    tables = (
        DON.format(columns="KhongCoBanGoc INTEGER, KeoDai TEXT")
        + "INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 0, 'C'), (2, '2023-05-01', '1', 'x', 1, 'K');"
    )
    fields = """
"/originals_attached" = { column = "KhongCoBanGoc", transform = "not_flag" }
"/prolonged" = { column = "KeoDai2" }
"""
    columns = "d.KhongCoBanGoc, CASE d.KeoDai WHEN 'C' THEN 1 WHEN 'K' THEN 0 END AS KeoDai2"
    found = read(tables, folder(petition(columns, fields)))
    assert [(body["originals_attached"], body["prolonged"]) for body in found.values()] == [
        (True, True),
        (False, False),
    ]


def test_14_a_section_is_there_when_a_row_a_column_or_a_status_says_so(read):
    """14. A section exists when a row exists, when a column is filled, or when a status is one of a set."""
    tables = (
        DON.format(columns="CoQuan TEXT, SoCV TEXT, TrangThai INTEGER")
        + """
    CREATE TABLE rut (Id INTEGER, Ngay TEXT);
    INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 'UBND xã Mẫu', '1/CV', 3);
    INSERT INTO don VALUES (2, '2023-05-01', '1', 'x', '', '2/CV', 0);
    INSERT INTO rut VALUES (1, NULL);
    """
    )
    fields = """
"/transfer_document/no" = { column = "SoCV", when = { column = "CoQuan", filled = true } }
"/withdrawn" = { constant = true, when = { column = "CoDongRut", filled = true } }
"/prolonged" = { constant = true, when = { column = "TrangThai", in = [3, 5] } }
"""
    joins = "LEFT JOIN rut r ON r.Id = d.Id"
    found = read(tables, folder(petition("d.CoQuan, d.SoCV, d.TrangThai, r.Id AS CoDongRut", fields, joins=joins)))
    assert {"transfer_document", "withdrawn", "prolonged"} <= found["mau:1"].keys()
    assert not {"transfer_document", "withdrawn", "prolonged"} & found["mau:2"].keys()


PRODUCT = """
kind = "petition"
key = ["Id"]
[range]
table = "don"
column = "Id"
[select]
table = "don"
sql = "SELECT Id, Ngay, Loai, NoiDung, GhiChu, Nguoi FROM don WHERE Id > :lo AND Id <= :hi"
[select.origin]
Nguoi = "don.SoNguoi"
[[children]]
name = "linh_vuc"
table = "linh_vuc"
key = ["Id"]
sql = "SELECT Id, Ma FROM linh_vuc WHERE Id > :lo AND Id <= :hi ORDER BY Id, Ma"
[secrecy]
petition_type = { column = "Loai", codes = "loai-don" }
[fields]
"/received_on" = { column = "Ngay", formats = ["%d/%m/%Y"] }
"/type" = { column = "Loai", codes = "loai-don" }
"/content" = { column = "NoiDung" }
"/note" = { column = "GhiChu" }
"/legacy_field_path/*" = { rows = "linh_vuc", column = "Ma" }
"""
OURS = """
[select]
sql = "SELECT Id, NgayNhan, Loai, NoiDung, Nguoi FROM don WHERE Id > :lo AND Id <= :hi"
[[children]]
name = "linh_vuc"
[fields]
"/received_on" = { column = "NgayNhan" }
"/signatory_count" = { column = "Nguoi" }
"/note" = {}
"/legacy_field_path/*" = {}
"""


def write(folder_, texts):
    for name, text in texts.items():
        (folder_ / name).parent.mkdir(parents=True, exist_ok=True)
        (folder_ / name).write_text(text, encoding="utf-8")


def test_18_an_installation_says_only_what_it_does_otherwise_than_its_product(tmp_path):
    """18. A product's mapping, and over it what this installation lacks, has besides, or names otherwise."""
    head = HEAD.replace('kinds = ["handling", "petition"]', 'kinds = ["petition"]')
    write(tmp_path / "sanpham", {"mapping.toml": head, "petition.toml": PRODUCT, "codes/loai-don.toml": LOAI_DON})
    ours = {"mapping.toml": 'extends = "sanpham"\ntimezone = "UTC"', "petition.toml": OURS}
    write(tmp_path / "tinh", {**ours, "codes/loai-don.toml": '[map]\n9 = "denunciation"'})
    product, mapping = (mapping_at(tmp_path / name, schemas(), code_lists()) for name in ("sanpham", "tinh"))
    assert (mapping.source, mapping.timezone, product.timezone) == ("mau", "UTC", "Asia/Ho_Chi_Minh")
    assert mapping.digest != product.digest
    kind = mapping.kind(Kind.PETITION)
    assert (kind.children, kind.origin("Nguoi")) == ((), "don.SoNguoi")
    row = {"Id": 1, "NgayNhan": "2023-05-01", "Loai": 9, "NoiDung": "x", "Nguoi": 3}
    key = RecordKey("H99.01", Kind.PETITION, "mau:1")
    mapped = kind.apply(SourceRow(key, row, {}, ""), SecrecyPolicy())
    body = json.loads(mapped.documents[0].body)
    assert {name: body[name] for name in ("received_on", "type", "signatory_count")} == {
        "received_on": "2023-05-01",
        "type": "denunciation",
        "signatory_count": 3,
    }


@pytest.mark.parametrize(
    ("name", "text", "wrong"),
    [
        ("mapping.toml", 'extends = "khac"', {("E-CFG-FILE", "extends")}),
        ("mapping.toml", 'extends = "../sanpham"', {("E-CFG-FILE", "extends")}),
        ("mapping.toml", 'extends = "tinh"', {("E-CFG-FILE", "extends")}),
        ("mapping.toml", "extends = 5", {("E-CFG-FILE", "extends")}),
        ("petition.toml", '[fields]\n"/note" = {}\n"/over_level" = {}', {("E-CFG-UNKNOWN-KEY", "fields./over_level")}),
        ("petition.toml", '[[children]]\nname = "khac"', {("E-CFG-UNKNOWN-KEY", "children.khac")}),
        ("petition.toml", 'sellect = "x"', {("E-CFG-UNKNOWN-KEY", "sellect")}),
        ("codes/loai-don.toml", '[map]\n9 = "khác"', {("E-CFG-CODES", "map.9")}),
    ],
)
def test_18_a_mistake_in_what_differs_is_named(tmp_path, name, text, wrong):
    head = HEAD.replace('kinds = ["handling", "petition"]', 'kinds = ["petition"]')
    write(tmp_path / "sanpham", {"mapping.toml": head, "petition.toml": PRODUCT, "codes/loai-don.toml": LOAI_DON})
    write(tmp_path / "tinh", {"mapping.toml": 'extends = "sanpham"', name: text})
    with pytest.raises(ConfigError) as caught:
        mapping_at(tmp_path / "tinh", schemas(), code_lists())
    assert {(problem.id, problem.values["key"]) for problem in caught.value.problems} == wrong
    assert {problem.values["file"] for problem in caught.value.problems} == {f"tinh/{name}"}
    for problem in caught.value.problems:
        expected = str(problem.values["expected"])
        assert Words("vi").expected(expected) != expected


def test_19_a_constant_is_declared_and_shown(read):
    """19. What is the same in every record of an agency is declared, and the trace says that it was."""
    fields = (
        '"/custodian_agency/level" = { constant = "province" }\n"/custodian_agency/name" = { constant = "UBND Mẫu" }'
    )
    files = folder(petition("", fields))
    tables = DON.format(columns="Khac TEXT") + "INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', '');"
    found = read(tables, files)
    assert "custodian_agency" not in found["mau:1"]  # constants alone invent no section
    files["petition.toml"]["fields"]["/language"] = {"constant": "vi"}
    assert read("SELECT 1", files)["mau:1"]["language"] == "vi"
    steps = {step.pointer: step.rule for step in compiled(files).kind(Kind.PETITION).trace}
    assert steps["/language"] == "constant vi"


def test_20_nothing_is_written_and_names_of_every_kind_of_database_are_taken(read, tmp_path):
    """20. Read only; names in mixed letters, with spaces and of reserved words, quoted as the database wants it."""
    tables = """
    CREATE TABLE "Đơn Thư" ("Id" INTEGER PRIMARY KEY, "Order" TEXT, "loaiDon" TEXT, "Nội dung" TEXT);
    INSERT INTO "Đơn Thư" VALUES (1, '2023-05-01', '1', 'Nội dung mẫu');
    """
    text = MAIN.format(columns='d."loaiDon", d."Nội dung"', joins="", children="", fields="")
    file = tomllib.loads(text)
    file["range"]["table"] = file["select"]["table"] = "Đơn Thư"
    file["select"]["sql"] = (
        'SELECT d."Id", d."Order", d."loaiDon", d."Nội dung" FROM "Đơn Thư" d WHERE d."Id" > :lo AND d."Id" <= :hi'
    )
    file["secrecy"]["petition_type"]["column"] = "loaiDon"
    file["fields"] = {
        "/received_on": {"column": "Order"},
        "/type": {"column": "loaiDon", "codes": "loai-don"},
        "/content": {"column": "Nội dung"},
    }
    files = {**folder(petition("", "")), "petition.toml": file}
    assert read(tables, files)["mau:1"]["content"] == "Nội dung mẫu"
    before = hashlib.sha256((tmp_path / "nguồn.db").read_bytes()).hexdigest()
    read("SELECT 1", files)
    assert hashlib.sha256((tmp_path / "nguồn.db").read_bytes()).hexdigest() == before
    for written in (
        "DELETE FROM don WHERE Id > :lo AND Id <= :hi",
        "SELECT Id INTO x FROM don WHERE Id > :lo AND Id <= :hi",
    ):
        file["select"]["sql"] = written
        assert ("E-CFG-SQL", "petition.toml", "select.sql") in mistakes(files)


TWO_ROOTS = '''
kind = "petition"
key = ["Bang", "Id"]
[[range]]
table = "khieu_nai"
column = "Id"
[[range]]
table = "to_cao"
column = "Ma"
[select]
table = "khieu_nai"
sql = """SELECT 'KN' AS Bang, k.Id, k.Ngay, 1 AS Loai, k.NoiDung FROM khieu_nai k WHERE k.Id > :lo AND k.Id <= :hi
UNION ALL SELECT 'TC', t.Ma, t.NgayNhan, 2, t.NoiDung FROM to_cao t WHERE t.Ma > :lo AND t.Ma <= :hi"""
[select.origin]
Bang = "khieu_nai.Id"
[secrecy]
petition_type = { column = "Loai", codes = "loai-don" }
[fields]
"/received_on" = { column = "Ngay" }
"/type" = { column = "Loai", codes = "loai-don" }
"/content" = { column = "NoiDung" }
'''


@pytest.mark.parametrize("page_rows", [1, 3, 100])
@pytest.mark.parametrize("column", ["INTEGER", "TEXT"])
def test_02_two_tables_are_the_records_of_one_kind(read, page_rows, column):
    """2. A UNION of two root tables, each with a constant of its own; both count from 1, each key is met once."""
    tables = f"""
    CREATE TABLE khieu_nai (Id {column} PRIMARY KEY, Ngay TEXT, NoiDung TEXT);
    CREATE TABLE to_cao (Ma {column} PRIMARY KEY, NgayNhan TEXT, NoiDung TEXT);
    INSERT INTO khieu_nai VALUES (1, '2023-05-01', 'x'), (2, '2023-05-01', 'x'), (8, '2023-05-01', 'x');
    INSERT INTO to_cao VALUES (2, '2023-05-02', 'x'), (5, '2023-05-02', 'x'), (6, '2023-05-02', 'x');
    INSERT INTO to_cao VALUES (9, '2023-05-02', 'x');
    """
    files = {**folder(petition("", "")), "petition.toml": tomllib.loads(TWO_ROOTS)}
    found = read(tables, files, page_rows=page_rows)
    assert {id_: body["type"] for id_, body in found.items()} == {
        **{f"mau:KN/{id_}": "complaint" for id_ in (1, 2, 8)},
        **{f"mau:TC/{id_}": "denunciation" for id_ in (2, 5, 6, 9)},
    }
    kind, source = compiled(files).kind(Kind.PETITION), read.source()
    assert source.count(kind) == 7
    for local_id in found:
        (page,) = source.fetch(kind, [kind.range_value(local_id)])
        assert local_id in {row.key.local_id for row in page.rows}
        assert {row.key.local_id.rpartition("/")[2] for row in page.rows} == {local_id.rpartition("/")[2]}
    read("DROP TABLE to_cao", files, fails=MappingError)


def test_02_each_part_of_a_union_has_its_bounds():
    """A part without bounds would be read whole for every page."""
    files = {**folder(petition("", "")), "petition.toml": tomllib.loads(TWO_ROOTS)}
    select = files["petition.toml"]["select"]
    select["sql"] = select["sql"].replace("t.Ma > :lo AND", "")
    assert mistakes(files) == {("E-CFG-RANGE", "petition.toml", "select.sql")}
    select["sql"] = "EXEC GetDon @from = :lo, @to = :hi"
    compiled(files)
    files["petition.toml"]["source"] = {"changed_at": "NgaySua"}
    assert mistakes(files) == {("E-CFG-VALUE", "petition.toml", "source.changed_at")}
    del files["petition.toml"]["source"]
    files["petition.toml"]["range"] = []
    assert mistakes(files) == {("E-CFG-MISSING", "petition.toml", "range")}


def test_03_the_first_column_that_says_something_counts_whatever_the_spelling_of_nothing(read):
    """3. The first non-empty of several columns: NULL, '', blanks, 0, zero dates and first days are all empty."""
    tables = DON.format(columns="NgayNhap TEXT, NgayLuu TEXT, SoDen TEXT, SoGoc TEXT")
    empties = (
        None,
        "",
        "  ",
        "0",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "1753-01-01",
        "0001-01-01",
        "01/01/0001",
        "1900-01-01",
    )
    rows = [
        f"({at}, {'NULL' if empty is None else repr(empty)}, '1', 'x', NULL, '02/05/2023', '0', ' 7/CV ')"
        for at, empty in enumerate(empties, 1)
    ]
    tables += f"INSERT INTO don VALUES {', '.join(rows)}, (90, '30/02/2023', '1', 'x', '', '2023-05-01', '', ''), "
    tables += "(91, '', '1', 'x', '', '2023-05-01', '', '');"
    fields = '"/transfer_document/no" = { first = ["SoDen", "SoGoc"], transform = "line", empty = ["0"] }'
    files = folder(petition("d.NgayNhap, d.NgayLuu, d.SoDen, d.SoGoc", fields))
    files["petition.toml"]["fields"]["/received_on"] = {
        "first": ["Ngay", "NgayNhap", "NgayLuu"],
        "empty": ["1900-01-01"],
    }
    found = read(tables, files)
    # A day that is there and cannot be is a question for a person, not a reason to take another one.
    assert found.pop("mau:90") == {("/received_on", "E-MAP-DATE", "don.Ngay")}
    assert "transfer_document" not in found.pop("mau:91")
    assert {body["received_on"] for body in found.values()} == {"2023-05-02"}
    assert [body["transfer_document"]["no"] for body in found.values()] == ["7/CV"] * len(empties)
    steps = {step.pointer: step.rule for step in compiled(files).kind(Kind.PETITION).trace}
    in_words = ruling.in_words(Words("en"), steps["/received_on"])
    assert in_words == "read as a day of the first column that is filled, nothing if it is 1900-01-01"
    for rule, id_ in (
        ({"first": ["Ngay"], "column": "Ngay"}, "E-CFG-RULE"),
        ({"first": []}, "E-CFG-TYPE"),
        ({"first": ["Khac"]}, "E-CFG-COLUMN"),
        ({"column": "Ngay", "empty": "0"}, "E-CFG-TYPE"),
        ({"constant": "2023-05-01", "empty": ["0"]}, "E-CFG-UNKNOWN-KEY"),
    ):
        files["petition.toml"]["fields"]["/received_on"] = rule
        assert id_ in {found_id for found_id, _, _ in mistakes(files)}


def test_words_that_stand_where_a_name_belongs_are_nobody_in_any_spelling(read):
    """18. SQL cannot say it alike everywhere: SQL Server reads marks only in N'…', which SQLite does not know."""
    spelled = ("Đơn nặc danh", "ĐƠN NẶC DANH.", "  Đơn  nặc  danh ", "\u00d0ơn nặc danh")
    tables = DON.format(columns="Ten TEXT") + "".join(
        f"INSERT INTO don VALUES ({at}, '2023-05-02', '1', 'x', '{name}');"
        for at, name in enumerate((*spelled, "Đơn Nặc Danh Mẫu", "K/"), 1)
    )
    fields = '"/petitioners/*" = { rows = "nguoi" }\n"/petitioners/*/role" = { constant = "petitioner" }\n'
    fields += '"/petitioners/*/full_name" = { column = "Ten", empty = ["K/"], empty_folded = ["đơn nặc danh", "."] }'
    people = ("nguoi", "SELECT Id, Ten FROM don WHERE Id > :lo AND Id <= :hi ORDER BY Id")
    files = folder(petition("", fields, children=[people]))
    found = read(tables, files)
    assert [body.get("petitioners", [{}])[0].get("full_name") for body in found.values()] == [
        *[None] * len(spelled),
        "Đơn Nặc Danh Mẫu",
        None,
    ]
    steps = {step.pointer: step.rule for step in compiled(files).kind(Kind.PETITION).trace}
    in_words = ruling.in_words(Words("vi"), steps["/petitioners/*/full_name"])
    assert in_words == "trống nếu là K/, đơn nặc danh, ."
    files["petition.toml"]["fields"]["/petitioners/*/full_name"] = {"column": "Ten", "empty_folded": "nặc danh"}
    assert "E-CFG-TYPE" in {id_ for id_, _, _ in mistakes(files)}


NGUON = """
name = "nguon"
list = "petition-source"
source = "don.Nguon"
default = "other"
absent = ["0"]
[map]
21 = "direct"
28 = "direct"
"""
LAN = """
name = "lan"
list = "instance"
source = "don.Loai, don.Lan"
[map]
"1/1" = "complaint_first"
"1/2" = "complaint_second"
"1/" = "complaint_first"
"""


def test_04_codes_by_entry_default_pair_and_list_table_and_an_error_for_the_others(read):
    """4. Codes: exact, many to one, default, error for what is not named, a pair of columns, a list table, 1 = "1"."""
    tables = (
        DON.format(columns="Nguon, Lan, LinhVuc INTEGER")
        + """
    CREATE TABLE linh_vuc (Id INTEGER PRIMARY KEY, MaQuocGia TEXT);
    INSERT INTO linh_vuc VALUES (1, 'KN.01'), (2, NULL);
    INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 21, 1, 1), (2, '2023-05-01', 1, 'x', '28', '2', NULL),
      (3, '2023-05-01', '1.0', 'x', 21, '1', 1), (4, '2023-05-01', 1, 'x', '99', NULL, NULL),
      (5, '2023-05-01', 1, 'x', '0', '1', NULL), (6, '2023-05-01', 1, 'x', '', '3', 2);
    """
    )
    truong = 'name = "truong"\nlist = "free"\nsource = "linh_vuc"\n[map]\n"KN.01" = "01.1"'
    fields = """
"/source" = { column = "Nguon", codes = "nguon" }
"/instance" = { columns = ["Loai", "Lan"], codes = "lan" }
"/local_no" = { column = "MaLinhVuc", codes = "truong" }
"""
    columns = "d.Nguon, d.Lan, COALESCE(l.MaQuocGia, '#' || d.LinhVuc) AS MaLinhVuc"
    written = petition(columns, fields, joins="LEFT JOIN linh_vuc l ON l.Id = d.LinhVuc")
    files = folder(written, codes=[NGUON, LAN, truong])
    found = read(tables, files)
    assert [found[f"mau:{id_}"].get("source") for id_ in (1, 2, 4, 5)] == ["direct", "direct", "other", None]
    assert [found[f"mau:{id_}"]["instance"] for id_ in (1, 2, 4)] == [
        *("complaint_first", "complaint_second", "complaint_first")
    ]
    assert (found["mau:1"]["local_no"], "local_no" in found["mau:2"]) == ("01.1", False)
    assert ("/type", "E-MAP-CODE", "don.Loai") in found["mau:3"]  # "1.0" was typed: it is another text
    # No list row's code, no guess; and the pair is named by its first column.
    assert found["mau:6"] == {("/instance", "E-MAP-CODE", "don.Loai"), ("/local_no", "E-MAP-CODE", "don.MaLinhVuc")}
    steps = {step.pointer: step.rule for step in compiled(files).kind(Kind.PETITION).trace}
    assert ruling.in_words(Words("vi"), steps["/instance"]) == "bảng mã lan cho các cột ghép lại"


def test_04_a_default_is_a_code_of_the_list_and_never_an_open_type():
    """A default of the petition's type would let a denunciation under an unknown code leave in clear."""
    files = folder(petition("", ""))
    for default, wrong in (("complaint", True), ("denunciation", False), ("multiple_contents", False), ("khác", True)):
        files["codes/loai-don.toml"]["default"] = default
        if wrong:
            assert mistakes(files) == {("E-CFG-CODES", "codes/loai-don.toml", "default")}
        else:
            compiled(files)
    files["codes/loai-don.toml"] |= {"default": "denunciation", "unmapped": "absent"}
    assert mistakes(files) == {("E-CFG-CODES", "codes/loai-don.toml", "unmapped")}


LINH_VUC = """
name = "linh-vuc"
list = "field"
source = "don.Cap1 .. don.Cap4"
match = "prefix"
[map]
"KN.01" = "%s"
"""


def test_12_a_code_is_known_by_its_beginning_and_the_deepest_level_counts(read):
    """12. A leaf code by its longest known beginning, the deepest filled of its columns, a level cut out."""
    tables = (
        DON.format(columns="Cap1, Cap2, Cap3, Cap4")
        + """INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 'KN', 'KN.01', 'KN.01.02', ''),
      (2, '2023-05-01', '1', 'x', 'KN', 'KN.01', '', NULL), (3, '2023-05-01', '1', 'x', 'KN', 'KN.011', '', NULL);"""
    )
    fields = """
"/field" = { first = ["Cap4", "Cap3", "Cap2"], codes = "linh-vuc" }
"/local_no" = { first = ["Cap3", "Cap2"], transform = "part", separator = ".", index = 2 }
"""
    code = min(code_lists()["field"].codes)
    files = folder(petition("d.Cap2, d.Cap3, d.Cap4", fields), codes=[LINH_VUC % code])
    found = read(tables, files)
    assert (found["mau:1"]["field"], found["mau:1"]["local_no"]) == (code, "02")
    assert (found["mau:2"]["field"], "local_no" in found["mau:2"]) == (code, False)
    assert found["mau:3"] == {("/field", "E-MAP-CODE", "don.Cap2")}  # the column in question, not the first of them


def test_16_the_operator_brings_a_table_that_the_source_does_not_have(read):
    """16. A number of the local software becomes the national code by a table of the operator, or the record waits."""
    co_quan = """
name = "co-quan"
list = "free"
source = "don.CoQuan"
[map]
7 = "000.00.15.H51"
"07" = "000.00.16.H51"
"""
    tables = (
        DON.format(columns="CoQuan")
        + "INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 7), (2, '2023-05-01', '1', 'x', '07'), "
        "(3, '2023-05-01', '1', 'x', '8');"
    )
    fields = '"/transferred_by/ndb_code" = { column = "CoQuan", codes = "co-quan" }'
    files = folder(petition("d.CoQuan", fields), codes=[co_quan])
    found = read(tables, files)
    assert found["mau:1"]["transferred_by"] == {"ndb_code": "000.00.15.H51"}
    assert found["mau:2"]["transferred_by"] == {"ndb_code": "000.00.16.H51"}
    assert found["mau:3"] == {("/transferred_by/ndb_code", "E-MAP-CODE", "don.CoQuan")}
    for target, id_ in (("/note", "E-CFG-CONSTANT"), ("/signatory_count", "E-CFG-CODES"), ("/source", "E-CFG-CODES")):
        files["petition.toml"]["fields"] |= {target: {"column": "CoQuan", "codes": "co-quan"}}
        assert (id_, "petition.toml", f"fields.{target}.codes") in mistakes(files)
        del files["petition.toml"]["fields"][target]
    files["codes/co-quan.toml"]["map"]["9"] = " "
    assert mistakes(files) == {("E-CFG-CODES", "codes/co-quan.toml", "map.9")}


def test_06_days_in_every_form_of_impossible_days_and_days_after_a_day(read):
    """6. Formats in their order, epoch, the zone; an impossible day by a stated rule; a day and a number of days."""
    tables = (
        DON.format(columns="Viet TEXT, Luu INTEGER, Nhap TEXT, Han TEXT, Cap TEXT")
        + """INSERT INTO don VALUES
      (1, '2023-12-25', '1', 'x', '12-25-2023', 1703437200000, '2023-12-25 00:30:00', '15', '31/02/2020'),
      (2, '2023-12-25', '1', 'x', '20231224', 1703437200001, '2023-12-25', '', '05/01/2020'),
      (3, '2023-12-25', '1', 'x', '', NULL, '', '15 ngày', ''), (4, '2023-12-25', '1', 'x', '', 0, '', 99999, '');"""
    )
    fields = """
"/written_on" = { column = "Viet", formats = ["%m-%d-%Y", "%Y%m%d"] }
"/recorded_at" = { first = ["Nhap", "Luu"] }
"/transfer_document/issued_on" = { column = "Luu", formats = ["epoch_ms"] }
"/object/issued_on" = { column = "Ngay", plus_days = "Han" }
"/withdrawals/*" = { rows = "cap" }
"/withdrawals/*/withdrawn_on" = { column = "Cap", unreadable = "absent" }
"/withdrawals/*/document_on" = { column = "Cap", unreadable = "absent", plus_days = -10 }
"""
    cap = "SELECT d.Id, d.Cap FROM don d WHERE d.Id > :lo AND d.Id <= :hi ORDER BY d.Id"
    files = folder(petition("d.Viet, d.Luu, d.Nhap, d.Han, d.Cap", fields, children=[("cap", cap)]))
    found = read(tables, files)
    # Midnight here is the evening before in UTC: a day stays the day that people lived in.
    assert (found["mau:1"]["written_on"], found["mau:2"]["written_on"]) == ("2023-12-25", "2023-12-24")
    assert found["mau:1"]["transfer_document"]["issued_on"] == "2023-12-25"
    assert found["mau:1"]["recorded_at"] == "2023-12-24T17:30:00Z"
    assert (found["mau:1"]["object"]["issued_on"], "object" in found["mau:2"]) == ("2024-01-09", False)
    assert "withdrawals" not in found["mau:1"]
    assert found["mau:2"]["withdrawals"] == [{"withdrawn_on": "2020-01-05", "document_on": "2019-12-26"}]
    assert found["mau:3"] == {("/object/issued_on", "E-MAP-NUMBER", "don.Han")}
    assert found["mau:4"] == {("/object/issued_on", "E-MAP-NUMBER", "don.Han")}
    steps = {step.pointer: step.rule for step in compiled(files).kind(Kind.PETITION).trace}
    assert ruling.in_words(Words("vi"), steps["/object/issued_on"]) == "đọc thành ngày cộng Han ngày"
    in_words = ruling.in_words(Words("vi"), steps["/withdrawals/*/document_on"])
    assert in_words == "đọc thành ngày cộng -10 ngày, không đọc được thì bỏ trống"
    for target, rule, id_ in (
        ("/written_on", {"column": "Viet", "unreadable": "guess"}, "E-CFG-VALUE"),
        ("/secrecy_requested", {"column": "Viet", "unreadable": "absent"}, "E-CFG-TARGET"),
        ("/signatory_count", {"column": "Viet", "plus_days": 1}, "E-CFG-TARGET"),
        ("/written_on", {"column": "Viet", "plus_days": 1.5}, "E-CFG-TYPE"),
        ("/written_on", {"column": "Viet", "plus_days": "Khac"}, "E-CFG-COLUMN"),
        ("/type", {"column": "Viet", "codes": "loai-don", "unreadable": "absent"}, "E-CFG-UNKNOWN-KEY"),
    ):
        changed = {**files, "petition.toml": {**files["petition.toml"], "fields": {**files["petition.toml"]["fields"]}}}
        changed["petition.toml"]["fields"][target] = rule
        assert id_ in {found_id for found_id, _, _ in mistakes(changed)}


def test_07_texts_are_split_joined_cut_stripped_and_decoded(read):
    """7. Split a text into a list, join columns, the nth part, trim, HTML, white space, NFC, letter case, TCVN3."""
    tables = (
        DON.format(columns="vanban TEXT, CanBo TEXT, SoNha TEXT, Duong TEXT, KetQua TEXT, Cu TEXT, Nac TEXT")
        + "INSERT INTO don VALUES (1, '2023-05-01', '1', ?, 'a.doc*bản  vẽ.pdf***', 'Bà Mẫu - Chủ tịch', ' 12', '', "
        "?, ?, ?);"
    )
    html = "<p>Đúng&nbsp;một&nbsp;phần</p><![if !x]><script>alert(1)</script><ul><li>1 &lt; 2<br/>hết</li></ul>"
    # What a database hands over that takes the bytes of an ABC font for Latin-1.
    old = "\u00a7\u00acn th\u00ad: n\u00e9i dung"
    for text in ("  Hoa\u0300  bình ", html, old, "ĐƠN tập THỂ."):
        tables = tables.replace("?", f"'{text}'", 1)
    names = "SELECT d.Id, d.vanban FROM don d WHERE d.Id > :lo AND d.Id <= :hi ORDER BY d.Id"
    child = [("tep", names)]
    columns = "d.CanBo, d.SoNha, d.Duong, d.KetQua, d.Cu, d.Nac, d.vanban"
    typed = 'name = "go-tay"\nlist = "signatories"\nsource = "x"\nmatch = "folded"\n[map]\n"Đơn tập thể" = "many"'
    fields = """
"/attachments/*" = { rows = "tep" }
"/attachments/*/file_name" = { column = "vanban", transform = "line" }
"/transferred_by/name" = { column = "CanBo", transform = "part", separator = "-", index = -1 }
"/transfer_document/no" = { columns = ["SoNha", "Duong", "CanBo"], separator = "; " }
"/note" = { column = "KetQua", transform = "html" }
"/local_no" = { column = "Cu" }
"/signatories" = { column = "Nac", codes = "go-tay" }
"""
    files = folder(petition(columns, fields, children=child), codes=[typed])
    files["petition.toml"]["children"][0]["split"] = {"column": "vanban", "separator": "*"}
    files["petition.toml"]["select"]["encoding"] = {"Cu": "tcvn3"}
    found = read(tables, files)["mau:1"]
    assert found["attachments"] == [{"file_name": "a.doc"}, {"file_name": "bản vẽ.pdf"}]
    assert found["transferred_by"]["name"] == "Chủ tịch"
    assert found["transfer_document"]["no"] == "12; Bà Mẫu - Chủ tịch"
    assert (found["content"], found["note"]) == ("Hoà  bình", "Đúng một phần\n1 < 2\nhết")
    assert (found["local_no"], found["signatories"]) == ("Đơn thư: nội dung", "many")
    for split, id_ in (
        ({"column": "khac", "separator": "*"}, "E-CFG-COLUMN"),
        ({"column": "vanban"}, "E-CFG-MISSING"),
        ({"column": "vanban", "separator": 1}, "E-CFG-TYPE"),
        ({"column": "vanban", "separator": "*", "by": "*"}, "E-CFG-UNKNOWN-KEY"),
    ):
        files["petition.toml"]["children"][0]["split"] = split
        assert id_ in {found_id for found_id, _, _ in mistakes(files)}


def test_13_a_value_is_taken_out_of_json_and_broken_json_stops_its_own_record_only(read):
    """13. A path into JSON in a text column, also with a code map; its arrays as rows, by the database's functions."""
    tables = (
        DON.format(columns="Js TEXT")
        + """INSERT INTO don VALUES
      (1, '2023-05-01', '1', 'x', '{"nguon": 21, "so": "7/CV", "nguoi": [{"ten": "Bà Một"}, {"ten": "Ông Hai"}]}'),
      (2, '2023-05-01', '1', 'x', '{"nguon": null, "nguoi": []}'), (3, '2023-05-01', '1', 'x', '{"so": '),
      (4, '2023-05-01', '1', 'x', NULL), (5, '2023-05-01', '1', 'x', '{"so": {"a": 1}}');"""
    )
    people = (
        "SELECT d.Id, json_extract(j.value, '$.ten') AS HoTen FROM don d, "
        "json_each(CASE WHEN json_valid(d.Js) THEN d.Js END, '$.nguoi') j "
        "WHERE d.Id > :lo AND d.Id <= :hi ORDER BY d.Id, j.key"
    )
    fields = f"""
"/source" = {{ column = "Js", path = "nguon", codes = "nguon" }}
"/transfer_document/no" = {{ column = "Js", path = "so" }}
"/transferred_by/name" = {{ first = ["Js"], path = "nguoi.1.ten", transform = "line" }}
"/petitioners/*" = {{ rows = "nguoi" }}
{NAMED}
"/petitioners/*/full_name" = {{ column = "HoTen" }}
"""
    found = read(tables, folder(petition("d.Js", fields, children=[("nguoi", people)]), codes=[NGUON]))
    assert (found["mau:1"]["source"], found["mau:1"]["transfer_document"]["no"]) == ("direct", "7/CV")
    assert found["mau:1"]["transferred_by"]["name"] == "Ông Hai"
    assert [person["full_name"] for person in found["mau:1"]["petitioners"]] == ["Bà Một", "Ông Hai"]
    for id_ in ("mau:2", "mau:4"):
        assert not {"source", "transfer_document", "transferred_by", "petitioners"} & found[id_].keys()
    pointers = ("/source", "/transfer_document/no", "/transferred_by/name")
    assert found["mau:3"] == {(pointer, "E-MAP-JSON", "don.Js") for pointer in pointers}
    assert found["mau:5"] == {("/transfer_document/no", "E-MAP-JSON", "don.Js")}
    files = folder(petition("d.Js", '"/source" = { column = "Js", path = "nguon..x", codes = "nguon" }'), codes=[NGUON])
    assert mistakes(files) == {("E-CFG-VALUE", "petition.toml", "fields./source.path")}
    files = folder(petition("d.Js", ""))
    files["petition.toml"]["secrecy"]["petition_type"] = {"column": "Js", "path": "loai", "codes": "loai-don"}
    assert mistakes(files) == {("E-CFG-RULE", "petition.toml", "secrecy.petition_type")}


def test_13_a_screen_shows_of_json_what_the_rule_reads_and_nothing_beside_it():
    """A number of class C1 may stand in the same JSON as a name: the name must not come to a screen through it."""
    rule = 'rows = "nguoi", column = "Js", path = "so"'
    child = [("nguoi", "SELECT d.Id, d.Js FROM don d WHERE d.Id > :lo AND d.Id <= :hi ORDER BY d.Id")]
    fields = f'"/transfer_document/no" = {{ column = "Js", path = "so" }}\n"/legacy_field_path/*" = {{ {rule} }}'
    kind = compiled(folder(petition("d.Js", fields, children=child))).kind(Kind.PETITION)
    held = {"Id": 1, "Ngay": "2023-05-01", "Loai": 1, "NoiDung": "x", "Js": '{"so": "7.01", "ten": "CHIMYEN7788"}'}
    row = SourceRow(RecordKey("H99.01", Kind.PETITION, "mau:1"), held, {"nguoi": (held,)}, "")
    reading = Reading(row, kind.apply(row, SecrecyPolicy()), "", concealed=False)
    shown = _Shown(Words("vi"), kind, reading, json.loads(reading.mapped.documents[0].body))
    lines = [line for step in kind.trace for line in shown.line(step)]
    assert "CHIMYEN7788" not in repr(lines)
    (line,) = [line for line in lines if line.pointer == "/transfer_document/no"]
    assert (line.source, line.rule) == ("7.01", "tại so của JSON")


def test_15_what_is_attached_is_named_from_wherever_it_stands(read):
    """15. Attachments: names in one column, in a table, as paths and addresses; sizes of what lies in the database."""
    tables = (
        DON.format(columns="vanban TEXT")
        + """
    CREATE TABLE tep (Id INTEGER, DuongDan TEXT, NoiDung BLOB);
    INSERT INTO don VALUES (1, '2023-05-01', '1', 'x', 'đơn.doc*'), (2, '2023-05-01', '1', 'x', NULL);
    INSERT INTO tep VALUES (1, 'uploads/2023/qd.pdf', x'00112233'), (1, 'https://may.mau/a/b.jpg', NULL), (2, '', NULL);
    INSERT INTO don VALUES (3, '2023-05-01', '1', 'x', 417);
    """
    ).replace("vanban TEXT", "vanban")
    both = """SELECT d.Id, 0 AS ThuTu, d.vanban AS Ten, NULL AS Co FROM don d WHERE d.Id > :lo AND d.Id <= :hi UNION ALL
SELECT t.Id, 1, t.DuongDan, LENGTH(t.NoiDung) FROM tep t WHERE t.Id > :lo AND t.Id <= :hi ORDER BY 1, 2, 3"""
    fields = """
"/attachments/*" = { rows = "tep" }
"/attachments/*/file_name" = { column = "Ten", transform = "part", separator = "/", index = -1 }
"/attachments/*/size_bytes" = { column = "Co" }
"""
    files = folder(petition("", fields, children=[("tep", both)]))
    files["petition.toml"]["children"][0]["split"] = {"column": "Ten", "separator": "*"}
    found = read(tables, files)
    assert found["mau:1"]["attachments"] == [
        {"file_name": "đơn.doc"},
        {"file_name": "b.jpg"},
        {"file_name": "qd.pdf", "size_bytes": 4},
    ]
    assert "attachments" not in found["mau:2"]
    assert found["mau:3"]["attachments"] == [{"file_name": "417"}]  # a number is a name like another


def test_17_what_changed_is_known_by_two_columns_with_the_key_to_break_a_tie(read):
    """17. A watermark over "changed, else created", an overlap, a key that breaks ties; or none at all."""
    tables = (
        DON.format(columns="Sua TEXT, Tao TEXT")
        + """INSERT INTO don VALUES (1, NULL, '1', 'x', NULL, '2023-05-01 08:00:00'),
      (2, NULL, '1', 'x', '2023-05-03 08:00:00', '2023-05-01 08:00:00'),
      (3, NULL, '1', 'x', NULL, '2023-05-03 08:00:00'), (4, NULL, '1', 'x', NULL, '2023-05-03 08:00:00');"""
    )
    files = folder(petition("", ""))
    assert compiled(files).kind(Kind.PETITION).settings.changed_at == ()
    files["petition.toml"]["source"] = {"changed_at": ["Sua", "Tao"], "overlap_s": 60}
    read(tables, files)
    kind, source = compiled(files).kind(Kind.PETITION), read.source()
    since, until = datetime(2023, 5, 2), datetime(2023, 5, 9)
    first = source.changed(kind, since, None, until)
    assert [place.key for place in first] == [2, 3]
    assert [place.key for place in source.changed(kind, since, first[-1], until)] == [4]
    assert source.later_than(kind, since) == 3
    for wrong in ([], [1], 5, " "):
        files["petition.toml"]["source"]["changed_at"] = wrong
        assert mistakes(files) == {("E-CFG-TYPE", "petition.toml", "source.changed_at")}
