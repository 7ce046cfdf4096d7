"""The end of the log, signed and kept elsewhere: when, where, by which key; and what that shows a year later."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import daemon, verifier
from connector.app import open_app
from connector.config import load_config
from connector.core.model import Actor
from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store import jobs
from tests.cli.conftest import World
from tests.world import AGENCY, credentials, install, source_path

AUDIT = 'key = "file:secrets/audit.key"\nplaces = ["share"]'


def installed(folder: Path, sandbox: Sandbox, audit: str = AUDIT) -> World:
    return World(folder, sandbox, install(folder, sandbox.base_url, store='encryption = "none"', audit=audit))


@pytest.fixture(scope="module")
def anchored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An agency with a key, a share, and one sync."""
    folder = tmp_path_factory.mktemp("anchored")
    build(source_path(folder), 7, petitions=20)
    (folder / "share").mkdir()
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        found = installed(folder, sandbox)
        assert found("audit", "keys", "new").code == 0
        assert found("sync").code == 0
        yield found


@pytest.fixture
def copied(anchored: World, tmp_path: Path) -> World:
    shutil.copytree(anchored.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, anchored.sandbox, tmp_path / "config.toml")


def kept(place: Path) -> list[str]:
    return sorted(path.name for path in (place / AGENCY).glob("*.checkpoint"))


def public_of(world: World) -> str:
    return str(world("audit", "keys", "show", "--json").json["public"])


def test_a_sync_leaves_a_checkpoint_in_every_place_and_the_log_agrees_with_it(copied):
    assert kept(copied.folder / "share") == kept(copied.folder / "data" / "checkpoints") != []
    (key,) = (copied.folder / "share" / AGENCY).glob("key-*.txt")
    assert key.read_text(encoding="ascii").strip() == public_of(copied)
    said = copied("audit", "verify", "--checkpoints", copied.folder / "share", "--key", key)
    assert (said.code, said.out.count("ĐẠT")) == (0, 5)
    assert f"…{public_of(copied)[-4:]}" in said.out
    said.assert_narrow()


def test_the_key_is_its_owners_alone_and_its_public_half_stands_in_the_log(copied):
    key = copied.folder / "secrets" / "audit.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    entries = copied("audit", "log", "--limit", "1000", "--json").json["entries"]
    (made,) = [entry for entry in entries if entry["event"] == verifier.KEY_MADE]
    assert made["facts"]["public"] == public_of(copied)
    again = copied("audit", "keys", "new")
    assert (again.code, "E-AUDIT-KEY-THERE" in again.err) == (78, True)
    again.assert_narrow()


def test_a_checkpoint_is_due_once_the_log_has_grown_enough_and_not_before(copied):
    before = kept(copied.folder / "share")
    assert copied("sync").code == 0  # a sweep or two, long before the time
    assert kept(copied.folder / "share") == before
    copied.config.write_text(
        copied.config.read_text("utf-8").replace("[audit]", "[audit]\ncheckpoint_entries = 3"), "utf-8"
    )
    assert copied("sync").code == 0
    after = kept(copied.folder / "share")
    assert set(before) < set(after)
    assert len(after) == len(before) + 1


def test_a_place_that_is_away_is_told_stops_nothing_and_gets_what_it_lacks(copied):
    share = copied.folder / "share"
    share.rename(copied.folder / "away")
    said = copied("audit", "checkpoint")
    assert (said.code, "E-CHECKPOINT-PLACE" in said.err) == (1, True)
    said.assert_narrow()
    assert "Điểm chốt lúc" in copied("status").out
    synced = copied("sync")
    assert (synced.code, "E-CHECKPOINT-PLACE" in synced.err) == (0, True)
    assert not share.exists()  # nothing is mounted there: it is not for us to make it
    (copied.folder / "away").rename(share)
    assert copied("audit", "checkpoint").code == 0
    assert kept(share) == kept(copied.folder / "data" / "checkpoints")
    assert "Điểm chốt lúc" not in copied("status").out


def test_the_daemon_signs_when_it_is_due_and_tells_a_place_that_is_away_until_it_is_back(copied):
    share = copied.folder / "share"
    share.rename(copied.folder / "away")
    copied("pause", "--reason", "x")
    text = copied.config.read_text("utf-8").replace("[audit]", "[audit]\ncheckpoint_entries = 1")
    copied.config.write_text(text, encoding="utf-8")
    with open_app(load_config(copied.config), Actor("daemon", "daemon")) as app:
        (job,) = [job for job in daemon.jobs_of(app) if job.name == "checkpoint"]

        def runs() -> dict[str, str]:
            daemon._run_job(app, daemon.Orders(app.stop), job)
            with app.store.read() as connection:
                return {
                    name: failure.what for name, failure in jobs.failures(connection, AGENCY, ["checkpoint"]).items()
                }

        assert runs() == {"checkpoint": "E-CHECKPOINT-PLACE"}
        assert runs() == {
            "checkpoint": "E-CHECKPOINT-PLACE"
        }  # none is due now, and yet nobody is told that all is well
        (copied.folder / "away").rename(share)
        assert runs() == {}
        made = kept(share)
        assert made == kept(copied.folder / "data" / "checkpoints")
        assert runs() == {}
        assert kept(share) == made  # nothing has happened since


