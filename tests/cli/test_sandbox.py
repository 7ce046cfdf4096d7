"""`kntc sandbox` in a process of its own, as a newcomer starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

from connector.sample.agency import build
from tests.cli.conftest import World, kntc
from tests.world import AGENCY, install, source_path

ROOT = Path(__file__).resolve().parents[2]


def test_the_sandbox_serves_until_it_is_stopped_and_its_accounts_work(tmp_path):
    accounts = tmp_path / "accounts.json"
    program = "import sys; from connector.cli import main; sys.exit(main())"
    args = ["--lang", "en", "sandbox", "--credentials", str(accounts), "--faults", "demo", "--seed", "3"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *args], cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        url = None
        while url is None:
            url = re.search(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
        assert accounts.stat().st_mode & 0o077 == 0
        account = json.loads(accounts.read_text())[AGENCY]
        build(source_path(tmp_path), 7, petitions=20)
        config = install(tmp_path, url.group())
        (tmp_path / "secrets" / "client").write_text(account["client_secret"] + "\n", encoding="ascii")
        text = config.read_text(encoding="utf-8").replace("client of H51.01", account["client_id"])
        config.write_text(text, encoding="utf-8")
        assert kntc("--config", config, "check").code == 0
    finally:
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Stopped." in out


def test_a_taken_port_is_one_clear_line(tmp_path, synced: World):
    port = synced.sandbox.base_url.rpartition(":")[2]
    said = kntc("sandbox", "--port", port, "--credentials", tmp_path / "a.json", "--lang", "vi")
    assert said.code == 78
    assert "E-SANDBOX-PORT" in said.err
