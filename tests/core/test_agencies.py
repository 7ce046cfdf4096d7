"""Codes of agencies: by pattern, and by what the merger of provinces made of them."""

import re

import pytest

from connector.core.agencies import agency_code, successor
from connector.core.units import Unit
from connector.loading import compiled_units
from connector.resources import schema_documents

PATTERN = re.compile(schema_documents()["common"]["$defs"]["agency_code"]["pattern"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("H51", "H51"),
        ("H51.01", "H51.01"),
        ("H51.01.AB2", "H51.01.AB2"),
        ("Z01MST0101", "Z01MST0101"),
        ("000.00.00.H51", "H51"),
        ("000.00.15.H51", None),
        ("h51", None),
        ("H5", None),
        ("H51.", None),
        ("H51..01", None),
        ("H51\n", None),
        ("H51.0\u0661", None),
        ("H51." + "0" * 32, None),
        ("", None),
    ],
)
def test_a_text_is_a_code_or_it_is_none(text, code):
    assert agency_code(text) == code


def test_what_is_taken_for_a_code_is_one_in_the_schema_too():
    for text in ("H51", "H51.01", "Z01MST0101", "000.00.00.H51"):
        assert PATTERN.search(agency_code(text))


def after(code):
    units = compiled_units()
    return successor(code, units.provinces, units.conversions["vn-admin-2004", "vn-admin-2025"])


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("H34", "H48"),  # Kon Tum into Quảng Ngãi
        ("H51", "H13"),  # Sóc Trăng and Hậu Giang into Cần Thơ
        ("H30", "H13"),
        ("H13", "H13"),
        ("H48", "H48"),
        ("H37", "H37"),  # Lạng Sơn was not merged
        ("H49", "H49"),
        ("H01", "H01"),  # An Giang keeps its agency's code, and takes Kiên Giang's statistical one
        ("H51.01", None),
        ("G20", None),
        ("H99", None),
    ],
)
def test_the_merged_province_keeps_the_code_of_the_one_whose_name_it_has(code, expected):
    assert after(code) == expected


def test_where_the_list_does_not_know_the_one_that_kept_its_code_nobody_can_tell():
    units = compiled_units()
    table = units.conversions["vn-admin-2004", "vn-admin-2025"]
    alone = {"H51": units.provinces["H51"]}
    assert successor("H51", alone, table) is None
    assert successor("X01", {"X01": Unit("province", "00", "", "Tỉnh Mẫu")}, table) is None
