"""Each trap of the observed interface, as the notes number them, is really there."""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any

import pytest

from connector.sandbox import Created, Petitioner, Sandbox, record_of
from tests.sandbox.old_caller import (
    ACCEPTANCE,
    CASE,
    CATALOGUE,
    CONTENT,
    DECISION,
    ENFORCEMENT,
    HANDLING,
    PERSON,
    RECEIVER,
    SEARCH,
    OldCaller,
    changed,
    without,
)

PAYLOADS = {
    "TraDanhMuc": changed(CATALOGUE, LoaiDanhMuc="5"),
    "TraThongTinDon": changed(SEARCH, NoiDung="đất"),
    "CapNhatVuViec": CASE,
    "CapNhatKQXuLy": HANDLING,
    "CapNhatGiaiQuyet": ACCEPTANCE,
    "CapNhatKQGiaiQuyet": DECISION,
    "CapNhatThiHanh": ENFORCEMENT,
}


def paths_of(payload: Any, above: str = "") -> list[str]:
    """Every key of a payload, inner ones as `VuViec__Id`."""
    if isinstance(payload, list):
        return [path for index, each in enumerate(payload) for path in paths_of(each, f"{above}{index}__")]
    if not isinstance(payload, dict):
        return []
    return [path for name, each in payload.items() for path in (above + name, *paths_of(each, f"{above}{name}__"))]


# 1. The server assigns the identity


def test_the_server_makes_the_id_and_every_repeat_makes_another_case(old: OldCaller, sandbox: Sandbox) -> None:
    first, second = old.create(), old.create()
    assert uuid.UUID(first) != uuid.UUID(second)
    assert [case.id for case in sandbox.cases(RECEIVER)] == [first, second]
    assert sandbox.objects() == {Created(RECEIVER, "petition", record_of(CONTENT)): 2}


def test_two_runs_of_one_seed_hand_out_the_same_ids() -> None:
    def ids(seed: int) -> list[str]:
        with Sandbox(credentials={"H08.5": ("client-5", "s:cret/5")}, seed=seed) as sandbox, OldCaller(sandbox) as old:
            return [old.create(), old.create()]

    assert ids(3) == ids(3)
    assert ids(3) != ids(4)


def test_a_case_with_an_id_is_updated_and_keeps_it(old: OldCaller, sandbox: Sandbox) -> None:
    case_id = old.create()
    update = changed(CASE, VuViec__Id=case_id, NoiDungDon="Bổ sung", NguoiKNTC__DataNguoiKNTC__0__HoTen="Lê Mẫu")
    assert old.call("CapNhatVuViec", update)["Id"] == case_id
    [case] = sandbox.cases()
    assert (case.content, case.petitioners[0].name, case.entered_by) == ("Bổ sung", "Lê Mẫu", "api")
    assert sum(sandbox.objects().values()) == 1


