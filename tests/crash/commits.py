"""Every place of the program that opens a write transaction, found in its source, and a process that dies at each.

    stages/sweeping.py:sweep#2 before     the second `store.write()` of `sweep`: all is done but for the COMMIT
    stages/sweeping.py:sweep#2 after      committed; the head file is not written yet

A run dies at the first such point that has not been died at; so the same work, asked for again and again, dies at each
of its points in turn, and every run but the first begins with what a dead one left.
"""

from __future__ import annotations

import ast
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import connector
from connector import app, cli
from connector.cli import failing, tree
from connector.config import load_config
from connector.core.chain import Head
from connector.core.model import Entry, Event
from connector.edges import STORE_FILE
from connector.store import audit
from connector.store.db import Store, Tx
from tests.world import AGENCY

LOADED = (failing, tree.made())  # with all commands: imported once, before the processes part

PACKAGE = Path(connector.__file__).parent
MOMENTS = ("before", "after")

FAILED = 99
"""The exit code of a process in which the proof did not hold, or the program raised."""


@cache
def callers() -> dict[tuple[str, int], str]:
    """Return every `….store.write()` of the program by file and line, under the name that a reader finds it by."""
    found: dict[tuple[str, int], str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        file = path.relative_to(PACKAGE).as_posix()
        counts: dict[str, int] = {}
        own = "self.write" if file == "store/db.py" else "store.write"
        for function, line in _writes(ast.parse(path.read_text(encoding="utf-8")), "", own):
            counts[function] = counts.get(function, 0) + 1
            found[file, line] = f"{file}:{function}#{counts[function]}"
    return found


def _writes(node: ast.AST, function: str, own: str) -> Iterator[tuple[str, int]]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.ClassDef) else ""
        if isinstance(child, ast.Call) and ast.unparse(child.func).endswith(own):
            yield function, child.lineno
        yield from _writes(child, ".".join(filter(None, (function, inside))), own)


class Commits:
    """Watches every transaction of this process, and ends it at the first point that is not among `died`."""

    def __init__(self, died: frozenset[str]) -> None:
        self._died = died
        self._caller = ""

    def install(self) -> None:
        """Wrap the transaction and the two functions between which its COMMIT lies; the real ones always run."""
        write, append, write_heads = Store.write, audit.append, audit.HeadFiles.write

        @contextmanager
        def write_and_die(store: Store, lost: Head | None = None) -> Iterator[Tx]:
            frame = sys._getframe(2)  # behind the `with` that entered us
            place = Path(frame.f_code.co_filename)
            self._caller = callers()[place.relative_to(PACKAGE).as_posix(), frame.f_lineno]
            with write(store, lost) as tx:
                yield tx
            self._pass("after")  # where there were no entries, and so no head to write
            self._caller = ""

        def append_and_die(connection: Any, events: Sequence[Event], *others: str) -> list[Entry]:
            entries = append(connection, events, *others)
            self._pass("before")
            return entries

        def write_heads_and_die(files: audit.HeadFiles, heads: Sequence[Head]) -> None:
            self._pass("after")
            write_heads(files, heads)

        for owner, name, wrapped in (
            (Store, "write", write_and_die),
            (audit, "append", append_and_die),
            (audit.HeadFiles, "write", write_heads_and_die),
        ):
            setattr(owner, name, wrapped)

    def _pass(self, moment: str) -> None:
        point = f"{self._caller} {moment}"
        if self._caller and point not in self._died:
            os.write(1, f"{point}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def verify(folder: Path) -> None:
    """Assert what holds in a store whatever died in it: the chain verifies, and the head file names an entry of it."""
    path = folder / "data" / STORE_FILE
    if not path.exists():
        return
    store = Store.open(path, key=bytes.fromhex((folder / "secrets" / "store.key").read_text().strip()), evidence={})
    with store.read() as connection:
        for agency in audit.agencies(connection):
            assert audit.verify(connection, agency)[1] is None
    for agency in (AGENCY,):
        with store.read() as connection:
            store.heads.check(connection, agency)
    store.close()


def main(config: Path, output: Path, died: frozenset[str], args: Sequence[str]) -> None:
    """Ask for one command of `kntc` until it comes to its end, a process each, after proving what the last one left.

    What it said goes to the file `output`, and the points at which it died to `output` with the suffix `.died`.
    The mapping is compiled once: all these processes begin as copies of this one, which has opened nothing."""
    loaded = load_config(config)
    compiled = app.compile_mappings(loaded)
    setattr(app, "compile_mappings", lambda _config: compiled)  # noqa: B010  it is ours to wrap, not to export
    points: list[str] = []
    while True:
        child = os.fork()
        if child == 0:
            _attempt(config, output, died | set(points), args)
        _, status = os.waitpid(child, 0)
        said = output.read_text(encoding="utf-8")
        if not os.WIFSIGNALED(status):
            break
        point = said.splitlines()[-1]
        assert os.WTERMSIG(status) == signal.SIGKILL and point not in died.union(points), said  # noqa: PT018
        points.append(point)
    output.with_suffix(".died").write_text("".join(f"{point}\n" for point in points), encoding="utf-8")
    sys.exit(os.WEXITSTATUS(status))


def _attempt(config: Path, output: Path, died: frozenset[str], args: Sequence[str]) -> NoReturn:
    """Do the command in this process, or die on the way at a new point."""
    code = FAILED
    try:
        said = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        verify(config.parent)
        Commits(died).install()
        code = cli.main(["--config", str(config), "--lang", "en", *args])
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001  a copy must not go on as its original would
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)
