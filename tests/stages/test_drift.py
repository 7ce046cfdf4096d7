"""The national side changes its schema: what it no longer takes is held with its reason, and the rest goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from connector.core.model import Kind, State
from connector.errors import ExitCode
from connector.national import transport
from connector.resources import schema_documents
from connector.store import views
from tests.machine.world import AGENCY, Clock, Nation, World


def _required(document: dict[str, Any]) -> None:
    document["required"].append("channel")


def _renamed(document: dict[str, Any]) -> None:
    document["properties"]["content_text"] = document["properties"].pop("content")


def _without_code(document: dict[str, Any]) -> None:
    document["properties"]["type"] = {"enum": ["denunciation"]}


def _loosened(document: dict[str, Any]) -> None:
    document["properties"]["priority"] = {"type": "string"}


def drifted(change: Any) -> Mapping[str, Any]:
    documents = {name: deepcopy(document) for name, document in schema_documents().items()}
    change(documents[Kind.PETITION])
    return documents


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A reception, a petition and its handling, for a national side whose schema of petitions has changed."""
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True, schemas=drifted(request.param))
    built = World(tmp_path, nation, workers=1)
    built.edit("REPLACE INTO tiep VALUES (1, '02/03/2026', '1', 'Nội dung')")
    built.edit("REPLACE INTO don VALUES (1, NULL, '02/03/2026', '1', 'Nội dung', NULL, 0, 0)")
    built.edit("REPLACE INTO xu_ly VALUES (1, 1, '02/03/2026', 'Tóm tắt')")
    yield built
    built.close()
    nation.sandbox.close()


def states(world: World) -> dict[Kind, str]:
    with world.app.store.read() as connection:
        return {line.key.kind: line.state for line in views.lines(connection, AGENCY)}


@pytest.mark.parametrize("world", [_loosened], indirect=True)
def test_a_new_optional_field_changes_nothing(world: World) -> None:
    world.sync()
    assert set(states(world).values()) == {State.DELIVERED}


@pytest.mark.parametrize("world", [_required, _renamed, _without_code], indirect=True)
def test_a_document_that_is_no_longer_taken_is_held_alone_with_its_reason(world: World) -> None:
    for _ in range(3):
        world.sync()
        world.clock.advance(3_600)
    assert states(world) == {
        Kind.RECEPTION: State.DELIVERED,
        Kind.PETITION: State.REJECTED,
        Kind.HANDLING: State.PENDING,  # it waits for its petition, in the list of those that do
    }
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    with world.app.store.read() as connection:
        (line,) = views.lines(connection, AGENCY, state=State.REJECTED)
    assert line.problems
    refused = [entry.status for entry in world.sandbox.log() if entry.kind == "petition" and entry.method == "PUT"]
    assert refused == [422]
