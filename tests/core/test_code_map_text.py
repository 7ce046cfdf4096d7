"""What a person wrote in a code map stays; entries are added, or nothing is."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.code_map_text import with_entries

TEXT = """\
# Danh mục hướng xử lý; xem mục 3.
name = "huong"
list = "handling"
source = "huong_xu_ly.ma"   # cột mã

[map]
4 = "accepted"          # thụ lý
"KN.01" = "transferred"

# hết bảng
"""


def test_new_entries_stand_behind_the_others_and_comments_stay():
    made = with_entries(TEXT, {"7": "guided", 'a"b': "filed"}, "An, 2026-11-26")
    assert made is not None
    assert tomllib.loads(made)["map"] == {
        "4": "accepted", "KN.01": "transferred", "7": "guided", 'a"b': "filed",
    }  # fmt: skip
    kept = [line for line in made.splitlines() if "An, 2026" not in line]
    assert kept == TEXT.rstrip("\n").splitlines()
    assert '"7" = "guided"  # An, 2026-11-26' in made


def test_an_entry_for_the_same_code_is_replaced_where_it_stands():
    made = with_entries(TEXT, {"4": "guided", "KN.01": "filed"}, "An")
    assert made is not None
    assert made.splitlines()[6:8] == ['"4" = "guided"  # An', '"KN.01" = "filed"  # An']
    assert len(made.splitlines()) == len(TEXT.splitlines())


def test_a_table_behind_the_map_stays_behind_it():
    made = with_entries(TEXT + "\n[other]\nx = 1\n", {"7": "guided"}, "An")
    assert made is not None
    assert tomllib.loads(made)["other"] == {"x": 1}
    assert tomllib.loads(made)["map"]["7"] == "guided"


@pytest.mark.parametrize(
    "text",
    [
        'name = "x"\nmap = { 4 = "accepted" }\n',
        'name = "x"\n',
        '[map]\n4 = """\naccepted"""\n',
        "[map]\nno toml\n",
        '[map]\na.b = "accepted"\n',
    ],
)
def test_what_is_written_in_another_way_is_left_to_a_person(text):
    assert with_entries(text, {"4": "guided", "a": "filed"}, "An") is None


def test_a_remark_that_would_end_its_line_adds_nothing():
    assert with_entries(TEXT, {"7": "guided"}, 'An\n"9" = "filed"') is None


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), st.text("abc_.", max_size=5), max_size=5))
def test_whatever_the_codes_are_the_text_says_exactly_them(entries):
    made = with_entries(TEXT, entries, "An")
    if made is not None:  # a code that TOML cannot write is refused, never mangled
        assert tomllib.loads(made)["map"] == {"4": "accepted", "KN.01": "transferred", **entries}
