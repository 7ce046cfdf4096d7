"""The software of Bến Tre: of 5,000 rows each one is delivered, left out by name, or held back for the reason it has.

The whole way is gone from the SQLite twin; the system's own structure on a real MariaDB must come to the same ends with
the same documents. What is expected is counted by SQL over the source, without the mapping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from connector.core.model import KINDS, Kind
from connector.sample.agency import TABLES
from connector.sandbox import Sandbox
from tests.servers import database
from tests.systems.bentre_rows import OTHER, copied, realities
from tests.systems.proof import (
    ROOM,
    account,
    asked,
    documents,
    national_counts,
    national_documents,
    prove_everything,
    same,
    working,
)
from tests.world import AGENCY, credentials, install, source_path

SEED = 7

CAUSES = (
    (Kind.RECEPTION, "impossible day of a visit", 6, "E-MAP-DATE so_tiep_cong_dan.NgayTiepCongDan"),
    (Kind.RECEPTION, "no day of a visit", 4, "E-DOC-REQUIRED so_tiep_cong_dan.NgayTiepCongDan"),
    (Kind.RECEPTION, "zero day of a visit", 3, "E-DOC-REQUIRED so_tiep_cong_dan.NgayTiepCongDan"),
    (Kind.RECEPTION, "unknown leader", 3, "E-MAP-CODE so_tiep_cong_dan.MaLanhDaoTiep"),
    (Kind.RECEPTION, "visit to another agency", 15, "excluded: other_agency"),
    (Kind.PETITION, "of another agency", 40, "excluded: other_agency"),
    (Kind.PETITION, "draft", 12, "excluded: draft"),
    (Kind.PETITION, "secret", 9, "secret"),
    (Kind.PETITION, "type khác", 5, "E-MAP-CODE don_thu.LoaiDonThu"),
    (Kind.PETITION, "no type", 4, "E-DOC-REQUIRED don_thu.LoaiDonThu"),
    (Kind.PETITION, "zero day of receipt", 5, "E-DOC-REQUIRED don_thu.NgayNhanDon"),
    (Kind.PETITION, "blank content", 3, "E-DOC-CONTENT don_thu.NoiDungDonThu"),
    (Kind.PETITION, "long content", 2, "E-DOC-LENGTH don_thu.NoiDungDonThu"),
    (Kind.PETITION, "unknown field", 6, "E-MAP-CODE don_thu_linh_vuc.IdLinhVuc"),
    (Kind.PETITION, "source of another product", 4, "E-MAP-CODE don_thu_thong_tin_don_thu.NguonDonDen"),
    (Kind.PETITION, "impossible day of a letter", 3, "E-MAP-DATE don_thu_thong_tin_don_thu.NgayPhatHanhVanBan"),
    (Kind.PETITION, "card issued on no day", 5, "E-MAP-DATE don_thu_doi_tuong_di_kntc.NgayCapSoDinhDanh"),
    (Kind.HANDLING, "unknown direction", 5, "E-MAP-CODE don_thu_ket_qua_xu_ly.MaHuongXuLy"),
    (Kind.HANDLING, "transfer to no known group", 3, "E-MAP-CODE don_thu_ket_qua_xu_ly.MaCQXLTiep"),
    (Kind.HANDLING, "zero day of handling", 2, "E-DOC-REQUIRED don_thu_ket_qua_xu_ly.NgayXuLy"),
    (Kind.HANDLING, "deleted, its steps left behind", 4, "parent_missing"),
    (Kind.DECISION, "result of the other type", 3, "E-MAP-CODE don_thu_quyet_dinh_giai_quyet.IDKetQuaGiaiQuyet"),
    (Kind.DECISION, "negative amount", 1, "E-DOC-RANGE don_thu_quyet_dinh_giai_quyet.TraLaiTien"),
    (Kind.DECISION, "unknown form", 1, "E-MAP-CODE don_thu_quyet_dinh_giai_quyet.IDHinhThucGiaiQuyet"),
    (Kind.ENFORCEMENT, "decision deleted, its enforcement left behind", 2, "excluded: no_decision"),
)
"""What keeps a row from being sent: kind, reality, so many rows, the end to which they come. The handlings here stand
by the number of their petition, which has no other one, the enforcements by that of their decision."""

AS_GOOD_AS_ANY = {
    "handed on": 30, "handed to us": 20, "marked as sent by an older connector": 50, "several contents": 7,
    "zero time of entry": 8, "case of nowhere": 5, "case by a number of the register": 5,
    "complaint filed under denunciations too": 6,
    "anonymous in capitals": 5, "anonymous, decomposed": 5, "name like the anonymous one": 5, "decomposed name": 5,
    "name with blanks": 5, "no name": 5, "anonymous without a person": 5, "crowd of whom two are entered": 6,
    "several sanctions": 2, "accepted twice, without a deadline": 3,
}  # fmt: skip
"""What happens in life and keeps nothing from being sent: reality, so many rows."""


@dataclass(frozen=True, slots=True)
class Way:
    """What the whole way has shown: the source, its struck rows, and the ends, here and there."""

    path: Path
    engine: Engine
    suffers: dict[str, tuple[int, ...]]
    before: Counter[tuple[Kind, str]]
    documents: dict[tuple[str, str], bytes]
    after: Counter[tuple[Kind, str]]
    national: dict[tuple[str, str], dict[str, Any]]
    counts: Counter[tuple[str, str]]

    def of(self, *names: str) -> str:
        """The struck keys of these realities, as SQL has a list."""
        return ", ".join(str(key) for name in names for key in self.suffers[name]) or "-1"

    def count(self, sql: str) -> int:
        """The one number that a query over the source gives."""
        return int(asked(self.engine, sql)[0][0])


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("bentre")
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    path = source_path(folder)
    suffers = realities(path, SEED)
    engine = create_engine(f"sqlite:///{path}")
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        with working(install(folder, sandbox.base_url, collect=ROOM)) as app:
            for _ in app.collect(AGENCY):
                pass
            before, found = account(app), documents(app)
            for _ in app.deliver(AGENCY):
                pass
            prove_everything(app, sandbox)
            after = account(app)
        national, counts = national_documents(sandbox), national_counts(sandbox)
    yield Way(path, engine, suffers, before, found, after, national, counts)
    engine.dispose()


def kept_back(kind: Kind) -> list[str]:
    return [name for kind_, name, _, _ in CAUSES if kind_ is kind]


def test_the_generator_gives_what_the_table_says(way: Way) -> None:
    expected = {name: rows for _, name, rows, _ in CAUSES} | AS_GOOD_AS_ANY
    same({name: len(keys) for name, keys in way.suffers.items()}, expected)
    assert sum(way.count(f"SELECT COUNT(*) FROM {table}") for table in TABLES.values()) > 5_000


def test_every_row_comes_to_the_end_that_the_table_of_causes_says(way: Way) -> None:
    ends: Counter[tuple[Kind, str]] = Counter()
    for kind, _, rows, end in CAUSES:
        ends[kind, end] += rows
    ends.update(of_those_below(way))
    for kind in KINDS:
        every = way.count(f"SELECT COUNT(*) FROM {TABLES[kind]}")
        ends[kind, "delivered"] = every - sum(rows for (kind_, _), rows in ends.items() if kind_ is kind)
    same(way.after, ends)


def of_those_below(way: Way) -> Counter[tuple[Kind, str]]:
    """What hangs on a row that is not sent: it goes with what is left out, and waits for what is held back."""
    handled = "SELECT COUNT(*) FROM don_thu_ket_qua_xu_ly WHERE IDDonThu IN ({})".format
    left_out = ("of another agency", "draft", "secret", "type khác")
    held_back = [name for name in kept_back(Kind.PETITION) if name not in left_out]
    ends = Counter({
        (Kind.HANDLING, "excluded: other_agency"): way.count(handled(way.of("of another agency"))),
        (Kind.HANDLING, "excluded: draft"): way.count(handled(way.of("draft"))),
        (Kind.HANDLING, "secret"): way.count(handled(way.of("secret"))),
        (Kind.HANDLING, "E-MAP-CODE don_thu.LoaiDonThu"): way.count(handled(way.of("type khác"))),
        (Kind.HANDLING, "waits for petition quarantined"): way.count(handled(way.of(*held_back))),
        (Kind.PETITION, "waits for reception quarantined"): len(waiting(way)),
        (Kind.HANDLING, "waits for petition pending"): way.count(handled(listed(waiting(way)))),
        (Kind.ENFORCEMENT, "waits for decision quarantined"): way.count(
            "SELECT COUNT(*) FROM don_thu_thi_hanh_giai_quyet"
            f" WHERE IDQuyetDinhGiaiQuyet IN ({way.of(*kept_back(Kind.DECISION))})"
        ),
    })  # fmt: skip
    assert ends[Kind.HANDLING, "excluded: other_agency"] == way.count(
        f"SELECT COUNT(*) FROM don_thu_ket_qua_xu_ly WHERE OrgTao = {OTHER}"
    )
    assert all(ends.values()), ends  # every sort of waiting happens
    return ends


def waiting(way: Way) -> list[int]:
    """The petitions that were brought to a visit which is held back."""
    visits = way.of(*kept_back(Kind.RECEPTION))
    sql = f"""SELECT d.IdDonThu FROM don_thu d JOIN so_tiep_cong_dan s ON s.IdDonThu = d.IdDonThu
        WHERE s.IdSoTiepCongDan IN ({visits})"""
    return [row[0] for row in asked(way.engine, sql)]


def listed(keys: Iterable[int]) -> str:
    return ", ".join(map(str, keys)) or "-1"


def test_the_national_side_holds_of_each_kind_and_type_what_the_source_has(way: Way) -> None:
    petitions = f"{way.of(*kept_back(Kind.PETITION))}, {listed(waiting(way))}"
    handlings, decisions = way.of(*kept_back(Kind.HANDLING)), way.of(*kept_back(Kind.DECISION))
    receptions = way.of(*kept_back(Kind.RECEPTION))
    directly = {
        Kind.RECEPTION: f"""SELECT CASE WHEN d.IdDonThu IS NOT NULL THEN d.LoaiDonThu
            ELSE (SELECT CASE SUBSTR(MIN(l.IdLinhVuc), 1, 2) WHEN 'KN' THEN 1 WHEN 'TC' THEN 2 WHEN 'PA' THEN 3 END
                  FROM so_tiep_cong_dan_linh_vuc l WHERE l.IdSoTiepCongDan = s.IdSoTiepCongDan) END, COUNT(*)
            FROM so_tiep_cong_dan s LEFT JOIN don_thu d ON d.IdDonThu = s.IdDonThu
            WHERE s.IdSoTiepCongDan NOT IN ({receptions}) GROUP BY 1""",
        Kind.PETITION: f"SELECT LoaiDonThu, COUNT(*) FROM don_thu WHERE IdDonThu NOT IN ({petitions}) GROUP BY 1",
        Kind.HANDLING: f"""SELECT d.LoaiDonThu, COUNT(*) FROM don_thu_ket_qua_xu_ly k
            JOIN don_thu d ON d.IdDonThu = k.IDDonThu WHERE d.IdDonThu NOT IN ({petitions}, {handlings}) GROUP BY 1""",
        Kind.ACCEPTANCE: """SELECT d.LoaiDonThu, COUNT(*) FROM don_thu_quyet_dinh_thu_ly q
            JOIN don_thu d ON d.IdDonThu = q.IdDonThu GROUP BY 1""",
        Kind.DECISION: f"""SELECT d.LoaiDonThu, COUNT(*) FROM don_thu_quyet_dinh_giai_quyet q
            JOIN don_thu d ON d.IdDonThu = q.IdDonThu WHERE q.IdQuyetDinhGiaiQuyet NOT IN ({decisions}) GROUP BY 1""",
        Kind.ENFORCEMENT: f"""SELECT d.LoaiDonThu, COUNT(*) FROM don_thu_thi_hanh_giai_quyet e
            JOIN don_thu_quyet_dinh_giai_quyet q ON q.IdQuyetDinhGiaiQuyet = e.IDQuyetDinhGiaiQuyet
            JOIN don_thu d ON d.IdDonThu = q.IdDonThu WHERE q.IdQuyetDinhGiaiQuyet NOT IN ({decisions}) GROUP BY 1""",
    }
    names = {1: "complaint", 2: "denunciation", 3: "recommendation_feedback", 4: "multiple_contents", None: ""}
    same(
        way.counts,
        {(kind, names[type_]): rows for kind, sql in directly.items() for type_, rows in asked(way.engine, sql)},
    )


def test_no_visit_moves_to_another_day(way: Way) -> None:
    """Days are typed in three ways, some with midnight behind them: local midnight is the day before in UTC."""
    typed = dict(asked(way.engine, "SELECT IdSoTiepCongDan, NgayTiepCongDan FROM so_tiep_cong_dan"))
    held = {int(key[7:]): body["held_on"] for (kind, key), body in way.national.items() if kind == Kind.RECEPTION}
    assert sum(typed[key].endswith("00:00:00") for key in held) > 200
    for key, day in held.items():
        parts = typed[key][:10].split("/")
        assert "-".join(reversed(parts)) == day


def test_a_flag_that_says_the_opposite_is_turned_round(way: Way) -> None:
    kept = ", ".join(key[7:] for kind, key in way.national if kind == Kind.HANDLING)
    sql = f"""SELECT 1 - d.DonKhongDuDieuKienXL, COUNT(*) FROM don_thu_ket_qua_xu_ly k
        JOIN don_thu d ON d.IdDonThu = k.IDDonThu WHERE k.IDKetQua IN ({kept}) GROUP BY 1"""
    eligible = Counter(body["eligible"] for (kind, _), body in way.national.items() if kind == Kind.HANDLING)
    same(eligible, {bool(flag): rows for flag, rows in asked(way.engine, sql)})
    assert min(eligible.values()) > 50


@pytest.fixture
def petitioners(way: Way) -> Callable[[str], list[dict[str, Any]]]:
    def of(name: str) -> list[dict[str, Any]]:
        bodies = [way.national["petition", f"bentre:{key}"] for key in way.suffers[name]]
        return [person for body in bodies for person in body["petitioners"]]

    return of


def test_names_and_their_absence_arrive_as_they_are_meant(
    petitioners: Callable[[str], list[dict[str, Any]]],
) -> None:
    for name in ("anonymous in capitals", "anonymous, decomposed", "anonymous without a person"):
        people = petitioners(name)
        assert (len(people), {person["disclosure"] for person in people}) == (5, {"anonymous"}), name
        assert not any("full_name" in person for person in people), name
    for name, written in (
        ("name like the anonymous one", "Đôn Nắc Danh"),
        ("decomposed name", "Nguyễn Thị Mẫu Hường"),
        ("name with blanks", "TRẦN VĂN MẪU"),
    ):
        assert {(person["disclosure"], person["full_name"]) for person in petitioners(name)} == {("named", written)}
    assert not any("disclosure" in person or "full_name" in person for person in petitioners("no name"))


def test_a_complaint_that_may_be_a_denunciation_too_is_concealed(way: Way) -> None:
    for name in ("complaint filed under denunciations too", "several contents"):
        for key in way.suffers[name]:
            assert "content" not in way.national["petition", f"bentre:{key}"], name


def test_no_case_is_made_of_what_is_no_number_of_a_petition(way: Way) -> None:
    for name in ("case of nowhere", "case by a number of the register"):
        for key in way.suffers[name]:
            assert "case_ref" not in way.national["petition", f"bentre:{key}"], name
    assert sum("case_ref" in body for body in way.national.values()) > 20


def test_the_same_rows_on_a_mariadb_come_to_the_same_ends_with_the_same_documents(way: Way, tmp_path: Path) -> None:
    with database("mariadb", tmp_path) as source:
        copied(way.path, source)
        config = install(tmp_path, "http://127.0.0.1:9", source=source.url, collect=ROOM)
        with working(config) as app:
            for _ in app.collect(AGENCY):
                pass
            same(account(app), way.before)
            found = documents(app)
    assert found.keys() == way.documents.keys()
    assert [key for key in found if found[key] != way.documents[key]] == []