def test_a_file_that_lies_in_a_place_is_never_replaced(copied):
    name = kept(copied.folder / "share")[-1]
    path = copied.folder / "share" / AGENCY / name
    path.write_bytes(b"what somebody else wrote")
    assert copied("audit", "checkpoint").code == 0
    assert path.read_bytes() == b"what somebody else wrote"
    said = copied("audit", "verify")
    assert (said.code, "E-CHECKPOINT-FORM" in said.err) == (13, True)


def test_a_key_takes_over_by_the_signatures_of_both_and_all_checkpoints_stay_good(copied):
    old = public_of(copied)
    assert copied("audit", "keys", "rotate").code == 0
    new = public_of(copied)
    assert new != old
    assert copied("audit", "checkpoint").code == 0
    for key in (old, new):  # whichever of the two the auditor kept
        found = copied("audit", "verify", "--key", key, "--json").json["agencies"][0]["checkpoints"]
        assert (found["faults"], found["agree"], sorted(found["keys"])) == ([], 2, sorted([old, new]))
    stranger = copied("audit", "verify", "--key", "11" * 32)
    assert (stranger.code, "E-AUDIT-KEY" in stranger.err) == (10, True)


def test_a_rotation_that_died_is_ended_by_the_next_one(copied):
    key = copied.folder / "secrets" / "audit.key"
    old = key.read_bytes()
    assert copied("audit", "keys", "rotate").code == 0
    new = public_of(copied)
    key.rename(key.with_name("audit.key.next"))  # as if it had died between the commit and its last step
    key.write_bytes(old)
    key.chmod(0o600)
    assert "E-AUDIT-KEY-CHANGED" in copied("audit", "checkpoint").err
    assert copied("audit", "keys", "rotate").code == 0
    assert public_of(copied) == new
    key.with_name("audit.key.next").write_text("22" * 32, encoding="ascii")  # died before its commit: never named
    assert copied("audit", "keys", "rotate").code == 0
    assert copied("audit", "checkpoint").code == 0
    assert copied("audit", "verify").code == 0


def test_a_key_that_was_put_in_its_place_by_hand_signs_nothing(copied):
    (copied.folder / "secrets" / "audit.key").write_text("33" * 32, encoding="ascii")
    before = kept(copied.folder / "share")
    said = copied("audit", "checkpoint")
    assert (said.code, "E-AUDIT-KEY-CHANGED" in said.err) == (78, True)
    assert kept(copied.folder / "share") == before
    said.assert_narrow()


def test_a_key_without_its_entry_is_named_by_the_first_checkpoint(world):
    """`keys new` died after it wrote the key."""
    (world.folder / "secrets" / "audit.key").write_text("44" * 32, encoding="ascii")
    (world.folder / "secrets" / "audit.key").chmod(0o600)
    world = installed(world.folder, world.sandbox, 'key = "file:secrets/audit.key"')
    world("sync")
    assert world("audit", "verify").code == 0
    assert len(kept(world.folder / "data" / "checkpoints")) == 1


def test_a_code_on_paper_finds_its_entry_and_a_mistyped_group_is_named(copied):
    said = copied("audit", "checkpoint", "--print")
    code = " ".join(" ".join(re.findall(r"^    (\S{5}(?:  \S{5}){3})$", said.out, re.MULTILINE)).split())
    assert len(code.split()) == verifier.GROUPS
    said.assert_narrow()
    copied("pause", "--reason", "x")
    found = copied("audit", "verify", "--paper", code.lower())
    assert (found.code, "Mã trên giấy khớp" in found.text) == (0, True)
    bent = code[:6] + "".join("2" if letter != "2" else "3" for letter in code[6:9]) + code[9:]
    wrong = copied("audit", "verify", "--paper", bent)
    assert (wrong.code, "nhóm 2" in wrong.err) == (2, True)


def test_without_a_key_nothing_is_signed_and_the_command_says_what_to_do(world):
    said = world("audit", "checkpoint")
    assert (said.code, "E-AUDIT-KEY-NONE" in said.err) == (78, True)
    placed = installed(world.folder, world.sandbox, 'places = ["share"]')("status")
    assert (placed.code, "audit.key" in placed.err) == (78, True)
