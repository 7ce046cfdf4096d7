"""How people and their software change the rows of Bến Tre: each change is found, sent once, and never sent half.

The mapping is the shipped one with the codes of the sample: a change counts after two equal readings, for an edit that
deletes and inserts again may be several transactions. On the system's own structure in a MariaDB, and in SQLite.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect

import connector.sample
from connector.app import utc_now
from connector.core.model import Kind
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import views
from tests.servers import Database, acting_before, database
from tests.systems.bentre_rows import HERE, copied
from tests.systems.proof import asked, documents, own_mapping, prove_everything, working
from tests.world import AGENCY, credentials, install

SEED = 7
PETITIONS = 40
CODES = Path(str(connector.sample.__file__)).parent / "codes"

Moved = dict[tuple[str, int], int]
"""Which records the national side received anew: kind and number at the source -> version."""


class World:
    """One agency that works on, its connector, the national side; five minutes pass with each reading."""

    def __init__(self, folder: Path, source: Database, sandbox: Sandbox, stack: ExitStack) -> None:
        self.source, self.sandbox = source, sandbox
        self.ahead = timedelta()
        own_mapping("bentre", folder, {path.stem: path.read_text("utf-8") for path in CODES.glob("*.toml")})
        config = install(folder, sandbox.base_url, source=source.url)
        self.app = stack.enter_context(working(config, lambda: utc_now() + self.ahead))
        self.moved()

    def read(self) -> None:
        """Read everything once; five minutes pass."""
        for _ in self.app.collect(AGENCY):
            pass
        self.ahead += timedelta(minutes=5)

    def deliver(self) -> Moved:
        """Send what is due; return what the national side received."""
        before = self.sandbox.effects()
        for _ in self.app.deliver(AGENCY):
            pass
        fresh = self.sandbox.effects().keys() - before.keys()
        return {(key.kind, int(key.local_id.partition(":")[2])): key.version for key in fresh}

    def moved(self) -> Moved:
        """Read until a change counts, and send it; return what the national side received."""
        self.read()
        assert self.deliver() == {}, "sent after one reading"
        self.read()
        moved = self.deliver()
        self.read()
        assert self.deliver() == {}, "sent again"
        prove_everything(self.app, self.sandbox)
        return moved

    def one(self, sql: str) -> int:
        """The number that a query over the source gives."""
        return int(asked(self.source.engine, sql)[0][0])

    def column(self, sql: str) -> list[Any]:
        """The values of the one column that a query over the source gives."""
        return [row[0] for row in asked(self.source.engine, sql)]

    def document(self, kind: Kind, number: int) -> dict[str, Any]:
        """The newest document of a record."""
        found: dict[str, Any] = json.loads(documents(self.app)[kind, f"bentre:{number}"])
        return found

    def gone(self) -> dict[tuple[str, int], str]:
        """What its source has no more, and what is decided about it."""
        with self.app.store.read() as connection:
            lines = views.lines(connection, AGENCY, state=views.GONE)
        return {(line.key.kind, int(line.key.local_id.partition(":")[2])): line.gone for line in lines}


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An agency of 40 petitions that has delivered everything. The tests change other rows of it, each its own."""
    folder = tmp_path_factory.mktemp(request.param)
    built = folder / "built.sqlite"
    build(built, SEED, PETITIONS)
    with ExitStack() as stack:
        source = stack.enter_context(database(request.param, folder))
        if request.param == "sqlite":
            shutil.copy(built, folder / "nguon.sqlite")
        else:
            copied(built, source)
        sandbox = stack.enter_context(Sandbox(credentials=credentials(), seed=SEED))
        yield World(folder, source, sandbox, stack)


CLEAR = "d.LoaiDonThu IN (1, 3) AND d.LoaiNguoiDiKNTC = 1"
"""Petitions of persons of whom something leaves the agency."""


