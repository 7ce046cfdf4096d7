"""Rows of a reception board's database: the shapes that were seen, and 5,000 more with every trouble of this system.

`rows(seed)` gives them by table. Each trouble of TROUBLES befalls a known number of petitions, and no petition two of
them, so that what becomes of them can be said in numbers. The same seed gives the same rows. All of it is invented.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]

NO_DAY = "0000-00-00"
PETITIONS, RECEPTIONS = 1_500, 500
FIRST = 101
"""Numbers of the generated petitions and visits begin here."""

ORPHANS = {"handled": 6, "empty": 4, "settled": 5, "unsettled": 3, "loose": 3}
"""Rows that a deleted petition left behind: in phanloaidonthu, in ketquagiaiquyet, and in tables below them."""

VISITS = {"no_day": 3, "secret": 4, "blank": 5}
LONG = 20_001
ANONYMOUS = ("ĐƠN NẶC DANH", "Đơn nặc danh", "đơn Nặc Danh")


def rows(seed: int) -> Tables:
    """Return all generated rows by table."""
    rng = random.Random(seed)
    numbers = list(range(FIRST, FIRST + PETITIONS))
    rng.shuffle(numbers)
    tables: Tables = {}
    troubles = [name for name, (count, _) in TROUBLES.items() for _ in range(count)]
    for at, number in enumerate(numbers):
        name = troubles[at] if at < len(troubles) else ""
        case = _case(rng, number, at, plain=not name)
        if name:
            TROUBLES[name][1](case)
        _add(tables, case)
    _add(tables, _orphans())
    for at in range(RECEPTIONS):
        _add(tables, _visit(rng, FIRST + at, at))
    return tables


def _add(tables: Tables, more: Tables) -> None:
    for table, found in more.items():
        tables.setdefault(table, []).extend(found)


# --- a petition with what was made together with it


def _case(rng: random.Random, number: int, at: int, *, plain: bool) -> Tables:
    """A sound petition of 2018 or 2021. A plain one may be handled, settled, withdrawn; another is accepted."""
    day = f"{rng.choice((2018, 2019, 2021))}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    type_ = rng.choices(("1", "2", "3", "4"), (45, 15, 5, 35))[0]
    case: Tables = {
        "donthu": [_petition(rng, number, day)],
        "phanloaidonthu": [_classified(number, type_, rng.choice(("", "1", "2", "3", "5", "6", "7", "8", "9")), "1")],
        "theodoidonthu": [{"donthuid": number, "ngayquyetdinhxuly": day, "tomtatxuly": "Tóm tắt xử lý"}],
        "ketquagiaiquyet": [_settled(number, NO_DAY)],
        "thongtinrutdonthu": [{"donthuid": number, "ngaynhan": NO_DAY, "ngaytrendon": NO_DAY}],
    }
    if type_ == "1":
        case["donthu"][0]["lankhieunai"] = rng.choice(("Lần 1", "Lần 2", "", "0"))
    if plain:
        _work(rng, case, at, day)
    return case


def _petition(rng: random.Random, number: int, day: str) -> Row:
    of_2021 = day >= "2021"
    source = rng.choice(("1", "4", "20", "21", "23")) if of_2021 else rng.choice(("dodan", "dodan", "dodan", "donvi"))
    letter = source in ("4", "donvi")
    return {
        "donthuid": number, "sothuly": f"{number}/{day[:4]}", "ngayviet": rng.choice((NO_DAY, day)), "ngaynhan": day,
        "nguondon": source, "songuoi": rng.choice((1, 2)) if of_2021 else rng.choice((0, 1)),
        "tennguoivietdon": f"NGUYỄN THỊ MẪU {number}", "cmnd_hc": f"{number:012}" if number % 2 else f"{number:09}",
        "ngaycap": rng.choice((NO_DAY, "2016-05-05")), "noicap": "Cục CSQLHC", "sdt": f"09{number:08}",
        "diachinguoiviet": "Khu 1, xã Mẫu C", "lankhieunai": "", "doituongkhieunai": rng.choice(("UBND xã Mẫu C", "1",
        "2", "", "0")),
        "diachidoituongbikhieunai": "", "noidung": f"Nội dung đơn {number}", "vanban": rng.choice(("****",
        "a.doc****")),
        "socongvanden": f"{number}/CV" if letter else "", "ngaychuyendon": day if letter else NO_DAY,
        "coquanbanhanh": rng.choice(("1", "2", "Văn phòng UBND tỉnh")) if letter else "", "trangthaixuly": 1,
        "ketqua": 0,
        "donthulanmotid": 0, "thoihanxuly": rng.choice(("", "10")), "create_at": f"{day} 08:00:00", "nguoiLienQuan": "",
        "gioitinh": rng.choice((1, 2)) if of_2021 else None,
        "id_csdlqg": f"cu-{number}" if of_2021 and number % 7 == 0 else None,
    }  # fmt: skip


def _classified(number: int, type_: str, field: str, direction: str) -> Row:
    return {
        "donthuid": number, "loaidon": type_, "linhvuc": field, "diaban": "3", "huonggiaiquyet": direction,
        "dexuat": "Đề xuất",
        "nguoixuly": "7", "socongvanchuyendi": "", "donvichuyenden": "", "congvanchuyendon": "", "tbchuyendon": "",
        "thamquyen": 1,
    }  # fmt: skip


def _settled(number: int, day: str) -> Row:
    empty = day == NO_DAY
    return {
        "donthuid": number, "soquyetdinh": 0 if empty else number, "ngayquyetdinh": day, "tieude": "",
        "tomtatketqua": "" if empty else "<p>Chấp nhận&nbsp;một phần</p>", "vanbangiaiquyet": "" if empty else "qd.pdf",
        "thutien": "" if empty else "12.500.000", "tratien": "" if empty else "0", "thudat": "" if empty else "120m2",
        "tradat": "" if empty else "80,5 m2",
        "danhgiadonthu": "" if empty else str(1 + number % 3),
    }  # fmt: skip


def _work(rng: random.Random, case: Tables, at: int, day: str) -> None:
    """What the office did about a plain petition, by its place in the row: so it can be counted."""
    petition, classified, number = case["donthu"][0], case["phanloaidonthu"][0], case["donthu"][0]["donthuid"]
    direction = DIRECTIONS[at % len(DIRECTIONS)]
    classified["huonggiaiquyet"], classified["thamquyen"] = direction, rng.choice((0, 1, 2))
    if direction == "3":
        receiver = rng.choice(("1", "2", "3", "Văn phòng UBND tỉnh"))
        classified |= {
            "donvichuyenden": receiver,
            "socongvanchuyendi": f"{number}/BTCD",
            "congvanchuyendon": "cv.doc",
            "tbchuyendon": "tb.doc",
        }
    if at % SETTLED_EVERY == 1:
        petition["lankhieunai"] = petition["lankhieunai"].replace("2", "1")
        case["ketquagiaiquyet"] = [_settled(number, day)]
    if at % WITHDRAWN_EVERY == WITHDRAWN_EVERY - 1:
        petition["ketqua"] = 2
        case["thongtinrutdonthu"][0] |= {"ngaynhan": day, "ngaytrendon": day}
    case["nguoidaidien"] = [_person(number, f"LÊ VĂN MẪU {number}", at % 3 % 2) for _ in range(at % 3)]
    if at % 10 == 0:
        case["quanlyvanban"] = [
            {"donthuid": number, "tenvanban": "Biên bản", "linkfile": f"uploads/{number}/bb.pdf", "type": type_}
            for type_ in (0, 1)
        ]


DIRECTIONS = ("", "1", "2", "3", "4", "3", "5", "0")
SETTLED_EVERY, WITHDRAWN_EVERY = 4, 50


def _person(number: int, name: str, enable: int, phone: int | None = 912345678) -> Row:
    """enable 0: a draft."""
    role = "x" if enable else "o"
    return {
        "donthuid": number, "tennguoidaidien": name, "diachinguoidaidien": "Khu 2", "nguoidaidien": role,
        "cmt": f"{number:012}",
        "ngaycap": NO_DAY, "noicap": "CA Ph? Th?", "sdt": phone, "enable": enable,
    }  # fmt: skip


# --- troubles: how many petitions each befalls, and what it does to one


def _set(table: str, **values: Any) -> Callable[[Tables], None]:
    def change(case: Tables) -> None:
        case[table][0] |= values

    return change


def _both(*changes: Callable[[Tables], None]) -> Callable[[Tables], None]:
    def change(case: Tables) -> None:
        for each in changes:
            each(case)

    return change


def _unclassified(case: Tables) -> None:
    """As it was made: a row of which nobody has entered anything yet."""
    number = case["donthu"][0]["donthuid"]
    case["phanloaidonthu"] = [_classified(number, "", "", "") | {"dexuat": "", "thamquyen": 0, "diaban": ""}]
    case["theodoidonthu"][0]["ngayquyetdinhxuly"] = NO_DAY


def _without_rows(case: Tables) -> None:
    for table in ("phanloaidonthu", "theodoidonthu", "ketquagiaiquyet"):
        del case[table]


def _secret(case: Tables) -> None:
    number = case["donthu"][0]["donthuid"]
    case["ketquagiaiquyet"] = [_settled(number, "2018-05-05")]
    case["dau_mat"] = [{"bang": "donthu", "id": number, "do_mat": "Mật"}]


def _stands_twice(case: Tables) -> None:
    """Petitioner 1 entered again among the others."""
    petition = case["donthu"][0]
    again = _person(petition["donthuid"], petition["tennguoivietdon"], 1) | {"cmt": petition["cmnd_hc"]}
    case["nguoidaidien"] = [again, _person(petition["donthuid"], "TRẦN MẪU CÙNG", 1)]


def _settled_with(**values: Any) -> Callable[[Tables], None]:
    def change(case: Tables) -> None:
        number = case["donthu"][0]["donthuid"]
        case["ketquagiaiquyet"] = [_settled(number, "2018-05-05") | values]

    return change


_complaint = _set("phanloaidonthu", loaidon="1", linhvuc="2")
_first = _both(_complaint, _set("donthu", lankhieunai="Lần 1"))
_by_agency = _both(_complaint, _set("donthu", nguondon="donvi", socongvanden="9/CV"))
_by_citizen = _both(_complaint, _set("donthu", nguondon="dodan"))
_no_letter: Row = {"socongvanden": "", "ngaychuyendon": NO_DAY, "coquanbanhanh": ""}

TROUBLES: dict[str, tuple[int, Callable[[Tables], None]]] = {
    # the petition waits
    "type_5": (12, _set("phanloaidonthu", loaidon="5", linhvuc="2")),
    "unclassified": (40, _unclassified),
    "no_side_rows": (5, _without_rows),
    "field_4": (5, _both(_complaint, _set("phanloaidonthu", linhvuc="4"))),
    "field_10_to_12": (15, _both(_complaint, _set("phanloaidonthu", linhvuc="11"))),
    "accused_not_in_list": (9, _both(_complaint, _set("donthu", doituongkhieunai="77"))),
    "agency_not_in_list": (6, _both(_by_agency, _set("donthu", coquanbanhanh="88"))),
    "dodan_with_letter": (7, _both(_by_citizen, _set("donthu", socongvanden="7/CV", coquanbanhanh="1"))),
    "donvi_without_letter": (8, _both(_complaint, _set("donthu", nguondon="donvi", **_no_letter))),
    "source_22": (2, _both(_complaint, _set("donthu", nguondon="22", **_no_letter))),
    "third_instance": (3, _both(_complaint, _set("donthu", lankhieunai="Lần 3"))),
    "no_day": (4, _both(_complaint, _set("donthu", ngaynhan=NO_DAY))),
    "impossible_day": (3, _both(_complaint, _set("donthu", ngaynhan="2019-02-30"))),
    "long": (2, _both(_complaint, _set("donthu", noidung="dài " * (LONG // 4 + 1)))),
    "blank": (3, _both(_complaint, _set("donthu", noidung="  "))),
    "secret": (5, _secret),
    # the petition goes, and its handling waits
    "handled_without_day": (20, _set("theodoidonthu", ngayquyetdinhxuly=NO_DAY)),
    "authority_3": (2, _set("phanloaidonthu", thamquyen=3)),
    "receiver_not_in_list": (5, _set("phanloaidonthu", huonggiaiquyet="3", donvichuyenden="99")),
    "receiver_of_no_group": (4, _set("phanloaidonthu", huonggiaiquyet="3", donvichuyenden="4")),
    "direction_9": (2, _set("phanloaidonthu", huonggiaiquyet="9")),
    # the petition goes, and its decision waits
    "settled_without_day": (6, _both(_first, _settled_with(ngayquyetdinh=NO_DAY))),
    "land_in_two_readings": (3, _both(_first, _settled_with(thudat="1.200m2"))),
    "money_in_words": (2, _both(_first, _settled_with(thutien="hai triệu"))),
    "not_judged": (4, _both(_first, _settled_with(danhgiadonthu=""))),
    "judgement_4": (2, _both(_first, _settled_with(danhgiadonthu="4"))),
    "judged_at_second_instance": (8, _both(_complaint, _set("donthu", lankhieunai="Lần 2"), _settled_with())),
    # all of it goes, as the mapping says
    "anonymous": (30, lambda case: case["donthu"][0].update(
        tennguoivietdon=ANONYMOUS[case["donthu"][0]["donthuid"] % len(ANONYMOUS)], cmnd_hc="", diachinguoiviet="")),
    "name_like_the_anonymous_one": (5, _both(_complaint, _set("donthu", tennguoivietdon="Đôn Nắc Danh"))),
    "impossible_card_day": (11, _both(_complaint, _set("donthu", ngaycap="2010-02-30", noicap="CA Ph? Th?"))),
    "stands_twice": (13, _both(_complaint, _stands_twice)),
    "five_files": (14, _both(_complaint, _set("donthu", vanban="a.doc*b.pdf**d.jpg*e.doc"))),
    "phone_too_great": (4, _both(_complaint, lambda case: case.update(
        nguoidaidien=[_person(case["donthu"][0]["donthuid"], "TRẦN MẪU SỐ", 1, 2147483647)]))),
    "second_of_complaint": (9, _both(_complaint, _set("donthu", lankhieunai="Lần 2", donthulanmotid=1))),
    "second_of_denunciation": (3, _both(_complaint, _set("donthu", lankhieunai="Lần 2", donthulanmotid=2))),
    "complaint_in_field_of_denunciations": (6, _set("phanloaidonthu", loaidon="1", linhvuc="5")),
}  # fmt: skip


# --- what has no petition


def _orphans() -> Tables:
    numbers = iter(range(9_001, 9_100))
    handled = [_classified(next(numbers), "1", "2", "1") for _ in range(ORPHANS["handled"])]
    empty = [_classified(next(numbers), "", "", "") for _ in range(ORPHANS["empty"])]
    settled = [_settled(next(numbers), "2018-05-05") for _ in range(ORPHANS["settled"])]
    unsettled = [_settled(next(numbers), NO_DAY) for _ in range(ORPHANS["unsettled"])]
    loose = [next(numbers) for _ in range(ORPHANS["loose"])]
    return {
        "phanloaidonthu": handled + empty,
        "ketquagiaiquyet": settled + unsettled,
        "nguoidaidien": [_person(number, "LÊ MẪU MỒ CÔI", 1) for number in loose],
        "quanlyvanban": [{"donthuid": number, "tenvanban": "x", "linkfile": "x.pdf", "type": 1} for number in loose],
        "thongtinrutdonthu": [
            {"donthuid": number, "ngaynhan": "2018-05-05", "ngaytrendon": NO_DAY} for number in loose
        ],
        "congdankhac": [_citizen(number, 1) for number in loose],
        "donthu_clone": [{"donthuid": 1, "noidung": "bản sao"}],
        "users": [{"id": 1, "username": "mau", "password": "khong-duoc-doc"}],
    }


# --- visits


def _visit(rng: random.Random, number: int, at: int) -> Tables:
    no_day, secret, blank = (sum(list(VISITS.values())[: place + 1]) for place in range(len(VISITS)))
    day = f"{rng.choice((2018, 2021))}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    visit = {
        "tiepdanid": number, "sothuly": f"{number % 40}/2018", "ngaytiep": NO_DAY if at < no_day else day, "lantiep": 1,
        "lanhdao": "Ông Mẫu Một, Bà Mẫu Hai", "chucvu": "Chủ tịch, Phó Chánh thanh tra",
        "congdan": f"TRẦN MẪU {number}",
        "diachi": "xã Mẫu C", "chuthe": 1, "loaihinh": rng.randint(0, 3), "hinhthuc": rng.randint(0, 3), "linhvuc": 2,
        "diaban": 3,
        "noidung": "" if secret <= at < blank else "Trình bày", "ketquagiaiquyet": "Đã giải thích", "sdt": 912345678,
        "cmt": f"{number:012}", "ngaycap": NO_DAY, "noicap": "", "chutri": "Ông Mẫu Một", "chucvuchutri": "Chủ tịch",
        "gioitinh": 1,
    }  # fmt: skip
    made: Tables = {"ketquatiepdan": [visit], "congdankhac": [_citizen(number, enable) for enable in range(at % 3)]}
    if no_day <= at < secret:
        made["dau_mat"] = [{"bang": "ketquatiepdan", "id": number, "do_mat": "Mật"}]
    return made


def _citizen(number: int, enable: int) -> Row:
    return {
        "tiepdanid": number, "tencongdan": f"PHẠM MẪU {number}", "diachi": "", "ngaycap": NO_DAY, "noicap": "",
        "sdt": None, "cmt": "", "enable": enable,
    }  # fmt: skip
