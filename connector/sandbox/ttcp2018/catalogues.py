"""The fourteen code lists of the national system: small, and true where the notes say what stands in them.

Lists 5, 10 and 13 hold exactly the codes that were seen; what is sent is checked against them. The others show the
form of their codes. Pure. May import: the standard library, `shapes.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from connector.sandbox.ttcp2018.shapes import Refused

SOURCES = {
    "1": "Qua dịch vụ bưu chính",
    "4": "Cơ quan khác chuyển đến",
    "20": "Thư điện tử",
    "21": "Tiếp công dân",
    "23": "Nguồn khác",
}
RESULTS = {
    "1": "Khiếu nại đúng một phần",
    "2": "Khiếu nại đúng",
    "3": "Tố cáo đúng",
    "4": "Tố cáo sai",
    "5": "Tố cáo đúng một phần",
    "6": "Khiếu nại sai",
    "7": "Cố ý tố cáo sai sự thật",
    "8": "Chuyển cơ quan điều tra",
}
RESULTS_OF_TYPE = {"KN": frozenset({"1", "2", "6", "8"}), "TC": frozenset({"3", "4", "5", "7", "8"})}
DIRECTIONS = {
    "2": "Hướng dẫn",
    "4": "Thụ lý",
    "5": "Chuyển đơn",
    "7": "Trả lại đơn và hướng dẫn",
}
TYPES = {
    "KN": "Khiếu nại",
    "KN.01": "Lĩnh vực hành chính",
    "KN.01.01": "Đất đai, nhà cửa",
    "KN.01.01.01": "Thu hồi đất",
    "KN.01.01.02": "Đất đai",
    "TC": "Tố cáo",
    "TC.01": "Lĩnh vực hành chính",
    "TC.02": "Tham nhũng",
    "PA": "Kiến nghị, phản ánh",
}

_AREAS = {
    "101": "Thành phố Hà Nội",
    "217": "Tỉnh Phú Thọ",
    "811": "Tỉnh Bến Tre",
    "21701": "Huyện mẫu 21701",
    "2170101": "Xã mẫu 2170101",
    "81101": "Huyện mẫu 81101",
    "8110101": "Xã mẫu 8110101",
}
_AGENCIES = {
    "H101.01": "Cơ quan mẫu H101.01",
    "H217.01": "Cơ quan mẫu H217.01",
    "H811.01": "Cơ quan mẫu H811.01",
    "H811.05": "Cơ quan mẫu H811.05",
}
_PROVINCE_DIGITS = 3

_LISTS: Mapping[str, Mapping[str, str]] = {
    "1": _AREAS,
    "2": _AGENCIES,
    "3": {"VN": "Việt Nam"},
    "4": {"01": "Kinh", "02": "Tày"},
    "5": SOURCES,
    "6": TYPES,
    "7": {"H811.05.01": "Đơn vị mẫu H811.05.01"},
    "8": {"1": "Quyết định giải quyết khiếu nại", "2": "Kết luận nội dung tố cáo"},
    "9": {"1": "Hành chính", "2": "Tư pháp", "3": "Đảng"},
    "10": RESULTS,
    "11": {"1": "Đơn", "2": "Giấy tờ, tài liệu kèm theo"},
    "12": {"1": "Đủ điều kiện xử lý", "2": "Không đủ điều kiện xử lý"},
    "13": DIRECTIONS,
    "14": {"1": "Giải quyết lần đầu", "2": "Giải quyết lần hai"},
}


def answer(
    number: str, province: str, ministry: str, petition_type: str, *, replaced: Mapping[str, Mapping[str, str] | None]
) -> list[dict[str, str]]:
    """Return list `number` as [{Ma, Ten}], narrowed by what is given; `replaced` before what is known here.

    List 1 without a province is the provinces, with one what lies in it. List 6 without a type is the whole tree."""
    entries = replaced[number] if number in replaced else _LISTS.get(number)
    if entries is None:
        raise Refused("Loại danh mục không tồn tại.")
    if number == "1":
        entries = {code: name for code, name in entries.items() if _is_asked_area(code, province)}
    if number in ("2", "7"):
        wanted = f"H{province}" if province else ministry
        entries = {code: name for code, name in entries.items() if code.startswith(wanted)}
    if number == "6":
        entries = {code: name for code, name in entries.items() if code.startswith(petition_type)}
    return [{"Ma": code, "Ten": name} for code, name in entries.items()]


def _is_asked_area(code: str, province: str) -> bool:
    if not province:
        return len(code) == _PROVINCE_DIGITS
    return code.startswith(province) and code != province
