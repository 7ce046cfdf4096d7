"""Denouncers stay unknown: what is concealed, what may stay, and that nothing of a person is left over."""

import copy
import json

import pytest

from connector.core.model import KINDS
from connector.core.schema import FieldInfo, Schemas
from connector.core.secrecy import SecrecyPolicy, conceal, mask, reason_to_conceal, treat_as_denunciation
from connector.errors import ConfigError
from connector.resources import schema_documents

SCHEMAS = Schemas.compile(schema_documents())
PETITION = SCHEMAS.fields("petition")
CONCEAL = SecrecyPolicy()
SEND = SecrecyPolicy("send", "Công văn mẫu 1/TTCP")
CANARY = "CANARY-7f3a"

BODY = {
    "agency_code": "H00.01",
    "local_id": "mau:1",
    "received_on": "2026-11-09",
    "type": "denunciation",
    "field": "corruption",
    "transfer_document": {"no": CANARY, "issued_on": "2026-11-01"},
    "petitioners": [
        {
            "kind": "individual",
            "disclosure": "named",
            "person_ref": CANARY,
            "full_name": CANARY,
            "identity": {"kind": "national_id", "number": CANARY},
            "address": {"scheme": "vn-admin-2025", "province_code": "92", "line": CANARY},
            "phone": CANARY,
        }
    ],
    "representation": {"kind": "lawyer", "persons": [{"full_name": CANARY}]},
    "respondents": [{"kind": "individual", "full_name": CANARY}],
    "content": CANARY,
    "originals_attached": True,
    "secrecy_requested": True,
    "attachments": [{"file_name": CANARY, "sha256": "0" * 64}],
    "note": CANARY,
}


def concealed(body=None, policy=CONCEAL, clear=None, reason="denunciation"):
    return conceal(body or BODY, PETITION, reason, policy, clear or {})


def person(**facts):
    return {**BODY, "petitioners": [facts]}


@pytest.mark.parametrize(
    ("petition_type", "parts", "reason"),
    [
        ("complaint", [], None),
        ("recommendation_feedback", [], None),
        ("denunciation", [], "denunciation"),
        ("denunciation", [{"type": "complaint"}], "denunciation"),
        (None, [], "unclassified"),
        ("", [], "unclassified"),
        ("tố giác", [], "unclassified"),
        ("multiple_contents", [], "multiple_contents"),
        ("multiple_contents", [{"type": "complaint"}, {"part_no": 2}], "multiple_contents"),
        ("multiple_contents", [{"type": "complaint"}, {"type": "denunciation"}], "multiple_contents"),
        ("multiple_contents", [{"type": "complaint"}, {"type": "recommendation_feedback"}], None),
        ("complaint", [{"type": "denunciation"}], "multiple_contents"),
        ("complaint", [{"part_no": 1}], None),
    ],
)
def test_whatever_may_be_a_denunciation_is_treated_as_one(petition_type, parts, reason):
    assert treat_as_denunciation(petition_type, parts) == reason


def test_a_complaint_is_concealed_when_secrecy_was_asked_for():
    assert reason_to_conceal("complaint", {"secrecy_requested": True}) == "secrecy_requested"
    assert reason_to_conceal("complaint", {"secrecy_requested": False}) is None
    assert reason_to_conceal("denunciation", {"secrecy_requested": True}) == "denunciation"


def test_nothing_of_a_denouncer_leaves():
    assert CANARY not in json.dumps(concealed())


def test_what_the_state_may_know_stays():
    found = concealed()
    assert found == {
        "agency_code": "H00.01",
        "local_id": "mau:1",
        "received_on": "2026-11-09",
        "type": "denunciation",
        "field": "corruption",
        "petitioners": [{"kind": "individual", "disclosure": "concealed"}],
        "representation": {"kind": "lawyer", "persons": [{"disclosure": "concealed"}]},
        "respondents": [{"kind": "individual"}],
        "concealed": {"reason": "denunciation", "basis": "khoản 3 Điều 8 Luật Tố cáo số 25/2018/QH14"},
    }


@pytest.mark.parametrize("reason", SCHEMAS.fields("petition")["/concealed/reason"].enum)
def test_every_reason_to_conceal_has_its_basis(reason):
    assert concealed(reason=reason)["concealed"]["basis"].startswith("khoản ")


def test_a_concealed_document_is_a_valid_one_and_the_original_is_untouched():
    before = copy.deepcopy(BODY)
    assert SCHEMAS.check("petition", concealed()) == ()
    assert before == BODY


@pytest.mark.parametrize("told", ["anonymous", "impersonated", "concealed"])
def test_what_was_never_named_stays_as_it_was_told(told):
    assert concealed(person(disclosure=told, full_name=CANARY))["petitioners"] == [{"disclosure": told}]


@pytest.mark.parametrize("facts", [{"disclosure": "named", "full_name": CANARY}, {"full_name": CANARY}, {}])
def test_a_named_person_becomes_concealed_and_never_anonymous(facts):
    assert concealed(person(**facts))["petitioners"] == [{"disclosure": "concealed"}]


def test_a_rule_with_a_legal_basis_may_send_one_field_in_clear():
    found = concealed(clear={"/content": "Điều mẫu 1", "/transfer_document": "Điều mẫu 2"})
    assert found["content"] == CANARY
    assert found["transfer_document"] == BODY["transfer_document"]
    assert "note" not in found
    assert found["concealed"]["basis"].endswith("; Điều mẫu 1; Điều mẫu 2")


