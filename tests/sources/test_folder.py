"""The folder of attachments: nothing outside of it is opened, nothing half written goes, no file is whole in memory."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from connector.core.model import Fate, SourceFile
from connector.errors import SourceError
from connector.sources.folder import PIECE_BYTES, ChangedError, Folder, Limits
from tests.e2e.attaching_agency import PDF, rest

LARGE = 20_000_000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root" / "don").mkdir(parents=True)
    return tmp_path / "root"


def folder(root: Path, **limits: object) -> Folder:
    return Folder(root, "H99.01", Limits(**limits))  # type: ignore[arg-type]


def put(path: Path, content: bytes = PDF) -> Path:
    path.write_bytes(content)
    rest(path)
    return path


def named(path: str) -> SourceFile:
    return SourceFile(path, Fate.NAMED)


def read(root: Path, path: str, **limits: object) -> SourceFile:
    there = folder(root, **limits)
    return there.read(there.look(named(path)))


def test_a_file_is_hashed_and_told_by_its_bytes(root: Path) -> None:
    put(root / "don" / "a.doc", PDF + b"x" * PIECE_BYTES)
    found = read(root, "don/a.doc")
    assert (found.fate, found.media_type) == (Fate.READY, "application/pdf")
    assert found.sha256 == hashlib.sha256(PDF + b"x" * PIECE_BYTES).hexdigest()
    assert found.size_bytes == len(PDF) + PIECE_BYTES


def test_each_reason_for_which_a_file_does_not_go_has_its_name(root: Path) -> None:
    put(root / "empty.pdf", b"")
    put(root / "large.pdf", PDF + b"x" * 100)
    put(root / "program.pdf", b"MZ\x90\x00")
    os.mkfifo(root / "pipe.pdf")
    (root / "fresh.pdf").write_bytes(PDF)
    put(root / "closed.pdf").chmod(0)
    fates = {name: read(root, name, max_bytes=50).fate for name in ("don", "none.pdf", "a/none.pdf")}
    fates |= {path.name: read(root, path.name, max_bytes=50).fate for path in sorted(root.glob("*.pdf"))}
    as_root = os.geteuid() == 0
    assert fates == {
        "don": Fate.UNREADABLE,
        "none.pdf": Fate.ABSENT,
        "a/none.pdf": Fate.ABSENT,
        "closed.pdf": Fate.READY if as_root else Fate.UNREADABLE,
        "empty.pdf": Fate.EMPTY,
        "fresh.pdf": Fate.LATER,
        "large.pdf": Fate.TOO_LARGE,
        "pipe.pdf": Fate.UNREADABLE,
        "program.pdf": Fate.TYPE,
    }


def test_a_type_that_the_agency_does_not_send_stays(root: Path) -> None:
    put(root / "a.pdf")
    assert read(root, "a.pdf", types=frozenset({"png"})).fate is Fate.TYPE


@pytest.mark.parametrize("link", ["file", "folder", "inside", "dangling"])
def test_no_link_is_followed(root: Path, link: str) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    put(outside / "a.pdf")
    put(root / "true.pdf")
    match link:
        case "file":
            (root / "a.pdf").symlink_to(outside / "a.pdf")
        case "folder":
            (root / "away").symlink_to(outside)
        case "inside":
            (root / "a.pdf").symlink_to(root / "true.pdf")
        case "dangling":
            (root / "a.pdf").symlink_to(root / "none.pdf")
    found = read(root, "away/a.pdf" if link == "folder" else "a.pdf")
    assert found.fate is Fate.UNSAFE
    assert found.sha256 == ""


def test_a_link_that_takes_the_place_of_a_file_after_it_was_looked_at_is_not_followed(root: Path) -> None:
    there = folder(root)
    put(root / "a.pdf")
    seen = there.look(named("a.pdf"))
    secret = put(root.parent / "secret.pdf")
    (root / "a.pdf").unlink()
    (root / "a.pdf").symlink_to(secret)
    assert there.read(seen).fate is Fate.UNSAFE
    with pytest.raises(ChangedError):
        list(there.pieces("a.pdf", len(PDF), hashlib.sha256(PDF).hexdigest()))


@pytest.mark.parametrize("there", ["composed", "decomposed"])
def test_a_name_is_found_however_the_disk_keeps_its_accents(root: Path, there: str) -> None:
    composed, decomposed = "D\u01a1n.pdf", "Do\u031bn.pdf"
    put(root / (composed if there == "composed" else decomposed))
    assert {read(root, name).fate for name in (composed, decomposed)} == {Fate.READY}


@pytest.mark.parametrize("away", ["absent", "empty", "file"])
def test_a_folder_that_is_away_is_no_folder_whose_files_are_gone(root: Path, away: str) -> None:
    place = root.parent / "share"
    if away == "empty":
        place.mkdir()
    if away == "file":
        place.write_bytes(b"")
    with pytest.raises(SourceError, match="E-SOURCE-FILE-ROOT") as caught:
        folder(place).check()
    assert caught.value.is_away
    folder(root).check()


def test_of_a_file_that_is_another_by_now_the_last_bytes_are_kept_back(root: Path) -> None:
    content = PDF + os.urandom(3 * PIECE_BYTES)
    path = put(root / "a.pdf", content)
    found = read(root, "a.pdf")
    assert b"".join(folder(root).pieces("a.pdf", found.size_bytes, found.sha256)) == content
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    given: list[bytes] = []
    pieces = folder(root).pieces("a.pdf", found.size_bytes, found.sha256)
    with pytest.raises(ChangedError):
        given.extend(pieces)
    assert sum(map(len, given)) < len(content)
    path.write_bytes(b"")
    with pytest.raises(ChangedError):
        next(folder(root).pieces("a.pdf", found.size_bytes, found.sha256))


def test_a_file_of_20_mb_is_never_whole_in_memory(root: Path) -> None:
    put(root / "a.pdf", PDF + bytes(LARGE - len(PDF)))
    tracemalloc.start()
    try:
        found = read(root, "a.pdf")
        size = sum(len(piece) for piece in folder(root).pieces("a.pdf", found.size_bytes, found.sha256))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.fate, size) == (Fate.READY, LARGE)
    assert peak < 8 * PIECE_BYTES


def test_only_a_file_that_was_not_looked_at_yet_is_opened(root: Path) -> None:
    put(root / "a.pdf")
    for fate in set(Fate) - {Fate.NAMED}:
        file = replace(named("a.pdf"), fate=fate)
        assert folder(root).look(file) == file == folder(root).read(file)
