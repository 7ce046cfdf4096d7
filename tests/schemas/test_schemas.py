"""The shipped schemas and code lists keep the promises that the rest of the program builds on."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import jsonschema_rs
import pytest
import yaml

from connector.core.codes import CodeList
from connector.core.model import KINDS
from connector.core.schema import FieldInfo, Schemas
from connector.resources import code_list_documents, schema_documents, shipped

SCHEMAS = Schemas.compile(schema_documents())
LISTS = {name: CodeList.compile(document) for name, document in code_list_documents().items()}
NAMES = sorted(schema_documents())

# design.md section 13 and the facts of domain.md section 10 that are easily left homeless.
HOMES = {
    "reception": """
        /held_on /sequence /location /mode /received_by /receiver/body_kind /channel /online/central_point
        /online/component_points /online/recording_ref /online/recording_hash /citizens/*/full_name
        /citizens/*/address/line /person_count /is_large_group /group_representatives /case_count /content /matter_type
        /prior_settlement /prior_agency /within_authority /result /guided_to_agency /guide_document/no
        /transfer_document/no /petition_refs /conclusion_notice/no /conclusion_notice/issued_on
        /conclusion_notice/summary /conclusion_notice/deadline_on /assignments/*/agency /case_refs
        /also_received_by_head /refusal/reason /refusal/notice_no /refusal/notice_on /note /parts/*/type""",
    "petition": """
        /reception_ref /local_no /ndb_id /received_on /written_on /source /transferred_by/code /transfer_document/no
        /type /field /legacy_field_path /instance /signatories /signatory_count /representatives_count
        /petitioners/*/disclosure /petitioners/*/identity/number /petitioners/*/born_on /petitioners/*/ethnicity_code
        /petitioners/*/organisation/tax_or_agency_code /petitioners/*/address/current/method /representation/kind
        /respondents/*/is_official /respondents/*/position /content /originals_attached /language
        /translation_certified /duplicate_of /duplicate_search/hits /secrecy_requested /secrecy_level /over_level
        /prolonged /case_ref /original_ref /previous_ref /recorded_at /custodian_agency /object/kind /object/no
        /object/issued_on /object/issuer /prior_settlements/*/agency /prior_settlements/*/instance
        /prior_settlements/*/kind /prior_settlements/*/no /prior_settlements/*/issued_on /prior_settlements/*/result
        /prior_settlements/*/court /parts/*/part_no /parts/*/type /parts/*/field /parts/*/instance
        /parts/*/within_authority /parts/*/handling /withdrawals/*/withdrawn_on /withdrawals/*/scope
        /withdrawals/*/form /withdrawals/*/effect /withdrawals/*/document_no /withdrawals/*/document_on
        /attachments/*/sha256 /attachments/*/redacted /concealed/reason /concealed/basis""",
    "handling": """
        /petition_ref /sequence /handling /handled_on /eligible /anonymous /ineligible_reason /within_authority
        /authority_level /handler /approver /summary /transfer/receiver_group /transfer/receiver_agency/code
        /transfer/document_no /transfer/document_on /transfer/reason /transfer/replies/*/no
        /transfer/replies/*/issued_on /transfer/urgings/*/no /return/reason /return/document_no
        /filed/filed_on /filed/until_on""",
    "acceptance": """
        /petition_ref /petition_refs /outcome /decided_on /decision_no /deadline_on /competent_agency
        /competent_officer /state /type /instance /not_accepted/reason /not_accepted/notice_no /not_accepted/notice_on
        /complexity /complexity_grounds /complexity_document/no /remote_area /verification/decision_no
        /verification/issued_on /verification/team/*/name /dialogues/*/held_on /dialogues/*/attended
        /dialogues/*/minutes_ref /suspensions/*/ground /suspensions/*/decision_no /suspensions/*/from_on
        /suspensions/*/to_on /extensions/*/decision_no /extensions/*/issued_on /extensions/*/days /termination/ground
        /termination/decision_no /termination/issued_on /termination/full_withdrawal /continued/outcome
        /previous/decision_no /previous/issued_on /previous/agency /previous/case_ref /protections/*/requested
        /protections/*/secrecy_measures /protections/*/job_protected /protections/*/life_property_protected
        /on_time""",
    "decision": """
        /acceptance_ref /petition_ref /ndb_id /kind /no /issued_on /issuer_agency/code /result /knowingly_false /form
        /lawsuit_right /summary /reply/form /reply/no /reply/issued_on /remedies/recover_state/money
        /remedies/return_parties/land_residential /remedies/parties_restored/organisations
        /remedies/administrative_handling/officials /remedies/investigation/persons /remedies/prosecution/cases
        /persons_to_handle/*/name /effective_on /sent_on /published_on /published_forms /lawsuit/court
        /requires_enforcement""",
    "enforcement": """
        /decision_ref /status /updated_on /event_on /done_on /basis /enforcing_agency/code /due/collect/money
        /due/collect/land /due/return/money /due/return/land /collected/money /collected/land_production
        /returned/land_residential /handled/organisations /prosecuted/officials /fine_paid /assets_value""",
}


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property of every object of a schema file, `$defs` included."""
    if not isinstance(schema, dict):
        return
    for name, found in schema.get("properties", {}).items():
        yield f"{path}/{name}", found
        yield from properties(found, f"{path}/{name}")
    for name, found in schema.get("$defs", {}).items():
        yield from properties(found, f"{path}#{name}")
    yield from properties(schema.get("items"), f"{path}/*")


