"""A mapping's mistakes are all found before any row is read; a row becomes one document, or one list of reasons."""

import json
import random
from contextlib import suppress

import pytest

from connector.core.chain import digest
from connector.core.model import Kind, Problem, RecordKey, SourceRow
from connector.core.secrecy import SecrecyPolicy
from connector.errors import ConfigError
from tests.mapping_files import compiled, files

CANARY = "CHIMYEN7788"
POLICY = SecrecyPolicy()
SENDS = SecrecyPolicy("send", "Luật mẫu Điều 1")

ROW = {
    "Id": 417,
    "Ngay": "01/05/2023",
    "Loai": 1,
    "NoiDung": "Nội dung mẫu",
    "NhieuNguoi": 0,
    "SoNguoi": "2",
    "Goc": None,
    "CoQuan": "",
    "SoCV": "12/CV",
}
PERSON = {
    "HoTen": "Người  Mẫu",
    "SoGiayTo": "099000000417",
    "NgaySinh": "02/03/1960",
    "Huyen": "Huyện Mẫu",
    "Xa": "",
    "DiaChi": "Số 1",
    "AnDanh": 0,
}


def row(people=(PERSON,), fields=(), kind=Kind.PETITION, **changes):
    columns = {**ROW, **changes}
    children = {"nguoi": tuple(people), "linh_vuc": tuple({"Ma": code} for code in fields)}
    return SourceRow(RecordKey("H99.01", kind, f"mau:{columns['Id']}"), columns, children, "")


def apply(source_row, policy=POLICY):
    return compiled().kind(source_row.key.kind).apply(source_row, policy)


def body(source_row, policy=POLICY):
    mapped = apply(source_row, policy)
    assert mapped.problems == ()
    return json.loads(mapped.documents[0].body)


def problems(source_row):
    mapped = apply(source_row)
    assert mapped.documents == ()
    return {(problem.pointer, problem.rule, problem.column) for problem in mapped.problems}


def mistakes(changed):
    with pytest.raises(ConfigError) as caught:
        compiled(changed)
    return {(p.id, p.values["file"], p.values["key"]) for p in caught.value.problems}


def only_mistake(changed):
    (found,) = mistakes(changed)
    return found


# --- a row becomes a document


def test_a_row_and_its_children_become_one_document():
    assert body(row(fields=["01", "01.1"])) == {
        "agency_code": "H99.01",
        "local_id": "mau:417",
        "received_on": "2023-05-01",
        "type": "complaint",
        "content": "Nội dung mẫu",
        "signatory_count": 2,
        "petitioners": [
            {
                "disclosure": "named",
                "full_name": "Người Mẫu",
                "identity": {"number": "099000000417"},
                "born_on": "1960-03-02",
                "address": {"line": "Số 1, Huyện Mẫu"},
            }
        ],
        "legacy_field_path": ["01", "01.1"],
    }


