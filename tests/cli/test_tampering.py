"""What somebody with root can do to the log of a real run, each found and named: by the command on the store, by the
command on an export, and by the program that lies in the export, with nothing but Python.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.core import checkpoints
from connector.core.chain import canonical
from connector.sample.agency import build
from connector.sandbox import Sandbox
from tests.cli.conftest import World
from tests.world import AGENCY, credentials, install, source_path

AUDIT = 'key = "file:secrets/audit.key"\nplaces = ["share"]'


@contextmanager
def begun(folder: Path, settings: str = "") -> Iterator[World]:
    """An agency with a share and a key for checkpoints, whose store a test can open with nothing but SQLite."""
    build(source_path(folder), 7, petitions=20)
    (folder / "share").mkdir()
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        config = install(folder, sandbox.base_url, store='encryption = "none"', audit=AUDIT)
        config.write_text(config.read_text(encoding="utf-8") + settings, encoding="utf-8")
        world = World(folder, sandbox, config)
        assert world("audit", "keys", "new").code == 0
        yield world


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A sync, a backup of the store, some orders of people, and what an auditor has kept: checkpoints and the key."""
    folder = tmp_path_factory.mktemp("run")
    with begun(folder) as world:
        assert world("sync").code == 0
        shutil.copytree(folder / "data", folder / "backup")
        for order in ("pause", "resume", "pause", "resume"):
            assert world(order, "--reason", "x").code == 0
        assert world("audit", "checkpoint").code == 0
        shutil.copytree(folder / "share", folder / "kept")
        (folder / "kept.key").write_text(world("audit", "keys", "show", "--json").json["public"], encoding="ascii")
        yield world


@pytest.fixture
def copied(run: World, tmp_path: Path) -> World:
    shutil.copytree(run.folder, tmp_path, dirs_exist_ok=True)
    return World(tmp_path, run.sandbox, tmp_path / "config.toml")


def agree(world: World, code: int, rule: str = "") -> None:
    """The store, an export of it, and the export by itself give one verdict, and name one thing first."""
    brought = ["--checkpoints", str(world.folder / "kept"), "--key", str(world.folder / "kept.key")]
    said = world("audit", "verify", *brought)
    assert (said.code, rule in said.err) == (code, True), said.out + said.err
    said.assert_narrow()
    file = world.folder / "export.zip"
    assert world("audit", "export", file).code == 0
    judged(world, file, code, rule, brought)


def judged(world: World, file: Path, code: int, rule: str, brought: list[str]) -> None:
    exported = world("audit", "verify", file, *brought)
    assert (exported.code, rule in exported.err) == (code, True), exported.out + exported.err
    exported.assert_narrow()
    alone = alone_with(world, file, *brought)
    assert (alone.returncode, rule in alone.stdout) == (code, True), alone.stdout + alone.stderr


def alone_with(world: World, file: Path, *brought: str) -> subprocess.CompletedProcess[str]:
    """Run the program of the untouched kind with an isolated Python that sees no package."""
    program = world.folder / "verify.py"
    shutil.copy(Path(checkpoints.verifier.__file__), program)
    return subprocess.run(
        [sys.executable, "-I", "-S", str(program), str(file), *brought],
        cwd=world.folder, capture_output=True, text=True, encoding="utf-8", timeout=30, check=False,
        env={"PYTHONUTF8": "1"},
    )  # fmt: skip


# --- the hands of whoever has root ---


def sql(world: World, *statements: str) -> None:
    with opened(world) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount != 0
    connection.close()


def opened(world: World) -> sqlite3.Connection:
    connection = sqlite3.connect(world.folder / "data" / "kntc.sqlite")
    for trigger in ("changed", "deleted"):
        connection.execute(f"DROP TRIGGER IF EXISTS audit_entry_is_never_{trigger}")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    return connection


