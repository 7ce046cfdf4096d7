"""Pruning the log: only what was exported and verified goes, the entry that says so explains exactly that gap, and
every other gap stays a finding: of the store, of an export, and by the program that lies in the export.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.core.chain import canonical
from connector.sample.agency import build
from connector.sandbox import Sandbox
from tests.cli.conftest import World
from tests.cli.test_tampering import (
    agree,
    alone_with,
    another_actor,
    begun,
    changed,
    judged,
    no_places,
    opened,
    sql,
    written_anew,
)
from tests.crash import commits
from tests.crash.test_every_commit import Deaths
from tests.world import AGENCY, credentials, install, source_path

OLD_ENOUGH = "\n[retention]\nlog_months = 0\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sync with checkpoints, a key that was changed, some orders of people, and what an auditor has kept."""
    folder = tmp_path_factory.mktemp("run")
    with begun(folder, OLD_ENOUGH) as world:
        (folder / "kept.key").write_text(world("audit", "keys", "show", "--json").json["public"], encoding="ascii")
        assert world("sync").code == 0
        assert world("audit", "keys", "rotate").code == 0
        assert world("audit", "checkpoint").code == 0
        shutil.copytree(folder / "share", folder / "kept")
        yield world


@pytest.fixture
def copied(run: World, tmp_path: Path) -> World:
    shutil.copytree(run.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, run.sandbox, tmp_path / "config.toml")


@pytest.fixture
def pruned(copied: World) -> World:
    """The same, after everything that was exported has gone, and life went on."""
    prune(copied, "first.zip")
    order(copied)
    return copied


def exported(world: World, name: str) -> Path:
    file = world.folder / name
    assert world("audit", "export", file).code == 0
    return file


def prune(world: World, name: str) -> None:
    file = exported(world, name)
    order(world)  # so that the export's own entry is not the newest
    assert world("audit", "checkpoint").code == 0
    shutil.copytree(world.folder / "share", world.folder / "kept", dirs_exist_ok=True)
    said = world("audit", "prune", file, "--reason", "đã nộp bản xuất")
    assert said.code == 0, said.out + said.err
    said.assert_narrow()


def order(world: World) -> None:
    assert world("pause", "--reason", "x").code == 0
    assert world("resume", "--reason", "x").code == 0


def seqs(world: World) -> list[int]:
    with sqlite3.connect(world.folder / "data" / "kntc.sqlite") as connection:
        found = [row[0] for row in connection.execute("SELECT seq FROM audit_entry ORDER BY seq")]
    connection.close()
    return found


# --- untouched ---


def test_a_pruned_log_is_verified_by_all_three_and_names_the_export_that_proves_the_rest(pruned):
    first = pruned.folder / "first.zip"
    last = json.loads(zipfile.ZipFile(first).read("manifest.json"))["entries"]
    assert seqs(pruned)[0] == last + 1
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    said = pruned("audit", "verify", "--json").json["agencies"][0]
    assert said["pruned"] == {"by_entry": last + 3, "through": last, "export_sha256": digest}
    assert said["checkpoints"]["faults"] == []
    assert said["ledger"]["versions"] > 50
    agree(pruned, 0)
    alone = alone_with(pruned, pruned.folder / "export.zip", "--key", str(pruned.folder / "kept.key"))
    assert digest in alone.stdout
    assert alone_with(pruned, first, "--key", str(pruned.folder / "kept.key")).returncode == 0


def test_a_log_can_be_pruned_again_and_again(pruned):
    for number in (2, 3):
        before = seqs(pruned)[0]
        prune(pruned, f"{number}.zip")
        assert seqs(pruned)[0] > before
        assert pruned("sync").code == 0
        assert pruned("audit", "checkpoint").code == 0
    agree(pruned, 0)
    for name in ("first.zip", "2.zip", "3.zip"):
        assert alone_with(pruned, pruned.folder / name, "--key", str(pruned.folder / "kept.key")).returncode == 0