def test_body_and_digest_are_those_of_the_canonical_bytes():
    document = apply(row()).documents[0]
    assert document.digest == digest(document.body)
    assert (
        document.body
        == json.dumps(json.loads(document.body), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    )


def test_what_says_nothing_is_left_out_and_changes_no_digest():
    spellings = [{"Goc": empty, "CoQuan": empty, "SoNguoi": empty} for empty in (None, "", "  ")]
    assert len({apply(row(**spelling)).documents[0].digest for spelling in spellings}) == 1


def test_an_object_of_which_only_constants_are_left_is_left_out():
    assert "transferred_by" not in body(row(CoQuan=None))
    assert body(row(CoQuan="UBND xã Mẫu"))["transferred_by"] == {"name": "UBND xã Mẫu", "level": "province"}


def test_a_constant_may_depend_on_a_column():
    assert "signatories" not in body(row(NhieuNguoi=0))
    for spelling in (1, "1", 1.0):
        assert body(row(NhieuNguoi=spelling))["signatories"] == "many"


def test_a_condition_on_a_filled_column_decides_over_another():
    assert "transfer_document" not in body(row(CoQuan=" "))
    assert body(row(CoQuan="UBND xã Mẫu"))["transfer_document"] == {"no": "12/CV"}


def test_child_rows_that_fail_the_condition_make_no_item():
    empty = dict.fromkeys(PERSON)
    assert len(body(row(people=[empty, PERSON, empty]))["petitioners"]) == 1
    assert "petitioners" not in body(row(people=[empty]))


def test_a_reference_is_the_local_id_of_the_other_record():
    assert body(row(Goc=12))["case_ref"] == "mau:12"


def test_a_child_document_hangs_on_its_parent():
    columns = {"Id": 5, "Lan": 2, "IdDon": "417", "Ngay": "2023-05-02", "Huong": "CD", "Loai": 1}
    key = RecordKey("H99.01", Kind.HANDLING, "mau:5/2")
    mapped = compiled().kind(Kind.HANDLING).apply(SourceRow(key, columns, {}, ""), POLICY)
    assert mapped.documents[0].parent == RecordKey("H99.01", Kind.PETITION, "mau:417")
    assert json.loads(mapped.documents[0].body)["petition_ref"] == "mau:417"


def test_a_child_without_a_parent_says_which_column_is_empty():
    columns = {"Id": 5, "Lan": 2, "IdDon": None, "Ngay": "2023-05-02", "Huong": "CD", "Loai": 1}
    key = RecordKey("H99.01", Kind.HANDLING, "mau:5/2")
    mapped = compiled().kind(Kind.HANDLING).apply(SourceRow(key, columns, {}, ""), POLICY)
    assert mapped.problems == (Problem("/petition_ref", "E-DOC-PARENT", "xu_ly.IdDon"),)


# --- or it becomes reasons


def test_all_mistakes_of_a_row_are_told_with_their_columns_also_inside_arrays():
    people = [PERSON, {**PERSON, "NgaySinh": "31/02/1960"}, {**PERSON, "HoTen": "A" * 1000}]
    assert problems(row(people=people, Ngay="30/02/2023", Loai=9, NoiDung="", CoQuan="x" * 3000)) == {
        ("/received_on", "E-MAP-DATE", "don.Ngay"),
        ("/type", "E-MAP-CODE", "don.Loai"),
        ("/transferred_by/name", "E-DOC-LENGTH", "don_chuyen.CoQuan"),
    }
    assert problems(row(people=people, Ngay="30/02/2023", NoiDung="", CoQuan="x" * 3000)) == {
        ("/received_on", "E-MAP-DATE", "don.Ngay"),
        ("/content", "E-DOC-CONTENT", "don.NoiDung"),
        ("/transferred_by/name", "E-DOC-LENGTH", "don_chuyen.CoQuan"),
        ("/petitioners/1/born_on", "E-MAP-DATE", "nguoi.NgaySinh"),
        ("/petitioners/2/full_name", "E-DOC-LENGTH", "nguoi.HoTen"),
    }


def test_an_unknown_code_names_its_code_map_and_not_the_value():
    mapped = apply(row(Loai=CANARY))
    assert mapped.problems == (Problem("/type", "E-MAP-CODE", "don.Loai", "loai-don"),)


def test_a_column_that_the_result_does_not_have_is_named():
    columns = {name: value for name, value in ROW.items() if name != "CoQuan"}
    people = ({k: v for k, v in PERSON.items() if k != "NgaySinh"},)
    mapped = (
        compiled()
        .kind(Kind.PETITION)
        .apply(SourceRow(RecordKey("H99.01", Kind.PETITION, "mau:1"), columns, {"nguoi": people}, ""), POLICY)
    )
    assert {(problem.rule, problem.column) for problem in mapped.problems} == {
        ("E-MAP-COLUMN", "don_chuyen.CoQuan"),
        ("E-MAP-COLUMN", "nguoi.NgaySinh"),
    }


@pytest.mark.parametrize(
    ("value", "rule"), [(None, "E-MAP-EMPTY-KEY"), (" ", "E-MAP-EMPTY-KEY"), ("k" * 125, "E-MAP-KEY-LENGTH")]
)
def test_a_row_without_a_usable_key_has_no_local_id(value, rule):
    found = compiled().kind(Kind.PETITION).local_id({"Id": value})
    assert isinstance(found, Problem)
    assert (found.rule, found.column) == (rule, "don.Id")


def test_a_local_id_gives_its_range_value_back():
    assert compiled().kind(Kind.PETITION).range_value("mau:a%2Fb") == "a/b"
    assert compiled().kind(Kind.HANDLING).range_value("mau:5/2") == "5"
    assert compiled().kind(Kind.HANDLING).range_value("mau:5") is None
    assert compiled().kind(Kind.HANDLING).range_value("khac:5/2") is None


def test_a_row_gives_its_range_value_even_if_its_query_names_the_column_otherwise():
    kind = compiled().kind(Kind.PETITION)
    assert kind.range_of(row(Id=417.0)) == "417"
    renamed = SourceRow(RecordKey("H99.01", Kind.PETITION, "mau:a%2Fb"), {"IdDon": "a/b"}, {}, "")
    assert kind.range_of(renamed) == "a/b"


def test_every_pointer_leads_back_to_a_column_and_has_a_title():
    kind = compiled().kind(Kind.PETITION)
    assert kind.column_of("/petitioners/12/identity/number") == "nguoi.SoGiayTo"
    assert kind.column_of("/petitioners/12/gender") == "nguoi"
    assert kind.column_of("/petitioners") == "nguoi"
    assert kind.column_of("/legacy_field_path/0") == "don_linh_vuc.Ma"
    assert kind.column_of("/local_id") == "don.Id"
    assert kind.column_of("/nowhere") == ""
    assert kind.label("/petitioners/12/full_name", "en") != kind.label("/petitioners/12/full_name")
    assert kind.label("/nowhere") == "/nowhere"


def test_the_trace_says_how_each_field_is_fed():
    steps = {step.pointer: step for step in compiled().kind(Kind.PETITION).trace}
    assert (steps["/type"].column, steps["/type"].rule) == ("don.Loai", "codes loai-don")
    assert steps["/signatories"].rule == "constant many when NhieuNguoi in 1"
    assert steps["/petitioners/*"].rule == "rows nguoi when HoTen is filled"
    assert steps["/petitioners/*/address/line"].column == "nguoi.DiaChi, nguoi.Xa, nguoi.Huyen"
    assert steps["/petitioners/*/full_name"].confidentiality == "C2"


# --- secrecy


def denunciation(**changes):
    people = [{**PERSON, "HoTen": CANARY, "SoGiayTo": CANARY, "DiaChi": CANARY, "NgaySinh": CANARY}]
    return row(people=people, **{"Loai": 2, "NoiDung": CANARY, "CoQuan": "UBND xã Mẫu", "SoCV": CANARY, **changes})


def test_a_denunciation_leaves_without_its_denouncer_and_content():
    mapped = apply(denunciation())
    assert mapped.problems == ()
    assert CANARY.encode() not in mapped.documents[0].body
    assert body(denunciation())["petitioners"] == [{"disclosure": "concealed"}]
    assert body(denunciation())["concealed"]["reason"] == "denunciation"


@pytest.mark.parametrize("unclassified", [None, "", 9, CANARY])
def test_what_nobody_classified_shows_no_value_in_its_problems(unclassified):
    mapped = apply(denunciation(Loai=unclassified, Ngay=CANARY, SoNguoi=CANARY))
    assert mapped.documents == ()
    assert CANARY not in repr(mapped.problems)
    assert "/petitioners/0/born_on" not in {problem.pointer for problem in mapped.problems}


def test_mistakes_in_fields_that_do_not_leave_keep_no_denunciation_back():
    assert apply(denunciation()).problems == ()
    pointers = {problem.pointer for problem in apply(denunciation(), SENDS).problems}
    assert "/petitioners/0/born_on" in pointers


def test_a_field_with_a_legal_basis_leaves_in_clear():
    changed = files()
    changed["petition.toml"]["fields"]["/transfer_document/no"]["clear"] = "Luật mẫu Điều 2"
    mapped = compiled(changed).kind(Kind.PETITION).apply(denunciation(SoCV="12/CV"), POLICY)
    sent = json.loads(mapped.documents[0].body)
    assert sent["transfer_document"] == {"no": "12/CV"}
    assert "Luật mẫu Điều 2" in sent["concealed"]["basis"]


def test_a_document_that_calls_itself_a_denunciation_is_concealed_whatever_secrecy_reads():
    changed = files()
    changed["codes/loai-sai.toml"] = {**changed["codes/loai-don.toml"], "name": "loai-sai", "map": {"2": "complaint"}}
    changed["petition.toml"]["secrecy"] = {"petition_type": {"column": "Loai", "codes": "loai-sai"}}
    mapped = compiled(changed).kind(Kind.PETITION).apply(denunciation(), POLICY)
    assert CANARY.encode() not in mapped.documents[0].body


@pytest.mark.parametrize("code", ["complaint", "recommendation_feedback"])
@pytest.mark.parametrize("kind", ["petition", "handling"])
def test_no_mapping_may_declare_everything_open(kind, code):
    """With a constant "complaint" every denunciation of the agency would leave in clear, and the check said nothing."""
    changed = files()
    changed[f"{kind}.toml"]["secrecy"]["petition_type"] = {"constant": code}
    assert only_mistake(changed) == ("E-CFG-VALUE", f"{kind}.toml", "secrecy.petition_type.constant")
    changed[f"{kind}.toml"]["secrecy"]["petition_type"] = {"constant": "denunciation"}
    compiled(changed)


def test_a_reason_from_outside_conceals_what_would_be_open():
    assert "concealed" not in body(row())
    mapped = compiled().kind(Kind.PETITION).apply(row(people=[PERSON]), POLICY, reason="multiple_contents")
    sent = json.loads(mapped.documents[0].body)
    assert sent["concealed"]["reason"] == "multiple_contents"
    assert sent["petitioners"] == [{"disclosure": "concealed"}]
    assert "content" not in sent
    assert mapped.documents[0].concealed


def test_a_denunciation_refers_to_no_other_paper_but_the_one_it_hangs_on():
    assert body(row(Goc=12))["case_ref"] == "mau:12"
    assert "case_ref" not in body(denunciation(Goc=12))


@pytest.mark.parametrize("broken", ["K\udcd0", "\udcd0"])
def test_a_range_value_of_broken_bytes_is_no_value_to_ask_for(broken):
    mapping = compiled().kind(Kind.PETITION)
    local_id = mapping.local_id({"Id": broken})
    local_id.encode()
    assert mapping.range_value(local_id) is None
    assert mapping.range_of(SourceRow(RecordKey("H99.01", Kind.PETITION, local_id), {"Id": broken}, {}, "")) == ""


def test_whatever_hangs_on_a_denunciation_is_concealed_too():
    columns = {"Id": 5, "Lan": 2, "IdDon": "417", "Ngay": "2023-05-02", "Huong": "CD", "Loai": 2}
    key = RecordKey("H99.01", Kind.HANDLING, "mau:5/2")
    mapped = compiled().kind(Kind.HANDLING).apply(SourceRow(key, columns, {}, ""), POLICY)
    assert json.loads(mapped.documents[0].body)["concealed"]["reason"] == "denunciation"


# --- a mapping's own mistakes


def test_a_mapping_without_mistakes_has_a_fingerprint_that_every_change_changes():
    changed = files()
    changed["codes/loai-don.toml"]["map"]["4"] = "complaint"
    assert compiled().digest == compiled(files()).digest != compiled(changed).digest
    assert compiled().kinds == (Kind.PETITION, Kind.HANDLING)


def test_all_mistakes_of_all_files_are_found_in_one_pass():
    changed = files()
    changed["mapping.toml"]["timezone"] = "Sao Hỏa"
    changed["petition.toml"]["fields"]["/tpye"] = {"column": "Loai"}
    changed["petition.toml"]["fields"]["/received_on"]["transform"] = "datum"
    changed["handling.toml"]["colour"] = "red"
    changed["codes/huong.toml"]["map"]["XX"] = "no such code"
    assert {file for _, file, _ in mistakes(changed)} == {
        "mapping.toml",
        "petition.toml",
        "handling.toml",
        "codes/huong.toml",
    }


def test_an_unknown_target_suggests_the_one_that_was_meant():
    changed = files()
    changed["petition.toml"]["fields"]["/recieved_on"] = {"column": "Ngay"}
    with pytest.raises(ConfigError) as caught:
        compiled(changed)
    (found,) = caught.value.problems
    assert found.values == {
        "file": "petition.toml",
        "key": "fields./recieved_on",
        "found": "/recieved_on",
        "expected": "a field, such as /received_on",
    }


RULE_MISTAKES = {
    "an unknown key": ("/content", {"column": "NoiDung", "transfrom": "line"}, "E-CFG-UNKNOWN-KEY"),
    "two sources": ("/content", {"column": "NoiDung", "constant": "x"}, "E-CFG-RULE"),
    "no source": ("/content", {"transform": "line"}, "E-CFG-RULE"),
    "a transform of another type": ("/received_on", {"column": "Ngay", "transform": "text"}, "E-CFG-TRANSFORM"),
    "an unknown transform": ("/content", {"column": "NoiDung", "transform": "upper"}, "E-CFG-TRANSFORM"),
    "an option of another transform": ("/content", {"column": "NoiDung", "formats": ["%d/%m/%Y"]}, "E-CFG-TRANSFORM"),
    "a format that reads no day": ("/received_on", {"column": "Ngay", "formats": ["%H"]}, "E-CFG-TRANSFORM"),
    "a needed option": ("/content", {"column": "NoiDung", "transform": "part"}, "E-CFG-MISSING"),
    "an invented person": ("/content", {"constant": "Nội dung"}, "E-CFG-CONSTANT"),
    "a constant of another type": ("/signatory_count", {"constant": "2"}, "E-CFG-TYPE"),
    "a constant that is no code": ("/signatories", {"constant": "few"}, "E-CFG-CODES"),
    "a map of another list": ("/type", {"column": "Loai", "codes": "huong"}, "E-CFG-CODES"),
    "an unknown map": ("/type", {"column": "Loai", "codes": "mau"}, "E-CFG-CODES"),
    "codes for a field without codes": ("/content", {"column": "Loai", "codes": "loai-don"}, "E-CFG-CODES"),
    "codes and a transform": ("/type", {"column": "Loai", "codes": "loai-don", "transform": "line"}, "E-CFG-TRANSFORM"),
    "a column its query does not have": ("/content", {"column": "TomTat"}, "E-CFG-COLUMN"),
    "a group of fields": ("/object", {"column": "Goc"}, "E-CFG-TARGET"),
    "a field of ours": ("/local_id", {"column": "Id"}, "E-CFG-TARGET"),
    "the reason of concealing": ("/concealed/basis", {"column": "Goc"}, "E-CFG-TARGET"),
    "rows for no array": ("/content", {"rows": "nguoi"}, "E-CFG-TARGET"),
    "rows of no child": ("/petitioners/*", {"rows": "khac"}, "E-CFG-ROWS"),
    "items without rows": ("/respondents/*/full_name", {"column": "Goc"}, "E-CFG-ROWS"),
    "plain items without a value": ("/legacy_field_path/*", {"rows": "linh_vuc"}, "E-CFG-RULE"),
    "a reference to no kind": ("/case_ref", {"ref": "case", "columns": ["Goc"]}, "E-CFG-VALUE"),
    "a reference of another width": ("/case_ref", {"ref": "petition", "columns": ["Goc", "Loai"]}, "E-CFG-KEY"),
    "a condition without a test": ("/content", {"column": "NoiDung", "when": {"column": "Loai"}}, "E-CFG-RULE"),
}


@pytest.mark.parametrize(("pattern", "rule", "id_"), RULE_MISTAKES.values(), ids=RULE_MISTAKES)
def test_a_mistake_in_a_rule_is_found(pattern, rule, id_):
    changed = files()
    changed["petition.toml"]["fields"][pattern] = rule
    found = mistakes(changed)
    assert id_ in {found_id for found_id, _, _ in found}
    assert all(key.startswith("fields.") for _, _, key in found)


QUERY_MISTAKES = {
    "no lower bound": ("SELECT Id, Lan, IdDon, Ngay, Huong, Loai FROM xu_ly WHERE Id <= :hi", "E-CFG-RANGE"),
    "a bound in a comment": (
        "SELECT Id, Lan, IdDon, Ngay, Huong, Loai FROM xu_ly WHERE Id <= :hi -- :lo",
        "E-CFG-RANGE",
    ),
    "an unknown parameter": (
        "SELECT Id, Lan, IdDon, Ngay, Huong, Loai FROM xu_ly WHERE Id > :lo AND Id <= :hi AND Nam = :nam",
        "E-CFG-RANGE",
    ),
    "a second statement": (
        "SELECT Id, Lan, IdDon, Ngay, Huong, Loai FROM xu_ly WHERE Id > :lo AND Id <= :hi; SELECT 1",
        "E-CFG-SQL",
    ),
    "a write": ("DELETE FROM xu_ly WHERE Id > :lo AND Id <= :hi", "E-CFG-SQL"),
    "a write inside": (
        "WITH x AS (DELETE FROM xu_ly RETURNING *) SELECT * FROM x WHERE Id > :lo AND Id <= :hi",
        "E-CFG-SQL",
    ),
}


@pytest.mark.parametrize(("sql", "id_"), QUERY_MISTAKES.values(), ids=QUERY_MISTAKES)
def test_a_mistake_in_a_query_is_found_without_a_database(sql, id_):
    changed = files()
    changed["handling.toml"]["select"]["sql"] = sql
    assert (id_, "handling.toml", "select.sql") in mistakes(changed)


@pytest.mark.parametrize(
    "sql",
    [
        "EXEC GetXuLy @from = :lo, @to = :hi",
        "SELECT Id, Lan, IdDon, Ngay, Huong, Loai FROM xu_ly WHERE Id > :lo AND Id <= :hi AND Donvi = :agency_code;",
        "SELECT Id, Lan, IdDon, Ngay, Huong, 'a:b;delete' AS Loai FROM xu_ly WHERE Id > :lo AND Id <= :hi",
        'SELECT x."Id", [Lan], `IdDon`, Ngay::text Ngay, Huong, Loai FROM xu_ly x WHERE "Id" > :lo AND "Id" <= :hi',
    ],
)
def test_queries_of_other_databases_are_legal(sql):
    changed = files()
    changed["handling.toml"]["select"]["sql"] = sql
    assert compiled(changed).kind(Kind.HANDLING).select.sql == sql


def test_an_origin_has_no_comma_by_which_the_columns_of_a_rule_are_told_apart():
    changed = files()
    changed["petition.toml"]["select"]["origin"]["CoQuan"] = "don_chuyen.CoQuan, don.CoQuan"
    assert only_mistake(changed) == ("E-CFG-COLUMN", "petition.toml", "select.origin.CoQuan")
    changed["petition.toml"]["select"]["origin"]["CoQuan"] = "don_chuyen.CoQuan | don.CoQuan"
    assert compiled(changed).kind(Kind.PETITION).column_of("/transferred_by/name") == "don_chuyen.CoQuan | don.CoQuan"


def test_a_star_is_no_list_of_columns_and_letter_case_counts():
    """With a star no column could be checked, and a name in other letters was found by the check and by no row."""
    changed = files()
    changed["handling.toml"]["select"]["sql"] = "SELECT * FROM xu_ly WHERE Id > :lo AND Id <= :hi"
    assert only_mistake(changed) == ("E-CFG-SQL", "handling.toml", "select.sql")
    changed = files()
    changed["handling.toml"]["fields"]["/handled_on"]["column"] = "NGAY"
    assert ("E-CFG-COLUMN", "handling.toml") in {found[:2] for found in mistakes(changed)}


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        ({"kind": "decision", "columns": ["IdDon"], "field": "/petition_ref"}, ("E-CFG-VALUE", "parent.kind")),
        ({"kind": "petition", "columns": ["IdDon"], "field": "/case_ref"}, ("E-CFG-TARGET", "parent.field")),
    ],
)
def test_a_document_hangs_on_what_the_law_has_it_hang_on(parent, expected):
    """A handling of a decision, or a visit of its petition, was accepted: the first was sent so, the second waited for
    ever."""
    changed = files()
    changed["handling.toml"]["parent"] = parent
    assert (expected[0], "handling.toml", expected[1]) in mistakes(changed)


