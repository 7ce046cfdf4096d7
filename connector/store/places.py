"""Where checkpoints are kept: a folder beside the store, and those that the configuration names (a mounted share).

Each file has its own name, is written whole or not at all, and is never replaced: a place that only lets files be added
is enough. What a place lacks, because it was away, is brought there the next time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connector import verifier
from connector.verifier import Checkpoint


@dataclass(frozen=True, slots=True)
class Places:
    """The folder of our own, and all others. Below each, one folder per agency."""

    own: Path
    others: tuple[Path, ...] = ()

    def keep(self, agency: str, name: str, text: str) -> None:
        """Write one file into our own folder, fsynced. Raises OSError."""
        folder = self.own / agency
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _add(folder, name, text.encode())

    def spread(self, agency: str) -> list[Path]:
        """Bring to every place what it lacks; return the places that did not take it."""
        names = sorted(_names(self.own / agency))
        return [place for place in self.others if not _brought(self.own / agency, place, agency, names)]

    def newest(self, agency: str, above_seq: int) -> Iterator[Checkpoint]:
        """Yield the checkpoints of places that can be read, of entries above this one, newest first of each place."""
        for place in (self.own, *self.others):
            folder = place / agency
            for name in sorted(_names(folder), reverse=True):
                seq = name.partition("-")[0]
                if not seq.isdigit() or not name.endswith(verifier.SUFFIX):
                    continue
                if int(seq) <= above_seq:
                    break
                if (found := _read(folder / name)) is not None:
                    yield found

    def files(self, agency: str) -> Iterator[tuple[str, bytes]]:
        """Yield name and content of every checkpoint, each content once."""
        seen: set[bytes] = set()
        for place in (self.own, *self.others):
            try:
                for name, content in verifier.checkpoint_files(place / agency):
                    if content not in seen:
                        seen.add(content)
                        yield name, content
            except OSError:
                continue  # a place that is away is told when a checkpoint is due


def _names(folder: Path) -> set[str]:
    try:
        return {name for name in os.listdir(folder) if not name.startswith(".")}  # noqa: PTH208  names are all we need
    except OSError:
        return set()


def _read(path: Path) -> Checkpoint | None:
    try:
        with path.open("rb") as file:
            return verifier.read_checkpoint(file.read(verifier.MAX_CHECKPOINT).decode("utf-8", errors="replace"))
    except OSError:
        return None


def _brought(own: Path, place: Path, agency: str, names: list[str]) -> bool:
    """Bring what a place lacks. A place itself is never made: its absence means that nothing is mounted there."""
    try:
        if not place.is_dir():
            return False
        (place / agency).mkdir(exist_ok=True)
        there = {entry.name for entry in os.scandir(place / agency)}
        for name in names:
            if name not in there:
                _add(place / agency, name, (own / name).read_bytes())
    except OSError:
        return False
    return True


def _add(folder: Path, name: str, content: bytes) -> None:
    """Write a file that is not there yet. If the process dies here, a draft is left, which the next one replaces."""
    target, draft = folder / name, folder / f".{name}.tmp"
    if target.exists():
        return
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
