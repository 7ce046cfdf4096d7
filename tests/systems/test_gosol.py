"""The software of Gosol: of 5,000 rows each one is delivered, left out by name, or held back for the reason it has.

SQLite has the system's structure; no SQL Server was available, so the tests at the end read the queries as one would.
What is expected is counted by SQL over the source, without the mapping.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlalchemy import Engine, create_engine

from connector.core.model import KINDS, Kind
from connector.resources import shipped
from connector.sandbox import Sandbox
from tests.systems.gosol_rows import CANARY, PROSE, realities
from tests.systems.proof import (
    ROOM,
    account,
    asked,
    national_counts,
    national_documents,
    own_mapping,
    prove_everything,
    same,
    working,
)
from tests.world import AGENCY, credentials, install, source_path

SEED = 7

TABLES = {
    Kind.RECEPTION: "TiepDanKhongDon", Kind.PETITION: "XuLyDon", Kind.HANDLING: "XuLyDon", Kind.ACCEPTANCE: "XuLyDon",
    Kind.DECISION: "KetQua", Kind.ENFORCEMENT: "ThiHanh",
}  # fmt: skip

OWN_CODES = {
    "linh-vuc": """
name = "linh-vuc"
list = "field"
source = "LoaiKhieuTo.MappingCode"
absent = ["KN", "TC", "PA", "KN.01", "KN.01.01", "-62"]
[map]
"KN.01.01.01" = "admin.land_compensation"
"TC.02" = "corruption"
"PA.09" = "other"
""",
    "nhom-co-quan": """