def test_child_rows_need_a_stated_order():
    changed = files()
    child = changed["petition.toml"]["children"][0]
    child["sql"] = child["sql"].partition(" ORDER BY")[0]
    assert only_mistake(changed) == ("E-CFG-ORDER", "petition.toml", "children[0].sql")


def test_a_child_key_is_as_wide_as_the_key_of_its_record():
    changed = files()
    changed["petition.toml"]["children"][1]["key"] = ["IdDon", "Ma"]
    assert only_mistake(changed) == ("E-CFG-KEY", "petition.toml", "children[1].key")


def test_a_key_is_never_made_of_what_a_person_could_be_known_by():
    changed = files()
    changed["petition.toml"]["fields"]["/note"] = {"column": "Id"}
    assert ("E-CFG-KEY-CLASS", "petition.toml", "key") in mistakes(changed)
    assert ("E-CFG-KEY-CLASS", "petition.toml", "range.column") in mistakes(changed)
    changed = files()
    changed["handling.toml"]["fields"]["/note"] = {"column": "IdDon"}
    assert only_mistake(changed) == ("E-CFG-KEY-CLASS", "handling.toml", "parent.columns")


@pytest.mark.parametrize(
    "selected",
    [
        "x.CanBo AS Id",
        'x.CanBo as "Id"',
        "x.CanBo Id",
        "x.CanBo [Id]",
        "x.CanBo || '' Id",
        "TRIM(x.CanBo) Id",
        "(SELECT CanBo FROM y) Id",
    ],
)
def test_a_key_column_behind_another_name_says_where_it_comes_from(selected):
    """The class of a key was that of the column's name. `x.CanBo AS Id` made local ids of officials' names, which went
    into addresses, the audit log and the published mirror."""
    changed = files()
    select = changed["handling.toml"]["select"]
    select["sql"] = select["sql"].replace("x.Id,", f"{selected},", 1)
    assert only_mistake(changed) == ("E-CFG-KEY-ORIGIN", "handling.toml", "key")
    select["origin"]["Id"] = "xu_ly.CanBo"
    compiled(changed)
    changed["handling.toml"]["fields"]["/note"] = {"column": "CanBo"}
    select["sql"] = select["sql"].replace("x.Lan,", "x.Lan, x.CanBo,")
    assert ("E-CFG-KEY-CLASS", "handling.toml", "key") in mistakes(changed)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT DISTINCT Id, Lan, IdDon, Ngay, Huong, Loai FROM x WHERE Id > :lo AND Id <= :hi ORDER BY Lan, Id",
        'SELECT x."Id", [Lan], `IdDon`, Ngay, Huong, Loai FROM x WHERE (x.Id > :lo AND :hi >= Id)',
        "WITH y AS (SELECT Id FROM x) SELECT y.Id, Lan, IdDon, Ngay, Huong, Loai FROM y WHERE Id > :lo AND Id <= :hi",
    ],
)
def test_a_key_column_under_its_own_name_needs_no_origin(sql):
    changed = files()
    changed["handling.toml"]["select"]["sql"] = sql
    compiled(changed)