def written_anew(world: World, change: Callable[[list[list[Any]]], None]) -> None:
    """Change the entries as one likes, link them all again without a flaw, and move the head file along."""
    with opened(world) as connection:
        rows = connection.execute("SELECT at, content FROM audit_entry ORDER BY seq").fetchall()
        entries = [[at, *json.loads(content)] for at, content in rows]
        change(entries)
        connection.execute("DELETE FROM audit_entry")
        hash_ = "0" * 64
        for seq, (at, *fields) in enumerate(entries, start=1):
            prev, fields[2], fields[3] = hash_, seq, hash_
            content = canonical(fields).decode()
            hash_ = hashlib.sha256(content.encode()).hexdigest()
            row = (AGENCY, seq, prev, hash_, at, fields[5], fields[9] or None, fields[10] or None, content)
            connection.execute(
                "INSERT INTO audit_entry (agency, seq, prev, hash, at, event, kind, local_id, content)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
    connection.close()
    said = json.dumps({"agency": AGENCY, "seq": seq, "hash": hash_})
    (world.folder / "data" / f"{AGENCY}.head.json").write_text(said, encoding="ascii")


def no_places(world: World) -> None:
    """Whoever has root also empties the folder beside the store and the share; not what the auditor keeps at home."""
    shutil.rmtree(world.folder / "share" / AGENCY)
    shutil.rmtree(world.folder / "data" / "checkpoints")


def another_actor(entries: list[list[Any]]) -> None:
    entries[4][7] = "nobody"  # the fifth entry; its time stands in front


def without_a_record(entries: list[list[Any]]) -> None:
    entries[:] = [entry for entry in entries if entry[11] != "bentre:4"]


def one_more(entries: list[list[Any]]) -> None:
    entries.insert(7, list(entries[6]))


def without_a_time(entries: list[list[Any]]) -> None:
    entries[8][0] = entries[8][5] = "yesterday"


def a_loss_of_nothing(entries: list[list[Any]]) -> None:
    entries[8][6] = "store.went_back_accepted"


def shorter(entries: list[list[Any]]) -> None:
    del entries[-3:]


def with_a_strange_key(entries: list[list[Any]]) -> None:
    """A key of one's own takes over; the old one has not signed that."""
    mine = checkpoints.next_key(AGENCY, bytes(32), bytes(range(32)))
    place = next(at for at, entry in enumerate(entries) if entry[6] == "audit.key_made")
    old = entries[place][13]["public"]
    entry = list(entries[-1])
    entry[6], entry[13] = "audit.key_rotated", {**mine, "old": old}
    entries.append(entry)


def with_another_first_key(entries: list[list[Any]]) -> None:
    for entry in entries:
        if entry[6] == "audit.key_made":
            entry[13] = checkpoints.first_key(AGENCY, bytes(range(32)))


# --- untouched ---


def test_an_untouched_run_is_verified_by_all_three(copied):
    agree(copied, 0)
    with zipfile.ZipFile(copied.folder / "export.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.read("verify.py") == Path(checkpoints.verifier.__file__).read_bytes()
        lines = archive.read("entries.jsonl").splitlines()
    assert manifest["entries"] == len(lines)
    last = json.loads(json.loads(lines[-1])[2])
    assert last[5] == "audit.exported"  # an export tells of itself, and by whom
    again = copied("audit", "export", copied.folder / "export.zip")
    assert (again.code, "E-EXPORT-THERE" in again.err) == (65, True)


def test_a_run_whose_key_was_changed_is_verified_by_all_three(copied):
    assert copied("audit", "keys", "rotate").code == 0
    assert copied("audit", "checkpoint").code == 0
    agree(copied, 0)


def test_a_store_put_back_with_its_head_file_is_refused_and_verified_once_a_person_has_accepted_it(copied):
    """A snapshot of a whole machine: store, head file and our own folder go back together, the share does not."""
    assert copied("audit", "keys", "rotate").code == 0  # and the store has forgotten that, as the old key is gone
    assert copied("audit", "checkpoint").code == 0
    older(copied)
    said = copied("sync")
    assert (said.code, "E-STORE-ROLLED-BACK" in said.err) == (78, True)
    plan = copied("reconcile", "--json").json["agencies"][0]["plan"]
    assert copied("reconcile", "--approve", plan, "--reason", "x").code in (0, 1)
    assert copied("sync").code == 0
    assert copied("audit", "checkpoint").code == 0
    agree(copied, 0)
    assert "Phần cuối mất theo quyết định" in copied("audit", "verify").out


def test_a_store_made_anew_sends_nothing_while_a_place_knows_the_one_before_it(copied):
    """Somebody deletes the whole data folder, head file and all: a new store would create every case once more."""
    before = len(copied.sandbox.bodies())
    shutil.rmtree(copied.folder / "data")
    said = copied("sync")
    assert (said.code, "E-STORE-ROLLED-BACK" in said.err) == (78, True)
    assert copied("sync").code == 78
    assert len(copied.sandbox.bodies()) == before
    plan = copied("reconcile", "--json").json["agencies"][0]["plan"]
    assert copied("reconcile", "--approve", plan, "--reason", "x").code in (0, 1)
    assert copied("sync").code == 0
    assert copied("audit", "checkpoint").code == 0
    agree(copied, 0)
    assert all(count == 1 for count in copied.sandbox.effects().values())


def older(world: World) -> None:
    shutil.rmtree(world.folder / "data")
    shutil.copytree(world.folder / "backup", world.folder / "data")


# --- the log and the store ---

OF_ANOTHER = (
    "UPDATE receipt SET facts = (SELECT facts FROM receipt WHERE local_id = 'bentre:5') WHERE local_id = 'bentre:4'"
)
ADDED = (
    f"INSERT INTO receipt SELECT agency, '{'a' * 64}', kind, local_id, echoed, facts, answer"
    " FROM receipt WHERE local_id = 'bentre:4' AND kind = 'petition'"
)


@pytest.mark.parametrize(
    ("statement", "code", "rule"),
    [
        ("UPDATE audit_entry SET content = replace(content, 'pending', 'unknown') WHERE seq = 5", 10, "E-AUDIT-HASH"),
        ("DELETE FROM audit_entry WHERE seq = 5", 11, "E-AUDIT-GAP"),
        ("DELETE FROM audit_entry WHERE seq > 20", 11, "E-STORE-ROLLED-BACK"),
        ("UPDATE delivery SET state = 'superseded' WHERE local_id = 'bentre:4'", 10, "E-AUDIT-LEDGER"),
        ("DELETE FROM delivery WHERE local_id = 'bentre:4'", 10, "E-AUDIT-LEDGER"),
        ("UPDATE delivery SET local_id = 'bentre:999' WHERE local_id = 'bentre:4'", 10, "E-AUDIT-LEDGER"),
        (
            "UPDATE receipt SET facts = replace(facts, 'received', 'accepted') WHERE local_id = 'bentre:4'",
            10,
            "E-AUDIT-RECEIPT",
        ),
        (
            OF_ANOTHER,
            10,
            "E-AUDIT-RECEIPT",
        ),
        (
            ADDED,
            10,
            "E-AUDIT-RECEIPT",
        ),
        ("DELETE FROM receipt WHERE local_id = 'bentre:4'", 11, "E-AUDIT-RECEIPT-MISSING"),
    ],
    ids=[
        "edited",
        "removed",
        "cut",
        "ledger changed",
        "ledger row removed",
        "ledger row renamed",
        "receipt edited",
        "receipt of another record",
        "receipt added",
        "receipt removed",
    ],
)
def test_what_is_done_by_hand_shows(copied, statement, code, rule):
    sql(copied, statement)
    agree(copied, code, rule)


@pytest.mark.parametrize("column", ["answer = x'7b7d'", "echoed = 'd'", "local_id = 'bentre:999'"])
def test_what_lies_beside_the_facts_of_a_receipt_is_compared_with_them_in_the_store(copied, column):
    """An export ships the facts alone; whoever holds the store shows key, digest and the bytes of the answer too."""
    sql(copied, f"UPDATE receipt SET {column} WHERE local_id = 'bentre:4'")
    said = copied("audit", "verify")
    assert (said.code, "E-AUDIT-RECEIPT" in said.err) == (10, True)


@pytest.mark.parametrize(
    "column",
    [
        "local_id = 'bentre:999'",
        "kind = NULL, local_id = NULL",
        "kind = 'handling'",
        "event = 'run.began'",
        "at = '2001-01-01T00:00:00.000000Z'",
        "prev = hash",
    ],
)
def test_an_entry_that_is_filed_under_something_else_than_it_says_shows(copied, column):
    """Whoever looks for it by record, event or day would not find it. An export holds the entry as it says it."""
    sql(copied, f"UPDATE audit_entry SET {column} WHERE local_id = 'bentre:4'")
    said = copied("audit", "verify")
    assert (said.code, "E-AUDIT-FILED" in said.err) == (10, True)
    said.assert_narrow()


def test_an_entry_that_was_replaced_together_with_its_hash_does_not_fit_the_next(copied):
    with opened(copied) as connection:
        (content,) = connection.execute("SELECT content FROM audit_entry WHERE seq = 5").fetchone()
        content = content.replace("pending", "unknown")
        hash_ = hashlib.sha256(content.encode()).hexdigest()
        connection.execute("UPDATE audit_entry SET content = ?, hash = ? WHERE seq = 5", (content, hash_))
    connection.close()
    agree(copied, 10, "E-AUDIT-PREV")


def test_an_entry_without_form_is_unreadable_although_its_hash_fits(copied):
    hash_ = hashlib.sha256(b"[]").hexdigest()
    sql(copied, f"UPDATE audit_entry SET content = '[]', hash = '{hash_}' WHERE seq = 5")
    agree(copied, 13, "E-AUDIT-FORM")


@pytest.mark.parametrize(
    ("change", "code", "rule"),
    [
        (another_actor, 10, "E-CHECKPOINT-HASH"),
        (without_a_record, 11, "E-CHECKPOINT-AHEAD"),
        (one_more, 10, "E-CHECKPOINT-HASH"),
        (shorter, 11, "E-CHECKPOINT-AHEAD"),
        (with_a_strange_key, 10, "E-AUDIT-KEY"),
        (with_another_first_key, 10, "E-AUDIT-KEY"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_a_log_written_anew_without_a_flaw_does_not_fit_what_an_auditor_keeps(copied, change, code, rule):
    written_anew(copied, change)
    no_places(copied)
    agree(copied, code, rule)


@pytest.mark.parametrize("change", [without_a_time, a_loss_of_nothing])
def test_an_entry_that_does_not_say_what_belongs_into_it_is_unreadable(copied, change):
    written_anew(copied, change)
    no_places(copied)
    agree(copied, 13, "E-AUDIT-FORM")


def test_an_entry_that_was_never_written_shows_where_nobody_has_kept_anything(copied):
    written_anew(copied, without_a_record)
    no_places(copied)
    shutil.rmtree(copied.folder / "kept")
    (copied.folder / "kept").mkdir()
    agree(copied, 10, "E-AUDIT-LEDGER")


def test_a_store_swapped_for_an_older_one_with_its_head_file_shows(copied):
    older(copied)
    agree(copied, 11, "E-CHECKPOINT-AHEAD")


def test_two_logs_of_one_store_show_by_their_checkpoints(copied):
    """Two machines went on from one copy; each has signed the same places in its own way."""
    left = copied.folder / "data"
    shutil.copytree(left, copied.folder / "right")
    assert copied("pause", "--reason", "x").code == 0
    assert copied("audit", "checkpoint").code == 0
    shutil.copytree(copied.folder / "share", copied.folder / "kept", dirs_exist_ok=True)
    shutil.rmtree(left)
    (copied.folder / "right").rename(left)
    shutil.rmtree(copied.folder / "share" / AGENCY)
    assert copied("pause", "--channel", "--reason", "y").code == 0
    assert copied("audit", "checkpoint").code == 0
    agree(copied, 10, "E-CHECKPOINT-FORK")


# --- checkpoints ---


def test_a_checkpoint_that_was_edited_and_one_of_another_store_and_a_torn_one_show(copied):
    kept = copied.folder / "kept" / AGENCY
    last = max(kept.glob("*.checkpoint"))
    good = last.read_text(encoding="utf-8")
    said_at = good.splitlines()[3]
    last.write_text(good.replace(said_at, f"2001{said_at[4:]}"), encoding="utf-8")
    agree(copied, 10, "E-CHECKPOINT-SIGNATURE")
    brought = ["--checkpoints", str(copied.folder / "kept")]
    store = good.splitlines()[0].rpartition("/")[2]
    last.write_text(good.replace(store, "0" * len(store)), encoding="utf-8")
    judged(copied, copied.folder / "export.zip", 10, "E-CHECKPOINT-OTHER", brought)
    last.write_text(good[:-9], encoding="utf-8")
    judged(copied, copied.folder / "export.zip", 13, "E-CHECKPOINT-FORM", brought)


# --- an export ---


def changed(file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """Return a copy of an export whose files somebody has changed."""
    target = file.with_name("changed.zip")
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def mended(files: dict[str, bytes], name: str) -> None:
    """Make the manifest fit a file again."""
    manifest = json.loads(files["manifest.json"])
    manifest["files"][name] = hashlib.sha256(files[name]).hexdigest()
    files["manifest.json"] = json.dumps(manifest).encode()


def test_an_export_that_somebody_has_changed_shows(copied):
    file = copied.folder / "export.zip"
    assert copied("audit", "export", file).code == 0
    brought = ["--checkpoints", str(copied.folder / "kept")]

    def edited(files: dict[str, bytes]) -> None:
        files["entries.jsonl"] = files["entries.jsonl"].replace(b"pending", b"unknown", 1)

    def another_ledger(files: dict[str, bytes]) -> None:
        files["ledger.jsonl"] = files["ledger.jsonl"].replace(b"delivered", b"rejected", 1)

    def begins_later(files: dict[str, bytes]) -> None:
        files["entries.jsonl"] = b"".join(files["entries.jsonl"].splitlines(keepends=True)[5:])

    def ends_early(files: dict[str, bytes]) -> None:
        files["entries.jsonl"] = b"".join(files["entries.jsonl"].splitlines(keepends=True)[:-5])

    def without_ledger(files: dict[str, bytes]) -> None:
        del files["ledger.jsonl"]

    def no_manifest(files: dict[str, bytes]) -> None:
        files["manifest.json"] = b"[]"

    for change, code, rule in (
        (edited, 10, "E-AUDIT-HASH"),
        (another_ledger, 10, "E-EXPORT-DIGEST"),
        (begins_later, 12, "E-AUDIT-START"),
        (ends_early, 10, "E-EXPORT-DIGEST"),
        (without_ledger, 11, "E-EXPORT-FILE"),
        (no_manifest, 13, "E-EXPORT-FORM"),
    ):
        judged(copied, changed(file, change), code, rule, brought)
    file.write_bytes(file.read_bytes()[:-200])
    judged(copied, file, 13, "E-EXPORT-FORM", brought)


RANGE = {"from": "2026-01-01", "to": "2026-01-02", "first": 1, "last": 2}


@pytest.mark.parametrize(
    "said",
    [
        {"range": RANGE | {"to": "9999-12-31"}},
        {"range": RANGE | {"first": float("inf")}},
        {"range": RANGE | {"last": 1.5}},
        {"range": RANGE | {"first": True}},
        {"range": RANGE | {"first": -1}},
        {"range": RANGE | {"last": 10**30}},
        {"range": RANGE, "keys": [[float("inf"), "audit.key_made", {}]]},
        {"range": RANGE, "keys": {"a": 1}},
        {"made_at": "2026-01-01T00:00:00"},
        {"agency": "\ud800"},
        {"head_file": {"seq": 10**30, "hash": ""}},
        {"files": []},
    ],
    ids=str,
)
def test_a_manifest_that_says_what_none_of_ours_does_cannot_be_read(copied, said):
    file = copied.folder / "export.zip"
    assert copied("audit", "export", file).code == 0

    def hostile(files: dict[str, bytes]) -> None:
        files["manifest.json"] = json.dumps(json.loads(files["manifest.json"]) | said).encode()

    judged(copied, changed(file, hostile), 13, "E-EXPORT-FORM", [])


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_that_is_damaged_inside_packed_otherwise_or_holds_a_name_twice_cannot_be_read(copied):
    file = copied.folder / "export.zip"
    assert copied("audit", "export", file).code == 0
    raw = file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        places = [one.header_offset + 200 for one in archive.infolist() if one.filename == "entries.jsonl"]
    for place in (places[0], places[0] + 500, places[0] + 2_000):
        file.write_bytes(raw[:place] + bytes(40) + raw[place + 40 :])
        judged(copied, file, 13, "-FORM", [])  # of the archive, or of the entry that is read before that shows
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    judged(copied, file, 13, "E-EXPORT-FORM", [])
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("entries.jsonl", files["entries.jsonl"][:500])
    judged(copied, file, 13, "E-EXPORT-FORM", [])


def test_nothing_that_an_export_says_steers_the_terminal_of_who_verifies_it(copied):
    file = copied.folder / "export.zip"
    assert copied("audit", "export", file).code == 0

    def hostile(files: dict[str, bytes]) -> None:
        files["checkpoints.jsonl"] = json.dumps(["\x1b[2J\u202e", "x"]).encode() + b"\n"
        mended(files, "checkpoints.jsonl")

    alone = alone_with(copied, changed(file, hostile))
    assert (alone.returncode, "E-CHECKPOINT-FORM" in alone.stdout) == (13, True)
    assert "\x1b" not in alone.stdout
    assert "\u202e" not in alone.stdout
    assert "\x1b" not in copied("audit", "verify", changed(file, hostile)).err


def edited_receipt(files: dict[str, bytes]) -> None:
    files["receipts.jsonl"] = files["receipts.jsonl"].replace(b"received", b"accepted", 1)
    mended(files, "receipts.jsonl")


def fewer_receipts(files: dict[str, bytes]) -> None:
    files["receipts.jsonl"] = b"".join(files["receipts.jsonl"].splitlines(keepends=True)[1:])
    mended(files, "receipts.jsonl")


def without_receipts(files: dict[str, bytes]) -> None:
    del files["receipts.jsonl"]


def test_receipts_that_somebody_has_changed_in_an_export_show_although_the_manifest_fits(copied):
    file = copied.folder / "export.zip"
    assert copied("audit", "export", file).code == 0
    judged(copied, changed(file, edited_receipt), 10, "E-AUDIT-RECEIPT", [])
    judged(copied, changed(file, fewer_receipts), 11, "E-AUDIT-RECEIPT-MISSING", [])
    judged(copied, changed(file, without_receipts), 11, "E-EXPORT-FILE", [])


def test_a_checkpoint_that_is_younger_than_the_export_asks_for_a_newer_one(copied):
    file = copied.folder / "export.zip"
    assert copied("audit", "export", file).code == 0

    def yesterday(files: dict[str, bytes]) -> None:
        manifest = json.loads(files["manifest.json"])
        manifest["made_at"] = "2020-01-01T00:00:00Z"
        lines = files["entries.jsonl"].splitlines(keepends=True)[:20]
        files["entries.jsonl"] = b"".join(lines)
        seq, hash_, _ = json.loads(lines[-1])
        manifest["head_file"] = {"seq": seq, "hash": hash_}
        told = [json.loads(json.loads(line)[2]) for line in lines]
        states = {(e[9], e[10], e[11]): e[12]["state"] for e in told if e[9] and e[11] and "state" in e[12]}
        files["ledger.jsonl"] = b"".join(json.dumps([*key, state]).encode() + b"\n" for key, state in states.items())
        files["checkpoints.jsonl"] = files["receipts.jsonl"] = b""
        for name in ("entries.jsonl", "ledger.jsonl", "checkpoints.jsonl", "receipts.jsonl"):
            manifest["files"][name] = hashlib.sha256(files[name]).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()

    brought = ["--checkpoints", str(copied.folder / "kept"), "--key", str(copied.folder / "kept.key")]
    judged(copied, changed(file, yesterday), 12, "E-CHECKPOINT-LATER", brought)


def test_an_auditor_without_the_connector_can_use_a_code_on_paper(copied):
    file = copied.folder / "export.zip"
    code = copied("audit", "checkpoint", "--print", "--json").json["agencies"][0]["paper"]
    assert copied("audit", "export", file).code == 0
    assert alone_with(copied, file, "--paper", code).returncode == 0
    written_anew(copied, another_actor)
    file.unlink()
    assert copied("audit", "export", file).code == 0
    shutil.rmtree(copied.folder / "share")
    assert alone_with(copied, file, "--paper", code).returncode == 10
    assert alone_with(copied, file, "--paper", code[:-1]).returncode == 2
