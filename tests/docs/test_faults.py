"""The table of faults names tests that exist, and leaves no fault out."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "faults.md"
GROUPS = {"A": 18, "B": 26, "C": 10}
"""How many faults each complete group has, numbered from 1."""
ROW = re.compile(r"^\| ([A-E]\d+) \|(.*)\|(.*)\|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[tuple[str, str, str, str]]:
    return ROW.findall(PAGE.read_text(encoding="utf-8"))


def named() -> list[tuple[str, str]]:
    return sorted({test for _, _, _, tests in rows() for test in TEST.findall(tests)})


@pytest.mark.parametrize(("file", "name"), named())
def test_every_test_that_the_table_names_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(("group", "count"), sorted(GROUPS.items()))
def test_a_group_leaves_no_fault_out(group: str, count: int) -> None:
    numbers = [number for number, _, _, _ in rows() if number.startswith(group)]
    assert numbers == [f"{group}{at}" for at in range(1, count + 1)]


def test_every_row_names_a_test_or_says_why_there_is_none() -> None:
    for number, _, behaviour, tests in rows():
        assert TEST.search(tests) or "*not here*" in behaviour + tests, number
