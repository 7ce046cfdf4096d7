"""Proposals for a person: what each is made on, and that nothing is proposed where two could be meant."""

from __future__ import annotations

import time
from datetime import date

import pytest

from connector.core.catalogue import CatalogueEntry, Translation
from connector.core.code_use import task_of_rows, tasks, used_codes
from connector.core.codes import compile_code_map
from connector.core.partners import Local, Reason, match, without_partner
from connector.loading import compiled_schemas, mapping_at
from connector.resources import shipped

TODAY = date(2026, 11, 26)
NATIONAL = [
    CatalogueEntry("2", "Hướng dẫn"),
    CatalogueEntry("4", "Thụ lý"),
    CatalogueEntry("5", "Chuyển đơn đến cơ quan có thẩm quyền"),
    CatalogueEntry("7", "Trả lại đơn"),
    CatalogueEntry("8", "Khác"),
    CatalogueEntry("9", "Khác"),
    CatalogueEntry("10", "Hết hạn", None, date(2026, 6, 30)),
]
GONE = [CatalogueEntry("6", "Lưu đơn")]


def one(code, title="", mapped=""):
    return next(match([Local(code, title, mapped)], NATIONAL, GONE, TODAY))


@pytest.mark.parametrize(
    ("local", "reason", "partner"),
    [
        (("x", "", "4"), Reason.MAPPED, "4"),
        (("x", "", "6"), Reason.WITHDRAWN, "6"),
        (("x", "", "10"), Reason.WITHDRAWN, "10"),
        (("x", "", "99"), Reason.UNKNOWN, None),
        (("4", "THỤ LÝ."), Reason.CODE_AND_NAME, "4"),
        (("TL", "Thụ  lý"), Reason.NAME, "4"),
        (("4", ""), Reason.CODE, "4"),
        (("7", "Thụ lý"), Reason.NAME_OTHER_CODE, "4"),
        (("7", "Việc khác hẳn"), Reason.CODE_OTHER_NAME, "7"),
        (("x", "Chuyển đơn đến cơ quan thẩm quyền"), Reason.WORDS, "5"),
        (("x", "Khác"), Reason.SEVERAL, None),
        (("x", "Hết hạn"), Reason.NONE, None),  # what is over is proposed to nobody
        (("x", "Hoàn toàn mới"), Reason.NONE, None),
        (("x", ""), Reason.NONE, None),
        (("x", "..."), Reason.NONE, None),
    ],
)
def test_every_reason_has_its_case(local, reason, partner):
    found = one(*local)
    assert found.reason is reason
    assert (found.national.code if found.national else None) == partner


def test_the_surer_reason_has_the_higher_figure_and_only_a_map_is_certain():
    tried = [("x", "", "4"), ("4", "Thụ lý"), ("TL", "Thụ lý"), ("4", ""), ("x", "Chuyển đơn đến cơ quan thẩm quyền")]
    figures = [one(*local).sure for local in tried]
    assert figures == sorted(figures, reverse=True)
    assert len(set(figures)) == len(figures)
    assert figures[0] == 100


def test_tone_marks_are_never_folded_away():
    """`tha` and `thả` are two words; a proposal that cannot tell them apart would be a guess."""
    national = [CatalogueEntry("1", "Thả"), CatalogueEntry("2", "Hòa giải")]
    found = [*match([Local("a", "Tha"), Local("b", "hoà giải")], national, [], TODAY)]
    assert [each.reason for each in found] == [Reason.NONE, Reason.NAME]


def test_national_codes_that_nothing_means_are_listed_without_those_that_are_over():
    found = [*match([Local("x", "", "4"), Local("y", "Hướng dẫn")], NATIONAL, GONE, TODAY)]
    assert [entry.code for entry in without_partner(found, NATIONAL, TODAY)] == ["5", "7", "8", "9"]


def test_long_lists_are_matched_in_seconds():
    national = [CatalogueEntry(str(n), f"Xã Mẫu số {n}") for n in range(12_000)]
    began = time.monotonic()
    found = [*match([Local(f"L{n}", f"xã mẫu số {n}") for n in range(12_000)], national, [], TODAY)]
    assert all(each.reason is Reason.NAME for each in found)
    others = {each.reason for each in match([Local("x", "Xã Mẫu khác")] * 2_000, national, [], TODAY)}
    assert others == {Reason.NONE}
    assert time.monotonic() - began < 30


def bentre():
    return mapping_at(shipped("mappings", "bentre"), *compiled_schemas())


def test_codes_in_use_are_those_of_maps_and_constants_or_of_the_translation():
    used = used_codes(bentre(), (), compiled_schemas()[1])
    assert {"accepted", "transferred"} <= used["handling"]
    assert used["petition-type"] >= {"complaint", "denunciation"}
    assert not any("" in codes for codes in used.values())
    translated = (Translation("handling", "13", {"accepted": "4"}), Translation("instance", "13", {"first": "14"}))
    assert used_codes(bentre(), translated, ("13", "14")) == {"13": frozenset({"4", "14"})}


def test_our_own_codes_are_compared_where_the_interface_has_others():
    lists = compiled_schemas()[1]
    found = tasks(bentre(), (Translation("handling", "13", {"accepted": "4"}),), lists, ("13",))
    assert [(task.name, task.catalogue, task.of_map) for task in found] == [("handling", "13", False)]
    by_code = {local.code: local for local in found[0].local}
    assert by_code["accepted"] == Local("accepted", "Thụ lý", "4")
    assert by_code["guided"].mapped == ""


def test_rows_of_the_agency_are_compared_through_its_map():
    document = {"name": "m", "list": "handling", "source": "x", "absent": ["0"], "map": {"4": "accepted"}}
    code_map, problems = compile_code_map("codes/m.toml", document, compiled_schemas()[1])
    assert code_map is not None
    assert not problems
    rows = [(4, "Thụ lý"), ("0", "Chưa chọn"), (None, "?"), (b"\x01", "?"), ("7", "Trả đơn"), ("7", "again")]
    task = task_of_rows(code_map, (), rows)
    assert task.local == (Local("4", "Thụ lý", "accepted"), Local("7", "Trả đơn", ""))
    behind = task_of_rows(code_map, (Translation("handling", "13", {"accepted": "4"}),), rows)
    assert (behind.catalogue, behind.local[0].mapped) == ("13", "4")
