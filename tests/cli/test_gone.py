"""`kntc list --state gone`, `kntc withdraw`, and keeping what its source has no more."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cli.conftest import World
from tests.world import install, source_path

KEY = ("petition", "9")


@pytest.fixture
def gone(world: World) -> World:
    """One petition was received, and two sweeps have not found it since; people are asked."""
    install(world.folder, world.sandbox.base_url, collect='gone = "ask"')
    world("sync")
    with sqlite3.connect(source_path(world.folder)) as source:
        source.execute("DELETE FROM don_thu WHERE IdDonThu = 9")
    source.close()
    world("collect")
    world("collect")
    return world


def records(world: World) -> list[str]:
    return [record["key"] for record in world("list", "--state", "gone", "--json").json["records"]]


def test_a_record_that_is_gone_is_listed_with_what_a_person_can_do(gone: World) -> None:
    assert records(gone) == ["H51.01/petition/bentre:9"]
    for lang in ("vi", "en"):
        said = gone("list", "--state", "gone", lang=lang)
        said.assert_narrow()
        assert "kntc withdraw" in said.text
    status = gone("status", lang="en")
    assert "Decide on 1 record gone from the source" in status.text
    assert "kntc withdraw petition bentre:9" in gone("explain", *KEY, lang="en").text


def test_it_can_be_kept_in_a_persons_name(gone: World) -> None:
    assert gone("quarantine", "acknowledge", *KEY, "--reason", "hồ sơ giấy còn").code == 0
    found = gone("list", "--state", "gone", "--json").json["records"]
    assert [record["gone"] for record in found] == ["keep"]
    assert gone("status", "--json").json["agencies"][0]["gone_undecided"] == 0


def test_withdrawing_wants_a_ground_and_a_yes(gone: World) -> None:
    assert gone("withdraw", *KEY, "--dry-run").code == 0
    assert gone("withdraw", *KEY).code == 2
    refused = gone("withdraw", *KEY, "--reason", "căn cứ mẫu")
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert gone("list", "--state", "gone", "--json").json["records"][0]["version"] == 1
    done = gone("withdraw", *KEY, "--reason", "căn cứ mẫu", "--yes")
    assert done.code == 0
    (record,) = gone("list", "--state", "gone", "--json").json["records"]
    assert (record["version"], record["gone"]) == (2, "withdraw")
    assert "căn cứ mẫu" not in gone("audit", "log", "--json").out
    assert gone("audit", "verify").code == 0


def test_a_record_that_is_still_there_can_be_withdrawn_too_and_the_next_sweep_leaves_it_so(gone: World) -> None:
    assert gone("withdraw", "petition", "12", "--reason", "căn cứ mẫu", "--yes").code == 0
    gone("collect")
    said = gone("explain", "petition", "12", "--json").json
    assert said["record"]["version"] == 2
    assert "withdraw" in str(said["versions"][-1].get("operation", "withdraw"))
