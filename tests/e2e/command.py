"""`kntc` as an operator has it: a process with arguments, output and an exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = "import sys; from connector.cli import main; sys.exit(main())"


def command(config: Path, *args: str) -> list[str]:
    """Return the command line of `kntc` with this configuration, speaking English."""
    return [sys.executable, "-c", _PROGRAM, "--config", str(config), "--lang", "en", *args]


def kntc(config: Path, *args: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        command(config, *args), cwd=ROOT, env=dict(os.environ), capture_output=True, text=True,
        timeout=timeout_s, check=False,
    )  # fmt: skip


class Daemon:
    """`kntc run`, or other work, as a process. What it logs is read as it comes: a test can wait for it by name."""

    def __init__(self, config: Path, work: str = "run") -> None:
        self.process = subprocess.Popen(
            command(config, work), cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True,
        )  # fmt: skip
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def wait_for(self, event: str, timeout_s: float = 60) -> None:
        """Return when this event is logged. AssertionError after the timeout, with what was logged instead."""
        with self._news:
            seen = self._news.wait_for(lambda: any(f'"{event}"' in line for line in self.lines), timeout_s)
        assert seen, f"no {event}: {self.lines[-20:]}"

    def told(self, words: str) -> list[str]:
        """Return the lines logged so far that hold these words."""
        with self._news:
            return [line for line in self.lines if words in line]

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self, timeout_s: float) -> int:
        """Wait until it has ended; return its exit code."""
        code = self.process.wait(timeout_s)
        self._reader.join(10)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()


def until(holds: Callable[[], object], timeout_s: float = 60) -> None:
    """Wait until something is true, looking often. AssertionError after the timeout."""
    ends = time.monotonic() + timeout_s
    tick = threading.Event()
    while not holds():
        assert time.monotonic() < ends
        tick.wait(0.05)
