"""Five thousand invented rows for HTTT_KNTC: what its software writes, with the realities of that system switched on.

    fill(engine)      structure, rows, marks; the same rows every time

COMPLAINTS and DENUNCIATIONS say how many records have which story. The flaws of single columns stand in `_complaint`
and `_denunciation`, by the number of the record among those of its story, so that everybody can count them. Nobody
here exists.
May import: sqlalchemy, the standard library.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

SEED = 20_261_126
CANARY = "CHIMYEN7788"
"""Stands in every field of a denunciation that could tell who wrote it, and in every state secret."""

NEVER = "0001-01-01 00:00:00"
"""How the program writes "no date"; its driver may make -infinity of it."""

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """How many records have it; which of its two steps each has been through (one after the other, again and again);
    what differs there from a record without a flaw, likewise."""

    count: int
    steps: tuple[str, ...] = ("",)
    changes: Mapping[str, Values] = field(default_factory=dict)


COMPLAINTS: Mapping[str, Story] = {
    "open": Story(925),
    "pending": Story(300, ("1",), {"so_qd_1": ("",), "ket_qua_1": (0,), "ngay_tra_kq_1": (NEVER,)}),
    "decided": Story(1000, ("1",)),
    "without a result": Story(100, ("1",), {"ket_qua_1": (None, 0)}),
    "with an unknown result": Story(10, ("1",), {"ket_qua_1": (4,)}),
    "without a day": Story(40, ("1",), {"ngay_tra_kq_1": (None, NEVER, "-infinity")}),
    "of an unsaid kind": Story(15, ("1",), {"loai_khieu_nai_1": (None, 0, 3)}),
    "second pending": Story(100, ("12",), {"so_qd_2": (None, " "), "ket_qua_2": (None, 0)}),
    "second without a result": Story(120, ("12",), {"ket_qua_2": (None, 0)}),
    # Of 2 nobody here has said what it means in the second round: 66 of them.
    "second with a result": Story(200, ("12",), {"ket_qua_2": (1, 3, 2)}),
    "second only": Story(30, ("2",), {"ket_qua_2": (1,), "loai_khieu_nai_1": (None, 0)}),  # the first: elsewhere
    "then a lawsuit": Story(80, ("12",), {"loai_khieu_nai_2": (2,)}),
    "a lawsuit only": Story(60, ("1",), {"loai_khieu_nai_1": (2,), "loai_khieu_nai_2": (None, 0)}),
    "complaint after a lawsuit": Story(20, ("12",), {"loai_khieu_nai_1": (2,), "ket_qua_2": (1,)}),
}
"""Steps: first and second round."""

DENUNCIATIONS: Mapping[str, Story] = {
    "received": Story(
        900, ("",), {"trang_thai": (None, 0, 1, 4, 5, 6), "quyet_dinh_thu_ly_GQTC": (None, "", " "), "ket_qua": (0,)}
    ),
    "accepted": Story(400, ("T",), {"trang_thai": (2, 4, None, 1)}),
    # Every second one has a conclusion, which waits for its acceptance.
    "accepted without a day": Story(30, ("T", "TK"), {"ngay_QDGQTC": (None, "-infinity", NEVER)}),
    "concluded": Story(500, ("TK",)),
    "concluded, never accepted": Story(60, ("K",)),
    "concluded without a day": Story(20, ("TK",), {"ngay_GQTC": ("-infinity", None)}),
    "terminated": Story(60, ("T",), {"quyet_dinh_dinh_chi_GQTC": (f"9/{CANARY}-DC",), "trang_thai": (2, 4, 3)}),
    "of an unknown state": Story(10, ("T",), {"trang_thai": (9,)}),
    "with an unknown result": Story(20, ("TK",), {"ket_qua": (5,)}),
}
"""Steps: accepted (T), concluded (K)."""

_FAMILY = ("NGUYỄN", "Trần", "Lê", "PHẠM", "Võ", "Đặng", "Bùi", "Hồ", "Ngô", "Dương")
_GIVEN = ("Mẫu An", "MẪU BÌNH", "Mẫu Cúc", "Mẫu  Dũng", "Mẫu Hòa", "Mẫu Hoà", "Mẫu Ý", "MẪU ĐIỀN")
_ANONYMOUS = (
    "Đơn nặc danh",
    "ĐƠN NẶC DANH",
    "đơn nặc danh ",
    "ÐƠN NẶC DANH",
    unicodedata.normalize("NFD", "Đơn Nặc Danh"),
)
_MATTER = (
    "bồi thường khi thu hồi đất",
    "cấp giấy chứng nhận",
    "xả thải ra kênh",
    "khai thác cát",
    "giấy phép nước ngầm",
)


def fill(engine: Engine) -> None:
    """Make the tables in an empty database and fill them."""
    script = Path(__file__).with_name("httt.sql").read_text("utf-8")
    statements = "\n".join(line for line in script.splitlines() if not line.startswith("--")).split(";")
    tables = _Rows(Random(SEED)).tables()
    with engine.begin() as connection:
        for statement in filter(str.strip, statements):
            connection.execute(text(statement))
        for table, rows in tables.items():
            names = list(rows[0])
            columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join(f":{name}" for name in names)
            connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({marks})"), rows)
        connection.execute(text("ANALYZE"))


ROUND = ("loai_khieu_nai", "ngay_khieu_nai", "ngay_tra_kq", "tham_quyen", "so_qd", "ket_qua")
COURSE = (
    "ngay_GQTC", "nguoi_GQTC", "quyet_dinh_thu_ly_GQTC", "ngay_QDGQTC", "quyet_dinh_dinh_chi_GQTC", "gia_han_GQTC_1",
    "gia_han_GQTC_2", "so_VB_KL_NDTC", "ngay_nhan_TB_KQXLKLTC", "ket_qua",
)  # fmt: skip


def _in_turn(values: Values, nth: int) -> Any:
    return values[nth % len(values)]


def _changes(story: Story, nth: int) -> dict[str, Any]:
    return {column: _in_turn(values, nth) for column, values in story.changes.items()}


class _Rows:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._numbers = {"KN": 0, "TC": 0}

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        complaints = [self._complaint(name, nth) for name, nth in self._told(COMPLAINTS)]
        denunciations = [self._denunciation(name, nth) for name, nth in self._told(DENUNCIATIONS)]
        for one, other in zip(denunciations[:5], complaints[:5], strict=True):
            one["Id"] = other["Id"]  # entered in both tables, under one id: still two records
        secrets = [
            *({"id": row["Id"], "loai": 1, "muc": 1} for row in complaints if CANARY in row["noi_dung_vu_viec"]),
            *({"id": row["Id"], "loai": 2, "muc": 2} for row in denunciations if row["ghi_chu"] == f"{CANARY} mật"),
            # No longer one.
            *({"id": row["Id"], "loai": 1, "muc": 0} for row in complaints if row["so_qd_2"] == "007/QĐ-MAU2"),
        ]
        return {
            '"KNTC"."Complains"': complaints,
            '"KNTC"."Denounces"': denunciations,
            '"KNTC"."DocumentTypes"': [
                {"Id": number, "DocumentTypeCode": f"L{number}", "DocumentTypeName": name, "CreationTime": NEVER}
                for number, name in ((1, "Bản gốc"), (2, "Bản chính"), (3, "Bản phô tô"))
            ],
            '"KNTC"."FileAttachments"': [*self._papers(complaints, denunciations)],
            "van_thu.dau_mat": secrets,
            'public."Complains"': [dict(row, ma_ho_so="CŨ") for row in complaints[:20]],
            '"KNTC"."Complains_bak"': [dict(row, ma_ho_so="BAK") for row in complaints[20:60]],
            '"KNTC"."AbpUsers"': [{"Id": self._uuid(), "UserName": "admin", "PasswordHash": f"{CANARY}=="}],
        }

    def _told(self, stories: Mapping[str, Story]) -> list[tuple[str, int]]:
        """Every story as often as it is to be told, with its number among its like, in no order that helps a reader."""
        told = [(name, nth) for name, story in stories.items() for nth in range(story.count)]
        self._random.shuffle(told)
        return told

    # --- complaints

    def _complaint(self, name: str, nth: int) -> dict[str, Any]:
        row = self._record("KN", nth) | {f"{column}_{number}": None for number in (1, 2) for column in ROUND}
        if name == "open":
            row |= _flawed(nth) | ({"loai_khieu_nai_1": 0, "so_qd_1": " ", "ket_qua_1": 0} if nth % 3 == 0 else {})
        if name == "decided" and nth < 5:
            row["thoi_gian_tiep_nhan"] = NEVER  # the decision waits for its petition
        if name in ("open", "decided") and 500 <= nth < 505:
            row |= {"noi_dung_vu_viec": f"{CANARY} mật", "nguoi_nop_don": CANARY}
        story = COMPLAINTS[name]
        for number in _in_turn(story.steps, nth):
            row |= self._round(number, nth)
        return row | _changes(story, nth)

    def _round(self, number: str, nth: int) -> dict[str, Any]:
        begun = self._moment()
        agency = {"1": "UBND xã Mẫu", "2": "Chủ tịch UBND tỉnh Mẫu"}[number]
        ended = begun + timedelta(days=30)
        values = (1, begun.isoformat(), ended.isoformat(), agency, f"{nth + 1:03}/QĐ-MAU{number}", 1 + nth % 3)
        return {f"{column}_{number}": value for column, value in zip(ROUND, values, strict=True)}

    # --- denunciations

    def _denunciation(self, name: str, nth: int) -> dict[str, Any]:
        row = self._record("TC", nth) | {
            "nguoi_nop_don": CANARY if nth % 5 else _ANONYMOUS[nth % len(_ANONYMOUS)],
            "nguoi_bi_to_cao": f"{CANARY} Trưởng thôn" if nth % 4 else "",
            "noi_dung_vu_viec": f"{CANARY} tố cáo" if nth % 7 else "",  # concealed anyway
            "ghi_chu": CANARY,
            "email": f"{CANARY}@mau.vn",
            "dia_chi_thuong_tru": f"Ấp {CANARY}",
            "ma_ho_so": f"{CANARY}-{self._numbers['TC']}",
            **dict.fromkeys(COURSE, None),
        }
        if name == "received" and nth < 3:
            row["linh_vuc"] = 9
        if name == "concluded" and nth < 6:
            row["ghi_chu"] = f"{CANARY} mật"
        story = DENUNCIATIONS[name]
        for step in _in_turn(story.steps, nth):
            row |= self._step(step, nth)
        return row | _changes(story, nth)

    def _step(self, step: str, nth: int) -> dict[str, Any]:
        day = self._moment()
        if step == "T":
            extended = (None, (day + timedelta(days=30)).isoformat())[nth % 2]
            number = f"{nth + 1}/{CANARY}-TL"
            made = {"quyet_dinh_thu_ly_GQTC": number, "ngay_QDGQTC": day.isoformat(), "gia_han_GQTC_1": extended}
            return made | {"nguoi_GQTC": CANARY, "trang_thai": 2}
        number = f"{nth + 1}/{CANARY}-KL"
        return {"so_VB_KL_NDTC": number, "ngay_GQTC": day.isoformat(), "ket_qua": 1 + nth % 3, "trang_thai": 3}

    # --- both

    def _record(self, family: str, nth: int) -> dict[str, Any]:
        self._numbers[family] += 1
        number, random = self._numbers[family], self._random
        received, created = self._moment(), self._moment()
        name = f"{random.choice(_FAMILY)} {random.choice(_GIVEN)} {number}"
        if nth % 20 == 7:
            name = _ANONYMOUS[nth % len(_ANONYMOUS)]
        elif nth % 50 == 11:
            name = ""
        return {
            "Id": self._uuid(), "ma_ho_so": f"{family}-{number:05}", "linh_vuc": (1, 1, 1, 2, 3, 4, 0)[nth % 7],
            "tieu_de": random.choice(_MATTER), "nguoi_nop_don": unicodedata.normalize(("NFC", "NFD")[nth % 2], name),
            "cccd_cmnd": (f"{number:012}", f"{number:09}", "", "0")[nth % 4],
            "ngay_sinh": ("1970-05-04 00:00:00", NEVER, "-infinity")[nth % 3],
            "dien_thoai": ("0", "", f"09{number:08}")[nth % 3], "email": (None, "", f"nguoi{number}@mau.vn")[nth % 3],
            "dia_chi_thuong_tru": ("", f"Ấp {nth}, xã Mẫu")[nth % 2], "dia_chi_lien_he": f"Số {nth} đường Mẫu",
            "ma_tinh_tp": 82, "ma_quan_huyen": 0, "ma_xa_phuong_tt": 31507,
            # In the first and the last second of a day: neither may move to another one.
            "thoi_gian_tiep_nhan": received.replace(
                hour=(0, 23, 9)[nth % 3], minute=(0, 59, 5)[nth % 3], second=(0, 59, 7)[nth % 3]
            ).isoformat(sep=" "),
            "thoi_gian_hen_tra_kq": NEVER, "noi_dung_vu_viec": f"Về việc {random.choice(_MATTER)}\r\nlần {nth}",
            "bo_phan_dang_xl": "", "so_thua": "", "to_ban_do": "", "dien_tich": 0, "loai_dat": 0,
            "dia_chi_thua_dat": "", "tinh_thua_dat": 0, "huyen_thua_dat": 0, "xa_thua_dat": 0,
            "ghi_chu": (None, "", f"Ghi chú {nth}")[nth % 3],
            "cong_khai": nth % 2 == 0, "trang_thai": (None, 0, 1, 4, 5, 6)[nth % 6],
            "luu_tru": (None, True, False)[nth % 3],
            # Half were copied in one night and never touched since.
            "CreationTime": "2025-01-01 02:00:00" if nth % 2 else created.isoformat(sep=" "),
            "LastModificationTime": None if nth % 2 else (created + timedelta(days=1)).isoformat(sep=" "),
        }  # fmt: skip

    def _papers(
        self, complaints: list[dict[str, Any]], denunciations: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        for at, row in enumerate(complaints[::3]):
            for number in range(1 + at % 3):
                secret = CANARY if CANARY in row["noi_dung_vu_viec"] else "Biên bản"
                yield self._paper(row["Id"], 1, f"{secret} {number}")
        for row in denunciations[::4]:
            yield self._paper(row["Id"], 2, CANARY)
        for row in complaints[60:80]:
            yield self._paper(row["Id"], 2, "Của bảng kia")  # names a denunciation that is not there
            yield self._paper(row["Id"], 3, "Của bảng nào")
        for _ in range(50):
            yield self._paper(self._uuid(), 1, "Mồ côi")  # its record was deleted

    def _paper(self, owner: str, kind: int, title: str) -> dict[str, Any]:
        return {
            "Id": self._uuid(), "giai_doan": 1, "ten_tai_lieu": title, "hinh_thuc": self._random.choice((1, 2, 3, 4)),
            "thoi_gian_ban_hanh": NEVER, "ngay_nhan": NEVER, "thu_tu_but_luc": "", "noi_dung_chinh": "",
            "file_name": f"{title}.pdf", "content_type": "application/pdf",
            "content_length": self._random.choice((0, 5120)),
            "loai_vu_viec": kind, "CreationTime": NEVER, "id_ho_so": owner,
        }  # fmt: skip

    def _moment(self) -> datetime:
        return datetime(2024, 1, 1) + timedelta(minutes=self._random.randrange(900 * 24 * 60))  # noqa: DTZ001 - as stored

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))


def _flawed(nth: int) -> dict[str, Any]:
    """What is wrong in one column of the first complaints without a round; nothing from the 66th on."""
    if nth < 25:
        return {"noi_dung_vu_viec": ("", "  \n")[nth % 2]}
    if nth < 45:
        return {"thoi_gian_tiep_nhan": (NEVER, "-infinity")[nth % 2]}
    if nth < 47:
        return {"thoi_gian_tiep_nhan": "20023-02-01 00:00:00"}
    if nth < 62:
        return {"linh_vuc": 7}
    return {"noi_dung_vu_viec": "dài " * 5_001} if nth < 65 else {}
