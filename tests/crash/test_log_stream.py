"""Whoever reads our log may go, and its disk may be full: the work goes on, and lost lines are told of."""

from __future__ import annotations

import io
import json
import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector import logs
from connector.errors import ExitCode
from connector.sample.agency import SampleCounts, build
from connector.sandbox import Sandbox
from connector.streams import Patient
from tests.crash.proof import prove
from tests.e2e.command import ROOT, command
from tests.world import credentials, install, source_path

SEED = 8

World = tuple[Path, Sandbox, SampleCounts]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    sample = build(source_path(tmp_path), SEED, petitions=20)
    with Sandbox(credentials=credentials(), seed=SEED) as sandbox:
        yield install(tmp_path, sandbox.base_url), sandbox, sample


@pytest.mark.parametrize("stream", ["the reader has gone", "2>/dev/full", "2>&-"])
def test_a_run_whose_log_cannot_be_written_does_all_its_work(world: World, stream: str) -> None:
    config, sandbox, sample = world
    reader, writer = os.pipe()
    os.close(reader)  # EPIPE at the first line
    where = stream if stream.startswith("2>") else ""
    run = subprocess.run(
        ["sh", "-c", f'"$@" {where}', "sh", *command(config, "-v", "sync")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=writer, text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(writer)
    assert run.returncode in {ExitCode.DONE, ExitCode.PARTIAL}, run.stdout
    prove(config, sandbox, sample)


def test_an_error_that_nobody_can_read_keeps_its_exit_code(tmp_path: Path) -> None:
    absent = command(tmp_path / "none.toml", "sync")
    run = subprocess.run(["sh", "-c", '"$@" 2>/dev/full', "sh", *absent], cwd=ROOT, timeout=60, check=False)
    assert run.returncode == ExitCode.CONFIGURATION


def test_output_that_its_disk_does_not_take_is_told_as_that(tmp_path: Path) -> None:
    """It was told as a fault of the program, to be sent to its maintainers."""
    run = subprocess.run(
        ["sh", "-c", '"$@" >/dev/full', "sh", *command(tmp_path / "none.toml", "--lang", "en", "version")],
        cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert (run.returncode, "E-DISK-OUTPUT" in run.stderr) == (ExitCode.LOCKED, True), run.stderr


def test_lost_lines_are_counted_and_told_when_the_disk_has_room_again(tmp_path: Path) -> None:
    """The limit on the size of a file stands for the end of its disk; a line that was torn stays alone in its line."""
    path = tmp_path / "log"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with path.open("w", encoding="utf-8") as file:
        logs.set_up("info", file)
        log = logs.get_logger()
        log.info("daemon.started", pid=1)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
            for number in range(5):
                log.info("stage.finished", stage=f"{number}")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        log.info("daemon.stopped")
    logs.set_up("error")
    first, torn, told, last = path.read_text("utf-8").splitlines()
    assert (json.loads(first)["event"], json.loads(last)["event"]) == ("daemon.started", "daemon.stopped")
    assert torn == '{"event": '
    assert (json.loads(told)["event"], json.loads(told)["rows"]) == ("log.lost", 5)


def test_a_console_that_is_no_file_gets_its_text_through_its_own_stream(tmp_path: Path) -> None:
    """As on Windows: bytes that went past the stream came out in the console's code page, not in Vietnamese."""

    class Console(io.RawIOBase):
        shown = b""

        def fileno(self) -> int:
            return file.fileno()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.shown += bytes(data)
            return len(data)

    with (tmp_path / "past-the-console").open("wb") as file:
        console = Console()
        print("Tạm dừng kênh", file=Patient(io.TextIOWrapper(io.BufferedWriter(console), "utf-8")))
    assert console.shown.decode() == "Tạm dừng kênh\n"
    assert Path(file.name).read_bytes() == b""


def test_what_is_lost_is_told_at_the_end_if_somebody_listens_then() -> None:
    class Deaf(io.StringIO):
        deaf = True

        def write(self, text: str) -> int:
            if self.deaf:
                raise BrokenPipeError
            return super().write(text)

    stream = Deaf()
    patient = Patient(stream)
    print("one\ntwo", file=patient)
    assert patient.lost == 2
    stream.deaf = False
    patient.flush()
    assert json.loads(stream.getvalue())["rows"] == 2
    assert patient.lost == 0