def test_a_required_field_needs_a_rule():
    changed = files()
    del changed["handling.toml"]["fields"]["/handled_on"]
    assert only_mistake(changed) == ("E-CFG-MISSING", "handling.toml", "fields./handled_on")
    changed = files()
    del changed["handling.toml"]["parent"]
    assert only_mistake(changed) == ("E-CFG-MISSING", "handling.toml", "fields./petition_ref")


@pytest.mark.parametrize("part", ["key", "range", "select", "secrecy", "fields"])
def test_every_kind_says_its_key_range_query_secrecy_and_fields(part):
    changed = files()
    del changed["handling.toml"][part]
    assert ("E-CFG-MISSING", "handling.toml", part) in mistakes(changed)


def test_missing_and_superfluous_files_are_named():
    changed = files()
    changed["decision.toml"] = changed.pop("handling.toml")
    assert mistakes(changed) == {("E-CFG-FILE", "handling.toml", ""), ("E-CFG-FILE", "decision.toml", "")}
    assert mistakes({}) == {("E-CFG-FILE", "mapping.toml", "")}


def test_a_file_of_nonsense_gives_problems_and_never_another_error():
    seed = 20231101
    print(f"seed {seed}")  # noqa: T201 - a failure must be repeatable
    chance = random.Random(seed)
    nonsense = [None, 7, "", "x", [], {}, ["x"], {"x": 1}, [{"x": 1}], True, 1.5]
    for _ in range(400):
        changed = files()
        table = changed[chance.choice(sorted(changed))]
        for _ in range(chance.randrange(1, 4)):
            key = chance.choice(sorted(table))
            if isinstance(table[key], dict) and table[key] and chance.random() < 0.6:
                table = table[key]
                continue
            table[key] = chance.choice(nonsense)
        with suppress(ConfigError):
            compiled(changed)


