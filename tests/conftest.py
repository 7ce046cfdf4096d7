"""How Hypothesis behaves in every test: no deadlines, and a failing example that can be played again.

HYPOTHESIS_PROFILE=ci draws the same examples on every run, as a gate must. Otherwise every run draws new ones from a
seed that is printed; `--hypothesis-seed=<seed>` draws them again.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Generator

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)


def pytest_configure(config: pytest.Config) -> None:
    name = os.environ.get("HYPOTHESIS_PROFILE", "default")
    settings.load_profile(name)
    if name != "ci" and config.getoption("--hypothesis-seed", None) is None:
        config.option.hypothesis_seed = random.randrange(2**32)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that share an id where several processes share the work: only one of them would be run there."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = {name for name, times in Counter(item.nodeid for item in items).items() if times > 1}
        if shared:
            raise pytest.UsageError(f"several tests are called {sorted(shared)}: run them without --numprocesses")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how to draw the same examples again; a header would not be seen with -q."""
    name = os.environ.get("HYPOTHESIS_PROFILE", "default")
    seed = terminalreporter.config.getoption("--hypothesis-seed", None)
    again = "always the same examples" if name == "ci" and seed is None else f"--hypothesis-seed={seed}"
    terminalreporter.write_line(f"hypothesis: profile {name}, {again}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where everything can run (KNTC_NO_SKIPS), a skip hides something: it is a failure."""
    report = yield
    if report.skipped and os.environ.get("KNTC_NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report
