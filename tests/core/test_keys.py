"""A source key is the same text whatever the driver returned, and can be taken apart again."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.keys import fits, is_whole, join_key, key_part, split_key


@pytest.mark.parametrize("value", [417, 417.0, Decimal("417.00"), "417"])
def test_a_whole_number_is_one_key_whatever_type_the_driver_gives(value):
    assert key_part(value) == "417"


def test_leading_zeros_and_dots_belong_to_the_key():
    assert join_key(["01.1", "007"]) == "01.1/007"


def test_what_separates_keys_is_escaped_inside_a_part():
    assert join_key(["a/b", "c:d e%"]) == "a%2Fb/c%3Ad%20e%25"


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_a_key_of_which_a_part_says_nothing_is_no_key(empty):
    assert join_key([1, empty]) == ""


def test_days_uuids_and_bytes_have_a_text():
    uuid = UUID("5d0c9a7e-0000-4000-8000-000000000001")
    assert join_key([date(2023, 5, 1), uuid, b"\x01\xff"]) == f"2023-05-01/{uuid}/01ff"


def test_a_local_id_of_128_bytes_fits_and_one_more_does_not():
    assert fits("a" * 128)
    assert not fits("a" * 129)
    assert not fits("đ" * 65)


@given(st.lists(st.text(min_size=1).filter(str.strip).filter(lambda t: t.isprintable()), min_size=1))
def test_a_joined_key_can_be_taken_apart(parts):
    assert split_key(join_key(parts)) == tuple(parts)


@given(st.text(st.characters(exclude_categories=[])))
def test_a_key_never_holds_half_a_character_and_only_whole_texts_are_whole(text):
    key_part(text).encode()
    try:
        text.encode()
    except UnicodeEncodeError:
        assert not is_whole(text)
    else:
        assert is_whole(text)
