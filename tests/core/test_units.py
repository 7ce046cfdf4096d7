"""Units belong to a scheme; from the old to the new one leads a table that never guesses."""

import hashlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.units import Converted, Method, Place, Units
from connector.errors import ConfigError
from connector.loading import compiled_units

OLD, NEW = "vn-admin-2004", "vn-admin-2025"


@pytest.fixture(scope="module")
def units():
    return compiled_units()


@pytest.fixture(scope="module")
def table(units):
    return units.conversions[OLD, NEW]


def test_the_lists_have_as_many_units_as_the_country_had(units):
    """63, 696 and 10,035 until 30/6/2025; 34 and 3,321 (QĐ 19/2025) from the day after."""
    counts = {
        (name, level): sum(unit.level == level for unit in scheme.units.values())
        for name, scheme in units.schemes.items()
        for level in ("province", "district", "commune")
    }
    assert counts == {
        (OLD, "province"): 63,
        (OLD, "district"): 696,
        (OLD, "commune"): 10_035,
        (NEW, "province"): 34,
        (NEW, "district"): 0,
        (NEW, "commune"): 3_321,
    }


@pytest.mark.parametrize(
    ("code", "before", "since"),
    [
        ("05983", "Phường Chi Lăng", "Phường Lương Văn Tri"),
        ("31507", "Phường 6", "Phường Sóc Trăng"),
        ("23293", "Phường Thắng Lợi", "Phường Kon Tum"),
    ],
)
def test_one_code_is_two_places_in_the_two_schemes(units, code, before, since):
    assert units.schemes[OLD].unit("commune", code).name == before
    assert units.schemes[NEW].unit("commune", code).name == since


def test_most_new_codes_were_old_ones_and_two_thirds_of_them_have_another_name(units):
    """3,316 and 2,140, capitals aside: the figures that the documentation and E-DOC-SCHEME tell."""
    old, new = units.schemes[OLD], units.schemes[NEW]
    both = [code for level, code in new.units if level == "commune" and old.unit("commune", code)]
    names = [(old.unit("commune", code).name.casefold(), new.unit("commune", code).name.casefold()) for code in both]
    assert (len(both), sum(before != since for before, since in names)) == (3_316, 2_140)


def test_the_schemes_follow_each_other_without_gap_and_overlap(units):
    old, new = units.schemes[OLD], units.schemes[NEW]
    assert [old.valid_on(day) for day in (date(1990, 1, 1), date(2025, 6, 30), date(2025, 7, 1))] == [True, True, False]
    assert [new.valid_on(day) for day in (date(2025, 6, 30), date(2025, 7, 1))] == [False, True]


def test_every_old_commune_leads_somewhere_and_every_new_one_comes_from_somewhere(units, table):
    """9,564 went as a whole into one new commune, 471 were divided; nobody lives where no table leads."""
    communes = [unit.code for unit in units.schemes[OLD].units.values() if unit.level == "commune"]
    became = [table.units["commune", code] for code in communes]
    assert (sum(len(new) == 1 for new in became), sum(len(new) > 1 for new in became)) == (9_564, 471)
    reached = {unit.code for new in table.units.values() for unit in new if unit.level == "commune"}
    assert reached == {unit.code for unit in units.schemes[NEW].units.values() if unit.level == "commune"}


def test_no_commune_leaves_the_province_that_its_own_became_part_of(units, table):
    for (level, code), became in table.units.items():
        if level == "commune":
            province = units.schemes[OLD].chain(Place(OLD, commune=code))[0]
            (now,) = table.units["province", province.code]
            assert {unit.parent for unit in became} == {now.code}, code


def test_a_commune_that_went_whole_into_one_is_exact(table):
    assert table.convert(Place(OLD, "94", "941", "31507")) == Converted(Method.EXACT, "92", "31507")


def test_a_commune_alone_says_where_it_lies(table):
    assert table.convert(Place(OLD, commune="31507")) == table.convert(Place(OLD, "94", "941", "31507"))


def test_a_divided_commune_waits_for_a_person_and_only_its_province_is_certain(table):
    code = divided(table)
    found = table.convert(Place(OLD, commune=code))
    assert (found.method, found.commune) == (Method.UNRESOLVED, "")
    assert found.province
    assert len(found.candidates) > 1


def test_what_a_person_chose_among_the_parts_counts_as_that_and_nothing_else_does(table):
    place = Place(OLD, commune=divided(table))
    candidates = table.convert(place).candidates
    chosen = candidates[-1]
    assert table.confirms(place, chosen)
    assert table.convert(place, chosen) == Converted(Method.SPLIT, table.convert(place).province, chosen)
    assert not table.confirms(place, "31507")
    assert table.convert(place, "31507") == table.convert(place)


def test_of_a_whole_commune_only_its_own_answer_is_confirmed(table):
    assert table.confirms(Place(OLD, commune="31507"), "31507")
    assert not table.confirms(Place(OLD, commune="31507"), "05983")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(OLD, "62"), Converted(Method.EXACT, "51")),  # Kon Tum is part of Quảng Ngãi
        (Place(OLD, "62", "608"), Converted(Method.UNRESOLVED, "51")),  # its communes went different ways
        (Place(OLD, "48", "498"), Converted(Method.EXACT, "48", "20333")),  # Hoàng Sa had no communes
        (Place(NEW, "92", "", "31507"), Converted(Method.EXACT, "92", "31507")),
        (Place(NEW, "92"), Converted(Method.EXACT, "92")),
        (Place(NEW, "20", "", "31507"), Converted(Method.UNRESOLVED)),  # not a commune of that province
        (Place(OLD, "20", "941", "31507"), Converted(Method.UNRESOLVED)),
        (Place(OLD, "94", "941", "99999"), Converted(Method.UNRESOLVED)),
        (Place(NEW, "94"), Converted(Method.UNRESOLVED)),  # Sóc Trăng has no code any more
        (Place(OLD), Converted(Method.UNRESOLVED)),
        (Place("ttcp-2018", "101"), Converted(Method.UNRESOLVED)),
    ],
)
def test_nothing_is_guessed(table, place, expected):
    assert table.convert(place) == expected