def a_petition(world: World, more: str = "1 = 1", nth: int = 0) -> int:
    """The number of a petition that nobody brought to a visit and on which one handling hangs."""
    return world.one(
        f"SELECT d.IdDonThu FROM don_thu d WHERE {CLEAR} AND {more}"
        " AND NOT EXISTS (SELECT 1 FROM so_tiep_cong_dan s WHERE s.IdDonThu = d.IdDonThu)"
        " AND NOT EXISTS (SELECT 1 FROM don_thu_quyet_dinh_thu_ly q WHERE q.IdDonThu = d.IdDonThu)"
        " AND (SELECT COUNT(*) FROM don_thu_nguoi_dai_dien n JOIN don_thu_nguoi_dai_dien m"
        "   ON m.IdDoiTuongDiKNTC = n.IdDoiTuongDiKNTC WHERE n.IdDonThu = d.IdDonThu) = 1"
        " AND (SELECT COUNT(*) FROM don_thu_ket_qua_xu_ly k WHERE k.IDDonThu = d.IdDonThu) = 1"
        f" ORDER BY d.IdDonThu LIMIT 1 OFFSET {nth}"
    )


def sender_of(world: World, petition: int) -> int:
    return world.one(f"SELECT MIN(IdDoiTuongDiKNTC) FROM don_thu_nguoi_dai_dien WHERE IdDonThu = {petition}")


def handling_of(world: World, petition: int) -> int:
    return world.one(f"SELECT MIN(IDKetQua) FROM don_thu_ket_qua_xu_ly WHERE IDDonThu = {petition}")


def next_version(world: World, kind: Kind, number: int) -> int:
    """The version that a change of this record will have."""
    held = world.sandbox.held(AGENCY, kind, f"bentre:{number}")
    assert held is not None
    return held.version + 1


# --- only a child row changes


def test_a_person_row_that_is_shared_changes_every_petition_that_points_at_it(world: World) -> None:
    first, second = a_petition(world), a_petition(world, nth=1)
    person = sender_of(world, first)
    world.source.run(f"INSERT INTO don_thu_nguoi_dai_dien (IdDonThu, IdDoiTuongDiKNTC) VALUES ({second}, {person})")
    assert world.moved() == {("petition", second): 2}
    world.source.run(f"UPDATE don_thu_doi_tuong_di_kntc SET HoTen = 'Trần Mẫu Mới' WHERE IdDoiTuongDiKNTC = {person}")
    assert world.moved() == {("petition", first): 2, ("petition", second): 3}
    for number in (first, second):
        names = [each.get("full_name") for each in world.document(Kind.PETITION, number)["petitioners"]]
        assert "Trần Mẫu Mới" in names


SECOND_CODE = """INSERT INTO don_thu_linh_vuc (IdDonThu, IdLinhVuc)
    SELECT IdDonThu, CASE LoaiDonThu WHEN 1 THEN 'KN.01' ELSE 'PA.03' END FROM don_thu WHERE IdDonThu = {}"""


@pytest.mark.parametrize(
    ("nth", "statement", "field"),
    [
        (2, "UPDATE don_thu_thong_tin_don_thu SET SoVanBanDen = '7/CV' WHERE IdDonThu = {}", "transfer_document"),
        (3, "INSERT INTO don_thu_ho_so_dinh_kem (IdDonThu, TenHoSo) VALUES ({}, 'Phụ lục')", "attachments"),
        (4, SECOND_CODE, "legacy_field_path"),
    ],
)
def test_a_row_beside_the_petition_changes_the_petition_alone(
    world: World, nth: int, statement: str, field: str
) -> None:
    number = a_petition(world, nth=nth)
    before = world.document(Kind.PETITION, number)
    expected = next_version(world, Kind.PETITION, number)
    world.source.run(statement.format(number))
    assert world.moved() == {("petition", number): expected}
    after = world.document(Kind.PETITION, number)
    assert {name for name in after if after[name] != before.get(name)} - {"field"} == {field}


