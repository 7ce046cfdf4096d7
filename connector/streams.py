"""A standard error that never stops the work: whoever reads it may have gone, or its disk may be full.

    with patient_stderr():
        ...                     # sys.stderr loses lines where it must, counts them, and tells of it when it can again

May import: the standard library.
"""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO, cast


class Patient:
    """A text stream over another one, in which no write ever fails. `lost`: lines nobody has been told of yet.

    Where the stream has a file, lines go to it past Python's buffers: what failed must not come again, half, later, or
    as a complaint of the interpreter at its end."""

    def __init__(self, stream: TextIO | None) -> None:
        self.lost = 0
        self._stream = stream
        self._pending = ""
        self._torn = False
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Take text; whole lines go out at once."""
        with self._lock:
            self._pending += text
            if "\n" in text:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Let go what was taken. Before it, if lines were lost since the last time: one that says how many."""
        with self._lock:
            text, self._pending = self._pending, ""
            if not text and not self.lost:
                return
            try:
                self._let_go(("\n" if self._torn else "") + (_notice(self.lost) if self.lost else "") + text)
            except (OSError, ValueError):  # gone, full, or closed
                self.lost += text.count("\n")
            else:
                self.lost, self._torn = 0, False

    def isatty(self) -> bool:
        """Return whether a person watches."""
        return self._stream is not None and self._stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _let_go(self, text: str) -> None:
        if self._stream is None:
            raise OSError
        number = _file_of(self._stream)
        if number is None:
            self._stream.write(text)
            self._stream.flush()
            return
        left = text.encode(getattr(self._stream, "encoding", None) or "utf-8", "backslashreplace")
        while left:
            written = os.write(number, left)
            self._torn = True  # until all of it is there
            left = left[written:]


def _file_of(stream: TextIO) -> int | None:
    """Return the number of the stream's file. None for one in memory, and for a console of Windows: it takes text, and
    shows bytes in a code page that has no Vietnamese. Raises ValueError for a closed one."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw.fileno() if isinstance(raw, io.FileIO) else None


def _notice(count: int) -> str:
    said = {"event": "log.lost", "level": "warning", "rows": count, "timestamp": datetime.now(UTC).isoformat()}
    return json.dumps(said) + "\n"


@contextmanager
def patient_stderr() -> Iterator[None]:
    """Make standard error patient while the block runs; tell at its end of what is lost, if anybody listens then."""
    before = sys.stderr
    patient = Patient(before)
    sys.stderr = cast("TextIO", patient)
    try:
        yield
    finally:
        patient.flush()
        sys.stderr = before