name = "nhom-co-quan"
list = "receiver-group"
source = "CoQuan.MappingCode"
match = "prefix"
[map]
"H717" = "state_administrative_agency"
""",
}
"""What the installation has settled: the codes of its own lists."""

CAUSES = (
    (Kind.RECEPTION, "no day of a visit", 4, "E-DOC-REQUIRED TiepDanKhongDon.NgayTiep"),
    (Kind.RECEPTION, "impossible day of a visit", 3, "E-MAP-DATE TiepDanKhongDon.NgayTiep"),
    (Kind.RECEPTION, "mode of no known kind", 3, "E-MAP-CODE TiepDanKhongDon.LoaiTiepDanID"),
    (Kind.RECEPTION, "mode of no known kind, with a petition", 2, "E-MAP-CODE TiepDanKhongDon.LoaiTiepDanID"),
    (Kind.RECEPTION, "visit about nothing", 3, "E-DOC-CONTENT TiepDanKhongDon.NoiDungTiep"),
    (Kind.RECEPTION, "visit to another agency", 15, "excluded: other_agency"),
    (Kind.PETITION, "of another agency", 40, "excluded: other_agency"),
    (Kind.PETITION, "of an organisation that sends nothing", 10, "excluded: other_agency"),
    (Kind.PETITION, "handed on: the receiver's", 30, "excluded: other_agency"),
    (Kind.PETITION, "handed to us", 20, "excluded: other_agency"),
    (Kind.PETITION, "draft", 12, "excluded: draft"),
    (Kind.PETITION, "secret", 9, "secret"),
    (Kind.PETITION, "petition deleted, its receipt left behind", 6, "excluded: orphan"),
    (Kind.PETITION, "source without a row", 5, "E-MAP-CODE NguonDonDen.MappingCode"),
    (Kind.PETITION, "class without a national code", 4, "E-MAP-CODE LoaiKhieuTo.MappingCode"),
    (Kind.PETITION, "class of an unknown code", 6, "E-MAP-CODE LoaiKhieuTo.MappingCode"),
    (Kind.PETITION, "not classified", 4, "E-DOC-REQUIRED DonThu.LoaiKhieuTo1ID"),
    (
        Kind.PETITION,
        "root that is none",
        3,
        "E-MAP-CODE DonThu.LoaiKhieuTo1ID + E-MAP-CODE LoaiKhieuTo.MappingCode",
    ),
    (Kind.PETITION, "no day of receipt 0", 2, "E-DOC-REQUIRED XuLyDon.NgayNhapDon"),
    (Kind.PETITION, "no day of receipt 1", 2, "E-DOC-REQUIRED XuLyDon.NgayNhapDon"),
    (Kind.PETITION, "no day of receipt 2", 2, "E-DOC-REQUIRED XuLyDon.NgayNhapDon"),
    (Kind.PETITION, "no day of receipt 3", 2, "E-DOC-REQUIRED XuLyDon.NgayNhapDon"),
    (Kind.PETITION, "impossible day of writing", 4, "E-MAP-DATE DonThu.NgayVietDon"),
    (Kind.PETITION, "blank content", 3, "E-DOC-CONTENT DonThu.NoiDungDon"),
    (Kind.PETITION, "long content", 2, "E-DOC-LENGTH DonThu.NoiDungDon"),
    (Kind.PETITION, "card issued on no day", 3, "E-MAP-DATE DoiTuongKN.NgayCap"),
    (Kind.PETITION, "party of an unknown kind", 4, "E-MAP-CODE NhomKN.LoaiDoiTuongKNID"),
    (Kind.HANDLING, "direction that is no handling", 5, "E-MAP-CODE XuLyDon.HuongGiaiQuyetID"),
    (Kind.HANDLING, "no day of handling", 6, "E-DOC-REQUIRED XuLyDon.NgayXuLy"),
    (Kind.HANDLING, "transfer to an agency without a national code", 4, "E-MAP-CODE CoQuan.MappingCode"),
    (Kind.ACCEPTANCE, "accepted against its direction", 4, "E-MAP-CODE XuLyDon.HuongGiaiQuyetID"),
    (Kind.DECISION, "result of a second instance on the first", 2, "E-MAP-CODE KetQua.PhanTichKQ"),
    (Kind.DECISION, "reply with the result of a complaint", 3, "E-MAP-CODE KetQua.PhanTichKQ"),
    (Kind.DECISION, "third instance", 2, "E-MAP-CODE KetQua.LanGiaiQuyet"),
    (Kind.DECISION, "no day of decision", 3, "E-DOC-REQUIRED KetQua.NgayRaKQ"),
    (Kind.DECISION, "receipt deleted, its decision left behind", 4, "excluded: orphan"),
    (Kind.ENFORCEMENT, "decision deleted, its enforcement left behind", 2, "E-DOC-PARENT ThiHanh.KetQuaID"),
    (Kind.ENFORCEMENT, "enforcement of one of two decisions", 2, "E-DOC-PARENT ThiHanh.KetQuaID"),
    (Kind.ENFORCEMENT, "negative amount", 1, "E-DOC-RANGE ThiHanh.TienDaThu"),
    (Kind.ENFORCEMENT, "no day of enforcement", 2, "E-DOC-REQUIRED ThiHanh.NgayThiHanh"),
    (Kind.ENFORCEMENT, "receipt deleted, its enforcement left behind", 1, "excluded: orphan"),
)
"""What keeps a row from being sent: kind, reality, so many rows, the end to which they come."""

AS_GOOD_AS_ANY = {
    "of a merged organisation": 25, "of a second organisation of the agency": 15, "handed on": 30,
    "handed to us: the receiver's": 20, "source without a national code": 15,
    "complaint filed under denunciations too": 6, "several accused": 8, "settled before by listed agencies": 10,
    "settled before by one agency": 5, "settled before, blanks in the list": 4, "settled before, one unknown": 4,
    "settled before, in prose": 10, "settled before, prose with numbers": 4, "sent again": 10, "follow-up": 10,
    "follow-up of a denunciation": 4, "withdrawn": 12, "withdrawn, on no day": 3, "anonymous in capitals": 5,
    "anonymous, decomposed": 5, "anonymous with a full stop": 5, "name like the anonymous one": 5, "decomposed name": 5,
    "name with blanks": 5, "no name": 5, "both authorised and representing": 3,
    "no day of handling, but of the transfer": 10, "second instance": 8,
    "enforcement of the receipt's only decision": 10, "enforced by somebody who is in no list": 10,
    "visit that nobody classified": 8, "visit of another type than its petition": 5,
}  # fmt: skip
"""What happens in life and keeps nothing from being sent: reality, so many rows."""

LEFT_OUT = ("excluded", "secret")
OF_ONE_ROW = (Kind.PETITION, Kind.HANDLING, Kind.ACCEPTANCE)


@dataclass(frozen=True, slots=True)
class Way:
    """What the whole way has shown: the source, its struck rows, and the ends, here and there."""

    engine: Engine
    suffers: dict[str, tuple[int, ...]]
    ends: Counter[tuple[Kind, str]]
    national: dict[tuple[str, str], dict[str, Any]]
    counts: Counter[tuple[str, str]]

    def of(self, *names: str) -> str:
        """The struck keys of these realities, as SQL has a list."""
        return ", ".join(str(key) for name in names for key in self.suffers[name]) or "-1"

    def count(self, sql: str) -> int:
        """The one number that a query over the source gives."""
        return int(asked(self.engine, sql)[0][0])

    def petitions(self, name: str) -> list[dict[str, Any]]:
        """What the national side holds of the petitions that a reality has struck."""
        return [self.national["petition", f"gosol:{key}"] for key in self.suffers[name]]

    def held(self, kind: Kind) -> dict[int, dict[str, Any]]:
        """What the national side holds of a kind, by the source's own number."""
        return {int(key[6:]): body for (kind_, key), body in self.national.items() if kind_ == kind}


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("gosol")
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    path = source_path(folder)
    suffers = realities(path, SEED)
    engine = create_engine(f"sqlite:///{path}")
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        own_mapping("gosol", folder, OWN_CODES)
        with working(install(folder, sandbox.base_url, system="gosol", collect=ROOM)) as app:
            for _ in app.sync(AGENCY):
                pass
            prove_everything(app, sandbox)
            ends = account(app)
        national, counts = national_documents(sandbox), national_counts(sandbox)
    yield Way(engine, suffers, ends, national, counts)
    engine.dispose()


