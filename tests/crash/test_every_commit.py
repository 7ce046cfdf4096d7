"""SIGKILL before and after the COMMIT of every transaction of the program; a new one without a death fails here."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor, Kind
from connector.errors import ExitCode
from connector.sample.agency import SampleCounts, build
from connector.sample.edits import edit_content
from connector.sandbox import FaultRule, Sandbox
from connector.store import books, comparisons, marks, unreadable, views
from tests.crash import commits
from tests.crash.history import PROCESSES, RUN_S
from tests.crash.proof import prove
from tests.e2e import two_sources
from tests.e2e.damaging_proxy import DamagingProxy
from tests.e2e.small_agency import MAPPING, SmallAgency
from tests.world import AGENCY, credentials, install, source_path

SEED = 20_220_615

ELSEWHERE = {
    "cli/dossier.py:_note#1": "an entry about a page that is not there yet; the next page has an entry of its own",
    "cli/match_workbook.py:_note#1": "decided in a workbook; tests/crash/test_kill_workbooks.py dies around it",
    "cli/holding.py:_order#1": "a row and its entry in one transaction; tests/cli/test_holding.py dies at it",
    "cli/places.py:_carry_out#1": "decided in a workbook; marks and a request with their entries, in one transaction",
    "cli/quarantine_workbook.py:_carry_out#1": "decided in a workbook; dies in tests/crash/test_kill_workbooks.py",
    "cli/attachments.py:retry#1": "with a folder of attachments alone; tests/e2e/test_attachment_deaths.py dies at it",
    "stages/attach.py:_send#1": "with a folder of attachments alone; tests/e2e/test_attachment_deaths.py dies at it",
    "stages/attach.py:_send#2": "with a folder of attachments alone; tests/e2e/test_attachment_deaths.py dies at it",
    "cli/rekeying.py:approve#1": "with a list of former ids alone; tests/stages/test_rekey.py dies at it",
    "web/notes.py:Notes._add#1": "an entry before a page that is not sent yet; tests/web/test_read_only.py dies at it",
    "cli/unknown.py:link#1": "over the observed interface alone; tests/crash/test_kill_observed.py dies around it",
    "cli/unknown.py:send#1": "over the observed interface alone; tests/crash/test_kill_observed.py dies around it",
    "stages/anchor.py:announce#1": "with a signing key alone; tests/cli/test_checkpoints.py goes on from both sides",
    "stages/anchor.py:announce#2": "after a store from before a change of keys; all in one, or the same the next time",
    "stages/anchor.py:checkpoint#1": "one mark after its file, which is the same the next time; as before",
    "stages/anchor.py:rotate#1": "a person's command; tests/cli/test_checkpoints.py goes on from each side of it",
    "stages/export.py:_note#1": "an entry about a file that is not there yet; the next export is another entry",
    "stages/filling.py:fill#1": "after an upgrade alone; words and a mark: the same page again, or the next one",
    "stages/prune.py:prune#1": "with an export of old entries alone; tests/cli/test_pruning.py dies at it",
    "stages/pull.py:_note_stopped#1": "over an interface without a list alone; one mark and its entry",
    "stages/rebuild.py:_renew#1": "after a list that was left for a day; the same mark as in _take",
    "stages/retention.py:_erase_sealed#1": "years after the rest; tests/stages/test_retention.py dies at it",
    "stages/retention.py:_retire_clear#1": "a month after the rest; tests/stages/test_retention.py dies at it",
    "stages/sealed_file.py:write#1": "an entry about a file that is not there yet; the next file has its own",
    "stages/resync.py:_close#1": "a request that the source refuses; the same row as in _one",
}
"""Callers that no history here comes by: when they are called, and what stands for them."""

SMALL = frozenset(
    {
        "cli/mirror.py:unreadable#1",
        "stages/short.py:read_changed#1",
        "stages/signs.py:note_signs#1",
        "stages/sweeping.py:_held_back#1",
    }
)
"""Callers that only the history of a small agency comes by, whose table says when its rows were changed."""


@dataclass(slots=True)
class Deaths:
    """The points died at so far, over one installation."""

    config: Path
    died: set[str] = field(default_factory=set)

    def through(self, *args: str, codes: Sequence[int] = (0, 1)) -> str:
        """Ask for one command until it comes to its end, dying at each of its new points; return what it said."""
        run = PROCESSES.Process(target=commits.main, args=(self.config, self._output, frozenset(self.died), args))
        run.start()
        run.join(RUN_S)
        code, said = run.exitcode, self._output.read_text(encoding="utf-8")
        run.close()
        points = self._output.with_suffix(".died").read_text(encoding="utf-8").splitlines()
        print(args, code, len(points), points, said[-300:], flush=True)  # noqa: T201 - shown when a test fails
        assert code in (codes if not points else (*codes, ExitCode.BAD_DATA)), said  # done already, by one that died
        self.died.update(points)
        return said

    def has_died(self, caller: str) -> bool:
        """Return whether both moments of a caller are behind us."""
        return {f"{caller} {moment}" for moment in commits.MOMENTS} <= self.died

    @property
    def _output(self) -> Path:
        return self.config.with_name("commits.out")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Path, Sandbox, SampleCounts]]:
    sample = build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED, idempotent_create=False) as sandbox:
        yield tmp_path, sandbox, sample


def installed(folder: Path, sandbox: Sandbox, first_run_limit: int = 100_000) -> Path:
    return install(
        folder,
        sandbox.base_url,
        national="create_idempotent = false\nabsent_after_s = 0",
        collect=f"first_run_limit = {first_run_limit}",
        pull="page_limit = 5",
    )


def petition(sandbox: Sandbox, number: int) -> str:
    return sorted(line.local_id for line in sandbox.listed(AGENCY, Kind.PETITION))[number]


def guard_of(config: Path) -> str:
    with open_app(load_config(config), Actor("test", "test")) as app, app.store.read() as connection:
        return str(marks.open_guards(connection, AGENCY)[0].plan)


def plan_of(config: Path) -> str:
    with open_app(load_config(config), Actor("test", "test")) as app, app.store.read() as connection:
        run = comparisons.newest(connection, AGENCY)
        assert run is not None
        return str(run.plan)


def test_no_death_at_any_commit_of_the_program_loses_doubles_or_hides_anything(
    world: tuple[Path, Sandbox, SampleCounts],
) -> None:
    folder, sandbox, sample = world
    config = installed(folder, sandbox, 3)
    deaths = Deaths(config)
    deaths.through("sync")  # stopped by the guard
    deaths.through("approve", guard_of(config), "--reason", "r")
    installed(folder, sandbox)
    sandbox.play(FaultRule("lose_after_commit", in_all=2))
    deaths.through("sync")
    sandbox.play()
    deaths.through("catalogue", "pull")
    first, second = petition(sandbox, 0), petition(sandbox, 1)
    for words in (("pause",), ("resume",), ("resync",)):
        deaths.through(*words, "petition", first, "--reason", "r")
    sandbox.move(AGENCY, Kind.PETITION, second, "returned_for_correction")
    sandbox.advance()
    deaths.through("sync")
    deaths.through("quarantine", "acknowledge", "petition", second, "--reason", "r")
    sandbox.advance()
    sandbox.forget_feed()
    sandbox.play(FaultRule("expired_cursor", call="manifest", kind=Kind.PETITION, every=2, times=2))
    deaths.through("sync")
    sandbox.play()
    backup = sandbox.snapshot()
    edit_content(source_path(folder), 1, "Kiến nghị sửa đường liên ấp (bổ sung)")
    sandbox.play(FaultRule("forbidden", in_all=1))
    for _ in range(30):  # until the hold has run out, and one read has ended it
        deaths.through("sync", codes=(0, 1, 69))
        if deaths.has_died("stages/gate.py:_probe#1"):
            break
    deaths.through("sync")
    sandbox.restore(backup)
    sandbox.enter(AGENCY, Kind.PETITION, "Đơn do người khác nhập")
    sandbox.play(FaultRule("expired_cursor", call="manifest", kind=Kind.HANDLING, every=2, times=2))
    deaths.through("reconcile")
    sandbox.play()
    deaths.through("reconcile", "--approve", plan_of(config), "--reason", "r")
    deaths.through("sync")
    commits.verify(folder)
    prove(config, sandbox, sample)
    extract = str(folder / "log.csv")
    deaths.through(
        "audit", "extract", extract, "--unmask", "--reason", "r"
    )  # died with its entry: no file, asked again
    assert "log.csv" in deaths.through("audit", "extract", "--check", extract, codes=(0,))
    deaths.through("withdraw", "petition", first, "--reason", "r", "--yes")
    commits.verify(folder)
    wanted = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
    print(sorted(wanted - deaths.died))  # noqa: T201 - shown when a test fails
    missing = {point for point in wanted - deaths.died if point.rpartition(" ")[0] not in ELSEWHERE.keys() | SMALL}
    assert missing == set()
    assert {f"{caller} before" for caller in ELSEWHERE.keys() | SMALL} & deaths.died == set()


def test_no_death_at_a_commit_that_only_a_table_with_times_comes_by_loses_or_doubles_anything(tmp_path: Path) -> None:
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox, DamagingProxy(sandbox.base_url) as proxy:
        agency = with_times(tmp_path, sandbox, proxy.base_url)
        proxy.headers["Sunset"] = "Sat, 31 Dec 2050 00:00:00 GMT"
        everything = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
        mine = {f"{caller} {moment}" for caller in SMALL for moment in commits.MOMENTS}
        deaths = Deaths(agency.config, everything - mine)
        deaths.through("sync")  # and the interface announces its end
        agency.sql(f"UPDATE don SET NoiDung = 'Bổ sung', Sua = {A_MINUTE_AGO} WHERE Id = 1;")
        deaths.through("sync")
        agency.sql(f"UPDATE don SET Nguon = 'direct', Sua = {A_MINUTE_AGO} WHERE Id = 2;")  # another record's identity
        deaths.through("sync")
        with open_app(load_config(agency.config), Actor("test", "test")) as app, app.store.write() as tx:
            unreadable.note(tx, AGENCY, ["EV-7"], app.actor)
        deaths.through("mirror", "unreadable", "--close", "EV-7", "--reason", "r")
        assert everything - deaths.died == set()
        commits.verify(tmp_path)
        held = {one.local_id: one.version for one in sandbox.listed(AGENCY, Kind.PETITION)}
        assert held == {"so:1": 2, "so:2": 2, "so:3": 1}
        assert set(sandbox.effects().values()) == {1}
        assert agency("status").code == ExitCode.DONE
        assert agency("audit", "verify").code == ExitCode.DONE


def test_no_death_in_a_sweep_over_two_programs_takes_a_record_for_gone_or_doubles_one(tmp_path: Path) -> None:
    old, new = (two_sources.Program(tmp_path / f"{name}.sqlite") for name in ("cu", "moi"))
    for name in ("cu", "moi"):
        two_sources.write_mapping(tmp_path, name)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        config = two_sources.configure(tmp_path, sandbox.base_url, two_sources.OLD, two_sources.NEW)
        everything = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
        mine = {point for point in everything if point.startswith(("stages/sweeping.py", "stages/seen.py"))}
        for program in (old, new):
            program.add(1, 2)
        deaths = Deaths(config, everything - mine)
        deaths.through("sync")
        new.sql("DELETE FROM don WHERE id = 2; UPDATE don SET noi_dung = 'Khác' WHERE id = 1")
        deaths.died = everything - mine
        deaths.through("sync")
        assert everything - deaths.died == {f"stages/sweeping.py:_held_back#1 {moment}" for moment in commits.MOMENTS}
        commits.verify(tmp_path)
        held = {one.local_id: one.version for one in sandbox.listed(AGENCY, Kind.PETITION)}
        assert held == {"cu:1": 1, "cu:2": 1, "moi:1": 2, "moi:2": 1}
        assert set(sandbox.effects().values()) == {1}
        with open_app(load_config(config), Actor("test", "test")) as app, app.store.read() as connection:
            gone = {line.key.local_id for line in views.lines(connection, AGENCY, state="gone")}
            assert gone <= {"moi:2"}
            assert books.of(connection, AGENCY, Kind.PETITION).balanced


A_MINUTE_AGO = "datetime('now', '+7 hours', '-60 seconds')"
"""By the clock of the mapping's zone."""


def with_times(folder: Path, sandbox: Sandbox, url: str) -> SmallAgency:
    """Return a small agency with three petitions that say when they were changed, and which facts no edit changes."""
    agency = SmallAgency(folder, sandbox, national="absent_after_s = 0", url=url)
    agency.petitions(range(1, 4))
    agency.sql("ALTER TABLE don ADD COLUMN Sua TEXT;")
    shutil.copytree(MAPPING, folder / "small")
    petition = folder / "small" / "petition.toml"
    source = '[source]\nchanged_at = "Sua"\nidentity = ["Nguon"]\n\n[secrecy]'
    petition.write_text(petition.read_text(encoding="utf-8").replace("[secrecy]", source), encoding="utf-8")
    text = agency.config.read_text(encoding="utf-8").replace(str(MAPPING), str(folder / "small"))
    agency.config.write_text(text, encoding="utf-8")
    return agency
