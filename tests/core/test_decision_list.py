"""A decision counts only beside the mark of a row that is still what it was when the list left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core import chain
from connector.core.decision_list import MARK, Answer, DecisionList, Row, by_reason, read_back

ROWS = (
    Row("petition demo:1", ("1", "E-MAP-CODE"), ("Đơn", "demo:1")),
    Row("petition demo:2", ("3", "E-MAP-DATE"), ("Đơn", "demo:2"), frozenset({"a", "b"}), frozenset({"accept"})),
)
WORDS = {"accept": ("Nhận", "Accept"), "choose": ("Chọn", "Choose"), "leave": ("Để sau", "Later")}
LIST = DecisionList("match", "H51.01", ("test", "map"), ROWS, WORDS, needs_choice=frozenset({"choose"}))


def keyed(data: bytes) -> str:
    return chain.commitment(b"k" * 32, data)


def answer(number=6, decision="Nhận", choice="", reason="vì thế", mark=None):
    return Answer(number, decision, choice, reason, LIST.marks(keyed)[0] if mark is None else mark)


def test_the_marks_tell_list_and_rows_apart_and_nothing_without_the_key():
    marks = LIST.marks(keyed)
    assert len({*marks}) == 2
    assert all(len(mark) == MARK for mark in marks)
    assert LIST.mark(keyed) == LIST.mark(keyed)
    assert LIST.marks(lambda data: chain.commitment(b"x" * 32, data)) != marks


@pytest.mark.parametrize(
    "other",
    [
        replace(LIST, agency="H51.02"),
        replace(LIST, kind="quarantine"),
        replace(LIST, about=("production", "map")),
        replace(LIST, rows=ROWS[:1]),
        replace(LIST, rows=(*ROWS, replace(ROWS[0], id="petition demo:3"))),
        replace(LIST, rows=(replace(ROWS[0], facts=("2", "E-MAP-CODE")), ROWS[1])),
    ],
)
def test_another_list_and_one_in_which_anything_changed_has_another_mark(other):
    assert other.mark(keyed) != LIST.mark(keyed)
    assert not set(other.marks(keyed)) & set(LIST.marks(keyed))


def test_what_people_see_is_no_part_of_the_mark():
    """A list written in Vietnamese is read by somebody who works in English."""
    english = replace(LIST, rows=tuple(replace(row, cells=("Petition", *row.cells[1:])) for row in ROWS))
    assert english.marks(keyed) == LIST.marks(keyed)


def test_decisions_are_read_in_every_language_case_and_order():
    marks = LIST.marks(keyed)
    found = read_back(
        LIST, keyed, [answer(7, "CHOOSE", "b", "x", marks[1]), answer(6, " nhận. ", "", "x", marks[0])], ""
    )
    assert [(each.row.id, each.decision, each.choice) for each in found.decided] == [
        ("petition demo:2", "choose", "b"), ("petition demo:1", "accept", ""),
    ]  # fmt: skip
    assert not found.wrong


def test_rows_left_empty_left_for_later_or_deleted_decide_nothing():
    found = read_back(LIST, keyed, [answer(decision=""), answer(7, "Để sau", "", "", LIST.marks(keyed)[1])], "")
    assert (found.decided, found.wrong) == ([], [])
    assert read_back(LIST, keyed, [], "").decided == []


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        (answer(mark="0" * MARK), "mark"),
        (answer(mark=""), "mark"),
        (answer(mark="petition demo:1"), "mark"),  # a key is no mark
        (answer(decision="Xóa hết"), "decision"),
        (answer(decision="=cmd|x"), "decision"),
        (answer(reason="", decision="Nhận"), "reason"),
        (answer(reason=" \u200b ", decision="Nhận"), "reason"),
        (answer(mark=LIST.marks(keyed)[1]), "cannot"),
        (answer(decision="Chọn", choice="c", mark=LIST.marks(keyed)[1]), "choice"),
        (answer(decision="Chọn", choice="", mark=LIST.marks(keyed)[1]), "choice"),
    ],
)
def test_a_row_that_cannot_be_meant_is_named(given, wrong):
    found = read_back(LIST, keyed, [given], "")
    assert found.wrong == [(6, wrong)]
    assert found.decided == []


def test_a_row_that_stands_twice_counts_once_and_is_named():
    found = read_back(LIST, keyed, [answer(6), answer(9)], "")
    assert (len(found.decided), found.wrong) == (1, [(9, "twice")])


def test_a_reason_of_the_row_comes_before_that_for_all_and_has_an_end():
    first, second = answer(reason=""), answer(7, "Chọn", "a", "dài\n" * 999, LIST.marks(keyed)[1])
    common, own = by_reason(read_back(LIST, keyed, [first, second], "chung").decided)
    assert common == "chung"
    assert len(own) == 500
    assert "\n" not in own
