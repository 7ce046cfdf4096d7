"""An agency in the software of Gosol: 5,000 rows of a seeded generator, the seed rows, and what goes wrong in life.

`realities()` writes it to a SQLite file (SQL Server is not to be had here) and says which rows suffer from what. Of a
receipt (XuLyDon) without a mishap everything can be sent: a mishap is what `suffers` names, and nothing else.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

RECEIPTS, VISITS_ALONE = 1_500, 420
"""Of these come 5,000 rows of the six kinds."""

HERE, OTHER, OUTSIDE, MERGED, SISTER = 1, 2, 3, 4, 5
"""Organisations of CoQuan: the agency's, one of another agency, one that sends nothing and has no national code, one
that was merged into HERE, a second one of the agency."""

NO_DAYS = ("1753-01-01 00:00:00", "0001-01-01 00:00:00", "", None)
CANARY = "CHIMYEN7788"
PROSE = "UBND xã cũ đã trả lời bằng miệng"
FOLDER = Path(__file__).parent
CLASSES = {1: (101, 102, 103), 8: (801,), 9: (901,), 62: ()}
_FAMILY, _GIVEN = ("Nguyễn", "Trần", "Lê", "Phạm", "Đỗ", "Võ"), ("An", "Bình", "Cúc", "Dũng", "Hạnh", "Lan", "Minh")


@dataclass(slots=True)
class Life:
    """The open file, and which rows are still as good as the generator made them. `suffers`: reality -> keys."""

    db: sqlite3.Connection
    rng: Random
    suffers: dict[str, tuple[int, ...]] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)
    _taken: dict[str, set[int]] = field(default_factory=dict)

    def add(self, table: str, **values: object) -> int:
        """Insert a row under the table's next number; return it."""
        number = self._numbers[table] = self._numbers.get(table, 1_000) + 1
        row = {f"{table}ID": number} | values
        marks = ", ".join("?" * len(row))
        self.db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
        return number

    def take(self, name: str, count: int, sql: str) -> tuple[int, ...]:
        """Take so many keys that a query finds and no other mishap has taken; they are shuffled first."""
        found = [row[0] for row in self.db.execute(sql)]
        self.rng.shuffle(found)
        taken = self._taken.setdefault(sql.split(".", maxsplit=1)[0], set())
        free = tuple(key for key in found if key not in taken)[:count]
        assert len(free) == count, f"only {len(free)} rows left for {name}"
        taken.update(free)
        self.suffers[name] = free
        return free

    def receipts(self, name: str, count: int, where: str = "d.LoaiKhieuTo1ID IN (1, 9, 62)") -> tuple[int, ...]:
        """Take so many receipts of the agency that were handled, were not accepted, and were brought to no visit."""
        return self.take(
            name,
            count,
            f"SELECT x.XuLyDonID FROM XuLyDon x JOIN DonThu d ON d.DonThuID = x.DonThuID WHERE x.XuLyDonID > 1000"
            f" AND x.CoQuanID = {HERE} AND x.HuongGiaiQuyetID IN (30, 33, 34, 71) AND x.NguonDonDen <> 22 AND {where}"
            " AND x.XuLyDonID NOT IN (SELECT t.XuLyDonID FROM TiepDanKhongDon t) ORDER BY 1",
        )

    def change(self, keys: Iterable[int], sql: str, *values: object) -> None:
        """Run a statement for each key, which is its last parameter."""
        self.db.executemany(sql, [(*values, key) for key in keys])

    def receipt(self, keys: Sequence[int], assignment: str, *values: object) -> None:
        """Change these rows of XuLyDon."""
        self.change(keys, f"UPDATE XuLyDon SET {assignment} WHERE XuLyDonID = ?", *values)

    def petition(self, keys: Sequence[int], assignment: str, *values: object) -> None:
        """Change the petitions (DonThu) of these receipts."""
        of = "DonThuID = (SELECT x.DonThuID FROM XuLyDon x WHERE x.XuLyDonID = ?)"
        self.change(keys, f"UPDATE DonThu SET {assignment} WHERE {of}", *values)

    def group(self, keys: Sequence[int], assignment: str, *values: object) -> None:
        """Change the groups of petitioners of these receipts."""
        of = "SELECT d.NhomKNID FROM XuLyDon x JOIN DonThu d ON d.DonThuID = x.DonThuID WHERE x.XuLyDonID = ?"
        self.change(keys, f"UPDATE NhomKN SET {assignment} WHERE NhomKNID = ({of})", *values)

    def person(self, keys: Sequence[int], assignment: str, *values: object) -> None:
        """Change the persons of these receipts, of which there is one each."""
        of = "SELECT d.NhomKNID FROM XuLyDon x JOIN DonThu d ON d.DonThuID = x.DonThuID WHERE x.XuLyDonID = ?"
        self.change(keys, f"UPDATE DoiTuongKN SET {assignment} WHERE NhomKNID = ({of})", *values)