def test_work_goes_on_in_a_pruned_store_and_its_log_can_still_be_refused_as_one_that_went_back(pruned):
    shutil.copytree(pruned.folder / "data", pruned.folder / "backup")
    order(pruned)
    assert pruned("audit", "checkpoint").code == 0
    shutil.rmtree(pruned.folder / "data")
    shutil.copytree(pruned.folder / "backup", pruned.folder / "data")
    said = pruned("sync")
    assert (said.code, "E-STORE-ROLLED-BACK" in said.err) == (78, True)
    plan = pruned("reconcile", "--json").json["agencies"][0]["plan"]
    assert pruned("reconcile", "--approve", plan, "--reason", "x").code in (0, 1)
    assert pruned("sync").code == 0
    prune(pruned, "after.zip")  # and the entry that accepted the loss goes too
    agree(pruned, 0)


def test_nothing_goes_that_is_younger_than_the_bound(copied):
    config = copied.config.read_text(encoding="utf-8").replace(OLD_ENOUGH, "")
    copied.config.write_text(config, encoding="utf-8")
    file = exported(copied, "first.zip")
    before = seqs(copied)
    said = copied("audit", "prune", file, "--reason", "x")
    assert (said.code, "36 tháng" in said.text) == (0, True)
    assert seqs(copied) == before


def test_a_dry_run_says_what_would_go_and_changes_nothing(copied):
    file = exported(copied, "first.zip")
    before = seqs(copied)
    said = copied("audit", "prune", file, "--dry-run", "--json").json
    assert (said["first"], said["pruned"]) == (1, False)
    assert said["entries"] > 50
    assert seqs(copied) == before
    assert copied("audit", "prune", file).code == 2  # and not without a reason
    assert seqs(copied) == before


def test_the_guards_of_the_log_stand_again_after_a_prune(pruned):
    with sqlite3.connect(pruned.folder / "data" / "kntc.sqlite") as connection:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute("DELETE FROM audit_entry")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute("UPDATE audit_entry SET event = 'x'")
    connection.close()


def test_whoever_reads_of_a_record_is_told_that_the_log_begins_later_and_where_the_rest_lies(copied):
    record, page = ("petition", "bentre:4"), copied.folder / "page.html"
    told = "Nhật ký nay bắt đầu từ mục"
    assert all(told not in copied(*words).text for words in (("audit", "log", *record), ("explain", *record)))
    assert copied("audit", "dossier", *record, "--out", copied.folder / "before.html").code == 0
    assert told not in (copied.folder / "before.html").read_text(encoding="utf-8")
    prune(copied, "first.zip")
    for words in (("audit", "log"), ("audit", "log", *record), ("explain", *record)):
        said = copied(*words)
        assert (said.code, told in said.text, "Chưa có mục nào" in said.text) == (0, True, False)
        said.assert_narrow()
    assert told not in copied("audit", "log", "--limit", "1").text  # that one is not the first
    assert copied("audit", "dossier", *record, "--out", page).code == 0
    text = page.read_text(encoding="utf-8")
    digest = hashlib.sha256((copied.folder / "first.zip").read_bytes()).hexdigest()
    assert (told in text, text.count(digest)) == (True, 2)  # in the verification, and on the sheet that people sign


def test_a_code_on_paper_of_the_pruned_part_asks_for_the_export_of_it(copied):
    code = copied("audit", "checkpoint", "--print", "--json").json["agencies"][0]["paper"]
    prune(copied, "first.zip")
    said = copied("audit", "verify", "--paper", code)
    assert (said.code, "E-CHECKPOINT-PRUNED" in said.err) == (12, True)
    second = exported(copied, "second.zip")
    assert alone_with(copied, second, "--paper", code).returncode == 12
    assert alone_with(copied, copied.folder / "first.zip", "--paper", code).returncode == 0


def verified(world: World, code: int, *args: Path | str) -> str:
    """By the command and by the program alone: one verdict."""
    said = world("audit", "verify", *args)
    assert said.code == code, said.out + said.err
    said.assert_narrow()
    alone = alone_with(world, args[0], *map(str, args[1:]))
    assert alone.returncode == code, alone.stdout
    return said.out + alone.stdout


def test_the_kept_exports_and_a_new_one_are_verified_as_one_log(pruned):
    prune(pruned, "second.zip")
    last = exported(pruned, "last.zip")
    first, second = pruned.folder / "first.zip", pruned.folder / "second.zip"
    kept = ["--checkpoints", str(pruned.folder / "kept"), "--key", str(pruned.folder / "kept.key")]
    assert verified(pruned, 0, last, first, second, *kept).count("first.zip") > 1
    assert pruned("audit", "verify", last, second, first, "--json").json["agencies"][2]["follows"] == "second.zip"
    verified(pruned, 12, last, first)  # the one between them is missing


