"""A mapping may ask where an address is today: beside what was entered, certain or left open."""

import json
import shutil

import pytest

from connector.core.mapping import compile_mapping
from connector.core.model import Kind, RecordKey, SourceRow
from connector.core.places import Places, addresses, agencies
from connector.core.secrecy import SecrecyPolicy
from connector.core.units import Place
from connector.errors import ConfigError
from connector.loading import compiled_schemas, compiled_units, mapping_at
from connector.resources import shipped
from tests.mapping_files import code_lists, files, schemas

ADDRESS = "/petitioners/*/address"
POLICY = SecrecyPolicy()


def mapping(places=True, choice=True, **more):
    changed = files()
    if places:
        changed["mapping.toml"]["places"] = {"current": "vn-admin-2025"}
    petition = changed["petition.toml"]
    petition["children"][0]["sql"] = petition["children"][0]["sql"].replace("AnDanh", "AnDanh, He, T, H, X, Moi")
    rules = {"scheme": "He", "province_code": "T", "district_code": "H", "commune_code": "X"}
    rules |= {"current/commune_code": "Moi"} if choice else {}
    petition["fields"] |= {f"{ADDRESS}/{name}": {"column": column} for name, column in (rules | more).items()}
    return compile_mapping(changed, code_lists(), schemas(), units=compiled_units())


def mapped(
    scheme="vn-admin-2004", province="94", district="941", commune="31507", new="", loai=1, compiled=None, choose=None
):
    columns = {"Id": 1, "Ngay": "2025-03-01", "Loai": loai, "NoiDung": "Mẫu", "NhieuNguoi": 0, "SoNguoi": 1}
    columns |= {"Goc": None, "CoQuan": "", "SoCV": ""}
    person = {
        "HoTen": "Người Mẫu",
        "SoGiayTo": "",
        "NgaySinh": "",
        "Huyen": "",
        "Xa": "",
        "DiaChi": "Số 1",
        "AnDanh": 0,
    }
    person |= {"He": scheme, "T": province, "H": district, "X": commune, "Moi": new}
    row = SourceRow(
        RecordKey("H99.01", Kind.PETITION, "mau:1"), columns, {"nguoi": (person,), "linh_vuc": ()}, "", choose=choose
    )
    return (compiled or mapping()).kind(Kind.PETITION).apply(row, POLICY)


def address(**changes):
    found = mapped(**changes)
    assert found.problems == ()
    return json.loads(found.documents[0].body)["petitioners"][0]["address"]


def divided():
    table = compiled_units().conversions["vn-admin-2004", "vn-admin-2025"]
    code = min(code for (level, code), became in table.units.items() if level == "commune" and len(became) > 1)
    chain = table.source.chain(Place("vn-admin-2004", commune=code))
    entered = dict(zip(("province", "district", "commune"), (unit.code for unit in chain), strict=True))
    return entered, table.convert(Place("vn-admin-2004", commune=code))


VERSION = {"scheme": "vn-admin-2025", "table_version": "vietnamadminunits-1.0.4"}


def test_the_layer_stands_beside_the_address_as_entered():
    assert address() == {
        "scheme": "vn-admin-2004",
        "province_code": "94",
        "district_code": "941",
        "commune_code": "31507",
        "line": "Số 1",
        "current": {**VERSION, "method": "exact", "province_code": "92", "commune_code": "31507"},
    }


def test_a_divided_commune_is_sent_unresolved_until_somebody_has_chosen():
    entered, became = divided()
    assert address(**entered)["current"] == {**VERSION, "method": "unresolved", "province_code": became.province}
    chosen = became.candidates[0]
    assert address(**entered, new=chosen)["current"] == {
        **VERSION,
        "method": "split_manual",
        "province_code": became.province,
        "commune_code": chosen,
    }


def test_a_choice_that_the_table_does_not_allow_is_named_without_saying_where_anybody_lives():
    (problem,) = mapped(new="05983").problems
    assert (problem.pointer, problem.rule, problem.column, problem.detail) == (
        "/petitioners/0/address/current/commune_code",
        "E-MAP-UNIT-CHOICE",
        "nguoi.Moi",
        "vietnamadminunits-1.0.4",
    )


def test_a_code_without_its_scheme_is_one_mistake_and_gets_no_layer():
    (problem,) = mapped(scheme="", new="31507").problems
    assert (problem.pointer, problem.rule) == ("/petitioners/0/address/scheme", "E-DOC-SCHEME")


def test_an_address_without_codes_gets_no_layer():
    assert address(province="", district="", commune="") == {"scheme": "vn-admin-2004", "line": "Số 1"}


def test_another_list_is_unresolved_and_stops_nothing():
    found = address(scheme="ttcp-2018", province="101", district="", commune="")
    assert found["current"] == {**VERSION, "method": "unresolved"}


def test_a_denunciation_leaves_without_the_layer_and_without_its_mistakes():
    found = mapped(loai=2, new="05983")
    assert found.problems == ()
    assert b"current" not in found.documents[0].body
    assert b"31507" not in found.documents[0].body


def test_without_places_nothing_is_added():
    found = address(compiled=mapping(places=False, choice=False))
    assert "current" not in found


def test_the_layer_and_its_table_are_part_of_the_fingerprint():
    assert mapping().digest != mapping(places=False, choice=False).digest


def test_every_address_of_every_kind_can_hold_the_layer():
    for kind in Kind:
        fields = schemas().fields(kind)
        assert set(addresses(fields)) == {p for p, f in fields.items() if p.endswith("/address") and f.type == "object"}
        layer = Places(compiled_units().conversions["vn-admin-2004", "vn-admin-2025"], {})
        assert all("/current/" in pattern for pattern in layer.fields_set(fields))