def shapes(schema: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every schema of a file that says a type: properties, items and `$defs`."""
    if not isinstance(schema, dict):
        return
    if "type" in schema:
        yield path, schema
    for below in ("properties", "$defs"):
        for name, found in schema.get(below, {}).items():
            yield from shapes(found, f"{path}/{name}")
    yield from shapes(schema.get("items"), f"{path}/*")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_a_valid_2020_12_schema_with_its_own_id(name):
    document = schema_documents()[name]
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == f"urn:kntc:canonical:{name}"
    jsonschema_rs.meta.validate(document)


def test_there_is_a_schema_for_each_kind_and_one_for_what_they_share():
    assert set(NAMES) == {"common", *KINDS}


@pytest.mark.parametrize("name", NAMES)
def test_every_property_says_in_two_languages_what_it_is_why_it_exists_and_how_secret_it_is(name):
    for path, found in properties(schema_documents()[name]):
        words = found["x-kntc"]
        texts = [found["title"], found["description"], words["title"], words["description"], words["source"]]
        assert all(text.strip() for text in texts), path
        assert found["description"].endswith("."), path
        assert words["class"] in {"C1", "C2", "C3"}, path
        assert set(words) <= {"title", "description", "source", "class", "codes", "in_denunciation"}, path
        assert words.get("in_denunciation") in {None, "conceal", "redacted_copy"}, path


@pytest.mark.parametrize("name", NAMES)
def test_every_object_is_closed_and_every_value_bounded(name):
    for path, shape in shapes(schema_documents()[name]):
        match shape["type"]:
            case "object":
                assert shape["additionalProperties"] is False, path
            case "string":
                assert "enum" in shape or shape["maxLength"] <= 20_000, path
            case "array":
                assert shape["maxItems"] <= 2_000, path
            case "integer":
                assert shape["minimum"] >= 0, path
                assert shape["maximum"] < 2**53, path
            case other:
                assert other == "boolean", path


@pytest.mark.parametrize("name", NAMES)
def test_an_enum_is_the_code_list_it_names(name):
    for path, found in properties(schema_documents()[name]):
        shape = found.get("items", found) if found.get("type") == "array" else found
        listed = found["x-kntc"].get("codes")
        assert ("enum" in shape) == (listed is not None), path
        if listed:
            assert shape["enum"] == list(LISTS[listed].codes), path


@pytest.mark.parametrize("name", NAMES)
def test_calendar_days_end_in_on_and_instants_in_at(name):
    for path, found in properties(schema_documents()[name]):
        last = path.rsplit("/", 1)[1]
        if found.get("format") == "date":
            assert last.endswith("_on") or last in {"as_of", "valid_from", "valid_to"}, path
        if found.get("format") == "date-time":
            assert last.endswith("_at"), path
            assert found["pattern"] == "Z$", path


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_has_its_field(kind):
    missing = [pointer for pointer in HOMES[kind].split() if pointer not in SCHEMAS.fields(kind)]
    assert missing == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_is_as_secret_as_its_least_secret_field(kind):
    fields = SCHEMAS.fields(kind)
    for pointer, info in fields.items():
        below = [f.confidentiality for p, f in fields.items() if p.startswith(f"{pointer}/") and is_leaf(f)]
        assert not below or min(below) == info.confidentiality, pointer


def is_leaf(info: FieldInfo) -> bool:
    return info.type not in {"object", "array"}


@pytest.mark.parametrize("kind", KINDS)
def test_free_text_and_personal_fields_are_never_public(kind):
    personal = re.compile(
        r"full_name|person_ref|phone|email|number$|issued_by|born_on|ethnicity|nationality|gender|content$|summary|note$"
        r"|explanation|task|reason$|handler|approver|officer|/line$|position|title|file_name|measure$"
    )
    for pointer, info in SCHEMAS.fields(kind).items():
        if info.type == "string" and personal.search(pointer) and not info.codes:
            assert info.confidentiality in {"C2", "C3"}, pointer


@pytest.mark.parametrize(
    ("kind", "pointer"),
    [("acceptance", "/protections"), ("petition", "/secrecy_requested"), ("reception", "/secrecy_requested")],
)
def test_what_shows_that_somebody_needs_protection_is_of_the_strictest_class(kind, pointer):
    fields = SCHEMAS.fields(kind)
    assert {f.confidentiality for p, f in fields.items() if p == pointer or p.startswith(f"{pointer}/")} == {"C3"}


@pytest.mark.parametrize(
    ("kind", "pointer"),
    [
        ("petition", "/transfer_document/no"),
        ("petition", "/originals_attached"),
        ("petition", "/attachments/*/file_name"),
        ("reception", "/transfer_document/no"),
        ("reception", "/online/recording_ref"),
        ("handling", "/transfer/document_no"),
        ("handling", "/transfer/replies/*/no"),
        ("acceptance", "/previous/decision_no"),
    ],
)
def test_letters_files_and_recordings_do_not_leave_with_a_denunciation(kind, pointer):
    assert SCHEMAS.fields(kind)[pointer].in_denunciation == "conceal"


@pytest.mark.parametrize("kind", KINDS)
def test_no_number_of_any_paper_leaves_with_a_denunciation(kind):
    """The README promised it, and the numbers of acceptances, decisions, replies and of the register left in clear."""
    numbers = {
        p: f for p, f in SCHEMAS.fields(kind).items() if re.search(r"(/|_)no$", p) and not p.endswith("/part_no")
    }
    assert {p for p, f in numbers.items() if f.confidentiality == "C1" and not f.in_denunciation} == set()


PARENTS = {
    "reception": set(),
    "petition": {"/reception_ref"},
    "handling": {"/petition_ref"},
    "acceptance": {"/petition_ref"},
    "decision": {"/petition_ref", "/acceptance_ref"},
    "enforcement": {"/decision_ref"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_denunciation_is_linked_to_no_paper_but_its_parent_which_is_concealed_itself(kind):
    link = re.compile(r"(_ref|_refs|_refs/\*|_of|ndb_id|national_id|judgment_no)$")
    fields = SCHEMAS.fields(kind)
    left = {p for p, f in fields.items() if link.search(p) and f.confidentiality == "C1" and not f.in_denunciation}
    assert left == PARENTS[kind]


@pytest.mark.parametrize("name", sorted(LISTS))
def test_a_code_list_is_named_like_its_file_and_labels_each_code_twice(name):
    assert shipped("schemas", "codes", f"{name}.json").exists()
    listed = LISTS[name]
    assert listed.name == name
    assert all(listed.titles[language].strip() for language in ("vi", "en"))
    assert listed.codes
    for code in listed.codes.values():
        assert re.fullmatch(r"[a-z][a-z0-9_.-]*", code.code)
        assert all(code.labels[language].strip() for language in ("vi", "en")), code.code
        assert code.source.strip(), code.code


def test_every_code_list_is_used_by_a_field_or_by_a_delivery():
    used = {found["x-kntc"].get("codes") for name in NAMES for _, found in properties(schema_documents()[name])}
    assert set(LISTS) - used == {"change-cause", "national-status"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_json_file_is_written_as_a_person_would_read_it(kind):
    text = shipped("schemas", "canonical", f"{kind}.json").read_text(encoding="utf-8")
    assert "\\u" not in text
    assert text.endswith("}\n")
    assert '\n  "properties": {\n    "agency_code": {\n' in text


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_in_two_languages_what_it_describes(name):
    document = schema_documents()[name]
    words = document["x-kntc"]
    texts = (document["title"], document["description"], words["title"], words["description"])
    assert all(text.strip() for text in texts)
    assert document["description"].endswith(".")
    assert words["description"].endswith(".")


# domain.md section 12.1: ids, agency, the date of the fact, petition type, kind of handling, decision result.
REQUIRED = {
    "reception": {"held_on"},
    "petition": {"received_on", "type"},
    "handling": {"petition_ref", "handled_on", "handling"},
    "acceptance": {"petition_ref", "decided_on"},
    "decision": {"issued_on"},
    "enforcement": {"decision_ref", "updated_on"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_required_that_an_agency_may_not_know(kind):
    assert set(schema_documents()[kind]["required"]) == {"agency_code", "local_id"} | REQUIRED[kind]


@pytest.mark.parametrize(
    ("change", "causes"),
    [
        ({}, (("/result", "E-DOC-REQUIRED", ""),)),
        ({"kind": "kn_first"}, (("/result", "E-DOC-REQUIRED", ""),)),
        ({"result": "correct"}, ()),
        ({"kind": "not_resettle_notice"}, ()),
        ({"kind": "knpa_reply", "result": "answered"}, ()),
    ],
)
def test_a_decision_has_a_result_unless_it_is_a_notice_of_no_renewed_settlement(change, causes):
    decision = {"agency_code": "H51.01", "local_id": "mau:1", "petition_ref": "mau:1", "issued_on": "2026-01-02"}
    assert SCHEMAS.check("decision", decision | change) == causes


@pytest.mark.parametrize(("code", "fits"), [("H51", True), ("H51.01", True), ("000.00.15.H51", False)])
def test_an_agency_code_is_one_of_the_present_list(code, fits):
    """000.… was the list before QĐ 20/2020: an agency has it among its old codes only."""
    pattern = schema_documents()["common"]["$defs"]["agency_code"]["pattern"]
    assert bool(re.search(pattern, code)) == fits


def test_one_content_is_never_several():
    assert "multiple_contents" in SCHEMAS.fields("petition")["/type"].enum
    for kind in ("petition", "reception"):
        assert "multiple_contents" not in SCHEMAS.fields(kind)["/parts/*/type"].enum


def test_a_recording_is_as_confidential_as_an_attachment():
    fields = SCHEMAS.fields("reception")
    assert {fields[f"/online/{name}"].confidentiality for name in ("recording_ref", "recording_hash")} == {"C2"}


def test_a_withdrawn_petition_can_say_so_without_saying_when():
    field = SCHEMAS.fields("petition")["/withdrawn"]
    assert (field.type, field.source, field.required) == ("boolean", "NĐ 55/2022 Đ6.2e", False)


NEW_IN_JULY_2026 = {
    "complexity-ground": set(LISTS["complexity-ground"].codes),
    "reception-channel": {"online"},
    "termination-ground": {"object_gone", "court_accepted"},
    "refusal-reason": {
        "weapon", "security_check_refused", "unauthorised_recording", "no_proof_of_representation", "out_of_scope",
        "already_answered", "final_judgment", "settled_elsewhere",
    },
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(NEW_IN_JULY_2026))
def test_what_the_law_knows_since_july_2026_is_not_valid_before(name):
    """NĐ 155/2026 Đ3a, Luật 42/2013 Đ3a, Luật 02/2011 Đ11a, NĐ 154/2026 Đ4; what an older law knew has no first day."""
    dated = {code.code for code in LISTS[name].codes.values() if code.valid_from == date(2026, 7, 1)}
    assert dated == NEW_IN_JULY_2026[name]
    assert {code.valid_from for code in LISTS[name].codes.values()} <= {None, date(2026, 7, 1)}


def test_what_no_form_asks_is_marked_as_a_proposal():
    assert {SCHEMAS.fields(kind)["/recorded_at"].source for kind in KINDS} == {"proposal"}
    sources = {code.code: code.source for code in LISTS["enforcement-status"].codes.values()}
    assert (sources["not_started"], sources["in_progress"]) == ("proposal", "proposal")
    assert sources["done"].startswith("TT 06/2025 05/KQTH")


def test_many_signatories_are_five_in_both_languages():
    labels = LISTS["signatories"].codes["many"].labels
    assert "05" in labels["vi"]
    assert "5" in labels["en"]


def test_every_operation_may_say_not_now_and_then_says_until_when():
    contract = yaml.safe_load(shipped("schemas", "decree55.openapi.yaml").read_text("utf-8"))
    operations = [
        (path, method, operation)
        for path, item in contract["paths"].items()
        for method, operation in item.items()
        if method in {"get", "put", "post"}
    ]
    assert len(operations) == 19
    for path, method, operation in operations:
        for status in ("429", "503"):
            assert operation["responses"][status] == {"$ref": "#/components/responses/Busy"}, (path, method)
    assert contract["components"]["headers"]["RetryAfter"]["required"] is True
