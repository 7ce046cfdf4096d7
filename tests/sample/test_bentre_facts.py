"""What single rows of the Bến Tre software become: what a column says is sent, what none says is not guessed."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.core.mapping import CompiledMapping
from connector.core.model import Kind
from connector.resources import shipped
from connector.sample.agency import write_mapping
from tests.sample.sweeping import AGENCY, Swept, changed, compiled, opened, shipped_sql, sweep

OTHER = "H99.02"

Row = dict[str, Any]


class Agency:
    """A database with a directory of two agencies: 20101 and 20105 are AGENCY's organisations, 20112 is OTHER's."""

    def __init__(self, path: Path, mapping: CompiledMapping) -> None:
        self.path, self.mapping = path, mapping
        changed_by_script(path, "bentre.sql", "lists.sql")
        for organisation, code, national in (
            (20101, AGENCY, "H811"), (20105, AGENCY, "H811.05"), (20112, OTHER, "H811.12"),
        ):  # fmt: skip
            row = {"OrganizationId": organisation, "MaCoQuan": code, "MaLienThong": national}
            self.add("danh_ba_to_chuc", row)
            self.add("danh_ba_can_bo", {"UserId": organisation % 100, "OrganizationId": organisation})

    def add(self, table: str, row: Row) -> None:
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        changed(self.path, f"INSERT INTO {table} ({names}) VALUES ({marks})", *row.values())

    def petition(self, id_: int = 1, *, organisation: int = 20101, routing: Row | None = None, **columns: Any) -> None:
        row = {"LoaiDonThu": 1, "NoiDungDonThu": "Nội dung", "NgayNhanDon": "2023-02-01", "LoaiNguoiDiKNTC": 1}
        self.add("don_thu", {"IdDonThu": id_, **row, **columns})
        receipt = {"OrgChuyen": organisation, "OrgNhan": organisation, "IdDonThu": id_}
        self.add("don_thu_thong_tin_don_thu", receipt | (routing or {}))

    def person(self, id_: int, table: str = "don_thu_nguoi_dai_dien", **columns: Any) -> None:
        self.add("don_thu_doi_tuong_di_kntc", {"IdDoiTuongDiKNTC": id_, **columns})
        changed(self.path, f"INSERT INTO {table} VALUES (1, ?)", id_)

    def visit(self, id_: int = 1, code: str = "PA.04", **columns: Any) -> None:
        row = {"NoiDungTiepCongDan": "Nội dung", "NgayTiepCongDan": "2023-03-01", "UserTCD": 1, "TiepDinhKy": 0}
        self.add("so_tiep_cong_dan", {"IdSoTiepCongDan": id_, **row, **columns})
        self.add("so_tiep_cong_dan_linh_vuc", {"IdSoTiepCongDan": id_, "IdLinhVuc": code})

    def handling(self, direction: int, **columns: Any) -> None:
        row = {"NgayXuLy": "2023-02-05", "IDDonThu": 1, "OrgTao": 20101}
        self.add("don_thu_ket_qua_xu_ly", {**row, "MaHuongXuLy": direction, **columns})

    def acceptance(self, organisation: int = 20101, **columns: Any) -> None:
        row = {"NgayThuLy": "2023-02-10", "IdDonThu": 1, "MaCoQuanThuLy": str(organisation)}
        self.add("don_thu_quyet_dinh_thu_ly", row | columns)

    def decision(self, result: int | None = 2, **columns: Any) -> None:
        row = {"NgayBanHanh": "2023-04-01", "IdDonThu": 1, "OrgTao": 20101, "IDKetQuaGiaiQuyet": result}
        self.add("don_thu_quyet_dinh_giai_quyet", row | columns)

    def enforcement(self, **columns: Any) -> None:
        row = {"IDQuyetDinhGiaiQuyet": 1, "NgayCapNhat": "2023-05-01"}
        self.add("don_thu_thi_hanh_giai_quyet", row | columns)

    def swept(self, agency: str = AGENCY) -> Swept:
        return sweep(self.path, self.mapping, agency)

    def sent(self, kind: Kind, agency: str = AGENCY) -> dict[str, Any]:
        """The one document of the kind; nothing may be wrong."""
        swept = self.swept(agency)
        assert swept.problems == {}
        (body,) = swept.of(kind)
        return body

    def wrong(self, kind: Kind) -> list[tuple[str, str]]:
        """Rules and columns of what is wrong with the one record of the kind."""
        swept = self.swept()
        assert swept.of(kind) == []
        (problems,) = (found for (kind_, _), found in swept.problems.items() if kind_ is kind)
        return [(problem.rule, problem.column) for problem in problems]


def changed_by_script(path: Path, *names: str) -> None:
    connection = opened(path)
    for name in names:
        connection.executescript(shipped_sql(name).read_text("utf-8"))
    connection.close()


@pytest.fixture(scope="module")
def own_mapping(tmp_path_factory: pytest.TempPathFactory) -> CompiledMapping:
    return compiled(write_mapping(tmp_path_factory.mktemp("mapping") / "bentre"))


@pytest.fixture(scope="module")
def shipped_mapping() -> CompiledMapping:
    return compiled(shipped("mappings", "bentre"))


@pytest.fixture
def agency(tmp_path: Path, own_mapping: CompiledMapping) -> Agency:
    return Agency(tmp_path / "agency.db", own_mapping)


@pytest.fixture
def bare(tmp_path: Path, shipped_mapping: CompiledMapping) -> Agency:
    """The same database under the mapping as it is shipped, its code maps not completed."""
    return Agency(tmp_path / "bare.db", shipped_mapping)


# --- code lists


@pytest.mark.parametrize(
    ("number", "source"),
    [(1, "post"), (4, "agency_transfer"), (20, "online"), (21, "reception"), (23, "other")],
)
def test_a_source_is_what_national_list_5_says(bare: Agency, number: int, source: str) -> None:
    bare.petition(routing={"NguonDonDen": number})
    assert bare.sent(Kind.PETITION)["source"] == source


@pytest.mark.parametrize("number", [2, 22, 26, 28])
def test_a_number_of_another_product_is_no_source(bare: Agency, number: int) -> None:
    bare.petition(routing={"NguonDonDen": number})
    assert bare.wrong(Kind.PETITION) == [("E-MAP-CODE", "don_thu_thong_tin_don_thu.NguonDonDen")]


@pytest.mark.parametrize("direction", [2, 3, 6, 7, 8, 9])
def test_a_direction_whose_meaning_is_unknown_waits_for_the_installation(bare: Agency, direction: int) -> None:
    bare.petition()
    bare.handling(direction)
    assert bare.wrong(Kind.HANDLING) == [("E-MAP-CODE", "don_thu_ket_qua_xu_ly.MaHuongXuLy")]


def test_a_leader_and_a_form_of_settlement_are_known_only_to_the_installation(bare: Agency) -> None:
    bare.petition()
    bare.visit(MaLanhDaoTiep=11)
    bare.decision(IDHinhThucGiaiQuyet=1)
    assert bare.wrong(Kind.RECEPTION) == [("E-MAP-CODE", "so_tiep_cong_dan.MaLanhDaoTiep")]
    assert bare.wrong(Kind.DECISION) == [("E-MAP-CODE", "don_thu_quyet_dinh_giai_quyet.IDHinhThucGiaiQuyet")]


@pytest.mark.parametrize("mapping", ["bare", "agency"])
@pytest.mark.parametrize("code", ["KN", "KN.01", "KN.01.01"])
def test_a_branch_says_no_field(request: pytest.FixtureRequest, mapping: str, code: str) -> None:
    database: Agency = request.getfixturevalue(mapping)
    database.petition()
    database.add("don_thu_linh_vuc", {"IdDonThu": 1, "IdLinhVuc": code})
    body = database.sent(Kind.PETITION)
    assert ("field" in body, body["legacy_field_path"]) == (False, [code])


@pytest.mark.parametrize("mapping", ["bare", "agency"])
@pytest.mark.parametrize("code", ["KN.01.07", "KN.01.01.07", "KN.01.01.01.02"])
def test_an_unknown_leaf_is_not_the_branch_above_it(request: pytest.FixtureRequest, mapping: str, code: str) -> None:
    database: Agency = request.getfixturevalue(mapping)
    database.petition()
    database.add("don_thu_linh_vuc", {"IdDonThu": 1, "IdLinhVuc": code})
    assert database.wrong(Kind.PETITION) == [("E-MAP-CODE", "don_thu_linh_vuc.IdLinhVuc")]


# --- instance, kind of decision, result


@pytest.mark.parametrize(
    ("columns", "instance"),
    [
        ({}, "complaint_first"),
        ({"LanGiaiQuyet": 1}, "complaint_first"),
        ({"LanGiaiQuyet": 2}, None),
        ({"LanGiaiQuyet": 2, "MaCoQuanDaGiaiQuyet": " "}, None),
        ({"SoKyHieuVanBanGiaiQuyet": "5/QĐ"}, None),
        ({"LoaiQuyetDinhGiaiQuyet": 1}, None),
        ({"LanGiaiQuyet": 1, "MaCoQuanDaGiaiQuyet": "H811.12"}, "complaint_second"),
        ({"LanGiaiQuyet": 2, "MaCoQuanDaGiaiQuyet": "H811.12"}, None),
        ({"LanGiaiQuyet": 0, "MaCoQuanDaGiaiQuyet": "H811.12"}, None),
        ({"MaCoQuanDaGiaiQuyet": "H811.12"}, None),
        ({"LoaiDonThu": 3, "LanGiaiQuyet": 2}, "not_applicable"),
    ],
)
def test_an_instance_is_sent_only_if_no_column_contradicts_it(
    agency: Agency, columns: Row, instance: str | None
) -> None:
    agency.petition(**columns)
    agency.acceptance()
    assert agency.sent(Kind.PETITION).get("instance") == instance
    assert agency.sent(Kind.ACCEPTANCE).get("instance") == instance


def test_a_decision_whose_kind_cannot_be_known_waits_for_one_reason(agency: Agency) -> None:
    agency.petition(LanGiaiQuyet=2)
    agency.decision()
    assert agency.wrong(Kind.DECISION) == [("E-MAP-CODE", "don_thu.LanGiaiQuyet")]


@pytest.mark.parametrize("result", [1, 2, 6])
def test_a_second_instance_never_gets_a_result_of_the_first(bare: Agency, result: int) -> None:
    bare.petition(LanGiaiQuyet=1, MaCoQuanDaGiaiQuyet="H811.12")
    bare.decision(result)
    assert bare.wrong(Kind.DECISION) == [("E-MAP-CODE", "don_thu_quyet_dinh_giai_quyet.IDKetQuaGiaiQuyet")]


def test_a_second_instance_upholds_or_changes_the_first(agency: Agency) -> None:
    agency.petition(LanGiaiQuyet=1, MaCoQuanDaGiaiQuyet="H811.12")
    agency.decision(9)
    body = agency.sent(Kind.DECISION)
    assert (body["kind"], body["result"]) == ("kn_second", "first_upheld")


@pytest.mark.parametrize(("lan", "kind"), [(None, "tc_conclusion"), (1, "tc_continued_conclusion")])
def test_a_knowingly_false_denunciation_is_so_in_every_instance(bare: Agency, lan: int | None, kind: str) -> None:
    bare.petition(LoaiDonThu=2, LanGiaiQuyet=lan, MaCoQuanDaGiaiQuyet="H811.12" if lan else None)
    bare.decision(7)
    body = bare.sent(Kind.DECISION)
    assert (body["kind"], body["result"], body["knowingly_false"]) == (kind, "incorrect", True)


@pytest.mark.parametrize("result", [None, 0])
def test_a_reply_to_a_recommendation_has_answered_it(bare: Agency, result: int | None) -> None:
    bare.petition(LoaiDonThu=3)
    bare.decision(result)
    body = bare.sent(Kind.DECISION)
    assert (body["kind"], body["result"]) == ("knpa_reply", "answered")


def test_a_reply_with_a_result_of_complaints_is_reported(bare: Agency) -> None:
    bare.petition(LoaiDonThu=3)
    bare.decision(2)
    assert bare.wrong(Kind.DECISION) == [("E-MAP-CODE", "don_thu_quyet_dinh_giai_quyet.IDKetQuaGiaiQuyet")]


# --- enforcement


@pytest.mark.parametrize(
    ("ordered", "rows", "statuses"),
    [
        ({}, [{}], [None]),
        ({}, [{"TraLaiTien": 5}], [None]),
        ({"TraLaiTien": 100}, [{}], [None]),
        ({"TraLaiTien": 100}, [{"TraLaiTien": 0}], ["not_started"]),
        ({"TraLaiTien": 100}, [{"TraLaiTien": 100}], ["done"]),
        ({"TraLaiTien": 100, "TraLaiDatO": 5}, [{"TraLaiTien": 100}], [None]),
        ({"TraLaiTien": 100, "TraLaiDatO": 5}, [{"TraLaiTien": 100, "TraLaiDatO": 0}], ["in_progress"]),
        ({"TraLaiTien": 100, "TraLaiDatO": 5}, [{"TraLaiTien": 0}], [None]),
        ({"TraLaiTien": 100}, [{"TraLaiTien": 60}, {"TraLaiTien": 40}], ["in_progress", None]),
        ({"TraLaiTien": 100}, [{"TraLaiTien": 30}, {"TraLaiTien": 0}], ["in_progress", "in_progress"]),
        ({"TraLaiTien": 100, "SoNguoiChuyenDieuTra": 1}, [{"TraLaiTien": 100}], [None]),
    ],
)
def test_enforcement_has_a_status_only_where_the_amounts_prove_it(
    agency: Agency, ordered: Row, rows: list[Row], statuses: list[str | None]
) -> None:
    """Two rows of 60 and 40 of 100: all of it, if a row counts since the last; not, if it counts from the start."""
    agency.petition()
    agency.decision(**ordered)
    for row in rows:
        agency.enforcement(**row)
    swept = agency.swept()
    assert swept.problems == {}
    assert [body.get("status") for body in swept.of(Kind.ENFORCEMENT)] == statuses


def test_a_decision_that_orders_a_sanction_too_is_not_done_with_its_amounts(agency: Agency) -> None:
    agency.petition()
    agency.decision(TraLaiTien=100)
    sanction = {"TenDoiTuong": "Lê Mẫu", "CaNhan": 1, "IdQuyetDinhGiaiQuyet": 1}
    agency.add("don_thu_quyet_dinh_giai_quyet_doi_tuong_bi_xlhc", sanction)
    agency.enforcement(TraLaiTien=100)
    assert "status" not in agency.sent(Kind.ENFORCEMENT)


# --- persons


@pytest.mark.parametrize(("persons", "signatories"), [(1, "one"), (2, None), (4, None), (5, "many"), (0, None)])
def test_many_signatories_are_five_and_what_lies_between_is_neither(
    agency: Agency, persons: int, signatories: str | None
) -> None:
    agency.petition(SoNguoiDiKNTC=persons)
    assert agency.sent(Kind.PETITION).get("signatories") == signatories


def test_a_withdrawn_petition_says_so_and_another_says_nothing(agency: Agency) -> None:
    agency.petition(1, Status=-1)
    agency.petition(2, Status=0)
    withdrawn = [body.get("withdrawn") for body in agency.swept().of(Kind.PETITION)]
    assert withdrawn == [True, None]


def people(database: Agency) -> list[Row]:
    people_: list[Row] = database.sent(Kind.PETITION).get("petitioners", [])
    return people_


LITERAL = ("Đơn nặc danh", "ĐƠN NẶC DANH", "đơn nặc danh", " Đơn Nặc Danh ", "Ðơn nặc danh")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("name", LITERAL)
def test_an_anonymous_letter_by_its_literal_name_is_anonymous_and_no_person(
    agency: Agency, name: str, form: Any
) -> None:
    agency.petition()
    agency.person(1, HoTen=unicodedata.normalize(form, name), NacDanh=0)
    agency.visit()
    agency.person(2, "so_tiep_cong_dan_nguoi_dai_dien", HoTen=unicodedata.normalize(form, name))
    anonymous = [{"kind": "individual", "role": "petitioner", "disclosure": "anonymous"}]
    assert people(agency) == anonymous
    assert agency.sent(Kind.RECEPTION)["citizens"] == [{"role": "citizen", "disclosure": "anonymous"}]


@pytest.mark.parametrize("name", ["", "  ", None])
def test_an_empty_name_is_neither_named_nor_anonymous(agency: Agency, name: str | None) -> None:
    agency.petition()
    agency.person(1, HoTen=name, DiaChiChiTiet="Ấp 2")
    assert [person.get("disclosure") for person in people(agency)] == [None]


def test_a_name_like_the_literal_one_is_a_name(agency: Agency) -> None:
    agency.petition()
    agency.person(1, HoTen="Văn Ngọc Danh")
    assert [(p["full_name"], p["disclosure"]) for p in people(agency)] == [("Văn Ngọc Danh", "named")]


def test_an_anonymous_petition_without_a_person_row_stays_anonymous(agency: Agency) -> None:
    agency.petition(DonNacDanh=1)
    assert people(agency) == [{"kind": "individual", "role": "petitioner", "disclosure": "anonymous"}]


@pytest.mark.parametrize(("flag", "disclosure"), [(0, "named"), (1, "anonymous")])
def test_an_organisation_is_named_unless_the_petition_is_anonymous(agency: Agency, flag: int, disclosure: str) -> None:
    agency.petition(LoaiNguoiDiKNTC=3, TenCoQuanDiKNTC="Hợp tác xã Mẫu", DonNacDanh=flag)
    assert [person["disclosure"] for person in people(agency)] == [disclosure]


@pytest.mark.parametrize("empty", ["", " ", None])
def test_an_empty_province_does_not_hide_the_district(agency: Agency, empty: str | None) -> None:
    agency.petition(IdDoiTuongBiKNTC=1, IdDoiTuongUyQuyen=1, LoaiNguoiBiKNTC=1, LoaiNguoiUyQuyen=1)
    place = {"MaTinh": empty, "MaHuyen": "81101", "MaQuocTich": "VN"}
    agency.person(1, HoTen="Trần Mẫu An", **place)
    office = {"TenCoQuan": "UBND", "MaTinhCoQuan": empty, "MaHuyenCoQuan": "81101"}
    agency.add("don_thu_doi_tuong_bi_kntc", {"HoTen": "Lê Mẫu Hai", **place, **office})
    agency.add("don_thu_doi_tuong_uy_quyen", {"HoTen": "Lý Mẫu Ba", **place})
    body = agency.sent(Kind.PETITION)
    address = {"scheme": "ttcp-2018", "district_code": "81101"}
    everybody = [*body["petitioners"], *body["respondents"], *body["representation"]["persons"]]
    assert [(person["address"], person["nationality_code"]) for person in everybody] == [(address, "VN")] * 3
    assert body["respondents"][0]["organisation"]["address"] == address


# --- receptions


def test_an_organisation_that_came_is_a_citizen_with_its_lawyer(agency: Agency) -> None:
    agency.add("don_thu_doi_tuong_uy_quyen", {"HoTen": "Lý Mẫu Ba", "MaTinh": "811"})
    who = {"TenCoQuanDiKNTC": "Hợp tác xã Mẫu", "DiaChiCoQuanDiKNTC": "Ấp 2"}
    agency.visit(LoaiNguoiDiKNTC=3, SoNguoiDiKNTC=2, LoaiNguoiUyQuyen=1, IdDoiTuongUyQuyen=1, **who)
    body = agency.sent(Kind.RECEPTION)
    organisation = {"name": "Hợp tác xã Mẫu", "address": {"line": "Ấp 2"}}
    assert body["citizens"] == [
        {"kind": "organisation", "role": "citizen", "disclosure": "named", "organisation": organisation}
    ]
    lawyer = {"role": "representative", "full_name": "Lý Mẫu Ba"}
    assert body["representation"] == {
        "kind": "lawyer",
        "persons": [{**lawyer, "address": {"scheme": "ttcp-2018", "province_code": "811"}}],
    }


@pytest.mark.parametrize(("persons", "large"), [(None, None), (0, None), (4, False), (5, True)])
def test_nobody_counted_is_no_small_group(agency: Agency, persons: int | None, large: bool | None) -> None:
    agency.visit(SoNguoiDiKNTC=persons)
    assert agency.sent(Kind.RECEPTION).get("is_large_group") is large


@pytest.mark.parametrize(
    ("columns", "mode", "by"),
    [
        ({"TiepDinhKy": 0}, "regular", "staff"),
        ({"TiepDinhKy": None}, None, None),
        ({"TiepDinhKy": 1}, "periodic_head", None),
        ({"TiepDinhKy": 1, "MaLanhDaoTiep": 1}, "periodic_head", "head"),
        ({"TiepDinhKy": 0, "MaLanhDaoTiep": 1}, "ad_hoc_head", "head"),
        ({"TiepDinhKy": None, "MaLanhDaoTiep": 1}, None, "head"),
        ({"TiepDinhKy": 1, "UyQuyen": 1}, "periodic_head", "delegate"),
        ({"TiepDinhKy": 0, "UyQuyen": 1}, None, "delegate"),
    ],
)
def test_how_and_by_whom_is_said_only_where_the_columns_say_it(
    agency: Agency, columns: Row, mode: str | None, by: str | None
) -> None:
    agency.visit(**columns)
    body = agency.sent(Kind.RECEPTION)
    assert (body.get("mode"), body.get("received_by")) == (mode, by)


@pytest.mark.parametrize("codes", [("KN.02", "TC.01"), ("TC.01", "KN.02")])
def test_a_petition_is_concealed_if_any_visit_about_it_is_a_denunciation(
    agency: Agency, codes: tuple[str, str]
) -> None:
    """Only the first visit counted: of two, a complaint and then a denunciation, the petition went out in clear."""
    agency.petition(NoiDungDonThu="chuyện không ai được biết")
    for number, code in enumerate(codes, 1):
        agency.visit(number, code, IdDonThu=1)
    petition = agency.sent(Kind.PETITION)
    assert "concealed" in petition
    assert "không ai" not in str(petition)


def test_free_text_is_no_classification_path(agency: Agency) -> None:
    """It leaves also with a denunciation, so it may hold codes and nothing else."""
    agency.petition()
    agency.add("don_thu_linh_vuc", {"IdDonThu": 1, "IdLinhVuc": "KN.02 Nguyễn"})
    assert "don_thu_linh_vuc.IdLinhVuc" in str(agency.wrong(Kind.PETITION))


def test_only_the_first_visit_received_the_petition(agency: Agency) -> None:
    agency.petition()
    agency.visit(1, "KN.02", IdDonThu=1)
    agency.visit(2, "KN.02", IdDonThu=1)
    first, second = agency.swept().of(Kind.RECEPTION)
    assert (first["petition_refs"], first["case_ref"]) == (["bentre:1"], "bentre:1")
    assert ("petition_refs" in second, second["case_ref"]) == (False, "bentre:1")


# --- agencies


def test_an_agency_that_no_list_has_is_sent_by_its_code(agency: Agency) -> None:
    letter = {"NguonDonDen": 4, "MaCoQuanChuyenDen": "H29.22"}
    prior = {"MaCoQuanDaGiaiQuyet": "H29.23", "LanGiaiQuyet": 1}
    agency.petition(routing=letter, **prior)
    agency.handling(2, MaCQXLTiep="H29.24")
    agency.decision(9, IDCoQuanBanHanh="H29.25")
    agency.enforcement(MaCoQuanThiHanh="H29.26")
    agency.visit(MaCoQuanDaGiaiQuyet="H29.27")
    petition = agency.sent(Kind.PETITION)
    assert petition["transferred_by"] == {"ndb_code": "H29.22"}
    assert petition["prior_settlements"][0]["agency"] == {"ndb_code": "H29.23"}
    assert agency.sent(Kind.HANDLING)["guidance"]["agency"] == {"ndb_code": "H29.24"}
    assert agency.sent(Kind.DECISION)["issuer_agency"] == {"ndb_code": "H29.25"}
    assert agency.sent(Kind.ENFORCEMENT)["enforcing_agency"] == {"ndb_code": "H29.26"}
    assert agency.sent(Kind.RECEPTION)["prior_agency"] == {"ndb_code": "H29.27"}


def test_a_number_of_the_directory_is_sent_as_the_code_it_has_there(agency: Agency) -> None:
    agency.petition(MaCoQuanDaGiaiQuyet="20112", LanGiaiQuyet=1)
    settled = agency.sent(Kind.PETITION)["prior_settlements"][0]
    assert settled["agency"] == {"ndb_code": "H811.12", "name": "UBND huyện Mẫu"}


@pytest.mark.parametrize("code", ["H29.22", "A01"])
def test_a_transfer_to_an_agency_of_no_known_group_waits(agency: Agency, code: str) -> None:
    agency.petition(LoaiDonThu=3)
    agency.handling(5, MaCQXLTiep=code)
    assert agency.wrong(Kind.HANDLING) == [("E-MAP-CODE", "don_thu_ket_qua_xu_ly.MaCQXLTiep")]


# --- whose rows


def everything(agency: Agency, organisation: int) -> None:
    agency.petition(organisation=organisation)
    agency.visit(UserTCD=organisation % 100, IdDonThu=1)
    agency.handling(4, OrgTao=organisation)
    agency.acceptance(organisation)
    agency.decision(OrgTao=organisation)
    agency.enforcement(OrgTao=20101)


@pytest.mark.parametrize(
    ("organisation", "owner", "stranger"), [(20101, AGENCY, OTHER), (20105, AGENCY, OTHER), (20112, OTHER, AGENCY)]
)
def test_a_record_is_sent_by_the_agency_whose_organisation_it_is_and_by_no_other(
    agency: Agency, organisation: int, owner: str, stranger: str
) -> None:
    everything(agency, organisation)
    owned, strange = agency.swept(owner), agency.swept(stranger)
    assert {kind for kind, _ in owned.documents} == set(Kind)
    assert (owned.unexplained, strange.unexplained, strange.documents, strange.problems) == (0, 0, {}, {})
    assert strange.excluded == {kind: {"other_agency": 1} for kind in Kind}


def test_what_belongs_to_no_known_organisation_is_unexplained_for_everybody(agency: Agency) -> None:
    everything(agency, 20999)
    for code in (AGENCY, OTHER):
        swept = agency.swept(code)
        assert (swept.documents, swept.unexplained) == ({}, len(Kind))


def test_an_enforcement_whose_decision_was_deleted_is_left_out_by_name(agency: Agency) -> None:
    """It may be about a state secret, and nobody can tell any more: it is not read."""
    agency.petition()
    agency.add("bo_sung", {"IdDonThu": 1, "DoMat": 1})
    agency.decision()
    agency.enforcement()
    changed(agency.path, "DELETE FROM don_thu_quyet_dinh_giai_quyet")
    for code in (AGENCY, OTHER):
        swept = agency.swept(code)
        assert (swept.of(Kind.ENFORCEMENT), swept.unexplained) == ([], 0)
        assert swept.excluded[Kind.ENFORCEMENT] == {"no_decision": 1}


def test_a_petition_handed_on_is_a_case_of_each_agency_with_its_own_receipt(agency: Agency) -> None:
    """National side: one case per petition and receiving agency, each with its own number and source."""
    agency.petition(
        routing={"NguonDonDen": 21, "mattcp": "a", "NgayNhan": "2023-02-01"}, NgayNhapDon="2023-02-01 08:00"
    )
    onward = {"NguonDonDen": 4, "OrgChuyen": 20101, "OrgNhan": 20112, "NgayNhan": "2023-02-09", "mattcp": "b"}
    agency.add("don_thu_thong_tin_don_thu", {"IdDonThu": 1, **onward})
    agency.handling(5, MaCQXLTiep="H811.12")
    first, second = agency.sent(Kind.PETITION), agency.sent(Kind.PETITION, OTHER)
    assert (first["received_on"], first["source"], first["ndb_id"]) == ("2023-02-01", "reception", "a")
    assert (second["received_on"], second["source"], second["ndb_id"]) == ("2023-02-09", "agency_transfer", "b")
    assert second["transferred_by"] == {"ndb_code": "H811", "name": "UBND tỉnh Mẫu"}
    assert ("recorded_at" in first, "recorded_at" in second, "transferred_by" in first) == (True, False, False)
    assert agency.swept(OTHER).of(Kind.HANDLING) == []


def test_no_reference_leads_to_a_record_of_another_agency(agency: Agency) -> None:
    agency.petition(1, organisation=20112)
    agency.petition(2, GanVuViec="1")
    agency.visit(1, "KN.02", IdDonThu=1)
    agency.visit(2, "KN.02", IdDonThu=2, UserTCD=12)
    assert "case_ref" not in agency.sent(Kind.PETITION)
    assert "reception_ref" not in agency.sent(Kind.PETITION)
    assert {"case_ref", "petition_refs"}.isdisjoint(agency.sent(Kind.RECEPTION))


@pytest.mark.parametrize(
    ("written", "refers"),
    [("1", True), (" 1 ", True), ("1/2023", False), ("1abc", False), ("01", False), ("0", False), ("", False)],
)
def test_a_case_is_the_number_of_a_petition_and_nothing_else(agency: Agency, written: str, refers: bool) -> None:
    agency.petition(1)
    agency.petition(2, GanVuViec=written)
    bodies = agency.swept().of(Kind.PETITION)
    assert [body.get("case_ref") for body in bodies] == [None, "bentre:1" if refers else None]


def test_a_draft_is_no_case_to_refer_to(agency: Agency) -> None:
    agency.petition(1)
    agency.petition(2, GanVuViec="1")
    agency.add("bo_sung", {"IdDonThu": 1, "BanNhap": 1})
    assert "case_ref" not in agency.sent(Kind.PETITION)


# --- documents beside


@pytest.mark.parametrize(("transfers", "urgings"), [(1, 1), (2, 0)])
def test_an_urging_follows_the_only_transfer(agency: Agency, transfers: int, urgings: int) -> None:
    agency.petition(LoaiDonThu=3)
    for _ in range(transfers):
        agency.handling(5, MaCQXLTiep="H811.05")
    letter = {"LoaiVanBan": 4, "SoVanBan": "8/CV", "NgayBanHanh": "2023-05-20", "HanGiaiQuyet": "2023-06-01"}
    agency.add("don_thu_van_ban_xu_ly_giai_quyet", {**letter, "idDonThu": 1})
    found = [urging for body in agency.swept().of(Kind.HANDLING) for urging in body["transfer"].get("urgings", [])]
    assert found == [{"no": "8/CV", "issued_on": "2023-05-20", "deadline_on": "2023-06-01"}] * urgings


@pytest.mark.parametrize(("acceptances", "dialogues"), [(1, 1), (2, 0)])
def test_a_dialogue_belongs_to_the_only_acceptance(agency: Agency, acceptances: int, dialogues: int) -> None:
    agency.petition()
    for _ in range(acceptances):
        agency.acceptance()
    minutes = {"LoaiVanBan": 6, "SoVanBan": "5/BB", "NgayBanHanh": "2023-04-01", "NgayHoanThanh": "05/04/2023"}
    agency.add("don_thu_van_ban_xu_ly_giai_quyet", {**minutes, "idDonThu": 1})
    found = [held for body in agency.swept().of(Kind.ACCEPTANCE) for held in body.get("dialogues", [])]
    assert found == [{"held_on": "2023-04-05", "minutes_ref": "5/BB"}] * dialogues


def test_a_name_with_a_hyphen_is_kept_whole(agency: Agency) -> None:
    agency.petition()
    agency.handling(4, CanBoXuLy="K-Brông Mẫu - Chuyên viên", CanBoDuyetKQXL="Lê Mẫu")
    agency.acceptance(CanBoDuyet="K-Brông Mẫu - Giám đốc")
    handling = agency.sent(Kind.HANDLING)
    assert (handling["handler"], handling["approver"]) == ("K-Brông Mẫu", "Lê Mẫu")
    assert agency.sent(Kind.ACCEPTANCE)["approver"] == "K-Brông Mẫu"


@pytest.mark.parametrize("kind", [Kind.HANDLING, Kind.ACCEPTANCE, Kind.DECISION])
def test_the_file_that_a_step_names_is_described(agency: Agency, kind: Kind) -> None:
    agency.petition()
    add: dict[Kind, Callable[..., None]] = {
        Kind.HANDLING: agency.handling, Kind.ACCEPTANCE: agency.acceptance, Kind.DECISION: agency.decision,
    }  # fmt: skip
    arguments = (4,) if kind is Kind.HANDLING else ()
    add[kind](*arguments, TenFileDinhKem="van-ban.pdf")
    assert agency.sent(kind)["attachments"] == [{"file_name": "van-ban.pdf"}]
