"""An export of some days is verified as a range, by the command and its own program; 12 where an end proves nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.config import load_config, read_hex_key
from connector.core.model import Actor, Event
from connector.edges import STORE_FILE, anchoring_of
from connector.stages.anchor import announce, checkpoint
from connector.store import marks
from connector.store.audit import ACCEPTED
from connector.store.db import Store
from connector.store.marks import Target
from tests.cli.conftest import World
from tests.cli.test_pruning import OLD_ENOUGH
from tests.cli.test_tampering import alone_with, begun, changed, judged, mended, opened
from tests.store.ledger import Clock
from tests.world import AGENCY


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A log of ten days: three orders a day, a checkpoint every third day; then a sync of today."""
    folder = tmp_path_factory.mktemp("ranges")
    with begun(folder, OLD_ENOUGH) as world:
        write_days(world.config)
        (folder / "kept.key").write_text(world("audit", "keys", "show", "--json").json["public"], encoding="ascii")
        assert world("sync").code == 0
        yield world


def write_days(config: Path) -> None:
    """Ten days of March 2026, written by the store itself under a clock of the test, as the agency's first."""
    loaded = load_config(config)
    anchoring, who, clock = anchoring_of(loaded), Actor("test", "test"), Clock()
    assert anchoring is not None
    evidence = {AGENCY: read_hex_key(loaded.agency[0].evidence_key, loaded, "evidence_key")}
    path = loaded.data_dir / STORE_FILE
    with closing(Store.open(path, key=None, evidence=evidence, create=True, clock=clock)) as store:
        clock.now = datetime(2026, 3, 1, 1, tzinfo=UTC)
        national = loaded.national
        with store.write() as tx:
            marks.bind(tx, AGENCY, Target(national.environment, national.profile, national.base_url), who)
        announce(store, AGENCY, anchoring, who)
        for day in range(10):
            write_day(store, clock, day)
            if day % 3 == 2:
                checkpoint(store, AGENCY, anchoring, who, clock.now)


def write_day(store: Store, clock: Clock, day: int) -> None:
    clock.now = datetime(2026, 3, 1, 3, tzinfo=UTC) + timedelta(days=day)
    for _ in range(3):
        with store.write() as tx:
            marks.pause(tx, AGENCY, "", "", Actor("test", "test"), "x")
        with store.write() as tx:
            marks.resume(tx, AGENCY, "", "", Actor("test", "test"), "x")


@pytest.fixture
def copied(run: World, tmp_path: Path) -> World:
    shutil.copytree(run.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, run.sandbox, tmp_path / "config.toml")


def exported(world: World, first: str, last: str, name: str = "range.zip") -> Path:
    file = world.folder / name
    said = world("audit", "export", file, "--from", first, "--to", last)
    assert said.code == 0, said.err
    return file


def brought(world: World) -> list[str]:
    return ["--checkpoints", str(world.folder / "share"), "--key", str(world.folder / "kept.key")]


def entries_of(file: Path) -> list[list[Any]]:
    with zipfile.ZipFile(file) as archive:
        return [json.loads(json.loads(line)[2]) for line in archive.read("entries.jsonl").splitlines()]


def test_an_export_of_some_days_is_verified_as_a_range_that_is_joined_to_a_later_checkpoint(copied):
    file = exported(copied, "2026-03-04", "2026-03-05")
    judged(copied, file, 0, "", brought(copied))
    judged(copied, file, 0, "", [])
    said = copied("audit", "verify", file)
    assert "khoảng ngày" in said.text
    assert "12 mục, không thiếu" in said.text
    found = copied("audit", "verify", file, "--json").json["agencies"][0]
    assert found["range"] == {"from": "2026-03-04", "to": "2026-03-05", "first": 21, "last": 32, "joined_at": 38}
    assert [entry[2] for entry in entries_of(file)] == list(range(20, 39))


def test_a_range_up_to_today_reaches_the_head_file_and_holds_what_the_ledger_shows(copied):
    today = datetime.now(UTC) + timedelta(days=1)
    file = exported(copied, "2026-03-09", today.date().isoformat())
    judged(copied, file, 0, "", [])
    assert copied("audit", "verify", file, "--json").json["agencies"][0]["ledger"]["versions"] > 50


