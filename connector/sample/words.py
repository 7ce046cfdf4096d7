"""Invented contents: what a petition, a visit or a handling of the sample says, by type.

May import: the standard library.
"""

from __future__ import annotations

from enum import IntEnum


class Type(IntEnum):
    """`don_thu.LoaiDonThu` as the product numbers it; UNKNOWN is what the clerks left open."""

    UNKNOWN = 0
    COMPLAINT = 1
    DENUNCIATION = 2
    RECOMMENDATION = 3

    @property
    def concealed(self) -> bool:
        """Denunciations, and what nobody classified: it may be one."""
        return self in (Type.DENUNCIATION, Type.UNKNOWN)


PREFIX = {Type.COMPLAINT: "KN", Type.DENUNCIATION: "TC", Type.RECOMMENDATION: "PA"}

FIELDS = {
    Type.COMPLAINT: (
        "KN.01.01.01", "KN.01.01.01", "KN.01.01.02", "KN.01.01.03", "KN.01.02", "KN.01.03", "KN.01.04", "KN.02",
        "KN.09",
    ),
    Type.DENUNCIATION: ("TC.01.01", "TC.01.02", "TC.01.03", "TC.01.05", "TC.02", "TC.03", "TC.09"),
    Type.RECOMMENDATION: ("PA.01", "PA.02", "PA.02.01", "PA.04", "PA.04", "PA.03", "PA.09"),
}  # fmt: skip

CONTENT = {
    Type.COMPLAINT: (
        "Khiếu nại quyết định thu hồi đất và phương án bồi thường, đề nghị xem xét lại giá đất",
        "Khiếu nại việc chậm cấp giấy chứng nhận quyền sử dụng đất",
        "Khiếu nại việc không giải quyết chế độ chính sách",
        "Khiếu nại quyết định xử phạt vi phạm hành chính trong xây dựng",
    ),
    Type.DENUNCIATION: (
        "Tố cáo việc thu các khoản đóng góp sai quy định",
        "Tố cáo hành vi lạm quyền khi xác nhận hồ sơ đất đai",
        "Tố cáo việc chi sai nguồn kinh phí hỗ trợ",
    ),
    Type.RECOMMENDATION: (
        "Kiến nghị sửa chữa đoạn đường liên ấp bị hư hỏng",
        "Phản ánh cơ sở sản xuất gây ô nhiễm nguồn nước",
        "Kiến nghị hỗ trợ tái định cư cho các hộ dân",
        "Phản ánh tình trạng ngập nước kéo dài sau mưa",
        "Kiến nghị xem xét chế độ trợ cấp xã hội",
    ),
    Type.UNKNOWN: ("Trình bày nhiều vấn đề, chưa phân loại",),
}

VISIT_RESULT = (
    "Đã tiếp và nhận đơn, hẹn trả lời theo quy định",
    "Đã giải thích quy định của pháp luật",
    "Đã hướng dẫn gửi đơn đến cơ quan có thẩm quyền",
)


class Direction(IntEnum):
    """`don_thu_ket_qua_xu_ly.MaHuongXuLy`: 4 and 5 as in the product, the others as the sample's own list says."""

    GUIDE = 2
    ACCEPT = 4
    TRANSFER = 5
    FILE = 6
    RETURN = 7
    URGE = 8
    ANSWER = 9


HANDLING: dict[int, str] = {
    Direction.GUIDE: "Hướng dẫn gửi đơn đến cơ quan có thẩm quyền",
    Direction.ACCEPT: "Thụ lý giải quyết theo thẩm quyền",
    Direction.TRANSFER: "Chuyển đơn đến cơ quan có thẩm quyền giải quyết",
    Direction.FILE: "Xếp lưu đơn theo quy định",
    Direction.RETURN: "Trả lại đơn và hướng dẫn",
    Direction.URGE: "Đôn đốc cơ quan đã nhận đơn giải quyết",
    Direction.ANSWER: "Trả lời kiến nghị, phản ánh bằng văn bản",
}
"""What the clerk writes beside the direction."""

DIRECTIONS = {
    Type.COMPLAINT: (*[Direction.GUIDE] * 4, Direction.RETURN, Direction.FILE),
    Type.DENUNCIATION: (*[Direction.TRANSFER] * 3, Direction.FILE),
    Type.RECOMMENDATION: (*[Direction.TRANSFER] * 4, *[Direction.ANSWER] * 2, Direction.FILE),
}
"""How petitions outside the chairman's authority are handled, as weights. In 2023 a complaint was guided or returned,
anything else transferred: the choice between the two is of 01/7/2026."""
