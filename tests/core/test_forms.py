"""The forms that the law asks for: every column is there, and whether it can be computed is told by field."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from connector.core.forms import Column, Standing, compile_forms, standing
from connector.errors import ConfigError
from connector.loading import compiled_forms, compiled_schemas
from connector.resources import form_documents

OFFICIAL = {
    "01/TCD": 22, "02/XLD": 26, "03/GQKN": 24, "04/GQTC": 26, "05/KQTH": 32, "06/QLKNTC": 18, "03/TCD": 13,
}  # fmt: skip
"""The last column's number of each form, as the circular and the decree count them."""


def test_every_form_has_all_its_columns_each_once_and_in_order() -> None:
    found = {form.code: [column.number for column in form.columns] for form in compiled_forms()}
    assert found == {code: [str(number + 1) for number in range(last)] for code, last in OFFICIAL.items()}


def test_every_heading_stands_in_two_languages_and_every_file_names_its_law() -> None:
    for form in compiled_forms():
        assert "Thông tư" in form.source or "Nghị định" in form.source
        for text in (form.title, form.law, *(column.title for column in form.columns)):
            assert set(text) == {"vi", "en"}
            assert all(words.strip() and unicodedata.normalize("NFC", words) == words for words in text.values())


def test_a_note_is_entered_by_hand_and_so_is_what_no_record_says() -> None:
    by_hand = {form.code: {c.number for c in form.columns if not c.needs} for form in compiled_forms()}
    assert by_hand["01/TCD"] == {"10", "16", "22"}  # the days that were announced beforehand
    assert (by_hand["02/XLD"], by_hand["05/KQTH"]) == ({"26"}, {"32"})
    assert len(by_hand["06/QLKNTC"]) == OFFICIAL["06/QLKNTC"]


@pytest.mark.parametrize(
    "broken",
    [
        {"needs": ["petition/received_in"]},
        {"needs": [["petition/type", ["petition/type", "petition/colour"]]]},
        {"column": None},
    ],
)
def test_a_form_that_needs_what_no_schema_has_is_refused(broken: dict[str, Any]) -> None:
    document = form_documents()["tt06-2025"]
    column = {"column": "1", "vi": "a", "en": "a"} | broken
    column = {name: value for name, value in column.items() if value is not None}
    with pytest.raises(ConfigError) as refused:
        compile_forms(
            {"x": {**document, "forms": [{"form": "x", "vi": "a", "en": "a", "columns": [column]}]}},
            compiled_schemas()[0],
        )
    assert refused.value.values["file"] == "forms/x"


def column(*needs: Any) -> Column:
    return Column("1", {"vi": "", "en": ""}, needs)


LAND = (("d/land",), ("d/residential", "d/production"))


@pytest.mark.parametrize(
    ("needs", "fed", "filled", "expected"),
    [
        ((), "", "", Standing("hand")),
        (((("a",)),), "a", "a", Standing("computable")),
        ((("a",), ("b",)), "a", "a", Standing("no_field", ("b",))),
        ((("a",), ("b",)), "a b", "a", Standing("empty", ("b",))),
        ((LAND,), "d/residential d/production", "d/residential d/production", Standing("computable")),
        ((LAND,), "d/residential", "d/residential", Standing("no_field", ("d/land",))),
        ((LAND,), "d/residential d/production", "d/production", Standing("empty", ("d/residential",))),
        ((LAND,), "d/land d/residential d/production", "d/residential", Standing("empty", ("d/land",))),
    ],
)
def test_a_column_stands_as_its_best_way_allows(needs: Any, fed: str, filled: str, expected: Standing) -> None:
    ways = tuple(need if isinstance(need[0], tuple) else (need,) for need in needs)
    assert standing(column(*ways), fed.split(), filled.split()) == expected