def kept_back(kind: Kind) -> list[str]:
    return [name for kind_, name, _, _ in CAUSES if kind_ is kind]


def listed(keys: list[int]) -> str:
    return ", ".join(map(str, keys)) or "-1"


def test_the_generator_gives_what_the_table_says(way: Way) -> None:
    expected = {name: rows for _, name, rows, _ in CAUSES} | AS_GOOD_AS_ANY
    same({name: len(keys) for name, keys in way.suffers.items()}, expected)
    assert sum(way.count(f"SELECT COUNT(*) FROM {table}") for table in TABLES.values()) > 5_000


def test_every_row_comes_to_the_end_that_the_table_of_causes_says(way: Way) -> None:
    ends: Counter[tuple[Kind, str]] = Counter()
    for kind, _, rows, end in CAUSES:
        # a receipt is a petition, its handling and its acceptance: what leaves one out leaves all three out
        for one in OF_ONE_ROW if kind is Kind.PETITION and end.startswith(LEFT_OUT) else (kind,):
            ends[one, end] += rows
    for kind in OF_ONE_ROW:
        ends[kind, "excluded: other_agency"] += 1  # the seed's receipt of another agency
    ends.update(of_those_below(way))
    for kind in KINDS:
        every = way.count(f"SELECT COUNT(*) FROM {TABLES[kind]}")
        ends[kind, "delivered"] = every - sum(rows for (kind_, _), rows in ends.items() if kind_ is kind)
    same(way.ends, ends)