def test_a_range_holds_the_receipts_that_its_entries_name_and_no_others(copied):
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    with zipfile.ZipFile(exported(copied, "2026-03-04", "2026-03-05", "march.zip")) as archive:
        assert archive.read("receipts.jsonl") == b""
    file = exported(copied, "2026-03-09", tomorrow)
    named = {fields[12]["receipt"] for fields in entries_of(file) if "receipt" in fields[12]}
    with zipfile.ZipFile(file) as archive:
        assert {json.loads(line)[0] for line in archive.read("receipts.jsonl").splitlines()} == named
    assert len(named) > 10

    def fewer(files: dict[str, bytes]) -> None:
        files["receipts.jsonl"] = b"".join(files["receipts.jsonl"].splitlines(keepends=True)[1:])
        mended(files, "receipts.jsonl")

    judged(copied, changed(file, fewer), 11, "E-AUDIT-RECEIPT-MISSING", [])


def test_a_range_from_the_first_day_needs_no_entry_before_it(copied):
    judged(copied, exported(copied, "2026-01-01", "2026-03-02"), 0, "", brought(copied))


def test_a_range_without_a_later_checkpoint_reaches_to_the_end_of_the_log(copied):
    shutil.rmtree(copied.folder / "data" / "checkpoints")
    file = exported(copied, "2026-03-04", "2026-03-05")
    judged(copied, file, 0, "", [])
    assert len(entries_of(file)) > 100


