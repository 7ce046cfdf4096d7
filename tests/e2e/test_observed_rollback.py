"""A store that went back in time over the observed interface, which has no list: what can be looked for is found, a
person is asked about the rest, and nothing is doubled."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor, Kind, RecordKey
from connector.edges import STORE_FILE
from connector.errors import ExitCode, RolledBackError
from connector.sandbox import Sandbox
from connector.store import comparisons, decisions
from tests.e2e.small_agency import MAPPING, SmallAgency, Work, key_of
from tests.machine.world import Impatience
from tests.world import AGENCY, credentials

SEED = 7
STEPS = (Kind.HANDLING, Kind.ACCEPTANCE, Kind.DECISION, Kind.ENFORCEMENT)
CLERK = Actor("clerk", "test")
REASON = "disk lost, yesterday's store put back"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(credentials=credentials(AGENCY), seed=SEED) as started:
        yield started


@pytest.mark.parametrize("snapshot", [True, False], ids=["read once", "read twice"])
def test_a_store_that_went_back_doubles_nothing_where_there_is_no_list(
    tmp_path: Path, sandbox: Sandbox, *, snapshot: bool
) -> None:
    """Steps that had gone after the copy was made were read again as if they were new, and sent a second time.

    In the copy 1 is delivered with its steps, and 2 waits with its own. Then 2 goes, 3 comes and goes, and 1 is edited;
    4 comes while the store is lost, and 5 when all is over."""
    agency = SmallAgency(tmp_path, sandbox)
    if not snapshot:
        reads_twice(agency)
    come_in(agency, 1)
    with agency.opened() as work:
        work.days_go_by(3)
        come_in(agency, 2)
        for _ in range(3):  # a step is read twice alike only once its petition is in the ledger
            work.run("collect")
            work.clock.advance(86_400)
    copy = shutil.copy(tmp_path / "data" / STORE_FILE, tmp_path / "copy.sqlite")
    with agency.opened() as work:
        work.sync()
        come_in(agency, 3)
        agency.sql("UPDATE don SET NoiDung = 'Bổ sung' WHERE Id = 1;UPDATE xu_ly SET TomTat = 'Sửa' WHERE Id = 1")
        work.days_go_by(3)
    there = Counter(step.kind for step in sandbox.steps())
    assert there == {"handling": 4, "acceptance": 3, "decision": 3, "enforcement": 3}
    put_back(tmp_path, copy)
    come_in(agency, 4)
    with pytest.raises(RolledBackError), agency.opened():
        pass
    accept(agency)
    with agency.opened() as work:
        work.days_go_by(4)
        assert len(sandbox.cases()) == 4
        assert Counter(step.kind for step in sandbox.steps()) == there
        asked = answer_all(work, sandbox)
        doubtful = {key_of(kind, number) for kind in STEPS for number in (2, 3, 4)} | {key_of(Kind.HANDLING, 1)}
        assert asked.keys() >= doubtful
        assert not snapshot or asked == dict.fromkeys(doubtful, 1)  # read twice, a decision has more versions than one
        assert Counter(step.kind for step in sandbox.steps()) == there + Counter(map(str, STEPS))
        come_in(agency, 5)
        work.days_go_by(3)
        assert work.waiting() == []
        assert Counter(step.kind for step in sandbox.steps()) == there + Counter(map(str, STEPS * 2))
        assert len(sandbox.cases()) == 5
        assert work.app.exit_code_of(AGENCY) is ExitCode.DONE


def reads_twice(agency: SmallAgency) -> None:
    """Let every kind be of a source without snapshots: what changed counts after two equal readings."""
    folder = agency.folder / "small"
    shutil.copytree(MAPPING, folder)
    for path in folder.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("[select]", "[source]\nsnapshot = false\n\n[select]"), encoding="utf-8")
    config = agency.config.read_text(encoding="utf-8").replace(str(MAPPING), str(folder))
    agency.config.write_text(config, encoding="utf-8")


def come_in(agency: SmallAgency, number: int) -> None:
    agency.petition(number)
    agency.steps(number)


def put_back(folder: Path, copy: Path) -> None:
    for file in (folder / "data").glob(f"{STORE_FILE}*"):
        file.unlink()
    shutil.copy(copy, folder / "data" / STORE_FILE)


def accept(agency: SmallAgency) -> None:
    """Compare, and accept the plan in a person's name."""
    with (
        open_app(
            load_config(agency.config), CLERK, stop=Impatience(agency.clock), now=agency.clock, jitter=lambda: 0.5
        ) as app,
        app.reading_lock(),
    ):
        for _counts in app.reconcile(AGENCY):
            pass
        with app.store.read() as connection:
            run = comparisons.newest(connection, AGENCY)
        assert run is not None
        for _counts in app.mend(AGENCY, run.plan, REASON):
            pass


def answer_all(work: Work, sandbox: Sandbox) -> Counter[RecordKey]:
    """A person looks at each case on the national pages: a step that is there is linked, any other is sent. Return how
    often each was asked about."""
    asked: Counter[RecordKey] = Counter()
    while waiting := work.waiting():
        for one in waiting:
            asked[one.key] += 1
            number = int(one.key.local_id.removeprefix("so:"))
            case = work.line(Kind.PETITION, number).national_id
            there = [step.id for step in sandbox.steps(case) if step.kind == one.key.kind]
            with work.app.store.write() as tx:
                if there:
                    own = there[0] if one.key.kind in (Kind.DECISION, Kind.ENFORCEMENT) else case
                    decisions.link(tx, one.key, 1, own, CLERK, "it is there", not_listed=True)
                else:
                    decisions.create(tx, one.key, 1, CLERK, "it is not there")
        work.sync()
    return asked