def test_seven_province_codes_have_changed_their_meaning(units):
    old, new = (units.schemes[name] for name in (OLD, NEW))
    both = [code for level, code in new.units if level == "province" and old.unit("province", code)]
    renamed = [
        code for code in both if old.unit("province", code).name.split(" ", 1)[1] not in new.unit("province", code).name
    ]
    assert sorted(renamed) == ["15", "24", "44", "52", "80", "82", "91"]


SOME_CODE = st.sampled_from(["", "94", "92", "62", "941", "498", "31507", "05983", "99999", "x", "\u0661"])


@given(
    scheme=st.sampled_from([OLD, NEW, "ttcp-2018", ""]),
    codes=st.tuples(SOME_CODE, SOME_CODE, SOME_CODE),
    chosen=SOME_CODE,
)
def test_whatever_an_address_says_no_place_is_told_that_the_table_does_not_hold(scheme, codes, chosen):
    table = compiled_units().conversions[OLD, NEW]
    found = table.convert(Place(scheme, *codes), chosen)
    named = [(level, code) for level, code in (("province", found.province), ("commune", found.commune)) if code]
    assert all(table.target.unit(level, code) for level, code in named)
    assert (found.method is Method.UNRESOLVED) <= (found.commune == "")
    if found.commune:
        assert table.target.unit("commune", found.commune).parent == found.province
        last = next(code for code in reversed(codes) if code)
        assert scheme == NEW or found.commune in {unit.code for unit in became(table, last)}


def became(table, code):
    return [unit for (_, old), new in table.units.items() if old == code for unit in new]


def divided(table):
    return min(code for (level, code), became in table.units.items() if level == "commune" and len(became) > 1)


# --- the form of the files


def small(**tables):
    files = {
        "a": "level,code,parent,name\nprovince,1,,A\ncommune,11,1,Aa\n",
        "b": "level,code,parent,name\nprovince,1,,B\ncommune,11,1,Ba\n",
        "c": "from_level,from,to_level,to\nprovince,1,province,1\ncommune,11,commune,11\n",
    } | tables
    data = {name: text.encode() for name, text in files.items() if text}
    digests = {name: hashlib.sha256(data.get(name, b"")).hexdigest() for name in files}
    levels = ["province", "commune"]
    head = {
        "schemes": {
            name: {"file": name, "sha256": digests[name], "levels": levels, "source": "mẫu"} for name in ("a", "b")
        },
        "conversions": [{"from": "a", "to": "b", "version": "1", "file": "c", "sha256": digests["c"]}],
    }
    return head, data


def test_a_table_of_the_declared_form_is_taken():
    assert Units.compile(*small()).conversions["a", "b"].convert(Place("a", commune="11")).commune == "11"


@pytest.mark.parametrize(
    ("tables", "error"),
    [
        ({"a": ""}, "missing"),
        ({"a": "code,name\n"}, "line 1: level,code,parent,name"),
        ({"a": "level,code,parent,name\nprovince,1,A\n"}, "line 2: columns"),
        ({"a": "level,code,parent,name\nprovince,x,,A\n"}, "line 2: level, code, name"),
        ({"a": "level,code,parent,name\ndistrict,1,,A\n"}, "line 2: level, code, name"),
        ({"a": "level,code,parent,name\nprovince,1,,A\nprovince,1,,B\n"}, "line 3: code twice"),
        ({"a": "level,code,parent,name\nprovince,1,,A\ncommune,11,2,B\n"}, "line 3: parent"),
        ({"a": "level,code,parent,name\nprovince,1,2,A\n"}, "line 2: parent"),
        ({"c": "from_level,from,to_level,to\ncommune,12,commune,11\n"}, "line 2: unit"),
        ({"c": "from_level,from,to_level,to\n" + "commune,11,commune,11\n" * 2}, "line 3: twice"),
    ],
)
def test_a_table_that_is_not_is_refused_with_its_line(tables, error):
    with pytest.raises(ConfigError) as caught:
        Units.compile(*small(**tables))
    assert (caught.value.id, caught.value.values["file"]) == ("E-CFG-UNITS", next(iter(tables)))
    assert caught.value.values["error"] == error


@pytest.mark.parametrize(
    ("lines", "error"), [("H01,9", "line 2: unit"), ("H01,1\nH01,1", "line 3: twice"), (",1", "line 2: unit")]
)
def test_a_list_of_agency_codes_has_to_fit_its_provinces(lines, error):
    head, data = small()
    data["d"] = f"code,unit\n{lines}\n".encode()
    head["agencies"] = {"file": "d", "sha256": hashlib.sha256(data["d"]).hexdigest(), "scheme": "a"}
    with pytest.raises(ConfigError) as caught:
        Units.compile(head, data)
    assert caught.value.values["error"] == error


def test_a_table_with_another_digest_than_was_noted_is_refused():
    head, data = small()
    with pytest.raises(ConfigError) as caught:
        Units.compile(head, data | {"c": data["c"].replace(b"commune,11,commune", b"commune,11,province")})
    assert [problem.values["error"] for problem in caught.value.problems] == ["sha256"]
