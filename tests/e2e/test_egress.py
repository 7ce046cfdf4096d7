"""Nothing phones out: of all that the program does, no other host is asked than those that the configuration names."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from connector.sample.agency import build
from connector.sandbox import Sandbox
from connector.store.accounts import Role
from tests.cli.conftest import World
from tests.watched import asked_for, watched
from tests.web.conftest import add, serve
from tests.web.test_guard import crawl
from tests.world import AGENCY, credentials, install, source_path

LOOPBACK = {"127.0.0.1", "localhost", "0.0.0.0"}  # waitress reads its default address, and listens elsewhere
COMMANDS = (
    ("check",), ("sync",), ("status",), ("list",), ("reconcile",), ("mapping", "coverage"), ("audit", "verify"),
    ("audit", "extract", "taken.xlsx"), ("audit", "export", "taken.zip"), ("explain", "petition", "bentre:1"),
)  # fmt: skip


def test_a_whole_job_and_all_pages_ask_no_host_but_the_national_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The national side and the console stand on loopback here: whatever leaves this machine is somebody else's."""
    monkeypatch.chdir(tmp_path)
    build(source_path(tmp_path), 5, petitions=20)
    with Sandbox(credentials=credentials(AGENCY), seed=5) as sandbox, watched() as seen:
        config = install(tmp_path, sandbox.base_url)
        world = World(tmp_path, sandbox, config)
        for command in COMMANDS:
            said = world(*command)
            assert said.code in (0, 1), (command, said.err)
        add(config, "minh", Role.AUDITOR)
        with serve(config) as console:
            pages = [answer for _, answer in crawl(console.visit("minh"))]
    assert len(pages) > 20
    assert asked_for(seen) <= LOOPBACK
    assert asked_for(seen), "the sandbox at least was asked"


def test_who_looks_on_would_see_another_host():
    with watched() as seen, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect(("192.0.2.1", 9))  # no packet leaves: a datagram's connect is a note to the kernel
        with pytest.raises(OSError, match=r".*"):
            socket.getaddrinfo("no such host.invalid", 443)
    assert asked_for(seen) == {"192.0.2.1", "no such host.invalid"}
