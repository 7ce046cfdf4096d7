"""An edited mapping over a whole ledger (100,000 documents in `make soak`): what it would change waits for a name, and
what changes no document sends nothing.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.core.model import Actor, Kind
from connector.errors import ExitCode
from connector.national import transport
from connector.store import marks, views
from tests.crash.history import soaking
from tests.machine.world import AGENCY, Clock, Nation, World
from tests.stages.test_guards import EMPTY_EDITS

DOCUMENTS = 100_000 if soaking() else 300
CHANGED_AFTERWARDS = 25
"""So many new versions are sent to see that an approval lets them go; the others would show the same."""

INSPECTOR = Actor("thanh tra viên", "test")

SETTINGS = (
    ("page_rows = 2", f"page_rows = 1000\nfirst_run_limit = {DOCUMENTS}"),
    ("batch_rows = 5", "batch_rows = 1000"),
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Many petitions, all of them delivered."""
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=4)
    built.configure(*SETTINGS)
    built.source.execute("BEGIN")
    for number in range(1, DOCUMENTS + 1):
        built.edit("INSERT INTO don VALUES (?, NULL, '2026-02-02', '1', 'Nội dung', NULL, 0, 0)", number)
    built.source.execute("COMMIT")
    said("collected", lambda: built.run("collect"))
    said("delivered", lambda: built.run("push"))
    assert counted(built) == {"delivered": DOCUMENTS}
    yield built
    built.close()
    nation.sandbox.close()


def said(what: str, work: Callable[[], None]) -> None:
    began = time.monotonic()
    work()
    print(f"{DOCUMENTS} documents {what} in {time.monotonic() - began:.0f} s")  # noqa: T201 - with -s


def counted(world: World) -> dict[str, int]:
    with world.app.store.read() as connection:
        return views.counts(connection, AGENCY)[Kind.PETITION]


def open_guards(world: World) -> dict[str, Any]:
    with world.app.store.read() as connection:
        return {guard.name: guard for guard in marks.open_guards(connection, AGENCY)}


def cycle(world: World) -> None:
    world.run("collect")
    for _ in world.app.deliver(AGENCY, longest_wait_s=0.0):
        pass


def test_an_edit_that_would_change_every_document_sends_none_before_its_approval(world: World) -> None:
    sent = len(world.sandbox.log())
    for name, edit in (EMPTY_EDITS[0], EMPTY_EDITS[3]):
        path = world.folder / "mapping" / name
        before = path.read_text(encoding="utf-8")
        path.write_text(edit(before), encoding="utf-8")
        assert path.read_text(encoding="utf-8") != before
    world.reopen()
    said("mapped anew in another order and with an empty field", lambda: cycle(world))
    assert open_guards(world) == {}
    assert len(world.sandbox.log()) == sent, "what changes no document sends none"

    codes = world.folder / "mapping" / "codes" / "loai-don.toml"
    codes.write_text(codes.read_text("utf-8").replace('1 = "complaint"', '1 = "recommendation_feedback"'), "utf-8")
    world.reopen()
    said("held by the guard", lambda: cycle(world))
    cycle(world)
    guard = open_guards(world)["mapping_change"]
    assert guard.numbers["total"] == DOCUMENTS
    assert counted(world) == {"delivered": DOCUMENTS}
    assert len(world.sandbox.log()) == sent, "and what waits for a name sends none either"
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL

    with world.app.store.write() as tx:
        marks.approve(tx, guard.plan, INSPECTOR, "đã kiểm tra")
    said("given a new version", lambda: world.run("collect"))
    assert open_guards(world) == {}
    assert counted(world) == {"pending": DOCUMENTS}
    sending = world.stage("push")
    while len(world.sandbox.log()) < sent + CHANGED_AFTERWARDS:
        next(sending)
    sending.close()
    versions = Counter(version for *_, version in world.sandbox.effects())
    assert versions[1] == DOCUMENTS
    assert versions[2] >= CHANGED_AFTERWARDS
    assert set(world.sandbox.effects().values()) == {1}