def test_an_urging_changes_the_transfer_a_dialogue_the_acceptance_a_sanction_the_decision(world: World) -> None:
    transfer = world.one("SELECT k.IDKetQua FROM don_thu_ket_qua_xu_ly k JOIN don_thu d ON d.IdDonThu = k.IDDonThu"
                         " WHERE k.MaHuongXuLy = 5 AND d.LoaiDonThu = 3 ORDER BY 1 DESC LIMIT 1")  # fmt: skip
    decision = world.one("SELECT MIN(IdQuyetDinhGiaiQuyet) FROM don_thu_quyet_dinh_giai_quyet")
    accepted = world.one("SELECT MIN(q.IDQuyetDinhThuLy) FROM don_thu_quyet_dinh_thu_ly q"
                         " JOIN don_thu d ON d.IdDonThu = q.IdDonThu WHERE d.LoaiDonThu = 1")  # fmt: skip
    paper = "INSERT INTO don_thu_van_ban_xu_ly_giai_quyet (LoaiVanBan, SoVanBan, NgayBanHanh, NgayHoanThanh, idDonThu)"
    world.source.run(
        f"{paper} SELECT 4, '9/ĐĐ', '2023-12-01', NULL, IDDonThu FROM don_thu_ket_qua_xu_ly"
        f" WHERE IDKetQua = {transfer}",
        f"{paper} SELECT 6, '3/BB', '2023-06-01', '2023-06-02', IdDonThu FROM don_thu_quyet_dinh_thu_ly"
        f" WHERE IDQuyetDinhThuLy = {accepted}",
        "INSERT INTO don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc (TenDoiTuong, CaNhan, IdQuyetDinhGiaiQuyet)"
        f" VALUES ('Lê Mẫu', 1, {decision})",
    )
    expected = {("handling", transfer): 2, ("acceptance", accepted): 2, ("decision", decision): 2}
    moved = world.moved()
    enforced = {key for key in moved if key[0] == "enforcement"}  # a sanction more, and it is not done any more
    assert {key: version for key, version in moved.items() if key not in enforced} == expected


def test_a_citizen_of_a_visit_changes_the_visit(world: World) -> None:
    visit = world.one(
        "SELECT MIN(s.IdSoTiepCongDan) FROM so_tiep_cong_dan s JOIN so_tiep_cong_dan_linh_vuc l"
        " ON l.IdSoTiepCongDan = s.IdSoTiepCongDan WHERE l.IdLinhVuc LIKE 'PA.0_' AND COALESCE(s.IdDonThu, 0) = 0"
    )
    person = world.one(
        f"SELECT MIN(IdDoiTuongDiKNTC) FROM so_tiep_cong_dan_nguoi_dai_dien WHERE IdSoTiepCongDan = {visit}"
    )
    world.source.run(f"UPDATE don_thu_doi_tuong_di_kntc SET DiaChiChiTiet = 'Ấp 99' WHERE IdDoiTuongDiKNTC = {person}")
    assert world.moved() == {("reception", visit): 2}


# --- delete and insert again


def saved_again(world: World, petition: int) -> tuple[list[str], list[str]]:
    """What the software does when somebody presses save and has changed nothing: it deletes the people and the
    classification of a petition, and inserts them again, the people as new rows. Two halves, in this order."""
    people = world.column(
        f"SELECT IdDoiTuongDiKNTC FROM don_thu_nguoi_dai_dien WHERE IdDonThu = {petition} ORDER BY IdDoiTuongDiKNTC"
    )
    codes = world.column(f"SELECT IdLinhVuc FROM don_thu_linh_vuc WHERE IdDonThu = {petition}")
    newest = world.one("SELECT MAX(IdDoiTuongDiKNTC) FROM don_thu_doi_tuong_di_kntc")
    columns = (
        "HoTen, SoDinhDanhCaNhan, GioiTinh, NgayCapSoDinhDanh, NoiCapSoDinhDanh, MaTinh, MaHuyen, MaXa,"
        " DiaChiChiTiet, SoDienThoai, MaQuocTich, MaDanToc, NacDanh"
    )
    deleted = [
        f"DELETE FROM {table} WHERE IdDonThu = {petition}" for table in ("don_thu_nguoi_dai_dien", "don_thu_linh_vuc")
    ]
    inserted = []
    for number, person in enumerate(people, start=newest + 1):
        inserted += [
            (
                f"INSERT INTO don_thu_doi_tuong_di_kntc (IdDoiTuongDiKNTC, {columns})"
                f" SELECT {number}, {columns} FROM don_thu_doi_tuong_di_kntc WHERE IdDoiTuongDiKNTC = {person}"
            ),
            f"INSERT INTO don_thu_nguoi_dai_dien (IdDonThu, IdDoiTuongDiKNTC) VALUES ({petition}, {number})",
        ]
    inserted += [
        f"INSERT INTO don_thu_linh_vuc (IdDonThu, IdLinhVuc) VALUES ({petition}, '{code}')" for code in reversed(codes)
    ]
    return deleted, inserted


