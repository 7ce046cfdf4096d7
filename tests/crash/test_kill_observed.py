"""SIGKILL over the observed interface: what was in flight is looked for, or asked of a person, and never doubled."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

from connector.app import App, open_app
from connector.config import load_config
from connector.core.model import Actor, Cause, Kind, RecordKey, State
from connector.errors import ExitCode
from connector.sandbox import FaultRule, Sandbox
from connector.store import books, decisions, views
from tests.crash.history import History, soaking
from tests.crash.proof import prove_chain, prove_stories
from tests.e2e.small_agency import SmallAgency
from tests.world import AGENCY, credentials

SEED = 20_180_701
ROUNDS = 14 if soaking() else 1
"""Every place is died at so often."""

NEW = 8 if soaking() else 6
"""So many petitions come in, with all their steps, before each run."""

STEPS = (Kind.HANDLING, Kind.ACCEPTANCE, Kind.DECISION, Kind.ENFORCEMENT)
OPERATIONS = ("CapNhatVuViec", "CapNhatKQXuLy", "CapNhatGiaiQuyet", "CapNhatKQGiaiQuyet", "CapNhatThiHanh")
PLACES = (
    *(f"{step}.{moment}" for step in ("claim", "finish") for moment in ("before", "after", "headed")),
    *("send.before", "send.before", "send.after", "send.after"),
    *("collect.before", "collect.after", "collect.headed"),
    *OPERATIONS,  # committed there, and not answered
)
MILD = (
    FaultRule("lose_after_commit", call="CapNhatVuViec", share=0.05, times=1),
    FaultRule("lose_before_commit", call="CapNhatVuViec", share=0.02, times=1),
    FaultRule("commit_then_html", call="CapNhatVuViec", share=0.02, times=1),
    FaultRule("html", call="TraThongTinDon", share=0.02, times=1),
)
CLERK = Actor("clerk", "test")


def test_no_kill_doubles_a_case_and_each_step_in_flight_is_one_question(tmp_path: Path) -> None:
    print(f"seed {SEED}")  # noqa: T201 - shown when a test fails
    chance = random.Random(SEED)
    places = [place for place in PLACES for _ in range(ROUNDS)]
    chance.shuffle(places)
    with Sandbox(credentials=credentials(), seed=SEED, faults=MILD) as sandbox:
        agency = SmallAgency(tmp_path, sandbox, push="workers = 4\nbatch_rows = 12")
        history = History(agency.config, sandbox, MILD)
        asked: set[RecordKey] = set()
        for number, place in enumerate(places):
            come_in(agency, range(number * NEW + 1, (number + 1) * NEW + 1))
            if place in OPERATIONS:
                history.kill_before_the_answer(place)
            else:
                history.kill_at(place, chance.randint(1, 8 if place.startswith("send") else 1))
            asked |= steps_in_flight(agency, tmp_path / "copy")
            if number:
                agency.sql("UPDATE don SET NoiDung = NoiDung || ' (bổ sung)' WHERE Id = ?", number)
        history.finish()
        print(sorted(history.kills.items()), len(asked))  # noqa: T201 - shown when a test fails
        assert sum(history.kills.values()) == len(places)
        assert len(asked) >= len(OPERATIONS)
        with open_app(load_config(agency.config), CLERK) as app:
            prove_the_questions(app, asked)
            answer_them(app, sandbox)
        history.finish()
        with open_app(load_config(agency.config), CLERK) as app:
            prove(app, sandbox, len(places) * NEW)


def come_in(agency: SmallAgency, numbers: range) -> None:
    agency.petitions(numbers)
    for number in numbers:
        agency.steps(number)


def steps_in_flight(agency: SmallAgency, copy: Path) -> set[RecordKey]:
    """Return the steps that the dead process had claimed, from a copy: nobody but the next run opens the store."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    shutil.copy(agency.config, copy)
    for folder in ("data", "secrets"):
        shutil.copytree(agency.folder / folder, copy / folder)
    with open_app(load_config(copy / agency.config.name), CLERK) as app, app.store.read() as connection:
        lines = views.lines(connection, AGENCY, limit=1_000_000)
    return {line.key for line in lines if line.state == State.SENDING and line.key.kind in STEPS}


def prove_the_questions(app: App, asked: set[RecordKey]) -> None:
    """A person is asked about each step that was in flight at a death, once, and about nothing else."""
    with app.store.read() as connection:
        waiting = decisions.waiting(connection, AGENCY, 1, limit=1_000_000)
    assert {one.key for one in waiting} == asked
    assert len(waiting) == len(asked)
    assert {(one.cause, one.attempt) for one in waiting} == {(Cause.NOT_FINDABLE, 1)}
    assert app.exit_code_of(AGENCY) is ExitCode.PARTIAL


def answer_them(app: App, sandbox: Sandbox) -> None:
    """A clerk looks at each case on the national pages: a step that is there is linked, any other is sent."""
    with app.store.read() as connection:
        waiting = decisions.waiting(connection, AGENCY, 1, limit=1_000_000)
        lines = {line.key: line for line in views.lines(connection, AGENCY, limit=1_000_000)}
    for one in waiting:
        petition = RecordKey(AGENCY, Kind.PETITION, one.key.local_id)  # every step has its petition's number
        case = lines[petition].national_id
        there = [step.id for step in sandbox.steps(case) if step.kind == one.key.kind]
        assert len(there) <= 1
        own = there if one.key.kind in (Kind.DECISION, Kind.ENFORCEMENT) else [case] * len(there)
        with app.store.write() as tx:
            if own:
                decisions.link(tx, one.key, 1, own[0], CLERK, "it is there", not_listed=True)
            else:
                decisions.create(tx, one.key, 1, CLERK, "it is not there")


def prove(app: App, sandbox: Sandbox, petitions: int) -> None:
    """All has arrived, once; the books balance; the chain verifies and tells every change."""
    kinds = (Kind.PETITION, *STEPS)
    assert set(sandbox.objects().values()) == {1}
    assert len(sandbox.cases()) == petitions
    assert Counter(step.kind for step in sandbox.steps()) == {str(kind): petitions for kind in STEPS}
    assert {Counter(step.kind for step in sandbox.steps(case.id)).total() for case in sandbox.cases()} == {len(STEPS)}
    assert sandbox.refusals() == []
    with app.store.read() as connection:
        states = views.counts(connection, AGENCY)
        assert {kind: states[kind] for kind in kinds} == {kind: {State.DELIVERED: petitions} for kind in kinds}
        for kind in kinds:
            sums = books.of(connection, AGENCY, kind)
            assert sums.balanced
            assert sums.source == petitions
        prove_chain(app, connection)
        lines = views.lines(connection, AGENCY, limit=1_000_000)
        prove_stories(connection, [line.key for line in lines[:: max(1, len(lines) // 100)]])
    assert app.exit_code_of(AGENCY) is ExitCode.DONE
