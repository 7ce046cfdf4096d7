"""An agency in the software of Bến Tre: 5,000 rows of a seeded generator, the seed rows, and what goes wrong in life.

`realities()` writes it to a SQLite file and says which row suffers from what; `copied()` puts the same rows into the
system's own structure on a MariaDB. Only values that fit the types there: what a DATE column refuses, no row can hold.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from connector.sample.agency import build
from tests.servers import Database

PETITIONS = 2_000
"""Of these come 5,000 rows of the six kinds."""

HERE, SISTER, OTHER = 20101, 20105, 20112
"""Organisations of the directory: two of the agency, one of another agency."""

NOWHERE = 999_999
ZERO_DAY, ZERO_TIME = "0000-00-00", "0000-00-00 00:00:00"
FOLDER = Path(__file__).parent


@dataclass(slots=True)
class Life:
    """The open file and which rows are still as good as the generator made them. `suffers`: reality -> keys."""

    db: sqlite3.Connection
    rng: Random
    suffers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)

    def keys(self, sql: str) -> list[int]:
        """Return the keys that a query finds, shuffled."""
        found = [row[0] for row in self.db.execute(sql)]
        self.rng.shuffle(found)
        return found

    def petitions(self, name: str, count: int, where: str = "d.LoaiDonThu IN (1, 3)") -> tuple[int, ...]:
        """Take so many good petitions that nobody brought to a visit and that were not accepted."""
        free = self.keys(
            "SELECT d.IdDonThu FROM don_thu d WHERE " + where + " AND d.IdDonThu < 900000"
            " AND NOT EXISTS (SELECT 1 FROM so_tiep_cong_dan s WHERE s.IdDonThu = d.IdDonThu)"
            " AND NOT EXISTS (SELECT 1 FROM don_thu_quyet_dinh_thu_ly q WHERE q.IdDonThu = d.IdDonThu)"
            " ORDER BY d.IdDonThu"
        )
        found = tuple(key for key in free if key not in self._taken)[:count]
        assert len(found) == count, f"only {len(found)} petitions left for {name}"
        self._taken.update(found)
        self.suffers[name] = found
        return found

    def others(self, name: str, count: int, sql: str) -> tuple[int, ...]:
        """Take the first so many keys that a query finds."""
        found = tuple(self.keys(sql)[:count])
        assert len(found) == count, f"only {len(found)} rows for {name}"
        self.suffers[name] = found
        return found

    def change(self, keys: Sequence[int], sql: str, *values: object) -> None:
        """Run a statement for each key, which is its last parameter."""
        self.db.executemany(sql, [(*values, key) for key in keys])


def realities(path: Path, seed: int) -> dict[str, tuple[int, ...]]:
    """Build the agency's database; return the keys of the rows that each reality has struck."""
    build(path, seed, PETITIONS)
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript((FOLDER / "bentre_seed.sql").read_text(encoding="utf-8"))
        life = Life(db, Random(seed))
        _whose(life)
        _petitions(life)
        _people(life)
        _visits(life)
        _steps(life)
    return life.suffers