def test_saving_without_a_change_sends_nothing_though_every_child_is_a_new_row(world: World) -> None:
    for number in world.column(f"SELECT d.IdDonThu FROM don_thu d WHERE {CLEAR} ORDER BY d.IdDonThu LIMIT 10"):
        deleted, inserted = saved_again(world, number)
        world.source.run(*deleted, *inserted)
    decision = world.one("SELECT MAX(IdQuyetDinhGiaiQuyet) FROM don_thu_quyet_dinh_giai_quyet")
    table = "don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc"
    people = ("Đỗ Mẫu", "An Mẫu", "ân Mẫu")
    sanctions = [
        f"INSERT INTO {table} (TenDoiTuong, CaNhan, IdQuyetDinhGiaiQuyet) VALUES ('{who}', 1, {decision})"
        for who in people
    ]
    world.source.run(*sanctions)
    assert ("decision", decision) in world.moved()
    world.source.run(f"DELETE FROM {table} WHERE TenDoiTuong IN {people}", *reversed(sanctions))
    assert world.moved() == {}


def test_what_a_reading_sees_between_delete_and_insert_is_never_sent(world: World) -> None:
    """Each half is a transaction of its own, and the reading falls between them: no engine's snapshot helps there."""
    number = a_petition(world, nth=5)
    deleted, inserted = saved_again(world, number)
    expected = next_version(world, Kind.PETITION, number)
    for _ in range(2):
        world.source.run(*deleted)
        world.read()
        assert world.deliver() == {}
        world.source.run(*inserted)
        world.read()
        assert world.deliver() == {}
        deleted, inserted = saved_again(world, number)
    assert world.moved() == {}
    changed = f"UPDATE don_thu SET NoiDungDonThu = 'Sửa cùng lúc' WHERE IdDonThu = {number}"
    world.source.run(*deleted, changed)
    world.read()
    world.source.run(*inserted)
    assert world.moved() == {("petition", number): expected}
    assert world.document(Kind.PETITION, number)["petitioners"]


def test_a_complaint_that_may_be_a_denunciation_is_never_open_while_it_is_saved(world: World) -> None:
    """Without its classification it would be an open complaint, and so would be all that hangs on it."""
    number = a_petition(world, "d.LoaiDonThu = 1")
    handling = handling_of(world, number)
    expected = {
        ("petition", number): next_version(world, Kind.PETITION, number),
        ("handling", handling): next_version(world, Kind.HANDLING, handling),
    }
    world.source.run(f"INSERT INTO don_thu_linh_vuc (IdDonThu, IdLinhVuc) VALUES ({number}, 'TC.09')")
    assert world.moved() == expected
    sent = len(world.sandbox.bodies())
    deleted, inserted = saved_again(world, number)
    world.source.run(*deleted)
    world.read()
    world.deliver()
    world.source.run(*inserted)
    assert world.moved() == {}
    assert len(world.sandbox.bodies()) == sent
    assert "content" not in world.document(Kind.PETITION, number)
    assert "summary" not in world.document(Kind.HANDLING, handling)


def test_an_edit_in_the_middle_of_a_page_is_sent_whole_and_once(world: World) -> None:
    number = a_petition(world, nth=6)
    expected = next_version(world, Kind.PETITION, number)
    deleted, inserted = saved_again(world, number)
    text = f"UPDATE don_thu SET NoiDungDonThu = 'Nội dung sửa giữa chừng' WHERE IdDonThu = {number}"
    person = "UPDATE don_thu_doi_tuong_di_kntc SET HoTen = 'Võ Mẫu Sau' WHERE IdDoiTuongDiKNTC = {}"

    def save() -> None:
        world.source.run(text, *deleted, *inserted)
        world.source.run(person.format(sender_of(world, number)))

    engine = world.app.agency(AGENCY).source._engine  # type: ignore[attr-defined]
    with acting_before(engine, "FROM don_thu_nguoi_dai_dien n\n", save):
        world.read()
    assert world.deliver() == {}
    assert world.moved() == {("petition", number): expected}
    body = world.document(Kind.PETITION, number)
    assert (body["content"], body["petitioners"][0]["full_name"]) == ("Nội dung sửa giữa chừng", "Võ Mẫu Sau")


# --- new rows


