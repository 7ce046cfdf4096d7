"""The request of `ttcp2018` for one petition, as a user of a data mover would write it. Standard library only.

It stands beside the pipelines of dlt and singer-sdk, which are copied into a folder of their own and run there.
"""

from __future__ import annotations

import os
from typing import Any

URL = os.environ.get("PEER_URL", "")
USER = (os.environ.get("PEER_USER", ""), os.environ.get("PEER_PASSWORD", ""))
SOURCE = os.environ.get("PEER_SOURCE", "")

QUERY = """
SELECT d.Id, d.NoiDung, strftime('%d/%m/%Y', d.Ngay) AS Ngay, n.HoTen, n.SoGiayTo, n.MaTinh, n.MaHuyen, n.MaXa, n.DiaChi
FROM don d JOIN nguoi n ON n.IdDon = d.Id ORDER BY d.Id
"""
_PERSON = (
    *("HoTen", "SoDinhDanhCaNhan", "GioiTinh", "NgayCapSoDinhDanh", "NoiCapSoDinhDanh"),
    *("MaTinh", "MaHuyen", "MaXa", "DiaChiChiTiet", "MaQuocTich", "MaDanToc"),
)
_BODY = ("ChucVu", "TenCoQuanToChuc", "MaTinhCoQuan", "MaHuyenCoQuan", "MaXaCoQuan", "DiaChiChiTietCoQuan")
_ACCUSED = ("LoaiNguoiBiKNTC", *_PERSON, *_BODY)
_CASE = ("Id", "LanhDaoTiep", "TiepDinhKy", "UyQuyen", "LanhDaoUyQuyen")
_SETTLED = ("MaCoQuan", "LanGiaiQuyet", "NgayBanHanh", "MaLoaiQuyetDinh", "KetQuaGiaiQuyet")


def payload_of(row: dict[str, Any]) -> dict[str, Any]:
    """Return the whole request for a row of QUERY: every key, `""` where there is nothing to say."""
    person = dict.fromkeys(_PERSON, "") | {
        "HoTen": row["HoTen"],
        "SoDinhDanhCaNhan": row["SoGiayTo"],
        "MaTinh": row["MaTinh"],
        "MaHuyen": row["MaHuyen"],
        "MaXa": row["MaXa"],
        "DiaChiChiTiet": row["DiaChi"],
    }
    return {
        "VuViec": dict.fromkeys(_CASE, "") | {"NgayNhapDon": row["Ngay"], "GanVuViec": "0"},
        "NguonDonDen": {"MaNguonDonDen": "1", "MaCoQuanChuyenDon": "", "SoVanBanDen": "", "NgayVanBan": ""},
        "NguoiKNTC": {
            "LoaiNguoiKNTC": "1",
            "SoNguoiKNTC": "",
            "SoNguoiDaiDien": "",
            "TenCoQuanToChuc": "",
            "DiaChiCoQuanToChuc": "",
            "DataNguoiKNTC": [person],
        },
        "NguoiBiKNTCT": dict.fromkeys(_ACCUSED, ""),
        "NguoiUyQuyen": {"LoaiNguoiUyQuyen": ""},
        "CoQuanDaGiaiQuyet": dict.fromkeys(_SETTLED, ""),
        "PhanLoaiDon": [{"MaLoaiDon": "KN", "MaLoaiDon1": "", "MaLoaiDon2": "", "MaLoaiDon3": ""}],
        "Attachment": [],
        "NoiDungDon": row["NoiDung"],
        "CoQuanTiepNhan": "H811.01",
    }
