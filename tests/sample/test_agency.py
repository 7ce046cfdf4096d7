"""The sample agency's database: its counts by SQL, its repeatability, its marks and its edits."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connector.core.model import Kind
from connector.sample.agency import SampleCounts, build
from connector.sample.edits import delete, edit_content, mark_secret, mend
from connector.sample.shape import YEAR_2023, scaled, visit_sizes

SEED = 20231231
CANARY = "CHIMYEN7788"

IN_2023 = "(NgayTiepCongDan LIKE '2023-%' OR NgayTiepCongDan LIKE '%/2023')"


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SampleCounts]:
    path = tmp_path_factory.mktemp("agency") / "agency.db"
    counts = build(path, SEED)
    print(f"seed {counts.seed}")  # noqa: T201 - shown when a test fails
    return path, counts


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, SampleCounts]:
    path = tmp_path / "agency.db"
    return path, build(path, SEED)


def ask(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def dump(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as connection:
        yield from connection.iterdump()


def test_the_year_2023_has_the_visits_and_persons_of_the_review(agency: tuple[Path, SampleCounts]) -> None:
    path, _ = agency
    table = f"FROM so_tiep_cong_dan WHERE {IN_2023}"
    assert ask(path, f"SELECT COUNT(*), SUM(SoNguoiDiKNTC) {table}") == [(332, 534)]
    assert ask(path, f"SELECT COUNT(*) {table} AND SoNguoiDiKNTC >= 5 AND LoaiNguoiDiKNTC = 2") == [(12,)]
    assert ask(path, f"SELECT COUNT(*) {table} AND (SoNguoiDiKNTC >= 5) <> (LoaiNguoiDiKNTC = 2)") == [(0,)]


def test_party_leaders_held_four_visits_with_ten_persons_about_four_cases(
    agency: tuple[Path, SampleCounts],
) -> None:
    path, _ = agency
    sql = "SELECT COUNT(*), SUM(SoNguoiDiKNTC), COUNT(DISTINCT IdDonThu), MAX(SoNguoiDiKNTC) < 5 FROM so_tiep_cong_dan"
    assert ask(path, f"{sql} WHERE MaLanhDaoTiep > 0 AND {IN_2023}") == [(4, 10, 4, 1)]


def test_the_year_2023_has_the_petitions_of_the_review_by_type(agency: tuple[Path, SampleCounts]) -> None:
    path, _ = agency
    sql = "SELECT LoaiDonThu, COUNT(*) FROM don_thu WHERE NgayNhanDon LIKE '2023-%' GROUP BY 1 ORDER BY 1"
    assert ask(path, sql) == [(1, 201), (2, 50), (3, 449)]


def test_thirteen_petitions_are_within_authority_and_go_through_all_steps(
    agency: tuple[Path, SampleCounts],
) -> None:
    path, _ = agency
    accepted = """SELECT d.LoaiDonThu, COUNT(*) FROM don_thu d
        WHERE EXISTS (SELECT 1 FROM don_thu_ket_qua_xu_ly k WHERE k.IDDonThu = d.IdDonThu AND k.MaHuongXuLy = 4)
          AND EXISTS (SELECT 1 FROM don_thu_quyet_dinh_thu_ly t WHERE t.IdDonThu = d.IdDonThu) GROUP BY 1 ORDER BY 1"""
    assert ask(path, accepted) == [(1, 12), (2, 1)]
    assert ask(path, "SELECT COUNT(*) FROM don_thu_ket_qua_xu_ly WHERE MaHuongXuLy = 4") == [(13,)]
    decided = "SELECT COUNT(DISTINCT IdDonThu) FROM don_thu_quyet_dinh_giai_quyet WHERE NgayBanHanh LIKE '2023-%'"
    assert ask(path, decided) == [(11,)]
    assert ask(path, "SELECT COUNT(*) FROM don_thu_thi_hanh_giai_quyet WHERE NgayCapNhat LIKE '2023-%'") == [(6,)]


def test_ten_petitions_of_the_year_are_not_yet_processed(agency: tuple[Path, SampleCounts]) -> None:
    path, _ = agency
    sql = """SELECT COUNT(*) FROM don_thu d WHERE d.NgayNhanDon LIKE '2023-%' AND NOT EXISTS (
        SELECT 1 FROM don_thu_ket_qua_xu_ly k WHERE k.IDDonThu = d.IdDonThu AND k.NgayXuLy LIKE '2023-%')"""
    assert ask(path, sql) == [(10,)]


def test_every_flaw_the_draft_and_the_secret_are_dated_outside_2023(
    agency: tuple[Path, SampleCounts],
) -> None:
    path, counts = agency
    assert len(counts.flaws) == 9
    assert len({(flaw.kind, flaw.key) for flaw in counts.flaws}) == 9
    assert ask(path, "SELECT COUNT(*) FROM don_thu WHERE NgayNhanDon NOT LIKE '2023-%'") == [(6,)]
    assert ask(path, "SELECT SUM(BanNhap), SUM(DoMat > 0), COUNT(*) FROM bo_sung") == [(1, 1, 2)]
    marked = "SELECT COUNT(*) FROM don_thu_ket_qua_xu_ly k JOIN bo_sung b ON b.IdDonThu = k.IDDonThu"
    assert ask(path, marked) == [(2,)]


def test_the_counts_given_are_the_counts_on_disk(agency: tuple[Path, SampleCounts]) -> None:
    path, counts = agency
    assert counts.shape == YEAR_2023
    assert counts.records[Kind.PETITION] == 700 + 4 + 2
    assert ask(path, "SELECT COUNT(*) FROM don_thu_ket_qua_xu_ly") == [(counts.records[Kind.HANDLING],)]


def test_one_seed_builds_the_same_rows_twice_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", SEED), ("b", SEED), ("c", SEED + 1)):
        build(tmp_path / name, seed)
    assert list(dump(tmp_path / "a")) == list(dump(tmp_path / "b"))
    assert list(dump(tmp_path / "a")) != list(dump(tmp_path / "c"))


def test_a_canary_changes_no_count_and_no_petition_that_is_no_denunciation(tmp_path: Path) -> None:
    plain, planted = build(tmp_path / "a", SEED), build(tmp_path / "b", SEED, canary=CANARY)
    assert plain == planted
    clear = "SELECT COUNT(*) FROM don_thu WHERE LoaiDonThu IN (1, 3) AND NoiDungDonThu LIKE ?"
    assert ask(tmp_path / "b", clear, f"%{CANARY}%") == [(0,)]
    hidden = "SELECT COUNT(*) FROM don_thu WHERE LoaiDonThu = 2 AND NoiDungDonThu NOT LIKE ?"
    assert ask(tmp_path / "b", hidden, f"%{CANARY}%") == [(0,)]
    text = "\n".join(dump(tmp_path / "b"))
    assert text.count(CANARY) > 300


def test_no_generated_person_can_be_a_real_one(agency: tuple[Path, SampleCounts]) -> None:
    path, _ = agency
    sql = "SELECT HoTen, SoDinhDanhCaNhan, SoDienThoai FROM don_thu_doi_tuong_di_kntc WHERE NacDanh = 0"
    for name, number, phone in ask(path, sql):
        assert "mẫu" in name.lower()
        assert number.startswith("999")
        assert phone is None or phone.startswith("0000")


@pytest.mark.parametrize("petitions", [20, 57, 2000])
def test_a_scaled_agency_keeps_the_shape_and_has_no_flaw(tmp_path: Path, petitions: int) -> None:
    path = tmp_path / "agency.db"
    counts = build(path, SEED, petitions)
    assert counts.flaws == ()
    assert counts.records[Kind.PETITION] == petitions == counts.shape.petitions
    assert counts.records[Kind.RECEPTION] == counts.shape.receptions
    assert counts.records[Kind.ACCEPTANCE] == counts.shape.within
    assert counts.records[Kind.DECISION] == counts.shape.decisions
    assert all(counts.records[kind] >= 1 for kind in Kind)
    persons = ask(path, "SELECT SUM(SoNguoiDiKNTC) FROM so_tiep_cong_dan")
    assert persons == [(counts.shape.persons,)]


def test_every_scaled_shape_can_be_filled() -> None:
    for petitions in range(20, 1000):
        shape = scaled(petitions)
        sizes = visit_sizes(shape, Random(petitions))
        every = sizes.groups + sizes.party + sizes.others
        assert (sum(every), len(every)) == (shape.persons, shape.receptions)
        assert min(sizes.groups) >= 5 > max(sizes.party + sizes.others)


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "agency.db"
    path.write_text("somebody else's")
    with pytest.raises(FileExistsError):
        build(path, SEED)
    assert path.read_text() == "somebody else's"


def test_edits_change_what_they_name_and_nothing_else(own: tuple[Path, SampleCounts]) -> None:
    path, _ = own
    before = set(dump(path))
    edit_content(path, 5, "Nội dung mới")
    changed = set(dump(path)) - before
    assert len(changed) == 1
    delete(path, Kind.PETITION, 7)
    assert ask(path, "SELECT COUNT(*) FROM don_thu WHERE IdDonThu = 7") == [(0,)]
    mark_secret(path, 8)
    assert ask(path, "SELECT DoMat FROM bo_sung WHERE IdDonThu = 8") == [(1,)]
    with pytest.raises(KeyError):
        delete(path, Kind.PETITION, 7)


def test_each_flaw_can_be_mended_at_the_source(own: tuple[Path, SampleCounts]) -> None:
    path, counts = own
    for flaw in counts.flaws:
        before = list(dump(path))
        mend(path, flaw)
        after = list(dump(path))
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