def realities(path: Path, seed: int) -> dict[str, tuple[int, ...]]:
    """Build the agency's database; return the keys of the rows that each reality has struck."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        for script in ("gosol.sql", "gosol_seed.sql"):
            db.executescript((FOLDER / script).read_text(encoding="utf-8"))
        life = Life(db, Random(seed))
        for _ in range(RECEIPTS):
            _petition(life)
        for _ in range(VISITS_ALONE):
            type_ = life.rng.choice((1, 8, 9, 62))
            _visit(life, LoaiKhieuTo1ID=type_, NhomKNID=_group(life, type_))
        _whose(life)
        _petitions(life)
        _people(life)
        _steps(life)
        _decisions(life)
        _enforcements(life)
        _visits(life)
        _lures(life)
    return life.suffers


# --- rows without a mishap ---------------------------------------------------------------------------------------


def _day(life: Life, after: str = "2023-12-31", within: int = 330) -> str:
    """A day as the product writes it; some at midnight, which is the day before in UTC."""
    day = date.fromisoformat(after[:10]) + timedelta(days=life.rng.randint(1, within))
    return f"{day.isoformat()} {life.rng.choice(('00:00:00', '07:30:00', '16:45:10'))}"


def _name(life: Life) -> str:
    return f"{life.rng.choice(_FAMILY)} Mẫu {life.rng.choice(_GIVEN)}"


def _group(life: Life, type_: int) -> int:
    """One person, a few, a crowd of whom two are entered, or an organisation, with or without a person."""
    rng = life.rng
    kind = rng.choices((1, 2, 3), (80, 8, 12))[0]
    size = {1: 1, 2: 1, 3: rng.choice((3, 8, 15))}[kind]
    company = {"TenCQ": f"Công ty Mẫu {rng.randint(1, 99)}", "DiaChiCQ": "Khu công nghiệp Mẫu"} if kind == 2 else {}
    number = life.add(
        "NhomKN", LoaiDoiTuongKNID=kind, SoLuong=size, DaiDienPhapLy=int(kind == 2), DuocUyQuyen=0, **company
    )
    mark = f" {CANARY}" if type_ == 8 else ""  # what a denouncer is known by
    for _ in range(min(size, 2) if kind != 2 else rng.randint(0, 1)):
        life.add(
            "DoiTuongKN", NhomKNID=number, HoTen=_name(life) + mark, GioiTinh=rng.randint(0, 2), QuocTichID=1, TinhID=1,
            CMND=rng.choice((f"00109{rng.randint(0, 9_999_999):07}", f"27{rng.randint(0, 9_999_999):07}", "")),
            HuyenID=1, XaID=rng.randint(0, 2), DiaChiCT=f"Số {rng.randint(1, 99)}{mark}",
            NgayCap=rng.choice(("2016-02-03 00:00:00", *NO_DAYS)),
            SoDienThoai=f"09{rng.randint(0, 99_999_999):08}", SoNha=rng.choice((None, "12A")),
        )  # fmt: skip
    return number


def _petition(life: Life) -> None:
    """A petition with one receipt and whatever came of it."""
    rng = life.rng
    type_ = rng.choices((1, 8, 9, 62), (48, 12, 34, 6))[0]
    deep = rng.choice((0, *CLASSES[type_]))
    mark = f" {CANARY}" if type_ == 8 else ""
    group = _group(life, type_)
    petition = life.add(
        "DonThu", NhomKNID=group, LoaiKhieuTo1ID=type_, TrungDon=0,
        LoaiKhieuTo2ID={0: 0, 102: 101, 103: 101}.get(deep, deep), LoaiKhieuTo3ID=deep if deep in (102, 103) else 0,
        LoaiKhieuToID=deep or type_, NoiDungDon=f"Nội dung đơn {rng.randint(1, 9_999)}{mark}",
        NgayVietDon=rng.choice(("2023-12-20 00:00:00", *NO_DAYS)),
    )  # fmt: skip
    for place in range(rng.choice((0, 1, 1, 2))):
        life.add("DoiTuongBiKN", DonThuID=petition, LoaiDoiTuongBiKNID=place % 2 + 1, TinhID=1,
                 GioiTinh=rng.randint(0, 2),
                 TenDoiTuongBiKN=f"{_name(life)}{mark}" if place % 2 == 0 else "Phòng Mẫu")  # fmt: skip
    _receipt(life, petition, type_)


def _receipt(life: Life, petition: int, type_: int) -> None:
    rng = life.rng
    direction = rng.choices((None, 30, 31, 32, 33, 34, 71, 72), (6, 29, 29, 11, 7, 6, 9, 3))[0]
    received = _day(life)
    accepted = direction == 31 and rng.random() < 0.9
    source = rng.choice((21, 22, 26, 28))
    number = life.add(
        "XuLyDon", DonThuID=petition, SoLan=1, SoDonThu=str(petition), NgayNhapDon=received, NguonDonDen=source,
        CQChuyenDonDenID=OTHER if source == 22 else 0, SoCongVan="0012" if source == 22 else "", CoQuanID=HERE,
        ThuocThamQuyen=int(direction == 31), DuDieuKien=1, HuongGiaiQuyetID=direction, CanBoXuLyID=5, CanBoKyID=6,
        NgayXuLy=_day(life, received, 10) if direction else None,
        LyDo="Theo quy định" if direction in (33, 71) else None,
        NoiDungHuongDan="Gửi đến nơi có thẩm quyền" if direction == 30 else None, CQDaGiaiQuyetID="", DonThuGocID=0,
        NgayThuLy=_day(life, received, 20) if accepted else rng.choice(NO_DAYS), LanGiaiQuyet=1 if accepted else 0,
        XuLyDonChuyenID=0, TrangThaiDonID=rng.choice((2, 3, 4, 5, 11)),
    )  # fmt: skip
    if direction == 32:
        life.add("ChuyenXuLy", XuLyDonID=number, CQGuiID=HERE, CQNhanID=OTHER, NgayChuyen=_day(life, received, 15))
    if rng.random() < 0.3:
        life.add("FileHoSo", XuLyDonID=number if rng.random() < 0.5 else 0, DonThuID=petition, TenFile="Đơn viết tay",
                 TomTat="Bản chụp", FileURL=f"/UploadFiles/{number}/don.pdf")  # fmt: skip
    if rng.random() < 0.2:
        _visit(life, DonThuID=petition, XuLyDonID=number, TiepDanCoDon=1)
    if accepted and rng.random() < 0.75:
        _decision(life, number, type_, received)


def _decision(life: Life, receipt: int, type_: int, received: str) -> int:
    day = _day(life, received, 60)
    number = life.add(
        "KetQua", XuLyDonID=receipt, LanGiaiQuyet=life.rng.choice((None, 0, 1)),
        CoQuanID=life.rng.choice((HERE, OTHER)),
        NgayRaKQ=day, SoTien=50_000_000, SoDat=120, PhanTichKQ=life.rng.randint(1, 3) if type_ in (1, 8) else None,
        SoQuyetDinh=f"{receipt}/QĐ-UBND", SoNguoiDuocTraQuyenLoi=life.rng.choice((None, 0, 2)),
    )  # fmt: skip
    if life.rng.random() < 0.7:
        life.add("ThiHanh", XuLyDonID=receipt, KetQuaID=number, NgayThiHanh=_day(life, day, 60),
                 TienDaThu=50_000_000, DatDaThu=0, CQThiHanh="UBND phường Mẫu mới")  # fmt: skip
    return number


def _visit(life: Life, **values: object) -> int:
    usual = {
        "NgayTiep": _day(life), "NoiDungTiep": f"Trình bày {life.rng.randint(1, 9_999)}", "DonThuID": 0,
        "CoQuanID": HERE, "XuLyDonID": 0, "NhomKNID": 0, "LoaiTiepDanID": life.rng.randint(1, 3),
        "KQQuaTiepDan": life.rng.randint(0, 4),
        "TiepDanCoDon": 0, "CanBoTiepID": 5, "UyQuyenTiep": 0, "TenLanhDaoTiep": life.rng.choice(("", "Võ Mẫu Lan")),
    }  # fmt: skip
    return life.add("TiepDanKhongDon", **usual | values)


# --- what goes wrong in life -------------------------------------------------------------------------------------


def _whose(life: Life) -> None:
    """Several agencies in one database; transfers, a merger; drafts, state secrets, what was deleted."""
    life.receipt(life.receipts("of another agency", 40), f"CoQuanID = {OTHER}")
    life.receipt(life.receipts("of an organisation that sends nothing", 10), f"CoQuanID = {OUTSIDE}")
    life.receipt(life.receipts("of a merged organisation", 25), f"CoQuanID = {MERGED}")
    life.receipt(life.receipts("of a second organisation of the agency", 15), f"CoQuanID = {SISTER}")
    for name, count, sender, receiver in (("handed on", 30, HERE, OTHER), ("handed to us", 20, OTHER, HERE)):
        senders = life.receipts(name, count)
        life.receipt(senders, f"CoQuanID = {sender}")
        received = []
        for key in senders:
            (petition,) = life.db.execute("SELECT DonThuID FROM XuLyDon WHERE XuLyDonID = ?", (key,)).fetchone()
            received.append(life.add(
                "XuLyDon", DonThuID=petition, SoDonThu="1", NgayNhapDon=_day(life), NguonDonDen=22, CoQuanID=receiver,
                SoCongVan="0007/CV", HuongGiaiQuyetID=None, XuLyDonChuyenID=key, LanGiaiQuyet=0, DonThuGocID=0,
            ))  # fmt: skip
        life.suffers[f"{name}: the receiver's"] = tuple(received)
    mark = "INSERT INTO BoSung SELECT x.DonThuID, {}, {} FROM XuLyDon x WHERE x.XuLyDonID = ?".format
    life.change(life.receipts("draft", 12), mark(1, 0))
    life.change(life.receipts("secret", 9, "d.LoaiKhieuTo1ID > 0"), mark(0, 2))
    gone = "DELETE FROM DonThu WHERE DonThuID = (SELECT x.DonThuID FROM XuLyDon x WHERE x.XuLyDonID = ?)"
    life.change(life.receipts("petition deleted, its receipt left behind", 6), gone)


def _petitions(life: Life) -> None:
    """Codes that no list has, days that no calendar has, columns that say nothing or two things."""
    life.receipt(life.receipts("source without a row", 5), "NguonDonDen = 99")
    life.receipt(life.receipts("source without a national code", 15), "NguonDonDen = 28")
    life.db.execute("INSERT INTO LoaiKhieuTo VALUES (63, 'Khác', 0, 1, NULL), (104, 'Mới', 101, 3, 'KN.77')")
    life.petition(life.receipts("class without a national code", 4, "d.LoaiKhieuTo1ID = 62"), "LoaiKhieuToID = 621")
    life.petition(life.receipts("class of an unknown code", 6, "d.LoaiKhieuTo1ID = 1"), "LoaiKhieuToID = 104")
    classless = "LoaiKhieuTo1ID = {0}, LoaiKhieuTo2ID = 0, LoaiKhieuTo3ID = 0, LoaiKhieuToID = 0".format
    life.petition(life.receipts("not classified", 4), classless(0))
    life.petition(life.receipts("root that is none", 3), classless(63))
    mixed = life.receipts("complaint filed under denunciations too", 6, "d.LoaiKhieuTo1ID = 1")
    life.petition(mixed, f"LoaiKhieuTo2ID = 801, LoaiKhieuToID = 1, LoaiKhieuTo3ID = 0, NoiDungDon = '{CANARY}'")
    for at, spelling in enumerate(NO_DAYS):
        life.receipt(life.receipts(f"no day of receipt {at}", 2), "NgayNhapDon = ?", spelling)
    life.petition(life.receipts("impossible day of writing", 4), "NgayVietDon = '2024-02-30 00:00:00'")
    life.petition(life.receipts("blank content", 3), "NoiDungDon = '  '")
    life.petition(life.receipts("long content", 2), "NoiDungDon = ?", "Kiến nghị " * 2_500)
    life.petition(life.receipts("several accused", 8), "DoiTuongBiKNID = 0")
    for key in life.suffers["several accused"]:
        (petition,) = life.db.execute("SELECT DonThuID FROM XuLyDon WHERE XuLyDonID = ?", (key,)).fetchone()
        life.db.execute("DELETE FROM DoiTuongBiKN WHERE DonThuID = ?", (petition,))
        *_, chosen = [life.add("DoiTuongBiKN", DonThuID=petition, LoaiDoiTuongBiKNID=1, TenDoiTuongBiKN=name)
                      for name in ("Người Thứ Nhất", "Người Thứ Hai", "Người Được Chọn")]  # fmt: skip
        life.petition([key], "DoiTuongBiKNID = ?", chosen)
    for name, count, written in (
        ("settled before by listed agencies", 10, "2,3"), ("settled before by one agency", 5, "3"),
        ("settled before, blanks in the list", 4, " 2 , 3 "), ("settled before, one unknown", 4, "2,99"),
        ("settled before, in prose", 10, PROSE), ("settled before, prose with numbers", 4, "Sở Mẫu, 2, 3"),
    ):  # fmt: skip
        life.receipt(life.receipts(name, count), "CQDaGiaiQuyetID = ?", written)
    for name, count, where, repeated in (
        ("sent again", 10, "d.LoaiKhieuTo1ID = 1", 1), ("follow-up", 10, "d.LoaiKhieuTo1ID = 1", 0),
    ):  # fmt: skip
        again = life.receipts(name, count, where)
        life.receipt(again, "DonThuGocID = 1")  # the seed's complaint, whose first receipt is 1
        life.petition(again, "TrungDon = ?", repeated)
    life.receipt(life.receipts("follow-up of a denunciation", 4), "DonThuGocID = 2")
    for name, count, day in (("withdrawn", 12, "2024-12-01 00:00:00"), ("withdrawn, on no day", 3, NO_DAYS[0])):
        for key in life.receipts(name, count):
            life.add("RutDon", XuLyDonID=key, NgayRutDon=day, LyDo="Tự nguyện")


def _people(life: Life) -> None:
    """Names as clerks type them, the ways of being nobody, the kinds of party that are swapped."""
    alone = "d.LoaiKhieuTo1ID IN (1, 9) AND (SELECT k.LoaiDoiTuongKNID FROM NhomKN k WHERE k.NhomKNID = d.NhomKNID) = 1"
    life.person(life.receipts("card issued on no day", 3, alone), "NgayCap = '2019-02-30 00:00:00'")
    life.group(life.receipts("party of an unknown kind", 4, alone), "LoaiDoiTuongKNID = 7")
    for name, written in (
        ("anonymous in capitals", "ĐƠN NẶC DANH"),
        ("anonymous, decomposed", unicodedata.normalize("NFD", "Đơn nặc danh")),
        ("anonymous with a full stop", " đơn nặc  danh."),
        ("name like the anonymous one", "Đôn Nắc Danh"),
        ("decomposed name", unicodedata.normalize("NFD", "Nguyễn Thị Mẫu Hường")),
        ("name with blanks", "  TRẦN  VĂN MẪU "),
        ("no name", ""),
    ):
        life.person(life.receipts(name, 5, alone), "HoTen = ?", written)
    life.group(life.receipts("both authorised and representing", 3, alone), "DaiDienPhapLy = 1, DuocUyQuyen = 1")


def _steps(life: Life) -> None:
    """Directions that are no handling, days that nobody entered, acceptances that the direction denies."""
    life.receipt(life.receipts("direction that is no handling", 5), "HuongGiaiQuyetID = 35")
    life.receipt(life.receipts("no day of handling", 6), "NgayXuLy = ?", NO_DAYS[1])
    handed = "SELECT x.XuLyDonID FROM XuLyDon x WHERE x.XuLyDonID > 1000 AND x.HuongGiaiQuyetID = 32"
    handed += " AND x.XuLyDonID NOT IN (SELECT t.XuLyDonID FROM TiepDanKhongDon t) ORDER BY 1"
    life.receipt(life.take("no day of handling, but of the transfer", 10, handed), "NgayXuLy = NULL")
    strange = life.take("transfer to an agency without a national code", 4, handed)
    life.change(strange, f"UPDATE ChuyenXuLy SET CQNhanID = {OUTSIDE} WHERE XuLyDonID = ?")
    life.receipt(life.receipts("accepted against its direction", 4), "NgayThuLy = '2024-10-01 00:00:00'")


def _decisions(life: Life) -> None:
    """Results that do not go with the type or the instance, a third instance, no day, what was deleted."""
    of = "UPDATE KetQua SET {} WHERE KetQuaID = ?".format
    free = (
        "SELECT k.KetQuaID FROM KetQua k JOIN XuLyDon x ON x.XuLyDonID = k.XuLyDonID"
        " JOIN DonThu d ON d.DonThuID = x.DonThuID"
        " WHERE k.KetQuaID > 1000 AND d.LoaiKhieuTo1ID IN ({}) ORDER BY 1"
    ).format
    life.change(
        life.take("second instance", 8, free("1")),
        of("LanGiaiQuyet = 2, KetQuaGQLan2 = KetQuaID % 2 + 1, PhanTichKQ = NULL"),
    )
    life.change(
        life.take("result of a second instance on the first", 2, free("1")), of("LanGiaiQuyet = 1, KetQuaGQLan2 = 1")
    )
    life.change(life.take("third instance", 2, free("1")), of("LanGiaiQuyet = 3"))
    life.change(life.take("reply with the result of a complaint", 3, free("9, 62")), of("PhanTichKQ = 1"))
    life.change(life.take("no day of decision", 3, free("1")), of("NgayRaKQ = ?"), NO_DAYS[0])
    life.change(life.take("receipt deleted, its decision left behind", 4, free("9")), of("XuLyDonID = 999999"))


def _enforcements(life: Life) -> None:
    """Enforcements that name no decision, or one that is gone; agencies as people type them."""
    of = "UPDATE ThiHanh SET {} WHERE ThiHanhID = ?".format
    free = (
        "SELECT e.ThiHanhID FROM ThiHanh e JOIN KetQua k ON k.KetQuaID = e.KetQuaID"
        " JOIN XuLyDon x ON x.XuLyDonID = k.XuLyDonID"
        " JOIN DonThu d ON d.DonThuID = x.DonThuID WHERE e.ThiHanhID > 1000 AND d.LoaiKhieuTo1ID = 1"
        " AND k.KetQuaID NOT IN ({}) ORDER BY 1"
    )
    struck = ", ".join(str(key) for name, keys in life.suffers.items() if "instance" in name or "decision" in name
                       or "reply" in name for key in keys)  # fmt: skip
    free = free.format(struck)
    life.change(life.take("enforcement of the receipt's only decision", 10, free), of("KetQuaID = 0"))
    life.change(life.take("decision deleted, its enforcement left behind", 2, free), of("KetQuaID = 999999"))
    for key in life.take("enforcement of one of two decisions", 2, free):
        (receipt,) = life.db.execute("SELECT XuLyDonID FROM ThiHanh WHERE ThiHanhID = ?", (key,)).fetchone()
        life.add(
            "KetQua", XuLyDonID=receipt, NgayRaKQ="2024-12-20 00:00:00", CoQuanID=HERE, PhanTichKQ=1, LanGiaiQuyet=1
        )
        life.change([key], of("KetQuaID = NULL"))
    life.change(life.take("enforced by somebody who is in no list", 10, free), of("CQThiHanh = ?"), "Tổ thi hành án xã")
    life.change(life.take("negative amount", 1, free), of("TienDaThu = -5"))
    life.change(life.take("no day of enforcement", 2, free), of("NgayThiHanh = ?"), NO_DAYS[1])
    orphan = life.add("ThiHanh", XuLyDonID=999999, KetQuaID=999999, NgayThiHanh="2024-12-01 00:00:00")
    life.suffers["receipt deleted, its enforcement left behind"] = (orphan,)


def _visits(life: Life) -> None:
    """Visits with and without a petition; days, codes and contents as people leave them."""
    of = "UPDATE TiepDanKhongDon SET {} WHERE TiepDanKhongDonID = ?".format
    alone = "SELECT t.TiepDanKhongDonID FROM TiepDanKhongDon t WHERE t.TiepDanKhongDonID > 1000 AND t.XuLyDonID = 0"
    alone += " AND t.LoaiKhieuTo1ID IN (1, 9) ORDER BY 1"
    brought = (
        "SELECT t.TiepDanKhongDonID FROM TiepDanKhongDon t JOIN XuLyDon x ON x.XuLyDonID = t.XuLyDonID JOIN DonThu d"
        " ON d.DonThuID = x.DonThuID WHERE t.TiepDanKhongDonID > 1000 AND x.HuongGiaiQuyetID IN (30, 33, 71)"
        " AND d.LoaiKhieuTo1ID = 1 ORDER BY 1"
    )
    life.change(life.take("no day of a visit", 4, alone), of("NgayTiep = ?"), NO_DAYS[0])
    life.change(life.take("impossible day of a visit", 3, alone), of("NgayTiep = '2024-02-30 00:00:00'"))
    life.change(life.take("mode of no known kind", 3, alone), of("LoaiTiepDanID = 9"))
    life.change(life.take("visit about nothing", 3, alone), of("NoiDungTiep = ''"))
    life.change(life.take("visit to another agency", 15, alone), of(f"CoQuanID = {OTHER}"))
    unclassified = life.take("visit that nobody classified", 8, alone)
    life.change(unclassified, of("LoaiKhieuTo1ID = NULL, NoiDungTiep = ?"), CANARY)
    life.change(life.take("mode of no known kind, with a petition", 2, brought), of("LoaiTiepDanID = 9"))
    both = life.take("visit of another type than its petition", 5, brought)
    life.change(both, of("LoaiKhieuTo1ID = 8, NoiDungTiep = ?"), CANARY)


def _lures(life: Life) -> None:
    """Secrets, marks of an older connector, a computed state, a copy: no query may read them."""
    life.db.execute("INSERT INTO DongBo VALUES (1, 'https://cu.mau.vn', 'dongbo', ?, 1)", (CANARY,))
    life.db.execute(
        "INSERT INTO DongBo_Log SELECT XuLyDonID, XuLyDonID, 2, NgayNhapDon, 1, 1 FROM XuLyDon WHERE XuLyDonID > 1"
    )
    life.db.execute("INSERT INTO State VALUES (9, ?, 1)", (CANARY,))
    life.db.execute("INSERT INTO XuLyDon_bak SELECT XuLyDonID + 500000, DonThuID, CoQuanID FROM XuLyDon LIMIT 100")