def of_those_below(way: Way) -> Counter[tuple[Kind, str]]:
    """Steps that a receipt has not taken, and what waits for a row that is held back."""
    left_out = [name for kind, name, _, end in CAUSES if kind is Kind.PETITION and end.startswith(LEFT_OUT)]
    held_back = [name for name in kept_back(Kind.PETITION) if name not in left_out]
    receipts = f"SELECT COUNT(*) FROM XuLyDon WHERE XuLyDonID NOT IN ({way.of(*left_out)}, 3) AND"
    decisions = [name for name in kept_back(Kind.DECISION) if not name.startswith("receipt deleted")]
    enforced = "SELECT COUNT(*) FROM ThiHanh WHERE KetQuaID IN ({})".format
    ends = Counter({
        (Kind.HANDLING, "excluded: not_handled"): way.count(f"{receipts} HuongGiaiQuyetID IS NULL"),
        (Kind.ACCEPTANCE, "excluded: not_accepted"): way.count(f"{receipts} COALESCE(NgayThuLy, '') < '1900'"),
        (Kind.HANDLING, "E-MAP-CODE DonThu.LoaiKhieuTo1ID"): len(way.suffers["root that is none"]),
        (Kind.HANDLING, "waits for petition quarantined"): sum(
            len(way.suffers[name]) for name in held_back if name != "root that is none"
        ),
        (Kind.PETITION, "waits for reception quarantined"): len(waiting(way)),
        (Kind.HANDLING, "waits for petition pending"): len(waiting(way)),
        (Kind.ENFORCEMENT, "waits for decision quarantined"): way.count(enforced(way.of(*decisions))),
        (Kind.ENFORCEMENT, "E-DOC-PARENT ThiHanh.KetQuaID"): way.count(
            enforced(way.of("receipt deleted, its decision left behind"))
        ),
    })  # fmt: skip
    assert all(ends.values()), ends  # every sort of waiting happens
    return ends


def waiting(way: Way) -> list[int]:
    """The receipts that were brought to a visit which is held back."""
    visits = way.of(*kept_back(Kind.RECEPTION))
    sql = f"SELECT XuLyDonID FROM TiepDanKhongDon WHERE XuLyDonID > 0 AND TiepDanKhongDonID IN ({visits})"
    return [row[0] for row in asked(way.engine, sql)]


def test_the_national_side_holds_of_each_kind_and_type_what_the_source_has(way: Way) -> None:
    petitions = f"{way.of(*kept_back(Kind.PETITION))}, 3, {listed(waiting(way))}"
    typed = "SELECT d.LoaiKhieuTo1ID, COUNT(*) FROM XuLyDon x JOIN DonThu d ON d.DonThuID = x.DonThuID"
    decided = "JOIN XuLyDon x ON x.XuLyDonID = k.XuLyDonID JOIN DonThu d ON d.DonThuID = x.DonThuID"
    directly = {
        Kind.RECEPTION: f"""SELECT CASE WHEN d.DonThuID IS NULL THEN t.LoaiKhieuTo1ID
            WHEN t.LoaiKhieuTo1ID <> d.LoaiKhieuTo1ID THEN -1 ELSE d.LoaiKhieuTo1ID END, COUNT(*)
            FROM TiepDanKhongDon t LEFT JOIN DonThu d ON d.DonThuID = t.DonThuID
            WHERE t.TiepDanKhongDonID NOT IN ({way.of(*kept_back(Kind.RECEPTION))}) GROUP BY 1""",
        Kind.PETITION: f"{typed} WHERE x.XuLyDonID NOT IN ({petitions}) GROUP BY 1",
        Kind.HANDLING: f"""{typed} WHERE x.HuongGiaiQuyetID > 0
            AND x.XuLyDonID NOT IN ({petitions}, {way.of(*kept_back(Kind.HANDLING))}) GROUP BY 1""",
        Kind.ACCEPTANCE: f"{typed} WHERE x.NgayThuLy LIKE '2_%' AND x.HuongGiaiQuyetID = 31 GROUP BY 1",
        Kind.DECISION: f"""SELECT d.LoaiKhieuTo1ID, COUNT(*) FROM KetQua k {decided}
            WHERE k.KetQuaID NOT IN ({way.of(*kept_back(Kind.DECISION))}) GROUP BY 1""",
        Kind.ENFORCEMENT: f"""SELECT d.LoaiKhieuTo1ID, COUNT(*) FROM ThiHanh e JOIN KetQua k
            ON k.KetQuaID = e.KetQuaID OR (e.KetQuaID = 0 AND k.XuLyDonID = e.XuLyDonID) {decided}
            WHERE k.KetQuaID NOT IN ({way.of(*kept_back(Kind.DECISION))})
            AND e.ThiHanhID NOT IN ({way.of(*kept_back(Kind.ENFORCEMENT))}) GROUP BY 1""",
    }
    names: dict[int | None, str] = {-1: "multiple_contents", None: ""}
    names |= {1: "complaint", 8: "denunciation", 9: "recommendation_feedback", 62: "recommendation_feedback"}
    expected: Counter[tuple[str, str]] = Counter()
    for kind, sql in directly.items():
        for type_, rows in asked(way.engine, sql):
            expected[kind, names[type_]] += rows
    same(way.counts, expected)


