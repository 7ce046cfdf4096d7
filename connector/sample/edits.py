"""What a clerk does in the agency's software afterwards: correct, rewrite, delete.

Every function opens the file, commits and closes. May import: agency, core.model, the standard library.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from connector.core.model import Kind
from connector.sample.agency import TABLES
from connector.sample.book import Value
from connector.sample.flaws import Flaw

_KEYS = {
    Kind.RECEPTION: "IdSoTiepCongDan",
    Kind.PETITION: "IdDonThu",
    Kind.HANDLING: "IDKetQua",
    Kind.ACCEPTANCE: "IDQuyetDinhThuLy",
    Kind.DECISION: "IdQuyetDinhGiaiQuyet",
    Kind.ENFORCEMENT: "IDThiHanhGiaiQuyet",
}
_SOUND: dict[str, Value] = {
    "so_tiep_cong_dan.NgayTiepCongDan": "2024-03-15",
    "don_thu_linh_vuc.IdLinhVuc": "KN.01.01.01",
    "don_thu.NgayNhanDon": "2024-02-29 00:00:00",
    "don_thu.LoaiDonThu": 3,
    "don_thu.NoiDungDonThu": "Kiến nghị sửa chữa đoạn đường liên ấp bị hư hỏng",
    "don_thu_ket_qua_xu_ly.MaHuongXuLy": 5,
    "don_thu_ket_qua_xu_ly.IDDonThu": 1,
    "don_thu_quyet_dinh_giai_quyet.TraLaiTien": 5_000_000,
    "don_thu_thi_hanh_giai_quyet.SoTienNopPhat": 20_000_000,
}


def mend(path: Path, flaw: Flaw) -> None:
    """Correct a bad row where it is bad, so that the next sweep finds it sound."""
    table, column = flaw.column.split(".")
    sql = f'UPDATE "{table}" SET "{column}" = ? WHERE "{_KEYS[flaw.kind]}" = ?'  # noqa: S608 - names are ours
    _execute(path, sql, (_SOUND[flaw.column], flaw.key))


def edit(path: Path, kind: Kind, key: int, column: str, value: Value) -> None:
    """Set one column of one record of its kind's own table. KeyError if there is no such record."""
    sql = f'UPDATE "{TABLES[kind]}" SET "{column}" = ? WHERE "{_KEYS[kind]}" = ?'  # noqa: S608 - names are ours
    if not _execute(path, sql, (value, key)):
        raise KeyError(f"{kind} {key}")


def edit_content(path: Path, petition: int, content: str) -> None:
    """Rewrite what a petition says."""
    edit(path, Kind.PETITION, petition, "NoiDungDonThu", content)


def delete(path: Path, kind: Kind, key: int) -> None:
    """Delete one record as the product does: the row goes, its children stay behind. KeyError if there is none."""
    if not _execute(path, f'DELETE FROM "{TABLES[kind]}" WHERE "{_KEYS[kind]}" = ?', (key,)):  # noqa: S608 - names are ours
        raise KeyError(f"{kind} {key}")


def mark_secret(path: Path, petition: int, degree: int = 1) -> None:
    """Mark a petition as a state secret (1 mật, 2 tối mật, 3 tuyệt mật); 0 takes the mark off."""
    _execute(path, "INSERT OR REPLACE INTO bo_sung (IdDonThu, BanNhap, DoMat) VALUES (?, 0, ?)", (petition, degree))


def _execute(path: Path, sql: str, values: tuple[Value, ...]) -> int:
    if not path.exists():
        raise FileNotFoundError(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(sql, values).rowcount
