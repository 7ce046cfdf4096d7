"""Text is repaired only where the eye cannot tell; what nobody can know is said, not guessed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.text import clean, folded, oddities, one_line


def test_a_decomposed_text_becomes_the_composed_one():
    assert clean(unicodedata.normalize("NFD", "Khiếu nại về đất")) == "Khiếu nại về đất"


@pytest.mark.parametrize("letter", ["\u00d0", "\u0189"])
def test_a_letter_that_looks_like_a_capital_d_with_stroke_becomes_it(letter):
    assert clean(f"{letter}ơn khiếu nại") == "Đơn khiếu nại"


def test_both_right_spellings_of_a_tone_stay_as_they_are():
    assert clean("hòa") == "hòa"
    assert clean("hoà") == "hoà"


@pytest.mark.parametrize("unseen", ["\x00", "\x1b", "\u00ad", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff"])
def test_what_cannot_be_seen_is_taken_out(unseen):
    assert clean(f"đơn{unseen} thư") == "đơn thư"


def test_a_mark_that_an_unseen_character_kept_apart_joins_its_letter():
    assert clean("a\u200b\u0301") == "á"


def test_line_ends_of_all_systems_are_one_and_nbsp_is_a_space():
    assert clean("một\r\nhai\rba\u2028bốn\u00a0năm") == "một\nhai\nba\nbốn năm"


def test_ends_are_trimmed_and_a_blank_text_says_nothing():
    assert clean("  đơn \n") == "đơn"
    assert clean(" \u00a0\u200b\t") == ""


def test_half_a_character_is_refused():
    assert clean("đơn \ud83d") is None


def test_one_line_folds_all_white_space():
    assert one_line("Ủy ban \n  nhân\tdân") == "Ủy ban nhân dân"


@given(st.text())
def test_a_cleaned_text_is_clean_and_can_be_encoded(value):
    cleaned = clean(value)
    if cleaned is not None:
        assert clean(cleaned) == cleaned
        assert unicodedata.is_normalized("NFC", cleaned)
        cleaned.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nguyễn Thị Hòa", "NGUYỄN  THỊ HOÀ"),
        ("thuỷ", "thủy"),
        ("Khiếu nại, lần 2.", "khiếu nại lần 2"),
        (unicodedata.normalize("NFD", "Đất đai"), "đất\u00a0đai"),
        ("\u00d0ơn", "đơn"),
    ],
)
def test_two_spellings_of_one_text_fold_to_the_same_key(one, other):
    assert folded(one) == folded(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [("hoa", "hòa"), ("hòa", "hóa"), ("tân", "tan"), ("đơn", "don"), ("lần 1", "lần 2"), ("ưu", "uu")]
)
def test_other_words_stay_other_words(one, other):
    assert folded(one) != folded(other)


def test_what_nobody_can_read_folds_to_nothing():
    assert folded("\ud800") == folded(" -- ") == folded("") == ""


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Nguyễn Văn Mẫu\r\n", set()),
        ("\u00d0ơn", {"look_alike"}),
        ("đơn\u200b", {"unseen"}),
        ("a\x00", {"unseen"}),
        (unicodedata.normalize("NFD", "ễ"), {"decomposed"}),
        ("e\u0301\u0302", {"decomposed", "stray_mark"}),  # in this order they never make ế
        ("m\u0303", {"stray_mark"}),
        ("đơn \ud83d", {"broken"}),
    ],
)
def test_what_the_eye_does_not_see_is_named(value, found):
    assert oddities(value) == found


def test_marks_in_the_wrong_order_are_reported_and_not_rewritten():
    assert clean("Nguye\u0303\u0302n") == "Nguy\u1ebd\u0302n"