def test_an_export_of_another_past_does_not_join(pruned):
    last = exported(pruned, "last.zip")
    with opened(pruned) as connection:
        store = connection.execute("SELECT store_id FROM store_info").fetchone()[0]
    connection.close()

    def another_past(files: dict[str, bytes]) -> None:
        lines = files["entries.jsonl"].splitlines(keepends=True)
        seq, _, content = json.loads(lines[-1])
        fields = json.loads(content)
        fields[6] = "nobody"
        content = canonical(fields).decode()
        hash_ = hashlib.sha256(content.encode()).hexdigest()
        lines[-1] = json.dumps([seq, hash_, content]).encode() + b"\n"
        files["entries.jsonl"] = b"".join(lines)
        manifest = json.loads(files["manifest.json"])
        assert manifest["store"] == store
        manifest["files"]["entries.jsonl"] = hashlib.sha256(files["entries.jsonl"]).hexdigest()
        manifest["head_file"] = {"seq": seq, "hash": hash_}
        files["manifest.json"] = json.dumps(manifest).encode()

    other = changed(pruned.folder / "first.zip", another_past)
    assert "E-AUDIT-PREV" in verified(pruned, 10, last, other)


def test_a_code_on_paper_is_found_in_the_export_that_holds_it(pruned):
    code = pruned("audit", "checkpoint", "--print", "--json").json["agencies"][0]["paper"]
    prune(pruned, "second.zip")
    last = exported(pruned, "last.zip")
    verified(pruned, 0, last, pruned.folder / "second.zip", pruned.folder / "first.zip", "--paper", code)


def test_an_extract_of_pruned_entries_is_called_not_compared_and_one_that_reaches_over_is_still_compared(copied):
    gone, stays = copied.folder / "gone.csv", copied.folder / "stays.csv"
    assert copied("audit", "extract", gone, "--reason", "x").code == 0
    file = exported(copied, "first.zip")
    assert copied("audit", "extract", stays, "--reason", "x").code == 0
    order(copied)
    assert copied("audit", "extract", "--check", gone).code == 0
    assert copied("audit", "checkpoint").code == 0
    assert copied("audit", "prune", file, "--reason", "x").code == 0
    said = copied("audit", "extract", "--check", gone)
    assert (said.code, "đã được gỡ" in said.text) == (12, True), said.out + said.err
    assert copied("audit", "extract", "--check", stays).code == 0


# --- deaths ---


