"""Small databases of invented systems that no mapping knows, each in a style that agencies' software really has.

    squashed    names without any separator, keys named after their table, no references, one row beside another
    double      complaints in one table and denunciations in another, built alike but for a column
    spoken      names of several words in mixed case, which want quotes; references, and a table between
All persons and words are made up. CANARY stands in every field of a person and in every free text.
"""

from __future__ import annotations

from tests.servers import Database

CANARY = "Zeta Canary"

SQUASHED = """
CREATE TABLE loaidon (loaidonid INTEGER PRIMARY KEY, tenloaidon VARCHAR(100));
CREATE TABLE sotiepdan (tiepdanid INTEGER PRIMARY KEY, ngaytiep DATE, congdan VARCHAR(100), diachi VARCHAR(200),
  sdt VARCHAR(20), noidung VARCHAR(500), loaihinh INTEGER);
CREATE TABLE donthu (donthuid INTEGER PRIMARY KEY, sothuly VARCHAR(20), ngaynhan DATE, ngayviet VARCHAR(10),
  loaidon VARCHAR(10), tennguoivietdon VARCHAR(100), cmnd VARCHAR(20), diachinguoiviet VARCHAR(200), sdt VARCHAR(20),
  noidung VARCHAR(500), nguondon VARCHAR(10), domat INTEGER, tiepdanid INTEGER, ghichu VARCHAR(200));
CREATE TABLE phanloaidonthu (donthuid INTEGER PRIMARY KEY, huonggiaiquyet INTEGER, ngayxuly BIGINT,
  tomtatxuly VARCHAR(500));
CREATE TABLE ketquagiaiquyet (donthuid INTEGER PRIMARY KEY, soquyetdinh VARCHAR(50), ngayquyetdinh VARCHAR(8),
  danhgia INTEGER, tomtatketqua VARCHAR(500), thutien VARCHAR(30));
CREATE TABLE donthu_luutru (donthuid INTEGER PRIMARY KEY, sothuly VARCHAR(20), ngaynhan DATE, loaidon VARCHAR(10),
  tennguoivietdon VARCHAR(100), cmnd VARCHAR(20), noidung VARCHAR(500), nguondon VARCHAR(10));
CREATE TABLE nhatky (id INTEGER PRIMARY KEY, noidung VARCHAR(500))
"""

SPOKEN = """
CREATE TABLE {q}DonThu{q} ({q}Id{q} INTEGER PRIMARY KEY, {q}NgayTiepNhan{q} {time}, {q}LoaiDonThu{q} INTEGER,
  {q}NoiDungDon{q} VARCHAR(500), {q}LinhVucId{q} VARCHAR(20), {q}order{q} INTEGER, {q}BanNhap{q} INTEGER);
CREATE TABLE {q}CongDan{q} ({q}Id{q} INTEGER PRIMARY KEY, {q}HoTen{q} VARCHAR(100), {q}SoCCCD{q} VARCHAR(20),
  {q}GioiTinh{q} INTEGER, {q}DiaChi{q} VARCHAR(200));
CREATE TABLE {q}DonThuCongDan{q} ({q}DonThuId{q} INTEGER NOT NULL, {q}CongDanId{q} INTEGER NOT NULL,
  PRIMARY KEY ({q}DonThuId{q}, {q}CongDanId{q}),
  FOREIGN KEY ({q}DonThuId{q}) REFERENCES {q}DonThu{q} ({q}Id{q}),
  FOREIGN KEY ({q}CongDanId{q}) REFERENCES {q}CongDan{q} ({q}Id{q}));
CREATE TABLE {q}ThuLy{q} ({q}Id{q} INTEGER PRIMARY KEY, {q}DonThuId{q} INTEGER, {q}NgayThuLy{q} {time},
  {q}SoQD{q} VARCHAR(50), {q}HanGiaiQuyet{q} {time},
  FOREIGN KEY ({q}DonThuId{q}) REFERENCES {q}DonThu{q} ({q}Id{q}))
"""

