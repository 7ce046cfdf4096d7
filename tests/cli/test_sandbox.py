"""`kntc sandbox` in a process of its own, as a newcomer starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from connector.sample.agency import build
from tests.cli.conftest import World, kntc
from tests.world import AGENCY, install, source_path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "import sys; from connector.cli import main; sys.exit(main())"


def test_the_sandbox_serves_until_it_is_stopped_and_its_accounts_work(tmp_path):
    accounts = tmp_path / "accounts.json"
    args = ["--lang", "en", "sandbox", "--credentials", str(accounts), "--faults", "demo", "--seed", "3"]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *args], cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True
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


def test_both_profiles_are_told_with_their_addresses(tmp_path):
    form = tmp_path / "form.toml"
    form.write_text('base_path = "/r1/GOV/TTCP/kntc"\nsign_in = "token"\n', encoding="utf-8")
    for lang, words in (("vi", "Bảy thao tác"), ("en", "The seven operations")):
        args = ["--lang", lang, "sandbox", "--credentials", str(tmp_path / "a.json"), "--variant", str(form)]
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *args], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            said = ""
            while "Ctrl-C" not in said:
                said += process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
        [url] = re.findall(r"^decree55 +(http://127\.0\.0\.1:\d+)$", said, re.MULTILINE)
        assert re.findall(r"^ttcp2018 +(\S+)$", said, re.MULTILINE) == [url + "/r1/GOV/TTCP/kntc"]
        assert words in said


@pytest.mark.parametrize("content", ['sign_in = "kerberos"', "sign_in = ", "colour = 1"])
def test_a_form_that_there_is_not_is_one_clear_line(tmp_path, content: str):
    form = tmp_path / "form.toml"
    form.write_text(content, encoding="utf-8")
    said = kntc("sandbox", "--credentials", tmp_path / "a.json", "--variant", form, "--lang", "vi")
    assert said.code == 78
    assert "E-SANDBOX-VARIANT" in said.err


def test_a_taken_port_is_one_clear_line(tmp_path, synced: World):
    port = synced.sandbox.base_url.rpartition(":")[2]
    said = kntc("sandbox", "--port", port, "--credentials", tmp_path / "a.json", "--lang", "vi")
    assert said.code == 78
    assert "E-SANDBOX-PORT" in said.err


def test_the_sandbox_says_in_its_own_words_what_its_options_are():
    """`--state` was explained with the words of another command's option."""
    said = kntc("sandbox", "--help", "--lang", "en")
    assert "File that keeps what was received" in " ".join(said.out.split())
    assert "State, e.g." not in said.out
    assert "State, e.g." in kntc("list", "--help", "--lang", "en").out


@pytest.mark.parametrize("beside", ["state", "config"])
def test_the_accounts_lie_beside_what_they_belong_to_and_not_where_somebody_stands(tmp_path, beside):
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    (home / "config.toml").write_text("", encoding="ascii")
    option = ["--state", str(home / "national.sqlite")] if beside == "state" else ["-c", str(home / "config.toml")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "sandbox", *option],
        cwd=here,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            said += process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert (home / "sandbox-credentials.json").stat().st_mode & 0o077 == 0
    assert list(here.iterdir()) == []
