"""The seven requests as the national system wants them, key by key, and what it asks of a request as a whole.

Pure. May import: the standard library, `shapes.py`, `catalogues.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connector.sandbox.ttcp2018 import catalogues
from connector.sandbox.ttcp2018.shapes import (
    Check,
    agency,
    date,
    file,
    flag,
    group,
    list_of,
    named_file,
    needed,
    number,
    one_of,
    text,
)

SUMMARY = "tomTatNoiDungGiaiQuyet|TomTat"
OWN_DECISION = "IdKetQua"
RESULT = "loaiKetQuaGiaiQuyet|LoaiKetQua"
ANONYMOUS = "Đơn nặc danh"

_AREA_DIGITS = {"MaTinh": 3, "MaHuyen": 5, "MaXa": 7}
_TYPE_LEVELS = ("MaLoaiDon", "MaLoaiDon1", "MaLoaiDon2", "MaLoaiDon3")
_TOP_TYPE = re.compile(r"[A-Z]{2,4}")
_LOWER_TYPE = re.compile(r"\.[0-9]{2}")
_ORGANISATION = "3"


def _area(suffix: str = "") -> Check:
    """Return a check that each area code has its length and lies in the one above it, as far as both are given."""

    def lies_within(values: Mapping[str, Any], place: str) -> Iterator[str]:
        above = ""
        for name, digits in _AREA_DIGITS.items():
            code = values[name + suffix]
            if code == "":
                continue
            if not (code.isascii() and code.isdigit() and len(code) == digits and code.startswith(above)):
                yield f"{place}: mã địa giới {name}{suffix} không hợp lệ."
                return
            above = code

    return lies_within


def _types(values: Mapping[str, Any], place: str) -> Iterator[str]:
    """Four levels, each beginning with the one above it: KN, KN.01, KN.01.01, KN.01.01.02. Lower ones may be ""."""
    above = values["MaLoaiDon"]
    good = _TOP_TYPE.fullmatch(above) is not None
    for name in _TYPE_LEVELS[1:]:
        code = values[name]
        if code:
            good = (
                good and above != "" and code.startswith(above) and _LOWER_TYPE.fullmatch(code, len(above)) is not None
            )
        above = code
    if not good:
        yield f"{place}: mã loại đơn không đúng cây phân loại."


def _petitioners(values: Mapping[str, Any], place: str) -> Iterator[str]:
    """Somebody stands behind a case: a body by its kind, else people, be they concealed."""
    if str(values["LoaiNguoiKNTC"]) != _ORGANISATION and not values["DataNguoiKNTC"]:
        yield f"Chưa nhập {place}.DataNguoiKNTC."


def _attaching(values: Mapping[str, Any], _: str) -> Iterator[str]:
    if values["GanVuViec"] == "1" and not values["Id"]:
        yield "Gắn vụ việc phải có Id của vụ việc."


def _document(value: Any, place: str) -> Iterator[str]:
    """A file of an acceptance or a decision. The notes name the key only: base64, or files with their names."""
    if isinstance(value, str):
        yield from file(value, place)
    elif isinstance(value, list):
        yield from list_of(_NAMED_FILE)(value, place)
    else:
        yield from _NAMED_FILE(value, place)


_PERSON: Mapping[str, Check] = {
    "HoTen": text,
    "SoDinhDanhCaNhan": text,
    "GioiTinh": text,
    "NgayCapSoDinhDanh": date,
    "NoiCapSoDinhDanh": text,
    "MaTinh": text,
    "MaHuyen": text,
    "MaXa": text,
    "DiaChiChiTiet": text,
    "MaQuocTich": text,
    "MaDanToc": text,
}
_NAMED_FILE = group({"TenFileDinhKem": text, "FileDinhKem": file}, named_file)
_COMPENSATION: Mapping[str, Check] = dict.fromkeys(
    ("ThuHoiTien", "ThuHoiDatO", "ThuHoiDatSX", "TraLaiTien", "TraLaiDatO", "TraLaiDatSX"), number
)
_ACCUSED = group(
    {
        "LoaiNguoiBiKNTC": one_of("1", "2"),
        **_PERSON,
        "ChucVu": text,
        "TenCoQuanToChuc": text,
        "MaTinhCoQuan": text,
        "MaHuyenCoQuan": text,
        "MaXaCoQuan": text,
        "DiaChiChiTietCoQuan": text,
    },
    _area(),
    _area("CoQuan"),
)
_CASE: Mapping[str, Check] = {
    "VuViec": group(
        {
            "Id": text,
            "NgayNhapDon": needed(date),
            "GanVuViec": needed(flag),
            "LanhDaoTiep": text,
            "TiepDinhKy": flag,
            "UyQuyen": flag,
            "LanhDaoUyQuyen": text,
        },
        _attaching,
    ),
    "NguonDonDen": group(
        {
            "MaNguonDonDen": one_of(*catalogues.SOURCES),
            "MaCoQuanChuyenDon": agency,
            "SoVanBanDen": text,
            "NgayVanBan": date,
        }
    ),
    "NguoiKNTC": group(
        {
            "LoaiNguoiKNTC": one_of("1", "2", "3"),
            "SoNguoiKNTC": number,
            "SoNguoiDaiDien": number,
            "TenCoQuanToChuc": text,
            "DiaChiCoQuanToChuc": text,
            "DataNguoiKNTC": list_of(group(_PERSON, _area())),
        },
        _petitioners,
    ),
    "NguoiUyQuyen": group({"LoaiNguoiUyQuyen": one_of("1", "2")}, closed=False),
    "CoQuanDaGiaiQuyet": group(
        {
            "MaCoQuan": agency,
            "LanGiaiQuyet": number,
            "NgayBanHanh": date,
            "MaLoaiQuyetDinh": text,
            "KetQuaGiaiQuyet": text,
        }
    ),
    "PhanLoaiDon": list_of(group(dict.fromkeys(_TYPE_LEVELS, text), _types), least=1),
    "Attachment": list_of(
        group(
            {
                "TenHoSo": text,
                "LoaiHoSo": text,
                "NoiDungTomTat": text,
                "TenFileDinhKem": text,
                "FileDinhKem": file,
            },
            named_file,
        )
    ),
    "NoiDungDon": needed(text),
    "CoQuanTiepNhan": needed(agency),
}
_HANDLING = group(
    {
        "Id": needed(text),
        "NoiDungXuLy": group(
            {
                "DonNacDanh": flag,
                "DonDuDKXuLy": flag,
                "TomTatNoiDungXuLy": text,
                "NgayXuLy": date,
                "CanBoXuLy": text,
                "CanBoDuyetKQXL": text,
                "HuongXuLy": group(
                    {
                        "MaCoQuanXuLy": agency,
                        "MaHuongXuLy": one_of(*catalogues.DIRECTIONS),
                        "MaCoQuanXuLyTiep": agency,
                        "NoiDungXuLy": text,
                        "FileDinhKem": file,
                        "TenFileDinhKem": text,
                    },
                    named_file,
                ),
            }
        ),
    }
)
_ACCEPTANCE = group(
    {
        "Id": needed(text),
        "MaCoQuanThuLy": agency,
        "NgayThuLy": date,
        "file": _document,
        "HanGiaiQuyet": date,
        "CanBoDuyet": text,
    }
)
_DECISION_ITSELF = group(
    {
        "Id": needed(text),
        "maCoQuanBanHanh|MaCoQuanBanHanh": agency,
        "ngayBanHanh|NgayBanHanh": date,
        "file": _document,
        SUMMARY: text,
        RESULT: one_of(*catalogues.RESULTS),
        "hinhThucGiaiQuyet|HinhThucGiaiQuyet": text,
        "quyenKhoiKien|QuyenKhoiKien": flag,
        "BoiThuongThietHai": group(
            {
                **_COMPENSATION,
                "SoNguoiDuocTraQuyenLoi": number,
                "XuPhatHanhChinh": number,
                "SoNguoiChuyenDieuTra": number,
            }
        ),
        "CaNhanBiXuLyHanhChinh": list_of(group({"HoTen": text, "ChucVu": text, "HinhThucXuLy": text})),
        "ToChucBiXuLyHanhChinh": list_of(group({"TenToChuc": text, "HinhThucXuLy": text})),
    }
)


def _decision(value: Any, place: str) -> Iterator[str]:
    """With or without `IdKetQua`: the notes name no key for the decision itself, nor that it could not be edited."""
    if isinstance(value, dict) and OWN_DECISION in value:
        yield from text(value[OWN_DECISION], OWN_DECISION)
        value = {name: each for name, each in value.items() if name != OWN_DECISION}
    yield from _DECISION_ITSELF(value, place)


_ENFORCEMENT_FIGURES: Mapping[str, Check] = {
    "MaCoQuanThiHanh": agency,
    "NgayCapNhat": date,
    **_COMPENSATION,
    "SoNguoiBiXuLy": number,
    "SoTapTheBiXuLy": number,
    "TaiSanQuyRaTien": number,
    "SoTienNopPhat": number,
    "SoDoiTuongDaKhoiTo": number,
}
_ENFORCEMENT_KEYS: Mapping[str, Check] = {"Id": needed(text), "IdKetQua": needed(text), "ThiHanhId": text}


def _enforcement(value: Any, place: str) -> Iterator[str]:
    """The figures beside the keys, or in one group whose name the notes do not give."""
    flat = value
    if isinstance(value, dict):
        inner = [name for name, each in value.items() if name not in _ENFORCEMENT_KEYS and isinstance(each, dict)]
        if len(inner) == 1:
            flat = {**{name: each for name, each in value.items() if name != inner[0]}, **value[inner[0]]}
    yield from group({**_ENFORCEMENT_KEYS, **_ENFORCEMENT_FIGURES})(flat, place)


def checks(accused_key: str) -> Mapping[str, Check]:
    """Return the check of each operation; `accused_key` is the spelling that this server knows."""
    return {
        "TraDanhMuc": group(
            {
                "LoaiDanhMuc": needed(number),
                "MaTinh": text,
                "MaBoNganh": text,
                "MaLoaiKhieuTo": text,
            }
        ),
        "TraThongTinDon": group(
            dict.fromkeys(
                ("MaVuViec", "TenNguoiKhieuNai", "MaTinh", "MaHuyen", "MaXa", "SoDinhDanhCaNhan", "NoiDung"),
                text,
            )
        ),
        "CapNhatVuViec": group({**_CASE, accused_key: _ACCUSED}),
        "CapNhatKQXuLy": _HANDLING,
        "CapNhatGiaiQuyet": _ACCEPTANCE,
        "CapNhatKQGiaiQuyet": _decision,
        "CapNhatThiHanh": _enforcement,
    }