def test_a_death_at_the_commit_of_a_prune_leaves_all_or_nothing(tmp_path: Path) -> None:
    build(source_path(tmp_path), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        config = install(tmp_path, sandbox.base_url)
        config.write_text(config.read_text(encoding="utf-8") + OLD_ENOUGH, encoding="utf-8")
        world = World(tmp_path, sandbox, config)
        assert world("sync").code == 0
        file = exported(world, "first.zip")
        order(world)
        everything = {f"{caller} {moment}" for caller in commits.callers().values() for moment in commits.MOMENTS}
        mine = {f"stages/prune.py:prune#1 {moment}" for moment in commits.MOMENTS}
        deaths = Deaths(config, everything - mine)
        deaths.through("audit", "prune", str(file), "--reason", "r")
        assert mine <= deaths.died
        commits.verify(tmp_path)  # as before each attempt: chain, and the head file that the dead one left
        assert world("audit", "verify", "--json").json["agencies"][0]["pruned"]["by_entry"] > 1
        assert world("sync").code == 0
        assert world("audit", "verify").code == 0


# --- refused ---


def refused(world: World, file: Path, rule: str) -> None:
    before = seqs(world)
    said = world("audit", "prune", file, "--reason", "x")
    assert (said.code, rule in said.err) == (65, True), said.out + said.err
    said.assert_narrow()
    assert seqs(world) == before


def test_an_export_that_does_not_verify_prunes_nothing(copied):
    def edited(files: dict[str, bytes]) -> None:
        files["entries.jsonl"] = files["entries.jsonl"].replace(b"pending", b"unknown", 1)

    refused(copied, changed(exported(copied, "first.zip"), edited), "E-PRUNE-EXPORT")


def test_an_export_of_another_store_prunes_nothing(copied, tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    build(source_path(folder), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        other = World(folder, sandbox, install(folder, sandbox.base_url, store='encryption = "none"'))
        assert other("sync").code == 0
        file = exported(other, "other.zip")
    refused(copied, file, "E-PRUNE-OTHER")


def test_an_export_prunes_once_and_the_next_prune_needs_a_newer_one(pruned):
    refused(pruned, pruned.folder / "first.zip", "E-PRUNE-BEGIN")


def test_an_export_of_a_log_that_was_written_anew_prunes_nothing(copied):
    file = exported(copied, "first.zip")
    with opened(copied) as connection:
        (content,) = connection.execute("SELECT content FROM audit_entry WHERE seq = 5").fetchone()
        connection.execute("UPDATE audit_entry SET content = ? WHERE seq = 5", (content.replace("pending", "unknown"),))
    connection.close()
    said = copied("audit", "prune", file, "--reason", "x")
    assert (said.code, "E-AUDIT-HASH" in said.err) == (10, True)


# --- the hands of whoever has root ---


def test_one_more_entry_taken_out_of_a_pruned_log_shows(pruned):
    sql(pruned, f"DELETE FROM audit_entry WHERE seq = {seqs(pruned)[0]}")
    agree(pruned, 11, "E-AUDIT-GAP")


def test_an_entry_taken_out_of_the_middle_of_a_pruned_log_shows(pruned):
    sql(pruned, f"DELETE FROM audit_entry WHERE seq = {seqs(pruned)[1]}")
    agree(pruned, 11, "E-AUDIT-GAP")


def test_a_prefix_that_was_cut_without_a_prune_shows(copied):
    sql(copied, "DELETE FROM audit_entry WHERE seq <= 40")
    agree(copied, 11, "E-AUDIT-GAP")


def test_where_a_pruned_log_begins_is_read_from_its_first_entry_not_from_what_stands_beside_it(pruned):
    sql(pruned, f"UPDATE audit_entry SET prev = hash WHERE seq = {seqs(pruned)[0]}")
    said = pruned("audit", "verify")
    assert (said.code, "E-AUDIT-FILED" in said.err) == (10, True)


def forged(world: World, facts: Callable[[dict[str, Any]], None]) -> None:
    """Change what the entry of the prune says, and link it and what follows anew without a flaw."""
    with opened(world) as connection:
        rows = connection.execute("SELECT seq, prev, content FROM audit_entry ORDER BY seq").fetchall()
        hash_ = rows[0][1]
        for seq, _, content in rows:
            fields = json.loads(content)
            fields[3] = prev = hash_
            if fields[5] == "audit.pruned":
                facts(fields[12])
            linked = canonical(fields).decode()
            hash_ = hashlib.sha256(linked.encode()).hexdigest()
            row = (prev, hash_, linked, seq)
            connection.execute("UPDATE audit_entry SET prev = ?, hash = ?, content = ? WHERE seq = ?", row)
    connection.close()
    head = json.dumps({"agency": AGENCY, "seq": seq, "hash": hash_})
    (world.folder / "data" / f"{AGENCY}.head.json").write_text(head, encoding="ascii")
    no_places(world)


def test_an_entry_of_a_prune_that_names_another_hash_explains_nothing(pruned):
    forged(pruned, lambda facts: facts.update(through_hash="ab" * 32))
    agree(pruned, 11, "E-AUDIT-GAP")


@pytest.mark.parametrize(
    "said",
    [
        {"keys": None},
        {"keys": [[10**6, "audit.key_made", {}]]},  # none of the entries that went
        {"lost": [[10**6, 10**9, "ab" * 32, "2026-01-01T00:00:00Z"]]},
        {"lost": [[1, 10**9, "ab" * 32, "2199-01-01T00:00:00Z"]]},  # in which checkpoints of any day would lie
        {"lost": [[1, 10**9, "ab" * 32, "2026-01-01T00:00:00"]]},  # a time without a zone
        {"through_seq": 1.5},
    ],
)
def test_an_entry_of_a_prune_that_says_nothing_readable_is_named(pruned, said):
    forged(pruned, lambda facts: facts.update(said))
    agree(pruned, 13, "E-AUDIT-FORM")


def test_a_forged_prune_does_not_fit_the_checkpoints_that_an_auditor_keeps(pruned):
    assert pruned("audit", "checkpoint").code == 0
    shutil.copytree(pruned.folder / "share", pruned.folder / "kept", dirs_exist_ok=True)
    forged(pruned, lambda facts: facts.update(export_digest="cd" * 32))
    agree(pruned, 10, "E-CHECKPOINT-HASH")


def test_a_version_whose_entries_were_pruned_cannot_be_taken_out_of_the_ledger(pruned):
    sql(pruned, "DELETE FROM delivery WHERE local_id = 'bentre:4'")
    agree(pruned, 10, "E-AUDIT-LEDGER")


def test_what_is_kept_of_the_pruned_part_cannot_be_changed_with_the_ledger(pruned):
    sql(
        pruned,
        "DELETE FROM delivery WHERE local_id = 'bentre:4'",
        "DELETE FROM pruned_version WHERE local_id = 'bentre:4'",
    )
    agree(pruned, 10, "E-AUDIT-PRUNED")


def test_a_receipt_whose_entry_was_pruned_is_still_compared_with_what_it_said(pruned):
    sql(pruned, "UPDATE receipt SET facts = replace(facts, 'received', 'accepted') WHERE local_id = 'bentre:4'")
    agree(pruned, 10, "E-AUDIT-RECEIPT")


def test_a_receipt_whose_entry_was_pruned_is_missed_when_it_is_gone(pruned):
    sql(pruned, "DELETE FROM receipt WHERE local_id = 'bentre:4'")
    agree(pruned, 11, "E-AUDIT-RECEIPT-MISSING")


def test_a_receipt_cannot_be_taken_out_with_what_is_kept_of_its_pruned_entry(pruned):
    sql(
        pruned,
        "DELETE FROM receipt WHERE local_id = 'bentre:4'",
        "UPDATE pruned_version SET receipts = '' WHERE local_id = 'bentre:4'",
    )
    agree(pruned, 10, "E-AUDIT-PRUNED")


def test_a_checkpoint_of_the_pruned_part_that_contradicts_another_is_still_a_fork(pruned):
    kept = sorted((pruned.folder / "kept" / AGENCY).glob("*.checkpoint"))
    text = kept[0].read_text(encoding="utf-8")
    moment = (datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds").replace("+00:00", "Z")
    edited = text.replace(text.splitlines()[3], moment)
    (kept[0].with_name("0-edited.checkpoint")).write_text(edited, encoding="utf-8")
    agree(pruned, 10, "E-CHECKPOINT-SIGNATURE")


def test_a_forged_prune_that_takes_all_that_an_auditors_checkpoints_name_leaves_him_nothing_to_meet(copied):
    """Whoever has root takes an unwelcome entry out with all others that outside eyes have seen. No kept checkpoint is
    contradicted then, and none is met: that is no success."""
    prune(copied, "first.zip")
    order(copied)
    exported(copied, "now.zip")
    with opened(copied) as connection:
        last = connection.execute("SELECT max(seq) FROM audit_entry").fetchone()[0]
        connection.execute("DELETE FROM audit_entry WHERE seq < ?", (last,))
        prev, content = connection.execute("SELECT prev, content FROM audit_entry").fetchone()
        fields, true = json.loads(content), json.loads(pruned_entry(copied.folder / "now.zip"))
        fields[5], fields[12] = "audit.pruned", true[12] | {"through_seq": last - 1, "through_hash": prev}
        linked = canonical(fields).decode()
        hash_ = hashlib.sha256(linked.encode()).hexdigest()
        connection.execute("UPDATE audit_entry SET event = ?, hash = ?, content = ?", (fields[5], hash_, linked))
    connection.close()
    head = json.dumps({"agency": AGENCY, "seq": last, "hash": hash_})
    (copied.folder / "data" / f"{AGENCY}.head.json").write_text(head, encoding="ascii")
    no_places(copied)
    agree(copied, 12, "E-CHECKPOINT-PRUNED")


def pruned_entry(file: Path) -> str:
    with zipfile.ZipFile(file) as archive:
        lines = archive.read("entries.jsonl").splitlines()
    return next(content for _, _, content in map(json.loads, lines) if '"audit.pruned"' in content)


def test_the_entry_of_the_newest_checkpoint_stays(copied):
    file = exported(copied, "first.zip")
    order(copied)
    said = copied("audit", "prune", file, "--reason", "x", "--json").json
    assert said["newest_checkpoint"] == said["through"] + 1
    assert seqs(copied)[0] == said["newest_checkpoint"]
    agree(copied, 0)


def test_a_log_that_the_checkpoints_of_a_place_contradict_is_not_pruned(copied):
    """The export of a log that was written anew verifies by itself, where our own folder is empty; the share knows."""
    shutil.copytree(copied.folder / "share", copied.folder / "away")
    written_anew(copied, another_actor)
    no_places(copied)
    file = exported(copied, "first.zip")
    assert copied("audit", "verify", file).code == 0
    shutil.rmtree(copied.folder / "share")
    shutil.copytree(copied.folder / "away", copied.folder / "share")
    refused(copied, file, "E-CHECKPOINT-HASH")


def test_what_lay_among_what_is_kept_before_the_first_prune_is_vouched_for_by_none(copied):
    """A delivery that never was, and a row as a prune would keep it, both written between an export and its prune."""
    file = exported(copied, "first.zip")
    planted = "INSERT INTO pruned_version VALUES (?, 'petition', 'bentre:777', 1, 'delivered', '')"
    with opened(copied) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(delivery)") if row[1] != "id"]
        others = ", ".join(name for name in columns if name != "local_id")
        connection.execute(
            f"INSERT INTO delivery (local_id, {others}) SELECT 'bentre:777', {others} FROM delivery"
            " WHERE local_id = 'bentre:4' AND kind = 'petition' LIMIT 1"
        )
        connection.execute(planted, (AGENCY,))
    connection.close()
    assert copied("audit", "checkpoint").code == 0
    order(copied)
    assert copied("audit", "prune", file, "--reason", "x").code == 0
    shutil.copytree(copied.folder / "share", copied.folder / "kept", dirs_exist_ok=True)
    agree(copied, 10, "E-AUDIT-LEDGER")


def test_a_prune_does_not_vouch_for_what_was_changed_of_what_an_earlier_one_kept(pruned):
    file = exported(pruned, "second.zip")
    order(pruned)
    sql(pruned, "UPDATE pruned_version SET state = 'superseded' WHERE local_id = 'bentre:4'")
    said = pruned("audit", "prune", file, "--reason", "x")
    assert (said.code, "E-AUDIT-PRUNED" in said.err) == (10, True)


def test_a_series_says_that_one_was_tampered_with_although_another_is_only_incomplete(pruned):
    prune(pruned, "second.zip")
    last = exported(pruned, "last.zip")

    def edited(files: dict[str, bytes]) -> None:
        files["entries.jsonl"] = files["entries.jsonl"].replace(b"pending", b"unknown", 1)

    broken = changed(pruned.folder / "first.zip", edited)
    assert "E-AUDIT-HASH" in verified(pruned, 10, last, broken)


def test_a_series_is_joined_to_the_one_that_reaches_furthest_and_takes_duplicates_and_ranges(pruned):
    prune(pruned, "second.zip")
    last = exported(pruned, "last.zip")
    today = datetime.now(UTC).date()
    days = ("--from", (today - timedelta(days=1)).isoformat(), "--to", (today + timedelta(days=1)).isoformat())
    whole, again = pruned.folder / "days.zip", pruned.folder / "again.zip"
    shutil.copy(last, again)
    assert pruned("audit", "export", whole, *days).code == 0
    files = [last, pruned.folder / "second.zip", whole, again, pruned.folder / "first.zip"]
    kept = ["--checkpoints", str(pruned.folder / "kept"), "--key", str(pruned.folder / "kept.key")]
    for order_ in (files, files[::-1]):
        verified(pruned, 0, *order_, *kept)


def test_a_pruned_export_that_begins_later_is_not_whole(pruned):
    file = exported(pruned, "second.zip")

    def begins_later(files: dict[str, bytes]) -> None:
        files["entries.jsonl"] = b"".join(files["entries.jsonl"].splitlines(keepends=True)[1:])

    judged(pruned, changed(file, begins_later), 12, "E-AUDIT-START", [])
