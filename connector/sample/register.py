"""The good rows of one year: petitions and the visits that brought them (what became of them: steps).

Order of writing is order of time, so that keys rise with dates as in a real register. May import: book, people, shape,
words, the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from connector.sample.book import Book, Value
from connector.sample.people import respondent
from connector.sample.shape import LARGE_GROUP, Shape, Sizes, visit_sizes
from connector.sample.words import CONTENT, FIELDS, PREFIX, VISIT_RESULT, Type

YEAR = 2023
VISIT, FORWARDED = 21, 4
"""`NguonDonDen`: brought to a reception; sent on by another agency, with a letter."""

ORGANISATION, OFFICER = 20101, 10
"""The agency's number in the user directory, and that of the officer who enters everything."""

WITHDRAWN = -1
"""`Status` of a petition that its writer took back."""

PARTY_LEADERS = (11, 12)
"""`MaLanhDaoTiep` of the Party committee's secretary and standing member: invented numbers."""


@dataclass(slots=True, eq=False)
class Paper:
    """One petition on its way into the register. `persons` of a visit that brought it, else of the letter."""

    type: Type
    day: date
    persons: int = 1
    leader: int = 0
    brought: bool = False
    within: bool = False
    id: int = 0
    senders: tuple[int, ...] = ()

    @property
    def concealed(self) -> bool:
        """Whether it is, or may be, a denunciation."""
        return self.type.concealed


@dataclass(frozen=True, slots=True)
class Visit:
    """One sitting. `paper` is the petition that it brought or asked about."""

    day: date
    persons: int
    type: Type
    leader: int = 0
    paper: Paper | None = None


def write_register(book: Book, shape: Shape) -> list[Paper]:
    """Write one year's petitions and visits in the given shape; return the petitions, oldest first."""
    sizes = visit_sizes(shape, book.rng)
    papers = _papers(book, shape)
    _bring(book, shape, papers, sizes)
    papers.sort(key=lambda paper: paper.day)
    earlier: list[Paper] = []
    for paper in papers:
        _write_paper(book, paper, earlier)
        earlier.append(paper)
    visits = [Visit(paper.day, paper.persons, paper.type, paper.leader, paper) for paper in papers if paper.brought]
    visits += _plain_visits(book, shape, papers, sizes.others)
    for visit in sorted(visits, key=lambda visit: visit.day):
        write_visit(book, visit)
    return papers


def _day(book: Book, first: int, last: int) -> date:
    return date(YEAR, 1, 1) + timedelta(days=book.rng.randint(first, last))


def _papers(book: Book, shape: Shape) -> list[Paper]:
    """The petitions by type, those within authority dated early enough to be settled within the year."""
    counts = (
        (Type.COMPLAINT, shape.complaints, shape.within_complaints),
        (Type.DENUNCIATION, shape.denunciations, shape.within_denunciations),
        (Type.RECOMMENDATION, shape.recommendations, 0),
    )
    return [
        Paper(type_, _day(book, 2, 120 if number < within else 330), within=number < within)
        for type_, count, within in counts
        for number in range(count)
    ]


def _bring(book: Book, shape: Shape, papers: list[Paper], sizes: Sizes) -> None:
    """Let `linked` petitions be brought by a visit: all groups' and Party leaders' visits, then as many others.

    Takes the sizes it uses out of `sizes.others`. Groups and leaders' visits bring no denunciation."""
    free = [paper for paper in papers if not paper.within]
    book.rng.shuffle(free)
    calm = [paper for paper in free if paper.type is not Type.DENUNCIATION]
    for number, size in enumerate(sizes.groups + sizes.party):
        paper = calm.pop()
        free.remove(paper)
        paper.persons, paper.brought = size, True
        paper.leader = PARTY_LEADERS[number % 2] if number >= len(sizes.groups) else 0
    for _ in range(shape.linked - len(sizes.groups) - len(sizes.party)):
        paper = free.pop()
        paper.persons, paper.brought = sizes.others.pop(), True


