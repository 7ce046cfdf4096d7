"""Every way in which an answer can be damaged on the wire, through the whole job: one effect of each petition.

The real client, real SQLite, the real sandbox, and between them a proxy that damages answers the sandbox has already
given. Once it goes straight again, everything is delivered, each petition once, and the log verifies.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from connector.core.model import Kind
from connector.errors import ExitCode
from connector.national import transport
from connector.sandbox import Sandbox
from connector.store import stories
from tests.crash.proof import prove_chain, puts_without_a_look
from tests.e2e.damaging_proxy import DAMAGES, KEPT_BACK, DamagingProxy
from tests.e2e.small_agency import SmallAgency, key_of, observed
from tests.national.fault_server import Received
from tests.world import AGENCY, credentials

SEED = 7
PETITIONS = len(DAMAGES)
ROUNDS = 20
HOUR_S = 4_000

BOUNDS = "deadline_s = 1.5\nmax_answer_bytes = 65536\n"
"""Short for the answer that drips; whatever else is late on a busy machine is one more answer lost."""


@dataclass(frozen=True, slots=True)
class Side:
    """A national side: how it is configured, what a submit and a look are, whether it takes a repeat for what it is."""

    lines: str
    submit: str
    look: str
    idempotent: bool

    def is_submit(self, received: Received) -> bool:
        return f"{received.method} {received.target}".startswith(self.submit)

    def is_look(self, received: Received) -> bool:
        return f"{received.method} {received.target}".startswith(self.look)


RECORDS = f"/v1/agencies/{AGENCY}/petition/"
SIDES = {
    "decree55": Side(BOUNDS, f"PUT {RECORDS}", f"GET {RECORDS}", idempotent=True),
    "decree55 that takes nothing twice": Side(
        f"{BOUNDS}create_idempotent = false\nabsent_after_s = 60", f"PUT {RECORDS}", f"GET {RECORDS}", idempotent=False
    ),
    "ttcp2018": Side(
        BOUNDS + observed(absent_after_s=60), "POST /kntc/CapNhatVuViec", "POST /kntc/TraThongTinDon", idempotent=False
    ),
}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "PATIENCE_S", 0.0)  # a look that failed is the next run's, by the clock we move


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", SIDES)
def test_whatever_becomes_of_the_answers_each_petition_has_one_effect(tmp_path: Path, name: str) -> None:
    side = SIDES[name]
    with (
        Sandbox(credentials=credentials(AGENCY), seed=SEED, idempotent_create=side.idempotent) as sandbox,
        DamagingProxy(sandbox.base_url, side.is_submit, side.is_look) as proxy,
    ):
        agency = SmallAgency(tmp_path, sandbox, national=side.lines, url=proxy.base_url, push="workers = 4")
        agency.petitions(range(1, PETITIONS + 1))
        with agency.opened() as work:
            for _ in range(ROUNDS):
                work.sync()
                work.clock.advance(HOUR_S)
                if work.states(Kind.PETITION) == {"delivered": PETITIONS}:
                    break
            assert work.states(Kind.PETITION) == {"delivered": PETITIONS}
            assert work.app.exit_code_of(AGENCY) is ExitCode.DONE
            with work.app.store.read() as connection:
                prove_chain(work.app, connection)
                told = {
                    str(moment.facts.get("rule"))
                    for number in range(1, PETITIONS + 1)
                    for moment in stories.moments(connection, key_of(Kind.PETITION, number))
                }
            ids = {work.line(Kind.PETITION, number).national_id for number in range(1, PETITIONS + 1)}
        assert {f"answer_lost:{fault}" for fault in ("reset", "timeout", "too_large", "malformed")} <= told
        assert {"redirected", "server_failed", "no_id" if name == "ttcp2018" else "no_echo"} <= told
        assert {damage for role, damage in proxy.played if role == "submit"} == set(DAMAGES)
        effects = sandbox.objects() if name == "ttcp2018" else sandbox.effects()
        assert len(effects) == PETITIONS
        assert set(effects.values()) == {1}
        assert len(ids) == PETITIONS
        if not side.idempotent and name != "ttcp2018":
            assert puts_without_a_look(sandbox.log()) == []


# --- the request itself arrives late ---------------------------------------------------------------------------------


def late(tmp_path: Path, sandbox: Sandbox, proxy: DamagingProxy, side: Side) -> SmallAgency:
    agency = SmallAgency(tmp_path, sandbox, national=side.lines, url=proxy.base_url)
    agency.petition(1, "Lần đầu")
    return agency


@pytest.mark.usefixtures("impatient")
def test_a_first_request_that_arrives_after_a_newer_version_changes_nothing(tmp_path: Path) -> None:
    side = SIDES["decree55"]
    with (
        Sandbox(credentials=credentials(AGENCY), seed=SEED) as sandbox,
        DamagingProxy(sandbox.base_url, side.is_submit, damages=(KEPT_BACK,)) as proxy,
    ):
        agency = late(tmp_path, sandbox, proxy, side)
        with agency.opened() as work:
            work.sync()
            assert work.states(Kind.PETITION) == {"delivered": 1}  # looked for, not there, sent again
            agency.sql("UPDATE don SET NoiDung = ? WHERE Id = ?", "Đã sửa", 1)
            work.sync()
            assert work.line(Kind.PETITION, 1).version == 2
            before = sandbox.effects()
            assert proxy.let_arrive() == [HTTPStatus.CONFLICT]
            work.sync()
            assert work.states(Kind.PETITION) == {"delivered": 1}
        held = sandbox.held(AGENCY, Kind.PETITION, "so:1")
        assert held is not None
        assert held.version == 2
        assert sandbox.effects() == before
        assert list(before.values()) == [1, 1]


@pytest.mark.usefixtures("impatient")
def test_where_a_repeat_counts_twice_nothing_is_sent_again_while_the_first_may_still_arrive(tmp_path: Path) -> None:
    side = SIDES["decree55 that takes nothing twice"]
    with (
        Sandbox(credentials=credentials(AGENCY), seed=SEED, idempotent_create=False) as sandbox,
        DamagingProxy(sandbox.base_url, side.is_submit, damages=(KEPT_BACK,)) as proxy,
    ):
        agency = late(tmp_path, sandbox, proxy, side)
        with agency.opened() as work:
            work.run("collect")
            work.run("push")
            work.clock.advance(30)
            work.run("resolve")
            work.run("push")
            assert work.states(Kind.PETITION) == {"unknown": 1}  # not there, and not yet believed
            assert proxy.let_arrive() == [HTTPStatus.CREATED]
            work.clock.advance(60)
            work.sync()
            assert work.states(Kind.PETITION) == {"delivered": 1}
        assert list(sandbox.effects().values()) == [1]
        assert sum(line.method == "PUT" for line in sandbox.log()) == 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", SIDES)
def test_an_answer_lost_by_the_wire_and_then_by_a_restored_server_is_sent_again_once(tmp_path: Path, name: str) -> None:
    side = SIDES[name]
    with (
        Sandbox(credentials=credentials(AGENCY), seed=SEED, idempotent_create=side.idempotent) as sandbox,
        DamagingProxy(sandbox.base_url, side.is_submit, damages=("cut",)) as proxy,
    ):
        backup = sandbox.snapshot()
        agency = late(tmp_path, sandbox, proxy, side)
        with agency.opened() as work:
            work.run("collect")
            work.run("push")
            assert work.states(Kind.PETITION) == {"unknown": 1}
            sandbox.restore(backup)
            for _ in range(3):
                work.clock.advance(HOUR_S)
                work.sync()
            assert work.states(Kind.PETITION) == {"delivered": 1}
            assert work.line(Kind.PETITION, 1).attempt == 2
        effects = sandbox.objects() if name == "ttcp2018" else sandbox.effects()
        assert list(effects.values()) == [1]