def test_a_case_that_is_entered_with_its_steps_is_sent_whole_after_two_readings(world: World) -> None:
    number = world.one("SELECT MAX(IdDonThu) FROM don_thu") + 1
    handling = world.one("SELECT MAX(IDKetQua) FROM don_thu_ket_qua_xu_ly") + 1
    world.source.run(
        "INSERT INTO don_thu (IdDonThu, LoaiDonThu, NgayNhanDon, NoiDungDonThu)"
        f" VALUES ({number}, 3, '2023-12-02 00:00:00', 'Kiến nghị mới')",
        f"INSERT INTO don_thu_thong_tin_don_thu (OrgChuyen, OrgNhan, IdDonThu) VALUES ({HERE}, {HERE}, {number})",
        "INSERT INTO don_thu_ket_qua_xu_ly (IDKetQua, IDDonThu, MaHuongXuLy, NgayXuLy, OrgTao, TomTatNoiDungXL)"
        f" VALUES ({handling}, {number}, 6, '2023-12-03', {HERE}, 'Xếp lưu')",
    )
    assert world.moved() == {("petition", number): 1, ("handling", handling): 1}
    assert world.document(Kind.HANDLING, handling)["summary"] == "Xếp lưu"  # not concealed for want of its petition


# --- clones


def test_a_clone_with_the_times_of_its_original_is_one_new_record(world: World) -> None:
    original = a_petition(world, nth=7)
    number = world.one("SELECT MAX(IdDonThu) FROM don_thu") + 1
    columns = [
        each["name"] for each in inspect(world.source.engine).get_columns("don_thu") if each["name"] != "IdDonThu"
    ]
    beside = (
        "NguonDonDen",
        "MaCoQuanChuyenDen",
        "SoVanBanDen",
        "NgayPhatHanhVanBan",
        "OrgChuyen",
        "OrgNhan",
        "NgayNhan",
    )

    def cloned(table: str, names: tuple[str, ...] | list[str]) -> str:
        kept = ", ".join(names)
        return (
            f"INSERT INTO {table} (IdDonThu, {kept}) SELECT {number}, {kept} FROM {table} WHERE IdDonThu = {original}"
        )

    world.source.run(
        cloned("don_thu", columns),
        cloned("don_thu_thong_tin_don_thu", beside),
        cloned("don_thu_nguoi_dai_dien", ("IdDoiTuongDiKNTC",)),
        cloned("don_thu_linh_vuc", ("IdLinhVuc",)),
    )
    assert world.moved() == {("petition", number): 1}
    first, second = world.document(Kind.PETITION, original), world.document(Kind.PETITION, number)
    differing = {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}
    assert differing - {"attachments"} == {"local_id"}


# --- hard deletes


def test_a_deleted_petition_is_gone_after_two_sweeps_and_what_it_leaves_behind_is_concealed(world: World) -> None:
    """The software deletes the petition alone. It stays at the national side; of what type its handling was nobody can
    tell any more, so that may be about a denunciation."""
    number = a_petition(world, nth=8)
    handling = handling_of(world, number)
    world.source.run(f"DELETE FROM don_thu WHERE IdDonThu = {number}")
    world.read()
    assert ("petition", number) not in world.gone()
    world.read()
    assert world.gone()["petition", number] == "keep"
    assert world.deliver() == {("handling", handling): 2}
    assert "concealed" in world.document(Kind.HANDLING, handling)
    assert world.moved() == {}
    held = world.sandbox.held(AGENCY, Kind.PETITION, f"bentre:{number}")
    assert held is not None
    assert held.status != "withdrawn"


def test_a_deleted_decision_is_gone_and_its_enforcement_is_left_out_by_name(world: World) -> None:
    decision = world.one("SELECT MAX(IDQuyetDinhGiaiQuyet) FROM don_thu_thi_hanh_giai_quyet")
    world.source.run(f"DELETE FROM don_thu_quyet_dinh_giai_quyet WHERE IdQuyetDinhGiaiQuyet = {decision}")
    assert world.moved() == {}
    assert world.gone()["decision", decision] == "keep"


def test_a_child_deleted_alone_makes_one_new_version_without_it(world: World) -> None:
    number = a_petition(world, nth=9)
    expected = next_version(world, Kind.PETITION, number)
    world.source.run(f"DELETE FROM don_thu_nguoi_dai_dien WHERE IdDonThu = {number}")
    assert world.moved() == {("petition", number): expected}
    assert "petitioners" not in world.document(Kind.PETITION, number)
