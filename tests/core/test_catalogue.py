"""A national list is believed whole or not at all, and two readings of it differ in what people call a change."""

from __future__ import annotations

from datetime import date

import pytest

from connector.core.catalogue import (
    MAX_CODE,
    MAX_ENTRIES,
    MAX_TITLE,
    Catalogue,
    CatalogueEntry,
    UnfitError,
    changes,
    make_catalogue,
)


def rows(*entries):
    return [(*entry, *(None,) * (4 - len(entry))) for entry in entries]


def entry(code, title="x", valid_to=None):
    return CatalogueEntry(code, title, None, valid_to)


def test_a_list_keeps_its_order_and_its_words_come_in_one_form():
    made = make_catalogue("5", rows(("20", "Thu\u031b \u00d0iê\u0323n  tư\u0309"), ("1", " Bưu chính ", "2026-07-01")))
    assert made == Catalogue(
        "5", (CatalogueEntry("20", "Thư Điện tử"), CatalogueEntry("1", "Bưu chính", date(2026, 7, 1), None))
    )


def test_the_very_same_row_twice_is_one():
    assert len(make_catalogue("5", rows(("1", "a"), ("1", "a "), ("2", "b"))).entries) == 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "empty"),
        (rows(("1", "a"), ("1", "b")), "twice"),
        (rows(("", "a")), "code"),
        (rows((None, "a")), "code"),
        (rows((7, "a")), "code"),
        (rows(("a b", "a")), "code"),
        (rows(("a\x1b[2J", "a"), ("a[2J", "b")), "twice"),
        (rows(("\ud800", "a")), "code"),
        (rows(("1" * (MAX_CODE + 1), "a")), "code"),
        (rows(("1", "")), "title"),
        (rows(("1", "\u200b")), "title"),
        (rows(("1", None)), "title"),
        (rows(("1", ["a"])), "title"),
        (rows(("1", "a" * (MAX_TITLE + 1))), "title"),
        (rows(("1", "a" * 10_000_000)), "title"),
        (rows(("1", "a", "2026-02-30")), "day"),
        (rows(("1", "a", None, 20260230)), "day"),
    ],
)
def test_what_is_no_list_is_refused_by_name(given, why):
    with pytest.raises(UnfitError, match=why):
        make_catalogue("5", given)


def test_a_list_without_end_is_given_up_at_its_bound():
    def without_end():
        number = 0
        while True:
            yield (str(number), "a", None, None)
            number += 1

    with pytest.raises(UnfitError, match="too_many"):
        make_catalogue("5", without_end())
    assert len(make_catalogue("5", rows(*((str(n), "a") for n in range(MAX_ENTRIES)))).entries) == MAX_ENTRIES


def test_two_readings_differ_in_what_was_added_renamed_dated_and_withdrawn():
    last = date(2026, 6, 30)
    found = changes(
        [entry("1"), entry("2", "cũ"), entry("3"), entry("4")], [entry("5"), entry("2", "mới"), entry("3", "x", last)]
    )
    assert [(change.what, change.entry.code) for change in found] == [
        ("added", "5"), ("renamed", "2"), ("redated", "3"), ("withdrawn", "1"), ("withdrawn", "4"),
    ]  # fmt: skip
    assert found[1].before == entry("2", "cũ")
    assert changes([entry("1")], [entry("1")]) == ()


def test_a_code_is_over_on_the_day_after_its_last_one():
    one = entry("1", "x", date(2026, 6, 30))
    assert [one.is_over_on(date(2026, 6, 30)), one.is_over_on(date(2026, 7, 1))] == [False, True]
    assert not entry("1").is_over_on(date(2999, 1, 1))
