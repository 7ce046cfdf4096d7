"""A code that the law did not know on the record's day is named, unless the agency says that it did use it."""

import pytest

from connector.core.dated import DAYS, bounds, dated_fields, out_of_date
from connector.core.model import KINDS, Kind, RecordKey, SourceRow
from connector.core.secrecy import SecrecyPolicy
from tests.mapping_files import code_lists, compiled, files, schemas

LEVELS = {"name": "cap", "list": "authority-level", "source": "xu_ly.Cap", "map": {"H": "district", "X": "commune"}}


def found(kind, body, ageless=()):
    return list(out_of_date(dated_fields(kind, schemas().fields(kind), code_lists(), ageless), body))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2025-06-30", []),
        ("2025-07-01", [("/authority_level", "valid until 2025-06-30")]),
    ],
)
def test_a_withdrawn_code_is_good_up_to_its_last_day(day, expected):
    assert found(Kind.HANDLING, {"handled_on": day, "authority_level": "district"}) == expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-07-01", []), ("2026-06-30", [("/channel", "valid from 2026-07-01")])],
)
def test_a_code_is_good_from_its_first_day(day, expected):
    assert found(Kind.RECEPTION, {"held_on": day, "channel": "online"}) == expected


def test_a_ground_counts_by_the_day_of_the_termination_and_not_by_that_of_the_acceptance():
    body = {"decided_on": "2026-05-04", "termination": {"ground": "object_gone", "issued_on": "2026-07-20"}}
    assert found(Kind.ACCEPTANCE, body) == []
    body["termination"]["issued_on"] = "2026-06-20"
    assert found(Kind.ACCEPTANCE, body) == [("/termination/ground", "valid from 2026-07-01")]


def test_of_several_codes_each_is_named_by_its_place():
    grounds = list(code_lists()["complexity-ground"].codes)[:2]
    body = {"complexity_grounds": grounds, "complexity_document": {"issued_on": "2026-01-05"}}
    assert [pointer for pointer, _ in found(Kind.ACCEPTANCE, body)] == [
        "/complexity_grounds/0",
        "/complexity_grounds/1",
    ]


@pytest.mark.parametrize("body", [{"authority_level": "district"}, {"handled_on": 5, "authority_level": "district"}])
def test_without_a_day_nobody_can_tell(body):
    assert found(Kind.HANDLING, body) == []


def test_the_level_of_an_agency_that_only_issued_an_older_paper_is_not_judged():
    agency = {"transferred_by": {"level": "district"}, "received_on": "2025-08-01"}
    assert found(Kind.PETITION, agency) == []


def test_every_field_to_judge_has_codes_with_a_first_or_last_day_and_a_day_to_judge_by():
    assert {kind for kind, _ in DAYS} <= set(KINDS)
    for (kind, pattern), day in DAYS.items():
        (one,) = (
            field
            for field in dated_fields(kind, schemas().fields(kind), code_lists())
            if field.path == tuple(pattern.split("/")[1:])
        )
        assert one.codes, pattern
        assert schemas().fields(kind)[day].format == "date"


def mapped(day, **changes):
    changed = files()
    changed["codes/cap.toml"] = LEVELS | changes
    changed["handling.toml"]["select"]["sql"] = changed["handling.toml"]["select"]["sql"].replace(
        "x.Huong", "x.Huong, x.Cap"
    )
    changed["handling.toml"]["fields"]["/authority_level"] = {"column": "Cap", "codes": "cap"}
    columns = {"Id": 1, "Lan": 1, "IdDon": 1, "Ngay": day, "Huong": "CD", "Loai": 1, "Cap": "H"}
    row = SourceRow(RecordKey("H99.01", Kind.HANDLING, "mau:1.1"), columns, {}, "")
    return compiled(changed).kind(Kind.HANDLING).apply(row, SecrecyPolicy())


def test_a_record_with_a_code_out_of_its_time_waits_with_column_and_bound():
    (problem,) = mapped("2025-08-01").problems
    assert (problem.pointer, problem.rule, problem.column, problem.detail) == (
        "/authority_level",
        "E-MAP-CODE-DATE",
        "xu_ly.Cap",
        "valid until 2025-06-30",
    )
    assert mapped("2025-06-30").problems == ()


def test_an_agency_may_say_that_it_used_the_code_all_the_same():
    assert mapped("2025-08-01", out_of_date="keep").problems == ()


def test_the_fingerprint_knows_the_bounds_of_codes():
    """Else a corrected date in a list would be noticed by new records only."""
    changed = code_lists() | {"petition-type": code_lists()["authority-level"]}
    assert bounds(code_lists()) != bounds(changed)
