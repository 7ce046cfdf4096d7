"""The worked example is what happens: its commands, files and edits are carried out as the page has them, in order.

    ```sql NAME, ```toml NAME, ```text NAME, ```json NAME    a file is written
    ```diff NAME                                             lines of a file are replaced; blank lines part the places
    ``` (nothing behind)                                     commands; `# exit code N` where it is not 0
    ```output                                                lines that the last command has printed

Of the shell only what the page uses is understood. One thing differs: the port is one that is free.
"""

from __future__ import annotations

import re
import secrets
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import kntc, plain_surroundings
from tests.e2e.command import ROOT, until

__all__ = ["plain_surroundings"]

PAGE = ROOT / "docs" / "worked-example.md"
PORT = "8055"

_BLOCK = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PROGRAM = "import sys; from connector.cli import main; sys.exit(main())"


@dataclass
class Reader:
    """Somebody who does what the page says, in one folder."""

    folder: Path
    stack: ExitStack
    monkeypatch: pytest.MonkeyPatch
    said: str = ""
    commands: list[str] = field(default_factory=list)

    def do(self, kind: str, name: str, text: str) -> None:
        if kind == "diff":
            self.edit(self.folder / name, text)
        elif kind == "output":
            assert text in self.said
        elif name:
            (self.folder / name).write_text(text, encoding="utf-8")
        else:
            for line in text.splitlines():
                self.run(line)

    def edit(self, path: Path, text: str) -> None:
        content = path.read_text("utf-8")
        for place in re.split(r"\n\n(?=-)", text.strip("\n")):
            lines = place.split("\n")
            old = "\n".join(line[1:] for line in lines if line.startswith("-")) + "\n"
            new = "\n".join(line[1:] for line in lines if line.startswith("+")) + "\n"
            assert content.count(f"\n{old}") == 1, (path.name, old)
            content = content.replace(f"\n{old}", f"\n{new}")
        path.write_text(content, encoding="utf-8")

    def run(self, line: str) -> None:
        line, _, comment = line.partition("  # exit code ")
        self.commands.append(line)
        match shlex.split(line):
            case ["kntc", "sandbox", *args, "&"]:
                self.stack.enter_context(serving(self.folder, args))
            case ["kntc", *args]:
                said = kntc("--lang", "en", *args)
                self.said = said.out
                assert said.code == int(comment or 0), said.out + said.err
            case ["sqlite3", database, "<", script]:
                connection = sqlite3.connect(self.folder / database)
                connection.executescript((self.folder / script).read_text("utf-8"))
                connection.close()
            case ["openssl", "rand", "-hex", "32", ">", name]:
                (self.folder / name).write_text(secrets.token_hex(32) + "\n", encoding="ascii")
            case ["mkdir", "-p", *names]:
                for name in names:
                    (self.folder / name).mkdir(parents=True, exist_ok=True)
            case ["chmod", "600", *names]:
                for name in names:
                    (self.folder / name).chmod(0o600)
            case ["export", setting]:
                self.monkeypatch.setenv(*setting.split("=", 1))
            case other:
                pytest.fail(f"nobody here understands {other}")


class serving:  # noqa: N801 - reads as a sentence
    """The sandbox as a process of its own, from when it listens until the block ends."""

    def __init__(self, folder: Path, args: list[str]) -> None:
        self.folder, self.args = folder, args

    def __enter__(self) -> None:
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {_PROGRAM.removeprefix('import sys; ')}"
        command = [sys.executable, "-c", program, "sandbox", *self.args]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = int(self.args[self.args.index("--port") + 1])
        until(lambda: self.process.poll() is not None or answers(port))

    def __exit__(self, *error: object) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        yield Reader(tmp_path, stack, monkeypatch)


def free_port() -> str:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return str(tried.getsockname()[1])


def test_whoever_follows_the_page_ends_with_everything_received(reader: Reader) -> None:
    text = PAGE.read_text("utf-8").replace(PORT, free_port())
    for kind, name, body in _BLOCK.findall(text):
        reader.do(kind, name, body)
    assert len(reader.commands) > 10
    assert "kntc sync" in reader.commands
    received = held_by(reader.folder / "national.sqlite")
    assert "Người Mẫu Một" in received
    assert [name for name in ("Ba", "Tám", "Năm", "Sáu") if f"Người Mẫu {name}" in received] == []
    assert "Nội dung mật" not in received
    assert "nặc danh" not in received


def held_by(state: Path) -> str:
    """All that the national side has written down, as one text."""
    with closing(sqlite3.connect(state)) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
    return "\n".join(value.decode() if isinstance(value, bytes) else str(value) for row in rows for value in row)
