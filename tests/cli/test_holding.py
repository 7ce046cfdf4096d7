"""`kntc hold`: while a person holds a case, nothing that speaks of it goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor, Kind, RecordKey
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import holds
from connector.store.keys import of_key
from connector.store.tables import Record, table_of
from tests.cli.conftest import World
from tests.cli.test_pruning import OLD_ENOUGH, exported, order
from tests.crash import commits
from tests.crash.test_every_commit import Deaths
from tests.world import AGENCY, credentials, install, source_path


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    build(source_path(tmp_path), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        config = install(tmp_path, sandbox.base_url)
        config.write_text(config.read_text(encoding="utf-8") + OLD_ENOUGH, encoding="utf-8")
        found = World(tmp_path, sandbox, config)
        assert found("sync").code == 0
        yield found


def case_of(world: World, key: RecordKey) -> list[RecordKey]:
    with open_app(load_config(world.config), Actor("test", "test")) as app, app.store.read() as connection:
        return holds.case_of(connection, key)


def test_a_case_is_the_papers_above_a_record_and_all_that_hangs_on_the_topmost(world):
    decision = next(line for line in world.sandbox.listed(AGENCY, Kind.DECISION))
    key = RecordKey(AGENCY, Kind.DECISION, decision.local_id)
    case = case_of(world, key)
    assert key in case
    assert {Kind.PETITION, Kind.ACCEPTANCE} <= {one.kind for one in case}
    assert all(set(case_of(world, one)) == set(case) for one in case)


def test_a_paper_stays_in_the_case_of_what_hung_on_it_once(world):
    """Whoever lets the held record hang on another paper does not get the old one out of the case."""
    handling = next(line for line in world.sandbox.listed(AGENCY, Kind.HANDLING))
    key, record = RecordKey(AGENCY, Kind.HANDLING, handling.local_id), table_of(Record)
    before = case_of(world, key)
    other = next(one for one in world.sandbox.listed(AGENCY, Kind.PETITION) if one.local_id not in str(before))
    moved = update(record).where(*of_key(record, key)).values(parent_local_id=other.local_id)
    with open_app(load_config(world.config), Actor("test", "test")) as app, app.store.write() as tx:
        assert tx.connection.execute(moved).rowcount == 1
    assert set(case_of(world, key)) > set(before)
    assert RecordKey(AGENCY, Kind.PETITION, other.local_id) in case_of(world, key)


def test_while_a_case_is_held_no_entry_that_speaks_of_it_is_pruned(world):
    assert world("hold", "petition", "4", "--reason", "thanh tra đang xem").code == 0
    file = exported(world, "first.zip")
    order(world)
    said = world("audit", "prune", file, "--reason", "x", "--json").json
    assert said["held_from"] == said["through"] + 1
    assert world("audit", "verify").code == 0
    explained = world("explain", "petition", "4")
    assert "được giữ nguyên theo lệnh của" in explained.text
    assert world("explain", "petition", "4", "--json").json["record"]["state"] == "delivered"
    listed = world("hold", "--list")
    assert "thanh tra đang xem" in listed.text
    listed.assert_narrow()
    assert "thanh tra" not in world("hold", "--list", "--json").out
    assert world("hold", "petition", "4", "--release", "--reason", "xong").code == 0
    assert world("hold", "--list", "--json").json["holds"] == []
    again = exported(world, "second.zip")
    order(world)
    said = world("audit", "prune", again, "--reason", "x", "--json").json
    assert (said["held_from"], said["pruned"]) == (None, True)
    assert world("audit", "verify").code == 0


def test_a_hold_wants_a_reason_stands_once_and_only_a_standing_one_is_released(world):
    assert world("hold", "petition", "4").code == 2
    assert world("hold").code == 2
    assert world("hold", "petition", "4", "--dry-run").code == 0
    assert world("hold", "petition", "4", "--release", "--reason", "x").code == 65
    assert world("hold", "petition", "4", "--reason", "x").code == 0
    assert len(world("hold", "--list", "--json").json["holds"]) == 1
    assert world("audit", "verify").code == 0


def test_a_death_at_the_commit_of_a_hold_leaves_it_with_its_entry_or_not_at_all(world):
    everything = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
    mine = {f"cli/holding.py:_order#1 {moment}" for moment in commits.MOMENTS}
    deaths = Deaths(world.config, everything - mine)
    deaths.through("hold", "petition", "4", "--reason", "r")
    assert mine <= deaths.died
    commits.verify(world.folder)
    assert len(world("hold", "--list", "--json").json["holds"]) == 1
