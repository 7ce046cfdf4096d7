"""Lost answers where the national side gives its own ids and creates again on every repeat: who is asked, how often."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.core.model import Actor, Candidate, Kind, RecordKey, State
from connector.errors import ExitCode
from connector.national import transport
from connector.sandbox import FaultRule
from connector.store import decisions, views
from connector.store.decisions import Waiting
from connector.store.requests import Selection
from tests.machine.world import ABSENT_AFTER_S, AGENCY, Clock, Nation, World, key_of
from tests.observed import Observed

PETITION, HANDLING = key_of(Kind.PETITION, 1), key_of(Kind.HANDLING, 1)
CLERK = Actor("cán bộ", "test")
WEBSITE = Candidate("Q-7", "Người Mẫu", "Thôn Một", "", "Nội dung")


@pytest.fixture
def nation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nation]:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)
    made = Nation(Clock(), idempotent=False)
    yield made
    made.sandbox.close()


@pytest.fixture
def world(tmp_path: Path, nation: Nation) -> Iterator[World]:
    """One petition and five handlings of it."""
    built = World(tmp_path, nation, workers=2, line=Observed.begin())
    built.edit("INSERT INTO don VALUES (1, NULL, '2026-02-02', '1', 'Nội dung', NULL, 0, 0)")
    for number in range(1, 6):
        built.edit("INSERT INTO xu_ly VALUES (?, 1, '2026-02-03', 'Tóm tắt')", number)
    yield built
    built.close()


def policy(world: World, probable_cases: str) -> None:
    config = world.folder / "config.toml"
    text = config.read_text(encoding="utf-8").replace("[push]", f'[push]\nprobable_cases = "{probable_cases}"')
    config.write_text(text, encoding="utf-8")
    world.reopen()


def waiting(world: World) -> list[Waiting]:
    with world.app.store.read() as connection:
        return decisions.waiting(connection, AGENCY, 1)


def state(world: World, key: RecordKey) -> tuple[str, str, str]:
    with world.app.store.read() as connection:
        (line,) = views.lines(connection, AGENCY, key=key)
    return line.state, line.cause, line.national_id


def create(world: World, key: RecordKey) -> State:
    with world.app.store.write() as tx:
        return decisions.create(tx, key, 1, CLERK, "không có trên trang quốc gia")


def link(world: World, key: RecordKey, to: str, *, not_listed: bool = False) -> State:
    with world.app.store.write() as tx:
        return decisions.link(tx, key, 1, to, CLERK, "đã xem trang quốc gia", not_listed=not_listed)


def effects_of(world: World, kind: Kind) -> list[int]:
    return [count for effect, count in world.sandbox.effects().items() if effect.kind == kind]


def days_go_by(world: World, days: int = 10) -> None:
    for _ in range(days):
        world.clock.advance(86_400)
        world.sync()


# --- kinds that nobody can look for ----------------------------------------------------------------------------------


def test_five_lost_answers_are_five_questions_and_nothing_is_sent_twice(world: World) -> None:
    world.nation.play([FaultRule("lose_after_commit", kind="handling", in_all=9)])
    world.sync()
    days_go_by(world)
    assert [(one.key.kind, one.cause, one.attempt) for one in waiting(world)] == [
        (Kind.HANDLING, "not_findable", 1)
    ] * 5
    assert effects_of(world, Kind.HANDLING) == [1] * 5
    assert not [line for line in world.sandbox.log() if line.method == "GET" and line.kind == "handling"]
    assert world.app.exit_code_of(AGENCY) is ExitCode.PARTIAL
    for one in waiting(world):
        assert link(world, one.key, f"Q-{one.key.local_id}", not_listed=True) is State.DELIVERED
    world.sync()
    assert effects_of(world, Kind.HANDLING) == [1] * 5
    assert world.app.exit_code_of(AGENCY) is ExitCode.DONE


def test_what_never_arrived_is_sent_again_on_a_persons_word_alone(world: World) -> None:
    world.nation.play([FaultRule("lose_before_commit", kind="handling", local_id=HANDLING.local_id, in_all=1)])
    world.sync()
    days_go_by(world, 3)
    assert [one.key for one in waiting(world)] == [HANDLING]
    assert create(world, HANDLING) is State.PENDING
    world.sync()
    assert state(world, HANDLING)[0] == "delivered"
    assert effects_of(world, Kind.HANDLING) == [1] * 5


def test_a_death_between_claim_and_answer_asks_once_for_each_that_was_claimed(world: World) -> None:
    world.run("collect")
    world.run("push")
    for number in range(1, 6):
        world.edit("UPDATE xu_ly SET TomTat = 'Sửa' WHERE Id = ?", number)
    world.run("collect")
    world.claim_and_die()
    days_go_by(world, 3)
    assert len(waiting(world)) == 5
    assert {count for effect, count in world.sandbox.effects().items() if effect.version == 2} == set()


def test_asking_again_for_what_is_received_sends_nothing(world: World) -> None:
    world.sync()
    before = len(Observed.submitted)
    world.ask(Selection(keys=(HANDLING,)))
    world.sync()
    assert len(Observed.submitted) == before
    assert state(world, HANDLING)[0] == "delivered"


def test_what_hangs_on_a_case_travels_with_its_id(world: World) -> None:
    world.sync()
    case = state(world, PETITION)[2]
    refs = {delivery.key: delivery.refs for delivery in Observed.submitted}
    assert refs[HANDLING].case == case
    world.edit("UPDATE xu_ly SET TomTat = 'Sửa' WHERE Id = 1")
    world.sync()
    assert Observed.submitted[-1].refs.own == state(world, HANDLING)[2]


# --- cases that can be searched for ----------------------------------------------------------------------------------


def test_a_lost_case_that_is_not_there_is_created_again_after_two_looks(world: World) -> None:
    world.nation.play([FaultRule("lose_before_commit", kind="petition", in_all=1)])
    world.run("collect")
    world.run("push")
    looks = []
    for _ in range(3):
        world.run("resolve")
        looks.append(state(world, PETITION)[0])
        world.clock.advance(ABSENT_AFTER_S + 60)
    assert looks == ["unknown", "pending", "pending"]
    world.sync()
    assert effects_of(world, Kind.PETITION) == [1]


def test_a_case_that_others_may_have_made_is_not_sent_before_a_person_has_chosen(world: World) -> None:
    Observed.shown = {PETITION: (WEBSITE,)}
    world.sync()
    days_go_by(world, 3)
    assert Observed.submitted == []
    (one,) = waiting(world)
    assert (one.key, one.cause, one.attempt, one.candidates) == (PETITION, "several", 0, (WEBSITE,))
    assert link(world, PETITION, "Q-7") is State.DELIVERED
    world.sync()
    assert {delivery.refs.case for delivery in Observed.submitted} == {"Q-7"}
    world.edit("UPDATE don SET NoiDung = 'Sửa' WHERE Id = 1")
    world.sync()
    assert Observed.submitted[-1].key == PETITION
    assert Observed.submitted[-1].refs.own == "Q-7"


def test_a_word_to_create_is_not_asked_for_twice(world: World) -> None:
    Observed.shown = {PETITION: (WEBSITE,)}
    world.sync()
    assert create(world, PETITION) is State.PENDING
    world.nation.play([FaultRule("busy_503", kind="petition", in_all=1, retry_after_s=600)])
    world.sync()
    world.clock.advance(3_600)
    world.sync()
    assert state(world, PETITION)[0] == "delivered"
    assert waiting(world) == []
    assert effects_of(world, Kind.PETITION) == [1]


@pytest.mark.parametrize(
    ("probable_cases", "shown", "expected"),
    [
        ("create", (WEBSITE,), ("delivered", "", 1)),
        ("link", (WEBSITE,), ("delivered", "Q-7", 0)),
        ("link", (WEBSITE, Candidate("Q-8")), ("unknown", "", 0)),
        ("ask", (WEBSITE,), ("unknown", "", 0)),
    ],
)
def test_the_policy_says_what_becomes_of_probable_cases(
    world: World, probable_cases: str, shown: tuple[Candidate, ...], expected: tuple[str, str, int]
) -> None:
    policy(world, probable_cases)
    Observed.shown = {PETITION: shown}
    world.sync()
    found, _, national_id = state(world, PETITION)
    linked = national_id if national_id == "Q-7" else ""
    sent = sum(delivery.key == PETITION for delivery in Observed.submitted)
    assert (found, linked, sent) == expected


def test_an_older_version_that_our_ledger_knows_nothing_of_is_updated_and_not_created_again(world: World) -> None:
    world.sync()
    there = state(world, PETITION)[2]
    blank = world.folder / "data"
    world._stack.close()
    for file in blank.iterdir():
        file.unlink()
    world.app = world._open(create=True)
    Observed.begin()
    world.run("collect")
    world.edit("UPDATE don SET NoiDung = 'Sửa' WHERE Id = 1")
    world.run("collect")
    world.run("push")
    (again,) = [delivery for delivery in Observed.submitted if delivery.key == PETITION]
    assert (again.version, again.refs.own) == (2, there)
