"""The shipped Phú Thọ mapping over a real MariaDB with MyISAM tables: what becomes of every row, and why.

Nothing here is taken from the mapping: the table of causes counts what `phutho_rows` did to the rows, and the national
counts are asked of the database in SQL of this test's own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, Kind
from connector.sandbox import Sandbox
from tests.machine.world import Clock, Impatience
from tests.servers import Database, database
from tests.systems.phutho_rows import TROUBLES, Tables, rows
from tests.systems.proof import ROOM, account, asked, national_counts, national_documents, prove_everything, same
from tests.world import AGENCY, credentials, install

SEED = 20180108
HERE = Path(__file__).parent
SQL_MODE = "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'"
"""The program of this agency needs it."""

STRICTEST = "?init_command=SET%20SESSION%20sql_mode%3D%27TRADITIONAL%27"
"""The connector may be given a server that would refuse such days."""

TYPES = {"1": "complaint", "2": "denunciation", "3": "multiple_contents", "4": "recommendation_feedback"}

CAUSES = {
    (Kind.RECEPTION, "secret"): 4,
    (Kind.RECEPTION, "E-DOC-REQUIRED ketquatiepdan.ngaytiep"): 3,
    (Kind.PETITION, "secret"): 5,
    (Kind.PETITION, "E-MAP-CODE phanloaidonthu.loaidon"): 12,  # 5 has no row in the list
    (Kind.PETITION, "E-MAP-CODE phanloaidonthu.linhvuc"): 20,  # 10 to 12, and 4 of which nothing is known
    (Kind.PETITION, "E-MAP-CODE phanloaidonthu.linhvuc + E-MAP-CODE phanloaidonthu.loaidon"): 1,  # the seed's third
    (
        Kind.PETITION,
        "E-DOC-REQUIRED phanloaidonthu.loaidon",
    ): 46,  # 40 not classified, 5 without side rows, the seed's fourth
    (Kind.PETITION, "E-MAP-CODE donthu.doituongkhieunai"): 10,  # a number that the list of accused has not
    (Kind.PETITION, "E-MAP-CODE donthu.coquanbanhanh"): 6,
    (
        Kind.PETITION,
        "E-MAP-CODE donthu.nguondon",
    ): 17,  # the word and the letter contradict each other: 15; 22 is unknown: 2
    (Kind.PETITION, "E-MAP-CODE donthu.lankhieunai"): 3,
    (Kind.PETITION, "E-DOC-REQUIRED donthu.ngaynhan"): 4,  # 0000-00-00
    (Kind.PETITION, "E-MAP-DATE donthu.ngaynhan"): 3,  # 30 February
    (Kind.PETITION, "E-DOC-LENGTH donthu.noidung"): 2,
    (Kind.PETITION, "E-DOC-CONTENT donthu.noidung"): 3,
    (Kind.HANDLING, "secret"): 5,
    (Kind.HANDLING, "excluded: no_petition"): 6,
    (Kind.HANDLING, "excluded: not_handled"): 349,  # made in advance: 304 plain ones, 40, 4 orphans, the seed's third
    (Kind.HANDLING, "waits for petition quarantined"): 67,
    (Kind.HANDLING, "E-MAP-CODE phanloaidonthu.loaidon"): 12,
    (Kind.HANDLING, "E-DOC-REQUIRED theodoidonthu.ngayquyetdinhxuly"): 22,
    (Kind.HANDLING, "E-MAP-FLAG phanloaidonthu.thamquyen"): 2,
    (Kind.HANDLING, "E-MAP-CODE phanloaidonthu.donvichuyenden"): 5,
    (Kind.HANDLING, "E-MAP-CODE donvi.madonvi"): 4,
    (Kind.HANDLING, "E-MAP-CODE phanloaidonthu.huonggiaiquyet"): 2,
    (Kind.DECISION, "secret"): 5,
    (Kind.DECISION, "excluded: no_petition"): 5,
    (Kind.DECISION, "excluded: not_settled"): 1166,  # made in advance
    (Kind.DECISION, "E-MAP-CODE phanloaidonthu.loaidon"): 1,
    (Kind.DECISION, "E-DOC-REQUIRED ketquagiaiquyet.ngayquyetdinh"): 6,
    (Kind.DECISION, "E-DOC-REQUIRED ketquagiaiquyet.danhgiadonthu"): 4,
    (Kind.DECISION, "E-MAP-CODE ketquagiaiquyet.danhgiadonthu"): 10,  # 4 is unknown: 2; of a second instance: 8
    (Kind.DECISION, "E-MAP-NUMBER ketquagiaiquyet.thudat"): 3,  # 1.200m2
    (Kind.DECISION, "E-MAP-NUMBER ketquagiaiquyet.thutien"): 2,
}
"""What keeps a row from being sent, and how many: the troubles of `phutho_rows` and the four petitions of the seed. All
the others are delivered."""

TABLES = {
    Kind.RECEPTION: "ketquatiepdan",
    Kind.PETITION: "donthu",
    Kind.HANDLING: "phanloaidonthu",
    Kind.DECISION: "ketquagiaiquyet",
}

# Which petitions may go, in the words of the people who keep this database.
SOUND = """
FROM donthu d JOIN phanloaidonthu p ON p.donthuid = d.donthuid
WHERE p.loaidon IN ('1', '2', '3', '4') AND p.linhvuc IN ('', '1', '2', '3', '5', '6', '7', '8', '9')
  AND d.ngaynhan NOT IN ('0000-00-00', '2019-02-30') AND CHAR_LENGTH(d.noidung) <= 20000
  AND (TRIM(d.noidung) <> '' OR p.loaidon IN ('2', '3')) AND NOT (p.loaidon = '1' AND d.lankhieunai = 'Lần 3')
  AND (d.doituongkhieunai NOT RLIKE '^[1-9][0-9]*$' OR d.doituongkhieunai IN (SELECT id FROM doituongkhieunaitocao))
  AND (d.coquanbanhanh NOT RLIKE '^[1-9][0-9]*$' OR d.coquanbanhanh IN (SELECT id FROM donvi))
  AND (d.nguondon IN ('1', '4', '20', '21', '23')
       OR (d.nguondon = 'dodan' AND d.socongvanden = '' AND d.ngaychuyendon = 0)
       OR (d.nguondon = 'donvi' AND (d.socongvanden <> '' OR d.ngaychuyendon <> 0)))
  AND d.donthuid NOT IN (SELECT id FROM dau_mat WHERE bang = 'donthu')
