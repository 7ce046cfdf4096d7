"""What became of the petitions: handling, acceptance, decision, enforcement.

May import: book, people, register, shape, words, the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from connector.sample.book import Book, Value
from connector.sample.people import officer, respondent
from connector.sample.register import ORGANISATION, Paper
from connector.sample.shape import Shape
from connector.sample.words import DIRECTIONS, HANDLING, Direction, Type

RECEIVERS = ("H811.05", "H811.06", "H811.12", "H811.31", "H811.41")
"""Agencies to which petitions are transferred or guided, of several groups."""

SENT_ON = (Direction.GUIDE, Direction.TRANSFER, Direction.RETURN)


@dataclass(frozen=True, slots=True)
class Ends:
    """Where good cases stopped, so that a flaw can be hung on a sound parent."""

    unhandled: tuple[Paper, ...]
    undecided: tuple[Paper, ...]
    unenforced: tuple[int, ...]


def write_steps(book: Book, shape: Shape, papers: list[Paper]) -> Ends:
    """Write what became of the petitions: those within authority are settled, most others leave with one handling."""
    others = [paper for paper in papers if not paper.within]
    unhandled = book.rng.sample(others, shape.unprocessed)
    skipped = {paper.id for paper in unhandled}
    for paper in others:
        if paper.id not in skipped:
            direction = book.rng.choice(DIRECTIONS[paper.type])
            write_handling(book, paper.id, paper.day + timedelta(days=book.rng.randint(1, 10)), direction, paper.type)
            if direction is Direction.TRANSFER and book.chance(0.05):
                write_handling(book, paper.id, paper.day + timedelta(days=25), Direction.URGE, paper.type)
    within = [paper for paper in papers if paper.within]
    within.sort(key=lambda paper: (paper.type is not Type.DENUNCIATION, paper.day))
    decided, unenforced = within[: shape.decisions], []
    for paper in within:
        write_handling(book, paper.id, paper.day + timedelta(days=5), Direction.ACCEPT, paper.type)
        write_acceptance(book, paper.id, paper.day + timedelta(days=10), paper.type)
    for number, paper in enumerate(decided):
        money = paper.type is Type.COMPLAINT and number % 3 > 0
        decision = write_decision(book, paper.id, paper.day + timedelta(days=50), paper.type, money=money)
        if number < shape.enforcements:
            day = paper.day + timedelta(days=100)
            write_enforcement(book, decision, day, money=money, done=number % 2 == 0)
        else:
            unenforced.append(decision)
    return Ends(tuple(unhandled), tuple(within[shape.decisions :]), tuple(unenforced))


def write_handling(book: Book, petition: int, day: date, direction: int, type_: Type) -> int:
    """Write one processing result; return its key. `direction` is `MaHuongXuLy`."""
    concealed = type_.concealed
    summary = book.text(HANDLING.get(direction, "Hướng xử lý khác"), concealed=concealed)
    return book.add(
        "don_thu_ket_qua_xu_ly",
        {
            "TomTatNoiDungXL": summary,
            "NoiDungXuLy": summary,
            "NgayXuLy": str(day),
            "CanBoXuLy": book.text(officer(book.rng), concealed=concealed),
            "CanBoDuyetKQXL": book.text(officer(book.rng), concealed=concealed),
            "MaHuongXuLy": int(direction),
            "MaCQXL": "H811",
            "MaCQXLTiep": book.rng.choice(RECEIVERS) if direction in SENT_ON else None,
            "IDDonThu": petition,
            "NgayTao": f"{day} 09:00:00",
            "OrgTao": ORGANISATION,
        },
    )


def write_acceptance(book: Book, petition: int, day: date, type_: Type) -> int:
    """Write one acceptance (thụ lý) with its deadline of 60 days; return its key."""
    approver = book.text(officer(book.rng), concealed=type_ is Type.DENUNCIATION)
    row: dict[str, Value] = {
        "MaCoQuanThuLy": str(ORGANISATION),
        "NgayThuLy": str(day),
        "HanGiaiQuyet": str(day + timedelta(days=60)),
    }
    row |= {"CanBoDuyet": approver, "IdDonThu": petition, "NgayTao": f"{day} 09:00:00"}
    return book.add("don_thu_quyet_dinh_thu_ly", row)


def write_decision(book: Book, petition: int, day: date, type_: Type, *, money: bool) -> int:
    """Write one settlement; return its key. `money`: 120 million đồng and 85 m² go back to the citizen."""
    concealed = type_ is Type.DENUNCIATION
    result = book.rng.choice((3, 5)) if concealed else book.rng.choice((1, 2)) if money else 6
    row: dict[str, Value] = {
        "IDCoQuanBanHanh": "H811",
        "NgayBanHanh": str(day),
        "TomTatNoiDung": book.text("Giải quyết theo quy định của pháp luật", concealed=concealed),
        "IDKetQuaGiaiQuyet": result,
        "IDHinhThucGiaiQuyet": 2 if concealed else 1,
        "QuyenKhoiKien": int(not concealed),
        "IdDonThu": petition,
        "OrgTao": ORGANISATION,
        "NgayTao": f"{day} 15:00:00",
    }
    if money:
        row |= {"TraLaiTien": 120_000_000, "TraLaiDatO": 85, "SoNguoiDuocTraQuyenLoi": 1}
    key = book.add("don_thu_quyet_dinh_giai_quyet", row)
    if concealed:
        name, position = respondent(book.rng)
        handled = {
            "TenDoiTuong": book.text(name, concealed=True),
            "ChucVu": position,
            "HinhThucXuLy": "Khiển trách",
        }
        book.add(
            "don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc",
            {**handled, "CaNhan": 1, "IdQuyetDinhGiaiQuyet": key},
        )
    return key


def write_enforcement(book: Book, decision: int, day: date, *, money: bool, done: bool) -> int:
    """Write what has been carried out of a decision; return its key. `money`: all of what it orders back, or half."""
    row: dict[str, Value] = {"NgayCapNhat": str(day), "MaCoQuanThiHanh": "H811.12", "OrgTao": 20112}
    row |= {"IDQuyetDinhGiaiQuyet": decision, "NgayTao": f"{day} 10:00:00"}
    if money:
        row |= {"TraLaiTien": 120_000_000 if done else 60_000_000, "TraLaiDatO": 85 if done else 0}
    else:
        row |= {"SoNguoiBiXuLy": 1}
    return book.add("don_thu_thi_hanh_giai_quyet", row)
