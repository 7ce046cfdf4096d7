"""What a canonical document becomes on the wire of ttcp2018: all its keys, no guess, nobody who must stay unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import resources
from connector.core.model import Delivery, Kind, Refs
from connector.core.schema import Schemas
from connector.core.secrecy import SecrecyPolicy, conceal
from connector.errors import ConfigError
from connector.national.matching import reference_of
from connector.national.ttcp2018_codes import LISTS, compile_codes
from connector.national.ttcp2018_parties import ANONYMOUS, CONCEALED
from connector.national.ttcp2018_payload import CONTENT_CONCEALED, OPERATIONS, build
from connector.national.ttcp2018_search import query
from connector.national.ttcp2018_sheet import NO_CODE, NO_PLACE, UNDIVIDED_LAND
from tests.national.ttcp2018_documents import AGENCY, CARRIED, REFS, delivery, golden, style

STYLE = style()
SCHEMAS = Schemas.compile(resources.schema_documents())
WIRE = {
    path.stem: jsonschema_rs.Draft202012Validator(json.loads(path.read_bytes()))
    for path in sorted(resources.shipped("schemas", "wire", "ttcp2018").glob("*.json"))
}


def payload(kind: Kind, body: dict[str, Any] | None = None, refs: Refs = REFS) -> dict[str, Any]:
    built = build(delivery(kind, body, refs), STYLE)
    assert built.problems == ()
    assert WIRE[built.operation].is_valid(built.payload)
    return built.payload


def problems(kind: Kind, body: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(found.pointer, found.rule, found.text) for found in build(delivery(kind, body), STYLE).problems]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, f"{path}/{name}")
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, f"{path}/*")
    else:
        yield path, value


# Golden documents


@pytest.mark.parametrize("kind", CARRIED)
def test_the_golden_payload_of_each_kind(kind: Kind) -> None:
    assert payload(kind) == golden(kind, "wire")


@pytest.mark.parametrize("kind", CARRIED)
def test_a_golden_document_is_canonical_and_has_every_field(kind: Kind) -> None:
    assert SCHEMAS.check(kind, golden(kind)) == ()
    every = set(resources.schema_documents()[kind]["properties"])
    assert every - set(golden(kind)) <= {"ndb_id", "concealed"}  # each has tests of its own


def test_there_is_a_schema_for_each_of_the_seven_operations() -> None:
    assert set(WIRE) == {*OPERATIONS.values(), "TraThongTinDon", "TraDanhMuc"}
    assert WIRE["TraThongTinDon"].is_valid(query())
    assert not WIRE["TraThongTinDon"].is_valid({"MaVuViec": ""})


def test_what_is_collected_and_what_is_given_back_are_never_mixed_up() -> None:
    """An earlier client read the land given back out of the field of the land collected."""
    amounts = payload(Kind.ENFORCEMENT, {"collected": {"land_residential": "1"}, "returned": None})["ThiHanh"]
    assert (amounts["ThuHoiDatO"], amounts["TraLaiDatO"], amounts["TraLaiDatSX"]) == ("1", "", "")
    amounts = payload(Kind.ENFORCEMENT, {"collected": None, "returned": {"land_production": "2", "money": 0}})[
        "ThiHanh"
    ]
    assert (amounts["ThuHoiDatSX"], amounts["ThuHoiTien"], amounts["TraLaiDatSX"], amounts["TraLaiTien"]) == (
        "", "", "2", "0",
    )  # fmt: skip
    decided = payload(Kind.DECISION, {"remedies": {"return_parties": {"money": 5}}})["BoiThuongThietHai"]
    assert (decided["ThuHoiTien"], decided["TraLaiTien"]) == ("", "5")


# Shape


@st.composite
def thinned(draw: st.DrawFn) -> tuple[Kind, dict[str, Any]]:
    """A golden document from which some optional fields, at any depth, were taken away."""
    kind = draw(st.sampled_from(CARRIED))
    required = set(resources.schema_documents()[kind]["required"]) | {"content", "acceptance_ref", "part_no"}

    def thin(value: Any, *, top: bool) -> Any:
        if isinstance(value, dict):
            return {
                name: thin(below, top=False)
                for name, below in value.items()
                if (top and name in required) or name in {"part_no", "scheme"} or draw(st.booleans())
            }
        if isinstance(value, list):
            return [thin(below, top=False) for below in value if draw(st.booleans())]
        return value

    return kind, thin(golden(kind), top=True)


@given(thinned())
def test_every_key_is_always_there_and_never_null(drawn: tuple[Kind, dict[str, Any]]) -> None:
    kind, body = drawn
    absent = {name: None for name in golden(kind) if name not in body}
    built = build(delivery(kind, {**body, **absent}), STYLE)

    assert all(isinstance(value, str) for _, value in leaves(built.payload))
    if not built.problems:
        assert [error.message for error in WIRE[built.operation].iter_errors(built.payload)] == []
    whole = {path for path, _ in leaves(golden(kind, "wire"))}
    listed = ("/DataNguoiKNTC", "/Attachment", "/PhanLoaiDon", "BiXuLyHanhChinh")
    assert {path for path in whole if not any(name in path for name in listed)} <= {
        path for path, _ in leaves(built.payload)
    }


def test_the_other_name_of_the_accused_is_a_setting() -> None:
    built = build(delivery(Kind.PETITION), style(accused_key="NguoiBiKNTC"))
    assert WIRE["CapNhatVuViec"].is_valid(built.payload)
    assert "NguoiBiKNTCT" not in built.payload
    assert built.payload["NguoiBiKNTC"] == golden(Kind.PETITION, "wire")["NguoiBiKNTCT"]


# Which ids go where


def test_an_update_goes_by_the_id_that_we_learned_else_by_the_one_that_was_there_before_us() -> None:
    known = {"ndb_id": "before-us"}
    assert payload(Kind.PETITION, refs=Refs())["VuViec"]["Id"] == ""
    assert payload(Kind.PETITION, known, Refs())["VuViec"]["Id"] == "before-us"
    assert payload(Kind.PETITION, known, Refs(own="learned"))["VuViec"]["Id"] == "learned"
    assert payload(Kind.DECISION, known)["IdKetQua"] == "before-us"
    assert "IdKetQua" not in payload(Kind.DECISION)  # the notes know no such key of a new one
    assert WIRE["CapNhatKQGiaiQuyet"].is_valid(payload(Kind.DECISION, known))
    sent = payload(Kind.ENFORCEMENT, refs=Refs("case-9", "decision-9", "own-9"))
    assert (sent["Id"], sent["IdKetQua"], sent["ThiHanhId"]) == ("case-9", "decision-9", "own-9")


def test_our_reference_stands_at_the_end_of_the_content_and_says_nothing_of_anybody() -> None:
    sent = delivery(Kind.PETITION, version=7)
    reference = reference_of(sent.key, 7)
    assert payload(Kind.PETITION)["NoiDungDon"].startswith("Khiếu nại việc cấp giấy chứng nhận\n[KNTC:H51.01:")
    assert build(sent, STYLE).payload["NoiDungDon"].endswith(reference)
    assert "bentre" not in reference


# Who is named


def of_person(**person: Any) -> dict[str, Any]:
    sent = payload(Kind.PETITION, {"petitioners": [person], "representation": None})
    return sent["NguoiKNTC"]["DataNguoiKNTC"][0]


def test_an_anonymous_petitioner_gets_the_name_that_the_national_system_knows_anonymity_by() -> None:
    assert of_person(disclosure="anonymous", full_name="Kẻ Đoán Mò")["HoTen"] == ANONYMOUS
    assert payload(Kind.HANDLING, {"anonymous": True})["NoiDungXuLy"]["DonNacDanh"] == "1"
    assert payload(Kind.HANDLING, {"anonymous": False})["NoiDungXuLy"]["DonNacDanh"] == "0"
    assert payload(Kind.HANDLING, {"anonymous": None})["NoiDungXuLy"]["DonNacDanh"] == ""


def test_a_concealed_person_is_never_sent_as_anonymous_and_gives_nothing_away() -> None:
    hidden = of_person(
        disclosure="concealed", full_name="canary", identity={"number": "canary"}, address={"line": "canary"}
    )
    assert hidden["HoTen"] == CONCEALED != ANONYMOUS
    assert {value for name, value in hidden.items() if name != "HoTen"} == {""}


def test_a_concealed_denunciation_carries_nothing_of_the_denouncer() -> None:
    canary = "Canary Zeta 079000000009"
    person = {**golden(Kind.PETITION)["petitioners"][0], "full_name": canary, "identity": {"number": canary}}
    open_body = {**golden(Kind.PETITION), "type": "denunciation", "petitioners": [person], "content": f"Tôi, {canary}"}
    body = conceal(open_body, SCHEMAS.fields("petition"), "denunciation", SecrecyPolicy(), {})
    sent = build(Delivery(**{**_parts(delivery(Kind.PETITION)), "body": orjson.dumps(body)}), STYLE)

    assert sent.problems == ()
    assert WIRE["CapNhatVuViec"].is_valid(sent.payload)
    written = json.dumps(sent.payload, ensure_ascii=False)
    assert "Canary" not in written
    assert "0790" not in written
    assert ANONYMOUS not in written
    assert sent.payload["NguoiKNTC"]["DataNguoiKNTC"][0]["HoTen"] == CONCEALED
    assert sent.payload["NoiDungDon"].startswith(CONTENT_CONCEALED)
    assert "canary" not in repr(sent).lower()


def _parts(of: Delivery) -> dict[str, Any]:
    return {name: getattr(of, name) for name in Delivery.__slots__}


def test_an_organisation_is_named_in_the_head_and_not_listed_as_a_person() -> None:
    firm = {"kind": "organisation", "organisation": {"name": "HTX Mẫu", "address": {"line": "Số 9"}}}
    head = payload(Kind.PETITION, {"petitioners": [firm]})["NguoiKNTC"]
    assert (head["LoaiNguoiKNTC"], head["TenCoQuanToChuc"], head["DiaChiCoQuanToChuc"]) == ("3", "HTX Mẫu", "Số 9")
    assert head["DataNguoiKNTC"] == []


def test_the_accused_is_the_first_with_a_name_else_the_first_else_nobody() -> None:
    def accused(*respondents: dict[str, Any]) -> tuple[str, str]:
        sent = payload(Kind.PETITION, {"respondents": list(respondents)})["NguoiBiKNTCT"]
        return sent["HoTen"], sent["ChucVu"]

    assert accused({"position": "Một"}, {"full_name": "Hai", "position": "Hai"}, {"full_name": "Ba"}) == ("Hai", "Hai")
    assert accused({"position": "Một"}, {"position": "Hai"}) == ("", "Một")
    assert accused() == ("", "")


@pytest.mark.parametrize("kind", ["self", "group_representative", None])
def test_nobody_is_authorised_where_the_petitioners_act_for_themselves(kind: str | None) -> None:
    whom = {"persons": [{"full_name": "Ai Đó"}], **({"kind": kind} if kind else {})}
    assert set(payload(Kind.PETITION, {"representation": whom})["NguoiUyQuyen"].values()) == {""}


# Codes


@pytest.mark.parametrize(
    ("kind", "result", "false", "code"),
    [
        ("kn_first", "partly_correct", None, "1"),
        ("kn_second", "correct", None, "2"),
        ("tc_conclusion", "correct", None, "3"),
        ("tc_conclusion", "incorrect", False, "4"),
        ("tc_continued_conclusion", "partly_correct", None, "5"),
        ("kn_first", "incorrect", None, "6"),
        ("tc_conclusion", "incorrect", True, "7"),
    ],
)
def test_a_result_means_something_only_with_the_type_of_its_petition(
    kind: str, result: str, false: bool | None, code: str
) -> None:
    body = {"kind": kind, "result": result, "knowingly_false": false}
    assert payload(Kind.DECISION, body)["loaiKetQuaGiaiQuyet"] == code


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (Kind.PETITION, {"source": "suggestion_box"}, ("/source", NO_CODE, "petition-source")),
        (Kind.PETITION, {"agency_code": "H51.77"}, ("/agency_code", NO_CODE, "agency")),
        (Kind.PETITION, {"transferred_by": {"code": "G20"}}, ("/transferred_by/code", NO_CODE, "agency")),
        (Kind.PETITION, {"type": "recommendation_feedback"}, ("/type", NO_CODE, "petition-type")),
        (Kind.PETITION, {"type": "multiple_contents", "parts": None}, ("/type", NO_CODE, "petition-type")),
        (
            Kind.PETITION,
            {"type": "multiple_contents", "parts": [{"part_no": 1, "type": "complaint"}, {"part_no": 2}]},
            ("/parts/1/type", NO_CODE, "petition-type"),
        ),
        (
            Kind.PETITION,
            {"petitioners": [{"address": {"scheme": "vn-admin-2025", "commune_code": "31732"}}]},
            ("/petitioners/0/address/commune_code", NO_CODE, "area"),
        ),
        (Kind.PETITION, {"representation": {"kind": "legal_representative"}},
         ("/representation/kind", NO_CODE, "representation")),
        (Kind.HANDLING, {"handling": "filed"}, ("/handling", NO_CODE, "handling")),
        (Kind.ACCEPTANCE, {"outcome": "not_accepted"}, ("/outcome", NO_PLACE, "")),
        (Kind.ACCEPTANCE, {"competent_agency": {"name": "Nơi nào đó"}}, ("/competent_agency", NO_CODE, "agency")),
        (Kind.DECISION, {"result": "first_upheld"}, ("/result", NO_CODE, "decision-result")),
        (Kind.DECISION, {"kind": "knpa_reply", "result": "answered"}, ("/result", NO_CODE, "decision-result")),
        (Kind.DECISION, {"kind": "not_resettle_notice"}, ("/result", NO_CODE, "decision-result")),
        (Kind.DECISION, {"kind": "not_resettle_notice", "result": None}, ("/result", NO_CODE, "decision-result")),
        (Kind.DECISION, {"kind": None}, ("/kind", NO_CODE, "decision-result")),
        (Kind.ACCEPTANCE, {"outcome": None}, ("/outcome", NO_PLACE, "")),
        (Kind.ENFORCEMENT, {"returned": {"land": "7"}}, ("/returned/land", UNDIVIDED_LAND, "")),
    ],
)  # fmt: skip
def test_what_has_no_national_value_is_refused_by_name_and_never_guessed(
    kind: Kind, body: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert problems(kind, body) == [expected]


def test_all_that_is_missing_is_told_at_once() -> None:
    assert len(problems(Kind.PETITION, {"source": "direct", "agency_code": "H51.77"})) == 2


def test_an_optional_code_that_nobody_knows_stays_empty() -> None:
    sent = payload(Kind.PETITION)
    assert golden(Kind.PETITION)["petitioners"][0]["gender"] == "female"
    assert sent["NguoiKNTC"]["DataNguoiKNTC"][0]["GioiTinh"] == ""
    assert sent["CoQuanDaGiaiQuyet"]["MaLoaiQuyetDinh"] == ""


def test_several_contents_give_one_classification_each_by_the_deepest_known_code() -> None:
    parts = [{"part_no": n, "type": kind} for n, kind in enumerate(
        ["complaint", "denunciation", "complaint", "recommendation_feedback"], 1)]  # fmt: skip
    body = {"type": "multiple_contents", "parts": parts, "legacy_field_path": ["KN.01", "PA.02.01", "lạ", "KN.01.02"]}
    assert [list(entry.values()) for entry in payload(Kind.PETITION, body)["PhanLoaiDon"]] == [
        ["KN", "KN.01", "KN.01.02", ""],
        ["TC", "", "", ""],
        ["PA", "PA.02", "PA.02.01", ""],
    ]


def test_every_list_of_codes_names_the_source_of_each_value() -> None:
    documents = resources.ttcp2018_code_documents()
    assert set(documents) == set(LISTS)
    for document in documents.values():
        assert document["source"].strip()
        assert document["title"]["vi"].strip()
        assert all(entry["source"].strip() for entry in document["codes"])


@pytest.mark.parametrize(
    "broken",
    [
        {"gender": None},
        {"gender": {"name": "gender"}},
        {"gender": {"name": "gender", "unknown": "guess", "codes": []}},
        {"gender": {"name": "gender", "unknown": "refuse", "codes": [{"code": "male", "national": "1"}]}},
        {"gender": {"name": "other", "unknown": "refuse", "codes": []}},
        {"unheard-of": {"name": "unheard-of", "unknown": "refuse", "codes": []}},
    ],
)
def test_a_list_that_is_missing_or_of_another_shape_stops_the_program(broken: dict[str, Any]) -> None:
    documents = {**resources.ttcp2018_code_documents(), **broken}
    with pytest.raises(ConfigError) as caught:
        compile_codes({name: found for name, found in documents.items() if found is not None}, {})
    assert caught.value.id == "E-CFG-WIRE-CODES"


def test_an_agency_may_go_by_the_configuration_or_by_its_own_national_code() -> None:
    assert payload(Kind.HANDLING)["NoiDungXuLy"]["HuongXuLy"]["MaCoQuanXuLyTiep"] == "H811.12"
    only_named = {"transfer": {"receiver_agency": {"name": "Nơi nào đó"}}}
    assert payload(Kind.HANDLING, only_named)["NoiDungXuLy"]["HuongXuLy"]["MaCoQuanXuLyTiep"] == ""
    assert payload(Kind.DECISION, {"issuer_agency": None})["maCoQuanBanHanh"] == "H811.01"
    assert golden(Kind.DECISION)["agency_code"] == AGENCY