"""

DIRECTLY = {
    Kind.RECEPTION: """SELECT '', COUNT(*) FROM ketquatiepdan
        WHERE ngaytiep <> 0 AND tiepdanid NOT IN (SELECT id FROM dau_mat WHERE bang = 'ketquatiepdan')""",
    Kind.PETITION: f"SELECT p.loaidon, COUNT(*) {SOUND} GROUP BY 1",
    Kind.HANDLING: f"""SELECT p.loaidon, COUNT(*) {SOUND}
        AND p.huonggiaiquyet IN (1, 2, 3, 4, 5) AND p.thamquyen IN (0, 1, 2)
        AND (SELECT ngayquyetdinhxuly FROM theodoidonthu t WHERE t.donthuid = d.donthuid) <> 0
        AND (p.huonggiaiquyet <> 3 OR p.donvichuyenden NOT IN ('4', '99')) GROUP BY 1""",
    Kind.DECISION: f"""SELECT p.loaidon, COUNT(*) {SOUND} AND d.donthuid IN (SELECT donthuid FROM ketquagiaiquyet
        WHERE ngayquyetdinh <> 0 AND thudat <> '1.200m2' AND thutien <> 'hai triệu'
          AND (p.loaidon = '4' OR danhgiadonthu IN ('1', '2', '3'))
          AND NOT (p.loaidon = '1' AND d.lankhieunai = 'Lần 2')) GROUP BY 1""",
}


class Board(NamedTuple):
    """A reception board with its connector and the national side."""

    app: App
    clock: Clock
    sandbox: Sandbox
    source: Database

    def sync(self) -> None:
        for _step in self.app.sync(AGENCY):
            pass

    def sync_later(self) -> None:
        """Sync so much later that what was read before counts."""
        self.clock.advance(6)
        self.sync()


def statements(name: str) -> list[str]:
    lines = (HERE / name).read_text("utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("--"))
    return [statement for statement in text.split(";\n") if statement.strip()]


def fill(source: Database, tables: Tables, changes: Sequence[str] = ()) -> None:
    """Make the product's structure and rows."""
    with source.engine.begin() as connection:
        connection.exec_driver_sql(SQL_MODE)
        for statement in [*statements("phutho.sql"), *statements("phutho_seed.sql")]:
            connection.exec_driver_sql(statement)
        for table, found in tables.items():
            names = list(dict.fromkeys(name for row in found for name in row))
            sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"
            connection.exec_driver_sql(sql, [tuple(row.get(name, "") for name in names) for row in found])
        for statement in changes:
            connection.exec_driver_sql(statement)


