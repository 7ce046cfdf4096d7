"""The hostile texts are what they say they are: other tests lean on them."""

import unicodedata

from tests import hostile


def test_every_group_of_hostile_texts_is_among_all_of_them_under_a_name_of_its_own():
    groups = (
        hostile.FORMULAS, hostile.MARKUP, hostile.STEERING, hostile.BROKEN, hostile.LOOKS, hostile.SIZES,
    )  # fmt: skip
    assert sum(map(len, groups)) == len(hostile.TEXTS)
    assert len(set(hostile.TEXTS.values())) == len(hostile.TEXTS)


def test_every_text_that_steers_is_noticed_when_it_is_printed():
    assert [name for name, text in hostile.STEERING.items() if not hostile.steering(text, allowed="")] == []
    assert not hostile.steering("Đơn bentre:5121: CSDLQG đã nhận\n")


def test_a_formula_is_noticed_whatever_stands_before_its_sign():
    harmless = {"formula behind an apostrophe", "formula behind a quotation mark", "formula of an array"}
    formulas = {name: text for name, text in hostile.FORMULAS.items() if name.startswith("formula")}
    assert {name for name, text in formulas.items() if not hostile.is_formula(text)} == harmless
    assert not hostile.is_formula("'=1+1")
    assert not hostile.is_formula("Đơn 5121 = 5122")


def test_what_is_storable_is_whole_utf_8_and_holds_no_nul():
    for text in hostile.TEXTS.values():
        stored = hostile.storable(text)
        assert "\x00" not in stored
        assert not any(unicodedata.category(c) == "Cs" for c in stored)
        assert stored.encode("utf-8").decode("utf-8") == stored


def test_the_long_texts_are_as_long_as_their_names_say():
    assert len(hostile.SIZES["line of a megabyte"].encode()) > 2**20
    assert len(hostile.SIZES["formula of a megabyte"]) > 2**20
    assert len(hostile.SIZES["longer than a cell"]) > 32_767
