"""Retention over a whole installation: what was sent goes in time, and everything goes on without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from connector import daemon
from connector.app import App, open_app, utc_now
from connector.cli import main
from connector.config import load_config
from connector.core import sealing
from connector.core.model import Actor, Kind, RecordKey
from connector.sample.agency import build
from connector.sample.edits import edit_content
from connector.sandbox import Sandbox
from connector.stages import retention
from connector.store import agreement, audit, cases, finding, holds, retired, signs, stories
from connector.store.tables import Delivery, MirrorStatus, RetiredBody, table_of
from tests.crash import commits
from tests.crash.test_every_commit import Deaths
from tests.world import AGENCY, credentials, install, source_path

DELIVERY, RETIRED = table_of(Delivery), table_of(RetiredBody)
ERASED = RETIRED.c.erased_at.is_not(None)
NAME = "Canary Nguyen Thi Zeta"
PRIVATE, PUBLIC = sealing.new_pair()
DAYS = 31
PLAIN = 'encryption = "none"'


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    build(source_path(tmp_path), 7, petitions=20, canary=NAME)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as made:
        yield made


class World:
    """An installation that was synced once; `later` opens it as it is so many days from now."""

    def __init__(self, folder: Path, sandbox: Sandbox, retention: str, store: str = "") -> None:
        self.folder, self.sandbox = folder, sandbox
        given = {"store": store} if store else {}
        self.config = install(folder, sandbox.base_url, **given)
        text = self.config.read_text(encoding="utf-8")
        self.config.write_text(f"{text}\n[retention]\n{retention}\n", encoding="utf-8")
        (folder / "auditor.pub").write_bytes(PUBLIC)
        self.sync()

    def sync(self) -> None:
        assert main(["--config", str(self.config), "-q", "sync"]) in (0, 1)

    @contextmanager
    def later(self, days: float) -> Iterator[App]:
        now = utc_now() + timedelta(days=days)
        with open_app(load_config(self.config), Actor("test", "test"), now=lambda: now) as app:
            yield app

    def retire(self, days: float = DAYS, most: int | None = None) -> Counter[str]:
        total: Counter[str] = Counter()
        with self.later(days) as app:
            for counts in app.retire(AGENCY, most):
                total.update(counts)
        return total

    def rows(self, *columns: Any, where: Any = True) -> list[Any]:
        with self.later(0) as app, app.store.read() as connection:
            return list(connection.execute(select(*columns).where(where)).all())

    def named(self, name: str) -> tuple[RecordKey, ...]:
        with self.later(0) as app, app.store.read() as connection:
            return finding.by_name(connection, AGENCY, name).keys

    def bodies(self) -> int:
        return len(self.rows(DELIVERY.c.id, where=DELIVERY.c.body.is_not(None)))

    def verify(self) -> None:
        with self.later(0) as app, app.store.read() as connection:
            assert audit.verify(connection, AGENCY)[1] is None
            assert app.store.heads.check(connection, AGENCY)
            entries = (chain_fields(one.content) for one in audit.entries(connection, AGENCY))
            found = agreement.compare(connection, AGENCY, agreement.story_of(entries), app.store.commitment)
            assert (found.faults, found.receipts[1:]) == (0, (0, 0))
        assert main(["--config", str(self.config), "-q", "audit", "verify"]) == 0

    def events(self) -> list[str]:
        with self.later(0) as app, app.store.read() as connection:
            return [orjson.loads(entry.content)[5] for entry in audit.entries(connection, AGENCY)]

    def petition(self, number: int = 0) -> str:
        return sorted(line.local_id for line in self.sandbox.listed(AGENCY, Kind.PETITION))[number]

    def close_all(self) -> None:
        for line in self.sandbox.listed(AGENCY, Kind.PETITION):
            self.sandbox.move(AGENCY, Kind.PETITION, line.local_id, "closed")
        assert main(["--config", str(self.config), "-q", "pull"]) in (0, 1)


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


def chain_fields(content: str) -> Any:
    return tuple(orjson.loads(content))


@pytest.fixture
def world(tmp_path: Path, sandbox: Sandbox) -> Callable[..., World]:
    return lambda retention, store="": World(tmp_path, sandbox, retention, store)


def test_without_a_time_nothing_ever_goes(world: Callable[..., World]) -> None:
    found = world("")
    before = found.bodies()
    assert found.retire(3_650) == Counter()
    assert found.bodies() == before > 0


def test_accepted_texts_go_after_their_days_and_are_found_nowhere_in_the_file(world: Callable[..., World]) -> None:
    found = world("bodies_days = 30", PLAIN)
    data = found.folder / "data" / "kntc.sqlite"
    texts = [row.body for row in found.rows(DELIVERY.c.body, where=DELIVERY.c.state == "delivered")]
    contents = [orjson.loads(text).get("content", "") for text in texts]
    long = [content.encode() for content in contents if len(content) > 20]
    people = [person for text in texts for person in orjson.loads(text).get("petitioners", ()) if "full_name" in person]
    name = people[0]["full_name"]
    assert found.named(name) != ()
    assert long
    assert all(text in data.read_bytes() for text in long)
    assert found.retire(29) == Counter()
    done = found.retire()
    assert done["erased"] == len(texts)
    assert found.retire() == Counter()
    raw = b"".join(path.read_bytes() for path in data.parent.glob("kntc.sqlite*"))
    assert [text for text in long if text in raw] == []
    assert found.named(name) == ()
    found.verify()


def test_each_erased_text_is_an_entry_with_the_commitment_of_its_first(world: Callable[..., World]) -> None:
    found = world("bodies_days = 30")
    found.retire()
    recorded: dict[Any, str] = {}
    erased: dict[Any, str] = {}
    with found.later(0) as app, app.store.read() as connection:
        for entry in audit.entries(connection, AGENCY):
            fields = orjson.loads(entry.content)
            key = (fields[9], fields[10], fields[11])
            if fields[5] == "record.recorded" and "commitment" in fields[12]:
                recorded[key] = fields[12]["commitment"]
            if fields[5] == "body.erased":
                assert fields[12]["rule"] == "after_acceptance"
                erased[key] = fields[12]["commitment"]
    assert erased
    assert erased.items() <= recorded.items()


def test_what_is_not_personal_stays_and_the_pages_say_when_the_rest_went(
    world: Callable[..., World], capsys: pytest.CaptureFixture[str]
) -> None:
    found = world("bodies_days = 30")
    one = next(
        row for row in found.rows(DELIVERY.c.local_id, DELIVERY.c.body, where=DELIVERY.c.kind == "petition")
        if row.body and b'"type":"complaint"' in row.body
    )  # fmt: skip
    before = orjson.loads(one.body)
    found.retire()
    key = RecordKey(AGENCY, Kind.PETITION, one.local_id)
    with found.later(0) as app:
        context = app.context(AGENCY)
        with app.store.read() as connection:
            story = stories.story(connection, key, context.generation, context.capabilities)
    assert story is not None
    kept = orjson.loads(story.body or b"")
    assert kept["type"] == before["type"]
    assert {"content", "full_name"} <= names_in(before)
    assert not {"content", "full_name"} & names_in(kept)
    assert main(["--config", str(found.config), "--lang", "en", "explain", "petition", one.local_id]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Its text was erased on" in said
    assert "its text was erased, its time being over" in said


def test_a_record_read_again_has_its_text_again_and_one_that_changed_a_new_version(
    world: Callable[..., World],
) -> None:
    found = world("bodies_days = 30")
    found.retire()
    assert found.bodies() == 0
    local_id = found.petition(1)
    main(["--config", str(found.config), "-q", "resync", "petition", local_id, "--reason", "r"])
    edit_content(source_path(found.folder), 1, "Nội dung khác hẳn")
    found.sync()
    mine = DELIVERY.c.local_id == local_id
    (row,) = found.rows(DELIVERY.c.state, DELIVERY.c.body, where=mine & (DELIVERY.c.kind == "petition"))
    assert (row.state, row.body is not None) == ("delivered", True)
    assert set(found.sandbox.effects().values()) == {1}
    assert found.retire(1) == Counter()
    assert found.retire()["erased"] >= 1
    found.verify()


def test_texts_are_sealed_where_there_is_a_key_and_opened_with_the_other_half(world: Callable[..., World]) -> None:
    found = world('bodies_days = 30\nauditor_key = "auditor.pub"')
    bodies = {
        (row.kind, row.local_id, row.version): row.body
        for row in found.rows(
            DELIVERY.c.kind, DELIVERY.c.local_id, DELIVERY.c.version, DELIVERY.c.body,
            where=DELIVERY.c.state == "delivered",
        )
    }  # fmt: skip
    done = found.retire()
    assert (done["sealed"], done["erased"], done["open"]) == (len(bodies), 0, len(bodies))
    private, _ = sealing.private_key(PRIVATE)
    with found.later(0) as app, app.store.read() as connection:
        closed = retired.sealed(connection, AGENCY, 0, 10_000)
        opened = {
            (str(one.key.kind), one.key.local_id, one.version): sealing.opened(
                private, one.sealed, one.key, one.version, one.commitment
            )
            for one in closed
        }
    assert opened == bodies
    found.verify()


def test_a_sealed_text_goes_when_its_case_was_closed_for_long_enough_a_denunciation_s_sooner(
    world: Callable[..., World],
) -> None:
    found = world('bodies_days = 30\nauditor_key = "auditor.pub"\nsealed_months = 24\nsealed_months_c3 = 3')
    concealed = len(found.rows(DELIVERY.c.id, where=DELIVERY.c.concealed & (DELIVERY.c.state == "delivered")))
    sealed = found.retire()["sealed"]
    assert 0 < concealed < sealed
    assert found.retire(3_650)["erased"] == 0  # nobody says that they are closed
    found.close_all()
    assert found.retire(60)["erased"] == 0
    with_petition = closed_ones(found)
    assert found.retire(100)["erased"] == len([one for one in with_petition if one.concealed])
    assert found.retire(700)["erased"] == 0
    assert found.retire(740)["erased"] == len([one for one in with_petition if not one.concealed])
    left = found.rows(RETIRED.c.delivery_id, where=RETIRED.c.sealed.is_not(None))
    assert len(left) == sealed - len(with_petition)
    found.verify()


def closed_ones(found: World) -> list[retired.Sealed]:
    """The sealed texts of cases that have a petition."""
    with found.later(0) as app, app.store.read() as connection:
        page = retired.sealed(connection, AGENCY, 0, 10_000)
        of = cases.of_records(connection, AGENCY, {one.key for one in page})
    return [one for one in page if any(part.kind is Kind.PETITION for part in of[one.key].parts)]


@pytest.mark.parametrize("key", ['auditor_key = "auditor.pub"', ""])
def test_nothing_goes_of_a_case_that_a_person_holds_and_all_of_it_once_it_is_released(
    world: Callable[..., World], key: str
) -> None:
    found = world(f"bodies_days = 30\n{key}")
    decision = next(line.local_id for line in found.sandbox.listed(AGENCY, Kind.DECISION))
    order = ["--config", str(found.config), "-q", "hold", "decision", decision, "--reason", "r"]
    assert main(order) == 0
    with found.later(0) as app, app.store.read() as connection:
        case = set(holds.case_of(connection, RecordKey(AGENCY, Kind.DECISION, decision)))
    done = found.retire()
    assert done["held"] >= len(case) > 1
    clear = found.rows(DELIVERY.c.kind, DELIVERY.c.local_id, where=DELIVERY.c.body.is_not(None))
    assert {RecordKey(AGENCY, Kind(row.kind), row.local_id) for row in clear} == case
    assert main([*order, "--release"]) == 0
    assert found.retire()["sealed" if key else "erased"] == done["held"]
    assert found.bodies() == 0


def test_what_is_sealed_stays_while_its_case_is_held(world: Callable[..., World]) -> None:
    found = world('bodies_days = 30\nauditor_key = "auditor.pub"')
    found.retire()
    found.close_all()
    local_id = found.petition()
    assert main(["--config", str(found.config), "-q", "hold", "petition", local_id, "--reason", "r"]) == 0
    done = found.retire(3_650)
    assert done["held"] > 0
    left = {one.key for one in closed_ones(found)}
    with found.later(0) as app, app.store.read() as connection:
        assert left <= holds.held(connection, AGENCY)
    assert len(left) > 0


def test_a_death_at_any_commit_leaves_each_text_here_or_gone_with_its_entry(world: Callable[..., World]) -> None:
    found = world('bodies_days = 30\nauditor_key = "auditor.pub"')
    found.close_all()
    years_ago = utc_now() - timedelta(days=1_500)
    with found.later(0) as app, app.store.write() as tx:
        tx.connection.execute(update(DELIVERY).values(state_at=years_ago))
        tx.connection.execute(update(table_of(MirrorStatus)).values(occurred_at=years_ago))
    everything = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
    mine = {point for point in everything if point.startswith("stages/retention.py:")}
    deaths = Deaths(found.config, everything - mine)
    deaths.through("retention", codes=(0,))
    assert mine <= deaths.died
    commits.verify(found.folder)
    found.verify()
    gone = {row.delivery_id for row in found.rows(RETIRED.c.delivery_id, where=RETIRED.c.erased_at.is_not(None))}
    assert gone
    assert found.bodies() == 0
    counts = Counter(found.events())
    assert counts["body.erased"] == len(gone)
    assert counts["body.sealed"] == len(found.rows(RETIRED.c.delivery_id))


def test_a_dry_run_says_the_same_and_writes_nothing(world: Callable[..., World]) -> None:
    found = world("bodies_days = 30")
    bodies = found.bodies()
    with found.later(DAYS) as app:
        foreseen: Counter[str] = Counter()
        for counts in app.foresee_retired(AGENCY):
            foreseen.update(counts)
    assert found.bodies() == bodies
    done = found.retire()
    assert +foreseen == +done


def test_a_run_of_the_daemon_does_a_bounded_part_and_the_next_one_goes_on(
    world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "TEXTS_A_COMMIT", 10)
    found = world('bodies_days = 30\nauditor_key = "auditor.pub"')
    bodies = found.bodies()
    found.close_all()
    runs = [found.retire(DAYS, 20) for _ in range(bodies // 20 + 1)]
    assert [one["sealed"] for one in runs] == [20] * (bodies // 20) + [bodies % 20]
    assert found.retire(3_650)["erased"] == len(closed := found.rows(RETIRED.c.delivery_id, where=ERASED))
    assert len(closed) > 20


def test_what_is_sealed_is_looked_at_in_turn(world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "TEXTS_A_COMMIT", 10)
    found = world('bodies_days = 30\nauditor_key = "auditor.pub"')
    sealed = found.retire()["sealed"]
    looked = [found.retire(DAYS, 20)["open"] for _ in range(sealed // 20 + 1)]
    assert sum(looked) == sealed
    assert found.retire(DAYS, 20)["open"] == 20  # from the beginning


def test_nothing_goes_while_the_clock_is_far_from_the_nation_s(world: Callable[..., World]) -> None:
    """A clock that jumped ahead would erase everything; what it erased would be lost."""
    found = world("bodies_days = 30")
    bodies = found.bodies()
    with found.later(0) as app, app.store.write() as tx:
        signs.note(tx, AGENCY, {"clock": "31536000"}, app.actor)
    assert found.retire(400) == Counter({"clock": 1})
    assert found.bodies() == bodies
    with found.later(0) as app, app.store.write() as tx:
        signs.note(tx, AGENCY, {"clock": ""}, app.actor)
    assert found.retire(400)["erased"] == bodies


@pytest.mark.parametrize(("wanted", "planned"), [("bodies_days = 30", True), ("sealed_months = 6", False)])
def test_the_daemon_does_it_once_a_day_where_a_time_is_set(
    world: Callable[..., World], wanted: str, planned: bool
) -> None:
    with world(wanted).later(DAYS) as app:
        jobs = {job.name: job for job in daemon.jobs_of(app)}
        assert ("retention" in jobs) == planned
        if planned:
            assert jobs["retention"].every_s == 86_400
            assert sum(counts.get("erased", 0) for counts in jobs["retention"].run()) > 0


def test_a_private_key_in_the_place_of_the_public_one_is_refused(world: Callable[..., World]) -> None:
    found = world('bodies_days = 30\nauditor_key = "auditor.pub"')
    bodies = found.bodies()
    assert main(["--config", str(found.config), "-q", "check"]) == 0
    (found.folder / "auditor.pub").write_bytes(PRIVATE)
    assert main(["--config", str(found.config), "-q", "check"]) == 78
    assert main(["--config", str(found.config), "-q", "retention"]) == 78
    (found.folder / "auditor.pub").unlink()
    assert main(["--config", str(found.config), "-q", "retention"]) == 78
    assert found.bodies() == bodies