def test_a_rule_for_what_the_layer_says_itself_is_a_mistake():
    with pytest.raises(ConfigError) as caught:
        mapping(**{"current/method": "He"})
    ((id_, key),) = {(problem.id, problem.values["key"]) for problem in caught.value.problems}
    assert (id_, key) == ("E-CFG-TARGET", f"fields.{ADDRESS}/current/method")


def test_a_scheme_that_no_table_leads_to_is_told_those_there_are():
    changed = files()
    changed["mapping.toml"]["places"] = {"current": "vn-admin-2004"}
    with pytest.raises(ConfigError) as caught:
        compile_mapping(changed, code_lists(), schemas(), units=compiled_units())
    (problem,) = caught.value.problems
    assert (problem.id, problem.values["key"], problem.values["expected"]) == (
        "E-CFG-VALUE",
        "places.current",
        "one of: vn-admin-2025",
    )


def test_a_mapping_on_disk_gets_the_tables_that_it_asks_for(tmp_path):
    folder = tmp_path / "bentre"
    shutil.copytree(shipped("mappings", "bentre"), folder)
    head = folder / "mapping.toml"
    head.write_text(head.read_text(encoding="utf-8") + '\n[places]\ncurrent = "vn-admin-2025"\n', encoding="utf-8")
    with_layer = mapping_at(folder, *compiled_schemas())
    plain = mapping_at(shipped("mappings", "bentre"), *compiled_schemas())
    assert with_layer.kind(Kind.PETITION).places is not None
    assert plain.kind(Kind.PETITION).places is None


def transferred_by(code, **places):
    changed = files()
    changed["mapping.toml"]["places"] = {"current": "vn-admin-2025", **places}
    changed["petition.toml"]["fields"]["/transferred_by/code"] = {"column": "CoQuan", "transform": "agency_code"}
    compiled = compile_mapping(changed, code_lists(), schemas(), units=compiled_units())
    columns = {"Id": 1, "Ngay": "2025-08-01", "Loai": 1, "NoiDung": "Mẫu", "NhieuNguoi": 0, "SoNguoi": 1}
    columns |= {"Goc": None, "CoQuan": code, "SoCV": ""}
    row = SourceRow(RecordKey("H99.01", Kind.PETITION, "mau:1"), columns, {"nguoi": (), "linh_vuc": ()}, "")
    found = compiled.kind(Kind.PETITION).apply(row, POLICY)
    assert found.problems == ()
    return json.loads(found.documents[0].body)["transferred_by"]


def test_a_closed_code_of_an_agency_stays_and_gets_its_successor():
    found = transferred_by("000.00.00.H51", agencies=True)
    assert (found["code"], found["successor_codes"]) == ("H51", ["H13"])


@pytest.mark.parametrize("code", ["H13", "H37", "H34.05", "G20", "H63"])
def test_a_code_that_goes_on_or_of_which_nobody_knows_gets_none(code):
    assert "successor_codes" not in transferred_by(code, agencies=True)


def test_successors_are_named_only_where_the_mapping_asks_for_them():
    assert "successor_codes" not in transferred_by("H51")


def test_what_the_layer_says_of_agencies_no_rule_says():
    for kind in Kind:
        fields = schemas().fields(kind)
        units = compiled_units()
        layer = Places(units.conversions["vn-admin-2004", "vn-admin-2025"], units.provinces)
        assert {f"{agency}/successor_codes" for agency in agencies(fields)} <= layer.fields_set(fields)


def test_what_the_layer_writes_is_traced_where_an_address_or_an_agency_has_rules():
    steps = {step.pointer: step.rule for step in mapping().kind(Kind.PETITION).trace}
    rule = "places vietnamadminunits-1.0.4"
    assert {pointer for pointer, words in steps.items() if words == rule} == {
        f"{ADDRESS}/current/method",
        f"{ADDRESS}/current/province_code",
    }
    assert steps[f"{ADDRESS}/current/commune_code"] == "text"
    assert "successor" not in steps.values()
    assert not any("current" in step.pointer for step in mapping(False, False).kind(Kind.PETITION).trace)


def test_what_was_decided_here_counts_where_the_source_says_nothing():
    place, became = divided()
    first, last = became.candidates[0], became.candidates[-1]
    asked = []

    def choose(entered, candidates):
        asked.append((dict(entered), candidates))
        return last

    found = address(**place, choose=choose)["current"]
    assert (found["method"], found["commune_code"]) == ("split_manual", last)
    ((entered, candidates),) = asked
    assert candidates == became.candidates
    assert "current" not in entered
    assert entered["line"] == "Số 1"  # two addresses of one commune are two things to decide
    assert address(**place, new=first, choose=choose)["current"]["commune_code"] == first  # the source comes first
    assert address(choose=choose)["current"]["method"] == "exact"
    assert len(asked) == 1  # of what is certain nobody is asked
    assert address(**place, choose=lambda _address, _candidates: "")["current"]["method"] == "unresolved"


def test_a_document_names_its_addresses_that_wait_for_a_person():
    place, became = divided()
    layer = mapping().kind(Kind.PETITION).places
    assert layer is not None

    def waiting(**changes):
        return [*layer.undecided(json.loads(mapped(**changes).documents[0].body))]

    (one,) = waiting(**place)
    assert (one.pointer, one.pattern, one.candidates) == ("/petitioners/0/address", ADDRESS, became.candidates)
    assert "current" not in one.address
    assert place["commune"] not in repr(one)
    assert waiting(**place, new=became.candidates[0]) == []
    assert waiting() == []
    assert waiting(**place, loai=2) == []  # concealed: there is no address