# --- what the values mean ----------------------------------------------------------------------------------------


def test_no_receipt_moves_to_another_day_and_no_spelling_of_nothing_is_one(way: Way) -> None:
    """Local midnight is the day before in UTC; 1753-01-01, 0001-01-01, an empty text and NULL are no days."""
    typed = {row[0]: row[1:] for row in asked(way.engine, """SELECT x.XuLyDonID, x.NgayNhapDon, d.NgayVietDon
        FROM XuLyDon x JOIN DonThu d ON d.DonThuID = x.DonThuID""")}  # fmt: skip
    held = way.held(Kind.PETITION)
    assert sum(typed[key][0].endswith("00:00:00") for key in held) > 200
    for key, body in held.items():
        assert body["received_on"] == typed[key][0][:10]
        written = (typed[key][1] or "")[:10]
        assert body.get("written_on", "") == (written if written > "1900" else "")
    assert len({typed[key][1] for key in held}) == 6


def test_the_kinds_of_party_are_turned_round(way: Way) -> None:
    held = way.held(Kind.PETITION)
    sql = f"""SELECT k.LoaiDoiTuongKNID, COUNT(*) FROM XuLyDon x JOIN DonThu d ON d.DonThuID = x.DonThuID
        JOIN NhomKN k ON k.NhomKNID = d.NhomKNID WHERE x.XuLyDonID IN ({listed([*held])}) GROUP BY 1"""
    kinds = {1: "individual", 2: "organisation", 3: "group"}
    found = Counter(body["petitioners"][0]["kind"] for body in held.values())
    same(found, {kinds[kind]: rows for kind, rows in asked(way.engine, sql)})
    assert min(found.values()) > 50
    companies = [body for body in held.values() if body["petitioners"][0]["kind"] == "organisation"]
    assert {len(body["petitioners"]) for body in companies} == {1}  # with a person or without one
    crowds = [body for body in held.values() if body["petitioners"][0]["kind"] == "group"]
    assert {len(body["petitioners"]) for body in crowds} == {2}
    assert {body["signatory_count"] for body in crowds} == {3, 8, 15}


def test_numbers_that_begin_with_zeros_keep_them(way: Way) -> None:
    numbers = dict(asked(way.engine, """SELECT x.XuLyDonID, p.CMND
        FROM XuLyDon x JOIN DonThu d ON d.DonThuID = x.DonThuID JOIN DoiTuongKN p ON p.NhomKNID = d.NhomKNID
        WHERE p.CMND LIKE '00%' AND d.LoaiKhieuTo1ID = 9"""))  # fmt: skip
    held = way.held(Kind.PETITION)
    found = {
        key: {person.get("identity", {}).get("number") for person in held[key]["petitioners"]}
        for key in numbers
        if key in held
    }
    assert len(found) > 100
    assert all(numbers[key] in of for key, of in found.items())
    letters = Counter(body["transfer_document"]["no"] for body in held.values() if "transfer_document" in body)
    assert letters.keys() == {"0012", "0007/CV"}


def test_of_several_accused_the_one_that_the_petition_names_comes_first(way: Way) -> None:
    for body in way.petitions("several accused"):
        names = [person["full_name"] for person in body["respondents"]]
        assert names == ["Người Được Chọn", "Người Thứ Nhất", "Người Thứ Hai"]


def test_a_merged_organisation_names_the_one_that_keeps_its_papers(way: Way) -> None:
    """The sister organisation points to the same one, with a number (2) of which nobody knows what it means."""
    kept = {"ndb_code": "H717.01", "name": "Thanh tra tỉnh Mẫu"}
    assert [body["custodian_agency"] for body in way.petitions("of a merged organisation")] == [kept] * 25
    assert sum("custodian_agency" in body for body in way.national.values()) == 25