def _plain_visits(book: Book, shape: Shape, papers: list[Paper], sizes: list[int]) -> list[Visit]:
    """The visits that brought no petition: some come back about one, some were never classified."""
    brought = [paper for paper in papers if paper.brought and paper.persons < LARGE_GROUP and not paper.leader]
    visits = []
    for number, size in enumerate(sizes):
        if number < shape.repeat:
            paper = brought[number * len(brought) // shape.repeat]
            visits.append(Visit(paper.day + timedelta(days=book.rng.randint(5, 20)), size, paper.type, paper=paper))
        elif number < shape.repeat + shape.unclassified:
            visits.append(Visit(_day(book, 2, 350), size, Type.UNKNOWN))
        else:
            type_ = book.rng.choice((Type.COMPLAINT, Type.RECOMMENDATION, Type.RECOMMENDATION, Type.DENUNCIATION))
            visits.append(Visit(_day(book, 2, 350), size, type_))
    return visits


# -- one petition --------------------------------------------------------------------------------------------------


def _write_paper(book: Book, paper: Paper, earlier: list[Paper]) -> None:
    posted = not paper.brought and not paper.within
    anonymous = posted and paper.type is Type.DENUNCIATION and book.chance(0.35)
    organisation = posted and paper.type is Type.RECOMMENDATION and book.chance(0.06)
    row = petition_row(book, paper.type, paper.day) | {
        "LoaiNguoiDiKNTC": 3 if organisation else 2 if paper.persons >= LARGE_GROUP else 1,
        "SoNguoiDiKNTC": 0 if anonymous else paper.persons,
        "DonNacDanh": int(anonymous),
        "DonKhongDuDieuKienXL": int(anonymous or (not paper.within and book.chance(0.05))),
        "Status": 1 if paper.within else WITHDRAWN if book.chance(0.01) else 0,
    }
    if organisation:
        name = f"Hợp tác xã Mẫu {book.rng.randint(1, 40)}"
        row |= {"TenCoQuanDiKNTC": name, "DiaChiCoQuanDiKNTC": "Ấp 2, Xã Mẫu Hai"}
    paper.id = book.add("don_thu", row | _history(book, paper, earlier))
    if not organisation:
        paper.senders = _senders(book, paper, earlier, anonymous=anonymous)
        for sender in paper.senders:
            book.add("don_thu_nguoi_dai_dien", {"IdDonThu": paper.id, "IdDoiTuongDiKNTC": sender})
    write_beside(book, paper)


def _history(book: Book, paper: Paper, earlier: list[Paper]) -> dict[str, Value]:
    """What some petitions have besides: an earlier paper on the same matter, a first settlement, a lawyer."""
    row: dict[str, Value] = {}
    if earlier and not paper.within and book.chance(0.04):
        row |= {"GanVuViec": str(book.rng.choice(earlier).id), "Status": 2}
    if paper.type is Type.COMPLAINT and not paper.within and book.chance(0.2):
        row |= _prior_settlement(book, paper.day)
    if paper.type is Type.COMPLAINT and book.chance(0.05):
        row |= {"LoaiNguoiUyQuyen": 1, "IdDoiTuongUyQuyen": book.add_lawyer()}
    return row


def petition_row(book: Book, type_: Type, day: date) -> dict[str, Value]:
    """Return a sound `don_thu` row of one person, ready to insert; writes the person complained of, if any."""
    concealed = type_.concealed
    clock = f"{book.rng.randint(7, 16):02}:{book.rng.randint(0, 59):02}:00"
    agency = type_ is Type.COMPLAINT and book.chance(0.6)
    return {
        "IdDoiTuongBiKNTC": _accused(book, type_, agency=agency),
        "IdDoiTuongUyQuyen": 0,
        "NoiDungDonThu": book.text(book.rng.choice(CONTENT[type_]), concealed=concealed),
        "ThamQuyenGiaiQuyet": "H",
        "LoaiDonThu": int(type_),
        "NgayNhanDon": f"{day} 00:00:00",
        "NgayNhapDon": f"{day} {clock}",
        "LoaiNguoiDiKNTC": 1,
        "SoNguoiDiKNTC": 1,
        "SoNguoiDaiDien": 1,
        "LoaiNguoiBiKNTC": 2 if agency else 1,
        "UserNhapDon": OFFICER,
        "DonNacDanh": 0,
        "DonKhongDuDieuKienXL": 0,
        "Status": 0,
    }


def _accused(book: Book, type_: Type, *, agency: bool) -> int:
    if type_ is Type.RECOMMENDATION:
        return 0
    if agency:
        row: dict[str, Value] = {
            "HoTen": "",
            "TenCoQuan": "UBND huyện Mẫu",
            "MaTinhCoQuan": "811",
            "MaHuyenCoQuan": "81101",
        }
        return book.add("don_thu_doi_tuong_bi_kntc", row)
    name, position = respondent(book.rng)
    accused = book.text(name, concealed=type_.concealed)
    row = {"HoTen": accused, "ChucVu": book.text(position, concealed=type_.concealed), "MaTinh": "811"}
    return book.add("don_thu_doi_tuong_bi_kntc", row)


def _prior_settlement(book: Book, day: date) -> dict[str, Value]:
    issued = day - timedelta(days=book.rng.randint(30, 200))
    return {
        "MaCoQuanDaGiaiQuyet": "H811.12",
        "SoKyHieuVanBanGiaiQuyet": f"{book.rng.randint(1, 400)}/QĐ-MAU",
        "LanGiaiQuyet": 1,
        "NgayBanHanhQDGQ": f"{issued} 00:00:00",
        "LoaiQuyetDinhGiaiQuyet": 1,
        "TomTatNoiDungGiaiQuyet": "Quyết định giải quyết lần đầu không chấp nhận khiếu nại",
    }


def _senders(book: Book, paper: Paper, earlier: list[Paper], *, anonymous: bool) -> tuple[int, ...]:
    """A crowd enters its representatives only; some petitioners have written before and their person row is shared."""
    if anonymous:
        return (book.add_nobody(),)
    known = [sender for past in earlier[-40:] if not past.concealed for sender in past.senders]
    if known and not paper.concealed and paper.persons == 1 and book.chance(0.05):
        return (book.rng.choice(known),)
    entered = paper.persons if paper.persons < LARGE_GROUP else 2
    return tuple(book.add_person(concealed=paper.concealed) for _ in range(entered))


def write_beside(book: Book, paper: Paper, codes: tuple[str, ...] = ()) -> None:
    """Write what every registered petition has: its classification, its routing row, and for some an attachment.

    `codes` are the classification rows to write; empty: as fits its type."""
    for code in codes or _classification(book, paper.type):
        book.add("don_thu_linh_vuc", {"IdDonThu": paper.id, "IdLinhVuc": code})
    source = VISIT if paper.brought else book.rng.choice((1, 1, 1, FORWARDED, FORWARDED, 20, 23))
    letter: dict[str, Value] = {}
    if source == FORWARDED:
        number = book.text(f"{book.rng.randint(1, 900)}/CV-MAU", concealed=paper.concealed)
        letter = {
            "MaCoQuanChuyenDen": "H811.05",
            "SoVanBanDen": number,
            "NgayPhatHanhVanBan": f"{paper.day:%d/%m/%Y}",
        }
    routing: dict[str, Value] = {
        "NguonDonDen": source,
        "OrgChuyen": ORGANISATION,
        "OrgNhan": ORGANISATION,
        "IdDonThu": paper.id,
    }
    book.add("don_thu_thong_tin_don_thu", {**routing, **letter, "NgayNhan": str(paper.day)})
    if book.chance(0.15):
        names = {
            column: book.text(text, concealed=paper.concealed)
            for column, text in (
                ("TenHoSo", "Đơn viết tay"),
                ("NoiDungTomTat", "Bản chụp"),
                ("TenFileDinhKem", "don.pdf"),
            )
        }
        book.add("don_thu_ho_so_dinh_kem", {"IdDonThu": paper.id, "LoaiHoSo": 1, **names})


def _classification(book: Book, type_: Type) -> tuple[str, ...]:
    """The leaf code, and for every third petition the root beside it: the product keeps the path that was clicked."""
    if type_ not in FIELDS:
        return ()
    leaf = book.rng.choice(FIELDS[type_])
    return (leaf, PREFIX[type_]) if book.chance(0.33) else (leaf,)


# -- one visit -----------------------------------------------------------------------------------------------------


def write_visit(book: Book, visit: Visit) -> int:
    """Write one row of the reception register with its persons; return its key.

    Dates are typed by hand there: yyyy-mm-dd, dd/mm/yyyy, or with a time of day."""
    concealed = visit.type.concealed
    day = book.rng.choice((str(visit.day), f"{visit.day:%d/%m/%Y}", f"{visit.day} 00:00:00"))
    key = book.add(
        "so_tiep_cong_dan",
        {
            "IdDonThu": visit.paper.id if visit.paper else book.rng.choice((0, None)),
            "MaLanhDaoTiep": visit.leader,
            "UyQuyen": 0,
            "TiepDinhKy": int(bool(visit.leader)),
            "LoaiNguoiDiKNTC": 2 if visit.persons >= LARGE_GROUP else 1,
            "SoNguoiDiKNTC": visit.persons,
            "SoNguoiDaiDien": min(visit.persons, 2),
            "NoiDungTiepCongDan": book.text(book.rng.choice(CONTENT[visit.type]), concealed=concealed),
            "KetQuaTiepCongDan": book.text(book.rng.choice(VISIT_RESULT), concealed=concealed),
            "NgayTiepCongDan": day,
            "UserTCD": OFFICER,
        },
    )
    if not visit.paper and visit.type in FIELDS:
        code = book.rng.choice(FIELDS[visit.type])
        book.add("so_tiep_cong_dan_linh_vuc", {"IdSoTiepCongDan": key, "IdLinhVuc": code})
    # fewer may come back than had signed: never more citizens than persons
    senders = visit.paper.senders[: visit.persons] if visit.paper else (book.add_person(concealed=concealed),)
    for citizen in senders:
        book.add("so_tiep_cong_dan_nguoi_dai_dien", {"IdSoTiepCongDan": key, "IdDoiTuongDiKNTC": citizen})
    return key
