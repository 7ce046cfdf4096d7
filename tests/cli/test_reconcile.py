"""`kntc reconcile`: its report, its approval, and the way out of a store that went back in time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor, Kind, RecordKey
from connector.edges import STORE_FILE
from connector.store import outbox
from connector.store.audit import ACCEPTED
from tests.cli.conftest import World
from tests.cli.test_acting import events
from tests.cli.test_sync import digest_of
from tests.world import AGENCY

WHY = "đã hỏi đầu mối CSDLQG"


def report(world: World, *args: str) -> dict[str, object]:
    found: dict[str, object] = world("reconcile", "--json", *args).json["agencies"][0]
    return found


def test_a_loss_there_is_reported_approved_and_sent_again_once(world):
    world("sync")
    before = report(world)
    assert before["items"] == []
    world.sandbox.lose(AGENCY, Kind.PETITION, "bentre:5")
    said = world("reconcile")
    said.assert_narrow()
    assert said.code == 1
    assert "Đơn bentre:5" in said.out
    plan = str(report(world)["plan"])
    assert f"kntc reconcile --approve {plan}" in said.out.replace("\n", " ")
    assert world("status", "--json").json["agencies"][0]["reconcile_open"] == 1
    assert "kntc reconcile --dry-run" in world("status").out
    approved = world("reconcile", "--approve", plan, "--reason", WHY)
    assert approved.code == 0, approved.text
    approved.assert_narrow()
    world("sync")
    assert report(world)["items"] == []
    assert set(world.sandbox.effects().values()) == {1}
    (entry,) = events(world, "reconcile.approved")
    assert entry["reason"] == "matches"
    assert WHY not in str(entry["facts"])
    assert world("audit", "verify").code == 0


def test_a_report_in_english_is_as_narrow(world):
    world("sync")
    world.sandbox.lose(AGENCY, Kind.PETITION, "bentre:5")
    world.sandbox.enter(AGENCY, Kind.PETITION, "x")
    world.sandbox.enter(AGENCY, Kind.PETITION, "x", "bentre:999")
    world.sandbox.move(AGENCY, Kind.PETITION, "bentre:6", "validated")
    said = world("reconcile", lang="en")
    said.assert_narrow()
    assert {item["finding"] for item in report(world)["items"]} == {"missing_remote", "orphan", "mirror_behind"}


def test_records_typed_at_the_national_desk_in_place_of_ours_are_for_a_person_and_nothing_is_sent(world):
    """Three of ours are deleted there and typed again: with other words, word for word, and without our key."""
    world("sync")
    for number in (5, 6, 7):
        world.sandbox.lose(AGENCY, Kind.PETITION, f"bentre:{number}")
    world.sandbox.enter(AGENCY, Kind.PETITION, "nhập tay", "bentre:5")
    world.sandbox.enter(AGENCY, Kind.PETITION, sent_of(world, 6), "bentre:6")
    without_key = world.sandbox.enter(AGENCY, Kind.PETITION, sent_of(world, 7))
    found = report(world)
    assert {(item["local_id"], item["finding"], item["how"], item["fix"]) for item in found["items"]} == {
        ("bentre:5", "differs", "other_digest", "person"),
        ("bentre:6", "differs", "other_id", "person"),
        ("bentre:7", "missing_remote", "by_hand", "person"),
        ("", "duplicate", "by_hand", "person"),
    }
    assert not found["plan"]
    for lang in ("vi", "en"):
        said = world("reconcile", lang=lang)
        said.assert_narrow()
        assert said.code == 1
        assert without_key in said.out
    asked_before = len(world.sandbox.log())
    world("sync")
    world("resync", "petition/5", "--reason", WHY)
    assert world("sync").code == 1  # the nation holds another content of the same version: a conflict, for a person
    (conflict,) = world("list", "--state", "unknown", "--json").json["records"]
    assert (conflict["local_id"], conflict["cause"]) == ("bentre:5", "conflict")
    assert not [line for line in world.sandbox.log()[asked_before:] if line.method == "PUT"]


def sent_of(world: World, number: int) -> str:
    """Return a petition as it was sent, for somebody who types it again word for word."""
    actor = Actor("test", "test")
    with open_app(load_config(world.config), actor) as app, app.store.read() as connection:
        newest = outbox.newest(connection, RecordKey(AGENCY, Kind.PETITION, f"bentre:{number}"), 1)
    assert newest is not None
    return newest.body.decode()


@pytest.mark.parametrize("args", [["reconcile"], ["reconcile", "--approve"]], ids=" ".join)
def test_a_dry_run_changes_no_byte_and_asks_nobody(world, args):
    world("sync")
    world.sandbox.lose(AGENCY, Kind.PETITION, "bentre:5")
    plan = str(report(world)["plan"])
    before, asked = digest_of(world.folder / "data"), len(world.sandbox.log())
    said = world(*args, *([plan] if args[1:] else []), "--dry-run")
    assert said.code == (0 if args[1:] else 1)
    assert "Không ghi gì" in said.text or "không ghi gì" in said.text
    assert digest_of(world.folder / "data") == before
    assert len(world.sandbox.log()) == asked


def test_an_approval_needs_the_newest_plan_and_a_reason(world):
    world("sync")
    world.sandbox.lose(AGENCY, Kind.PETITION, "bentre:5")
    plan = str(report(world)["plan"])
    assert "E-RECONCILE-PLAN" in world("reconcile", "--approve", "0123456789ab", "--reason", WHY).err
    assert world("reconcile", "--approve", plan).code == 2


def test_a_nation_that_does_not_answer_is_69_and_the_older_report_stands(world):
    world("sync")
    report(world)
    world.sandbox.stop()
    said = world("reconcile")
    assert said.code == 69
    assert world("reconcile", "--dry-run").code == 0


def test_status_says_through_when_everything_is_confirmed(world):
    world("sync")
    assert "Khớp đến hết" not in world("status").out
    world("reconcile")
    assert "Khớp đến hết" in world("status").out
    through = world("status", "--json").json["agencies"][0]["verified_through"]
    assert set(through) == {str(kind) for kind in Kind}


def test_a_store_that_went_back_in_time_is_compared_accepted_and_goes_on(world):
    world("sync")
    copy = _copy(world.folder)
    world.edit(Kind.PETITION, 4, "NoiDungDonThu", "Đề nghị xem lại, bản hai")
    world("sync")
    _put_back(world.folder, copy)
    assert world("sync").code == 78
    assert world("audit", "verify").code == 11
    said = world("reconcile")
    said.assert_narrow()
    assert said.code == 1
    assert "LÙI VỀ QUÁ KHỨ" in said.out
    found = report(world)
    lost = found["went_back"]
    assert isinstance(lost, dict)
    assert lost["log_at"] > lost["store_at"]
    approved = world("reconcile", "--approve", str(found["plan"]), "--reason", WHY)
    assert approved.code == 0, approved.text
    assert world("sync").code in (0, 1)
    assert report(world)["items"] == []
    assert set(world.sandbox.effects().values()) == {1}
    proof = world("audit", "verify")
    proof.assert_narrow()
    assert proof.code == 0
    assert "mất theo quyết định" in proof.out
    (entry,) = events(world, ACCEPTED)
    assert (entry["facts"]["lost_seq"], entry["facts"]["store_seq"]) == (lost["log_at"], lost["store_at"])


def _copy(folder: Path) -> Path:
    copy = folder / "copy.sqlite"
    shutil.copy(folder / "data" / STORE_FILE, copy)
    return copy


def _put_back(folder: Path, copy: Path) -> None:
    for file in (folder / "data").glob(f"{STORE_FILE}*"):
        file.unlink()
    shutil.copy(copy, folder / "data" / STORE_FILE)
