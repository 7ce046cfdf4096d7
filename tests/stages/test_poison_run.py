"""Records that never get through, among many that do: one in a hundred refused for ever, one too large, one that is
never answered. They delay nobody, are asked about no more than they must, and stay in sight with their reason.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Kind, State
from connector.errors import ExitCode
from connector.national import transport
from connector.sandbox import FaultRule
from connector.store import views
from tests.crash.history import soaking
from tests.machine.world import AGENCY, ATTEMPTS, Clock, Nation, World, key_of

CYCLES, EACH = (20, 500) if soaking() else (5, 200)
RECORDS = CYCLES * EACH
TOO_LARGE, SILENT = 2, 3
CYCLE_S = 60
SEED = random.randrange(2**32)

SETTINGS = (
    ("page_rows = 2", "page_rows = 200\nfirst_run_limit = 100000"),
    ("batch_rows = 5", "batch_rows = 100\nbatch_bytes = 50000"),
    ("base_url", "deadline_s = 1.0\nbase_url"),
)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    nation = Nation(Clock(), idempotent=True)
    built = World(tmp_path, nation, workers=4)
    built.configure(*SETTINGS)
    yield built
    built.close()
    nation.sandbox.close()


def local_id(number: int) -> str:
    return key_of(Kind.PETITION, number).local_id


def waiting(world: World) -> dict[str, str]:
    """Return what is not delivered: its local id, and in which state it is."""
    with world.app.store.read() as connection:
        lines = views.lines(connection, AGENCY, limit=RECORDS + 1)
    return {line.key.local_id: line.state for line in lines if line.state != State.DELIVERED}


def test_what_never_gets_through_delays_nobody_else(world: World) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    refused = set(random.Random(SEED).sample(range(SILENT + 1, RECORDS + 1), RECORDS // 100))
    world.nation.play(
        [
            FaultRule("too_large", local_id=local_id(TOO_LARGE)),
            FaultRule("drip", call="", local_id=local_id(SILENT), latency_s=0.2),
            *(FaultRule("refuse_422", local_id=local_id(number), pointer="/content") for number in sorted(refused)),
        ]
    )
    poison = {local_id(number) for number in (TOO_LARGE, SILENT, *refused)}
    late: Counter[int] = Counter()
    for cycle in range(1, CYCLES + 2):
        if cycle <= CYCLES:
            enter(world, cycle)
        world.run("collect")
        for _ in world.app.deliver(AGENCY, longest_wait_s=0.0):
            pass
        behind = [int(name.partition(":")[2]) for name in waiting(world) if name not in poison]
        late.update((cycle - 1) - (number - 1) // EACH for number in behind)
        world.clock.advance(CYCLE_S)
    world.clock.advance(3_700)
    world.run("push")  # the last try of the silent one
    world.run("resolve")
    taken = [line for line in world.sandbox.log() if line.local_id and line.status != 401]  # a token that grew old
    log = Counter((line.method, line.local_id) for line in taken)
    silent = log["PUT", local_id(SILENT)] + log["GET", local_id(SILENT)]
    print(f"cycles late: {dict(late)}; requests {log.total()}, {silent} of them for the silent one")  # noqa: T201 - with -s
    assert not late or max(late) == 0, "whoever was not delivered in its own cycle was in the next one"

    states = waiting(world)
    assert states.pop(local_id(SILENT)) == State.UNKNOWN
    assert states == dict.fromkeys(poison - {local_id(SILENT)}, State.REJECTED)
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    with world.app.store.read() as connection:
        lines = views.lines(connection, AGENCY, state=State.REJECTED, limit=RECORDS)
    assert all(line.problems or line.rule for line in lines)
    assert {log["PUT", name] for name in poison - {local_id(SILENT)}} == {1}, "a refusal is not asked for twice"
    assert log["PUT", local_id(SILENT)] == ATTEMPTS
    assert log.total() <= RECORDS + 3 * ATTEMPTS + CYCLES
    assert Counter(world.sandbox.effects().values()) == {1: RECORDS - len(refused) - 1}


def enter(world: World, cycle: int) -> None:
    """Let clerks enter the petitions of one cycle; the second of all has a text as large as the schema allows."""
    world.source.execute("BEGIN")
    for number in range((cycle - 1) * EACH + 1, cycle * EACH + 1):
        content = "ệ" * 20_000 if number == TOO_LARGE else "Nội dung"
        world.edit("INSERT INTO don VALUES (?, NULL, '2026-03-02', '1', ?, NULL, 0, 0)", number, content)
    world.source.execute("COMMIT")