DOUBLE = """
CREATE TABLE khieu_nai (id INTEGER PRIMARY KEY, ngay_nhan DATE, nguoi_khieu_nai VARCHAR(100), cccd VARCHAR(20),
  noi_dung VARCHAR(500), linh_vuc INTEGER, so_ho_so VARCHAR(20));
CREATE TABLE to_cao (id INTEGER PRIMARY KEY, ngay_nhan DATE, nguoi_khieu_nai VARCHAR(100), cccd VARCHAR(20),
  noi_dung VARCHAR(500), linh_vuc INTEGER, nguoi_bi_to_cao VARCHAR(100));
CREATE TABLE to_cao_bak (id INTEGER PRIMARY KEY, ngay_nhan DATE, nguoi_khieu_nai VARCHAR(100), noi_dung VARCHAR(500))
"""

# What a person who knows the systems would say: kind, field -> table.column.
SQUASHED_MEANS = {
    ("reception", "/held_on"): "sotiepdan.ngaytiep",
    ("reception", "/content"): "sotiepdan.noidung",
    ("reception", "/mode"): "sotiepdan.loaihinh",
    ("reception", "/citizens/*/full_name"): "sotiepdan.congdan",
    ("reception", "/citizens/*/address/line"): "sotiepdan.diachi",
    ("reception", "/citizens/*/phone"): "sotiepdan.sdt",
    ("petition", "/local_no"): "donthu.sothuly",
    ("petition", "/received_on"): "donthu.ngaynhan",
    ("petition", "/written_on"): "donthu.ngayviet",
    ("petition", "/type"): "donthu.loaidon",
    ("petition", "/content"): "donthu.noidung",
    ("petition", "/source"): "donthu.nguondon",
    ("petition", "/note"): "donthu.ghichu",
    ("petition", "/petitioners/*/full_name"): "donthu.tennguoivietdon",
    ("petition", "/petitioners/*/identity/number"): "donthu.cmnd",
    ("petition", "/petitioners/*/address/line"): "donthu.diachinguoiviet",
    ("petition", "/petitioners/*/phone"): "donthu.sdt",
    ("handling", "/handling"): "phanloaidonthu.huonggiaiquyet",
    ("handling", "/handled_on"): "phanloaidonthu.ngayxuly",
    ("handling", "/summary"): "phanloaidonthu.tomtatxuly",
    ("decision", "/no"): "ketquagiaiquyet.soquyetdinh",
    ("decision", "/issued_on"): "ketquagiaiquyet.ngayquyetdinh",
    ("decision", "/result"): "ketquagiaiquyet.danhgia",
    ("decision", "/summary"): "ketquagiaiquyet.tomtatketqua",
    ("decision", "/remedies/recover_state/money"): "ketquagiaiquyet.thutien",
}
SPOKEN_MEANS = {
    ("petition", "/received_on"): "DonThu.NgayTiepNhan",
    ("petition", "/type"): "DonThu.LoaiDonThu",
    ("petition", "/content"): "DonThu.NoiDungDon",
    ("petition", "/field"): "DonThu.LinhVucId",
    ("petition", "/petitioners/*/full_name"): "CongDan.HoTen",
    ("petition", "/petitioners/*/identity/number"): "CongDan.SoCCCD",
    ("petition", "/petitioners/*/gender"): "CongDan.GioiTinh",
    ("petition", "/petitioners/*/address/line"): "CongDan.DiaChi",
    ("acceptance", "/decided_on"): "ThuLy.NgayThuLy",
    ("acceptance", "/decision_no"): "ThuLy.SoQD",
    ("acceptance", "/deadline_on"): "ThuLy.HanGiaiQuyet",
}

DOUBLE_MEANS = {
    ("petition", "/received_on"): "khieu_nai.ngay_nhan",
    ("petition", "/content"): "khieu_nai.noi_dung",
    ("petition", "/field"): "khieu_nai.linh_vuc",
    ("petition", "/local_no"): "khieu_nai.so_ho_so",
    ("petition", "/petitioners/*/full_name"): "khieu_nai.nguoi_khieu_nai",
    ("petition", "/petitioners/*/identity/number"): "khieu_nai.cccd",
}