@contextmanager
def board(folder: Path, tables: Tables, system: str = "phutho", *changes: str) -> Iterator[Board]:
    """A board with these rows and `changes` of its database, by a clock that nobody waits for."""
    clock = Clock()
    with Sandbox(credentials=credentials(), seed=SEED, now=clock) as sandbox, database("mariadb", folder) as source:
        fill(source, tables, changes)
        address = source.url + STRICTEST
        config = load_config(install(folder, sandbox.base_url, system=system, source=address, collect=ROOM))
        by_clock = {"stop": Impatience(clock), "now": clock, "jitter": lambda: 0.5}
        with open_app(config, Actor("test", "test"), create=True, **by_clock) as app, app.stage_lock():
            yield Board(app, clock, sandbox, source)


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    with board(tmp_path_factory.mktemp("board"), rows(SEED)) as made:
        made.sync()
        assert made.sandbox.effects() == {}  # without snapshots, what was read once only waits
        made.sync_later()
        yield made


@pytest.fixture(scope="module")
def national(synced: Board) -> dict[tuple[str, str], dict[str, Any]]:
    return national_documents(synced.sandbox)


def count(board: Board, sql: str) -> int:
    return int(asked(board.source.engine, sql)[0][0])


def of(national: dict[tuple[str, str], dict[str, Any]], kind: Kind) -> list[dict[str, Any]]:
    return [body for (kind_, _), body in national.items() if kind_ == kind]


def test_every_row_is_delivered_left_out_by_name_or_waits_for_its_cause(synced: Board) -> None:
    every = {kind: count(synced, f"SELECT COUNT(*) FROM {table}") for kind, table in TABLES.items()}
    assert sum(every.values()) > 5_000
    kept = Counter[Kind]()
    for (kind, _), number in CAUSES.items():
        kept[kind] += number
    same(account(synced.app), {**CAUSES, **{(kind, "delivered"): every[kind] - kept[kind] for kind in TABLES}})
    prove_everything(synced.app, synced.sandbox)


def test_the_national_side_holds_of_each_kind_and_type_what_sql_counts(synced: Board) -> None:
    found = {kind: asked(synced.source.engine, sql) for kind, sql in DIRECTLY.items()}
    directly = {(str(kind), TYPES.get(type_, "")): rows for kind, listed in found.items() for type_, rows in listed}
    same(national_counts(synced.sandbox), directly)


def test_petitioners_are_the_first_and_the_live_others_each_once(
    synced: Board, national: dict[tuple[str, str], dict[str, Any]]
) -> None:
    sql = f"""SELECT (SELECT COUNT(*) {SOUND}) + (SELECT COUNT(*) FROM nguoidaidien n
        WHERE n.enable = 1 AND n.donthuid IN (
          SELECT d.donthuid {SOUND} AND d.tennguoivietdon <> CONVERT(n.tennguoidaidien USING utf8)))"""
    people = [person for body in of(national, Kind.PETITION) for person in body["petitioners"]]
    assert len(people) == count(synced, sql)
    phones = {person["phone"] for person in people if "phone" in person}
    assert all(phone.startswith("09") for phone in phones)  # also those of a number column
    assert "02147483647" not in phones
    assert not any("?" in person.get("identity", {}).get("issued_by", "") for person in people)