def cut(file: Path, change: Callable[[list[bytes], dict[str, Any]], list[bytes]]) -> Path:
    """Cut the entries of an export, and write a manifest that fits them."""

    def rewritten(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        files["entries.jsonl"] = b"".join(change(files["entries.jsonl"].splitlines(keepends=True), manifest))
        manifest["files"]["entries.jsonl"] = hashlib.sha256(files["entries.jsonl"]).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()

    return changed(file, rewritten)


def test_a_range_whose_ends_are_cut_is_incomplete(copied):
    file = exported(copied, "2026-03-04", "2026-03-05")
    judged(copied, cut(file, lambda lines, _: lines[1:]), 12, "E-AUDIT-RANGE", [])
    judged(copied, cut(file, lambda lines, _: lines[:-1]), 12, "E-AUDIT-RANGE", [])

    def later_first(lines: list[bytes], manifest: dict[str, Any]) -> list[bytes]:
        manifest["range"]["first"] += 1
        return lines[1:]

    def earlier_last(lines: list[bytes], manifest: dict[str, Any]) -> list[bytes]:
        manifest["range"]["last"] -= 1
        return lines

    judged(copied, cut(file, later_first), 12, "E-AUDIT-RANGE", [])
    judged(copied, cut(file, earlier_last), 12, "E-AUDIT-RANGE", [])


def test_an_entry_that_was_changed_in_a_range_shows(copied):
    with opened(copied) as connection:
        connection.execute("UPDATE audit_entry SET content = replace(content, 'test', 'tset') WHERE seq = 25")
    connection.close()
    judged(copied, exported(copied, "2026-03-04", "2026-03-05"), 10, "E-AUDIT-HASH", [])


def test_a_range_of_a_log_that_was_written_anew_does_not_fit_a_checkpoint_in_it(copied):
    file = exported(copied, "2026-03-05", "2026-03-06")
    last = max((copied.folder / "share" / AGENCY).glob("*.checkpoint"))
    other = sorted((copied.folder / "share" / AGENCY).glob("*.checkpoint"))[1]
    seq, hash_ = other.read_text(encoding="utf-8").splitlines()[1:3]
    assert seq == "38"
    other.write_text(other.read_text(encoding="utf-8").replace(hash_, "ab" * 32), encoding="utf-8")
    assert last != other
    judged(copied, file, 10, "E-CHECKPOINT-SIGNATURE", brought(copied))


@pytest.fixture
def went_back(tmp_path: Path) -> Iterator[World]:
    """Three days are lost, with a checkpoint of their end; a person accepts that on the seventh, and three days follow:
    the lost entries had the same places as those of the seventh to the ninth."""
    with begun(tmp_path, OLD_ENOUGH) as world:
        loaded = load_config(world.config)
        anchoring, who, clock = anchoring_of(loaded), Actor("test", "test"), Clock()
        assert anchoring is not None
        evidence = {AGENCY: read_hex_key(loaded.agency[0].evidence_key, loaded, "evidence_key")}
        path, national = loaded.data_dir / STORE_FILE, loaded.national
        with closing(Store.open(path, key=None, evidence=evidence, create=True, clock=clock)) as store:
            clock.now = datetime(2026, 3, 1, 1, tzinfo=UTC)
            with store.write() as tx:
                marks.bind(tx, AGENCY, Target(national.environment, national.profile, national.base_url), who)
            announce(store, AGENCY, anchoring, who)
            write_day(store, clock, 0)
            checkpoint(store, AGENCY, anchoring, who, clock.now)
        shutil.copy(path, tmp_path / "before.sqlite")
        with closing(Store.open(path, key=None, evidence=evidence, clock=clock)) as store:
            for day in (3, 4, 5):
                write_day(store, clock, day)
            lost = checkpoint(store, AGENCY, anchoring, who, clock.now)
        shutil.copy(tmp_path / "before.sqlite", path)
        with closing(Store.open(path, key=None, evidence=evidence, clock=clock)) as store:
            clock.now += timedelta(hours=1)
            with store.write(lost) as tx:
                tx.audit(Event(ACCEPTED, AGENCY, who, tx.now, facts={"lost_seq": lost.seq, "lost_hash": lost.hash}))
            for day in (6, 7, 8):
                write_day(store, clock, day)
                if day != 7:
                    checkpoint(store, AGENCY, anchoring, who, clock.now)
        (tmp_path / "kept.key").write_text(world("audit", "keys", "show", "--json").json["public"], encoding="ascii")
        yield world


def test_a_checkpoint_of_a_lost_tail_is_no_end_of_a_range_and_no_finding(went_back):
    assert went_back("audit", "verify", *brought(went_back)).code == 0
    for first, last in (("07", "07"), ("08", "08"), ("09", "09"), ("07", "09"), ("01", "08")):
        file = exported(went_back, f"2026-03-{first}", f"2026-03-{last}", f"{first}-{last}.zip")
        judged(went_back, file, 0, "", [])
        judged(went_back, file, 0, "", brought(went_back))


def test_a_loss_that_a_prune_carries_excuses_the_checkpoints_of_its_tail_in_a_range_too(went_back):
    file = exported(went_back, "2026-03-01", "2026-03-07", "first.zip")
    assert went_back("audit", "checkpoint").code == 0
    said = went_back("audit", "prune", file, "--reason", "x", "--json").json
    assert said["pruned"], said
    assert went_back("audit", "verify", *brought(went_back)).code == 0
    for first, last in (("09", "09"), ("08", "08"), ("08", "09")):
        part = exported(went_back, f"2026-03-{first}", f"2026-03-{last}", f"{first}-{last}.zip")
        judged(went_back, part, 0, "", brought(went_back))


def test_days_without_entries_or_turned_round_are_refused(copied):
    file = copied.folder / "range.zip"
    assert copied("audit", "export", file, "--from", "2025-01-01", "--to", "2025-01-31").code == 65
    assert copied("audit", "export", file, "--from", "2026-03-05", "--to", "2026-03-04").code == 2
    assert copied("audit", "export", file, "--from", "2026-03-05").code == 2
    assert not file.exists()


def test_a_range_from_the_beginning_prunes_what_it_holds(copied):
    file = exported(copied, "2026-03-01", "2026-03-05")
    said = copied("audit", "prune", file, "--reason", "x")
    assert said.code == 0, said.err
    assert copied("audit", "verify", *brought(copied)).code == 0
    with opened(copied) as connection:
        assert connection.execute("SELECT min(seq) FROM audit_entry").fetchone() == (39,)
    connection.close()
    assert alone_with(copied, file, *brought(copied)).returncode == 0
