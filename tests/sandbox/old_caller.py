"""An agency's side of `ttcp2018` for these tests: real HTTP, payloads by hand from the notes, nothing of the client."""

from __future__ import annotations

import copy
import json
from types import TracebackType
from typing import Any, Self

import httpx

from connector.sandbox import Sandbox
from tests.sandbox.caller import AGENCY, CREDENTIALS

USER = CREDENTIALS[AGENCY]
RECEIVER = "H811.01"
CONTENT = "Khiếu nại về đất đai. [bt:1]"

PERSON = {
    "HoTen": "Nguyễn Văn Mẫu",
    "SoDinhDanhCaNhan": "012345678901",
    "GioiTinh": "1",
    "NgayCapSoDinhDanh": "",
    "NoiCapSoDinhDanh": "",
    "MaTinh": "811",
    "MaHuyen": "81101",
    "MaXa": "8110101",
    "DiaChiChiTiet": "Số 1, ấp Mẫu",
    "MaQuocTich": "VN",
    "MaDanToc": "",
}
CASE = {
    "VuViec": {
        "Id": "",
        "NgayNhapDon": "02/03/2026",
        "GanVuViec": "0",
        "LanhDaoTiep": "",
        "TiepDinhKy": "",
        "UyQuyen": "0",
        "LanhDaoUyQuyen": "",
    },
    "NguonDonDen": {"MaNguonDonDen": "1", "MaCoQuanChuyenDon": "", "SoVanBanDen": "", "NgayVanBan": ""},
    "NguoiKNTC": {
        "LoaiNguoiKNTC": "1",
        "SoNguoiKNTC": "1",
        "SoNguoiDaiDien": "",
        "TenCoQuanToChuc": "",
        "DiaChiCoQuanToChuc": "",
        "DataNguoiKNTC": [PERSON],
    },
    "NguoiBiKNTCT": {
        "LoaiNguoiBiKNTC": "2",
        **dict.fromkeys(PERSON, ""),
        "ChucVu": "",
        "TenCoQuanToChuc": "UBND xã Mẫu",
        "MaTinhCoQuan": "811",
        "MaHuyenCoQuan": "",
        "MaXaCoQuan": "8110101",
        "DiaChiChiTietCoQuan": "",
    },
    "NguoiUyQuyen": {"LoaiNguoiUyQuyen": "", "HoTen": ""},
    "CoQuanDaGiaiQuyet": {
        "MaCoQuan": "",
        "LanGiaiQuyet": "",
        "NgayBanHanh": "",
        "MaLoaiQuyetDinh": "",
        "KetQuaGiaiQuyet": "",
    },
    "PhanLoaiDon": [{"MaLoaiDon": "KN", "MaLoaiDon1": "KN.01", "MaLoaiDon2": "KN.01.01", "MaLoaiDon3": "KN.01.01.02"}],
    "Attachment": [],
    "NoiDungDon": CONTENT,
    "CoQuanTiepNhan": RECEIVER,
}
HANDLING = {
    "Id": "",
    "NoiDungXuLy": {
        "DonNacDanh": "0",
        "DonDuDKXuLy": "1",
        "TomTatNoiDungXuLy": "Thụ lý",
        "NgayXuLy": "10/03/2026",
        "CanBoXuLy": "",
        "CanBoDuyetKQXL": "",
        "HuongXuLy": {
            "MaCoQuanXuLy": RECEIVER,
            "MaHuongXuLy": "4",
            "MaCoQuanXuLyTiep": "",
            "NoiDungXuLy": "",
            "FileDinhKem": "",
            "TenFileDinhKem": "",
        },
    },
}
ACCEPTANCE = {
    "Id": "",
    "MaCoQuanThuLy": RECEIVER,
    "NgayThuLy": "11/03/2026",
    "file": "",
    "HanGiaiQuyet": "10/05/2026",
    "CanBoDuyet": "",
}
LAND_AND_MONEY = {
    "ThuHoiTien": "",
    "ThuHoiDatO": "",
    "ThuHoiDatSX": "120.5",
    "TraLaiTien": "50000000",
    "TraLaiDatO": "",
    "TraLaiDatSX": "",
}
DECISION = {
    "Id": "",
    "maCoQuanBanHanh": RECEIVER,
    "ngayBanHanh": "04/05/2026",
    "file": "",
    "tomTatNoiDungGiaiQuyet": "Đúng một phần",
    "loaiKetQuaGiaiQuyet": "1",
    "hinhThucGiaiQuyet": "",
    "quyenKhoiKien": "1",
    "BoiThuongThietHai": {
        **LAND_AND_MONEY,
        "SoNguoiDuocTraQuyenLoi": "1",
        "XuPhatHanhChinh": "",
        "SoNguoiChuyenDieuTra": "",
    },
    "CaNhanBiXuLyHanhChinh": [{"HoTen": "Trần Mẫu", "ChucVu": "", "HinhThucXuLy": "Khiển trách"}],
    "ToChucBiXuLyHanhChinh": [],
}
ENFORCEMENT = {
    "Id": "",
    "IdKetQua": "",
    "ThiHanhId": "",
    "MaCoQuanThiHanh": RECEIVER,
    "NgayCapNhat": "20/06/2026",
    **LAND_AND_MONEY,
    "SoNguoiBiXuLy": "",
    "SoTapTheBiXuLy": "",
    "TaiSanQuyRaTien": "",
    "SoTienNopPhat": "",
    "SoDoiTuongDaKhoiTo": "",
}
SEARCH = dict.fromkeys(("MaVuViec", "TenNguoiKhieuNai", "MaTinh", "MaHuyen", "MaXa", "SoDinhDanhCaNhan", "NoiDung"), "")
CATALOGUE = {"LoaiDanhMuc": "", "MaTinh": "", "MaBoNganh": "", "MaLoaiKhieuTo": ""}