def _whose(life: Life) -> None:
    """Several organisations and agencies in one database; petitions handed on; drafts and state secrets."""
    db = life.db
    db.execute("UPDATE danh_ba_to_chuc SET MaCoQuan = 'H51.01' WHERE OrganizationId = ?", (SISTER,))
    db.execute("INSERT INTO danh_ba_can_bo VALUES (12, ?)", (OTHER,))
    strange = life.petitions("of another agency", 40)
    life.change(
        strange, f"UPDATE don_thu_thong_tin_don_thu SET OrgChuyen = {OTHER}, OrgNhan = {OTHER} WHERE IdDonThu = ?"
    )
    life.change(strange, f"UPDATE don_thu_ket_qua_xu_ly SET OrgTao = {OTHER} WHERE IDDonThu = ?")
    onward = (
        "INSERT INTO don_thu_thong_tin_don_thu (NguonDonDen, OrgChuyen, OrgNhan, NgayNhan, IdDonThu)"
        " VALUES (4, ?, ?, '20/11/2023', ?)"
    )
    life.change(life.petitions("handed on", 30), onward, HERE, OTHER)
    received = life.petitions("handed to us", 20)
    life.change(
        received, f"UPDATE don_thu_thong_tin_don_thu SET OrgChuyen = {OTHER}, OrgNhan = {OTHER} WHERE IdDonThu = ?"
    )
    life.change(received, onward, OTHER, HERE)
    life.change(life.petitions("draft", 12), "INSERT INTO bo_sung (BanNhap, DoMat, IdDonThu) VALUES (1, 0, ?)")
    life.change(
        life.petitions("secret", 9, "d.LoaiDonThu > 0"),
        "INSERT INTO bo_sung (BanNhap, DoMat, IdDonThu) VALUES (0, 2, ?)",
    )
    sent = life.petitions("marked as sent by an older connector", 50)
    life.change(sent, "UPDATE don_thu_ket_qua_xu_ly SET DaLienThong = 1 WHERE IDDonThu = ?")
    life.change(sent, "UPDATE don_thu_thong_tin_don_thu SET mattcp = 'bbbbbbbb-' || IdThongTinDon WHERE IdDonThu = ?")


def _petitions(life: Life) -> None:
    """Codes that no list has, dates that no calendar has, columns that say nothing."""
    of = "UPDATE don_thu SET {} WHERE IdDonThu = ?".format
    life.change(life.petitions("several contents", 7), of("LoaiDonThu = 4"))
    life.change(life.petitions("type khác", 5), of("LoaiDonThu = 5"))
    life.change(life.petitions("no type", 4), of("LoaiDonThu = NULL"))
    life.change(life.petitions("zero day of receipt", 5), of(f"NgayNhanDon = '{ZERO_TIME}'"))
    life.change(life.petitions("zero time of entry", 8), of(f"NgayNhapDon = '{ZERO_TIME}'"))
    life.change(life.petitions("blank content", 3), of("NoiDungDonThu = '  '"))
    life.change(life.petitions("long content", 2), of("NoiDungDonThu = ?"), "Kiến nghị " * 9_000)
    life.change(life.petitions("case of nowhere", 5), of("GanVuViec = '999999', Status = 2"))
    life.change(life.petitions("case by a number of the register", 5), of("GanVuViec = '17/2023', Status = 2"))
    codes = life.petitions("unknown field", 6, "d.LoaiDonThu = 1")
    life.change(codes, "DELETE FROM don_thu_linh_vuc WHERE IdDonThu = ?")
    life.change(codes, "INSERT INTO don_thu_linh_vuc (IdLinhVuc, IdDonThu) VALUES ('KX.07', ?)")
    beside = "UPDATE don_thu_thong_tin_don_thu SET {} WHERE IdDonThu = ?".format
    life.change(life.petitions("source of another product", 4), beside("NguonDonDen = 26"))
    life.change(life.petitions("impossible day of a letter", 3), beside("NgayPhatHanhVanBan = '31/02/2023'"))
    mixed = life.petitions("complaint filed under denunciations too", 6, "d.LoaiDonThu = 1")
    life.change(mixed, "INSERT INTO don_thu_linh_vuc (IdLinhVuc, IdDonThu) VALUES ('TC.09', ?)")


