"""What values look like: days, codes, rich text; and that nothing which can be a person's is ever kept as a code."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.core.shapes import MAX_CODES, Shape


def shape_of(*values: Any) -> Shape:
    shape = Shape()
    for value in values:
        shape.add(value)
    return shape


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ((None, "", "  "), "empty"),
        (("0000-00-00", "1753-01-01 00:00:00"), "empty"),
        (("2026-01-31", "2026-02-01 08:00:00", None), "day"),
        (("31/01/2026", "1/2/2026"), "day"),
        ((date(2026, 1, 31), datetime(2026, 2, 1, 8)), "day"),  # noqa: DTZ001 - as drivers give them
        (("31-01-2026",), "day_dashes"),
        (("20260131", "20260201"), "day_compact"),
        ((20260131, 20260201), "number"),
        ((1_767_225_600, 0, 1_767_312_000) * 5, "epoch_s"),
        ((1_767_225_600_000, 1_767_312_000_000), "epoch_ms"),
        ((1, 0, 1), "flag"),
        (("Có", "Không"), "flag"),
        ((b"\0", b"\1"), "flag"),
        ((1, 2, 3), "code"),
        (("KN.01", "KN.02"), "text"),
        (("KN.01", "KN.02") * 3, "code"),
        (("<p>Nội dung</p>", "Nội&nbsp;dung"), "html"),
        (("1.500.000", "12.000.000 đ"), "amount"),
        ((Decimal("1500000.50"), 2_500_000), "number"),
        (("Khiếu nại về đất", "Kiến nghị"), "text"),
    ],
)
def test_a_column_is_called_what_its_values_look_like(values: tuple[Any, ...], name: str) -> None:
    assert shape_of(*values).name == name


@pytest.mark.parametrize(
    "values",
    [
        ("Lan", "Hoa", "An"),  # names, each once
        ("Lan", "Hoa", "An") * 20,
        ("TUAN ANH", "THANH", "NHUNG") * 20,
        ("0912345678", "0987654321"),
        (912345678, 987654321),
        ("001099000001", "001099000002"),
        ("Nguyễn An", "Trần Bình") * 20,
        tuple(range(MAX_CODES + 1)),
        (1.5, 2.5),
    ],
)
def test_what_can_be_a_name_or_a_number_of_a_person_is_no_code(values: tuple[Any, ...]) -> None:
    assert shape_of(*values).codes == ()


def test_codes_come_in_order_and_numbers_of_different_types_are_one() -> None:
    assert shape_of(2, 1.0, "10", "2", None).codes == ("1", "2", "10")


def test_it_knows_a_column_that_could_be_a_key_and_how_much_is_filled() -> None:
    assert shape_of("a", "b", "c").is_unique
    assert not shape_of("a", "b", None).is_unique
    assert not shape_of("a", "a").is_unique
    for values, is_unique in ((("a", "b"), True), (("a", "a"), False)):
        settled = shape_of(*values)
        settled.settle()
        assert (settled.is_unique, settled._seen) == (is_unique, set())
    assert shape_of("a", None, "", "b").percent_filled == 50


def test_it_keeps_no_text_when_there_are_too_many_or_too_long() -> None:
    shape = shape_of(*(f"N{number}" for number in range(MAX_CODES + 1)))
    assert shape._distinct == set()
    assert shape_of("ngắn", "một câu dài hơn mười hai chữ")._distinct == set()
