"""One installation, many violent deaths: what the crash tests share.

A History runs the driver again and again over the same store, source and sandbox, and keeps count of the kills.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from connector.sandbox import FaultRule, Sandbox
from tests.crash import commits, driver

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([driver.__name__, commits.__name__])
"""Every run is a process of its own; they only share the second that it takes to import the program."""

RUN_S = 300.0
"""No run of the driver may take longer."""

LATE_S = 60.0
"""So long the sandbox, which has committed, keeps an answer to itself: until the caller is dead."""


@dataclass(slots=True)
class History:
    """The kills so far, by place, over one configuration and one sandbox."""

    config: Path
    sandbox: Sandbox
    faults: Sequence[FaultRule] = ()
    kills: Counter[str] = field(default_factory=Counter)
    work: str = "sync"  # one of driver.WORK

    def kill_at(self, place: str, passes: int = 1) -> None:
        """Run the driver until it kills itself at the given pass of `place`."""
        with self._run(place, passes) as run:
            run.join(RUN_S)
            assert run.exitcode == -signal.SIGKILL, f"{place} was not passed {passes} times: {self._said()}"
        assert self._said() == f"killed at {place}\n"
        self.kills[place] += 1

    def kill_before_the_answer(self, call: str = "put") -> None:
        """Run the driver until the sandbox has committed a call that it does not answer, and kill it then."""
        self.sandbox.play(FaultRule("late_answer", call=call, in_all=1, latency_s=LATE_S), *self.faults)
        with self._run() as run:
            self._await_late_answer(run)
            run.kill()
            run.join(RUN_S)
            assert run.exitcode == -signal.SIGKILL
        assert self._said() == ""
        self.sandbox.play(*self.faults)
        self.kills["send.unanswered"] += 1

    def finish(self) -> None:
        """Run the driver to the end."""
        with self._run() as run:
            run.join(RUN_S)
            assert (run.exitcode, self._said()) == (0, "finished\n")

    def killed(self, step: str) -> int:
        """Return how often the process died in this step, whatever the moment."""
        return sum(count for place, count in self.kills.items() if place.partition(".")[0] == step)

    @contextmanager
    def _run(self, place: str = "", passes: int = 1) -> Iterator[ForkServerProcess]:
        run = PROCESSES.Process(target=driver.main, args=(self.config, self._output, place, passes, self.work))
        run.start()
        try:
            yield run
        finally:
            run.kill()
            run.join()
            run.close()

    @property
    def _output(self) -> Path:
        return self.config.with_name("driver.out")

    def _said(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def _await_late_answer(self, run: ForkServerProcess) -> None:
        before = _late_answers(self.sandbox)
        ends = time.monotonic() + RUN_S
        tick = threading.Event()
        while _late_answers(self.sandbox) == before:
            assert run.is_alive(), f"the run ended before any answer was kept back: {self._said()}"
            assert time.monotonic() < ends
            tick.wait(0.02)


def _late_answers(sandbox: Sandbox) -> int:
    return sum(line.fault == "late_answer" for line in sandbox.log())


def soaking() -> bool:
    """Whether there is time for many more kills (`make soak`)."""
    return bool(os.environ.get("KNTC_SOAK"))
