"""Which case is ours: the rule of matching.py, side by side with everything that only looks like it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.model import Candidate, Kind, RecordKey
from connector.national.matching import Wanted, match, reference_of, reference_stem, version_in

KEY = RecordKey("H51.01", Kind.PETITION, "bentre:41")
OTHER = RecordKey("H51.01", Kind.PETITION, "bentre:42")
WANTED = Wanted(KEY, "Nguyễn Thị Hoà", "083000000001", ("811", "81101", ""), "Về việc cấp giấy, lần đầu.")
OURS = Candidate("id-1", content=f"gì đó {reference_of(KEY, 3)}")
TWIN = Candidate("id-2", "NGUYỄN THỊ HÒA", "Ấp 1", "", "về việc  cấp giấy lần đầu")


def ids(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.national_id for candidate in candidates]


def test_the_reference_is_made_of_the_key_alone_by_the_stated_rule() -> None:
    assert reference_of(KEY, 3) == f"{reference_stem(KEY)}:v3]"
    assert reference_of(KEY, 3) == "[KNTC:H51.01:0e9a3af3844d:v3]"  # never change it: what was sent could not be found


def test_the_version_is_read_back_and_that_of_another_key_is_not() -> None:
    assert version_in(f"a\n{reference_of(KEY, 12)}", KEY) == 12
    assert version_in(f"{reference_of(KEY, 2)} {reference_of(KEY, 5)}", KEY) == 5
    assert version_in(reference_of(OTHER, 12), KEY) is None
    assert version_in(reference_of(KEY, 12)[:-1], KEY) is None
    assert version_in("", KEY) is None


@given(st.text(max_size=200))
def test_no_text_of_a_citizen_passes_for_a_reference_by_chance(text: str) -> None:
    assert version_in(text, KEY) is None


def test_our_reference_is_certain_whoever_the_person() -> None:
    matched = match([OURS, TWIN], replace(WANTED, name="", identity_no="", content=""))
    assert (ids(matched.by_reference), matched.versions) == (["id-1"], (3,))
    assert matched.by_person_and_content == matched.probable == ()


def test_same_person_and_content_are_certain_by_folded_comparison() -> None:
    assert ids(match([TWIN], WANTED).by_person_and_content) == ["id-2"]
    by_number = replace(TWIN, person="Ai Khác", identity_no="083 000 000 001")
    assert ids(match([by_number], WANTED).by_person_and_content) == ["id-2"]


@pytest.mark.parametrize(
    "candidate",
    [
        replace(TWIN, content="về việc khác"),
        replace(TWIN, content=""),
        replace(TWIN, content=f"Về việc cấp giấy, lần đầu. {reference_of(OTHER, 1)}"),
    ],
)
def test_the_same_person_with_another_content_is_only_probable(candidate: Candidate) -> None:
    matched = match([candidate], WANTED)
    assert (ids(matched.probable), matched.by_person_and_content) == (["id-2"], ())


@pytest.mark.parametrize("person", ["", "Nguyễn Thị Hoa", "Nguyễn Thị Hóa"])
def test_another_person_is_nothing_even_with_the_same_content(person: str) -> None:
    matched = match([replace(TWIN, person=person)], WANTED)
    assert matched.probable == matched.by_person_and_content == ()


@pytest.mark.parametrize(
    "wanted",
    [
        replace(WANTED, name="", identity_no=""),  # a concealed document
        replace(WANTED, area=("", "", "")),  # a namesake could live anywhere
    ],
)
def test_without_a_person_or_an_area_nothing_but_the_reference_counts(wanted: Wanted) -> None:
    matched = match([TWIN, OURS], wanted)
    assert ids(matched.by_reference) == ["id-1"]
    assert matched.probable == matched.by_person_and_content == ()


def test_an_empty_content_equals_no_other() -> None:
    assert ids(match([replace(TWIN, content="…")], replace(WANTED, content="")).probable) == ["id-2"]


def test_nothing_of_a_person_shows_in_a_representation() -> None:
    shown = repr(WANTED) + repr(match([TWIN, OURS], WANTED))
    assert not any(secret in shown for secret in ("Nguy", "NGUY", "0830", "811", "cấp giấy"))