def test_only_the_words_for_anonymous_make_somebody_anonymous(
    synced: Board, national: dict[tuple[str, str], dict[str, Any]]
) -> None:
    people = [person for body in of(national, Kind.PETITION) for person in body["petitioners"]]
    shown = Counter(person["disclosure"] for person in people)
    words = "('ĐƠN NẶC DANH', 'Đơn nặc danh', 'đơn Nặc Danh')"
    exactly = f"CONVERT(d.tennguoivietdon USING utf8mb4) COLLATE utf8mb4_bin IN {words}"
    assert shown["anonymous"] == count(synced, f"SELECT COUNT(*) {SOUND} AND {exactly}") == TROUBLES["anonymous"][0]
    named = [person for person in people if person.get("full_name") == "Đôn Nắc Danh"]
    assert [person["disclosure"] for person in named] == ["named"] * TROUBLES["name_like_the_anonymous_one"][0]
    assert not any("full_name" in person for person in people if person["disclosure"] != "named")


def test_of_what_may_be_a_denunciation_no_name_and_no_text_leaves(
    synced: Board, national: dict[tuple[str, str], dict[str, Any]]
) -> None:
    concealed = [body for body in national.values() if "concealed" in body]
    said = json.dumps(concealed, ensure_ascii=False)
    for token in (
        "MẪU",
        "Nội dung đơn",
        "Trình bày",
        "Khu 1",
        "Tóm tắt",
        "Chấp nhận",
        "Mẫu Một",
        ".doc",
        "BTCD",
        "/CV",
    ):
        assert token not in said, token
    assert {body["concealed"]["reason"] for body in of(national, Kind.RECEPTION)} == {"unclassified"}
    doubtful = f"SELECT COUNT(*) {SOUND} AND (p.loaidon IN ('2', '3') OR p.linhvuc = '5')"
    assert sum("concealed" in body for body in of(national, Kind.PETITION)) == count(synced, doubtful)


def test_all_names_of_files_arrive_and_nothing_of_the_files(
    synced: Board, national: dict[tuple[str, str], dict[str, Any]]
) -> None:
    sql = f"""SELECT SUM(LENGTH(d.vanban) > 4) + SUM(d.vanban LIKE '%jpg%') * 3 + SUM((
          SELECT COUNT(*) FROM quanlyvanban q WHERE q.donthuid = d.donthuid AND q.type = 1))
        {SOUND} AND p.loaidon IN ('1', '4') AND p.linhvuc <> '5'"""
    files = [file for body in of(national, Kind.PETITION) for file in body.get("attachments", ())]
    assert len(files) == count(synced, sql)
    assert {file["file_name"] for file in files} >= {"a.doc", "b.pdf", "d.jpg", "e.doc", "bb.pdf", "don1.doc"}
    assert not any("/" in file["file_name"] for file in files)


def test_a_reference_to_the_first_instance_never_leads_to_a_denunciation(
    synced: Board, national: dict[tuple[str, str], dict[str, Any]]
) -> None:
    referred = Counter(body["previous_ref"] for body in of(national, Kind.PETITION) if "previous_ref" in body)
    assert referred == {"phutho:1": TROUBLES["second_of_complaint"][0]}
    assert count(synced, f"SELECT COUNT(*) {SOUND} AND d.donthulanmotid = 2") == TROUBLES["second_of_denunciation"][0]


def test_no_spelling_of_nothing_no_markup_and_no_lure_reaches_the_national_side(
    national: dict[tuple[str, str], dict[str, Any]],
) -> None:
    said = json.dumps([*national.values()], ensure_ascii=False)
    for token in ("0000-00-00", "2010-02-30", "<p>", "&nbsp;", "CA Ph?", "****", "khong-duoc-doc", "bản sao", "MỒ CÔI"):
        assert token not in said, token
    decided = [body for body in of(national, Kind.DECISION) if "summary" in body]
    assert {body["summary"] for body in decided} == {"Chấp nhận một phần"}
    assert {body["remedies"]["recover_state"]["money"] for body in decided} == {12_500_000}
    assert {body["remedies"]["recover_state"]["land"] for body in decided} == {"120"}
    assert {body["remedies"]["return_parties"]["land"] for body in decided} == {"80.5"}
    assert all(body["no"].isdecimal() for body in decided)