def test_a_petition_handed_on_is_a_record_of_each_agency_that_received_it(way: Way) -> None:
    assert len(way.petitions("handed on")) == 30
    sender = {"ndb_code": "H717.11", "name": "UBND huyện Mẫu"}
    received = way.petitions("handed to us: the receiver's")
    assert [body["transferred_by"] for body in received] == [sender] * 20
    originals = [f"gosol:{key}" for key in way.suffers["handed to us"]]
    assert [body["original_ref"] for body in received] == originals
    assert [body["source"] for body in way.petitions("source without a national code")] == ["direct"] * 15


def test_a_list_of_numbers_names_agencies_and_prose_is_a_note(way: Way) -> None:
    district, ward = {"ndb_code": "H717.11", "name": "UBND huyện Mẫu"}, {"name": "UBND phường Mẫu mới"}
    for name, agencies in (
        ("settled before by listed agencies", [district, ward]),
        ("settled before, blanks in the list", [district, ward]),
        ("settled before by one agency", [ward]),
        ("settled before, one unknown", [district]),
    ):
        for body in way.petitions(name):
            assert [settled["agency"] for settled in body["prior_settlements"]] == agencies, name
            assert "note" not in body, name
    for name, note in (("settled before, in prose", PROSE), ("settled before, prose with numbers", "Sở Mẫu, 2, 3")):
        for body in way.petitions(name):
            assert (body["note"], "prior_settlements" in body) == (note, False), name


def test_a_repetition_refers_to_the_first_petition_unless_that_may_be_a_denunciation(way: Way) -> None:
    for name, refs in (
        ("sent again", ("gosol:1", "gosol:1")),
        ("follow-up", ("gosol:1", None)),
        ("follow-up of a denunciation", (None, None)),
    ):
        assert {(body.get("case_ref"), body.get("duplicate_of")) for body in way.petitions(name)} == {refs}, name


def test_a_withdrawal_is_there_with_or_without_its_day(way: Way) -> None:
    days = [{"withdrawn_on": "2024-12-01"}]
    assert [body["withdrawals"] for body in way.petitions("withdrawn")] == [days] * 12
    assert [body["withdrawn"] for body in way.petitions("withdrawn, on no day")] == [True] * 3
    assert sum("withdrawn" in body for body in way.national.values()) == 15


def test_names_and_their_absence_arrive_as_they_are_meant(way: Way) -> None:
    def people(name: str) -> set[tuple[str | None, str | None]]:
        found = [person for body in way.petitions(name) for person in body["petitioners"]]
        assert len(found) == 5, name
        return {(person.get("disclosure"), person.get("full_name")) for person in found}

    for name in ("anonymous in capitals", "anonymous, decomposed", "anonymous with a full stop"):
        assert people(name) == {("anonymous", None)}, name
    for name, written in (
        ("name like the anonymous one", "Đôn Nắc Danh"),
        ("decomposed name", "Nguyễn Thị Mẫu Hường"),
        ("name with blanks", "TRẦN VĂN MẪU"),
    ):
        assert people(name) == {("named", written)}, name
    assert people("no name") == {(None, None)}
    assert not any("representation" in body for body in way.petitions("both authorised and representing"))