# --- columns of before Unicode


def in_old_letters():
    """The small mapping, over columns that hold TCVN3 (the petition, its persons) and VNI."""
    changed = files()
    changed["petition.toml"]["select"]["encoding"] = {"NoiDung": "tcvn3", "CoQuan": "vni"}
    changed["petition.toml"]["children"][0]["encoding"] = {"HoTen": "tcvn3", "DiaChi": "tcvn3"}
    return changed


def test_a_column_in_an_old_encoding_is_decoded_before_everything_else():
    old = {**PERSON, "HoTen": "NguyÔn  L\u00adu B¶o", "DiaChi": "Sè 1", "Xa": "Xã Mẫu"}
    mapping = compiled(in_old_letters()).kind(Kind.PETITION)
    mapped = mapping.apply(row([old], NoiDung=b"\xa7\xacn n\x93u \xad", CoQuan="Thanh tra tænh", SoCV="1"), POLICY)
    made = json.loads(mapped.documents[0].body)
    assert made["content"] == "Đơn n“u ư"
    assert made["petitioners"][0]["full_name"] == "Nguyễn Lưu Bảo"
    assert made["petitioners"][0]["address"]["line"] == "Số 1, Xã Mẫu, Huyện Mẫu"  # each column in its own
    assert made["transferred_by"]["name"] == "Thanh tra tỉnh"


