"""A local code means one of ours because a file says so; otherwise it is an error, never a guess."""

from datetime import date
from decimal import Decimal

import pytest

from connector.core.codes import ABSENT, CodeList, compile_code_map, local_code
from connector.resources import code_list_documents

LISTS = {name: CodeList.compile(document) for name, document in code_list_documents().items()}


def document(**changes):
    base = {
        "name": "loai-don",
        "list": "petition-type",
        "source": "danh mục mẫu",
        "map": {"1": "complaint", "2": "denunciation"},
    }
    return base | changes


def compiled(**changes):
    code_map, problems = compile_code_map("codes/loai-don.toml", document(**changes), LISTS)
    assert problems == ()
    return code_map


def found(**changes):
    _, problems = compile_code_map("codes/loai-don.toml", document(**changes), LISTS)
    return [(problem.id, problem.values["key"], problem.values["expected"]) for problem in problems]


@pytest.mark.parametrize("spelling", ["1", " 1 ", 1, 1.0, Decimal(1), Decimal("1.0"), True])
def test_drivers_may_spell_an_integer_code_as_they_like(spelling):
    assert compiled().lookup(spelling) == "complaint"


@pytest.mark.parametrize("other", ["01", "1.0", 1.5, Decimal("1.5"), float("nan"), float("inf"), b"1", None, "", 3])
def test_what_is_not_that_code_is_not_taken_for_it(other):
    assert compiled().lookup(other) is None


def test_a_leading_zero_is_part_of_a_code():
    assert local_code(" 01") == "01"


def test_composed_and_decomposed_letters_are_the_same_code():
    assert compiled(map={"Tố cáo": "denunciation"}).lookup("To\u0302\u0301 ca\u0301o") == "denunciation"


def test_a_map_may_say_that_unknown_codes_are_left_out():
    assert compiled(unmapped="absent").lookup("99") == ABSENT


def test_a_map_may_name_the_codes_that_mean_nothing():
    code_map = compiled(absent=["0"])
    assert code_map.lookup(0) == ABSENT
    assert code_map.lookup(9) is None


def test_a_prefix_map_takes_the_longest_entry_that_ends_at_a_dot():
    code_map = compiled(
        list="field",
        match="prefix",
        map={"KN": "other", "KN.01": "admin.other", "KN.01.02": "admin.policy"},
    )
    assert code_map.lookup("KN.01.02.03") == "admin.policy"
    assert code_map.lookup("KN.01.03") == "admin.other"
    assert code_map.lookup("KN.011") == "other"
    assert code_map.lookup("KNX") is None
    assert code_map.lookup("") is None


def test_an_exact_map_does_not_shorten():
    assert compiled(map={"KN": "complaint"}).lookup("KN.01") is None


ALL_TYPES = "one of: complaint, denunciation, recommendation_feedback, multiple_contents"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"map": {"1": "khieu_nai"}}, ("E-CFG-CODES", "map.1", ALL_TYPES)),
        ({"map": {"1": "complain"}}, ("E-CFG-CODES", "map.1", "a code of the list petition-type, such as complaint")),
        ({"list": "field", "map": {"1": "x"}}, ("E-CFG-CODES", "map.1", "a code of the list field")),
        ({"map": {"1": "complaint", " 1": "complaint"}}, ("E-CFG-CODES", "map. 1", "each code once")),
        ({"map": {" ": "complaint"}}, ("E-CFG-CODES", "map. ", "text")),
        ({"map": {"1": ""}}, ("E-CFG-CODES", "map.1", ALL_TYPES)),
        ({"map": {"1": 5}}, ("E-CFG-CODES", "map.1", ALL_TYPES)),
        ({"absent": ["1"]}, ("E-CFG-CODES", "absent", "each code once")),
        ({"absent": [0]}, ("E-CFG-CODES", "absent", "text")),
        ({"match": "regex"}, ("E-CFG-CODES", "match", "one of: exact, prefix, folded")),
        ({"unmapped": "guess"}, ("E-CFG-CODES", "unmapped", "one of: error, absent")),
        ({"map": []}, ("E-CFG-TYPE", "map", "a table")),
        (
            {"otherwise": "complaint"},
            (
                "E-CFG-UNKNOWN-KEY",
                "otherwise",
                "one of: name, list, source, match, unmapped, out_of_date, default, absent, map",
            ),
        ),
        ({"default": "other"}, ("E-CFG-CODES", "default", ALL_TYPES)),
    ],
)
def test_a_mistake_in_a_map_is_found_where_it_stands(changes, expected):
    assert found(**changes) == [expected]


def test_a_map_into_a_list_that_does_not_exist_is_told_the_lists_there_are():
    ((id_, key, expected),) = found(list="loai-don")
    assert (id_, key) == ("E-CFG-CODES", "list")
    assert "petition-type" in expected


def test_all_mistakes_are_found_in_one_pass():
    broken = document(match="regex", map={"1": "x", "2": "y"}, more=1)
    del broken["source"]
    _, problems = compile_code_map("codes/loai-don.toml", broken, LISTS)
    assert len(problems) == 5
    assert {problem.values["file"] for problem in problems} == {"codes/loai-don.toml"}


def test_a_code_has_words_in_both_languages_and_an_unknown_one_is_shown_as_it_came():
    types = LISTS["petition-type"]
    assert types.label("complaint", "vi") == "Khiếu nại"
    assert types.label("complaint", "en") == "Complaint"
    assert types.label("brand_new", "vi") == "brand_new"
    assert "complaint" in types
    assert "brand_new" not in types


def test_a_code_ends_with_its_last_day():
    district = LISTS["authority-level"].codes["district"]
    assert district.valid_on(date(2025, 6, 30))
    assert not district.valid_on(date(2025, 7, 1))
    assert LISTS["authority-level"].codes["commune"].valid_on(date(1990, 1, 1))


def test_a_list_with_a_code_twice_is_refused():
    twice = {"name": "x", "title": {"vi": "x", "en": "x"}, "source": "x", "codes": []}
    twice["codes"] = [{"code": "a", "vi": "a", "en": "a", "source": "x"}] * 2
    with pytest.raises(ValueError, match="twice"):
        CodeList.compile(twice)