def test_steps_say_what_their_own_rows_say(way: Way) -> None:
    handled, decided, enforced = way.held(Kind.HANDLING), way.held(Kind.DECISION), way.held(Kind.ENFORCEMENT)
    moved = dict(asked(way.engine, "SELECT XuLyDonID, NgayChuyen FROM ChuyenXuLy"))
    for key in way.suffers["no day of handling, but of the transfer"]:
        assert handled[key]["handled_on"] == moved[key][:10]
    second = {(decided[key]["kind"], decided[key]["result"]) for key in way.suffers["second instance"]}
    assert second == {("kn_second", "first_upheld"), ("kn_second", "first_amended_or_annulled")}
    parents = dict(asked(way.engine, "SELECT e.ThiHanhID, k.KetQuaID FROM ThiHanh e JOIN KetQua k USING (XuLyDonID)"))
    for key in way.suffers["enforcement of the receipt's only decision"]:
        assert enforced[key]["decision_ref"] == f"gosol:{parents[key]}"
    for key in way.suffers["enforced by somebody who is in no list"]:
        assert (enforced[key]["note"], "enforcing_agency" in enforced[key]) == ("Tổ thi hành án xã", False)
    lists = [body["enforcing_agency"] for body in enforced.values() if "enforcing_agency" in body]
    assert {json.dumps(agency) for agency in lists} == {json.dumps({"name": "UBND phường Mẫu mới"})}


def test_no_secret_and_nothing_of_what_may_be_a_denunciation_arrives(way: Way) -> None:
    """The canary is a password, a computed state, and what denouncers are known by."""
    everything = json.dumps([*way.national.values()], ensure_ascii=False)
    assert CANARY not in everything
    for name in ("complaint filed under denunciations too", "follow-up of a denunciation"):
        assert len(way.petitions(name)) in {4, 6}
    assert {body["concealed"]["reason"] for body in way.petitions("complaint filed under denunciations too")} == {
        "multiple_contents"
    }
    visits = way.held(Kind.RECEPTION)
    assert {visits[key]["concealed"]["reason"] for key in way.suffers["visit that nobody classified"]} == {
        "unclassified"
    }
    of_another_type = way.of("visit of another type than its petition")
    brought = asked(way.engine, f"SELECT XuLyDonID FROM TiepDanKhongDon WHERE TiepDanKhongDonID IN ({of_another_type})")
    for (receipt,) in brought:
        for kind in (Kind.PETITION, Kind.HANDLING):
            assert "concealed" in way.national[kind, f"gosol:{receipt}"]
            assert not {"content", "case_ref", "note", "summary"} & way.national[kind, f"gosol:{receipt}"].keys()


# --- the queries themselves --------------------------------------------------------------------------------------


def queries() -> list[str]:
    files = [tomllib.loads(path.read_text("utf-8")) for path in Path(str(shipped("mappings", "gosol"))).glob("*.toml")]
    below = [child["sql"] for file in files for child in file.get("children", [])]
    return below + [file[part]["sql"] for file in files for part in ("select", "universe") if part in file]


def test_no_query_names_secrets_or_the_computed_state() -> None:
    words = {word for sql in queries() for word in re.findall(r"\w+", sql)}
    assert words.isdisjoint({
        "DongBo", "DongBo_Log", "Password", "State", "StateID", "Document", "Transition", "TransitionHistory",
        "TrangThaiDonID", "XuLyDon_bak", "DanTocID",
    })  # fmt: skip


def test_the_queries_hold_no_word_that_only_one_of_the_two_databases_knows() -> None:
    only_one = (
        r"\b(limit|top|offset|fetch|substr|length|len|trim|ifnull|isnull|concat|group_concat|datetime|getdate)\b|\|\|"
    )
    for sql in queries():
        assert sql.isascii(), "SQL Server reads a text with marks only as N'…', which SQLite does not know"
        assert not re.search(only_one, sql, re.IGNORECASE)
        assert '"' not in sql


def test_read_as_those_of_sql_server_the_queries_bring_the_same_rows(way: Way) -> None:
    """Read in the grammar of T-SQL and written anew for SQLite, no query may mean anything else."""
    bounds = {"lo": 0, "hi": 1_000_000, "agency_code": AGENCY}
    for sql in queries():
        variables = re.sub(r":(lo|hi|agency_code)\b", r"@\1", sql)
        (tree,) = sqlglot.parse(variables, dialect="tsql", error_level=sqlglot.ErrorLevel.RAISE)
        assert tree is not None
        anew = re.sub(r"@(lo|hi|agency_code)\b", r":\1", tree.sql(dialect="sqlite"))
        assert Counter(asked(way.engine, anew, **bounds)) == Counter(asked(way.engine, sql, **bounds)), sql