def test_every_repeat_of_a_step_makes_another_one(old: OldCaller, sandbox: Sandbox) -> None:
    case_id = old.create()
    decision_id = old.call("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id))["Id"]
    steps = {
        "CapNhatKQXuLy": changed(HANDLING, Id=case_id),
        "CapNhatGiaiQuyet": changed(ACCEPTANCE, Id=case_id),
        "CapNhatKQGiaiQuyet": changed(DECISION, Id=case_id, quyenKhoiKien="0"),
        "CapNhatThiHanh": changed(ENFORCEMENT, Id=case_id, IdKetQua=decision_id),
    }
    for operation, payload in steps.items():
        assert all(old.call(operation, payload)["Id"] for _ in range(2)), operation
    kinds = [step.kind for step in sandbox.steps(case_id)]
    assert sorted(kinds) == ["acceptance"] * 2 + ["decision"] * 3 + ["enforcement"] * 2 + ["handling"] * 2
    assert sorted(sandbox.objects().values()) == [1, 1, 2, 2, 2, 2]


def test_decisions_and_enforcements_answer_their_own_id_other_steps_that_of_the_case(old: OldCaller) -> None:
    case_id = old.create()
    assert old.call("CapNhatKQXuLy", changed(HANDLING, Id=case_id))["Id"] == case_id
    assert old.call("CapNhatGiaiQuyet", changed(ACCEPTANCE, Id=case_id))["Id"] == case_id
    decision_id = old.call("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id))["Id"]
    enforcement = changed(ENFORCEMENT, Id=case_id, IdKetQua=decision_id)
    enforcement_id = old.call("CapNhatThiHanh", enforcement)["Id"]
    assert len({case_id, decision_id, enforcement_id}) == 3
    assert old.call("CapNhatThiHanh", changed(enforcement, ThiHanhId=enforcement_id))["Id"] == enforcement_id


# 1 again: the search, the only way back


def test_a_search_finds_by_any_of_its_fields_and_shows_five(old: OldCaller) -> None:
    case_id = old.create()
    shown = {
        "Id": case_id,
        "ChuDon": PERSON["HoTen"],
        "DiaChi": PERSON["DiaChiChiTiet"],
        "CMTND": PERSON["SoDinhDanhCaNhan"],
        "NoiDung": CONTENT,
    }
    for asked in (
        {"MaVuViec": case_id.upper()},
        {"TenNguoiKhieuNai": " nguyễn  văn MẪU "},
        {"MaTinh": "811"},
        {"MaHuyen": "81101"},
        {"MaXa": "8110101"},
        {"SoDinhDanhCaNhan": "012345678901"},
        {"NoiDung": "ĐẤT đai"},
        {"NoiDung": "[bt:1]", "MaTinh": "811", "TenNguoiKhieuNai": "Nguyễn Văn Mẫu"},
    ):
        assert old.search(**asked) == [shown], asked


def test_all_that_is_given_must_match_in_one_case(old: OldCaller) -> None:
    old.create()
    old.create("Một đơn khác", NguoiKNTC__DataNguoiKNTC=[{**PERSON, "HoTen": "Lê Mẫu", "SoDinhDanhCaNhan": ""}])
    assert old.search(NoiDung="Một đơn khác", TenNguoiKhieuNai="Nguyễn Văn Mẫu") == []
    assert old.search(NoiDung="không có ở đâu") == []
    assert len(old.search(MaTinh="811")) == 2


def test_all_of_it_must_match_one_person_of_the_case(old: OldCaller) -> None:
    other = {**PERSON, "HoTen": "Lê Mẫu", "SoDinhDanhCaNhan": "098765432109"}
    case_id = old.create(NguoiKNTC__LoaiNguoiKNTC="2", NguoiKNTC__DataNguoiKNTC=[PERSON, other])
    assert [row["ChuDon"] for row in old.search(MaVuViec=case_id)] == ["Nguyễn Văn Mẫu"]
    assert [row["ChuDon"] for row in old.search(TenNguoiKhieuNai="Lê Mẫu")] == ["Lê Mẫu"]
    assert old.search(TenNguoiKhieuNai="Lê Mẫu", SoDinhDanhCaNhan=PERSON["SoDinhDanhCaNhan"]) == []


def test_a_search_for_nothing_is_refused(old: OldCaller) -> None:
    assert old.refusal("TraThongTinDon", SEARCH)
    assert old.refusal("TraThongTinDon", changed(SEARCH, NoiDung="   "))


def test_a_search_shows_what_others_entered_as_well(old: OldCaller, sandbox: Sandbox) -> None:
    theirs = sandbox.add_case("H811.05", CONTENT, [Petitioner("Nguyễn Văn Mẫu", province="811")])
    ours = old.create()
    assert [row["Id"] for row in old.search(TenNguoiKhieuNai="Nguyễn Văn Mẫu")] == [theirs, ours]
    assert [case.entered_by for case in sandbox.cases()] == ["web", "api"]
    assert list(sandbox.objects().values()) == [1]


# 2. A refusal is 200 with an empty Id


def test_a_refusal_is_200_with_an_empty_id_and_words_without_a_code(old: OldCaller, sandbox: Sandbox) -> None:
    answer = old.post("CapNhatVuViec", changed(CASE, CoQuanTiepNhan=""))
    assert answer.status_code == 200
    said = json.loads(answer.json())
    assert set(said) == {"Id", "Message"}
    assert said["Id"] == ""
    [refused] = sandbox.refusals()
    assert (refused.operation, refused.kind, refused.message) == ("CapNhatVuViec", "petition", said["Message"])
    assert sandbox.cases() == []


def test_a_refusal_never_repeats_what_came_in(old: OldCaller) -> None:
    secret = "Bí-mật-7731"
    for path in paths_of(CASE):
        said = old.call("CapNhatVuViec", changed(CASE, **{path: [secret]}))
        assert secret not in json.dumps(said, ensure_ascii=False), path


# 3. JSON in a JSON string


def test_the_answer_is_a_json_string_that_contains_json(old: OldCaller) -> None:
    once = old.post("CapNhatVuViec", CASE).json()
    assert isinstance(once, str)
    assert set(json.loads(once)) == {"Id", "Message"}
    assert isinstance(json.loads(old.post("TraThongTinDon", changed(SEARCH, NoiDung="đất")).json()), list)


# 4. dd/MM/yyyy, "0" and "1", every key always


@pytest.mark.parametrize("operation", PAYLOADS)
def test_a_missing_key_is_a_refusal(old: OldCaller, operation: str) -> None:
    case_id = old.create()
    payload = PAYLOADS[operation]
    if payload.get("Id") == "":
        decision_id = old.call("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id))["Id"]
        payload = changed(payload, **{"Id": case_id, **({"IdKetQua": decision_id} if "IdKetQua" in payload else {})})
    assert "Message" not in (said := old.call(operation, payload)) or said["Id"], "the whole payload is accepted"
    left_open = {"NguoiUyQuyen__HoTen"}  # the notes do not list the keys of this group
    for path in set(paths_of(payload)) - left_open:
        assert "Thiếu trường" in old.refusal(operation, without(payload, path)), path


@pytest.mark.parametrize("written", ["2026-03-02", "2/3/2026", "31/02/2026", "03/13/2026", "02/03/26", 20260302])
def test_a_day_is_dd_mm_yyyy_and_in_the_calendar(old: OldCaller, written: Any) -> None:
    assert "NgayNhapDon" in old.refusal("CapNhatVuViec", changed(CASE, VuViec__NgayNhapDon=written))


@pytest.mark.parametrize("written", [True, False, 1, 0, "true", "2", None])
def test_a_boolean_is_0_or_1_as_text(old: OldCaller, written: Any) -> None:
    assert "TiepDinhKy" in old.refusal("CapNhatVuViec", changed(CASE, VuViec__TiepDinhKy=written))


def test_null_is_no_absent_value(old: OldCaller) -> None:
    assert old.refusal("CapNhatVuViec", changed(CASE, NguonDonDen__SoVanBanDen=None))


def test_a_key_that_nobody_knows_is_refused(old: OldCaller) -> None:
    assert old.refusal("CapNhatVuViec", changed(CASE, VuViec__MaNoiBo="7"))


# 5. Order


@pytest.mark.parametrize("operation", ["CapNhatKQXuLy", "CapNhatGiaiQuyet", "CapNhatKQGiaiQuyet", "CapNhatThiHanh"])
@pytest.mark.parametrize("case_id", ["", "0ea5d6a4-0000-4000-8000-000000000000"])
def test_no_step_comes_before_its_case(old: OldCaller, sandbox: Sandbox, operation: str, case_id: str) -> None:
    payload = changed(PAYLOADS[operation], Id=case_id)
    assert old.refusal(operation, changed(payload, IdKetQua=case_id) if "IdKetQua" in payload else payload)
    assert sandbox.steps() == []


def test_an_enforcement_hangs_on_a_decision_of_its_own_case(old: OldCaller) -> None:
    ours, theirs = old.create(), old.create("Một đơn khác")
    decision_id = old.call("CapNhatKQGiaiQuyet", changed(DECISION, Id=theirs))["Id"]
    assert old.refusal("CapNhatThiHanh", changed(ENFORCEMENT, Id=ours, IdKetQua=decision_id))
    assert old.refusal("CapNhatThiHanh", changed(ENFORCEMENT, Id=theirs, IdKetQua=theirs))
    lost = changed(ENFORCEMENT, Id=theirs, IdKetQua=decision_id, ThiHanhId=decision_id)
    assert old.refusal("CapNhatThiHanh", lost)


# 6. Attaching


def test_a_paper_is_attached_to_a_known_case_and_a_repeat_attaches_it_again(old: OldCaller, sandbox: Sandbox) -> None:
    case_id = old.create()
    second = changed(CASE, VuViec__Id=case_id, VuViec__GanVuViec="1", NoiDungDon="Đơn thứ hai [bt:2]")
    assert [old.call("CapNhatVuViec", second)["Id"] for _ in range(2)] == [case_id, case_id]
    [case] = sandbox.cases()
    assert case.contents == (CONTENT, "Đơn thứ hai [bt:2]", "Đơn thứ hai [bt:2]")
    assert sandbox.objects()[Created(RECEIVER, "petition", record_of("Đơn thứ hai [bt:2]"))] == 2
    assert [row["Id"] for row in old.search(NoiDung="[bt:2]")] == [case_id]


def test_attaching_and_updating_need_a_known_case(old: OldCaller) -> None:
    nowhere = "0ea5d6a4-0000-4000-8000-000000000000"
    assert old.refusal("CapNhatVuViec", changed(CASE, VuViec__GanVuViec="1"))
    assert old.refusal("CapNhatVuViec", changed(CASE, VuViec__Id=nowhere, VuViec__GanVuViec="1"))
    assert old.refusal("CapNhatVuViec", changed(CASE, VuViec__Id=nowhere))


def test_one_petition_makes_one_case_per_receiving_agency(old: OldCaller, sandbox: Sandbox) -> None:
    old.create()
    old.create(CoQuanTiepNhan="H811.05")
    assert {created.agency: count for created, count in sandbox.objects().items()} == {RECEIVER: 1, "H811.05": 1}
    assert [len(sandbox.cases(agency)) for agency in (RECEIVER, "H811.05", "H101.01")] == [1, 1, 0]


# 7. One accused


def test_there_is_exactly_one_accused(old: OldCaller) -> None:
    accused = CASE["NguoiBiKNTCT"]
    assert old.refusal("CapNhatVuViec", changed(CASE, NguoiBiKNTCT=[accused]))
    assert old.refusal("CapNhatVuViec", changed(CASE, NguoiBiKNTCT=[accused, accused]))
    assert old.refusal("CapNhatVuViec", changed(without(CASE, "NguoiBiKNTCT"), NguoiBiKNTC=accused))


# 8. Codes


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("NguoiKNTC__DataNguoiKNTC__0__MaTinh", "83"),
        ("NguoiKNTC__DataNguoiKNTC__0__MaHuyen", "21701"),
        ("NguoiKNTC__DataNguoiKNTC__0__MaXa", "28750"),
        ("NguoiBiKNTCT__MaTinhCoQuan", "0811"),
        ("CoQuanTiepNhan", "H51.01"),
        ("CoQuanTiepNhan", "811.01"),
        ("NguonDonDen__MaCoQuanChuyenDon", "000.00.00.H51"),
        ("NguonDonDen__MaNguonDonDen", "2"),
        ("NguoiKNTC__LoaiNguoiKNTC", "4"),
        ("PhanLoaiDon__0__MaLoaiDon", "complaint"),
        ("PhanLoaiDon__0__MaLoaiDon1", "TC.01"),
        ("PhanLoaiDon__0__MaLoaiDon1", ""),
        ("PhanLoaiDon__0__MaLoaiDon3", "KN.01.01"),
        ("PhanLoaiDon__0__MaLoaiDon3", "KN.01.02.02"),
        ("PhanLoaiDon", []),
    ],
)
def test_a_code_that_is_not_their_own_is_refused(old: OldCaller, path: str, code: Any) -> None:
    assert old.refusal("CapNhatVuViec", changed(CASE, **{path: code}))


def test_a_type_may_end_at_any_level_of_the_tree(old: OldCaller) -> None:
    for levels in (("KN", "", "", ""), ("TC", "TC.02", "", ""), ("KN", "KN.01", "KN.01.01", "")):
        names = ("MaLoaiDon", "MaLoaiDon1", "MaLoaiDon2", "MaLoaiDon3")
        old.create(PhanLoaiDon=[dict(zip(names, levels, strict=True))])


def test_a_result_must_fit_the_type_of_the_petition(old: OldCaller) -> None:
    levels = {"MaLoaiDon": "TC", "MaLoaiDon1": "TC.01", "MaLoaiDon2": "", "MaLoaiDon3": ""}
    complaint, denunciation = old.create(), old.create("Tố cáo", PhanLoaiDon=[levels])
    for case_id, right, wrong in ((complaint, "126", "3457"), (denunciation, "3457", "126")):
        for result in right + "8":
            assert old.call("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id, loaiKetQuaGiaiQuyet=result))["Id"]
        for result in wrong + "9":
            assert old.refusal("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id, loaiKetQuaGiaiQuyet=result))


def test_a_direction_is_one_of_those_that_were_seen(old: OldCaller) -> None:
    case_id = old.create()
    answers = {
        code: old.call("CapNhatKQXuLy", changed(HANDLING, Id=case_id, NoiDungXuLy__HuongXuLy__MaHuongXuLy=code))["Id"]
        for code in "123456789"
    }
    assert "".join(code for code, answer in answers.items() if answer) == "2457"


@pytest.mark.parametrize("number", range(1, 15))
def test_there_are_fourteen_lists_of_code_and_name(old: OldCaller, number: int) -> None:
    entries = old.call("TraDanhMuc", changed(CATALOGUE, LoaiDanhMuc=str(number)))
    assert entries
    assert all(set(entry) == {"Ma", "Ten"} for entry in entries)


def test_lists_are_narrowed_by_province_and_by_type(old: OldCaller) -> None:
    def codes(**asked: str) -> list[str]:
        return [entry["Ma"] for entry in old.call("TraDanhMuc", changed(CATALOGUE, **asked))]

    assert codes(LoaiDanhMuc="1") == ["101", "217", "811"]
    assert codes(LoaiDanhMuc="1", MaTinh="217") == ["21701", "2170101"]
    assert codes(LoaiDanhMuc="2", MaTinh="217") == ["H217.01"]
    assert all(code.startswith("TC") for code in codes(LoaiDanhMuc="6", MaLoaiKhieuTo="TC"))
    assert codes(LoaiDanhMuc="5") == ["1", "4", "20", "21", "23"]
    assert codes(LoaiDanhMuc="10") == list("12345678")
    assert codes(LoaiDanhMuc="13") == ["2", "4", "5", "7"]
    assert old.refusal("TraDanhMuc", changed(CATALOGUE, LoaiDanhMuc="15"))


# 9. Anonymous


def test_an_anonymous_petition_says_so_in_name_and_in_handling(old: OldCaller) -> None:
    named = old.create()
    nobody = {**dict.fromkeys(PERSON, ""), "HoTen": "Đơn nặc danh"}
    anonymous = old.create("Nặc danh", NguoiKNTC__DataNguoiKNTC=[nobody])
    for case_id, right, wrong in ((named, "0", "1"), (named, "", "1"), (anonymous, "1", "0"), (anonymous, "1", "")):
        assert old.call("CapNhatKQXuLy", changed(HANDLING, Id=case_id, NoiDungXuLy__DonNacDanh=right))["Id"]
        assert old.refusal("CapNhatKQXuLy", changed(HANDLING, Id=case_id, NoiDungXuLy__DonNacDanh=wrong))
    assert old.refusal("CapNhatVuViec", changed(CASE, NguoiKNTC__DataNguoiKNTC=[]))


# 10. Files


def test_a_file_is_base64_and_has_a_name(old: OldCaller) -> None:
    good = {
        "TenHoSo": "Đơn",
        "LoaiHoSo": "1",
        "NoiDungTomTat": "",
        "TenFileDinhKem": "don.pdf",
        "FileDinhKem": base64.b64encode(b"%PDF-1.7").decode(),
    }
    case_id = old.create(Attachment=[good])
    assert "base64" in old.refusal("CapNhatVuViec", changed(CASE, Attachment=[{**good, "FileDinhKem": "%PDF"}]))
    assert old.refusal("CapNhatVuViec", changed(CASE, Attachment=[{**good, "TenFileDinhKem": ""}]))
    old.create(Attachment=[{**good, "FileDinhKem": ""}])  # only named: the notes do not say that it must be there
    named = {name: good[name] for name in ("TenFileDinhKem", "FileDinhKem")}
    for written in (good["FileDinhKem"], named, [named, named]):  # the notes name the key only
        assert old.call("CapNhatGiaiQuyet", changed(ACCEPTANCE, Id=case_id, file=written))["Id"] == case_id
    assert old.refusal("CapNhatGiaiQuyet", changed(ACCEPTANCE, Id=case_id, file="don.pdf"))


# 11. What is not there


@pytest.mark.parametrize("operation", ["TraTrangThai", "XoaVuViec", "DanhSachVuViec", "CapNhatTiepCongDan", ""])
def test_there_is_no_list_no_delete_no_status_and_no_reception(old: OldCaller, operation: str) -> None:
    assert old.post(operation, {}).status_code == 404


def test_operations_are_asked_for_by_post_only(old: OldCaller) -> None:
    answer = old.http.get(f"{old.url}/TraDanhMuc")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


# what two notes spell differently


def test_a_decision_may_be_spelt_as_either_note_spells_it(old: OldCaller) -> None:
    case_id = old.create()
    renamed = {"tomTatNoiDungGiaiQuyet": "TomTat", "loaiKetQuaGiaiQuyet": "LoaiKetQua", "file": "file"}
    other = {
        renamed.get(name, name[0].upper() + name[1:]): value for name, value in changed(DECISION, Id=case_id).items()
    }
    assert old.call("CapNhatKQGiaiQuyet", other)["Id"]
    assert "phù hợp" in old.refusal("CapNhatKQGiaiQuyet", changed(other, LoaiKetQua="3"))


def test_a_decision_may_name_itself_and_is_then_updated(old: OldCaller, sandbox: Sandbox) -> None:
    case_id, other_id = old.create(), old.create("Đơn khác")
    decision_id = old.call("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id))["Id"]
    edited = {**changed(DECISION, Id=case_id, tomTatNoiDungGiaiQuyet="Sửa"), "IdKetQua": decision_id}
    assert old.call("CapNhatKQGiaiQuyet", edited)["Id"] == decision_id
    assert [step.id for step in sandbox.steps(case_id)] == [decision_id]
    assert old.refusal("CapNhatKQGiaiQuyet", {**edited, "Id": other_id})
    assert old.refusal("CapNhatKQGiaiQuyet", {**edited, "IdKetQua": case_id})


def test_the_figures_of_an_enforcement_may_stand_in_a_group(old: OldCaller) -> None:
    case_id = old.create()
    decision_id = old.call("CapNhatKQGiaiQuyet", changed(DECISION, Id=case_id))["Id"]
    flat = changed(ENFORCEMENT, Id=case_id, IdKetQua=decision_id)
    keys = {name: flat[name] for name in ("Id", "IdKetQua", "ThiHanhId")}
    figures = {name: value for name, value in flat.items() if name not in keys}
    assert old.call("CapNhatThiHanh", {**keys, "ThiHanh": figures})["Id"]
    assert old.refusal("CapNhatThiHanh", {**keys, "ThiHanh": without(figures, "NgayCapNhat")})


def test_words_of_a_refusal_are_vietnamese(old: OldCaller) -> None:
    assert re.search("[ăâđêôơưạ-ỹ]", old.refusal("CapNhatVuViec", changed(CASE, NoiDungDon="")))
