"""A right that is missing is told as that: path, account, right; not as a damaged store, and not as a bug.

Root may do everything, so there a command runs without the two capabilities that let it: then the modes of files and
folders hold for their owner as for everybody else.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector import access
from tests.cli.conftest import World
from tests.world import AGENCY

ROOT = Path(__file__).resolve().parents[2]

_ORDINARY = """
import ctypes, os, sys
if os.geteuid() == 0:
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH; 24: PR_CAPBSET_DROP
        if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0):
            sys.exit("cannot give up root's rights")
program = "import sys; from connector.cli import main; sys.exit(main())"
os.execv(sys.executable, [sys.executable, "-c", program, *sys.argv[1:]])
"""


def ordinary(*args: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `kntc` as an account for which modes count."""
    return subprocess.run(
        [sys.executable, "-c", _ORDINARY, "--lang", "en", *map(str, args)],
        cwd=cwd or ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    before = path.stat().st_mode & 0o777
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


def told(said: subprocess.CompletedProcess[str], right: str, path: Path) -> bool:
    words = " ".join((said.stderr + said.stdout).split())
    return said.returncode == 78 and f"may not {right} {path}" in words and "E-ACCESS" in words


@pytest.mark.parametrize(
    ("name", "bits", "right", "command"),
    [
        ("", 0o500, "write to", ["sync"]),
        ("", 0o500, "write to", ["check"]),
        ("", 0o600, "enter", ["status"]),
        ("kntc.sqlite", 0o000, "read", ["audit", "verify"]),
        ("kntc.sqlite", 0o400, "write to", ["pause", "--reason", "x"]),
    ],
)
def test_a_store_out_of_reach_is_told_by_path_account_and_right(synced, command, name, bits, right):
    path = synced.folder / "data" / name
    with mode(path, bits):
        said = ordinary("--config", synced.config, *command)
    assert told(said, right, path), said.stderr + said.stdout
    assert "backup" not in said.stderr
    assert "E-BUG" not in said.stderr


def test_check_is_not_ready_where_the_first_run_could_not_make_a_store(world):
    with mode(world.folder / "data", 0o500):
        for command in ("check", "sync"):
            assert told(ordinary("--config", world.config, command), "write to", world.folder / "data")
    assert list((world.folder / "data").iterdir()) == []


def test_a_configuration_that_may_not_be_read_is_told_so(world):
    with mode(world.config, 0o000):
        assert told(ordinary("--config", world.config, "status"), "read", world.config)


def test_a_demo_has_nowhere_to_go(tmp_path):
    with mode(tmp_path, 0o500):
        assert told(ordinary("demo", cwd=tmp_path), "write to", tmp_path)


def test_a_demo_does_not_take_a_file_for_its_folder(tmp_path):
    file = tmp_path / "passwd"
    file.write_text("root\n", encoding="ascii")
    said = ordinary("demo", "--folder", file)
    assert (said.returncode, "E-DEMO-FOLDER" in said.stderr) == (65, True)
    assert file.read_text(encoding="ascii") == "root\n"


def test_a_head_file_that_may_not_be_written_ends_a_run_with_its_name(world: World):
    world("sync")
    head = world.folder / "data" / f"{AGENCY}.head.json"
    with mode(head, 0o000):
        said = ordinary("--config", world.config, "sync")
    assert said.returncode == 78
    assert "E-BUG" not in said.stderr


def test_a_right_that_is_missing_is_told_where_accounts_have_numbers_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, which has no list of accounts to look in: there the refusal itself ended as a bug."""
    monkeypatch.setitem(sys.modules, "pwd", None)
    denied = access.explained(PermissionError(errno.EACCES, "refused", str(tmp_path)))
    assert denied is not None
    assert (denied.id, denied.values["owner"]) == ("E-ACCESS", f"uid {tmp_path.stat().st_uid}")


def test_root_does_not_work_in_the_store_of_another_account(world: World) -> None:
    """After one `sudo kntc sync`, head file and lock belonged to root, and the daemon's next write failed."""
    data = world.folder / "data"
    owner = os.geteuid() or 65_534
    os.chown(data, owner, -1)
    for path in (data, data / "kntc.sqlite"):  # also before there is a store
        refused = access.left_for_another(path, account=0)
        assert refused is not None
        assert (refused.id, refused.exit_code, refused.values["path"]) == ("E-ACCESS-ROOT", 78, str(data))
        assert access.left_for_another(path, account=owner) is None
    if os.geteuid() == 0:
        said = world("sync")
        assert said.code == 78
        assert "sudo -u" in said.err
        assert list(data.iterdir()) == []