def test_what_is_not_in_the_declared_encoding_holds_its_record_and_is_named_without_its_value():
    unicode_after_all = {**PERSON, "HoTen": f"Nguyễn {CANARY}"}
    mapped = compiled(in_old_letters()).kind(Kind.PETITION).apply(row([unicode_after_all], CoQuan="bù"), POLICY)
    assert mapped.documents == ()
    assert set(mapped.problems) == {
        Problem("/petitioners/0/full_name", "E-MAP-TEXT", "nguoi.HoTen", "text in tcvn3"),
        Problem("/petitioners/0/address/line", "E-MAP-TEXT", "nguoi.DiaChi", "text in tcvn3"),
        Problem("/content", "E-MAP-TEXT", "don.NoiDung", "text in tcvn3"),
        Problem("/transferred_by/name", "E-MAP-TEXT", "don_chuyen.CoQuan", "text in vni"),
    }
    assert CANARY not in repr(mapped.problems)


def test_a_condition_and_a_code_in_an_old_encoding_are_decoded_and_never_guessed():
    changed = in_old_letters()
    changed["petition.toml"]["fields"]["/petitioners/*"] = {"rows": "nguoi", "when": {"column": "HoTen", "in": ["Lưu"]}}
    changed["petition.toml"]["fields"]["/signatories"]["when"] = {"column": "NoiDung", "in": ["Đơn"]}
    mapping = compiled(changed).kind(Kind.PETITION)
    people = [{**PERSON, "HoTen": name, "DiaChi": "Sè 1"} for name in ("L\u00adu", "B¶o")]
    made = json.loads(mapping.apply(row(people, NoiDung="§¬n"), POLICY).documents[0].body)
    assert (made["signatories"], len(made["petitioners"])) == ("many", 1)
    broken = mapping.apply(row([{**PERSON, "HoTen": "Lưu"}], NoiDung="Đơn"), POLICY)
    assert {(p.pointer, p.rule) for p in broken.problems} >= {
        ("/petitioners/0", "E-MAP-TEXT"),
        ("/signatories", "E-MAP-TEXT"),
    }