def _people(life: Life) -> None:
    """Names as clerks type them, the ways of being anonymous, a card that was issued on no day."""
    named = "UPDATE don_thu_doi_tuong_di_kntc SET {} WHERE IdDoiTuongDiKNTC ="
    named += " (SELECT MAX(n.IdDoiTuongDiKNTC) FROM don_thu_nguoi_dai_dien n WHERE n.IdDonThu = ?)"
    alone = (
        "d.LoaiDonThu IN (1, 3) AND 1 = (SELECT COUNT(*) FROM don_thu_nguoi_dai_dien n WHERE n.IdDonThu = d.IdDonThu)"
        " AND NOT EXISTS (SELECT 1 FROM don_thu_nguoi_dai_dien n JOIN don_thu_nguoi_dai_dien m"
        " ON m.IdDoiTuongDiKNTC = n.IdDoiTuongDiKNTC AND m.IdDonThu <> n.IdDonThu WHERE n.IdDonThu = d.IdDonThu)"
    )
    life.change(life.petitions("card issued on no day", 5, alone), named.format("NgayCapSoDinhDanh = '30/02/2019'"))
    for name, written in (
        ("anonymous in capitals", "ĐƠN NẶC DANH"),
        ("anonymous, decomposed", unicodedata.normalize("NFD", "Đơn nặc danh")),
        ("name like the anonymous one", "Đôn Nắc Danh"),
        ("decomposed name", unicodedata.normalize("NFD", "Nguyễn Thị Mẫu Hường")),
        ("name with blanks", "  TRẦN  VĂN MẪU "),
    ):
        life.change(life.petitions(name, 5, alone), named.format("HoTen = ?"), written)
    life.change(life.petitions("no name", 5, alone), named.format("HoTen = NULL"))
    nobody = life.petitions("anonymous without a person", 5, alone)
    life.change(nobody, "DELETE FROM don_thu_nguoi_dai_dien WHERE IdDonThu = ?")
    life.change(nobody, "UPDATE don_thu SET DonNacDanh = 1 WHERE IdDonThu = ?")


def _visits(life: Life) -> None:
    """The register keeps days as text, and leaders by numbers that only the directory knows."""
    of = "UPDATE so_tiep_cong_dan SET {} WHERE IdSoTiepCongDan = ?".format
    alone = iter(
        life.keys(
            "SELECT IdSoTiepCongDan FROM so_tiep_cong_dan"
            " WHERE COALESCE(IdDonThu, 0) = 0 AND MaLanhDaoTiep = 0 AND IdSoTiepCongDan < 900000 ORDER BY 1"
        )
    )
    brought = iter(
        life.keys(
            "SELECT MIN(s.IdSoTiepCongDan) FROM so_tiep_cong_dan s JOIN don_thu d ON d.IdDonThu = s.IdDonThu"
            " WHERE d.LoaiDonThu IN (1, 3) AND s.MaLanhDaoTiep = 0 AND d.IdDonThu < 900000"
            " GROUP BY s.IdDonThu HAVING COUNT(*) = 1 ORDER BY 1"
        )
    )

    def strike(name: str, count: int, assignment: str, *, with_petition: int = 0) -> None:
        plain = [next(alone) for _ in range(count - with_petition)]
        life.suffers[name] = (*plain, *(next(brought) for _ in range(with_petition)))
        life.change(life.suffers[name], of(assignment))

    strike("impossible day of a visit", 6, "NgayTiepCongDan = '31/02/2023'", with_petition=2)
    strike("no day of a visit", 4, "NgayTiepCongDan = ''")
    strike("zero day of a visit", 3, f"NgayTiepCongDan = '{ZERO_DAY}'")
    strike("unknown leader", 3, "MaLanhDaoTiep = 77")
    strike("visit to another agency", 15, "UserTCD = 12")
    strike("crowd of whom two are entered", 6, "SoNguoiDiKNTC = 15, LoaiNguoiDiKNTC = 2")