def test_an_edit_of_a_side_row_alone_is_found_and_sent_after_two_equal_readings(synced: Board) -> None:
    """No column of the petition changes with it, so nothing but the rows themselves can tell."""
    ((number,),) = asked(
        synced.source.engine, f"SELECT MIN(d.donthuid) {SOUND} AND p.loaidon = '4' AND p.linhvuc = '1'"
    )
    before = len(synced.sandbox.log())
    synced.source.run(f"UPDATE phanloaidonthu SET linhvuc = '3' WHERE donthuid = {number}")
    synced.sync()
    assert not [line for line in synced.sandbox.log()[before:] if line.method == "PUT"]
    synced.sync_later()
    sent = [
        line.local_id for line in synced.sandbox.log()[before:] if line.method == "PUT" and line.kind == Kind.PETITION
    ]
    assert sent == [f"phutho:{number}"]
    assert national_documents(synced.sandbox)["petition", sent[0]]["field"] == "admin.land_other"


OF_2018 = (
    "ALTER TABLE donthu DROP COLUMN gioitinh, DROP COLUMN songuoilienquan, DROP COLUMN id_csdlqg",
    "ALTER TABLE donvi DROP COLUMN madonvi",
    "ALTER TABLE loaidon DROP COLUMN maloaidon",
    "ALTER TABLE linhvuc DROP COLUMN malinhvuc",
    "ALTER TABLE ketquatiepdan DROP COLUMN gioitinh, DROP COLUMN diachilienhe",
    "UPDATE donthu SET doituongkhieunai = '1' WHERE doituongkhieunai = '15'",
    "UPDATE phanloaidonthu SET loaidon = '1', linhvuc = '2' WHERE donthuid = 3",
    "UPDATE donthu SET socongvanden = '', ngaychuyendon = 0, coquanbanhanh = '' WHERE donthuid = 2",
    "UPDATE donthu SET nguondon = 'dodan' WHERE donthuid = 3",
)
"""The columns that came later, away; and a petition through an agency without a letter, one of a citizen with one."""


def test_the_database_of_2018_is_read_by_its_own_mapping(tmp_path: Path) -> None:
    with board(tmp_path, {}, "phutho-2018", *OF_2018) as made:
        made.sync()
        made.sync_later()
        same(
            account(made.app),
            {
                (Kind.RECEPTION, "delivered"): 1,
                (Kind.PETITION, "delivered"): 2,
                (Kind.PETITION, "E-MAP-CODE donthu.nguondon"): 1,
                (Kind.PETITION, "E-DOC-REQUIRED phanloaidonthu.loaidon"): 1,
                (Kind.HANDLING, "E-DOC-REQUIRED theodoidonthu.ngayquyetdinhxuly"): 2,
                (Kind.HANDLING, "excluded: not_handled"): 1,
                (Kind.DECISION, "excluded: not_settled"): 2,
                (Kind.DECISION, "E-MAP-CODE ketquagiaiquyet.danhgiadonthu"): 1,
            },
        )
        sources = {
            key: body.get("source") for (_, key), body in national_documents(made.sandbox).items() if "type" in body
        }
        assert sources == {"phutho:1": None, "phutho:2": "agency_transfer"}
        prove_everything(made.app, made.sandbox)


SETTLED = (
    "INSERT INTO theodoidonthu (donthuid, ngayquyetdinhxuly, tomtatxuly) VALUES (1, '2018-01-20', '')",
    "UPDATE ketquagiaiquyet SET soquyetdinh = 5, ngayquyetdinh = '2018-03-01', danhgiadonthu = '1' WHERE donthuid = 1",
)


def test_what_a_deleted_petition_leaves_behind_is_left_out_by_name(tmp_path: Path) -> None:
    """The product deletes for good, and its side tables not at all."""
    with board(tmp_path, {}, "phutho", *SETTLED) as made:
        made.sync()
        made.sync_later()
        before = account(made.app)
        assert all(before[kind, "delivered"] == 1 for kind in TABLES)
        made.source.run("DELETE FROM donthu WHERE donthuid = 1")
        for _ in range(2):
            made.sync_later()
        moved = {
            (kind, end): n
            for kind in (Kind.HANDLING, Kind.DECISION)
            for end, n in {"delivered": -1, "excluded: no_petition": 1}.items()
        }
        same(account(made.app), +Counter({key: before[key] + moved.get(key, 0) for key in {*before, *moved}}))
        prove_everything(made.app, made.sandbox)
