from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from connector.cli import main
from connector.cli.screen import WIDTH
from connector.core.model import Kind
from connector.sample.agency import build
from connector.sample.edits import edit
from connector.sandbox import Sandbox
from tests.world import AGENCY, credentials, install, source_path

CANARY = "Canary Nguyen Thi Zeta"


@dataclass(frozen=True)
class Said:
    """What one command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it said on standard output, as one line: where it breaks is not what a test is about."""
        return " ".join(self.out.split())

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def assert_narrow(self) -> None:
        """No line is wider than 80 columns, but for a single word that nobody may break (a path, an address)."""
        for line in (self.out + self.err).splitlines():
            assert len(line) <= WIDTH or len(line.split()) == 1, line


def kntc(*args: str | Path) -> Said:
    """Run one command in this process, as a shell would, with output that is no terminal."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([str(arg) for arg in args])
    return Said(code, out.getvalue(), err.getvalue())


@dataclass
class World:
    """An installation: where it lies, and the national side that it speaks to."""

    folder: Path
    sandbox: Sandbox
    config: Path

    def __call__(self, *args: str | Path, lang: str = "vi") -> Said:
        return kntc("--config", self.config, "--lang", lang, *args)

    def edit(self, kind: Kind, key: int, column: str, value: Any) -> None:
        edit(source_path(self.folder), kind, key, column, value)


def break_rows(folder: Path) -> None:
    """Three bad petitions: an unknown field code, an impossible day, no content."""
    edit(source_path(folder), Kind.PETITION, 1, "NgayNhanDon", "31/02/2024")
    edit(source_path(folder), Kind.PETITION, 2, "LoaiDonThu", 9)
    edit(source_path(folder), Kind.PETITION, 3, "LoaiDonThu", 9)


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("KNTC_CONFIG", "LANG", "LC_ALL", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    yield
    structlog.reset_defaults()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An agency that has never been synced, with three bad rows."""
    build(source_path(tmp_path), 7, petitions=20)
    break_rows(tmp_path)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        yield World(tmp_path, sandbox, install(tmp_path, sandbox.base_url))


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same agency after its first sync; tests that share it only read, or say what they changed."""
    folder = tmp_path_factory.mktemp("synced")
    build(source_path(folder), 7, petitions=20, canary=CANARY)
    break_rows(folder)
    with Sandbox(credentials=credentials(AGENCY), seed=7) as sandbox:
        found = World(folder, sandbox, install(folder, sandbox.base_url))
        assert found("sync").code == 1
        yield found


def interrupt_soon() -> None:
    """Send this process a SIGINT, as Ctrl-C would."""
    os.kill(os.getpid(), signal.SIGINT)
