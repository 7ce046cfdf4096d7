"""SIGKILL before and after each COMMIT of the sending of attachments: no content is lost or kept twice."""

from __future__ import annotations

from pathlib import Path

from connector.core.model import Kind
from connector.sandbox import FaultRule, Sandbox
from tests.crash import commits
from tests.crash.test_every_commit import Deaths
from tests.e2e.attaching_agency import AGENCY, PDF, AttachingAgency
from tests.world import credentials

CALLERS = ("stages/attach.py:_send#1", "stages/attach.py:_send#2", "cli/attachments.py:retry#1")


def test_no_death_while_contents_are_sent_loses_or_doubles_one(tmp_path: Path) -> None:
    with Sandbox(credentials=credentials(AGENCY), seed=11) as sandbox:
        agency = AttachingAgency(tmp_path, sandbox)
        for number in (1, 2):
            agency.petition(number)
            agency.file(number, "a.pdf", PDF + str(number).encode())
            agency.names(number, "a.pdf")
        everything = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
        mine = {f"{caller} {moment}" for caller in CALLERS for moment in commits.MOMENTS}
        deaths = Deaths(agency.config, everything - mine)
        sandbox.play(FaultRule("refuse_422", call="attach", in_all=1))
        deaths.through("sync")
        deaths.through("sync")
        sandbox.play()
        deaths.through("attachments", "retry", "--reason", "r")
        deaths.through("sync")
        assert everything - deaths.died == set()
        commits.verify(tmp_path)
        assert sorted(one.body for one in sandbox.contents(AGENCY)) == [PDF + b"1", PDF + b"2"]
        assert [one.times for one in sandbox.contents(AGENCY)] == [1, 1]
        assert set(sandbox.effects().values()) == {1}
        held = {one.local_id for one in sandbox.listed(AGENCY, Kind.PETITION)}
        assert held == {"so:1", "so:2"}
        assert agency("attachments", "list", "--json").code == 0
        assert agency("sync").code == 0
        assert agency("audit", "verify").code == 0