def test_a_rule_for_one_field_does_not_open_another_that_begins_alike():
    assert "note" not in concealed(clear={"/not": "Điều mẫu"})


def test_an_agency_that_names_its_legal_basis_sends_those_who_are_named():
    found = concealed({**BODY, "secrecy_requested": False}, policy=SEND)
    assert found["petitioners"] == BODY["petitioners"]
    assert "content" not in found
    assert found["respondents"] == [{"kind": "individual"}]
    assert found["concealed"]["basis"].endswith("; Công văn mẫu 1/TTCP")


@pytest.mark.parametrize("facts", [{"disclosure": "concealed"}, {"disclosure": "anonymous"}, {}])
def test_even_then_nobody_is_sent_who_is_not_named(facts):
    assert CANARY not in json.dumps(concealed(person(full_name=CANARY, **facts), policy=SEND))


def test_even_then_nobody_is_sent_who_asked_for_secrecy():
    open_person = {**BODY, "secrecy_requested": False}
    for reason in ("secrecy_requested", "parent_concealed"):
        assert CANARY not in json.dumps(concealed(open_person, policy=SEND, reason=reason))


def test_who_asked_for_secrecy_is_not_sent_whatever_else_is_a_reason_to_conceal():
    assert BODY["secrecy_requested"]
    assert CANARY not in json.dumps(concealed(policy=SEND, reason="denunciation"))


def test_sending_identities_without_a_legal_basis_is_a_configuration_error():
    with pytest.raises(ConfigError):
        SecrecyPolicy("send", "  ")


def test_a_field_that_the_schema_does_not_know_does_not_leave():
    assert CANARY not in json.dumps(concealed({**BODY, "biet_danh": CANARY, "petitioners": [{"alias": CANARY}]}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_canary_in_every_secret_field_of_every_kind_is_gone(kind):
    fields = SCHEMAS.fields(kind)
    body = full("", fields)
    for paper in body.get("attachments", []):
        paper["redacted"] = False
    assert CANARY in json.dumps(body)
    left = conceal(body, fields, "denunciation", CONCEAL, {})
    assert CANARY not in json.dumps(left)
    assert "protections" not in left


def test_of_a_redacted_copy_only_its_content_leaves():
    paper = {"sha256": "a" * 64, "size_bytes": 9, "media_type": "image/png", "redacted": True}
    named = {**paper, "title": CANARY, "file_name": CANARY, "kind": CANARY, "ref": CANARY, "summary": CANARY}
    others = [{**named, "redacted": False}, {"title": CANARY, "redacted": True}]
    body = {"type": "denunciation", "received_on": "2026-02-02", "attachments": [named, *others]}
    left = conceal(body, SCHEMAS.fields("petition"), "denunciation", CONCEAL, {})
    assert left["attachments"] == [paper]


def full(pattern: str, fields: dict[str, FieldInfo]):
    """A document with every field of the schema filled; secret and concealable texts hold the canary."""
    body = {}
    for pointer, info in fields.items():
        above, _, name = pointer.rpartition("/")
        if above == pattern and name != "*":
            body[name] = filled(pointer, info, fields)
    return body


def filled(pointer: str, info: FieldInfo, fields: dict[str, FieldInfo]):
    match info.type:
        case "object":
            return full(pointer, fields)
        case "array":
            return [filled(f"{pointer}/*", fields[f"{pointer}/*"], fields)]
        case "string" if info.confidentiality != "C1" or info.in_denunciation:
            return CANARY
        case "string":
            return "x"
        case "integer":
            return 7
        case _:
            return True


@pytest.mark.parametrize(
    ("value", "confidentiality", "shown"),
    [
        ("2026-11-09", "C1", "2026-11-09"),
        ("079000000417", "C2", "(đã che) ...417"),
        ("000000417", "C2", "(đã che) ...417"),
        ("00000417", "C2", "(đã che)"),
        ("Người Mẫu Một", "C2", "(đã che)"),
        ("٠٧٩٠٠٠٠٠٠٤١٧", "C2", "(đã che)"),
        ("079000000417", "C3", ""),
        ("079000000417", "C4", ""),
    ],
)
def test_a_screen_shows_at_most_three_digits_of_a_long_number(value, confidentiality, shown):
    assert mask(value, confidentiality) == shown


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"type": "denunciation"}, "denunciation"),
        ({"matter_type": "denunciation"}, "denunciation"),
        ({"matter_type": "multiple_contents"}, "multiple_contents"),
        ({"instance": "denunciation_first"}, "denunciation"),
        ({"instance": "denunciation_continued"}, "denunciation"),
        ({"kind": "tc_conclusion"}, "denunciation"),
        ({"kind": "tc_continued_conclusion"}, "denunciation"),
        ({"continued": {"outcome": "upheld"}}, "denunciation"),
        ({"parts": [{"type": "denunciation"}]}, "multiple_contents"),
        ({"parts": [{"type": "complaint", "instance": "denunciation_first"}]}, "denunciation"),
        ({"type": "complaint", "instance": "complaint_second", "kind": "kn_second"}, None),
        ({"kind": "knpa_reply", "matter_type": "recommendation_feedback"}, None),
    ],
)
def test_a_document_of_any_kind_that_says_it_is_a_denunciation_is_treated_as_one(body, reason):
    """Only a petition's own type counted. A conclusion of a denunciation left in clear wherever the mapping read the
    petition's type from a column that was wrong or empty-handed."""
    assert reason_to_conceal("complaint", body) == reason
