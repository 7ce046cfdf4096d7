"""Requests of people that could not be carried out, each with its story. What is fixed stays fixed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from connector.core.model import Kind
from connector.errors import SourceError
from connector.national import transport
from connector.sources import engines
from connector.store import requests
from connector.store.requests import Selection
from connector.store.tables import ResyncItem, table_of
from tests.machine.world import AGENCY, Clock, Nation, World, key_of


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Three petitions with one handling each, and a reception, delivered."""
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    monkeypatch.setattr(engines, "BUSY_S", 0.05)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=2)
    built.edit("INSERT INTO tiep VALUES (1, '2026-02-02', '1', 'A')")
    for number in (1, 2, 3):
        built.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'A', NULL, 0, 0)", number)
        built.edit("INSERT INTO xu_ly VALUES (?, ?, '2026-02-02', 'A')", number, number)
    built.sync()
    yield built
    built.close()
    nation.sandbox.close()


def outcomes(world: World) -> dict[str, str | None]:
    item = table_of(ResyncItem)
    with world.app.store.read() as connection:
        rows = connection.execute(select(item.c.kind, item.c.local_id, item.c.outcome))
        return {f"{row.kind} {row.local_id}": row.outcome for row in rows}


def open_count(world: World) -> int:
    with world.app.store.read() as connection:
        return requests.open_count(connection, AGENCY)


def test_a_request_of_a_kind_that_the_mapping_lost_is_closed_and_the_others_go_on(world: World) -> None:
    """It ended every run of every agency with a bug, before anything was sent, and stayed the first in the queue."""
    world.ask(Selection(keys=(key_of(Kind.HANDLING, 1), key_of(Kind.PETITION, 1))))
    mapping = world.folder / "mapping"
    (mapping / "handling.toml").unlink()
    named = (mapping / "mapping.toml").read_text(encoding="utf-8")
    (mapping / "mapping.toml").write_text(named.replace(', "handling"]', "]"), encoding="utf-8")
    world.reopen()
    world.run("resync")
    assert outcomes(world) == {"handling nho:1": "kind_gone", "petition nho:1": "look"}


def test_a_source_that_is_locked_for_a_moment_leaves_the_requests_open(world: World) -> None:
    """Each was closed as unreadable, and nobody did what a person had asked for, when the source was free again."""
    world.ask(Selection(kind=Kind.PETITION))
    world.reopen()
    world.source.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceError):
        list(world.stage("resync"))
    world.source.execute("ROLLBACK")
    assert open_count(world) == 3
    world.run("resync")
    assert set(outcomes(world).values()) == {"look"}


def test_a_query_that_fails_keeps_no_request_of_another_kind_waiting(world: World) -> None:
    world.ask(Selection())
    world.source.execute("ALTER TABLE don RENAME TO don_cu")  # the handlings' query joins it, too
    with pytest.raises(SourceError):
        list(world.stage("resync"))
    assert (outcomes(world)["reception nho:1"], open_count(world)) == ("look", 6)
    world.source.execute("ALTER TABLE don_cu RENAME TO don")
    world.run("resync")
    assert open_count(world) == 0
