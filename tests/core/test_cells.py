"""No spreadsheet finds a formula in what we write to CSV, whatever stands before the sign, wherever it parts a line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.cells import guarded
from tests import hostile


@pytest.mark.parametrize("text", hostile.params())
def test_no_hostile_text_is_a_formula_any_more(text):
    assert not hostile.is_formula(guarded(text))


@pytest.mark.parametrize("text", hostile.params())
@pytest.mark.parametrize("separator", [";", ",", "|", "\t"])
def test_nor_is_any_part_of_it_where_a_program_parts_the_line_at_another_separator(text, separator):
    parts = guarded(f"x{separator}{text}").split(separator)
    assert [part[:20] for part in parts if hostile.is_formula(part.lstrip('"\t\r\n'))] == []


@given(st.text(max_size=40))
def test_nothing_is_taken_away_and_apostrophes_alone_are_added(text):
    letters = iter(guarded(text))
    assert all(letter in letters for letter in text)
    assert len(guarded(text).replace("'", "")) == len(text.replace("'", ""))


@given(st.text(alphabet=" \t\r\n\u200b\u00a0\"'=+-@;,a", max_size=12))
def test_every_sign_behind_what_is_overlooked_is_guarded(text):
    assert not hostile.is_formula(guarded(text))
    assert not re.search(r"(^|[;,|])[\s\u200b\"]*[=+\-@]", guarded(text))


@pytest.mark.parametrize("text", ["Đơn 5121 = 5122", "khiếu nại lần đầu", "12/11/2026", "a-b", "x (+84)", ""])
def test_ordinary_text_stays_as_it_is(text):
    assert guarded(text) == text
