"""A document that breaks its schema is told where, by which rule and what would be right; never the value."""

import copy

import pytest

from connector.core.schema import RULES, Schemas, pattern_of
from connector.errors import ConfigError
from connector.resources import schema_documents

SCHEMAS = Schemas.compile(schema_documents())

PETITION = {
    "agency_code": "H00.01",
    "local_id": "mau:1",
    "received_on": "2026-11-09",
    "type": "complaint",
    "content": "Nội dung mẫu",
    "petitioners": [{"kind": "individual", "disclosure": "named", "full_name": "Người Mẫu Một"}],
}
VALID = {
    "reception": {"held_on": "2026-11-09", "content": "Nội dung mẫu"},
    "petition": PETITION,
    "handling": {"petition_ref": "mau:1", "sequence": 1, "handling": "transferred", "handled_on": "2026-11-10"},
    "acceptance": {"petition_ref": "mau:1", "outcome": "accepted", "decided_on": "2026-11-12"},
    "decision": {"acceptance_ref": "mau:1", "kind": "kn_first", "issued_on": "2026-11-20", "result": "correct"},
    "enforcement": {"decision_ref": "mau:1", "status": "done", "updated_on": "2026-11-21"},
}


def petition(**changes):
    return {**copy.deepcopy(PETITION), **changes}


def causes(body, kind="petition"):
    return SCHEMAS.check(kind, body)


@pytest.mark.parametrize("kind", sorted(VALID))
def test_the_least_that_the_law_asks_for_is_a_valid_document(kind):
    assert causes({"agency_code": "H00.01", "local_id": "mau:1", **VALID[kind]}, kind) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"type": "khieu_nai"}, ("/type", "E-DOC-CODE", "petition-type")),
        ({"received_on": "2026-02-30"}, ("/received_on", "E-DOC-FORMAT", "date")),
        ({"recorded_at": "2026-02-01T10:00:00+07:00"}, ("/recorded_at", "E-DOC-FORMAT", "pattern Z$")),
        ({"language": "Tiếng Việt"}, ("/language", "E-DOC-FORMAT", "pattern ^[a-z]{2,3}$")),
        ({"content": "x" * 20_001}, ("/content", "E-DOC-LENGTH", "maxLength 20000")),
        ({"content": ""}, ("/content", "E-DOC-LENGTH", "minLength 1")),
        ({"signatory_count": -1}, ("/signatory_count", "E-DOC-RANGE", "minimum 0")),
        ({"signatory_count": 1.5}, ("/signatory_count", "E-DOC-TYPE", "integer")),
        ({"type": 1}, ("/type", "E-DOC-TYPE", "string")),
        ({"withdrawal": True}, ("/withdrawal", "E-DOC-EXTRA", "")),
        ({"legacy_field_path": ["KN"] * 7}, ("/legacy_field_path", "E-DOC-LENGTH", "maxItems 6")),
        ({"parts": [{"type": "complaint"}]}, ("/parts/0/part_no", "E-DOC-REQUIRED", "")),
        (
            {"local_id": "không có nguồn"},
            ("/local_id", "E-DOC-FORMAT", "pattern ^[a-z0-9][a-z0-9._-]*:[^\\s\\x00-\\x1f\\x7f-\\x9f:]+$"),
        ),
    ],
)
def test_each_breach_is_told_by_its_own_rule(change, expected):
    assert causes(petition(**change)) == (expected,)


def test_a_missing_property_is_pointed_at_as_if_it_were_there():
    body = petition()
    del body["received_on"]
    assert causes(body) == (("/received_on", "E-DOC-REQUIRED", ""),)


def test_content_may_be_missing_only_from_a_document_that_says_why():
    body = petition()
    del body["content"]
    assert causes(body) == (("/content", "E-DOC-CONTENT", "content or concealed"),)
    assert causes(body | {"concealed": {"reason": "denunciation", "basis": "Luật 25/2018/QH14 Điều 8"}}) == ()


def test_a_decision_hangs_on_an_acceptance_or_on_a_petition():
    body = {"agency_code": "H00.01", "local_id": "mau:1", **VALID["decision"]}
    del body["acceptance_ref"]
    assert causes(body, "decision") == (("/acceptance_ref", "E-DOC-PARENT", "acceptance_ref or petition_ref"),)
    assert causes(body | {"petition_ref": "mau:7"}, "decision") == ()


