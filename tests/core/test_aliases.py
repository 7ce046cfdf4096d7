"""Ids of today and first keys: both ways, through renumberings that follow each other."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connector.core.aliases import NO_ALIASES, Aliases, is_taken
from connector.core.model import Kind

DON, XU_LY = Kind.PETITION, Kind.HANDLING


def test_numbers_that_changed_hands_are_told_apart() -> None:
    known = Aliases.of([(DON, "so:2", "so:1"), (DON, "so:1", "so:2")])
    assert [known.key_of(DON, each) for each in ("so:1", "so:2", "so:3")] == ["so:2", "so:1", "so:3"]
    assert known.key_of(XU_LY, "so:1") == "so:1"
    assert [known.id_of(DON, each) for each in ("so:1", "so:2", "so:3")] == ["so:2", "so:1", "so:3"]


def test_an_id_that_is_the_first_key_of_another_record_is_no_key() -> None:
    known = Aliases.of([(DON, "so:7", "so:1")])
    assert is_taken(known.key_of(DON, "so:1"))
    assert not is_taken(known.key_of(DON, "so:7"))


def test_a_second_renumbering_takes_the_place_of_the_first() -> None:
    second = Aliases.of([(DON, "b:5", "a:1"), (DON, "b:6", "a:2")]).with_pairs(
        [(DON, "c:9", "a:1"), (DON, "b:5", "a:2")]
    )
    assert second.pairs() == [(DON, "b:5", "a:2"), (DON, "c:9", "a:1")]
    back = second.with_pairs([(DON, "a:1", "a:1")])
    assert back.pairs() == [(DON, "b:5", "a:2")]
    assert back.key_of(DON, "a:1") == "a:1"


def test_other_aliases_have_another_mark_and_none_are_none() -> None:
    one = Aliases.of([(DON, "b:5", "a:1")])
    assert one
    assert not NO_ALIASES
    assert not one.with_pairs([(DON, "a:1", "a:1")])
    assert one.mark != NO_ALIASES.mark
    assert one.mark == replace(one).mark


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_after_any_renumberings_every_key_has_one_id_and_every_id_one_key(moves: list[tuple[int, int]]) -> None:
    known = NO_ALIASES
    for alias, key in moves:
        known = known.with_pairs([(DON, f"s:{alias}", f"s:{key}")])
        assert known.key_of(DON, f"s:{alias}") == f"s:{key}"
    for alias, key in known.first.get(DON, {}).items():
        assert known.id_of(DON, key) == alias
    keys = [known.key_of(DON, f"s:{number}") for number in range(7)]
    assert len(set(keys)) == 7