def _steps(life: Life) -> None:
    """What hangs on petitions: orphans of a hard deletion, results that do not go with the type, two of a thing."""
    handled = "d.LoaiDonThu = 3 AND 1 = (SELECT COUNT(*) FROM don_thu_ket_qua_xu_ly k WHERE k.IDDonThu = d.IdDonThu)"
    of = "UPDATE don_thu_ket_qua_xu_ly SET {} WHERE IDDonThu = ?".format
    life.change(life.petitions("unknown direction", 5, handled), of("MaHuongXuLy = 99"))
    to_nowhere = of("MaHuongXuLy = 5, MaCQXLTiep = 'H13.08'")
    life.change(life.petitions("transfer to no known group", 3, handled), to_nowhere)
    life.change(life.petitions("zero day of handling", 2, handled), of(f"NgayXuLy = '{ZERO_DAY}'"))
    gone = life.petitions("deleted, its steps left behind", 4, handled)
    life.change(gone, "DELETE FROM don_thu WHERE IdDonThu = ?")
    decided = (
        "SELECT q.IdQuyetDinhGiaiQuyet FROM don_thu_quyet_dinh_giai_quyet q JOIN don_thu d ON d.IdDonThu = q.IdDonThu"
        " WHERE d.LoaiDonThu = 1 AND q.IdQuyetDinhGiaiQuyet < 900000 AND {}"
        " EXISTS (SELECT 1 FROM don_thu_thi_hanh_giai_quyet e WHERE e.IDQuyetDinhGiaiQuyet = q.IdQuyetDinhGiaiQuyet)"
        " ORDER BY 1"
    )
    calm = life.keys(decided.format("NOT"))
    result, amount, form, sanctions = calm[:2], calm[2:3], calm[3:4], calm[4:6]
    of = "UPDATE don_thu_quyet_dinh_giai_quyet SET {} WHERE IdQuyetDinhGiaiQuyet = ?".format
    life.change(result, of("IDKetQuaGiaiQuyet = 3"))
    life.change(amount, of("TraLaiTien = -5000000"))
    life.change(form, of("IDHinhThucGiaiQuyet = 77"))
    for number, who in enumerate(("Đỗ Mẫu", "an Mẫu", "Ân Mẫu", "ZẾT MẪU", "bình Mẫu")):
        life.change(
            sanctions,
            "INSERT INTO don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc (TenDoiTuong, HinhThucXuLy, CaNhan,"
            " IdQuyetDinhGiaiQuyet) VALUES (?, 'Khiển trách', ?, ?)", who, number % 2,
        )  # fmt: skip
    enforced = life.keys(decided.format(""))
    life.change(enforced[:1], of("IDKetQuaGiaiQuyet = 3"))
    life.change(enforced[1:3], "DELETE FROM don_thu_quyet_dinh_giai_quyet WHERE IdQuyetDinhGiaiQuyet = ?")
    life.suffers |= {
        "result of the other type": (*result, *enforced[:1]),
        "negative amount": tuple(amount),
        "unknown form": tuple(form),
        "several sanctions": tuple(sanctions),
        "decision deleted, its enforcement left behind": tuple(enforced[1:3]),
    }
    again = (
        "INSERT INTO don_thu_quyet_dinh_thu_ly (MaCoQuanThuLy, NgayThuLy, HanGiaiQuyet, CanBoDuyet, IdDonThu, NgayTao)"
    )
    again += f" SELECT MaCoQuanThuLy, NgayThuLy, '{ZERO_DAY}', CanBoDuyet, IdDonThu, NgayTao"
    again += " FROM don_thu_quyet_dinh_thu_ly WHERE IDQuyetDinhThuLy = ?"
    accepted = "SELECT IDQuyetDinhThuLy FROM don_thu_quyet_dinh_thu_ly WHERE IDQuyetDinhThuLy < 900000 ORDER BY 1"
    life.change(life.others("accepted twice, without a deadline", 3, accepted), again)


def copied(path: Path, database: Database) -> None:
    """Make the system's own structure in a MariaDB and copy every row into it."""
    script = "\n".join(
        line.partition("--")[0] for line in (FOLDER / "bentre.sql").read_text(encoding="utf-8").splitlines()
    )
    database.run(*(statement for statement in script.split(";") if statement.strip()))
    with closing(sqlite3.connect(path)) as db, database.open_transaction() as there:
        tables = [row[0] for row in there.exec_driver_sql("SHOW TABLES")]
        for table in tables:
            columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
            rows = db.execute(f'SELECT {", ".join(columns)} FROM "{table}"').fetchall() if columns else []
            if rows:
                marks = ", ".join(["%s"] * len(columns))
                there.exec_driver_sql(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
        # what somebody cloned looks like the real thing, and is nobody's business
        for clone, real in (("don_thu_copy", "don_thu"), ("clone_so_tiep_cong_dan", "so_tiep_cong_dan")):
            there.exec_driver_sql(f"INSERT INTO {clone} SELECT * FROM {real} LIMIT 100")