def changed(payload: dict[str, Any], **values: Any) -> dict[str, Any]:
    """Return a copy with other values; `VuViec__Id` means VuViec.Id, and a number an entry of a list."""
    made = copy.deepcopy(payload)
    for path, value in values.items():
        *above, name = path.split("__")
        place: Any = made
        for part in above:
            place = place[int(part) if part.isdigit() else part]
        place[name] = value
    return made


def without(payload: dict[str, Any], path: str) -> dict[str, Any]:
    """Return a copy in which the key at a path (`VuViec__Id`) is missing."""
    made = copy.deepcopy(payload)
    *above, name = path.split("__")
    place: Any = made
    for part in above:
        place = place[int(part) if part.isdigit() else part]
    del place[name]
    return made


class OldCaller:
    """Calls the operations as one agency, by Basic unless told otherwise. A lost answer raises httpx's error."""

    def __init__(self, sandbox: Sandbox, **headers: str) -> None:
        self.url = sandbox.ttcp2018_url
        self.root = sandbox.base_url
        self.http = httpx.Client(
            trust_env=False, timeout=30, headers=headers, auth=None if "Authorization" in headers else USER
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    def post(self, operation: str, payload: Any) -> httpx.Response:
        return self.http.post(f"{self.url}/{operation}", json=payload)

    def call(self, operation: str, payload: Any) -> Any:
        """Return what an answer says, decoded as often as it takes."""
        content = self.post(operation, payload).raise_for_status().json()
        return json.loads(content) if isinstance(content, str) else content

    def create(self, content: str = CONTENT, **values: Any) -> str:
        """Create a case and return its Id."""
        case_id: str = self.call("CapNhatVuViec", changed(CASE, NoiDungDon=content, **values))["Id"]
        assert case_id
        return case_id

    def refusal(self, operation: str, payload: Any) -> str:
        """Return the words of a refusal, which must be one."""
        answer = self.call(operation, payload)
        assert answer["Id"] == ""
        message: str = answer["Message"]
        return message

    def search(self, **values: str) -> Any:
        return self.call("TraThongTinDon", {**SEARCH, **values})
