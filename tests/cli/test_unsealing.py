"""Sealed texts on their way to the auditor: keys, the file, and what opening it says."""

from __future__ import annotations

import json
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.app import open_app, utc_now
from connector.config import load_config
from connector.core.model import Actor
from connector.sample.agency import build
from connector.sandbox import Sandbox
from tests.cli.conftest import Said, World, kntc
from tests.world import AGENCY, credentials, install, source_path

RETENTION = '\n[retention]\nbodies_days = 30\nauditor_key = "auditor.pem.pub"\n'


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An agency whose texts were sealed a month after its first sync; the private key, the file of sealed texts and an
    export of the log lie in `away`."""
    folder = tmp_path_factory.mktemp("sealed")
    away = folder / "away"
    away.mkdir()
    build(source_path(folder), 7, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        world = World(folder, sandbox, install(folder, sandbox.base_url))
        made = kntc("--lang", "en", "audit", "keys", "auditor", away / "auditor.pem")
        assert made.code == 0
        shutil.copy(away / "auditor.pem.pub", folder)
        world.config.write_text(world.config.read_text(encoding="utf-8") + RETENTION, encoding="utf-8")
        assert world("sync").code in (0, 1)
        now = utc_now() + timedelta(days=31)
        with open_app(load_config(world.config), Actor("test", "test"), now=lambda: now) as app:
            assert sum(counts.get("sealed", 0) for counts in app.retire(AGENCY)) > 10
        assert world("audit", "sealed", away / "kin.zip", "--reason", "thanh tra").code == 0
        assert world("audit", "export", away / "log.zip").code == 0
        yield world


def away(world: World, name: str) -> Path:
    return world.folder / "away" / name


def unseal(world: World, *args: str | Path, file: Path | None = None) -> Said:
    """As the auditor does it: no configuration, no store."""
    return kntc("--lang", "vi", "audit", "unseal", file or away(world, "kin.zip"), away(world, "auditor.pem"), *args)


def test_the_private_key_is_its_owners_and_no_key_is_ever_overwritten(tmp_path: Path):
    file = tmp_path / "auditor.pem"
    said = kntc("--lang", "vi", "audit", "keys", "auditor", file)
    assert said.code == 0
    said.assert_narrow()
    assert "KHỎI MÁY NÀY" in said.text
    assert "PRIVATE" not in said.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    assert kntc("audit", "keys", "auditor", file).code == 65
    file.unlink()
    assert kntc("audit", "keys", "auditor", file).code == 65  # its public half is there still
    assert not file.exists()
    assert b"PRIVATE KEY" in before
    assert kntc("audit", "keys", "auditor", tmp_path / "nowhere" / "x.pem").code == 65


def test_what_was_sealed_is_opened_with_the_private_key_and_agrees_with_the_log(sealed: World, tmp_path: Path):
    out = tmp_path / "texts.jsonl"
    evidence = sealed.folder / "secrets" / "evidence.key"
    said = unseal(sealed, "--out", out, "--log", away(sealed, "log.zip"), "--evidence-key", evidence, "--json")
    assert said.code == 0, said.out + said.err
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert said.json["counts"] == {"good": len(lines)}
    assert len(lines) > 10
    assert {line["kind"] for line in lines} >= {"petition", "decision"}
    assert any("full_name" in json.dumps(line["document"]) for line in lines)
    assert all(line["document"]["local_id"] == line["local_id"] for line in lines)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert unseal(sealed, "--out", out).code == 65  # nothing is overwritten
    plain = unseal(sealed)
    assert plain.code == 0
    assert "Chưa đối chiếu với bản xuất" in plain.text
    plain.assert_narrow()


def test_the_file_shows_nothing_without_the_key(sealed: World, tmp_path: Path):
    out = tmp_path / "texts.jsonl"
    assert unseal(sealed, "--out", out).code == 0
    contents = [json.loads(line)["document"].get("content", "") for line in out.read_text("utf-8").splitlines()]
    with zipfile.ZipFile(away(sealed, "kin.zip")) as archive:
        raw = b"".join(archive.read(name) for name in archive.namelist())
    assert [content for content in contents if len(content) > 20 and content.encode() in raw] == []


def test_that_it_was_taken_by_whom_and_why_is_an_entry_and_a_reason_is_needed(sealed: World, tmp_path: Path):
    assert sealed("audit", "sealed", tmp_path / "x.zip").code == 2
    assert not (tmp_path / "x.zip").exists()
    told = sealed("audit", "log", "--limit", "2000")
    assert "nội dung đã niêm phong cho người kiểm tra" in told.text
    assert "thanh tra" in told.text
    assert sealed("audit", "verify").code == 0


def test_the_texts_of_one_record_are_a_file_of_their_own(sealed: World, tmp_path: Path):
    file = tmp_path / "one.zip"
    assert sealed("audit", "sealed", file, "--record", "petition 1", "--reason", "r").code == 0
    found = unseal(sealed, "--json", file=file)
    assert (found.code, found.json["counts"]) == (0, {"good": 1})


def changed(world: World, tmp_path: Path, change: Callable[[list[dict[str, Any]]], Any]) -> Path:
    """The file as somebody has changed its lines."""
    file = tmp_path / "changed.zip"
    with zipfile.ZipFile(away(world, "kin.zip")) as before, zipfile.ZipFile(file, "w") as after:
        lines = [json.loads(line) for line in before.read("sealed.jsonl").splitlines()]
        change(lines)
        after.writestr("manifest.json", before.read("manifest.json"))
        after.writestr("sealed.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    return file


def swap(lines: list[dict[str, Any]]) -> None:
    lines[0]["sealed"], lines[1]["sealed"] = lines[1]["sealed"], lines[0]["sealed"]


def move(lines: list[dict[str, Any]]) -> None:
    lines[0]["local_id"] = lines[1]["local_id"]


def spoil(lines: list[dict[str, Any]]) -> None:
    lines[0]["sealed"] = lines[1]["sealed"]


def rewrite_entry(lines: list[dict[str, Any]]) -> None:
    lines[0]["entry"][2] = lines[0]["entry"][2].replace("body.sealed", "body.opened")


def change_who(lines: list[dict[str, Any]]) -> None:
    before = lines[0]["entry"][2]
    lines[0]["entry"][2] = before.replace('"test"', '"tset"', 1)
    assert lines[0]["entry"][2] != before


def take_another_entry(lines: list[dict[str, Any]]) -> None:
    lines[0]["entry"] = lines[1]["entry"]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (swap, {"closed": 2}),
        (move, {"closed": 1}),
        (spoil, {"closed": 1}),
        (rewrite_entry, {"entry": 1}),
        (change_who, {"entry": 1}),
        (take_another_entry, {"entry": 1}),
    ],
)
def test_a_changed_moved_or_swapped_text_is_named(sealed: World, tmp_path: Path, change: Any, counts: dict[str, int]):
    file = changed(sealed, tmp_path, change)
    found = unseal(sealed, "--json", file=file)
    assert found.code == 10
    assert {name: count for name, count in found.json["counts"].items() if name != "good"} == counts
    assert len(found.json["found"]) == sum(counts.values())
    told = unseal(sealed, file=file)
    assert "KHÔNG" in told.text
    told.assert_narrow()


def test_an_entry_that_only_the_file_has_is_found_with_the_export(sealed: World, tmp_path: Path):
    """Whoever makes the file may make up text and entry alike; he cannot put the entry into the log."""
    import hashlib  # noqa: PLC0415

    def make_up(lines: list[dict[str, Any]]) -> None:
        seq, _, content = lines[0]["entry"]
        content = content.replace('"daemon"', '"other"').replace("test", "tset")
        lines[0]["entry"] = [seq, hashlib.sha256(content.encode()).hexdigest(), content]

    file = changed(sealed, tmp_path, make_up)
    assert unseal(sealed, file=file).code == 0
    found = unseal(sealed, "--log", away(sealed, "log.zip"), "--json", file=file)
    assert (found.code, found.json["counts"]["log"]) == (10, 1)


def test_with_another_evidence_key_the_commitments_are_others(sealed: World, tmp_path: Path):
    other = tmp_path / "evidence.key"
    other.write_text("ab" * 32, encoding="ascii")
    found = unseal(sealed, "--evidence-key", other, "--json")
    assert found.code == 10
    assert found.json["counts"].keys() == {"commitment"}
    other.write_text("x", encoding="ascii")
    assert unseal(sealed, "--evidence-key", other).code == 65


def test_an_entry_that_was_pruned_leaves_the_text_unproven(sealed: World, tmp_path: Path):
    def prune(lines: list[dict[str, Any]]) -> None:
        lines[0]["entry"] = None

    found = unseal(sealed, "--json", file=changed(sealed, tmp_path, prune))
    assert (found.code, found.json["counts"]["unproven"]) == (12, 1)


def test_another_key_opens_nothing_and_says_so(sealed: World, tmp_path: Path):
    other = tmp_path / "other.pem"
    kntc("audit", "keys", "auditor", other)
    found = kntc("audit", "unseal", away(sealed, "kin.zip"), other, "--json")
    assert (found.code, found.json["counts"].keys()) == (12, {"other_key"})
    assert kntc("audit", "unseal", away(sealed, "kin.zip"), away(sealed, "auditor.pem.pub")).code == 65


def test_what_is_no_whole_file_is_refused(sealed: World, tmp_path: Path):
    assert unseal(sealed, file=away(sealed, "log.zip")).code == 65
    cut = changed(sealed, tmp_path, lambda lines: lines.pop())
    out = tmp_path / "texts.jsonl"
    assert unseal(sealed, "--out", out, file=cut).code == 65
    assert not out.exists()
    (tmp_path / "x.zip").write_bytes(b"PK")
    assert unseal(sealed, file=tmp_path / "x.zip").code == 65
    damaged = bytearray(away(sealed, "kin.zip").read_bytes())
    begins = 30 + int.from_bytes(damaged[26:28], "little") + int.from_bytes(damaged[28:30], "little")
    damaged[begins] = 0xFF  # there is no such block of deflate
    (tmp_path / "y.zip").write_bytes(damaged)
    assert unseal(sealed, file=tmp_path / "y.zip").code == 65
    assert unseal(sealed, "--log", away(sealed, "kin.zip")).code == 65


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_what_would_go_is_counted_and_a_dry_run_changes_nothing(sealed: World, lang: str):
    said = sealed("retention", "--dry-run", lang=lang)
    assert said.code == 0
    said.assert_narrow()
    shown = sealed("retention", "--dry-run", "--json").json
    (agency,) = shown["agencies"]
    assert (shown["dry_run"], agency["sealed"], agency["erased"], agency["clock_off"]) == (True, 0, 0, False)
    assert agency["open"] > 10
