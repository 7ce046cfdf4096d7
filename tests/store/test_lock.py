"""The stage lock: one run at a time, and who asks about it disturbs nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector import lock
from connector.errors import LockedError

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

KILLED = (
    "import os, signal, sys; from datetime import UTC, datetime; from pathlib import Path; from connector import lock\n"
)
KILLED += "with lock.held(Path(sys.argv[1]), datetime.now(UTC)): os.kill(os.getpid(), signal.SIGKILL)"


def test_a_second_run_is_refused_and_told_who_is_at_work(tmp_path: Path) -> None:
    assert lock.holder(tmp_path) is None
    with lock.held(tmp_path, NOW):
        assert lock.holder(tmp_path) == f"pid {os.getpid()} 2026-03-02T08:00:00+00:00"
        with pytest.raises(LockedError) as raised, lock.held(tmp_path, NOW):
            pass
        assert raised.value.values["holder"] == lock.holder(tmp_path)
    assert lock.holder(tmp_path) is None


def test_who_asks_for_the_holder_never_holds_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`kntc status` took the lock to see whether it was free: a run that the schedule began just then was refused."""
    with lock.held(tmp_path, NOW):
        pass
    monkeypatch.delattr(lock, "FileLock")
    assert lock.holder(tmp_path) is None


def test_nobody_holds_the_lock_after_its_holder_was_killed(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False, timeout=60)
    assert (tmp_path / lock.HOLDER_FILE).exists()
    assert lock.holder(tmp_path) is None
    for _ in range(2):  # as long as nobody has cleared up after it
        with lock.held(tmp_path, NOW) as held:
            assert lock.holder(tmp_path) is not None
            assert held.after_death
    with lock.held(tmp_path, NOW) as held:
        held.after_death = False
    with lock.held(tmp_path, NOW) as held:
        assert not held.after_death


def test_a_run_that_ends_in_an_error_has_not_died(tmp_path: Path) -> None:
    with pytest.raises(LockedError), lock.held(tmp_path, NOW):
        raise LockedError("E-LOCKED", holder="?")
    with lock.held(tmp_path, NOW) as held:
        assert not held.after_death