def test_a_missing_parent_reference_is_told_as_such():
    body = {"agency_code": "H00.01", "local_id": "mau:1", **VALID["handling"]}
    del body["petition_ref"]
    assert causes(body, "handling") == (("/petition_ref", "E-DOC-PARENT", ""),)


def test_a_unit_code_without_its_scheme_means_nothing():
    body = petition(petitioners=[{"full_name": "Người Mẫu", "address": {"commune_code": "31507"}}])
    assert causes(body) == (("/petitioners/0/address/scheme", "E-DOC-SCHEME", ""),)


def test_one_broken_field_is_one_line():
    assert [cause[0] for cause in causes(petition(type=3, received_on=4))] == ["/received_on", "/type"]


def test_all_causes_are_found_in_one_pass_in_the_order_of_their_pointers():
    body = petition(type="x", received_on="x", petitioners=[{"full_name": 1}])
    found = causes(body)
    assert [cause[0] for cause in found] == ["/petitioners/0/full_name", "/received_on", "/type"]
    assert {cause[1] for cause in found} <= set(RULES)


def test_no_value_of_the_document_is_ever_told():
    secret = "Người Mẫu 079000000417"
    body = petition(
        type=secret,
        received_on=secret,
        language=secret,
        agency_code=secret,
        content=[secret],
        object={secret: secret},
        **{secret: 1},
    )
    found = causes(body)
    assert len(found) == 7
    assert "417" not in repr(found)
    assert ("/*", "E-DOC-EXTRA", "") in found


def test_a_document_that_is_no_object_is_one_cause():
    assert causes([]) == (("", "E-DOC-TYPE", "object"),)


def test_fields_are_known_by_pattern_through_references_and_lists():
    fields = SCHEMAS.fields("petition")
    name = fields["/petitioners/*/full_name"]
    assert (name.type, name.confidentiality, name.title_vi, name.title_en) == (
        "string",
        "C2",
        "Họ và tên",
        "Full name",
    )
    assert fields["/type"].codes == "petition-type"
    assert "denunciation" in fields["/type"].enum
    assert fields["/received_on"].format == "date"
    assert fields["/received_on"].required
    assert not fields["/field"].required
    assert fields["/petitioners"].type == "array"
    assert fields["/petitioners/*"].type == "object"
    assert fields["/legacy_field_path/*"].type == "string"
    assert list(fields)[:2] == ["/agency_code", "/local_id"]


def test_a_field_is_at_least_as_secret_as_the_container_around_it():
    fields = SCHEMAS.fields("acceptance")
    assert fields["/competent_agency/name"].confidentiality == "C1"
    assert fields["/protections/*/agency/name"].confidentiality == "C3"
    assert SCHEMAS.fields("petition")["/transfer_document/issued_on"].in_denunciation == "conceal"


def test_items_of_a_code_list_know_their_list():
    item = SCHEMAS.fields("acceptance")["/complexity_grounds/*"]
    assert item.codes == "complexity-ground"
    assert "foreign_element" in item.enum


def test_a_concrete_pointer_has_a_pattern():
    assert pattern_of("/petitioners/12/full_name") == "/petitioners/*/full_name"
    assert pattern_of("/type") == "/type"


def test_a_reference_outside_the_shipped_files_is_refused_and_never_fetched():
    documents = copy.deepcopy(schema_documents())
    documents["petition"]["properties"]["content"]["$ref"] = "https://schemas.invalid/content.json"
    with pytest.raises(ConfigError) as caught:
        Schemas.compile(documents)
    assert caught.value.id == "E-CFG-SCHEMA"
    assert caught.value.values["file"] == "petition"


def test_a_field_without_its_words_does_not_compile():
    documents = copy.deepcopy(schema_documents())
    del documents["petition"]["properties"]["content"]["x-kntc"]
    with pytest.raises(ConfigError):
        Schemas.compile(documents)


def test_what_was_compiled_cannot_be_changed():
    with pytest.raises(TypeError):
        SCHEMAS.fields("petition")["/x"] = None