PETITIONS = 12

_OLD = "Khi\u00d5u n\u00b9i quy\u00d5t \u00ae\u00denh"  # "Khiếu nại quyết định" in TCVN3


def build_squashed(made: Database) -> None:
    """Make the tables and twelve petitions with a reception, a handling and a decision each. Notes are in TCVN3."""
    made.run(*_statements(SQUASHED))
    made.run("INSERT INTO loaidon VALUES (1, 'Khiếu nại'), (2, 'Tố cáo'), (3, 'Đơn khác')")
    for number in range(1, PETITIONS + 1):
        day, kind, epoch_ms = f"2026-01-{number:02d}", number % 3 + 1, 1_767_225_600_000 + number * 86_400_000
        made.run(
            f"INSERT INTO sotiepdan VALUES ({number}, '{day}', '{CANARY} {number}', 'Thôn {CANARY}', "
            f"'09000{number:05d}', 'Phản ánh {CANARY}', {kind})",
            f"INSERT INTO donthu VALUES ({number}, '{number}/2026', '{day}', '{number:02d}/01/2026', '{kind}', "
            f"'{CANARY} {number}', '0{number:011d}', 'Xóm {CANARY}', '09110{number:05d}', 'Đề nghị {CANARY} {number}', "
            f"'{10 + kind}', 0, {number}, '{_OLD} {CANARY}')",
            f"INSERT INTO phanloaidonthu VALUES ({number}, {kind}, {epoch_ms}, '{CANARY}')",
            f"INSERT INTO ketquagiaiquyet VALUES ({number}, '{number}/QĐ-UBND', '202602{number:02d}', {kind}, "
            f"'<p>Công nhận {CANARY}</p>', '1.500.000')",
            f"INSERT INTO nhatky VALUES ({number}, '{CANARY}')",
        )


def build_spoken(made: Database) -> None:
    """Make the tables, twelve petitions, a citizen each, and an acceptance of every second one."""
    quote = "`" if made.kind == "mariadb" else '"'
    made.run(
        *(
            part.format(q=quote, time="TIMESTAMP" if made.kind == "postgresql" else "DATETIME")
            for part in _statements(SPOKEN)
        )
    )

    def into(table: str, values: str) -> str:
        return f"INSERT INTO {quote}{table}{quote} VALUES ({values})"

    for number in range(1, PETITIONS + 1):
        day = f"'2026-01-{number:02d} 08:00:00'"
        made.run(
            into(
                "DonThu",
                f"{number}, {day}, {number % 2 + 1}, 'Đề nghị {CANARY} {number}', 'KN.0{number % 3}', {number}, 0",
            ),
            into("CongDan", f"{number}, '{CANARY} {number}', '0{number:011d}', {number % 2}, 'Ấp {CANARY}'"),
            into("DonThuCongDan", f"{number}, {number}"),
        )
        if number % 2:
            made.run(into("ThuLy", f"{number}, {number}, {day}, '{number}/QĐ-TTR', {day}"))


def build_double(made: Database) -> None:
    """Make the tables, six complaints and six denunciations, all with numbers from 1."""
    made.run(*_statements(DOUBLE))
    for number in range(1, PETITIONS // 2 + 1):
        shared = f"{number}, '2026-01-{number:02d}', '{CANARY} {number}', '0{number:011d}', 'Về {CANARY}', {number % 2}"
        made.run(
            f"INSERT INTO khieu_nai VALUES ({shared}, '{number}/KN')",
            f"INSERT INTO to_cao VALUES ({shared}, '{CANARY}')",
            f"INSERT INTO to_cao_bak VALUES ({number}, '2020-01-01', '{CANARY}', '{CANARY}')",
        )


def _statements(script: str) -> list[str]:
    return [statement for statement in script.split(";") if statement.strip()]