def test_a_petition_type_that_is_not_in_its_encoding_is_nobody_s_guess():
    changed = files()
    changed["petition.toml"]["select"]["encoding"] = {"Loai": "tcvn3"}
    mapping = compiled(changed).kind(Kind.PETITION)
    assert mapping.apply(row(), POLICY).documents  # a number has no encoding
    mapped = mapping.apply(row(Loai="Đơn"), POLICY)
    assert {(p.rule, p.detail) for p in mapped.problems} == {("E-MAP-TEXT", "text in tcvn3")}


def test_another_encoding_is_another_mapping():
    assert compiled(in_old_letters()).digest != compiled().digest


def test_an_unknown_encoding_is_a_mistake():
    changed = files()
    changed["petition.toml"]["select"]["encoding"] = {"NoiDung": "viscii"}
    assert only_mistake(changed) == ("E-CFG-VALUE", "petition.toml", "select.encoding.NoiDung")


@pytest.mark.parametrize(
    ("place", "column", "mistake"),
    [
        ("select", "Id", "E-CFG-VALUE"),  # its key
        ("select", "Goc", "E-CFG-VALUE"),  # the key of another record
        ("select", "NoiDungKhac", "E-CFG-COLUMN"),
        ("children", "IdDon", "E-CFG-VALUE"),
        ("children", "NoiDung", "E-CFG-COLUMN"),
    ],
)
def test_an_encoding_is_declared_of_a_column_that_is_there_and_makes_no_key(place, column, mistake):
    changed = files()
    query = changed["petition.toml"][place]
    (query[0] if place == "children" else query)["encoding"] = {column: "tcvn3"}
    at = "children[0]" if place == "children" else place
    assert only_mistake(changed) == (mistake, "petition.toml", f"{at}.encoding")
