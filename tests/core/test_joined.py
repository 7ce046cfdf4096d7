"""The mappings of several sources of one agency: what stands side by side, and what one says of another."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from connector.core.aliases import Aliases
from connector.core.code_use import tasks
from connector.core.joined import astray, home_of, join, map_in
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind, RecordKey, SourceRow
from connector.errors import ConfigError
from connector.loading import compiled_schemas
from tests.mapping_files import FILES, compiled

AGENCY = "H51.01"


def named(source: str, **changes: Any) -> CompiledMapping:
    """The sample mapping under another name; `changes`: parts of petition.toml."""
    files = copy.deepcopy(FILES)
    files["mapping.toml"]["source"] = source
    files["petition.toml"] |= changes
    return compiled(files)


def key(local_id: str) -> RecordKey:
    return RecordKey(AGENCY, Kind.PETITION, local_id)


def test_one_source_is_no_joined_one() -> None:
    alone = named("cu")
    assert join([alone]) is alone
    assert alone.of(key("cu:1")) is alone.kind(Kind.PETITION)
    assert alone.part("whatever") is alone


def test_a_key_is_mapped_by_the_source_that_its_name_begins_with_and_after_a_rekey_by_the_one_of_today() -> None:
    mapping = join([named("cu"), named("moi")])
    assert [mapping.of(key(local_id)).source for local_id in ("cu:1", "moi:1")] == ["cu", "moi"]
    assert mapping.of(key("khac:1")).source == "cu"  # which asks, and does not find it
    known = Aliases.of([(Kind.PETITION, "moi:17", "cu:1")])
    assert mapping.renamed(known).of(key("cu:1")).source == "moi"
    assert mapping.renamed(known).of(key("cu:2")).source == "cu"


def test_a_source_keeps_its_own_mark_beside_another_one_and_their_order_says_nothing() -> None:
    old, new = named("cu"), named("moi")
    assert join([old, new]).part("cu").digest == old.digest
    assert join([old, new]).digest == join([new, old]).digest
    assert join([old, new]).digest not in (old.digest, new.digest)


def test_code_maps_of_one_name_are_told_apart_and_found_again() -> None:
    mapping = join([named("cu"), named("moi")])
    assert sorted(mapping.code_maps) == ["huong@cu", "huong@moi", "loai-don@cu", "loai-don@moi"]
    part, name = home_of(mapping, "huong@moi")
    assert (part.source, name) == ("moi", "huong")
    assert map_in(mapping, "moi", "huong") == "huong@moi"
    assert map_in(named("cu"), "cu", "huong") == "huong"
    every = tasks(mapping, (), compiled_schemas()[1], ["handling"])
    assert {task.name for task in every} == {"huong@cu", "huong@moi"}


def across(source: str, **more: Any) -> CompiledMapping:
    """A mapping whose handlings hang on petitions of another source."""
    files = copy.deepcopy(FILES)
    files["mapping.toml"] |= {"source": "moi", "kinds": ["handling"]}
    del files["petition.toml"]
    files["handling.toml"]["parent"] |= {"source": source} | more
    return compiled(files)


def test_what_hangs_on_a_record_of_another_source_is_named_as_that_one_names_it() -> None:
    mapping = join([named("cu"), across("cu")])
    assert list(astray(mapping)) == []
    row = {"Id": 1, "Lan": 1, "IdDon": 417, "Ngay": "2026-01-02", "Huong": "CD", "Loai": 1}
    found = mapping.all_of(Kind.HANDLING)[1].parents_of(SourceRow(key("moi:1"), row, {}, "f"))
    assert found == (key("cu:417"),)


@pytest.mark.parametrize(
    ("part", "wanted"),
    [(across("khac"), "cu"), (across("cu", columns=["IdDon", "Lan"]), "petition: Id")],
)
def test_a_parent_that_no_source_can_have_is_told(part: CompiledMapping, wanted: str) -> None:
    (wrong,) = astray(join([named("cu"), part]))
    assert (wrong.source, wrong.kind, wrong.place, wrong.wanted) == ("moi", Kind.HANDLING, "/petition_ref", wanted)


def test_a_reference_to_another_source_is_told_likewise() -> None:
    fields = {**FILES["petition.toml"]["fields"]}
    fields["/case_ref"] = {"ref": "petition", "columns": ["Goc"], "source": "khac"}
    (wrong,) = astray(join([named("cu", fields=fields), named("moi")]))
    assert (wrong.place, wrong.named, wrong.wanted) == ("/case_ref", "khac", "moi")
    fields["/case_ref"] |= {"source": "moi"}
    assert list(astray(join([named("cu", fields=fields), named("moi")]))) == []


def test_the_name_of_another_source_is_written_as_names_of_sources_are() -> None:
    with pytest.raises(ConfigError) as caught:
        across("Cũ!")
    assert [problem.values["key"] for problem in caught.value.problems] == ["parent.source"]


def test_bytes_in_two_databases_under_one_key_are_two_files() -> None:
    stored = """
    [stored]
    key = "Ma"
    size = "Byte"
    sql = "SELECT SUBSTR(nd, :from, :count) FROM tep WHERE ma = :key"
    """
    petition = copy.deepcopy(FILES["petition.toml"])
    petition["children"].append(
        {
            "name": "tep", "table": "tep", "key": ["IdDon"],
            "sql": "SELECT IdDon, Ma, Byte FROM tep WHERE IdDon > :lo AND IdDon <= :hi ORDER BY IdDon, Ma",
        }
    )  # fmt: skip
    petition["attachments"] = tomllib.loads(stored.replace("\n    ", "\n"))
    petition["fields"] |= {"/attachments/*": {"rows": "tep"}, "/attachments/*/file_name": {"column": "Ma"}}
    mapping = join([named("cu", **petition), named("moi", **petition)])
    row = {"Ma": 7, "Byte": 12}
    places = [each.attached.named(row).path for each in mapping.all_of(Kind.PETITION) if each.attached]
    assert len(set(places)) == 2
    alone = named("cu", **petition).kind(Kind.PETITION).attached
    assert alone is not None
    assert alone.named(row).path == "stored:petition/7."
