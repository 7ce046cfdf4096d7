"""Rows on top of the good year, all dated 2024: the bad ones, one draft, one state secret.

One bad row has no date, which is what is bad about it: the visit. It is no visit of 2023 either.
Each flaw is bad for exactly one reason and is otherwise sound; none of them has children, so none casts a shadow.
May import: book, register, steps, words, core.model, the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from connector.core.model import Kind
from connector.sample.book import Book, Value
from connector.sample.register import Paper, Visit, petition_row, write_beside, write_visit
from connector.sample.steps import Ends, write_decision, write_enforcement, write_handling
from connector.sample.words import Direction, Type

DAY = date(2024, 3, 15)
NOWHERE = 999_999
"""A petition number that no row has."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One bad row: kind and key, the rule that finds it, where (`table.column`), and why in words.

    `rule` is that of the one Problem; `parent_missing` is no Problem but the cause of the quarantine."""

    kind: Kind
    key: int
    rule: str
    column: str
    why: str


def write_flaws(book: Book, ends: Ends) -> tuple[Flaw, ...]:
    """Write the nine bad rows; return them by kind."""
    return (_undated_visit(book), *_petitions(book), *_steps(book, ends))


def write_marked(book: Book) -> None:
    """Write a draft and a state secret, each with a handling that must share its fate."""
    draft = write_petition(book, Type.RECOMMENDATION)
    write_handling(book, draft, DAY, Direction.FILE, Type.RECOMMENDATION)
    book.add("bo_sung", {"IdDonThu": draft, "BanNhap": 1, "DoMat": 0})
    secret = write_petition(book, Type.DENUNCIATION)
    write_handling(book, secret, DAY, Direction.TRANSFER, Type.DENUNCIATION)
    book.add("bo_sung", {"IdDonThu": secret, "BanNhap": 0, "DoMat": 2})


def write_petition(
    book: Book, type_: Type, changed: dict[str, Value] | None = None, codes: tuple[str, ...] = ()
) -> int:
    """Write one petition of 2024 with one petitioner; return its key. `changed` columns replace the sound ones."""
    paper = Paper(type_, DAY)
    paper.id = book.add("don_thu", petition_row(book, type_, DAY) | (changed or {}))
    sender = book.add_person(concealed=paper.concealed)
    book.add("don_thu_nguoi_dai_dien", {"IdDonThu": paper.id, "IdDoiTuongDiKNTC": sender})
    write_beside(book, paper, codes)
    return paper.id


def _undated_visit(book: Book) -> Flaw:
    key = write_visit(book, Visit(DAY, 1, Type.RECOMMENDATION))
    book.connection.execute("UPDATE so_tiep_cong_dan SET NgayTiepCongDan = '' WHERE IdSoTiepCongDan = ?", (key,))
    return Flaw(Kind.RECEPTION, key, "E-DOC-REQUIRED", "so_tiep_cong_dan.NgayTiepCongDan", "no date")


def _petitions(book: Book) -> tuple[Flaw, ...]:
    field = write_petition(book, Type.COMPLAINT, codes=("KX.07",))
    day = write_petition(book, Type.RECOMMENDATION, {"NgayNhanDon": "31/02/2024"})
    type_ = write_petition(book, Type.UNKNOWN, {"LoaiDonThu": 9})
    content = write_petition(book, Type.RECOMMENDATION, {"NoiDungDonThu": "  "})
    kind = Kind.PETITION
    return (
        Flaw(kind, field, "E-MAP-CODE", "don_thu_linh_vuc.IdLinhVuc", "a field code that no list has"),
        Flaw(kind, day, "E-MAP-DATE", "don_thu.NgayNhanDon", "an impossible date, 31 February"),
        Flaw(kind, type_, "E-MAP-CODE", "don_thu.LoaiDonThu", "an unknown petition type"),
        Flaw(kind, content, "E-DOC-CONTENT", "don_thu.NoiDungDonThu", "no content, and nothing concealed"),
    )


def _steps(book: Book, ends: Ends) -> tuple[Flaw, ...]:
    # mended, it is transferred: which is not done with a complaint
    calm = [paper for paper in ends.unhandled if paper.type is Type.RECOMMENDATION]
    open_, undecided = (calm or ends.unhandled)[0], ends.undecided[0]
    direction = write_handling(book, open_.id, DAY, 99, open_.type)
    orphan = write_handling(book, NOWHERE, DAY, Direction.TRANSFER, Type.UNKNOWN)
    decision = write_decision(book, undecided.id, DAY, undecided.type, money=True)
    enforcement = write_enforcement(book, ends.unenforced[0], DAY, money=False, done=True)
    book.connection.execute(
        "UPDATE don_thu_quyet_dinh_giai_quyet SET TraLaiTien = -5000000 WHERE IdQuyetDinhGiaiQuyet = ?",
        (decision,),
    )
    book.connection.execute(
        "UPDATE don_thu_thi_hanh_giai_quyet SET SoTienNopPhat = 'khoảng 20 triệu' WHERE IDThiHanhGiaiQuyet = ?",
        (enforcement,),
    )
    handled, settled = "don_thu_ket_qua_xu_ly", "don_thu_quyet_dinh_giai_quyet"
    fine = "don_thu_thi_hanh_giai_quyet.SoTienNopPhat"
    return (
        Flaw(Kind.HANDLING, direction, "E-MAP-CODE", f"{handled}.MaHuongXuLy", "an unknown handling direction"),
        Flaw(Kind.HANDLING, orphan, "parent_missing", f"{handled}.IDDonThu", "its petition does not exist"),
        Flaw(Kind.DECISION, decision, "E-DOC-RANGE", f"{settled}.TraLaiTien", "a negative amount"),
        Flaw(Kind.ENFORCEMENT, enforcement, "E-MAP-NUMBER", fine, "an amount in words"),
    )
